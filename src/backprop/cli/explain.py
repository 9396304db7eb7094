"""`backprop explain`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from backprop import commands
from backprop.cli import shared
from backprop.cli.printing import chosen_format, complain, put, style_for
from backprop.errors import BadOption
from backprop.files import check_writable, write_whole
from backprop.inputs import Inputs
from backprop.options import Option, names
from backprop.reports import DOCUMENTS
from backprop.reports.numbers import Style

EXAMPLE = (
    'Example: backprop explain -e "e = a*b; L = e^2" --set "a=2, b=-3" --format html -o steps.html'
)


def explain(
    inputs: Inputs,
    detail: Annotated[
        str,
        Option(
            "--detail NAME",
            "equations, each as a whole, or operations.",
            "equations",
            choices=("equations", "operations"),
        ),
    ],
    paths: Annotated[
        list[str],
        Option("--paths NAMES", "The gradient by these as the sum over all paths.", read=names),
    ],
    steps_of: Annotated[
        str,
        Option(
            "--steps-of NAME",
            "forward, backward or both.",
            "both",
            choices=("forward", "backward", "both"),
            noun="part",
        ),
    ],
    only: Annotated[
        list[str], Option("--only NAMES", "Only the steps about these names.", read=names)
    ],
    whole: Annotated[bool, Option("--all", "Every step, however many.")],
    hide_answers: Annotated[
        bool, Option("--hide-answers", "A worksheet: blanks for what is to be found.")
    ],
    answers: Annotated[
        str | None,
        Option("--answers FILE", "With --hide-answers: the key, in the same format."),
    ],
    format: Annotated[str | None, shared.formats(DOCUMENTS)],
    output: shared.Output,
    digits: Annotated[int | None, shared.digits("6, and all in JSON")],
) -> None:
    """The chain rule step by step, with its formulas and its numbers.

    First every value from the inputs on, then every gradient from the output back.
    """
    format = chosen_format(format, output, DOCUMENTS)
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
    found, gradient = commands.explain(inputs, detail, paths, only, steps_of, whole)
    write = DOCUMENTS.writer(format)
    if output is not None and output != "-":
        write_whole(output, write(found, Style(digits), hide_answers).encode())
    else:
        put(write(found, style_for(sys.stdout, digits), hide_answers))
    if answers is not None:
        write_whole(answers, write(found, Style(digits), False).encode())
    if not hide_answers:  # they name slopes
        complain(gradient.warnings, "warning")
