"""Every gradient that `explain`, `draw` and `check` print is `grad`'s, to the bit.

At 17 digits a number reads back as the double that it was, in every format.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from backprop.gallery import examples
from running import backprop as run

SMALL = [each for each in examples() if each.name.startswith(("classic", "exercise", "spring"))]

SHAPES = (
    "exp({0} - {1})/(exp({0} - {1}) + exp({2} - {1}))", "max({0}, {1}, {2})", "{0}*{1} + {2}/3",
    "{0} - {1}/(2 + {2}^2)", "tanh({0})*{1}/(1 + {0}^2)", "sin({0} + {1}) - {2}*{0}", "({0} - {1})^3/20",
    "if({0} > {1}, {2}*{0}, {0}*{1})", "log(1 + {0}^2)*{1}*{2}", "2^({0}/7) + {1}*{1}*{0}",
    "f({0}, {1})*{2}", "-({0} + {1}/3)*{0}", "sqrt({0}^2 + {1}^2 + 1)*{2}",
)  # fmt: skip


def random_text(seed: int) -> str:
    """Equations that use names several times, in one equation and in many."""
    chance = Random(seed)
    names = ["a", "b", "c"]
    lines = ["f(x, y) = x*tanh(y - x)/(1 + x*x*y*y)"]
    lines += [f"{name} = {chance.randint(-30, 30) / 10 or 1.5}" for name in names]
    for at in range(8):
        text = chance.choice(SHAPES).format(*(chance.choice(names[-5:]) for _ in range(3)))
        names.append("pqrstuvw"[at])
        lines.append(f"{names[-1]} = {text}")
    used = [chance.choice(names[3:]) for _ in range(4)]
    lines.append(f"L = ({' + '.join(names[3:])})*{used[0]}/(3 + {used[1]}^2) - {used[2]}*{used[3]}")
    return "\n".join(lines)


# The slope of p by m, which is 0 in truth, is 1.1e-16 by itself: times ∂L/∂p it would be −3.8e−16.
SOFTMAX = """m = max(a, b, c); p = exp(a - m)/(exp(a - m) + exp(b - m) + exp(c - m))
L = -3*log(p); a = 1.6; b = -0.9; c = -1.1"""

TEXTS = [SOFTMAX, *map(random_text, range(30)), *(each.text for each in SMALL)]
IDS = ["softmax", *map(str, range(30)), *(each.name for each in SMALL)]


def out(*arguments: str) -> str:
    ran = run(*arguments)
    assert ran.status == 0, ran.err
    return ran.out


def gradients(text: str) -> tuple[str, dict[str, float]]:
    found = json.loads(out("grad", "-e", text, "--format", "json"))
    return found["output"], found["gradients"]


def by_json(text: str, *options: str) -> Iterator[tuple[str, float]]:
    found = json.loads(out("explain", "-e", text, "--format", "json", *options))
    for step in found["backward"]:
        yield from ((each["by"], each["product"]) for each in step["shares"] if each["single"])
        yield from ((each["by"], each["total"]) for each in step["totals"])
    yield from found["gradients"].items()
    for name, ways in found["paths"].items():
        if len(ways) == 1:
            yield name, ways[0]["product"]


def by_text(text: str, output: str, *options: str) -> Iterator[tuple[str, float]]:
    shown = out("explain", "-e", text, "--digits", "17", *options)
    whole = rf"^ +(?:together: )?∂{output}/∂(\S+) = (?:.* = )?(\S+)$"
    for name, number in re.findall(whole, shown, re.M):
        yield name, float(number.replace("−", "-"))


def by_latex(text: str, output: str, *options: str) -> Iterator[tuple[str, float]]:
    shown = out("explain", "-e", text, "--digits", "17", "--format", "latex", *options)
    whole = rf"\\frac{{\\partial {output}}}{{\\partial (\w)}} = (?:[^$\n]* = )?([^=$]*)\$"
    for name, number in re.findall(rf"(?:quad|together:) \$\\displaystyle {whole}", shown):
        yield name, float(number.replace(r" \cdot 10^{", "e").replace("}", ""))


def by_html(text: str, output: str, *options: str) -> Iterator[tuple[str, float]]:
    shown = out("explain", "-e", text, "--digits", "17", "--format", "html", *options)
    shown = re.sub('<span class="phone">.*?</span>', "", shown)
    for formula in re.findall("(?:<math.*?</math>)+", shown):  # in pieces, between which it breaks
        root = ElementTree.fromstring(f"<all>{formula}</all>")
        said = "".join(root.itertext()).replace(" ", "")
        if found := re.fullmatch(rf"∂{output}∂(\w)=(?:.*=)?([^=]*)", said):
            yield found[1], float(found[2].replace("−", "-").replace("·10", "e"))


def by_picture(text: str, file: Path, *options: str) -> Iterator[tuple[str, float]]:
    out("draw", "-e", text, "--digits", "17", "--all", "-o", str(file), *options)
    drawn = file.read_text("utf-8")
    for name, number in re.findall(r'^\s+(\w+) \[label="[^"]* grad\\ (\S+)(?: \})?"', drawn, re.M):
        yield name, float(number)


def by_hover_texts(text: str, output: str, file: Path) -> Iterator[tuple[str, float]]:
    """Of arrows that bring a whole gradient; none of the others begins with ∂."""
    out("draw", "-e", text, "--digits", "17", "--all", "--detail", "equations", "-o", str(file))
    whole = rf"^∂{output}/∂\w+ · ∂\w+/∂(\w+) = .* = ([^\s\"]+)\" tooltip"
    for name, number in re.findall(whole, file.read_text("utf-8"), re.M):
        yield name, float(number)


@pytest.mark.parametrize("text", TEXTS, ids=IDS)
def test_every_gradient_is_the_one_that_grad_prints(text: str, tmp_path: Path) -> None:
    output, right = gradients(text)
    operations = "--detail", "operations"
    seen = 0
    for found in (
        by_json(text, "--all"), by_json(text, "--all", *operations),
        by_text(text, output, "--all"), by_text(text, output, "--all", *operations),
        by_picture(text, tmp_path / "a.dot"), by_picture(text, tmp_path / "b.dot", *operations),
        by_hover_texts(text, output, tmp_path / "c.dot"),
    ):  # fmt: skip
        for name, number in found:
            if name in right:
                seen += 1
                assert number == right[name], name
    assert seen >= 6 * (len(right) - 1) if len(output) == 1 else seen


@pytest.mark.parametrize("text", TEXTS[:16], ids=IDS[:16])
def test_documents_and_paths_have_the_same_gradients(text: str) -> None:
    output, right = gradients(text)
    for found in (by_latex(text, output), by_html(text, output)):
        shown = dict(found)
        assert shown == {name: right[name] for name in shown}
        assert len(shown) == len(right), "each name has its gradient"
    near = [name for name in right if name not in "abc"][-4:]
    ways = "--paths", ",".join(near)
    assert {name: right[name] for name in near} == dict(by_json(text, *ways))
    together = re.findall(
        r"^ +together: ∂L/∂(\w) = .*?(\S+)$",
        out("explain", "-e", text, "--digits", "17", *ways),
        re.M,
    )
    assert {name: float(number.replace("−", "-")) for name, number in together} == {
        name: right[name] for name in near
    }


@pytest.mark.parametrize("text", TEXTS[:16], ids=IDS[:16])
def test_a_check_has_the_same_gradients(text: str) -> None:
    _, right = gradients(text)
    inputs = json.loads(out("check", "-e", text, "--format", "json"))["inputs"]
    assert {each["name"]: each["gradient"] for each in inputs} == {
        name: right[name] for name in right if name in "abc"
    }
    claims = ", ".join(f"d{name} = {number!r}" for name, number in right.items())
    marked = json.loads(out("check", "-e", text, "--claim", claims, "--format", "json"))["claims"]
    assert {each["by"]: each["value"] for each in marked} == right


def test_a_softmax_does_not_depend_on_its_shift() -> None:
    assert gradients(SOFTMAX)[1]["m"] == 0
    assert "∂L/∂p · ∂p/∂m" in (text := out("explain", "-e", SOFTMAX))
    assert re.search(r"∂L/∂m = .* = 0$", text, re.M)


def test_a_name_with_two_users_has_shares_on_its_arrows(tmp_path: Path) -> None:
    """∂L/∂e is 1 + 4 = 5, which stands in the box of e; neither arrow is all of it."""
    text = "e = 2*a; d = e^2; L = d + e; a = 1"
    for detail in ("operations", "equations"):
        file = tmp_path / f"{detail}.dot"
        out("draw", "-e", text, "--detail", detail, "-o", str(file))
        labels = re.findall(r'-> .* \[label=" (.*?) "', file.read_text("utf-8"))
        assert sorted(labels) == ["share of ∂L/∂e: 1", "∂L/∂d = 1", "∂d/∂e = 4", "∂e/∂a = 2"]
        hover = re.findall(r"(share of ∂L/∂e: ∂.*?)\"", file.read_text("utf-8"))
        assert {*hover} == {
            "share of ∂L/∂e: ∂L/∂d · ∂d/∂e = 1 · 4 = 4",
            "share of ∂L/∂e: ∂L/∂L · ∂L/∂e = 1 · 1 = 1",
        }
    assert "share of ∂L/∂e: 1\n" in out("explain", "-e", text)
