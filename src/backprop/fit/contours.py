"""Where two parameters lie together: contours of the sum of squares, least by the other parameters.

Inside lie both with a probability of `level`: the sum has risen by 2*s^2 times the quantile of Fisher's
distribution with 2 and n - P degrees of freedom, or, where the errors of the data are known, by that of the
chi-squared distribution with 2 (Bates, Watts: Nonlinear regression analysis and its applications, 1988, 6.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import atan2, cos, hypot, inf, isfinite, log, nan, pi, sin, sqrt
from typing import NamedTuple

import numpy

from backprop.fit.fit_points import Bounded, FitPoint, Flags, MakeTriangle
from backprop.fit.intervals import held_at
from backprop.fit.statistics import Statistics
from backprop.loops.domains import Reals

_WAYS = 48
"""Points of a contour."""

_CLOSE = 3e-4
"""A point is found when the square root of its rise is as near to what it is to be, relative."""

_MOST = 25
"""The most points that are looked at for one of a contour."""

_NARROW = 1e-12
"""The least that a square of a correlation counts as apart from 1."""

_FAR = 1e3
"""A contour that is so many times as far away as that of a linear model is open there."""


class Contour(NamedTuple):
    """That of two parameters by their numbers. points: shape (n, 2), nan where it is open."""

    one: int
    other: int
    points: Reals


def joint_rise(numbers: Statistics, level: float) -> float:
    """By how much the sum of squares has risen on a contour of two parameters."""
    if not numbers.scaled:
        return -2 * log(1 - level)
    part = 2 / numbers.dof  # Fisher's quantile with 2 degrees of freedom has a closed form
    return float(2 * numbers.variance * ((1 - level) ** -part - 1) / part)


def contours(
    make: MakeTriangle,
    least: FitPoint,
    numbers: Statistics,
    bounds: Bounded,
    level: float,
    shape: Statistics | None = None,
) -> Iterator[Contour]:
    """Those of all pairs of parameters that have errors. make, bounds: as of `solve`. shape: of which errors
    say how wide contours are, if others: those that parameters would have without their bounds."""
    shape = shape or numbers
    errors = shape.errors
    known = [at for at in range(len(errors)) if isfinite(errors[at]) and errors[at] > 0]
    rise = sqrt(joint_rise(numbers, level))
    for place, one in enumerate(known):
        for other in known[place + 1 :]:
            pair = [one, other]
            both = float(shape.correlations[one, other])
            rest = sqrt(max(1 - both**2, _NARROW))
            units = errors[pair] / sqrt(shape.variance)
            axes = units[:, None] * numpy.array([[1.0, 0.0], [both, rest]])
            found, start, far = list[Reals](), least, rise
            low, high = bounds.low[pair], bounds.high[pair]
            for along in _ways(axes, (least.x[pair] <= low) | (least.x[pair] >= high)):
                if not _room(least.x[pair], along, low, high):
                    found.append(least.x[pair])  # beyond lies the bound at which a parameter stands
                    continue
                far, start = _end(make, least, bounds, pair, along, rise, far, start)
                end = least.x[pair] + far * along
                found.append(numpy.clip(end, low, high))
                far = far if isfinite(far) and far else rise
            found.append(found[0])
            yield Contour(one, other, numpy.array(found))


def _ways(axes: Reals, stands: Flags) -> list[Reals]:
    """Directions all around, in order, and those along the bounds at which parameters stand. axes: (2, 2);
    stands: which of both do, shape (2,)."""
    found = {2 * pi * way / _WAYS: (0, 0.0) for way in range(_WAYS)}
    for at in numpy.flatnonzero(stands):
        for side in (1.0, -1.0):
            x, y = numpy.linalg.solve(axes, side * numpy.eye(2)[1 - at])
            found[atan2(y, x) % (2 * pi)] = 1 - int(at), side / hypot(x, y)
    return [
        numpy.eye(2)[found[angle][0]] * found[angle][1]
        if found[angle][1]
        else axes @ numpy.array([cos(angle), sin(angle)])
        for angle in sorted(found)
    ]


def _end(
    make: MakeTriangle,
    least: FitPoint,
    bounds: Bounded,
    pair: list[int],
    along: Reals,
    rise: float,
    there: float,
    start: FitPoint,
) -> tuple[float, FitPoint]:
    """How far away along a direction the sum has risen so far, nan where it does not, and the point there.
    rise: its square root, which is the distance in a linear model. there: where to look first."""
    x = least.x[pair]
    room = _room(x, along, bounds.low[pair], bounds.high[pair])
    near, rise_near, far, rise_far = 0.0, 0.0, inf, inf
    there = min(there, room)
    for _ in range(_MOST):
        solved = held_at(make, bounds, pair, (x + there * along).tolist(), start)
        point = solved.point if solved else None
        here = inf if point is None else sqrt(max(point.squares - least.squares, 0.0))
        if abs(here - rise) <= _CLOSE * rise or (here < rise and there == room):
            return there, point or start
        if here < rise:
            near, rise_near, start = there, here, point or start
        else:
            far, rise_far = there, here
        if isfinite(far):
            part = (rise - rise_near) / (rise_far - rise_near) if isfinite(rise_far) else 0.5
            there = near + (far - near) * min(max(part, 0.05), 0.95)
        else:
            there = min(there * min(max(rise / here if here else 3.0, 1.05), 3.0), room)
            if there > _FAR * rise:
                break
    if isfinite(far):
        return near, start
    return nan, least


def _room(x: Reals, along: Reals, low: Reals, high: Reals) -> float:
    """How far a direction leads until a bound."""
    ends = numpy.where(along > 0, high, low)
    with numpy.errstate(all="ignore"):
        found = numpy.where(along != 0, (ends - x) / along, inf)
    return float(numpy.nanmin(found))
