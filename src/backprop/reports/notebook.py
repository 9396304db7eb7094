"""Values and Models as pictures in a notebook."""

from __future__ import annotations

from contextlib import suppress

from graphviz import Digraph

from backprop.errors import BackpropError
from backprop.evaluation.gradient import evaluate
from backprop.language import Model
from backprop.picture import MOST, Picture, picture
from backprop.reports.drawing import digraph, render
from backprop.reports.themes import Look
from backprop.values import Numbers, Value, graph_of


def draw_value(value: Value, theme: str, direction: str) -> Digraph:
    """What `Value.draw` returns."""
    return digraph(_picture_of(value), Look(theme, direction))


def value_bundle(value: Value) -> dict[str, str]:
    """SVG and text of the graph that leads to a Value; text alone for a large one."""
    return _bundle(repr(value), _picture_of(value))


def model_bundle(model: Model, numbers: Numbers | None) -> dict[str, str]:
    """SVG and text of a Model, with these numbers; with its defaults if they are of another output."""
    try:
        graph = model.graph(model.output())
        if numbers is None or numbers.gradients[graph.output] == 0.0:
            numbers = evaluate(model, {}).numbers
    except BackpropError:
        return {"text/plain": repr(model)}
    return _bundle(repr(model), picture(graph, numbers, model.text))


def _picture_of(value: Value) -> Picture:
    graph, values = graph_of([value])
    return picture(graph, Numbers([v.data for v in values], [v.grad for v in values]))


def _bundle(text: str, drawn: Picture) -> dict[str, str]:
    bundle = {"text/plain": text}
    if drawn.size <= MOST:
        with suppress(BackpropError):  # no program that draws: the text remains
            bundle["image/svg+xml"] = render(digraph(drawn, Look()), "svg").decode()
    return bundle
