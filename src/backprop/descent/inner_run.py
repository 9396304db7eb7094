"""Short descents from points beside the end of a run, for what is to be known of that."""

from __future__ import annotations

from copy import copy
from math import inf, isfinite

from backprop.descent.course import NoLower, Run, Stop
from backprop.descent.objective import Point
from backprop.descent.optimizers import defaults
from backprop.descent.searches import chosen, descend
from backprop.errors import BackpropError

_STEPS, _FEWEST, _WORK = 60, 25, 1_000_000
"""Their most steps, and the least of them at which they end where steps of the graph times inputs are as many
as that: two seconds."""


def work_from(run: Run) -> int:
    """About how many steps in Python such a descent takes at most."""
    return _most_steps(run) * _work_of_step(run)


def _most_steps(run: Run) -> int:
    return max(_FEWEST, min(_STEPS, _WORK // _work_of_step(run)))


def _work_of_step(run: Run) -> int:
    return run.problem.work * (10 + len(run.x))


def lowest_from(run: Run, point: Point, held: int | None = None) -> tuple[float, Point | None]:
    """The lowest output that is found from a point while an input is held, if one is, and where that is; inf
    where there is no value."""
    problem = copy(run.problem)
    if held is not None:
        problem.low, problem.high = [*problem.low], [*problem.high]
        problem.low[held] = problem.high[held] = point[held]
        problem.bounded = True
    problem.start, problem.evaluations = point, 0
    options = {
        **run.options,
        "steps": _most_steps(run),
        "target": None,
        "until_grad": None,
    }
    options |= {"until_change": None, "every": None}
    least, there = inf, None
    try:
        inner = Run(problem, options)  # type: ignore[arg-type]
        least = inner.value
        row = chosen(problem)
        descend(row, defaults(row), inner, False)
    except (Stop, NoLower):
        _, least, there = inner.best
    except BackpropError:  # 1/(1 + exp(x)) is 0 where exp(x) is beyond all doubles
        last = problem.objective.last * problem.sign
        least = last if isfinite(last) else inf
    run.problem.evaluations += problem.evaluations
    return least, there
