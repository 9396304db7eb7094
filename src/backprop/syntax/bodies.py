"""The parts of a statement with indices, cut once and unrolled many times.

`prepared` takes a shape and gives the indices of the left side, the right side and the clauses. In
`w[i,1] = a*sum(x[k] for k in 1..i) for i in 1..3` the nodes of the right side are `a`, the sum and
the product. What stands inside the sum is no part of them: it is read once for each `k`, so it is a
body of its own, kept with the sum's node; and so is the index of `x[k]`, whose number must be known
before it can be said which name is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from backprop.syntax.grammar import LIMITS, Node, Shape, roots

DEEPEST = 50
"""The most sums inside one another: a stated limit, so that reading them may recurse."""


Nodes = tuple[Node, ...]


class Clause(NamedTuple):
    """`for i in low..high`, or `for i in [items]`; of a range `items` are its two ends."""

    node: Node
    items: tuple[Nodes, ...]


class Body(NamedTuple):
    """An expression: its nodes in postfix order, and by their tokens the parts of those that have
    some, which so have no operands."""

    nodes: Nodes
    parts: Mapping[int, Parts] = MappingProxyType({})


class Parts(NamedTuple):
    """What a statement, a sum or an index is made of. indices: of the left side, or of the index,
    which has nothing else. body: the right side, or what is summed. clauses, condition: what that
    is repeated for. limits: the uncertainty and the bounds behind a right side, as far as there are
    any. many: whether an index stands for many members, as `w[1,*]` does."""

    indices: tuple[Nodes, ...]
    body: Body = Body(())
    clauses: tuple[Clause, ...] = ()
    condition: Nodes = ()
    limits: tuple[Limit, ...] = ()
    many: bool = False


class Limit(NamedTuple):
    """An uncertainty or bounds; `items` are what it is made of."""

    node: Node
    items: tuple[Nodes, ...]


class TooDeep(Exception):
    """More sums inside one another than DEEPEST."""


@lru_cache(maxsize=4096)
def prepared(shape: Shape) -> Parts:
    """The parts of a statement or an expression. Raises TooDeep."""
    nodes = shape.nodes
    if not (shape.indexed or shape.limited):
        return Parts((), Body(nodes))
    parts = roots(nodes, 0, len(nodes) - 1)
    repeated = _clauses(nodes, parts)
    limits: list[Limit] = []
    while (node := nodes[parts[-1]]).kind in LIMITS:
        items = _plain(nodes, roots(nodes, node.start, parts.pop() - 1))
        limits.insert(0, Limit(node, items))
    right = _body(nodes, parts.pop(), 0)
    return Parts(_plain(nodes, parts), right, *repeated, tuple(limits))


def body(nodes: Nodes) -> Body:
    """The body of an expression that is given as nodes, sums and all. Raises TooDeep."""
    first = nodes[0].start
    return _body(
        tuple(each._replace(start=each.start - first) for each in nodes), len(nodes) - 1, 0
    )


def ends_of(nodes: Nodes) -> list[Nodes]:
    """The ends of a slice: of `1..n` in `w[1..n]` both, of `2..` one."""
    if nodes[-1].operands == 1:
        return [nodes[:-1]]
    second = nodes[-2].start - nodes[0].start
    return [nodes[:second], nodes[second:-1]]


def _plain(nodes: Nodes, parts: list[int]) -> tuple[Nodes, ...]:
    """The nodes of expressions that are arithmetic of constants: indices, ends of a range."""
    return tuple(nodes[nodes[root].start : root + 1] for root in parts)


def _clauses(nodes: Nodes, parts: list[int]) -> tuple[tuple[Clause, ...], Nodes]:
    """The clauses and the condition at the end of these parts, which are taken away."""
    condition: Nodes = ()
    if nodes[parts[-1]].kind == "condition":
        (condition,) = _plain(nodes, [parts.pop() - 1])
    found: list[Clause] = []
    while (node := nodes[parts[-1]]).kind in ("range", "listed"):
        items = _plain(nodes, roots(nodes, node.start, parts.pop() - 1))
        found.insert(0, Clause(node, items))
    return tuple(found), condition


def _body(nodes: Nodes, root: int, depth: int) -> Body:
    """The body of an expression."""
    if depth > DEEPEST:
        raise TooDeep
    found: list[Node] = []
    parts: dict[int, Parts] = {}
    at = root
    while at >= nodes[root].start:
        node = nodes[at]
        if node.kind in ("index", "gather"):
            parts[node.token] = _parts(nodes, at, depth)
            at, node = node.start, node._replace(operands=0)
        found.append(node)
        at -= 1
    return Body(tuple(reversed(found)), parts)


def _parts(nodes: Nodes, root: int, depth: int) -> Parts:
    """The parts of an index or a sum."""
    parts = roots(nodes, nodes[root].start, root - 1)
    if nodes[root].kind == "index":
        many = any(nodes[each].kind in ("star", "slice") for each in parts)
        return Parts(_plain(nodes, parts), many=many)
    repeated = _clauses(nodes, parts)
    return Parts((), _body(nodes, parts[0], depth + 1), *repeated)
