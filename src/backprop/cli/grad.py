"""`backprop grad`."""

from backprop import commands
from backprop.cli.printing import Digits, Format, Output, Whole, chosen_format, complain, deliver
from backprop.inputs import Inputs
from backprop.options import EngineName, names_option

EXAMPLE = 'Example: backprop grad eqs.txt --set "a=2, b=-3" --of L'


def grad(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option("--wrt", 'Gradients by these names only: "a, b"; repeatable.'),
    whole: Whole,
    only: list[str] = names_option("--only", 'Rows of these only: "a, w[1,*]".'),
    format: Format,
    output: Output,
    digits: Digits,
    engine: EngineName,
) -> None:
    """The value and the exact gradient of every name.

    All equations of FILE are evaluated, then the chain rule is applied from the output back.
    """
    format = chosen_format(format, output)
    report = commands.grad(inputs, wrt, whole, only, engine)
    deliver(report, format, output, digits)
    complain(report.notes, "note")
