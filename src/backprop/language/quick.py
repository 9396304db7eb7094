"""The quick route for long texts, such as programs write: most statements are read by their shape.

The ordinary route (scanner, grammar, builder) defines what a text means. But a program's file has
a hundred thousand statements of a few shapes, and reading each as if it were the first takes 15
microseconds. Here one regular expression cuts a statement at its leaves; what stands between them, and
which leaves are numbers, is the key of its shape. A shape that comes again and again is read by the
ordinary route once, and made a Python function (`templates.py`) for all statements with that key.

That the key decides how the scanner cuts a statement is sure, because a leaf is as long as it can be,
and something stands between two leaves: operators, blanks, brackets and called names, nothing else.
Whatever is not surely plain goes through the ordinary route, a statement at a time or, where a mistake,
a function of the file or an index is met, the whole text.
"""

from __future__ import annotations

from collections.abc import Iterator

from backprop.errors import BackpropError
from backprop.language import definitions
from backprop.language.model import Model
from backprop.language.places import Places
from backprop.language.stepwise import Stepwise, Unsure
from backprop.language.templates import NAME, NUMERAL, Template
from backprop.operations import CONSTANTS
from backprop.source import Source, pack
from backprop.syntax.grammar import Unfit, shape
from backprop.syntax.parser import Statement
from backprop.syntax.pieces import LEAF, Parts, ascii_only, is_name, pieces, reserved
from backprop.syntax.scanner import Tokens, control_characters, statements

_LEAST = 200
"""Texts of fewer statements are read by the ordinary route, which is as good for them."""

_REPEATED = 8
"""How often a shape is read before a function is made of it, which takes as long as 20 readings."""

_MOST_TOKENS = 128
"""Longer statements hardly repeat, and their functions would be long."""

_MOST_SHAPES = 4096
_BLOCK = 1 << 16
"""After so many statements it is asked whether the text has too many steps."""

Key = tuple[tuple[str, ...], tuple[str, ...]]


def read_quickly(source: Source, most: int) -> Model | None:
    """The Model of a plain text; None if the ordinary route must read it, or it is short.

    most: the steps that the text may have.
    """
    text = source.text
    if text.count("\n") + text.count(";") + text.count("\r") < _LEAST or control_characters(source):
        return None
    plain = ascii_only(text)
    if plain is None:
        return None
    try:
        return _Quick(source, most).read(plain)
    except Unsure:
        return None


class _Quick:
    """A text while it is read."""

    def __init__(self, source: Source, most: int) -> None:
        self.source = source
        self.most = most
        self.steps = 0
        self.builder = Stepwise(most)
        self.likely: dict[tuple[str, ...], Template] = {}
        """The template to try for what stands between the leaves: the one that was right last."""
        self.shapes: dict[Key, Template | int] = {}
        """The template for a shape; before there is one, how often the shape has come."""

    def read(self, text: str) -> Model:
        """Raises Unsure."""
        builder, split, likely = self.builder, LEAF.split, self.likely.get
        known, rest = builder.known, pieces(text)
        where, steps, left = -1, 0, _BLOCK  # where: ~ of the offset, as in the column of places
        for piece in rest:
            parts = split(piece)
            reader = likely(tuple(parts[::2]))
            if reader and (count := reader.one(parts, where, known)):
                steps += count
                where -= len(piece)
            else:
                where = self.other(piece, parts, where, rest)
            left -= 1
            if not left:
                left = _BLOCK
                self.spend(steps)
                steps = 0
        self.spend(steps)
        self.check()
        places = Places(
            self.source, builder.columns, builder.names, builder.places, builder.defaults
        )
        return Model(self.source, builder.columns, builder.names, builder.defaults, places)

    def spend(self, steps: int) -> None:
        """Count steps that were made. Raises Unsure beyond the limit."""
        self.steps += steps
        if self.steps + self.most - self.builder.families.left > self.most:
            raise Unsure

    def other(self, piece: str, parts: Parts, where: int, rest: Iterator[str]) -> int:
        """Read a piece that is new in some way, and those after it in which its statement goes on.
        Answer with where the next one begins."""
        first = piece.lstrip()[:1]
        if first in ("", ";", "#"):
            return where - len(piece)
        classes = self.classes(parts)
        key = tuple(parts[::2]), classes
        reader = self.shapes.get(key, 0)
        if not isinstance(reader, int):
            if self.read_new(reader, piece, parts, where):
                self.likely[key[0]] = reader
                return where - len(piece)
            reader = _REPEATED
        statement = self.slowly(where)
        where -= len(piece)
        if statement.tokens.ends[-1] > ~where:
            while statement.tokens.ends[-1] > ~where:
                where -= len(next(rest))
        elif reader + 1 < _REPEATED and len(self.shapes) < _MOST_SHAPES:
            self.shapes[key] = reader + 1
        elif reader + 1 == _REPEATED:
            self.shapes[key] = self.template(statement, parts, classes) or _REPEATED
        return where

    def read_new(self, reader: Template, piece: str, parts: Parts, where: int) -> bool:
        """Read a statement of this shape, which may have names not known yet; whether it went well."""
        builder = self.builder
        names = builder.names
        new = [at for leaf in reader.names if parts[at := 2 * leaf + 1] not in names]
        for at in new:
            name = parts[at]
            if name in CONSTANTS or not (name.isidentifier() or is_name(name)):
                return False
        for at in new:
            name = parts[at]
            if name not in names:
                start = ~where + sum(map(len, parts[:at]))
                names[name] = builder.columns.input(pack(start, start + len(name)))
        count = reader.one(parts, where, builder.known)
        self.steps += count
        return count > 0

    def classes(self, parts: Parts) -> tuple[str, ...]:
        """For each leaf whether it is a name, a number, or which other word."""
        names = self.builder.names
        found = []
        for at in range(1, len(parts), 2):
            leaf = parts[at]
            if leaf < ":":
                found.append(NUMERAL)
            elif (
                parts[at + 1].lstrip().startswith("(")
                or (leaf in CONSTANTS and leaf not in names and at > 1)
                or leaf in reserved()
            ):
                found.append(leaf)
            else:
                found.append(NAME)
        return tuple(found)

    def slowly(self, where: int) -> Statement:
        """Read a statement by the ordinary route. Raises Unsure if it is no plain equation."""
        tokens = next(statements(self.source, start=~where))
        if not isinstance(tokens, Tokens) or "OTHER" in tokens.kinds:
            raise Unsure
        try:
            statement = Statement(tokens, shape(tokens.kinds))
        except Unfit:
            raise Unsure from None
        errors: list[BackpropError] = []
        definitions.calls(statement, {}, errors)
        if errors or statement.shape.form != "equation" or statement.shape.indexed:
            raise Unsure
        self.builder.equation(statement)
        if self.builder.errors:
            raise Unsure
        return statement

    def check(self) -> None:
        """What was not looked at name by name. Raises Unsure."""
        names = self.builder.names.keys()
        sure = all(map(str.isidentifier, names))  # no number, and nothing but letters
        if (
            not names
            or not (sure or all(map(is_name, names)))
            or not names.isdisjoint(reserved())
            or not names.isdisjoint(self.builder.constants)
            or self.has_circle()
        ):
            raise Unsure

    def has_circle(self) -> bool:
        columns = self.builder.columns
        return not columns.in_order and definitions.has_circle(columns, self.builder.names)

    def template(
        self, statement: Statement, parts: Parts, classes: tuple[str, ...]
    ) -> Template | None:
        """The reader of statements with these parts between their leaves; None if the leaves are not
        exactly the names and numbers that the scanner sees, or the statement is long."""
        tokens, shape = statement
        if len(tokens.kinds) > _MOST_TOKENS:
            return None
        called = {node.token for node in shape.nodes if node.kind == "call"}
        spans = {}
        at = tokens.starts[0] - len(parts[0])
        for leaf, (between, text) in enumerate(zip(parts[::2], parts[1::2], strict=False)):
            at += len(between)
            spans[at, at + len(text)] = leaf
            at += len(text)
        leaves: dict[int, int] = {}
        for token, kind in enumerate(tokens.kinds):
            found = spans.get((tokens.starts[token], tokens.ends[token]))
            if found is not None:
                leaves[token] = found
            elif kind == "NUMBER" or (kind == "NAME" and token not in called):
                return None
        if len(leaves) < len(classes):
            return None
        builder = self.builder
        return Template(
            statement, leaves, classes, builder.columns, builder.names, builder.defaults
        )
