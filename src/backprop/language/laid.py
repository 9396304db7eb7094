"""Tables whose columns stand for names, and what is known of equations that have rows because of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from backprop.errors import BackpropError, OutputIsColumn
from backprop.operations import GATHERS
from backprop.syntax.parser import Statement

COUNT = "count"
"""The function that says how many rows a column has."""


def count_text(rows: int) -> str:
    """The number that stands for `count(x)`, as the text of a token, which no token of a file has: what has
    only such numbers is computed from a column, and no input."""
    return f" {rows}"


def is_count(text: str) -> bool:
    """Whether a token is one of `count_text`."""
    return text[:1] == " "


_WORD = re.compile(r"(?<![\w'])([^\W\d][\w']*)(?!\s*\()(?:\[([^]]*)\])?")
_MEMBER = re.compile(r"(?<![\w'])([^\W\d][\w']*)\[((?:-?\d+,\s*)*\d+)\]")
_GATHERER = re.compile(rf"(?<!\w)(?:{'|'.join([*GATHERS, COUNT])})\s*\(")


class RowNumbers(NamedTuple):
    """A table for equations. name: what it is called in messages. size: how many rows it has. numbers: of
    each column by name, one for each row. place: where a row stands, counted from 0: `rows.csv:7`. look:
    what stands in it, as a hint: `the row: x = 1, y = 2`. rows: which rows of a larger table these are,
    counted from 0; none for those of the table itself."""

    name: str
    size: int
    numbers: Mapping[str, Any]
    place: Callable[[int], str]
    look: Callable[[int], str] = str
    rows: Sequence[int] = ()

    def number(self, row: int) -> int:
        """What number messages give a row, of both counted from 1."""
        return self.rows[row - 1] + 1 if 0 < row <= len(self.rows) else row


class Data(Protocol):
    """A table of which columns can stand for names."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def names(self) -> Collection[str]:
        """Those of its columns."""
        ...

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some columns."""
        ...

    def with_texts(self, compared: Mapping[str, Any]) -> Data:
        """It with columns for comparisons with texts (`text_columns`), by their names."""
        ...


class Laid(NamedTuple):
    """Statements over rows. families: of which the last index is the row, with the number of their table.
    columns: those of the tables that are used. variables: of each table the index that is its row.
    data: what the tables are made of. plain: puts names in the place of comparisons with texts, if there
    are any."""

    statements: list[Statement]
    families: Mapping[str, int]
    columns: Sequence[str]
    variables: Sequence[str]
    tables: Sequence[RowNumbers]
    data: Sequence[Data] = ()
    plain: Callable[[str], str] | None = None

    def is_column(self, name: str) -> bool:
        """Whether a name is a member of a column of data."""
        return name.partition("[")[0] in self.columns

    def has_rows(self, name: str) -> bool:
        """Whether a name is a member of something over rows, be it the only one."""
        return "[" in name and name.partition("[")[0] in self.families

    def indices(self, family: str) -> int:
        """How many indices a family over rows has, the row among them."""
        for tokens, shape in self.statements:
            if shape.form == "indexed_equation" and tokens.texts[shape.target] == family:
                end = tokens.kinds.index("RSQB", shape.target)
                return 1 + tokens.kinds[shape.target : end].count("COMMA")
        return 1

    def source_of(self, table: RowNumbers) -> Data:
        """What one of its tables is made of."""
        found = [each for each in self.data if each.name == table.name]
        same = [each for each in found if not {*each.names}.isdisjoint(table.numbers)]
        return (same or found)[0]

    def single(self, outputs: list[str]) -> list[str]:
        """Those of some outputs that are no rows of a column, if there are any: a column is none."""
        return [n for n in outputs if n.partition("[")[0] not in self.families] or outputs

    def no_output(self, outputs: Sequence[str], where: str) -> OutputIsColumn | None:
        """The error for outputs that are columns; None where one is a single number, or there are several
        columns of one table, of which each could be meant."""
        found = {name.partition("[")[0] for name in outputs}
        if not found <= self.families.keys():
            return None
        name = min(found, key=[*self.families].index)
        table = self.tables[self.families[name]]
        rows = (
            "rows"  # of some nobody knows how many there are
            if table.rows
            else f"{table.size:,} row{'s' if table.size != 1 else ''}"
        )
        message = f"{name} is a column of {rows}, and an output is a single number"
        called = "L" if name != "L" else "loss"
        hints = [f"gather it in an equation: {called} = mean({name}), or sum min max prod"]
        hints.append(f"row by row, with its derivatives: backprop grad --rows --of {name}")
        return OutputIsColumn(message, hints=hints, where=where)

    def row_of(self, text: str) -> list[str]:
        """Where the first member of a column stands that is named in a text: `rows.csv:7`, and what stands in
        that row, as hints; none for no such member."""
        for found in _MEMBER.finditer(text):
            name, inside = found.groups()
            if name in self.families:
                row, table = int(inside.rpartition(",")[2]), self.tables[self.families[name]]
                seen = [table.look(row - 1)] if table.look is not str else []
                return [f"row {table.number(row):,} is {table.place(row - 1)}", *seen]
        return []

    def say_rows(self, error: BackpropError) -> None:
        """Say of the members that errors and their hints name, `county[2] is 7`, which rows these are."""
        for each in error.all:
            seen = [row for text in (each.message, *each.hints) for row in self.row_of(text)[:1]]
            each.hints = (
                *each.hints,
                *(row for row in dict.fromkeys(seen) if row not in each.hints),
            )
            self.number(each)

    def number(self, error: BackpropError) -> None:
        """Let an error, all of it, name members of columns by the rows of the tables that these are of."""
        if any(table.rows for table in self.tables):
            error.message = self._numbered(error.message)
            error.hints = tuple(map(self._numbered, error.hints))
            error.labels = tuple(
                each._replace(text=self._numbered(each.text)) for each in error.labels
            )

    def _numbered(self, text: str) -> str:
        def member(found: re.Match[str]) -> str:
            name, inside = found.groups()
            if name not in self.families:
                return found[0]
            before, comma, row = inside.rpartition(",")
            return f"{name}[{before}{comma}{self.tables[self.families[name]].number(int(row))}]"

        return _MEMBER.sub(member, text)

    def at_row(self, text: str, name: str) -> str:
        """The right side of a member with the row of its columns: `a*exp(-b*x[17])`."""
        family, _, inside = name.partition("[")
        if family not in self.families:
            return text
        row = inside.rstrip("]").rpartition(",")[2].strip()
        gathered = [*_gathered_in(text)]

        def at(found: re.Match[str]) -> str:
            word, opens = found.groups()
            if word not in self.families or any(a <= found.start() < b for a, b in gathered):
                return found[0]
            return f"{word}[{row}]" if opens is None else f"{word}[{opens}, {row}]"

        return _WORD.sub(at, text)


def readable(laid: Laid | None, text: str) -> str:
    """A text of the equations with names for comparisons with texts, and of a model statement the sum of its
    squares, to be read by itself."""
    text = laid.plain(text) if laid and laid.plain else text
    if "~" in text:
        from backprop.language.modelled import squares_text  # few files have model statements

        return squares_text(text)
    return text


def gathers_rows(text: str) -> bool:
    """Whether an equation gathers rows, or counts them."""
    return bool(_GATHERER.search(text))


def data_of(laid: Laid | None) -> Sequence[Data]:
    """The tables that were given, of a text without none."""
    return laid.data if laid else ()


def _gathered_in(text: str) -> Iterator[tuple[int, int]]:
    """Where gatherers of rows stand in a text."""
    for found in _GATHERER.finditer(text):
        depth, commas = 0, False
        for at in range(found.end() - 1, len(text)):
            depth += (text[at] in "([") - (text[at] in ")]")
            commas |= depth == 1 and text[at] == ","
            if not depth:
                if not commas and " for " not in text[found.end() : at]:
                    yield found.end(), at
                break
