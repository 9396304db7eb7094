"""The points of ranges of indices: all of them, or those between which the others lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from math import nan, prod

from backprop.algebra.formula import Formula
from backprop.algebra.indexed import RangeFormula
from backprop.algebra.normal import plus
from backprop.symbolic.index_values import index_value

_MOST_POINTS = 5_000
"""So many combinations of indices are looked at one by one, where ranges depend on each other."""

_KEPT_POINTS = 32
"""Of so many ranges that depend on one another the points are kept."""

IndexNumbers = Mapping[str, float]


def known_value(found: Formula, numbers: IndexNumbers) -> float:
    """What a formula of constants is worth."""
    return index_value(found.text())(numbers)


def corners(clauses: Sequence[RangeFormula], numbers: IndexNumbers) -> Iterator[IndexNumbers]:
    """Points of ranges between which all others lie: the corners of a box; else all, if they are few."""
    names = {each.name for each in clauses}
    if all(each.names.isdisjoint(names) for each in map(_ends, clauses)):
        ends = [values_of(each, numbers) for each in clauses]
        if all(ends):
            for point in product(*({min(each), max(each)} for each in ends)):
                yield {**numbers, **dict(zip((each.name for each in clauses), point, strict=True))}
        return
    yield from points(clauses, numbers)


def points(clauses: Sequence[RangeFormula], numbers: IndexNumbers) -> Iterator[IndexNumbers]:
    """All combinations of indices; of many, one that is no number."""
    names = {each.name for each in clauses}
    if all(each.names.isdisjoint(names) for each in clauses):
        ranges = [values_of(each, numbers) for each in clauses]
        if prod(map(len, ranges)) <= _MOST_POINTS:
            for values in product(*ranges):
                yield {**numbers, **dict(zip((each.name for each in clauses), values, strict=True))}
        else:
            yield dict.fromkeys((*numbers, *names), nan)
        return
    yield from _points_in_turn(tuple(clauses), tuple(numbers.items()))


@lru_cache(maxsize=_KEPT_POINTS)  # each condition of a derivative asks for those of the same ranges
def _points_in_turn(
    clauses: tuple[RangeFormula, ...], named: tuple[tuple[str, float], ...]
) -> Sequence[IndexNumbers]:
    """As `points`, of ranges whose ends depend on indices in front of them."""
    found = [dict(named)]
    for clause in clauses:
        more = (
            {**point, clause.name: value} for point in found for value in values_of(clause, point)
        )
        found = [*islice(more, _MOST_POINTS + 1)]
        if len(found) > _MOST_POINTS:
            names = (name for name, _ in named)
            return [dict.fromkeys((*names, *(each.name for each in clauses)), nan)]
    return found


def _ends(clause: RangeFormula) -> Formula:
    return plus(*clause.items)


def values_of(clause: RangeFormula, numbers: IndexNumbers) -> Sequence[float]:
    """The indices of a range, where others have these numbers."""
    found = [known_value(each, numbers) for each in clause.items]
    if clause.listed:
        return found
    step = int(found[2]) if len(found) == 3 else 1
    return range(int(found[0]), int(found[1]) + (1 if step > 0 else -1), step)
