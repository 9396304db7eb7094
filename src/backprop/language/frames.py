"""What is being read: the frames of a stack, each an expression that waits for what stands in it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from backprop.graph import Place
from backprop.language.arguments import Members
from backprop.language.families import ready_made
from backprop.language.index_code import Scope
from backprop.language.integers import Argument
from backprop.operations import DERIVATIVE, Gather
from backprop.source import Span
from backprop.syntax.bodies import Body
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens


class Unrolling(NamedTuple):
    """A sum that is being unrolled: what stands in it, the scopes of the terms to come, and where
    on the stack of rows the terms so far begin."""

    row: Gather
    body: Body
    scopes: Iterator[dict[str, Any]]
    span: Span
    place: Place
    first: int


class Frame(NamedTuple):
    """An expression that is being read: the file's, a function's body with its arguments, or a term
    of a sum."""

    nodes: Iterator[Node]
    body: Body
    tokens: Tokens
    scope: Scope
    caller: Place
    sum: Unrolling | None = None


def called_with(function: Statement, operands: list[Any], place: Place) -> Frame:
    """The body of a function of the file with its arguments; `place` is that of the call."""
    tokens, shape = function
    parameters = [tokens.texts[at] for at in shape.parameters]
    given = (each if isinstance(each, Members) else Argument(each) for each in operands)
    arguments: dict[str, Any] = dict(zip(parameters, given, strict=True))
    body = ready_made(function).body
    return Frame(iter(body.nodes), body, tokens, arguments, place)


def derived_by(function: Statement) -> frozenset[str]:
    """The names by which derivatives are taken in the body of a function."""
    texts, nodes = function.tokens.texts, function.shape.nodes
    found = set()
    for at, node in enumerate(nodes):
        if node.kind == "call" and texts[node.token] == DERIVATIVE:
            found.add(texts[nodes[roots(nodes, node.start, at - 1)[-1]].token])
    return frozenset(found)
