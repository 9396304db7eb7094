"""A text cut by a few regular expressions, without the scanner: into statements, and these at their
leaves. So the quick route of reading (`language/quick.py`) sees that two statements are alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from backprop.syntax.grammar import token_pattern

NAME_LEAF = r"[A-Za-z_][\w.']*+"
NUMBER_LEAF = r"[0-9.][0-9A-Za-z.']*+(?:(?<=[eE])[+-]\d++)?+"
"""Cut as the grammar's NAME and NUMBER, or wider. Where a leaf is a token by itself, and something
stands between it and the next, the scanner cuts the text in the same way."""

LEAF = re.compile(rf"({NAME_LEAF}(?!\()|{NUMBER_LEAF}(?!\())", re.ASCII)
"""A name, unless it is called, or a number."""

Parts = list[str]
"""A statement cut at its leaves: what stands before the first, the first leaf, what stands between …"""

_COMMENT = re.compile(r"#[^\r\n]*")


def ascii_only(text: str) -> str | None:
    """A text of ASCII characters, the same but for its comments; None if these are not all."""
    if not text.isascii():
        text = _COMMENT.sub(lambda comment: " " * len(comment.group()), text)
    return text if text.isascii() else None


def pieces(text: str) -> Iterator[str]:
    """The lines of a text; where there are comments or `;`, also cut before and after these."""
    lines = text.splitlines(keepends=True)
    if "#" not in text and ";" not in text:
        return iter(lines)
    return (piece for line in lines for piece in _cut(line))


def _cut(line: str) -> list[str]:
    code = line.partition("#")[0].rstrip() if "#" in line else line
    pieces = code.split(";")
    pieces[:-1] = [piece + ";" for piece in pieces[:-1]]
    if len(code) < len(line):
        pieces.append(line[len(code) :])
    return pieces


@cache
def reserved() -> frozenset[str]:
    """The words that the grammar takes for itself: `for`, `if`, …"""
    words = [name.lower() for name in token_pattern().groupindex]
    return frozenset(word for word in words if word.isalpha() and not is_name(word))


def is_name(text: str) -> bool:
    found = token_pattern().match(text)
    return found is not None and found.lastgroup == "NAME" and found.end() == len(text)
