"""Derivatives of many things in one graph, written into its columns themselves, one after the other."""

from array import array
from collections.abc import Container, Iterable, Sequence

from backprop.chain.columns import Rows
from backprop.chain.derivatives import RowWalk
from backprop.graph import Columns, Graph, in_order


class DerivativesInPlace(RowWalk):
    """Writes derivatives behind the rows of columns. A sweep goes through what leads to the thing that
    is derived and comes after that by which it is: of a motion in many steps, each with a derivative
    in it, it goes through one.

    apart: rows by which derivatives are taken, and names: no other row is one with them, though it
    has the same value, for it would not move with them. steps: all that leads to what is to be
    derived, operands first; a derivative that is not written yet may be any step that has what it
    is the derivative of as its operand. by: all rows by which derivatives will be taken.
    """

    def __init__(
        self, columns: Columns, apart: Container[int], steps: Iterable[int], by: Iterable[int]
    ) -> None:
        self._apart = apart
        self._met = bytearray()
        self._motion = bytearray(1)
        """By row 2 if it is a number that has been met, and while there is a sweep 1 if it moves; with
        a 0 for no operand at the end."""
        self._gradients: list[int | None] = []
        self._turns = array("i", [0]) * len(columns)
        """When the rows come that may move, operands first, from 1 on; 0 for others."""
        super().__init__(Graph(columns, ()), Rows(columns))
        self._spread(steps, {*by})

    def derivatives(
        self, row: int, of: int, by: Sequence[int], held: Container[int] = ()
    ) -> list[int | None]:
        """The rows of the derivatives of one row by others; None where it does not depend on that,
        even if it is 0 where it does. row: the first step that is to be such a derivative. held:
        steps that do not move, whatever they depend on."""
        columns, turns = self.columns, self._turns
        first = min(turns[each] or len(turns) for each in by)

        def needs(node: int) -> Sequence[int]:
            operands = () if node in held else columns.operands(node)
            return [each for each in operands if turns[each] >= first]

        leading = in_order([of], needs)
        inside = set(leading)
        wanted = [each for each in by if each in inside]
        if not wanted:
            return [None] * len(by)
        steps = [node for node in leading if columns.is_step(node) and node not in held]
        self._meet(steps)
        moves, sums = self._motion, self._gradients
        for node in wanted:
            moves[node] = 1
        moving: list[int] = []
        for step in steps:
            if any(moves[each] == 1 for each in columns.operands(step)):
                moves[step] = 1
                moving.append(step)
        sums[of] = self._rows.number(1.0)
        self.sweep(moving, moves, sums)
        zero = self._rows.number(0.0)
        rows = [sums[each] if sums[each] is not None else zero for each in by]
        found = [row if each in inside else None for each, row in zip(by, rows, strict=True)]
        for node in leading:
            sums[node] = None
            moves[node] = 0
        # new rows depend on what comes before the derivative, and so come with it
        turns.extend([turns[row]] * (len(columns) - len(turns)))
        return found

    def _spread(self, nodes: Iterable[int], by: Container[int]) -> None:
        """Say when those of some nodes come, operands first, that may move."""
        turns, operands = self._turns, self.columns.operands
        for turn, node in enumerate(nodes, 1):
            if node in by or any(turns[each] for each in operands(node)):
                turns[node] = turn

    def _meet(self, steps: Iterable[int]) -> None:
        """Make the numbers and choices among the operands of steps known, and these steps, so that equal
        rows are one with them."""
        columns, writer = self.columns, self._rows
        new = len(columns) - len(self._met)
        self._met.extend(bytes(new))
        self._motion.extend(bytes(new))
        self._same.extend(range(len(self._same), len(columns)))
        self._gradients.extend([None] * new)
        for step in steps:
            operands = columns.operands(step)
            for node in operands:
                if columns.is_number(node):
                    self._motion[node] = 2
                if not self._met[node]:
                    self._same[node] = writer.meet(node)
            if not self._met[step]:
                self._met[step] = 1
                writer.meet(step)
                if step not in self._apart:
                    writer.enter(step)
