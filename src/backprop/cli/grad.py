"""`backprop grad`."""

from __future__ import annotations

from backprop import commands
from backprop.cli import options
from backprop.cli.printing import chosen_format, deliver
from backprop.language.families import MOST_VALUES

EXAMPLE = 'Example: backprop grad eqs.txt --set "a=2, b=-3" --of L'


def grad(
    file: options.File = None,
    expr: options.Expressions = [],  # noqa: B006  a command line makes a new list each time
    set: options.Settings = [],  # noqa: B006
    values: options.Values = [],  # noqa: B006
    of: options.Of = [],  # noqa: B006
    wrt: options.Wrt = [],  # noqa: B006
    whole: options.Whole = False,
    only: options.Shown = [],  # noqa: B006
    format: options.Format = None,
    output: options.Output = None,
    digits: options.Digits = None,
    seed: options.Seed = 0,
    max_nodes: options.MaxNodes = MOST_VALUES,
    engine: options.Engine = "auto",
) -> None:
    """The value and the exact gradient of every name.

    All equations of FILE are evaluated, then the chain rule is applied from the output back.
    """
    format = chosen_format(format, output)
    inputs = commands.Inputs(file, expr, values, set, seed, max_nodes)
    report = commands.grad(
        inputs, options.names(of), options.names(wrt), whole, options.names(only), engine
    )
    deliver(report, format, output, digits)
