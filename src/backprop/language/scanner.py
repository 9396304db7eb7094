"""Text cut into statements of tokens.

Statements end at `;` and at line ends, but not at a line end inside brackets or right after a
binary operator, a comma or `=`. A bracket that is never closed must not swallow the rest of a file:
a line that begins like an equation (`name =`) begins one, whatever is still open above it.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from backprop.errors import Label, NotText, SyntaxFault, UnclosedBracket
from backprop.language.grammar import Kinds, token_pattern
from backprop.source import Source, Span

ENDS = frozenset({"NEWLINE", "SEMICOLON"})
LIST_ENDS = ENDS | {"COMMA"}
"""Where the parts of `--set "a=2, b=-3"` end."""

_CONTINUES = frozenset(
    ("POWER STARS LE GE EQ NE LT GT RANGE PLUS MINUS TIMES DIVIDE AND OR NOT IN FOR".split())
    + ["ASSIGN", "TILDE", "COMMA"]
)
_OPENING = {"LPAR": "(", "LSQB": "["}
_CLOSING = {"RPAR": ")", "RSQB": "]"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Tokens(NamedTuple):
    """The tokens of one statement: kinds, texts (names in normal form C) and offsets."""

    source: Source
    kinds: Kinds
    texts: list[str]
    starts: array[int]
    ends: array[int]

    def span(self, first: int, last: int) -> Span:
        """From the first character of token `first` to the last of token `last`, inclusive."""
        return Span(self.source, self.starts[first], self.ends[last])

    def after(self) -> Span:
        """The place right behind the statement, where something is missing."""
        return Span(self.source, self.ends[-1], self.ends[-1] + 1)


def control_characters(source: Source) -> list[NotText]:
    """An error for each control character other than tab and line ends."""
    return [
        NotText(
            f"a control character (U+{ord(found.group()):04X})",
            Span(source, found.start(), found.end()),
            hints=["remove it: equation files are plain text"],
        )
        for found in _CONTROL.finditer(source.text)
    ]


def statements(source: Source, ends: frozenset[str] = ENDS) -> Iterator[Tokens | SyntaxFault]:
    """The statements of a text in order; for each that has an open bracket, the error."""
    return _Statements(source, ends).run()


class _Statements:
    """The statement being collected, and the brackets that are open in it."""

    def __init__(self, source: Source, ends: frozenset[str]) -> None:
        self.source = source
        self.ends = ends
        self.clear()

    def clear(self) -> None:
        self.kinds: list[str] = []
        self.texts: list[str] = []
        self.starts = array("Q")
        self.stops = array("Q")
        self.opened: list[int] = []
        self.line = 0  # the first token after the last line end inside the statement

    def run(self) -> Iterator[Tokens | SyntaxFault]:
        text = self.source.text
        plain = text.isascii()
        known: dict[str, str] = {}
        for found in token_pattern().finditer(text):
            kind = found.lastgroup or ""
            if kind in ("COMMENT", "BLANK"):
                continue
            if kind in self.ends and (kind != "COMMA" or not self.opened):
                if kind == "NEWLINE" and self.goes_on():
                    self.line = len(self.kinds)
                elif self.kinds:
                    yield self.finish()
                    self.clear()
                continue
            if kind in ("ASSIGN", "TILDE") and self.line and self.begins_anew():
                rest = self.cut()
                yield self.finish()
                self.clear()
                self.kinds, self.texts, self.starts, self.stops = rest
            elif kind in _OPENING:
                self.opened.append(len(self.kinds))
            elif kind in _CLOSING and self.opened:
                self.opened.pop()
            word = found.group(kind)
            if not plain and not word.isascii() and kind == "NAME":
                word = unicodedata.normalize("NFC", word)
            self.kinds.append(kind)
            self.texts.append(known.setdefault(word, word))
            self.starts.append(found.start(kind))
            self.stops.append(found.end())
        if self.kinds:
            yield self.finish()

    def goes_on(self) -> bool:
        """Whether a line end here does not end the statement."""
        return bool(self.opened) or bool(self.kinds) and self.kinds[-1] in _CONTINUES

    def begins_anew(self) -> bool:
        """Whether the tokens of this line, which meets `=` or `~`, are a left side."""
        line = self.kinds[self.line :]
        return line[:1] == ["NAME"] and (
            len(line) == 1 or line[1] in _OPENING and line[-1] in _CLOSING
        )

    def cut(self) -> tuple[list[str], list[str], array[int], array[int]]:
        """Take the tokens of this line away from the statement and return them."""
        at = self.line
        rest = self.kinds[at:], self.texts[at:], self.starts[at:], self.stops[at:]
        del self.kinds[at:], self.texts[at:], self.starts[at:], self.stops[at:]
        self.opened = [token for token in self.opened if token < at]
        return rest

    def finish(self) -> Tokens | SyntaxFault:
        tokens = Tokens(self.source, tuple(self.kinds), self.texts, self.starts, self.stops)
        if not self.opened:
            return tokens
        at = self.opened[-1]
        bracket = self.texts[at]
        return UnclosedBracket(
            f"this {bracket!r} is never closed",
            Label(tokens.span(at, at), "opened here"),
            hints=[f"add the missing {')' if bracket == '(' else ']'!r}"],
        )
