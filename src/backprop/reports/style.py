"""How numbers look in reports."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from math import log
from typing import NamedTuple

from backprop.numbers import shown

_CURVE, _SHORTEST = 40, 8
"""The most and the fewest columns of a curve."""


class Style(NamedTuple):
    """digits: significant digits, None for the format's own choice. width: columns of the terminal,
    None for a pipe or a file, where nothing is cut. color: whether to use colours. ascii: whether
    the text goes where other characters cannot be written. fragment: whether a document is to be
    part of another."""

    digits: int | None = None
    width: int | None = None
    color: bool = False
    ascii: bool = False
    fragment: bool = False


_WHOLE = re.compile(r"\D*\d*")
"""A number before its decimal point, and what stands before it."""


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers padded so that their decimal points (or exponents) stand in one column; in words, as in
    `32 values` and `≤ 0.5`, the first number does."""
    points = [len(text) - len(_WHOLE.sub("", text, count=1)) for text in texts]
    left = max(points, default=0)
    shifted = [" " * (left - point) + text for text, point in zip(texts, points, strict=True)]
    width = max(map(len, shifted), default=0)
    return [text.ljust(width) for text in shifted]


_ASCII = str.maketrans(dict(zip("−·←→∂…≤≥≠", "- * <- -> d ... <= >= !=".split(), strict=True)))
"""Plain signs for the others that a report has."""


def written(text: str, style: Style) -> str:
    """The text, with plain signs where others cannot be written."""
    return text.translate(_ASCII) if style.ascii else text


def curve(name: str, values: Sequence[float], style: Style) -> str:
    """Numbers as one line of blocks with their first and last: `L  █▆▄▂▁  24.2 → 0.01`.

    Where they are positive and span more than three orders of magnitude, heights are logarithms,
    and the line says so. Where blocks cannot be written, digits from 0 to 7 stand for them.
    """
    ends = f"{shown(values[0], style.digits)} → {shown(values[-1], style.digits)}"
    around = cells_wide(f"{name}    {ends} (log)")
    room = min(_CURVE, max((style.width or 80) - around, _SHORTEST))
    last = min(len(values), room) - 1
    points = [values[round(at * (len(values) - 1) / last)] for at in range(last)] + [values[-1]]
    logarithms = min(points) > 0 and max(points) > 1e3 * min(points)
    if logarithms:
        points = [log(point) for point in points]
    least, most = min(points), max(points)
    # halved, so that a span beyond the range of doubles has a height too
    span = most / 2 - least / 2
    heights = [round(7 * ((point / 2 - least / 2) / span)) if span > 0 else 0 for point in points]
    signs = "01234567" if style.ascii else "▁▂▃▄▅▆▇█"
    blocks = "".join(signs[height] for height in heights)
    if style.ascii:
        ends = ends.replace("→", "to")
    return f"{name}  {blocks}  {ends}{' (log)' if logarithms else ''}"


def fitted(line: str, style: Style, pad: int = 2) -> list[str]:
    """The lines that a line becomes in a terminal: itself where it fits, else several, all but the
    first indented by `pad`. It is broken before equality signs, and where that is not enough, or a
    name alone would be left, at other spaces; no number is broken."""
    wide = style.width
    if wide is None or cells_wide(line) <= wide:
        return [line]
    lines: list[str] = []
    for part in re.split(r"(?<=\S) (?== )", line):
        if lines and cells_wide(f"{lines[-1]} {part}") <= wide:
            lines[-1] += f" {part}"
            continue
        words = re.split(r"(?<=\S) (?=\S)", part)
        if len(lines) != 1 or " = " in lines[0]:
            lines.append(" " * (pad if lines else 0) + words.pop(0))
        for word in words:
            if cells_wide(f"{lines[-1]} {word}") <= wide:
                lines[-1] += f" {word}"
            else:
                lines.append(" " * pad + word)
    return lines


def cells_wide(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@cache
def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
