"""Derivatives as textbooks write them, `∂V/∂x`, `dV/dx`, also in LaTeX, read for hints."""

import re

from backprop.operations import DERIVATIVE

_NAME = r"[^\W\d_²³][^\W²³]*'*(?:\[[^][]*\])?"
_SIGN = r"(?:∂|d(?=[^\W_]|[\s^²])|\\partial\s*(?=[^\W\d_])|\\mathrm\s*\{\s*d\s*\}|\\rm\s*d\s+)\s*"
_SQUARE = r"(?:²|\^\s*2|\^\s*\{\s*2\s*\})\s*"
_BELOW = rf"{_SIGN}({_NAME})"
_FORMS = (
    (rf"{_SIGN}{_SQUARE}({_NAME})", rf"{_BELOW}\s*{_SQUARE}", 2),
    (rf"{_SIGN}{_SQUARE}({_NAME})", rf"{_BELOW}\s*{_BELOW}", 1),
    (rf"{_SIGN}({_NAME})", _BELOW, 1),
)
_TEXTS = [
    (re.compile(form), order)
    for above, below, order in _FORMS
    for form in (
        rf"{above}\s*/\s*{below}",
        rf"\\[dtc]?frac\s*\{{\s*{above}\s*\}}\s*\{{\s*{below}\s*\}}",
    )
]


def leibniz(text: str, start: int) -> tuple[int, str]:
    """Where a derivative that begins at `start` ends, and how it is written here; -1 and "" for none."""
    for form, order in _TEXTS:
        if found := form.match(text, start):
            made, *by = found.groups()
            for each in by[::-1] * order:
                made = f"{DERIVATIVE}({made}, {each})"
            return found.end(), made
    return -1, ""
