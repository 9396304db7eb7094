"""How wide texts are in Arial, and in fonts that are as wide."""

from __future__ import annotations

_NARROW = {
    " ": 278, ".": 278, ",": 278, ":": 278, "t": 278, "f": 278, "/": 278, "[": 278, "]": 278, "i": 222,
    "l": 222, "j": 222, "'": 191, "|": 260, "(": 333, ")": 333, "-": 333, "r": 333, "I": 278, "c": 500,
    "s": 500, "v": 500, "x": 500, "y": 500, "z": 500, "k": 500, "J": 500, "∂": 494, "*": 389, "≤": 549,
    "·": 278, "+": 584, "=": 584, "−": 584, "<": 584, ">": 584, "m": 833, "w": 722, "…": 1000,
}  # fmt: skip
"""Thousandths of the size of the letters; digits and most small letters have 556."""

_USUAL, _CAPITAL = 556, 690


def wide(text: str, size: float) -> float:
    """How wide a text is, in the unit of its size."""
    letters = (_NARROW.get(each) or (_CAPITAL if each.isupper() else _USUAL) for each in text)
    return sum(letters) * size / 1000


def widest(texts: list[str]) -> str:
    """The widest of some texts; "" of none."""
    return max(texts, key=lambda each: wide(each, 1), default="")
