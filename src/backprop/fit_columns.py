"""Which columns of which table each model statement of a fit reads, and their cells."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy

from backprop.errors import BadData
from backprop.inputs import Opened
from backprop.language.laid import Data
from backprop.language.model_texts import ModelText
from backprop.language.read_words import compared_with_texts, meanings, words_read, words_through
from backprop.language.text_columns import TextCodes

ColumnCells = Sequence[float] | Sequence[str]
"""What stands in a column."""


class ReadColumns(NamedTuple):
    """The columns that a model statement reads, through equations too. table: in which they are, None if
    there are none. left, right: on each side. every: all that the equations read of this table, which
    decide what rows count. texts: those that are compared with texts."""

    model: ModelText
    table: Data | None
    left: Sequence[str]
    right: Sequence[str]
    every: Sequence[str]
    texts: Sequence[str]

    @property
    def numbers(self) -> list[str]:
        """Those of all that have numbers."""
        return [name for name in self.every if name not in self.texts]

    def nothing(self) -> str:
        """A term that is 0 in each row that counts, and reads all columns."""
        parts = [f" - 0*{name}" for name in self.numbers]
        return "".join(parts + [f' - 0*({name} == "")' for name in self.texts])

    def of(self, names: Sequence[str], rows: int) -> dict[str, ColumnCells]:
        """The cells of columns in the rows that count; nothing where these are not so many."""
        if self.table is None:
            return {}
        codes = {self._apart(name): name for name in self.texts}
        compared = {code: TextCodes(name, True, "") for code, name in codes.items()}
        table = self.table.with_texts(compared) if compared else self.table
        found = table.rows([*self.numbers, *codes])
        if found.size != rows:
            return {}
        cells = dict[str, ColumnCells]()
        for name in names:
            if name in self.numbers:
                cells[name] = numpy.asarray(found.numbers[name], float).tolist()
            elif name in self.texts:
                texts: list[str] = self.table.texts(name)  # type: ignore[attr-defined]
                cells[name] = [texts[int(at)] for at in found.numbers[self._apart(name)]]
        return cells

    def _apart(self, name: str) -> str:
        return f"text of {name}"  # no column of an equation is called so


def read_by(opened: Opened, model: ModelText, more: str = "") -> ReadColumns:
    """What a model statement of some equations reads of their tables. more: another expression that counts in
    each row, as that of --sigma."""
    source, tables = opened.source, opened.tables
    means, texts = meanings(source), compared_with_texts(source)
    words = {*words_read(source.text), *words_read(more)}
    left, right = ([*words_through(side, means)] for side in (model.left, model.right))
    for table in tables:
        mine, other = ([word for word in side if word in table.names] for side in (left, right))
        if mine or other:
            every = [name for name in table.names if name in words]
            return ReadColumns(model, table, mine, other, every, [n for n in every if n in texts])
    return ReadColumns(model, None, (), (), (), ())


def any_column(opened: Opened, model: ModelText) -> ReadColumns:
    """What a model statement without a column on its right side is computed over: some column of numbers."""
    for table in opened.tables:
        for name in table.names:
            with suppress(BadData):
                table.rows([name])
                return ReadColumns(model, table, (), (), [name], ())
    return ReadColumns(model, None, (), (), (), ())
