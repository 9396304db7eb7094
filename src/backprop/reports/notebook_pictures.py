"""Pictures of Values and Models in a notebook."""

from graphviz import Digraph

from backprop.errors import BackpropError
from backprop.evaluation.gradient import evaluate
from backprop.language import Model
from backprop.picture import Picture
from backprop.picture import picture as picture_of
from backprop.reports.drawing import digraph, write
from backprop.reports.themes import Look
from backprop.values import Numbers, Value, graph_of


def draw_value(value: Value, theme: str, direction: str | None) -> Digraph:
    """What `Value.draw` returns."""
    return digraph(_picture_of(value), Look(theme, direction))


def value_bundle(value: Value) -> dict[str, str]:
    """SVG and text of the graph that leads to a Value; text alone for a large one."""
    drawn = _svg(_picture_of(value))
    return {"text/plain": repr(value)} | ({"image/svg+xml": drawn} if drawn else {})


def model_picture(model: Model, numbers: Numbers | None) -> str:
    """SVG of a Model, with these numbers; with its defaults if they are of another output. "" where
    there is no picture."""
    try:
        graph = model.graph(model.output())
        if numbers is None or numbers.gradients[graph.output] == 0.0:
            numbers = evaluate(model, {}).numbers
    except BackpropError:
        return ""
    constants = {model.names[name] for name in model.constants}
    return _svg(picture_of(graph, numbers, model.text, constants=constants))


def _picture_of(value: Value) -> Picture:
    graph, values = graph_of([value])
    return picture_of(graph, Numbers([v.data for v in values], [v.grad for v in values]))


def _svg(drawn: Picture) -> str:
    """The picture as SVG; "" for a large one, and where no program draws."""
    if drawn.large:
        return ""
    try:
        return write(drawn, Look(direction=None), "svg").decode()
    except BackpropError:
        return ""
