"""From starts to the least sum of squares: runs of Levenberg's method, and whether one may be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from sys import float_info
from typing import NamedTuple

import numpy

from backprop.fit.fit_points import Bounded, FitPoint, MakeTriangle, fit_point, held, offset
from backprop.fit.levenberg import FIRST, Levenberg
from backprop.loops.domains import Reals

_NARROW = (1.0, 0.1, 0.01)
"""First regions of further runs, where the first one has ended on a plateau."""

_ANGLE = 1e-5
"""Residuals that stand at right angles to what parameters can do, but for so much, are those of a
minimum."""

_NOISY = 30.0
"""So many times what rounding does to the length of the residuals it may do to that angle."""

_SHAKES = 4
"""Points around an end that tell what rounding does there."""


class Solved(NamedTuple):
    """Where runs ended. point: there. converged: whether it is a minimum of the sum of squares. why:
    how the last run ended: `converged`, `stuck` or `steps used up`. steps, looks: of all runs. runs:
    how many there were. flat: whether what the parameters do there is less than rounding, or nothing."""

    point: FitPoint
    converged: bool
    why: str
    steps: int
    looks: int
    runs: int
    flat: bool


def solve(
    make: MakeTriangle,
    start: FitPoint,
    bounds: Bounded,
    most: int = 2000,
    tell: Callable[[FitPoint], object] = lambda point: None,
) -> Solved:
    """The minimum that a start leads to. tell: is told of every step."""
    best: Solved | None = None
    steps = looks = 0
    for runs, first in enumerate((FIRST, *_NARROW), 1):
        run = Levenberg(make, bounds, most, first)
        for point in run.run(start):
            tell(point)
            steps += 1
        steps -= 1
        looks += run.looks
        found = Solved(
            point,
            _is_minimum(make, point, run, bounds) and not _lost(start, point),
            run.why,
            steps,
            looks,
            runs,
            _is_flat(point),
        )
        if best is None or _better(found, best):
            best = found
        if best.converged and not best.flat:
            break
    assert best
    point = _as_begun(make, start, best.point, bounds)
    return best._replace(point=point, steps=steps, looks=looks, runs=runs)


def _as_begun(make: MakeTriangle, start: FitPoint, end: FitPoint, bounds: Bounded) -> FitPoint:
    """The end with the signs of the start, where that is the same sum of squares: a width that stands in a
    square, and what it divides, may as well be negative."""
    other = numpy.where(start.x * end.x < 0, -end.x, end.x)
    if (other == end.x).all() or (bounds.inside(other) != other).any():
        return end
    found = fit_point(other, make)
    if found is None:
        return end
    apart = abs(float(numpy.linalg.norm(found.rest) - numpy.linalg.norm(end.rest)))
    return found if apart <= rounding(make, end) else end


def _lost(start: FitPoint, end: FitPoint) -> bool:
    """Whether a parameter that did something at the start does nothing at the end, or none does anything: a
    plateau."""
    before, after = (numpy.linalg.norm(each.slopes, axis=0) for each in (start, end))
    return bool(end.squares) and bool(((after == 0) & (before > 0)).any() or not after.any())


def _better(one: Solved, other: Solved) -> bool:
    good, before = one.converged and not one.flat, other.converged and not other.flat
    return one.point.squares < other.point.squares if good == before else good


def _is_minimum(make: MakeTriangle, point: FitPoint, run: Levenberg, bounds: Bounded) -> bool:
    free = ~held(point, bounds)
    angle = offset(point, free)
    if angle <= _ANGLE:
        return run.why != "steps used up"
    size = float(numpy.linalg.norm(point.rest))
    return angle * size <= _NOISY * rounding(make, point)


def rounding(make: MakeTriangle, point: FitPoint) -> float:
    """What rounding does to the length of the residuals at a point: how far that is from what the
    slopes say at points which are next to it."""
    chance, size = numpy.random.default_rng(0), float(numpy.linalg.norm(point.rest))
    found = 0.0
    for _ in range(_SHAKES):
        signs = chance.choice([-1.0, 1.0], len(point.x))
        near = fit_point(point.x * (1 + 4 * float_info.epsilon * signs), make)
        if near is None:
            continue
        right = numpy.linalg.norm(point.rest + point.slopes @ (near.x - point.x))
        found = max(found, abs(float(numpy.linalg.norm(near.rest) - right)))
    return max(found, float_info.epsilon * size)


def _is_flat(point: FitPoint) -> bool:
    """Whether some parameter does nothing there, or nothing that others do not do."""
    sizes = numpy.linalg.norm(point.slopes, axis=0)
    if not sizes.all():
        return True
    moves = sizes * numpy.maximum(numpy.abs(point.x), 1e-300)
    if (moves < 1e-8 * float(numpy.linalg.norm(point.rest))).any():
        return True
    values = numpy.linalg.svd(point.slopes / sizes, compute_uv=False)
    return bool(values[-1] < 1e-13 * values[0])


def scattered(start: Sequence[float], bounds: Bounded, count: int, seed: int) -> Iterator[Reals]:
    """Further starts: numbers around those of a start, of their size, or within bounds."""
    if not count:
        return
    chance, x = numpy.random.default_rng(seed), numpy.asarray(start, dtype=float)
    for _ in range(count):
        spread = 10.0 ** chance.uniform(-1, 1, len(x)) * chance.choice(
            [1.0, 1.0, 1.0, -1.0], len(x)
        )
        there = numpy.where(x == 0, chance.normal(size=len(x)), x * spread)
        both = numpy.isfinite(bounds.low) & numpy.isfinite(bounds.high)
        low, high = numpy.where(both, bounds.low, 0.0), numpy.where(both, bounds.high, 1.0)
        yield bounds.inside(numpy.where(both, chance.uniform(low, high), there))
