"""Which members of a recurrence lead to an output, found without going through all of its times: where
those of some times in a row all do, all earlier ones do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.graph import in_order
from backprop.loops.moments import Course, Moment, Period

_TRIED = 64
"""After so many times it is looked whether all members lead to the output."""

_PAIRS = 10_000
"""So many pairs of what is read and what is computed are looked at."""

_LONG = 1000
"""Shorter periods are gone through."""


def mark_times(
    period: Period,
    stop: int,
    marks: Mapping[str | int, Any],
    run: Callable[[int, int], object],
) -> None:
    """Mark what marked members of times before `stop` depend on. marks: of families and rows. run: does it,
    for the times from a number on to before another one, the last one first.

    Where members are read as many times later as they are, at all times, what is so at one time is so one
    time earlier. So it is seen at one time, at which no member was marked before: if then all of it are
    marked, and all of as many later ones as are read across, all earlier ones are, too.
    """
    reach = _reach(period.moments)
    at = stop - 1 - _TRIED - (reach or 0)
    if reach is None or at < period.start + _LONG:
        run(period.start, stop)
        return
    before = any(marks[name][place] for name, place in _members(period.moments, at))
    run(at, stop)
    later = (each for time in range(at, at + reach + 1) for each in _members(period.moments, time))
    if before or not all(marks[name][place] for name, place in later):
        run(period.start, at)
        return
    for moment in period.moments:
        targets = [node for node, _ in moment.targets]
        for _, course in moment.targets:
            _fill(marks[moment.family], course, period.start, at)
        for node in in_order(targets, moment.columns.operands):
            if node in moment.leaves:
                source, course, _ = moment.leaves[node]
                if isinstance(source, int):  # all of a row, or nothing
                    course = Course(0)
                _fill(marks[source], course, period.start, at)


def _members(moments: Sequence[Moment], time: int) -> list[tuple[str, int]]:
    """What is computed at a time: families, and places."""
    return [(each.family, at.base + at.by * time) for each in moments for _, at in each.targets]


def _reach(moments: Sequence[Moment]) -> int | None:
    """How many times later members are read at most; None where that is not the same at all times."""
    targets: dict[str, list[Course]] = {}
    for moment in moments:
        targets.setdefault(moment.family, []).extend(at for _, at in moment.targets)
    reads = [
        leaf for moment in moments for leaf in moment.leaves.values() if leaf.source in targets
    ]
    if len(reads) * sum(map(len, targets.values())) > _PAIRS:
        return None
    reach = 0
    for name, written in targets.items():
        courses = written + [leaf.at for leaf in reads if leaf.source == name]
        by = written[0].by
        if not by or any(each.table is not None or each.by != by for each in courses):
            return None
        for read in courses[len(written) :]:
            for each in written:
                later, rest = divmod(each.base - read.base, by)
                if not rest and later < 0:
                    return None
                reach = max(reach, 0 if rest else later)
    return reach


def _fill(marks: Any, at: Course, start: int, stop: int) -> None:
    """Mark what stands at places from one time to before another one."""
    if at.table is not None:
        marks[at.table[: stop - start]] = True
    elif not at.by:
        marks[at.base] = True
    else:
        ends = sorted((at.base + at.by * start, at.base + at.by * (stop - 1)))
        marks[ends[0] : ends[1] + 1 : abs(at.by)] = True
