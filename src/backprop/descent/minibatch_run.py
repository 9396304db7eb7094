"""Descents by minibatches, from what is asked to the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backprop.descent.begin import begin_with_rows
from backprop.descent.errand import Errand, result_of, unexplained
from backprop.descent.minibatch_rows import RowsOutput, with_tables
from backprop.descent.minibatches import EPOCHS, EpochRun, Minibatches
from backprop.descent.objective import Ending, GraphObjective, Point
from backprop.descent.optimizers import ByName, Method, Minimizer, Optimizer
from backprop.descent.problem import Problem
from backprop.descent.result import Descent
from backprop.descent_options import DescentOptions
from backprop.errors import BackpropError, BadOption, NotFinite, TooLarge
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.loops.many import NotLoops
from backprop.numbers import listed


def check_batches(row: Method, options: DescentOptions) -> None:
    """Raise BadOption for options that make no sense with --batch."""
    if isinstance(row, Minimizer):
        message = f"{row.name} compares outputs of one function, and every batch is another one"
        raise BadOption(message, hints=["take --optimizer adam, or leave --batch out"])
    if row.whole:
        message = f"{row.name} takes no batches: {row.whole}"
        raise BadOption(message, hints=["take --optimizer adam, or leave --batch out"])
    if not (options["lr"] or row.batch_lr):
        message = f"{row.name} by batches needs a step size: no line search can choose one"
        raise BadOption(message, hints=["give one, such as --lr 0.01, or take --optimizer adam"])
    for name in ("until_grad", "until_change", "target"):
        if options[name] is not None:
            flag = f"--{name.replace('_', '-')}"
            message = (
                f"{flag} is of the output of all rows, which a run by batches does not compute"
            )
            raise BadOption(message, hints=["leave it out; --validate and --patience stop a run"])
    if options["starts"] != 1:
        raise BadOption("--starts has no meaning with --batch", hints=["leave it out"])
    if options["steps"] != 1000:
        hints = ["say how often all rows are gone through: --epochs 10"]
        raise BadOption("--steps has no meaning with --batch", hints=hints)


def by_batches(
    asked: Errand,
    method: tuple[Optimizer, ByName],
    problem: Problem,
    options: DescentOptions,
    start: Mapping[str, float],
    warnings: list[BackpropError],
) -> tuple[Descent, Ending | None]:
    """What `descend` does where minibatches are asked for. problem: of all rows. start: numbers of inputs
    that were given."""
    model, state, (row, numbers) = asked.model, asked.state, method
    rows = _rows(model, problem)
    batches = -(-rows.count // min(options["batch"] or 1, rows.count))
    before = state.steps // batches if state else 0
    validation = _validation(asked, problem, start, options["epochs"] or EPOCHS)
    told = asked.callback, before, asked.callback_every, asked.spool
    run = EpochRun(problem, options, *told)
    work = Minibatches(row, numbers, run, rows, start, validation, state, asked.between)
    stop = work.descend()
    last = work.last_state()
    work.end()
    ended: Ending | None = None
    try:
        ended = _ending(problem, run.x)
        run.settle(ended.gradient)
    except (TooLarge, NotFinite, NotLoops, MemoryError) as error:
        message = f"the output of all rows at the end is not known: {error}"
        warnings.append(BackpropError(message))
    begun = work.updates - work.course.updates
    warnings += unexplained(run, row, work, (begun, work.updates))
    found = result_of(run, row, work, stop, warnings)
    return replace(found, state=last, epochs=work.course), ended


def _rows(model: Model, problem: Problem) -> RowsOutput:
    """The rows of all batches. Raises BadOption."""
    if model.laid:
        from backprop.data_streamed import is_streamed  # for data only

        if is_streamed(model.laid):
            from backprop.descent.streamed_rows import StreamedRowsOutput

            return StreamedRowsOutput(model, problem.output, problem.names)
    return RowsOutput(model, problem.output, problem.names)


def _ending(problem: Problem, x: Point) -> Ending:
    """Output and gradient of all rows at a point: of loops without more that would be known of it."""
    objective = problem.objective
    if isinstance(objective, GraphObjective):
        return objective.ending(x)
    value, slopes = objective.value(x), objective.gradient()
    gradient = Gradient(problem.output, value, {}, problem.named(slopes))
    return Ending(gradient, lambda: objective.graph.ending(x).evaluation())


def _validation(
    asked: Errand, problem: Problem, start: Mapping[str, float], epochs: int
) -> Problem | None:
    """The output of other rows, which a run is validated with."""
    if not asked.validate:
        return None
    known = {name for table in asked.validate for name in table.names}
    laid, text = asked.model.laid, asked.model.source.text
    # comparisons with texts are columns, too, which are in no text
    lacking = [name for name in laid.columns if name not in known and name in text] if laid else []
    if lacking:
        message = f"--validate {asked.validate[0].name} has no column {listed(lacking)}"
        raise BadOption(message, hints=["name a file with the columns of --data"])
    model = with_tables(asked.model, asked.validate)
    given = model, start, problem.output, problem.names
    objective, _ = begin_with_rows(*given, "auto", epochs)
    return Problem(objective, problem.bounds, problem.sign < 0)
