"""The language's grammar, ready for use: the kinds of tokens there are, and what a statement's mean.

`grammars/equations.lark` is the grammar. What is read here are its tables, `equations.tables` beside
it, which Lark has made of it: `token_pattern` is all terminals as one regular expression, for the
scanner; `shape` reads the kinds of a statement's tokens by the rules, as LALR(1) tables.

An LALR parser sees the kinds of tokens only, never their texts: all statements with the same kinds
have the same shape (`v = x*y` and `L = d*f`), and each shape is parsed once. A shape is a sequence
of nodes in postfix order, operands before their operation, so that nothing needs to recurse, however
deep the brackets or long the sum.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from backprop.syntax.lalr import Kinds, Tables, Unfit

__all__ = ["Kinds", "Node", "Shape", "Unfit", "shape", "text", "token_pattern"]

Extent = tuple[int, int]
"""The first and the last token of a part, both inclusive."""

_CACHED_TOKENS = 64
"""Longer statements are parsed each time: they hardly repeat, and their shapes are large."""

_CACHED_SHAPES = 10_000


class Node(NamedTuple):
    """One step of a shape. `kind` is one of

    number, name       a leaf; `token` is its token
    operation          `operation` names the row of the table; `operands` of them come before
    call, index        `token` is the name; `operands` arguments or indices come before
    gather             `sum(… for …)`: its body, its clauses and perhaps a condition come before
    range, listed      a clause; `token` is its name; its bounds or its items come before
    condition          the `if` of clauses
    """

    kind: str
    operation: str
    token: int
    operands: int
    first: int
    last: int


class Shape(NamedTuple):
    """What a statement's kinds mean: its nodes in postfix order, and whose equation it is.

    form: equation, function, indexed_equation, distribution, indexed_distribution, expression.
    target: the token of the name on the left. parameters: the tokens of a function's parameters.
    """

    kinds: Kinds
    form: str
    target: int
    parameters: tuple[int, ...]
    nodes: tuple[Node, ...]
    indexed: bool = False
    """Whether it has indices or sums over them: `programs.prepared` makes these ready."""


def text() -> str:
    """The text of the tables: packaged with a wheel, at the top of a checkout otherwise."""
    package = os.path.dirname(os.path.dirname(__file__))
    for folder in (package, os.path.dirname(os.path.dirname(package))):
        try:
            with open(
                os.path.join(folder, "grammars", "equations.tables"), encoding="utf-8"
            ) as file:
                return file.read()
        except OSError:
            continue
    from importlib import resources  # 2 ms: only for a package that is no folder

    return (resources.files("backprop") / "grammars" / "equations.tables").read_text("utf-8")


def shape(kinds: Kinds, start: str = "statement") -> Shape:
    """The shape of a statement (or of an `expression`) whose tokens are of these kinds.

    Raises Unfit.
    """
    key = (start, kinds)
    found = _shapes.get(key)
    if found is None:
        found = _parse(kinds, start)
        if len(kinds) <= _CACHED_TOKENS and len(_shapes) < _CACHED_SHAPES:
            _shapes[key] = found
    return found


_shapes: dict[tuple[str, Kinds], Shape] = {}


def _parse(kinds: Kinds, start: str) -> Shape:
    tables = _tables()
    emitter = _Emitter(kinds, tables.symbols)
    result = tables.parse(kinds, start, emitter)
    form, target, parameters = result if start == "statement" else ("expression", 0, ())
    nodes = tuple(emitter.nodes)
    indexed = any(node.kind in ("index", "gather") for node in nodes) or form.startswith("indexed")
    return Shape(kinds, form, target, parameters, nodes, indexed)


@cache
def token_pattern() -> re.Pattern[str]:
    """One group a terminal, tried in order; blanks before a token are skipped with it.

    What no terminal matches is a character of the group OTHER.
    """
    return re.compile(_tables().pattern)


@cache
def _tables() -> Tables:
    return Tables(text(), _Emitter)


# ---------------------------------------------------------------------------- from tables to shapes


Head = tuple[str, int, tuple[int, ...]]
"""The form of a statement, the token that it defines, and the tokens of parameters."""


def _defines(form: str) -> Callable[[_Emitter, list[Any]], Head]:
    return lambda emitter, parts: (form, parts[0], ())


class _Emitter:
    """Called at each reduction, operands first: appends a node, and answers with its extent.

    A part is the number of a token, or what an action of the grammar's answered.
    """

    def __init__(self, kinds: Kinds, symbols: Mapping[str, str]) -> None:
        self.nodes: list[Node] = []
        self.kinds = kinds
        self.symbols = symbols

    def _emit(
        self, kind: str, token: int, count: int, first: int, last: int, row: str = ""
    ) -> Extent:
        self.nodes.append(Node(kind, row, token, count, first, last))
        return first, last

    # ------------------------------------------------------------------ leaves and operations

    def number(self, parts: list[int]) -> Extent:
        at = parts[0]
        return self._emit("number", at, 0, at, at)

    def name(self, parts: list[int]) -> Extent:
        at = parts[0]
        return self._emit("name", at, 0, at, at)

    def binary(self, parts: list[Any]) -> Extent:
        left, token, right = parts
        row = self.symbols[self.kinds[token]]
        return self._emit("operation", token, 2, left[0], right[1], row)

    def unary(self, parts: list[Any]) -> Extent:
        at, (_, last) = parts
        kind = self.kinds[at]
        if kind == "PLUS":
            return at, last
        row = "neg" if kind == "MINUS" else self.symbols[kind]
        return self._emit("operation", at, 1, at, last, row)

    def choice(self, parts: list[Any]) -> Extent:
        first, last = parts[0], parts[-1]
        return self._emit("operation", first, 3, first, last, "if")

    def parenthesised(self, parts: list[Any]) -> Extent:
        return parts[0], parts[-1]

    # ------------------------------------------------------------------ calls, indices, clauses

    def call(self, parts: list[Any]) -> Extent:
        first, last = parts[0], parts[-1]
        return self._emit("call", first, _extents(parts), first, last)

    def indices(self, parts: list[Any]) -> int:
        return _extents(parts)

    def indexed_name(self, parts: list[Any]) -> Extent:
        first, last = parts[0], parts[-1]
        return self._emit("index", first, parts[2], first, last)

    def gather(self, parts: list[Any]) -> Extent:
        first, last = parts[0], parts[-1]
        return self._emit("gather", first, 1 + parts[3], first, last)

    def clauses(self, parts: list[Any]) -> int:
        at, (_, last) = parts[-2:]
        if self.kinds[at] == "IF":
            self._emit("condition", at, 1, at, last)
        return _extents(parts)

    def range(self, parts: list[Any]) -> Extent:
        return self._emit("range", parts[0], 2, parts[0], parts[-1][1])

    def listed(self, parts: list[Any]) -> Extent:
        return self._emit("listed", parts[0], _extents(parts), parts[0], parts[-1])

    # ------------------------------------------------------------------------------ statements

    def expression(self, parts: list[Any]) -> Any:
        return parts[0]

    def parameters(self, parts: list[int]) -> tuple[int, ...]:
        return tuple(part for part in parts if self.kinds[part] == "NAME")

    def function(self, parts: list[Any]) -> Head:
        return "function", parts[0], parts[2] if isinstance(parts[2], tuple) else ()

    equation = _defines("equation")
    indexed_equation = _defines("indexed_equation")
    distribution = _defines("distribution")
    indexed_distribution = _defines("indexed_distribution")


def _extents(parts: list[Any]) -> int:
    """How many of the parts have a node; the others are tokens."""
    return sum(isinstance(part, tuple) for part in parts)
