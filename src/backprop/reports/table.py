"""A report as a table: with rich in a terminal, as plain columns in a pipe or a file.

In a pipe nothing is cut, wrapped or coloured, and rich is not imported. In a terminal a table keeps
to the width: long equations are cut, so that a row stays one line, numbers have fewer digits, and
columns without room stand in a second table below. Names and numbers are never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from backprop.numbers import DIGITS, shown
from backprop.report import Column, Report, Table
from backprop.reports.style import Style, aligned, cells_wide, curve, fitted, written

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_PADDED = 100
"""In a pipe, a cell that is wider than this moves the rest of its row and not of all the others:
nothing is cut, and one long equation does not make a thousand wide rows."""

_NAME, _GAP = 12, 2
"""The narrowest column of names to fold long names into, and the columns between columns."""

_READABLE, _SHORT = 24, 16
"""The columns that are left of an equation before numbers lose digits, and before names are folded."""

_FEWER = (DIGITS, 8, 6, 5)
"""Digits of numbers, as far as there is room for them."""

_STYLES = {"strong": "bold", "faint": "dim", "": ""}


def write(report: Report, style: Style) -> str:
    """The heads (`L = -8`), the table itself, a curve, notes and sentences below it."""
    return lines(report.table(), style)


def lines(table: Table, style: Style) -> str:
    """The lines of a table, with its heads above, and curve, notes and sentences below it."""
    heads = [
        "".join(part if isinstance(part, str) else shown(part, style.digits) for part in head)
        for head in table.heads
    ]
    tail = ["", curve(*table.curve, style)] if table.curve else []
    for more in (table.notes, table.tail):
        tail += ["", *(written(line, style) for line in more)] if more else []
    if style.width is None:
        return "\n".join([*heads, "", *plain(_columns(table, style)), *tail]) + "\n"
    from rich.console import Console
    from rich.text import Text

    columns, widths = _fitting(table, style, style.width)
    if any(
        max(map(cells_wide, column)) > wide for column, wide in zip(columns, widths, strict=True)
    ):
        table = table._replace(columns=_with_bounds(table.columns))
        columns, widths = _fitting(table, style, style.width)
    blocks = _blocks(table, widths, style.width)
    wide = max(style.width, *(sum(widths[at] + _GAP for at in block) for block in blocks))
    file = StringIO()
    console = Console(file=file, width=wide, force_terminal=style.color, highlight=False)
    for head in heads:
        console.print(Text("\n".join(fitted(head, style)), style="bold"))
    for block in blocks:
        console.print()
        console.print(_rich(table, block, columns, widths))
    for sentence in tail:
        console.print(Text("\n".join(fitted(sentence, style))))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _columns(table: Table, style: Style) -> list[list[str]]:
    """Titles and cells as text."""
    return [[written(column.title, style), *_texts(column, style)] for column in table.columns]


def _with_bounds(columns: Sequence[Column]) -> Sequence[Column]:
    """The columns with the bounds behind the equations, `1 in 0..5`, as files have them: where there
    are bounds, there is a number only, and equations have none."""
    equations = next((each for each in columns if each.kind == "equation"), None)
    bounds = next((each for each in columns if each.title == "bounds"), None)
    if equations is None or bounds is None:
        return columns
    both = zip(equations.cells, bounds.cells, strict=True)
    cells = [f"{number} in {ends}".strip() if ends else number for number, ends in both]
    others = [each for each in columns if each is not bounds]
    return [each._replace(cells=cells) if each is equations else each for each in others]


def _fitting(table: Table, style: Style, wide: int) -> tuple[list[list[str]], list[int]]:
    """The columns and their widths: with fewer digits, if nobody has asked for as many, where
    equations would be cut short, names folded, or the table be too wide."""
    kinds = [column.kind for column in table.columns]
    room = wide - _GAP * (len(kinds) - 1)
    names = [at for at, kind in enumerate(kinds) if kind == "name"]
    tries = [(digits, _READABLE) for digits in ((style.digits,) if style.digits else _FEWER)]
    found = []
    for digits, equation in (*tries, (tries[-1][0], _SHORT), (tries[-1][0], len("equation"))):
        columns = _columns(table, style._replace(digits=digits))
        whole = [max(map(cells_wide, column)) for column in columns]
        widths = _narrowed(whole, kinds, room, equation)
        found.append((columns, widths))
        if sum(widths) <= room and all(widths[at] == whole[at] for at in names):
            return columns, widths
    return next((each for each in found if sum(each[1]) <= room), found[-1])


def _blocks(table: Table, widths: Sequence[int], wide: int) -> list[list[int]]:
    """The numbers of the columns that stand side by side: all, or as many as there is room for, the
    names of the rows first."""
    kinds = [column.kind for column in table.columns]
    names = next((at for at, kind in enumerate(kinds) if kind != "name"), len(kinds))
    blocks = [[*range(names)]]
    for at in range(names, len(kinds)):
        if (
            len(blocks[-1]) > names
            and sum(widths[each] + _GAP for each in (*blocks[-1], at)) > wide + _GAP
        ):
            blocks.append([*range(names)])
        blocks[-1].append(at)
    return blocks


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


def _narrowed(widths: Sequence[int], kinds: Sequence[str], room: int, equation: int) -> list[int]:
    """The widths of columns that fit into the room, where they can.

    What is too wide goes first from the equations, which are cut, down to `equation`, then from the
    names, which are folded, without equations to half of the room at the most: other columns can
    stand below. Numbers are kept whole.
    """
    widths = [*widths]
    cut = {"equation": equation, "formula": max(equation, _NAME)}
    name = _NAME if cut.keys() & {*kinds} else max(_NAME, room // 2)
    for kind, least in (*cut.items(), ("name", name)):
        if kind in kinds:
            at = kinds.index(kind)
            widths[at] = min(widths[at], max(widths[at] + room - sum(widths), least))
    return widths


def _rich(
    table: Table, block: Sequence[int], columns: Sequence[Sequence[str]], widths: Sequence[int]
) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    titles, *rows = zip(*(columns[at] for at in block), strict=True)
    for title, at in zip(titles, block, strict=True):
        whole = table.columns[at].kind != "name"
        overflow: Literal["fold", "ellipsis"] = "ellipsis" if whole else "fold"
        drawn.add_column(Text(title), no_wrap=whole, overflow=overflow, width=widths[at])
    for cells, emphasis in zip_longest(rows, table.emphasis, fillvalue=""):
        drawn.add_row(*map(Text, cells), style=_STYLES[emphasis])
    return drawn


def padded(text: str, width: int) -> str:
    return text + " " * (width - cells_wide(text))
