"""Sums over rows that memory does not hold, by machine code: batch after batch, in the same chunks as if all
rows were there at once, so that sums have the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy

from backprop.by_rows.block_kernel import RowBlock, Summed
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.machine_rows import MachineRows
from backprop.by_rows.many_points import PointSums
from backprop.by_rows.row_program import RowProgram
from backprop.language.apart import NotApart
from backprop.language.laid import RowNumbers
from backprop.loops.domains import Reals


class Pieces(Protocol):
    """Rows that come in pieces of whole chunks, again and again."""

    name: str
    names: Sequence[str]

    def pieces(self, names: Sequence[str]) -> Iterable[RowBlock]:
        """All rows of some columns."""
        ...


class _PieceTable:
    """A piece as a table in memory."""

    def __init__(self, of: Pieces, piece: RowBlock) -> None:
        self._of, self._piece = of, piece
        self.name, self.names = of.name, of.names

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some of its columns."""
        some = {name: self._piece.columns[name] for name in names}
        return RowNumbers(self.name, self._piece.rows, some, str)

    def with_texts(self, compared: Mapping[str, object]) -> _PieceTable:
        """Itself: texts are compared where rows are read."""
        return self


def piece_rows(of: Pieces, piece: RowBlock) -> HeldRows:
    """A piece as rows in memory."""
    return HeldRows(_PieceTable(of, piece), of.names)


class MachineBatches(MachineRows):
    """As `MachineRows`, of rows that are read at each pass. Raises NotApart for no rows, too."""

    def __init__(
        self,
        program: RowProgram,
        sums: Sequence[Summed],
        source: Pieces,
        fixed: Mapping[str, float],
        threads: int = 0,
    ) -> None:
        self._pieces, self._of_program = source, program
        first = next(iter(source.pieces(source.names)), None)
        if first is None:
            raise NotApart("there are no rows")
        super().__init__(program, sums, piece_rows(source, first), fixed, threads)

    def _named(self) -> Sequence[bool]:
        return [True] * len(self._by)  # of rows that are gone nothing is known

    def _found(self, x: Sequence[float]) -> Reals | None:
        found = list[Reals]()
        for there in self._laid():
            part = super()._found(x) if there else None
            if part is None:
                return None
            found.append(part)
        return numpy.concatenate(found) if found else numpy.zeros((1, self._width))

    def over_points(self, points: Sequence[Callable[[str], float]]) -> list[Reals | None]:
        """The states of all sums, in one pass, with the numbers of inputs at each point; None where that is
        not sure."""
        sums, weights = PointSums(self._sums, len(points)), [1.0] * len(self._weights)
        members, count = self._by[len(self._names) :], len(self._parts)
        numbers = [
            [*map(number, self._names), *weights, *map(number, members)] for number in points
        ]
        for there in self._laid():
            for at in sums.left:
                part = super()._found(numbers[at]) if there else None
                sums.add(at, None if part is None else part[:, :count])
        return sums.states()

    def _laid(self) -> Iterator[bool]:
        """All rows, piece after piece: whether a piece is laid out, of which no row names a member that there
        is not."""
        for piece in self._pieces.pieces(self._pieces.names):
            try:
                self._lay(self._of_program, piece_rows(self._pieces, piece))
            except NotApart:
                yield False
                continue
            self._shared_columns()
            self._forget()  # where the last piece stood
            yield True
