"""Whether what is too small for a double has a say: a subnormal that is added to 1 has none.

Tried, not proved: all that is too small is changed by more than it is, where values, slopes and
shares are computed, and the gradients are looked at again. That takes a thousandth of the time of
many digits.
"""

from collections import defaultdict
from math import copysign, isfinite
from random import Random
from sys import float_info

from backprop.engine.underflow import SCALE
from backprop.evaluation.diagnosis import vanished
from backprop.graph import Graph, depending
from backprop.syntax import functions
from backprop.values import ByNode, Lookup, any_steep, backward, forward

_SAME = 1e-13
"""How far apart two numbers are the same, relative to the larger one."""

_UNSEEN = 1e-300
"""Gradients of steps without a name that differ by less are the same."""

_TINY = float_info.min
_SLOPES, _CAN_BE_LOST = Lookup(functions.slopes), Lookup(functions.can_be_lost)


def harmless(graph: Graph, data: ByNode) -> dict[int, float] | None:
    """The derivatives of the output as doubles have them, where the nodes are worth `data`, if what
    they lose because it is too small changes nothing; else None."""
    gradients: dict[int, float] = defaultdict(float, {graph.output: 1.0})
    doubtful = backward(graph, graph.steps, data, gradients, _SLOPES)
    if any_steep(graph, doubtful, data):
        return None
    random = Random(0)
    shaken = _shaken(graph, data, random)
    if not _same(data[graph.output], shaken[graph.output], _TINY):
        return None
    found = _gradients(graph, shaken, random)
    same = all(
        _same(gradients[node], found[node] / SCALE, _TINY if node in graph.labels else _UNSEEN)
        for node in graph.order
        if not graph.is_number(node)
    )
    return gradients if same else None


def _same(number: float, other: float, unseen: float) -> bool:
    apart, size = abs(number - other), max(abs(number), abs(other))
    return isfinite(size) and (apart <= _SAME * size or apart <= unseen > size)


def _more(number: float, random: Random) -> float:
    """A number that is too small, and has more than as much added."""
    return number + copysign(_TINY, number) * random.uniform(1.0, 2.0)


def _shaken(graph: Graph, data: ByNode, random: Random) -> ByNode:
    """The values of the nodes, where those that are too small are others."""
    small = [step for step in graph.steps if -_TINY < data[step] < _TINY]
    small = [step for step in small if data[step] or vanished(graph, step, data)]
    shaken = {node: data[node] for node in graph.order}
    behind, lost = depending(graph, small, graph.steps), set(small)
    for step in graph.steps:
        if step in behind:
            forward(graph, [step], shaken)
            if step in lost:
                shaken[step] = _more(shaken[step], random)
    return shaken


def _gradients(graph: Graph, data: ByNode, random: Random) -> ByNode:
    """The derivatives of the output times a large number, where what is too small is other numbers."""
    found: dict[int, float] = defaultdict(float, {graph.output: SCALE})
    for step in reversed(graph.steps):
        if not (gradient := found[step]):
            continue
        code, inside = graph.ops[step], graph.operands(step)
        numbers = [data[each] for each in inside]
        numbers.append(data[step])
        slopes = zip(inside, _SLOPES[code], _CAN_BE_LOST[code], strict=True)
        for operand, slope_of, can_be_lost in slopes:
            slope = slope_of(*numbers)
            if can_be_lost and -_TINY < slope < _TINY and (slope or all(numbers)):
                slope = _more(slope, random)
            share = gradient * slope
            if slope and -_TINY < share < _TINY:
                share = _more(share, random)
            found[operand] += share
    return found
