"""`check` of tables that memory does not hold: the gradient beside differences, by passes over files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from backprop.checks import differences
from backprop.checks.along import Along, Fast
from backprop.checks.asked import chosen
from backprop.checks.gradients import GradientCheck
from backprop.checks.in_rounds import in_rounds
from backprop.checks.quick_loops import are_many
from backprop.checks.rounding import EPSILON
from backprop.checks.together import COARSER, Computes, Standing, one_by_one, together
from backprop.checks.verdict import Check, Compared, judge
from backprop.descent.streamed_objective import StreamedObjective
from backprop.errors import BadData
from backprop.evaluation.hessian_matrix import inputs_by
from backprop.language import Model
from backprop.language.declarations import FREE
from backprop.streamed_matrices import StreamedPoint

_ROUNDINGS, _SHAKEN = 8.0, 1.5
"""So many roundings of the sizes of what is added up to a slope; and what the largest of three random changes
is to their mean square, as in checks of loops."""

_PART = 1e-12
"""What rounding does to a slope of which no sizes are known, relative."""


class _AlongStream(Along):
    """The output as a function of one number; nan where a row has no value."""

    def __init__(self, x: float, bounds: tuple[float, float], fast: Fast, rounding: float) -> None:
        self._stand(x, bounds, fast, rounding)


def check(
    model: Model, numbers: Mapping[str, float], of: str | None, among: Sequence[str]
) -> GradientCheck:
    """What `checks.check_gradient` finds, by values in doubles. Raises BadData, NotFinite, NotAnInput."""
    output = model.output(of)
    names = inputs_by(model, output, ())
    point = StreamedPoint(model, numbers, output, names, "auto")
    gradient, objective = point.gradient, point.objective
    inputs = chosen(model, gradient, among)
    start = numpy.array(point.x, dtype=float)
    try:
        sizes = _ROUNDINGS * EPSILON * numpy.abs(point.sizes().gradient)
    except BadData:  # of members that rows name
        sizes = _PART * numpy.abs(point.slopes)
    at = [names.index(name) for name in inputs]
    rounding = _SHAKEN * objective.rounding(point.x)
    bounds = [model.bounds.get(name, FREE) for name in inputs]
    low, high = numpy.array(bounds, dtype=float).reshape(-1, 2).T
    some = Standing(output, inputs, start[at], point.slopes[at], sizes[at], low, high)
    many = are_many(len(inputs), objective.steps)
    looks = partial(_looks, together if many else one_by_one, some, objective.steps, rounding)
    values = partial(_values, objective, start, at)
    found = in_rounds(looks, values, some.x, gradient.value, some.slopes, objective.most)
    return GradientCheck(gradient, found, "differences", many)


def _values(
    objective: StreamedObjective, start: Any, at: Sequence[int], points: Sequence[Any]
) -> list[float]:
    """The output at other numbers for some inputs."""
    every = numpy.tile(start, (len(points), 1))
    every[:, at] = points
    return objective.values(every.tolist())


def _looks(
    quickly: Callable[[Standing, Computes, int, float], dict[str, Check]],
    some: Standing,
    size: int,
    rounding: float,
    value: Computes,
) -> tuple[Check, ...]:
    """The checks of all inputs, those first for which quick looks are enough."""
    found = quickly(some, value, size, rounding)
    for number, name in enumerate(some.inputs):
        if name not in found:
            found[name] = _closer(some, number, value, rounding)
    return tuple(found[name] for name in some.inputs)


def _closer(point: Standing, at: int, output: Any, rounding: float) -> Check:
    """The check of an input by both sides of the point, or by the one that there is."""

    def fast(x: float) -> float:
        numbers = point.x.copy()
        numbers[at] = x
        found: float = output(numbers)
        return found

    x, slope, noise = (float(each[at]) for each in (point.x, point.slopes, point.noises))
    function = _AlongStream(x, (float(point.low[at]), float(point.high[at])), fast, rounding)
    coarse = partial(COARSER.__mul__, noise)
    asked = Compared(point.inputs[at], point.output, x, slope, noise, coarse)
    return judge(asked, differences.sides(function, function.inner))
