"""Equations for members that have the same formula as one: `y[0] = …`, `y[t+1] = … for t in 0..n-2`.

Where a gradient is turned around, from reads to members, ranges are cut. What comes to the same on both
sides of a cut is put together again, and an index runs through the members themselves: `y[t]`, not `y[t+1]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from backprop.algebra.formula import ONE, ZERO, Formula, Symbol, is_number
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import RangeFormula
from backprop.algebra.normal import minus, plus
from backprop.algebra.tidy import simplified
from backprop.symbolic.domains_of import both, conditions_of, parts_of
from backprop.symbolic.of_families import IndexedDerived


def with_wider_ranges(found: Sequence[IndexedDerived]) -> list[IndexedDerived]:
    """The equations of derivatives, as few as have the same formulas."""
    made: list[IndexedDerived] = []
    for each in map(_plain, found):
        new = each
        while (at := _beside(made, new)) is not None:
            place, new = at
            del made[place]
        made.append(new)
    return made


def _beside(
    made: Sequence[IndexedDerived], new: IndexedDerived
) -> tuple[int, IndexedDerived] | None:
    """Which equation can be put together with another one, and the two as one."""
    for at in reversed(range(len(made))):
        other = made[at]
        if other.equation[2:] != new.equation[2:] or other.equation.name != new.equation.name:
            continue
        joined = _joined(other, new) or _joined(new, other) or _with_either(other, new)
        if joined is not None:
            return at, joined
    return None


def _plain(found: IndexedDerived) -> IndexedDerived:
    """An equation whose indices are `t` where they are `t+1`."""
    for clause in found.clauses:
        places = [each for each in found.indices if clause.name in each.names]
        if len(places) != 1 or clause.listed or len(clause.items) != 2:
            continue
        apart = minus(places[0], Symbol(clause.name))
        if apart != ZERO and is_number(apart):
            by: dict[str, Formula] = {clause.name: minus(Symbol(clause.name), apart)}
            low, high = (plus(each, apart) for each in clause.items)
            found = _changed(found, by, {clause.name: RangeFormula(clause.name, [low, high])})
    return found


def _changed(
    found: IndexedDerived, by: dict[str, Formula], ranges: dict[str, RangeFormula]
) -> IndexedDerived:
    """An equation with formulas in the place of indices. ranges: what takes the place of ranges."""

    def put(each: Formula) -> Formula:
        return substituted(each, by)

    clauses = [
        ranges.get(each.name) or RangeFormula(each.name, [*map(put, each.items)], each.listed)
        for each in found.clauses
    ]
    return found._replace(
        equation=found.equation._replace(formula=simplified(put(found.equation.formula))),
        indices=tuple(map(put, found.indices)),
        clauses=tuple(clauses),
        condition=None if found.condition is None else put(found.condition),
    )


def _with_either(found: IndexedDerived, other: IndexedDerived) -> IndexedDerived | None:
    """An equation for where a condition holds and one for where it does not, as one."""
    if found[1:3] != other[1:3] or found.equation.formula != other.equation.formula:
        return None
    own, others = parts_of(found.condition), parts_of(other.condition)
    only = [each for each in own if each not in others]
    opposite = [each for each in others if each not in own]
    if len(only) != 1 or [each.opposite for each in conditions_of(only[0])] != opposite:
        return None
    shared = [each for each in own if each in others]
    return found._replace(condition=reduce(both, shared, None))


def _joined(found: IndexedDerived, other: IndexedDerived) -> IndexedDerived | None:
    """An equation for a range and one for what lies beside that, as one; None where they say other things."""
    differ = [
        at
        for at, pair in enumerate(zip(found.indices, other.indices, strict=True))
        if pair[0] != pair[1]
    ]
    for at in differ if len(differ) == 1 else range(len(found.indices)) if not differ else ():
        joined = _along(found, other, at)
        if joined is not None:
            return joined
    return None


def _along(found: IndexedDerived, other: IndexedDerived, at: int) -> IndexedDerived | None:
    """Two equations as one whose index at a place runs through the members of both."""
    clause = _range_of(found, at)
    if clause is None:
        return None
    index, (low, high) = other.indices[at], clause.items
    own = _range_of(other, at)
    left = [each for each in found.clauses if each != clause]
    if [
        each for each in other.clauses if each != own
    ] != left or found.condition != other.condition:
        return None
    first, last = own.items if own else (index, index)
    if own is None and not index.names.isdisjoint(each.name for each in other.clauses):
        return None
    if minus(first, high) == ONE:
        ends = [low, last]
    elif minus(low, last) == ONE:
        ends = [first, high]
    else:
        return None
    if not _same(found, other, {clause.name: index}):
        return None
    wider = RangeFormula(clause.name, ends)
    clauses = tuple(wider if each == clause else each for each in found.clauses)
    return found._replace(clauses=clauses)


def _same(found: IndexedDerived, other: IndexedDerived, by: dict[str, Formula]) -> bool:
    """Whether an equation says what another one does, where indices are what that has."""
    formula = substituted(found.equation.formula, by)
    return other.equation.formula in (formula, simplified(formula))


def _range_of(found: IndexedDerived, at: int) -> RangeFormula | None:
    """The range that an index goes through by itself, on which no other one depends."""
    index = found.indices[at]
    for each in found.clauses:
        if index == Symbol(each.name) and not each.listed and len(each.items) == 2:
            others = [
                *(one for one in found.clauses if one != each),
                *(one for place, one in enumerate(found.indices) if place != at),
                *([] if found.condition is None else [found.condition]),
            ]
            names = {one.name for one in found.clauses}
            alone = all(item.names.isdisjoint(names) for item in each.items)
            if alone and all(each.name not in one.names for one in others):
                return each
    return None
