"""`backprop descend`."""

import sys
from collections.abc import Sequence

from backprop import descending
from backprop.cli import printing
from backprop.cli.onlooker import Onlooker
from backprop.cli.outputs import Files
from backprop.descent_options import DescentOptions
from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.options import option
from backprop.places import STANDARD
from backprop.reports import WITHOUT_NOTES

EXAMPLE = 'Example: backprop descend eqs.txt --set "a=2" --lr 0.001 --steps 10 --save eqs.txt'


def descend(
    inputs: Inputs,
    options: DescentOptions,
    *,
    trace: bool = option("--trace", "Print each step."),
    validate: Sequence[str] = option(
        "--validate FILE",
        "Rows that no update sees: their output is computed after each epoch; repeatable.",
        path="tables",
        needs=("batch",),
    ),
    files: Files,
    whole: printing.Whole,
    format: printing.Format,
    output: printing.Output,
    digits: printing.Digits,
) -> None:
    """Change the inputs step by step so that the output falls.

    Without --lr, every step is chosen for you. The last line says why the descent stopped.
    """
    format = printing.chosen_format(format, output)
    if trace and format != "table":
        raise BadOption(f"--trace is for tables, not for {format}", hints=["use --history FILE"])
    every = options["every"]
    if options["explain_step"] and format in WITHOUT_NOTES:
        raise BadOption(f"--explain-step has no place in {format}", hints=["use --format table"])
    kept = files.history or files.plot
    files.check()
    options["every"] = (every or 1) if kept else None
    prepared = descending.descend(inputs, options, files.state, validate)
    save = files.save
    to_stdout = output in (None, STANDARD) and save != STANDARD
    style = printing.style_for(sys.stdout if to_stdout else None, digits)
    onlooker = Onlooker(prepared, style, to_stdout, every or 1, trace)
    with onlooker.writing():
        with onlooker.running():
            often = (every or 1) if trace else 0
            between = files.between(prepared)
            report = prepared.run(onlooker, often, whole, files.folder, between)
        found = report.descent
        if found.error is not None:
            printing.complain(found.error.all)
        results = printing.Results()
        with results.each():
            onlooker.after()
            # where the equations go down the pipe, the report goes to the person, if there is one
            stream = sys.stderr if save == STANDARD else sys.stdout
            if stream is not None or output is not None or save != STANDARD:
                printing.deliver(report, format, output, digits, onlooker.lines, stream)
        files.write(prepared, report, results)
        results.end()
    if found.error is not None:
        raise printing.Finished(1)
    if found.stopped == "interrupted":
        raise printing.Finished(onlooker.status)
