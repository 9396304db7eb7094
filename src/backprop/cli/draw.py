"""`backprop draw`."""

from __future__ import annotations

from typing import Annotated

from backprop import commands
from backprop.cli import options
from backprop.cli.declared import Option
from backprop.cli.printing import complain, put
from backprop.errors import BadOption
from backprop.files import write_whole
from backprop.language.families import MOST_VALUES
from backprop.reports import PICTURES
from backprop.reports.drawing import Look
from backprop.reports.themes import THEMES

EXAMPLE = 'Example: backprop draw -e "e = a*b; L = e+c" --set "a=2, b=-3, c=10" -o graph.png'


def draw(
    file: options.File = None,
    expr: options.Expressions = [],  # noqa: B006  a command line makes a new list each time
    set: options.Settings = [],  # noqa: B006
    values: options.Values = [],  # noqa: B006
    of: options.OneOutput = None,
    output: options.PictureFile = "graph.svg",
    theme: options.ThemeName = "light",
    direction: options.Direction = "LR",
    passes: options.Pass = "backward",
    detail: options.Detail = None,
    focus: options.Focus = None,
    depth: options.Depth = 1,
    whole: Annotated[bool, Option("--all", help="Draw everything, however large.")] = False,
    digits: options.PictureDigits = None,
    seed: options.Seed = 0,
    max_nodes: options.MaxNodes = MOST_VALUES,
) -> None:
    """The graph with data and gradients, as a picture.

    An arrow carries the local derivative: the gradient where it leads to, times the number on it,
    is what it adds to the gradient where it comes from.
    """
    format = "svg" if output == "-" else PICTURES.of_file(output)
    if format is None:
        raise BadOption(
            f"{output} has no ending of a picture",
            hints=[f"the endings are {', '.join(PICTURES.endings)}"],
        )
    look = Look(
        options.one_of("theme", theme, THEMES),
        options.one_of("direction", direction.upper(), ("LR", "TB")),
        options.one_of("pass", passes, ("forward", "backward")) == "backward",
        digits,
    )
    if detail is not None:
        options.one_of("detail", detail, ("operations", "equations"))
    near = options.names([focus]) if focus is not None else []
    inputs = commands.Inputs(file, expr, values, set, seed, max_nodes)
    picture, gradient = commands.draw(inputs, options.one_name(of), detail, near, depth, whole)
    drawn = PICTURES.writer(format)(picture, look, format)
    if output == "-":
        put(drawn.decode())
    else:
        write_whole(output, drawn)
    complain(gradient.warnings, "warning")
