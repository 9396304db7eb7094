"""A report as CSV: one row for each output and name, numbers to the last bit."""

from __future__ import annotations

import csv
from io import StringIO

from backprop.report import GradientReport
from backprop.reports.numbers import Style, exact


def gradient(report: GradientReport, style: Style) -> str:
    """Columns output, name, role, equation, data, grad; a cell without a number is empty."""

    def number(value: float | None) -> str:
        return "" if value is None else repr(exact(value, style.digits))

    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("output", "name", "role", "equation", "data", "grad"))
    for at, result in enumerate(report.results):
        for row in report.rows:
            numbers = number(row.data), number(row.gradients[at])
            writer.writerow((result.output, row.name, row.role, row.equation, *numbers))
    return file.getvalue()
