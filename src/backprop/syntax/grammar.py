"""The language's grammar, ready for use: the kinds of tokens there are, and what a statement's mean.

`grammars/equations.lark` is the grammar. What is read here are its tables, `equations.tables`
beside it, which Lark has made of it: `token_pattern` is all terminals as one regular expression,
for the scanner; `shape` reads the kinds of a statement's tokens by the rules, as LALR(1) tables.

An LALR parser sees the kinds of tokens only, never their texts: all statements with the same kinds
have the same shape (`v = x*y` and `L = d*f`), and each shape is parsed once. A shape is a sequence
of nodes in postfix order, operands before their operation, so that nothing needs to recurse,
however deep the brackets or long the sum.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from backprop.syntax.lalr import Kinds, Tables, Unfit

__all__ = ["Kinds", "Node", "Shape", "Unfit", "shape", "text", "token_pattern"]

Extent = tuple[int, int]
"""The first and the last token of a part, both inclusive."""

_CACHED_TOKENS = 64
"""Longer statements are parsed each time: they hardly repeat, and their shapes are large."""

_CACHED_SHAPES = 10_000

LIMITS = frozenset({"uncertainty", "percent", "concise", "bounds"})
"""The kinds of what stands behind a right side."""


class Node(NamedTuple):
    """One step of a shape. `kind` is one of

    number, name       a leaf; `token` is its token
    operation          `operation` names the row of the table; `operands` of them come before
    call, index        `token` is the name; `operands` arguments or indices come before
    gather             `sum(… for …)`: its body, its clauses and perhaps a condition come before
    range, listed      a clause; `token` is its name; its bounds or its items come before
    condition          the `if` of clauses
    star, slice        an index that names many members: `*`, `1..3` with its ends before it;
                       `operation` says which there are, as of bounds
    uncertainty        what stands behind `±` comes before; of `percent` the number; of `concise`,
                       `2.0(1)`, `token` has it all
    bounds             `operation` says which of its ends come before: `low`, `high` or `both`
    """

    kind: str
    operation: str
    token: int
    operands: int
    first: int
    last: int
    start: int
    """The number, in its shape, of the first node that belongs to this one."""


class Shape(NamedTuple):
    """What a statement's kinds mean: its nodes in postfix order, and whose equation it is.

    form: equation, function, indexed_equation, distribution, indexed_distribution, expression; modelled
    (`log(y) ~ a + b*x`, of what is no name);
    declaration (`const x, t`) and goal (`minimize L`), whose nodes are the names in them. target:
    the token of the name on the left. parameters: the tokens of a function's parameters.
    """

    kinds: Kinds
    form: str
    target: int
    parameters: tuple[int, ...]
    nodes: tuple[Node, ...]
    indexed: bool = False
    """Whether it has indices or sums over them: `bodies.prepared` makes these ready."""
    limited: bool = False
    """Whether an uncertainty or bounds stand behind its right side."""

    @property
    def const(self) -> bool:
        """Whether it begins with `const`."""
        return self.kinds[0] == "CONST"

    @property
    def drawn(self) -> bool:
        """Whether its number is drawn at random: `x ~ normal(0, 1)`."""
        return self.form in ("distribution", "indexed_distribution")


def text() -> str:
    """The text of the tables: packaged with a wheel, at the top of a checkout otherwise."""
    package = os.path.dirname(os.path.dirname(__file__))
    for folder in (package, os.path.dirname(os.path.dirname(package))):
        path = os.path.join(folder, "grammars", "equations.tables")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    from importlib import resources  # 2 ms: only for a package that is no folder

    return (resources.files("backprop") / "grammars" / "equations.tables").read_text("utf-8")


def shape(kinds: Kinds, start: str = "statement") -> Shape:
    """The shape of a statement (or of an `expression`) whose tokens are of these kinds. Raises
    Unfit."""
    return (_cached if len(kinds) <= _CACHED_TOKENS else _parse)(kinds, start)


def _parse(kinds: Kinds, start: str) -> Shape:
    tables = _tables()
    emitter = _Emitter(kinds, tables.symbols)
    result = tables.parse(kinds, start, emitter)
    form, target, parameters = result if start == "statement" else (start, 0, ())
    nodes = tuple(emitter.nodes)
    indexed = any(node.kind in ("index", "gather") for node in nodes) or form.startswith("indexed")
    limited = any(node.kind in LIMITS for node in nodes)
    return Shape(kinds, form, target, parameters, nodes, indexed, limited)


_cached = lru_cache(_CACHED_SHAPES)(_parse)


def roots(nodes: Sequence[Node], first: int, last: int) -> list[int]:
    """The expressions that stand side by side from one node to another, each by its last node."""
    found = []
    while last >= first:
        found.append(last)
        last = nodes[last].start - 1
    return found[::-1]


@cache
def token_pattern(plain: bool) -> re.Pattern[str]:
    """One group a terminal, tried in order; blanks before a token are skipped with it. What no
    terminal matches is a character of the group OTHER. plain: of texts that are ASCII, for which it
    is made in a quarter of the time."""
    tables = _tables()
    return re.compile(tables.plain_pattern if plain else tables.pattern)


@cache
def _tables() -> Tables:
    return Tables(text(), _Emitter)


# ---------------------------------------------------------------------------- from tables to shapes


Head = tuple[str, int, tuple[int, ...]]
"""The form of a statement, the token that it defines, and the tokens of parameters."""

Part = Any
"""The number of a token, or what an action of the grammar's answered: an Extent, if it has a node."""


def _defines(form: str) -> Callable[[_Emitter, list[Part]], Head]:
    """The action of a statement of this form."""
    return lambda emitter, parts: (form, int(emitter.kinds[0] in ("CONST", "GOAL")), ())


def _leaf(kind: str) -> Callable[[_Emitter, list[int]], Extent]:
    """The action that appends a node which is its token, and nothing else: half of all nodes."""

    def append(emitter: _Emitter, parts: list[int]) -> Extent:
        token = parts[0]
        emitter.nodes.append(Node(kind, "", token, 0, token, token, len(emitter.nodes)))
        return token, token

    return append


def _emits(kind: str, row: str = "") -> Callable[[_Emitter, list[Part]], Extent]:
    """The action that appends a node whose token is its first, and whose operands are its parts."""
    return lambda emitter, parts: emitter.emit(kind, parts, parts[0], _extents(parts), row)


class _Emitter:
    """Called at each reduction, operands first: appends a node, and answers with its extent."""

    def __init__(self, kinds: Kinds, symbols: Mapping[str, str]) -> None:
        self.nodes: list[Node] = []
        self.kinds = kinds
        self.symbols = symbols

    def emit(
        self, kind: str, parts: list[Part], token: int, operands: int, row: str = ""
    ) -> Extent:
        """Append the node that is made of these parts."""
        first, last = extent = self.parenthesised(parts)
        start = len(self.nodes)
        for _ in range(operands):
            start = self.nodes[start - 1].start
        self.nodes.append(Node(kind, row, token, operands, first, last, start))
        return extent

    # ------------------------------------------------------------------ leaves and operations

    number = _leaf("number")
    name = _leaf("name")
    choice = _emits("operation", "if")
    absolute = _emits("operation", "abs")

    def binary(self, parts: list[Part]) -> Extent:
        token = parts[1]
        return self.emit("operation", parts, token, 2, self.symbols[self.kinds[token]])

    def unary(self, parts: list[Part]) -> Extent:
        token = parts[0]
        kind = self.kinds[token]
        if kind == "PLUS":
            return self.parenthesised(parts)
        row = "neg" if kind == "MINUS" else self.symbols[kind]
        return self.emit("operation", parts, token, 1, row)

    def root(self, parts: list[Part]) -> Extent:
        return self.emit("operation", parts, parts[0], 1, self.kinds[parts[0]].lower())

    def raised(self, parts: list[Part]) -> Extent:
        """`x²` as x^2; `xⁿ` and `x⁻ⁿ` as powers by a name."""
        token = parts[-1]
        exponent = _leaf("number" if self.kinds[token] == "SUPER_NUMBER" else "name")
        exponent(self, [token])
        if len(parts) == 3:
            self.emit("operation", parts[1:], parts[1], 1, "neg")
        return self.emit("operation", parts, token, 2, "^")

    def parenthesised(self, parts: list[Part]) -> Extent:
        """From the first token of the first part to the last of the last."""
        first, last = parts[0], parts[-1]
        return (first if type(first) is int else first[0], last if type(last) is int else last[1])

    # ------------------------------------------------------------------ calls, indices, clauses

    call = _emits("call")
    range = _emits("range")
    listed = _emits("listed")

    def indices(self, parts: list[Part]) -> int:
        return _extents(parts)

    def indexed_name(self, parts: list[Part]) -> Extent:
        return self.emit("index", parts, parts[0], parts[2])

    def gather(self, parts: list[Part]) -> Extent:
        return self.emit("gather", parts, parts[0], 1 + parts[3])

    def clauses(self, parts: list[Part]) -> int:
        token = parts[-2]
        if self.kinds[token] == "IF":
            self.emit("condition", parts[-2:], token, 1)
        return _extents(parts)

    def star(self, parts: list[Part]) -> Extent:
        return self.emit("star", parts, parts[0], 0)

    def slice(self, parts: list[Part]) -> Extent:
        return self.emit("slice", parts, parts[1], 2, "both")

    def since(self, parts: list[Part]) -> Extent:
        return self.emit("slice", parts, parts[1], 1, "low")

    def up_to(self, parts: list[Part]) -> Extent:
        return self.emit("slice", parts, parts[0], 1, "high")

    # ----------------------------------------------------------------- behind the right side

    def uncertainty(self, parts: list[Part]) -> Extent:
        return self.emit("uncertainty", parts[1:], parts[1], 1)

    def percent(self, parts: list[Part]) -> Extent:
        self.number(parts[2:])
        return self.emit("percent", parts[1:], parts[1], 1)

    def concise(self, parts: list[Part]) -> Extent:
        number: Part = self.number(parts[-1:])
        if len(parts) > 1:
            self.unary([parts[0], number])
        return self.emit("concise", parts[-1:], parts[-1], 0)

    def bounds(self, parts: list[Part]) -> Extent:
        return self.emit("bounds", parts, parts[0], 2, "both")

    def least(self, parts: list[Part]) -> Extent:
        return self.emit("bounds", parts, parts[0], 1, "low")

    def most(self, parts: list[Part]) -> Extent:
        return self.emit("bounds", parts, parts[0], 1, "high")

    # ------------------------------------------------------------------------------ statements

    def expression(self, parts: list[Part]) -> Part:
        return parts[0]

    def modelled(self, parts: list[Part]) -> Part:
        return parts[0]

    def parameters(self, parts: list[int]) -> tuple[int, ...]:
        return tuple(part for part in parts if self.kinds[part] == "NAME")

    def family_parameter(self, parts: list[int]) -> int:
        return parts[0]

    def function(self, parts: list[Part]) -> Head:
        return "function", parts[0], parts[2] if isinstance(parts[2], tuple) else ()

    equation = _defines("equation")
    indexed_equation = _defines("indexed_equation")
    distribution = _defines("distribution")
    indexed_distribution = _defines("indexed_distribution")
    declaration = _defines("declaration")
    goal = _defines("goal")


def _extents(parts: list[Part]) -> int:
    """How many of the parts have a node; the others are tokens."""
    return sum(isinstance(part, tuple) for part in parts)
