"""`backprop check`."""

from __future__ import annotations

from typing import Annotated, Optional

from backprop import commands
from backprop.cli import options
from backprop.cli.declared import Option
from backprop.cli.printing import chosen_format, deliver
from backprop.cli.run import Finished

EXAMPLE = 'Example: backprop check eqs.txt --set "a=2, b=-3" --claim "da = f*b, db: -4"'


def check(
    file: options.File = None,
    expr: options.Expressions = [],  # noqa: B006  a command line makes a new list each time
    set: options.Settings = [],  # noqa: B006
    values: options.Values = [],  # noqa: B006
    of: options.OneOutput = None,
    claim: Annotated[
        list[str],
        Option(
            "--claim",
            metavar="TEXT",
            help='Derivatives to mark: "da = 6, dL/db = f*a"; repeatable.',
        ),
    ] = [],  # noqa: B006
    claims: Annotated[
        list[str],
        Option(
            "--claims", metavar="FILE", help="A file of them, a line each; - is standard input."
        ),
    ] = [],  # noqa: B006
    tolerance: Annotated[
        Optional[float],
        Option(
            "--tolerance",
            metavar="NUMBER",
            show_default=False,
            help="How far a claim may be off, relative. Default: as far as it was rounded.",
        ),
    ] = None,
    precise: Annotated[
        bool, Option("--precise", help="Differences at 60 digits and more, with mpmath.")
    ] = False,
    format: options.Format = None,
    output: options.Output = None,
    digits: options.Digits = None,
    seed: options.Seed = 0,
) -> None:
    """The gradient against differences, or derivatives that a person worked out.

    Without claims, the gradient by every input is compared with slopes that come from values alone.
    With claims, each is marked: at the given point, and formulas at random points as well. The exit
    status is 1 if something is wrong.
    """
    format = chosen_format(format, output)
    inputs = commands.Inputs(file, expr, values, set)
    report = commands.check(
        inputs,
        options.one_name(of),
        claims=claim,
        claim_files=claims,
        precise=precise,
        tolerance=tolerance,
        seed=seed,
    )
    deliver(report, format, output, digits)
    if not report.right:
        raise Finished(1)
