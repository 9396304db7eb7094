"""Which rows lead to the outputs of a graph, without a walk where the rows stand in order: of a
million rows a walk in Python takes half a second, and this ten milliseconds."""

import numpy as np
from numpy.typing import NDArray

from backprop.graph import Graph

_ROUNDS = 10
"""After so many the graph is walked: something long leads nowhere."""


def leading(graph: Graph) -> NDArray[np.bool_]:
    """For every row whether it leads to the outputs.

    Rows without a user are struck out, round by round, until there is none: in rows that stand in
    order the users of a row come after it, and so the last of them is an output.
    """
    columns = graph.columns
    leads = np.ones(len(columns), np.bool_)
    leads[max(graph.outputs) + 1 :] = False
    first, second = (np.frombuffer(each, np.int32) for each in (columns.first, columns.second))
    for _ in range(_ROUNDS if columns.in_order else 0):
        used = np.zeros(len(columns) + 1, np.bool_)  # the last is for -1, which is no row
        for column in (first, second):
            used[np.maximum(column[leads], -1)] = True
        for row, others in columns.more.items():
            if leads[row]:
                used[list(others)] = True
        used[list(graph.outputs)] = True
        if np.array_equal(used[:-1], leads):
            return leads
        leads = used[:-1]
    leads = np.zeros(len(columns), np.bool_)
    leads[graph.order] = True
    return leads


def tape_order(graph: Graph) -> NDArray[np.int32]:
    """The rows that lead to the outputs, operands first."""
    if graph.columns.in_order:
        return np.flatnonzero(leading(graph)).astype(np.int32)
    return np.array(graph.order, np.int32)


def count(graph: Graph) -> int:
    """How many steps lead to the outputs."""
    steps = np.frombuffer(graph.columns.first, np.int32) >= 0
    return int(np.count_nonzero(leading(graph) & steps))
