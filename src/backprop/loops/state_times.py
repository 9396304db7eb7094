"""When the states of recurrences are known: which of their members are the last ones at each time, and which
earlier ones what comes later still reads. What comes later depends on what comes before by these alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import numbered, whole
from backprop.loops.depending_members import RunBody
from backprop.loops.derivative_sweep import Runs, refuse
from backprop.loops.domains import Wholes
from backprop.loops.leading_bounds import NONE, LeadingBounds, LeadingEnds, joined, none_of
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block, Turn, Use
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence, Timed

_NEVER = NONE.min // 2
"""The time of what is of no time: before all others."""

_MOST_BEFORE = 3
"""So many times before the last ones members may be that what comes later reads."""


class StateLine(NamedTuple):
    """The members of a family that a recurrence computes: at time `start + k*step` those at the places
    `first + k*stride`, k up to `last`."""

    first: Wholes
    stride: int
    start: int
    step: int
    last: int

    def numbers(self, times: Wholes) -> Wholes:
        """The number k of the last members at some times, or before these."""
        found: Wholes = numpy.minimum((times - self.start) // self.step, self.last)
        return found


class StateSlot(NamedTuple):
    """A number of the state: of a family, which of those of one time, and how many times before the last."""

    family: str
    at: int
    before: int


class StateTimes:
    """The times of recurrences that go one way, the states, and of those that come back from these.

    forth, back: the recurrences. every: of a body all that leads to its members. still: of families of
    these the members that are 0. apart: whether what a single
    member reads is a number for all times, as both members in `s[n]*s[1]`. Raises NotLoops where the
    members do not go on evenly.
    """

    def __init__(
        self,
        plan: Layout,
        runs: Runs,
        forth: Sequence[Recurrence],
        back: Sequence[Recurrence],
        every: Callable[[RunBody], Block],
        still: Sequence[Timed] = (),
        apart: bool = False,
    ) -> None:
        self.apart = apart
        self._plan, self._runs, self._parts = plan, [*runs], dict[int, Block]()
        self._whole, self._still = every, still
        self._sign = -1 if forth[0].backwards else 1
        self._forth = [body for run in forth for body in run.bodies]
        self._back = [(body, self._every(body)) for run in back for body in run.bodies]
        self.lines = {body.family: self._line(body.family) for body in self._forth}
        self._beside = {family: self._beside_line(family) for family in self.lines}
        self._opaque = {body.family for body in (*self._forth, *(each for each, _ in self._back))}
        self._depending = {*self._opaque}
        for run in self._runs:
            families = (
                {use.family for use in self._every(run).uses} if isinstance(run, Turn) else ()
            )
            if isinstance(run, Turn) and run.family and not self._depending.isdisjoint(families):
                self._depending.add(run.family)
        self._times = {family: self._of_members(family) for family in self._opaque}
        every_time = [self._at(body) for body in self._forth]
        every_time += [self._at(body) for body in (*still, *(each for each, _ in self._back))]
        self._grid = numpy.unique(numpy.concatenate(every_time))
        self._needs = dict[str, Mapping[str, LeadingEnds]]()
        names = [*dict.fromkeys(body.family for body, _ in self._back)]
        self._reads = {name: self._direct(name) for name in names}
        for body in self._forth:
            found = [each.of_part(self._every(body)) for each in self._reads.values()]
            if any((first < NONE.max).any() for first, _ in found):
                refuse("goes through recurrences that go forth and back more than once")
        self._states = {family: self._before(family) for family in self.lines}
        self._besides = self._needed_besides()

    def slots(self, of: str) -> list[StateSlot]:
        """The numbers that a family of the way back moves with."""
        more = self._besides.get(of, {})
        return [
            StateSlot(family, at, before)
            for family, line in self.lines.items()
            for before in range(more.get(family, self._states[family]) + 1)
            for at in range(len(line.first))
        ]

    def bodies(self, family: str) -> list[Timed]:
        """The bodies on the way back that compute members of a family, in order."""
        return [body for body, _ in self._back if body.family == family]

    def order(self, family: str) -> int:
        """Where a family stands among those of the way back."""
        return [body.family for body, _ in self._back].index(family)

    def times_of(self, family: str, places: Wholes) -> Wholes:
        """The times of members."""
        found: Wholes = self._times[family][places]
        return found

    def places(self, slot: StateSlot, times: Wholes) -> Wholes:
        """Where a number of the state stands at some times. Raises NotLoops where there is none."""
        line = self.lines[slot.family]
        found: Wholes = line.first[slot.at] + line.stride * (line.numbers(times) - slot.before)
        if ((found < 0) | (found >= self._plan.families[slot.family].size)).any():
            refuse("goes through a recurrence at times at which its state is not known")
        return found

    def known_at(self, use: Use, by: Use, over: Callable[[Wholes], Wholes]) -> bool:
        """Whether all that is read depends on other members by the state at its time alone. by: those,
        over: as numbers of each combination of the reading."""
        places = whole(numbered(use.places))
        times = self.times_of(use.family, places)
        if (times <= _NEVER).any():
            return False
        at = over(whole(numbered(by.places)))
        if by.family in self._opaque:
            if by.family not in self.lines or (self._times[by.family][at] > times).any():
                return False
            if (self._beside[by.family][at] & (self._times[by.family][at] <= _NEVER)).any():
                return False
        else:
            first, last = self._need(by.family, use.family, times)
            if ((first <= at) & (at <= last)).any():
                return False
        more = self._besides.get(use.family, {})
        for family, line in self.lines.items():
            first, _ = self._need(family, use.family, times)
            before = line.numbers(times) - more.get(family, self._states[family])
            if (first < line.start + before * line.step).any():
                return False
        return True

    def _every(self, body: RunBody) -> Block:
        """All that leads to the members of a body."""
        if id(body) not in self._parts:
            self._parts[id(body)] = self._whole(body)
        return self._parts[id(body)]

    # times

    def _at(self, body: Timed) -> Wholes:
        return self._sign * numpy.repeat(whole(body.times), numpy.diff(body.ends))

    def _line(self, family: str) -> StateLine:
        bodies = [body for body in self._forth if body.family == family]
        times = numpy.concatenate([self._at(body) for body in bodies])
        places = numpy.concatenate([whole(numbered(body.target)) for body in bodies])
        order = numpy.lexsort((places, times))
        each, counts = numpy.unique(times, return_counts=True)
        uneven = "goes through a recurrence that does not go on evenly"
        if len(each) < 3 or (counts != counts[0]).any():
            refuse(uneven)
        by_time = places[order].reshape(len(each), -1)
        step, strides = numpy.diff(each), numpy.diff(by_time, axis=0)
        if (step != step[0]).any() or (strides != strides[0, 0]).any():
            refuse(uneven)
        return StateLine(by_time[0], int(strides[0, 0]), int(each[0]), int(step[0]), len(each) - 1)

    def _beside_line(self, family: str) -> NDArray[numpy.bool_]:
        """Which members of a family stand on no line of states: the ends of a rod, which are given for all
        times. They are no part of the state, and lead to it as what is of other families does."""
        line, size = self.lines[family], self._plan.families[family].size
        found = numpy.zeros(size + 1, dtype=bool)
        if line.stride:
            on = numpy.isin(numpy.arange(size) % line.stride, line.first % line.stride)
            found[:-1] = ~on
        return found

    def _of_members(self, family: str) -> Wholes:
        """The time of each member of a family, also of those that a single state begins with."""
        size = self._plan.families[family].size
        found = numpy.full(size + 1, _NEVER)
        line = self.lines.get(family)
        if line and len(line.first) == 1 and line.stride:
            number, rest = numpy.divmod(numpy.arange(size) - line.first[0], line.stride)
            found[:-1] = numpy.where(rest == 0, line.start + number * line.step, _NEVER)
        for body in (*self._forth, *self._still, *(each for each, _ in self._back)):
            if body.family == family:
                found[body.target] = self._at(body)
        return found

    def _needed_besides(self) -> dict[str, Mapping[str, int]]:
        """Of families of the way back of which more than the state is needed, how many times before the last
        ones members are: of as many as there are such ones that need one another, the first ones."""
        lacking = dict[str, Mapping[str, int]]()
        for of in self._reads:
            there = numpy.zeros(len(self._grid), dtype=bool)
            for body in self.bodies(of):
                there[self._numbers(self._at(body))] = True
            times = self._grid[there]
            more = dict[str, int]()
            for family, line in self.lines.items():
                first, _ = self._need(family, of, times)
                some = first < NONE.max
                last = line.start + line.numbers(times) * line.step
                before = ((last - numpy.maximum(first, _NEVER)) // line.step)[some]
                more[family] = int(before.max(initial=0))
            if any(more[family] > most for family, most in self._states.items()):
                lacking[of] = more
        reads = {of: {*self._read_by(of)} & lacking.keys() for of in lacking}
        found = dict[str, Mapping[str, int]]()
        while True:
            try:
                [*TopologicalSorter(reads).static_order()]
            except CycleError as error:
                circle = {*error.args[1]}
                one = next(of for of in reads if of in circle)
                if any(before > _MOST_BEFORE for before in lacking[one].values()):
                    refuse("goes through a recurrence that reads far back")
                found[one] = lacking[one]
                del reads[one]
                for each in reads.values():
                    each.discard(one)
            else:
                return found

    def _read_by(self, of: str) -> Iterator[str]:
        """The families of the way back that one of them reads."""
        for body, every in self._back:
            for name, reads in self._reads.items():
                if body.family == of and (reads.of_part(every)[0] < NONE.max).any():
                    yield name

    # what is needed of what

    def _before(self, family: str) -> int:
        """How many times before its last members the way forth reads some of a family."""
        line, (first, _) = self.lines[family], self._later(self._direct(family))
        last = line.start + line.numbers(self._grid) * line.step
        some = first < NONE.max
        most = int(((last - first) // line.step)[some].max(initial=0))
        if most > _MOST_BEFORE:
            refuse("goes through a recurrence that reads far back")
        return most

    def _direct(self, family: str) -> LeadingBounds:
        """What leads to members of other families without going through recurrences: of those of recurrences
        their times, of others their places."""
        size = self._plan.families[family].size + 1
        ends = self._times[family] if family in self._opaque else numpy.arange(size)
        known, opaque = (ends.copy(), ends.copy()), self._opaque
        if family in self._beside:
            beside = self._beside[family] & (ends <= _NEVER)
            known[0][beside], known[1][beside] = NONE.max, NONE.min
        asked = self._plan, family, self._every, known, opaque, self._depending, not self.apart
        found = LeadingBounds(*asked, self._beside)
        found.take([run for run in self._runs if not isinstance(run, Recurrence)], None)
        return found

    def _numbers(self, times: Wholes) -> Wholes:
        """Where times stand in the grid."""
        first = self._grid[0]
        if self._grid[-1] - first == len(self._grid) - 1:
            found: Wholes = times - first
            return found
        return numpy.searchsorted(self._grid, times)

    def _none(self) -> LeadingEnds:
        return none_of(len(self._grid))

    def _by_time(self, body: Timed, ends: LeadingEnds) -> LeadingEnds:
        """For each time of the grid the ends of all members of a body."""
        found, at = self._none(), self._numbers(self._at(body))
        numpy.minimum.at(found[0], at, ends[0])
        numpy.maximum.at(found[1], at, ends[1])
        return found

    def _later(self, direct: LeadingBounds) -> LeadingEnds:
        """For each time of the grid what members of later times need, on the way forth."""
        parts = [self._by_time(body, direct.of_part(self._every(body))) for body in self._forth]
        return _after(joined(parts))

    def _need(self, family: str, of: str, times: Wholes) -> LeadingEnds:
        """Between which members of a family all stand that some of the way back need, but for what is of
        their time or before on the way forth; of recurrences between which times. of, times: of those."""
        if family not in self._needs:
            direct = self._direct(family)
            now = self._of_same_time(direct)
            after = joined([_after(joined([*now.values()])), self._later(direct)])
            self._needs[family] = {name: joined([each, after]) for name, each in now.items()}
        at = self._numbers(times)
        first, last = self._needs[family][of]
        return first[at], last[at]

    def _of_same_time(self, direct: LeadingBounds) -> dict[str, LeadingEnds]:
        """For each time what members of the way back need at that time; all there is where they need others
        of an earlier time, which the way back computes later."""
        found = dict[str, LeadingEnds]()
        for body, every in self._back:
            parts = [self._by_time(body, direct.of_part(every))]
            for name, reads in self._reads.items():
                first, _ = self._by_time(body, reads.of_part(every))
                none = found.get(name, self._none())
                here, wrong = first == self._grid, first < self._grid
                low, high = (
                    numpy.where(here, none[0], NONE.max),
                    numpy.where(here, none[1], NONE.min),
                )
                parts.append(
                    (numpy.where(wrong, NONE.min, low), numpy.where(wrong, NONE.max, high))
                )
            known = [found[body.family]] if body.family in found else []
            found[body.family] = joined([*known, *parts])
        return found


def state_times(
    plan: Layout,
    runs: Runs,
    forth: Sequence[Recurrence],
    back: Sequence[Recurrence],
    every: Callable[[RunBody], Block],
    still: Sequence[Timed] = (),
) -> StateTimes:
    """The times and states: with what single members read in the state, if it is near, and apart if not."""
    try:
        return StateTimes(plan, runs, forth, back, every, still)
    except NotLoops:
        return StateTimes(plan, runs, forth, back, every, still, apart=True)


def _after(ends: LeadingEnds) -> LeadingEnds:
    """For each time the ends of all later ones."""
    (first, last), (low, high) = ends, none_of(len(ends[0]))
    low[:-1] = numpy.minimum.accumulate(first[:0:-1])[::-1]
    high[:-1] = numpy.maximum.accumulate(last[:0:-1])[::-1]
    return low, high
