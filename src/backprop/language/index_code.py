"""Arithmetic of indices as Python: unrolling computes the indices of every member."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.syntax.bodies import Nodes
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node
from backprop.syntax.scanner import Tokens

Scope = Mapping[str, Any]
"""Variables with their numbers, parameters of functions with their Arguments."""


def plain(
    tokens: Tokens, several: Sequence[Nodes], scope: Scope
) -> Callable[[Scope], tuple[int, ...]] | None:
    """Sums and products of whole numbers and variables as one Python function that gives all their
    numbers, None for others. Unrolling computes the indices of every member; this makes it three
    times as fast."""

    def write(node: Node, operands: list[str]) -> str:
        word = tokens.texts[node.token]
        if node.kind == "number" and word.isdecimal() and len(word) < 16:
            return str(int(word))
        if node.kind == "name" and type(scope.get(word)) is int:
            return f"scope[{word!r}]"
        if node.operation in ("+", "-", "*"):
            return f"({operands[0]} {node.operation} {operands[1]})"
        raise ValueError(word)

    if max(map(len, several)) > 20:  # brackets nest
        return None
    try:
        codes = [fold_nodes(nodes, write) for nodes in several]
    except ValueError:
        return None
    function: Callable[[Scope], tuple[int, ...]] = eval(f"lambda scope: ({', '.join(codes)},)")
    return function
