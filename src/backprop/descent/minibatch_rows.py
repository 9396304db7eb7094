"""Minibatches: which rows of a table each update of a descent sees, and the output of these rows alone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from sys import maxsize
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.descent.batch_program import BatchProgram
from backprop.errors import BackpropError, BadOption
from backprop.evaluation.gradient import gradient
from backprop.language import Model
from backprop.language.apart import NotApart
from backprop.language.laid import Data
from backprop.language.some_rows import SomeRows
from backprop.loops.worth import read_model

RowPlaces = NDArray[numpy.int64]
"""Rows of a table, counted from 0."""

AHEAD = 16
"""So many rows ahead memory is asked for: behind the last row of an order stand as many more numbers."""

_SHOWN = 6
"""Rows of an update that are named."""


class RowOrder:
    """The rows of every update. count: rows of the table. size: rows of a batch; the last one of an epoch
    has what is left. shuffled: whether each epoch has an order of its own, which depends on the seed and
    the number of the epoch alone, so that a run that goes on has the orders of one that never ended."""

    def __init__(self, count: int, size: int, shuffled: bool, seed: int) -> None:
        self.count, self.size, self.shuffled = count, min(size, count), shuffled
        self.seed = seed % 2**64
        self.whole, self.rest = divmod(count, self.size)
        """How many batches are whole, and how many rows the last one has besides, if any."""
        self.batches = self.whole + bool(self.rest)

    def of(self, epoch: int) -> RowPlaces:
        """The rows of an epoch, counted from 0."""
        if not self.shuffled:
            return numpy.arange(self.count)
        return numpy.random.default_rng([self.seed, epoch]).permutation(self.count)


class RowWindow(NamedTuple):
    """Rows that are there at a time, in an order. places: these, and behind them `AHEAD` that are only looked
    for in memory. first, end: the numbers in the epoch of their first batch, and of that behind the last."""

    epoch: int
    places: RowPlaces
    first: int
    end: int


def behind(places: RowPlaces) -> RowPlaces:
    """Rows, and behind them those that are only looked for in memory."""
    return numpy.concatenate([places, numpy.zeros(AHEAD, dtype=numpy.int64)])


def with_tables(model: Model, tables: Sequence[Data]) -> Model:
    """The equations of a Model over other tables, as loops where that can be."""
    return read_model(model.source, model.seed, maxsize, 0, sizes=model.sizes, tables=tables)


class RowsOutput:
    """The output of some rows. model: of all rows. table: those that are there. count: of all. Raises
    BadOption unless it is of one table."""

    def __init__(self, model: Model, output: str, names: Sequence[str]) -> None:
        laid = model.laid
        if laid is None or not laid.tables:
            hints = ["give a table whose columns the equations have: --data rows.csv"]
            message = "--batch is of rows of data, and these equations have none"
            raise BadOption(message, hints=hints, where=model.source.name)
        if len(laid.tables) > 1:
            one, other = (each.name for each in laid.tables[:2])
            message = f"--batch takes rows of one table, and there are {one} and {other}"
            hints = ["join them, or leave --batch out"]
            raise BadOption(message, hints=hints, where=model.source.name)
        self.model, self.output, self._names, self.laid = model, output, names, laid
        (self.table,) = laid.tables
        self._data = laid.source_of(self.table)
        self.count = self.table.size

    def windows(
        self, order: RowOrder, epochs: Sequence[int], first: int
    ) -> Generator[RowWindow, None, None]:
        """The rows of some epochs, in the order of their updates; of the first one from the batch number
        `first` on. `table` has those of the window that came last."""
        with ThreadPoolExecutor(1) as ahead:
            coming: Future[RowPlaces] = ahead.submit(order.of, epochs[0])
            for epoch in epochs:
                now = coming.result()
                if epoch < epochs[-1]:
                    coming = ahead.submit(order.of, epoch + 1)
                yield RowWindow(epoch, behind(now), 0, order.batches)

    def window(self, order: RowOrder) -> int | None:
        """Up to how many rows are shuffled together; None for all."""
        return None

    def of(self, places: RowPlaces) -> Model:
        """The equations of some rows alone: `mean`, `sum` and `count` are of these."""
        return with_tables(self.model, [SomeRows(self._data, places)])

    def both(self, places: RowPlaces, values: Mapping[str, float]) -> tuple[float, list[float]]:
        """Output and gradient of some rows. Raises NotFinite."""
        if self._program and (both := self._program.both(self.table, places, values)):
            return both
        found = gradient(self.of(places), values, self.output, "python", self._names)
        return found.value, [found.gradients.get(name, 0.0) for name in self._names]

    @cached_property
    def _program(self) -> BatchProgram | None:
        try:
            return BatchProgram(self.model, self.output, self._names)
        except (NotApart, BackpropError):
            return None

    def said(self, places: RowPlaces) -> str:
        """Which rows these are: `rows.csv:7, rows.csv:12, … (256 rows)`."""
        shown = ", ".join(self.table.place(int(each)) for each in places[:_SHOWN])
        more = ", …" if len(places) > _SHOWN else ""
        return f"{shown}{more} ({len(places):,} row{'s' if len(places) != 1 else ''})"
