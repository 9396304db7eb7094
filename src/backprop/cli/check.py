"""`backprop check`."""

from backprop import commands
from backprop.cli import printing
from backprop.inputs import Inputs
from backprop.options import names_option, option

EXAMPLE = 'Example: backprop check eqs.txt --set "a=2, b=-3" --claim "da = f*b, db: -4"'


def check(
    inputs: Inputs,
    *,
    claim: list[str] = option(
        "--claim TEXT", 'Derivatives to mark: "da = 6, dL/db = f*a"; repeatable.'
    ),
    claims: list[str] = option(
        "--claims FILE", "A file of them, a line each; - is standard input.", path="read"
    ),
    tolerance: float | None = option(
        "--tolerance NUMBER",
        "How far a claim may be off, relative. Default: as far as it was rounded.",
    ),
    precise: bool = option("--precise", "Differences at 60 digits and more, with mpmath."),
    whole: printing.Whole,
    only: list[str] = names_option("--only", 'Check these inputs only: "a, w[1,*]".', "inputs"),
    format: printing.Format,
    output: printing.Output,
    digits: printing.Digits,
) -> None:
    """Mark derivatives worked out by hand, or test the gradient.

    Without claims, the gradient by every input is compared with slopes that come from values alone.
    With claims, each is marked: at the given point, and formulas at random points as well. The exit
    status is 1 if something is wrong.
    """
    format = printing.chosen_format(format, output)
    report = commands.check(inputs, claim, claims, precise, tolerance, whole, only)
    printing.deliver(report, format, output, digits)
    if not report.right:
        raise printing.Finished(1)
