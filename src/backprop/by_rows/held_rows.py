"""The rows of tables that memory holds, as blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, overload

from backprop.by_rows.block_kernel import RowBlock
from backprop.by_rows.reductions import CHUNK
from backprop.language.laid import Data, RowNumbers

BLOCK = 8 * CHUNK
"""Rows of a block: what is computed of them stays in the processor's cache."""


class HeldRows:
    """A table whose columns are in memory. names: of these."""

    def __init__(self, table: Data, names: Sequence[str]) -> None:
        self.name, self.names = table.name, names
        self.numbers: RowNumbers = table.rows(names)

    def count(self) -> int:
        """How many rows there are."""
        return self.numbers.size

    def blocks(self, names: Sequence[str]) -> HeldBlocks:
        """All rows, in blocks."""
        return HeldBlocks(self.numbers, names)

    def row(self, row: int) -> Mapping[str, float]:
        """The numbers of a row, counted from 0."""
        return {name: float(each[row]) for name, each in self.numbers.numbers.items()}

    def first(self) -> FirstRows:
        """Its first row as a table."""
        return FirstRows(self.name, self.numbers, self.names)


class HeldBlocks(Sequence[RowBlock]):
    """Blocks of rows that are in memory. names: the columns that these have."""

    def __init__(self, numbers: RowNumbers, names: Sequence[str]) -> None:
        self._size = numbers.size
        self._columns = {name: numbers.numbers[name] for name in names}

    def __len__(self) -> int:
        return -(-self._size // BLOCK)

    @overload
    def __getitem__(self, at: int) -> RowBlock: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[RowBlock]: ...

    def __getitem__(self, at: int | slice) -> RowBlock | Sequence[RowBlock]:
        if isinstance(at, slice):
            return [self[each] for each in range(len(self))[at]]
        start = range(len(self))[at] * BLOCK
        stop = min(start + BLOCK, self._size)
        columns = {name: each[start:stop] for name, each in self._columns.items()}
        return RowBlock(columns, stop - start, start)


class FirstRows:
    """The first row of a table, by which equations are looked at."""

    def __init__(self, name: str, numbers: RowNumbers, names: Collection[str]) -> None:
        self.name, self.names, self._numbers = name, names, numbers

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some of its columns."""
        some = {name: self._numbers.numbers[name][:1] for name in names}
        return self._numbers._replace(size=1, numbers=some)

    def with_texts(self, compared: Mapping[str, Any]) -> FirstRows:
        """Itself: equations with comparisons with texts are not looked at by a row."""
        return self


class TableHead:
    """The first row of a table in memory, by which equations are looked at that mean the same over any number
    of rows; who knows what it is takes the `source` of all, or the `whole` table."""

    def __init__(self, whole: Data) -> None:
        self.whole, self.name, self.names = whole, whole.name, whole.names

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some columns of that row. Raises what reading all rows raises."""
        found = self.whole.rows(names)
        some = {name: each[:1] for name, each in found.numbers.items()}
        return found._replace(size=min(found.size, 1), numbers=some)

    def with_texts(self, compared: Mapping[str, Any]) -> TableHead:
        """Of the table with columns for comparisons with texts."""
        return TableHead(self.whole.with_texts(compared))

    def source(self, names: Sequence[str]) -> HeldRows:
        """All rows, for passes."""
        return HeldRows(self.whole, names)
