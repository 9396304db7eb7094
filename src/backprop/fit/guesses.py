"""Starts for parameters that have none: many points of the sizes that the data have, the best of which are
where runs begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from math import exp, inf, sqrt

import numpy

from backprop.fit.fit_points import Bounded, FitPoint, Flags, fit_point
from backprop.fit.fit_rows import FitRows
from backprop.fit.levenberg import Levenberg
from backprop.fit.separable import eliminated, multiplying
from backprop.loops.domains import Reals

TRIES = 40
"""Points for each parameter, and so many more."""

_NEAR, _OF_CELLS, _SPREAD = 0.35, 0.65, 0.3
"""How many of the numbers that are drawn again are near the last ones, and, with these, how many are those of
columns; and how near, relative."""

_AGAIN = 60
"""So often at least numbers are drawn again."""

_HOPPING, _HOPS = 3, 20
"""From the best so many points, so many times for each number, one or two are drawn again, with a few steps
(D. J. Wales, J. P. K. Doye: Global optimization by basin-hopping, 1997)."""

_MANY = 20_000
"""Of more rows fewer points are looked at."""

_RUNS, _STEPS = 4, 10
"""From so many times as many points as are wanted so many steps are taken, before the best are chosen."""

_APART = 0.2
"""Starts that are nearer to one another, relative, are one."""


def guessed(
    rows: FitRows,
    first: Reals,
    bounds: Bounded,
    count: int,
    seed: int,
    seen: Callable[[FitPoint], object] = lambda point: None,
) -> Iterator[Reals]:
    """The best of many points, each better by drawing single numbers again, and after a few steps. first: the
    start, nan where there is none. seen: is told of every point."""
    missing = numpy.isnan(first)
    linear: Flags | None = None
    points = Draws(first, bounds, rows.cells(), seed)

    def look(x: Reals) -> tuple[float, Reals] | None:
        nonlocal linear
        point = fit_point(x, rows.triangle)
        if point is None:
            return None
        seen(point)
        if linear is None:
            linear = multiplying(point, missing, partial(fit_point, make=rows.triangle))
        return _eliminated(point, linear if linear.any() else missing, linear, rows, bounds)

    tries = TRIES * (1 + int(missing.sum()))
    found = [each for x in islice(points, tries) if (each := look(x))]
    found.sort(key=lambda each: each[0])
    places = numpy.flatnonzero(missing if linear is None else missing & ~linear).tolist()
    again = (_AGAIN + TRIES // 2 * len(places)) // (1 if rows.count <= _MANY else 10)
    few = partial(_few_steps, rows, bounds, seen)
    gone = list[FitPoint]()
    for x in apart((x for _, x in found), _RUNS * count):
        if places and len(gone) < count:
            x = _redrawn(x, look, points, places, again)
        gone += filter(None, [few(x)])
    gone.sort(key=lambda each: each.squares)
    hops = _HOPS * len(places) // (1 if rows.count <= _MANY else 10) if len(places) > 1 else 0
    for at, best in enumerate(gone[:_HOPPING]):
        for _ in range(hops):
            moved = look(points.moved(best.x, places))
            there = few(moved[1]) if moved else None
            if there is not None and there.squares < best.squares:
                best = there
        gone[at] = best
    gone.sort(key=lambda each: each.squares)
    yield from apart((each.x for each in gone), count)


def _few_steps(
    rows: FitRows, bounds: Bounded, seen: Callable[[FitPoint], object], x: Reals
) -> FitPoint | None:
    begun = fit_point(x, rows.triangle)
    if begun is None:
        return None
    *_, end = Levenberg(rows.triangle, bounds, _STEPS).run(begun)
    seen(end)
    return end


def _redrawn(
    x: Reals,
    look: Callable[[Reals], tuple[float, Reals] | None],
    points: Draws,
    places: Sequence[int],
    times: int,
) -> Reals:
    """A point of which single numbers, at these places, were drawn again where that is lower."""
    best = look(x)
    if best is None:
        return x
    for turn in range(times):
        place = places[turn % len(places)]
        found = look(points.moved(best[1], [place]))
        if found and found[0] < best[0]:
            best = found
    return best[1]


class Draws:
    """Points of the sizes that numbers of columns have, without end. first: the start, nan where there is
    none. cells: of each column."""

    def __init__(self, first: Reals, bounds: Bounded, cells: Sequence[Reals], seed: int) -> None:
        self._chance = numpy.random.default_rng(seed)
        self._first, self._missing, self._bounds = first, numpy.isnan(first), bounds
        self._cells = [each for each in cells if each.size]
        sizes = [1.0, 1.0]
        for each in self._cells:
            for size in (float(numpy.abs(each).mean()), float(each.std())):
                sizes += [size, 1 / size] if 0 < size < inf else []
        self._sizes = numpy.array(sizes)
        self._both = numpy.isfinite(bounds.low) & numpy.isfinite(bounds.high)
        self._ones = True

    def __iter__(self) -> Iterator[Reals]:
        while True:
            yield self._one()

    def again(self, place: int, number: float) -> float:
        """Another number at a place: one near it, or one that stands in a column, or any."""
        chance = self._chance
        kind = chance.uniform()
        if kind < _NEAR:
            found = number * exp(_SPREAD * chance.normal())
        elif kind < _OF_CELLS and self._cells:
            found = float(chance.choice(self._cells[chance.integers(len(self._cells))]))
        else:
            found = float(self._one()[place])
        low, high = self._bounds.low[place], self._bounds.high[place]
        return min(max(found, float(low)), float(high))

    def moved(self, x: Reals, places: Sequence[int]) -> Reals:
        """A point of which numbers at one or two of some places are others."""
        there = x.copy()
        for place in self._chance.choice(places, self._chance.integers(1, 3)).tolist():
            there[place] = self.again(place, float(x[place]))
        return there

    def _one(self) -> Reals:
        chance, size, bounds = self._chance, len(self._first), self._bounds
        spread = chance.choice(self._sizes, size) * 10.0 ** chance.uniform(-1, 1, size)
        x = spread * chance.choice([1.0, 1.0, 1.0, -1.0], size)
        if self._ones:
            x, self._ones = numpy.ones(size), False
        else:
            with numpy.errstate(invalid="ignore"):
                inside = bounds.low + (bounds.high - bounds.low) * chance.uniform(0, 1, size)
            x = numpy.where(self._both, inside, x)
        return bounds.inside(numpy.where(self._missing, x, self._first))


def apart(points: Iterable[Reals], count: int) -> Iterator[Reals]:
    """The first so many of points that are apart."""
    taken = list[Reals]()
    for x in points:
        if all(_are_apart(x, other) for other in taken):
            taken.append(x)
            yield x
        if len(taken) == count:
            return


def _eliminated(
    point: FitPoint, some: Flags, linear: Flags, rows: FitRows, bounds: Bounded
) -> tuple[float, Reals]:
    """The sum of squares, and where that is: least by the parameters that only multiply; of others, and where
    bounds are in the way, after one step of Gauss and Newton, if that leads lower."""
    if linear.any() and (found := eliminated(point, linear, bounds)):
        return found
    slopes = point.slopes[:, some]
    sizes = numpy.linalg.norm(slopes, axis=0)
    units = numpy.where(sizes > 0, sizes, 1.0)
    best = point.squares, point.x
    for damping in (0.0,) if linear.any() else (1e-8, 1e-3):
        both = numpy.concatenate([slopes / units, sqrt(damping) * numpy.identity(len(units))])
        right = numpy.concatenate([point.rest, numpy.zeros(len(units))])
        step = numpy.linalg.lstsq(both, -right, rcond=None)[0] / units
        x = point.x.copy()
        x[some] += step
        there = fit_point(bounds.inside(x), rows.triangle)
        if there is not None and there.squares < best[0]:
            best = there.squares, there.x
    return best


def _are_apart(one: Reals, other: Reals) -> bool:
    with numpy.errstate(all="ignore"):
        return bool((numpy.abs(one - other) > _APART * (numpy.abs(one) + numpy.abs(other))).any())
