"""A report as a table: with rich in a terminal, as plain columns in a pipe or a file.

In a pipe nothing is cut, wrapped or coloured, and rich is not imported. In a terminal a long
equation is cut so that its row stays one line; names and numbers never are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from io import StringIO
from typing import Literal

from backprop.numbers import shown
from backprop.report import Column, Report, Table
from backprop.reports.numbers import Style, aligned, curve, written

_PADDED = 100
"""In a pipe, a cell that is wider than this moves the rest of its row and not of all the others:
nothing is cut, and one long equation does not make a thousand wide rows."""

_NAME, _GAP = 12, 2
"""The narrowest column of names to fold long names into, and the columns between columns."""

_STYLES = {"strong": "bold", "faint": "dim", "": ""}


def write(report: Report, style: Style) -> str:
    """The heads (`L = -8`), the table itself, a curve, notes and sentences below it."""
    table = report.table()
    titles = [column.title for column in table.columns]
    columns = [_texts(column, style.digits) for column in table.columns]
    heads = [
        "".join(part if isinstance(part, str) else shown(part, style.digits) for part in head)
        for head in table.heads
    ]
    tail = ["", curve(*table.curve, style)] if table.curve else []
    for more in (table.notes, table.tail):
        tail += ["", *(written(line, style) for line in more)] if more else []
    if style.width is None:
        return "\n".join([*heads, "", *plain(titles, columns), *tail]) + "\n"
    return _rich(heads, table, columns, tail, style)


def _texts(column: Column, digits: int | None) -> list[str]:
    """The cells as text; numbers with their decimal points below one another."""
    cells = [cell if isinstance(cell, str) else shown(cell, digits) for cell in column.cells]
    return aligned(cells) if column.kind == "number" else cells


def plain(titles: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table for a pipe: titles, a rule, and a line a row."""
    widths = [
        min(max(map(cells_wide, [title, *cells])), _PADDED)
        for title, cells in zip(titles, columns, strict=True)
    ]
    lines = [titles, ["-" * width for width in widths], *zip(*columns, strict=True)]
    return ["  ".join(map(padded, line, widths)).rstrip() for line in lines]


def _rich(
    heads: Sequence[str],
    table: Table,
    columns: Sequence[Sequence[str]],
    tail: Sequence[str],
    style: Style,
) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    titles = [column.title for column in table.columns]
    kinds = [column.kind for column in table.columns]
    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    widths = [
        max(map(cells_wide, [title, *cells])) for title, cells in zip(titles, columns, strict=True)
    ]
    # What is too wide goes first from the equations, which are cut, then from the names, which are
    # folded; numbers are kept whole, and a table of many outputs is wider than the terminal.
    for kind, least in (("equation", len("equation")), ("formula", _NAME), ("name", _NAME)):
        if kind not in kinds:
            continue
        column = kinds.index(kind)
        spare = (style.width or 0) - sum(widths) - _GAP * (len(widths) - 1)
        widths[column] = min(widths[column], max(widths[column] + spare, least))
    for title, kind, width in zip(titles, kinds, widths, strict=True):
        overflow: Literal["fold", "ellipsis"] = "fold" if kind == "name" else "ellipsis"
        drawn.add_column(title, no_wrap=kind != "name", overflow=overflow, width=width)
    for at, cells in enumerate(zip(*columns, strict=True)):
        drawn.add_row(
            *map(Text, cells), style=_STYLES[table.emphasis[at] if table.emphasis else ""]
        )
    file = StringIO()
    width = max(style.width or 0, sum(widths) + _GAP * (len(widths) - 1))
    console = Console(file=file, width=width, force_terminal=style.color, highlight=False)
    for head in heads:
        console.print(Text(head, style="bold"))
    console.print()
    console.print(drawn)
    for sentence in tail:
        console.print(Text(sentence), soft_wrap=True)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


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
