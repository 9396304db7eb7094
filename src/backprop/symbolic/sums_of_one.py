"""Sums over members of which all are 0 but some that have equations of their own: the terms of those."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backprop.algebra.formula import ZERO, Formula, Symbol
from backprop.algebra.from_text import gathered, rebuilt, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula
from backprop.algebra.normal import plus
from backprop.symbolic.domains_of import (
    IndexCondition,
    MembersCondition,
    MembersPart,
    both,
    conditions_of,
    holds,
)

OthersOf = Callable[[str], "Sequence[tuple[Formula, ...]] | None"]
"""The members of a family that are not 0, by their indices; None of a family that has many."""


def of_others(found: GatherFormula, around: MembersPart, others: OthersOf) -> Formula | None:
    """A sum as its terms that are not 0; None where it stays what it is. around: the indices around it."""
    if found.name != "sum":
        return None
    for read in _members(found.body):
        members = others(read.family)
        if members is not None and with_known(found.body, {read: ZERO}) == ZERO:
            terms = [_term(found, read, each, around) for each in members]
            if all(each is not None for each in terms):
                return plus(*(each for each in terms if each is not None))
    return None


def with_known(found: Formula, known: Mapping[Formula, Formula]) -> Formula:
    """A formula with others in the place of members."""
    if found in known:
        return known[found]
    return rebuilt(found, lambda part: with_known(part, known)) if known and found.parts else found


def _members(found: Formula) -> list[MemberFormula]:
    """The members in a formula, but for those that are gathered in it."""
    made, waiting = list[MemberFormula](), [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, MemberFormula):
            made.append(part)
        elif not isinstance(part, GatherFormula):
            waiting += part.parts
    return made


def _term(
    found: GatherFormula, read: MemberFormula, member: Sequence[Formula], around: MembersPart
) -> Formula | None:
    """The terms of a sum whose read is a member; None where that cannot be said."""
    by: dict[str, Formula] = {}
    conditions = []
    for index, value in zip(read.indices, member, strict=True):
        own = isinstance(index, Symbol) and index.name in found.bound and index.name not in by
        if own and isinstance(index, Symbol):
            by[index.name] = value
        elif index.names.isdisjoint(found.bound):
            conditions.append(IndexCondition(index, value, equal=True))
        else:
            return None
    if not by:
        return None
    left = [each for each in found.clauses if each.name not in by]
    for each in found.clauses:
        if each.name in by:
            if each.listed or len(each.items) != 2 or not each.names.isdisjoint(found.bound):
                return None
            low, high = each.items
            conditions += [IndexCondition(low, by[each.name]), IndexCondition(by[each.name], high)]
    if any(not each.names.isdisjoint(by) for each in left):
        return None
    sure = {holds(each, around) for each in conditions}
    if False in sure:
        return ZERO
    if None in sure:
        return None
    condition: Formula | None = None
    for stated in conditions_of(found.condition):
        put: MembersCondition = stated.changed(by)
        held = holds(put, around) if put.formula.names.isdisjoint(found.bound) else None
        if held is False:
            return ZERO
        if held is None:
            if not left or put.formula.names.isdisjoint({one.name for one in left}):
                return None
            condition = both(condition, put.formula)
    body = substituted(found.body, by)
    return gathered("sum", body, left, condition) if left else body
