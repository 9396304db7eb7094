"""Tables that memory does not hold: what equations see of them comes in blocks, pass after pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

import numpy

from backprop.by_rows.block_kernel import RowBlock
from backprop.by_rows.held_rows import BLOCK
from backprop.data_batches import BatchedFile, batched_tables, joined, too_large
from backprop.data_given import (
    DataOptions,
    DataTable,
    ReadByCondition,
    check_delimiter,
    nothing_left,
    tables_of,
    tell_left_out,
    tell_rounded,
    where_of_each,
)
from backprop.data_named import headers_of_each
from backprop.errors import BadData
from backprop.language.column_names import words_of
from backprop.language.laid import Data, Laid, RowNumbers, data_of
from backprop.language.text_columns import ComparedText, TextCodes
from backprop.loops.domains import Reals, Wholes
from backprop.memory import available
from backprop.numbers import listed
from backprop.row_progress import RowProgress
from backprop.syntax.parser import Statement

_AHEAD = 2
"""Batches that are read while another one is computed with."""


class StreamedTable:
    """Files with the same columns, below one another, in batches. headers: of each name that equations have
    the column."""

    def __init__(
        self, files: Sequence[BatchedFile], headers: Mapping[str, str], options: DataOptions
    ) -> None:
        self._files, self._headers, self._options = files, headers, options
        self._compared: Mapping[str, ComparedText] = {}
        self._rows: dict[tuple[tuple[str, ...], tuple[int, ...]], RowNumbers] = {}
        self._plain = self
        """The table without columns for comparisons with texts."""
        self._left_out: Wholes = numpy.zeros(0, dtype=numpy.int64)
        self.memory = options.memory
        """How many bytes tables may have that are there at once."""
        self.skips = options.skip_missing or options.skip_bad
        self.name = listed([each.path for each in files], 1)
        self.names: Collection[str] = headers
        self.told: set[str] = set()
        self._pinned: Sequence[str] = ()
        self._codes: Mapping[str, ComparedText] = {}
        self._counted = 0, 0
        """How many rows the last whole pass has read, and in how many of these a cell was missing."""

    @property
    def left_out(self) -> Wholes:
        """The numbers of rows that are left out, of those that are kept otherwise."""
        return self._plain._left_out

    def leave_out(self, rows: Wholes) -> None:
        """Leave more of the rows out. rows: their numbers, in order, of those that are there now."""
        before, plain = self.left_out, self._plain
        rows = numpy.asarray(rows, dtype=numpy.int64)
        # the n-th of those that are there stands behind as many that are not as stand before it, with it
        moved = rows + numpy.searchsorted(before - numpy.arange(len(before)), rows, "right")
        plain._left_out = numpy.union1d(before, moved)
        plain._rows.clear()
        self._rows.clear()

    def place_left_out(self, names: Sequence[str]) -> str:
        """Where the first row stands that is left out."""
        plain, left = self._plain, self.left_out
        plain._left_out = left[:0]
        try:
            return self._some(names, [int(left[0])]).place(0)
        finally:
            plain._left_out = left

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Raises BadData: here all rows would be needed at once."""
        if not names:
            return RowNumbers(self.name, 0, {}, str)
        message = f"{self.name} is larger than memory is to hold at once"
        hints = [
            "let it have more, as --memory 8G",
            "or ask grad, descend, check, hessian, jacobian, draw, or explain --row 1",
            "or take fewer rows and columns, in a file of Parquet",
        ]
        raise BadData(message, where=self.name, hints=hints)

    def texts(self, name: str) -> list[str]:
        """What stands in a column, each text once, in the order of the rows."""
        header = self._headers[name]
        parts = joined(self._files, [header], [header])
        return [*dict.fromkeys(text for part in parts for text in part.coded(header)[1])]

    def pinned(self, every: Sequence[str], texts: Sequence[str]) -> StreamedTable:
        """This table, where these columns, and those of texts, decide which rows count, whatever is read."""
        codes = {f"text of {name}": TextCodes(name, True, "") for name in texts}
        found = StreamedTable(self._files, self._headers, self._options)
        found._left_out, found.told = self.left_out, self.told
        found._pinned, found._codes = [*every, *codes], codes
        return found

    def with_texts(self, compared: Mapping[str, ComparedText]) -> StreamedTable:
        """This table with columns of its own for comparisons with texts, by their names."""
        mine = {name: each for name, each in compared.items() if each.column in self._headers}
        if not mine:
            return self
        found = StreamedTable(self._files, self._headers, self._options)
        found._compared, found.told, found._plain = mine, self.told, self._plain
        found._pinned, found._codes = self._pinned, self._codes
        found.names = [*self._headers, *mine]
        return found

    def head(self, row: int = 0, times: int = 1) -> StreamHead:
        """One row as a table, by which equations are looked at; so many times below itself."""
        return self.heads([row] * times)

    def heads(self, rows: Sequence[int]) -> StreamHead:
        """Some rows as a table."""
        return StreamHead(self._plain, rows)

    def source(self, names: Sequence[str]) -> StreamedRows:
        """Its rows, for passes."""
        return StreamedRows(self, names)

    def some(self, names: Sequence[str], rows: Sequence[int]) -> RowNumbers:
        """Some rows, counted from 0. Raises BadData if one of them is not there."""
        key = tuple(names), tuple(rows)
        if key not in self._rows:
            self._rows[key] = self._some(names, rows)
        return self._rows[key]

    def _some(self, names: Sequence[str], rows: Sequence[int]) -> RowNumbers:
        wanted = sorted({*rows})
        at: dict[int, dict[str, float]] = {}
        said: dict[int, tuple[str, str]] = {}
        before = 0
        for batch in self.batches(names):
            here = [each - before for each in wanted if before <= each < before + batch.size]
            for each in here:
                at[before + each] = {name: batch.numbers[name][each] for name in names}
                said[before + each] = batch.place(each), batch.look(each)
            before += batch.size
            if len(at) == len(wanted):
                numbers = {name: numpy.array([at[row][name] for row in rows]) for name in names}
                place, look = (partial(_said, [said[row][k] for row in rows]) for k in (0, 1))
                return RowNumbers(self.name, len(rows), numbers, place, look, tuple(rows))
        raise nothing_left(self.name, *self._counted)

    def batches(self, names: Sequence[str]) -> Iterator[RowNumbers]:
        """The rows that are kept, in batches. Raises BadData."""
        conditions = [*map(ReadByCondition.of, self._options.where)]
        quoted = {each for read_by in conditions for each in read_by.texts} & self._headers.keys()
        names = [*dict.fromkeys([*self._pinned, *names])]
        compared = {**self._codes, **self._compared}
        quoted |= {each.column for name, each in compared.items() if name in names}
        inside = {each for read_by in conditions for each in read_by.numbers}
        inside &= self._headers.keys()
        asked = {*names, *inside, *quoted} - compared.keys()
        wanted = {self._headers[each] for each in asked}
        texts = [self._headers[each] for each in quoted]
        quiet, count, lacking = self._options._replace(tell=None), 0, [0, 0]
        before, left_out = 0, self.left_out
        for part in joined(self._files, [*wanted], texts):
            known = {n: header for n, header in self._headers.items() if header in wanted}
            found, some = DataTable(part, known, quiet).with_texts(compared).kept(names)
            lacking = [one + other for one, other in zip(lacking, some, strict=True)]
            tell_rounded(self, self._options, part)
            count += part.count
            left = left_out[(left_out >= before) & (left_out < before + found.size)] - before
            before += found.size
            yield _without(found, left) if len(left) else found
        self._counted = count, lacking[0]
        tell_left_out(self, self._options, count, lacking)


def _without(found: RowNumbers, left: Wholes) -> RowNumbers:
    """All rows but for some."""
    kept = numpy.delete(numpy.arange(found.size), left)
    numbers = {name: each[kept] for name, each in found.numbers.items()}
    place, look = (partial(_of_kept, each, kept) for each in (found.place, found.look))
    return RowNumbers(found.name, len(kept), numbers, place, look)


def _of_kept(said: Callable[[int], str], kept: Wholes, row: int) -> str:
    return said(int(kept[row]))


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

    def blocks(self, names: Sequence[str]) -> Iterator[RowBlock]:
        """All rows, in blocks; the next batch is read while one is computed with."""
        for piece in self.pieces(names):
            for at in range(0, piece.rows, BLOCK):
                some = {name: each[at : at + BLOCK] for name, each in piece.columns.items()}
                yield RowBlock(some, min(BLOCK, piece.rows - at), piece.start + at)

    def pieces(self, names: Sequence[str]) -> Iterator[RowBlock]:
        """All rows, as many at a time as are read, but a multiple of `BLOCK`, and at last what is left."""
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
                if end:
                    yield RowBlock({n: each[:end] for n, each in columns.items()}, end, start)
                    start += end
                rest = {name: each[end:].copy() for name, each in columns.items()}
                left = rows - end
                progress(start)
        finally:
            progress.end()
        if left:
            yield RowBlock(rest, left, start)
        self.size = start + left

    def row(self, row: int) -> Mapping[str, float]:
        """The numbers of a row, counted from 0."""
        found = self._table.some(self.names, [row]).numbers
        return {name: float(numbers[0]) for name, numbers in found.items()}

    def leave_out(self, rows: Wholes) -> None:
        """Leave some rows out, of the table, too."""
        self._table.leave_out(rows)
        self.size = -1

    @property
    def left_out(self) -> int:
        """How many rows are left out, of those that are kept otherwise."""
        return len(self._table.left_out)

    def place_left_out(self) -> str:
        """Where the first row stands that is left out."""
        return self._table.place_left_out(self.names)

    def head(self, row: int = 0, times: int = 1) -> StreamHead:
        """One row as a table, so many times."""
        return self._table.head(row, times)


def _said(texts: Sequence[str], row: int) -> str:
    return texts[row]


class StreamHead:
    """Rows of a table that is read in batches: whoever asks for rows gets these, and who knows what it is the
    `source` of all. Only what goes through that takes it in the place of a table."""

    def __init__(self, table: StreamedTable, rows: Sequence[int]) -> None:
        self._table, self._rows = table, rows
        self.name, self.names = table.name, table.names
        self.memory = table.memory

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some columns of those rows. Raises BadData if there are none."""
        return self._table.some(names, self._rows)

    @property
    def whole(self) -> StreamedTable:
        return self._table

    def with_texts(self, compared: Mapping[str, ComparedText]) -> StreamHead:
        """Of the table with columns for comparisons with texts."""
        return StreamHead(self._table.with_texts(compared), self._rows)

    def heads(self, rows: Sequence[int]) -> StreamHead:
        """Other rows of the same table."""
        return self._table.heads(rows)

    def source(self, names: Sequence[str]) -> StreamedRows:
        """All rows, for passes."""
        return self._table.source(names)


def is_streamed(laid: Laid | None) -> bool:
    """Whether equations see the first rows of tables that are read in batches: of a table, if they use it."""
    uses_some = laid is not None and bool(laid.columns)
    return uses_some and any(isinstance(each, StreamHead) for each in data_of(laid))


def in_memory(laid: Laid, why: str) -> None:
    """Raise BadData for tables that memory does not hold. why: what cannot go through them."""
    if is_streamed(laid):
        raise larger_than_memory(streams_of(laid.data, laid.statements), why)


def larger_than_memory(streams: Sequence[StreamedRows], why: str) -> BadData:
    """The error for tables larger than memory that cannot be gone through."""
    name = streams[0].name
    message = f"{name} is larger than memory is to hold at once, and {why}"
    return BadData(message, where=name, hints=["let it have more: --memory 8G"])


def names_of(tables: Sequence[Data]) -> set[str]:
    """The columns of all."""
    return {name for each in tables for name in each.names}


def streams_of(tables: Sequence[Data], statements: Sequence[Statement]) -> list[Any]:
    """The rows of each table of which statements name a column."""
    words = words_of(statements)
    used = [(each, [name for name in each.names if name in words]) for each in tables]
    return [
        head.source(some)
        for head, some in used
        if some and isinstance(head, StreamHead | DataTable)
    ]


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
    check_delimiter(options.form.delimiter)
    tables = batched_tables(files, options.form)
    named = headers_of_each(tables, options.columns)
    every = zip(tables, named, where_of_each(named, options), strict=True)
    return [StreamedTable(table.files, names, own) for table, names, own in every]
