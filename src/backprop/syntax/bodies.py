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

from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node, Shape

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
    reader = _Reader(nodes)
    parts = reader.roots(0, len(nodes) - 1)
    clauses, condition = reader.clauses(parts)
    right = reader.body(parts.pop(), 0)
    return Prepared(tuple(map(reader.span, parts)), right, clauses, condition)


class _Reader:
    """The nodes of a statement, each with the first node of what belongs to it."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.starts: list[int] = []

        def visit(_: Node, operands: list[int]) -> int:
            self.starts.append(operands[0] if operands else len(self.starts))
            return self.starts[-1]

        fold_nodes(nodes, visit)

    def span(self, root: int) -> Nodes:
        """The nodes of an expression without sums: an index, an end of a range."""
        return self.nodes[self.starts[root] : root + 1]

    def roots(self, first: int, last: int) -> list[int]:
        """The roots of the expressions that stand side by side from one node to another."""
        found = []
        while last >= first:
            found.append(last)
            last = self.starts[last] - 1
        return found[::-1]

    def operands(self, root: int) -> list[int]:
        """The roots of what a node is made of."""
        return self.roots(self.starts[root], root - 1)

    def clauses(self, parts: list[int]) -> tuple[tuple[Clause, ...], Nodes]:
        """The clauses and the condition at the end of these parts, which are taken away."""
        condition = self.span(parts.pop() - 1) if self._kind(parts) == "condition" else ()
        found: list[Clause] = []
        while self._kind(parts) in ("range", "listed"):
            root = parts.pop()
            node = self.nodes[root]
            items = tuple(map(self.span, self.operands(root)))
            found.insert(0, Clause(node.token, node.kind == "range", items, node))
        return tuple(found), condition

    def _kind(self, parts: list[int]) -> str:
        return self.nodes[parts[-1]].kind

    def body(self, root: int, depth: int) -> Body:
        """The body of an expression."""
        if depth > DEEPEST:
            raise TooDeep
        nodes: list[Node] = []
        governors: dict[int, Governor] = {}
        at = root
        while at >= self.starts[root]:
            node = self.nodes[at]
            nodes.append(node)
            if node.kind in ("index", "gather"):
                governors[node.token] = self._governor(at, depth)
                at = self.starts[at]
            at -= 1
        return Body(tuple(reversed(nodes)), governors)

    def _governor(self, root: int, depth: int) -> Governor:
        node, parts = self.nodes[root], self.operands(root)
        if node.kind == "index":
            return Governor(node, tuple(map(self.span, parts)))
        clauses, condition = self.clauses(parts)
        return Governor(node, (), self.body(parts[0], depth + 1), clauses, condition)
