"""Numbers in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from backprop.numbers import DIGITS, printed


def number(value: float, digits: int = DIGITS) -> str:
    """A number in a sentence: `−0.001`, `2e−12`, `infinite`, `undefined`."""
    if value != value:
        return "undefined"
    if abs(value) == inf:
        return "infinite" if value > 0 else "−infinite"
    return printed(value, digits)


def factor(value: float) -> str:
    """The same as a factor of a product, a negative one in brackets."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def listed(texts: Sequence[str], most: int = 3) -> str:
    """The first few of them."""
    return ", ".join(texts[:most]) + (", …" if len(texts) > most else "")
