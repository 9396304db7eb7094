"""`backprop explain`: every line's arithmetic read by another reader, formulas against numbers."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import backprop as library
from backprop.algebra.formula import written
from backprop.derivation import derivation, paths
from backprop.engine.writers.formulas import Formulas
from backprop.evaluation.gradient import evaluate
from backprop.gallery import Example, examples
from backprop.operations import OPERATIONS
from backprop.row import Operation
from backprop.values import by_names, graph_of
from running import CLASSIC, POINT, backprop
from truth import TRUTH, mp

NEURON = "n = w*x + b; o = tanh(n); L = (o - y)^2; w = -3; x = 2; b = 6.5; y = 1"
SHARED = "u = x^2*y; v = u*x - x/y; L = u*v + relu(x) - x*x; x = 2; y = 3"
HARD = "f(t, s) = t*s^2/(1 + t); p = f(x, y) + if(x > 1, sin(x)*y, -y); L = p/exp(y/3) - min(x, 4)*p; x = 2.5; y = -1.25"


def explained(*arguments: str) -> str:
    ran = backprop("explain", *arguments)
    assert (ran.status, ran.complaints) == (0, "")
    return ran.out


def test_the_classic_example_is_the_hand_derivation_in_its_order() -> None:
    out = explained("-e", CLASSIC, "--set", POINT)
    lines = [
        "∂L/∂L = 1",
        "∂L/∂d = f = −2",
        "∂L/∂f = d = 4",
        "∂L/∂c = ∂L/∂d · ∂d/∂c = −2 · 1 = −2",
        "∂L/∂e = ∂L/∂d · ∂d/∂e = −2 · 1 = −2",
        "∂L/∂a = ∂L/∂e · ∂e/∂a = ∂L/∂e · b = −2 · (−3) = 6",
        "∂L/∂b = ∂L/∂e · ∂e/∂b = ∂L/∂e · a = −2 · 2 = −4",
    ]
    found = [line.strip() for line in out.splitlines() if line.strip().startswith("∂")]
    assert found == lines
    forward = ["1. e = a·b = 2·(−3) = −6", "2. d = e + c = −6 + 10 = 4", "3. L = d·f = 4·(−2) = −8"]
    assert [line.strip() for line in out.splitlines() if re.match(r"  [123]\. ", line)] == forward
    assert out.index("product rule") < out.index("sum rule") < out.rindex("product rule")


FUNCTIONS = {
    name: getattr(math, name) for name in ("sin", "cos", "tanh", "cosh", "exp", "log", "sqrt")
}
FUNCTIONS |= {
    "relu": lambda x: max(x, 0.0), "min": min, "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "hypot": math.hypot, "abs": abs, "sign": lambda x: (x > 0) - (x < 0), "pi": math.pi,
    "choose": lambda c, x, y: x if c else y,
}  # fmt: skip


def read_by_another_reader(out: str) -> int:
    """Evaluate every side of every equation in the text with Python, from what stands above it.

    Names have the values of the lines that begin with them, ∂L/∂x and ∂y/∂x those of theirs. All
    sides of a line must agree to the digits that are shown. Returns how many sides were compared.
    """
    known: dict[str, float] = {}
    compared = 0
    for raw in out.splitlines():
        line = re.sub(r"^\s*(\d+\. )?", "", raw)
        line = re.sub(r"^(share (by use \d+ )?of [^:]*|together|[^=]* → [^:]*): ", "", line)
        if " = " not in line or line.startswith("("):
            continue
        sides = [_python(side) for side in line.split(", ")[0].split(" = ")] if "∂" not in line else [
            _python(side) for side in line.split(" = ")
        ]  # fmt: skip
        values = []
        for side in sides:
            try:
                values.append(eval(side, {}, {**FUNCTIONS, **known}))
            except (NameError, SyntaxError):
                values.append(None)
        final = values[-1]
        if final is None:
            continue
        for value, side in zip(values, sides, strict=True):
            if value is not None and side != sides[0]:
                assert value == pytest.approx(final, rel=2e-5, abs=2e-5), (raw, side)
                compared += 1
        if sides[0].isidentifier():
            known[sides[0]] = final
    return compared


def _python(side: str) -> str:
    side = (
        side.strip()
        .replace("−", "-")
        .replace("·", "*")
        .replace("^", "**")
        .replace("if(", "choose(")
    )
    return re.sub(r"∂(\w+)/∂(\w+)", r"d_\1_\2", side)


@pytest.mark.parametrize("detail", ["equations", "operations"])
@pytest.mark.parametrize("text", [NEURON, SHARED, HARD, CLASSIC + "; a=2; b=-3; c=10; f=-2"])
def test_every_line_adds_up_for_another_reader(text: str, detail: str) -> None:
    out = explained("-e", text, "--detail", detail, "--digits", "8")
    assert read_by_another_reader(out) >= 12
    model = library.parse(text)
    gradient = model.grad()
    finals = dict(re.findall(r"∂" + gradient.output + r"/∂(\w+)(?: = [^\n]*)? = (\S+)$", out, re.M))
    for name in model.inputs:
        assert float(finals[name].replace("−", "-")) == pytest.approx(
            gradient.gradients[name], rel=1e-6
        )


def test_the_other_reader_notices_a_wrong_number() -> None:
    out = explained("-e", NEURON).replace("· 2 =", "· 3 =")
    with pytest.raises(AssertionError):
        read_by_another_reader(out)


def test_a_name_used_twice_has_its_shares_and_their_sum() -> None:
    out = explained("-e", "y = x^2; z = 3*x; L = y*z; x = 2")
    assert "share of ∂L/∂x: ∂L/∂z · ∂z/∂x = 4 · 3 = 12" in out
    assert "share of ∂L/∂x: ∂L/∂y · ∂y/∂x = 6 · 4 = 24" in out
    assert "together: ∂L/∂x = 12 + 24 = 36" in out
    by_use = explained("-e", "L = a*a; a = 3", "--detail", "operations")
    assert "share by use 1 of ∂L/∂a: a = 3" in by_use
    assert "together: ∂L/∂a = 3 + 3 = 6" in by_use
    assert "∂L/∂a = 2·a = 2·3 = 6" in explained("-e", "L = a*a; a = 3")


def test_rules_and_corners_are_named() -> None:
    assert "quotient rule" in explained("-e", "L = u/v; u = 1; v = 2")
    assert "chain rule through tanh, product rule" in explained("-e", "L = tanh(a*b); a = 1; b = 2")
    assert "chain rule, power rule, sum rule" in explained("-e", "L = (a + b)^3; a = 1; b = 2")
    assert "constant factor rule" in explained("-e", "L = 3*a; a = 1")
    relu = explained("-e", "L = relu(x); x = 0")
    assert "relu(x) has a corner at x = 0: the slope taken there is 0" in relu
    tie = explained("-e", "L = min(x, y); x = 1; y = 1")
    assert "min(x, y) has a corner at x = 1, y = 1: the slopes taken there are 1 and 0" in tie
    assert "floor(x) has a jump at x = 2" in explained("-e", "L = floor(x) + x; x = 2")
    branch = explained("-e", "L = if(x > 0, x^2, -x); x = -3")
    assert "the condition x > 0 does not hold" in branch
    assert "∂L/∂x = −1" in branch


@pytest.mark.parametrize("row", OPERATIONS.values(), ids=lambda row: row.name)
def test_formula_and_number_agree_for_every_operation(row: Operation) -> None:
    """At each sample point of the table the formula, computed by mpmath, is the gradient."""
    operands = [f"x{at}" for at in range(row.arity)]
    for point in row.samples:
        order = [library.Value(number, name) for name, number in zip(operands, point, strict=True)]
        value = library.values.apply(row.name, *order)
        value.label = "y"
        value.backward()
        graph, values = graph_of([value])
        data = [each.data for each in values]
        partials = Formulas(graph, data, graph.labels).partials(graph.output)
        for operand, partial in partials.items():
            text = written(partial)
            expected = by_names(graph, graph.output, data)[operand]
            assert values[operand].grad == expected or math.isnan(expected)
            if not math.isfinite(expected) or abs(expected) < 1e-290:
                continue
            with mp.workprec(600):
                found = _by_mpmath(text, dict(zip(operands, point, strict=True)))
            assert float(found) == pytest.approx(expected, rel=1e-9), (row.name, text, point)


def _by_mpmath(text: str, numbers: dict[str, float]) -> object:
    """The value of a formula by the tests' own truth about operations."""
    from backprop.operations import CONSTANTS
    from backprop.operations import FUNCTIONS as ROWS
    from backprop.syntax.parser import formula

    tokens, shape = formula(text)
    stack: list[object] = []
    for node in shape.nodes:
        word = tokens.texts[node.token]
        if node.kind == "number":
            stack.append(mp.mpf(word))
        elif node.kind == "name":
            constant = mp.pi if word == "pi" and word in CONSTANTS else None
            stack.append(mp.mpf(numbers[word]) if word in numbers else constant)
        else:
            name = node.operation if node.kind == "operation" else ROWS[word].name
            count = OPERATIONS[name].arity
            parts = stack[-count:]
            del stack[-count:]
            stack.append((TRUTH[name] if name in TRUTH else getattr(mp, name))(*parts))
    return stack[0]


def _random_text(seed: int) -> str:
    """Equations that use names above them, at random."""
    chance = random.Random(seed)
    names = ["a", "b", "c"]
    lines = [f"{name} = {chance.randint(-30, 30) / 10 or 1.5}" for name in names]
    shapes = [
        "{0}*{1} + {2}", "{0} - {1}/(2 + {2}^2)", "tanh({0})*{1}", "sin({0} + {1}) - {2}", "({0} - {1})^3/20",
        "exp(-{0}^2)*{1}", "{0}*{0}*{1}", "max({0}, {1}) - {2}", "if({0} > {1}, {2}, {0}*{1})", "-({0} + 3*{1})",
        "sigmoid({0})/(1 + {1}^2)", "2^({0}/5) + {1}", "{0}^2*{1}^3/50", "sqrt({0}^2 + 1) - {1}", "pi*{0}/({1}^2 + 1)^2",
    ]  # fmt: skip
    for at in range(8):
        text = chance.choice(shapes).format(*(chance.choice(names[-5:]) for _ in range(3)))
        lines.append(f"v{at} = {text}")
        names.append(f"v{at}")
    lines.append("L = " + " + ".join(names[3:]))
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(60))
def test_formulas_are_the_gradients_of_random_equations(seed: int) -> None:
    model = library.parse(_random_text(seed))
    graph, (data, _), gradient = evaluate(model, {})
    for node in filter(graph.labels.__contains__, graph.steps):
        for operand, partial in Formulas(graph, data, graph.labels).partials(node).items():
            found = _by_mpmath(written(partial), gradient.data)
            expected = by_names(graph, node, data)[operand]
            assert float(found) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_the_sum_over_all_paths_is_the_gradient(seed: int) -> None:
    model = library.parse(_random_text(seed))
    evaluation = evaluate(model, {})
    gradient = evaluation.gradient
    found = paths(model, evaluation, [name for name in gradient.gradients if name != "L"][-6:])
    for name, ways in found.items():
        total = math.fsum(way.product for way in ways)
        assert total == pytest.approx(gradient.gradients[name], rel=1e-9, abs=1e-12)
        for way in ways:
            assert (way.names[0], way.names[-1]) == (name, "L")
            assert way.product == pytest.approx(math.prod(way.factors), rel=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_random_explanations_add_up(seed: int) -> None:
    for detail in ("equations", "operations"):
        assert (
            read_by_another_reader(
                explained("-e", _random_text(seed), "--detail", detail, "--digits", "9")
            )
            > 20
        )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("L = sqrt(x)*sqrt(x)*y; x = 0; y = 3", "∂L/∂x = y = 3"),
        ("u = sqrt(x); L = u^2; x = 0", "(0 times an infinite slope may be anything: the derivative is what values give)"),
        ("u = sqrt(x); L = u^2; x = 0", "  ∂L/∂x = 1\n"),
        ("pi = 3; L = erf(x)*sqrt(pi); x = -1", "sqrt(3.141592653589793)"),
        ("pi = 3; L = erf(x); x = -1", "sqrt(3.141592653589793)"),
        ("digamma(x) = x^2; L = gamma(y)*digamma(y); y = 2", "∂L/∂y = 5.69114"),
        ("L = x*(x > 0); x = 0", "∂L/∂x = (x > 0) = (0 > 0) = 0"),
        ("f(a, b) = a*b; L = f(x, y) + f(y, x); x = 2; y = 3", "∂L/∂x = 2·y = 2·3 = 6"),
        ("L = 3^x + x/2 + (x + 1)/4; x = 1", "sum rule, constant factor rule, exponential rule"),
        ("L = x - -y; x = 1; y = 2", "L = x − −y"),
        ("L = 0.1*x^3; x = 2", "∂L/∂x = 0.3·x^2"),
        ("L = max(x, y, z); x = 1; y = 2; z = 2", "(max(x, y, z) has a corner at z = 2)"),
    ],
)  # fmt: skip
def test_hard_points_are_told_as_they_are(text: str, line: str) -> None:
    out = backprop("explain", "-e", text)
    assert out.status == 0
    assert line in out.out
    read_by_another_reader(out.out)


def test_untaken_branches_are_not_talked_about() -> None:
    out = explained("-e", "L = if(x > 0, x^2, tanh(y)*abs(y)); x = 1; y = 0")
    assert "tanh" not in out[out.index("Backward") :].replace("tanh(y)·abs(y))", "")
    assert "corner" not in out


def test_deep_and_long_formulas_are_left_out_and_cost_nothing(
    request: pytest.FixtureRequest,
) -> None:
    many = 1500 if request.config.getoption("--whole") else 500
    nested = "x"
    for _ in range(300):
        nested = f"1/(1 + {nested})"
    deep = "sin(" * 900 + "x" + ")" * 900
    terms = " + ".join(f"(x{at} - {at})^2" for at in range(many)) + "".join(
        f"; x{at} = 1" for at in range(many)
    )
    twisted = "f(x) = sin(x)*x + 0.1; g(x) = f(f(f(f(x)))); L = g(g(g(x))); x = 1"
    start = time.process_time()
    for text in (f"L = {nested}; x = 1", f"L = {deep}; x = 1", f"L = {terms}", twisted):
        assert "∂L/∂x" in explained("-e", text)
        assert "∂L/∂v" in explained("-e", text, "--detail", "operations", "--all")
    assert time.process_time() - start < many / 25


@pytest.mark.parametrize("format", ["html", "latex"])
@pytest.mark.parametrize(
    "text", ["L = x^2; x = 1e-7", "x'' = 2; L = x''^2", "L = if(x > 0, x, -x)^2; x = 2"]
)
def test_what_stands_below_a_power_has_brackets(format: str, text: str, tmp_path: Path) -> None:
    out = explained("-e", text, "--format", format)
    assert r"\end{cases}^" not in out
    if format == "latex" and shutil.which("pdflatex"):
        (tmp_path / "d.tex").write_text(out)
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
        assert (
            subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
        )


def test_paths() -> None:
    out = explained("-e", SHARED, "--paths", "x, y")
    assert "x → u → v → L: ∂u/∂x · ∂v/∂u · ∂L/∂v = " in out
    assert out.count("Paths from") == 2
    read_by_another_reader(out)
    many = "; ".join(f"x{at + 1} = x{at} + x{at}*y{at}; y{at + 1} = x{at}*2" for at in range(12))
    ran = backprop(
        "explain", "-e", f"{many}; L = x12; x0 = 1; y0 = 1", "--paths", "x0", "--of", "L"
    )
    assert ran.status == 1
    assert "paths lead from x0 to L, and 200 is the most" in ran.err


def test_only_and_steps_of() -> None:
    out = explained("-e", SHARED, "--only", "u")
    assert "∂L/∂u" in out
    assert "∂L/∂y =" not in out
    assert "Backward" not in explained("-e", SHARED, "--steps-of", "forward")
    assert "Forward" not in explained("-e", SHARED, "--steps-of", "backward")


def test_large_graphs_are_explained_in_part_only() -> None:
    text = "x0 = 1; " + "; ".join(f"x{at + 1} = x{at}*1.001" for at in range(2000))
    ran = backprop("explain", "-e", text)
    assert (ran.status, ran.out) == (1, "")
    assert "--only" in ran.err
    assert "∂x2000/∂x7 = " in explained("-e", text, "--only", "x7")
    assert explained("-e", text, "--all").count("constant factor rule") == 2000


def test_a_worksheet_shows_no_answer_and_the_key_all(tmp_path: Path) -> None:
    for format in ("text", "markdown", "latex", "html", "json"):
        key = tmp_path / f"key.{format}"
        sheet = explained("-e", NEURON, "--hide-answers", "--answers", str(key), "--format", format)
        whole = explained("-e", NEURON, "--format", format)
        assert key.read_text() == whole
        gradient = library.parse(NEURON).grad()
        hidden = [
            gradient.value,
            *(gradient.data[name] for name in "no"),
            *gradient.gradients.values(),
        ]
        for number in hidden:
            if abs(number) not in (0, 1, 2, 3):
                assert f"{abs(number):.5g}"[:5] not in sheet, (format, number)
                assert f"{abs(number):.5g}"[:5] in whole
        assert "rule" not in sheet.replace('class="rule"', "").replace(".rule", "").replace(
            '"rules": null', ""
        )


@pytest.mark.parametrize(
    "example",
    [each for each in examples() if each.name.startswith(("classic", "exercise"))],
    ids=lambda example: example.name,
)
def test_every_packaged_exercise_has_a_worksheet_and_a_key(
    example: Example, tmp_path: Path
) -> None:
    """The key adds up for another reader; the sheet has as many blanks as the key has answers."""
    file = tmp_path / example.file_name
    file.write_bytes(example.data)
    sheet = explained(str(file), "--hide-answers", "--answers", str(tmp_path / "key.txt"))
    key = (tmp_path / "key.txt").read_text()
    assert read_by_another_reader(key) >= 5
    assert sheet.count("____") >= key.count(" = ") / 2
    assert len(sheet.splitlines()) <= len(key.splitlines())


def test_json_is_the_steps_as_data() -> None:
    found = json.loads(explained("-e", CLASSIC, "--set", POINT, "--format", "json"))
    assert (found["schema"], found["output"], found["value"], found["start"]) == (1, "L", -8, 4)
    assert found["given"] == {"a": 2, "b": -3, "c": 10, "f": -2}
    assert [step["name"] for step in found["forward"]] == ["e", "d", "L"]
    share = found["backward"][2]["shares"][0]
    assert share == {
        "by": "a",
        "formula": "b",
        "local": -3,
        "upstream": -2,
        "product": 6,
        "single": True,
        "use": 0,
        "whole": True,
    }


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("hide", [False, True])
def test_the_page_is_whole_and_stands_alone(hide: bool) -> None:
    out = explained("-e", HARD, "--format", "html", *(["--hide-answers"] if hide else []))
    page = _Page()
    page.feed(out)
    assert (page.open, page.sources) == ([], [])
    formulas = re.findall(r"<math.*?</math>", out)
    assert len(formulas) > 12
    for each in formulas:
        ElementTree.fromstring(each)
        assert "\\" not in re.sub(r"<annotation.*?</annotation>", "", each)


def test_markdown_has_mathematics_between_dollars() -> None:
    out = explained("-e", NEURON, "--format", "markdown")
    assert (
        r"$\frac{\partial L}{\partial n} = \frac{\partial L}{\partial o} \cdot \frac{\partial o}{\partial n}"
        in out
    )
    assert all(line.count("$") % 2 == 0 for line in out.splitlines())


def test_latex_compiles(tmp_path: Path) -> None:
    """With a TeX where there is one; its braces and environments are matched in any case."""
    named = "alpha_1' = 2; x_2y = 1; L = alpha_1'*x_2y^2/3 - 1e-7*x_2y"
    cases = (
        ["-e", HARD],
        ["-e", NEURON, "--hide-answers"],
        ["-e", SHARED, "--detail", "operations"],
        ["-e", SHARED, "--paths", "x"],
        ["-e", named],
    )
    for at, arguments in enumerate(cases):
        out = explained(*arguments, "--format", "latex")
        assert out.count("{") == out.count("}")
        assert out.count(r"\left") == out.count(r"\right")
        begun, ended = (sorted(re.findall(rf"\\{word}\{{(\w+)", out)) for word in ("begin", "end"))
        assert begun == ended
        assert "document" in begun
        if shutil.which("pdflatex"):
            (tmp_path / f"d{at}.tex").write_text(out)
            command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"d{at}.tex"]
            ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
            assert ran.returncode == 0, ran.stdout[-2000:].decode("utf-8", "replace")
            assert b"Overfull" not in ran.stdout


@pytest.mark.parametrize(
    ("status", "said", "arguments"),
    [
        (2, "there is no detail 'x'", ["--detail", "x"]),
        (2, "there is no part 'x'", ["--steps-of", "x"]),
        (2, "two files at once", ["--hide-answers", "--answers", "s.txt", "-o", "./s.txt"]),
        (2, "writes the paths alone", ["--paths", "w", "--only", "w"]),
        (2, "needs a file", ["--hide-answers", "--answers", "-"]),
        (2, "add --hide-answers", ["--answers", "key.txt"]),
        (1, "there is no 'q'", ["--only", "q"]),
        (1, "there is no 'q'", ["--paths", "q"]),
        (2, "did you mean 'latex'?", ["--format", "latx"]),
        (2, "says no format", ["-o", "x.docx"]),
        (1, "cannot be written", ["-o", "no/such/x.md"]),
        (1, "cannot be written", ["--hide-answers", "--answers", "no/such/x.md"]),
        (1, "has no value", ["-e", "M = k^2"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused(status: int, said: str, arguments: list[str]) -> None:
    ran = backprop("explain", *(["-e", NEURON] if "-e" not in arguments else []), *arguments)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err


def test_the_numbers_are_those_of_grad() -> None:
    model = library.parse(HARD)
    evaluation = evaluate(model, {})
    gradient = evaluation.gradient
    found = derivation(model, evaluation)
    for step in found.backward:
        for share in step.shares:
            if share.single:
                assert share.product == pytest.approx(gradient.gradients[share.by], rel=1e-14)
        for total in step.totals:
            assert total.total == gradient.gradients[total.by]
            assert math.fsum(total.shares) == pytest.approx(total.total, rel=1e-12)


@pytest.mark.parametrize("text", ["-" * 5000 + "a", "sin(" * 900 + "a" + ")" * 900])
def test_a_page_shows_what_is_too_deep_for_mathml_as_code(text: str) -> None:
    page = explained("-e", f"L = {text}; a = 1", "--format", "html")
    assert "<code>" in page
    assert "<code>" not in explained("-e", "L = sin(-a); a = 1", "--format", "html")


@pytest.mark.parametrize("number", ["1e-310", "5e-324", "-2.5e-309", "1e308"])
@pytest.mark.parametrize(
    "form",
    [
        "x*{}",
        "{}*x^2",
        "x^{}",
        "max({}*x, 0)",
        "x/{}",
        "(x*{})*1e300",
        "mod(x, {})",
        "if(x > {}, x*{}, 0)",
    ],
)
def test_numbers_whose_reciprocal_is_none_stand_in_every_document(form: str, number: str) -> None:
    text = f"x = 1; y = {form.replace('{}', f'({number})')}"
    for words in (
        *(["explain", "-e", text, "--format", each] for each in ("text", "html", "latex", "json")),
        ["explain", "-e", text, "--detail", "operations"],
        ["check", "-e", text, "--claim", f"dx = {number}"],
        ["grad", "-e", text, "--format", "latex"],
    ):
        ran = backprop(*words)
        assert ran.status in (0, 1), words
        assert "Traceback" not in ran.err


def test_the_slope_of_a_subnormal_factor_is_that_factor() -> None:
    for number in ("1e-310", "5e-324", "-2.5e-309"):
        ran = backprop("explain", "-e", f"x = 1; y = x*({number})", "--format", "json")
        assert ran.out.count(number), ran.out
        ran = backprop("check", "-e", f"x = 1; y = x*({number})", "--claim", f"dx = {number}")
        assert (ran.status, "right" in ran.out) == (0, True)


def test_a_fragment_is_the_body_of_the_document() -> None:
    given = "explain", "-e", "L = Δx*dθ + ϵ", "--set", "Δx=1, dθ=2, ϵ=3", "--format"
    part, whole = backprop(*given, "latex", "--fragment").out, backprop(*given, "latex").out
    assert whole.endswith(part + "\\end{document}\n")
    assert part.startswith("\\section*")
    assert part.isascii()  # what pdflatex needs no font for
    assert r"\Delta\text{x} \cdot \text{d}\theta" in part
    page = backprop(*given, "html", "--fragment").out
    assert "<body" not in page
    assert '<li style="margin' in page  # the page around it may set lines close
    assert backprop(*given, "text", "--fragment").status == 2


def test_a_choice_whose_square_is_too_small_is_explained() -> None:
    """What an equation takes from a choice in another one has a say as it stands."""
    ran = backprop("explain", "-e", "u = if(b >= 1, b, 2*b); y = u*u", "--set", "b=1e-200")
    assert ran.status == 0
    assert "∂y/∂b = ∂y/∂u · ∂u/∂b = 4e−200 · 2 = 8e−200" in ran.out  # 2·2b·2


def test_a_slope_beyond_doubles_is_infinite_in_json() -> None:
    """README: what JSON cannot say is "nan", "inf" or "-inf". By hand: 3/5e-324 is 6e323."""
    asked = ["explain", "-e", "y = b*3/c", "--set", "b=1e-160,c=5e-324", "--format", "json"]
    [step] = json.loads(backprop(*asked).out)["backward"]
    assert [share["local"] for share in step["shares"]] == ["inf", "-inf"]
