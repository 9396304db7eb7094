"""A report as a Markdown table; what a text has to become to be nothing but text in Markdown."""

import re

from backprop.numbers import shown
from backprop.report import Cell, Column, Report
from backprop.reports.style import Style

_SIGNS = re.compile(r"[\\`*_~<>&|$\[\]]")
"""What Markdown and HTML read as more than text."""


def words(text: str) -> str:
    """A text as Markdown that shows just that: names such as `script` and `_a_` make no tags."""
    return _SIGNS.sub(r"\\\g<0>", text)


def write(report: Report, style: Style) -> str:
    """A table for GitHub's Markdown and its kin, and the sentences below it."""
    table = report.table()
    columns = [[_cell(column, cell, style) for cell in column.cells] for column in table.columns]
    lines = [
        "| " + " | ".join(words(column.title) for column in table.columns) + " |",
        "|" + "".join(" --: |" if c.kind == "number" else " :-- |" for c in table.columns),
    ]
    lines += ["| " + " | ".join(cells) + " |" for cells in zip(*columns, strict=True)]
    if table.notes:
        lines += ["", "```", *table.notes, "```"]
    return "\n".join([*lines, *(f"\n{words(sentence)}" for sentence in table.tail)]) + "\n"


def _cell(column: Column, cell: Cell, style: Style) -> str:
    """Equations and names as code; they have neither backticks nor bars in them."""
    if isinstance(cell, str):
        code = cell and column.kind in ("name", "equation", "formula")
        return f"`{cell}`" if code else words(cell)
    return shown(cell, style.digits)
