"""Some outputs of a Model at a point, and which of them are sure; what there is to say of one that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from backprop.engine.underflow import too_small
from backprop.errors import BackpropError
from backprop.evaluation.borders import met_within
from backprop.evaluation.gradient import Gradient, by_loops, evaluate, only_by
from backprop.evaluation.leaves import by_rounding, inputs_at
from backprop.graph import Graph, depending
from backprop.language import Model
from backprop.values import ByNode, forward


class Outputs(NamedTuple):
    """Some outputs of a Model at a point.

    graph: what leads to them. data: what its nodes are worth; None where inputs have no number.
    sure: of each output whether nothing on its way is in doubt so far: no border, no value that is
    not finite or too small. warnings: those of the Model.
    """

    graph: Graph
    data: list[float] | None
    sure: list[bool]
    warnings: list[BackpropError]

    @classmethod
    def of(cls, model: Model, values: Mapping[str, float], of: Sequence[str]) -> Outputs:
        """The outputs `of` at `values`. Raises UnknownName, NotAnInput, NotANumber, NotFinite."""
        graph = model.graph(*of)
        given, missing = inputs_at(model, values)
        warnings: list[BackpropError] = [*model.warnings, *by_rounding(model, values)]
        if not missing.isdisjoint(graph.order):
            return cls(graph, None, [False] * len(of), warnings)
        data = graph.columns.start()
        for node, number in given.items():
            data[node] = number
        forward(graph, graph.steps, data)
        doubtful = _doubtful(graph, data)
        return cls(graph, data, [model.names[name] not in doubtful for name in of], warnings)


def by_itself(
    point: Outputs, model: Model, values: Mapping[str, float], name: str, wrt: Sequence[str]
) -> Gradient:
    """What `gradient` says of one output of a point by some names, of what leads to it alone. Raises as
    `Model.grad`."""
    found = by_loops(model, values, name, wrt=wrt)
    if not found:
        found = evaluate(model, values, name, noted=True, among=wrt, known=point.data).gradient
    return only_by(found, wrt)


def once(said: Sequence[BackpropError]) -> tuple[BackpropError, ...]:
    """Each of these once, though several outputs have it."""
    return tuple({str(each): each for each in said}.values())


def _doubtful(graph: Graph, data: ByNode) -> set[int]:
    """The nodes with something on their way that is no matter of sums and products: a value that is
    not finite or too small, a border."""
    odd = [step for step in graph.order if not isfinite(data[step])]
    odd += too_small(graph, data) + met_within(graph, data)
    return depending(graph, odd, graph.steps) if odd else set()
