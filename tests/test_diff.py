"""Derivatives as formulas: `backprop diff`."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial, reduce
from pathlib import Path

import pytest

import backprop as library
from backprop import derived_formulas, gallery
from backprop.algebra.formula import TooLong
from backprop.errors import BackpropError, TooLarge
from backprop.indexed_derivatives import DiffRequest
from backprop.inputs import Inputs
from backprop.language.model import Model
from backprop.language.reading import read_model
from backprop.operations import OPERATIONS
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style
from backprop.source import Source
from backprop.symbolic.by_names import Derived
from backprop.symbolic.request import Request
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula
from counting import growth
from derived_again import assert_same, compare_families, size_of_terms, true_slope
from running import backprop
from truth import mp
from truth import truth as value_of

CLASSIC = "e = a*b; d = e+c; L = d*f"


def diff(*line: str) -> str:
    ran = backprop("diff", *line)
    assert (ran.status, ran.err) == (0, ""), ran
    return ran.out


def derived(
    text: str, shape: str, of: str | None = None, **more: object
) -> tuple[Model, list[Derived]]:
    model = read_model(Source("text", text))
    asked = Request(model, [of or model.outputs[0]], **more)  # type: ignore[arg-type]
    return model, getattr(asked, shape)()


def again(found: list[Derived]) -> str:
    return "\n".join(f"{each.name} = {each.formula.text()}" for each in found)


# ------------------------------------------------------------------------------------ the classic


def test_the_notebooks_graph() -> None:
    assert diff("-e", CLASSIC) == "dL_da = b*f\ndL_db = a*f\ndL_dc = f\ndL_df = a*b + c\n"


def test_step_by_step_intermediates_keep_their_names() -> None:
    out = diff("-e", CLASSIC, "--shape", "steps")
    assert (
        out
        == "e = a*b\nd = e + c\ndL_dd = f\ndL_de = dL_dd\ndL_da = b*dL_de\ndL_db = a*dL_de\ndL_dc = dL_dd\ndL_df = d\n"
    )


def test_the_result_is_an_equation_file_again(tmp_path: Path) -> None:
    """With defaults, `const`, bounds and ± as they were; every derivative in the data column."""
    text = "a = 2 in 0..5; b = -3 ± 0.1\nconst f = -2\nc = 10\n" + CLASSIC
    out = diff("-e", text)
    assert out.splitlines() == [
        "a = 2 in 0..5",
        "b = -3 ± 0.1",
        "const f = -2",
        "dL_da = b*f",
        "dL_db = a*f",
        "dL_dc = f",
    ]
    path = tmp_path / "grad.txt"
    path.write_text(out, encoding="utf-8")
    ran = backprop("grad", str(path), "--of", "*", "--format", "json")
    values = [json.loads(line)["value"] for line in ran.out.splitlines()]
    assert values == [6.0, -4.0, -2.0]
    assert backprop("grad", str(path), "--of", "dL_da").out.startswith("dL_da = 6\n")


@pytest.mark.parametrize(
    ("text", "numbers", "first"),
    [
        ("a = 2; L = a^3", "a=5", ["a = 5"]), ("L = a^3", "a=5", ["a = 5"]), ("const g = 2; L = g*a^2", "g=9.81, a=1", ["const g = 9.81", "a = 1"]),
        ("a = 2 ± 0.1 in 0..9; L = a^3", "a=5", ["a = 5 ± 0.1 in 0..9"]), ("a = 2*(1 + 1); L = a^3", "a=5", ["a = 5"]),
        ("n = 3; a = 2; x[i] = i for i in 1..n; L = sum(a*x[i] for i in 1..n)", "a=5, n=4", ["n = 4", "a = 5", "x[i] = i for i in 1..n"]),
    ],
)  # fmt: skip
def test_numbers_from_outside_stand_first(text: str, numbers: str, first: list[str]) -> None:
    """In the place of those of the file, with const, bounds and ± as they were."""
    out = diff("-e", text, "--set", numbers, "--shape", "steps").splitlines()
    assert out[: len(first)] == first


# ---------------------------------------------------------------------------------- expressions


@pytest.mark.parametrize(
    ("expression", "answer"),
    [  # from tables and exercises of calculus, as they print them
        ("x^2*sin(x)", "2*x*sin(x) + x^2*cos(x)"), ("x^3", "3*x^2"), ("sqrt(x)", "1/(2*sqrt(x))"),
        ("exp(-x^2)", "-2*x*exp(-x^2)"), ("log(x^2 + 1)", "2*x/(x^2 + 1)"), ("x/(1 + x^2)", "(1 - x^2)/(1 + x^2)^2"),
        ("(x^2 - 1)/(x^2 + 1)", "4*x/(x^2 + 1)^2"), ("x*log(x) - x", "log(x)"), ("log(log(x))", "1/(x*log(x))"),
        ("sin(x)/cos(x)", "1/cos(x)^2"), ("tan(x)", "1 + tan(x)^2"), ("sin(x)^2", "2*sin(x)*cos(x)"), ("exp(x)*sin(x)", "exp(x)*(sin(x) + cos(x))"),
        ("atan(x)", "1/(1 + x^2)"), ("2^x", "2^x*log(2)"), ("(3*x + 1)^5", "15*(3*x + 1)^4"), ("sqrt(1 - x^2)", "-x/sqrt(1 - x^2)"),
        ("x^2*exp(x)", "x*(x + 2)*exp(x)"), ("cos(3*x)", "-3*sin(3*x)"), ("5*x^4 - 3*x^2 + 7", "20*x^3 - 6*x"), ("x / 3", "1/3"),
        ("2*x^3/3", "2*x^2"), ("sin(cos(x))", "-cos(cos(x))*sin(x)"), ("log(sin(x))", "cot(x)"), ("sinh(x)", "cosh(x)"),
        ("tanh(x)", "sech(x)^2"), ("x^x", "x^x*(1 + log(x))"), ("(x^2 - 1)/(x - 1)", "1"), ("(x^3 - y^3)/(x - y)", "df_dx = 2*x + y\ndf_dy = x + 2*y"), ("x/(x^2 - 1)", "-(x^2 + 1)/(x^2 - 1)^2"), ("atan(x/y)", "df_dx = y/(x^2 + y^2)\ndf_dy = -x/(x^2 + y^2)"), ("abs(x)", "sign(x)"), ("1/(1 + exp(-x))", "exp(-x)/(1 + exp(-x))^2"),
        ("x*cbrt(x)", "4*cbrt(x)/3"), ("cbrt(x + 1)*(x + 1)", "4*cbrt(x + 1)/3"), ("(0 - x)/cbrt(x)", "-2/(3*cbrt(x))"),
        ("⅓·x²", "2*x/3"), ("x^⅓", "1/(3*x^(2/3))"), ("x*(-⅙)", "-1/6"), ("0.333*x", "0.333"),
        ("1/(x*y)", "df_dx = -1/(x^2*y)\ndf_dy = -1/(x*y^2)"),
        ("log(sec(x) + tan(x))", "sec(x)"), ("log(sec(x) - tan(x))", "-sec(x)"), ("log(csc(x) - cot(x))", "csc(x)"), ("csc(x)", "-csc(x)*cot(x)"), ("asin(sqrt(x))", "1/(2*sqrt(x)*sqrt(1 - x))"),
        ("atan(2*x/(1 - x^2))", "2/(x^2 + 1)"), ("atan((1 + x)/(1 - x))", "1/(x^2 + 1)"), ("(2*x + 1)/(x^2 + x + 1)^2", "-6*x*(x + 1)/(x^2 + x + 1)^3"),
        ("(exp(x) - 1)/x", "((x - 1)*exp(x) + 1)/x^2"), ("2^x*x^2", "2^x*x*(x*log(2) + 2)"), ("log((x/y)^2 + y/x)", "df_dx = (2*x^3 - y^3)/(x*(x^3 + y^3))\ndf_dy = (y^3 - 2*x^3)/(y*(x^3 + y^3))"),
        ("a/(x + 1/x) + 1/x", "df_da = x/(x^2 + 1)\ndf_dx = a*(1 - x^2)/(x^2 + 1)^2 - 1/x^2"), ("x^a*x", "df_dx = (a + 1)*x^a\ndf_da = x^(a + 1)*log(x)"),
        ("(2*x + 3)/sin(x^2)", "2*(sin(x^2) - x*(2*x + 3)*cos(x^2))/sin(x^2)^2"), ("abs(exp(x^2))", "2*x*exp(x^2)"), ("1/abs(3*x + 1)", "-3*sign(3*x + 1)/(3*x + 1)^2"),
        ("(x^3 - 3*x)*(x^3 - 3*x)", "6*x*(x^2 - 3)*(x^2 - 1)"), ("(x - y)/x/tanh(x)", "df_dx = (y*tanh(x) + x*(y - x)*sech(x)^2)/(x^2*tanh(x)^2)\ndf_dy = -1/(x*tanh(x))"),
        ("max(x >= y, x)", "df_dx = if((x >= y) >= x, 0, 1)\ndf_dy = 0"), ("((x > y) == (y > z))*x", "df_dx = (x > y) == (y > z)\ndf_dy = 0\ndf_dz = 0"),
        ("x^a + if(x > y, 1, 2)", "df_dx = a*x^(a - 1)\ndf_da = x^a*log(x)\ndf_dy = 0"),
        ("if(x > y, x^2, 3*x)*(x + a*x^2)", "df_dx = x*(1 + a*x)*if(x > y, 2*x, 3) + (1 + 2*a*x)*if(x > y, x^2, 3*x)\ndf_dy = 0\ndf_da = x^2*if(x > y, x^2, 3*x)"),
    ],
)  # fmt: skip
def test_an_expression_is_answered_by_the_formula_alone(expression: str, answer: str) -> None:
    assert diff(expression) == f"{answer}\n"


def test_gravity_has_its_second_derivatives_over_one_line() -> None:
    assert diff("1/hypot(x, y)", "--order", "2").splitlines() == [
        "d2f_dx2 = (2*x^2 - y^2)/hypot(x, y)^5",
        "d2f_dx_dy = 3*x*y/hypot(x, y)^5",
        "d2f_dy2 = (2*y^2 - x^2)/hypot(x, y)^5",
    ]


def test_several_names_give_a_line_each() -> None:
    assert (
        diff("a*exp(-b*x)") == "df_da = exp(-b*x)\ndf_db = -a*x*exp(-b*x)\ndf_dx = -a*b*exp(-b*x)\n"
    )
    assert diff("a*exp(-b*x)", "--wrt", "x") == "-a*b*exp(-b*x)\n"


@pytest.mark.parametrize(
    ("wrt", "lines"),
    [
        ("x, y, x", ["dL_dx = 2*x*y", "dL_dy = x^2"]),
        ("w[1,*], w", ["dL_dw[i,j] = 2*w[i,j] for i in 1..2, j in 1..2"]),
        ("w[1,*], w[*,1]", [f"dL_dw[{at}] = 2*w[{at}]" for at in ("1,1", "1,2", "2,1")]),
    ],
)
def test_nothing_is_derived_by_twice(wrt: str, lines: list[str]) -> None:
    """What stands there twice could not be read again."""
    text = (
        "w[i,j] = i*j for i in 1..2, j in 1..2; L = x^2*y + sum(w[i,j]^2 for i in 1..2, j in 1..2)"
    )
    made = diff("-e", text, "--wrt", wrt)
    assert [line for line in made.splitlines() if line.startswith("dL")] == lines
    library.parse(made)


def test_the_sign_of_an_exponent_that_comes_down_is_in_front() -> None:
    assert diff("k/r^(n+1)", "--wrt", "r") == "-k*(n + 1)/r^(n + 2)\n"
    assert diff("1/x^n", "--wrt", "x") == "-n/x^(n + 1)\n"
    assert diff("x^-n", "--wrt", "x") == "-n*x^(-n - 1)\n"  # which has a value at 0 for n = -2
    assert diff("A/r^n - B/r^m", "--wrt", "r") == "B*m/r^(m + 1) - A*n/r^(n + 1)\n"
    assert diff("a/(2*(1 + x)^n)", "--wrt", "x") == "-a*n/(2*(1 + x)^(n + 1))\n"
    assert diff("x^(-a-b)", "--wrt", "x") == "-(a + b)*x^(-a - b - 1)\n"


def test_an_expression_after_the_option_is_one_too() -> None:
    assert diff("-e", "1/x") == "-1/x^2\n"
    assert diff("-e", "-(x - y)*z", "--wrt", "z") == "y - x\n"


def test_products_that_nobody_wrote_have_their_names_first() -> None:
    out = diff("-e", "H = derivative(derivative(sin(x*y), x), y)")
    assert out == "dH_dx = -2*y*sin(x*y) - x*y^2*cos(x*y)\ndH_dy = -2*x*sin(x*y) - x^2*y*cos(x*y)\n"


def test_pretty_has_the_textbooks_form_and_says_that_it_is_lost_far_out() -> None:
    ran = backprop("diff", "-e", "L = atan(x/y)", "--pretty")
    assert ran.out == "∂L/∂x = y/(x^2 + y^2)\n∂L/∂y = −x/(x^2 + y^2)\n"
    assert "no value far out" in ran.err
    assert "far out" not in backprop("diff", "-e", "L = x^2*sin(x)", "--pretty").err


def test_a_file_wins_over_an_expression(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a*b").write_text("L = u^2", encoding="utf-8")
    assert diff("a*b") == "dL_du = 2*u\n"


# ------------------------------------------------------------------------------- higher orders


def test_higher_and_mixed_derivatives() -> None:
    assert diff("x^4", "--order", "2") == "12*x^2\n"
    assert diff("x^2*y^3", "--order", "2", "--wrt", "x, y") == "6*x*y^2\n"
    out = diff("-e", "L = x^2*y^3", "--order", "2")
    assert out == "d2L_dx2 = 2*y^3\nd2L_dx_dy = 6*x*y^2\nd2L_dy2 = 6*x^2*y\n"
    assert diff("-e", "L = x^2*y^3", "--order", "3", "--wrt", "x, x, y") == "d3L_dx2_dy = 6*y^2\n"


def test_steps_of_higher_orders_are_called_as_what_they_are() -> None:
    text = "a = x^2*y; b = a*sin(a); L = b*a"
    out = diff("-e", text, "--order", "3", "--wrt", "x", "--shape", "steps")
    names = [line.partition(" = ")[0] for line in out.splitlines()]
    assert names == [
        "a", "dL_db", "da_dx", "db_dx", "d2L_dx_db", "d2L_dx_da", "d2a_dx2", "d2b_dx2",
        "d3L_dx2_db", "d3L_dx2_da", "d3L_dx3",
    ]  # fmt: skip
    again, at = library.parse(out), {"x": 0.7, "y": 1.3}
    with mp.workprec(200):
        x, y = mp.mpf(0.7), mp.mpf(1.3)
        a, db, d2b = x**2 * y, lambda a: mp.sin(a) + a * mp.cos(a), lambda a: 2 * mp.cos(a) - a * mp.sin(a)  # fmt: skip
        truth = {
            "db_dx": db(a) * 2 * x * y,
            "d2b_dx2": d2b(a) * (2 * x * y) ** 2 + db(a) * 2 * y,
            "d3L_dx3": mp.diff(lambda x: (x**2 * y) ** 2 * mp.sin(x**2 * y), x, 3),
        }
    for name, wanted in truth.items():
        assert again.grad(at, of=name).value == pytest.approx(float(wanted), rel=1e-13)


OF_ONE = """
sin(x)*exp(x) | x^5*log(x) | tanh(x)^2 | 1/(1 + x^2) | sqrt(1 + x^3) | x^x | atan(x^2) | log(1 + exp(x)) | exp(-x^2/2) | sin(x)/x
cosh(x)*cos(x) | x^2.5 | cbrt(x) | erf(x)*x | gamma(x) | lgamma(x + 1) | sigmoid(3*x) | softplus(x) | asin(x/2) | acos(x/3)
asinh(x) | acosh(x + 1) | atanh(x/2) | log2(x) | log10(x + 2) | expm1(x)*x | log1p(x^2) | hypot(x, 2) | atan2(x, 3) | exp(sin(x))
(x^2 + 1)^-3 | x/(1 - x/7) | sec(x) | csc(x) | cot(x) | sinh(x)^3 | 2^(x^2) | normcdf(x) | normpdf(x) | sinc(x)
digamma(x) | logsumexp(x, 2*x, 1) | silu(x) | gelu(x) | tan(x) | exp2(x)/x | logsigmoid(x) | mish(x) | 1/(exp(x) - 0.5)
log(x + sqrt(1 + x^2)) | x^2*sin(1/x) | atan(2*x/(1 - x^2)) | log(sec(x) + tan(x))
"""  # fmt: skip
FUNCTIONS_OF_ONE = [each.strip() for each in OF_ONE.replace("\n", "|").split("|") if each.strip()]
assert len(FUNCTIONS_OF_ONE) > 50


@pytest.mark.parametrize("text", FUNCTIONS_OF_ONE)
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_third_derivatives_are_mpmaths(text: str, shape: str) -> None:
    """mpmath's differences at 60 digits, of its own functions; at a point of no row's table."""
    at = 0.7310585786300049
    try:
        _, found = derived(f"y = {text}", shape, order=3)
    except TooLong:
        assert (shape, text) == ("nested", "sinc(x)")  # a series of ten terms
        return
    value = library.parse(again(found)).grad({"x": at}, of="d3y_dx3").value
    with mp.workprec(400):
        wanted = mp.diff(lambda x: precisely(text, x), mp.mpf(at), 3)
    assert value == pytest.approx(float(wanted), rel=1e-12)


def precisely(text: str, x: object) -> object:
    """A formula of x by mpmath's functions and the textbook's definitions."""

    def apply(name: str, operands: list[object]) -> object:
        row = OPERATIONS[name]
        operands = (
            [*operands, *row.defaults[len(operands) - row.arity :]]
            if len(operands) < row.arity
            else operands
        )
        if row.folds and len(operands) > 2:
            return reduce(lambda one, other: value_of(name)(one, other), operands)
        return value_of(name)(*operands)

    return fold(formula(text), mp.mpf, {"x": x, "pi": mp.pi}.__getitem__, apply)


# -------------------------------------------------------------------------- against `grad`


def compare(text: str, numbers: dict[str, float], shape: str, of: str) -> int:
    """Every derivative of a text, written as `diff` writes it and read again, with what `grad` says.
    How many were compared."""
    found = derived_formulas.diff(Inputs(expressions=[text], of=[of]), DiffRequest(shape=shape))
    written = write(found, Style())
    result, whole = library.parse(text).grad(numbers, of=of), library.parse(written)
    known = {name: result.data[name] for name in result.data if name in whole.inputs}
    if any(each.behind for each in found.equations):
        return compare_families(text, numbers, found, of)
    compared = 0
    for each in found.equations:
        if not each.of or each.name not in found.asked or each.name not in whole.names:
            continue
        (by,) = each.wrt
        wanted = result.gradients[by]
        if math.isfinite(wanted):
            is_number = each.name in whole.inputs
            own = whole.default(each.name) if is_number else whole.grad(known, of=each.name)
            true, terms = partial(true_slope, text, numbers, of, by), partial(size_of_terms, text, numbers, of, by)  # fmt: skip
            assert_same(own, wanted, written, true, terms)
            compared += 1
    return compared


OPERATORS = [
    row
    for row in OPERATIONS.values()
    if row.name not in ("copy", "pivot", "below", "above", "polygamma")
]


def _equation(row_name: str, names: list[str]) -> str:
    row = OPERATIONS[row_name]
    if row_name == "neg":
        return f"-{names[0]}"
    if row.name.isidentifier() and row.name not in ("and", "or", "not"):
        return f"{row.name}({', '.join(names)})"
    return f"{row.name} {names[0]}" if row.arity == 1 else f"{names[0]} {row.name} {names[1]}"


@pytest.mark.parametrize("shape", ["nested", "steps"])
@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operation(row: object, shape: str) -> None:
    names = [f"x{at}" for at in range(row.arity)]
    text = f"y = {_equation(row.name, names)}"
    compared = sum(
        compare(text, dict(zip(names, point, strict=True)), shape, "y") for point in row.samples
    )
    assert compared


TOO_LONG = {"logistic_regression", "pendulum_period", "portfolio", "predator_prey", "two_moons"}
"""Examples of which a closed formula is too long."""


SLOW = {("predator_prey", "steps"), ("two_moons", "nested")}
"""Examples whose numbers are compared with mpmath's for minutes."""

GALLERY = [
    pytest.param(each.name, shape, marks=[pytest.mark.whole] if (each.name, shape) in SLOW else [])
    for each in gallery.examples()
    for shape in ("nested", "steps")
    if "/" not in each.name
]


@pytest.mark.parametrize(("name", "shape"), GALLERY)
def test_the_gallery(name: str, shape: str) -> None:
    text = gallery.example(name).text
    model = read_model(Source(name, text))
    try:
        assert compare(text, {}, shape, model.output(None))
    except TooLarge:
        assert shape == "nested"
        assert name in TOO_LONG


class Expressions:
    """Random expressions in three names that are finite at random points."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"diff {seed}")

    def text(self, depth: int) -> str:
        chance = self.chance
        if depth == 0 or chance.random() < 0.15:
            return chance.choice(
                ["x", "y", "z", "x", "y", str(chance.randint(1, 9)), "0.5", "pi", "1.25"]
            )
        kind = chance.random()
        one = self.text(depth - 1)
        if kind < 0.5:
            return f"({one} {chance.choice('+-**/')} {self.text(depth - 1)})"
        if kind < 0.62:
            return (
                f"{one}^{chance.choice(['2', '3', '0.5', '(-1)', '1.5', '(1/3)'])}"
                if one.isalnum()
                else f"({one})^2"
            )
        if kind < 0.68:
            return f"if({one} > {self.text(1)}, {self.text(depth - 1)}, {self.text(depth - 1)})"
        if kind < 0.76:
            return f"{chance.choice(['max', 'min', 'hypot', 'atan2', 'logsumexp'])}({one}, {self.text(depth - 1)})"
        name = chance.choice(
            "sin cos tanh exp log sqrt atan sigmoid softplus erf cbrt asinh relu abs log1p sinh".split()
        )
        return f"{name}({one})"

    def model(self) -> str:
        lines = [f"u = {self.text(2)}", f"v = {self.text(2)}"]
        last = self.text(3).replace("z", "u" if self.chance.random() < 0.7 else "z")
        return "; ".join(
            [*lines, f"L = {last} + {self.chance.choice(['u*v', 'v', 'sin(v)*u', 'x*v'])}"]
        )


def _random(numbers: range, shape: str) -> Iterator[int]:
    for seed in numbers:
        expressions = Expressions(seed)
        text = expressions.model()
        point = {name: expressions.chance.uniform(0.2, 2.5) for name in "xyz"}
        try:
            model = library.parse(text)
            known = {name: point[name] for name in model.inputs if name in point}
            model.grad(known, of="L")
        except BackpropError:
            continue  # it has no value there
        yield compare(text, known, shape, "L")


@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_random_expressions(shape: str, request: pytest.FixtureRequest) -> None:
    """1,000 with --whole; derivatives by every input, written and read again, are those of `grad`."""
    many = 1600 if request.config.getoption("--whole") else 120
    assert sum(1 for each in _random(range(many), shape) if each) > many / 2


# --------------------------------------------------------------------------------------- size


def _chain(size: int) -> str:
    lines = [f"v{at} = v{at - 1}*{'xy'[at % 2]} + sin(v{max(0, at - 3)})" for at in range(1, size)]
    return "\n".join(["v0 = x*y", *lines])


def test_steps_grow_linearly() -> None:
    def work(size: int) -> list[Derived]:
        return derived(_chain(size), "steps", f"v{size - 1}")[1]

    sizes = {size: sum(len(each.formula.text()) for each in work(size)) for size in (200, 400)}
    assert sizes[400] < 2.2 * sizes[200]
    assert growth(work, 100) < 2.3


def test_a_hundred_thousand_operations_take_linear_time_and_size(
    request: pytest.FixtureRequest,
) -> None:
    """With --whole; else ten thousand beside two thousand. Names get longer with their numbers."""
    most = 100_000 if request.config.getoption("--whole") else 10_000

    def work(size: int) -> int:
        lines = [f"z{at} = sin(z{at - 1})*{'xy'[at % 2]}" for at in range(1, size // 2)]
        text = "\n".join(["x = 0.3; y = 0.7; z0 = x*y", *lines])
        found = derived_formulas.diff(Inputs(expressions=[text]), DiffRequest(shape="steps"))
        return sum(len(each.line) for each in found.equations)

    times, sizes = {}, {}
    for size in (most // 5, most):
        begin = time.process_time()
        sizes[size] = work(size)
        times[size] = time.process_time() - begin
    assert sizes[most] < 6 * sizes[most // 5]
    assert times[most] < 7 * times[most // 5]


def test_one_long_equation_is_cut_and_right() -> None:
    text = "x = 0.5; y = 0.25\nL = " + " + ".join(f"x*sin(y*{at})" for at in range(400))
    _, found = derived(text, "steps")
    assert max(each.formula.size for each in found) < 400
    whole = library.parse("x = 0.5; y = 0.25\n" + again(found))
    wanted = library.parse(text).grad().gradients
    for name in "xy":
        assert whole.grad(of=f"dL_d{name}").value == pytest.approx(wanted[name], rel=1e-13)


# ------------------------------------------------------------------------------------- formats


def test_pretty_is_the_textbooks_form() -> None:
    ran = backprop("diff", "tanh(x)", "--pretty")
    assert ran.out == "1 − tanh(x)^2\n"
    assert "slopes of tanh are those of textbooks, which may lose digits far out" in ran.err
    assert backprop("diff", "sin(x)", "--pretty").err == ""
    out = backprop("diff", "-e", "h = tanh(z); L = h^2", "--pretty", "--shape", "steps").out
    assert out.splitlines() == ["h = tanh(z)", "dL/dh = 2·h", "dL/dz = (1 − h^2)·(dL/dh)"]


def test_latex_and_markdown() -> None:
    out = diff("-e", CLASSIC, "--format", "latex", "--wrt", "a")
    assert out == "\\begin{align*}\n\\frac{dL}{da} &= b f\n\\end{align*}\n"
    out = diff("-e", CLASSIC, "--format", "markdown")
    assert out.splitlines()[3] == "- $\\frac{\\partial L}{\\partial f} = a b + c$"


def test_json() -> None:
    found = json.loads(diff("-e", CLASSIC, "--format", "json", "--wrt", "f"))
    assert found == {
        "schema": 1, "outputs": ["L"], "shape": "nested", "given": [],
        "equations": [{"name": "dL_df", "formula": "a*b + c", "of": "L", "wrt": ["f"], "order": 1, "asked": True}],
    }  # fmt: skip


def test_a_name_that_is_taken_gets_a_stroke_more() -> None:
    assert diff("-e", "dL_da = 3; L = a^2*dL_da", "--wrt", "a") == "dL_da = 3\ndL_da_ = 2*a*dL_da\n"


@pytest.mark.parametrize(
    ("line", "out"),
    [
        (["x*exp(1)"], "exp(1)"), (["exp(x)*exp(1 - x)*y", "--wrt", "y"], "exp(1)"), (["sinc(x)"], "(cos(x) - sinc(x))/x"),
        (["-e", "L = x'*x^2"], "dL_dx_prime = x^2\ndL_dx = 2*x'*x"), (["-e", "L = pi^x"], "dL_dx = pi^x*log(pi)"),
        (["-e", "L = x^x"], "dL_dx = if(x == 0, 0, x^x) + x^x*log(x)"), (["-e", "L = x1^3", "--order", "2"], "d2L_dx1_dx1 = 6*x1"),
        (["-e", "L = atan2(y, x)"], "dL_dy = x/hypot(x, y)/hypot(x, y)\ndL_dx = -y/hypot(x, y)/hypot(x, y)"),
        (["a*exp(-b*t)*cos(w*t)", "--wrt", "t"], "-a*exp(-b*t)*(b*cos(w*t) + w*sin(w*t))"),
    ],
)  # fmt: skip
def test_names_and_formulas_can_be_read_again(line: list[str], out: str) -> None:
    assert diff(*line) == f"{out}\n"
    library.parse(f"L_ = 1\n{out}" if " = " in out else f"L_ = {out}")


def test_what_has_no_value_anywhere_is_left_out() -> None:
    ran = backprop("diff", "-e", "L = polygamma(n, x)")
    assert ran.out == "dL_dx = polygamma(n + 1, x)\n"
    assert "dL_dn has no value anywhere" in ran.err
    assert backprop("diff", "polygamma(n, x)", "--wrt", "n").status == 2


def test_common_factors_that_come_back_are_taken_out_once() -> None:
    text = "(x - y)*x^3*relu(0.5*3)/((x - 1.25)/cos(pi)*logsumexp(y*x, max(x, y)))"
    assert compare(f"L = {text}", {"x": 0.7, "y": 1.9}, "nested", "L") == 2


def test_shapes_by_length() -> None:
    long = "L = " + "*".join(f"(sin(a*{at}) + cos(a*{at}))" for at in range(2, 9))
    ran = backprop("diff", "-e", long)
    assert ran.status == 0
    assert "step by step: a formula would have over 120 characters" in ran.err
    assert backprop("diff", "-e", long, "--shape", "nested").err == ""


def test_a_series_keeps_its_small_numbers() -> None:
    """sinc's slope near 0, without a denominator over all: -1.4797143443923793e-16*x*(2252687044608000 + …).
    Values beside mpmath's."""
    (line,) = library.parse("L = sinc(x)").diff(shape="nested").formulas.values()
    assert max(map(int, re.findall(r"\d+", line.split("),")[0].split(", ", 1)[1]))) < 100_000
    for x in (1e-8, 0.01, 0.3, 0.9, 0.9999, 1.5, 30.0):
        with mp.workdps(60):
            true = (mp.cos(x) - mp.sin(x) / x) / x
        value = library.parse(f"y = {line}").grad({"x": x}).value
        assert value == pytest.approx(float(true), rel=1e-15 if x < 1 else 1e-14)


def test_a_number_before_a_fraction_is_above_its_line() -> None:
    """Where a quotient is kept as it is computed it was `2*1/(b + a)`, and `10*1/a^2` in the cosine."""
    model = library.parse("v = 2/(b + a); y = sin(10/a^2)*v*a")
    line = model.diff(wrt="a").formulas["dy_da"]
    assert line == "2/(b + a)*((1 - a/(b + a))*sin(10/a^2) - 20*cos(10/a^2)*(1/a^2))"
    a, b = 1.75, -0.5
    true = mp.diff(lambda a: mp.sin(10 / a**2) * 2 / (b + a) * a, a)
    assert library.parse(f"g = {line}").grad({"a": a, "b": b}).value == pytest.approx(
        float(true), rel=1e-13
    )


def test_names_that_cancel_in_one_of_two_forms() -> None:
    """`if(y <= u, x, x)` has u in it as it is computed, and as a formula not: that ended in a traceback."""
    text = "u = 2; v = a*b; L = if(x > b, u, v)/if(y <= u, x, x)*(x*y - clamp(u, -1, 2))"
    start = {"a": 1.5, "b": 0.25, "x": 0.125, "y": 3.0}
    wanted = library.parse(text).grad(start).gradients
    for shape in ("nested", "steps"):
        found = library.parse(str(library.parse(text).diff(shape=shape)))
        for name in start:
            by = found.grad({**start}, of=f"dL_d{name}").value
            assert by == pytest.approx(wanted[name], rel=1e-14)


# -------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["x^2", "--order", "0"], "--order 0: it is at least 1"), (["x^2", "--order", "two"], "--order takes a whole number"),
        (["x^2", "--wrt", "q"], "'q'"), (["2 + 3"], "no inputs to be derived by"), (["x +* 3"], "two operators side by side"),
        (["-e", "y[i] = i*a for i in 1..3", "--of", "y"], "'y' is 3 numbers"), (["x*y*z", "--order", "2", "--wrt", "x, y, z"], "by 2 names"),
        (["x^2", "--format", "csv"], "csv"), (["x^2", "--pretty", "--format", "json"], "--pretty has no place"), (["x^2", "--shape", "flat"], "flat"),
        (["nofile.txt"], "there is no file nofile.txt"),
    ],
)  # fmt: skip
def test_mistakes(line: list[str], said: str) -> None:
    ran = backprop("diff", *line)
    assert ran.status in (1, 2)
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_sympy_is_not_imported() -> None:
    code = "import sys; sys.argv = ['backprop', 'diff', 'x^2']\nfrom backprop.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nassert not {'sympy', 'numpy', 'scipy'} & {*sys.modules}"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
        == 0
    )
