"""Descents from several starts, and where each of them ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, isfinite
from random import Random
from typing import Unpack

from backprop.descent import minimize
from backprop.descent.errand import Errand
from backprop.descent.objective import Ending
from backprop.descent.result import Descent, StartsEnd
from backprop.descent_options import DescentOptions, complete
from backprop.errors import BackpropError, BadOption

_SAME = 1e-6
"""Two ends are one if their outputs differ by no more than this part of all outputs that were seen."""

_NEAR = 1e-4
"""Two points are one if no input differs by more than this part of its number, or of how far it came."""

_FACTORS = (0.0, 3.0)
"""Without bounds on both sides a start is the given number, or 1 where that is 0, times a normal number with
this mean and deviation."""


def descend(asked: Errand, **options: Unpack[DescentOptions]) -> tuple[Descent, Ending | None]:
    """What `minimize.descend` does from the given start, or from so many, of which the best is told.

    The others are drawn between the bounds, or around the given numbers; starts without a value count, and
    lead nowhere. Raises what it raises, and BadOption for several starts of one state.
    """
    count = complete(options)["starts"]
    if count == 1:
        return minimize.descend(asked, **options)
    if asked.state:
        message = "a state goes on from one point, and --starts asks for several"
        raise BadOption(message, hints=["leave --state or --starts out"])
    quiet: DescentOptions = {**options, "every": None, "explain_step": None}
    quietly = asked._replace(callback_every=0, spool=None)
    first, _ = minimize.descend(quietly, **quiet)
    chance, found = Random(0), [first]
    tried: list[Mapping[str, float]] = [first.start]
    without = 0
    while len(tried) < count and found[-1].stopped != "interrupted":
        tried.append(_start(first, chance))
        try:
            at = {**(asked.values or {}), **tried[-1]}
            found.append(minimize.descend(quietly._replace(values=at), **quiet)[0])
        except BackpropError:
            without += 1
    best = min(found, key=_rank)
    if found[-1].stopped == "interrupted":  # the best one is not run again
        reason = (
            f"interrupted at start {len(tried)} of {count}; of the best one so far: {best.reason}"
        )
        ends = _ends(found, without)
        told = replace(best, stopped="interrupted", converged=False, reason=reason, ends=ends)
        return told, None
    at = {**(asked.values or {}), **best.start}
    told, ended = minimize.descend(asked._replace(values=at), **options)
    return replace(told, ends=_ends(found, without)), ended


def _start(first: Descent, chance: Random) -> dict[str, float]:
    """Another start."""
    start = {}
    for name, number in first.start.items():
        low, high = first.bounds.get(name, (-inf, inf))
        if isfinite(low) and isfinite(high):
            start[name] = chance.uniform(low, high)
        else:
            start[name] = min(max((number or 1.0) * chance.gauss(*_FACTORS), low), high)
    return start


def _rank(found: Descent) -> tuple[bool, float]:
    """What comes first is best: what has not failed, and then the lowest output."""
    return found.failed, -found.value if found.maximize else found.value


def _ends(found: list[Descent], without: int) -> tuple[StartsEnd, ...]:
    """Where the runs ended, the best ends first; those that ended at the same point are one."""
    seen = [each.value for each in found] + [each.start_value for each in found]
    near = _SAME * (max(seen) - min(seen))
    ends: list[tuple[Descent, int]] = []
    for each in sorted(found, key=_rank):
        for at, (other, count) in enumerate(ends):
            if abs(each.value - other.value) <= near and _same_end(each, other):
                ends[at] = other, count + 1
                break
        else:
            ends.append((each, 1))
    told = [StartsEnd(count, each.value, each.stopped, each.parameters) for each, count in ends]
    return (*told, StartsEnd(without, None, "no value", {})) if without else tuple(told)


def _same_end(one: Descent, other: Descent) -> bool:
    """Whether two runs ended in the same way, and at the same point if that is one alone."""
    if one.stopped != other.stopped:
        return False
    if one.stopped.endswith("not unique") or not one.converged:
        return True
    return all(
        abs(at - other.parameters[name])
        <= _NEAR * max(abs(at), abs(at - one.start[name]), abs(at - other.start[name]))
        for name, at in one.parameters.items()
    )
