"""The derivation of a few members of loops, of which nothing else is unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop.derivation.chain_rule import MOST, derivation, too_many
from backprop.derivation.steps import Derivation
from backprop.evaluation.gradient import Evaluation, Gradient, by_loops
from backprop.language import Model
from backprop.names import meant
from backprop.syntax.functions import TINY
from backprop.values import Numbers

if TYPE_CHECKING:
    from backprop.loops.chosen import Chosen


def of_members(
    model: Model, values: Mapping[str, float], of: str | None, only: Sequence[str], steps: str
) -> tuple[Derivation, Gradient] | None:
    """What `derivation` finds for a Model of loops, with the gradient itself; None for others, and where
    it takes every step. only, steps: as there. Raises TooLarge, UnknownName, ChooseOutput."""
    gradient = by_loops(model, values, of)
    if gradient is None:
        return None
    from backprop.loops.chosen import Chosen
    from backprop.loops.many import NotLoops

    try:
        return _explained(model, Chosen(model, gradient.output), gradient, only, steps), gradient
    except NotLoops:
        return None


def _explained(
    model: Model, shown: Chosen, gradient: Gradient, only: Sequence[str], steps: str
) -> Derivation:
    from backprop.loops.many import NotLoops

    gradients = gradient.gradients
    names: Sequence[str] = only or [*gradients]
    if not all(each in gradients for each in names):
        names = meant(only, gradients, f"what leads to {gradient.output}")
    if not only and shown.count > MOST:
        raise too_many(model, gradient.output, shown.count)
    members = shown.about(names)
    if len(members) > MOST:
        raise too_many(model, gradient.output, len(members))
    excerpt = shown.excerpt(members, names)
    slopes = [0.0] * len(excerpt.columns)
    for name, row in excerpt.names.items():
        slopes[row] = gradients[name]
        if not abs(slopes[row]) >= TINY:  # then it is found out what it is exactly
            raise NotLoops("a gradient that doubles do not hold")
    for row in excerpt.rests:
        slopes[row] = 1.0
    found = Evaluation(excerpt.graph, Numbers(excerpt.data, slopes), gradient)
    return derivation(excerpt.model, found, only=names, steps=steps, members=shown)
