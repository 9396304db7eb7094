"""`backprop fit`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

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
from backprop.descent_options import GivenBounds
from backprop.inputs import Inputs
from backprop.numbers import either
from backprop.options import names_option, option
from backprop.places import STANDARD
from backprop.reports import FIT_PLOTS, TABLES
from backprop.reports.style import Style

if TYPE_CHECKING:
    from backprop.fitted import Fitting
    from backprop.report.fit_report import FitReport

EXAMPLE = 'Example: backprop fit -e "y ~ a*exp(-b*x)" --data rows.csv'


def fit(
    inputs: Inputs,
    *,
    freeze: Sequence[str] = names_option("--freeze", "Hold these parameters.", "inputs"),
    only: Sequence[str] = names_option("--only", "Fit these parameters only.", "inputs"),
    bounds: GivenBounds | None = option(
        "--bounds TEXT",
        'Limits, instead of those in the equations: "a=0..1, b=..5".',
        None,
        offers="bounds",
    ),
    sigma: str = option(
        "--sigma TEXT",
        "The error of each row: a column, a number, or an expression of columns.",
        "",
    ),
    absolute_sigma: bool = option(
        "--absolute-sigma",
        "--sigma is the error itself; otherwise it only weighs rows.",
        needs=("sigma",),
    ),
    starts: int = option(
        "--starts N", "Runs from so many starts, all but one at random.", 1, min=1
    ),
    steps: int = option("--steps N", "The most steps of a run.", 2000, min=1),
    intervals: str | None = option(
        "--intervals profile|bootstrap",
        "Intervals that need not be symmetric: by profiles of the sum of squares, or by samples of the rows.",
        None,
        choices=("profile", "bootstrap"),
    ),
    level: float = option("--level NUMBER", "How sure intervals and bands are.", 0.95),
    correlations: bool = option("--correlations", "All correlations, and not only large ones."),
    trace: bool = option("--trace", "Print each step."),
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
        path="read",
        needs=("predict",),
    ),
    plot: str | None = option(
        "--plot FILE",
        f"Data, curve, bands and residuals, as {either(FIT_PLOTS.endings)}.",
        None,
        path="written",
    ),
    transparent: Annotated[bool, transparent_option("plot")],
    width: Annotated[int | None, width_option("672", "plot")],
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

    The model is a statement y ~ a*exp(-b*x), or any sum of squares (--of). Parameters are the inputs that
    are neither columns nor const; one without a number gets a start from the data.
    """
    if predict is not None:
        TABLES.of_file(predict, f"--predict {predict}: its ending says no format")
    plotted = ""
    if plot is not None:
        plotted = FIT_PLOTS.of_file(plot, f"--plot {plot}: its ending says no format")
    from backprop.fit.levenberg import FitPoint
    from backprop.fitted import FitOptions, prepared
    from backprop.numbers import shown

    format = chosen_format(format, output)
    options = FitOptions(
        only,
        freeze,
        bounds,
        sigma,
        absolute_sigma,
        starts,
        inputs.seed,
        steps,
        correlations,
        intervals or "",
        level,
    )
    ready = prepared(inputs, options)
    count = 0

    def tell(point: FitPoint) -> None:
        nonlocal count
        parts = (f"{n} = {shown(x, 6)}" for n, x in zip(ready.names, point.x.tolist(), strict=True))
        put(f"{count:>4}  {shown(point.squares, 8)}  {', '.join(parts)}\n", sys.stderr)
        count += 1

    report = ready.run(tell) if trace else ready.run()
    results = printing.Results()
    with results.each():
        deliver(report, format, output, digits, (), sys.stderr if save == STANDARD else sys.stdout)
    if save is not None and report.converged:
        with results.each():
            text = ready.saved(report.inputs)
            put(text) if save == STANDARD else write(save, text.encode())
    if predict is not None and report.converged:
        with results.each():
            write_rows(inputs, ready, report, predict, at)
    if plot is not None and report.converged:
        from backprop.predicting import picture_of

        with results.each():
            shown_fit = picture_of(ready, report.found, report.level)
            drawn = FIT_PLOTS.writer(plotted)(shown_fit, plotted, transparent, width)
            write(plot, drawn)
    results.end()
    if not report.converged:
        raise printing.Finished(1)


def write_rows(
    inputs: Inputs, ready: Fitting, report: FitReport, path: str, at: str | None
) -> None:
    """Write what the model says of the rows of its table, or of another one."""
    from backprop.predicting import fitted_rows

    opened = None
    if at is not None:
        opened = ready.opened._replace(tables=inputs.tables([at]))
    made = fitted_rows(ready, report.found, report.level, opened)
    format = TABLES.of_file(path, f"--predict {path}: its ending says no format")
    write(path, TABLES.writer(format)(made, Style()).encode())
