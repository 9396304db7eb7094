"""Numbers as text. Every number that a person reads is written here."""

from __future__ import annotations

DIGITS = 10
"""Significant digits, unless somebody asks for others."""


def shown(
    number: float | None, digits: int | None = None, minus: str = "-", short: bool = False
) -> str:
    """A number for people: `0.3333333333`, `1e-05`, `nan`; nothing for None; 0 for -0.0.

    digits: significant ones, None for DIGITS. minus: the sign. short: `1e-5` instead of `1e-05`.
    """
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


def rounded(number: float, digits: int | None) -> float:
    """A number with so many significant digits; None: unchanged."""
    return number if digits is None else float(f"{number:.{digits}g}")


def exact(number: float) -> str:
    """The shortest text that reads back as the same number: `1.994`, `2`; 0 for -0.0."""
    return repr(float(number) + 0.0).removesuffix(".0")
