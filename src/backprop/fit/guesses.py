"""Starts for parameters that have none: many points of the sizes that the data have, the best of which are
where runs begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy

from backprop.fit.fit_rows import FitRows
from backprop.fit.levenberg import Bounded, FitPoint, Flags, fit_point
from backprop.loops.domains import Reals

_TRIES = 40
"""Points for each parameter, and so many more."""

_APART = 0.2
"""Starts that are nearer to one another, relative, are one."""


def guessed(rows: FitRows, first: Reals, bounds: Bounded, count: int, seed: int) -> Iterator[Reals]:
    """The best of many points. first: the start, nan where there is none."""
    missing = numpy.isnan(first)
    found = list[FitPoint]()
    for x in drawn(first, bounds, rows.scales(), seed):
        point = fit_point(x, rows.triangle)
        if point is not None:
            found.append(_linear(point, missing, rows, bounds))
    found.sort(key=lambda each: each.squares)
    yield from apart((each.x for each in found), count)


def drawn(first: Reals, bounds: Bounded, scales: Sequence[float], seed: int) -> Iterator[Reals]:
    """Points of the sizes that numbers of columns have. first: the start, nan where there is none."""
    chance = numpy.random.default_rng(seed)
    sizes = numpy.array([1.0, 1.0, *(size for scale in scales for size in (scale, 1 / scale))])
    missing = numpy.isnan(first)
    both = numpy.isfinite(bounds.low) & numpy.isfinite(bounds.high)
    for attempt in range(_TRIES * (1 + int(missing.sum()))):
        unit = chance.choice(sizes, len(first))
        spread = unit * 10.0 ** chance.uniform(-1, 1, len(first))
        signs = chance.choice([1.0, 1.0, 1.0, -1.0], len(first))
        x = numpy.ones(len(first)) if not attempt else spread * signs
        with numpy.errstate(invalid="ignore"):
            inside = bounds.low + (bounds.high - bounds.low) * chance.uniform(0, 1, len(first))
        x = numpy.where(both & (attempt > 0), inside, x)
        yield bounds.inside(numpy.where(missing, x, first))


def apart(points: Iterable[Reals], count: int) -> Iterator[Reals]:
    """The first so many of points that are apart."""
    taken = list[Reals]()
    for x in points:
        if all(_are_apart(x, other) for other in taken):
            taken.append(x)
            yield x
        if len(taken) == count:
            return


def _linear(point: FitPoint, missing: Flags, rows: FitRows, bounds: Bounded) -> FitPoint:
    """A point after one step of Gauss and Newton by the parameters without a start, if that is lower: those
    that only multiply are right then, if the others are."""
    slopes = point.slopes[:, missing]
    sizes = numpy.linalg.norm(slopes, axis=0)
    units = numpy.where(sizes > 0, sizes, 1.0)
    best = point
    for damping in (1e-8, 1e-3):
        both = numpy.concatenate([slopes / units, numpy.sqrt(damping) * numpy.identity(len(units))])
        right = numpy.concatenate([point.rest, numpy.zeros(len(units))])
        step = numpy.linalg.lstsq(both, -right, rcond=None)[0] / units
        x = point.x.copy()
        x[missing] += step
        there = fit_point(bounds.inside(x), rows.triangle)
        if there is not None and there.squares < best.squares:
            best = there
    return best


def _are_apart(one: Reals, other: Reals) -> bool:
    with numpy.errstate(all="ignore"):
        return bool((numpy.abs(one - other) > _APART * (numpy.abs(one) + numpy.abs(other))).any())
