"""What a descent is asked, and what comes out of it once its run has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from backprop.descent.course import Run, Stop
from backprop.descent.history import Best, Callback, ToldBetween
from backprop.descent.optimizers import Method
from backprop.descent.result import Descent, State
from backprop.descent.spool import Spool
from backprop.errors import BackpropError
from backprop.language import Model
from backprop.language.laid import Data


class Errand(NamedTuple):
    """A descent that somebody asks for, besides its options; all as of `Model.descend`. spool: for a history
    that is not to grow in memory. validate: tables of rows that no update sees. between: is told of a run
    by minibatches now and then, between epochs."""

    model: Model
    values: Mapping[str, float] | None = None
    of: str | None = None
    callback: Callback | None = None
    callback_every: int = 1
    state: State | None = None
    spool: Spool | None = None
    validate: Sequence[Data] = ()
    between: ToldBetween | None = None


class AtWork(Protocol):
    """What a method of the table knows of its steps, as FirstOrder has it."""

    state: dict[str, list[float]]
    k: int
    searched: float | None
    explained: list[str]


def unexplained(
    run: Run, row: Method, method: AtWork | None, steps: tuple[int, int] | None = None
) -> list[BackpropError]:
    """Why the step that was asked for is not explained, where it is not. steps: before this run, and in all,
    if these are not the run's own."""
    before, number = steps or (run.before, run.number)
    wanted = run.options["explain_step"]
    if not wanted or (method and method.explained):
        return []
    if not method:
        why = f"no formula says how {row.name} finds its steps"
    elif wanted <= before:
        why = f"this run began after step {before}"
    else:
        why = f"the run ended after step {number}"
    return [BackpropError(f"step {wanted} cannot be explained: {why}")]


def result_of(
    run: Run, row: Method, method: AtWork | None, stop: Stop, warnings: list[BackpropError]
) -> Descent:
    problem, last = run.problem, run.last
    relieved, since = run.relieved
    named, sign = problem.named, problem.sign

    def by_name(column: Sequence[float]) -> dict[str, float]:
        return named([sign * number + 0.0 for number in column])

    step, value, x = run.best
    state = State(row.name, run.number, named(run.x))
    if method:
        memory = {key: named(column) for key, column in method.state.items()}
        state = replace(state, updates=method.k, searched=method.searched, memory=memory)
    return Descent(
        output=problem.output,
        value=last.value,
        parameters=last.parameters,
        gradients=by_name(run.gradient),
        start_value=run.start.value,
        start=run.start.parameters,
        start_gradients=by_name(run.start_gradient),
        steps=run.count,
        stopped=stop.cause,
        reason=stop.reason + run.led + (relieved if run.number > since else ""),
        converged=stop.converged,
        best=Best(step, value * sign, named(x)),
        optimizer=row.name,
        maximize=sign < 0,
        bounds=problem.bounds,
        gradient_norm=run.norm,
        evaluations=problem.evaluations,
        values=run.values,
        values_every=run.values_every,
        history=run.history,
        state=state,
        explained=tuple(method.explained if method else ()),
        error=stop.error,
        warnings=tuple(warnings),
    )
