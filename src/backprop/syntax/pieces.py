"""Text cut for the quick route: into lines, and each line into its leaves and what stands between."""

import re
from collections.abc import Iterator
from functools import cache

from backprop.syntax.grammar import token_pattern
from backprop.syntax.spelling import SIGNS, SUPERSCRIPTS

LEAF = "a"
"""What stands for a leaf in the key of a line."""

_SIGNS = {b"-": b"\x01", b"+": b"\x02"}
"""What stands for the sign of an exponent while a text is cut: it is a part of its number."""

_EXPONENTS = {sign: re.compile(rb"\%s(?<=[0-9.][eE].)(?=[0-9])" % sign) for sign in _SIGNS}
"""The signs of exponents; first the sign itself, for which a text is searched fastest."""

_IN_LEAVES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.'\x01\x02"
"""The characters of names and numbers. A leaf is as long as it can be, so something that the
scanner cuts at stands between two leaves."""

_OTHERS = bytes(set(range(256)) - set(_IN_LEAVES) - set(b"\r\n"))
_LEAVES_ONLY = bytes.maketrans(_OTHERS, b" " * len(_OTHERS))
_LEAVES_ALIKE = bytes.maketrans(_IN_LEAVES, LEAF.encode() * len(_IN_LEAVES))

_KEPT = [*filter(lambda sign: not sign.isalpha(), SUPERSCRIPTS), *"≤≥≠√∛"]
_FREE = 0x86
"""From here on there are characters of one byte that no text has, and that are no line ends."""

_OWN = str.maketrans(
    {**SIGNS, "′": "'", "’": "'", "\xa0": " "}
    | {sign: chr(code) for code, sign in enumerate(_KEPT, _FREE)}
)
"""What other signs than ASCII are read as. Those that have no ASCII character of the same meaning
get one of those that are free."""

_STRANGE = re.compile(rf"[^\x00-\x7f\x{_FREE:x}-\x{_FREE + len(_KEPT) - 1:x}]")

_BLOCK = 1 << 20
"""Characters that are cut at once."""

_COMMENT = re.compile(r"#[^\r\n]*")
_ODD_NUMBER = re.compile(r"(?<![\w.'])[0-9.][\w.']*_", re.ASCII)
"""A number with `_` in it, which Python reads and the language does not."""


def plain(text: str) -> str | None:
    """A text of plain signs, the same but for comments, which are blanks, and `;`, which are line
    ends; None if other characters are left, or numbers that only Python can read."""
    if "#" in text:
        text = _COMMENT.sub(lambda comment: " " * len(comment.group()), text)
    if not text.isascii():
        text = text.translate(_OWN)
        if _STRANGE.search(text):
            return None
    if "_" in text and _ODD_NUMBER.search(text):
        return None
    return text.replace(";", "\n")


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The lines of such a text, each twice: with blanks for all that stands between its leaves, and
    as its key, with LEAF for each leaf: `v = x + 2` as `v   x   2` and `a = a + a`."""
    begin, run, one = 0, 2 * LEAF.encode(), LEAF.encode()
    while begin < len(text):
        end = text.find("\n", begin + _BLOCK) + 1 or len(text)
        block = text[begin:end].encode("latin-1")
        for sign, mark in _SIGNS.items():
            block = _EXPONENTS[sign].sub(mark, block)
        keys = block.translate(_LEAVES_ALIKE)
        while run in keys:
            keys = keys.replace(run, one)
        leaves = block.translate(_LEAVES_ONLY)
        for sign, mark in _SIGNS.items():
            leaves = leaves.replace(mark, sign)
        yield from zip(
            leaves.decode().splitlines(True), keys.decode("latin-1").splitlines(True), strict=True
        )
        begin = end


@cache
def reserved() -> frozenset[str]:
    """The words that the grammar takes for itself: `for`, `if`, …"""
    words = [name.lower() for name in token_pattern(True).groupindex]
    return frozenset(word for word in words if word.isalpha() and not is_name(word))


def is_name(text: str) -> bool:
    found = token_pattern(text.isascii()).match(text)
    return found is not None and found.lastgroup == "NAME" and found.end() == len(text)
