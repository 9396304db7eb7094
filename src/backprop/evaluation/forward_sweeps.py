"""The derivatives of several outputs along directions, by sweeps from the front; which of them are sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backprop.evaluation.shaken import HINT, ShakenSlopes, changed
from backprop.evaluation.sure_outputs import Outputs
from backprop.graph import Graph, depending
from backprop.values import SURE_SLOPES, ByNode, tangents

_ROOM = 2**24
"""The most numbers that are kept for a sweep."""

_AT_ONCE = 128
"""The most directions of one sweep."""


def fill_forward(
    point: Outputs,
    rows: Sequence[int],
    ways: Sequence[Mapping[int, float]],
    found: NDArray[np.float64],
    engine: str = "auto",
) -> list[bool]:
    """Fill in a column for each of some directions, by sweeps from some at once; the outputs that are
    sure: in whose rows nothing moves if everything is changed by a little more than rounding (see
    `shaken`). ways: how each node moves, of those that do. engine: `native` for machine code. Raises
    NoMachineCode."""
    graph, data = point.graph, point.data
    assert data is not None
    near, shaken, turning = changed(graph, data, 0)
    turned = depending(graph, turning, graph.steps) if turning else set()
    sure = np.array(point.sure, bool)
    for at, row in enumerate(rows):
        sure[at] &= row not in turned and abs(near[row] - data[row]) <= HINT * abs(data[row])
    with np.errstate(all="ignore"):
        try:
            with np.errstate(under="raise"):
                for columns, part in _swept(graph, data, rows, ways, SURE_SLOPES):
                    found[:, columns] = part
        except FloatingPointError:  # a share is too small for a double
            return [False] * len(rows)
        for columns, part in _swept(graph, shaken, rows, ways, ShakenSlopes()):
            apart = abs(part - found[:, columns])
            sure &= (apart <= HINT * abs(found[:, columns])).all(axis=1)
    sure &= np.isfinite(found).all(axis=1)
    if engine == "native" and (again := _by_machine(point, rows, ways)) is not None:
        found[sure] = again[sure]
    return [*map(bool, sure)]


def _swept(
    graph: Graph,
    data: ByNode,
    rows: Sequence[int],
    ways: Sequence[Mapping[int, float]],
    slopes: Mapping[int, Any],
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """The derivatives of the outputs along some of the directions at once, and which these are."""
    size = min(_AT_ONCE, max(1, _ROOM // (len(graph.steps) + 1)))
    walked = graph.for_many_walks()
    for first in range(0, len(ways), size):
        some = ways[first : first + size]
        still = np.zeros(len(some))
        seeds: dict[int, NDArray[np.float64]] = {}
        for at, way in enumerate(some):
            for node, number in way.items():
                seeds.setdefault(node, still.copy())[at] = number
        moving = depending(walked, seeds, graph.steps)
        steps = [step for step in graph.steps if step in moving]
        tangent = tangents(walked, steps, data, seeds, slopes)
        columns = slice(first, first + len(some))
        yield columns, np.array([tangent.get(row, still) for row in rows])


def _by_machine(
    point: Outputs, rows: Sequence[int], ways: Sequence[Mapping[int, float]]
) -> NDArray[np.float64] | None:
    """The derivatives by machine code, (rows, ways); None where a direction is by an equation, or something
    is not finite."""
    from backprop.engine.tape_sweeps import TapeSweeps

    graph, data = point.graph, point.data
    assert data is not None
    leaves = list(dict.fromkeys(node for way in ways for node in way))
    inputs = {*graph.inputs}
    if not rows or not inputs.issuperset(leaves):
        return None
    fixed = {node: data[node] for node in inputs.difference(leaves)}
    table = np.array([[way.get(leaf, 0.0) for leaf in leaves] for way in ways])
    sweeps = TapeSweeps(Graph(graph.columns, rows), leaves, fixed)
    found = sweeps.products([data[leaf] for leaf in leaves], table.reshape(len(ways), len(leaves)))
    return None if found is None else found.T
