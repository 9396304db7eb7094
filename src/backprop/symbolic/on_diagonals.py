"""Equations for members of which one index says the other: `d[i,i+1]` for `d[p,i]` if `p + 1 == i`."""

from __future__ import annotations

from collections.abc import Container, Iterator

from backprop.algebra.formula import ZERO, Call, Formula, Symbol, is_number
from backprop.algebra.from_text import renamed_range, substituted
from backprop.algebra.indexed import RangeFormula, index_names
from backprop.algebra.normal import minus
from backprop.symbolic.domains_of import IndexCondition, MembersPart, both, holds, parts_of, solve
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.of_families import IndexedDerived


def on_diagonals(
    found: IndexedDerived, numbers: IndexNumbers, words: Container[str]
) -> IndexedDerived:
    """An equation without the ranges of indices that equal others, or are a fixed way from them. numbers: of
    the constants that ranges are made of. words: the names of the file, which an index has if it can."""
    ranges = {clause.name: clause for clause in found.clauses}
    if any(not clause.names.isdisjoint(ranges) for clause in found.clauses):
        return found  # ranges that depend on one another have an order
    for each in parts_of(found.condition):
        if isinstance(each, Call) and each.name == "==":
            for one, value in _solved(each, found.clauses, numbers):
                made = _without(found, each, one, value, words)
                return on_diagonals(made, numbers, words)
    return found


def _solved(
    condition: Call, clauses: tuple[RangeFormula, ...], numbers: IndexNumbers
) -> Iterator[tuple[RangeFormula, Formula]]:
    """The ranges in which exactly one index is as a condition says, for all others, and what it is."""
    apart = minus(*condition.operands)
    own = [each for each in clauses if each.name in apart.names]
    if len(own) != 2 or any(each.listed and own[0].items != own[1].items for each in own):
        return
    for one in own:
        others = tuple(each for each in clauses if each is not one)
        solved = solve(apart, one.name)
        if solved is None:
            continue
        value = solved[1]
        (other,) = (each for each in own if each is not one)
        if value == Symbol(other.name) and (one.items, one.listed) == (other.items, other.listed):
            yield one, value
        elif len(one.items) == 2 and not one.listed:
            low, high = one.items
            piece = MembersPart((), others, None, numbers)
            if holds(IndexCondition(low, value), piece) and holds(
                IndexCondition(value, high), piece
            ):
                yield one, value


def _without(
    found: IndexedDerived,
    condition: Formula,
    one: RangeFormula,
    value: Formula,
    words: Container[str],
) -> IndexedDerived:
    """An equation without one of its ranges, whose index has this value."""
    by: dict[str, Formula] = {one.name: value}
    (name,) = (each.name for each in found.clauses if each is not one and each.name in value.names)
    formula = found.equation.formula
    if name not in words and one.name in words and one.name not in index_names(formula):
        by[name] = Symbol(one.name)  # the letter of the file, which is free now
        by[one.name] = substituted(value, {name: Symbol(one.name)})
    left: Formula | None = None
    for each in parts_of(found.condition):
        part = substituted(each, by)
        if each is not condition and not _is_sure(part):
            left = both(left, part)
    clauses = [renamed_range(each, by) for each in found.clauses if each is not one]
    return found._replace(
        equation=found.equation._replace(formula=substituted(formula, by)),
        indices=tuple(substituted(index, by) for index in found.indices),
        clauses=tuple(clauses),
        condition=left,
    )


def _is_sure(condition: Formula) -> bool:
    """Whether a condition says no more than that two numbers differ."""
    if not isinstance(condition, Call) or condition.name != "!=":
        return False
    apart = minus(*condition.operands)
    return is_number(apart) and apart != ZERO
