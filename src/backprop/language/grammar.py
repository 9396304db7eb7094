"""The grammar in `grammars/equations.lark`, made ready for use: the only file that knows Lark.

It is read in two ways. `token_pattern` joins its terminals into one regular expression, for the
scanner. `shape` reads the kinds of a statement's tokens by its rules, as LALR(1) tables.

An LALR parser sees the kinds of tokens only, never their texts: all statements with the same kinds
have the same shape (`v = x*y` and `L = d*f`), and each shape is parsed once. A shape is a sequence
of nodes in postfix order, operands before their operation, so that nothing needs to recurse, however
deep the brackets or long the sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer, UnexpectedToken
from lark.lexer import Lexer, PatternStr

Kinds = tuple[str, ...]
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
    gather             `sum(… for …)`: body and clauses come before; `operands` clauses
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


class Unfit(Exception):
    """The grammar has no place for the token at `index` (the number of tokens: for an end)."""

    def __init__(self, index: int, expected: frozenset[str]) -> None:
        super().__init__(index, expected)
        self.index = index
        self.expected = expected


def text() -> str:
    """The grammar's text: packaged with a wheel, at the top of a checkout otherwise."""
    packaged = resources.files("backprop") / "grammars" / "equations.lark"
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[3] / "grammars" / "equations.lark").read_text("utf-8")


def shape(kinds: Kinds, start: str = "statement") -> Shape:
    """The shape of a statement (or of an `expression`) whose tokens are of these kinds.

    Raises Unfit.
    """
    key = (start, kinds)
    found = _shapes.get(key)
    if found is None:
        with _lock:
            found = _parse(kinds, start)
        if len(kinds) <= _CACHED_TOKENS and len(_shapes) < _CACHED_SHAPES:
            _shapes[key] = found
    return found


_shapes: dict[tuple[str, Kinds], Shape] = {}
_lock = Lock()  # the emitter behind the parser keeps the nodes of one statement at a time


def _parse(kinds: Kinds, start: str) -> Shape:
    lark, emitter = _grammar()
    emitter.nodes.clear()
    tokens = (Token(kind, "", start_pos=index) for index, kind in enumerate(kinds))
    try:
        result: Any = lark.parse(tokens, start=start)  # tokens, not text: see _Ready
    except UnexpectedToken as error:
        end = error.token.type == "$END" or error.token.start_pos is None
        index = len(kinds) if end else error.token.start_pos
        assert index is not None
        raise Unfit(index, frozenset(error.expected)) from None
    form, target, parameters = result if start == "statement" else ("expression", 0, ())
    nodes = tuple(emitter.nodes)
    indexed = any(node.kind in ("index", "gather") for node in nodes) or form.startswith("indexed")
    return Shape(kinds, form, target, parameters, nodes, indexed)


@cache
def token_pattern() -> re.Pattern[str]:
    """One group a terminal, tried in order; blanks before a token are skipped with it.

    What no terminal matches is a character of the group OTHER.
    """
    terminals = sorted(
        _grammar()[0].terminals,
        key=lambda t: (-t.priority, not isinstance(t.pattern, PatternStr), -len(t.pattern.value)),
    )
    groups = {terminal.name: terminal.pattern.to_regexp() for terminal in terminals}
    blank = groups.pop("BLANK")
    named = "|".join(f"(?P<{name}>{pattern})" for name, pattern in groups.items())
    return re.compile(rf"(?:{blank})?(?:{named}|(?P<BLANK>\Z)|(?P<OTHER>.))")


@cache
def _grammar() -> tuple[Lark, _Emitter]:
    emitter = _Emitter()
    lark = Lark(
        text(),
        parser="lalr",
        lexer=_Ready,
        start=["file", "statement", "expression"],
        transformer=emitter,
        maybe_placeholders=False,
    )
    for terminal in lark.terminals:
        word = isinstance(terminal.pattern, PatternStr)
        emitter.symbols[terminal.name] = terminal.pattern.value if word else terminal.name.lower()
    emitter.symbols["STARS"] = emitter.symbols["POWER"]  # two spellings of one operation
    return lark, emitter


class _Ready(Lexer):
    """A lexer for text that is tokens already."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: Any, parser_state: object = None) -> Iterator[Token]:
        return iter(data)


class _Emitter(Transformer[Token, Any]):
    """Called at each reduction, operands first: appends a node, and answers with its extent."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.symbols: dict[str, str] = {}

    def _emit(
        self, kind: str, token: int, count: int, first: int, last: int, row: str = ""
    ) -> Extent:
        self.nodes.append(Node(kind, row, token, count, first, last))
        return first, last

    # ------------------------------------------------------------------ leaves and operations

    def number(self, parts: list[Token]) -> Extent:
        at = _at(parts[0])
        return self._emit("number", at, 0, at, at)

    def name(self, parts: list[Token]) -> Extent:
        at = _at(parts[0])
        return self._emit("name", at, 0, at, at)

    def binary(self, parts: list[Any]) -> Extent:
        left, token, right = parts
        row = self.symbols[token.type]
        return self._emit("operation", _at(token), 2, left[0], right[1], row)

    def unary(self, parts: list[Any]) -> Extent:
        token, operand = parts
        at, last = _at(token), operand[1]
        if token.type == "PLUS":
            return at, last
        row = "neg" if token.type == "MINUS" else self.symbols[token.type]
        return self._emit("operation", at, 1, at, last, row)

    def choice(self, parts: list[Any]) -> Extent:
        first, last = _at(parts[0]), _at(parts[-1])
        return self._emit("operation", first, 3, first, last, "if")

    def parenthesised(self, parts: list[Any]) -> Extent:
        return _at(parts[0]), _at(parts[-1])

    # ------------------------------------------------------------------ calls, indices, clauses

    def call(self, parts: list[Any]) -> Extent:
        first, last = _at(parts[0]), _at(parts[-1])
        arguments = sum(isinstance(part, tuple) for part in parts)
        return self._emit("call", first, arguments, first, last)

    def indices(self, parts: list[Any]) -> int:
        return sum(isinstance(part, tuple) for part in parts)

    def indexed_name(self, parts: list[Any]) -> Extent:
        first, last = _at(parts[0]), _at(parts[-1])
        return self._emit("index", first, parts[2], first, last)

    def gather(self, parts: list[Any]) -> Extent:
        first, last = _at(parts[0]), _at(parts[-1])
        return self._emit("gather", first, parts[3], first, last)

    def clauses(self, parts: list[Any]) -> int:
        if isinstance(parts[-2], Token) and parts[-2].type == "IF":
            at = _at(parts[-2])
            self._emit("condition", at, 1, at, parts[-1][1])
        return sum(part == "clause" for part in parts)

    def range(self, parts: list[Any]) -> str:
        self._emit("range", _at(parts[0]), 2, _at(parts[0]), parts[-1][1])
        return "clause"

    def listed(self, parts: list[Any]) -> str:
        items = sum(isinstance(part, tuple) for part in parts)
        self._emit("listed", _at(parts[0]), items, _at(parts[0]), _at(parts[-1]))
        return "clause"

    # ------------------------------------------------------------------------------ statements

    def expression(self, parts: list[Any]) -> Any:
        return parts[0]

    def parameters(self, parts: list[Token]) -> tuple[int, ...]:
        return tuple(_at(part) for part in parts if part.type == "NAME")

    def equation(self, parts: list[Any]) -> Any:
        return "equation", _at(parts[0]), ()

    def function(self, parts: list[Any]) -> Any:
        return "function", _at(parts[0]), parts[2] if isinstance(parts[2], tuple) else ()

    def indexed_equation(self, parts: list[Any]) -> Any:
        return "indexed_equation", _at(parts[0]), ()

    def distribution(self, parts: list[Any]) -> Any:
        return "distribution", _at(parts[0]), ()

    def indexed_distribution(self, parts: list[Any]) -> Any:
        return "indexed_distribution", _at(parts[0]), ()


def _at(token: Token) -> int:
    assert token.start_pos is not None
    return token.start_pos
