"""Members that need one another at other times, as one run: `x[t+1] = x[t] + v[t]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy

from backprop.loops.affine import Affine, Ints, Places, numbers_up, plain
from backprop.loops.domains import Domain, Wholes
from backprop.loops.parts import Block, Turn
from backprop.loops.repeated import Repeated


class Timed(NamedTuple):
    """One statement of a recurrence.

    part: all that leads to its members, for all times. What is the same at all times, or computed for
    all at once, is `outer` there, and computed before. family, target: where the members stand, one
    for each combination of `domain`, the home of the part's root. first: the domain around that has one
    combination for each time. times: of these, in any order, each once. variables: those of its times.
    own: the statement where it runs through its members by their times, and not by its variables.
    """

    part: Block
    family: str
    target: Places
    domain: Domain
    first: Domain
    times: Ints
    variables: Sequence[str]
    own: Repeated | None = None

    @property
    def ends(self) -> Wholes:
        """Members ends[k] to ends[k+1] of `domain` are those of combination k of `first`, which may have
        none."""
        each, at = self.domain.within(self.first), numpy.arange(self.first.size + 1)
        if each >= 0:
            return at * each
        return numpy.searchsorted(numbers_up(self.domain, self.first), at)


Slots = range | Wholes
"""The combinations of a body's `first`, time by time."""


class Phase(NamedTuple):
    """Times from number `start` to before `stop`: of each body its combinations, None where it has none
    at all of these times."""

    start: int
    stop: int
    slots: Sequence[Slots | None]


class Recurrence:
    """Statements whose members need one another, time by time, and within one time in this order.

    times: all of them, in the order in which they are computed. at: for each of the bodies, and each of
    `times`, the combination of its `first`, -1 where it has none.
    """

    def __init__(self, bodies: Sequence[Timed], backwards: bool) -> None:
        self.bodies = bodies
        self.backwards = backwards
        lines = [_line(body.times) for body in bodies]
        known = [each for each in lines if each]
        alike = {(abs(each.step), each.start % abs(each.step)) for each in known}
        self._lines = known if len(known) == len(lines) and len(alike) == 1 else []
        """The times of each body, where all go on evenly by the same step."""

    @cached_property
    def _every(self) -> Slots:
        """All times, the least first."""
        if not self._lines:
            return numpy.unique(numpy.concatenate([body.times for body in self.bodies]))
        ends = [end for each in self._lines for end in (each[0], each[-1])]
        return range(min(ends), max(ends) + 1, abs(self._lines[0].step))

    @property
    def count(self) -> int:
        """How many times there are."""
        return len(self._every)

    @cached_property
    def times(self) -> Wholes:
        every = numpy.asarray(self._every)
        return every[::-1] if self.backwards else every

    @cached_property
    def at(self) -> list[Wholes]:
        found: list[Wholes] = []
        every = numpy.asarray(self._every)
        for body in self.bodies:
            at = numpy.full(len(every), -1, dtype=numpy.int64)
            at[numpy.searchsorted(every, body.times)] = numpy.arange(len(body.times))
            found.append(at[::-1] if self.backwards else at)
        return found

    def phases(self, most: int) -> list[Phase] | None:
        """Its times in phases in which the same bodies have members; None for more than so many."""
        if self._lines:
            return self._even_phases()
        active = numpy.stack([at >= 0 for at in self.at])
        ends = numpy.flatnonzero((active[:, 1:] != active[:, :-1]).any(axis=0)) + 1
        if len(ends) >= most:
            return None
        pairs = zip([0, *ends.tolist()], [*ends.tolist(), self.count], strict=True)
        return [
            Phase(start, stop, [at[start:stop] if at[start] >= 0 else None for at in self.at])
            for start, stop in pairs
        ]

    def _even_phases(self) -> list[Phase]:
        every = self._every
        assert isinstance(every, range)
        every = every[::-1] if self.backwards else every
        whole: list[tuple[int, range]] = []
        for line in self._lines:
            slots = range(len(line))
            if (line.step > 0) != (every.step > 0) and len(line) > 1:
                slots, line = slots[::-1], line[::-1]
            whole.append((every.index(line[0]), slots))
        ends = sorted({end for start, slots in whole for end in (start, start + len(slots))})
        return [
            Phase(
                start,
                stop,
                [
                    slots[start - begin : stop - begin]
                    if begin <= start < begin + len(slots)
                    else None
                    for begin, slots in whole
                ],
            )
            for start, stop in pairwise([*dict.fromkeys([0, *ends, len(every)])])
        ]

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """The members time by time."""
        slices = [[*_slices(body)] for body in self.bodies]
        numbers = [at.tolist() for at in self.at]
        return [
            turn
            for time in zip(*numbers, strict=True)
            for some, at in zip(slices, time, strict=True)
            if at >= 0 and (turn := some[at])
        ]


def _slices(body: Timed) -> Iterator[Turn | None]:
    """For each combination of `first` its members, None where there are none."""
    at = body.target
    at = numpy.arange(at.start, at.stop) if isinstance(at, slice) else numpy.asarray(at)
    ends = body.ends.tolist()
    for number, some in enumerate(body.part.slices(body.first)):
        start, stop = ends[number], ends[number + 1]
        yield Turn(some, body.family, plain(at[start:stop])) if start < stop else None


def _line(times: Ints) -> range | None:
    """Times as a range, if they go on evenly."""
    if not isinstance(times, Affine) or times.domain.depth != 1 or not len(times):
        return None
    step = times.strides[0] or 1
    return range(times.base, times.base + step * len(times), step)
