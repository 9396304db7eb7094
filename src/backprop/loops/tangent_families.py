"""The way forward through a program of loops: how all that depends on one member moves with it, as families.

`derivative(s[i], a)` of a recurrence is one number for each member, by what leads to all of them. So a
family that depends on `a` has a twin, its derivatives by `a`, computed by a loop as the family is: of a
recurrence by another one that goes through the same times.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import numpy

from backprop.chain.columns import Row, Rows
from backprop.chain.walk import Operand
from backprop.graph import depending, in_order
from backprop.loops.affine import Places, affine, numbered, plain, whole
from backprop.loops.depending_members import DependingMembers, RunBody, bodies_of
from backprop.loops.derivative_sweep import Runs, enter, is_zero, refuse
from backprop.loops.derived import adjoints, by_number, spread
from backprop.loops.domains import Domain
from backprop.loops.domains import spread as spread_marks
from backprop.loops.family import is_named
from backprop.loops.leading_names import led_to_by
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.read_within import (
    has_other_slopes,
    stands_for_another,
)
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import Gathered
from backprop.loops.sequence import divided, quickest
from backprop.loops.taken_rows import TakenRows, for_some, made_with, reading
from backprop.loops.zero_members import Holds, made_of_something
from backprop.operations import GATHERS

_MOST_KINDS = 8
"""Of so many kinds the times of one statement may be, by what moves that they read."""


class TangentFamilies:
    """The derivatives of families by one member. label: its name. of: where it stands. every: of a body all
    that leads to its members. reads: of each family those that its equations read; takes the twins'."""

    def __init__(
        self,
        plan: Layout,
        label: str,
        of: Use,
        every: Callable[[RunBody], Block],
        reads: dict[str, set[str]],
    ) -> None:
        self._plan, self._columns, self._reads = plan, plan.columns, reads
        self._label, self._every = label, every
        self._family, self._place = of.family, int(whole(numbered(of.places))[0])
        self._done: list[Turn | Recurrence] = []
        self._depending = DependingMembers(plan, self._family, self._place, sloped=False)
        self._led = DependingMembers(plan, self._family, self._place, sloped=True)
        self._members: dict[int, int] = {}
        self._own = False
        """Whether others of its family need the member: then this has a twin, too."""

    def row(self, of: int, runs: Runs, number: int) -> tuple[int, Holds]:
        """The derivative of a row, and for which of its combinations that depends on the member. runs: what
        is computed before, takes what computes it. number: of the statement. Raises NotLoops."""
        if not (found := self.moving(of, runs, number)):
            is_zero()
        return found

    def moving(self, of: int, runs: Runs, number: int) -> tuple[int, Holds] | None:
        """As `row`; None where nothing depends on the member."""
        plan, columns = self._plan, self._columns
        moved = led_to_by({self._family}, lambda family: self._readers(family))
        if self._family in moved:  # others of its family need it
            self._own = True
            self._enter(self._family, runs, number)
        order = in_order([of], lambda row: () if row in plan.uses else columns.operands(row))
        below = {plan.uses[row].family for row in order if row in plan.uses}
        needed = below | led_to_by(below, lambda family: self._reads.get(family, set()))
        for run in [*runs]:
            families = {body.family for body in bodies_of(run)}
            new = all(run is not each for each in self._done)
            if new and not families.isdisjoint(moved & needed):
                self._done.append(run)
                self._add(run, runs, number)
        uses = [plan.uses[row] for row in order if row in plan.uses]
        depends, made = self._depending.on(of, uses), self._tangent(of, uses)
        return made and (made[0], depends)

    def _readers(self, of: str) -> set[str]:
        return {family for family, read in self._reads.items() if of in read}

    # how they move

    def _name(self, family: str) -> str:
        return f"∂{family}/∂{self._label}·"

    def _enter(self, family: str, runs: Runs, number: int) -> None:
        """Enter the twin of a family, of which what is no equation does not move."""
        plan, name = self._plan, self._name(family)
        if name in plan.families:
            return
        twin = copy(plan.families[family])
        twin.name = name
        enter(plan, twin, number)
        self._still(family, numpy.flatnonzero(plan.inputs_of(family)), runs)

    def _still(self, family: str, target: Places, runs: Runs) -> None:
        """Let the twins of members be 0, that of the member itself 1."""
        columns, name, places = self._columns, self._name(family), whole(numbered(target))
        itself = (places == self._place) & (family == self._family)
        for number, some in (0.0, ~itself), (1.0, itself):
            if not some.any():
                continue
            row = columns.step("copy", [columns.number(number)])
            home = Domain(columns.whole, int(some.sum()))
            at = target if some.all() else plain(places[some])
            runs.append(Turn(part(columns, [spread(columns, row, home)], {}), name, at))

    def _moved(self, use: Use) -> Operand[Row]:
        """How what a row reads moves, where it does."""
        if use.family == self._family and not self._own:
            return 1.0
        if use.row not in self._members:
            name, home = self._name(use.family), self._columns.homes[use.row]
            places = whole(numbered(use.places))
            self._members[use.row] = reading(self._plan, name, places, home)
        return Row(self._members[use.row])

    def _tangent(self, root: int, uses: Sequence[Use]) -> tuple[int, int] | None:
        """The row of how a row moves, a step, with a number for each of its combinations, and the row that
        is the row itself there; None where it does not move. uses: what it reads."""
        columns, home = self._columns, self._columns.homes[root]
        read = {use.row: use for use in uses}
        around = self._around(root, read)
        lifted = {row: columns.lift(row, home) for row in around}
        root = made_with(
            columns, root, {**{row: row for row in read if row not in lifted}, **lifted}
        )
        tangents = dict[int, tuple[Operand[Row], Holds]]()
        for row, made in lifted.items():
            if moved := self._tangent(row, uses):
                led = home.lifted(self._led.on(row, uses), columns.homes[row])
                tangents[made] = Row(columns.lift(moved[0], home)), led
        for row in in_order([root], lambda at: () if at in read else columns.operands(at)):
            if row in read and row not in around and (led := self._led.of(read[row])).any():
                tangents[row] = self._moved(read[row]), led
        order = in_order([root], lambda at: () if at in tangents else columns.operands(at))
        rows = Rows(columns)
        steps = [row for row in order if columns.is_step(row) and row not in tangents]
        sums = adjoints(rows, steps, {root: rows.number(1.0)}, [*tangents], [root])
        total: int | None = None
        for row, (tangent, led) in tangents.items():
            if row not in sums:
                continue
            inner = columns.homes[row]
            some = spread_marks(
                made_of_something(columns, sums[row]), columns.homes[sums[row]], inner
            )
            led = led & some
            share = rows.node(rows.product(rows.called(sums[row]), tangent))
            share = spread(columns, share, inner)
            if not led.all():
                inner = Domain(inner, led.astype(numpy.int64))
                share = for_some(columns, share, inner, {root, *read})  # members stay these
            if inner is not home:
                share = columns.special(Gathered(share, GATHERS["sum"]), home)
            total = share if total is None else columns.step("+", (total, share))
        if total is None:
            return None
        return total if columns.is_step(total) else columns.step("copy", (total,)), root

    def _around(self, root: int, read: Container[int]) -> list[int]:
        """What a row needs that is the same for several of its combinations, and moves."""
        columns, home = self._columns, self._columns.homes[root]
        found = dict[int, None]()
        for row in in_order([root], lambda at: () if at in read else columns.operands(at)):
            if home in columns.homes[row].around() and row not in read:
                found |= dict.fromkeys(
                    each
                    for each in columns.operands(row)
                    if home not in columns.homes[each].around() and not columns.is_number(each)
                )
        return [*found]

    def _add(self, run: Turn | Recurrence, runs: Runs, number: int) -> None:
        """Let the derivatives of the members be computed that a run computes."""
        bodies = bodies_of(run)
        parts = [self._every(body) for body in bodies]
        for each in (self._depending, self._led):
            each.mark(run, parts)
        timed = list[Timed]()
        for body in bodies:
            self._enter(body.family, runs, number)
        for body, every in zip(bodies, parts, strict=True):
            if isinstance(body, Turn):
                self._turn(body.family, body.target, every, runs)
                continue
            for kind in self._kinds(body, every, runs):
                timed += self._timed(kind, runs)
        if timed:
            assert isinstance(run, Recurrence)
            runs.append(quickest(timed, run.backwards))

    def _made(
        self, family: str, target: Places, every: Block
    ) -> tuple[Block, Mapping[int, Use]] | None:
        """What computes the derivatives of members, and what is read. target: where these stand. every: all
        that leads to them."""
        columns, root = self._columns, every.roots[0]
        if is_named(family) and stands_for_another(columns, root):
            refuse("goes through members that are a step of something else")
        if not (found := self._tangent(root, every.uses)):
            return None
        row, same = found
        known = columns.is_step(same) and not has_other_slopes(columns, same)
        own = {same: Use(same, family, target)} if known else {}
        read = {**self._plan.uses, **{use.row: use for use in every.uses}, **own}
        made = part(columns, [row], read)
        self._reads.setdefault(self._name(family), set()).update(use.family for use in made.uses)
        return made, read

    def _turn(self, family: str, target: Places, every: Block, runs: Runs) -> None:
        if made := self._made(family, target, every):
            runs.append(Turn(self._bordering(made[0]), self._name(family), target))
        else:
            self._still(family, target, runs)

    def _timed(self, body: Timed, runs: Runs) -> Iterator[Timed]:
        made = self._made(body.family, body.target, body.part)
        if not made:
            self._still(body.family, body.target, runs)
            return
        within, before = divided(self._columns, made[0], body.first, made[1])
        if before:
            runs.append(before._replace(part=self._bordering(before.part)))
        name, home = self._name(body.family), self._columns.homes[within.roots[0]]
        within = self._bordering(within)
        yield Timed(within, name, body.target, home, body.first, body.times, (), None)

    def _kinds(self, body: Timed, every: Block, runs: Runs) -> Iterator[Timed]:
        """A body of a recurrence as one for each kind of its times, by which of what is read then moves, so
        that all times of one are alike. every: all that leads to its members."""
        body = body._replace(part=every)
        led = [self._led.of(use) for use in every.uses]
        ends, target, times = body.ends, whole(numbered(body.target)), whole(body.times)
        itself = numpy.flatnonzero((target == self._place) & (body.family == self._family))
        if all(each.all() or not each.any() for each in led) and not len(itself):
            yield body
            return
        patterns = list[Any]()
        if len(itself):  # its time is one by itself, of which no member depends on another one
            pattern = numpy.zeros((len(times), 1), dtype=bool)
            pattern[numpy.searchsorted(ends, itself, side="right") - 1] = True
            patterns.append(pattern)
        for use, each in zip(every.uses, led, strict=True):
            if each.all() or not each.any():
                continue
            home = self._columns.homes[use.row]
            if body.first not in home.around() or home.within(body.first) < 0:
                refuse("is by a member of which each time of a recurrence reads others")
            patterns.append(each.reshape(body.first.size, -1))
        _, kinds = numpy.unique(numpy.concatenate(patterns, 1), axis=0, return_inverse=True)
        kinds = kinds.reshape(-1)
        if kinds.max() >= _MOST_KINDS:
            refuse("is by a member of which each time of a recurrence reads others")
        of_member = numpy.repeat(kinds, numpy.diff(ends))
        for kind in range(int(kinds.max()) + 1):
            here, some = of_member == kind, numpy.flatnonzero(kinds == kind)
            depends = self._led.members(body.family)[target[here]]
            if not (depends & ~numpy.isin(numpy.flatnonzero(here), itself)).any():
                self._still(body.family, plain(target[here]), runs)
                continue
            if here[itself].any():
                refuse("is by a member that another one of its time needs")
            first = Domain(self._columns.whole, len(some))
            read = {use.row: use for use in every.uses}
            taken = TakenRows(self._plan, read, body.first, some, first)
            root = taken.row(every.roots[0])
            made = part(self._columns, [root], self._plan.uses)
            goes, domain = affine(times[some], first) or times[some], self._columns.homes[root]
            at = plain(target[here])
            yield Timed(made, body.family, at, domain, first, goes, (), None)

    def _bordering(self, of: Block) -> Block:
        """A part with the borders that count: see `derived.choosing`."""
        moving = [use.row for use in of.uses if self._marks_any(use.family)]
        found = depending(self._columns, moving, of.steps)
        some = [each for each in of.bordering if each in found and by_number(self._columns, each)]
        return of._replace(bordering=some)

    def _marks_any(self, family: str) -> bool:
        if family in self._plan.families and family.startswith("∂") and family.endswith("·"):
            return True
        return bool(self._led.members(family).any())
