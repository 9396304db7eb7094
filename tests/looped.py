"""How far gradients of loops are from those of the same text unrolled."""

from __future__ import annotations

from collections.abc import Mapping
from sys import float_info
from typing import Any

from backprop.evaluation.gradient import Evaluation, Gradient
from backprop.evaluation.indeterminate import exact_numbers
from backprop.values import summed_sizes


def apart(found: Gradient, right: Evaluation) -> float:
    """How far gradients are from those of the unrolled graph, at most, in units of the last place
    times 1 and the condition number: the sizes that are added up to a gradient, relative to it. Where
    that is much, as of a sum of hundreds, without what the unrolled graph itself is off: its distance
    from gradients of many digits."""
    graph, (data, gradients), _ = right
    sizes = summed_sizes(graph, data)
    nodes = {name: node for node, name in graph.labels.items()}
    exact: Mapping[int, Any] = {}
    units = [0.0]
    for name, slope in found.gradients.items():
        node = nodes[name]
        unit = float_info.epsilon * (abs(gradients[node]) + sizes[node]) or float_info.min
        off = abs(slope - gradients[node]) / unit
        if off > 4:
            exact = exact or exact_numbers(graph, data)[1]
            off -= abs(gradients[node] - float(exact[node])) / unit
        units.append(off)
    return max(units)
