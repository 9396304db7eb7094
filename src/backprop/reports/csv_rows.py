"""A report as CSV, numbers to the last bit."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice

from backprop.numbers import rounded
from backprop.report import Cell, Records
from backprop.reports.style import Style

_COMPUTED = ("=", "+", "-", "@", "\t", "\r")
"""What a text must not begin with: a spreadsheet would compute it."""

_PIECE = 10_000
"""About how many cells are written at once."""


def write(report: Records, style: Style) -> str:
    """A line of titles, then the rows; a cell without a number is empty."""
    return "".join(pieces(report, style))


def pieces(report: Records, style: Style) -> Iterator[str]:
    """The lines, some at a time: the columns of a history are longer than one wants in memory."""

    def fewer(cell: Cell) -> Cell:
        return rounded(cell, style.digits) if isinstance(cell, float) else cell

    def plain(cell: Cell) -> Cell:
        return f"'{cell}" if isinstance(cell, str) and cell.startswith(_COMPUTED) else cell

    columns = report.records()
    # the writer itself has the shortest text of a number that reads back as the same one
    cells: list[Iterable[Cell]] = []
    for column in columns:
        if column.kind != "number":
            cells.append(map(plain, column.cells))
        else:
            cells.append(column.cells if style.digits is None else map(fewer, column.cells))
    rows = zip(*cells, strict=True)
    piece: list[tuple[Cell, ...]] = [tuple(column.title for column in columns)]
    while piece:
        file = StringIO()
        csv.writer(file, lineterminator="\n").writerows(piece)
        yield file.getvalue()
        piece = [*islice(rows, max(1, _PIECE // len(columns)))]
