r"""A report as a LaTeX `tabular`, equations and derivatives in math mode. For documents with amsmath."""

import re
from collections.abc import Iterator, Sequence

from backprop.names import Together
from backprop.numbers import shown
from backprop.report import Cell, Column, Report, Table
from backprop.reports.style import Style
from backprop.syntax.latex import latex, latex_number, latex_text
from backprop.syntax.latex_names import Naming
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula


def write(report: Report, style: Style) -> str:
    """All columns of the table; no two names of it look alike. A wide one has right sides alone, and
    is made as small as the line is wide; without the package graphicx it stays as large as it is."""
    table = report.table()
    wide = sum(max(map(_length, (column.title, *column.cells))) for column in table.columns) > _WIDE
    naming = Naming(_names(table))
    nameless = [""] * len(table.columns[0].cells)  # rows of data
    owners = next((each.cells for each in table.columns if each.kind == "name"), nameless)
    form = "".join("r" if column.kind == "number" else "l" for column in table.columns)
    rows = [[_title(column, naming) for column in table.columns]]
    for at, owner in enumerate(owners):
        cells = ((column, column.cells[at]) for column in table.columns)
        rows.append(
            [_cell(column, cell, "" if wide else owner, naming, style) for column, cell in cells]
        )
    titles, *lines = (" & ".join(row) + r" \\" for row in rows)
    lines = [rf"\begin{{tabular}}{{{form}}}", r"\hline", titles, r"\hline", *lines]
    lines += [r"\hline", r"\end{tabular}"]
    if wide:
        lines = [_SMALLER, *lines[:-1], lines[-1] + "}}%"]
    return "\n".join(lines) + "\n"


_WIDE = 50
"""A table of more characters across may be wider than a line."""

_SMALLER = r"""{\providecommand{\resizebox}[3]{#3}% graphicx has it
\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"""


def _length(cell: Cell) -> int:
    """About how many characters wide a cell is."""
    if cell is None or isinstance(cell, str):
        return len(cell or "")
    return len(shown(cell, 10))


def _names(table: Table) -> Iterator[str]:
    """The names that a table has, those in its equations and titles among them."""
    for column in table.columns:
        yield from filter(None, (column.of, column.by))
        texts = (cell for cell in column.cells if cell and isinstance(cell, str))
        if column.kind == "name":
            for text in texts:
                yield from _parts(text)
        elif column.kind in ("equation", "formula"):
            for text in texts:
                yield from names_in(formula(text))


_ALONG, _POWER = re.compile(r"d(\^\d+)?/dt(\^\d+)?"), re.compile(r"\^(\d+)")


def _title(column: Column, naming: Naming) -> str:
    if column.of:
        return rf"$\partial {naming.name(column.of)}/\partial\,\cdot$"
    if column.by:
        return rf"$\partial\,\cdot/\partial {naming.name(column.by)}$"
    if _ALONG.fullmatch(column.title):  # d^2/dt^2
        return "$" + _POWER.sub(r"^{\1}", column.title) + "$"
    return "value" if column.title == "data" else latex_text(column.title)


def _cell(column: Column, cell: Cell, owner: Cell, naming: Naming, style: Style) -> str:
    """owner: the name of the row, which its equation is of; "" leaves it out of the equation."""
    if cell is None or cell == "":
        return ""
    if not isinstance(cell, str):
        return f"${latex_number(shown(cell, style.digits))}$"
    if column.kind in ("text", "number"):  # a number that stands for several has words in it
        return latex_text(cell)
    if column.kind == "name":
        return f"${_name(cell, naming)}$"
    right = latex(formula(cell), naming=naming)
    return (
        f"${right}$"
        if column.kind == "formula" or not owner
        else f"${_name(owner, naming)} = {right}$"
    )


def _name(text: Cell, naming: Naming) -> str:
    """A name, or the first and the last of several."""
    return r" \ldots ".join(map(naming.name, _parts(text)))


def _parts(text: Cell) -> Sequence[str]:
    return text.names if isinstance(text, Together) else [str(text)]
