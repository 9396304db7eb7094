"""Whether what is too small for a double has a say: a subnormal that is added to 1 has none.

Tried, not proved: all that is too small is changed by more than it is, where values, slopes and
shares are computed, and the gradients are looked at again. That takes a thousandth of the time of
many digits.
"""

from collections import defaultdict
from collections.abc import Callable
from math import copysign, isfinite
from random import Random

from backprop.engine.underflow import SCALE, has_lost, too_small
from backprop.graph import Graph, depending
from backprop.syntax import functions
from backprop.syntax.functions import LOST, TINY
from backprop.values import ByNode, Lookup, any_steep, backward, forward, having_say

_SAME = 1e-13
"""How far apart two numbers are the same, relative to the larger one."""

_UNSEEN = 1e-300
"""Values, and gradients of steps without a name, that differ by less are the same."""

_SLOPES = Lookup(functions.slopes)


def harmless(graph: Graph, data: ByNode) -> dict[int, float] | None:
    """The derivatives of the output as doubles have them, where the nodes are worth `data`, if what
    they lose because it is too small changes nothing; else None."""
    gradients: dict[int, float] = defaultdict(float, {graph.output: 1.0})
    doubtful = backward(graph, graph.steps, data, gradients, _SLOPES)
    if any_steep(graph, doubtful, data):
        return None
    more = _More()
    shaken = more.values(graph, data)
    if not all(
        _same(data[step], shaken[step], _UNSEEN) for step in having_say(graph, graph.order, data)
    ):
        return None
    found: dict[int, float] = defaultdict(float, {graph.output: SCALE})
    backward(graph, graph.steps, shaken, found, Lookup(more.slopes), more)
    same = all(
        _same(gradients[node], found[node] / SCALE, TINY if node in graph.labels else _UNSEEN)
        for node in graph.order
        if not graph.is_number(node)
    )
    return gradients if same else None


def moves_output(graph: Graph, data: ByNode) -> bool:
    """Whether the value of the output changes with what is too small."""
    shaken = _More().values(graph, data)
    return not _same(data[graph.output], shaken[graph.output], _UNSEEN)


def _same(number: float, other: float, unseen: float) -> bool:
    apart, size = abs(number - other), max(abs(number), abs(other))
    return isfinite(size) and (apart <= _SAME * size or apart <= unseen > size)


def with_more(graph: Graph, data: ByNode) -> list[float] | None:
    """The values of all nodes, where those that are too small for a double are others; None where others that
    have a say in the outputs differ then."""
    shaken = _More().values(graph, data)
    if not all(
        _same(data[step], shaken[step], _UNSEEN)
        for step in having_say(graph, graph.order, data, graph.outputs)
    ):
        return None
    found = [*data]
    for node, number in shaken.items():
        found[node] = number
    return found


class _More:
    """Called with a number that is too small: one that has more than as much added."""

    def __init__(self) -> None:
        self._random = Random(0)

    def __call__(self, number: float = 0.0) -> float:
        return number + copysign(LOST, number) * self._random.uniform(1.0, 2.0)

    def values(self, graph: Graph, data: ByNode) -> dict[int, float]:
        """The values of the nodes, where those that are too small are others."""
        shaken = {node: data[node] for node in graph.order}
        behind = depending(graph, too_small(graph, data), graph.steps)
        for step in graph.steps:
            if step in behind:
                forward(graph, [step], shaken)
                if has_lost(graph, step, shaken):  # by itself, or again what came from one that has
                    shaken[step] = self(shaken[step])
        return shaken

    def slopes(self, name: str) -> tuple[functions.Function, ...]:
        """The slopes of an operation, where those that are too small are others."""
        pairs = zip(functions.slopes(name), functions.can_be_lost(name), strict=True)
        return tuple(self._slope(slope) if lost else slope for slope, lost in pairs)

    def _slope(self, slope_of: functions.Function) -> Callable[..., float]:
        def slope(*numbers: float) -> float:
            found = slope_of(*numbers)
            return self(found) if -TINY < found < TINY and (found or all(numbers)) else found

        return slope
