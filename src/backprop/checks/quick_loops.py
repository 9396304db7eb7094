"""The gradient of a Model of loops against differences, whose values come from its loops."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import isfinite, nan

from backprop.checks.along import Along, Fast
from backprop.checks.asked import at_a_glance, chosen
from backprop.checks.rounding import COARSE, EPSILON
from backprop.checks.verdict import Check, Question
from backprop.evaluation.gradient import Gradient, by_loops
from backprop.language import Model
from backprop.language.declarations import FREE
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import build
from backprop.source import normal

_LOOKS = 100
"""About so many times the output is computed for an input."""

_MOST = 100
"""The most inputs along which all is computed again and again: for more, unrolling pays."""

_SHAKEN = 1.5
"""What the largest of three random changes is to their mean square, about: see `value_noise`."""

_COARSER = COARSE / EPSILON
"""How much larger changes are that are well above those of rounding."""


class _AlongLoops(Along):
    """The output of loops as a function of one input. Raises NotLoops where it is in doubt."""

    def __init__(self, x: float, bounds: tuple[float, float], fast: Fast, rounding: float) -> None:
        self._stand(x, bounds, fast, rounding)

    def _interpreted(self, x: float) -> float:
        raise NotLoops("whether there is a value is in doubt")


def seen(
    model: Model, values: Mapping[str, float], of: str | None, among: Sequence[str]
) -> tuple[Gradient, dict[str, Check], list[str]] | None:
    """The gradient of an output, the checks of those inputs for which a quick look is enough, by name,
    and all inputs that are asked for; None where the unrolled graph has to be looked at.

    Raises as `check_gradient`.
    """
    gradient = by_loops(model, values, of)
    if gradient is None or not isinstance(model, LoopModel):
        return None
    inputs = chosen(model, gradient, among)
    if len(inputs) > _MOST or not model.loops:
        return None
    given = {normal(name): number for name, number in values.items()}
    try:
        engine = build(model, gradient.output, inputs, given, runs=_LOOKS * len(inputs))
        start = [gradient.data[name] for name in inputs]
        rounding, noises = engine.careful.rounding(start), engine.careful.noise(start)
    except NotLoops:
        return None
    if rounding is None or noises is None:
        return None
    checks: dict[str, Check] = {}

    def along(at: int) -> Fast:
        def output(x: float) -> float | None:
            numbers = [*start]
            numbers[at] = x
            found = engine.forward(numbers)
            if found is None and not isfinite(engine.careful.output_at(numbers)):
                return nan
            return found

        return output

    for at, name in enumerate(inputs):
        x, slope = gradient.data[name], gradient.gradients[name]
        noise = float(noises[at])
        asked = Question(name, gradient.output, x, slope, noise, partial(_COARSER.__mul__, noise))
        bounds = model.bounds.get(name, FREE)
        function = _AlongLoops(x, bounds, along(at), _SHAKEN * rounding)
        try:
            found = at_a_glance(asked, function)
        except NotLoops:
            continue
        if found:
            checks[name] = found
    return gradient, checks, inputs
