"""A report as CSV, numbers to the last bit."""

from __future__ import annotations

import csv
from io import StringIO

from backprop.numbers import rounded
from backprop.report import Cell, Report
from backprop.reports.numbers import Style


def write(report: Report, style: Style) -> str:
    """A line of titles, then the rows; a cell without a number is empty."""

    def text(cell: Cell) -> str:
        if isinstance(cell, float):
            return repr(rounded(cell, style.digits))
        return "" if cell is None else str(cell)

    columns = report.records()
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.title for column in columns])
    cells = [[text(cell) for cell in column.cells] for column in columns]
    writer.writerows(zip(*cells, strict=True))
    return file.getvalue()
