"""What `backprop page` shows: a graph that is computed in the page, or of a large one what is known of it."""

from __future__ import annotations

from backprop import streamed_matrices
from backprop.commands import draw
from backprop.derived_formulas import rules_of
from backprop.errors import BackpropError, TooLarge
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.inputs import Asked, Inputs
from backprop.page_content import LargePage, PageContent, page_content, title_of
from backprop.picture import MOST, is_large


def page(
    inputs: Inputs | Asked, title: str | None = None
) -> tuple[PageContent | LargePage, Gradient]:
    """What an interactive page shows of one output, and the gradient where it begins (for its warnings).
    title: None for the first comment of the file, or its name. Raises TooLarge."""
    model, numbers, output = streamed_matrices.asked(inputs)
    heading = title or title_of(model.source)
    count = 0
    if streamed_matrices.is_streamed(model):
        count = MOST + 1
    elif model.loops:
        count = len(model.leading(model.output(output)))
    if count <= MOST:
        found = evaluate(model, numbers, output, noted=True)
        if len(found.graph.order) <= MOST:
            content = page_content(model, found, heading, output)
            if not is_large(len(content.picture.boxes), len(content.picture.arrows)):
                return content, found.gradient
    return _large(Asked(model, numbers, output), heading)


def _large(asked: Asked, title: str) -> tuple[LargePage, Gradient]:
    model, numbers, output = asked
    try:
        picture, gradient = draw(asked, "equations", [], 0, False)
    except TooLarge as error:
        hints = ["pages are for what fits one: give smaller sizes", *_parts(error)]
        raise TooLarge(error.message, hints=hints, where=model.source.name) from None
    try:
        derivation = rules_of(model, numbers, model.output(output), has_data=model.laid is not None)
    except BackpropError:  # the picture is what there is to show
        derivation = None
    return LargePage(title, model.source.text, gradient.value, picture, derivation), gradient


def _parts(error: BackpropError) -> list[str]:
    """Those hints that say of which part a picture can be."""
    return [f"as a picture, {hint}" for hint in error.hints if "--focus" in hint]
