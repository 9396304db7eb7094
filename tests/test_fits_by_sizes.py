"""Fits by sizes of residuals over many rows are linear programs: HiGHS has their values."""

from typing import Any

import numpy
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, identity

import backprop

LOSSES = {
    "sizes": ("abs(y - a - b*x)", 0.5),
    "a quantile": ("2*max(0.8*(y - a - b*x), -0.2*(y - a - b*x))", 0.8),
    "a choice": ("2*(y - a - b*x)*if(y > a + b*x, 0.8, -0.2)", 0.8),
}
"""Twice the loss of a residual, and the quantile that it is of."""


def least(x: Any, y: Any, quantile: float) -> float:
    """The least mean of twice the loss."""
    count = len(x)
    line = csr_matrix(numpy.column_stack([numpy.ones(count), x]))
    cost = numpy.concatenate([[0, 0], numpy.full(count, quantile), numpy.full(count, 1 - quantile)])
    table = hstack([line, identity(count), -identity(count)])
    bounds = [(None, None)] * 2 + [(0, None)] * (2 * count)
    found = linprog(2 * cost / count, A_eq=table, b_eq=y, bounds=bounds, method="highs")
    return float(found.fun)


@pytest.mark.parametrize("name", LOSSES)
def test_fits_by_sizes_end_at_the_least_value_and_say_so(name: str) -> None:
    text, quantile = LOSSES[name]
    chance = numpy.random.default_rng(1)
    x = chance.normal(size=1000)
    y = 2 * x + 1 + chance.standard_t(2, size=1000)
    model = backprop.parse(f"a = 0; b = 0; r = {text}; L = mean(r)", data={"x": x, "y": y})
    found = model.descend(of="L")
    assert found.value == pytest.approx(least(x, y, quantile), rel=1e-10)
    assert found.stopped == "minimum at a corner", found.reason


class _StopsAfter:
    """Lets steps pass, and asks for the end at once after so many looks."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def __call__(self, step: Any) -> bool:
        return False

    def is_interrupted(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("looks", [1, 20, 200])
def test_a_descent_ends_within_a_step_or_while_its_end_is_looked_at(looks: int) -> None:
    model = backprop.parse("x = 3; y = 2; z = 1; f = max(abs(x - 1), abs(y*z), abs(x + z))")
    whole = model.descend(callback=_StopsAfter(10**9))
    assert whole.evaluations > 200
    found = model.descend(callback=_StopsAfter(looks))
    assert (found.stopped, found.converged) == ("interrupted", False)
    assert found.evaluations <= looks + 5
