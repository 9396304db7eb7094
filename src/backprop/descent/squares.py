"""An output that is a sum of squares: its residuals, and their derivatives by the parameters."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from math import inf, sqrt
from typing import Any, NamedTuple

import numpy

from backprop.graph import Columns, Graph, depending
from backprop.values import forward, tangents

MOST_NUMBERS = 1 << 22
"""The most derivatives that are kept: 32 MB."""

_SQUARE = 2.0


class Residual(NamedTuple):
    """A node of a graph, and the factor with which it is squared."""

    node: int
    factor: float


def residuals(
    graph: Graph, moving: Container[int], data: Sequence[float], sign: float = 1.0
) -> list[Residual]:
    """What is squared and added up in the output of a graph, each with the root of its factor; [] if
    anything else that moves is added, or a square is taken away.

    moving: the nodes that move. data: the numbers of the others, by node. sign: -1 for the negative of the
    output.
    """
    found: list[Residual] = []
    waiting = [(graph.output, sign)]
    while waiting:
        node, factor = waiting.pop()
        if node not in moving or not factor:
            continue
        root = squared(graph, node)
        if root is not None:
            if not 0 < factor < inf:
                return []
            found.append(Residual(root, sqrt(factor)))
            continue
        terms = _terms(graph, node, factor, moving, data)
        if not terms:
            return []
        waiting += reversed(terms)
    return found


def _terms(
    graph: Graph, node: int, factor: float, moving: Container[int], data: Sequence[float]
) -> list[tuple[int, float]]:
    """A node times a factor as a sum of others with theirs; [] if it is none."""
    if not graph.is_step(node):
        return []
    op, operands = graph.op(node), graph.operands(node)
    if op in ("*", "/") and operands[1] not in moving:
        by = data[operands[1]]
        return [(operands[0], factor * by if op == "*" else factor / by if by else inf)]
    if op == "*" and operands[0] not in moving:
        return [(operands[1], factor * data[operands[0]])]
    return graph.summands(node, factor)


def squared(graph: Graph | Columns, node: int) -> int | None:
    """What a step squares; None if it does anything else."""
    if not graph.is_step(node):
        return None
    op, operands = graph.op(node), graph.operands(node)
    if op == "^" and graph.is_number(operands[1]) and graph.constant(operands[1]) == _SQUARE:
        return operands[0]
    return operands[0] if op == "*" and operands[0] == operands[1] else None


class Squares:
    """The m residuals of an output by n `leaves`, at any points: the output is the sum of their squares, but
    for what does not move.

    fixed: the numbers of the other inputs. sign: -1 for the negative of the output.
    """

    def __init__(
        self, graph: Graph, leaves: Sequence[int], fixed: Mapping[int, float], sign: float = 1.0
    ) -> None:
        self._leaves = leaves
        self._graph = graph.for_many_walks()
        moving = depending(graph, leaves, graph.steps)
        self._steps = [step for step in graph.steps if step in moving]
        self._data = graph.columns.start()
        for node, number in fixed.items():
            self._data[node] = number
        forward(graph, [step for step in graph.steps if step not in moving], self._data)
        self._found = residuals(graph, moving.union(leaves), self._data, sign)
        self._factors = numpy.array([each.factor for each in self._found])

    def __len__(self) -> int:
        """How many residuals there are; 0 if the output is no such sum."""
        return len(self._found)

    def values(self, x: Sequence[float]) -> Any:
        """The residuals at a point, (m,); not finite where a step is not."""
        return self._values(self._at(x))

    def both(self, x: Sequence[float]) -> tuple[Any, Any]:
        """They, and their derivatives, (m, n)."""
        data, count = self._at(x), len(self._leaves)
        seeds = dict(zip(self._leaves, numpy.identity(count), strict=True))
        with numpy.errstate(all="ignore"):
            by_step = tangents(self._graph, self._steps, data, seeds)
            none = numpy.zeros(count)
            slopes = numpy.array([by_step.get(each.node, none) for each in self._found])
            return self._values(data), slopes * self._factors[:, None]

    def _values(self, data: Sequence[float]) -> Any:
        return numpy.array([data[each.node] for each in self._found]) * self._factors

    def _at(self, x: Sequence[float]) -> list[float]:
        data = self._data.copy()
        for leaf, number in zip(self._leaves, x, strict=True):
            data[leaf] = number
        forward(self._graph, self._steps, data)
        return data
