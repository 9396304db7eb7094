"""`backprop hessian`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop import commands
from backprop.cli.printing import Digits, Format, Output, chosen_format, complain, deliver
from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.options import EngineName, all_option, names_option, option

if TYPE_CHECKING:
    from backprop.report.hessian_part_report import PartReport
    from backprop.report.hessian_report import Hessian

EXAMPLE = 'Example: backprop hessian -e "L = (1 - x)^2 + 100*(y - x^2)^2" --set "x=1, y=1"'


def hessian(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option("--wrt", 'By these inputs only: "a, w[1,*]".', "inputs"),
    times: list[str] = option(
        "--times TEXT",
        'The matrix times a direction, without the matrix: "a=1, b=0".',
        offers="settings",
    ),
    diagonal: bool = option("--diagonal", "Second derivatives by one input alone."),
    sparse: bool = option("--sparse", "Those that can be other than 0, one by one."),
    whole: bool = all_option("Print the table, however large it is."),
    format: Format,
    output: Output,
    digits: Digits,
    engine: EngineName,
) -> None:
    """Second derivatives as a matrix, and what kind of point it is.

    Its eigenvalues say whether the point is a minimum, a maximum, a saddle, or flat in some
    direction; where the gradient is not 0, how the output curves there. CSV and LaTeX have the
    matrix alone; eigenvalues and verdict are in table, Markdown and JSON.
    """
    format = chosen_format(format, output)
    programs = format in ("json", "csv")
    parts = {"times": bool(times), "diagonal": diagonal, "sparse": sparse}
    asked = [part for part, wanted in parts.items() if wanted]
    if len(asked) > 1:
        flags = " and ".join(f"--{part}" for part in asked)
        raise BadOption(f"{flags} are asked for at once", hints=["one part at a time"])
    report: Hessian | PartReport
    if asked:
        report = commands.hessian_part(inputs, asked[0], times, wrt, engine, whole, programs)
    else:
        report = commands.hessian(inputs, wrt, engine, whole, programs)
        report = report._replace(digits=digits or report.digits)
    deliver(report, format, output, digits)
    complain(report.notes, "note")
