"""Whether rounding leaves derivatives of many outputs too few digits: all are swept back at once, where
everything is changed a little, as `shaken` does for one."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backprop.evaluation.shaken import LARGE, MOVED, ShakenSlopes, changed
from backprop.graph import Graph, depending
from backprop.operations import OPERATIONS
from backprop.values import ByNode

_AT_ONCE = 128
"""The most outputs of one sweep."""


def few_digits(
    graph: Graph, data: ByNode, rows: Sequence[int], by: Sequence[int], found: NDArray[np.float64]
) -> list[bool]:
    """Of which outputs a derivative moves a lot; of a very large graph of none. rows: the outputs, by: what
    they are derived by; found: the derivatives, (rows, by)."""
    if len(graph.steps) > LARGE:
        return [False] * len(rows)
    _, near, turning = changed(graph, data, 0)
    turned = depending(graph, turning, graph.steps) if turning else set[int]()
    moves = np.array([row in turned for row in rows], bool)
    with np.errstate(all="ignore"):
        for some, part in _swept_back(graph, near, rows, by):
            apart = np.abs(part - found[some])
            moves[some] |= ~(apart <= MOVED * np.abs(found[some])).all(axis=1)
    return [*map(bool, moves)]


def _swept_back(
    graph: Graph, data: ByNode, rows: Sequence[int], by: Sequence[int]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """The derivatives of some of the rows at a time, each slope times a factor, and which rows these are."""
    slopes, kept = ShakenSlopes(), {*by}
    for first in range(0, len(rows), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        count = len(rows[some])
        sums: dict[int, Any] = {}
        for seed, row in zip(np.identity(count), rows[some], strict=True):
            sums[row] = sums.get(row, 0.0) + seed
        for step in reversed(graph.steps):
            gradient = sums.get(step) if step in kept else sums.pop(step, None)
            if gradient is None:
                continue
            operands = graph.operands(step)
            numbers = [*(data[each] for each in operands), data[step]]
            chooses = OPERATIONS[graph.op(step)].chooses
            for operand, slope_of in zip(operands, slopes[graph.ops[step]], strict=True):
                if not graph.is_number(operand):
                    slope = slope_of(*numbers)
                    if slope or not chooses:
                        sums[operand] = sums.get(operand, 0.0) + gradient * slope
        still = np.zeros(count)
        yield some, np.array([sums.get(each, still) for each in by]).T.reshape(count, len(by))
