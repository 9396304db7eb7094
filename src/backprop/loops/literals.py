"""Statements that say no more than the number of one member: `x[3,1] = -0.25`, of which files that a
descent has saved have thousands. They are read without rows of a body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backprop.language.families import ready_made
from backprop.language.integers import MOST
from backprop.loops.affine import Affine
from backprop.loops.domains import Domain
from backprop.loops.repeated import Repeated
from backprop.syntax.bodies import Nodes, Parts
from backprop.syntax.functions import TINY
from backprop.syntax.parser import Statement


class Literal(NamedTuple):
    """A member's indices and its number."""

    indices: Sequence[int]
    number: float
    parts: Parts


def literal(statement: Statement) -> Literal | None:
    """What such a statement says; None of others, and where the number is not quite plain."""
    tokens, shape = statement
    if shape.form != "indexed_equation" or shape.drawn:
        return None
    parts = ready_made(statement)
    nodes = parts.body.nodes
    if len(nodes) > 2 or not parts.indices or parts.clauses or parts.limits or parts.condition:
        return None
    number = _number(tokens.texts, nodes)
    if number is None or not (number == 0 or TINY <= abs(number) < 1e300):
        return None
    if number == 0 and "e" in tokens.texts[nodes[0].token].lower():
        return None
    indices = [_number(tokens.texts, each) for each in parts.indices]
    whole = [int(each) for each in indices if each is not None and each % 1 == 0]
    if len(whole) < len(indices) or max(map(abs, whole)) > MOST:
        return None
    return Literal(whole, number, parts)


def repeated(statement: Statement, said: Literal, whole: Domain) -> Repeated:
    """Such a statement as others are read. whole: where nothing runs."""
    indices = tuple(Affine(whole, each) for each in said.indices)
    name = statement.tokens.texts[statement.shape.target]
    return Repeated(statement, name, whole, indices, 0, -1, {}, said.parts)


def _number(texts: Sequence[str], nodes: Nodes) -> float | None:
    """The number that nodes are, with its sign; None of others."""
    node = nodes[0]
    if node.kind != "number" or len(nodes) > 2:
        return None
    number = float(texts[node.token])
    if len(nodes) == 1:
        return number
    return -number if (nodes[1].kind, nodes[1].operation) == ("operation", "neg") else None
