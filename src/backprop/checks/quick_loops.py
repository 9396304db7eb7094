"""The gradient of a Model of loops against differences, whose values come from its loops."""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import NamedTuple

import numpy

from backprop.checks.asked import chosen
from backprop.checks.together import Standing, one_by_one, together
from backprop.checks.verdict import Check
from backprop.evaluation.gradient import Gradient, by_loops
from backprop.language import Model
from backprop.language.declarations import FREE
from backprop.loops.domains import Reals
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import build
from backprop.source import normal

_LOOKS = 100
"""About so many times the output is computed for an input."""

_FEW = 100
"""Up to so many inputs each is moved by itself in any case."""

_WORK = 3e9
"""Of more, as long as no more than so many steps are computed: about a second in machine code."""

_SHAKEN = 1.5
"""What the largest of three random changes is to their mean square, about: see `value_noise`."""


class Seen(NamedTuple):
    """The gradient of an output, the checks of those inputs for which a quick look is enough, by name, and
    all inputs that are asked for. together: whether groups of them were moved at once."""

    gradient: Gradient
    checks: dict[str, Check]
    inputs: Sequence[str]
    together: bool


def seen(
    model: Model, values: Mapping[str, float], of: str | None, among: Sequence[str]
) -> Seen | None:
    """What a quick look sees; None where the unrolled graph has to be looked at.

    Raises as `check_gradient`.
    """
    if not isinstance(model, LoopModel) or not model.loops:
        return None
    given = {normal(name): number for name, number in values.items()}
    gradient = by_loops(model, values, of) or _on_corners(model, given, of)
    if gradient is None:
        return None
    inputs = chosen(model, gradient, among)
    if not inputs or not model.loops:
        return None
    try:
        engine = build(model, gradient.output, inputs, given, runs=_LOOKS * min(len(inputs), _FEW))
        start = numpy.array([gradient.data[name] for name in inputs])
        rounding, noises = engine.careful.rounding(start), engine.careful.noise(start)
    except NotLoops:
        return None
    if rounding is None or noises is None:
        return None

    def output(numbers: Reals) -> float | None:
        found = engine.forward(numbers)
        if found is None and not isfinite(engine.careful.output_at(numbers)):
            return nan
        return found

    slopes = numpy.array([gradient.gradients[name] for name in inputs])
    bounds = [model.bounds.get(name, FREE) for name in inputs]
    low, high = numpy.array(bounds).T
    point = Standing(gradient.output, inputs, start, slopes, noises, low, high)
    size, rounding = engine.careful.size, _SHAKEN * rounding
    many = are_many(len(inputs), size)
    looks = together if many else one_by_one
    return Seen(gradient, looks(point, output, size, rounding), inputs, many)


def are_many(inputs: int, size: int) -> bool:
    """Whether groups of so many inputs are to be moved at once. size: how many steps the output takes."""
    return inputs > _FEW and _LOOKS * inputs * size > _WORK


def _on_corners(model: LoopModel, values: Mapping[str, float], of: str | None) -> Gradient | None:
    """The gradient where members stand on corners or jumps, which is that of one side; None where
    something else is in doubt."""
    output = model.output(of) if model.loops else ""
    found = model.swept(values, output, noted=False) if model.loops else None
    if found is None:
        return None
    data, gradients = model.named(found, ())
    return Gradient(output, data[output], data, gradients, tuple(model.warnings))
