"""The condition of a range, `if i != j`, as Python: it is asked for every number, kept or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any, NamedTuple

from backprop.language.index_code import Scope
from backprop.language.integers import MOST, Integers
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.syntax import functions
from backprop.syntax.bodies import Nodes
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node
from backprop.syntax.scanner import Tokens

_LONGEST = 20
"""The most nodes of a condition that is made Python: brackets nest."""

_COMPARED = frozenset({"<", "<=", ">", ">=", "==", "!="})


class Condition(NamedTuple):
    """A condition, ready to be asked many times. kept: of numbers those for which it holds, when the
    variables of `scope` have theirs. cost: about how many steps a number takes."""

    kept: Callable[[Scope, Iterable[int]], Iterator[int]]
    cost: int


def condition(
    integers: Integers, tokens: Tokens, nodes: Nodes, variable: str, scope: Scope
) -> Condition:
    """The condition on what a variable runs through. scope: the other variables, of whose numbers
    only the type counts."""

    def carefully(scope: Scope, number: int) -> float:
        return integers.number(tokens, nodes, {**scope, variable: number})

    found = _python(integers, tokens, nodes, variable, scope) if len(nodes) <= _LONGEST else None
    holds, cost = found or (carefully, len(nodes))

    def kept(scope: Scope, numbers: Iterable[int]) -> Iterator[int]:
        for number in numbers:
            try:
                fits = holds(scope, number)
            except ArithmeticError:  # which is told by the ordinary route
                fits = carefully(scope, number)
            if fits:
                yield number

    return Condition(kept, cost)


def _python(
    integers: Integers, tokens: Tokens, nodes: Nodes, variable: str, scope: Scope
) -> tuple[Callable[[Scope, int], float], int] | None:
    """A condition as a Python function, and about how many steps it takes; None for one with sums,
    members, or what a function was called with. It raises ArithmeticError where there is no value.
    Raises NotANumber for a name that is no constant."""
    called: dict[str, Callable[..., float]] = {}

    def write(node: Node, operands: list[tuple[str, bool]]) -> tuple[str, bool]:
        """Python for a node, and whether it is a whole number, and exact."""
        word, codes = tokens.texts[node.token], [code for code, _ in operands]
        whole = all(exact for _, exact in operands)
        if node.kind == "name" and word == variable:
            return "number", True
        if node.kind == "name" and type(scope.get(word)) is int:
            return f"scope[{word!r}]", True
        if node.kind in ("name", "number") and word not in scope:
            value = float(integers.number(tokens, (node,), {}))
            exact = value.is_integer() and abs(value) <= MOST
            return f"({int(value) if exact else value!r})", exact
        if node.operation in _COMPARED:
            return f"({codes[0]} {node.operation} {codes[1]})", True
        if node.operation in ("+", "-", "*") and whole:
            return f"({codes[0]} {node.operation} {codes[1]})", True
        if node.operation in ("and", "or"):
            return f"({codes[0]} != 0 {node.operation} {codes[1]} != 0)", True
        row = FUNCTIONS.get(word)
        if node.kind == "call" and row and word not in integers.own:
            name, checked = row.name, False
        elif node.kind == "operation":
            name, checked = node.operation, True
        else:
            raise ValueError(word)
        own = f"f{len(called)}"
        called[own] = _function(name, len(codes), checked)
        return f"{own}({', '.join(codes)})", False

    if any(node.kind in ("gather", "index") for node in nodes):
        return None
    try:
        code = fold_nodes(nodes, write)[0]
    except ValueError:
        return None
    return eval(f"lambda scope, number: {code}", dict[str, Any](called)), 1 + len(called)


def _function(name: str, count: int, checked: bool) -> Callable[..., float]:
    """An operation on so many numbers. checked: whether it raises ArithmeticError where its value is
    none, or too large for a whole number."""
    function, row = functions.value(name), OPERATIONS[name]
    defaults = row.defaults[len(row.defaults) - (row.arity - count) :] if not row.folds else ()

    def computed(*operands: float) -> float:
        if row.folds:
            return reduce(function, map(float, operands))
        found = function(*map(float, operands), *defaults)
        if checked and not abs(found) <= MOST:
            raise ArithmeticError(name)
        return found

    return computed
