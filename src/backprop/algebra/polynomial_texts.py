"""Polynomials as they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_NAME = r"(?P<name>[^\W\d][\w'\[\], ]*)(?:\^(?P<by>\d+))?"
_TERM = re.compile(rf"-?(?:(?P<number>[\d.]+)|(?:[\d.]+\*)?{_NAME})(?:/\d+)?$")


def falls(terms: Sequence[str]) -> bool:
    """Whether terms are those of a polynomial in one name, by falling powers from a square or more on, that
    begins and ends with what is taken away: `-2*x^2 + 10*x - 11`. Other sums begin with a term that is added,
    if there is one: `x - 1` and not `-1 + x`."""
    if not (terms[0].startswith("-") and terms[-1].startswith("-")):
        return False
    names, powers = set[str](), list[int]()
    for each in terms:
        found = _TERM.match(each)
        if not found:
            return False
        names |= {found["name"]} - {None}
        powers.append(int(found["by"] or 1) if found["name"] else 0)
    return len(names) == 1 and powers[0] > 1 and all(one > other for one, other in pairwise(powers))
