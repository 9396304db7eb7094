"""A few members of loops for a picture, of which nothing else is unrolled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backprop.derivation.excerpts import SOUGHT, Swept, evaluated
from backprop.errors import AtBorder, TooLarge
from backprop.evaluation.gradient import Evaluation, Gradient
from backprop.evaluation.noted import swept_with_notes
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.names import family, meant
from backprop.source import normal
from backprop.syntax.functions import TINY

if TYPE_CHECKING:
    from backprop.loops.excerpt import Excerpt
    from backprop.loops.loop_model import LoopModel
    from backprop.loops.nearby import Nearby

_CLEAR = 80
"""All that is near a name without indices is shown up to so many names; of more whole families."""


_TOLD = 250_000
"""Of no more steps it is told where exactly there are corners and jumps, for which they are unrolled."""


class CloseUp(NamedTuple):
    """A few members of loops for a picture: the Model and the graph of their equations alone, whose
    output is that of the whole.

    names: all that are shown. uses: how many equations of the whole use a name. cut: whether equations
    have only the terms that are shown.
    """

    model: Model
    found: Evaluation
    names: Sequence[str]
    uses: Mapping[str, int]
    cut: bool


class Drawn(NamedTuple):
    """What can be drawn of loops of which nothing is unrolled: a few members, or None where whole families
    are to be drawn instead. near: the names that are meant, of a family some. single: whether a single member
    is named. at: the numbers of all members. notes: on these."""

    close: CloseUp | None
    near: Sequence[str]
    single: bool
    at: Swept
    notes: Sequence[AtBorder]


def close_up(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    focus: Sequence[str],
    depth: int,
    detail: str | None,
    most: int,
) -> Drawn | None:
    """What stands within `depth` equations of these names, of a Model of loops. None for other Models, and
    where it takes every step. detail: as of `draw`. most: names that can be shown. Raises TooLarge,
    UnknownName."""
    output = model.output(of) if model.loops else ""
    if not model.loops:  # which may have been unrolled for the message
        return None
    from backprop.loops.loop_model import FEW, LoopModel
    from backprop.loops.many import NotLoops
    from backprop.loops.nearby import Nearby

    assert isinstance(model, LoopModel)
    given = {normal(name): number for name, number in values.items()}
    known = swept_with_notes(model, given, output, _TOLD)
    if known is None or model.plan.leading <= FEW:
        return None
    at, notes = Swept(model, output, known[0]), known[1]
    model.found = at.found
    try:
        near = Nearby(model.plan, *_at(model, output))
    except NotLoops:
        return None
    middle, single = _meant(at, near, focus)
    exact = single
    if middle and not single and detail != "equations":
        exact = len(near.around(middle, depth, _CLEAR)) <= _CLEAR
    if detail == "operations" and not exact:
        message = f"{near.count:,} values, operation by operation, are more than a page can show"
        example = next(iter(near.examples(middle)), output)
        hints = [
            "draw one box an equation: --detail equations",
            f"draw a part: --focus {example}",
            "draw everything: --all",
        ]
        raise TooLarge(message, hints=hints, where=model.source.name)
    if not exact:
        return Drawn(None, middle, False, at, notes)
    kept = near.around(middle, depth, most)
    if len(kept) > most:
        message = f"more than {most:,} boxes are within {depth} of this, more than a page can show"
        hints = [f"draw less: --depth {depth - 1}"] if depth else []
        raise TooLarge(message, hints=hints, where=model.source.name)
    try:
        close = few_members(model, near, output, kept)
    except NotLoops:
        return None if single or detail else Drawn(None, middle, False, at, notes)
    if close.cut and detail == "operations":
        if model.plan.leading <= SOUGHT:  # then it is told how large exactly
            return None
        raise _long_equations(model)
    return Drawn(None if close.cut and not single else close, middle, single, at, notes)


def _long_equations(model: LoopModel) -> TooLarge:
    message = "the equations of this have more terms, operation by operation, than a page can show"
    hints = ["draw one box an equation: --detail equations", "draw everything: --all"]
    return TooLarge(message, hints=hints, where=model.source.name)


def _at(model: LoopModel, name: str) -> tuple[str, int]:
    of, at = model.kind(name)
    return of.name, at


def _meant(at: Swept, near: Nearby, focus: Sequence[str]) -> tuple[list[str], bool]:
    """The names that are meant, of families the first ones, and whether a single member is named. Raises
    UnknownName."""
    found: dict[str, None] = {}
    single, leading = False, at.gradient.gradients
    for each in focus:
        name = re.sub(r"\s+", "", normal(each))
        if near.place(name):
            found[name] = None
            single |= bool(family(name))
        elif some := near.first(name, _CLEAR + 1):
            found |= dict.fromkeys(some)
        else:
            found |= dict.fromkeys(meant([each], leading, f"what leads to {at.output}"))
    return [*found], single


def few_members(model: LoopModel, near: Nearby, output: str, kept: Sequence[str]) -> CloseUp:
    """These names and their equations as a close-up. Raises NotLoops."""
    from backprop.loops.excerpt import Excerpt
    from backprop.loops.many import NotLoops

    found = model.found
    assert found is not None
    places = near.places(kept)
    members = {name: member for name in kept if (member := near.member(name))}
    reads = {name: near.reads_of(member, places) for name, member in members.items()}
    order = in_order(members, lambda name: [each for each in reads[name] if each in members])
    excerpt: Excerpt = Excerpt(
        model, [members[name] for name in order], places, found.values, linear=True
    )
    for name in kept:
        excerpt.input(name)
    kinds = {name: model.kind(name) for name in (output, *excerpt.names)}
    data = {name: float(found.values[of.name][at]) for name, (of, at) in kinds.items()}
    slopes = {name: float(found.gradients[of.name][at]) for name, (of, at) in kinds.items()}
    seen = (abs(slopes[name]) >= TINY or (found.zeros and slopes[name] == 0) for name in kept)
    if model.plan.leading <= SOUGHT and not all(seen):
        raise NotLoops("a gradient that doubles do not hold")
    gradient = Gradient(output, data[output], data, slopes, tuple(model.warnings))
    part, (graph, numbers, _) = excerpt.model, evaluated(excerpt, gradient)
    last = part.names.get(output)
    if last is None:  # which has to be the last output all the same
        last = excerpt.columns.input()
        numbers.data.append(gradient.value)
        numbers.gradients.append(1.0)
    rows = [part.names[name] for name in kept]
    labels = {**graph.labels, last: output}
    graph = Graph(excerpt.columns, [*graph.outputs, *rows, last], labels)
    evaluation = Evaluation(graph, numbers, gradient)
    return CloseUp(part, evaluation, kept, near.uses(kept), bool(excerpt.rests))
