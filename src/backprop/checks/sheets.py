"""Sheets of claims as people have them: what `check` has marked, and what `explain` has printed."""

import re

from backprop.numbers import IN_DOUBLES
from backprop.source import Source

_VERDICT = re.compile(
    r"^(([^#=\r\n]*) = [^#\r\n]*?) is (?:wrong|right|right here)(?::.*|[ \r]*$)(?:\n  (?:at |\2 = ).*)*",
    re.M,
)
"""A line of `check` on a claim, which is the first group, and the lines that explain it."""

_IN_DOUBLES = re.compile(rf" \([^()\r\n]+ {IN_DOUBLES}\)")
"""What `explain` writes behind a gradient that no double holds: ` (0 in doubles)`."""

_END = r"[ \t]*(?:\r\n|\n|\r|\Z)"
_HEADING = re.compile(
    rf"^(?:(Given|Inputs)|(Forward pass|Backward pass)|Paths from [^\r\n]+){_END}-{{3,}}{_END}",
    re.M,
)
_INTRO = re.compile(rf"(?:[^ \t\r\n][^\r\n]*+{_END})++(?={_END})")
_INPUTS = re.compile(r"^  [^\r\n]+", re.M)
_NO_CLAIM = re.compile(r"^ *(?:[0-9]+\. [^\r\n]*|\([^\r\n]*\)[ \t]*$)", re.M)
"""The number and the equation of a step, and a note."""


def unmarked(sheet: Source) -> Source:
    """A sheet with blanks for what `check` writes behind a claim and below it, and for what `explain`
    prints that is no claim, so that its lines can be read again at their places."""
    text = _IN_DOUBLES.sub(_blank, sheet.text)
    text = _VERDICT.sub(lambda found: found[1] + _blanks(found[0][len(found[1]) :]), text)
    headings = [*_HEADING.finditer(text)]
    if headings:
        begins = [each.start() for each in headings] + [len(text)]
        title = text[: begins[0]].rstrip()
        last = max(title.rfind("\n"), title.rfind("\r")) + 1
        pieces = [title[:last], _blanks(text[last : begins[0]])]
        for heading, end in zip(headings, begins[1:], strict=True):
            inputs, passes = heading.groups()
            rest = text[heading.end() : end]
            if inputs:
                rest = _INPUTS.sub(_blank, rest)
            elif passes:
                intro = _INTRO.match(rest)
                cut = intro.end() if intro else 0
                rest = _blanks(rest[:cut]) + _NO_CLAIM.sub(_blank, rest[cut:])
            pieces += [_blanks(heading[0]), rest]
        text = "".join(pieces)
    return Source(sheet.name, text, sheet.option)


def _blanks(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def _blank(found: re.Match[str]) -> str:
    return _blanks(found[0])
