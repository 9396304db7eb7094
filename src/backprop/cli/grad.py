"""`backprop grad`."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from backprop import all_gradients
from backprop.cli.printing import (
    Digits,
    Format,
    Output,
    Whole,
    chosen_format,
    complain,
    deliver,
    send_pieces,
    write,
)
from backprop.errors import BadOption, OutputIsColumn
from backprop.files import is_table
from backprop.inputs import Inputs
from backprop.options import EngineName, names_option, option
from backprop.reports import HISTORIES
from backprop.reports.style import Style

if TYPE_CHECKING:
    from backprop.row_passes import StreamedRowsReport

EXAMPLE = 'Example: backprop grad eqs.txt --set "a=2, b=-3" --of L'


def grad(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option("--wrt", 'Gradients by these names only: "a, b"; repeatable.'),
    whole: Whole,
    only: list[str] = names_option("--only", 'Rows of these only: "a, w[1,*]".'),
    rows: bool = option("--rows", "The value and the derivatives of each row of --data."),
    format: Format,
    output: Output,
    digits: Digits,
    engine: EngineName,
) -> None:
    """The value and the exact gradient of every name.

    All equations of FILE are evaluated, then the chain rule is applied from the output back.
    """
    tables = [each for each in inputs.values if is_table(each)]
    if rows or tables:
        if only:
            message = "--only has no meaning where each row of a table has its derivatives"
            raise BadOption(message, hints=["choose some of these: --wrt NAMES"])
        _rows(inputs, tables, wrt, whole, format, output, digits, engine)
        return
    asked, format = format, chosen_format(format, output)
    try:
        report = all_gradients.grad(inputs, wrt, whole, only, engine)
    except OutputIsColumn:
        if len(inputs.of) != 1:
            raise
        _rows(inputs, tables, wrt, whole, asked, output, digits, engine)
        return
    deliver(report, format, output, digits)
    complain(report.notes, "note")


def _rows(
    inputs: Inputs,
    tables: list[str],
    wrt: list[str],
    whole: bool,
    format: str | None,
    output: str | None,
    digits: int | None,
    engine: str,
) -> None:
    """Write a column row by row, or the output for each row of tables of numbers: as `format` says, or into a
    file of Parquet."""
    binary = format is None and (output or "").endswith((".parquet", ".pq"))
    format = None if binary else chosen_format(format, output)
    from backprop.row_by_row import RowsReport  # for tables only

    report: RowsReport | StreamedRowsReport
    if tables:
        from backprop.value_tables import swept

        others = [each for each in inputs.values if each not in tables]
        report = swept(inputs._replace(values=others), tables, wrt, whole, engine)
    else:
        from backprop.row_passes import rows

        report = rows(inputs, wrt, whole)
    if format is None:
        from backprop.data_parquet import as_parquet

        parts = [report] if isinstance(report, RowsReport) else report.pieces()
        write(output or "", as_parquet(each.columns for each in parts))
        complain(report.warnings, "warning")
    elif isinstance(report, RowsReport) or format not in HISTORIES.names:
        deliver(report, format, output, digits)
    else:
        named, long = format, report
        send_pieces(lambda style: _pieces(long, named, style), output, digits)
        complain(report.warnings, "warning")
    complain(report.notes, "note")


def _pieces(report: "StreamedRowsReport", format: str, style: Style) -> Iterator[str]:
    """All rows as CSV or JSON lines."""
    write_pieces = HISTORIES.writer(format)
    for at, each in enumerate(report.pieces()):
        found = write_pieces(each, style)
        yield from islice(found, 1 if at and format == "csv" else 0, None)  # titles stand once
