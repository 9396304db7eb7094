"""The gradient of one output by every input, against slopes from values alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf

from backprop.checks import differences
from backprop.checks.rounding import gradient_noise
from backprop.checks.verdict import AGREES, CORNER, DIFFERS, Check, Question, judge, on_border
from backprop.evaluation import precise
from backprop.evaluation.borders import conditions, met
from backprop.evaluation.diagnosis import own_text
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.graph import Graph
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.syntax.functions import kinks

_FREE = -inf, inf

_MOST_FLAT = 20_000
"""The most steps that are computed again with more digits because doubles show no change at all."""


@dataclass(frozen=True)
class GradientCheck:
    """The gradient that was checked, and a Check for each input that its output depends on.

    method: `differences`, or `precise` for differences at 60 digits and more.
    """

    gradient: Gradient
    checks: tuple[Check, ...]
    method: str

    @property
    def right(self) -> bool:
        return not any(check.wrong for check in self.checks)


def _levels(graph: Graph, data: list[float]) -> Callable[[int], precise.Precise]:
    return cache(lambda digits: precise.Precise(graph, data, digits))


def check_gradient(
    model: Model,
    values: Mapping[str, float] | None = None,
    of: str | None = None,
    precisely: bool = False,
) -> GradientCheck:
    """Check the gradient of `of` at these numbers for inputs, by all but the constants.

    The slopes come from values of the equations alone, by differences; with `precisely`, of values
    that mpmath computes to 60 digits and more. Raises what `Model.grad` raises.
    """
    file, numbers, gradient = evaluate(model, values or {}, of)
    graph, data = file.for_many_walks(), numbers.data
    constants = set(model.constants)
    inputs = {
        name: model.names[name]
        for name in gradient.gradients
        if not model.is_equation(name) and name not in constants
    }
    noise = gradient_noise(graph, numbers, inputs.values())
    levels = _levels(graph, data)
    corners = {
        step: own_text(model, step, 40) or model.labels.get(step) or graph.op(step)
        for step in graph.steps
        if kinks(graph.op(step), [data[each] for each in graph.operands(step)])
    }
    # equalities, and numbers that are conditions: they turn out otherwise on both sides
    alone = [
        step
        for step in met(file, data)  # which looks at steps that lead elsewhere, too
        if conditions(OPERATIONS[graph.op(step)]) or graph.op(step) in ("==", "!=")
    ]
    checks = []
    left = _MOST_FLAT
    for name, node in inputs.items():
        slope = gradient.gradients[name]
        at = dict.fromkeys(corners[step] for step in graph.above(node) if step in corners)
        asked = Question(name, gradient.output, data[node], slope, noise[node], [*at], precisely)
        if precisely:
            found = precise.sides(graph, levels, node)
        else:
            found = differences.sides(
                differences.Along(graph, data, node, model.bounds.get(name, _FREE))
            )
        check = judge(asked, found)
        if found.flat and check.verdict == AGREES and len(graph.above(node)) <= left:
            left -= len(graph.above(node))
            check = judge(asked, precise.sides(graph, levels, node))
        elif check.verdict in (CORNER, DIFFERS) and not precisely:
            # Differences of doubles can be misled, by waves shorter than the doubles are apart. Nobody
            # is told that a gradient is wrong before mpmath has seen it too, nor of a corner that
            # is a sharp bend.
            confirmed = judge(asked, precise.sides(graph, levels, node))
            if confirmed.verdict == AGREES or (check.wrong and not confirmed.wrong):
                check = confirmed
        if check.wrong and (here := [step for step in alone if step in graph.above(node)]):
            held = graph.holding(alone)
            if not judge(asked, precise.sides(held, _levels(held, data), node)).wrong:
                check = on_border(check, own_text(model, here[0], 60) or graph.op(here[0]))
        checks.append(check)
    return GradientCheck(gradient, tuple(checks), "precise" if precisely else "differences")
