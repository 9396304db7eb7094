"""`backprop explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from backprop import commands, options
from backprop.cli import printing
from backprop.errors import BackpropError, BadData, BadOption
from backprop.inputs import Inputs
from backprop.numbers import either
from backprop.options import option
from backprop.reports import DOCUMENTS, FRAGMENTS

if TYPE_CHECKING:
    from backprop.derivation import Derivation
    from backprop.derivation.steps import SymbolicDerivation

EXAMPLE = (
    'Example: backprop explain -e "e = a*b; L = e^2" --set "a=2, b=-3" --format html -o steps.html'
)


def explain(
    inputs: Inputs,
    *,
    detail: options.Detail,
    paths: list[str] = options.names_option("--paths", "The gradient by these as the sum over all paths."),
    steps_of: options.StepsOf,
    only: list[str] = options.names_option("--only", "Only the steps about these names."),
    row: int | None = option("--row N", "Only the steps about this row of --data, from 1 on.", min=1),
    whole: bool = options.all_option("Every step, however many."),
    symbolic: bool = option("--symbolic", "Without numbers: the derivatives as formulas, rule by rule."),
    hide_answers: bool = option("--hide-answers", "A worksheet: blanks for what is to be found."),
    answers: str | None = option(
        "--answers FILE", "With --hide-answers: the key, in the same format.", path="new"
    ),
    force: bool = options.force_option("--answers"),
    fragment: bool = option("--fragment", f"{either(FRAGMENTS)} to be put into another document."),
    format: Annotated[str | None, printing.format_option(DOCUMENTS)],
    output: printing.Output,
    digits: Annotated[int | None, options.digits_option("6, at least 3, and all in JSON")],
) -> None:  # fmt: skip
    """The chain rule step by step, with its formulas and its numbers.

    First every value from the inputs on, then every gradient from the output back.
    """
    format = printing.chosen_format(format, output, DOCUMENTS)
    if fragment and format not in FRAGMENTS:
        hints = [f"it is for --format {' and '.join(FRAGMENTS)}: leave it out"]
        raise BadOption(f"--fragment has no place in {format}", hints=hints)
    if answers is not None and not hide_answers:
        raise BadOption("--answers writes the key of a worksheet", hints=["add --hide-answers"])
    if paths and (only or steps_of != "both" or detail != "equations"):
        hints = ["leave --only, --steps-of and --detail out"]
        raise BadOption("--paths writes the paths alone", hints=hints)
    if answers == "-":
        raise BadOption("--answers needs a file", hints=["the worksheet goes to standard output"])
    if force and answers is None:
        hints = ["say where the key goes: --answers FILE"]
        raise BadOption("--force is for --answers", hints=hints)
    warnings, notes = list[BackpropError](), list[BackpropError]()
    found: Derivation | SymbolicDerivation
    if symbolic:
        if paths or steps_of != "both" or detail != "equations" or whole or row:
            hints = ["leave --paths, --steps-of, --detail, --row and --all out"]
            raise BadOption("--symbolic goes rule by rule", hints=hints)
        from backprop.cli.expressions import with_expression  # few ask for them
        from backprop.derived_formulas import rules

        try:
            found = rules(with_expression(inputs)[0], only)
        except BadData as error:  # which formulas do not need
            index = "leave the data out: write an index for the rows: sum(x[i]^2 for i in 1..n)"
            error.hints = index, *error.hints
            raise
    else:
        found, gradient = commands.explain(inputs, detail, paths, only, steps_of, whole, row)
        warnings, notes = [*gradient.warnings], [*gradient.notes]
    write = DOCUMENTS.writer(format)
    results = printing.Results()

    def send(path: str | None, hide: bool) -> None:
        with results.each():
            printing.send(
                lambda style: write(found, style._replace(fragment=fragment), hide), path, digits
            )

    send(output, hide_answers)
    if answers is not None:
        send(answers, False)
    if not hide_answers:  # they name slopes
        printing.complain(warnings, "warning")
        printing.complain(notes, "note")
    results.end()
