"""Formulas of derivatives of random expressions beside mpmath's differences."""

from __future__ import annotations

import math
from functools import reduce

import pytest

import backprop as library
from backprop import derived_formulas
from backprop.errors import BackpropError
from backprop.indexed_derivatives import DiffRequest
from backprop.inputs import Inputs
from backprop.operations import OPERATIONS
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula
from derived_again import EPSILON, size_of_terms
from test_diff import Expressions
from truth import mp
from truth import truth as value_of


def precisely(text: str, values: dict[str, object]) -> object:
    """An expression by mpmath's functions and the textbook's definitions; pi is the double, for sin(pi)."""

    def apply(name: str, operands: list[object]) -> object:
        row = OPERATIONS[name]
        if row.folds and len(operands) > 2:
            return reduce(lambda one, other: value_of(name)(one, other), operands)
        return value_of(name)(*operands)

    return fold(formula(text), mp.mpf, {**values, "pi": mp.mpf(math.pi)}.__getitem__, apply)


def slope(text: str, point: dict[str, float], name: str) -> object:
    """The derivative by mpmath, from both sides; None at a corner and a pole."""
    with mp.workprec(1600):
        values = {each: mp.mpf(number) for each, number in point.items()}

        def along(moved: object) -> object:
            return precisely(text, {**values, name: moved})

        step = mp.mpf(2) ** -500
        at = values[name]
        try:
            here, left, right = along(at), along(at - step), along(at + step)
        except ZeroDivisionError:
            return None  # x - x below a line, which doubles have rounded
        before, after = (here - left) / step, (right - here) / step  # type: ignore[operator]
        if abs(before - after) > mp.mpf(2) ** -90 * (1 + abs(before)):
            return None
        return (before + after) / 2


@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_random_expressions_are_mpmaths(shape: str, request: pytest.FixtureRequest) -> None:
    """To 1e-12 times one and the condition; 1,000 and more with --whole."""
    many, compared = 2500 if request.config.getoption("--whole") else 90, 0
    for seed in range(50_000, 50_000 + many):
        expressions = Expressions(seed)
        text = expressions.text(4)
        point = {name: expressions.chance.uniform(0.2, 2.5) for name in "xyz"}
        try:
            model = library.parse(f"L = {text}")
            known = {name: point[name] for name in point if name in model.inputs}
            if not known:
                continue
            model.grad(known, of="L")
            found = derived_formulas.diff(
                Inputs(expressions=[f"L = {text}"], of=["L"]), DiffRequest(shape=shape)
            )
        except BackpropError:
            continue  # it has no value there, or no short formula
        whole = library.parse(write(found, Style()))
        for each in found.equations:
            if each.name not in found.asked:
                continue
            (name,) = each.wrt
            wanted = slope(text, known, name)
            if wanted is None:
                continue
            given = {one: known[one] for one in known if one in whole.inputs}
            own = whole.grad(given, of=each.name) if whole.is_equation(each.name) else None
            value = whole.default(each.name) if own is None else own.value
            moved = sum(abs(s * own.data[one]) for one, s in own.gradients.items()) if own else 0
            slack = 1e-12 * (abs(float(wanted)) + moved) + 4 * EPSILON * size_of_terms(
                f"L = {text}", known, "L", name
            )  # type: ignore[arg-type]
            assert value == pytest.approx(float(wanted), rel=0, abs=slack), (text, known, name)  # type: ignore[arg-type]
            compared += 1
    assert compared > many


FAR = [
    ("atan(x/y)", {"x": 1e-200, "y": 2e-200}), ("1/(x*y)", {"x": 1e-200, "y": 1e200}), ("x/(1 + x^2)", {"x": 1e120}), ("x/y", {"x": 1e-200, "y": 3e-200}),
    ("(x - y)/(x + y)", {"x": 1e-200, "y": 3e-200}), ("x*z/y^2", {"x": 1e150, "y": 1e120, "z": 1e90}), ("tanh(x/y)", {"x": 1e-200, "y": 3e-200}),
    ("1/(x*y*z)", {"x": 1e-150, "y": 1e-150, "z": 1e300}), ("log(1 + x/y)", {"x": 1e200, "y": 1e200}),
    ("log(1 + (x/y)^2)", {"x": 1e-200, "y": 2e-200}), ("(x/y)^2*exp(-(x/y)^2)", {"x": 1e200, "y": 2e200}), ("atanh(x/y)", {"x": 1e-200, "y": 3e-200}),
    ("x*y/(x + y)", {"x": 1e150, "y": 3e149}), ("1/(1/x + 1/y)", {"x": 1e-200, "y": 3e-200}), ("1/(1 + (x/y)^3)", {"x": 1e200, "y": 2e200}),
    ("(1 - x/y)^2", {"x": 1e-200, "y": 3e-200}), ("atan(x/y/z)", {"x": 1e-200, "y": 1e-100, "z": 1e-100}), ("sqrt(1 + (x/y)^2)", {"x": 1e200, "y": 1e200}),
    ("K/(1 + (K - z)/z*exp(-x))", {"K": 1e-160, "z": 3e-160, "x": 1.5}), ("K/(1 + (K - z)/z*exp(-x))", {"K": 1e160, "z": 3e-140, "x": 1.5}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "point"), FAR)
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_formulas_have_values_as_far_out_as_grad(text: str, point: dict[str, float], shape: str) -> None:  # fmt: skip
    inputs = Inputs(expressions=[f"L = {text}"], of=["L"])
    found = derived_formulas.diff(inputs, DiffRequest(shape=shape))
    whole, gradients = library.parse(write(found, Style())), library.parse(f"L = {text}").grad(point).gradients  # fmt: skip
    for name, number in point.items():
        with mp.workprec(4000):
            exact = {each: mp.mpf(value) for each, value in point.items()}
            wanted = float(mp.diff(lambda at, name=name, exact=exact: precisely(text, {**exact, name: at}), exact[name], h=mp.mpf(number) * mp.mpf(2) ** -900))  # fmt: skip
        assert gradients[name] == pytest.approx(wanted, rel=1e-12)
        given = {each: value for each, value in point.items() if each in whole.inputs}
        assert whole.grad(given, of=f"dL_d{name}").value == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("L = atan(x/y)", ["y/hypot(x, y)/hypot(x, y)", "-x/hypot(x, y)/hypot(x, y)"]), ("q = x/y; L = log(1 + q^2)", ["2*x/hypot(x, y)/hypot(x, y)", "-2*(x/hypot(x, y))^2/y"]),
        ("L = atanh(x/y)", ["y/(y + x)/(y - x)", "-x/(y + x)/(y - x)"]), ("L = x*y/(x + y)", ["(y/(x + y))^2", "(x/(x + y))^2"]),
        ("L = K/(1 + (K/10 - 1)*exp(-x)) - 1/(K + 1)^2", ["100*(1 - exp(-x))/(10 + (K - 10)*exp(-x))^2 + 2/(K + 1)^3"]),
        ("L = K/(1 + (K - z)/z*exp(-x))", ["(z/(z + (K - z)*exp(-x)))^2*(1 - exp(-x))", "K/(z + (K - z)*exp(-x))*(K*exp(-x)/(z + (K - z)*exp(-x)))", "K/(z + (K - z)*exp(-x))*(z/(z + (K - z)*exp(-x)))*(K - z)*exp(-x)"]),
        ("L = atanh(x/6)", ["6/((6 - x)*(6 + x))"]),
    ],
)  # fmt: skip
def test_what_is_far_out_has_no_fractions_in_fractions(text: str, lines: list[str]) -> None:
    found = derived_formulas.diff(Inputs(expressions=[text], of=["L"]), DiffRequest(shape="nested"))
    assert [each.line.partition(" = ")[2] for each in found.equations][: len(lines)] == lines
