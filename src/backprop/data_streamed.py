"""Tables that memory does not hold: what equations see of them comes in blocks, pass after pass."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

import numpy

from backprop.by_rows.block_kernel import RowBlock
from backprop.by_rows.held_rows import BLOCK, FirstRows
from backprop.data_batches import BatchedFile, batched_tables, joined, too_large
from backprop.data_given import DataOptions, DataTable, renamed, tables_of, tell_left_out
from backprop.errors import BadData
from backprop.language.laid import RowNumbers
from backprop.loops.domains import Reals
from backprop.memory import available, installed
from backprop.numbers import listed
from backprop.row_progress import RowProgress

_AHEAD = 2
"""Batches that are read while another one is computed with."""

_WORD = re.compile(r"[^\W\d][\w']*")


class StreamedTable:
    """Files with the same columns, below one another, in batches. headers: of each name that equations have
    the column."""

    def __init__(
        self, files: Sequence[BatchedFile], headers: Mapping[str, str], options: DataOptions
    ) -> None:
        self._files, self._headers, self._options = files, headers, options
        self.skips = options.skip_missing or options.skip_bad
        self.name = listed([each.path for each in files], 1)
        self.names: Collection[str] = headers
        self.told: set[str] = set()

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Raises BadData: here all rows would be needed at once."""
        message = f"{self.name} is larger than memory is to hold at once"
        hints = [
            "let it have more, as --memory 8G; or ask grad for what is summed over rows",
            "or take fewer rows and columns, in a file of Parquet",
        ]
        raise BadData(message, where=self.name, hints=hints)

    def with_texts(self, compared: Mapping[str, Any]) -> StreamedTable:
        """Itself: no row of it is seen before `rows` says that there are too many."""
        return self

    def source(self, names: Sequence[str]) -> StreamedRows:
        """Its rows, for passes."""
        return StreamedRows(self, names)

    def batches(self, names: Sequence[str]) -> Iterator[RowNumbers]:
        """The rows that are kept, in batches. Raises BadData."""
        text = " ".join(self._options.where)
        quoted = {each for each in self._headers if re.search(_compared(each), text)}
        inside = {each for each in _WORD.findall(text) if each in self._headers}
        wanted = {self._headers[each] for each in {*names, *inside}}
        texts = [self._headers[each] for each in quoted]
        quiet, count, lacking = self._options._replace(tell=None), 0, [0, 0]
        for part in joined(self._files, [*wanted], texts):
            known = {n: header for n, header in self._headers.items() if header in wanted}
            found, some = DataTable(part, known, quiet).kept(names)
            lacking = [one + other for one, other in zip(lacking, some, strict=True)]
            count += part.count
            yield found
        tell_left_out(self, self._options, count, lacking)


def _compared(name: str) -> str:
    return rf"(?<![\w']){re.escape(name)}\s*(?:==|!=)\s*[\"']"


class StreamedRows:
    """Rows of some columns, which are read at each pass. size: how many there are; -1 before the first."""

    def __init__(self, table: StreamedTable, names: Sequence[str]) -> None:
        self._table, self.name, self.names = table, table.name, names
        self.size = -1

    def count(self) -> int:
        """How many rows there are, if need be by a pass."""
        if self.size < 0:
            for _ in self.blocks(self.names[:1]):
                pass
        return self.size

    def first(self) -> FirstRows:
        """Its first row as a table. Raises BadData if there is none."""
        for batch in self._table.batches(self.names):
            if batch.size:
                return FirstRows(self.name, batch, self.names)
        message = "there is nothing to compute with: no row is kept"
        raise BadData(message, where=self.name)

    def blocks(self, names: Sequence[str]) -> Iterator[RowBlock]:
        """All rows, in blocks; the next batch is read while one is computed with."""
        rest: dict[str, Reals] = {name: numpy.zeros(0) for name in names}
        left = start = 0
        wanted = self.names if self._table.skips else names  # which decide what rows there are
        progress = RowProgress()
        try:
            for batch in _ahead(self._table.batches(wanted)):
                columns = {
                    name: numpy.concatenate([rest[name], batch.numbers[name]]) for name in names
                }
                rows = left + batch.size
                end = rows - rows % BLOCK
                for at in range(0, end, BLOCK):
                    some = {name: each[at : at + BLOCK] for name, each in columns.items()}
                    yield RowBlock(some, BLOCK, start)
                    start += BLOCK
                rest = {name: each[end:].copy() for name, each in columns.items()}
                left = rows - end
                progress(start)
        finally:
            progress.end()
        if left:
            yield RowBlock(rest, left, start)
        self.size = start + left

    def row(self, number: int) -> FirstRows:
        """One row as a table."""
        before = 0
        for batch in self._table.batches(self.names):
            if number < before + batch.size:
                at = number - before
                some = {name: each[at : at + 1] for name, each in batch.numbers.items()}
                found = RowNumbers(batch.name, 1, some, partial(_place, batch.place(at)))
                return FirstRows(self.name, found, self.names)
            before += batch.size
        raise IndexError(number)


def _place(place: str, row: int) -> str:
    return place


def _ahead(batches: Iterator[RowNumbers]) -> Iterator[RowNumbers]:
    """Batches that a thread of their own reads."""
    queue: Queue[Any] = Queue(_AHEAD)
    stopped = Event()

    def put(what: Any) -> bool:
        while not stopped.is_set():
            try:
                queue.put(what, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            for batch in batches:
                if not put((batch, None)):
                    return
            put((None, None))
        except BaseException as error:
            put((None, error))

    reader = Thread(target=run, daemon=True)
    reader.start()
    try:
        while True:
            try:
                batch, error = queue.get(timeout=1)
            except Empty:
                continue
            if error is not None:
                raise error
            if batch is None:
                return
            yield batch
    finally:
        stopped.set()
        reader.join()


def opened_tables(options: DataOptions) -> Sequence[DataTable | StreamedTable]:
    """The tables of a command line: those that memory does not hold in batches. Raises CannotRead, BadData,
    BadOption."""
    limit = min(options.memory, available() / 4)
    files = too_large(options.files, limit)
    if files is None:
        return tables_of(options)
    tables = batched_tables(files, options.form)
    known = renamed(tables, options.columns)
    return [
        StreamedTable(
            table.files, {n: header for n, (of, header) in known.items() if of is table}, options
        )
        for table in tables
    ]


def memory_of(text: str) -> float:
    """How many bytes `512M` or `2G` are; of "" a quarter of the machine's. Raises ValueError."""
    if not text:
        return installed() / 4
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise ValueError(text)
    return float(found[1]) * 1024.0 ** " KMGT".index(found[2].upper() or " ")
