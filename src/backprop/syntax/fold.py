"""The one loop over a formula: from its leaves to its result, whatever that is.

The nodes of a formula stand in postfix order, operands before what is made of them, so that one
pass with a stack is enough, however deep the brackets are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from backprop.operations import FUNCTIONS
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement

T = TypeVar("T")


def fold_nodes(nodes: Iterable[Node], visit: Callable[[Node, list[T]], T]) -> T:
    """The result of an expression: what its last node has become. visit: takes a node and what its
    operands have become, and says what becomes of the node."""
    waiting: list[T] = []
    for node in nodes:
        first = len(waiting) - node.operands
        operands = waiting[first:]
        del waiting[first:]
        waiting.append(visit(node, operands))
    return waiting[-1]


def fold(
    statement: Statement,
    number: Callable[[str], T],
    name: Callable[[str], T],
    apply: Callable[[str, list[T]], T],
) -> T:
    """What a formula, or the right side of an equation, becomes: a number, source code, a formula.

    number: what becomes of a number, given its text. name: of a name or of a member, `x` or
    `w[1,2]`. apply: of an operation, given its name in the table and what its operands have become;
    what is called and has no row there comes under the name that it is called by.

        >>> from backprop.syntax.parser import formula
        >>> fold(formula("2*x + 1"), str, str, lambda op, operands: f"({op} {' '.join(operands)})")
        '(+ (* 2 x) 1)'
    """

    def visit(node: Node, operands: list[T]) -> T:
        word = statement.word(node)
        if node.kind == "number":
            return number(word)
        if node.kind in ("name", "index"):
            return name(word)
        row = FUNCTIONS.get(word)
        return apply(node.operation or (row.name if row else word), operands)

    return fold_nodes(statement.shape.nodes, visit)
