"""What `backprop page` shows: a graph that is computed in the page, or of a large one what is known of it."""

from __future__ import annotations

from contextlib import suppress
from math import inf

from backprop import streamed_matrices
from backprop.commands import draw
from backprop.derivation import derivation as step_by_step
from backprop.derived_formulas import rules_of
from backprop.errors import BackpropError, TooLarge
from backprop.evaluation.gradient import Gradient, by_loops, evaluate
from backprop.inputs import Asked, Inputs
from backprop.loops.worth import read_model
from backprop.page_content import LargePage, PageContent, PageRows, page_content, title_of
from backprop.picture import MOST

MOST_STEPS = 2000
"""So many values a page without a picture explains step by step."""

MOST_ROWS = 1000
"""So many rows of a table a page has at most."""


def page(
    inputs: Inputs | Asked, title: str | None = None
) -> tuple[PageContent | LargePage, Gradient]:
    """What an interactive page shows of one output, and the gradient where it begins (for its warnings).
    title: None for the first comment of the file, or its name. Raises TooLarge."""
    asked = streamed_matrices.asked(inputs)
    model, numbers, output = asked
    heading = title or title_of(model.source)
    count = 0
    rows = [table.size for table in model.laid.tables] if model.laid else []
    if streamed_matrices.is_streamed(model) or max(rows, default=0) > MOST:
        count = MOST + 1
    elif model.loops:
        count = len(model.leading(model.output(output)))
    if count <= MOST:
        found = evaluate(model, numbers, output, noted=True)
        if len(found.graph.order) <= MOST:
            content = page_content(model, found, heading, output)
            if _fits(content):
                return content, found.gradient
    return _by_rows(asked, heading) or _large(asked, heading)


def _fits(content: PageContent) -> bool:
    """Whether there is room for each box. A page scrolls, so that its arrows may be as many as they are."""
    return len(content.picture.boxes) <= MOST


def _by_rows(asked: Asked, title: str) -> tuple[PageContent, Gradient] | None:
    """A page of one row at a time of a table that is too long for a page of all; None where there is none: of
    several tables, of one that memory does not hold, of comparisons with texts, or if a row alone is too
    large or has no value."""
    model, numbers, output = asked
    laid = model.laid
    if laid is None or len(laid.tables) != 1 or laid.plain or streamed_matrices.is_streamed(model):
        return None
    from backprop.by_rows.held_rows import FirstRows  # for data only

    table = laid.tables[0]
    first = FirstRows(table.name, table, [*table.numbers])
    try:
        of_row = read_model(model.source, model.seed, many=inf, sizes=model.sizes, tables=[first])
        found = evaluate(of_row, numbers, output, noted=True)
        whole = (
            by_loops(model, numbers, output, (), alone=True)
            or evaluate(model, numbers, output).gradient
        )
    except BackpropError:
        return None
    if len(found.graph.order) > MOST:
        return None
    content = page_content(of_row, found, title, output, row=True)
    if not _fits(content):
        return None
    place = {found.graph.label(node): at for at, node in enumerate(found.graph.order)}
    columns = {
        place[f"{name}[1]"]: [float(each) for each in column[:MOST_ROWS]]
        for name, column in table.numbers.items()
        if f"{name}[1]" in place
    }
    rows = PageRows(columns, table.size, whole.value) if columns else None
    return content._replace(rows=rows), whole


def _large(asked: Asked, title: str) -> tuple[LargePage, Gradient]:
    model, numbers, output = asked
    found, too_large = None, None
    try:
        found = draw(asked, "equations", [], 0, False)
    except TooLarge as error:
        too_large = error
    name, derivation = model.output(output), None
    with suppress(BackpropError):
        derivation = rules_of(model, numbers, name, has_data=model.laid is not None)
    if found is not None:
        picture, gradient = found
        return LargePage(
            title, model.source.text, name, gradient.value, picture, derivation
        ), gradient
    assert too_large
    if not model.loops and len(model.leading(name)) <= MOST_STEPS:
        evaluated = evaluate(model, numbers, output, noted=True)
        steps, gradient = step_by_step(model, evaluated, whole=True), evaluated.gradient
        return LargePage(title, model.source.text, name, gradient.value, None, steps), gradient
    hints = ["pages are for what fits one: give smaller sizes", *_parts(too_large)]
    raise TooLarge(too_large.message, hints=hints, where=model.source.name)


def _parts(error: BackpropError) -> list[str]:
    """Those hints that say of which part a picture can be."""
    return [f"as a picture, {hint}" for hint in error.hints if "--focus" in hint]
