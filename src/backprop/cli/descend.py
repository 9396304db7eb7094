"""`backprop descend`."""

from __future__ import annotations

import sys
from typing import Annotated, Optional

from backprop import commands
from backprop.cli import options, outputs
from backprop.cli.declared import Option
from backprop.cli.printing import chosen_format, complain, deliver, style_for, text_of
from backprop.cli.run import Finished
from backprop.cli.watch import Watch
from backprop.errors import BadOption
from backprop.language.families import MOST_VALUES

EXAMPLE = 'Example: backprop descend eqs.txt --set "a=2" --lr 0.001 --steps 10 --save eqs.txt'

Texts = list[str]


def descend(
    file: options.File = None,
    expr: options.Expressions = [],  # noqa: B006  a command line makes a new list each time
    set: options.Settings = [],  # noqa: B006
    values: options.Values = [],  # noqa: B006
    of: options.OneOutput = None,
    lr: Annotated[
        Optional[float],
        Option(
            "--lr",
            metavar="NUMBER",
            show_default=False,
            help="The step size. Default: a line search chooses it (adadelta, adamw, rprop: a number).",
        ),
    ] = None,
    steps: Annotated[int, Option("--steps", metavar="N", help="The most steps.")] = 1000,
    optimizer: Annotated[
        str,
        Option(
            "--optimizer",
            metavar="NAME",
            help="gd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, amsgrad, adamw, adamax,"
            ' nadam, radam, rprop, lbfgs, bfgs, cg or newton; with options: "adam(beta1=0.95)".',
        ),
    ] = "gd",
    schedule: Annotated[
        str,
        Option(
            "--schedule",
            metavar="NAME",
            help="How --lr changes: constant, linear, exponential, inverse, step or cosine.",
        ),
    ] = "constant",
    clip: Annotated[
        Optional[float],
        Option("--clip", metavar="NUMBER", show_default=False, help="The largest gradient norm."),
    ] = None,
    only: Annotated[
        Texts, Option("--only", metavar="NAMES", help='Move these inputs only: "a, w*".')
    ] = [],  # noqa: B006
    freeze: Annotated[
        Texts, Option("--freeze", metavar="NAMES", help="Leave these inputs where they are.")
    ] = [],  # noqa: B006
    bounds: Annotated[
        Texts, Option("--bounds", metavar="TEXT", help='Limits: "a=0..1, b=..5, w*=-1..1".')
    ] = [],  # noqa: B006
    maximize: Annotated[
        bool, Option("--maximize", help="Climb, so that the output rises.")
    ] = False,
    until_grad: Annotated[
        float,
        Option("--until-grad", metavar="NUMBER", help="Stop at this gradient norm."),
    ] = 1e-8,
    until_change: Annotated[
        Optional[float],
        Option(
            "--until-change",
            metavar="NUMBER",
            show_default=False,
            help="Stop when a step changes the output, or 1, by no more than this part of it.",
        ),
    ] = None,
    target: Annotated[
        Optional[float],
        Option("--target", metavar="NUMBER", show_default=False, help="Stop at this output."),
    ] = None,
    trace: Annotated[bool, Option("--trace", help="Print each step.")] = False,
    every: Annotated[
        Optional[int],
        Option(
            "--every",
            metavar="N",
            min=1,
            show_default=False,
            help="Trace and history take every Nth step only.",
        ),
    ] = None,
    explain_step: Annotated[
        Optional[int],
        Option(
            "--explain-step",
            metavar="K",
            min=1,
            show_default=False,
            help="Show update K with its numbers.",
        ),
    ] = None,
    history: Annotated[
        Optional[str],
        Option(
            "--history", metavar="FILE", show_default=False, help="Every step, as .csv or .json."
        ),
    ] = None,
    plot: Annotated[
        Optional[str],
        Option(
            "--plot",
            metavar="FILE",
            show_default=False,
            help="Output, gradient norm and parameters against the steps, as .svg, .png or .pdf.",
        ),
    ] = None,
    save: Annotated[
        Optional[str],
        Option(
            "--save",
            metavar="FILE",
            show_default=False,
            help="The equations with the new numbers in them; - is standard output.",
        ),
    ] = None,
    state: Annotated[
        Optional[str],
        Option(
            "--state",
            metavar="FILE",
            show_default=False,
            help="Where the optimizer stands: read if there is one, written at the end.",
        ),
    ] = None,
    whole: options.Whole = False,
    format: options.Format = None,
    output: options.Output = None,
    digits: options.Digits = None,
    seed: options.Seed = 0,
    max_nodes: options.MaxNodes = MOST_VALUES,
    engine: options.Engine = "auto",
) -> None:
    """Change the inputs step by step so that the output falls.

    Without --lr, a line search chooses every step. The report says why the descent stopped.
    """
    format = chosen_format(format, output)
    if trace and format != "table":
        raise BadOption(f"--trace is for tables, not for {format}", hints=["use --history FILE"])
    files = outputs.Files(history, plot, save, state)
    if explain_step and format in ("csv", "latex"):
        raise BadOption(f"--explain-step has no place in {format}", hints=["use --format table"])
    if every and not (trace or history or plot):
        raise BadOption("--every thins --trace, --history and --plot, and none is asked for")
    files.check(output, [file, *values])
    inputs = commands.Inputs(file, expr, values, set, seed, max_nodes)
    prepared = commands.descend(
        inputs,
        bounds,
        state,
        of=options.one_name(of),
        lr=lr,
        steps=steps,
        optimizer=optimizer,
        schedule=schedule,
        clip=clip,
        only=options.names(only),
        freeze=options.names(freeze),
        maximize=maximize,
        until_grad=until_grad,
        until_change=until_change,
        target=target,
        explain_step=explain_step or 0,
        engine=engine,
    )
    to_stdout = output in (None, "-") and save != "-"
    style = style_for(sys.stdout if to_stdout else None, digits)
    watch = Watch(prepared, style, to_stdout, steps, every or 1, trace)
    with watch.running():
        kept = (every or 1) if history or plot else 0
        report = prepared.run(watch, (every or 1) if trace else 0, kept, whole)
    found = report.descent
    if found.error is not None:
        complain(found.error.all)
    try:
        watch.after()
        if (
            save == "-" and output is None
        ):  # the equations go down the pipe, the report to the person
            report_text = text_of(report, format, style_for(sys.stderr, digits))
            sys.stderr.write("".join(watch.lines) + report_text)
            complain(report.warnings, "warning")
        else:
            deliver(report, format, output, digits, "".join(watch.lines))
    finally:  # a closed pipe must not cost the files
        files.write(prepared, report)
    if found.stopped == "interrupted":
        raise Finished(130)
    if found.stopped == "diverged":
        raise Finished(1)
