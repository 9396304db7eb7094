"""What stands in a column of groups, each once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy

from backprop.data_streamed import StreamedTable, StreamHead
from backprop.errors import BadData
from backprop.language.laid import Data, RowNumbers
from backprop.language.text_columns import ComparedText, TextCodes


def groups_in(table: Data, column: str, most: int) -> tuple[list[float], list[str]]:
    """The numbers of a column, or its texts, in the rows that count, each once, in the order of the rows.
    most: of more than so many it may be any that are more. Raises BadData."""
    whole = table.whole if isinstance(table, StreamHead) else table
    streamed = whole if isinstance(whole, StreamedTable) else None
    try:
        some = streamed.batches([column]) if streamed else [whole.rows([column])]
        return _each_once(some, column, most), []
    except BadData:  # a column of texts, or one with a missing cell
        texts: list[str] = whole.texts(column)  # type: ignore[union-attr]
    if streamed is None:
        codes = whole.with_texts({"code": TextCodes(column, True, "")}).rows(["code"])
        return [], [texts[int(at)] for at in _each_once([codes], "code", len(texts))]
    if len(texts) > most:
        return [], texts
    names = {f"is {at}": ComparedText(column, True, text) for at, text in enumerate(texts)}
    there = set[str]()
    for batch in streamed.with_texts(names).batches([*names]):
        there |= {
            text for text, name in zip(texts, names, strict=True) if batch.numbers[name].any()
        }
    return [], [text for text in texts if text in there]


def _each_once(batches: Iterable[RowNumbers], column: str, most: int) -> list[float]:
    found = dict[float, None]()
    for batch in batches:
        numbers, first = numpy.unique(batch.numbers[column], return_index=True)
        found |= dict.fromkeys(numbers[numpy.argsort(first)].tolist())
        if len(found) > most:
            break
    return [*found]
