"""Tables of which the same rows count whatever equations read: those in which all columns have a number that
any of several texts names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from backprop.data_given import DataTable
from backprop.data_streamed import StreamedTable, StreamHead
from backprop.errors import BadData
from backprop.language.laid import Data, RowNumbers
from backprop.language.text_columns import ComparedText, TextCodes


class PinnedRows:
    """A table that leaves rows out. every: those that decide which rows count; texts: of texts."""

    def __init__(self, table: DataTable, every: Sequence[str], texts: Sequence[str]) -> None:
        self._plain, self._every, self._texts = table, every, texts
        self._codes = {f"text of {name}": TextCodes(name, True, "") for name in texts}
        self._table = table.with_texts(self._codes)
        self.name = table.name
        self.names: Collection[str] = table.names

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """These columns, of the rows that count. Raises BadData."""
        whole = self._table.rows([*dict.fromkeys([*self._every, *self._codes, *names])])
        return whole._replace(numbers={name: whole.numbers[name] for name in names})

    def texts(self, name: str) -> list[str]:
        """What stands in a column, each text once, in the order of the rows."""
        return self._plain.texts(name)

    def with_texts(self, compared: Mapping[str, ComparedText]) -> PinnedRows:
        """This table with columns of its own for comparisons with texts, by their names."""
        mine = {name: each for name, each in compared.items() if each.column in self._plain.names}
        if not mine:
            return self
        found = PinnedRows(self._plain, self._every, self._texts)
        found._table = self._plain.with_texts({**self._codes, **mine})
        found.names = [*self._plain.names, *mine]
        return found


def pinned(
    tables: Sequence[Data], words: Collection[str], texts: Collection[str]
) -> Sequence[Data]:
    """Tables that leave rows out, with the same rows for all equations. words: all that any of
    these name. texts: columns that are compared with texts."""
    return [_pinned(each, words, texts) for each in tables]


def _pinned(table: Data, words: Collection[str], texts: Collection[str]) -> Data:
    if isinstance(table, StreamHead):
        whole = _pinned(table.whole, words, texts)
        return whole.head() if isinstance(whole, StreamedTable) else table
    if not (isinstance(table, DataTable | StreamedTable) and table.skips):
        return table
    named = [name for name in table.names if name in words]
    of_texts = [name for name in named if name in texts or _has_texts(table, name)]
    every = [name for name in named if name not in of_texts]
    if isinstance(table, DataTable):
        return PinnedRows(table, every, of_texts)
    return table.pinned(every, of_texts)


def _has_texts(table: DataTable | StreamedTable, name: str) -> bool:
    try:
        if isinstance(table, DataTable):
            table.quiet().rows([name])
        else:
            next(table.batches([name]), None)
    except BadData:
        return True
    return False
