"""`backprop grad`."""

from backprop import all_gradients
from backprop.cli.printing import (
    Digits,
    Format,
    Output,
    Whole,
    chosen_format,
    complain,
    deliver,
    write,
)
from backprop.inputs import Inputs
from backprop.options import EngineName, names_option, option

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
    if rows:
        _rows(inputs, wrt, whole, format, output, digits)
        return
    format = chosen_format(format, output)
    report = all_gradients.grad(inputs, wrt, whole, only, engine)
    deliver(report, format, output, digits)
    complain(report.notes, "note")


def _rows(
    inputs: Inputs,
    wrt: list[str],
    whole: bool,
    format: str | None,
    output: str | None,
    digits: int | None,
) -> None:
    """Write a column row by row: as `format` says, or into a file of Parquet."""
    from backprop.row_by_row import rows

    binary = format is None and (output or "").endswith((".parquet", ".pq"))
    format = None if binary else chosen_format(format, output)
    report = rows(inputs, wrt, whole)
    if format is None:
        from backprop.data_files import as_parquet

        write(output or "", as_parquet(report.columns))
    else:
        deliver(report, format, output, digits)
    complain(report.notes, "note")
