"""Results in Python: as the text that `print` writes, and as tables and pages in a notebook."""

from collections.abc import Iterable
from html import escape
from itertools import zip_longest
from typing import Any

from backprop.derivation import Derivation
from backprop.derivation.steps import SymbolicDerivation
from backprop.errors import BackpropError
from backprop.language import Model
from backprop.numbers import shown
from backprop.report import Cell, Column, Table
from backprop.reports.diagnostics import render
from backprop.reports.style import Style, curve
from backprop.reports.table import lines
from backprop.showing import Bundle
from backprop.values import Numbers

_MOST = 60
"""The most rows of a table in a notebook; `print` writes all."""

_MANY = 10_000
"""A Model with more names than this shows itself in a line."""


def text(found: Any) -> str:
    """What `print` writes: the table or the steps, then warnings and notes."""
    if isinstance(found, Derivation | SymbolicDerivation):
        from backprop.reports.explain.text import write

        return write(found, Style(), False).rstrip("\n")
    return _text(_report(found), _table(found))


def bundle(found: Any) -> Bundle:
    """What a notebook shows: HTML, and text for those that show no HTML."""
    if isinstance(found, Derivation | SymbolicDerivation):
        from backprop.reports.explain.html import fragment

        return {"text/plain": text(found), "text/html": fragment(found, Style())}
    report, table = _report(found), _first(_table(found))
    return {"text/plain": _text(report, table), "text/html": _html(report, table)}


def model_bundle(model: Model, numbers: Numbers | None) -> Bundle:
    """What a notebook shows of a Model: its picture, if there is one, and its table."""
    if len(model.names) > _MANY:
        return {"text/plain": repr(model)}
    from backprop.reports.notebook_pictures import model_picture

    found = bundle(model)
    if drawn := model_picture(model, numbers):
        found["image/svg+xml"] = drawn
        found["text/html"] = drawn[drawn.index("<svg") :] + found["text/html"]
    return found


def _report(found: Any) -> Any:
    """What there is to say of a result."""
    if not hasattr(found, "stopped"):
        return found  # it knows itself
    from backprop.report.descent_report import DescentReport

    return DescentReport(found)


def _table(found: Any) -> Table:
    table: Table = _report(found).table()
    return table


def _first(table: Table) -> Table:
    """The first rows of a long table, and how many there are more."""
    more = len(table.columns[0].cells) - _MOST
    if more <= 0:
        return table
    columns = [column._replace(cells=column.cells[:_MOST]) for column in table.columns]
    tail = [f"… and {more:,} rows more, which print() writes", *table.tail]
    return table._replace(columns=columns, emphasis=table.emphasis[:_MOST], tail=tail)


def _complaints(report: Any) -> str:
    """Warnings and notes, as the command line writes them to standard error."""
    parts: list[tuple[Iterable[BackpropError], str]]
    parts = [(getattr(report, f"{kind}s", ()), kind) for kind in ("warning", "note")]
    return "\n".join(render(errors, kind, Style()) for errors, kind in parts if errors)


def _text(report: Any, table: Table) -> str:
    return "\n".join([lines(table, Style()), _complaints(report)]).rstrip("\n")


def _html(report: Any, table: Table) -> str:
    """The table as HTML, which a page styles as it does its own."""
    parts = [
        f"<p><b>{escape(''.join(p if isinstance(p, str) else shown(p) for p in head))}</b></p>"
        for head in table.heads
    ]
    rows = zip(
        *([_cell(column, cell) for cell in column.cells] for column in table.columns), strict=True
    )
    parts += [
        "<table><thead><tr>",
        *(_cell(column, column.title, "th") for column in table.columns),
    ]
    parts += ["</tr></thead><tbody>"]
    for cells, emphasis in zip_longest(
        rows, table.emphasis[: len(table.columns[0].cells)], fillvalue=""
    ):
        weight = ' style="font-weight:bold"' if emphasis == "strong" else ""
        parts.append(f"<tr{weight}>{''.join(cells)}</tr>")
    parts.append("</tbody></table>")
    if table.curve:
        parts.append(f"<p>{escape(curve(*table.curve, Style()))}</p>")
    notes = "\n".join(table.notes), _complaints(report)
    parts += [f"<pre>{escape(note)}</pre>" for note in notes if note]
    parts += [f"<p>{escape(sentence)}</p>" for sentence in table.tail]
    return "".join(parts)


def _cell(column: Column, cell: Cell, tag: str = "td") -> str:
    text = escape(cell if isinstance(cell, str) else shown(cell))
    if text and tag == "td" and column.kind in ("name", "equation", "formula"):
        text = f"<code>{text}</code>"
    side = "right" if column.kind == "number" else "left"
    return f'<{tag} style="text-align:{side}">{text}</{tag}>'
