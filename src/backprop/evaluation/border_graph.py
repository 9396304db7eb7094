"""Whether anything stands on a border, as a graph: so that machine code can ask at every point."""

from collections.abc import Sequence

from backprop.chain.columns import Row, Rows
from backprop.chain.walk import Operand
from backprop.evaluation.borders import kind
from backprop.graph import Graph
from backprop.loops.edges import condition
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON, is_truth


def border_graph(graph: Graph) -> Graph | None:
    """The graph that is 1 where a step of another one stands on a border of a choice, at a tie, a corner or a
    jump, and else 0. None where no step ever does."""
    rows = Rows(graph.columns.copy())
    conditions = list[Operand[Row]]()
    for step in graph.steps:
        row, operands = OPERATIONS[graph.op(step)], graph.operands(step)
        if not kind(row) or (row.binding == COMPARISON and len({*operands}) == 1):
            continue
        text = condition(row.name, [_is_still(graph, each) for each in operands])
        if text:
            names = dict(zip(row.operands, map(rows.called, operands), strict=True))
            conditions.append(rows.text(text, names))
    moving = [each for each in dict.fromkeys(conditions) if isinstance(each, Row)]
    total = _any_of(rows, moving)  # what is a number crosses no border, and stands on none
    return None if total == 0.0 else Graph(rows.columns, [rows.node(total)])


def _is_still(graph: Graph, node: int) -> bool:
    """Whether a node is a number, or true or false."""
    return graph.is_number(node) or (graph.is_step(node) and is_truth(OPERATIONS[graph.op(node)]))


def _any_of(rows: Rows, conditions: Sequence[Operand[Row]]) -> Operand[Row]:
    """Whether one of these is true, two by two."""
    found = [*conditions]
    while len(found) > 1:
        pairs = [found[at : at + 2] for at in range(0, len(found), 2)]
        found = [rows.value("or", pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return found[0] if found else 0.0
