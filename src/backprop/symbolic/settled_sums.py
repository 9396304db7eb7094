"""What is gathered, with fewer conditions: those that always hold go, and ranges begin where others say."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import reduce

from backprop.algebra.formula import ONE, ZERO, Call, Formula, Sum, Symbol, value_of
from backprop.algebra.from_text import rebuilt, substituted
from backprop.algebra.indexed import GatherFormula, RangeFormula
from backprop.algebra.normal import minus, plus, split
from backprop.operations import OPERATIONS
from backprop.symbolic.domains_of import (
    IndexCondition,
    MembersPart,
    both,
    condition_of,
    holds,
    parts_of,
    solve,
)
from backprop.symbolic.sums_joined import joined


def settled(found: Formula, piece: MembersPart) -> Formula:
    """A formula without conditions of its gathers that hold for all their indices, whatever numbers the
    names of a text get."""
    if isinstance(found, Call) and OPERATIONS[found.name].chooses:
        condition, one, other = found.operands
        parts = parts_of(condition)
        sure = [_is_sure(each, piece) for each in parts]
        if False in sure:
            return settled(other, piece)
        left = [each for each, holding in zip(parts, sure, strict=True) if not holding]
        if not left:
            return settled(one, piece)
        if len(left) < len(parts):
            found = Call(found.name, (reduce(both, left, None) or condition, one, other))
    if not isinstance(found, GatherFormula):
        made = rebuilt(found, lambda part: settled(part, piece)) if found.parts else found
        return joined(made, piece)
    if not found.bound.isdisjoint(each.name for each in piece.clauses):
        return found  # an index of its own that is called as one around it
    inner = piece._replace(indices=(), clauses=(*piece.clauses, *found.clauses))
    names = {each.name for each in inner.clauses}
    fixed = all(each.names <= names for each in inner.clauses)
    kept = [
        each
        for each in parts_of(found.condition)
        if not (fixed and each.names <= names and holds(condition_of(each), inner))
    ]
    kept = [_with_equality(each, names) for each in kept]
    if found.name == "sum" and any(_is_outside(each, found.clauses) for each in kept):
        return ZERO
    clauses, kept = _narrowed(found.clauses, kept, piece.clauses)
    return GatherFormula(found.name, settled(found.body, inner), clauses, reduce(both, kept, None))


def _is_sure(found: Formula, piece: MembersPart) -> bool | None:
    """Whether a condition on indices holds for all of them or for none, whatever numbers the names of a text
    get; None of others."""
    condition = condition_of(found)
    if not isinstance(condition, IndexCondition):
        return None
    apart = minus(condition.right, condition.left)
    number = value_of(apart)
    if number is not None:
        return number == 0 if condition.equal else number >= 0
    names = {each.name for each in piece.clauses}
    if not apart.names & names:
        return None
    if all(each.names <= names for each in piece.clauses) and apart.names <= names:
        return holds(condition, piece)
    if condition.equal:
        return None
    return True if _is_never_negative(apart, piece.clauses) else None


def _with_equality(found: Formula, indices: Container[str]) -> Formula:
    """A comparison of an index, which is whole, with a number as one that holds for the number, too: `2 <= j`
    for `1 < j`."""
    if isinstance(found, Call) and found.name in ("<", ">"):
        low, high = found.operands if found.name == "<" else reversed(found.operands)
        if _is_whole(low) and isinstance(high, Symbol) and high.name in indices:
            return Call("<=", (plus(low, ONE), high))
        if _is_whole(high) and isinstance(low, Symbol) and low.name in indices:
            return Call("<=", (low, minus(high, ONE)))
    return found


def _is_whole(found: Formula) -> bool:
    number = value_of(found)
    return number is not None and number.denominator == 1


def _is_outside(found: Formula, clauses: Sequence[RangeFormula]) -> bool:
    """Whether a condition holds only in front of where an index begins, `p <= 0` of `p in 1..n`, or only
    behind its end."""
    condition = condition_of(found)
    if not isinstance(condition, IndexCondition) or condition.equal:
        return False
    apart = minus(condition.right, condition.left)
    for each in clauses:
        solved = solve(apart, each.name)
        if solved is not None and not each.listed and len(each.items) == 2:
            sign, value = solved
            low, high = each.items
            beyond = value_of(minus(value, high) if sign > 0 else minus(low, value))
            return beyond is not None and beyond > 0
    return False


def _narrowed(
    clauses: Sequence[RangeFormula], conditions: Sequence[Formula], around: Sequence[RangeFormula]
) -> tuple[Sequence[RangeFormula], list[Formula]]:
    """Ranges that begin or end where conditions say, `p in i..n` for `p in 1..n if i <= p`, whatever numbers
    the names of a text get."""
    found, kept = [*clauses], list[Formula]()
    for each in conditions:
        condition = condition_of(each)
        for at, clause in enumerate(found):
            if not isinstance(condition, IndexCondition) or condition.equal or clause.listed:
                continue
            solved = solve(minus(condition.right, condition.left), clause.name)
            others = {one.name for one in found if one is not clause}
            outside = [one for one in found if clause.name in one.names and one is not clause]
            if solved is None or len(clause.items) != 2 or outside:
                continue
            sign, value = solved
            low, high = clause.items
            inside = minus(value, low) if sign > 0 else minus(high, value)
            if value.names.isdisjoint(others) and _is_never_negative(inside, around):
                ends = [value, high] if sign > 0 else [low, value]
                found[at] = RangeFormula(clause.name, ends)
                break
        else:
            kept.append(each)
    return found, kept


def _is_never_negative(found: Formula, clauses: Sequence[RangeFormula]) -> bool:
    """Whether a linear formula is at least 0 for all indices in ranges, by the ends of these."""
    for clause in reversed(clauses):
        if clause.name not in found.names:
            continue
        terms = found.terms if isinstance(found, Sum) else (found,)
        factors = [split(each) for each in terms if clause.name in each.names]
        if len(factors) > 1 or factors[0][2] != Symbol(clause.name):
            return False
        if clause.listed or len(clause.items) != 2:
            return False
        found = substituted(found, {clause.name: clause.items[factors[0][0] < 0]})
    number = value_of(found)
    return number is not None and number >= 0
