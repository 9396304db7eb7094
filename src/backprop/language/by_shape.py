"""The quick route for long texts, such as programs write: most statements are read by their shape.

The ordinary route (scanner, grammar, builder) defines what a text means. But a program's file has a
hundred thousand statements of a few shapes, and reading each as if it were the first takes 15
microseconds. Here a line is cut at its leaves; what stands between them is its key. With the
classes of the leaves (a name, a number, a certain word) the key decides how the scanner cuts the
line, because a leaf is as long as it can be, and something that is cut at stands between two. A
shape that comes again and again is read by the ordinary route once, and made a Python function
(`templates.py`) for all statements with that key and these classes.

Whatever is not surely plain goes through the ordinary route, a statement at a time or, where a
mistake, a function of the file or an index is met, the whole text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from math import inf
from operator import itemgetter
from typing import Any

from backprop.errors import BackpropError, TooLarge
from backprop.language import definitions
from backprop.language.build import Builder
from backprop.language.circles import has_circle
from backprop.language.families import Families
from backprop.language.model import Model
from backprop.language.templates import NAME, NUMERAL, One, Template, template
from backprop.numbers import beyond_doubles
from backprop.operations import CONSTANTS, DERIVATIVE
from backprop.source import Source, Span, pack
from backprop.syntax.grammar import Unfit, shape
from backprop.syntax.parser import Statement
from backprop.syntax.pieces import LEAF, is_name, pieces, plain, reserved
from backprop.syntax.scanner import FIRST_WORDS, Tokens, control_characters, statements

_LEAST = 200
"""Texts of fewer statements are read by the ordinary route, which is as good for them."""

_REPEATED = 3
"""How often a shape is read before a function is made of it, which takes as long as ten readings."""

_MOST_TOKENS = 128
"""Longer statements hardly repeat, and their functions would be long."""

_PLAIN = frozenset({"equation", "declaration", "goal"})
"""The forms of statements that are read here."""

_MOST_SHAPES = 4096
_BLOCK = 1 << 16
"""After so many statements it is asked whether the text has too many steps."""

Key = tuple[str, tuple[str, ...]]
"""What stands between the leaves of a statement, and their classes."""


class Unsure(Exception):
    """Something that only the ordinary route can decide, which knows the whole text."""


def read_quickly(source: Source, most: int) -> Model | None:
    """The Model of a plain text; None if the ordinary route must read it, or it is short. most:
    the steps that the text may have."""
    text = source.text
    if text.count("\n") + text.count(";") + text.count("\r") < _LEAST or control_characters(source):
        return None
    code = plain(text)
    if code is None:
        return None
    try:
        return _Quick(source, most).read(code)
    except Unsure:
        return None


class _Quick(Builder):
    """A text while it is read. What its names are is not known before: one that is not known is
    taken for an input, until it is defined.

    constants: those that were used; a text may define such a name further down, or, of those in
    bounds and uncertainties, above.
    """

    def __init__(self, source: Source, most: int) -> None:
        super().__init__(members=Families(most=most))
        self.source = source
        self.constants: set[str] = set()
        self.likely: dict[str, One] = {}
        """The reader to try for a key: the one that was right last, or one that chooses by words."""
        self.words: dict[str, dict[object, One]] = {}
        """For a key with calls, the readers by the words that are called."""
        self.shapes: dict[Key, Template | int] = {}
        """The template for a shape; before there is one, how often the shape has come."""
        self.first: list[int] = []
        self.second: list[int] = []
        self.starts: list[int] = []
        """What templates have added to the columns of operands and places, and `flush` has not:
        lists take numbers sooner than arrays do."""
        self.scope: dict[str, Any] = {
            "inf": inf,
            "beyond_doubles": beyond_doubles,
            "known": self.known,
            "names": self.names,
            "defaults": self.defaults,
            "declared": self.declarations.constants,
            "somewhere": Span(source, 0, 0),
            "more": self.columns.more,
            "count": self.columns.ops.__len__,
            "constants": self.columns.constants,
            "add_constant": self.columns.constants.append,
            "add_ops": self.columns.ops.extend,
            "add_first": self.first.extend,
            "add_second": self.second.extend,
            "add_places": self.starts.extend,
        }
        """What the functions of templates work on, by the names that it has in them."""

    def read(self, text: str) -> Model:
        """Raises Unsure."""
        likely = self.likely.get
        rest = pieces(text)
        where, steps, left = -1, 0, _BLOCK  # where: ~ of the offset, as in the column of places
        for line, key in rest:
            reader = likely(key)
            if reader and (count := reader(line.split(), where)):
                steps += count
                where -= len(line)
            else:
                self.flush()
                where = self.other(line, key, where, rest)
            left -= 1
            if not left:
                left = _BLOCK
                self.spend(steps)
                steps = 0
        self.spend(steps)
        declared, warnings = self.declarations.all(self.names, self.errors), list[BackpropError]()
        if self.derivatives:
            self.derivatives.stand()
        self.check()
        if self.derivatives:
            try:
                warnings = self.derivatives.compute(self.names, self.families)
            except TooLarge:
                raise Unsure from None
        self.scope.clear()  # whose functions know this reader: nothing waits for the collector
        columns, names, defaults, places = self.columns, self.names, self.defaults, self.places
        model = Model(
            self.source, columns, names, defaults, places, declared=declared, warnings=warnings
        )
        if self.derivatives:
            model.derivations = self.derivatives.known
        return model

    def spend(self, steps: int) -> None:
        """Count steps that were made. Raises Unsure beyond the limit."""
        self.flush()
        self.families.left -= steps
        if self.families.left < 0:
            raise Unsure

    def other(self, line: str, key: str, where: int, rest: Iterator[tuple[str, str]]) -> int:
        """Read a line that is new in some way, and those after it in which its statement goes on.
        Answer with where the next one begins."""
        if not key.strip():
            return where - len(line)
        leaves = line.split()
        classes = self.classes(leaves, key)
        reader = self.shapes.get((key, classes), 0)
        if not isinstance(reader, int):
            if self.read_new(reader, line, leaves, where):
                self.choose(key, leaves, reader)
                return where - len(line)
            reader = _REPEATED
        statement = self.slowly(where)
        begin, where = ~where, where - len(line)
        if statement.tokens.ends[-1] > ~where:
            while statement.tokens.ends[-1] > ~where:
                where -= len(next(rest)[0])
        elif reader + 1 < _REPEATED and len(self.shapes) < _MOST_SHAPES:
            self.shapes[key, classes] = reader + 1
        elif reader + 1 == _REPEATED:
            made = None
            simple = statement.shape.form == "equation" and not statement.shape.limited
            if simple and DERIVATIVE not in classes:  # which are computed in the end
                made = self.template(statement, line, begin, classes)
            self.shapes[key, classes] = made or _REPEATED
        return where

    def read_new(self, reader: Template, line: str, leaves: list[str], where: int) -> bool:
        """Read a statement of this shape, which may have names not known yet; whether it went well."""
        names = self.names
        new = [leaf for leaf in reader.names if leaves[leaf] not in names]
        for name in (leaves[leaf] for leaf in new):
            if name in CONSTANTS or not (name.isidentifier() or is_name(name)):
                return False
        for leaf in new:
            name = leaves[leaf]
            if name not in names:
                start = ~where + [*_WORD.finditer(line)][leaf].start()
                names[name] = self.columns.input(pack(start, start + len(name)))
        count = reader.one(leaves, where)
        self.spend(count)
        return count > 0

    def choose(self, key: str, leaves: list[str], reader: Template) -> None:
        """Let a reader be the first to try for its key; of a key with calls, for the words called."""
        called = [leaf for leaf, after in enumerate(key.split(LEAF)[1:]) if after[:1] == "("]
        if not called:
            self.likely[key] = reader.one
            return
        words = itemgetter(*called)
        readers = self.words.setdefault(key, {})
        readers[words(leaves)] = reader.one

        def one(leaves: list[str], where: int) -> int:
            found = readers.get(words(leaves))
            return found(leaves, where) if found else 0

        self.likely[key] = one

    def classes(self, leaves: list[str], key: str) -> tuple[str, ...]:
        """For each leaf whether it is a name, a number, or which other word."""
        found: list[str] = []
        for at, (leaf, after) in enumerate(zip(leaves, key.split(LEAF)[1:], strict=True)):
            if leaf < ":":
                found.append(NUMERAL)
            elif (
                after.lstrip().startswith("(")
                or (leaf in CONSTANTS and leaf not in self.names and at)
                or leaf in reserved()
                or (leaf in FIRST_WORDS and not at and after.isspace())
            ):
                found.append(leaf)
            else:
                found.append(NAME)
        return tuple(found)

    def slowly(self, where: int) -> Statement:
        """Read a statement by the ordinary route. Raises Unsure if it is not plain."""
        tokens = next(statements(self.source, start=~where))
        if not isinstance(tokens, Tokens) or "OTHER" in tokens.kinds:
            raise Unsure
        try:
            statement = Statement(tokens, shape(tokens.kinds))
        except Unfit:
            raise Unsure from None
        plain = statement.shape.form in _PLAIN and not statement.shape.indexed
        if definitions.calls([statement], {}) or not plain:
            raise Unsure
        if statement.shape.limited:  # whose numbers are looked up elsewhere, and need not be names
            self.constants |= CONSTANTS.keys() & set(tokens.texts)
        self.equation(statement)
        if self.errors or self.declarations.computed:
            raise Unsure
        return statement

    def check(self) -> None:
        """What was not looked at name by name, and what is wrong. Raises Unsure."""
        names = self.names.keys()
        sure = all(map(str.isidentifier, names))  # no number, and nothing but letters
        if (
            not names
            or self.errors
            or not (sure or all(map(is_name, names)))
            or not names.isdisjoint(reserved())
            or not names.isdisjoint(self.constants)
            or has_circle(self.columns, self.names)
        ):
            raise Unsure

    def template(
        self, statement: Statement, line: str, begin: int, classes: tuple[str, ...]
    ) -> Template | None:
        """The reader of statements like that of a line, which begins at an offset; None if its
        leaves are not exactly the words and numbers that the scanner sees, or it is long."""
        tokens = statement.tokens
        if len(tokens.kinds) > _MOST_TOKENS:
            return None
        spans = {
            (begin + found.start(), begin + found.end()): leaf
            for leaf, found in enumerate(_WORD.finditer(line))
        }
        leaves: dict[int, int] = {}
        for token, text in enumerate(tokens.texts):
            leaf = spans.get((tokens.starts[token], tokens.ends[token]))
            if leaf is not None:
                leaves[token] = leaf
            elif text[0].isalnum() and tokens.kinds[token] != "SUPER_NUMBER":
                return None
        if len(leaves) < len(classes):
            return None
        return template(statement, leaves, classes, self.scope)

    def flush(self) -> None:
        """Bring the columns up to date."""
        if self.first:
            columns = self.columns
            columns.first.extend(array("i", self.first))
            columns.second.extend(array("i", self.second))
            columns.places.extend(array("q", self.starts))
            for each in (self.first, self.second, self.starts):
                each.clear()

    def known(self, name: str, root: int | None) -> None:
        """Define a name that is known already, so that it stands in the order where it is
        defined. root: its step, None for an input that is given a default."""
        self.flush()
        node = self.names.pop(name)
        if self.columns.is_step(node) or name in self.defaults:
            raise Unsure  # defined twice
        self.names[name] = node
        if root is not None:
            self.columns.define(node, root)

    def _define(self, name: str, root: int, place: int) -> None:
        if name in self.names:
            self.known(name, None)
        super()._define(name, root, place)

    def _new_name(self, name: str, family: str, tokens: Tokens, place: int) -> int:
        if name in CONSTANTS and name not in self.names:
            self.constants.add(name)
        return super()._new_name(name, family, tokens, place)


_WORD = re.compile(r"\S+")
