"""Ends at which the output tells nothing, and its slope does: beside 1e20 a fall by 4 is none in doubles, and
on the plateau of tanh(x) there is no minimum where x is -50."""

from __future__ import annotations

from collections.abc import Iterator
from math import copysign, isfinite, nan
from random import Random
from sys import float_info
from typing import Any

import numpy

from backprop.descent.course import Run, Stop
from backprop.descent.landing import Landing
from backprop.descent.leads import Lead, after, lower, towards
from backprop.descent.objective import Point
from backprop.descent.problem import dot, moves
from backprop.descent.second_order import hessian
from backprop.errors import NotFinite
from backprop.numbers import shown

_FAR = 1e-5
"""A step of Newton's method by more than this part of an input's scale leads somewhere else."""

_LOOKS, _DOUBLES = 8, 16.0
"""So many points, each number at most so many doubles away, show what of a slope is rounding."""

_CLEARLY = 10.0
"""A slope that is so many times that is one."""

_GONE, _ON = 0.1, 0.96
"""The next step of Newton's method is shorter than the first part of one that leads to a lowest point, and
longer than the second one on a plateau. Of a run that has not moved less is known: all others are so."""


def slope_below_rounding(run: Run, landing: Landing) -> Stop | Lead | None:
    """The end of a run where rounding hides the output, and its slope leads to another point that is as low:
    that point, if the slope is gone there; that nothing is known, if it leads on and on; else None."""
    if landing.has_many or not any(run.gradient):
        return None
    step = landing.step
    far = (numpy.abs(step) > _FAR * numpy.array(landing.scales)).any()
    try:
        if far and _is_slope(run, point := _moved(run, step)):
            if (left := _left(run, landing, point)) < _GONE:
                return Lead(point, _stop(run, landing, point))
            on = left > (_ON if landing.has_moved else _GONE)
            return _stop(run, landing, point) if on else None
        for way in _without_bends(landing) if not landing.has_moved else ():
            if _is_slope(run, point := _moved(run, way)):
                return _stop(run, landing, point)
    except (NotFinite, Stop):  # no slope there, or no second derivatives
        pass
    return None


def _moved(run: Run, way: Any) -> Point:
    return run.problem.inside([at + by for at, by in zip(run.x, way.tolist(), strict=True)])


def _without_bends(landing: Landing) -> Iterator[Any]:
    """The ways along which no bend is seen, down, until an input has moved by its scale."""
    found = landing.spectrum
    for way, slope, bend in zip(found.ways, found.slopes, found.bends, strict=True):
        if bend <= found.lost and slope:
            yield -copysign(landing.reach(way), slope) * way


def _is_slope(run: Run, point: Point) -> bool:
    """Whether the slope towards a point is more than rounding."""
    way = moves(run.x, point)
    slope = dot(run.gradient, way)
    return isfinite(slope) and slope < -_CLEARLY * _noise(run, way)


def _left(run: Run, landing: Landing, point: Point) -> float:
    """How long the next step of Newton's method is, as a part of the one to a point: nothing at the lowest
    point of a parabola, two thirds beside x^4, all or more on a plateau; nan where the output is higher."""
    value, slopes = run.problem.both(point)
    if value > run.value + landing.room:
        return nan
    sizes = numpy.where(landing.pushed, 0.0, numpy.array(landing.scales))
    free = sizes > 0
    table = (hessian(run, point) * sizes * sizes[:, None])[numpy.ix_(free, free)]
    bends, ways = numpy.linalg.eigh(table)
    along = ways.T @ (numpy.array(slopes) * sizes)[free]
    up = bends > len(bends) * float_info.epsilon * numpy.abs(bends).max()
    step = ways[:, up] @ (along[up] / bends[up])
    before = numpy.abs(numpy.array(moves(run.x, point))[free] / sizes[free]).max()
    return float(numpy.abs(step).max(initial=0.0) / before)


def _stop(run: Run, landing: Landing, point: Point) -> Stop:
    output, leads = run.output, towards(run, point)
    none = (
        f"{output} is {lower(run)} at no point nearby that was tried, but its slope leads towards"
    )
    hides = (
        f"rounding, {shown(landing.rounding, 2)}, hides whether this is a {run.least} or goes on"
    )
    return Stop("rounding", f"{after(run)}: {none} {leads}, and {hides}")


def _noise(run: Run, way: Point) -> float:
    """How far rounding moves the slope along a way."""
    turn, here = Random(0).uniform, dot(run.gradient, way)
    found = []
    for _ in range(_LOOKS):
        near = [at * (1 + _DOUBLES * float_info.epsilon * turn(-1.0, 1.0)) for at in run.x]
        found.append(abs(dot(run.problem.both(run.problem.inside(near))[1], way) - here))
    return max(found)
