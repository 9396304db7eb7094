"""The end of a run whose inputs grow on without end along a valley that bends.

What tells is the profile of the output: the lowest one that there is while one input is held (as in a profile
likelihood: Raue et al., Bioinformatics 25, 2009, on parameters that data do not determine).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import exp, inf, isinf, log, log10
from random import Random
from sys import float_info
from typing import NamedTuple

import numpy

from backprop.descent.course import Run, Stop
from backprop.descent.endless import endless, falling
from backprop.descent.inner_run import lowest_from, work_from
from backprop.descent.landing import ROOM, Landing
from backprop.descent.leads import Lead, stationary
from backprop.descent.objective import Point
from backprop.descent.problem import FEW
from backprop.descent.valley_floors import floor_at
from backprop.errors import NotFinite

_GROWN, _FAR = 4.0, 1e3
"""An input that is so many times as large as at the start may grow on; by the second number, whatever the
bends say."""

_BACK, _TIMES, _AHEAD, _FARTHEST = 0.1, 10.0, 5, 20
"""So many times the input that grows, the output is looked at; ahead at least so often, and as often as it
has grown tenfold; where that is more often than the last number, as far as doubles go."""

_MOST_WORK = 10_000_000
"""More often than that only while descents there take no more steps in Python in all: 20 seconds."""

_FASTER = _AHEAD - 1
"""And so many of the last looks say whether it falls by more each time."""

_FARTHER_BACK = 1e-3, 1e-6, 1e-9
"""So many times it, where it has grown by more."""

_NOTHING = 1e-20
"""An output is next to nothing that is less than this part of all that it has fallen."""

_LITTLE = 0.1
"""A rise by less than this part of all that the output has fallen may be one from a double to the next."""

_SEEN = 1e-6
"""A valley that was higher by this part of all that the output has fallen is not level."""

_CLEARLY = 10.0
"""A fall by so many times what rounding may be is one."""

_GRAINS, _DOUBLES = 12, 16.0
"""So many points are looked at, each number at most so many doubles away."""

_MUCH = 1e-12
"""A rise by more than this part of all that the output has fallen is no matter of doubles."""

_BENT = 4.0
"""The others grow or shrink with at most this power of it."""

_LEADS = 3
"""The most inputs of which one may grow."""


def _is_level(run: Run, landing: Landing, lead: int, powers: list[float]) -> bool:
    """Whether the output stays the same along the floor of the valley, and did from where the run began."""
    floor, begun = floor_at(run, landing), abs(run.begun[lead])
    if not floor.is_level:
        return False
    grown = log10(abs(run.x[lead] / begun)) if begun else _FARTHEST
    for turn in range(int(min(grown, _FARTHEST)), 0, -1):
        far = [
            at * exp(-turn * log(_TIMES) * power) for at, power in zip(run.x, powers, strict=True)
        ]
        value, there = lowest_from(run, run.problem.inside(far), lead)
        if there and (floor.is_above(there) or value - run.value > _SEEN * run.fallen):
            return False
    return True


class _Behind(NamedTuple):
    """The lowest point while an input is smaller than where it has grown to, and the output there."""

    value: float
    point: Point


def recedes(run: Run, landing: Landing) -> Stop | Lead | None:
    """The end of a run where the output has become flat, if it only falls, ever less, along a valley on which
    an input has grown, and does not rise when it grows on; or a lower point where that is smaller; else
    None."""
    if landing.has_many or not 1 < len(run.x) <= FEW or not run.fallen:
        return None
    for lead, powers in _leads(run, landing):
        behind = _behind(run, landing, lead, powers)
        if behind is None:
            continue
        if behind.value < run.value:
            return Lead(behind.point, stationary(run, "", behind.point, ", slowly"))
        lowest = _only_falls(run, landing, lead, powers, behind.point)
        if lowest is not None and not _is_level(run, landing, lead, powers):
            named = [by if at == lead else 0.0 for at, by in enumerate(run.x)]
            told = falling(run, named, lowest, "along a valley on which")
            return endless(run, f"{told}, and has no {run.least} on this way")
    return None


def _leads(run: Run, landing: Landing) -> Iterator[tuple[int, list[float]]]:
    """The inputs that may grow on, and with which power of it the others do."""
    found, x = landing.spectrum, numpy.array(run.x)
    if not len(found.bends):
        return
    way = found.ways[int(numpy.abs(found.bends).argmin())]
    soft = landing.is_soft(way)
    begun = numpy.array(run.begun)
    # of what began at 0 only bends say how far it has come
    unknown = inf if soft else 0.0
    with numpy.errstate(all="ignore"):
        growth = numpy.where(begun == 0, unknown, numpy.abs(x) / numpy.abs(begun))
    parts = numpy.abs(way) / numpy.array(landing.scales)
    for lead in numpy.argsort(-(parts if soft else growth), kind="stable")[:_LEADS].tolist():
        end = run.problem.high[lead] if x[lead] > 0 else run.problem.low[lead]
        if not isinf(end) or not growth[lead] > (_GROWN if soft else _FAR):
            continue
        powers = numpy.zeros(len(x))
        if way[lead]:
            rates = numpy.where(x == 0, 0.0, way / numpy.where(x == 0, 1.0, x)) / (
                way[lead] / x[lead]
            )
            powers = numpy.where(numpy.abs(rates) <= _BENT, rates, 0.0)
        powers[lead] = 1.0
        yield lead, powers.tolist()


def _only_falls(
    run: Run, landing: Landing, lead: int, powers: list[float], behind: Point
) -> float | None:
    """The lowest output ahead, if the profile, which is higher behind, rises nowhere beyond."""
    seen = [run.value]
    here, least, before = run.x, run.value, landing.room
    for turn in range(_turns(run, lead)):
        ways = [_near_limit(behind, here, lead), _as_power(behind, here, lead)]
        if not turn:
            ways = [[at * _TIMES**power for at, power in zip(here, powers, strict=True)], ways[0]]
            # what is left of a sum of squares hardly ever falls on
            ways = ways[: 1 if abs(run.value) <= _NOTHING * run.fallen else 2]
        for point in ways:
            value, there = lowest_from(run, run.problem.inside(point), lead)
            room = _room(run, landing, there, _TIMES * before) if turn else landing.room
            if value <= least + room or _is_grain(run, value - least, there):
                break
        else:
            level = turn and seen[-2] == seen[-1]
            if level and all(isinf(run.problem.known(point, inf)) for point in ways):
                break  # so far away doubles end
            return None
        # far away rounding is larger, and what it lowers is no limit
        least = value if value < least - room else least
        seen.append(least)
        if there is None or isinf(_TIMES * there[lead]):
            break  # so far away doubles end
        behind, here, before = here, there, room
    falls = [one - other for one, other in pairwise(seen)]
    return -inf if _falls_faster(falls) else least


def _falls_faster(falls: Sequence[float]) -> bool:
    """Whether an output falls by more each time that one looks so many times as far: then it has no limit."""
    last = falls[-_FASTER:]  # the first one may lead into the valley from beside it
    return (
        len(last) == _FASTER and last[0] > 0 and all(one < other for one, other in pairwise(last))
    )


def _behind(run: Run, landing: Landing, lead: int, powers: list[float]) -> _Behind | None:
    """Where the profile is higher, or lower, and the input was smaller: farther back where rounding hides
    that; None if it is neither."""
    begun = abs(run.begun[lead])
    if run.x[lead] == 0:
        return None
    farther = [each for each in _FARTHER_BACK if abs(run.x[lead]) * each > _GROWN * begun > 0]
    first = min(begun / abs(run.x[lead]), _BACK)
    for back in (_BACK, *farther, *([first] if 0 < first < _BACK else [])):
        far = [at * exp(log(back) * power) for at, power in zip(run.x, powers, strict=True)]
        value, there = lowest_from(run, run.problem.inside(far), lead)
        if value - run.value > landing.room:  # a descent hardly finds the floor of what is flat
            along = run.problem.inside(_straight(run, lead, powers, back))
            lower, point = lowest_from(run, along, lead)
            if abs(lower - run.value) <= landing.room:
                value, there = lower, point
        rise = value - run.value
        if rise > landing.room and not _is_grain(run, rise, None):
            if there and rise < _LITTLE * run.fallen and not rise > _grain(run, there):
                continue  # the floor of a valley that is too narrow for doubles
            return _Behind(value, there or far)
        if (
            there
            and -rise > _CLEARLY * _room(run, landing, there, inf)
            and not _is_grain(run, -rise, there)
        ):
            return _Behind(value, there)
    return None


def _straight(run: Run, lead: int, powers: list[float], back: float) -> list[float]:
    """The point at which an input is so many times itself, on the line along which the output is softest."""
    return [at * (1 + (back - 1) * power) for at, power in zip(run.x, powers, strict=True)]


def _room(run: Run, landing: Landing, there: Point | None, otherwise: float) -> float:
    """A difference at a point far away that may be none; the other number where its rounding is not known."""
    try:
        return max(landing.room, ROOM * run.problem.rounding(there)) if there else otherwise
    except NotFinite:
        return otherwise


def _is_grain(run: Run, rise: float, there: Point | None) -> bool:
    """Whether the output changes by so much a few doubles beside the end, or that point."""
    if not rise <= _MUCH * run.fallen:
        return False
    return any(rise <= _grain(run, point) for point in (run.x, there) if point)


def _grain(run: Run, point: Point) -> float:
    """How far the output changes a few doubles beside the bottom of a valley: a descent comes no nearer."""
    values, turn = [run.problem.known(point, inf)], Random(0).uniform
    for _ in range(_GRAINS):
        moved = [x * (1 + _DOUBLES * float_info.epsilon * turn(-1.0, 1.0)) for x in point]
        values.append(run.problem.known(run.problem.inside(moved), values[0]))
    return max(values) - min(values)


def _turns(run: Run, lead: int) -> int:
    """How often the look ahead is ten times as far."""
    grown = log10(abs(run.x[lead] / (run.begun[lead] or run.x[lead])))
    turns = int(grown) if grown < _FARTHEST else 2 * float_info.max_10_exp
    return max(_AHEAD, min(turns, _MOST_WORK // work_from(run)))


def _near_limit(behind: Point, here: Point, lead: int) -> Point:
    """A point so much farther ahead than the last one, where each number comes near to a limit."""
    ahead = [at + (at - before) / _TIMES for before, at in zip(behind, here, strict=True)]
    ahead[lead] = _TIMES * here[lead]
    return ahead


def _as_power(behind: Point, here: Point, lead: int) -> Point:
    """A point so much farther ahead, where each number is a power of the one that leads."""
    both = zip(behind, here, strict=True)
    ahead = [at * at / before if before * at > 0 else at for before, at in both]
    ahead[lead] = _TIMES * here[lead]
    return ahead
