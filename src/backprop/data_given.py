"""The tables of data that a person gives: which of their columns and rows equations see."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.by_rows.held_rows import HeldRows
from backprop.data_files import FileTable, read_tables
from backprop.data_lines import TextForm
from backprop.data_named import headers_of_each
from backprop.data_told import Telling
from backprop.errors import BadData, BadOption, UnknownName
from backprop.files import typed
from backprop.graph import joined
from backprop.language.laid import RowNumbers
from backprop.language.text_columns import TEXT_COMPARED, ComparedText, TextCodes, as_condition
from backprop.loops.arrays import ArrayWriter
from backprop.loops.domains import Reals
from backprop.names import did_you_mean
from backprop.numbers import listed
from backprop.operations import CONSTANTS, FUNCTIONS, OPERATIONS
from backprop.source import normal
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement, read


class DataOptions(NamedTuple):
    """What a command line says of data. files: as of `read_tables`. columns: `x = Temp (C)`. where: of each a
    condition that rows have to meet. skip_missing: whether rows without a number are left out; skip_bad:
    those with what is no finite number. tell: takes a sentence that says how many were. memory: how many
    bytes tables may have that are read as a whole."""

    files: tuple[str, ...]
    columns: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    form: TextForm = TextForm()
    skip_missing: bool = False
    skip_bad: bool = False
    tell: Callable[[str], object] | None = None
    memory: float = inf


class DataTable:
    """A table as equations see it. name: what it is called. names: of its columns. count: of all rows."""

    def __init__(self, table: FileTable, headers: Mapping[str, str], options: DataOptions) -> None:
        self._table, self._headers, self._options = table, headers, options
        self.name, self.count = listed(table.files, 1), table.count
        self.names: Collection[str] = headers
        self._found: dict[tuple[str, ...], RowNumbers] = {}
        self._compared: Mapping[str, ComparedText] = {}
        self.told: set[str] = set()
        """What was said of rows that are left out, once for this table and those made of it."""

    @property
    def skips(self) -> bool:
        """Whether rows are left out for what stands in their cells."""
        return self._options.skip_missing or self._options.skip_bad

    def quiet(self) -> DataTable:
        """It, without a word on rows that are left out."""
        return DataTable(self._table, self._headers, self._options._replace(tell=None))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_found": {}}

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """These columns, of the rows that are kept. Raises BadData."""
        key = tuple(names)
        if key not in self._found:
            self._found[key] = self._read(key)
        return self._found[key]

    def source(self, names: Sequence[str]) -> HeldRows:
        """Its rows, for passes. Raises BadData."""
        return HeldRows(self, names)

    def texts(self, name: str) -> list[str]:
        """What stands in a column, each text once, in the order of the rows."""
        return self._table.coded(self._headers[name])[1]

    def with_texts(self, compared: Mapping[str, ComparedText]) -> DataTable:
        """This table with columns of its own for comparisons with texts, by their names."""
        mine = {name: each for name, each in compared.items() if each.column in self._headers}
        if not mine:
            return self
        found = DataTable(self._table, self._headers, self._options)
        found._compared, found.told = mine, self.told
        found.names = [*self._headers, *mine]
        return found

    def _read(self, names: tuple[str, ...]) -> RowNumbers:
        found, (missing, _) = self.kept(names)
        tell_rounded(self, self._options, self._table)
        if not found.size:
            raise nothing_left(self.name, self._table.count, missing)
        return found

    def kept(self, names: Sequence[str]) -> tuple[RowNumbers, tuple[int, int]]:
        """These columns, of the rows that are kept, if any; and how many are left out because a cell is
        missing, and because one is not finite. Raises BadData."""
        table, options, every = self._table, self._options, numpy.ones(self._table.count, bool)
        skip = options.skip_missing, options.skip_bad
        conditions = [_condition(text, self._headers) for text in options.where]
        inside = sorted({name for each in conditions for name in each.columns})
        kept, missing, odd = every, 0, 0
        if conditions:
            asked = {name for each in conditions for name in each.texts_needed}
            kept, missing = self._with_texts_there(asked, every)
            seen = table.used({name: self._headers[name] for name in inside}, kept, *skip)
            met, odd = numpy.ones(int(seen.kept.sum()), bool), seen.odd
            missing += seen.missing
            for each in conditions:
                met &= each.holds(seen.numbers, self._same(seen.kept), len(met))
            kept = numpy.zeros_like(every)
            kept[seen.kept] = met
        texts = {name: each for name, each in self._compared.items() if name in names}
        kept, lacking = self._with_texts_there({each.column for each in texts.values()}, kept)
        missing += lacking
        headers = {name: self._headers[name] for name in names if name not in texts}
        used = table.used(headers, kept, *skip)
        missing, odd = missing + used.missing, odd + used.odd
        numbers = dict(used.numbers)
        numbers |= {name: self._as_numbers(each, used.kept) for name, each in texts.items()}
        tell_left_out(self, options, table.count, (missing, odd))
        size = int(numpy.count_nonzero(used.kept))
        place, look = (partial(each, table, _Kept(used.kept)) for each in (_place, _look))
        return RowNumbers(self.name, size, numbers, place, look), (missing, odd)

    def _with_texts_there(
        self, columns: Collection[str], kept: NDArray[numpy.bool_]
    ) -> tuple[NDArray[numpy.bool_], int]:
        """Which rows of those that are kept have a text in each of these columns, and how many have not.
        Raises BadData for such a row that is not to be left out."""
        missing = 0
        for header in sorted({self._headers[name] for name in columns}):
            none = self._table.same(header, "")[1] & kept
            if none.any() and not self._options.skip_missing:
                raise self._table.missing(header, int(numpy.argmax(none)))
            missing += int(none.sum())
            kept = kept & ~none
        return kept, missing

    def _same(self, kept: NDArray[numpy.bool_]) -> Callable[[str, str], NDArray[numpy.bool_]]:
        """In which rows of those that are kept a column has a text; "" is a missing one, too."""

        def same(name: str, text: str) -> NDArray[numpy.bool_]:
            found, none = self._table.same(self._headers[name], text)
            return (found if text else found | none)[kept]

        return same

    def _as_numbers(self, compared: ComparedText, kept: NDArray[numpy.bool_]) -> Reals:
        """What a comparison is in the rows that are kept."""
        column, equal, text = compared
        if isinstance(compared, TextCodes):
            codes, _ = self._table.coded(self._headers[column])
            return numpy.asarray(codes[kept], float)
        return numpy.asarray(self._same(kept)(column, text) == equal, float)


def nothing_left(name: str, count: int, missing: int) -> BadData:
    """The error for a table no row of which is kept. count: how many it has. missing: in how many of these a
    cell is missing."""
    why = "no row of it meets --where" if count else "it has no rows"
    if missing == count and missing:
        why = "each row of it has a missing cell"
    hints = [] if count else ["write rows of numbers below the line of names"]
    return BadData(f"there is nothing to compute with: {why}", where=name, hints=hints)


def tell_left_out(table: Telling, options: DataOptions, count: int, lacking: Sequence[int]) -> None:
    """Say once how many of so many rows were left out. lacking: because a cell is missing, or not finite."""
    for some, why in zip(lacking, ("is missing", "is no finite number"), strict=True):
        said = f"{table.name}: {some:,} of {count:,} rows left out: a cell {why}"
        if some and options.tell and said not in table.told:
            table.told.add(said)
            options.tell(said)


def tell_rounded(table: Telling, options: DataOptions, read: FileTable) -> None:
    """Say once of each column that whole numbers of it are rounded, a program by a warning of Python."""
    for header, said in read.rounded.items():
        if f"rounded {header}" not in table.told:
            table.told.add(f"rounded {header}")
            (options.tell or _warn)(said)


def _warn(said: str) -> None:
    from warnings import warn  # for programs only

    warn(said, RuntimeWarning, stacklevel=2)


class _Kept:
    """Rows of a table that are kept, of which few are ever asked for. kept: of each row of the table whether
    it is."""

    def __init__(self, kept: NDArray[numpy.bool_]) -> None:
        self._kept = kept

    @cached_property
    def _rows(self) -> NDArray[numpy.intp]:
        return numpy.flatnonzero(self._kept)

    def __getitem__(self, row: int) -> int:
        return int(self._rows[row])


def _place(table: FileTable, where: _Kept, row: int) -> str:
    """Where a row stands that is kept. where: of these the rows of the table."""
    return table.place(where[row])


def _look(table: FileTable, where: _Kept, row: int) -> str:
    """What stands in such a row."""
    return table.look(where[row])[0]


class _RowCondition(NamedTuple):
    """A condition on rows. columns: of numbers in it. compared: columns of text, whether they are to be
    equal, and to what, in the order in which they stand for `text_1`, `text_2`, …"""

    statement: Statement
    columns: Sequence[str]
    compared: Sequence[tuple[str, bool, str]]

    @property
    def texts_needed(self) -> set[str]:
        """The columns of text that have to be there: not those which are asked whether they are."""
        empty = {column for column, _, text in self.compared if not text}
        return {column for column, *_ in self.compared} - empty

    def look(self) -> None:
        """Raise BadOption for what is no condition on one row."""
        self.holds(
            {name: numpy.ones(1) for name in self.columns},
            lambda name, text: numpy.ones(1, dtype=bool),
            1,
        )

    def holds(
        self,
        numbers: Mapping[str, Any],
        same: Callable[[str, str], NDArray[numpy.bool_]],
        count: int,
    ) -> NDArray[numpy.bool_]:
        """For which rows it holds. same: in which a column has a text. Raises BadOption."""
        tokens, shape = self.statement
        known: dict[str, Any] = {**CONSTANTS, **numbers}
        for at, (name, equal, text) in enumerate(self.compared, 1):
            known[f"text_{at}"] = (same(name, text) == equal).astype(float)
        writer = ArrayWriter()

        def visit(node: Node, operands: list[Any]) -> Any:
            word = tokens.texts[node.token]
            if node.kind == "name":
                return known[word]
            if node.kind == "number":
                if not isfinite(float(word)):
                    raise BadOption(f"--where has a number beyond 1.8e308: {word}")
                return float(word)
            row = OPERATIONS[node.operation] if node.kind == "operation" else FUNCTIONS.get(word)
            lacking = row.arity - len(operands) if row else 0
            if row is None or not 0 <= lacking <= len(row.defaults):
                if row and row.folds and operands:
                    return joined(row.name, operands, writer.value)
                message = f"--where has what is no condition on one row: {word}"
                raise BadOption(message, hints=["write a condition such as x > 0 and site == 2"])
            left_out = row.defaults[len(row.defaults) - lacking :]
            return writer.value(row.name, [*operands, *left_out])

        with writer.watched():
            found = fold_nodes(shape.nodes, visit)
        numbers_ = numpy.broadcast_to(numpy.asarray(found, dtype=float), count)
        kept: NDArray[numpy.bool_] = (numbers_ != 0) & ~numpy.isnan(numbers_)
        return kept


_WORD = re.compile(r"[^\W\d][\w']*")


class ReadByCondition(NamedTuple):
    """What a condition on rows names: columns of numbers, perhaps with other words, and columns of text."""

    numbers: Collection[str]
    texts: Collection[str]

    @classmethod
    def of(cls, condition: str) -> ReadByCondition:
        """That of a text."""
        texts = {ComparedText.of(found).column for found in TEXT_COMPARED.finditer(condition)}
        rest = TEXT_COMPARED.sub(" ", condition)
        return cls({*map(normal, _WORD.findall(rest))}, texts)


def _condition(text: str, headers: Collection[str]) -> _RowCondition:
    """A condition as it is written. headers: the names of columns. Raises BadOption, UnknownName."""
    compared = list[tuple[str, bool, str]]()

    def stands(found: re.Match[str]) -> str:
        each = ComparedText.of(found)
        if each.column not in headers:
            raise _no_column(each.column, headers)
        compared.append((each.column, each.equal, each.text))
        return f"text_{len(compared)}"

    source = typed(TEXT_COMPARED.sub(stands, text), "--where")
    statements, errors = read(source, start="expression")
    if errors or len(statements) != 1:
        hints = [as_condition(text, headers)]
        raise BadOption(f"--where {text!r} is no condition on rows", hints=hints)
    columns = list[str]()
    for node in statements[0].shape.nodes:
        name = statements[0].tokens.texts[node.token]
        if node.kind != "name" or (name in CONSTANTS and name not in headers):
            continue
        if name in headers:
            columns.append(name)
        elif not re.fullmatch(r"text_\d+", name):
            raise _no_column(name, headers)
    return _RowCondition(statements[0], columns, compared)


def where_of_each(tables: Sequence[Collection[str]], options: DataOptions) -> list[DataOptions]:
    """The options for each table, with the conditions on its own rows. tables: the names of their columns.
    Raises BadOption for a condition with columns of several."""
    own: list[list[str]] = [[] for _ in tables]
    for text in options.where:
        read_by = ReadByCondition.of(text)
        words = {*read_by.numbers, *read_by.texts}
        meant = [at for at, names in enumerate(tables) if words.intersection(names)]
        if len(meant) > 1:
            some = [min(words.intersection(tables[at])) for at in meant]
            message = f"--where {text!r} has columns of several tables: {listed(some)}"
            hints = ["give each table a condition of its own: --where 'x > 0' --where 'u > 0'"]
            raise BadOption(message, hints=hints)
        for at in meant or range(len(tables)):
            _condition(text, tables[at]).look()
            own[at].append(text)
    return [options._replace(where=tuple(each)) for each in own]


def _no_column(name: str, known: Collection[str]) -> UnknownName:
    there_are = [f"there are {listed(sorted(known), 8)}", f'a text stands in quotes: "{name}"']
    hints = did_you_mean(name, known) or there_are
    return UnknownName(f"there is no column {name!r} for --where", hints=hints)


def check_delimiter(delimiter: str) -> None:
    """Raise BadOption for what cannot stand between cells."""
    hints = ["write what stands between cells: --delimiter ';'; of a tab --delimiter $'\\t'"]
    if len(delimiter) > 1 or not delimiter.isascii():
        raise BadOption(f"--delimiter {delimiter!r} is not one character", hints=hints)
    if delimiter and delimiter in '\r\n"\0':
        raise BadOption(f"--delimiter {delimiter!r} cannot stand between cells", hints=hints)


def tables_of(options: DataOptions) -> tuple[DataTable, ...]:
    """The tables of a command line. Raises CannotRead, BadData, BadOption."""
    check_delimiter(options.form.delimiter)
    tables = read_tables(options.files, options.form)
    named = headers_of_each(tables, options.columns)
    every = zip(tables, named, where_of_each(named, options), strict=True)
    return tuple(DataTable(*each) for each in every)
