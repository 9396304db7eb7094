"""Second derivatives where 0·∞ stands behind what a power of the distance is lost in, `acosh(1 + x^4)`; and what is
said where doubles are too far apart for second derivatives to say anything."""

from __future__ import annotations

from math import inf, isnan, nan, sqrt
from typing import Any

import mpmath
import pytest

import backprop
from backprop.evaluation.directions import along
from backprop.evaluation.hessian_matrix import hessian_at
from backprop.evaluation.hessian_parts import diagonal, times
from backprop.language.reading import read_carefully
from backprop.source import Source


def model(text: str) -> Any:
    return read_carefully(Source("<text>", text))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("acosh(1 + x^4)", 2 * sqrt(2)),
        ("acosh(cosh(x^2))", 2),
        ("acos(1 - x^4)", 2 * sqrt(2)),
        ("asin(1 - x^4)", -2 * sqrt(2)),
        ("sqrt(1 + x^4 - 1)", 2),
        ("sqrt(1 - cos(x^2))", sqrt(2)),
        ("sqrt(exp(x^4) - 1)", 2),
        ("log(1 + x^4)^0.5", 2),
        ("sqrt(2 - 2*sqrt(1 - x^4))", 2),
        ("acosh(cosh(x))^2", 2),
        ("sqrt((exp(x) - 1)^4)", 2),
        ("cbrt(exp(x^6) - 1)", 2),
        ("sqrt(1 + x^8 - 1)", 0),
        ("acosh(cosh(x))", 0),  # beside the corner, as of abs(x)
        ("acosh(1 + (0.5*x)^2)", 0),
        ("acosh(1 + relu(x)^4)", nan),  # 0 from the left, 2.8 from the right
        ("acosh(cosh(relu(x)^2))", nan),
        ("acos(1 - relu(x)^4)", nan),
        ("x^2 - acosh(1 + relu(x)^4)", nan),
        ("acosh(1 + (x*leaky_relu(x))^2)", nan),
    ],
)
def test_powers_that_are_lost_in_what_they_are_added_to(text: str, right: float) -> None:
    """By their series at 0, by hand."""
    whole = f"y = {text}; x = 0"
    found = hessian_at(model(whole), {})
    assert found.matrix.item() == pytest.approx(right, rel=1e-12, abs=1e-12, nan_ok=True)
    assert diagonal(model(whole), {}).numbers.item() == pytest.approx(right, abs=1e-12, nan_ok=True)
    product = times(model(whole), {}, {"x": 0.5}).numbers.item()
    assert product == pytest.approx(right / 2, abs=1e-12, nan_ok=True)
    if isnan(right) or "acosh" in text:
        assert found.curvature.verdict == (
            "not smooth" if isnan(right) or right == 0 else "minimum"
        )
    if right:
        line = along(model(whole), {}, ["y"], {"x": 1.0}, 2).derivatives[0, 1]
        assert line == pytest.approx(right, rel=1e-12, nan_ok=True)


def test_powers_of_two_inputs_that_are_lost() -> None:
    found = hessian_at(model("y = acosh(1 + (x^2 + z^2)^2); x = 0; z = 0"), {}).matrix
    assert found.diagonal() == pytest.approx([2 * sqrt(2)] * 2, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "mod(a, 10)^2; a = 100000000000000048",
        "sin(a); a = 1e17",
        "cos(a); a = 4e16",
        "cos(a); a = 3e15",
        "cos(a); a = 1e20",
        "cos(a) + cos(b); a = 1e17; b = 1e17",
        "cos(x*1e17); x = 1",
        "sin(exp(x)); x = 39",
        "sin(1/x); x = 1e-17",
        "sin(x^9); x = 77",
    ],
)
def test_nothing_is_said_where_doubles_are_too_far_apart(text: str) -> None:
    """The next double has other second derivatives, and a gradient of another sign: no gradient is 0 here."""
    found = hessian_at(model(f"L = {text}"), {})
    assert found.curvature.norm > 1e-3
    assert found.curvature.verdict == "cannot tell: rounding"
    assert found.curvature.error == inf


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("cos(x); x = 3.141592653589793", "minimum"),
        ("(x - 1e6)^2 + (x*z - 2)^2; x = 1e6; z = 2e-6", "minimum"),
        ("1e17*(x - 0.1)^2 - x; x = 0.1", "minimum"),
        ("sin(a); a = 1e3", "curved down"),
    ],
)
def test_something_is_said_where_they_are_near_enough(text: str, verdict: str) -> None:
    assert hessian_at(model(f"L = {text}"), {}).curvature.verdict == verdict


def test_a_logistic_regression_far_from_its_minimum_has_its_curvature() -> None:
    """All chances are 0 but for 1e-70 to 1e-18, and in doubles 1 less them is 1: the second derivatives, sums of
    p*(1 - p)*x*x', are what rounding takes. Here by mpmath with 60 digits."""
    ages = [20.5 + 59 * ((7 * at) % 40) / 40 for at in range(40)]
    data = {"age": ages, "ill": [float(at % 4 == 0) for at in range(40)]}
    text = (
        "z = a + b*age; p = sigmoid(z); L = -mean(ill*log(p) + (1 - ill)*log(1 - p)); a = 0; b = -2"
    )
    found = backprop.parse(text, data=data).hessian(wrt=["a", "b"])
    with mpmath.workdps(60):
        right = mpmath.zeros(2)
        for age in ages:
            chance = 1 / (1 + mpmath.exp(2 * mpmath.mpf(age)))
            for one in range(2):
                for other in range(2):
                    by = (1, mpmath.mpf(age))
                    right[one, other] += chance * (1 - chance) * by[one] * by[other] / 40
        for one in range(2):
            for other in range(2):
                assert abs(found.matrix[one, other] / right[one, other] - 1) < 1e-12
