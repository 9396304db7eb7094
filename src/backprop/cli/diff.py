"""`backprop diff`."""

from __future__ import annotations

import os
import re
from typing import Annotated

from backprop import derived_formulas
from backprop.cli.printing import Output, chosen_format, complain, format_option, send
from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.options import names_option, option
from backprop.reports import FORMULAS

EXAMPLE = 'Example: backprop diff "x^2*sin(x)"'

_EXPRESSION = re.compile(r"[(^*+\s]")
"""What no name of a file has that a person gives, and every longer expression."""


def diff(
    inputs: Inputs,
    *,
    wrt: list[str] = names_option(
        "--wrt", 'By these names only: "a, b"; with --order 2 that is one mixed derivative.'
    ),
    order: int = option("--order N", "How often; by itself once.", 1, min=1, max=10),
    shape: str | None = option(
        "--shape nested|steps",
        "One closed formula each, or step by step. Default: nested where every formula is short.",
        choices=("nested", "steps"),
    ),
    pretty: bool = option("--pretty", "As mathematics to read, with the slopes of textbooks."),
    format: Annotated[str | None, format_option(FORMULAS)],
    output: Output,
) -> None:
    """The derivatives of the output as formulas, simplified.

    By every input that is no const, as equations that can be used again; of an expression such as
    "x^2*sin(x)" in the place of FILE, the formula alone.
    """
    format = chosen_format(format, output, FORMULAS)
    if pretty and format != "text":
        raise BadOption(f"--pretty has no place in {format}", hints=["leave it out"])
    text = inputs.file if _is_expression(inputs.file) else None
    if inputs.file is None and len(inputs.expressions) == 1:
        text = inputs.expressions[0]  # -e "1/x" is one, too
    named = derived_formulas.named(text or "")
    alone = text is not None and (named != text or inputs.file is not None)
    if alone:
        inputs = inputs._replace(file=None, expressions=(named,))
    textbook = pretty or format in ("latex", "markdown")
    found = derived_formulas.diff(inputs, wrt, order, shape, textbook, alone)
    write = FORMULAS.writer(format)
    send(lambda style: write(found._replace(pretty=pretty), style), output, None)
    complain(found.warnings, "warning")
    complain(found.notes, "note")


def _is_expression(file: str | None) -> bool:
    """Whether what stands in the place of a file is an expression."""
    return file is not None and bool(_EXPRESSION.search(file)) and not os.path.exists(file)
