"""Values that stand behind equations, `-6` of `e = a*b = -6`, beside those at a point."""

from collections.abc import Mapping
from math import nan

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
            same = value == data[name] or abs(value - data[name]) <= off * (1 + PRECISION)
            if not same and value == value:
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
    graph, known = link.graph, dict[int, float]()
    names = {node for node in graph.order if node in model.labels}.difference(graph.steps)
    for node in graph.order:
        if graph.is_number(node):
            known[node] = graph.constant(node)
    for node in names:
        known[node] = data.get(model.labels[node], nan)
    forward(graph, graph.steps, known)
    off = PRECISION * max(map(abs, known.values())) if names else link.off
    return known[graph.output], off
