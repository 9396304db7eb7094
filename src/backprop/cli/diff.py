"""`backprop diff`."""

from __future__ import annotations

from typing import Annotated

from backprop import derived_formulas, options
from backprop.cli.expressions import with_expression
from backprop.cli.printing import Output, chosen_format, complain, format_option, send
from backprop.errors import BadOption
from backprop.indexed_derivatives import DiffRequest
from backprop.inputs import Inputs
from backprop.options import names_option, option
from backprop.reports import FORMULAS

EXAMPLE = 'Example: backprop diff "x^2*sin(x)"'


def diff(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option(
        "--wrt", 'By these names only: "a, b"; with --order 2 that is one mixed derivative.'
    ),
    order: options.DiffOrder,
    shape: options.DiffShape,
    pretty: bool = option("--pretty", "As mathematics to read, with the slopes of textbooks."),
    format: Annotated[str | None, format_option(FORMULAS)],
    output: Output,
) -> None:
    """The derivatives of the output as formulas, simplified.

    By every input that is no const, as equations that can be used again; of an expression such as
    "x^2*sin(x)" in the place of FILE, the formula alone. LaTeX is an align* to put into a document
    with amsmath. Text and JSON of equations have forms with values further out, -x/y/y; an expression's
    formula, --pretty, LaTeX and Markdown have the short ones of textbooks, -x/y^2.
    """
    format = chosen_format(format, output, FORMULAS)
    if pretty and format != "text":
        raise BadOption(f"--pretty has no place in {format}", hints=["leave it out"])
    inputs, alone = with_expression(inputs)
    textbook = pretty or format in ("latex", "markdown")
    asked = DiffRequest((), wrt, order, shape, textbook, alone)
    found = derived_formulas.diff(inputs, asked)
    write = FORMULAS.writer(format)
    send(lambda style: write(found._replace(pretty=pretty), style), output, None)
    complain(found.warnings, "warning")
    complain(found.notes, "note")
