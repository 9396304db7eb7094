"""`derivative(f, x)` in an equation has the value that `grad` gives, as far out as doubles reach: no step of a
slope overflows before the slope does."""

from __future__ import annotations

import math

import pytest

import backprop
from backprop.errors import BackpropError
from backprop.operations import OPERATIONS

SIZES = (
    5e-324,
    1e-300,
    1e-160,
    1e-20,
    0.3,
    2.5,
    40.0,
    300.0,
    720.0,
    1e4,
    1e20,
    1e154,
    1e155,
    1e200,
    1.7e308,
)

MOVING = [
    (name, at)
    for name, row in OPERATIONS.items()
    if 0 < row.arity < 3 and name not in ("copy", "neg")
    for at, slope in enumerate(row.slopes)
    if slope not in ("0", "1", "-1")
]


@pytest.mark.parametrize(("name", "at"), MOVING)
def test_the_value_is_the_slope_at_all_sizes(name: str, at: int) -> None:
    row, looked = OPERATIONS[name], 0
    by, others = row.operands[at], row.operands[:at] + row.operands[at + 1 :]
    plain = backprop.parse(f"L_ = {row.form}")
    derived = backprop.parse(f"L_ = derivative({row.form}, {by})")
    for number in (sign * size for size in SIZES for sign in (1, -1)):
        for beside in (0.3, -2.0, 1e200, 1e-200) if others else (0.0,):
            point = {by: number, **dict.fromkeys(others, beside)}
            try:
                slope = plain.grad(point).gradients[by]
            except BackpropError:  # outside the domain
                continue
            if math.isfinite(slope):
                assert derived.grad(point).value == pytest.approx(slope, rel=1e-12, abs=0), point
                looked += 1
    assert looked or name in ("polygamma",)


@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("name", ["tanh", "atan", "erf", "erfc", "sigmoid", "sech"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_saturated_functions_are_flat_in_every_order(name: str, order: int, engine: str) -> None:
    text = f"{name}(x)"
    for _ in range(order):
        text = f"derivative({text}, x)"
    model = backprop.parse(f"L = {text}")
    program = backprop.compile(model, engine=engine)
    for far in (720.0, 800.0, 1e5):
        for x in (far, -far):
            value, gradient = program([x])
            # atan is flat as its powers say, the others beyond doubles
            bound = 7 * far ** -(order + 1) if name == "atan" else 1e-307
            assert abs(value) <= bound, x
            assert abs(gradient[0]) <= max(24 * bound / far, 1e-307), x
            assert model.grad(x=x).value == value


def test_the_normal_distribution_ends_at_0() -> None:
    for x in (-41.0, -1e3, -1e155, -1.7e308):
        found = backprop.parse("L = normcdf(x)").grad(x=x)
        assert (found.value, found.gradients["x"]) == (0.0, 0.0)
