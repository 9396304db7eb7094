"""Nests that share one loop over their rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy

from backprop.chain.walk import NOTHING, Operand
from backprop.engine.writers.llvm import literal
from backprop.loops.domains import Domain
from backprop.loops.native.addresses import BESIDE
from backprop.loops.native.nests import Nests, Prepared
from backprop.loops.native.sharing import LocalFamily, Shared, Unit
from backprop.loops.rows import Gathered

_FEW = 16
"""So many members' gradients at most are cleared one by one."""


class SharedNests(Nests):
    """Writes units together. Going forward, families that are local exist for the rows of one turn;
    going back, they are computed again there."""

    def forward_shared(self, one: Shared) -> None:
        """The values of some units."""
        if len(one.units) == 1:
            (unit,) = one.units
            self.forward_group(unit.group, unit.nests)
            return
        self._looking = True
        self._enter(one)
        for unit in one.units:
            for nest in unit.nests:
                self._use(nest)
                self._skipped = self._after_sums(unit)
                self.level(self.columns.whole)
        self._skipped = frozenset()
        sums: dict[int, tuple[str, str, str]] = {}

        def row() -> None:
            self._begin(one, False)
            for unit in one.units:
                self._unit(unit, False)
                for gather in unit.gathers:
                    self._summed(unit.nests[0], gather, sums)

        domain = self._domain(one.units[0])
        self._row_loop(domain, row)
        for unit in one.units:
            if not unit.gathers:
                continue
            (nest,) = unit.nests
            self._use(nest)
            for gather in unit.gathers:
                special = self.columns.specials[gather]
                assert isinstance(special, Gathered)
                total = self._total(sums[gather], self._width(unit))
                found = self.code.value("+", [total, 0.0])
                if special.gather.divided:
                    inner = self.columns.homes[special.row]
                    count = self._count(gather, inner, self.columns.whole)
                    found = self.code.value("/", [found, count])
                self._set(gather, found)
            self._skipped = frozenset(unit.gathers) | self._before_sums(unit)
            self.level(self.columns.whole)
            self._skipped = frozenset()
            self._end(nest, False)
        self._looking = False

    def backward_shared(self, one: Shared) -> None:
        """The gradients of what some units read."""
        columns = self.columns
        if len(one.units) == 1:
            (unit,) = one.units
            self.backward_group(unit.group, unit.nests)
            return
        for unit in one.units:
            self.make_slots(unit.nests)
        given: dict[int, Operand[str]] = {}
        for unit in reversed(one.units):
            if not unit.gathers:
                continue
            (nest,) = unit.nests
            self._use(nest)
            self._now = columns.whole
            self._end(nest, True)
            self._skipped = self._before_sums(unit) | frozenset(unit.gathers)
            self._backward(columns.whole)
            self._skipped = frozenset()
            for gather in unit.gathers:
                special = columns.specials[gather]
                assert isinstance(special, Gathered)
                found = self.sums.pop(gather, None)
                if found is not None and special.gather.divided:
                    inner = columns.homes[special.row]
                    found = self.code.value("/", [found, self._count(gather, inner, columns.whole)])
                if found is not None and gather in self.movers:
                    given[gather] = found

        def row() -> None:
            self._begin(one, True)
            if one.local:
                for unit in one.units:
                    self._unit(unit, False)
            for unit in reversed(one.units):
                for gather in reversed(unit.gathers):
                    if gather in given:
                        self._spread(unit.nests[0], gather, given[gather])
                self._unit(unit, True)

        self._row_loop(self._domain(one.units[0]), row)
        for unit in reversed(one.units):
            for nest in reversed(unit.nests):
                self._use(nest)
                self._skipped = self._after_sums(unit)
                self._backward(columns.whole)
        self._skipped = frozenset()

    def _enter(self, one: Shared) -> None:
        """Take places for what is local."""
        for name, local in one.local.items():
            self.layouts[name] = local.layout
            self.local.add(name)

    def _begin(self, one: Shared, back: bool) -> None:
        """What is local, as a turn begins."""
        for name, local in one.local.items():
            number = self.number[name]
            if back and name in self.takes:
                for kind in "gu" if name in self.often else "g":
                    self._cleared(self._pointer(kind, name), local.layout.size + 1)
            if len(local.inputs):
                self._copied(number, local)

    def _cleared(self, pointer: str, members: int) -> None:
        """No gradients yet: few are written as vectors, which are passed on in registers to what reads them
        next. That would wait for numbers that are written one by one."""
        code = self.code
        if members > _FEW:
            size = members * code.width
            given = f"ptr {pointer}, i64 {size}, double {literal(NOTHING)}"
            code.lines.append(f"  call fastcc void @fill({given})")
            return
        for member in range(members):
            at = code.at(pointer, member * code.width)
            code.store(NOTHING, at)

    def _copied(self, number: int, local: LocalFamily) -> None:
        """Take the members that are not computed."""
        code = self.code
        to = self.arrays.pointer("w", number, (local.layout.size + 1) * code.width)
        source = self.arrays.pointer("v", number)
        tables = [
            self.arrays.table(numpy.ascontiguousarray(each)) for each in (local.inputs, local.begin)
        ]

        def copy(at: str) -> None:
            place, begin = (code.load(code.at(each, at, "i64"), "i64") for each in tables)
            found = self._load(source, [self._whole_sum(begin, self._row)], 1)
            self._store(found, to, [self._times(place, code.width)], BESIDE)

        self._loop("0", str(len(local.inputs)), copy)

    def _unit(self, unit: Unit, back: bool) -> None:
        """A unit with rows, in one row."""
        if unit.gathers:
            return
        for nest in unit.nests:
            assert nest.body.row
            self._k[nest.body.row], self._r[nest.body.row] = self._row, "0"
        if unit.group.phases is not None:
            self._row_of(unit.group, unit.nests, back)
            return
        (nest,) = unit.nests
        row = nest.body.row
        assert row
        self._use(nest)
        self._in_row(
            row, self.columns.homes[nest.body.loop.root], lambda: self._end(nest, back), back
        )

    def _in_row(self, row: Domain, inner: Domain, inside: Callable[[], None], back: bool) -> None:
        """What is inside a row."""
        self._k[row], self._r[row] = self._row, "0"
        self.level(row)
        if back:
            self._clear(row)
        self._nest(self._chain(row, inner), inside, back, True)
        self._now = row
        if back:
            self._backward(row)

    def _summed(self, nest: Prepared, gather: int, sums: dict[int, tuple[str, str, str]]) -> None:
        """Add a row to a sum over rows."""
        self._use(nest)
        special = self.columns.specials[gather]
        assert isinstance(special, Gathered)
        slots: list[tuple[str, str, str]] = []
        row, inner = self._inner(special)

        def add() -> None:
            if not slots:
                slots.append(self._row_sum())
            term = self._masked(self.found[special.row], NOTHING)
            self._sum_to(slots[0][0], term, inner.size // row.size)

        self._in_row(row, inner, add, False)
        sums[gather] = slots[0]

    def _spread(self, nest: Prepared, gather: int, gradient: Operand[str]) -> None:
        """Bring the gradient of a sum over rows to a row."""
        self._use(nest)
        special = self.columns.specials[gather]
        assert isinstance(special, Gathered)

        def bring() -> None:
            self._bring(special.row, self._masked(self.here(gradient, 1), NOTHING))

        self._in_row(*self._inner(special), bring, True)

    def _inner(self, special: Gathered) -> tuple[Domain, Domain]:
        inner = self.columns.homes[special.row]
        return next(each for each in inner.around() if each.depth == 1), inner

    def _domain(self, unit: Unit) -> Domain:
        """The domain of the rows of a unit."""
        if unit.gathers:
            special = self.columns.specials[unit.gathers[0]]
            assert isinstance(special, Gathered)
            return self._inner(special)[0]
        row = unit.nests[0].body.row
        assert row
        return row

    def _width(self, unit: Unit) -> int:
        """How many rows of a unit are run at once."""
        return self.vector[self._domain(unit)][0]

    def _after_sums(self, unit: Unit) -> frozenset[int]:
        """The single rows of a unit that its sums lead to, and these."""
        found = {*unit.gathers}
        for row in unit.nests[0].body.order if found else ():
            if not found.isdisjoint(self.columns.operands(row)):
                found.add(row)
        return frozenset(found)

    def _before_sums(self, unit: Unit) -> frozenset[int]:
        """The single rows of a unit that its sums do not lead to."""
        return frozenset(unit.nests[0].body.order) - self._after_sums(unit)
