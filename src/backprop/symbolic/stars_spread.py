"""What the stars of `w[i,*]` run through, as ranges: all indices for which the family has members."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple

from backprop.algebra.formula import Call, Formula, Symbol
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import RangeFormula
from backprop.symbolic.domains_of import both
from backprop.symbolic.implied_families import FamilyBox
from backprop.symbolic.index_points import IndexNumbers, points
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula


class FamilyRanges(NamedTuple):
    """The indices of some members of a family, and for which ranges they are these."""

    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None


class StarRanges(NamedTuple):
    """Ranges for stars, where they count, and the indices that run through them."""

    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    names: tuple[Formula, ...]


def spread(
    given: Sequence[Formula | None],
    statements: Sequence[FamilyRanges],
    implied: FamilyBox | None,
    fresh: Callable[[str], str],
    numbers: IndexNumbers,
) -> StarRanges | None:
    """The ranges of the stars among indices; None where they are none. implied: of a family without
    statements."""
    if any(len(each.indices) != len(given) for each in statements):
        return None
    if len(statements) == 1 and (found := _as_defined(given, statements[0], fresh)):
        return found
    ends = _ends(implied) if not statements and implied else _of_all(statements, numbers)
    if ends is None or len(ends) != len(given):
        return None
    clauses = tuple(
        RangeFormula(fresh(base), [low, high])
        for (base, low, high), index in zip(ends, given, strict=True)
        if index is None
    )
    return StarRanges(clauses, None, tuple(Symbol(each.name) for each in clauses))


RangeOfEach = list[tuple[str, Formula, Formula]]


def _ends(box: FamilyBox) -> RangeOfEach:
    return [*zip(box.bases, box.lows, box.highs, strict=True)]


def _as_defined(
    given: Sequence[Formula | None], statement: FamilyRanges, fresh: Callable[[str], str]
) -> StarRanges | None:
    """The ranges of the one statement of a family, where its indices are those of the ranges."""
    at = {each.text(): place for place, each in enumerate(statement.indices)}
    if sorted(at) != sorted(each.name for each in statement.clauses) or len(at) != len(given):
        return None
    by: dict[str, Formula] = {}
    for name, place in at.items():
        index = given[place]
        by[name] = Symbol(fresh(name)) if index is None else index
    clauses = tuple(
        RangeFormula(
            by[each.name].text(), [substituted(item, by) for item in each.items], each.listed
        )
        for each in statement.clauses
        if given[at[each.name]] is None
    )
    condition = None if statement.condition is None else substituted(statement.condition, by)
    opened = {name for name, place in at.items() if given[place] is None}
    for each in statement.clauses:  # a given index that only some of the others have
        if each.name not in opened and any(not i.names.isdisjoint(opened) for i in each.items):
            if each.listed or len(each.items) != 2:
                return None
            low, high = (substituted(item, by) for item in each.items)
            inside = Call("<=", (low, by[each.name])), Call("<=", (by[each.name], high))
            condition = reduce(both, inside, condition)
    names = tuple(by[name] for name, place in at.items() if given[place] is None)
    return StarRanges(clauses, condition, names)


def _of_all(statements: Sequence[FamilyRanges], numbers: IndexNumbers) -> RangeOfEach | None:
    """What each index of a family runs through, which has a member for each combination of them."""
    members: set[tuple[float, ...]] = set()
    for each in statements:
        found = [*_members(each, numbers)]
        if any(number != number for member in found for number in member):
            return None
        members |= {*found}
    if not members:
        return None
    ends: RangeOfEach = []
    size = 1
    for at, column in enumerate(zip(*members, strict=True)):
        low, high = min(column), max(column)
        written = [each for one in statements for each in _written(one, at)]
        lows = [(base, end) for base, end in written if _value(end, numbers) == low]
        highs = [(base, end) for base, end in written if _value(end, numbers) == high]
        if not lows or not highs:
            return None
        bases = [base for base, _ in (*highs, *lows) if base] or ["i"]
        ends.append((bases[0], lows[0][1], highs[0][1]))
        size *= int(high - low) + 1
    return ends if size == len(members) else None


def _members(statement: FamilyRanges, numbers: IndexNumbers) -> Iterator[tuple[float, ...]]:
    texts = [formula(each.text()) for each in statement.indices]
    where = None if statement.condition is None else formula(statement.condition.text())
    for point in points(statement.clauses, numbers):
        if where is None or evaluated(where, point):
            yield tuple(evaluated(each, point) for each in texts)


def _written(statement: FamilyRanges, at: int) -> Iterator[tuple[str, Formula]]:
    """The ends of an index as a statement says them, with the name of what runs between them."""
    index = statement.indices[at]
    names = {each.name for each in statement.clauses}
    own = [each for each in statement.clauses if each.name in index.names]
    if not own:
        yield "", index
    if len(own) == 1:
        for item in own[0].items[:2] if not own[0].listed else own[0].items:
            end = substituted(index, {own[0].name: item})
            if end.names.isdisjoint(names):
                yield own[0].name, end


def _value(found: Formula, numbers: IndexNumbers) -> float:
    return evaluated(formula(found.text()), dict(numbers))
