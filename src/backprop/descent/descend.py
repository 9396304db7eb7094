"""`descend`: a Model, what to move and how, in; a Descent out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite, isnan
from typing import Unpack

from backprop.descent.batch import Batches
from backprop.descent.choices import bounds_of, choice, parameters
from backprop.descent.explain import explanation
from backprop.descent.first_order import FirstOrder
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES, Minimizer, Optimizer, Schedule
from backprop.descent.problem import Problem
from backprop.descent.result import Descent, State
from backprop.descent.run import Best, Callback, NoLower, Run, Stop
from backprop.descent.update import factor
from backprop.engine.program import choose
from backprop.errors import BackpropError, BadOption, InfiniteSlope, NoMachineCode
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.language import Model
from backprop.numbers import shown
from backprop.options import DescentOptions, complete
from backprop.source import normal
from backprop.values import Numbers

_STEP, _PARAMETER = 12e-6, 1.5e-6
"""Seconds that a step takes in Python besides value and gradient, and for each parameter."""


def descend(
    model: Model,
    values: Mapping[str, float] | None = None,
    *,
    of: str | None = None,
    callback: Callback | None = None,
    callback_every: int = 1,
    state: State | None = None,
    **given: Unpack[DescentOptions],
) -> tuple[Descent, Numbers]:
    """What `Model.descend` says it does; and the numbers of all rows of the Model at the last point."""
    options = complete(given)
    row, numbers = choice("optimizer", options["optimizer"], OPTIMIZERS)
    _check(row, options)
    output = model.output(of)
    free = parameters(model, output, options["only"], options["freeze"])
    limits = bounds_of(model, free, options["bounds"] or {})
    if limits and isinstance(row, Minimizer) and not row.bounds:
        raise BadOption(f"{row.name} knows no bounds", hints=["use --optimizer lbfgs"])
    start = {normal(name): number for name, number in (values or {}).items()}
    if state:
        _check_state(state, row, model, free)
        others = [
            name for name, number in state.parameters.items() if start.get(name, number) != number
        ]
        start = {**start, **state.parameters}
    begun = evaluate(model, start, output)
    warnings = _start(begun.gradient, limits, free)
    if state and others:
        listed = ", ".join(f"{name} = {shown(state.parameters[name])}" for name in others[:5])
        warnings.append(BackpropError(f"the state goes on from {listed}, not from what was given"))
    engine = options["engine"]
    lr = options["lr"] or (row.lr if isinstance(row, Optimizer) else None)
    evaluations = 1 if lr else 2 * options["steps"]  # the compiled loop has its own
    problem = Problem(
        model, begun, free, limits, options["maximize"], "auto" if lr else engine, evaluations
    )
    before = state.steps if state else 0
    run = Run(problem, options, callback, before, callback_every)
    method: FirstOrder | None = None
    if isinstance(row, Optimizer):
        change, rates = choice("schedule", options["schedule"], SCHEDULES)
        length = float(before + options["steps"])
        rates = {key: length if isnan(number) else number for key, number in rates.items()}
        clip, explained = options["clip"] or inf, options["explain_step"] or 0
        method = FirstOrder(row, numbers, lr, factor(change, rates), clip, explained)
        if lr:
            method.batches = _batches(problem, row, numbers, (change, rates), options)
        if state:
            method.state = {key: [state.memory[key][name] for name in free] for key in row.state}
            method.k, method.searched = state.updates, state.searched
    try:
        run.begin(_is_minimum)
        if method:
            method.descend(run)
        else:
            assert isinstance(row, Minimizer)
            from backprop.descent import second_order  # scipy's methods are not always wanted

            second_order.descend(row, numbers, run)
        raise AssertionError("a method ended without a verdict")
    except Stop as found:
        stop = found
    except NoLower:
        stop = run.no_lower()
    ended = evaluate(model, {**start, **dict(zip(free, run.x, strict=True))}, output)
    run.settle(ended.gradient)
    run.finish_history()
    return _result(run, row, method, stop, warnings, numbers, limits), ended.numbers


def _is_minimum(run: Run) -> bool:
    from backprop.descent.second_order import is_minimum

    return is_minimum(run)


def _batches(
    problem: Problem,
    row: Optimizer,
    numbers: Mapping[str, float],
    schedule: tuple[Schedule, Mapping[str, float]],
    options: DescentOptions,
) -> Batches | None:
    """The compiled loop, if it is worth its compilation; None: step by step in Python.

    Raises NoMachineCode if it is asked for and cannot be had.
    """
    engine = options["engine"]
    around = _STEP + _PARAMETER * len(problem.leaves)
    if choose(engine, problem.size, options["steps"], around) is not None:
        return None
    try:
        return Batches(problem, row, numbers, schedule, options)
    except NoMachineCode:
        if engine == "native":
            raise
        return None


def _check(row: Optimizer | Minimizer, options: DescentOptions) -> None:
    """Raise BadOption for options that the method does not read."""
    if isinstance(row, Minimizer):
        for name, given in (("lr", options["lr"]), ("clip", options["clip"])):
            if given is not None:
                raise BadOption(
                    f"{row.name} chooses its own steps: --{name} has no meaning for it",
                    hints=[f"leave --{name} out, or take another optimizer"],
                )
    if options["schedule"].strip() != "constant":
        choice("schedule", options["schedule"], SCHEDULES)
        if isinstance(row, Minimizer) or (options["lr"] or row.lr) is None:
            raise BadOption(
                "a schedule changes a given step size, and none is given",
                hints=["give --lr as well"],
            )


def _check_state(
    state: State, row: Optimizer | Minimizer, model: Model, free: Sequence[str]
) -> None:
    if state.optimizer != row.name:
        raise BadOption(
            f"the state is one of {state.optimizer}, not of {row.name}",
            hints=[f"go on with --optimizer {state.optimizer}, or begin another state file"],
        )
    names = row.state.keys() if isinstance(row, Optimizer) else set()
    if state.memory.keys() != names:
        raise BadOption(f"this is no whole state of {row.name}", where=model.source.name)
    kept = set(state.parameters)
    if kept != set(free) or any(set(column) != kept for column in state.memory.values()):
        odd = sorted(kept.symmetric_difference(free))
        raise BadOption(
            f"the state is of other parameters: {', '.join(odd[:8])}",
            hints=["a state continues the same equations with the same parameters free"],
            where=model.source.name,
        )


def _start(
    begun: Gradient, limits: Mapping[str, tuple[float, float]], free: Sequence[str]
) -> list[BackpropError]:
    """What to say of the start. Raises BadOption where a parameter cannot move."""
    warnings: list[BackpropError] = []
    for name in free:
        number = begun.data[name]
        if not isfinite(number):
            message = f"{name} = {number:g} cannot move"
            raise BadOption(message, hints=[f"give it another number, or --freeze {name}"])
        low, high = limits.get(name, (-inf, inf))
        if not low <= number <= high:
            nearest = low if number < low else high
            message = f"{name} = {number:g} lies outside its bounds {low:g}..{high:g}"
            warnings.append(BackpropError(f"{message}; the descent starts at {nearest:g}"))
    # Whether an infinite slope matters to a free parameter shows at once: Run asks for gradients.
    warnings += [each for each in begun.warnings if not isinstance(each, InfiniteSlope)]
    return warnings


def _result(
    run: Run,
    row: Optimizer | Minimizer,
    method: FirstOrder | None,
    stop: Stop,
    warnings: list[BackpropError],
    numbers: Mapping[str, float],
    limits: dict[str, tuple[float, float]],
) -> Descent:
    problem = run.problem
    names, sign = problem.names, problem.sign

    def named(column: Sequence[float]) -> dict[str, float]:
        return dict(zip(names, column, strict=True))

    def derivatives(column: Sequence[float]) -> dict[str, float]:
        return {name: sign * number + 0.0 for name, number in named(column).items()}

    explained: list[str] = []
    if explain_step := run.options["explain_step"]:
        if method and method.explained and isinstance(row, Optimizer):
            explained = explanation(row, numbers, names, problem.output, method.explained, sign < 0)
        else:
            steps = run.before + run.count
            ended = f"the run ended after step {steps}"
            if explain_step <= run.before:
                ended = f"this run began after step {run.before}"
            why = ended if method else f"{row.name} is scipy's"
            warnings.append(BackpropError(f"step {explain_step} cannot be explained: {why}"))
    start_x, start_value, start_gradient = run.start
    step, value, x = run.best
    state = State(row.name, run.before + run.count, named(run.x))
    if method:
        memory = {key: named(column) for key, column in method.state.items()}
        state = replace(state, updates=method.k, searched=method.searched, memory=memory)
    return Descent(
        output=problem.output,
        value=run.value * sign,
        parameters=named(run.x),
        gradients=derivatives(run.gradient),
        start_value=start_value,
        start=named(start_x),
        start_gradients=derivatives(start_gradient),
        steps=run.count,
        stopped=stop.cause,
        reason=stop.reason + run.relieved,
        converged=stop.converged,
        best=Best(step, value * sign, named(x)),
        optimizer=row.name,
        maximize=sign < 0,
        bounds=limits,
        gradient_norm=run.norm,
        evaluations=problem.evaluations,
        values=run.values,
        values_every=run.values_every,
        history=run.history,
        state=state,
        explained=tuple(explained),
        error=stop.error,
        warnings=tuple(warnings),
    )
