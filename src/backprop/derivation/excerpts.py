"""The derivation of a few members of loops, of which nothing else is unrolled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backprop.derivation.chain_rule import derivation
from backprop.derivation.paths import MOST_PATHS, paths
from backprop.derivation.steps import Derivation
from backprop.derivation.too_much import MOST, too_many
from backprop.errors import TooLarge
from backprop.evaluation.gradient import Evaluation, Gradient, by_arrays
from backprop.graph import Graph
from backprop.language import Model
from backprop.names import meant
from backprop.numbers import listed
from backprop.source import normal
from backprop.syntax.functions import TINY
from backprop.values import Numbers, backward

_LONGEST = 100
"""Equations that a path goes through which is written out, at most."""

SOUGHT = 250_000
"""Of no more steps it is found out what a gradient is exactly that doubles do not hold, for which all are
unrolled; of more it is what `grad` says."""

if TYPE_CHECKING:
    from backprop.loops.chosen import Chosen
    from backprop.loops.excerpt import Excerpt, Member
    from backprop.loops.loop_model import LoopModel
    from backprop.loops.passes import Found


def of_members(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    only: Sequence[str],
    steps: str,
    detail: str = "equations",
    row: bool = False,
) -> tuple[Derivation, Gradient] | None:
    """What `derivation` finds for a Model of loops, with the gradient itself; None for others, and where
    it takes every step. only, steps, detail, row: as there. Raises TooLarge, UnknownName, ChooseOutput."""
    gradient = _swept(model, values, of)
    if gradient is None:
        return None
    from backprop.loops.many import NotLoops

    try:
        shown = _chosen(model, gradient.output, detail)
        return _explained(model, shown, gradient, only, steps, detail, row), gradient
    except NotLoops:
        return None


def _chosen(model: Model, output: str, detail: str) -> Chosen:
    """What is known of all members, or of all single operations. Raises NotLoops."""
    if detail == "operations":
        from backprop.loops.chosen_steps import ChosenSteps

        return ChosenSteps(model, output)
    from backprop.loops.chosen import Chosen

    return Chosen(model, output)


def _explained(
    model: Model,
    shown: Chosen,
    gradient: Gradient,
    only: Sequence[str],
    steps: str,
    detail: str,
    row: bool,
) -> Derivation:
    from backprop.loops.excerpt import TooManyTerms
    from backprop.loops.many import NotLoops

    if not only and shown.count > MOST:
        raise too_many(model, gradient.output, shown.count)
    if not only and detail == "operations":
        raise NotLoops("all operations, which are few")
    gradients = gradient.gradients
    single = [each for each in only if each not in gradients and shown.operation(each)]
    names: Sequence[str] = [each for each in only if each not in single] or (
        [] if single else [*gradients]
    )
    if not all(each in gradients for each in names):
        names = meant(names, gradients, f"what leads to {gradient.output}")
    names = [*names, *single]
    members = shown.about(names)
    if len(members) > MOST:
        raise too_many(model, shown.label(members[0]), len(members), listed(names))
    try:
        part, found = _evaluated(shown, members, names, gradient)
    except TooManyTerms as error:
        if detail == "equations":
            raise
        raise _too_many_terms(model, error.terms, listed(names)) from None
    return derivation(part, found, detail, only=names, steps=steps, members=shown, row=row)


def _too_many_terms(model: Model, terms: int, about: str) -> TooLarge:
    message = f"one equation has {terms:,} terms with {about}, more than a person reads"
    hints = ["explain each equation as a whole: --detail equations", "explain everything: --all"]
    return TooLarge(message, hints=hints, where=model.source.name)


def paths_of_members(
    model: Model, values: Mapping[str, float], of: str | None, ways: Sequence[str]
) -> tuple[Derivation, Gradient] | None:
    """The paths from these names to the output of a Model of loops, with the gradient itself; None for
    others, and where it takes every step. Raises TooLarge, UnknownName, ChooseOutput."""
    gradient = _swept(model, values, of)
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


class Swept(NamedTuple):
    """A Model of loops, the name of one of its outputs, and the numbers of all members at a point."""

    model: LoopModel
    output: str
    found: Found

    @property
    def gradient(self) -> Gradient:
        """The numbers by name; no names are made before somebody goes through them."""
        from backprop.loops.naming import NumbersByName

        model, output, found = self
        data = NumbersByName(model.plan, model.naming, found.values)
        gradients = NumbersByName(model.plan, model.naming, found.gradients, found.reached)
        return Gradient(output, data[output], data, gradients, tuple(model.warnings))


def swept(model: Model, values: Mapping[str, float], of: str | None) -> Swept | None:
    """A Model of loops at a point, of whose members no names are made; None of others, and where something
    is in doubt."""
    output = model.output(of) if model.loops else ""
    if not model.loops:  # which may have been unrolled for the message
        return None
    from backprop.loops.loop_model import LoopModel

    assert isinstance(model, LoopModel)
    given = {normal(name): number for name, number in values.items()}
    few = model.leads_few(output)
    found = by_arrays(model, given, output) if few else model.swept(given, output, False)
    return None if found is None else Swept(model, output, found)


def _swept(model: Model, values: Mapping[str, float], of: str | None) -> Gradient | None:
    """What `by_loops` finds."""
    at = swept(model, values, of)
    if at is None:
        return None
    at.model.found = at.found
    return at.gradient


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


def _evaluated(
    shown: Chosen, members: Sequence[Member], names: Collection[str], gradient: Gradient
) -> tuple[Model, Evaluation]:
    """The equations of some members as a Model, with the numbers of the whole. names: those whose
    shares are shown. Raises NotLoops."""
    from backprop.loops.many import NotLoops

    gradients = gradient.gradients
    excerpt = shown.excerpt(members, names)
    for name in excerpt.names if shown.work <= SOUGHT else ():
        if not abs(gradients[name]) >= TINY and not (shown.has_zeros and gradients[name] == 0):
            raise NotLoops("a gradient that doubles do not hold")
    return excerpt.model, evaluated(excerpt, gradient)


def evaluated(excerpt: Excerpt, gradient: Gradient) -> Evaluation:
    """The numbers of an excerpt. gradient: of the whole, by the names in it."""
    slopes = [0.0] * len(excerpt.columns)
    for name, row in excerpt.names.items():
        slopes[row] = gradient.gradients[name]
    graph, data = excerpt.graph, excerpt.data
    for root in graph.outputs:  # and by the steps of its equation
        inside: dict[int, float] = defaultdict(float, {root: slopes[root]})
        backward(graph, graph.equation(root), data, inside)
        for row in inside.keys() - graph.labels.keys():
            slopes[row] = inside[row]
    for row in excerpt.rests:
        slopes[row] = 1.0
    return Evaluation(graph, Numbers(data, slopes), gradient)
