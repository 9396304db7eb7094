"""Some rows of a table, as equations see it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.language.laid import Data, RowNumbers


class SomeRows:
    """places: which rows, counted from 0, of those that the table keeps. told: whether messages call them as
    the table does, and not by their place among these."""

    def __init__(self, table: Data, places: NDArray[numpy.int64], told: bool = False) -> None:
        self._table, self._places, self._told = table, places, told

    @property
    def name(self) -> str:
        return self._table.name

    @property
    def names(self) -> Collection[str]:
        return self._table.names

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """These columns, of these rows."""
        every = self._table.rows(names)
        numbers = {name: numpy.asarray(each)[self._places] for name, each in every.numbers.items()}
        place, look = (partial(_of, each, self._places) for each in (every.place, every.look))
        told = tuple(map(int, self._places)) if self._told else ()
        return RowNumbers(every.name, len(self._places), numbers, place, look, told)

    def texts(self, name: str) -> list[str]:
        """What stands in a column of the table, each text once."""
        found: list[str] = self._table.texts(name)  # type: ignore[attr-defined]
        return found

    def with_texts(self, compared: Mapping[str, Any]) -> SomeRows:
        """Of the same rows."""
        return SomeRows(self._table.with_texts(compared), self._places, self._told)


def _of(said: Callable[[int], str], places: NDArray[numpy.int64], row: int) -> str:
    return said(int(places[row]))
