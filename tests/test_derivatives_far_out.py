"""`derivative(f, x)` in an equation has the value that `grad` gives, as far out as doubles reach: no step of a
slope overflows before the slope does."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any

import pytest

import backprop
from backprop.errors import BackpropError, NotFinite
from backprop.operations import OPERATIONS
from test_second_truth import SLOPED
from truth import Truth, mp, truth

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


@pytest.mark.parametrize(
    "point", [(1e5, 3.0), (3.0, 1e-7), (1.1, 1e-9), (-2.0, 0.5), (3e-100, 4e-100), (1e200, -1e190)]
)
def test_derivatives_of_hypot_do_not_cancel(point: tuple[float, float]) -> None:
    """∂²r/∂x² = y²/r³, ∂²r/∂x∂y = -xy/r³, ∂³r/∂x²∂y = (2x²y - y³)/r⁵, by mpmath."""
    x, y = map(mp.mpf, point)
    with mp.workdps(60):
        r = mp.sqrt(x * x + y * y)
        right = {
            "x, x": y * y / r**3,
            "x, y": -x * y / r**3,
            "x, x, y": y * (2 * x * x - y * y) / r**5,
        }
    for by, exact in right.items():
        text = "hypot(x, y)"
        for name in by.split(", "):
            text = f"derivative({text}, {name})"
        found = backprop.parse(f"L = {text}").grad(x=point[0], y=point[1]).value
        assert found == pytest.approx(float(exact), rel=4e-15, abs=1e-307), by


def partial(function: Truth, at: Sequence[Any], by: Sequence[int]) -> Any:
    """A partial derivative by the operands `by`, of central differences at hundreds of bits."""
    if not by:
        return function(*at)
    step = mp.ldexp(min(abs(at[by[0]]) or 1, 1), -120)
    sides = [
        [each + sign * step if place == by[0] else each for place, each in enumerate(at)]
        for sign in (1, -1)
    ]
    above, below = (partial(function, side, by[1:]) for side in sides)
    return (above - below) / (2 * step)


def ordinary(name: str, chance: random.Random) -> Iterator[list[float]]:
    """Some points from 1e-8 to 1e8, most where the operation has a value."""
    row = OPERATIONS[name]
    for low, high in ((-8, 8), (-8, -2), (-2, 1.2), (-2, 1.2)) * 2:
        at = [chance.choice((1, 1, -1)) * 10 ** chance.uniform(low, high) for _ in row.operands]
        if name == "polygamma":
            at[0] = float(chance.randrange(3))
        if "gamma" not in name or abs(at[-1]) < 100:  # beyond that mpmath takes long
            yield at


@pytest.mark.parametrize("name", SLOPED)
def test_second_and_third_derivatives_cancel_nothing(name: str) -> None:
    """To 1e-12 times 1 and their condition, as numbers that depend on the operands."""
    row, function = OPERATIONS[name], truth(name)
    moving = [at for at, slope in enumerate(row.slopes) if slope not in ("0", "0/0")]
    models = {}
    for by in (by for order in (2, 3) for by in combinations_with_replacement(moving, order)):
        text = "-x" if name == "neg" else row.form
        for at in by:
            text = f"derivative({text}, {row.operands[at]})"
        models[by] = backprop.parse(f"L = {text}")
    for numbers in ordinary(name, random.Random(name)):
        with mp.workprec(700):
            point = [*map(mp.mpf, numbers)]
            for by, model in models.items():
                try:
                    right = partial(function, point, by)
                    bends = [point[at] * partial(function, point, (*by, at)) for at in moving]
                except (ValueError, ZeroDivisionError, OverflowError):
                    continue
                if isinstance(right, mp.mpc) or not 1e-60 < abs(right) < 1e250:
                    continue
                try:
                    found = model.grad(dict(zip(row.operands, numbers, strict=True))).value
                except NotFinite:  # what leads there overflows
                    continue
                condition = float(sum(map(abs, bends)) / abs(right))
                off = float(abs(found - right) / abs(right))
                assert off <= 1e-12 * (1 + condition), (numbers, by, found, float(right))
