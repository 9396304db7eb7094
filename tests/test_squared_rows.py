"""Sums of squares by loops: their residuals and slopes are those of the unrolled text, and fits take its steps."""

import numpy
import pytest

from backprop.descent import minimize
from backprop.descent.begin import begin
from backprop.descent.choices import parameters
from backprop.descent.result import Descent
from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.source import Source
from certified_fits import certified_fits

FITS = {fit.name: fit for fit in certified_fits()}

_DATA = "x[i] = i/10 for i in 1..50; const x; a = 1; b = 2; "

TEXTS = {
    "in the sum": _DATA + "L = sum((sin(x[i]) - a*exp(-b*x[i]))^2 for i in 1..50)",
    "a family": _DATA + "r[i] = sin(x[i]) - a*exp(-b*x[i]) for i in 1..50; L = sum(r[i]^2 for i in 1..50)",
    "a product": _DATA + "r[i] = sin(x[i]) - a*b*x[i] for i in 1..50; L = sum(r[i]*r[i] for i in 1..50)/2",
    "a mean": _DATA + "L = mean((sin(x[i]) - a*exp(-b*x[i]))^2 for i in 1..50) + 0.01*(a^2 + b^2)",
    "weighed": _DATA + "w[i] = 1/i for i in 1..50; const w; L = sum(w[i]*(x[i] - a*exp(b*x[i]))^2/x[i] for i in 1..50)",
    "in names": _DATA + "e[i] = (a*b - x[i])^2/2 for i in 1..50; S = sum(e[i] for i in 1..50); p = a^2 + b^2; L = S/7 + 0.3*p",
    "many inputs": "p[j] = 1/j for j in 1..4; L = sum((sin(i) - sum(p[j]*i^j for j in 1..4))^2 for i in 1..50) + sum(p[j]^2 for j in 1..4)",
    "nested": "a = 1; b = 2; L = sum(sum((a*i + b*j - i*j)^2 for j in 1..5) for i in 1..7)",
    "neighbours": "x[i] = -1.2 for i in 1..20; L = sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..19)",
    "in time": "h[0] = 0.1; a = 0.5; b = 0.3; h[t] = tanh(a*h[t-1] + b) for t in 1..30; L = sum((h[t] - 0.5)^2 for t in 1..30)",
}  # fmt: skip

NONE = {
    "something else": "x[i] = -1.2 for i in 1..20; L = sum((x[i+1] - x[i]^2)^2 + x[i] for i in 1..19)",
    "taken away": "x[i] = -1.2 for i in 1..20; L = sum(x[i]^4 for i in 1..19) - sum(x[i]^2 for i in 1..19)",
    "the largest": "x[i] = -1.2 for i in 1..20; L = max((x[i+1] - x[i]^2)^2 for i in 1..19)",
    "moving weights": _DATA + "L = sum(a^3*(x[i] - b)^2 for i in 1..50)",
    "negative weights": _DATA + "L = sum((3 - i)*(x[i]*a - b)^2 for i in 1..50)",
}


def read(text: str, by_loops: bool) -> Model:
    found = read_model(Source("<text>", text), many=0 if by_loops else 1e9)
    assert bool(found.loops) == by_loops
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_residuals_and_slopes_are_those_of_the_unrolled_text(name: str) -> None:
    """In another order, and one the other's negative perhaps: so sums of products are compared."""
    seen = []
    for by_loops in (True, False):
        model = read(TEXTS[name], by_loops)
        output = model.output(None)
        problem, begun = begin(model, {}, output, parameters(model, output), "python", 1)
        squares = problem.squares(1.0)
        assert squares is not None
        residuals, slopes = squares.both(problem.start)
        assert residuals @ residuals == pytest.approx(begun.value, rel=1e-12)
        assert (squares.values(problem.start) == residuals).all()
        seen.append((len(residuals), slopes.T @ residuals, slopes.T @ slopes))
    loops, unrolled = seen
    assert loops[0] == unrolled[0]
    for found, right in zip(loops[1:], unrolled[1:], strict=True):
        assert numpy.allclose(found, right, rtol=1e-10, atol=1e-12 * numpy.abs(right).max())


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_sum_of_squares_is_none(name: str) -> None:
    model = read(NONE[name], True)
    output = model.output(None)
    problem, _ = begin(model, {}, output, parameters(model, output), "python", 1)
    assert problem.squares(1.0) is None


def fitted(name: str, start: int, by_loops: bool) -> Descent:
    model = read(FITS[name].equations, by_loops)
    return minimize.descend(minimize.Errand(model, FITS[name].starts[start]))[0]


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", ["Misra1a", "Chwirut2", "Hahn1", "Thurber", "MGH09", "Rat43"])
def test_certified_fits_by_loops_take_the_steps_of_the_unrolled_text(name: str, start: int) -> None:
    found = fitted(name, start, True)
    assert found.value == pytest.approx(FITS[name].least, rel=1e-6), found.reason
    assert abs(found.steps - fitted(name, start, False).steps) <= 2


@pytest.mark.whole
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", FITS)
def test_all_certified_fits_are_found_by_loops(name: str, start: int) -> None:
    found = fitted(name, start, True)
    assert found.value == pytest.approx(FITS[name].least, rel=1e-6, abs=1e-24), found.reason
