"""Derivatives of what a recurrence brings back, for each combination by another member: `∂L/∂x[i]` of a
recurrence by `x[i]`. What comes back to a time depends on all that comes before by the state of that time
alone. So it is enough to know how it moves with each number of the state, which is a recurrence beside it,
back through the same times (a Hessian of what is live, brought back: R. M. Gower and M. P. Mello, "A new
framework for the computation of Hessians", Optimization Methods and Software 27, 2012)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from itertools import chain
from typing import NamedTuple

import numpy

from backprop.chain.columns import Row, Rows
from backprop.graph import depending, in_order
from backprop.loops.affine import Affine, numbered, ranged, whole
from backprop.loops.depending_members import RunBody
from backprop.loops.derivative_sweep import IsZero, Runs, enter, refuse
from backprop.loops.derived import adjoints, by_number, spread
from backprop.loops.domains import Domain, Wholes
from backprop.loops.family import Family
from backprop.loops.leading_names import led_to_by
from backprop.loops.many import NotLoops
from backprop.loops.numbers_for_all import said
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.read_within import HeldState
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import Gathered
from backprop.loops.sequence import divided, quickest
from backprop.loops.state_times import StateSlot, StateTimes, state_times
from backprop.loops.still_derivatives import StillDerivatives
from backprop.loops.taken_rows import TakenRows, places_within, reading
from backprop.loops.zero_members import Holds
from backprop.operations import GATHERS

_MOST_NUMBERS = 32
"""The most numbers of a state: of each it is found how all moves with it; time grows with their square."""


class _OfState(NamedTuple):
    """How a family moves with the numbers of a state. times: of the state. names: of the families of
    derivatives by these. numbers: of what is the same at all times, by what it says, a row and the family of
    derivatives by it."""

    times: StateTimes
    names: dict[StateSlot, str]
    numbers: dict[Hashable, tuple[int, str]]


class _Made(NamedTuple):
    """A body of which the derivatives are known by a number of the state. by: its family. first, home: of the
    rows. state: what was found on the way."""

    body: Timed
    by: str
    first: Domain
    home: Domain
    state: HeldState


class ByStates:
    """How what comes back through recurrences moves with their states. every: of a body all that leads to
    its members. reads: of each family those that its equations read; takes those of derivatives."""

    def __init__(
        self,
        plan: Layout,
        runs: Runs,
        every: Callable[[RunBody], Block],
        reads: dict[str, set[str]],
    ) -> None:
        self._plan, self._runs, self._every, self._reads = plan, runs, every, reads
        self.number = 0  # of the statement that is read
        self.derive: Callable[[int, int, HeldState | None], tuple[int, Holds]]
        """Finds the derivative of a row by another one, and for which combinations it is not 0."""
        self._beside = dict[str, _OfState | None]()
        self._known = dict[tuple[int, ...], StateTimes]()  # by the recurrences that they are of
        self._steps = dict[Hashable, str | None]()
        """By what it is of and by, the family of how a state moves with the one before."""
        self._still = StillDerivatives(plan)
        self._ahead = list[Turn]()
        """What computes those of them that are to be added to the runs."""
        self._open: list[str] | None = None
        """While some are made the families of which more are needed."""
        self._state: HeldState | None = None
        """While it is found how something moves with one number of a state."""

    def is_known(self, use: Use, by: Use) -> bool:
        """Whether what is read depends on what a derivative is by through the state at its time alone."""
        columns = self._plan.columns
        home, outer = columns.homes[use.row], columns.homes[by.row]
        if outer is columns.whole or outer not in home.around():
            return False
        if not (beside := self._of(use.family)):
            return False
        return beside.times.known_at(use, by, lambda numbers: home.lifted(numbers, outer))

    def shares(self, of: int, known: Sequence[Use], by: Use) -> Iterator[tuple[int, Holds]]:
        """The rows of what comes to a row through what is known of readings, and where it is not 0."""
        yield from self._brought(of, {use.row: self._moved(use, by) for use in known}, ())

    def _brought(
        self, of: int, moved: Mapping[int, Iterator[tuple[int, Holds]]], itself: Sequence[int]
    ) -> Iterator[tuple[int, Holds]]:
        """As `shares`, through others. moved: rows of how these move, and where they do. itself: others that
        move by 1."""
        columns, home = self._plan.columns, self._plan.columns.homes[of]
        rows, some = Rows(columns), [*moved, *itself]
        order = in_order([of], lambda row: () if row in some else columns.operands(row))
        steps = [row for row in order if columns.is_step(row) and row not in some]
        sums = adjoints(rows, steps, {of: rows.number(1.0)}, some)
        for row in some:
            inner = columns.homes[row]
            none = (None, numpy.ones(inner.size, dtype=bool))
            for each, led in moved.get(row, (none,)) if row in sums else ():
                found = rows.called(sums[row])
                share = rows.node(found if each is None else rows.product(found, Row(each)))
                share = spread(columns, share, inner)
                if inner is not home:
                    share = columns.special(Gathered(share, GATHERS["sum"]), home)
                    at = whole(inner.lifted(numpy.arange(home.size), home))
                    led = numpy.bincount(at[led], minlength=home.size) > 0
                yield share, led

    def _moved(self, use: Use, by: Use) -> Iterator[tuple[int, Holds]]:
        """The rows of how what is read moves with what a derivative is by, one for each number of the state
        and one for each of those that are the same at all times, and where it does."""
        columns, beside = self._plan.columns, self._of(use.family)
        assert beside
        home, outer = columns.homes[use.row], columns.homes[by.row]
        places = _places(use)
        times, over = beside.times.times_of(use.family, places), home
        at = whole(home.lifted(numpy.arange(outer.size), outer))
        first = numpy.zeros(outer.size, dtype=numpy.int64)
        first[at] = times
        if len(numpy.unique(at)) == outer.size and (first[at] == times).all():
            times, over = first, outer  # the same for all within
        for slot in beside.times.slots(use.family):
            name = self._name(beside, use.family, slot)
            state = reading(self._plan, slot.family, beside.times.places(slot, times), over)
            held = HeldState(self._state.others, self._state.apart) if self._state else None
            yield from self._times(name, state, use, by, held)
        for row, name in beside.numbers.values() if not self._state else ():
            yield from self._times(name, row, use, by, None)

    def _times(
        self, name: str, of: int, use: Use, by: Use, state: HeldState | None
    ) -> Iterator[tuple[int, Holds]]:
        """The row of a product of members of a family and of how a row moves, if it does, and where."""
        columns, home = self._plan.columns, self._plan.columns.homes[use.row]
        if (moved := self._next(of, by, state) if state else self._derived(of, by, None)) is None:
            return
        theirs = reading(self._plan, name, _places(use), home)
        if columns.homes[moved] is not home:
            moved = columns.lift(moved, home)
        led = self._still.moves(name, _places(use))
        yield columns.step("*", (theirs, moved)), led

    def _derived(self, of: int, by: Use, state: HeldState | None) -> int | None:
        try:
            return self.derive(of, by.row, state)[0]
        except IsZero:
            return None

    def _next(self, of: int, by: Use, state: HeldState) -> int | None:
        """How a state moves with a number of the one before, which several bodies read: the row of members of
        a family of its own, computed for all times at once; None where it does not. of: a reading."""
        plan, columns = self._plan, self._plan.columns
        home, uses = columns.homes[of], (plan.uses[of], by, *state.others)
        parts = [(use.family, places_within(columns, use, home).tobytes()) for use in uses]
        if (key := tuple(parts)) not in self._steps:
            self._steps[key] = None
            if (row := self._derived(of, by, state)) is not None:
                row = row if columns.is_step(row) else columns.step("copy", [row])
                row = spread(columns, row, home)
                size, name = columns.homes[row].size, f"∂{len(self._steps)}/∂{by.family}·"
                around = columns.whole
                at = ranged(Domain(around, size), Affine(around, 0), Affine(around, 1))
                enter(plan, Family(name, [(at,)]), self.number)
                every = part(columns, [row], plan.uses)
                self._reads.setdefault(name, set()).update(use.family for use in every.uses)
                self._ahead.append(Turn(self._bordering(every), name, slice(0, size)))
                self._steps[key] = name
        if (known := self._steps[key]) is None:
            return None
        return reading(plan, known, numpy.arange(home.size), home)

    # what is beside a family

    def _of(self, family: str) -> _OfState | None:
        """What is known of the families that come back to a state; None where that is no such one."""
        if family not in self._beside:
            runs = [*self._runs_of(family)]
            if not runs:  # not yet
                return None
            self._beside[family] = None  # also while it is looked for
            if len({each.backwards for each in runs}) == 1:
                with suppress(NotLoops):
                    self._beside[family] = self._found(family, runs[0])
        return self._beside[family]

    def _needed(self, families: set[str]) -> set[str]:
        """These families, and those that they need on any way."""
        return families | led_to_by(families, lambda each: self._reads.get(each, set()))

    def _found(self, family: str, here: Recurrence) -> _OfState | None:
        needed = self._needed({family})
        runs = [each for each in self._runs if isinstance(each, Recurrence)]
        runs = [each for each in runs if any(body.family in needed for body in each.bodies)]
        forth = [each for each in runs if each.backwards != here.backwards]
        back = [each for each in runs if each.backwards == here.backwards]
        if not forth:
            return None
        key = tuple(map(id, (*forth, *back)))
        if key not in self._known:
            every, still = self._every, self._still.bodies(needed)
            self._known[key] = state_times(self._plan, self._runs, forth, back, every, still)
        times = self._known[key]
        return _OfState(times, {}, {}) if 0 < len(times.slots(family)) <= _MOST_NUMBERS else None

    def _name(self, beside: _OfState, family: str, slot: StateSlot) -> str:
        """The family of how members move with a number of the state."""
        if slot not in beside.names:
            self._enter(beside, family)
            if self._open is None:
                self._make(beside, family)
            else:
                self._open.append(family)
        return beside.names[slot]

    def _enter(self, beside: _OfState, family: str) -> None:
        for number, slot in enumerate(beside.times.slots(family)):
            beside.names[slot] = self._twin(family, f"{slot.family}·{number}")

    def _twin(self, family: str, by: str) -> str:
        """Enter a family of derivatives."""
        twin = copy(self._plan.families[family])
        twin.name = f"∂{family}/∂{by}"
        enter(self._plan, twin, self.number)
        return twin.name

    def _make(self, beside: _OfState, family: str) -> None:
        """Let it be computed how families move with the numbers of the state, as a recurrence beside them."""
        self._open, made = [family], dict[str, list[_Made]]()
        timed, runs = dict[str, list[Timed]](), list[Turn | Recurrence]()
        (back,) = {each.backwards for each in self._runs_of(family)}
        try:
            while self._open:
                of = self._open.pop()
                made[of], timed[of] = [], []
                if not (theirs := self._of(of)):
                    refuse("goes through a recurrence of which the state is not known")
                for body in theirs.times.bodies(of):
                    for slot in theirs.times.slots(of):
                        timed[of] += self._by_slot(theirs, body, slot, made[of], runs)
                for slot in theirs.times.slots(of):
                    runs += self._still.again(of, theirs.names[slot])
            order = sorted(made, key=beside.times.order)
            bodies = [body for of in order for body in timed[of]]
            runs += [quickest(bodies, back)] if bodies else []
            for key, row in self._numbers(made).items():
                bodies = [*self._by_number(key, row, {of: made[of] for of in order}, runs)]
                runs += [quickest(bodies, back)] if bodies else []
        except NotLoops:
            names = [turn.family for turn in self._ahead]
            self._steps = {key: name for key, name in self._steps.items() if name not in names}
            self._ahead = []
            for of in {*made, *self._open}:
                if theirs := self._of(of):
                    names += [
                        *theirs.names.values(),
                        *(name for _, name in theirs.numbers.values()),
                    ]
                self._beside[of] = None
            self._still.forget(names)
            for name in names:
                del self._plan.families[name], self._plan.defaults[name]
            raise
        finally:
            self._open = None
        self._runs += [*self._ahead, *runs]
        self._ahead = []

    def _numbers(self, made: Mapping[str, Sequence[_Made]]) -> dict[Hashable, int]:
        """What bodies read that is the same at all times, by what it says: a row of each."""
        found = dict[Hashable, int]()
        for each in chain(*made.values()):
            for row in each.state.numbers:
                found.setdefault(said(self._plan, row), row)
            for use in each.state.known:
                if theirs := self._of(use.family):
                    found |= {key: row for key, (row, _) in theirs.numbers.items()}
        return found

    def _by_number(
        self,
        key: Hashable,
        row: int,
        made: Mapping[str, Sequence[_Made]],
        runs: list[Turn | Recurrence],
    ) -> Iterator[Timed]:
        """How families move with what is the same at all times. key: what that says. row: a row of it. runs:
        takes what is computed before."""
        plan, columns = self._plan, self._plan.columns
        for of in made:
            if theirs := self._of(of):
                name = self._twin(of, f"{len(theirs.numbers)}·")
                theirs.numbers[key] = row, name
                runs += self._still.again(of, name)
        leading = self._needed(
            {plan.uses[at].family for at in in_order([row], columns.operands) if at in plan.uses}
        )
        some = {id(each.body): each for each in chain(*made.values()) if each.by in leading}
        for each in some.values():  # one for each body, in order
            theirs, state = self._of(each.body.family), each.state
            assert theirs
            itself = [up for down, up in state.numbers.items() if said(plan, down) == key]
            moved = dict[int, Iterator[tuple[int, Holds]]]()
            for use in state.known:
                if (known := self._of(use.family)) and key in known.numbers:
                    at, home = _places(use), columns.homes[use.row]
                    theirs_by = reading(plan, known.numbers[key][1], at, home)
                    moved[use.row] = iter([(theirs_by, numpy.ones(home.size, dtype=bool))])
            total = None
            for share, _ in self._brought(state.of, moved, itself) if moved or itself else ():
                total = share if total is None else columns.step("+", (total, share))
            total = None if total is None else state.read(total)
            yield from self._timed(theirs.numbers[key][1], total, each, runs)

    def _runs_of(self, family: str) -> Iterator[Recurrence]:
        for run in self._runs:
            if isinstance(run, Recurrence) and any(body.family == family for body in run.bodies):
                yield run

    def _by_slot(
        self,
        beside: _OfState,
        body: Timed,
        slot: StateSlot,
        made: list[_Made],
        runs: list[Turn | Recurrence],
    ) -> Iterator[Timed]:
        """How the members of a body move with a number of the state. made: takes what is found on the way,
        once for each slot of the body. runs: takes what is computed before."""
        plan, columns = self._plan, self._plan.columns
        times, first = whole(body.times), Domain(columns.whole, body.first.size)
        every, chosen = self._every(body), numpy.arange(body.first.size)
        read = {use.row: use for use in every.uses}
        root = TakenRows(plan, read, body.first, chosen, first).row(every.roots[0])
        sign = -1 if not next(self._runs_of(body.family)).backwards else 1
        by, others = -1, list[Use]()
        for each in beside.times.slots(body.family):
            row = reading(plan, each.family, beside.times.places(each, sign * times), first)
            if each == slot:
                by = row
            else:
                others.append(plan.uses[row])
        around, self._state = self._state, HeldState(others, beside.times.apart)
        found = _Made(body, slot.family, first, columns.homes[root], self._state)
        made.append(found)
        try:
            total, _ = self.derive(root, by, self._state)
        except IsZero:
            total = None
        finally:
            self._state = around
        yield from self._timed(beside.names[slot], total, found, runs)

    def _timed(
        self, name: str, total: int | None, made: _Made, runs: list[Turn | Recurrence]
    ) -> Iterator[Timed]:
        """A body of derivatives. total: their row, None where they are 0."""
        plan, columns, body = self._plan, self._plan.columns, made.body
        if total is None:
            runs.append(self._still.enter(name, body, made.home, made.first))
            return
        row = spread(columns, total, made.home)
        row = row if columns.is_step(row) else columns.step("copy", [row])
        every = part(columns, [row], plan.uses)
        self._reads.setdefault(name, set()).update(use.family for use in every.uses)
        within, ahead = divided(columns, every, made.first, plan.uses)
        if ahead:
            runs.append(ahead._replace(part=self._bordering(ahead.part)))
        within, home = self._bordering(within), columns.homes[row]
        yield Timed(within, name, body.target, home, made.first, body.times, (), None)

    def _bordering(self, of: Block) -> Block:
        """A part with the borders that count: see `derived.choosing`."""
        columns = self._plan.columns
        found = depending(columns, [use.row for use in of.uses], of.steps)
        some = [each for each in of.bordering if each in found and by_number(columns, each)]
        return of._replace(bordering=some)


def _places(use: Use) -> Wholes:
    return whole(numbered(use.places))
