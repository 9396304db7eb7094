"""`backprop explain`."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Optional

from backprop import commands
from backprop.cli import options
from backprop.cli.declared import Option
from backprop.cli.printing import chosen_format, complain, put, style_for
from backprop.errors import BadOption
from backprop.files import check_writable, write_whole
from backprop.language.families import MOST_VALUES
from backprop.reports import DOCUMENTS
from backprop.reports.numbers import Style

EXAMPLE = (
    'Example: backprop explain -e "e = a*b; L = e^2" --set "a=2, b=-3" --format html -o steps.html'
)


def explain(
    file: options.File = None,
    expr: options.Expressions = [],  # noqa: B006  a command line makes a new list each time
    set: options.Settings = [],  # noqa: B006
    values: options.Values = [],  # noqa: B006
    of: options.OneOutput = None,
    detail: Annotated[
        str,
        Option("--detail", metavar="NAME", help="equations, each as a whole, or operations."),
    ] = "equations",
    paths: Annotated[
        list[str],
        Option("--paths", metavar="NAMES", help="The gradient by these as the sum over all paths."),
    ] = [],  # noqa: B006
    steps_of: Annotated[
        str, Option("--steps-of", metavar="NAME", help="forward, backward or both.")
    ] = "both",
    only: Annotated[
        list[str], Option("--only", metavar="NAMES", help="Only the steps about these names.")
    ] = [],  # noqa: B006
    whole: Annotated[bool, Option("--all", help="Every step, however many.")] = False,
    hide_answers: Annotated[
        bool, Option("--hide-answers", help="A worksheet: blanks for what is to be found.")
    ] = False,
    answers: Annotated[
        Optional[str],
        Option(
            "--answers",
            metavar="FILE",
            show_default=False,
            help="With --hide-answers: the key, in the same format.",
        ),
    ] = None,
    format: Annotated[
        Optional[str],
        Option(
            "--format",
            metavar="NAME",
            show_default=False,
            help="text, markdown, latex, html or json. Default: by the ending of -o, or text.",
        ),
    ] = None,
    output: options.Output = None,
    digits: options.StepDigits = None,
    seed: options.Seed = 0,
    max_nodes: options.MaxNodes = MOST_VALUES,
) -> None:
    """The chain rule step by step, with its formulas and its numbers.

    First every value from the inputs on, then every gradient from the output back.
    """
    format = chosen_format(format, output, DOCUMENTS)
    options.one_of("detail", detail, ("equations", "operations"))
    options.one_of("part", steps_of, ("forward", "backward", "both"))
    if answers is not None and not hide_answers:
        raise BadOption("--answers writes the key of a worksheet", hints=["add --hide-answers"])
    if paths and (only or steps_of != "both" or detail != "equations"):
        raise BadOption(
            "--paths writes the paths alone", hints=["leave --only, --steps-of and --detail out"]
        )
    if answers == "-":
        raise BadOption("--answers needs a file", hints=["the worksheet goes to standard output"])
    if answers and output and os.path.realpath(answers) == os.path.realpath(output):
        raise BadOption(f"{answers} is to be two files at once", hints=["give each its name"])
    for path in (output, answers):
        if path not in (None, "-"):
            check_writable(str(path))
    inputs = commands.Inputs(file, expr, values, set, seed, max_nodes)
    found, gradient = commands.explain(
        inputs,
        options.one_name(of),
        detail,
        options.names(paths),
        options.names(only),
        steps_of,
        whole,
    )
    write = DOCUMENTS.writer(format)
    if output is not None and output != "-":
        write_whole(output, write(found, Style(digits), hide_answers).encode())
    else:
        put(write(found, style_for(sys.stdout, digits), hide_answers))
    if answers is not None:
        write_whole(answers, write(found, Style(digits), False).encode())
    if not hide_answers:  # they name slopes
        complain(gradient.warnings, "warning")
