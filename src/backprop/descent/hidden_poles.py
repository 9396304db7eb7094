"""What rounding hides of how an output falls where doubles end: poles beside numbers that no double is, and
edges where a step on the way has no value.

1 - sin(x) is 0 or 1.1e-16 in doubles next to pi/2, and its logarithm falls beyond all bounds there.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from sys import float_info
from typing import Any

from backprop.descent.course import Run, Stop
from backprop.descent.endless import endless
from backprop.descent.graph_at_hand import graph_at_hand
from backprop.descent.leads import after, lower
from backprop.descent.objective import Point
from backprop.descent.problem import FEW
from backprop.errors import BackpropError, NotFinite, OutsideDomain
from backprop.numbers import shown

_MOST_STEPS, _WAYS = 2000, 3
"""The most steps of an output that is computed with many digits, and along how many inputs, the steepest."""

_HIDDEN, _LOST = 1e-4, 1e4
"""Rounding may hide a pole if it is more than this part of all that the output has fallen, and so many times
the last digit of the output."""

_DIGITS = 120
"""A pole is looked for by so many digits."""

_AROUND, _NEAR, _NEARER = 1e-3, 1e-20, 1e-40
"""So far around, in the scale of an input, and until so near and nearer."""

_GOES_ON = 0.3
"""An output that falls on by this part of what it fell before, when it is seen so much nearer, falls beyond
all bounds: a logarithm falls by as much."""

_ROUNDED = 4.0
"""A fall by so many times the rounding of the output may be none."""

_BESIDE = 1e-3
"""An edge is so near that it is met within this part of the scales of the inputs."""


def hidden_pole(run: Run, sizes: Point) -> Stop | None:
    """The end of a run beside a point towards which the output falls beyond all bounds, but where doubles are
    too far from one another to see that; else None. sizes: of the inputs."""
    problem = run.problem
    if len(run.x) > FEW or problem.size > _MOST_STEPS or not run.fallen:
        return None
    try:
        lost = problem.rounding(run.x)
    except BackpropError:
        return None
    if not max(_HIDDEN * run.fallen, _LOST * float_info.epsilon * abs(run.value)) < lost < inf:
        return None
    objective = graph_at_hand(problem.objective)
    if objective is None:
        return None
    from backprop.evaluation.precise import Precise  # mpmath takes 40 ms

    graph = objective.whole
    precise = Precise(graph, objective.numbers(run.x), _DIGITS)
    steep = sorted(range(len(run.x)), key=lambda at: -abs(run.gradient[at] * sizes[at]))
    for at in steep[:_WAYS]:
        node = objective.leaves[at]
        steps = graph.above(node)

        def value(shift: Any, node: int = node, steps: Any = steps) -> Any:
            found, _ = precise.at(node, steps, {}, shift)
            return found * int(problem.sign)

        if _falls_on(value, sizes[at], lost, run.value):
            where = f"{problem.names[at]} = {shown(run.x[at])}"
            hides = f"rounding, {shown(lost, 2)}, hides that from doubles"
            falls = f"{run.output} {run.falls}s beyond all bounds towards a pole beside {where}"
            return endless(run, f"{falls}, by values of many digits: {hides}")
    return None


def _falls_on(value: Callable[[Any], Any], size: float, lost: float, begun: float) -> bool:
    """Whether values fall and fall as the point where they are lowest is looked at nearer and nearer."""
    from backprop.special import context

    mp = context(_DIGITS)
    whole, golden = mp.mpf(size), (mp.sqrt(5) - 1) / 2
    low, high = -_AROUND * whole, _AROUND * whole
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = value(left), value(right)
    seen = list[Any]()
    for near in (_NEAR, _NEARER):
        while high - low > near * whole:
            if not (at_left == at_left and at_right == at_right):
                return False
            if at_left < at_right:
                high, right, at_right = right, left, at_left
                left = high - golden * (high - low)
                at_left = value(left)
            else:
                low, left, at_left = left, right, at_right
                right = low + golden * (high - low)
                at_right = value(right)
        seen.append(min(at_left, at_right))
    first, second = seen
    fell = begun - first
    return bool(fell > _ROUNDED * lost and first - second > _GOES_ON * fell)


def at_edge(run: Run, sizes: Point) -> Stop | None:
    """The end of a run right beside an edge where its slope leads and a step has no value, or where rounding
    hides that; else None. sizes: of the inputs."""
    problem = run.problem
    slopes = [slope * size for slope, size in zip(run.gradient, sizes, strict=True)]
    steepest = max(map(abs, slopes), default=0.0)
    if not 0 < steepest < inf:
        return None
    try:
        room = _ROUNDED * problem.rounding(run.x)
    except BackpropError:
        room = 0.0
    if problem.objective.is_smooth and _HIDDEN * run.fallen < room / _ROUNDED < inf:
        hides = (
            f"rounding, {shown(room / _ROUNDED, 2)}, hides how {run.output} goes on down its slope"
        )
        return Stop(
            "rounding", f"{after(run)}: {hides}: whether this is a {run.least} is not known"
        )
    part = max(float_info.epsilon, min(room / steepest, _BESIDE))
    while part <= _BESIDE:
        ways = zip(run.x, slopes, sizes, strict=True)
        point = problem.inside([at - part * by / steepest * size for at, by, size in ways])
        try:
            if problem.value(point) > run.value + room:
                return None
        except NotFinite as error:
            return _edge(run, problem.explained(error))
        part *= 2
    return None


def _edge(run: Run, error: NotFinite) -> Stop:
    """The end at an edge, by the step that has no value beyond."""
    problem, where = run.problem, "a little farther on the way down"
    if run.problem.sign < 0:
        where = "a little farther on the way up"
    if problem.bottomless:
        return endless(run, f"{run.output} {run.falls}s beyond all bounds where its slope leads")
    if isinstance(error, OutsideDomain):
        none = f"{run.output} is {lower(run)} at no point that was tried"
        edge = f"at the edge where {run.output} has no value"
        return Stop("corner", f"{edge} {after(run)}: {none}, and {where} {error.message}")
    still = f"{run.output} still {run.falls}s {after(run)}, and {where} {error.message}"
    return Stop("cannot go on", f"cannot go on: {still}", error)
