"""Functions of a file that gather their arguments over rows: `mse(u, v) = mean((u - v)^2)`.

What is gathered is known where they are called only: there their bodies are written out.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from backprop.errors import RecursiveFunction, WrongNumberOfArguments
from backprop.language.arguments import is_open
from backprop.language.laid import COUNT
from backprop.operations import GATHERS
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement, shaped
from backprop.syntax.scanner import Tokens

_MOST = 100
"""Calls within calls that are written out: more are a function that calls itself."""


def written_out(statements: Sequence[Statement]) -> list[Statement]:
    """Statements without functions that gather their arguments, and calls of them."""
    functions = {
        each.tokens.texts[each.shape.target]: each
        for each in statements
        if each.shape.form == "function"
    }
    gathering = {name: each for name, each in functions.items() if _gathers(each)}
    while more := {
        name: each
        for name, each in functions.items()
        if name not in gathering and any(_calls(each, gathering))
    }:
        gathering |= more
    if not gathering:
        return [*statements]
    return [
        _without_calls(each, gathering)
        for each in statements
        if not (each.shape.form == "function" and each.tokens.texts[each.shape.target] in gathering)
    ]


def _gathers(function: Statement) -> bool:
    """Whether a gatherer of one argument in a function has a parameter in it."""
    tokens, nodes = function.tokens, function.shape.nodes
    parameters = {tokens.texts[at] for at in function.shape.parameters}
    return any(
        node.kind == "call"
        and node.operands == 1
        and tokens.texts[node.token] in (*GATHERS, COUNT)
        and not is_open(nodes, at - 1)
        and any(
            nodes[inside].kind == "name" and tokens.texts[nodes[inside].token] in parameters
            for inside in range(node.start, at)
        )
        for at, node in enumerate(nodes)
    )


def _calls(statement: Statement, functions: Mapping[str, Statement]) -> list[int]:
    """The calls of some functions in a statement, innermost first."""
    texts = statement.tokens.texts
    return [
        at
        for at, node in enumerate(statement.shape.nodes)
        if node.kind == "call" and texts[node.token] in functions
    ]


def _without_calls(statement: Statement, functions: Mapping[str, Statement]) -> Statement:
    for _ in range(_MOST):
        calls = _calls(statement, functions)
        if not calls:
            return statement
        node = statement.shape.nodes[calls[0]]
        called = functions[statement.tokens.texts[node.token]]
        statement = _written(statement, calls[0], called)
    place = statement.tokens.whole
    raise RecursiveFunction("a function that calls itself, or calls without end", place)


def _written(statement: Statement, at: int, called: Statement) -> Statement:
    """A statement with the body of a function in the place of a call."""
    tokens, node = statement.tokens, statement.shape.nodes[at]
    takes = len(called.shape.parameters)
    if node.operands != takes:
        name = tokens.texts[node.token]
        message = f"{name} takes {takes} argument{'s' * (takes > 1)}, not {node.operands}"
        raise WrongNumberOfArguments(message, tokens.span(node.first, node.last))
    arguments = {
        called.tokens.texts[parameter]: _argument(tokens, statement.shape.nodes[root])
        for parameter, root in zip(
            called.shape.parameters,
            roots(statement.shape.nodes, node.start, at - 1),
            strict=True,
        )
    }
    body = called.tokens.since(called.tokens.sign + 1)
    kinds, texts = ["LPAR"], ["("]
    for kind, text in zip(body.kinds, body.texts, strict=True):
        more = arguments.get(text, ((kind,), (text,))) if kind == "NAME" else ((kind,), (text,))
        kinds += more[0]
        texts += more[1]
    kinds.append("RPAR")
    texts.append(")")
    first, behind = node.first, node.last + 1
    places = [
        old[:first] + array("Q", [old[at]] * len(kinds)) + old[behind:]
        for old, at in ((tokens.starts, first), (tokens.ends, node.last))
    ]
    whole = (
        (*tokens.kinds[:first], *kinds, *tokens.kinds[behind:]),
        [*tokens.texts[:first], *texts, *tokens.texts[behind:]],
    )
    return shaped(Tokens(tokens.source, *whole, *places))


def _argument(tokens: Tokens, node: Node) -> tuple[Sequence[str], Sequence[str]]:
    """The kinds and texts of what stands for a parameter."""
    part = slice(node.first, node.last + 1)
    kinds, texts = tokens.kinds[part], tokens.texts[part]
    if node.kind in ("name", "number", "index", "call", "gather"):
        return kinds, texts
    return ("LPAR", *kinds, "RPAR"), ["(", *texts, ")"]
