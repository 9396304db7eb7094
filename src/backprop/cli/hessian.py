"""`backprop hessian`."""

from backprop import commands
from backprop.cli.printing import Digits, Format, Output, chosen_format, complain, deliver
from backprop.inputs import Inputs
from backprop.options import EngineName, all_option, names_option

EXAMPLE = 'Example: backprop hessian -e "L = (1 - x)^2 + 100*(y - x^2)^2" --set "x=1, y=1"'


def hessian(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option("--wrt", 'By these inputs only: "a, w[1,*]".', "inputs"),
    whole: bool = all_option("Print the table, however large it is."),
    format: Format,
    output: Output,
    digits: Digits,
    engine: EngineName,
) -> None:
    """The matrix of second derivatives, its eigenvalues, and what they say.

    They say whether the point is a minimum, a maximum, a saddle, or flat in some direction; where
    the gradient is not 0, how the output curves there.
    """
    format = chosen_format(format, output)
    report = commands.hessian(inputs, wrt, engine, whole, format in ("json", "csv"))
    deliver(report, format, output, digits)
    complain(report.notes, "note")
