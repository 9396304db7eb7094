"""Every line of mathematics that a command prints goes back to where its kind belongs, as it stands."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import backprop as library
from backprop.gallery import examples
from backprop.operations import FUNCTIONS
from running import EXAMPLES, backprop

WORDS = re.compile(r"^[A-Z][a-z’',;: .\-]+|^-+$|^From the output|^that uses it|^Every value")
NAME = r"[^\W\d][\w']*(?:\[[-\d,]+\])?"
NUMBER = r"[−-]?(?:\d[\d.]*(?:e[−-]?\d+)?|inf|nan)"


@dataclass
class Printed:
    """The lines of a document by their kinds."""

    given: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    title: str = ""


def sorted_lines(out: str) -> Printed:
    """The lines of what `explain` prints. Raises AssertionError for one of no kind."""
    found, section = Printed(), ""
    title, *lines = out.splitlines()
    assert re.fullmatch(rf"{NAME} = {NUMBER}", title), title
    found.title = title
    for line in lines:
        text = re.sub(r"^ *\d+\. ", "", line).strip()
        if not text or set(text) == {"-"} or text.startswith("("):
            continue
        if re.match("Given|Forward pass|Backward pass|Paths from", line):
            section = line.split()[0]
        elif not line.startswith(" "):
            assert re.fullmatch(r"[A-Za-z ,:.]+", line), line  # an introduction
        elif section == "Given":
            assert re.fullmatch(rf"{NAME} = {NUMBER}", text), line
            found.given.append(text)
        elif section == "Forward":
            assert re.fullmatch(rf"{NAME} = .* = {NUMBER}|{NAME} = {NUMBER}", text), line
            found.forward.append(text)
        elif re.match(r"(∂|share |together: |\S+ → )", text):
            found.claims.append(text)
        elif section == "Paths":
            assert re.fullmatch(rf"{NAME}: 1 = 1", text), line
            found.claims.append(text)
        elif re.match(r"  +\d+\. ", line):
            found.heads.append(text)
        else:
            assert re.fullmatch(r"[a-z0-9_ ,]+", text), line  # the rules of a long equation
    return found


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def close(shown: str, value: float) -> bool:
    """Whether a printed number is that one, to the digits that it is shown with."""
    return math.isclose(number(shown), value, rel_tol=1e-5) or not math.isfinite(value)


def links(line: str) -> list[str]:
    """The parts between the equality signs of a line."""
    return re.split(r" = ", line)


def grad(text: str, *more: str) -> dict[str, dict[str, float]]:
    """What `grad` says as JSON of an equation text."""
    ran = backprop("grad", "-", *more, "--format", "json", stdin=text.encode())
    assert ran.status == 0, ran.err
    found: dict[str, dict[str, float]] = json.loads(ran.out)
    return found


def marked(text: str, claims: list[str], folder: Path, *more: str) -> list[dict[str, object]]:
    """What `check` says of claims, line by line as they stand."""
    file = folder / "claims"
    file.write_text("\n".join(claims), encoding="utf-8")
    ran = backprop(
        "check", "-", "--claims", str(file), *more, "--format", "json", stdin=text.encode()
    )
    assert ran.status == 0, (
        ran.err,
        [
            each
            for each in json.loads(ran.out or "{}").get("claims", [])
            if each["verdict"] == "wrong"
        ],
    )
    found: list[dict[str, object]] = json.loads(ran.out)["claims"]
    assert sum(
        len(
            links(
                re.sub(r"^[^∂]*: ", "x = ", line)
                if "→" in line
                else line.replace("together: ", "").replace(": ", " = ")
            )
        )
        - 1
        for line in claims
    ) == len(found)
    return found


def definitions(text: str) -> list[str]:
    """The functions of an equation file and the constants of its ranges, which no line explains."""
    model = library.parse(text)
    constants = [f"{name} = {model.default(name)!r}" for name in model.fixed]
    return constants + re.findall(r"^\s*[^\W\d]\w*\([\w, ]*\) *=.*$", text.replace(";", "\n"), re.M)


def set_to(line: str) -> None:
    """Check that a line `name = … = 3` or `name ← … = 3` gives its name the last number."""
    name = re.split(" = | ← ", line)[0]
    found = grad(f"its_value = {name}", "--set", line)
    assert found["data"][name] == pytest.approx(number(links(line)[-1].split(" ← ")[-1]), rel=1e-15)


def whole_explanation(text: str, folder: Path, detail: str, *more: str) -> int:
    """Paste every line of an explanation back; how many there were."""
    base = ["explain", "-", "--detail", detail, *more]
    ran = backprop(*base, stdin=text.encode())
    assert ran.status == 0, ran.err
    short = sorted_lines(ran.out)
    exact = sorted_lines(backprop(*base, "--digits", "17", stdin=text.encode()).out)
    set_to(short.title)
    for line in exact.given:
        set_to(line)
    if detail == "equations":
        marked(text, short.claims, folder, *more)
    names = [links(line)[0] for line in exact.forward]
    equations = [" = ".join(links(line)[:2]) for line in exact.forward]
    before = grad(text, *more)
    for chain in (1, 2):  # the formula as the person wrote it, and what is made of it
        sides = [
            [each for each in links(line)[1:-1] if not numeric(each)] for line in exact.forward
        ]
        written = [
            side[min(chain, len(side)) - 1] if side else links(line)[-1]
            for side, line in zip(sides, exact.forward, strict=True)
        ]
        lines = (
            definitions(text)
            + exact.given
            + [f"{name} = {side}" for name, side in zip(names, written, strict=True)]
        )
        found = grad("\n".join(lines), "--of", before["output"])
        for name, gradient in found["gradients"].items():
            if name in before["gradients"]:
                for here, there in (
                    (gradient, before["gradients"][name]),
                    (found["data"][name], before["data"][name]),
                ):
                    assert float(here) == pytest.approx(
                        float(there), rel=1e-9, abs=1e-12, nan_ok=True
                    )
        marked("\n".join(lines), exact.claims, folder, "--of", before["output"])
    for line in exact.forward:
        name, *sides = links(line)
        if sides[-1] != "nan":
            set_to(" = ".join([name, *filter(numeric, sides)]))
    for head in exact.heads:
        assert head == "the start" or any(
            head == each or head.startswith(f"{each}, ") for each in equations
        ), head
    return len(short.given + short.forward + short.heads + short.claims)


def pasted(text: str, folder: Path, detail: str) -> Iterator[int]:
    """The same for each output of a file."""
    for output in library.parse(text).outputs:
        yield whole_explanation(text, folder, detail, "--of", output)


def numeric(side: str) -> bool:
    """Whether a formula has no names in it."""
    words = re.findall(r"[^\W\d][\w']*\(?", re.sub(r"[\d.]+e[−-]?\d+", "1", side))
    return all(word.rstrip("(") in {*FUNCTIONS, "if", "pi", "inf"} for word in words)


SMALL = [each.name for each in examples() if each.name not in ("predator_prey", "two_moons")]
"""The examples that are explained without asking twice."""

GOOD = sorted((EXAMPLES / "good").glob("*.eq"))


@pytest.mark.parametrize("detail", ["equations", "operations"])
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_explanations_of_examples(path: Path, detail: str, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    words = shlex.split(text.splitlines()[0].lstrip("# "))
    settings = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    assert sum(pasted("\n".join([text, *",".join(settings).split(",")]), tmp_path, detail)) > 5


@pytest.mark.parametrize("detail", ["equations", "operations"])
@pytest.mark.parametrize("name", SMALL)
def test_explanations_of_the_gallery(name: str, detail: str, tmp_path: Path) -> None:
    (text,) = (each.text for each in examples() if each.name == name)
    assert sum(pasted(text, tmp_path, detail)) > 5
