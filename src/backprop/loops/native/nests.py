"""Nests of loops as instructions of LLVM: the one chain rule (`chain.walk`), a row of a body a register.

A level of a nest is a domain. Going through it forward, the rows whose home it is are computed, a sum over a
domain further in by a loop around the rows of that. Going backward, they are computed again, and then
their gradients in reverse; what comes from within a loop is added up in a slot on the stack, which
LLVM keeps in a register. What all rows of a nest read has one sum for each lane and member.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.chain.walk import NOTHING, Operand
from backprop.graph import depending, in_order
from backprop.loops.affine import Ints
from backprop.loops.domains import Domain
from backprop.loops.family import Family
from backprop.loops.native.adding import FEW, LoopSums
from backprop.loops.native.backward import Backward
from backprop.loops.native.grids import Grid, GridFit
from backprop.loops.native.groups import Nest, NestGroup
from backprop.loops.native.keeping import MANY_RUNS
from backprop.loops.native.layouts import Order
from backprop.loops.native.row_loops import RowLoop
from backprop.loops.native.wide import WideCode
from backprop.loops.parts import hidden
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Slots
from backprop.loops.repeated import Repeated
from backprop.loops.rows import ArrayColumns, Index, Lift, Read
from backprop.operations import OPERATIONS


class Prepared(NamedTuple):
    """A body. levels: its rows by their home. guarded, moving, looked: as of `Block`."""

    body: Nest
    levels: dict[Domain, list[int]]
    guarded: set[int]
    moving: set[int]
    looked: set[int]

    def inner(self, columns: ArrayColumns) -> list[int]:
        """The moving rows that are used further in than they are at home."""
        found = dict[int, None]()
        for row in self.body.order:
            special = columns.specials.get(row)
            if isinstance(special, Lift) and special.row in self.moving:
                found[special.row] = None
        return [*found]


class Nests(Backward):
    """Writes the groups of a plan. takes: the families that take gradients. most: of how many of the
    processor's vectors one is made at most."""

    def __init__(
        self,
        plan: Plan,
        code: WideCode,
        most: int,
        layouts: dict[str, Order],
        takes: Iterable[str],
    ) -> None:
        super().__init__(plan, code, layouts)
        self.most, self.takes = most, {*takes}
        self.vector, self.bad, self.firsts, self.kept, self.stored = {}, {}, {}, {}, set()
        self.slots, self.sums, self.movers = {}, {}, set()
        self.cleared = {name for name, each in plan.families.items() if self._is_computed(each)}
        """The families whose gradients are nothing again when they have been read, as they begin."""
        self._plain: dict[int, bool] = {}
        self._still, self.room = {}, MANY_RUNS
        self._now = self.columns.whole

    def _is_computed(self, family: Family) -> bool:
        """Whether no member of a family is an input."""
        return family.owners(slice(0, family.size)) <= {*self.plan.computed, Family.ABSENT}

    def prepare(self, body: Nest) -> Prepared:
        """What is known of a body before it is written."""
        columns = self.columns
        levels: dict[Domain, list[int]] = {}
        steps = []
        for row in body.order:
            if columns.is_number(row):
                self.found[row] = columns.constant(row)
                continue
            levels.setdefault(columns.homes[row], []).append(row)
            if columns.is_step(row):
                steps.append(row)
        for domain in levels:
            if domain.depth:
                self._decide(domain, body, levels)
        plain = [row for row in steps if row not in columns.specials]
        branches = [
            each
            for row in plain
            if OPERATIONS[columns.op(row)].chooses
            for each in columns.operands(row)[1:]
        ]
        guarded = set(in_order(branches, columns.operands)) if branches else set()
        reads = [
            row
            for row in body.order
            if isinstance(special := columns.specials.get(row), Read)
            and special.family in self.takes
        ]
        moving = {*depending(columns, reads, steps)}
        looked = {self._source(row) for row in hidden(columns, steps)}
        looked = {row for row in looked if not isinstance(columns.specials.get(row), Index)}
        looked.add(body.loop.root)
        for row in reads:
            read = columns.specials[row]
            assert isinstance(read, Read)
            if row in moving and self.repeats(row, read, columns.homes[row]) > FEW:
                self.often.add(read.family)
        return Prepared(body, levels, guarded, moving, looked)

    def _source(self, row: int) -> int:
        """Where a row that is lifted comes from."""
        while isinstance(special := self.columns.specials.get(row), Lift):
            row = special.row
        return row

    def _decide(self, domain: Domain, body: Nest, levels: Mapping[Domain, Any]) -> None:
        """Whether the rows around a domain are alike, and several are run at once."""
        first = next(each for each in domain.around() if each.depth == 1)
        if first in self.vector:
            return
        inside = [each for each in levels if first in each.around()]
        alike = all(Grid(each).size >= 0 for each in inside)
        if body.times and body.row is None and first in body.loop.domain.around():
            alike = False
        width = _width(first.size, self.code.native, self.most) if alike else 1
        self.vector[first] = width, alike

    def _use(self, one: Prepared) -> None:
        """Write rows of this body from here on."""
        self._levels, self.guarded, self._written = one.levels, one.guarded, one.body.loop
        self.movers, self._looked = one.moving, one.looked

    def forward_group(self, group: NestGroup, bodies: Sequence[Prepared]) -> None:
        """The values of a group."""
        self._looking = True
        self._run(group, bodies, False)
        self._looking = False

    def backward_group(self, group: NestGroup, bodies: Sequence[Prepared]) -> None:
        """The gradients of what a group reads."""
        columns = self.columns
        self.make_slots(bodies)
        self._run(group, bodies, True)
        for one in reversed(bodies):
            self._use(one)
            self._backward(columns.whole)

    def make_slots(self, bodies: Sequence[Prepared]) -> None:
        """Take places on the stack for the gradients of rows that are used further in."""
        columns = self.columns
        for one in bodies:
            self._use(one)
            for row in one.inner(columns):
                if columns.homes[row] is columns.whole:
                    continue
                first = next(each for each in columns.homes[row].around() if each.depth == 1)
                self.code.width, was = self.vector[first][0], self.code.width
                self.slots[row] = self._slot(None)
                self.code.width = was

    def _run(self, group: NestGroup, bodies: Sequence[Prepared], back: bool) -> None:
        columns = self.columns
        if not back:
            for one in bodies:
                self._use(one)
                self.level(columns.whole)
        first = bodies[0]
        if columns.homes[first.body.loop.root] is columns.whole:
            self._use(first)
            self._now = columns.whole
            self._end(first, back)
        elif group.phases is None:
            self._use(first)
            self._now = columns.whole
            chain = self._chain(columns.whole, columns.homes[first.body.loop.root])
            self._nest(chain, lambda: self._end(first, back), back)
        elif first.body.row is None:
            self._rows = rows = RowLoop(len(self.code.lines))
            self._alike = False
            self._through(group, bodies, back, rows)
            self._before(rows, 1)
            self._rows, self._alike, self._now = None, True, columns.whole
            self._after(rows, 1)
        else:
            self._row_loop(first.body.row, lambda: self._row_of(group, bodies, back))

    def _row_of(self, group: NestGroup, bodies: Sequence[Prepared], back: bool) -> None:
        """One row, or one a lane, of a recurrence."""
        for one in bodies:
            row = one.body.row
            assert row
            self._k[row], self._r[row] = self._row, "0"
            self._use(one)
            self.level(row)
            if back:
                self._clear(row)
        self._through(group, bodies, back)
        if back:
            for one in reversed(bodies):
                assert one.body.row
                self._use(one)
                self._backward(one.body.row)

    def _through(
        self, group: NestGroup, bodies: Sequence[Prepared], back: bool, rows: RowLoop | None = None
    ) -> None:
        """All times of a recurrence. rows: of one without rows the loop over the only one."""
        assert group.phases is not None
        for phase in reversed(group.phases) if back else group.phases:
            pairs = [*zip(bodies, phase.slots, strict=True)]

            def time(at: str, pairs: Any = pairs[::-1] if back else pairs) -> None:
                for one, slots in pairs:
                    if slots is not None:
                        self._once(one, slots, at, back)

            count = phase.stop - phase.start
            if not back:
                self._loop("0", str(count), time)
                continue
            row = bodies[0].body.row
            times = sum(each.stop - each.start for each in group.phases)
            own = frozenset(one.body.loop.family for one in bodies)
            self._in_time = LoopSums(count > 2 * FEW, times, row.size if row else 1, own)
            if rows:
                self._in_chunks(count, time, rows, 1, down=True)
            else:
                self._summing_loop(str(count), count, time, True, self._in_time)
            self._in_time = None

    def _once(self, one: Prepared, slots: Slots, at: str, back: bool) -> None:
        """A body at one time."""
        code = self.code
        if isinstance(slots, range):
            own = self._whole_sum(str(slots.start), self._times(at, slots.step))
            self._timed(one, own, back)
            return
        if (slots >= 0).all():
            table = self.arrays.table(numpy.ascontiguousarray(slots))
            self._timed(one, code.load(code.at(table, at, "i64"), "i64"), back)
            return
        table = self.arrays.table(numpy.ascontiguousarray(slots))
        own = code.load(code.at(table, at, "i64"), "i64")
        there = code.emit(f"icmp sge i64 {own}, 0")
        self._if(there, lambda: self._timed(one, own, back))

    def _timed(self, one: Prepared, at: str, back: bool) -> None:
        body, code = one.body, self.code
        self._use(one)
        outer = body.row or self.columns.whole
        chain = self._chain(outer, body.loop.domain)
        times, rest = chain[: body.times], chain[body.times :]
        self._times_here |= {*times}
        counters = [at]
        if body.times == 2:
            if times[1].each > 0:
                each = times[1].each
                counters = [code.emit(f"{op} i64 {at}, {each}") for op in ("udiv", "urem")]
            else:
                grid = Grid(times[1], body.row is not None)
                found = grid.counters()[-2:]
                counters = [
                    code.load(
                        code.at(self.arrays.table(numpy.ascontiguousarray(each)), at, "i64"), "i64"
                    )
                    for each in found
                ]
        for domain, counter in zip(times, counters, strict=True):
            self._k[domain] = counter
            self._r[domain] = at if domain is times[-1] else counter
        if body.row is None:
            self._row = counters[0]
        for domain in times:
            self.level(domain)
            if back:
                self._clear(domain)
        self._now = times[-1]
        self._nest(rest, lambda: self._end(one, back), back)
        if back:
            for domain in reversed(times):
                self._backward(domain)

    def _end(self, one: Prepared, back: bool) -> None:
        """The root of a body: store its value, or begin with its gradient."""
        loop = one.body.loop
        home = self.columns.homes[loop.root]
        at = self._whole(self._target(loop), home)
        at = self._near(loop.family, *at)
        if not back:
            self._store(self.found[loop.root], self._pointer("v", loop.family), *at)
            return
        gradient: Operand[str] | None = None
        for kind in "gu" if loop.family in self.often else "g":
            numbers = self._pointer(kind, loop.family)
            found = self._load(numbers, *at)
            gradient = found if gradient is None else self.code.value("+", [gradient, found])
            if loop.family in self.cleared and loop.family not in self.local:
                self._store(NOTHING, numbers, *at)
        assert gradient is not None
        self._bring(loop.root, self._masked(gradient, NOTHING))

    def _target(self, loop: Repeated) -> GridFit:
        """Where the members of a statement stand in their family."""
        home = self.columns.homes[loop.root]

        def target() -> Ints:
            layout, found = self.layouts[loop.family], self.plan.target(loop)
            if isinstance(found, numpy.ndarray) and (found == layout.family.size).any():
                return layout.of(found)
            return layout.at(loop.at, home)

        return self._fit(loop.root, target, home, "target")

    def _place_of_root(self, row: int) -> tuple[str, GridFit] | None:
        loop = self._written
        if row != loop.root or loop.family in self.local:
            return None
        if row not in self._plain:
            fit, found = self._target(loop), self.plan.target(loop)
            size = self.plan.families[loop.family].size
            wanted = not isinstance(found, numpy.ndarray) or bool((found < size).all())
            self._plain[row] = wanted and fit.table is None
        return (loop.family, self._target(loop)) if self._plain[row] else None


def _width(rows: int, native: int, most: int) -> int:
    """How many rows are run at once: all, where they are few; else as many vectors of the processor's as
    leave several turns."""
    if native == 1 or rows <= native // 2:
        return 1
    parts = -(-rows // native)
    if parts <= most and parts & (parts - 1) == 0:
        return parts * native
    while most > 1 and rows < 4 * most * native:
        most //= 2
    return most * native
