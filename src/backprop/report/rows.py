"""`Table` and `Report`: what every format can write, whatever the command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from backprop.errors import BackpropError

SCHEMA = 1
"""Raised when a name of any JSON goes away or changes its meaning; new names do not raise it."""

Kind = Literal["name", "text", "equation", "formula", "number"]
Cell = str | float | None
"""None: there is nothing to say, an empty cell."""


class Column(NamedTuple):
    """A column of a table.

    kind: `name` (of an equation file), `text`, `equation` (the right side of the row's name),
    `formula` (by itself) or `number`. of: of gradients, the output that they are of.
    """

    title: str
    cells: Sequence[Cell]
    kind: Kind = "number"
    of: str = ""


class Table(NamedTuple):
    """Columns of the same length. emphasis: for each row `strong`, `faint` or nothing.

    heads: sentences above it, in pieces of text and numbers (`L = `, -8). curve: numbers to be drawn
    as a line below it, and what they are. notes: lines below, to be left as they are. tail:
    sentences at the end.
    """

    columns: Sequence[Column]
    emphasis: Sequence[str] = ()
    heads: Sequence[Sequence[str | float]] = ()
    curve: tuple[str, Sequence[float]] | None = None
    notes: Sequence[str] = ()
    tail: Sequence[str] = ()


class Records(Protocol):
    """What formats for programs read."""

    def records(self) -> Sequence[Column]:
        """For programs that read rows: CSV."""

    def objects(self) -> Iterable[Mapping[str, Any]]:
        """For programs that read JSON: one object a line; numbers are floats, inf and nan too."""


class Report(Records, Protocol):
    """What every format reads."""

    @property
    def warnings(self) -> Sequence[BackpropError]:
        """What the person should know besides, for standard error."""

    def table(self) -> Table:
        """For people: one row a name."""
