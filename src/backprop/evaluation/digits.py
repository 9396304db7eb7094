"""How far a number may be off that is computed from numbers of so many digits."""

from math import isfinite

from backprop.graph import Columns, Graph
from backprop.numbers import PRECISION, half_unit
from backprop.source import Source, Span
from backprop.values import forward

_MOST = 100
"""The most numbers of a formula that are looked at."""


def uncertainty(columns: Columns, root: int, source: Source) -> float:
    """How far the value of an expression without names may be off because of the digits that its
    numbers are written with: the sum of the changes that each number makes by itself, where it
    moves by half a unit of its last digit, or by 1e-9 of it."""
    graph = Graph(columns, [root])
    numbers = [node for node in graph.order if graph.is_number(node)]
    if len(numbers) > _MOST:
        return 0.0
    data: dict[int, float] = {node: graph.constant(node) for node in numbers}

    def at(node: int, number: float) -> float:
        data[node] = number
        forward(graph, graph.steps, data)
        return data[root]

    total = 0.0
    for node in numbers:
        number = data[node]
        here, off = at(node, number), _off(columns, node, source, 2 if node == root else 3)
        changes = [abs(at(node, moved) - here) for moved in (number + off, number - off)]
        # the smaller one: where a function jumps, it does so on one side
        total += min(filter(isfinite, changes), default=0.0)
        data[node] = number
    return total


def _off(columns: Columns, node: int, source: Source, least: int) -> float:
    """How far a number of an expression may be off. least: as of `half_unit`."""
    number, place = abs(columns.constant(node)), columns.places[node]
    text = Span.at(source, place).text.replace("−", "-") if place > 0 else ""
    try:
        written = half_unit(text, least) if abs(float(text)) == number else 0.0
    except ValueError:  # a constant such as pi, or a number of the table
        written = 0.0
    return max(written, PRECISION * number)
