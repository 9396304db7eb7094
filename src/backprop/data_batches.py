"""Files of data that memory does not hold: their rows in batches, read again at each pass."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from math import inf
from typing import Any, NamedTuple

import pyarrow
from pyarrow import csv as arrow_csv

from backprop.data_bytes import badly_packed, cut_off, expanded, kind_of, said
from backprop.data_columns import plain_table
from backprop.data_files import (
    DataFile,
    FileTable,
    named,
)
from backprop.data_lines import (
    MISSING,
    WRITE_AS,
    TextForm,
    cell_hints,
    cells_of,
    check_utf8,
    delimiter_of,
    lines_above,
    other_kind,
    ragged,
    unlike_table,
    unpacked,
)
from backprop.errors import BackpropError, BadData, CannotRead
from backprop.language.headers import is_number
from backprop.numbers import listed, shortened
from backprop.places import STANDARD

_BYTES = 1 << 24
"""Bytes of text that are read at a time."""

_ROWS = 1 << 18
"""Rows of other files that are read at a time."""

_LARGE = 1 << 26
"""Bytes of a record batch that is not to be kept as a whole."""

_BUFFER = 1 << 20
"""Bytes of a column of Parquet that are read at a time."""

_PACKED = 6
"""A file that is compressed may have so many times its size."""

_HEAD = 1 << 20
"""Bytes in which the first rows are."""


class BatchedFile(NamedTuple):
    """A file that is read in batches. kind: as of `kind_of`. names: of its columns. stamp: what
    tells whether somebody has written it since it was first looked at."""

    path: str
    kind: str
    form: TextForm
    names: tuple[str, ...]
    stamp: tuple[int, ...] = ()

    def batches(self, wanted: Sequence[str], texts: Sequence[str]) -> Iterator[FileTable]:
        """All rows of some columns. texts: of these the ones of text. Raises BadData, CannotRead."""
        before = 0
        read = {"text": _text, "parquet": _parquet, "arrow": _arrow, "stream": _stream}[self.kind]
        some = tuple(each for each in self.names if each in wanted)
        some = some or tuple(each for each in self.names if self.names.count(each) == 1)[:1]
        if twice := [name for name in some if some.count(name) > 1]:
            message = f"the column {twice[0]} is there {some.count(twice[0])} times"
            where = f"{self.path}:1" if self.kind == "text" else self.path
            hints = ["give them different names, or leave one out"]
            raise BadData(message, where=where, hints=hints)
        try:
            self._look_for_changes()
            for batch in read(self, some, texts):
                text = self.path if self.kind == "text" else None
                yield FileTable([DataFile(self.path, batch, text, self.form, before, self.names)])
                before += batch.num_rows
            self._look_for_changes()
        except pyarrow.ArrowException as error:
            self._look_for_changes()
            raise self._wrong(error, some, texts) from None
        except (OSError, EOFError, zlib.error) as error:
            self._look_for_changes()
            raise self._unread(error) from None

    def _unread(self, error: Exception) -> BackpropError:
        """The error for what cannot be read at all."""
        if _is_badly_packed(error):
            return badly_packed(self.path, error)
        if self.kind != "text" and not getattr(error, "errno", None):  # of pyarrow
            return cut_off(self.path, self.kind, error)
        return CannotRead(f"{self.path} cannot be read: {said(error)}")

    def _look_for_changes(self) -> None:
        """Raise CannotRead if somebody has written the file: its rows would be others at each pass."""
        if self.stamp and _stamp(self.path) != self.stamp:
            message = f"{self.path} has changed while it was read, pass after pass"
            raise CannotRead(message, hints=["run it again when nothing writes the file any more"])

    def _wrong(
        self, error: Exception, wanted: Sequence[str], texts: Sequence[str]
    ) -> BackpropError:
        """The error for what pyarrow did not read: the first cell or row that is wrong."""
        if self.kind != "text":
            message = f"this cannot be read as a table: {said(error)}"
            return BadData(message, where=self.path)
        with unpacked(self.path) as file:
            general = unlike_table(self.path, file.read(_HEAD), self.form, said(error))
        numbers = [name for name in wanted if name not in texts]
        with unpacked(self.path) as file:
            reader = cells_of(file, self.form)
            header, line, row = not self.form.header, 1, 0
            try:
                for cells in reader:
                    if cells and not header:
                        header = True
                    elif cells:
                        row += 1
                        where = f"{self.path}:{line}"
                        if len(cells) != len(self.names):
                            return ragged(where, cells, len(self.names), self.form)
                        for name in numbers:
                            cell = cells[self.names.index(name)]
                            if not _is_number(cell, self.form.decimal):
                                cut = shortened(cell, 40)
                                message = f"{name} in row {row:,} is {cut!r}, and no number"
                                hints = cell_hints(cell, True, self.form.decimal)
                                return BadData(message, where=where, hints=hints)
                    line = reader.line_num + 1
            except (csv.Error, OSError, EOFError):
                return general
        return general


def _is_badly_packed(error: Exception) -> bool:
    return isinstance(error, (EOFError, gzip.BadGzipFile, zlib.error))


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return (0,)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _is_number(cell: str, decimal: str) -> bool:
    return cell in MISSING or is_number(cell, decimal)


def size_of(path: str) -> float:
    """About how many bytes of memory a file needs as a table; 0 of what can be read once only."""
    if path == STANDARD or not os.path.isfile(path):
        return 0.0
    size = float(os.path.getsize(path))
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError:
        return 0.0
    if head == b"PAR1":
        from pyarrow import parquet

        try:
            about = parquet.read_metadata(path)
        except (pyarrow.ArrowException, OSError):
            return 0.0  # which is said where it is read
        return float(8.0 * about.num_rows * about.num_columns)
    return float(size * _PACKED) if head[:2] == b"\x1f\x8b" else size


def too_large(paths: Sequence[str], memory: float) -> list[str] | None:
    """The files that paths and patterns mean, if these are more than memory is to hold."""
    if STANDARD in paths or sum(map(size_of, filter(os.path.isfile, paths))) == inf:
        return None
    found = [*expanded(paths)]
    return found if sum(map(size_of, found)) > memory else None


class BatchedTable(NamedTuple):
    """Files with the same columns."""

    files: Sequence[BatchedFile]

    @property
    def names(self) -> Sequence[str]:
        """The columns, in the order of the first file."""
        return self.files[0].names


def batched_tables(paths: Sequence[str], form: TextForm) -> list[BatchedTable]:
    """Files in batches, those with the same columns together. Raises CannotRead, BadData."""
    tables: dict[frozenset[str], list[BatchedFile]] = {}
    for path in paths:
        found = _looked_at(path, form)
        tables.setdefault(frozenset(found.names), []).append(found)
    every = [*tables.values()]
    for at, table in enumerate(every):
        for other in every[:at]:
            if both := [name for name in table[0].names if name in other[0].names]:
                message = f"{other[0].path} and {table[0].path} have only {listed(both)} in common"
                hints = ["files with the same columns are joined; give others names of their own"]
                raise BadData(message, where=table[0].path, hints=hints)
    return [*map(BatchedTable, every)]


def _looked_at(path: str, form: TextForm) -> BatchedFile:
    """What kind of file one is, and its columns."""
    stamp = _stamp(path)
    try:
        with unpacked(path) as file:
            head = file.read(_HEAD)
        kind = kind_of(path, head, path)
        if head.startswith(b"FEA1"):
            message = "this is Feather of the first version, which is read as a whole only"
            hints = ["let it have more: --memory 8G", "or write it as Parquet or Arrow"]
            raise BadData(message, where=path, hints=hints)
        if kind == "parquet":
            from pyarrow import parquet

            names = parquet.read_schema(path).names
            return BatchedFile(path, "parquet", form, _names(names, path), stamp)
        if kind != "text":
            opened = pyarrow.ipc.open_stream if kind == "stream" else pyarrow.ipc.open_file
            with pyarrow.OSFile(path) as source:
                names = opened(source).schema.names
            return BatchedFile(path, kind, form, _names(names, path), stamp)
    except (pyarrow.ArrowException, OSError, EOFError, zlib.error) as error:
        if _is_badly_packed(error):
            raise badly_packed(path, error) from None
        if isinstance(error, pyarrow.ArrowException):
            raise cut_off(path, kind, error) from None
        raise CannotRead(f"{path} cannot be read: {said(error)}") from None
    if not head.strip() and len(head) < _HEAD:
        raise BadData("there is nothing in this file", where=path, hints=WRITE_AS)
    check_utf8(path, head, len(head) < _HEAD)
    if not form.delimiter:
        form = form._replace(delimiter=delimiter_of(path.removesuffix(".gz"), head))
    first = [*islice(filter(None, cells_of(io.BytesIO(head), form)), 2)]
    if len({*map(len, first)}) > 1:
        raise unlike_table(path, head, form, "")
    if len(first) < 2 and (other := other_kind(path, head)):
        raise other
    cells = first[0] if first else []
    names = cells if form.header else [f"c{at + 1}" for at in range(len(cells))]
    return BatchedFile(path, "text", form, _names(names, path), stamp)


def _names(names: Sequence[str], path: str) -> tuple[str, ...]:
    found = tuple(map(named, names))
    if not found:
        raise BadData("there is no column in this file", where=path)
    return found


def _text(of: BatchedFile, wanted: Sequence[str], texts: Sequence[str]) -> Iterator[Any]:
    number = pyarrow.float64()
    types = {name: pyarrow.string() if name in texts else number for name in wanted}
    names = [  # columns of the same name are told apart where nobody wants them
        each if each in wanted else f"{each}\0{at}" for at, each in enumerate(of.names)
    ]
    parsing = arrow_csv.ParseOptions(delimiter=of.form.delimiter, newlines_in_values=True)
    converting = arrow_csv.ConvertOptions(
        null_values=[*MISSING],
        strings_can_be_null=True,
        decimal_point=of.form.decimal,
        column_types=types,
        include_columns=wanted,
    )
    with unpacked(of.path) as file:
        head = file.read(_HEAD)
        only = b"\n" not in head and len(head) < _HEAD  # without an end it is no line to pyarrow
        file.seek(0)
        reading = arrow_csv.ReadOptions(
            block_size=_BYTES,
            column_names=names,
            skip_rows=lines_above(head),
            skip_rows_after_names=int(of.form.header),
        )
        source = io.BytesIO(head + b"\n") if only else file
        with arrow_csv.open_csv(source, reading, parsing, converting) as reader:
            for batch in reader:
                yield pyarrow.Table.from_batches([batch])


def _parquet(of: BatchedFile, wanted: Sequence[str], texts: Sequence[str]) -> Iterator[Any]:
    from pyarrow import parquet

    # without a buffer, or with all of a group at once, a group of rows is kept as a whole
    with parquet.ParquetFile(of.path, pre_buffer=False, buffer_size=_BUFFER) as file:
        columns = [each for each in file.schema_arrow.names if named(each) in wanted]
        for batch in file.iter_batches(_ROWS, columns=columns):
            yield _renamed(pyarrow.Table.from_batches([batch]))


def _arrow(of: BatchedFile, wanted: Sequence[str], texts: Sequence[str]) -> Iterator[Any]:
    with pyarrow.OSFile(of.path) as source, pyarrow.ipc.open_file(source) as file:
        count = file.num_record_batches
        fields = [at for at, name in enumerate(file.schema.names) if named(name) in wanted]
    # what is read as memory ends the process if somebody cuts the file off: only where parts are large
    large = os.path.getsize(of.path) > _LARGE * count
    opened = pyarrow.memory_map if large else pyarrow.OSFile
    # with fields chosen, pyarrow copies what is memory
    some = pyarrow.ipc.IpcReadOptions(included_fields=[] if large else fields)
    with opened(of.path) as source, pyarrow.ipc.open_file(source, options=some) as file:
        for at in range(count):
            batch = file.get_batch(at)
            for start in range(0, batch.num_rows, _ROWS):
                part = pyarrow.Table.from_batches([batch.slice(start, _ROWS)])
                yield _renamed(part, wanted)


def _stream(of: BatchedFile, wanted: Sequence[str], texts: Sequence[str]) -> Iterator[Any]:
    with pyarrow.OSFile(of.path) as source, pyarrow.ipc.open_stream(source) as reader:
        for batch in reader:
            for start in range(0, batch.num_rows, _ROWS):
                part = pyarrow.Table.from_batches([batch.slice(start, _ROWS)])
                yield _renamed(part, wanted)


def _renamed(columns: Any, wanted: Sequence[str] = ()) -> Any:
    """With the names that equations have, and of all the columns those that are wanted."""
    names = [*map(named, columns.column_names)]
    if wanted:
        columns, names = columns.select([names.index(each) for each in wanted]), [*wanted]
    return plain_table(columns, names)


def joined(
    files: Sequence[BatchedFile], wanted: Sequence[str], texts: Sequence[str]
) -> Iterator[FileTable]:
    """The batches of files below one another."""
    yield from chain.from_iterable(each.batches(wanted, texts) for each in files)
