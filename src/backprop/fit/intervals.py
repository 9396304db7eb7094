"""Intervals of parameters that need not be symmetric: by the profile of the sum of squares, and by
samples.

The profile of a parameter is the least sum of squares that the others reach with that one held. An end
of the interval is where it is above the minimum by t^2*s^2, the square of a quantile of Student's
distribution times the variance of residuals, or by a quantile of the chi-squared distribution with one
degree of freedom where the errors of the data are known (Bates, Watts: Nonlinear regression analysis
and its applications, 1988, 6.1; MINOS of Minuit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy

from backprop.by_rows.threads import over_tasks
from backprop.fit.fit_points import Bounded, FitPoint, MakeTriangle, fit_point
from backprop.fit.solving import Solved, rounding, solve
from backprop.loops.domains import Reals

_CLOSE = 1e-5
"""An end is found when the square root of its rise is as near to what it is to be, relative."""

_ROUNDED = 30.0
"""Residuals that are no longer than so many times what rounding does to them are 0."""

_APART, _LEVEL = 3.0, 1e-3
"""A profile is level whose rise differs by no more than this part of it, so many times as far away."""

_MOST = 40
"""The most points of a profile that are looked at for one end."""


class Interval(NamedTuple):
    """The ends of an interval; infinite where the sum of squares does not rise so far."""

    low: float
    high: float


class Profiles:
    """Intervals at a minimum. make, bounds: as of `solve`. errors: standard errors, shape (P,). reach:
    how many of them an end is away where the model is linear. variance: of residuals."""

    def __init__(
        self,
        make: MakeTriangle,
        least: FitPoint,
        errors: Reals,
        bounds: Bounded,
        reach: float,
        variance: float,
    ) -> None:
        self._make, self._least, self._errors, self._bounds = make, least, errors, bounds
        self._reach, self._rise = reach, reach * sqrt(variance)
        self._rounded = (_ROUNDED * rounding(make, least)) ** 2
        self._count = len(least.x)
        self.lower: FitPoint | None = None
        """A point that is lower than the minimum, if one was met."""

    def intervals(self) -> list[Interval]:
        """Those of all parameters, on all processors."""
        tasks = [(at, side) for at in range(self._count) for side in (-1, 1)]
        ends = list[float]()
        for end, lower in over_tasks(self._found, tasks):
            ends.append(end)
            self.lower = lower or self.lower
        return [Interval(*both) for both in zip(ends[::2], ends[1::2], strict=True)]

    def _found(self, task: tuple[int, int]) -> tuple[float, FitPoint | None]:
        """An end, and a point that is lower than the minimum, if one was met."""
        self.lower = None
        return self._end(*task), self.lower

    def _end(self, at: int, side: int) -> float:
        """Where the profile is as high as it is to be, on one side: by steps along the square root of
        its rise, which is a line where the model is linear."""
        x, error = float(self._least.x[at]), float(self._errors[at])
        limit = float((self._bounds.low if side < 0 else self._bounds.high)[at])
        if not isfinite(error) or error <= 0:
            return limit  # which is infinite without a bound
        near, rise_near, start = x, 0.0, self._least
        seen = list[tuple[float, float]]()
        far, rise_far = side * inf, inf
        there = x + side * error * self._reach
        for _ in range(_MOST):
            if not isfinite(there) or abs(there - x) > 1e12 * max(abs(x), error):
                return limit
            there = min(there, limit) if side > 0 else max(there, limit)
            found = held_at(self._make, self._bounds, [at], [there], start)
            point = found.point if found else None
            rise = self._risen(point)
            if abs(rise - self._rise) <= _CLOSE * self._rise:
                return there
            if rise < self._rise:
                if there == limit:
                    return limit
                near, rise_near, start = there, rise, point or start
                seen.append((abs(there - x), rise))
            elif not (found and found.converged and not found.flat) and _is_level(seen):
                return limit
            else:
                far, rise_far = there, rise
            if isfinite(far):
                part = (
                    (self._rise - rise_near) / (rise_far - rise_near) if isfinite(rise_far) else 0.5
                )
                there = near + (far - near) * min(max(part, 0.05), 0.95)
            else:
                slope = rise_near / abs(near - x) if near != x else 1 / error
                ahead = (self._rise - rise_near) / slope if slope > 0 else inf
                there = near + side * min(max(ahead, 0.1 * error), 3 * max(abs(near - x), error))
            if there in (near, far):
                return there
        return there if isfinite(far) else limit

    def _risen(self, point: FitPoint | None) -> float:
        if point is None:
            return inf
        above = point.squares - self._least.squares
        if above < -1e-9 * self._least.squares and self._least.squares > self._rounded:
            self.lower = point
        return sqrt(max(above, 0.0))


def _is_level(seen: Sequence[tuple[float, float]]) -> bool:
    """Whether a profile rises no more far out, so that where nothing can be computed any more, as numbers
    leave the doubles, is no end. seen: how far away points are, and their rises."""
    return any(
        _APART * far < seen[-1][0] and abs(seen[-1][1] - other) <= _LEVEL * other and other > 0
        for far, other in seen[:-1]
    )


def held_at(
    make: MakeTriangle,
    bounds: Bounded,
    some: Sequence[int],
    numbers: Sequence[float],
    start: FitPoint,
) -> Solved | None:
    """The least sum of squares that the other parameters reach where some have these numbers; None where
    there is none. make, bounds: as of `solve`. start: a point near."""
    low, high = bounds.low.copy(), bounds.high.copy()
    low[[*some]] = high[[*some]] = numbers
    inside = Bounded(low, high)
    for x in (_along(some, numbers, start), start.x):
        begun = fit_point(inside.inside(x), make)
        if begun is not None:
            return solve(make, begun, inside, 300)
    return None


def _along(some: Sequence[int], numbers: Sequence[float], start: FitPoint) -> Reals:
    """Where the others go with some parameters, by the slopes of a point: at the point itself the model may
    have no value with other numbers of these alone."""
    others = ~numpy.isin(numpy.arange(len(start.x)), some)
    sizes = numpy.linalg.norm(start.slopes, axis=0)
    units = numpy.where(sizes > 0, sizes, 1.0)
    moved = start.slopes[:, [*some]] @ (numpy.asarray(numbers) - start.x[[*some]])
    x = start.x.copy()
    x[others] -= numpy.linalg.lstsq((start.slopes / units)[:, others], moved)[0] / units[others]
    return x


def samples(
    columns: Callable[[Reals], Reals | None],
    least: FitPoint,
    bounds: Bounded,
    count: int,
    seed: int,
) -> Iterator[Reals]:
    """The parameters of fits to so many samples of the rows, drawn with replacement (Efron, Tibshirani: An
    introduction to the bootstrap, 1993, 9.5). columns: makes derivatives of n residuals by P parameters,
    and these, shape (P + 1, n), at a point; None where something is not finite."""
    chance, here = numpy.random.default_rng(seed), columns(least.x)
    if here is None:
        return
    rows = here.shape[1]
    for _ in range(count):
        weights = numpy.sqrt(numpy.bincount(chance.integers(0, rows, rows), minlength=rows))

        def make(x: Sequence[float], weights: Reals = weights) -> Reals | None:
            found = columns(numpy.asarray(x))
            if found is None:
                return None
            width = len(found)
            triangle = numpy.zeros((width, width))
            made = numpy.linalg.qr((found * weights).T, mode="r")
            triangle[: len(made)] = made
            return triangle

        start = fit_point(least.x, make)
        if start is not None:
            yield solve(make, start, bounds, 100).point.x
