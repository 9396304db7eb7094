"""Long right sides in an `align*`, broken into lines: before what is added, else before a bracket."""

from __future__ import annotations

import re
from itertools import pairwise

WIDEST = 60
"""Letters in a line of an article, about."""

_FRACTION = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
_RAISED = re.compile(r"[\^_]\{([^{}]*)\}")
_WORD = re.compile(r"\\(?:operatorname|text|mathrm|mathit)\{([^{}]*)\}|\\([a-zA-Z]+)")
_NO_WIDTH = {"left", "right", "quad", "big", "Big", "begin", "end"}
_FUNCTIONS = re.compile(r"a?(?:sin|cos|tan)h?|arc.*|ln|log|exp|max|min|sec|csc|cot|coth")
_DELIMITER = r"(?:\\[a-zA-Z]+|\\.|.)"
_STEP = re.compile(
    rf"\\left{_DELIMITER}|\\right{_DELIMITER}|\\[a-zA-Z]+|\\.|[{{}}()\[\]]| [+-] |.", re.DOTALL
)


def width(text: str) -> int:
    """How many letters wide a formula is, about."""
    before = ""
    while text != before:
        before = text
        text = _RAISED.sub(lambda found: "x" * ((len(found[1]) + 1) // 2), text)
        text = _FRACTION.sub(lambda found: max(found[1], found[2], key=_letters), text)
        text = re.sub(r"\\sqrt(?:\[\d\])?\{([^{}]*)\}", r"x\1", text)
        text = re.sub(r"\\(?:operatorname|text|mathrm|mathit)\{([^{}]*)\}", r"\1", text)
    return _letters(text)


def _letters(text: str) -> int:
    def seen(found: re.Match[str]) -> str:
        word = found[2] or ""
        return "" if word in _NO_WIDTH else word if _FUNCTIONS.fullmatch(word) else "x"

    return len(re.sub(r"[{}\\&]|\s+(?![+-] )", "", _WORD.sub(seen, text)))


def lines(text: str, left: int) -> list[str]:
    """A right side in lines. left: how wide the left side is."""
    if width(text) + left <= WIDEST:
        return [text]
    first, *others = pieces(text)
    found, line = list[str](), first
    for piece in others:
        if width(line + piece) + left > WIDEST and width(line) > WIDEST // 4:
            found.append(line.rstrip())
            line = piece.lstrip() if piece.startswith((" + ", " - ")) else rf"\times {piece}"
        else:
            line += piece
    return [*found, line]


def pieces(text: str) -> list[str]:
    """A right side cut where a line may begin."""
    ends = [0, *_places(text), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


def _places(text: str) -> list[int]:
    """Where something is added outside of all brackets; if nothing is, where a bracket opens there."""
    added, factors, depth = list[int](), list[int](), 0
    for step in _STEP.finditer(text):
        word, at = step[0], step.start()
        opens = word.startswith((r"\left", r"\begin")) or word in ("{", "(", "[")
        if depth == 0 and at and word in (" + ", " - "):
            added.append(at)
        if depth == 0 and opens and text[:at].endswith((" ", ")")) and word[-1] == "(":
            factors.append(at)
        depth += opens
        depth -= word.startswith((r"\right", r"\end")) or word in ("}", ")", "]")
    return added or factors
