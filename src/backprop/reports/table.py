"""A report as a table: with rich in a terminal, as plain columns in a pipe or a file.

In a pipe nothing is cut, wrapped or coloured, and rich is not imported. In a terminal a long
equation is cut so that its row stays one line; names and numbers never are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from io import StringIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from backprop.numbers import shown
from backprop.report import Column, Report, Table
from backprop.reports.style import Style, aligned, curve, written

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_PADDED = 100
"""In a pipe, a cell that is wider than this moves the rest of its row and not of all the others:
nothing is cut, and one long equation does not make a thousand wide rows."""

_NAME, _GAP = 12, 2
"""The narrowest column of names to fold long names into, and the columns between columns."""

_STYLES = {"strong": "bold", "faint": "dim", "": ""}


def write(report: Report, style: Style) -> str:
    """The heads (`L = -8`), the table itself, a curve, notes and sentences below it."""
    return lines(report.table(), style)


def lines(table: Table, style: Style) -> str:
    """The same of a table."""
    columns = [[written(column.title, style), *_texts(column, style)] for column in table.columns]
    heads = [
        "".join(part if isinstance(part, str) else shown(part, style.digits) for part in head)
        for head in table.heads
    ]
    tail = ["", curve(*table.curve, style)] if table.curve else []
    for more in (table.notes, table.tail):
        tail += ["", *(written(line, style) for line in more)] if more else []
    if style.width is None:
        return "\n".join([*heads, "", *plain(columns), *tail]) + "\n"
    from rich.console import Console
    from rich.text import Text

    gaps = _GAP * (len(columns) - 1)
    widths = [max(map(cells_wide, column)) for column in columns]
    widths = _narrowed(widths, [column.kind for column in table.columns], style.width - gaps)
    wide = max(style.width, sum(widths) + gaps)
    file = StringIO()
    console = Console(file=file, width=wide, force_terminal=style.color, highlight=False)
    for head in heads:
        console.print(Text(head, style="bold"))
    console.print()
    console.print(_rich(table, columns, widths))
    for sentence in tail:
        console.print(Text(sentence), soft_wrap=True)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _texts(column: Column, style: Style) -> list[str]:
    """The cells as text; numbers with their decimal points below one another."""
    texts = [c if isinstance(c, str) else shown(c, style.digits) for c in column.cells]
    cells = [written(text, style) for text in texts]
    return aligned(cells) if column.kind == "number" else cells


def plain(columns: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table for a pipe: titles, a rule, and a line a row."""
    widths = [min(max(map(cells_wide, column)), _PADDED) for column in columns]
    titles, *rows = zip(*columns, strict=True)
    lines = [titles, ["-" * width for width in widths], *rows]
    return ["  ".join(map(padded, line, widths)).rstrip() for line in lines]


def _narrowed(widths: Sequence[int], kinds: Sequence[str], room: int) -> list[int]:
    """The widths of columns that fit into the room, where they can.

    What is too wide goes first from the equations, which are cut, then from the names, which are
    folded; numbers are kept whole, and a table of many outputs is wider than the terminal.
    """
    widths = [*widths]
    for kind, least in (("equation", len("equation")), ("formula", _NAME), ("name", _NAME)):
        if kind in kinds:
            at = kinds.index(kind)
            widths[at] = min(widths[at], max(widths[at] + room - sum(widths), least))
    return widths


def _rich(table: Table, columns: Sequence[Sequence[str]], widths: Sequence[int]) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    titles, *rows = zip(*columns, strict=True)
    for title, column, width in zip(titles, table.columns, widths, strict=True):
        whole = column.kind != "name"
        overflow: Literal["fold", "ellipsis"] = "ellipsis" if whole else "fold"
        drawn.add_column(title, no_wrap=whole, overflow=overflow, width=width)
    for cells, emphasis in zip_longest(rows, table.emphasis, fillvalue=""):
        drawn.add_row(*map(Text, cells), style=_STYLES[emphasis])
    return drawn


def padded(text: str, width: int) -> str:
    return text + " " * (width - cells_wide(text))


def cells_wide(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@cache
def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
