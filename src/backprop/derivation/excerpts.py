"""The derivation of a few members of loops, of which nothing else is unrolled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backprop.derivation.chain_rule import MOST, derivation, too_many
from backprop.derivation.paths import MOST_PATHS, paths
from backprop.derivation.steps import Derivation
from backprop.errors import TooLarge
from backprop.evaluation.gradient import Evaluation, Gradient, by_loops
from backprop.graph import Graph
from backprop.language import Model
from backprop.names import meant
from backprop.syntax.functions import TINY
from backprop.values import Numbers, backward

_LONGEST = 100
"""Equations that a path goes through which is written out, at most."""

if TYPE_CHECKING:
    from backprop.loops.chosen import Chosen
    from backprop.loops.excerpt import Member


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
    gradients = gradient.gradients
    names: Sequence[str] = only or [*gradients]
    if not all(each in gradients for each in names):
        names = meant(only, gradients, f"what leads to {gradient.output}")
    if not only and shown.count > MOST:
        raise too_many(model, gradient.output, shown.count)
    members = shown.about(names)
    if len(members) > MOST:
        raise too_many(model, gradient.output, len(members))
    part, found = _evaluated(shown, members, names, gradient)
    return derivation(part, found, only=names, steps=steps, members=shown)


def look_ahead(model: Model, values: Mapping[str, float], of: str | None) -> None:
    """Raise TooLarge for a Model of loops with more steps than are explained without being asked twice."""
    gradient = by_loops(model, values, of)
    if gradient is None:
        return
    from backprop.loops.chosen import Chosen
    from backprop.loops.many import NotLoops

    try:
        count = Chosen(model, gradient.output).count
    except NotLoops:
        return
    if count > MOST:
        raise too_many(model, gradient.output, count)


def paths_of_members(
    model: Model, values: Mapping[str, float], of: str | None, ways: Sequence[str]
) -> tuple[Derivation, Gradient] | None:
    """The paths from these names to the output of a Model of loops, with the gradient itself; None for
    others, and where it takes every step. Raises TooLarge, UnknownName, ChooseOutput."""
    gradient = by_loops(model, values, of)
    if gradient is None:
        return None
    from backprop.loops.chosen import Chosen
    from backprop.loops.many import NotLoops

    output = gradient.output
    names = meant(ways, gradient.gradients, f"what leads to {output}")
    try:
        shown = Chosen(model, output)
        kept = {output}.union(*(_between(model, shown, each, output) for each in names))
        part, found = _evaluated(shown, shown.about(kept, users=False), kept, gradient)
        graph = Graph(found.graph.columns, [part.names[output]], found.graph.labels)
        listed = paths(part, found._replace(graph=graph), names)
    except NotLoops:
        return None
    totals = {name: gradient.gradients[name] for name in names}
    start = output, gradient.value, gradient.data
    return Derivation(*start, paths=listed, gradients=totals), gradient


def _between(model: Model, shown: Chosen, name: str, output: str) -> set[str]:
    """The names on all ways from one to the output. Raises TooLarge."""
    kept = edge = {name}
    length = 0
    while edge:
        found = {shown.label(each) for each in shown.about(edge, most=MOST_PATHS + len(edge))}
        users, length = found - kept, length + 1
        kept = kept | users
        why = ""
        if len(users) > MOST_PATHS:  # each is on a way of its own
            why = f"more than {MOST_PATHS} paths lead from {name} to {output}"
        elif len(kept) > MOST or length > _LONGEST:
            why = (
                f"the paths from {name} to {output} lead through more equations than a person reads"
            )
        if why:
            hints = ["name something nearer to the output, or explain without --paths"]
            raise TooLarge(why, hints=hints, where=model.source.name)
        edge = users
    return kept


class CloseUp(NamedTuple):
    """A few members of loops for a picture: the Model and the graph of their equations alone, whose
    output is that of the whole. uses: how many equations of the whole use a name. cut: whether sums
    have only the terms that are shown."""

    model: Model
    found: Evaluation
    uses: Mapping[str, int]
    cut: bool


def close_up(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    focus: Sequence[str],
    depth: int,
    most: int,
) -> CloseUp | None:
    """What stands within `depth` equations of these names, of a Model of loops; None for others, and
    where it takes every step. most: names that can be shown. Raises TooLarge, UnknownName."""
    gradient = by_loops(model, values, of)
    if gradient is None:
        return None
    from backprop.loops.chosen import Chosen
    from backprop.loops.many import NotLoops

    middle = meant(focus, gradient.gradients, f"what leads to {gradient.output}")
    try:
        shown = Chosen(model, gradient.output)
        near = shown.near(middle, depth, most)
        if len(near) > most:
            message = (
                f"more than {most:,} boxes are within {depth} of this, more than a page can show"
            )
            hints = [f"draw less: --depth {depth - 1}"] if depth else []
            raise TooLarge(message, hints=hints, where=model.source.name)
        members = shown.about(near, users=False)
        part, found = _evaluated(shown, members, near, gradient)
    except NotLoops:
        return None
    columns = found.graph.columns
    last = part.names.get(gradient.output)
    if last is None:  # which has to be the last output all the same
        last = columns.input()
        found.numbers.data.append(gradient.value)
        found.numbers.gradients.append(1.0)
    rows = [row for name, row in part.names.items() if name in near]
    cut = len(found.graph.labels) > len(part.names)
    labels = {**found.graph.labels, last: gradient.output}
    graph = Graph(columns, [*found.graph.outputs, *rows, last], labels)
    return CloseUp(part, found._replace(graph=graph), shown.uses(near), cut)


def _evaluated(
    shown: Chosen, members: Sequence[Member], names: Collection[str], gradient: Gradient
) -> tuple[Model, Evaluation]:
    """The equations of some members as a Model, with the numbers of the whole. names: those whose
    shares are shown. Raises NotLoops."""
    from backprop.loops.many import NotLoops

    gradients = gradient.gradients
    excerpt = shown.excerpt(members, names)
    slopes = [0.0] * len(excerpt.columns)
    for name, row in excerpt.names.items():
        slopes[row] = gradients[name]
        if not abs(slopes[row]) >= TINY:  # then it is found out what it is exactly
            raise NotLoops("a gradient that doubles do not hold")
    graph, data = excerpt.graph, excerpt.data
    for root in graph.outputs:  # and by the steps of its equation
        inside: dict[int, float] = defaultdict(float, {root: slopes[root]})
        backward(graph, graph.equation(root), data, inside)
        for row in inside.keys() - graph.labels.keys():
            slopes[row] = inside[row]
    for row in excerpt.rests:
        slopes[row] = 1.0
    found = Evaluation(graph, Numbers(data, slopes), gradient)
    return excerpt.model, found
