"""Numbers and lists as text. Every number that a person reads is written here."""

from collections.abc import Iterable, Sequence
from math import isinf, isnan

DIGITS = 10
"""Significant digits, unless somebody asks for others."""


def shown(
    number: float | None, digits: int | None = None, minus: str = "-", short: bool = False
) -> str:
    """A number for people: `0.3333333333`, `1e-05`, `nan`; nothing for None; 0 for -0.0. digits:
    significant ones, None for DIGITS. minus: the sign. short: `1e-5` instead of `1e-05`."""
    if number is None:
        return ""
    text = f"{number + 0.0:.{digits or DIGITS}g}"
    if short:
        mantissa, mark, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}" if mark else text
    return text.replace("-", minus)


def printed(number: float, digits: int = DIGITS) -> str:
    """The same as print has it: `−0.001`, `2e−12`."""
    return shown(number, digits, "−", short=True)


def spoken(number: float, digits: int = DIGITS) -> str:
    """The same in a sentence: `−0.001`, `infinite`, `undefined`."""
    if isnan(number):
        return "undefined"
    if isinf(number):
        return "infinite" if number > 0 else "−infinite"
    return printed(number, digits)


def listed(texts: Sequence[str], most: int = 3) -> str:
    """The first few of them: `a, b, c, …`."""
    return ", ".join(texts[:most]) + (", …" if len(texts) > most else "")


def either(texts: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = texts
    return f"{', '.join(most)} or {last}" if most else last


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, its end left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def rounded(number: float, digits: int | None) -> float:
    """A number with so many significant digits; None: unchanged."""
    return number if digits is None else float(f"{number:.{digits}g}")


def exact(number: float) -> str:
    """The shortest text that reads back as the same number: `1.994`, `2`; 0 for -0.0."""
    return repr(float(number) + 0.0).removesuffix(".0")
