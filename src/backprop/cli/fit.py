"""`backprop fit`."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Annotated

from backprop import commands
from backprop.cli import printing
from backprop.cli.printing import (
    Digits,
    Format,
    Output,
    chosen_format,
    deliver,
    put,
    transparent_option,
    width_option,
    write,
)
from backprop.errors import BadOption
from backprop.fit_options import FitOptions, complete
from backprop.inputs import Inputs, say
from backprop.numbers import either, few
from backprop.options import option
from backprop.places import STANDARD
from backprop.reports import CORNERS, DOCUMENTS, FIT_PLOTS, HISTORIES, TABLES
from backprop.reports.style import Style

if TYPE_CHECKING:
    from backprop.fit.fit_points import FitPoint
    from backprop.fitted import Fitting
    from backprop.report.fit_report import FitReport

EXAMPLE = 'Example: backprop fit -e "y ~ a*exp(-b*x)" --data rows.csv'

_NO_FORMAT = "its ending says no format"


def fit(
    inputs: Inputs,
    options: FitOptions,
    *,
    trace: bool = option("--trace", "Print each step."),
    history: str | None = option(
        "--history FILE", f"Every step, as {either(HISTORIES.endings)}.", None, path="written"
    ),
    explain_row: int | None = option(
        "--explain-row N",
        "After the table, the chain rule of the residual of this row of --data, from 1 on.",
        min=1,
    ),
    predict: str | None = option(
        "--predict FILE",
        "A table of the model's values, residuals and bands in each row, as .csv, .json or .md.",
        None,
        path="written",
    ),
    at: str | None = option(
        "--at FILE",
        "Other rows for --predict: a table as --data reads it.",
        None,
        path="tables",
        needs=("predict",),
    ),
    plot: str | None = option(
        "--plot FILE",
        f"Data, curve, bands and residuals, as {either(FIT_PLOTS.endings)}.",
        None,
        path="written",
    ),
    corner: str | None = option(
        "--corner FILE",
        f"Where parameters lie two by two, as {either(CORNERS.endings)}.",
        None,
        path="written",
    ),
    transparent: Annotated[bool, transparent_option("plot", "corner")],
    width: Annotated[int | None, width_option("672", "plot", "corner")],
    save: str | None = option(
        "--save FILE",
        "The equations with the fitted numbers in them; - is standard output.",
        None,
        path="saved",
    ),
    format: Format,
    output: Output,
    digits: Digits,
) -> None:
    """Fit a model to rows of data: its parameters, with their errors.

    The model is a statement y ~ a*exp(-b*x), or any sum of squares or likelihood (--of). Parameters are the
    inputs that are neither columns nor const; one without a number gets a start from the data.
    """
    format = chosen_format(format, output)
    if explain_row and format != "table":
        hints = ["backprop explain --row does so alone, with --values fit.json"]
        raise BadOption(f"--explain-row is for tables, not for {format}", hints=hints)
    kept = history and HISTORIES.of_file(history, f"--history {history}: {_NO_FORMAT}")
    predicted = predict and TABLES.of_file(predict, f"--predict {predict}: {_NO_FORMAT}")
    plotted = plot and FIT_PLOTS.of_file(plot, f"--plot {plot}: {_NO_FORMAT}")
    cornered = corner and CORNERS.of_file(corner, f"--corner {corner}: {_NO_FORMAT}")
    from backprop.fitted import prepared
    from backprop.numbers import shown

    ready = prepared(inputs, complete(options))
    # what can be wrong with these is said before the work is done
    if explain_row:
        commands.look_at_row(ready.whole(), explain_row, ready.output)
    grid = None
    if predict and at:
        grid = ready.opened._replace(tables=inputs._replace(where=()).tables([at]))
    numbers = count()
    points = list[tuple[float, list[float]]]()

    def tell(point: FitPoint) -> None:
        if history:
            points.append((point.squares, point.x.tolist()))
        if trace:
            show(point)

    def show(point: FitPoint) -> None:
        parts = (
            f"{n} = {shown(x, 6)}" for n, x in zip(ready.called, point.x.tolist(), strict=True)
        )
        put(f"{next(numbers):>4}  {shown(point.squares, 8)}  {', '.join(parts)}\n", sys.stderr)

    report = ready.run(tell) if trace or history else ready.run()
    results = printing.Results()
    with results.each():
        deliver(report, format, output, digits, (), sys.stderr if save == STANDARD else sys.stdout)
    if explain_row:
        with results.each():
            _explain(inputs, ready, report, explain_row, digits)
    if history and kept:
        with results.each():
            from backprop.report.fit_history import FitHistory

            steps = FitHistory(report.output, ready.called, points)
            write(history, "".join(HISTORIES.writer(kept)(steps, Style())).encode())
    if save is not None and report.converged:
        with results.each():
            text = ready.saved(report)
            put(text) if save == STANDARD else write(save, text.encode())
    if predict and predicted and report.converged:
        from backprop.predicting import fitted_rows

        with results.each():
            made = fitted_rows(ready, report.found, report.level, grid)
            for said in made.left_out:
                say(said)
            write(predict, TABLES.writer(predicted)(made, Style()).encode())
    if plot and plotted and report.converged:
        from backprop.fit_pictures import picture_of

        with results.each():
            picture = picture_of(ready, report.found, report.level)
            write(plot, FIT_PLOTS.writer(plotted)(picture, plotted, transparent, width))
    if corner and cornered and report.converged:
        from backprop.cornering import corner_of

        with results.each():
            pairs = corner_of(ready, report.found, report.level)
            write(corner, CORNERS.writer(cornered)(pairs, cornered, transparent, width))
    results.end()
    asked = [file for file in (save, predict, plot, corner) if file is not None]
    if asked and not report.converged:
        say(f"not converged: {few(asked)} {'is' if len(asked) == 1 else 'are'} not written")
    if not report.converged:
        raise printing.Finished(1)


def _explain(
    inputs: Inputs, ready: Fitting, report: FitReport, row: int, digits: int | None
) -> None:
    """Print the chain rule of a row's residual at the fitted numbers."""
    fitted = [f"{name}={number!r}" for name, number in ready.inputs(report).items()]
    at = inputs._replace(settings=[*inputs.settings, *fitted])
    if ready.grouped:  # whose equations have other names than settings do
        whole = (ready.opened.source.text,)
        at = inputs._replace(file=None, expressions=whole, settings=fitted, values=())
    found, _ = commands.explain(at, "equations", (), (), "both", False, row)
    put("\n")
    printing.send(lambda style: DOCUMENTS.writer("text")(found, style, False), None, digits)
