"""The numbers of a family that is drawn at random, some names at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Any

import numpy

from backprop.language.distributions import COLUMN
from backprop.language.families import ready_made
from backprop.language.random_numbers import width
from backprop.loops.affine import Affine, Places, count_of, some_of, whole
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals
from backprop.loops.family import Family
from backprop.loops.many import NotLoops
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.loops.words import words
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement

_FAR = 100.0
"""Farther than so many standard deviations from the mean nothing is drawn: of 53 bits at most 8.3."""

_NAMES = 1 << 13
"""So many names are made at a time: one takes 150 bytes, with what is drawn."""


def drawn(
    builder: LoopBuilder, loop: Repeated, family: Family, places: Places
) -> Iterator[Reals] | Callable[[], Iterator[Reals]]:
    """The numbers of the members at these places, piece by piece, or what makes these, where nothing can be
    wrong with them. Raises what is wrong with the statement, NotLoops for a number that is too large for a
    double."""
    families, tokens, body = builder.families, loop.statement.tokens, loop.parts.body
    if (column := column_of(builder, [loop.statement])) is not None:
        return lambda: iter([column])
    first = first_of(builder, loop)
    families.draw(tokens, body, family.labels(some_of(places, 0, 1))[0], first)  # what is wrong
    used = {tokens.texts[node.token] for node in body.nodes}
    within = [words(tokens, each) for each in body.parts.values()]
    if not first.keys().isdisjoint(used.union(*within)):
        return _various(builder, loop, family, places)
    low, high = families.integers.arguments(tokens, body, first)
    distribution = tokens.texts[body.nodes[-1].token]
    make = partial(families.drawn, distribution, low, high)
    pieces = partial(_alike, make, family, places)
    return pieces if isfinite(_FAR * max(abs(low), abs(high))) else pieces()


def column_of(builder: LoopBuilder, statements: Sequence[Statement]) -> Reals | None:
    """The numbers of a family that is a column of data; None of others. statements: that define it."""
    for each in statements:
        body = ready_made(each).body
        if each.shape.drawn and each.tokens.texts[body.nodes[-1].token] == COLUMN:
            return numpy.asarray(builder.families.column(each.tokens, body), dtype=float)
    return None


def _various(
    builder: LoopBuilder, loop: Repeated, family: Family, places: Places
) -> Iterator[Reals]:
    """The numbers of members whose distributions differ."""
    families, tokens, body = builder.families, loop.statement.tokens, loop.parts.body
    variables = variables_of(builder, loop)
    distribution = tokens.texts[body.nodes[-1].token]
    for start, labels in _labels(family, places):
        some = {name: each[start : start + len(labels)] for name, each in variables.items()}
        if ends := _arguments(builder, loop, some):
            first, wide = ends[0], width(distribution, *ends)
            found = first + wide * numpy.array(families.drawn(distribution, 0.0, 1.0, labels))
            if numpy.all(wide >= 0) and numpy.isfinite(found).all():
                yield found
                continue
        found = numpy.empty(len(labels))
        for at, label in enumerate(labels):
            scope = {name: each[at] for name, each in some.items()}
            found[at], _ = families.draw(tokens, body, label, scope)
        yield found


def _arguments(
    builder: LoopBuilder, loop: Repeated, variables: Mapping[str, Sequence[int]]
) -> list[Spread] | None:
    """What the distributions of some members are made of, computed by arrays; None where one has to be
    looked at by itself. variables: what they are for each of the members."""
    tokens, body, writer = loop.statement.tokens, loop.parts.body, ArrayWriter()
    integers, own = builder.families.integers, builder.functions
    scope = {name: each[0] for name, each in variables.items()}

    def visit(node: Node, operands: list[Any]) -> Any:
        if node is body.nodes[-1]:
            return operands
        word = tokens.texts[node.token]
        if node.kind == "name" and word in variables:
            return numpy.array(variables[word], dtype=float)
        if node.kind in ("name", "number"):
            return float(integers.number(tokens, (node,), scope, free=True))
        row = OPERATIONS.get(node.operation) if node.kind == "operation" else FUNCTIONS.get(word)
        if not row or node.kind not in ("operation", "call") or row.arity != len(operands):
            raise NotLoops("a distribution is made of more than operations")
        if node.kind == "call" and word in own:
            raise NotLoops("a distribution is made of a function of the file")
        found = writer.value(row.name, operands)
        if not numpy.isfinite(found).all():
            raise NotLoops("a distribution has no number")
        return found

    try:
        with writer.watched():
            found: list[Spread] = fold_nodes(body.nodes, visit)
    except (NotLoops, ArithmeticError, ValueError):
        return None
    return found


def _alike(
    make: Callable[[list[str]], list[float]], family: Family, places: Places
) -> Iterator[Reals]:
    """The numbers of members that have one distribution. make: those of some names."""
    for _, labels in _labels(family, places):
        found = numpy.array(make(labels))
        if not numpy.isfinite(found).all():
            raise NotLoops("a number that is drawn is too large for a double")
        yield found


def variables_of(builder: LoopBuilder, loop: Repeated) -> dict[str, list[int]]:
    """What the variables of a loop are, for each of its combinations."""
    return {
        name: whole(builder.of_variable(found.node, loop.domain)).tolist()
        for name, found in loop.scope.items()
    }


def first_of(builder: LoopBuilder, loop: Repeated) -> dict[str, int]:
    """What the variables of a loop are for its first combination."""
    every = {
        name: builder.of_variable(found.node, loop.domain) for name, found in loop.scope.items()
    }
    return {
        name: found.base if isinstance(found, Affine) else int(found[0])
        for name, found in every.items()
    }


def _labels(family: Family, places: Places) -> Iterator[tuple[int, list[str]]]:
    """Names, and the number of the first of them."""
    for start in range(0, count_of(places), _NAMES):
        yield start, family.labels(some_of(places, start, start + _NAMES))
