"""Text cut into statements of tokens.

Statements end at `;` and at line ends, but not at a line end inside brackets or right after a
binary operator, a comma or `=`. A bracket that is never closed must not swallow the rest of a file:
a line that begins like an equation (`name =`) begins one, whatever is still open above it.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, NamedTuple

from backprop.errors import LIMIT, NotText, SyntaxFault, UnclosedBracket, mend
from backprop.source import Source, Span
from backprop.syntax.grammar import Kinds, token_pattern
from backprop.syntax.spelling import RESERVED, spelled

ENDS = frozenset({"NEWLINE", "SEMICOLON"})
LIST_ENDS = ENDS | {"COMMA"}
"""Where the parts of `--set "a=2, b=-3"` end."""

_CONTINUES = frozenset(
    """POWER STARS TIMES DIVIDE PLUS MINUS LT LE GT GE EQ NE AND OR NOT
    ASSIGN TILDE COMMA PLUSMINUS FOR IN""".split()
)
"""Kinds after which a line end does not end a statement; nor does it after `..` behind `for`."""

FIRST_WORDS = {"const": "CONST"} | dict.fromkeys(("minimize", "maximize", "output"), "GOAL")
"""Names that say something as the first word of a statement with a name behind it, and their kinds
there."""

CLOSES = {"(": ")", "[": "]", "|": "|"}
_OPENING = {"LPAR", "LSQB"}
_CLOSING = {"RPAR", "RSQB"}
_OTHER_CLOSING = frozenset("}）］｝")
"""Brackets that the language does not have, which are told first."""

_SPECIAL = {"COMMENT", "BLANK", "COMMA", "ASSIGN", "TILDE", *ENDS, *_OPENING, *_CLOSING}
"""Kinds that need more than to be collected."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NO_CONTROL = bytes(code for code in range(128) if not _CONTROL.match(chr(code)))


class Tokens(NamedTuple):
    """The tokens of one statement: kinds, texts in the language's own
    spelling (names as `normal` has them), and offsets."""

    source: Source
    kinds: Kinds
    texts: list[str]
    starts: array[int]
    ends: array[int]

    def span(self, first: int, last: int | None = None) -> Span:
        """From the first character of token `first` to the last of token `last`, itself if not given."""
        return Span(self.source, self.starts[first], self.ends[first if last is None else last])

    def touch(self, first: int, last: int) -> bool:
        """Whether nothing stands between the tokens from `first` to `last`."""
        return all(self.ends[at] == self.starts[at + 1] for at in range(first, last))

    @property
    def sign(self) -> int:
        """The first `=` or `~`, or -1."""
        return next((at for at, kind in enumerate(self.kinds) if kind in ("ASSIGN", "TILDE")), -1)

    @property
    def whole(self) -> Span:
        """From the first token to the last."""
        return self.span(0, -1)

    def since(self, first: int, behind: int | None = None) -> Tokens:
        """The tokens from `first` on, up to those from `behind` on."""
        columns: Any = self[1:]
        return Tokens(self.source, *[column[first:behind] for column in columns])

    def without(self, first: int, behind: int) -> Tokens:
        """All tokens but those from `first` up to, not including, `behind`."""
        columns: Any = self[1:]
        return Tokens(self.source, *[column[:first] + column[behind:] for column in columns])

    def with_name(self, name: str, first: int, behind: int) -> Tokens:
        """All tokens, with a single name for those from `first` up to, not including, `behind`."""
        tokens = self.without(first + 1, behind)
        kinds = (*self.kinds[:first], "NAME", *self.kinds[behind:])
        tokens.texts[first], tokens.ends[first] = name, self.ends[behind - 1]
        return tokens._replace(kinds=kinds)

    def sides(self) -> list[Tokens]:
        """What stands between its equality signs: `a`, `1/3` and `0.33` of `a = 1/3 = 0.33`."""
        cuts, depth = [-1], 0
        for at, kind in enumerate(self.kinds):
            depth += (kind in _OPENING) - (kind in _CLOSING)
            if kind == "ASSIGN" and not depth:
                cuts.append(at)
        return [self.since(a + 1, b) for a, b in pairwise([*cuts, len(self.kinds)])]

    def as_right_side(self) -> Tokens:
        """The tokens behind `a =`, whose two signs have no place of their own."""
        kinds, texts = ("NAME", "ASSIGN", *self.kinds), ["a", "=", *self.texts]
        start = array("Q", self.starts[:1] * 2)
        return Tokens(self.source, kinds, texts, start + self.starts, start + self.ends)

    def after(self) -> Span:
        """The place right behind the statement, where something is missing."""
        return Span(self.source, self.ends[-1], self.ends[-1] + 1)


def control_characters(source: Source) -> list[NotText]:
    """An error for each control character other than tab and line ends."""
    if source.text.isascii() and not source.text.encode().translate(None, _NO_CONTROL):
        return []  # five times as fast as the search
    return [
        NotText(
            f"a control character (U+{ord(found.group()):04X})",
            Span(source, *found.span()),
            hints=["remove it: equation files are plain text"],
        )
        for found in islice(_CONTROL.finditer(source.text), 10 * LIMIT)
    ]


def statements(
    source: Source, ends: frozenset[str] = ENDS, start: int = 0
) -> Iterator[Tokens | SyntaxFault]:
    """The statements of a text in order; for each that has an open bracket, the error. start:
    the offset at which the first one begins."""
    text = source.text
    plain = text.isascii()
    known: dict[str, str] = {}
    piece = _Piece()
    kinds, texts, starts, stops = piece.columns
    for found in token_pattern(plain).finditer(text, start):
        kind = found.lastgroup or ""
        if kind in _SPECIAL:
            if kind in ("COMMENT", "BLANK"):
                continue
            if kind in ends and (kind != "COMMA" or not piece.has_commas()):
                if kind == "NEWLINE" and kinds and (piece.opened or piece.goes_on()):
                    piece.line = len(kinds)
                    continue
                if kinds:
                    yield piece.finish(source)
                    piece = _Piece()
                    kinds, texts, starts, stops = piece.columns
                continue
            if kind in _OPENING:
                piece.opened.append(len(kinds))
            elif kind in _CLOSING:
                del piece.opened[-1:]  # if any is open
            elif kind in ("ASSIGN", "TILDE") and piece.line and piece.begins_anew():
                rest = piece.cut()
                yield piece.finish(source)
                piece = rest
                kinds, texts, starts, stops = piece.columns
        start, end = found.span(kind)
        word = text[start:end]
        if kind == "CONCISE":  # the number itself; the rest stands in the text
            word = word[: word.index("(")] + word[word.index(")") + 1 :]
        elif word == "%" and kinds[-2:] == ["PLUSMINUS", "NUMBER"]:
            kind = "PERCENT"
        if not plain and (word in RESERVED or not word.isascii()):
            kind, word = spelled(kind, word)
        kinds.append(kind)
        texts.append(known.setdefault(word, word))
        starts.append(start)
        stops.append(end)
    if kinds:
        yield piece.finish(source)


def statement_at(source: Source, start: int, end: int | None = None) -> Tokens:
    """The statement that begins at an offset of a text that was read before. end: where it ends, if
    a chain of equalities goes on behind it."""
    tokens = next(statements(source, start=start))
    assert isinstance(tokens, Tokens)
    return tokens if end is None else tokens.since(0, bisect_left(tokens.starts, end))


class _Piece:
    """The statement being collected: its tokens, and the brackets that are open in it."""

    def __init__(self, columns: Sequence[Any] = ()) -> None:
        self.columns = columns or ([], [], array("Q"), array("Q"))
        """Kinds, texts, starts and ends, as of Tokens."""
        self.opened: list[int] = []
        self.line = 0
        """The first token after the last line end inside the statement."""

    def goes_on(self) -> bool:
        """Whether a line end behind the last token does not end the statement."""
        kinds = self.columns[0]
        if kinds[-1] != "RANGE" or "IN" not in kinds:
            return kinds[-1] in _CONTINUES
        word = len(kinds) - 1 - kinds[::-1].index("IN")  # bounds may have no end, ranges have two
        return kinds[word - 1] == "NAME" and kinds[word - 2] in ("FOR", "COMMA")

    def has_commas(self) -> bool:
        """Whether a comma is one of its own, as in `for i in 1..2, j in 1..3` and `const x, t`."""
        kinds, texts = self.columns[:2]
        declares = kinds[:2] == ["NAME", "NAME"] and texts[0] == "const" and "ASSIGN" not in kinds
        return bool(self.opened) or "FOR" in kinds or declares

    def begins_anew(self) -> bool:
        """Whether the tokens of this line, which meets `=` or `~`, are a left side."""
        kinds, texts = (column[self.line :] for column in self.columns[:2])
        first, *rest = kinds[kinds[:2] == ["NAME", "NAME"] and texts[0] == "const" :] or [""]
        return first == "NAME" and (not rest or (rest[0] in _OPENING and rest[-1] in _CLOSING))

    def cut(self) -> _Piece:
        """Take the tokens of this line away; they begin a statement of their own."""
        at = self.line
        rest = _Piece([column[at:] for column in self.columns])
        self.columns = [column[:at] for column in self.columns]
        self.opened = [token for token in self.opened if token < at]
        return rest

    def finish(self, source: Source) -> Tokens | SyntaxFault:
        kinds, texts, starts, stops = self.columns
        if kinds[:2] == ["NAME", "NAME"]:
            kinds[0] = FIRST_WORDS.get(texts[0], "NAME")
        tokens = Tokens(source, tuple(kinds), texts, starts, stops)
        if not self.opened or _OTHER_CLOSING.intersection(texts):
            return tokens
        at = self.opened[-1]
        message, hint = f"this {texts[at]!r} is never closed", CLOSES[texts[at]]
        hints = [f"add the missing {hint!r}"]
        if source.text[stops[-1] :].lstrip(" \t").startswith(";"):
            hints = ["write a comma between arguments: ';' ends an equation"]
            if meant := _with_commas(source.text[starts[0] :].splitlines()[0]):
                hints = [mend(meant, "a comma stands between arguments: ")]
        return UnclosedBracket(message, tokens.span(at), hints=hints)


def _with_commas(line: str) -> str:
    """The statement that a line begins with, with a comma for each `;` between its brackets and a
    point for each decimal comma; "" where a bracket stays open, or the statement is long."""
    found, depth = "", 0
    for sign in re.sub(r"(?<=\d),(?=\d)", ".", line.split("#")[0]):
        depth += (sign in "([") - (sign in ")]")
        if sign == ";" and not depth:
            break
        found += "," if sign == ";" else sign
    return found.strip() if not depth and len(found) < _LONGEST else ""


_LONGEST = 100
"""The most characters of a statement that a hint repeats."""
