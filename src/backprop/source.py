"""Where a piece of text came from: a `Source`, and the `Span`s inside it.

Offsets count characters (code points) from 0; lines and columns count from 1, as editors do.
A Value keeps its place as one packed integer, because graphs have millions of them; `Span` is
what everybody else works with.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

LINE_END = re.compile(r"\r\n|\n|\r")
_OFFSET_BITS = 31  # two of them in the 64 bits of a column: texts of up to 2 GiB
_OFFSET_MASK = (1 << _OFFSET_BITS) - 1


class Source:
    """A text with the name that messages give it: a path, `<stdin>`, `<--set>`. option: the one that
    it stood behind on a command line, "" elsewhere."""

    def __init__(self, name: str, text: str, option: str = "") -> None:
        self.name = name
        self.text = text
        self.option = option

    def __repr__(self) -> str:
        return f"Source(name={self.name!r})"

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset of each line's first character."""
        return [0, *(found.end() for found in LINE_END.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, both from 1: `(1, 1)` for offset 0."""
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Line `number` (from 1) without its line end."""
        starts = self.line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")


class Span(NamedTuple):
    """The characters from `start` up to, not including, `end`."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @classmethod
    def at(cls, source: Source, place: int) -> Span:
        """The place that `pack` has made one integer of."""
        return cls(source, place >> _OFFSET_BITS, place & _OFFSET_MASK)


def pack(start: int, end: int) -> int:
    """`start` and `end` as one integer, half the memory of a tuple of two."""
    return start << _OFFSET_BITS | end


def normal(name: object) -> str:
    """A name in the form in which names are compared.

    That is Unicode's normal form C, with the plain letters for their variants of another font or
    width and for ligatures, `𝑥` as `x` and `ﬁ` as `fi`, and with one spelling of μ, π and primes.
    """
    text = str(name)
    if text.isascii():
        return text
    text = text.translate(_PLAIN)
    if len(text) > _LONG:
        text = _in_order(text)
    text = unicodedata.normalize("NFC", text)
    return _PI.sub("pi", text) if "π" in text else text


_LONG = 200
"""Names from so many characters on may have thousands of marks on a letter."""


def _in_order(text: str) -> str:
    """A text with the marks on each letter in the order of normal forms. Python's own way to it takes
    the square of their number."""
    letters = "".join(unicodedata.normalize("NFD", each) for each in text)
    runs = groupby(letters, key=lambda each: unicodedata.combining(each) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining)) for _, run in runs)


_PI = re.compile(r"(?<![\w'])π(?![\w'])")
_ONE_SPELLING = dict(zip("µʹ’′″‴∞ℓ", "μ ' ' ' '' ''' inf ℓ".split(), strict=True))
_VARIANTS = frozenset("<font> <wide> <narrow> <initial> <medial> <final> <isolated>".split())


class _Plain(dict[int, str]):
    """For each character the letters that it is a variant of; itself, if it is none."""

    def __missing__(self, code: int) -> str:
        self[code] = found = self._found(chr(code))
        return found

    @staticmethod
    def _found(character: str) -> str:
        if character.isascii() or character in _ONE_SPELLING:
            return _ONE_SPELLING.get(character, character)
        kind, *codes = unicodedata.decomposition(character).split() or [""]
        if kind not in _VARIANTS and "LIGATURE" not in unicodedata.name(character, ""):
            return character
        letters = "".join(chr(int(code, 16)) for code in codes)
        plain = all(unicodedata.category(each)[0] in "LMN" for each in letters)
        return letters if plain and letters else character


_PLAIN = _Plain()


def one_line(text: str) -> str:
    """An equation as a table shows it: comments gone, white space and line ends made one space."""
    return " ".join(re.sub(r"#[^\r\n]*", " ", text).split())
