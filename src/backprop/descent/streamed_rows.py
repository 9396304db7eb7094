"""Minibatches of tables that memory does not hold: window after window of rows, each shuffled by itself."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from backprop.data_streamed import StreamedRows, StreamHead, streams_of
from backprop.descent.minibatch_rows import RowOrder, RowsOutput, RowWindow, behind
from backprop.language import Model
from backprop.language.laid import RowNumbers
from backprop.language.text_columns import statements_over
from backprop.loops.domains import Reals

_NUMBERS = 1 << 23
"""So many numbers a window has at most, on every machine: an order of rows depends on it."""

_COPIES = 4
"""A window is there so many times: as it is read, row by row, and the next one."""


class WindowTable:
    """Some rows that come one after the other, as a table. columns: their numbers. start: how many rows come
    before."""

    def __init__(
        self, of: StreamedRows, names: Collection[str], columns: Mapping[str, Reals], start: int
    ) -> None:
        self._of, self._columns, self._start = of, columns, start
        self.name, self.names = of.name, names
        self.size = len(next(iter(columns.values())))

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some of its columns."""
        some = {name: self._columns[name] for name in names}
        place, look = (partial(self._said, look) for look in (False, True))
        return RowNumbers(self.name, self.size, some, place, look)

    def with_texts(self, compared: Mapping[str, Any]) -> WindowTable:
        """It with columns for comparisons with texts, which are there already."""
        names = [*self.names, *compared]
        return WindowTable(self._of, names, self._columns, self._start)

    def _said(self, look: bool, row: int) -> str:
        found = self._of.head(self._start + row).rows(self._of.names)
        return found.look(0) if look else found.place(0)


class StreamedRowsOutput(RowsOutput):
    """As RowsOutput, of a table that is read in batches, pass after pass."""

    def __init__(self, model: Model, output: str, names: Sequence[str]) -> None:
        super().__init__(model, output, names)
        assert isinstance(self._data, StreamHead)
        statements, tables, _ = statements_over(model.source, self.laid.data)
        (self._stream,) = streams_of(tables, statements)
        self._headers = self._data.names
        self.count = self._stream.count()
        memory = min(_NUMBERS, self._data.memory / (8 * _COPIES))
        self._most = max(1, int(memory / len(self._stream.names)))

    def _lengths(self, order: RowOrder, chance: numpy.random.Generator) -> Iterator[int]:
        """How many rows the windows of an epoch have, without an end."""
        most = self._batches(order)
        while True:
            batches = chance.integers((most + 1) // 2, most + 1) if order.shuffled else most
            yield int(batches) * order.size

    def _batches(self, order: RowOrder) -> int:
        """How many batches a window has at most."""
        return max(1, self._most // order.size)

    def windows(
        self, order: RowOrder, epochs: Sequence[int], first: int
    ) -> Generator[RowWindow, None, None]:
        """As of RowsOutput: windows of whole batches, of other lengths in every epoch that is shuffled."""
        for epoch in epochs:
            chance = numpy.random.default_rng([order.seed, epoch])
            number = 0
            for columns, start in _windows(self._stream, self._lengths(order, chance)):
                self._data = WindowTable(self._stream, self._headers, columns, start)
                self.table = self._data.rows(self._stream.names)
                rows = self.table.size
                places = chance.permutation(rows) if order.shuffled else numpy.arange(rows)
                batches = -(-rows // order.size)
                if epoch > epochs[0] or number + batches > first:
                    yield RowWindow(epoch, behind(places), number, number + batches)
                number += batches

    def window(self, order: RowOrder) -> int | None:
        """As of RowsOutput."""
        rows = self._batches(order) * order.size
        return rows if order.shuffled and rows < self.count else None


def _windows(
    stream: StreamedRows, lengths: Iterator[int]
) -> Iterator[tuple[dict[str, Reals], int]]:
    """All rows in windows, each with the number of its first row. lengths: how many rows they have."""
    kept: list[Mapping[str, Reals]] = []
    have, want, start = 0, next(lengths), 0
    for piece in stream.pieces(stream.names):
        at = 0
        while at < piece.rows:
            some = min(want - have, piece.rows - at)
            kept.append({name: each[at : at + some] for name, each in piece.columns.items()})
            have, at = have + some, at + some
            if have == want:
                yield _below(kept), start
                start += have
                kept, have, want = [], 0, next(lengths)
    if have:
        yield _below(kept), start


def _below(parts: Sequence[Mapping[str, Reals]]) -> dict[str, Reals]:
    """Rows below one another."""
    return {name: numpy.concatenate([each[name] for each in parts]) for name in parts[0]}
