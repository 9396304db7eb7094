"""Conditions that two indices are further apart than so much: `abs(p - i) > 1` for `p != i and p - 1 != i
and p + 1 != i`, the entries of a matrix outside its band."""

from __future__ import annotations

from functools import reduce

from backprop.algebra.formula import Call, Formula, Product, Sum, Symbol, value_of
from backprop.algebra.normal import minus, plus, split
from backprop.symbolic.domains_of import both, parts_of
from backprop.symbolic.of_families import IndexedDerived


def outside_bands(found: IndexedDerived) -> IndexedDerived:
    """A derivative with one condition where several leave out a band."""
    parts = parts_of(found.condition)
    apart: dict[tuple[Formula, Formula], dict[int, Formula]] = {}
    for each in parts:
        pair = _pair(each)
        if pair is not None:
            one, other, by = pair
            turned = (other, one) in apart
            apart.setdefault((other, one) if turned else (one, other), {})[
                -by if turned else by
            ] = each
    for (one, other), left_out in apart.items():
        width = len(left_out) // 2
        if width and {*left_out} == {*range(-width, width + 1)}:
            band = Call(">", (Call("abs", (minus(one, other),)), Product(width)))
            first = next(each for each in parts if each in left_out.values())
            kept = [each for each in parts if each is first or each not in left_out.values()]
            parts = [band if each is first else each for each in kept]
    return found._replace(condition=reduce(both, parts, None))


def _pair(found: Formula) -> tuple[Formula, Formula, int] | None:
    """Two indices that are not so far apart, `p - i != 1`; None of other conditions."""
    if not isinstance(found, Call) or found.name != "!=":
        return None
    whole = minus(*found.operands)
    signs: dict[int, Formula] = {}
    rest: list[Formula] = []
    for term in whole.terms if isinstance(whole, Sum) else (whole,):
        sign, _, what = split(term)
        if isinstance(what, Symbol) and sign in (1, -1) and sign not in signs:
            signs[int(sign)] = what
        else:
            rest.append(term)
    number = value_of(plus(*rest))
    if len(signs) < 2 or number is None or number.denominator != 1:
        return None
    return signs[1], signs[-1], -int(number)
