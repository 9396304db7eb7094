"""Numbers in sentences."""

from __future__ import annotations

from math import inf


def number(value: float, digits: int = 10) -> str:
    """A number in a sentence: `−0.001`, `2e−12`, `infinite`, `undefined`."""
    if value != value:
        return "undefined"
    if abs(value) == inf:
        return "infinite" if value > 0 else "−infinite"
    mantissa, mark, exponent = f"{value + 0.0:.{digits}g}".partition("e")
    text = f"{mantissa}e{int(exponent)}" if mark else mantissa
    return text.replace("-", "−")


def factor(value: float) -> str:
    """The same as a factor of a product, a negative one in brackets."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def listed(texts: tuple[str, ...], most: int = 3) -> str:
    """The first few of them."""
    return ", ".join(texts[:most]) + (", …" if len(texts) > most else "")
