"""How far gradients of loops are from those of the same text unrolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from sys import float_info
from typing import Any

from backprop.evaluation.gradient import Evaluation, Gradient
from backprop.evaluation.indeterminate import exact_numbers
from backprop.graph import Graph
from backprop.values import ByNode, summed_sizes

_STEP = 2.0**-24
"""How far an input is moved, relative to it: the numbers that then change have many more digits."""


def apart(found: Gradient, right: Evaluation) -> float:
    """How far gradients are from those of the unrolled graph, at most, in units of the last place
    times 1 and the condition number: the sizes that are added up to a gradient, relative to it. Where
    that is much: without what the unrolled graph itself is off, its distance from gradients of many
    digits, as of a sum of hundreds, and with what the rounding of each value does to the gradient."""
    graph, (data, gradients), _ = right
    sizes = summed_sizes(graph, data)
    nodes = {name: node for node, name in graph.labels.items()}
    exact = cache(lambda: exact_numbers(graph, data)[1])
    units = [0.0]
    for name, slope in found.gradients.items():
        node = nodes[name]
        size = abs(gradients[node]) + sizes[node]
        off = abs(slope - gradients[node])
        if off > 4 * _unit(size):
            off -= abs(gradients[node] - float(exact()[node]))
        if off > 4 * _unit(size):
            size += by_rounding(graph, data, node, exact)
        units.append(off / _unit(size))
    return max(units)


def _unit(size: float) -> float:
    return float_info.epsilon * size or float_info.min


def by_rounding(
    graph: Graph, data: ByNode, node: int, exact: Callable[[], Mapping[int, Any]]
) -> float:
    """How far the derivative of the output by a node moves if each value on the way is rounded, in units
    of the last place at most.

    If a step has the value f(…) + ε, the derivative by x moves by ε times the second derivative of the
    output by x and the step, which is the derivative by x of the step's adjoint: a difference of adjoints
    of many digits. A sum is rounded as the numbers are that are added, in whatever order. exact: adjoints.
    """
    moved = [*data]
    moved[node] += abs(data[node]) * _STEP or _STEP
    far, near = exact_numbers(graph, moved)[1], exact()
    total = 0.0
    for step in graph.steps:
        numbers = [data[step]]
        if graph.op(step) in ("+", "-", "neg"):
            numbers = [data[each] for each in graph.operands(step)]
        if step in far and step in near:
            slope = float(far[step] - near[step]) / (moved[node] - data[node])
            total += sum(map(abs, numbers)) * abs(slope)
    return total
