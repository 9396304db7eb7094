"""Pictures of an output in the steps of `explain`: files and options in, plain data out."""

from __future__ import annotations

from collections.abc import Sequence

from backprop import picture as pictures
from backprop import streamed_matrices
from backprop.derivation import derivation
from backprop.errors import BadOption, TooLarge
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.inputs import Asked, Inputs
from backprop.language.named_steps import named_steps
from backprop.names import meant
from backprop.picture_steps import SteppedPicture, in_steps

MOST_STEPS = 1000
"""Equations that are gone through in pictures, at most."""


def stepped_picture(
    inputs: Inputs | Asked,
    detail: str | None,
    focus: Sequence[str],
    depth: int,
    whole: bool,
    passes: str,
) -> tuple[SteppedPicture, Gradient]:
    """The picture of one output with its steps, and the gradient (for its warnings). Every member of a
    family is a box, since it has steps of its own. The options are those of `commands.draw`; passes: forward
    for values alone. Raises TooLarge, BadOption."""
    model, numbers, output = streamed_matrices.asked(inputs)
    if streamed_matrices.is_streamed(model):
        hints = [
            "draw the whole: leave the steps and --blank out",
            "or let it have more: --memory 8G",
        ]
        raise BadOption("tables larger than memory are drawn without steps", hints=hints)
    count = len(model.leading(model.output(output))) if model.loops else 0
    if count > MOST_STEPS and not whole:
        raise _too_many(count, "values", model.source.name)
    graph, at, gradient = found = evaluate(model, numbers, output, noted=True)
    near = meant(focus, gradient.gradients, f"what leads to {gradient.output}")
    constants = {model.names[name] for name in model.constants if name in model.names}
    # as `draw` chooses
    single = detail or ("operations" if len(graph.order) <= pictures.DETAILED else "equations")
    drawn = pictures.picture(graph, at, model.text, single, constants)
    if detail is None and drawn.size > pictures.DETAILED and single == "operations":
        single = "equations"
        drawn = pictures.picture(graph, at, model.text, single, constants)
    if single == "operations":
        ids = dict(zip(graph.order, (box.id for box in drawn.boxes), strict=True))
        names = {name: ids[node] for node, name in named_steps(model, graph).items()}
        own = {id: name for name, id in names.items()}
        boxes = [pictures.called(box, own.get(box.id, box.label)) for box in drawn.boxes]
        drawn = drawn._replace(boxes=boxes)
    else:
        names = {label: label for label in graph.labels.values()}
    if focus:
        drawn = pictures.focus(drawn, near, depth)
    steps = sum(map(graph.is_step, graph.order if single == "operations" else graph.labels))
    if not whole and (drawn.large or steps > MOST_STEPS):
        if steps > MOST_STEPS:
            raise _too_many(steps, "steps", model.source.name)
        hints = ["draw a part: --focus NAME --depth 1"]
        raise _too_many(drawn.size, "boxes and circles", model.source.name, hints)
    part = "forward" if passes == "forward" else "both"
    steps_found = derivation(model, found, single, steps=part, whole=True)
    return in_steps(drawn, steps_found, names), gradient


def _too_many(count: int, what: str, where: str, hints: Sequence[str] = ()) -> TooLarge:
    others = ["draw the whole: leave the steps and --blank out", "or draw all steps: --all"]
    message = f"{count:,} {what}, one by one, are more than steps are drawn of"
    return TooLarge(message, hints=[*hints, *others], where=where)
