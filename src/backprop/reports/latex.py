r"""A report as a LaTeX `tabular`, equations and derivatives in math mode. For documents with amsmath."""

from backprop.numbers import shown
from backprop.report import Cell, Column, Report
from backprop.reports.numbers import Style
from backprop.syntax.latex import latex, latex_name, latex_number
from backprop.syntax.parser import formula


def write(report: Report, style: Style) -> str:
    """Names, equations and numbers; what is only text (a role) has no column."""
    table = report.table()
    columns = [column for column in table.columns if column.kind != "text"]
    names = next(column.cells for column in columns if column.kind == "name")
    form = "".join("r" if column.kind == "number" else "l" for column in columns)
    rows = [[_title(column) for column in columns]]
    for at, name in enumerate(names):
        rows.append(
            [_cell(column, column.cells[at], str(name), style.digits) for column in columns]
        )
    titles, *lines = (" & ".join(row) + r" \\" for row in rows)
    lines = [rf"\begin{{tabular}}{{{form}}}", r"\hline", titles, r"\hline", *lines]
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def _title(column: Column) -> str:
    if column.of:
        return rf"$\partial {latex_name(column.of)}/\partial\,\cdot$"
    return "value" if column.title == "data" else column.title


def _cell(column: Column, cell: Cell, name: str, digits: int | None) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, str):
        if column.kind != "equation":
            return f"${latex(formula(cell)) if column.kind == 'formula' else latex_name(cell)}$"
        return f"${latex_name(name)} = {latex(formula(cell))}$"
    return f"${latex_number(shown(cell, digits))}$"
