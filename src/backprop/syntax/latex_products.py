r"""Products as papers print them: `2 x \sin(x)` for `2 \cdot x \cdot \sin\left(x\right)`.

The dot stays in front of numbers and of what begins with a sign; names of several letters, and a name in
front of a bracket, have a small blank between them, so that none is read as something else.
"""

import re

_DOT = r" \cdot "

_DOTTED = re.compile(r"[\d.-]|\\left\(-|\\infty|\\text\{nan|\\underline|\\frac\{\d+\}\{\d")
"""How a factor begins that keeps its dot."""

_POWER_OF_TEN = re.compile(r"\A10\^\{-?\d+\}\Z")

_LONG = r"\\(?:mathrm|texttt|text|operatorname)\{(?:[^{}]|\\_)*\}"
_LONG_FIRST = re.compile(rf"\{{?{_LONG}")
_LONG_LAST = re.compile(rf"{_LONG}(?:_\{{[^{{}}]*\}}|\[[^\[\]]*\])?'*\}}?\Z")

_SMALL = re.compile(r"\\left\(((?:[A-Za-z0-9 ,.+-]|_\{[A-Za-z0-9,+ -]*\})*)\\right\)")
"""Brackets around letters and numbers, which need not grow."""


def as_printed(text: str) -> str:
    """A formula in math mode with fewer dots and plain brackets."""
    first, *rest = text.split(_DOT)
    parts, before = [first], first
    for factor in rest:
        parts += [_between(before, factor), factor]
        before = factor
    return _SMALL.sub(r"(\1)", "".join(parts))


def _between(before: str, after: str) -> str:
    """What stands between two factors. before: ends with the first; after: begins with the second."""
    if _DOTTED.match(after) or _POWER_OF_TEN.match(before):
        return _DOT
    if after.startswith(r"\frac") and before[-1].isdigit():  # a number and a fraction: 2 ½
        return _DOT
    if _LONG_FIRST.match(after) or _LONG_LAST.search(before[-200:]):
        return r" \, "
    if after.startswith(r"\left(") and not re.search(
        r"(?:\A|[^\w}])[\d.]+\Z|\\right\)\Z", before[-40:]
    ):
        return r" \, "
    return " "
