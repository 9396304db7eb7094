"""The parts of a statement with indices, cut once and unrolled many times.

`prepared` takes a shape and gives the indices of the left side, the right side and the clauses. In
`w[i,1] = a*sum(x[k] for k in 1..i) for i in 1..3` the nodes of the right side are `a`, the sum and the
product. What stands inside the sum is no part of them: it is read once for each `k`, so it is a body
of its own, kept with the sum's node; and so is the index of `x[k]`, whose number must be known before
it can be said which name is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from backprop.syntax.grammar import Node, Shape, roots

DEEPEST = 50
"""The most sums inside one another: a stated limit, so that reading them may recurse."""


class Clause(NamedTuple):
    """`for i in low..high`, or `for i in [items]`. variable: the token of its name; of a range `items`
    are its two ends."""

    variable: int
    is_range: bool
    items: tuple[Nodes, ...]
    node: Node


class Governor(NamedTuple):
    """A node with what it governs. indices: of an index; body, clauses, condition: of a sum."""

    node: Node
    indices: tuple[Nodes, ...] = ()
    body: Body | None = None
    clauses: tuple[Clause, ...] = ()
    condition: Nodes = ()


Nodes = tuple[Node, ...]


class Body(NamedTuple):
    """An expression: its nodes in postfix order, and by their tokens those that govern others."""

    nodes: Nodes
    governors: Mapping[int, Governor]


class Prepared(NamedTuple):
    """A statement: the indices of its left side, its right side, what it is repeated for."""

    indices: tuple[Nodes, ...]
    right: Body
    clauses: tuple[Clause, ...]
    condition: Nodes


class TooDeep(Exception):
    """More sums inside one another than DEEPEST."""


@lru_cache(maxsize=4096)
def prepared(shape: Shape) -> Prepared:
    """The parts of a statement or an expression. Raises TooDeep."""
    nodes = shape.nodes
    if not shape.indexed:
        return Prepared((), Body(nodes, {}), (), ())
    parts = roots(nodes, 0, len(nodes) - 1)
    clauses, condition = _clauses(nodes, parts)
    right = _body(nodes, parts.pop(), 0)
    return Prepared(_plain(nodes, parts), right, clauses, condition)


def _plain(nodes: Nodes, parts: list[int]) -> tuple[Nodes, ...]:
    """The nodes of expressions without sums: indices, ends of a range."""
    return tuple(nodes[nodes[root].start : root + 1] for root in parts)


def _clauses(nodes: Nodes, parts: list[int]) -> tuple[tuple[Clause, ...], Nodes]:
    """The clauses and the condition at the end of these parts, which are taken away."""
    condition: Nodes = ()
    if nodes[parts[-1]].kind == "condition":
        (condition,) = _plain(nodes, [parts.pop() - 1])
    found: list[Clause] = []
    while (node := nodes[parts[-1]]).kind in ("range", "listed"):
        items = _plain(nodes, roots(nodes, node.start, parts.pop() - 1))
        found.insert(0, Clause(node.token, node.kind == "range", items, node))
    return tuple(found), condition


def _body(nodes: Nodes, root: int, depth: int) -> Body:
    """The body of an expression."""
    if depth > DEEPEST:
        raise TooDeep
    found: list[Node] = []
    governors: dict[int, Governor] = {}
    at = root
    while at >= nodes[root].start:
        node = nodes[at]
        found.append(node)
        if node.kind in ("index", "gather"):
            governors[node.token] = _governor(nodes, at, depth)
            at = node.start
        at -= 1
    return Body(tuple(reversed(found)), governors)


def _governor(nodes: Nodes, root: int, depth: int) -> Governor:
    node = nodes[root]
    parts = roots(nodes, node.start, root - 1)
    if node.kind == "index":
        return Governor(node, _plain(nodes, parts))
    clauses, condition = _clauses(nodes, parts)
    return Governor(node, (), _body(nodes, parts[0], depth + 1), clauses, condition)
