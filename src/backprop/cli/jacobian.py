"""`backprop jacobian`."""

from backprop import many_outputs
from backprop.cli.printing import Digits, Format, Output, chosen_format, complain, deliver
from backprop.inputs import Inputs, say
from backprop.options import (
    DerivativeOrder,
    EngineName,
    JacobianMode,
    all_option,
    names_option,
    option,
)
from backprop.report import Report

EXAMPLE = 'Example: backprop jacobian eqs.txt --of "e, d" --set "a=2, b=-3, c=10"'


def jacobian(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option("--wrt", 'Columns of these names only: "a, b"; repeatable.'),
    only: list[str] = names_option("--only", 'Rows of these outputs only: "e[1], e[2]".'),
    mode: JacobianMode,
    sparse: bool = option("--sparse", "Those that can be other than 0, one by one."),
    along: list[str] = option(
        "--along TEXT",
        'Instead of a matrix the derivatives along a direction: "a=1, b=0.5"; repeatable.',
        offers="settings",
    ),
    order: DerivativeOrder,
    whole: bool = all_option("Print the table, however large it is."),
    format: Format,
    output: Output,
    digits: Digits,
    engine: EngineName,
) -> None:
    """The derivatives of several outputs by the inputs, as a matrix.

    A row for each output (--of, families too; by itself all outputs of FILE), a column for each
    input that leads there. A row is what grad says of its output. With --along a row has the
    derivatives by t of the output where the inputs move as a + t, b + 0.5*t.
    """
    format = chosen_format(format, output)
    report: Report
    way = ""
    if along:
        matrix = {"--wrt": wrt, "--only": only, "--mode": mode, "--sparse": sparse}
        others = [each for each in matrix if matrix[each]]
        report = many_outputs.along(inputs, along, order, others, engine, whole)
    else:
        report = found = many_outputs.jacobian(inputs, wrt, only, whole, mode, sparse, engine)
        way = found.way
    deliver(report, format, output, digits)
    if way:  # below the table on a terminal, too
        say(way)
    complain(report.notes, "note")
