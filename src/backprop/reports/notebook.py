"""Values and Models as pictures in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from backprop.errors import BackpropError
from backprop.language import Model
from backprop.picture import MOST, picture
from backprop.reports.drawing import Look, digraph, render
from backprop.values import Value

if TYPE_CHECKING:
    from graphviz import Digraph


def draw_value(value: Value, theme: str, direction: str) -> Digraph:
    """What `Value.draw` returns."""
    return digraph(picture(value), Look(theme, direction))


def value_bundle(value: Value) -> dict[str, str]:
    """SVG and text of the graph that leads to a Value; text alone for a large one."""
    whole = picture(value)
    return _bundle(repr(value), whole.size, lambda: digraph(whole))


def model_bundle(model: Model) -> dict[str, str]:
    """SVG and text of a Model with the numbers of its last gradient, or of its defaults."""
    try:
        output = model.values[model.output()]
        if output.grad == 0.0:
            model.grad()
    except BackpropError:
        return {"text/plain": repr(model)}
    whole = picture(output, model.text)
    return _bundle(repr(model), whole.size, lambda: digraph(whole))


def _bundle(text: str, size: int, graph: Callable[[], Digraph]) -> dict[str, str]:
    bundle = {"text/plain": text}
    if size <= MOST:
        with suppress(BackpropError):  # no program that draws: the text remains
            bundle["image/svg+xml"] = render(graph(), "svg").decode()
    return bundle
