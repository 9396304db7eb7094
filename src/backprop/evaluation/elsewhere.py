"""Values that stand behind equations, `-6` of `e = a*b = -6`, beside those at a point."""

from collections.abc import Mapping
from math import inf

from backprop.errors import Label, WorkedElsewhere
from backprop.language import Model
from backprop.language.links import Worked
from backprop.numbers import PRECISION, printed
from backprop.values import forward

_SHOWN = 6
"""The most places that the note shows."""


def elsewhere(model: Model, data: Mapping[str, float]) -> list[WorkedElsewhere]:
    """A single note on the values in the file that are others at this point, none if there are none.
    data: the numbers of all names at the point."""
    found: list[tuple[Label, str]] = []
    for name, links in model.worked.items():
        for link in links if name in data and model.is_equation(name) else ():
            value, off = _value(model, link, data)
            if not abs(value - data[name]) <= off * (1 + PRECISION) and value == value:
                line, _ = link.place.source.position(link.place.start)
                says = f"line {line} says {name} = {link.place.text}"
                here = f"{name} is {printed(data[name])} here"
                found.append((Label(link.place, here), f"{says}, it is {printed(data[name])} here"))
    if not found:
        return []
    more = f" ({len(found)} such values in all)" if len(found) > 1 else ""
    labels = (label for label, _ in found[:_SHOWN])
    return [WorkedElsewhere(found[0][1] + more, *labels)]


def _value(model: Model, link: Worked, data: Mapping[str, float]) -> tuple[float, float]:
    """The value of a link at a point, and how far it may be off; nan where it has none."""
    graph = link.graph
    known = {node: graph.constant(node) for node in graph.order if graph.is_number(node)}
    names = {node: model.labels[node] for node in graph.order if node in model.labels}
    for node, name in names.items():
        if not graph.is_step(node):
            if name not in data:
                return float("nan"), inf
            known[node] = data[name]
    forward(graph, graph.steps, known)
    if not names:
        return known[graph.output], link.off
    return known[graph.output], PRECISION * max(map(abs, known.values()))
