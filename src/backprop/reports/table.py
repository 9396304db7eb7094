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

from backprop.report import GradientReport
from backprop.reports.numbers import Style, aligned, shown

_PADDED = 100
"""In a pipe, a cell that is wider than this moves the rest of its row and not of all the others:
nothing is cut, and one long equation does not make a thousand wide rows."""

_NAME, _GAP = 12, 2
"""The narrowest column of names to fold long names into, and the columns between columns."""

_STYLES = {"output": "bold", "not used": "dim"}


def gradient(report: GradientReport, style: Style) -> str:
    """`L = -8`, then name, role, equation, data and grad of every name."""
    single = len(report.results) == 1
    titles = ["name", "role", "equation", "data"]
    titles += ["grad" if single else f"∂{result.output}" for result in report.results]
    rows = report.rows
    columns = [
        [row.name for row in rows],
        [row.role for row in rows],
        [row.equation for row in rows],
        aligned([shown(row.data, style.digits) for row in rows]),
    ]
    columns += [
        aligned([shown(row.gradients[at], style.digits) for row in rows])
        for at in range(len(report.results))
    ]
    heads = [f"{result.output} = {shown(result.value, style.digits)}" for result in report.results]
    if style.width is None:
        return "\n".join([*heads, "", *_plain(titles, columns)]) + "\n"
    return _rich(heads, titles, columns, style)


def _plain(titles: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    widths = [
        min(max(map(_width, [title, *cells])), _PADDED)
        for title, cells in zip(titles, columns, strict=True)
    ]
    lines = [titles, ["-" * width for width in widths], *zip(*columns, strict=True)]
    return ["  ".join(map(_padded, line, widths)).rstrip() for line in lines]


def _rich(
    heads: Sequence[str], titles: Sequence[str], columns: Sequence[Sequence[str]], style: Style
) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    widths = [
        max(map(_width, [title, *cells])) for title, cells in zip(titles, columns, strict=True)
    ]
    # What is too wide goes first from the equations, which are cut, then from the names, which are
    # folded; numbers are kept whole, and a table of many outputs is wider than the terminal.
    for column, least in ((2, len("equation")), (0, _NAME)):
        spare = (style.width or 0) - sum(widths) - _GAP * (len(widths) - 1)
        widths[column] = min(widths[column], max(widths[column] + spare, least))
    for title, width in zip(titles, widths, strict=True):
        overflow: Literal["fold", "ellipsis"] = "fold" if title == "name" else "ellipsis"
        table.add_column(title, no_wrap=title != "name", overflow=overflow, width=width)
    for cells in zip(*columns, strict=True):
        table.add_row(*map(Text, cells), style=_STYLES.get(cells[1], ""))
    file = StringIO()
    width = max(style.width or 0, sum(widths) + _GAP * (len(widths) - 1))
    console = Console(file=file, width=width, force_terminal=style.color, highlight=False)
    for head in heads:
        console.print(Text(head, style="bold"))
    console.print()
    console.print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@cache
def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
