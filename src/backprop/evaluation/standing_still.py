"""Steps that stand still however little their operands move: a clamp whose operand is beyond an end."""

from backprop.graph import Graph, depending
from backprop.operations import OPERATIONS
from backprop.syntax.functions import kinks, slopes
from backprop.values import ByNode


def without_standing(graph: Graph, data: ByNode, leaves: list[int]) -> Graph | None:
    """The graph in which only that moves which moves with the leaves right beside where its nodes are worth
    `data`; None where all of it does.

    What stands between steps that end there is still, whatever slope comes to it: asin(clamp(x, -1, 1)) is
    where x is 2, though its slope is infinite times 0.
    """
    moving = depending(graph, leaves, graph.steps)
    standing = {step for step in graph.steps if _stands(graph, step, data, moving)}
    if not standing:
        return None
    held = graph.holding(standing)
    moving = depending(held, leaves, held.steps)
    held.steps = [step for step in held.steps if step in moving]
    return held


def _stands(graph: Graph, step: int, data: ByNode, moving: set[int]) -> bool:
    """Whether a step is worth 0, or what an operand is that does not move, on one side of a corner, and no
    operand that moves has a slope."""
    row = OPERATIONS[graph.op(step)]
    if not row.corner:
        return False
    operands = graph.operands(step)
    numbers = [data[each] for each in operands]
    still = [at for each, at in zip(operands, numbers, strict=True) if each not in moving]
    value = data[step]
    if value not in (0.0, *still) or kinks(row.name, numbers):
        return False
    return not any(
        slope(*numbers, value)
        for each, slope in zip(operands, slopes(row.name), strict=True)
        if each in moving
    )
