"""Minima beside a minimum: a set that bends, on which the output stays the same."""

from __future__ import annotations

from functools import partial
from math import inf

import numpy

from backprop.descent.course import Run
from backprop.descent.inner_run import lowest_from
from backprop.descent.landing import Flat, Landing
from backprop.descent.objective import Point
from backprop.descent.problem import FEW, moves
from backprop.descent.straight_on import TINY
from backprop.errors import NotFinite

_ASIDE, _FARTHER = 1e-2, (0.3, 0.1)
"""How far along a way that does not bend other minima are looked for, in the scale of an input: there, and at
one of the others, since the power of 12 of the first one is none beside 1."""

_HARDLY = 1e-7
"""A bend by less than this part of the largest may come from what is left of a slope."""

_SAY = 0.1
"""An input moves along a way by at least this part of the most."""

_WAYS = 3
"""The most ways that are looked along."""

_SAME = 1e-28
"""Two outputs differ by rounding, that of residuals which are squared, if by no more than this part of all
that the run has fallen."""

_MOST_STEPS = 200_000
"""The most steps of an output of which other minima are looked for."""

_LEVEL, _STRETCH = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1), 3
"""How far one input alone is moved, in its scale, and at how many of these, one after the other, an output
that is level is the same."""

_STAYED = 0.2
"""The other minimum is at least so far away, as a part of that."""


def other_minima(run: Run, landing: Landing) -> Flat | None:
    """A way along which the output hardly bends, beside which it is lowest, too, by what is found from there;
    None if there is none. Two inputs that only matter by their product have one at every minimum."""
    found = landing.spectrum
    if not len(found.bends) or run.problem.size > _MOST_STEPS:
        return None
    room = max(landing.room, _SAME * landing.range)
    # what is left of a slope bends the output along a level curve
    most = max(found.lost, _HARDLY * float(numpy.abs(found.bends).max()))
    hardly = numpy.abs(found.bends) <= most
    for at, way in enumerate(found.ways) if landing.by_values else ():
        parts = numpy.abs(landing.reach(way) * way) / numpy.array(landing.scales)
        alone = {*numpy.flatnonzero(parts > _SAY).tolist()} <= {*landing.by_values}
        hardly[at] |= alone and landing.is_soft(way)
    for at in numpy.flatnonzero(hardly)[:_WAYS].tolist():
        way = found.ways[at]
        sizes = (part * landing.reach(way) for part in (_ASIDE, *_FARTHER))
        near, *farther = ((size * way).tolist() for size in sizes)
        beside = partial(_is_lowest_beside, run, landing, room)
        if beside(near) and any(map(beside, farther)):
            return Flat(way, 0)
    return None


def _is_lowest_beside(run: Run, landing: Landing, room: float, move: Point) -> bool:
    """Whether another minimum is found from beside the end, and not the end again."""
    begin = run.problem.inside([x + by for x, by in zip(run.x, move, strict=True)])
    value, there = lowest_from(run, begin)
    if there is None or not value <= run.value + room < inf:
        return False
    sizes = numpy.array(landing.scales)
    moved = numpy.abs(numpy.array(moves(run.x, there)) / sizes).max()
    if not moved >= _STAYED * numpy.abs(numpy.array(move) / sizes).max():
        return False
    # a flat bottom is one all the way, a set that bends is not
    middle = [(at + to) / 2 for at, to in zip(run.x, there, strict=True)]
    far = moved >= _STAYED * min(_FARTHER) and not landing.has_many
    return not far or run.problem.known(middle, inf) > run.value + room


def level_beside(run: Run, landing: Landing) -> str:
    """An input that can move one way and the output stays the same, and its slopes do, exactly, like beside a
    corner that is flat on one side, and between two; "" if there is none."""
    problem = run.problem
    for at in range(len(run.x) if len(run.x) <= FEW else 0):
        for side in (1.0, -1.0):
            points = [[*run.x] for _ in _LEVEL]
            own = max(abs(run.x[at]), abs(run.x[at] - run.begun[at]))
            size = min(own or inf, landing.scales[at])
            for point, part in zip(points, _LEVEL, strict=True):
                point[at] += side * part * size
            seen = [_level_at(run, landing, point, at) for point in points]
            for first in range(len(seen) - _STRETCH + 1):
                some = seen[first : first + _STRETCH]
                if some[0] is not None and some.count(some[0]) == _STRETCH:
                    return problem.names[at]
    return ""


def _level_at(run: Run, landing: Landing, point: Point, at: int) -> Point | None:
    """The slopes at a point beside the end where the output is as low, and does not change by that input or
    no more than it does there; else None."""
    if point[at] == run.x[at] or run.problem.inside(point) != point:
        return None
    try:
        value, slopes = run.problem.both(point)
    except NotFinite:
        return None
    others = [*run.gradient[:at], slopes[at], *run.gradient[at + 1 :]]
    if value != run.value and abs(run.value) <= TINY:
        return None
    level = slopes == others and slopes[at] in (0.0, run.gradient[at])
    return slopes if level and value <= run.value + landing.rounding else None
