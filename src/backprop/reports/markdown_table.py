"""A report as a Markdown table."""

from backprop.numbers import shown
from backprop.report import Cell, Column, Report
from backprop.reports.style import Style


def write(report: Report, style: Style) -> str:
    """A table for GitHub's Markdown and its kin, and the sentences below it."""
    table = report.table()
    columns = [[_cell(column, cell, style) for cell in column.cells] for column in table.columns]
    lines = [
        "| " + " | ".join(column.title for column in table.columns) + " |",
        "|" + "".join(" --: |" if c.kind == "number" else " :-- |" for c in table.columns),
    ]
    lines += ["| " + " | ".join(cells) + " |" for cells in zip(*columns, strict=True)]
    if table.notes:
        lines += ["", "```", *table.notes, "```"]
    return "\n".join([*lines, *(f"\n{sentence}" for sentence in table.tail)]) + "\n"


def _cell(column: Column, cell: Cell, style: Style) -> str:
    """Equations and names as code; they have neither backticks nor bars in them."""
    if isinstance(cell, str):
        return f"`{cell}`" if cell and column.kind in ("name", "equation", "formula") else cell
    return shown(cell, style.digits)
