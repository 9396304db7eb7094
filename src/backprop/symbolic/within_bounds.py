"""Choices that the bounds of inputs decide: `n*x^(n - 1)` for x^n where the file says `n = 2 in 1..5`."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from backprop.algebra.formula import Call, Formula, Sum, Symbol, value_of
from backprop.algebra.from_text import rebuilt
from backprop.algebra.normal import minus, split
from backprop.algebra.tidy import simplified
from backprop.operations import OPERATIONS

InputBounds = Mapping[str, tuple[float, float]]


def within(found: Formula, bounds: InputBounds) -> Formula:
    """A formula without choices that come out alike wherever inputs are within their bounds."""
    made = _within(found, bounds)
    return found if made == found else simplified(made)


def _within(found: Formula, bounds: InputBounds) -> Formula:
    if found.names.isdisjoint(bounds) or not _chooses(found):
        return found
    if isinstance(found, Call) and OPERATIONS[found.name].chooses:
        sure = _holds(found.operands[0], bounds)
        if sure is not None:
            return _within(found.operands[1 if sure else 2], bounds)
    return rebuilt(found, lambda part: _within(part, bounds))


def _chooses(found: Formula) -> bool:
    return any(OPERATIONS[each].chooses for each in found.calls if each in OPERATIONS)


def _holds(condition: Formula, bounds: InputBounds) -> bool | None:
    """Whether a condition holds everywhere within bounds, or nowhere; None of others."""
    if not isinstance(condition, Call):
        return None
    sides = condition.operands
    if condition.name in ("and", "or", "not"):
        known = [_holds(each, bounds) for each in sides]
        if condition.name == "not":
            return None if known[0] is None else not known[0]
        decisive = condition.name == "or"
        if decisive in known:
            return decisive
        return None if None in known else not decisive
    if condition.name not in _COMPARING:
        return None
    low, high = _reach(minus(*sides), bounds)  # between which left - right is
    if low == high == 0:
        return condition.name in ("<=", ">=", "==")
    ahead, behind = high < 0, low > 0
    if ahead or behind:
        return condition.name == "!=" or (
            condition.name != "==" and (condition.name[0] == "<") == ahead
        )
    if high <= 0 and condition.name in ("<=", ">"):
        return condition.name == "<="
    if low >= 0 and condition.name in ("<", ">="):
        return condition.name == ">="
    return None


_COMPARING = frozenset(("<", "<=", ">", ">=", "==", "!="))


def _reach(found: Formula, bounds: InputBounds) -> tuple[float, float]:
    """Between which numbers a formula is that is linear in inputs; of others nothing is known."""
    low = high = 0.0
    for term in found.terms if isinstance(found, Sum) else (found,):
        factor, _, what = split(term)
        number = value_of(term)
        if number is not None:
            ends = float(number), float(number)
        elif isinstance(what, Symbol) and what.name in bounds:
            first, last = (float(factor) * each for each in bounds[what.name])
            ends = min(first, last), max(first, last)
        else:
            return -inf, inf
        low, high = low + ends[0], high + ends[1]
    return low, high
