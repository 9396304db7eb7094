"""Minima beside a minimum: a set that bends, on which the output stays the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import Run
from backprop.descent.inner_run import lowest_from
from backprop.descent.landing import ROOM, Landing
from backprop.descent.objective import Point
from backprop.descent.problem import FEW, moves
from backprop.descent.soft_ways import soft_of
from backprop.descent.straight_on import TINY
from backprop.descent.trust_region import length_of
from backprop.descent.valley_floors import floor_at
from backprop.errors import NotFinite

_ASIDE, _FARTHER = 1e-2, (30.0, 10.0)
"""How far along a way that does not bend other minima are looked for, in the scale of an input: there, and so
many times as far, since the power of 12 of the first one is none beside 1."""

_NEARER = 1.0, 1e-2
"""A run that began far away has larger scales than the set that it has come to: that is looked for by so many
times the sizes of the inputs at the end, too."""

_FAR_AWAY, _AT_0 = 0.1, 1e-10
"""An input has come from far away that is by less than this part of its scale; and is at 0, of which nothing
is known, by less than the other one."""

_LITTLE, _FELL, _SHRANK = 1e9, 1e3, 0.1
"""Where the output is above the end by less than so many times what is none, and falls by the second number,
the way to the end becomes as short as the third part of it, or shorter, but along a high power."""

_LAST, _STILL = 3, 0.05
"""Nor has a run come to an end whose last steps are so long together, as a part of all that are looked at."""

_HARDLY = 1e-7
"""A bend by less than this part of the largest may come from what is left of a slope."""

_SAY = 0.1
"""An input moves along a way by at least this part of the most."""

_MOVES = 1e-3
"""And it moves to another minimum that moves by this part of the one that moves most, by their own sizes."""

_MOSTLY = 0.7
"""A way is that of a move if the cosine between them is so large."""

_WAYS = 3
"""The most ways that are looked along."""

_SAME = 1e-28
"""Two outputs differ by rounding, that of residuals which are squared, if by no more than this part of all
that the run has fallen."""

_CLEARLY = 10.0
"""Outputs that differ by so many times what may be rounding are not the same."""

_MOST_STEPS = 200_000
"""The most steps of an output of which other minima are looked for."""

_LEVEL, _STRETCH = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1), 3
"""How far one input alone is moved, in its scale, and at how many of these, one after the other, an output
that is level is the same."""

_STAYED, _STAYED_THERE = 0.2, 0.8
"""The other minimum is at least so far away, as a part of that; and of a way along which the output has just
fallen: what came back there ends nearer."""


class OtherMinima(NamedTuple):
    """What descents from beside a minimum have found.

    ways: one along which the output hardly bends, beside which it is lowest, too, and those of the inputs
    that move, (n,) each; nothing if there is none. lower: a point that is lower by more than rounding.
    onward: a way on which it falls on and on, by less than its rounding.
    """

    ways: list[Any]
    lower: Point | None = None
    onward: Sequence[Any] = ()


class _LowestEnd(NamedTuple):
    """The end of a run, and the lowest point that a descent from there finds. room: two outputs that
    differ by no more are the same."""

    run: Run
    landing: Landing
    room: float
    value: float
    x: Point


class _FromBeside(NamedTuple):
    """Where a descent from beside the end led. other: another minimum, as low. lower: as of `OtherMinima`.
    is_higher: whether it came to rest higher than the end by more than rounding, as on the slope of a high
    power."""

    other: Point | None = None
    lower: Point | None = None
    is_higher: bool = False


def other_minima(run: Run, landing: Landing) -> OtherMinima:
    """Minima beside the last point of a run, on a set that bends. Two inputs that only matter by their
    product have one at every minimum."""
    found = landing.spectrum
    if not len(found.bends) or run.problem.size > _MOST_STEPS:
        return OtherMinima([])
    # what is left of a slope bends the output along a level curve
    most = max(found.lost, _HARDLY * float(numpy.abs(found.bends).max()))
    hardly = numpy.abs(found.bends) <= most
    for at, way in enumerate(found.ways) if landing.by_values else ():
        parts = numpy.abs(landing.reach(way) * way) / numpy.array(landing.scales)
        alone = {*numpy.flatnonzero(parts > _SAY).tolist()} <= {*landing.by_values}
        hardly[at] |= alone and landing.is_soft(way)
    ways = [(way, [1.0, *_nearer(run, landing, way)]) for way in found.ways[hardly][:_WAYS]]
    if not landing.has_many and landing.has_moved and len(run.x) <= FEW:
        ways += [(way, _nearer(run, landing, way)) for way in soft_of(landing)[0][:_WAYS]]
    ways = [(way, lengths) for way, lengths in ways if lengths]
    if not ways:
        return OtherMinima([])
    told = floor_at(run, landing)
    if told.leads_onward:
        return OtherMinima([], onward=[way for way, _ in ways[:1]])
    crept = _crept(run, landing)
    if told.is_unique or (crept and not told.is_known):
        return OtherMinima([], told.lower)

    def is_another(there: Point) -> bool:
        found = told.is_another(there)
        return not crept if found is None else found

    room = max(ROOM * landing.rounding, _SAME * _size(run, landing))
    jump = _jump(run, landing)
    # a run that came from far away ends where what is left is nothing beside that
    least, there = lowest_from(run, run.x)
    lowest = (least, there) if there and least < run.value else (run.value, run.x)
    end = _LowestEnd(run, landing, room, *lowest)
    beside = partial(_lowest_beside, end)
    for way, lengths in ways:
        if jump is not None and _along(jump, way, landing):
            # the output fell all the way: as far on the other side it is the same, or higher there, too
            seen = beside(jump.tolist(), True, _STAYED_THERE)
            if seen.other and is_another(seen.other):
                return OtherMinima([way, *moving(run, landing, seen.other)])
            if seen.lower or (seen.is_higher and not told.is_level):
                return OtherMinima([], seen.lower)
            continue
        for length in lengths:
            near = length * _ASIDE * landing.reach(way) * way
            seen = beside(near.tolist(), False)
            for times in _FARTHER if seen.other else ():
                seen = beside((times * near).tolist(), True)
                both = seen.other and (
                    length == 1.0 or beside((-times * near).tolist(), True).other
                )
                if seen.other and both and is_another(seen.other):
                    return OtherMinima([way, *moving(run, landing, seen.other)])
                if seen.lower or seen.is_higher or length < 1.0:
                    break
            if seen.lower or (seen.is_higher and length == 1.0 and not told.is_level):
                return OtherMinima([], seen.lower)
    return OtherMinima([ways[0][0], *moving(run, landing, told.beside)] if told.is_level else [])


def _crept(run: Run, landing: Landing) -> bool:
    """Whether the last steps have led far along a way on which the output fell by what is hardly anything,
    like x^16 in a valley: this is the lowest point of a high power, that rounding makes a flat bottom."""
    sizes = numpy.array(landing.scales)
    aparts = [float(numpy.abs((numpy.array(x) - run.x) / sizes).max()) for _, x in run.trail]
    if len(aparts) == run.trail.maxlen and aparts[-_LAST] > _STILL * max(aparts):
        return True
    falls = [value - run.value for value, _ in run.trail]
    seen = [
        (fell, apart)
        for fell, apart in zip(falls, aparts, strict=True)
        if landing.room < fell < _LITTLE * landing.room
    ]
    if not seen:
        return False
    most, far = max(seen)[0], max(apart for _, apart in seen)
    return any(fell < most / _FELL and apart > _SHRANK * far for fell, apart in seen)


def _jump(run: Run, landing: Landing) -> Any:
    """The move to the limit of steps that shrank alike, (n,), if the run has ended there."""
    if run.limit is None:
        return None
    sizes = numpy.array(landing.scales)
    begun, limit = (numpy.array(point) for point in run.limit)
    jump = limit - begun
    left = numpy.abs((numpy.array(run.x) - limit) / sizes).max()
    return jump if left < _STAYED * numpy.abs(jump / sizes).max() else None


def _along(jump: Any, way: Any, landing: Landing) -> bool:
    """Whether a way is mostly that of a move, in the scales of the inputs."""
    sizes = numpy.array(landing.scales)
    one, other = jump / sizes, way / sizes
    return abs(float(one @ other)) > _MOSTLY * length_of(one) * length_of(other)


def _nearer(run: Run, landing: Landing, way: Any) -> list[float]:
    """What the scales of the inputs on a way are to be multiplied by, if these have come from far away."""
    scales = numpy.array(landing.scales)
    parts = numpy.abs(landing.reach(way) * way) / scales
    size = float((numpy.abs(run.x) / scales)[parts > _SAY].max(initial=0.0))
    if landing.has_many or not _AT_0 < size < _FAR_AWAY:
        return []
    return [size * nearer for nearer in _NEARER]


def moving(run: Run, landing: Landing, there: Point) -> Any:
    """The inputs that move to another minimum, by their own sizes, as ways; none of many. On the flat bottom
    of a high power an input comes to rest now here, now there: it does not count."""
    if len(run.x) > FEW:
        return []
    move = numpy.abs(numpy.array(there) - run.x)
    parts = move / numpy.maximum(numpy.abs(run.x) + move, float_info.min)
    moves = parts > _MOVES * parts.max()
    sizes = move / numpy.array(landing.scales)
    least = run.problem.known(there, inf) + landing.room
    for at in numpy.flatnonzero(moves & (sizes < _SAY * sizes.max())).tolist():
        back = [*there[:at], run.x[at], *there[at + 1 :]]
        moves[at] = run.problem.known(back, inf) > least
    return numpy.identity(len(move))[moves]


def _size(run: Run, landing: Landing) -> float:
    """How far the output changes over the size of each input at the end, or has fallen if that is less."""
    values = []
    for at, x in enumerate(run.x if len(run.x) <= FEW else ()):
        moved = [*run.x]
        moved[at] = 2 * x
        values.append(abs(run.problem.known(run.problem.inside(moved), run.value) - run.value))
    return min(max(values, default=0.0) or inf, landing.range)


def _lowest_beside(
    end: _LowestEnd, move: Point, is_far: bool, stayed: float = _STAYED
) -> _FromBeside:
    """What is found from beside the end. is_far: no flat bottom leads to another minimum, either. stayed: how
    far away that is at least, as a part of the move."""
    run, landing, room = end.run, end.landing, end.room
    begin = run.problem.inside([x + by for x, by in zip(run.x, move, strict=True)])
    fallen = run.problem.known(begin, run.value) - run.value
    value, there = lowest_from(run, begin)
    # of a run that began at a minimum only the descent from beside it says what rounding is
    room = max(room, _SAME * fallen)
    if there is None or not room < inf:
        return _FromBeside()
    if not value <= end.value + room:
        return _FromBeside(is_higher=end.value + _CLEARLY * room < value < inf)
    if value < run.value - _CLEARLY * max(room, landing.room):
        return _FromBeside(lower=there)
    if value < end.value - _CLEARLY * room:
        return _FromBeside()
    sizes = numpy.array(landing.scales)
    moved = numpy.abs(numpy.array(moves(run.x, there)) / sizes).max()
    if not moved >= stayed * numpy.abs(numpy.array(move) / sizes).max():
        return _FromBeside()
    # a flat bottom is one all the way, a set that bends is not
    middle = [(at + to) / 2 for at, to in zip(end.x, there, strict=True)]
    told = is_far and not landing.has_many
    return _FromBeside(
        None if told and run.problem.known(middle, inf) <= end.value + room else there
    )


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
