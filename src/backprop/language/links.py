"""The links of a chain of equalities: how far their numbers may be off, and which differ."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf, isfinite, ulp
from typing import NamedTuple

from backprop.errors import LIMIT, Label, NotANumber
from backprop.graph import Columns, Graph
from backprop.numbers import PRECISION, half_unit, printed
from backprop.source import Source, Span
from backprop.values import forward, local_slopes

_MOST = 100
"""The most numbers of a formula that are moved one by one."""

_POINTS, _STARTS, _TRIES, _SCALES = 64, 16, 6, 60
"""A search: how many points it begins with, from how many of them it goes on, and how often at each
of how many distances, of which each is half of the one before."""

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
    """An error for each link of a chain `a = b = 3` whose number is not that of the last one, with
    the digits that are written, as far as errors are shown. links, last: where each stands, and its
    row. number: gives that of a row. note: what is said of the last. jumps: as of `reaches`."""
    off, end, wrong = off_by(columns, last), number(last[1]), 0
    for place, root in links:
        if wrong > LIMIT:
            break
        here = number(root)
        most = off + uncertainty(columns, root, place.source)
        if abs(here - end) > most * (1 + PRECISION) and not reaches(
            columns, root, place.source, end, off, jumps
        ):
            message = f"{name} cannot be {printed(here)} and {printed(end)}"
            labels = Label(place, f"this is {printed(here)}"), Label(last[0], note)
            hints = ["correct it, or leave out what is wrong"]
            wrong += 1
            yield NotANumber(message, *labels, hints=hints)


def uncertainty(columns: Columns, root: int, source: Source) -> float:
    """How far the value of an expression without names may be off because of the digits that its
    numbers are written with: the sum of the changes that each number makes by itself, where it
    moves by half a unit of its last digit, or by 1e-9 of it, up or down: the smaller one, as a
    function jumps on one side. 0 where the value turns. Of many numbers by their slopes."""
    graph, data = _parts(columns, root)
    offs = {node: _off(columns, node, source, 2 if node == root else 3) for node in data}
    if len(offs) > _MOST:
        return _blur(graph, data, offs)

    def at(node: int, number: float) -> float:
        data[node] = number
        forward(graph, graph.steps, data)
        return data[root]

    total = 0.0
    for node, off in offs.items():
        number = data[node]
        up, down, here = (at(node, moved) for moved in (number + off, number - off, number))
        if isfinite(up) and isfinite(down) and (up - here) * (down - here) <= 0:
            total += min(abs(up - here), abs(down - here))
    return total


def reaches(
    columns: Columns, root: int, source: Source, goal: float, most: float, jumps: bool = False
) -> bool:
    """Whether there are numbers, rounded to those of an expression without names, with which its
    value is within `most` of `goal`: 54257938.9 for sin(5.42579e7) = -0.937637.

    They are looked for by chance, and nearer to the best that were found. jumps: whether numbers
    that are not written as rounded may be off by 1e-9 too.
    """
    from random import Random  # for what looks like a mistake only

    graph, data = _parts(columns, root)
    offs = {node: _off(columns, node, source, 3, 0.0) for node in data if node != root}
    exact = {node: PRECISION * data[node] for node, off in offs.items() if not off and jumps}
    rounded = {node: off for node, off in offs.items() if off}
    numbers, random, most = dict(data), Random(0), most + PRECISION * abs(goal)
    sides: set[bool] = set()

    def tried(middle: Sequence[float], wide: float) -> tuple[float, list[float]]:
        """How far the value is from the goal at a point at most so far from another one."""
        moved = [min(max(at + wide * random.uniform(-1, 1), -1.0), 1.0) for at in middle]
        for (node, off), by in zip(offs.items(), moved, strict=True):
            data[node] = numbers[node] + off * (by if node in rounded else round(by))
        forward(graph, graph.steps, data)
        apart = data[root] - goal
        sides.add(apart > 0)
        return abs(apart) if isfinite(apart) else inf, moved

    for offs in (rounded, {**rounded, **exact})[: 1 + bool(exact)]:
        found = [tried([0.0] * len(offs), 1.0) for _ in range(_POINTS if offs else 0)]
        for best in sorted(found)[:_STARTS]:
            for halvings in range(_SCALES):
                for _ in range(_TRIES):
                    if best[0] <= most:
                        return True
                    best = min(best, tried(best[1], 0.5**halvings))
            tried(best[1], 0.0)
            # there may be no double between two that has this value
            between = _blur(graph, data, {node: ulp(data[node]) for node in rounded})
            if best[0] <= most + between and len(sides) == 2:
                return True
    return False


def _blur(graph: Graph, data: dict[int, float], offs: Mapping[int, float]) -> float:
    """How far the value may be off, by its slopes, where numbers are off by so much."""
    forward(graph, graph.steps, data)
    blur = dict(offs)
    for step in graph.steps:
        slopes = zip(graph.operands(step), local_slopes(graph, step, data), strict=True)
        blur[step] = sum(abs(slope) * blur[each] for each, slope in slopes if blur.get(each))
    return blur[graph.output] if isfinite(blur[graph.output]) else 0.0


def _parts(columns: Columns, root: int) -> tuple[Graph, dict[int, float]]:
    """An expression without names, and the numbers in it."""
    graph = Graph(columns, [root])
    return graph, {node: graph.constant(node) for node in graph.order if graph.is_number(node)}


def _off(
    columns: Columns, node: int, source: Source, digits: int, least: float = PRECISION
) -> float:
    """How far a number of an expression may be off. digits: as `least` of `half_unit`. least: how
    far, relative, if it is not written as rounded."""
    number, place = abs(columns.constant(node)), columns.places[node]
    text = Span.at(source, place).text.strip("-−+() \t\r\n") if place > 0 else ""
    text = text.replace("−", "-")  # in an exponent
    try:
        written = half_unit(text, digits) if abs(float(text)) == number else 0.0
    except ValueError:  # a constant such as pi, or a number of the table
        written = 0.0
    return max(written, least * number)
