"""How numbers look in reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DIGITS = 10
"""Significant digits in tables and documents unless --digits says otherwise."""


@dataclass(frozen=True)
class Style:
    """digits: significant digits, None for the format's own choice. width: columns of the terminal,
    None for a pipe or a file, where nothing is cut. color: whether to use colours. ascii: whether
    the text goes where other characters cannot be written."""

    digits: int | None = None
    width: int | None = None
    color: bool = False
    ascii: bool = False


def shown(number: float | None, digits: int | None) -> str:
    """A number for people: `0.3333333333`, `1e-05`, `nan`; nothing for None; 0 for -0.0."""
    if number is None:
        return ""
    return f"{number + 0.0:.{digits or DIGITS}g}"


def exact(number: float, digits: int | None) -> float:
    """A number for programs: unchanged, so that it reads back to the last bit, or rounded."""
    return number if digits is None else float(f"{number:.{digits}g}")


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers padded so that their decimal points stand in one column."""
    splits = [_split(text) for text in texts]
    left = max((len(before) for before, _ in splits), default=0)
    right = max((len(after) for _, after in splits), default=0)
    return [before.rjust(left) + after.ljust(right) for before, after in splits]


def _split(text: str) -> tuple[str, str]:
    """What stands before the decimal point (or the exponent), and the rest."""
    at = next((at for at, character in enumerate(text) if character in ".e"), len(text))
    return text[:at], text[at:]
