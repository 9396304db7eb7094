"""`backprop check`: against closed forms, mpmath and wrong slopes made for the purpose; claims and mistakes."""

from __future__ import annotations

import csv
import io
import json
import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import backprop as library
from backprop import special
from backprop import values as chain_rule
from backprop.checks import Check, check_gradient, differences, mark, read_claims
from backprop.checks.differences import Along
from backprop.commands import Inputs, check
from backprop.evaluation.gradient import evaluate
from backprop.gallery import examples
from backprop.graph import CODES
from backprop.operations import OPERATIONS
from backprop.reports import TABLES
from backprop.reports.style import Style
from backprop.row import Operation
from backprop.syntax import precision
from running import CLASSIC, POINT, backprop
from truth import mp, true_slope, true_value

ROWS = [row for row in OPERATIONS.values() if not row.written]
"""All but the parts of others, which no equation has alone."""
SAMPLES = [(row, at) for row in ROWS for at in row.samples]
CORNERS = [(row, at) for row in ROWS for at, _ in row.corners]
FORMS = {
    "neg": "-x",
    "copy": "x",
    "if": "if(c, x, y)",
    "not": "not x",
    "and": "x and y",
    "or": "x or y",
}
METHODS = (False, True)


def _name(item: object) -> str:
    return item.name if isinstance(item, Operation) else str(item).replace(" ", "")


def equation(row: Operation) -> str:
    return f"out_ = {FORMS.get(row.name, row.form)}"


def numbers(text: str) -> dict[str, float]:
    return {
        name.strip(): float(number)
        for name, number in (part.split("=") for part in text.split(",") if part)
    }


def checked(text: str, at: str | dict[str, float], precisely: bool = False) -> dict[str, Check]:
    values = numbers(at) if isinstance(at, str) else at
    found = check_gradient(library.parse(text), values, None, precisely)
    return {each.name: each for each in found.checks}


# ------------------------------------------------------------------- slopes without derivative rules


@pytest.mark.parametrize(("row", "at"), SAMPLES, ids=_name)
def test_precise_values_of_every_row_are_the_truth(row: Operation, at: tuple[float, ...]) -> None:
    digits = 400
    context = special.context(digits)
    got = precision.value(row.name, digits)(*map(context.mpf, at))
    truth = true_value(row.name, at)
    assert abs(mp.mpf(got) - truth) <= mp.mpf(10) ** -60 * abs(truth)


@pytest.mark.parametrize(("row", "at"), SAMPLES, ids=_name)
def test_slopes_by_differences_are_as_exact_as_they_say(
    row: Operation, at: tuple[float, ...]
) -> None:
    """The truth, mpmath's at thousands of bits, lies within three times the error that is claimed."""
    model = library.parse(equation(row))
    graph, point, _ = evaluate(model, dict(zip(row.operands, at, strict=True)))
    for number, name in enumerate(row.operands):
        truth = true_slope(row.name, at, number)
        if name not in model.names or truth is None or at[0] == 1e-310:
            continue  # at 1e-310 the whole change of x^1e-300 is less than a bit of 1
        found = differences.sides(Along(graph, point.data, model.names[name]))
        if math.isfinite(found.error):
            # what is lost inside one operation is not seen: 1e-12 of the slope, or of the values
            slack = 3 * found.error + 1e-12 * abs(float(truth)) + 3e-308
            assert abs(found.slope - truth) <= slack, (row.name, at, name)


@pytest.mark.parametrize("precisely", METHODS)
@pytest.mark.parametrize(("row", "at"), SAMPLES, ids=_name)
@pytest.mark.one_in(2)
def test_no_right_gradient_is_called_wrong(
    row: Operation, at: tuple[float, ...], precisely: bool
) -> None:
    found = checked(equation(row), dict(zip(row.operands, at, strict=True)), precisely)
    assert not [each for each in found.values() if each.wrong]
    if precisely:
        assert all(each.verdict != "cannot tell" for each in found.values())
        digits = [
            each.digits for each in found.values() if each.verdict == "agrees" and each.numeric
        ]
        assert all(
            digit is not None and digit >= 12 for digit in digits if math.isfinite(digit or 0)
        )


def test_closed_forms_to_the_digits_that_are_promised() -> None:
    found = checked("L = exp(sin(x)*w)*x", "x=1.2, w=0.3")
    x, w = 1.2, 0.3
    value = math.exp(math.sin(x) * w)
    by_hand = {"x": value * (1 + x * w * math.cos(x)), "w": value * x * math.sin(x)}
    for name, each in found.items():
        assert each.verdict == "agrees"
        assert each.numeric == pytest.approx(by_hand[name], rel=1e-11)
        assert each.digits is not None
        assert each.digits >= 10
        assert each.error == abs(each.gradient - each.numeric)
        assert each.relative == pytest.approx(each.error / abs(by_hand[name]), rel=1e-6)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("y = sin(x)", "x=1e12"), ("y = cos(x)", "x=1e-9"), ("y = sin(1e9*x)", "x=0"), ("y = log(x)", "x=1e-300"),
        ("y = x^2", "x=1e150"), ("y = 1/x", "x=1e-150"), ("y = x/1e12 + 5", "x=0"), ("y = 5 + 1e-8*x", "x=0"),
        ("y = asin(x)", "x=0.999999999999"), ("y = tan(x)", "x=1.5707963"), ("y = exp(x)", "x=700"),
        ("y = (1e20 + x) - 1e20", "x=0"), ("y = x", "x=1e-300"), ("y = sin(1/x)", "x=0.001"), ("y = x^2", "x=-1e-9"),
        ("y = 5 + tanh(1e15*x)", "x=0"), ("y = x^3", "x=0"), ("y = (x - 3)^2", "x=3"),
        ("y = 5 + relu(x - 1e-5)", "x=0"), ("y = cos(x)", "x=1e-20"), ("y = 1 + 1e-40*x^2 + x", "x=3"),
    ],
)  # fmt: skip
def test_inputs_of_every_scale(text: str, at: str) -> None:
    for precisely in METHODS:
        found = checked(text, at, precisely)["x"]
        assert found.verdict == "agrees", found
        if found.gradient:
            assert (found.digits or 0) >= (11 if precisely else 4)


@pytest.mark.parametrize(("text", "at"), [("y = sin(x)", "x=1e17"), ("y = 1e30 + x", "x=1"), ("y = (0.1 + 0.2 - x)^2", "x=0.3")])  # fmt: skip
def test_what_doubles_cannot_show_is_said_and_mpmath_shows_it(text: str, at: str) -> None:
    found = checked(text, at)["x"]
    assert found.verdict == "cannot tell"
    assert "--precise" in found.note
    found = checked(text, at, True)["x"]
    assert found.verdict == "agrees"
    assert (found.digits or 0) > 3


def test_a_random_network_agrees_with_both_methods() -> None:
    chance = random.Random(5)
    names = ["a", "b", "c"]
    statements = []
    for number in range(25):
        left, right = chance.choice(names), chance.choice(names)
        form = chance.choice(["tanh({0})*{1}", "{0} + sin({1})", "sigmoid({0} - {1})", "{0}*{1} + 0.5", "sqrt({0}^2 + 1)/(2 + {1}^2)"])  # fmt: skip
        statements.append(f"v{number} = {form.format(left, right)}")
        names.append(f"v{number}")
    text = "; ".join([*statements, "L = " + " + ".join(names[3:])])
    for precisely in METHODS:
        found = checked(text, "a=0.4, b=-1.3, c=2.2", precisely)
        assert {each.verdict for each in found.values()} == {"agrees"}
        assert all((each.digits or 0) >= (13 if precisely else 9) for each in found.values())


# ----------------------------------------------------------------------- wrong slopes are noticed


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, number: int, by: float) -> None:
    """Make one slope of an operation wrong by the factor 1 + by, or by `by` where it is 0."""
    for table in (chain_rule._SLOPES, chain_rule.SURE_SLOPES):
        slopes = list(table[CODES[name]])
        slopes[number] = _spoilt(slopes[number], by)
        monkeypatch.setitem(table, CODES[name], tuple(slopes))
    monkeypatch.setitem(chain_rule._CONSTANT_SLOPES, CODES[name], ())


def _spoilt(right: Callable[..., float], by: float) -> Callable[..., float]:
    return lambda *data: right(*data) * (1 + by) if right(*data) else by


@pytest.mark.parametrize(("precisely", "by"), [(False, 1e-3), (True, 1e-3), (True, 1e-9)])
@pytest.mark.parametrize("row", ROWS, ids=_name)
@pytest.mark.one_in(4)
def test_a_wrong_slope_of_any_row_is_noticed(
    monkeypatch: pytest.MonkeyPatch, row: Operation, precisely: bool, by: float
) -> None:
    for number, name in enumerate(row.operands):
        if (row.name, name) == ("polygamma", "n"):
            continue  # an order has no slope
        with monkeypatch.context() as patch:
            spoil(patch, row.name, number, by)
            verdicts = []
            for at in row.samples:
                values = dict(zip(row.operands, at, strict=True))
                verdicts.append(checked(equation(row), values, precisely)[name].verdict)
                if verdicts[-1] == "DIFFERS":
                    break
        assert "DIFFERS" in verdicts, (row.name, name, verdicts)


def test_a_wrong_gradient_ends_with_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, "*", 0, 1e-3)
    ran = backprop("check", "-e", CLASSIC, "--set", POINT)
    assert ran.status == 1
    row = next(line for line in ran.out.splitlines() if line.startswith("a "))
    assert row.split()[-1] == "DIFFERS"
    assert "a: DIFFERS: the gradient is 6.0120" in ran.out
    assert "0.2 % away" in ran.out
    assert "3 of 4 gradients are wrong" in ran.out  # a, c and f pass a first operand of a product
    found = json.loads(backprop("check", "-e", CLASSIC, "--set", POINT, "--format", "json").out)
    assert found["right"] is False


# ------------------------------------------------------------------------- corners, jumps, edges


@pytest.mark.parametrize("precisely", METHODS)
@pytest.mark.parametrize(("row", "at"), CORNERS, ids=_name)
def test_no_promised_corner_is_called_wrong(
    row: Operation, at: tuple[float, ...], precisely: bool
) -> None:
    found = checked(equation(row), dict(zip(row.operands, at, strict=True)), precisely)
    assert not [each for each in found.values() if each.wrong]


EXPLAINED = [
    ("y = relu(x)", "x=0", "corner", "the slope is 0 from the left and 1 from the right (by relu(x)); the gradient takes 0"),
    ("y = abs(x)", "x=0", "corner", "the slope is −1 from the left and 1 from the right (by abs(x)); the gradient takes 0"),
    ("y = leaky_relu(x)", "x=0", "corner", "the slope is 0.01 from the left and 1 from the right"),
    ("y = min(x, z)", "x=1, z=1", "corner", "the slope is 1 from the left and 0 from the right (by min(x, z)); the gradient takes 1"),
    ("y = max(x, z)", "x=1, z=1", "corner", "the slope is 0 from the left and 1 from the right"),
    ("y = hypot(x, z)", "x=0, z=0", "corner", "the slope is −1 from the left and 1 from the right"),
    ("y = 7 + 3*max(x, 2*x) + x", "x=0", "corner", "the slope is 4 from the left and 7 from the right"),
    ("y = sqrt(abs(x))", "x=0", "corner", "the slope is −infinite from the left and infinite from the right"),
    # sides that differ by little
    ("y = max(x, 1.0000001*x)", "x=0", "corner", "the slope is 1 from the left and 1.0000001 from the right (by"),
    ("y = max(x, 1.00000000001*x)", "x=0", "corner", "the slope is 1 from the left and 1.00000000001 from the right (by max(x, 1.00000000001*x)); the gradient takes 1"),
    ("y = clamp(x, 0, 1)*1e-7 + x", "x=1", "corner", "the slope is 1.0000001 from the left and 1 from the right (by"),
    ("y = if(x < 1, x, 1 + (x - 1)*1.0000001)", "x=1", "corner", "the slope is 1 from the left and 1.0000001 from the right; the gradient takes 1.0000001"),
    ("y = cbrt(x)", "x=0", "agrees", "the slope is infinite"),
    ("y = floor(x)", "x=2", "jump", "y jumps to the left (by floor(x)); the gradient takes 0"),
    ("y = ceil(x)", "x=2", "jump", "y jumps to the right (by ceil(x)); the gradient takes 0"),
    ("y = round(x)", "x=2.5", "jump", "y jumps to the right (by round(x)); the gradient takes 0"),
    ("y = sign(x)", "x=0", "jump", "y jumps on both sides (by sign(x)); the gradient takes 0"),
    ("y = x*floor(x)", "x=2", "jump", "y jumps to the left (by floor(x)); the gradient takes 2"),
    ("y = if(x >= 2, x^2, 0)", "x=2", "jump", "y jumps to the left; the gradient takes 4"),
    ("y = if(x > 2, x^2, x)", "x=2", "jump", "y jumps to the right; the gradient takes 1"),
    ("y = if(x == 0, 0, x*log(3))", "x=0", "border", "x == 0 turns out otherwise on both sides, where the slope is 1.098612289; the gradient is that of the branch taken here, 0"),
    ("y = if(x != 0 or x > 1, sin(x), 2*x)", "x=0", "border", "x != 0 turns out otherwise on both sides, where the slope is 1; the gradient is that of the branch taken here, 2"),
    ("y = 3*clamp(x, c, c) + x", "x=2, c=2", "border", "clamp(x, c, c) turns out otherwise on both sides, where the slope is 1; the gradient is that of the branch taken here, 4"),
    ("y = clamp(x, 1, 1)^2*sin(x)", "x=1", "border", "clamp(x, 1, 1) turns out otherwise on both sides, where the slope is 0.5403023059"),
    ("y = clamp(2, x, x)", "x=2", "border", "clamp(2, x, x) turns out otherwise on both sides, where the slope is 1; the gradient is that of the branch taken here, 0"),
    ("y = clamp(x, 1, 2)", "x=1", "corner", "the slope is 0 from the left and 1 from the right"),
    ("y = sqrt(x)", "x=0", "edge", "y has no value for a smaller x; from the right the slope is infinite"),
    ("y = 5 + sqrt(2 - x)", "x=2", "edge", "y has no value for a larger x; from the left the slope is −infinite"),
    ("y = asin(x)", "x=1", "edge", "y has no value for a larger x; from the left the slope is infinite"),
    ("y = acosh(x)", "x=1", "edge", "y has no value for a smaller x; from the right the slope is infinite"),
    ("y = x^1.5", "x=0", "edge", "y has no value for a smaller x; from the right the slope is 0"),
    ("y = if(sqrt(x) <= 0, 5, x)", "x=0", "edge", "y has no value for a smaller x, and jumps to the right; from the right the slope is 1"),
    ("y = if(x^1.5 <= 0, 5, x)", "x=0", "edge", "y has no value for a smaller x, and jumps to the right; from the right the slope is 1"),
    ("y = if(acos(x) <= 0, 5, x)", "x=1", "edge", "y has no value for a larger x, and jumps to the left; from the left the slope is 1"),
    ("y = if(sqrt(x) <= 0, 0, x)", "x=0", "border", "sqrt(x) <= 0 turns out otherwise beside it, where the slope is 1; the gradient is that of the branch taken here, 0"),
    ("y = 1/(2 - mod(x, 2))", "x=40", "jump", "y has no finite limit from the left (by mod(x, 2)); the gradient takes 0.25"),
    ("y = log(1 - mod(x, 1))", "x=3", "jump", "y has no finite limit from the left (by mod(x, 1)); the gradient takes −1"),
    ("y = if(x > 0, log(x), 0)", "x=0", "jump", "y has no finite limit from the right; the gradient takes 0"),
    ("y = if(x == 0, 0, 1/x)", "x=0", "jump", "y has no finite limit on both sides; the gradient takes 0"),
    ("y = (-2)^x", "x=3", "edge", "y has no value beside this x, so that it has no slope"),
]  # fmt: skip


@pytest.mark.parametrize("precisely", METHODS)
@pytest.mark.parametrize(("text", "at", "verdict", "note"), EXPLAINED)
def test_corners_jumps_and_edges_are_explained(
    text: str, at: str, verdict: str, note: str, precisely: bool
) -> None:
    found = checked(text, at, precisely)["x"]
    assert found.verdict == verdict
    assert found.note.startswith(note)


def test_a_gradient_beyond_the_slopes_of_a_corner_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def patch(name: str) -> None:
        for table in (chain_rule._SLOPES, chain_rule.SURE_SLOPES):
            monkeypatch.setitem(table, CODES[name], (lambda x, out: 1.5,))

    patch("relu")
    for precisely in METHODS:
        found = checked("y = relu(x)", "x=0", precisely)["x"]
        assert found.wrong
        assert "but the gradient is 1.5, which is not between them" in found.note
    patch("sqrt")
    assert checked("y = sqrt(x)", "x=0")["x"].wrong
    patch("floor")
    assert checked("y = floor(x)", "x=2")["x"].wrong


def test_conventions_that_do_not_add_up_are_found() -> None:
    """relu(x) - relu(-x) is x, whose slope is 1; each of the two corners takes 0."""
    found = checked("y = relu(x) - relu(-x)", "x=0")["x"]
    assert found.wrong
    assert "what is taken at the corner of relu(x), relu(-x) does not add up to it" in found.note


def test_the_numbers_are_left_as_they_were() -> None:
    model = library.parse(CLASSIC)
    values = numbers(POINT)
    before = model.grad(values)
    for precisely in METHODS:
        check_gradient(model, values, None, precisely)
        assert {name: each.data for name, each in model.values.items()} == before.data
    mark(model, read_claims(model, "L", ["da = f*a, db=3, dd/de = f"]), values)
    assert {name: each.data for name, each in model.values.items()} == before.data
    assert {name: each.grad for name, each in model.values.items()} == before.gradients


# -------------------------------------------------------------------------------- what it prints


def test_the_gradient_of_the_classic_example() -> None:
    ran = backprop("check", "-e", CLASSIC, "--set", POINT)
    assert (ran.status, ran.err) == (0, "")
    assert "all 4 gradients agree with differences\n" in ran.out
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--precise", "--format", "json")
    found = json.loads(ran.out, parse_constant=pytest.fail)
    assert (found["schema"], found["output"], found["value"]) == (1, "L", -8)
    assert (found["right"], found["method"]) == (True, "precise")
    assert {each["name"]: each["gradient"] for each in found["inputs"]} == {
        "a": 6, "b": -4, "c": -2, "f": 4,
    }  # fmt: skip
    for each in found["inputs"]:
        assert (each["numeric"], each["verdict"], each["error"]) == (each["gradient"], "agrees", 0)
        assert each["digits"] >= 14


def test_the_other_formats() -> None:
    options = ["check", "-e", "L = relu(a)*b", "--set", "a=0,b=2"]
    rows = list(csv.DictReader(io.StringIO(backprop(*options, "--format", "csv").out)))
    assert [(row["name"], row["verdict"]) for row in rows] == [("a", "corner"), ("b", "agrees")]
    markdown = backprop(*options, "--format", "markdown").out
    assert "| `a` | 0 | 0 |" in markdown
    assert "a: corner: the slope is 0 from the left and 2 from the right" in markdown
    assert "$a$ & $0$ & $0$" in backprop(*options, "--format", "latex").out
    sheet = [*options, "--claim", "da = 2*b, db=a"]
    assert "`2*b`" in backprop(*sheet, "--format", "markdown").out
    assert r"$2 \cdot b$" in backprop(*sheet, "--format", "latex").out
    rows = list(csv.DictReader(io.StringIO(backprop(*sheet, "--format", "csv").out)))
    assert [row["by"] for row in rows] == ["a", "b"]


def test_the_seed_is_that_of_random_inputs_too() -> None:
    text = "w[i] ~ normal(0, 1) for i in 1..3; L = sum(w[i]^2 for i in 1..3)"
    for seed in ("0", "7"):
        options = ("-e", text, "--seed", seed, "--format", "json")
        drawn = json.loads(backprop("grad", *options).out)["data"]
        checked = json.loads(backprop("check", *options).out)["inputs"]
        assert {each["name"]: each["value"] for each in checked} == {
            name: drawn[name] for name in ("w[1]", "w[2]", "w[3]")
        }


def test_the_most_values_are_those_that_are_asked_for() -> None:
    text = "x[1] = 2; x[t+1] = x[t]^2 for t in 1..5; L = x[6]"
    assert backprop("check", "-e", text).status == 0
    refused = backprop("check", "-e", text, "--max-nodes", "4")
    assert refused.status == 1
    assert refused == backprop("grad", "-e", text, "--max-nodes", "4")


@pytest.mark.parametrize("claims", [[], ["dw = 2*(e - y)*x*1*1*1*1*1*1*1*1*1*1*1*1*1*1, dx=3"]])
def test_tables_fit_a_terminal_of_80_columns(claims: list[str]) -> None:
    text = "u = w*x + b; e = tanh(u); L = (e - y)^2"
    inputs = Inputs(None, [text], ["w=0.5, x=0.3333333333, b=-0.2, y=1.234567891"])
    shown = TABLES.writer("table")(check(inputs, claims=claims), Style(width=80))
    rows = shown.split("\n\n")[1].splitlines()
    assert max(map(len, rows)) <= 80


def test_an_output_without_inputs_has_nothing_to_check() -> None:
    ran = backprop("check", "-e", "L = x*0 + 1; M = 3", "--set", "x=1", "--of", "M")
    assert ran.status == 0
    ran = backprop("check", "-e", "y = relu(-1)*2; L = y + x*0", "--set", "x=1")
    assert ran.status == 0


def test_every_example_of_the_package_agrees() -> None:
    # the others have thousands of steps, or several outputs
    small = [each for each in examples() if each.name.startswith(("classic", "exercise"))]
    assert len(small) >= 2
    for each in small:
        model = library.parse(each.text)
        for precisely in METHODS:
            found = check_gradient(model, {}, None, precisely)
            assert "agrees" in {one.verdict for one in found.checks} <= {"agrees", "corner"}


# -------------------------------------------------------------------------------------- claims


def sheet(text: str, at: str, claims: str, **options: float) -> dict[str, object]:
    model = library.parse(text)
    values = numbers(at)
    found = mark(model, read_claims(model, model.output(), [claims]), values, **options)  # type: ignore[arg-type]
    return {each.claim.name: each for each in found.marks}


def test_the_classic_answer_sheet() -> None:
    ran = backprop(
        "check", "-e", CLASSIC, "--set", POINT, "--claim", "a=6, b=-4, c=-2, d=-2, e=-2, f=4"
    )
    assert (ran.status, ran.err) == (0, "")
    assert "all claims are right" in ran.out
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--claim", "b=4")
    assert ran.status == 1
    assert "∂L/∂b = 4 is wrong: a sign error\n" in ran.out
    assert "∂L/∂b = ∂L/∂d · ∂d/∂e · ∂e/∂b = −2 · 1 · 2 = −4\n" in ran.out


def test_json_of_a_sheet() -> None:
    ran = backprop(
        "check", "-e", CLASSIC, "--set", POINT, "--claim", "dL/da = f*a, db=-4", "--format", "json"
    )
    assert ran.status == 1
    found = json.loads(ran.out, parse_constant=pytest.fail)
    assert (found["schema"], found["right"], found["value"]) == (1, False, -8)
    wrong, right = found["claims"]
    assert (wrong["of"], wrong["by"], wrong["claim"], wrong["verdict"]) == (
        "L",
        "a",
        "f*a",
        "wrong",
    )
    assert (wrong["claimed"], wrong["value"], wrong["mistake"]) == (-4, 6, "swapped")
    assert wrong["points_right"] < wrong["points"] == 20
    example = wrong["counterexample"]
    at = example["at"]
    assert example["claimed"] == at["f"] * at["a"] != example["right"] == at["f"] * at["b"]
    assert (right["verdict"], "mistake" in right) == ("right", False)


@pytest.mark.parametrize(
    "left", ["a", "da", "∂a", "dL/da", "∂L/∂a", "dL / da", "∂ L/∂ a", "𝜕L/𝜕a", "∂L/da"]
)
@pytest.mark.parametrize("right", [" = f*b", ": 6", "=6.0", " = -2*-3", " = 36/6"])
def test_a_derivative_can_be_written_in_many_ways(left: str, right: str) -> None:
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--claim", left + right)
    assert (ran.status, ran.err) == (0, "")


def test_derivatives_of_any_name_by_any_other() -> None:
    text = CLASSIC + "; g = 5; h = 3*g"
    claims = "dd/de = 1; dd/da = b; dL/dL = 1; de/dL = 0; dg/da=0; dh/dg: 3; dL/dg = 0; dh/dh=1"
    model = library.parse(text)
    found = mark(model, read_claims(model, "L", [claims]), numbers(POINT), "L")
    assert found.right
    for wrong in ("dL/dg = 2", "de/dL = 1", "dL/dL = 2", "dd/de = 2"):
        found = mark(model, read_claims(model, "L", [wrong]), numbers(POINT), "L")
        assert not found.right
        assert found.marks[0].diagnosis


def test_names_that_begin_with_d() -> None:
    text = "x = v*dt; L = x + da*t; v = 3; dt = 2; da = 5; t = 7; a = 1"
    model = library.parse(text)

    def by(claim: str) -> tuple[str, str]:
        found = read_claims(model, "L", [claim])[0]
        return found.of, found.by

    assert by("dt = 3") == ("L", "dt")
    assert by("∂t = 3") == ("L", "t")
    assert by("∂dt = 3") == ("L", "dt")
    assert by("dL/dt = 3") == ("L", "t")
    assert by("dL/ddt = 3") == ("L", "dt")
    assert by("ddt/dda = 3") == ("dt", "da")
    assert by("dv = 2") == ("L", "v")
    ran = backprop("check", "-e", text, "--of", "L", "--claim", "dt = 3")
    assert ran.status == 0
    assert "warning: 'dt' is read as the name dt; for the derivative by t write dL/dt" in ran.err
    ran = backprop("check", "-e", text, "--of", "L", "--claim", "dt = 3, ddt = 3")
    assert ran.status == 1
    assert "claimed twice" in ran.err
    assert "for the derivative by t write dL/dt" in ran.err
    ran = backprop("check", "-e", "x = v*dt; v=1; dt=2", "--claim", "dx/dt = 1")
    assert "'dt' is a name of these equations, and no differential" in ran.err
    assert "write ddt or ∂dt" in ran.err


def test_claims_from_files(tmp_path: Path) -> None:
    file = tmp_path / "answers.txt"
    file.write_bytes(
        "# my answers\r\ndL/da = f*b  # by e\r\n∂L/∂b = f*a; e: -2\n\nd = f\rdL/dc = f".encode()
    )
    options = ["check", "-e", CLASSIC, "--set", POINT, "--claims", str(file)]
    assert backprop(*options).status == 0
    assert backprop(*options, "--claim", "df = d").status == 0
    assert backprop(*options, "--claim", "df = c").status == 1
    assert "claimed twice" in backprop(*options, "--claim", "dL/da = 6").err
    piped = backprop("check", "-e", CLASSIC, "--set", POINT, "--claims", "-", stdin=b"a = 6")
    assert (piped.status, "the claim is right" in piped.out) == (0, True)


@pytest.mark.parametrize("kept", ["∂", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_lines_of_a_check_are_claims_again(tmp_path: Path, kept: str, end: str) -> None:
    """Of what is said of `wrong` and `right here`: the lines that grep finds, or all of them."""
    options = ["check", "-e", "e = a*b; d = e+c; L = relu(d*f)", "--set", "a=2, b=-3, c=-10, f=-2"]
    said = backprop(*options, "--claim", "dL/da = f*a; db = 4; df = d; dc = 7")
    notes = [line for line in said.out.splitlines() if " is " in line or line[:2] == "  "]
    file = tmp_path / "answers.txt"
    file.write_bytes("".join(line + end for line in notes if kept in line).encode())
    again = backprop(*options, "--claims", str(file))
    assert again.status == 1
    assert [line for line in again.out.splitlines() if line in notes] == notes
    text = f"∂L/∂a = f*b is right{end}∂L/∂b = f*a is wrong{end}  c = 3 # is wrong{end} f = 4{end}"
    file.write_bytes(text.encode())
    assert "2 of 4 claims are wrong" in backprop(*options, "--claims", str(file)).out


RIGHT = [
    ("y = x/3", "x=2", "dx = 1/3"), ("y = x/3", "x=2", "dx = 0.333"), ("y = x/3", "x=2", "dx = .33"),
    ("y = 2*x/3", "x=2", "dx = 0.67"), ("y = 2*x/3", "x=2", "dx = 6.7e-1"), ("y = 1234.4*x", "x=2", "dx = 1234"),
    ("y = pi*x", "x=2", "dx = 3.14"), ("y = pi*x", "x=2", "dx = 3.1"), ("y = pi*x", "x=2", "dx = pi"),
    ("y = exp(x)", "x=1", "dx = exp(x)"), ("y = tanh(x)", "x=20", "dx = 1 - tanh(x)^2"),
    ("y = sigmoid(x)", "x=30", "dx = sigmoid(x)*(1 - sigmoid(x))"), ("y = log(x - 1.9999)", "x=2", "dx = 1/(x - 1.9999)"),
    ("y = sqrt(x)", "x=0", "dx = inf"), ("y = polygamma(n, x)", "n=1, x=2.5", "dx = polygamma(n + 1, x)"),
    ("f(t) = t^2; y = f(x)*3", "x=2", "dx = 3*f(x)*2/x"), ("y = if(x > 1, x^2, x)", "x=2", "dx = if(x > 1, 2*x, 1)"),
    ("y = relu(x*w)", "x=2, w=1", "dx = if(x*w > 0, w, 0)"), ("y = 0*x", "x=2", "dx = 0"),
]  # fmt: skip
WRONG = [
    ("y = x/3", "x=2", "dx = 0.3"), ("y = x/3", "x=2", "dx = 0.34"), ("y = 2*x/3", "x=2", "dx = 0.66"),
    ("y = 12.3*x", "x=2", "dx = 12"), ("y = 99.7*x", "x=2", "dx = 100"), ("y = pi*x", "x=2", "dx = 3"),
    ("y = pi*x", "x=2", "dx = 22/7"), ("y = 1234.4*x", "x=2", "dx = 1235"), ("y = pi*x", "x=2", "dx = 3.15"),
    ("y = 6.0001*x", "x=2", "dx = 6"), ("y = 0.004*x", "x=2", "dx = 0"), ("y = 0.004*x", "x=2", "dx = 0.00"),
    ("y = x^2", "x=2", "dx = x + 2"), ("y = x^2", "x=2", "dx = 2.000001*x"), ("y = 1e-20*x", "x=1", "dx = 0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "claim"), RIGHT)
def test_what_a_teacher_accepts(text: str, at: str, claim: str) -> None:
    assert [each.correct for each in sheet(text, at, claim).values()] == [True]


@pytest.mark.parametrize(("text", "at", "claim"), WRONG)
def test_what_a_teacher_does_not_accept(text: str, at: str, claim: str) -> None:
    assert [each.correct for each in sheet(text, at, claim).values()] == [False]


def test_a_tolerance_can_be_given() -> None:
    options = ["check", "-e", "y = pi*x", "--set", "x=2", "--claim", "dx = 22/7"]
    assert backprop(*options).status == 1
    assert backprop(*options, "--tolerance", "0.001").status == 0
    assert backprop(*options, "--tolerance", "0.0001").status == 1
    for wrong in ("-1", "1", "nan"):
        assert backprop(*options, "--tolerance", wrong).status == 2


# ------------------------------------------------------------------------------------ mistakes

CHAIN = "u = w*x + b; e = tanh(u); L = (e - y)^2"
AT = "w=0.5, x=1.5, b=-0.2, y=1"
FORK = "q = x*y; r = x/y; L = q*sin(x) + r"
MISTAKES = [
    (CLASSIC, POINT, "db = 4", "sign", "a sign error"),
    (CLASSIC, POINT, "db = -f*a", "sign", "a sign error"),
    (CLASSIC, POINT, "da = f*a", "swapped", "the local derivative of e = a*b with respect to a is b, the claim has a"),
    ("L = x/y", "x=2, y=5", "dx = -x/y^2", "swapped", "the local derivative of L = x/y with respect to x is 1/y, the claim has -x/y^2"),
    (CLASSIC, POINT, "da = b", "early", "it stops too early: this is ∂e/∂a; the factor ∂L/∂e = −2 is missing"),
    (CHAIN, AT, "dw = (1 - e^2)*x", "early", "it stops too early: this is ∂e/∂w; the factor ∂L/∂e"),
    (CLASSIC, POINT, "da = f", "local", "the local derivative is missing: this is ∂L/∂e; the factor ∂e/∂a = −3 is missing"),
    (CHAIN, AT, "dw = 2*(e - y)*x", "missing factor", "the derivative of e = tanh(u) with respect to u, 1 - e^2 = "),
    ("L = sin(3*a)", "a=3", "da = cos(3*a)", "missing factor", "the derivative of 3*a with respect to a inside L = sin(3*a), 3, is missing"),
    ("h = tanh(z); L = h^2/z", "z=12", "dz = 2*h/z - h^2/z^2", "missing factor", "the derivative of h = tanh(z) with respect to z, sech(z)^2 = "),
    ("L = tanh(w*x)", "w=0.4, x=2", "dw = x", "missing factor", "the derivative of L = tanh(w*x) with respect to w*x"),
    ("L = exp(-x^2)", "x=0.7", "dx = exp(-x^2)", "missing factor", "the inner derivative is missing: that of -x^2 with respect to x, −1.4"),
    (FORK, "x=2, y=5", "dx = y*sin(x) + q*cos(x)", "missing contribution", "the share through r = x/y, 0.2, is forgotten"),
    (FORK, "x=2, y=5", "dx = y*sin(x) + 1/y", "missing contribution", "the share through L = q*sin(x) + r, −4.161468365, is forgotten"),
    (FORK, "x=2, y=5", "dx = y*sin(x)", "missing contribution", "this is only the share through q = x*y; others are forgotten"),
    ("L = a*a", "a=3", "da = a", "missing contribution", "the share through L = a*a, 3, is forgotten"),
    (FORK, "x=2, y=5", "dx = y*sin(x) - q*cos(x) + 1/y", "sign", "a sign error in the derivative of L = q*sin(x) + r with respect to x, q*cos(x)"),
    ("L = exp(x)*y", "x=1.5, y=2", "dx = x", "value", "this is the value of x"),
    ("L = x^3", "x=3", "dx = L", "value", "this is the value of L"),
    (CHAIN, AT, "dw = 2*(e - y)*e*x", "value", "the value of e = tanh(u)"),
    ("L = log(a)", "a=3", "da = a", "reciprocal", "this is 1 divided by the derivative"),
    ("L = a^3", "a=3", "da = a^2", "factor", "in the derivative of L = a^3 with respect to a, 27, the factor 3 is missing"),
    ("L = a^3", "a=3", "da = 3*a^3", "factor", "in the derivative of L = a^3 with respect to a, 27, the factor a = 3 is too many"),
    (CHAIN, AT, "db = (e - y)*(1 - e^2)", "factor", "in the derivative of L = (e - y)^2 with respect to e - y, −0.9989595776, the factor 2 is missing"),
    ("L = c*x^2", "c=2, x=3", "dx = 2*c", "factor", "in the derivative of x^2 with respect to x inside L = c*x^2, 6, the factor x = 3 is missing"),
    ("L = c*x^4", "c=2, x=3", "dx = 4*c", "factor", "in the derivative of x^4 with respect to x inside L = c*x^4, 108, the power of x is missing"),
    ("L = (a + b)*c", "a=2, b=3, c=4", "da = c/b", "factor", "the derivative of a + b with respect to a inside L = (a + b)*c, 1, is divided by b = 3"),
    ("L = max(a, b)*a", "a=2, b=3", "da = a + max(a, b)", "missing factor", "the derivative of max(a, b) with respect to a inside L = max(a, b)*a is 0 here, and the claim has 1"),
    ("L = if(x < 1, 0, sqrt(x)) + 3*x^2", "x=0.5", "dx = 3*x", "factor", "where the same branches are taken as at this point: in the derivative of x^2 with respect to x"),
    ("L = sin(a)*b", "a=1, b=2", "da = 2*b*cos(a)", "factor", "this is twice the derivative"),
    ("L = sin(a)*b", "a=1, b=2", "da = (b*cos(a))^2", "power", "this is the derivative squared"),
    (CLASSIC, POINT, "da = 0", "zero", "L does depend on a, through e = a*b"),
    (CLASSIC + "; z = 5", POINT, "dL/dz = 1", "independent", "L does not depend on z: the derivative is 0"),
    (CLASSIC, POINT, "da = 1/0", "no value", "the claim has no value at this point"),
    ("L = relu(w*x)*3", "w=5, x=2", "dw = x*3", "branch", "it is right only where the same branches are taken as at the given point"),
    ("L = a*b", "a=2, b=2", "da = a", "swapped", "the local derivative of L = a*b with respect to a is b, the claim has a"),
    ("L = a*b", "a=2, b=2", "da = a^3/4", "coincidence", "it is right at the given point, but not as a formula"),
    (CHAIN, AT, "du = 2*(e - y)*(1 - e)", "", ""),
    (CLASSIC, POINT, "db = 5.5", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "claim", "kind", "said"), MISTAKES)
def test_mistakes_are_named(text: str, at: str, claim: str, kind: str, said: str) -> None:
    model = library.parse(text)
    found = mark(model, read_claims(model, "L", [claim]), numbers(at), "L").marks[0]
    assert found.correct == (kind == "branch")
    assert (found.kind, found.diagnosis[: len(said)]) == (kind, said)
    assert found.chain.endswith(
        f" {found.example_right:.10g}".replace("-", "−").replace("e−0", "e−")
    )


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("dL/dg = g^2*x", "wrong"), ("dL/dx = 2*g", "right here"), ("dL/dx = g^2", "right"),
        ("dL/dg = 2*g*x", "right"), ("dL/dx = 4", "right"), ("dL/dg = 4*x", "right"), ("dL/dx = g", "wrong"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["const g = 2", "g = 2 in 2..2"])
def test_what_cannot_move_hides_no_mistake(text: str, claim: str, verdict: str) -> None:
    """The derivatives of g²·x, where 2·g is g² and g²·x is 2·g·x at the given g alone."""
    model = library.parse(f"{text}; L = g^2*x; x = 3")
    found = mark(model, read_claims(model, "L", [claim]), {}, "L").marks[0]
    assert found.verdict == verdict
    hidden = claim in ("dL/dg = g^2*x", "dL/dx = 2*g")
    assert found.diagnosis.startswith("it is right only at g = 2: ") == hidden


def test_a_derivative_whose_square_is_no_double() -> None:
    ran = backprop("check", "-e", "L = 1e200*a", "--set", "a=1", "--claim", "da = 3")
    assert (ran.status, ran.err) == (1, "")
    assert "∂L/∂a = 3 is wrong\n" in ran.out


def test_what_follows_from_a_wrong_claim_is_no_mistake_of_its_own() -> None:
    found = sheet(CLASSIC, POINT, "d = 2; e = 2; a = -6; c = 2; f = 4; b = 9")
    assert {name: each.kind for name, each in found.items()} == {
        "∂L/∂d": "sign", "∂L/∂e": "carried", "∂L/∂a": "carried", "∂L/∂c": "carried", "∂L/∂f": "", "∂L/∂b": "",
    }  # fmt: skip
    said = found["∂L/∂a"].diagnosis
    assert (
        said == "it follows from the claim ∂L/∂e = 2, which is wrong; the step from there is right"
    )
    found = sheet(CHAIN, AT, "de = (e - y); du = (e - y)*(1 - e^2); dw = (e - y)*(1 - e^2)*x")
    assert [each.kind for each in found.values()] == ["factor", "carried", "carried"]


def test_a_counter_example_is_one() -> None:
    """Its numbers are put into the equations again, and the claim is wrong there."""
    for text, at, claim, kind, _ in MISTAKES:
        model = library.parse(text)
        found = mark(model, read_claims(model, "L", [claim]), numbers(at), "L").marks[0]
        assert found.example is not None
        values = {name: number for name, number in found.example.items() if name in model.inputs}
        right = model.grad(values, "L").gradients.get(found.claim.by, 0.0)
        assert found.example_right == pytest.approx(right, rel=1e-12)
        assert kind == "no value" or found.example_claimed != pytest.approx(right, rel=1e-9)


def test_random_points_are_the_same_in_every_run() -> None:
    options = [
        "check",
        "-e",
        CLASSIC,
        "--set",
        POINT,
        "--claim",
        "da = a + b - 5 - f*2",
        "--format",
        "json",
    ]
    first, again, other = backprop(*options), backprop(*options), backprop(*options, "--seed", "1")
    assert first.out == again.out
    assert json.loads(other.out)["claims"][0]["verdict"] == "wrong"


def test_a_corner_inside_a_function_is_told_by_the_text_of_the_function() -> None:
    text = "f(t) = abs(t); L = f(x)"
    assert "(by abs(t))" in backprop("check", "-e", text, "--set", "x=0").out


def test_many_claims_about_a_large_graph() -> None:
    model = library.parse("L = " + " + ".join(f"a{n}^2" for n in range(1500)))
    values = {f"a{n}": float(n) for n in range(1500)}
    claims = "; ".join(
        [*(f"da{n} = 2*a{n}" for n in range(100)), *(f"da{n} = {2 * n}" for n in range(100, 1500))]
    )
    found = mark(model, read_claims(model, "L", [claims]), values)
    assert found.right
    wrong = mark(model, read_claims(model, "L", ["da7 = -14, da9 = a9"]), values).marks
    assert [each.kind for each in wrong] == ["sign", "value"]


def test_a_long_chain_does_not_recurse() -> None:
    model = library.parse(
        "; ".join(["v0 = x", *(f"v{n} = v{n - 1}*1.0001" for n in range(1, 5000))])
    )
    assert check_gradient(model, {"x": 1.0}).right
    assert check_gradient(model, {"x": 1.0}, None, True).right
    assert not mark(model, read_claims(model, "v4999", ["dx = 1"]), {"x": 1.0}).right


# ------------------------------------------------------------------------------ hostile claims


@pytest.mark.parametrize(
    ("claim", "status", "message"),
    [
        ("", 2, "there is no claim in this text"),
        ("  # nothing here", 2, "there is no claim in this text"),
        ("a", 2, "this is no claim: it has no '='"),
        ("dL/da == 3", 2, "write ="),
        ("dL/da ≈ 3", 2, "write ="),
        (r"\frac{\partial L}{\partial a} = 3", 2, "write ∂L/∂a\n"),
        (r"$\frac{\partial L}{\partial a} = 3$", 2, "write ∂L/∂a\n"),
        (r"\dfrac{dL}{da} &= 3", 2, "write dL/da\n"),
        (r"\frac{\mathrm{d}L}{\mathrm{d}a} = 3", 2, "write ∂L/∂a\n"),
        ("**dL/da** = 3", 2, "write dL/da\n"),
        ("a =", 2, "a number or a formula is missing here"),
        ("a = ; b = 3", 2, "a number or a formula is missing here"),
        ("= 5", 2, "a name is missing here"),
        ("a = 2x", 2, "a product needs its '*'"),
        ("a = (2", 2, "this '(' is never closed"),
        ("a = b = ", 2, "a number or a formula is missing here"),
        ("a = = 3", 2, "a number or a formula is missing here"),
        ("a = (b = 3)", 2, "a second '=' in one equation"),
        ("dL/da/db = 3", 2, "this is no derivative"),
        ("dL*da = 3", 2, "this is no derivative"),
        ("3 = a", 2, "this is no derivative"),
        ("3. L = a", 2, "write da = 6"),
        ("--- d = a", 2, "write da = 6"),
        ("a + b = 3", 2, "write da = 6"),
        (r"$\frac{ \partial L }{ \partial a }$ = 3", 2, "write ∂L/∂a\n"),
        ("f(x) = 3", 2, "this is no derivative"),
        ("L/a = 3", 1, "'L' is a name of these equations, and no differential"),
        ("x/da = 3", 2, "'x' is no differential"),
        ("dL/dq = 3", 1, "there is no 'q' in these equations"),
        ("dq = 3", 1, "there is no"),
        ("a = foo(3)", 1, "there is no function 'foo'"),
        ("a = sin(1, 2)", 1, "sin takes 1 argument, not 2"),
        ("a = q*b", 1, "there is no 'q' in these equations"),
        ("a = 1e999*b", 2, "a number too large for a double"),
        ("a = 6, da = 6", 1, "the derivative of L by a is claimed twice"),
        ("a = –6", 2, "EN DASH"),
        ("a = \x01", 2, "a control character"),
        ("a = x[1", 2, "never closed"),
        ("a : 6 : 7", 2, "has no meaning here"),
        ("∂/∂a = 3", 2, "this is no derivative"),
        ("d = , a = (", 2, "a number or a formula is missing here"),
    ],
)
def test_malformed_claims_are_pointed_at(claim: str, status: int, message: str) -> None:
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--claim", claim)
    assert (ran.status, ran.out) == (status, "")
    assert message in ran.err
    assert "Traceback" not in ran.err
    if claim.strip(" #nothigre"):
        assert "^" in ran.err


def test_unknown_names_have_a_suggestion_and_a_caret() -> None:
    ran = backprop("check", "-e", "speed = 3; L = speed^2", "--claim", "dsped = 6")
    assert "did you mean 'speed'?" in ran.err
    assert "    | ^^^^^" in ran.err
    ran = backprop("check", "-e", "speed = 3; L = speed^2", "--claim", "speed = 2*sped")
    assert "    |           ^^^^" in ran.err


def test_all_malformed_claims_are_shown_at_once() -> None:
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--claim", "q=1; b=2x; a=")
    assert ran.err.count("error:") == 3


def test_hostile_files(tmp_path: Path) -> None:
    file = tmp_path / "claims"
    options = ["check", "-e", CLASSIC, "--set", POINT, "--claims", str(file)]
    assert backprop(*options).status == 2  # there is none
    file.write_bytes(random.Random(1).randbytes(100_000))
    assert backprop(*options).status == 2
    file.write_text("a = 6\n" * 100_000)
    ran = backprop(*options)
    assert ran.status == 1
    assert len(ran.err) < 10_000
    file.write_text("a = " + "(" * 50_000 + "6" + ")" * 50_000)
    assert backprop(*options).status == 0
    file.write_text("a = 6" + " + 0" * 50_000)
    assert backprop(*options).status == 0


def test_an_input_that_only_a_claim_needs() -> None:
    ran = backprop(
        "check", "-e", "L = a^2; M = z*3", "--of", "L", "--set", "a=1", "--claim", "dM/dz = 3"
    )
    assert ran.status == 1
    assert "the input z has no value, and a claim needs it" in ran.err
    ran = backprop(
        "check", "-e", "L = a^2; M = z*3", "--of", "L", "--set", "a=1", "--claim", "da = 2*a"
    )
    assert ran.status == 0


def test_options_that_make_no_sense_together() -> None:
    base = ["check", "-e", CLASSIC, "--set", POINT]
    assert backprop(*base, "--precise", "--claim", "a=6").status == 2
    assert backprop(*base, "--tolerance", "0.1").status == 2
    assert backprop(*base, "--claims", "-", "--values", "-", stdin=b"a=1").status == 2
    assert backprop("check", "-e", "L = log(a)", "--set", "a=-1").status == 1


def test_claims_of_several_names_are_all_marked_at_the_given_point() -> None:
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--claim", "dL/da = f*b; de/da = b; dd/de = 1; dL/db = 2*f", "--format", "json")  # fmt: skip
    marks = json.loads(ran.out)["claims"]
    assert [(each["claimed"], each["value"]) for each in marks] == [
        (6, 6),
        (-3, -3),
        (1, 1),
        (-4, -4),
    ]
    assert [each["verdict"] for each in marks] == ["right", "right", "right", "wrong"]


def test_claims_of_members() -> None:
    text = "w[i] = i for i in 1..3; L = sum(w[i]^2*a for i in 1..3); a = 2"
    ran = backprop("check", "-e", text, "--claim", "dL/dw[3] = 2*w[3]*a; w[1] = 4, a: w[1]^2 + w[2]^2 + w[3]^2; dw[2] = 9", "--format", "json")  # fmt: skip
    marks = json.loads(ran.out)["claims"]
    assert [each["verdict"] for each in marks] == ["right", "right", "right", "wrong"]
