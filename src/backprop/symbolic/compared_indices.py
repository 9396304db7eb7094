"""What comparisons of the same two things say together: `p != i and i <= p` is `i < p`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from backprop.algebra.formula import MINUS, Call, Formula
from backprop.algebra.normal import minus, times

_KEPT = 10_000
"""So many comparisons are remembered."""

_SIGNS = {
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "==": frozenset({0}),
    ">=": frozenset({0, 1}),
    ">": frozenset({1}),
    "!=": frozenset({-1, 1}),
}
"""Which signs left - right may have."""

_NAMES = {signs: name for name, signs in _SIGNS.items()}


class Comparison(NamedTuple):
    """A comparison as a difference and the signs that it may have."""

    apart: Formula
    opposite: Formula
    signs: frozenset[int]

    def of(self, apart: Formula) -> frozenset[int] | None:
        """The signs of a difference that is this one, or its opposite; None of others."""
        if apart == self.apart:
            return self.signs
        if apart == self.opposite:
            return frozenset(-sign for sign in self.signs)
        return None


@lru_cache(maxsize=_KEPT)  # each condition is put beside all others
def comparison(found: Formula) -> Comparison | None:
    """A condition as a comparison; None of others."""
    if isinstance(found, Call) and found.name in _SIGNS:
        apart = minus(*found.operands)
        return Comparison(apart, times(MINUS, apart), _SIGNS[found.name])
    return None


def decided(found: Formula, stated: Iterable[Formula]) -> bool | None:
    """Whether a comparison holds by others of the same two things, which hold."""
    own = comparison(found)
    if own is None:
        return None
    left = {-1, 0, 1}
    for each in stated:
        other = comparison(each)
        left &= (other and other.of(own.apart)) or {-1, 0, 1}
    if left <= own.signs:
        return True
    return None if left & own.signs else False


def joined(parts: Iterable[Formula]) -> list[Formula]:
    """Conditions that all hold, those of the same two things as one."""
    found: list[Formula] = []
    for part in parts:
        own = comparison(part)
        for at, each in enumerate(found):
            other = comparison(each)
            signs = other.of(own.apart) if own and other else None
            name = _NAMES.get(own.signs & signs) if own and signs else None
            if name:
                kept = each if isinstance(part, Call) and part.name == "!=" else part
                turned = (
                    kept is each
                    and other is not None
                    and own is not None
                    and other.apart != own.apart
                )
                assert isinstance(kept, Call)
                found[at] = Call(_TURNED[name] if turned else name, kept.operands)
                break
        else:
            found.append(part)
    return found


_TURNED = {"<": ">", "<=": ">=", "==": "==", ">=": "<=", ">": "<", "!=": "!="}
"""Comparisons with the sides exchanged."""
