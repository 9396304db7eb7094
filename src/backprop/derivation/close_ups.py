"""A few members of loops for a picture, of which nothing else is unrolled."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backprop.derivation.excerpts import evaluated, swept
from backprop.errors import LeftOut, TooLarge
from backprop.evaluation.gradient import Evaluation, Gradient
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.names import family, meant
from backprop.numbers import listed
from backprop.source import normal
from backprop.syntax.functions import TINY

if TYPE_CHECKING:
    from backprop.loops.excerpt import Excerpt
    from backprop.loops.loop_model import LoopModel
    from backprop.loops.nearby import Nearby
    from backprop.loops.passes import Found

_FEW = 3
"""Of so many members of a statement it is shown what they read, and of that so many in each place."""

_CLEAR = 40
"""Pictures of the first members have fewer of each family where there would be more boxes."""

_FOLDED = 250_000
"""Texts of no more steps are unrolled where no name is given: their families are one box each, with what
they have in all."""

_MOST = 400
"""More names are not looked for."""


class CloseUp(NamedTuple):
    """A few members of loops for a picture: the Model and the graph of their equations alone, whose
    output is that of the whole.

    names: all that are shown. uses: how many equations of the whole use a name. cut: whether equations
    have only the terms that are shown. few: whether these are the first members, and others as near are
    left out. more: the names whose equations read what is not shown. left: what is said of the others.
    """

    model: Model
    found: Evaluation
    names: Sequence[str]
    uses: Mapping[str, int]
    cut: bool
    few: bool
    more: Collection[str] = ()
    left: Sequence[LeftOut] = ()


def close_up(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    focus: Sequence[str],
    depth: int,
    detail: str | None,
    most: int,
) -> CloseUp | None:
    """What stands within `depth` equations of these names, of a Model of loops; of a family, of a name
    without indices, and where there are no names, the first members alone. None for other Models, and
    where it takes every step. detail: as of `draw`. most: names that can be shown. Raises TooLarge,
    UnknownName."""
    at = swept(model, values, of)
    if at is None:
        return None
    from backprop.loops.many import NotLoops
    from backprop.loops.nearby import Nearby

    model, output, found = at
    if model.plan.builder.derivatives:
        return None
    if not focus and detail != "operations" and model.plan.leading <= _FOLDED:
        return None
    model.found = found
    near = Nearby(model.plan, *_at(model, output))
    middle, exact, part = _meant(model, near, focus, output)
    if middle and not exact and not part:  # where all that is near has room, it is all shown
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
    try:
        kept = near.around(middle, depth, most) if exact else _first(near, output, middle, depth)
        if len(kept) > most:
            message = (
                f"more than {most:,} boxes are within {depth} of this, more than a page can show"
            )
            hints = [f"draw less: --depth {depth - 1}"] if depth else []
            raise TooLarge(message, hints=hints, where=model.source.name)
        close = _drawn(model, near, output, kept, exact)
        return None if close.cut and detail == "operations" else close
    except NotLoops:
        return None


def _first(near: Nearby, output: str, middle: Sequence[str], depth: int) -> list[str]:
    """The first members from the output down to the inputs, or within so many equations of some names."""
    for few in range(_FEW, 0, -1):
        if middle:
            kept = near.around(middle, depth, _MOST, few)
        else:
            kept = near.first_down(output, few, _MOST if few > 1 else _CLEAR)
        if len(kept) <= _CLEAR:
            break
    return kept


def _at(model: LoopModel, name: str) -> tuple[str, int]:
    of, at = model.kind(name)
    return of.name, at


def _meant(
    model: LoopModel, near: Nearby, focus: Sequence[str], output: str
) -> tuple[list[str], bool, bool]:
    """The names that are meant, of families the first ones; whether a single member is named; and whether
    a family has more members. Raises UnknownName."""
    found: dict[str, None] = {}
    single = part = False
    for each in focus:
        name = re.sub(r"\s+", "", normal(each))
        if near.place(name):
            found[name] = None
            single |= bool(family(name))
        elif some := near.first(name, _FEW + 1):
            found |= dict.fromkeys(some[:_FEW])
            part |= len(some) > _FEW
        else:
            leading = [every for every in model.names if near.place(every)]
            found |= dict.fromkeys(meant([each], leading, f"what leads to {output}"))
    return [*found], single, part


def _drawn(
    model: LoopModel,
    near: Nearby,
    output: str,
    kept: Sequence[str],
    exact: bool,
) -> CloseUp:
    """These names and their equations as a close-up. Raises NotLoops."""
    from backprop.loops.excerpt import Excerpt
    from backprop.loops.many import NotLoops

    found = model.found
    assert found is not None
    places = near.places(kept)
    members = {name: member for name in kept if (member := near.member(name))}
    reads = {name: near.reads_of(member, places) for name, member in members.items()}
    order = in_order(members, lambda name: [each for each in reads[name][0] if each in members])
    excerpt: Excerpt = Excerpt(
        model, [members[name] for name in order], places, found.values, linear=True
    )
    for name in kept:
        excerpt.input(name)
    kinds = {name: model.kind(name) for name in (output, *excerpt.names)}
    data = {name: float(found.values[of.name][at]) for name, (of, at) in kinds.items()}
    slopes = {name: float(found.gradients[of.name][at]) for name, (of, at) in kinds.items()}
    seen = (abs(slopes[name]) >= TINY or (found.zeros and slopes[name] == 0) for name in kept)
    if exact and not all(seen):
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
    uses, cut = near.uses(kept), bool(excerpt.rests)
    if exact:
        return CloseUp(part, evaluation, kept, uses, cut, False)
    more = [name for name, (_, whole) in reads.items() if not whole]
    return CloseUp(part, evaluation, kept, uses, cut, True, more, _left(near, kept, found))


def _left(near: Nearby, kept: Sequence[str], found: Found) -> list[LeftOut]:
    """What is said of the names that are not drawn. found: the numbers of all members."""
    others = near.count - len(kept)
    if not others:
        return []
    families = dict.fromkeys(name.partition("[")[0] for name in kept if family(name))
    example = ""
    for each in families:
        # near others a gradient may be too small for a double, and every step asked for
        sure = abs(found.gradients[each][:-1]) >= TINY**0.5
        example = example or next(iter(near.first(each, 1, kept, sure)), "")
    what = f"a few members of {listed([*families], 10)}" if families else "a few names"
    message = f"drawn are {what}; {others:,} others are left out"
    hints = [f"draw what is near another one: --focus {example}"] if example else []
    return [LeftOut(message, hints=hints)]
