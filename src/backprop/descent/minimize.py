"""`descend`: a Model, what to move and how, in; a Descent out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite
from typing import Unpack

from backprop.descent.begin import begin, begin_with_rows
from backprop.descent.choices import Limits, bounds_of, choice, given_bounds, parameters
from backprop.descent.corner import judged
from backprop.descent.course import NoLower, Run, Stop
from backprop.descent.errand import Errand, result_of, unexplained
from backprop.descent.first_order import FirstOrder
from backprop.descent.leads import Lead
from backprop.descent.objective import Ending
from backprop.descent.optimizers import (
    AUTO,
    LBFGS,
    NEWTON,
    OPTIMIZERS,
    SCHEDULES,
    Method,
    Minimizer,
    Optimizer,
    defaults,
)
from backprop.descent.problem import FEW, Interrupted, Problem
from backprop.descent.result import Descent, State
from backprop.descent.searches import chosen
from backprop.descent_options import DescentOptions, check_ranges, complete
from backprop.errors import BackpropError, BadOption, InfiniteSlope, TooLarge, raise_all
from backprop.evaluation.gradient import Gradient
from backprop.evaluation.leaves import outside
from backprop.language import Model
from backprop.language.declarations import FREE, written_bounds
from backprop.language.rewrite import moved_note
from backprop.names import family
from backprop.numbers import shown
from backprop.source import normal

_RUNS = 200
"""About so often an output is computed for a method that uses its second derivatives."""

_HARDLY = 1e-6
"""An output that is less than this part of all that it has fallen has come near to 0."""

_DEEP = 1e3
"""An output that is so many times as large as all that it has fallen has not grown beyond all bounds."""

_LIKE_DATA = 8
"""So many members that are given one by one are likely measured numbers."""


def descend(asked: Errand, **given: Unpack[DescentOptions]) -> tuple[Descent, Ending | None]:
    """What `Model.descend` says it does; and what is known of the last point, if memory is enough
    for that."""
    model, values, of, callback, callback_every, state, spool, _, _ = asked
    options = complete(given)
    row, numbers = choice("optimizer", options["optimizer"], OPTIMIZERS)
    if row is AUTO and (named := _named(options, state)):
        row, numbers = choice("optimizer", named, OPTIMIZERS)
    check_ranges(options)
    _check(row, options)
    if options["batch"]:
        from backprop.descent.minibatch_run import check_batches  # with numpy

        check_batches(row, options)
    output = model.output(of)
    maximize = options["maximize"]
    if of is None and model.goal:
        maximize = maximize or model.goal.kind == "maximize"
    bounds = given_bounds(options["bounds"])
    raise_all(outside(model, values or {}, bounds))
    free = parameters(model, output, options["only"], options["freeze"])
    limits = bounds_of(model, free, bounds)
    start = {normal(name): number for name, number in (values or {}).items()}
    others: list[str] = []
    if state:
        _check_state(state, row, model, free)
        known = state.parameters.items()
        others = [name for name, number in known if start.get(name, number) != number]
        start = {**start, **state.parameters}
    # where the step size is given, a compiled loop has its own evaluations
    runs = _RUNS if row is AUTO and len(free) <= FEW else 2 * options["steps"]
    how = options["engine"], runs, bool(options["lr"] or row.lr)
    if options["batch"]:
        objective, begun = begin_with_rows(model, start, output, free, options["engine"], 1)
    else:
        objective, begun = begin(model, start, output, free, *how)
    warnings = [*_like_data(model, start, free), *_start(begun, limits, free)]
    if others:
        listed = ", ".join(f"{name} = {shown(start[name])}" for name in others[:5])
        warnings.append(BackpropError(f"the state goes on from {listed}, not from what was given"))
    problem = Problem(objective, limits, maximize)
    if options["batch"] and isinstance(row, Optimizer):
        from backprop.descent.minibatch_run import by_batches

        return by_batches(asked, (row, numbers), problem, options, start, warnings)
    by_default = row is AUTO
    if by_default:
        row = chosen(problem)
        numbers = defaults(row)
    run = Run(problem, options, callback, state.steps if state else 0, callback_every, spool)
    if run.is_steep:
        run.start_gradient = [problem.sign * begun.gradients[name] for name in problem.names]
    method = FirstOrder(row, numbers, run, state) if isinstance(row, Optimizer) else None
    ended, stop, end = None, None, _end(run, row, numbers, method)
    try:
        while stop is None:
            try:
                ended = objective.ending(run.x)
                found = judged(run, end, ended, isinstance(row, Minimizer))
            except TooLarge as error:
                message = f"the end of the run is not looked at step by step: {error.message}"
                warnings.append(BackpropError(message, *error.labels, hints=error.hints))
                found = _unjudged(run, end)
            except Interrupted:
                found = run.interrupted()
            lead = found if isinstance(found, Lead) else None
            if isinstance(found, Stop):
                stop = found
            elif lead and (isinstance(row, Optimizer) or not run.goes_on()):
                stop = lead.stop
            else:
                end = _end(run, row, numbers, method, lead)
        if ended:
            run.settle(ended.gradient)
    except MemoryError:
        message = "not enough memory to compute the last step again as grad does"
        warnings.append(BackpropError(f"{message}; the last bits of its numbers may be others"))
    problem.is_interrupted = bool  # what is left is short
    warnings += unexplained(run, row, method)
    result = result_of(run, row, method, stop or _unjudged(run, end), warnings)
    if by_default and row is NEWTON and _has_led_away(run, result):
        # steps by second derivatives are long: shorter ones may lead to a minimum
        options["optimizer"] = LBFGS.name
        again, there = descend(asked._replace(spool=None), **options)
        if again.converged and run.problem.sign * (again.value - result.value) < 0:
            elsewhere = f"; newton from the start led to {shown(result.value)} ({result.stopped})"
            spent = result.evaluations + again.evaluations
            return replace(again, reason=again.reason + elsewhere, evaluations=spent), there
    return result, ended


def _has_led_away(run: Run, result: Descent) -> bool:
    """Whether a run has ended on a plateau or where rounding hides more, or comes near to a limit far out,
    that is not 0."""
    if result.stopped not in ("flat", "rounding", run.endless) or not isfinite(run.value):
        return False
    return _HARDLY * run.fallen < abs(run.value) < _DEEP * max(run.fallen, abs(run.highest)) < inf


def _unjudged(run: Run, end: Stop) -> Stop:
    """An end that nobody could look at."""
    if end.cause != "rest":
        return end
    where = f"nothing lowers {run.output} any more; whether this is a {run.least} is not known"
    return Stop("rounding", f"after step {run.number}: {where}")


def _named(options: DescentOptions, state: State | None) -> str:
    """The method that the other options ask for, "" if none."""
    if state:
        return state.optimizer
    if options["batch"] and not options["lr"]:
        return "adam"
    has_steps = options["lr"] or options["clip"] or options["explain_step"]
    return "gd" if has_steps or str(options["schedule"]).strip() != "constant" else ""


def _end(
    run: Run,
    row: Method,
    numbers: dict[str, float],
    method: FirstOrder | None,
    lead: Lead | None = None,
) -> Stop:
    """Run a descent from where it is to its end, and say why that is one. lead: where it goes on from."""
    try:
        try:
            if lead:
                run.follow(lead.point, lead.left)
            elif not run.left_at:
                run.begin()
                run.judge(inf)
            if isinstance(row, Minimizer):
                from backprop.descent import searches  # nor are these

                searches.descend(row, numbers, run, bool(lead and not lead.left))
            assert method
            method.descend()
        except NoLower:
            return Stop("rest", "nothing lowers the output any more")
    except Stop as found:
        return found
    except Interrupted:
        return run.interrupted()
    except MemoryError:
        return run.out_of_memory()
    raise AssertionError("a method ended without a verdict")


def _check(row: Method, options: DescentOptions) -> None:
    """Raise BadOption for options that the method does not read."""
    for name, given in (("lr", options["lr"]), ("clip", options["clip"])):
        if given is not None and isinstance(row, Minimizer):
            message = f"{row.name} chooses its own steps: --{name} has no meaning for it"
            raise BadOption(message, hints=[f"leave --{name} out, or take another optimizer"])
    if str(options["schedule"]).strip() != "constant":
        choice("schedule", options["schedule"], SCHEDULES)
        if not (options["lr"] or row.lr):
            message = "a schedule changes a given step size, and none is given"
            raise BadOption(message, hints=["give --lr as well"])


def _check_state(state: State, row: Method, model: Model, free: Sequence[str]) -> None:
    """Raise BadOption for the state of another descent."""
    where = model.source.name
    if state.optimizer != row.name:
        message = f"the state is one of {state.optimizer}, not of {row.name}"
        hint = f"go on with --optimizer {state.optimizer}, or begin another state file"
        raise BadOption(message, hints=[hint])
    if state.memory.keys() != row.state.keys():
        raise BadOption(f"this is no whole state of {row.name}", where=where)
    kept = state.parameters.keys()
    if kept != set(free) or any(column.keys() != kept for column in state.memory.values()):
        odd = sorted(kept ^ set(free))
        message = f"the state is of other parameters: {', '.join(odd[:8])}"
        hint = "a state continues the same equations with the same parameters free"
        raise BadOption(message, hints=[hint], where=where)


def _like_data(
    model: Model, start: Mapping[str, float], free: Sequence[str]
) -> list[BackpropError]:
    """What to say of families whose members were given number by number, and move; nothing where a
    family is const, or these have bounds, or were saved by a descent: it is known who moves."""
    if any(map(family, model.constants)):
        return []
    moving = [name for name in free if name not in model.bounds]
    alone = Counter(map(family, model.givers(moving)))
    others = [name for name in free if family(name) and name not in model.defaults]
    various = {(family(name), start[name]) for name in others}
    several = {each for each, count in Counter(name for name, _ in various).items() if count > 1}
    alone.update(filter(several.__contains__, map(family, others)))  # x[*] = 1 is one start for all
    text = model.source.text
    found = [
        f"{name}[*]"
        for name, count in alone.items()
        if count >= _LIKE_DATA and moved_note(f"{name}[1]") not in text
    ]
    if not found:
        return []
    verb, it = ("look", "them") if len(found) > 1 else ("looks", "it")
    message = (
        f"{' and '.join(found)} {verb} like data, and the descent moves {it}; to keep {it}, write"
    )
    return [BackpropError(f"{message}: const {', '.join(found)}")]


def _start(begun: Gradient, limits: Limits, free: Sequence[str]) -> list[BackpropError]:
    """What to say of the start. Raises BadOption where a parameter cannot move."""
    warnings: list[BackpropError] = []
    for name in free:
        number = begun.data[name]
        if not isfinite(number):
            message = f"{name} = {shown(number)} cannot move"
            raise BadOption(message, hints=[f"give it another number, or --freeze {name}"])
        low, high = limits.get(name, FREE)
        if not low <= number <= high:
            nearest = low if number < low else high
            limits_ = written_bounds(low, high)
            message = f"{name} = {shown(number)} lies outside its bounds {limits_}"
            warnings.append(BackpropError(f"{message}; the descent starts at {shown(nearest)}"))
    # Whether an infinite slope matters to a free parameter shows at once: Run asks for gradients.
    warnings += [each for each in begun.warnings if not isinstance(each, InfiniteSlope)]
    return warnings
