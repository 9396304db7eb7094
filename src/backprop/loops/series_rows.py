"""Power series along a line of rows of arrays, as rows: Taylor's arithmetic for loops.

Where members move with t, a row of a body is a power series in t; its coefficients are rows of the same
body. That of order k is made of those below, as `evaluation.taylor` says it; each coefficient of a slope,
too, which is needed to one order less. So nothing recurs, and what is equal is one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from backprop.chain.columns import Row, Rows
from backprop.chain.walk import Operand
from backprop.graph import in_order
from backprop.loops.derived import gather_slope, spread
from backprop.loops.rows import ArrayColumns, Gathered, Lift, Read, Special
from backprop.operations import GATHERS, OPERATIONS
from backprop.syntax import functions

_RowOrder = tuple[int, int]
"""A row and an order."""

_SUM = GATHERS["sum"]


class SeriesRows:
    """The coefficients of rows, written behind them.

    columns: take the new rows. steps: of the bodies. member: of a row that reads members, and an order,
    the row of their coefficients, None where these are 0.
    """

    def __init__(
        self,
        columns: ArrayColumns,
        steps: Iterable[int],
        member: Callable[[int, int], int | None],
    ) -> None:
        self._columns, self._rows, self._member = columns, Rows(columns), member
        for step in steps:
            if step not in columns.specials:
                self._rows.enter(step)
        self.twins: dict[int, int] = {}
        """Of gathers equal ones over domains of their own, through which coefficients are gathered: machine
        code computes all of a domain at once, and the slopes need what was gathered before."""
        self._moving: dict[int, bool] = {}
        self._slopes: dict[int, Sequence[tuple[int, Operand[Row]]]] = {}
        self._made: dict[_RowOrder, Operand[Row]] = {}

    def of(self, root: int, order: int) -> int | None:
        """The row of a coefficient, with a number for each combination of the row; None where it is 0."""
        for key in in_order([(root, order)], self._needed):
            if key not in self._made:
                self._made[key] = self._coefficient(*key)
        found = self._made[root, order]
        if found == 0.0:
            return None
        return spread(self._columns, self._rows.node(found), self._columns.homes[root])

    def first(self, row: int) -> Operand[Row]:
        """The first coefficient of a row that others are made of."""
        return self._made[row, 1]

    def moves(self, row: int) -> bool:
        """Whether a row depends on members that move, but for what has no slope."""
        known, columns = self._moving, self._columns
        for each in in_order([row], lambda at: () if at in known else columns.operands(at)):
            if each not in known:
                known[each] = self._moves_now(each)
        return known[row]

    def _moves_now(self, row: int) -> bool:
        columns, special = self._columns, self._columns.specials.get(row)
        if isinstance(special, Read):
            return any(self._member(row, order) is not None for order in (1, 2))
        if not columns.is_step(row):
            return False
        inside = columns.operands(row)
        if special is None:
            if not functions.has_slopes(columns.op(row)):
                return False
            inside = inside[1:] if self._chooses(row) else inside
        return any(self._moving[each] for each in inside)

    def _special(self, row: int) -> Special | None:
        return self._columns.specials.get(self.twins.get(row, row))

    def _chooses(self, row: int) -> bool:
        return row not in self._columns.specials and OPERATIONS[self._columns.op(row)].chooses

    def _needed(self, key: _RowOrder) -> Sequence[_RowOrder]:
        """What a coefficient is made of."""
        row, order = key
        if key in self._made or not self.moves(row) or not self._columns.is_step(row):
            return ()
        special = self._columns.specials.get(row)
        if isinstance(special, Lift):
            return [(special.row, order)]
        if self._chooses(row):
            return [(each, order) for each in self._columns.operands(row)[1:]]
        found = list[_RowOrder]()
        for operand, slope in self._slopes_of(row):
            found += [(operand, at) for at in range(1, order + 1)]
            if isinstance(slope, Row):
                found += [(slope.node, at) for at in range(1, order)]
        return found

    def _slopes_of(self, row: int) -> Sequence[tuple[int, Operand[Row]]]:
        """The operands of a step that move, each with the slope by it."""
        if row not in self._slopes:
            columns, special = self._columns, self._special(row)
            inside = columns.operands(self.twins.get(row, row))
            if isinstance(special, Gathered):
                out = spread(columns, row, columns.homes[special.row])
                slopes: Sequence[Operand[Row]] = [gather_slope(self._rows, special, Row(out))]
            else:
                called = [self._rows.called(each) for each in inside]
                slopes = self._rows.slopes(columns.op(row), called, Row(row))
            self._slopes[row] = [
                (each, slope)
                for each, slope in zip(inside, slopes, strict=True)
                if self.moves(each) and slope != 0.0
            ]
        return self._slopes[row]

    def _coefficient(self, row: int, order: int) -> Operand[Row]:
        """A coefficient, made of others."""
        columns, rows, made = self._columns, self._rows, self._made
        special = self._special(row)
        if not self.moves(row):
            return 0.0
        if isinstance(special, Read):
            found = self._member(row, order)
            return 0.0 if found is None else Row(found)
        if isinstance(special, Lift):
            inner = made[special.row, order]
            return inner if inner == 0.0 else self._spread(inner, row)
        if self._chooses(row):
            condition, taken, other = columns.operands(row)
            called = [rows.called(condition), made[taken, order], made[other, order]]
            return 0.0 if called[1] == called[2] == 0.0 else rows.value("if", called)
        total: Operand[Row] = 0.0
        for operand, slope in self._slopes_of(row):
            for at in range(order):
                by = slope
                if at:
                    by = made[slope.node, at] if isinstance(slope, Row) else 0.0
                moved = made[operand, order - at]
                if moved == 0.0 or by == 0.0:
                    continue
                share = rows.product(moved, by)
                if at:
                    share = rows.value("*", [(order - at) / order, share])
                total = share if total == 0.0 else rows.value("+", [total, share])
        if isinstance(special, Gathered) and total != 0.0:
            gather = special.gather if special.gather.joined_by == "+" else _SUM
            return Row(
                columns.special(
                    Gathered(self._spread(total, special.row).node, gather), columns.homes[row]
                )
            )
        return total

    def _spread(self, operand: Operand[Row], row: int) -> Row:
        """What has a number for each combination of a row."""
        home = self._columns.homes[row]
        return Row(spread(self._columns, self._rows.node(operand), home))
