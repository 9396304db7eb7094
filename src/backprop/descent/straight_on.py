"""The end of a run where the output only falls straight on from where it came, however far one goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf, isinf, isnan

from backprop.descent.course import Run, Stop
from backprop.descent.endless import endless, falling, still_falls, within
from backprop.descent.landing import ROOM, Landing
from backprop.descent.objective import Point
from backprop.descent.problem import dot, moves
from backprop.descent.valley_floors import floor_at
from backprop.errors import NotFinite

_BACK = 1.0, 0.9, 0.5
"""How far back, to where the run began, the output is looked at."""

_AHEAD = (0.1, 1.0, 10.0, *(1e3**k for k in range(1, 103)))
"""How far ahead, in lengths of the way from the start, as long as doubles go."""

_SOON = 1e-3, 1e-2
"""And how far, where an output with corners must fall: it may be level behind one."""

TINY = 1e-290
"""An output that is less than this is not level where it becomes 0: it may be too small for a double."""

_GROWN, _FAR = 10.0, 1e6
"""An input has grown that is so many times as large as it was; and has grown far, so that nothing else needs
to speak for a fall without end."""

_ALONE = 8
"""The most inputs that are looked at one at a time."""

_NEARER, _NEAREST = 0.1, 1e-30
"""Where rounding hides all that the run has fallen, the look is nearer to the start, by so much at a time and
down to this part of the way."""

_ABOVE = 10.0
"""Far more than rounding is so many times that."""


def straight_on(run: Run, landing: Landing) -> Stop | None:
    """The end of a run that has not come to a lowest point, but falls towards a limit or beyond all bounds on
    the way from the start, of all inputs or of some; else None.

    A way counts along which the output hardly bends, for how far it has come: then the slope of a parabola
    says nothing of where it is lowest.
    """
    if not run.fallen:
        return None
    for way, far in _ways(run):
        straight = far or landing.is_straight(way)
        lowest = _falls(run, landing, way) if straight else None
        # where doubles end it may be as low as far away, and not only there
        if lowest is not None and not (len(run.x) > 1 and floor_at(run, landing).is_level):
            told = falling(run, way, lowest)
            return endless(run, f"{told}, and has no {run.least} on this way")
    return None


def grown_far(run: Run) -> str:
    """The input that has grown most, if it has grown far; else ""."""
    growth = _growth(run.begun, moves(run.begun, run.x))
    most = max(range(len(growth)), key=growth.__getitem__)
    return run.problem.names[most] if growth[most] > _FAR else ""


def has_grown(run: Run) -> bool:
    """Whether an input has grown."""
    return max(_growth(run.begun, moves(run.begun, run.x)), default=0.0) > _GROWN


def _growth(begun: Point, way: Point) -> list[float]:
    """How far each input has moved, in lengths of its number at the start."""
    return [
        abs(by) / (abs(to) or abs(by)) if by else 0.0 for by, to in zip(way, begun, strict=True)
    ]


def _ways(run: Run) -> Iterator[tuple[Point, bool]]:
    """The ways along which no bound is met: of all inputs, of those that have grown, and of one; and whether
    some have grown far."""
    way = moves(run.begun, run.x)
    ends = zip(way, run.problem.low, run.problem.high, strict=True)
    way = [by if isinf(low if by < 0 else high) else 0.0 for by, low, high in ends]
    growth = _growth(run.begun, way)
    far = max(growth, default=0.0) > _FAR
    seen: list[Sequence[float]] = [[0.0] * len(way)]
    for least in (0.0, _GROWN):
        some = [by if more >= least else 0.0 for by, more in zip(way, growth, strict=True)]
        if some not in seen:
            seen.append(some)
            yield some, far
    order = sorted(range(len(way)), key=lambda at: -growth[at])
    for at in order[:_ALONE]:
        alone = [by if each == at else 0.0 for each, by in enumerate(way)]
        if alone not in seen:
            yield alone, growth[at] > _FAR


def _falls(run: Run, landing: Landing, way: Point) -> float | None:
    """The lowest output far ahead on a way, if it rises nowhere, minus infinity where rounding hides it; None
    if it rises."""
    problem, x = run.problem, run.x

    def point(part: float) -> Point:
        if part == -1:  # far away rounding leaves nothing of where it was
            return [to if by else at for at, by, to in zip(x, way, run.begun, strict=True)]
        return problem.inside([within(at + part * by) for at, by in zip(x, way, strict=True)])

    def value(part: float) -> float:
        try:
            return problem.value(point(part))
        except NotFinite:  # 1/(1 + exp(x)) is 0 where exp(x) is beyond all doubles
            return problem.objective.last * problem.sign

    def rounding(part: float) -> float:
        try:
            return ROOM * problem.rounding(point(part))
        except NotFinite:
            return 0.0

    first = value(-1.0)
    here, lowest, room, reach = 0.0, run.value, landing.room, 1.0
    while not first - lowest > _ABOVE * room:
        if not landing.room > run.fallen or reach < _NEAREST:  # rounding does not hide it
            return None
        reach *= _NEARER
        here = reach - 1.0
        lowest, room = value(here), rounding(here)
    soon = (0.0, *_SOON) if abs(run.value) > TINY else (0.0,)
    if not problem.objective.is_smooth and not all(
        _slopes_down(run, point(part), way) for part in soon
    ):
        return None
    before = [first, *(value(here - part * reach) for part in _BACK[1:]), lowest]
    if not all(one >= after - room for one, after in pairwise(before)):
        return None
    last, seen = x, [lowest]
    for part in _AHEAD:
        after = value(here + part * reach)
        if part > 1 and (isnan(after) or after == inf or point(here + part * reach) == last):
            break  # so far away doubles may end
        last = point(here + part * reach)
        if not after <= lowest + room and not after <= lowest + room + rounding(
            here + part * reach
        ):
            return None
        lowest = min(lowest, after)
        seen.append(lowest)
    return -inf if reach < 1 or still_falls(run, seen) else lowest


def _slopes_down(run: Run, x: Point, way: Point) -> bool:
    """Whether the output falls along a way at a point: where it has corners it may be level."""
    try:
        slopes = run.gradient if x == run.x else run.problem.both(x)[1]
    except NotFinite:
        return True
    return dot(slopes, way) < 0
