"""Whether an output is infinite itself, or only by a step on the way for which doubles end."""

from math import isfinite
from sys import float_info

from backprop.evaluation.diagnosis import without_value
from backprop.evaluation.precise import Precise
from backprop.evaluation.precise_sides import QUICK
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.values import ByNode

_MOST = 1 << 40
"""The power of two beyond which a step has no value here: of those below all have numbers that are known."""

_NEARLY = 1e-8
"""An output that is larger than this part of all doubles is as good as infinite."""


def by_rounding(graph: Graph, data: ByNode) -> bool:
    """Whether the output of a graph, whose nodes are worth `data`, and which is infinite there, is a number
    that doubles hold by exponents without end: log(1 + exp(x)) is 1000 at x = 1000.

    What is too large even for these is not known to be infinite, but for the pole of an operation.
    """
    value = Precise(graph, data, QUICK[0], most=_MOST).value(graph.output)
    if value == value:
        return bool(abs(value) < _NEARLY * float_info.max)
    step = without_value(graph, graph.order, data)
    if step is None:
        return False
    numbers = [data[each] for each in graph.operands(step)]
    row = OPERATIONS[graph.op(step)] if graph.is_step(step) else None
    return not (row and all(map(isfinite, numbers)) and row.at_pole(*numbers))
