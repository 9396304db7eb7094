"""Which step of a graph makes a second derivative infinite, or leaves it open: the one whose own is."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from functools import cache
from math import isfinite

from backprop.chain.derivatives import derivative_graph
from backprop.graph import Columns, Graph, depending
from backprop.operations import OPERATIONS
from backprop.values import ByNode, forward, local_slopes, tangents

_MOST = 100_000
"""The most steps that are looked at."""


def endless_bend(graph: Graph, data: ByNode, leaves: Iterable[int]) -> int | None:
    """The first step, operands first, that moves with some of `leaves` and has a slope or a second derivative
    that is not finite. None if there is none, as where one overflows on the way. data: of its rows."""
    if len(graph.steps) > _MOST:
        return None
    moving = depending(graph, leaves, graph.steps)
    return next(
        (at for at in graph.steps if at in moving and _endless(graph, at, data, moving)), None
    )


def _endless(graph: Graph, step: int, data: ByNode, moving: Container[int]) -> bool:
    operands, op = graph.operands(step), graph.op(step)
    at = [place for place, operand in enumerate(operands) if operand in moving]
    slopes = local_slopes(graph, step, data)
    if not all(isfinite(slopes[place]) for place in at):
        return True
    if OPERATIONS[op].chooses:
        return False
    return not all(map(isfinite, _second(op, [data[each] for each in operands], at)))


def _second(op: str, numbers: Sequence[float], at: Sequence[int]) -> list[float]:
    """The second derivatives of an operation by the operands `at`."""
    bent, inputs = _alone(op, tuple(at))
    found = bent.columns.start()
    for node, number in zip(inputs, numbers, strict=True):
        found[node] = number
    forward(bent, bent.steps, found)
    second = list[float]()
    for place in at:
        ways = tangents(bent, bent.steps, found, {inputs[place]: 1.0})
        second += [ways.get(output, 0.0) for output in bent.outputs]
    return second


@cache
def _alone(op: str, at: tuple[int, ...]) -> tuple[Graph, list[int]]:
    """The graph of the gradient of one step, by the operands `at`, and the rows of all operands."""
    columns = Columns()
    inputs = [columns.input() for _ in OPERATIONS[op].operands]
    graph = Graph(columns, [columns.step(op, inputs)])
    return derivative_graph(graph, [inputs[place] for place in at]), inputs
