"""The links of a chain of equalities: how far their numbers may be off, and which differ."""

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import NamedTuple

from backprop.errors import Label, NotANumber
from backprop.graph import Columns, Graph
from backprop.numbers import PRECISION, half_unit, printed
from backprop.source import Source, Span
from backprop.values import forward

_MOST = 100
"""The most numbers of a formula that are looked at."""

Link = tuple[Span, int]
"""Where a link stands, and its row."""


class Worked(NamedTuple):
    """A link behind an equation: `2*(-3)` or `-6` of `e = a*b = 2*(-3) = -6`.

    graph: computes it from the names in it, its inputs, if there are any. off: how far a number may be off
    because of its digits.
    """

    place: Span
    graph: Graph
    off: float


def off_by(columns: Columns, last: Link) -> float:
    """How far the number at the end of a chain may be off because of its digits."""
    place, root = last
    written = half_unit(place.text.replace("−", "-"), least=1)
    return max(uncertainty(columns, root, place.source), written)


def differing(
    name: str,
    columns: Columns,
    links: Iterable[Link],
    last: Link,
    number: Callable[[int], float],
    note: str,
    jumps: bool = False,
) -> Iterator[NotANumber]:
    """An error for each of the links that is not the last number of their chain, as far as the
    numbers are written out. number: of a row. note: what is said of the last. jumps: as of
    `uncertainty`."""
    off, end = off_by(columns, last), number(last[1])
    for place, root in links:
        here = number(root)
        most = off + uncertainty(columns, root, place.source, jumps)
        if abs(here - end) > most * (1 + PRECISION):
            message = f"{name} cannot be {printed(here)} and {printed(end)}"
            labels = Label(place, f"this is {printed(here)}"), Label(last[0], note)
            hints = ["correct it, or leave out what is wrong"]
            yield NotANumber(message, *labels, hints=hints)


def uncertainty(columns: Columns, root: int, source: Source, jumps: bool = False) -> float:
    """How far the value of an expression without names may be off because of the digits that its
    numbers are written with: the sum of the changes that each number makes by itself, where it
    moves by half a unit of its last digit, or by 1e-9 of it. jumps: count those, too, that a
    function does on one side."""
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
        # where a function jumps, it does so on one side: without jumps the smaller one
        total += (max if jumps else min)(filter(isfinite, changes), default=0.0)
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
