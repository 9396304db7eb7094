"""Tables of data: files of columns, read with pyarrow, which nothing else in the house knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy
import pyarrow
from numpy.typing import NDArray

from backprop.data_bytes import bytes_of, cut_off, expanded, is_parquet, kind_of
from backprop.data_cells import may_be_hexadecimal, read_columns, written_cells
from backprop.data_columns import (
    codes_of,
    doubles,
    has_numbers,
    missing_in,
    piece_of,
    plain_table,
    text_of,
    truths,
)
from backprop.data_lines import (
    WRITE_AS,
    TextForm,
    cell_hints,
    check_utf8,
    delimiter_of,
    line_of,
    other_kind,
)
from backprop.data_parquet import of_parquet
from backprop.data_rounded import first_rounded, has_beyond, rounded_in
from backprop.errors import BackpropError, BadData
from backprop.language.headers import is_number
from backprop.loops.domains import Reals, Wholes
from backprop.numbers import listed, shortened
from backprop.source import normal

_SHORT = 1000  # bytes

MEMORY = "<data>"
"""What a table is called that a program gives."""


class UsedColumns(NamedTuple):
    """Columns of a table that are used: of each its numbers, one a row. kept: which rows of the table these
    are. missing, odd: how many were left out because a cell is missing, or no finite number."""

    numbers: Mapping[str, Reals]
    kept: NDArray[numpy.bool_]
    missing: int = 0
    odd: int = 0


class DataFile(NamedTuple):
    """One file, or a part of it: its columns by name, and how it was read. text: of one, or its path. before:
    how many rows of it come before. names: of a text those of all columns, in their order there. held: what
    threads of pyarrow may have last, and could not give back while Python ends."""

    name: str
    columns: pyarrow.Table
    text: bytes | str | None
    form: TextForm
    before: int = 0
    names: Sequence[str] = ()
    held: Any = None


class FileTable:
    """Files with the same columns, below one another."""

    def __init__(self, parts: Sequence[DataFile]) -> None:
        self.parts = parts
        self.rounded: dict[str, str] = {}
        """Of columns with whole numbers that no double is a sentence that says so."""
        self._texts: dict[str, list[Any]] = {}

    @cached_property
    def count(self) -> int:
        """How many rows it has."""
        return sum(part.columns.num_rows for part in self.parts)

    @cached_property
    def files(self) -> list[str]:
        """What its files are called."""
        return [part.name for part in self.parts]

    @property
    def names(self) -> list[str]:
        """The columns, in the order of the first file."""
        return list(self.parts[0].columns.column_names)

    def used(
        self,
        names: Mapping[str, str],
        kept: NDArray[numpy.bool_] | None = None,
        skip_missing: bool = False,
        skip_odd: bool = False,
    ) -> UsedColumns:
        """Some of its columns as numbers. names: of each name that an equation has the column. kept: the
        rows that count, None for all. skip_missing, skip_odd: whether those are left out in which a cell is
        missing, or no finite number. Raises BadData for such a cell, and a column that is there twice."""
        every = {name: self._column(column) for name, column in names.items()}
        kept = numpy.ones(self.count, dtype=bool) if kept is None else kept
        missing, odd = numpy.zeros(self.count, dtype=bool), numpy.zeros(self.count, dtype=bool)
        for name, (_, none) in every.items():
            none = none & kept
            if none.any() and not skip_missing:
                raise self.missing(names[name], int(numpy.argmax(none)))
            missing |= none
        kept = kept & ~missing
        for name, (numbers, _) in every.items():
            which = ~numpy.isfinite(numbers) & kept
            if which.any() and not skip_odd:
                row = int(numpy.argmax(which))
                message = f"{self._cell(names[name], row)} is {numbers[row]}, and no finite number"
                hints = [self._without(row, "--skip-bad-rows"), *self.look(row)]
                raise BadData(message, where=self.place(row), hints=hints)
            odd |= which
        kept = kept & ~odd
        some = {name: each if kept.all() else each[kept] for name, (each, _) in every.items()}
        return UsedColumns(some, kept, int(missing.sum()), int(odd.sum()))

    def same(self, name: str, text: str) -> tuple[NDArray[numpy.bool_], NDArray[numpy.bool_]]:
        """In which rows a column of text has this one, and in which its cell is missing."""
        from pyarrow import compute  # which takes 60 ms

        same, missing = list[NDArray[numpy.bool_]](), list[NDArray[numpy.bool_]]()
        for part, column in zip(self.parts, self._written(name), strict=True):
            sought = text if part.text is None else text.strip()
            same.append(truths(compute.equal(column, text_of(sought))))
            missing.append(missing_in(column))
        return numpy.concatenate(same), numpy.concatenate(missing)

    def _written(self, name: str) -> list[Any]:
        """What stands in a column, of each part: of a text as it is there, be it 007 or
        12:30, without blanks around it."""
        if name not in self._texts:
            self._texts[name] = [self._cells(part, name) for part in self.parts]
        return self._texts[name]

    def _cells(self, part: DataFile, name: str) -> Any:
        from pyarrow import compute  # which takes 60 ms

        column = part.columns.column(self._place_of(part, name))
        if part.text is None:
            return column.cast(pyarrow.string())
        if isinstance(part.text, bytes) and column.type not in (pyarrow.string(), pyarrow.null()):
            column = written_cells(part.text, part.form, part.names, name)
        return compute.utf8_trim_whitespace(column.cast(pyarrow.string()))

    def _place_of(self, part: DataFile, name: str) -> int:
        """Which column one is. Raises BadData for one that is there twice."""
        at = [i for i, each in enumerate(part.columns.column_names) if each == name]
        if len(at) > 1:
            message = f"the column {name} is there {len(at)} times"
            hints = ["give them different names, or leave one out"]
            where = part.name if part.text is None else f"{part.name}:1"
            raise BadData(message, where=where, hints=hints)
        return at[0]

    def coded(self, name: str) -> tuple[Wholes, list[str]]:
        """Which text stands in each row of a column, -1 where none does; and these, in order."""
        return codes_of(self._written(name))

    def place(self, row: int) -> str:
        """Where a row stands: `rows.csv:7`, by its line, or `rows.parquet, row 6`."""
        part, at = self._part(row)
        return _place(part, part.before + at)

    def _part(self, row: int) -> tuple[DataFile, int]:
        for part in self.parts:
            if row < part.columns.num_rows:
                return part, row
            row -= part.columns.num_rows
        raise IndexError(row)

    def _cell(self, column: str, row: int) -> str:
        part, at = self._part(row)
        return f"{column} in row {part.before + at + 1:,}"

    def look(self, row: int) -> list[str]:
        part, at = self._part(row)
        found = [each[at].as_py() for each in part.columns.columns]
        cells = [
            f"{name} is missing" if each is None else f"{name} = {shortened(str(each), 20)}"
            for name, each in zip(part.columns.column_names, found, strict=True)
        ]
        return [f"the row: {', '.join(cells[:6])}{', …' if len(cells) > 6 else ''}"]

    def _without(self, row: int, option: str) -> str:
        """The hint to leave rows out. option: that does it, of files."""
        is_file = self._part(row)[0].name != MEMORY
        return f"leave such rows out: {option}" if is_file else "leave such rows out of the table"

    def missing(self, column: str, row: int) -> BackpropError:
        hints = [self._without(row, "--skip-missing"), *self.look(row)]
        message = f"{self._cell(column, row)} is missing"
        return BadData(message, where=self.place(row), hints=hints)

    def _column(self, name: str) -> tuple[Reals, NDArray[numpy.bool_]]:
        """The numbers of a column, and which are missing."""
        pieces, missing, start = list[Reals](), list[NDArray[numpy.bool_]](), 0
        for part in self.parts:
            column = part.columns.column(self._place_of(part, name))
            text = part.text if pyarrow.types.is_integer(column.type) else None
            if isinstance(text, bytes) and may_be_hexadecimal(text):
                column = written_cells(text, part.form, part.names, name)
            none = missing_in(column)
            pieces.append(self._numbers(column, name, start, part.form.decimal))
            if name not in self.rounded and has_beyond(pieces[-1]):
                self._note_rounded(part, name, pieces[-1])
            missing.append(none)
            start += len(none)
        if len(pieces) == 1:
            self._keep_once(name, pieces[0])
            return pieces[0], missing[0]
        return numpy.concatenate(pieces), numpy.concatenate(missing)

    def _keep_once(self, name: str, numbers: Reals) -> None:
        """Let go of the pieces of which the numbers of a column were made."""
        columns, column = self.parts[0].columns, self.parts[0].columns.column(name)
        if column.num_chunks > 1 and not column.null_count and column.type == pyarrow.float64():
            one = columns.set_column(self.names.index(name), name, piece_of(numbers))
            self.parts = [self.parts[0]._replace(columns=one)]

    def _numbers(self, column: Any, name: str, start: int, decimal: str) -> Reals:
        kind, types = column.type, pyarrow.types
        if types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if types.is_boolean(kind):
            column = column.cast(pyarrow.int8())
        elif types.is_string(kind) or types.is_large_string(kind):
            from pyarrow import compute  # which takes 60 ms

            self._no_text(column, name, start, decimal)
            column = compute.utf8_trim_whitespace(column)
            if decimal != ".":
                column = compute.replace_substring(column, decimal, ".")
        elif not (
            types.is_integer(kind)
            or types.is_floating(kind)
            or types.is_decimal(kind)
            or types.is_null(kind)
        ):
            row = start + int(numpy.argmin(missing_in(column)))
            message = f"{self._cell(name, row)} is {column[row - start].as_py()!s}, and no number"
            called = "date or time" if types.is_temporal(kind) else str(kind)
            what = f"each cell of this column is a {called}: give a column of numbers"
            hints = [what, *self.look(row)]
            raise BadData(message, where=self.place(row), hints=hints)
        if not has_numbers(column):  # casts import what takes 60 ms
            column = column.cast(pyarrow.float64(), safe=False)
        return doubles(column)

    def _note_rounded(self, part: DataFile, name: str, numbers: Reals) -> None:
        """Note the first whole number of a column that is another one as a double."""
        column = part.columns.column(name)
        if pyarrow.types.is_integer(column.type):
            found = first_rounded(column, numbers)
            row, number = (part.before + found[0], found[1]) if found else (-1, 0)
        elif part.text is not None:
            row, number = rounded_in(part.text, part.form, part.names, name) or (-1, 0)
        else:
            return
        if row >= 0:
            near = f"{number}, which as a double is {int(float(number))}"
            where = f"{_place(part, row)}: {name} in row {row + 1:,}"
            self.rounded[name] = f"{where} is {near}: beyond 2^53 not each is one"

    def _no_text(self, column: Any, name: str, start: int, decimal: str) -> None:
        """Raise BadData for the first cell of a column of text that is no number."""
        for at, cell in enumerate(column.to_pylist()):
            if cell is not None and not is_number(cell, decimal):
                cut = shortened(cell, 40)
                message = f"{self._cell(name, start + at)} is {cut!r}, and no number"
                part, _ = self._part(start + at)
                hints = cell_hints(cell, part.text is not None, decimal)
                if part.name == MEMORY:
                    hints = ["give a number there, or leave such rows out of the table"]
                hints += self.look(start + at)
                if name.isidentifier() and cut.isalpha() and not _has_number(column):
                    hints.append(f'texts can be compared: {name} == "{cut}"')
                raise BadData(message, where=self.place(start + at), hints=hints)


def _has_number(column: Any) -> bool:
    """Whether some of the first cells of a column of text are numbers."""
    return any(cell is not None and is_number(cell) for cell in column[:100].to_pylist())


def _place(part: DataFile, row: int) -> str:
    """Where a row of a file stands."""
    line = 0 if part.text is None else line_of(part.text, part.form, row)
    return f"{part.name}:{line}" if line else f"{part.name}, row {row + 1:,}"


def read_tables(paths: Sequence[str], form: TextForm | None = None) -> list[FileTable]:
    """The tables that files have: those with the same columns are one. paths: names, patterns such as
    `day*.csv`, or - for standard input. Raises CannotRead, BadData."""
    parts: dict[frozenset[str], list[DataFile]] = {}
    for path in expanded(paths):
        part = _read(path, form or TextForm())
        parts.setdefault(frozenset(part.columns.column_names), []).append(part)
    tables = [*map(_joined, parts.values())]
    for at, table in enumerate(tables):
        for other in tables[:at]:
            if both := [name for name in table.names if name in other.names]:
                message = (
                    f"{other.files[0]} and {table.files[0]} have only {listed(both)} in common"
                )
                hints = ["files with the same columns are joined; give others names of their own"]
                raise BadData(message, where=table.files[0], hints=hints)
    return tables


def _joined(parts: Sequence[DataFile]) -> FileTable:
    return FileTable([each._replace(columns=_in_order(each, parts[0])) for each in parts])


def below(tables: Sequence[FileTable]) -> FileTable:
    """Tables with the same columns as one."""
    return _joined([part for each in tables for part in each.parts])


def _in_order(part: DataFile, first: DataFile) -> Any:
    names = first.columns.column_names
    if part.columns.column_names == names or len({*names}) < len(names):
        return part.columns
    return part.columns.select(names)


def _read(path: str, form: TextForm) -> DataFile:
    """One file. Raises CannotRead, BadData."""
    if is_parquet(path):  # all of its bytes at once would take as much memory as its columns
        try:
            return DataFile(path, with_plain_names(of_parquet(path), path), None, form)
        except (pyarrow.ArrowException, OSError) as error:
            raise cut_off(path, "parquet", error) from None
    name, data = bytes_of(path)
    plain, kind = path.removesuffix(".gz"), kind_of(path, data, name)
    try:
        if kind == "parquet":
            columns = of_parquet(pyarrow.BufferReader(data))
        elif kind == "arrow":
            from pyarrow import feather

            columns = feather.read_table(pyarrow.BufferReader(data))
        elif kind == "stream":
            columns = pyarrow.ipc.open_stream(pyarrow.BufferReader(data)).read_all()
        else:
            return _text(name, plain, data, form)
    except (pyarrow.ArrowException, OSError) as error:
        raise cut_off(name, kind, error) from None
    return DataFile(name, with_plain_names(columns, name), None, form)


def with_plain_names(columns: Any, name: str) -> Any:
    """A table whose columns are called as equations have them. name: its own. Raises BadData for none."""
    if not columns.num_columns:
        raise BadData("there is no column in this file", where=name)
    return plain_table(columns, [*map(named, columns.column_names)])


def named(header: str) -> str:
    """What a column is called."""
    return normal(header.strip())


def _text(name: str, path: str, data: bytes, form: TextForm) -> DataFile:
    """A file of text. Raises BadData."""
    if not data[:_SHORT].strip() and not data.strip():
        raise BadData("there is nothing in this file", where=name, hints=WRITE_AS)
    if not form.delimiter:
        form = form._replace(delimiter=delimiter_of(path, data))
    check_utf8(name, data)
    columns, data, held = read_columns(name, data, form)
    if not columns.num_rows and (other := other_kind(name, data)):
        raise other
    if not form.header:
        columns = columns.rename_columns([f"c{at + 1}" for at in range(columns.num_columns)])
    columns = with_plain_names(columns, name)
    return DataFile(name, columns, data, form, names=columns.column_names, held=held)
