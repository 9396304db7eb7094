"""Every line of mathematics that a command prints goes back to where its kind belongs, as it stands."""

from __future__ import annotations

import json
import random
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import backprop as library
from backprop.descent.optimizers import FIRST_ORDER
from backprop.gallery import examples
from backprop.operations import FUNCTIONS, GATHERS, OPERATIONS
from running import CLASSIC, EXAMPLES, POINT, backprop

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


def links(line: str) -> list[str]:
    """The parts between the equality signs of a line."""
    return re.split(r" = ", line)


def grad(text: str, *more: str) -> dict[str, dict[str, float]]:
    """What `grad` says as JSON of an equation text."""
    ran = backprop("grad", "-", *more, "--format", "json", stdin=text.encode())
    assert ran.status == 0, ran.err
    found: dict[str, dict[str, float]] = json.loads(ran.out)
    return found


def sheet(text: str, claims: str, folder: Path, *more: str) -> list[dict[str, object]]:
    """What `check` says of a file of claims none of which is wrong."""
    file = folder / "claims"
    file.write_text(claims, encoding="utf-8")
    ran = backprop(
        "check", "-", "--claims", str(file), *more, "--format", "json", stdin=text.encode()
    )
    found: list[dict[str, object]] = json.loads(ran.out or "{}").get("claims", [])
    wrong = [each for each in found if each["verdict"] == "wrong"]
    assert ran.status == 0, (ran.err, wrong)
    return found


def marked(text: str, claims: list[str], folder: Path, *more: str) -> list[dict[str, object]]:
    """What `check` says of claims, line by line as they stand."""
    found = sheet(text, "\n".join(claims), folder, *more)
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


def same(found: dict[str, dict[str, float]], before: dict[str, dict[str, float]]) -> None:
    """Check that two runs have the same values and gradients for the names of both."""
    for name, gradient in found["gradients"].items():
        if name in before["gradients"]:
            for here, there in (
                (gradient, before["gradients"][name]),
                (found["data"][name], before["data"][name]),
            ):
                assert float(here) == pytest.approx(float(there), rel=1e-9, abs=1e-12, nan_ok=True)


def whole_explanation(text: str, folder: Path, detail: str, *more: str, digits: str = "6") -> int:
    """Paste every line of an explanation back; how many there were."""
    base = ["explain", "-", "--detail", detail, *more]
    ran = backprop(*base, "--digits", digits, stdin=text.encode())
    assert ran.status == 0, ran.err
    short = sorted_lines(ran.out)
    exact = sorted_lines(backprop(*base, "--digits", "17", stdin=text.encode()).out)
    set_to(short.title)
    for line in exact.given:
        set_to(line)
    assert sheet(text, ran.out, folder, *more) == marked(text, short.claims, folder, *more)
    hidden = backprop(*base, "--hide-answers", stdin=text.encode()).out
    assert "unanswered" in {each["verdict"] for each in sheet(text, hidden, folder, *more)}
    names = [links(line)[0] for line in exact.forward]
    equations = [" = ".join(links(line)[:2]) for line in exact.forward]
    before = grad(text, *more)
    stands = "\n".join(definitions(text) + exact.given + exact.forward)
    same(grad(stands, "--of", before["output"]), before)
    assert "says" not in backprop("grad", "-", "--of", before["output"], stdin=stands.encode()).err
    library.parse("\n".join(definitions(text) + short.given + short.forward))
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
        same(found, before)
        marked("\n".join(lines), exact.claims, folder, "--of", before["output"])
    for line in exact.forward:
        name, *sides = links(line)
        if sides[-1].strip("−") not in ("nan", "inf"):
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
    indices = re.findall(r"(?:\bfor|,) (\w+) in ", side)
    known = {*FUNCTIONS, *GATHERS, *indices, "for", "in", "if", "and", "or", "not", "pi", "inf"}
    return all(word.rstrip("(") in known for word in words)


SMALL = [each.name for each in examples() if each.name not in ("predator_prey", "two_moons")]
"""The examples that are explained without asking twice."""

GOOD = sorted((EXAMPLES / "good").glob("*.eq"))


def given(path: Path) -> str:
    """An example with the numbers of the options in its first line."""
    text = path.read_text(encoding="utf-8")
    words = shlex.split(text.splitlines()[0].lstrip("# "))
    settings = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    return "\n".join([text, *",".join(settings).split(",")])


def random_model(random: random.Random) -> str:
    """A few equations of names that are used more than once."""
    names = ["a", "b", "c"]
    lines = [f"{name} = {random.uniform(-2, 2):.3g}" for name in names]
    for at in range(random.randint(2, 5)):
        lines.append(f"v{at}' = {formula(random, names, 3)}")
        names.append(f"v{at}'")
    return "\n".join([*lines, f"L = {' + '.join(names)}"])


def formula(random: random.Random, names: list[str], depth: int) -> str:
    """A formula of these names, with a value everywhere."""
    if not depth or random.random() < 0.2:
        return random.choice([*names, *names, "2", "0.5", "3"])
    inner = [formula(random, names, depth - 1) for _ in range(2)]
    forms = "({0} + {1})", "{0}*{1}", "({0} - {1})", "sin({0})", "({0})^2", "tanh({0})", "({0})/(1 + ({1})^2)", "exp(-({0})^2)", "max({0}, {1})", "abs({0})", "sqrt(1 + ({0})^2)", "if({0} > {1}, {0}, {1})", "-({0})"  # fmt: skip
    return random.choice(forms).format(*inner)


FORMS = [
    "({0} + {1})", "{0}*{1}", "({0} - {1})", "({0})^2", "({0})/({1})", "-({0})", "if({0} > {1}, {0}, {2})", "({0})^({1})",
    "|{0}|", "({0})^-1", "2^({0})", "sum(i*({0}) for i in 1..3)", "max({0} + i for i in 1..2)",
]  # fmt: skip
CALLED = [
    row
    for row in OPERATIONS.values()
    if row.called and row.name.isidentifier() and row.name not in ("and", "or", "not", "pivot")
]


def any_formula(random: random.Random, names: list[str], depth: int) -> str:
    """A formula of these names with any of the functions, which may have no value."""
    if not depth or random.random() < 0.2:
        return random.choice(
            [*names, *names, "2", "0.5", "3", f"{random.uniform(-3, 3):.4g}", "1e-3", "pi"]
        )
    inner = [any_formula(random, names, depth - 1) for _ in range(3)]
    if random.random() < 0.45:
        row = random.choice(CALLED)
        count = row.arity - (len(row.defaults) if random.random() < 0.5 else 0)
        count += row.folds and random.random() < 0.3
        return f"{row.name}({', '.join(inner[:count])})"
    inner = [f"({each})" if each[0] == "-" else each for each in inner]
    return random.choice(FORMS).format(*inner)


def any_number(random: random.Random) -> str:
    """A number of any size and any number of digits."""
    wide = random.choice([1, -1]) * 10 ** random.uniform(-6, 9)
    chosen = [str(random.randint(-4, 5)), f"{random.uniform(-3, 3):.{random.randint(1, 12)}g}"]
    chosen += [f"{wide:.{random.randint(1, 15)}g}", random.choice(["0", "1/3", "2/3", "2.3999996"])]
    return random.choice(chosen)


def any_model(random: random.Random) -> str:
    """A few equations with all functions, numbers of all sizes, and now and then a tie."""
    names = ["a", "b", "c"]
    lines = [f"{name} = {any_number(random)}" for name in names]
    if random.random() < 0.3:
        lines[1] = f"b = {lines[0][4:]}"
    for at in range(random.randint(1, 4)):
        lines.append(f"v{at} = {any_formula(random, names, random.randint(1, 3))}")
        names.append(f"v{at}")
    return "\n".join([*lines, f"L = {random.choice([' + ', '*']).join(names)}"])


def test_any_models(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every function, at few and many digits; with --whole fifty times as many."""
    count = 0
    for seed in range(1000 if request.config.getoption("--whole") else 12):
        rng = random.Random(seed)
        text, digits = any_model(rng), rng.choice(["3", "4", "6", "10", "17"])
        ran = backprop("grad", "-", "--of", "L", stdin=text.encode())
        if not (ran.status or ran.err):  # it has a value and slopes
            detail = rng.choice(["equations", "operations"])
            count += whole_explanation(text, tmp_path, detail, "--of", "L", digits=digits)
    assert count > 100


@pytest.mark.parametrize("digits", ["1", "2", "3"])
def test_few_digits_are_read_as_rounded(digits: str, tmp_path: Path) -> None:
    text = "L = a*b + c/a + d^2; a = 2.4; b = 0.123; c = 77.7456; d = 0.3; M = exp(a)*1e7 - L"
    whole_explanation(text, tmp_path, "operations", "--of", "L", digits=digits)
    whole_explanation(text, tmp_path, "equations", "--of", "M", digits=digits)


WITHOUT_VALUE = [
    "c = if(x > 2, x^2, x + log1p(-2.582))",
    "c = if(x > 2, x^2, x*sqrt(1 + log(-2)))",
    "c = if(x > 2, x^2, 1/0)",
    "k = if(y > 2, 3, log(-1)); c = k*x",
    "f(a) = log(a) + 1; c = if(x > 2, x*f(3), f(-2))",
    "c = if(x > 2, x, if(x > 9, x^2, acos(2)))",
    "c = if(x > 2, x^2, 5/(x - 3) + log1p(-x))",
    "c = if(x > 2, x^2, x*(log(x/7 - 1) + sqrt(-3) - 2))",
    "s = log(-x); c = if(x > 2, x^2, s*asin(x) + atanh(7/2))",
]
"""Equations at x = 3 with steps that have no value, of a branch that is not taken."""


@pytest.mark.parametrize("text", WITHOUT_VALUE)
def test_steps_without_a_value_that_are_not_needed(text: str, tmp_path: Path) -> None:
    text += "; x = 3; y = 4"
    whole_explanation(text, tmp_path, "operations", "--of", "c")
    for form in ("text", "markdown", "html", "latex"):
        how = ["--detail", "operations", "--steps-of", "forward", "--format", form, "--of", "c"]
        out = backprop("explain", "-", *how, stdin=text.encode()).out
        for line in re.sub(r"<[^>]*>", "", out).splitlines():
            _, *sides = re.split(" *= *", line)
            if len(sides) > 1 and "nan" in sides[-1]:  # not `v3 = log1p(−2.582) = nan`
                assert re.search(r"\bx\b|\bs\b|v_?\{?\d", sides[0]), line


@pytest.mark.parametrize("detail", ["equations", "operations"])
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_explanations_of_examples(path: Path, detail: str, tmp_path: Path) -> None:
    assert sum(pasted(given(path), tmp_path, detail)) > 5


LONG = "portfolio", "logistic_regression", "one_neuron"
"""Whose single operations take 5 to 15 seconds to be pasted."""


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        pytest.param(name, detail, marks=pytest.mark.whole if detail[0] == "o" and name in LONG else ())
        for name in SMALL
        for detail in ("equations", "operations")
    ],
)  # fmt: skip
@pytest.mark.one_in(2)
def test_explanations_of_the_gallery(
    name: str, detail: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (text,) = (each.text for each in examples() if each.name == name)
    if not request.config.getoption("--whole"):
        text = text.replace("1..20", "1..6")  # of twenty students, whose claims take a minute
    assert sum(pasted(text, tmp_path, detail)) > 5


@pytest.mark.whole  # half a minute
@pytest.mark.parametrize("name", ["predator_prey", "two_moons"])
def test_the_forward_pass_of_a_large_example_is_a_file(name: str) -> None:
    (text,) = (each.text for each in examples() if each.name == name)
    options = ["--all", "--steps-of", "forward", "--digits", "17"]
    found = sorted_lines(backprop("explain", "-", *options, stdin=text.encode()).out)
    assert len(found.forward) > 300
    stands = "\n".join(definitions(text) + found.given + found.forward)
    before = grad(text)
    same(grad(stands, "--of", before["output"]), before)


# --------------------------------------------------------------- what the other commands print


UPDATES = [
    (CLASSIC, POINT, []),
    ("L = (a - 1)^2*(1 + b^2) + 1e-7*a", "a=0.12345678, b=-1.5", []),
    ("L = sum((w[i] - i)^2 for i in 1..3) + exp(-w[1]); w[i] = 0.1*i for i in 1..3", "", []),
    ("L = (a - 1)^2*(1 + b^2)", "a=0.1, b=1", ["--bounds", "a=0..0.2, b=0.9.."]),
    ("L = (a - 1)^2*(1 + b^2)", "a=0.1, b=1", ["--clip", "0.01"]),
    ("a = 0.66 in 0..2/3; b = -0.33 in -1/3..1/7; L = (a - 1)^2 + (b + 1)^2*(1 + a)", "a=0.66", []),
    ("L = -(a - 1)^2*(1 + b^2)", "a=0.1, b=1", ["--maximize"]),
]


@pytest.mark.parametrize("optimizer", [each.name for each in FIRST_ORDER])
@pytest.mark.parametrize(("text", "at", "more"), UPDATES)
def test_updates(text: str, at: str, more: list[str], optimizer: str, tmp_path: Path) -> None:
    """The lines of two steps by hand: numbers with their links into --values, formulas into a file."""
    for step in ("1", "2"):
        ran = backprop("descend", "-e", text, "--set", at, *more, "--optimizer", optimizer, "--lr", "0.03", "--steps", step, "--explain-step", step)  # fmt: skip
        assert ran.status == 0, ran.err
        lines = ran.out.splitlines()
        if f" after {step} step" not in lines[0]:  # it was at its bounds before
            assert step == "2"
            continue
        begin = next(number for number, line in enumerate(lines) if line.startswith("step "))
        formulas = re.fullmatch(rf"step {step} by \w+: (.*)", lines[begin])
        assert formulas
        assert library.parse(formulas[1]).names
        updates = []
        for line in lines[begin + 1 : lines.index("", begin)]:
            if line.startswith("  g = "):  # what g and lr are
                found = re.fullmatch(rf"  g = −?∂L/∂x(·{NUMBER}, clipped)?; (lr = {NUMBER})", line)
                assert found, line
                set_to(found[2])
            elif " ← " in line:
                updates.append(line.strip())
            else:
                set_to(line.strip())
        file = tmp_path / "values"
        file.write_text("\n".join(updates), encoding="utf-8")
        found = json.loads(
            backprop("grad", "-e", text, "--values", str(file), "--format", "json").out
        )
        head = re.match(rf"L = ({NUMBER}) after {step} step", lines[0])
        assert head
        assert found["value"] == pytest.approx(number(head[1]), rel=1e-8)
        wrong = (
            updates[0].replace(" = ", " = 1 + ", 1) if " = " in updates[0] else updates[0] + " = 77"
        )
        assert " cannot be " in backprop("grad", "-e", text, "--set", wrong).err
        set_to(re.sub(rf"({NAME}) = ({NUMBER}) after.*", r"\1 = \2", lines[0]))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_tables_of_gradients(path: Path) -> None:
    """Each row of `grad --all` says an equation, `name = equation` or `name ~ equation`."""
    text = given(path)
    for output in library.parse(text).outputs:
        ran = backprop("grad", "-", "--all", "--of", output, stdin=text.encode())
        title, _, _, rule, *rows = ran.out.splitlines()
        set_to(title)
        ends = [found.end() for found in re.finditer("-+", rule)]
        lines = []
        for row in rows[: rows.index("")] if "" in rows else rows:
            name, role, equation = (
                row[begin:end].strip() for begin, end in zip([0, *ends], ends[:3], strict=False)
            )
            drawn = re.match(r"(uniform|normal)\(", equation)
            lines += [f"{name} {'~' if drawn else '='} {equation}"] if equation else []
            assert role
        found = grad("\n".join(lines + definitions(text)), "--of", output)
        assert found["data"] == grad(text, "--of", output)["data"]


CHECKED = [
    (CLASSIC, POINT, "dL/da = f*a; db = 4; dd/de = 2; dc = 7; de = L; df = 1/d"),
    ("q = x*y; r = x/y; L = q*sin(x) + r", "x=2, y=5", "dx = y*sin(x); dy = 3; dq = 2; dL/dr = 5"),
    ("c = a^2; e = a*c; L = sin(e)*c + a", "a=0.7", "da = 1; de = 2; dc = 3"),
    ("L = relu(w*x)*3", "w=5, x=2", "dw = x*3; dx = 4"),
]


@pytest.mark.parametrize(("text", "at", "claims"), CHECKED)
def test_what_check_says_of_claims(text: str, at: str, claims: str, tmp_path: Path) -> None:
    """Below the table a wrong claim is repeated, with a point and the right derivative."""
    options = ["--of", library.parse(text).outputs[0], "--set", at]
    ran = backprop("check", "-e", text, *options, "--claim", claims)
    assert ran.status == 1
    below = ran.out.split("\n\n")[2].splitlines()
    values: list[str] = []
    for line in below:
        if found := re.fullmatch(r"(∂\S+ = .*?) is (wrong|right here)(: .*)?", line):
            assert backprop("check", "-e", text, *options, "--claim", found[1]).status == (
                found[2] == "wrong"
            )
            values = ["--set", at]
        elif found := re.fullmatch(r"  at (.*): claimed \S+, right (\S+)", line):
            values = ["--set", found[1]]
        else:
            assert marked(text, [line.strip()], tmp_path, *options[:2], *values)


@pytest.mark.parametrize("detail", ["equations", "operations"])
def test_random_models(detail: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    count, models = 0, 25 if request.config.getoption("--whole") else 6
    for seed in range(models):
        count += whole_explanation(random_model(random.Random(seed)), tmp_path, detail, "--of", "L")
    assert count > 20 * models
