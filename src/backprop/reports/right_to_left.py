"""Formulas with names that are read from right to left, in the order in which they are meant."""

import re
import unicodedata

MARK = "\u200e"
"""Without width: what stands after it goes on from left to right."""

_TEXT = re.compile("(<text[^>]*>)([^<]*)")
_WORDS = re.compile(r"[\x00-/:-@\[-^`{-\x7f]+|[^\x00-/:-@\[-^`{-\x7f]+")
"""What is between signs of ASCII, and these."""

_BACKWARD = frozenset({"R", "AL"})


def in_order(text: str) -> str:
    """A text with a mark after each name. Without it `∂L/∂x = -2` shows as `∂L/∂2- = x`, `x-y` as `y-x`."""
    marked, before = [], False
    for letter in text:
        backward = unicodedata.bidirectional(letter) in _BACKWARD
        name_goes_on = (
            backward or letter.isalnum() or letter == "_" or bool(unicodedata.combining(letter))
        )
        if before and not name_goes_on:
            marked.append(MARK)
        before = backward or (before and name_goes_on)
        marked.append(letter)
    return "".join(marked)


def names_apart(text: str) -> list[str]:
    """A text in parts; every other one, from the second on, is a name that is read from right to left."""
    parts = [""]
    for word in _WORDS.findall(text):
        if any(unicodedata.bidirectional(letter) in _BACKWARD for letter in word):
            parts += [word, ""]
        else:
            parts[-1] += word
    return parts


def svg_in_order(svg: bytes) -> bytes:
    """A picture whose texts are in order."""
    if svg.isascii():
        return svg
    return _TEXT.sub(lambda found: found[1] + in_order(found[2]), svg.decode()).encode()
