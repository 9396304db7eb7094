"""The gradient of one output by every input, against slopes from values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from backprop.checks import differences, precise
from backprop.checks.graph import Along, Graph, gradient_noise
from backprop.checks.verdict import AGREES, CORNER, DIFFERS, Check, Question, judge
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import Value


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


def check_gradient(
    model: Model,
    values: Mapping[str, float] | None = None,
    of: str | None = None,
    precisely: bool = False,
) -> GradientCheck:
    """Check the gradient of `of` at these numbers for inputs.

    The slopes come from values of the equations alone, by differences; with `precisely`, of values
    that mpmath computes to 60 digits and more. Raises what `Model.grad` raises.
    """
    gradient = model.grad(values, of)
    graph = Graph(model, gradient.output)
    leaves = {
        name: model.values[name]
        for name in gradient.gradients
        if not model.values[name].prev and model.values[name] in graph
    }
    noise = gradient_noise(graph.order, leaves.values())
    levels = cache(lambda digits: precise.Precise(graph, digits))
    checks = []
    for name, leaf in leaves.items():
        asked = Question(
            name,
            gradient.output,
            leaf.data,
            gradient.gradients[name],
            noise[leaf],
            precise=precisely,
        )
        asked = replace(asked, at=_at_corners(model, graph, leaf))
        if precisely:
            found = precise.sides(graph, levels, leaf)
        else:
            along = Along(graph, leaf)
            found = differences.sides(along)
            along.restore()
        check = judge(asked, found)
        if check.verdict in (CORNER, DIFFERS) and not precisely:
            # Differences of doubles can be misled, by waves shorter than the doubles are apart. Nobody
            # is told that a gradient is wrong before mpmath has seen it too, nor of a corner that
            # is a sharp bend.
            confirmed = judge(asked, precise.sides(graph, levels, leaf))
            if confirmed.verdict == AGREES or (check.wrong and not confirmed.wrong):
                check = confirmed
        checks.append(check)
    return GradientCheck(gradient, tuple(checks), "precise" if precisely else "differences")


def _at_corners(model: Model, graph: Graph, leaf: Value) -> tuple[str, ...]:
    """The texts of the steps that stand at a corner or a jump of their operation."""
    found = []
    for step in graph.above(leaf):
        data = [operand.data for operand in step.prev]
        if any(condition(*data) for condition in _corners(step.op)):
            found.append(_text(model, step))
    return tuple(dict.fromkeys(found))


@cache
def _corners(op: str) -> list[functions.Function]:
    row = OPERATIONS[op]
    return [functions.compiled(text, row.operands) for text in (row.corner, row.jump) if text]


def _text(model: Model, step: Value) -> str:
    spans = model.span(step.place)
    text = " ".join(spans[0].text.split()) if spans else ""
    return text if text and len(text) <= 40 else step.label or OPERATIONS[step.op].name
