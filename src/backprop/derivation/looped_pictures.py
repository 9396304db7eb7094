"""Pictures of loops, of which nothing is unrolled: of a few members, or of whole families from the numbers of
all members."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backprop.derivation.close_ups import CloseUp, Drawn, close_up, few_members
from backprop.derivation.excerpts import Swept
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.names import together_from
from backprop.numbers import shortened
from backprop.picture import (
    DETAILED,
    INPUTS,
    LONG,
    MOST,
    Arrow,
    Box,
    Picture,
    box_of_several,
    in_turn,
    is_large,
    picture,
)
from backprop.picture import focus as focus_on

if TYPE_CHECKING:
    from backprop.loops.whole_families import AsOne, WholeFamilies


def looped_picture(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    focus: Sequence[str],
    depth: int,
    detail: str | None,
) -> tuple[Picture, Gradient, Sequence[str]] | None:
    """The picture of a Model of loops, the gradient, and the names that are meant; None of others, and where
    it takes every step. The options are those of `draw`. Raises TooLarge, UnknownName."""
    drawn = close_up(model, values, of, focus, depth, detail, MOST)
    if drawn is None:
        return None
    gradient, found = drawn.at.gradient, None
    if drawn.close:
        gradient = drawn.close.found.gradient
        found = _of_members(drawn.close, model.constants, drawn, depth, detail)
    found = found or picture_of_families(drawn.at)
    if found is None:
        return None
    gradient = gradient._replace(notes=tuple(drawn.notes))
    return focus_on(found, drawn.near, depth) if focus else found, gradient, drawn.near


def _of_members(
    close: CloseUp, constants: Collection[str], drawn: Drawn, depth: int, detail: str | None
) -> Picture | None:
    """The picture of a few members; None where families are meant and these are too many."""
    part, (graph, numbers, _), names, uses, cut = close
    still = {part.names[name] for name in constants if name in part.names}
    if cut:  # of sums of hundreds of terms, without their rests
        return picture(graph, numbers, part.text, "equations", still, names, 0, uses)
    near = still, drawn.near, depth, uses
    found = picture(graph, numbers, part.text, detail or "operations", *near)
    if detail is None and found.size > DETAILED:
        if not drawn.single:
            return None
        found = picture(graph, numbers, part.text, "equations", *near)
    return found


def picture_of_families(at: Swept) -> Picture | None:
    """As `picture.of_families` of the unrolled graph. None where it takes every step."""
    from backprop.loops.many import NotLoops
    from backprop.loops.whole_families import WholeFamilies

    model, output, found = at
    try:
        families = WholeFamilies(model, output)
        boxes = [_box(each, found.values, found.gradients) for each in families.groups]
        arrows = [*_arrows(at, families, [box.id for box in boxes])]
    except NotLoops:
        return None
    ranks = {box.id: each.rank for box, each in zip(boxes, families.groups, strict=True)}
    return in_turn(output, sorted(boxes, key=lambda box: ranks[box.id]), arrows)


def _box(group: AsOne, values: Mapping[str, Any], gradients: Mapping[str, Any]) -> Box:
    """The box of a group. values, gradients: of all members, by family."""
    label, text, places = group.label, group.text, group.places
    owner = "" if group.role in INPUTS else label
    formula = shortened(text, LONG) if owner else ""
    data, grad = (_largest(each[group.family.name][places]) for each in (values, gradients))
    box = Box(label, label, group.role, data, grad, text, owner, formula)
    if len(places) == 1:
        return box
    id = together_from(label, group.last, group.ends, len(places))
    return box_of_several(box, id, data, grad, len(places))


def _largest(numbers: Any) -> float:
    """The largest of some numbers in size; of two as large that above 0."""
    most, least = float(numbers.max()), float(numbers.min())
    return most if most >= -least else least


def _arrows(at: Swept, families: WholeFamilies, ids: Sequence[str]) -> list[Arrow]:
    edges = [*families.edges]
    single = dict.fromkeys(name for edge in edges if edge.single for name in edge.single)
    known: dict[tuple[str, str], Arrow] = {}
    if single and not is_large(len(ids), len(edges)):
        known = _numbered(at, [*single])
    found: list[Arrow] = []
    for edge in edges:
        tail, head = ids[edge.tail], ids[edge.head]
        arrow = known.get(edge.single) if edge.single else None
        arrow = arrow or Arrow(tail, head)
        found.append(arrow._replace(tail=tail, head=head))
    return found


def _numbered(at: Swept, names: Sequence[str]) -> dict[tuple[str, str], Arrow]:
    """The arrows between some names, with their numbers. Raises NotLoops."""
    from backprop.loops.nearby import Nearby

    family, place = at.model.kind(at.output)
    close = few_members(at.model, Nearby(at.model.plan, family.name, place), at.output, names)
    graph, numbers, _ = close.found
    text, uses = close.model.text, close.uses
    drawn = picture(graph, numbers, text, "equations", (), names, 0, uses)
    return {(arrow.tail, arrow.head): arrow for arrow in drawn.arrows}
