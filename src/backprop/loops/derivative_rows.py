"""`derivative(V, x[i])` in a text that is read as loops: the derivatives of loops, which are loops.

What a body by itself says, of its own names or by a parameter of a function, becomes rows of that body.
What goes through other equations becomes families that have no name in the text: one of `∂V/∂x` for
each family on the way, which the equation reads as it would read any other. A member that several
combinations read gets the sum of what these bring: a sum over those that read it, as numbers of a table.
So all that comes out are bodies as those of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Sequence
from functools import partial
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.chain.columns import Rows
from backprop.graph import Place, depending, in_order
from backprop.language.in_equations import Derivatives
from backprop.language.index_code import Scope
from backprop.language.integers import Argument
from backprop.loops.by_states import ByStates
from backprop.loops.derivative_sweep import IsZero, Reached, Runs, is_zero, refuse
from backprop.loops.derived import adjoints, spread
from backprop.loops.domains import Domain
from backprop.loops.domains import spread as marks_spread
from backprop.loops.in_time import TimeOrder
from backprop.loops.many import Many, NotLoops
from backprop.loops.numbers_for_all import made_apart, numbers_for_all
from backprop.loops.parts import Use
from backprop.loops.placement import Layout
from backprop.loops.read_within import HeldState, ReadWithin, hits_of
from backprop.loops.reader import LoopBuilder
from backprop.loops.rows import ArrayColumns, Gathered, Read
from backprop.loops.through_equations import AskedRow, FoundRow, ThroughEquations
from backprop.loops.zero_members import ZeroMembers, led_to, made_of_something
from backprop.operations import GATHERS
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

_UNROLLED_SOON = 5_000
"""Members of families that are unrolled at once."""

Through = Callable[[AskedRow, Use], FoundRow]
"""Finds a derivative that goes through other equations."""


class DerivativeRows(Derivatives):
    """The derivatives in a text that is read as loops. pending: those that are not found yet."""

    _columns: ArrayColumns

    def __init__(self, builder: LoopBuilder) -> None:
        super().__init__(builder.columns)
        self._builder = builder
        self.pending: dict[int, AskedRow] = {}
        self.rows = builder.derived  # each a copy of what it is
        self._reads: dict[str, set[str]] = {}  # of each family of equations those that these read
        self._equations = ThroughEquations(self._columns, self.pending, self._reads)
        self._runs: Runs = []
        self._now = ""  # the family of the statement that is read
        self._by_states: ByStates | None = None
        self.zeros = ZeroMembers()
        self._zero = set[int]()  # the derivatives that are 0 for all their combinations

    def arguments(
        self, function: Statement, operands: list[Any], by: Collection[str], place: Place
    ) -> list[Any]:
        if any(isinstance(each, Many) for each in operands):
            refuse("stands in a function of families")
        return super().arguments(function, operands, by, place)

    def copied(self, row: int, place: Place) -> int:
        return super().copied(self._builder.here(row), place)

    def add(
        self, operands: list[int], scope: Scope, tokens: Tokens, last: int, place: Place
    ) -> int:
        """The row of a derivative: until it is known a copy of what it is of, which so is needed."""
        of, by = operands
        columns, special = self._columns, self._columns.specials.get(by)
        if by not in self._own and not isinstance(special, Read):
            refuse("is by what is no name")
        if by not in self._own and any(isinstance(each, Argument) for each in scope.values()):
            refuse("of a function is by a name of the file")
        needed = (columns.specials.get(each) for each in in_order([of], columns.operands))
        if by not in self._own and not any(isinstance(each, Read) for each in needed):
            refuse("of a number is 0")
        row = columns.step("copy", (of,), place)
        columns.homes[row] = columns.innermost([of, by])
        self.rows.add(row)
        if by in self._own:
            if not self.pending.keys().isdisjoint(in_order([of], columns.operands)):
                refuse("is of one that goes through other equations")
            self._put(row, self._slope(of, [by]))
        else:
            self.pending[row] = AskedRow(row, of, by, (tokens, last))
        return row

    def _slope(self, of: int, by: Sequence[int], apart: Container[int] = ()) -> int:
        """The row of a derivative of a row by others of its body, which are one and the same."""
        columns = self._columns
        if any(columns.homes[each] is not columns.homes[of] for each in by):
            refuse("is by what has other indices")
        order = in_order([of], lambda row: () if row in by else columns.operands(row))
        steps = [row for row in order if columns.is_step(row) and row not in by]
        if of not in by and of not in depending(columns, by, steps):
            is_zero()
        sums = adjoints(rows := Rows(columns), steps, {of: rows.number(1.0)}, by, apart)
        found = [rows.called(sums[each]) for each in by if each in sums]
        if not found:  # conditions are made of them, and nothing else
            is_zero()
        total = found[0]
        for each in found[1:]:
            total = rows.value("+", [total, each])
        return rows.node(total)

    def _partly(
        self,
        asked: AskedRow,
        own: Sequence[Use],
        hits: Sequence[NDArray[numpy.bool_]],
        equations: ReadWithin,
    ) -> FoundRow:
        """The derivative of what its body itself says, and `equations` in it. own: what that reads of the
        family by a member of which it is. hits: for which combinations that is the member."""
        columns, home = self._columns, self._columns.homes[asked.of]
        hit = {read.row: where for read, where in zip(own, hits, strict=True) if where.any()}
        led = led_to(columns, asked.of, hit)
        same = [row for row in hit if hit[row].all() and columns.homes[row] is home]
        partly = [(row, hit[row]) for row in hit if row not in same]
        if not partly:
            return self._slope(asked.of, same, equations.members), led
        by = [*same, *(row for row, _ in partly)]
        order = in_order([asked.of], lambda row: () if row in by else columns.operands(row))
        steps = [row for row in order if columns.is_step(row) and row not in by]
        sums = adjoints(
            rows := Rows(columns), steps, {asked.of: rows.number(1.0)}, by, equations.members
        )
        some = any(row in sums for row in same)
        total = self._slope(asked.of, same, equations.members) if some else None
        for row, where in partly:
            if row not in sums:
                continue
            inner = columns.homes[row]
            among = Domain(inner, where.astype(numpy.int64))
            share = equations.for_some(spread(columns, sums[row], inner), among)
            brought = columns.special(Gathered(share, GATHERS["sum"]), home)
            total = brought if total is None else columns.step("+", (total, brought))
        if total is None:
            is_zero()
        return total, led

    def _put(self, row: int, root: int) -> None:
        columns, home = self._columns, self._columns.homes[row]
        if columns.homes[root] not in home.around():
            refuse("is by what has other indices")
        columns.in_order = False
        columns.first[row] = spread(columns, root, home)

    # what goes through other equations

    def through(
        self, plan: Layout, runs: Runs, reached: Callable[[str], Reached], number: int
    ) -> Through:
        """What finds derivatives that go through other equations. runs: what is computed before, takes what
        computes them. reached: says which members lead to a number. number: of the statement."""
        self._runs, self._now = runs, plan.loops[number].family
        find = partial(self._equations.through, plan, runs, reached, number)
        loop = plan.loops[number]

        def derive(of: int, by: int, state: HeldState | None) -> FoundRow:
            asked = AskedRow(of, of, by, (loop.statement.tokens, 0))
            return self._found(plan, asked, find, None, state)

        if not self._by_states:
            every = partial(self._equations.whole, plan, runs)
            self._by_states = ByStates(plan, runs, every, self._reads)
        self._by_states.number, self._by_states.derive = number, derive
        return find

    def within(
        self,
        plan: Layout,
        root: int,
        through: Through | None = None,
        order: TimeOrder | None = None,
        tells: bool = True,
    ) -> bool:
        """Find the derivatives that a row is made of; whether there are any. through: finds those that go
        through other equations, which may not need the row's own. order: of what need one another, the
        row among them. tells: whether those are news that are 0. Raises NotLoops."""
        columns = self._columns
        rows = in_order([root], columns.operands)
        asked = [self.pending[row] for row in sorted(rows) if row in self.pending]
        if not through or self._equations.splits or self._equations.again:
            self._find(plan, asked, through, order, tells)
            return bool(asked)
        before = {*self.pending}
        try:
            self._find(plan, asked, through, order, tells)
        except IsZero:
            raise
        except NotLoops:
            for other in self.pending.keys() - before:
                del self.pending[other]
            self.pending.update({each.row: each for each in asked})
            self._equations.splits = True
            self._find(plan, asked, through, order, tells)
        finally:
            self._equations.splits = False
        return bool(asked)

    def _find(
        self,
        plan: Layout,
        asked: Sequence[AskedRow],
        through: Through | None,
        order: TimeOrder | None,
        tells: bool,
    ) -> None:
        """Find derivatives, the inner ones first. The rest is as of `within`."""
        columns = self._columns
        for each in asked:
            told = each.of in self._zero  # that this is 0
            try:
                row, led = self._found(plan, each, through, order)
            except IsZero:
                if self._may_depend(plan, each):
                    raise
                self._zero.add(each.row)
                row = columns.step("copy", [columns.number(0.0)])
                led = numpy.zeros(columns.homes[each.row].size, dtype=bool)
            self._put(each.row, row)
            if through:
                read = {
                    plan.uses[at].family
                    for at in in_order([row], columns.operands)
                    if at in plan.uses
                }
                self._reads.setdefault(self._now, set()).update(read)
            if tells and not told:
                by, home = plan.uses[each.by], columns.homes[each.row]
                led = self._equations.depends(plan, self._runs, each, by, led, not order)
                self.zeros.add(plan, each.place, each.of, by, home, led)
            del self.pending[each.row]

    def _may_depend(self, plan: Layout, asked: AskedRow) -> bool:
        """Whether some member may depend on what a derivative is by that is 0; also in texts that unroll
        soon, where more is said of that."""
        by = plan.uses[asked.by].family
        rows = in_order([asked.of], self._columns.operands)
        read = {plan.uses[row].family for row in rows if row in plan.uses}
        if sum(each.size for each in plan.families.values()) < _UNROLLED_SOON:
            return True
        return not read.isdisjoint({by, *self._moved_by(plan, by)})

    def _found(
        self,
        plan: Layout,
        asked: AskedRow,
        through: Through | None,
        order: TimeOrder | None,
        state: HeldState | None = None,
    ) -> FoundRow:
        """A derivative. through, order: as of `within`. state: what it is by one number of."""
        by = plan.uses[asked.by]
        others = {other.family for other in state.others} if state else set()
        moved = others | self._moved_by(plan, by.family, *others)  # alike for all of a state
        plan.used_besides += [by, *([plan.uses[asked.of]] if asked.of in plan.uses else ())]
        bounds = None
        if not (order or state) and self._columns.homes[asked.by] is not self._columns.whole:
            bounds = self._equations.bounds(plan, self._runs, by.family, moved)

        def derive(root: int) -> None:
            self._equations.again += 1
            try:
                self.within(plan, root, through, tells=False)
            finally:
                self._equations.again -= 1
            moved.update(self._moved_by(plan, by.family, *others))  # of what this is made, too
            if bounds:
                self._equations.bounds(plan, self._runs, by.family, moved)

        computed = partial(self._equations.computed, plan, self._runs)
        by_state = None
        if through and not order and self._by_states:
            by_state = partial(self._by_states.is_known, by=by)
        equations = ReadWithin(plan, moved, by, derive, order, bounds, computed, by_state, state)
        find = through if not state else _beyond
        pending = {*self.pending}
        try:
            within = asked._replace(of=equations.row(asked.of))
            row, led = self._of_one(plan, within, moved, equations, find, state)
            return equations.read(row), led & made_of_something(self._columns, row)
        except NotLoops as error:
            if not through or state or self._columns.homes[asked.of] is self._columns.whole:
                raise
            why = error
        for row in self.pending.keys() - pending:
            del self.pending[row]
        try:
            return through(asked, by)
        except NotLoops:
            if isinstance(why, IsZero):
                raise why from None
            raise

    def _of_one(
        self,
        plan: Layout,
        asked: AskedRow,
        moved: set[str],
        equations: ReadWithin,
        through: Through | None,
        state: HeldState | None,
    ) -> FoundRow:
        """A derivative. moved: the families that depend on that of what it is by. equations:
        that stand in it. state: what it is by one number of."""
        still, columns, by = equations.still, self._columns, plan.uses[asked.by]
        below = in_order([asked.of], columns.operands)
        reads = [plan.uses[row] for row in below if row in plan.uses and row not in still]
        outside = numbers_for_all(plan, asked.of, {by.family, *moved})
        terms, lifted = list[FoundRow](), dict[int, int]()
        if outside:
            within, lifted = made_apart(columns, asked.of, outside, equations)
            asked = asked._replace(of=within)
            for row in outside if not state else ():
                if through:
                    share = self._slope(within, [lifted[row]], equations.members)
                    try:
                        found, led = through(asked._replace(of=row), by)
                    except IsZero:
                        continue
                    led = marks_spread(led, columns.homes[found], columns.homes[within])
                    led = led_to(columns, within, {lifted[row]: led})
                    term = columns.step("*", (share, found))
                    if not led.all():
                        home = columns.homes[term]
                        term = equations.for_some(term, Domain(home, led.astype(numpy.int64)))
                        term = columns.special(Gathered(term, GATHERS["sum"]), home)
                    terms.append((term, led))
                else:
                    refuse("of what it leads to goes through other equations")
            below = in_order([within], lambda row: () if row in outside else columns.operands(row))
            reads = [
                plan.uses[row]
                for row in below
                if row in plan.uses and row not in {*outside, *still}
            ]
        known = [use for row, use in equations.by_state.items() if row in {*below}]
        reads = [read for read in reads if read not in known]
        if state:
            state.of, state.read = asked.of, equations.read
            state.numbers, state.known = lifted, known
        own = [read for read in reads if read.family == by.family]
        single = columns.homes[asked.of] is columns.whole is not columns.homes[by.row]
        hits = [hits_of(columns, read, by) for read in own] if not single else []
        elsewhere = any(read.family in moved and read.family != by.family for read in reads)
        some = by.family in moved and not all(
            hit.all() or read.row in equations.settled for hit, read in zip(hits, own, strict=False)
        )
        if elsewhere or some or (own and single):
            if not through:
                refuse("of what it leads to goes through other equations")
            return through(asked, by)
        if known:
            assert self._by_states
            terms += self._by_states.shares(asked.of, known, by)
        if not terms:
            return self._partly(asked, own, hits, equations)
        if any(hit.any() for hit in hits):
            terms.append(self._partly(asked, own, hits, equations))
        total, every = terms[0]
        for term, led in terms[1:]:
            total, every = columns.step("+", (total, term)), every | led
        return total, every

    def _moved_by(self, plan: Layout, *families: str) -> set[str]:
        """The families that depend on others."""
        if not self._reads:
            for number in plan.computed:
                loop = plan.loops[number]
                rows = in_order([loop.root], self._columns.operands)
                read = {plan.uses[row].family for row in rows if row in plan.uses}
                self._reads.setdefault(loop.family, set()).update(read)
        found: set[str] = set()
        while more := {
            name
            for name, read in self._reads.items()
            if name not in found and not read.isdisjoint({*families, *found})
        }:
            found |= more
        return found


def _beyond(asked: AskedRow, by: Use) -> FoundRow:
    refuse("goes through other equations while some of what they lead to is held")
