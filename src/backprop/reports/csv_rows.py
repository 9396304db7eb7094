"""A report as CSV, numbers to the last bit."""

import csv
from io import StringIO

from backprop.numbers import rounded
from backprop.report import Cell, Records
from backprop.reports.numbers import Style


def write(report: Records, style: Style) -> str:
    """A line of titles, then the rows; a cell without a number is empty."""

    def fewer(cell: Cell) -> Cell:
        return rounded(cell, style.digits) if isinstance(cell, float) else cell

    columns = report.records()
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.title for column in columns])
    # the writer itself has the shortest text of a number that reads back as the same one
    cells = [
        column.cells if style.digits is None else map(fewer, column.cells) for column in columns
    ]
    writer.writerows(zip(*cells, strict=True))
    return file.getvalue()
