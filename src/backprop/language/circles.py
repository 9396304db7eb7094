"""Circles: equations that need one another, and functions that call one another."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from backprop.errors import LIMIT, BackpropError, CircularDefinition, Label
from backprop.graph import Columns, Graph, in_order
from backprop.language.families import right
from backprop.syntax.parser import Statement

_SHOWN = 8
"""The most names of a circle that a message shows."""


def circles(
    columns: Columns, names: Mapping[str, int], equations: Mapping[str, Statement]
) -> Iterator[BackpropError]:
    """An error for each circle of equations; none if every row can come after its operands."""
    if not has_circle(columns, names):
        return
    whole = Graph(columns, names.values(), {node: name for name, node in names.items()})
    graph = {name: {whole.label(used) for used in whole.uses(names[name])} for name in names}
    for first, pairs, path in around(graph):
        labels = [Label(right(equations[name]), f"{name} needs {after}") for name, after in pairs]
        message = f"{first!r} is defined by itself{path}"
        hints = ["one of these names must be an input, or depend on something else"]
        yield CircularDefinition(message, *labels, hints=hints)


def has_circle(columns: Columns, names: Mapping[str, int]) -> bool:
    """Whether some row needs itself: then no order has every row after its operands."""
    if columns.in_order:
        return False
    done: set[int] = set()
    for node in in_order(names.values(), columns.operands):
        if not done.issuperset(columns.operands(node)):
            return True
        done.add(node)
    return False


def around(
    graph: Mapping[str, Iterable[str]],
) -> Iterator[tuple[str, list[tuple[str, str]], str]]:
    """The circles of names that need one another, up to the limit: of each the first name, the
    pairs (a name, the one that it needs), and the way around as a message has it."""
    rest = {name: set(needs) for name, needs in graph.items()}
    lines = {name: at for at, name in enumerate(graph)}
    for _ in range(LIMIT):
        try:
            TopologicalSorter(rest).prepare()
            return
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]
        start = min(range(len(circle) - 1), key=lambda at: lines[circle[at]])
        circle = [*circle[start:-1], *circle[: start + 1]]
        for name in circle:
            rest.pop(name, None)
        shown = circle if len(circle) < 10 else [*circle[:_SHOWN], "…", circle[-1]]
        path = ": " + " → ".join(shown) if len(circle) > 2 else ""
        yield circle[0], list(pairwise(circle))[:_SHOWN], path
