"""Where a term of a gradient counts: conditions on indices, and ranges cut by them.

A condition is a difference of index formulas, linear in the indices, that is at least 0, or is 0.
Whether it holds for all indices, for some or for none, the corners of their ranges say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from math import nan
from typing import NamedTuple

from backprop.algebra.formula import (
    MINUS,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Sum,
    Symbol,
    is_number,
)
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import RangeFormula
from backprop.algebra.normal import minus, operation, plus, split, times
from backprop.symbolic.compared_indices import decided, joined
from backprop.symbolic.furthest_ends import furthest
from backprop.symbolic.index_points import IndexNumbers, corners, known_value, points, values_of
from backprop.symbolic.index_values import index_value

_KEPT = 50_000
"""So many answers are kept."""


class IndexCondition(NamedTuple):
    """left <= right, or left == right."""

    left: Formula
    right: Formula
    equal: bool = False

    @property
    def formula(self) -> Formula:
        return Call("==" if self.equal else "<=", (self.left, self.right))

    @property
    def opposite(self) -> Formula:
        return Call("!=" if self.equal else ">", (self.left, self.right))

    def changed(self, by: Mapping[str, Formula]) -> IndexCondition:
        return IndexCondition(substituted(self.left, by), substituted(self.right, by), self.equal)


class StatedCondition(NamedTuple):
    """A condition as a text says it, `i < j or i == 3`."""

    formula: Formula

    @property
    def opposite(self) -> Formula:
        if isinstance(self.formula, Call):
            turned = _TURNED.get(self.formula.name)
            if turned is not None:
                return Call(turned, self.formula.operands)
            if self.formula.name == "not":
                return self.formula.operands[0]
        return operation("not", [self.formula])

    def changed(self, by: Mapping[str, Formula]) -> StatedCondition:
        return StatedCondition(substituted(self.formula, by))


_TURNED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

MembersCondition = IndexCondition | StatedCondition


def conditions_of(found: Formula | None) -> list[MembersCondition]:
    """A condition as those that all hold in it."""
    return [condition_of(each) for each in parts_of(found)]


def parts_of(found: Formula | None) -> list[Formula]:
    """What `and` joins."""
    if found is None:
        return []
    if isinstance(found, Call) and found.name == "and":
        return [part for each in found.operands for part in parts_of(each)]
    return [found]


def condition_of(found: Formula) -> MembersCondition:
    if isinstance(found, Call) and found.name in ("==", "<=", ">="):
        left, right = found.operands if found.name != ">=" else reversed(found.operands)
        return IndexCondition(left, right, found.name == "==")
    return StatedCondition(found)


def holds(found: MembersCondition, piece: MembersPart) -> bool | None:
    """Whether a condition holds for all members of a part; None: for some, or who knows."""
    return _holds(found, piece.clauses, piece.condition, tuple(piece.numbers.items()))


@lru_cache(maxsize=_KEPT)  # derivatives of other sizes, and those derived again, ask the same
def _holds(
    found: MembersCondition,
    clauses: tuple[RangeFormula, ...],
    condition: Formula | None,
    named: tuple[tuple[str, float], ...],
) -> bool | None:
    numbers = dict(named)
    stated = parts_of(condition)
    if found.formula in stated:
        return True
    if found.opposite in stated:
        return False
    if (known_by := decided(found.formula, stated)) is not None:
        return known_by
    if (known_by := _by_equals(found, stated)) is not None:
        return known_by
    known = {*numbers, *(each.name for each in clauses)}
    if any(not each.names <= known for each in (found.formula, *clauses)):
        return None  # a table of numbers
    piece = MembersPart((), clauses, condition, numbers)
    if isinstance(found, StatedCondition) or not _is_linear(found):
        return _one_by_one(found, piece)
    if stated:  # what holds for all members holds for those
        sure = holds(found, piece._replace(condition=None))
        return _one_by_one(found, piece) if sure is None else sure
    apart = index_value(minus(found.right, found.left).text())
    seen = [apart(point) for point in corners(clauses, numbers)]
    if any(each != each for each in seen):  # too many to be looked at
        ends = (furthest(minus(found.right, found.left), clauses, way) for way in (-1, 1))
        seen = [
            known_value(each, numbers) if each and each.names <= numbers.keys() else nan
            for each in ends
        ]
    if not seen or any(each != each for each in seen):
        return None
    if found.equal:
        if all(each == 0 for each in seen):
            return True
        return False if min(seen) > 0 or max(seen) < 0 else None
    if min(seen) >= 0:
        return True
    return False if max(seen) < 0 else None


def _by_equals(found: MembersCondition, stated: Sequence[Formula]) -> bool | None:
    """Whether a condition holds by what others say of equal indices: `p == i` where `q == p and q == i`."""
    known: dict[str, Formula] = {}
    for each in stated:
        if isinstance(each, Call) and each.name == "==":
            apart = minus(*(substituted(side, known) for side in each.operands))
            for name in sorted(apart.names):
                if (solved := solve(apart, name)) is not None:
                    put = {name: solved[1]}
                    known = {one: substituted(other, put) for one, other in known.items()} | put
                    break
    if not known:
        return None

    def apart_of(each: Formula) -> Formula | None:
        """The difference of two sides that are equal or are not."""
        if isinstance(each, Call) and each.name in ("==", "!="):
            return minus(*(substituted(side, known) for side in each.operands))
        return None

    own = apart_of(found.formula)
    if own is None:
        return None
    is_equal = isinstance(found.formula, Call) and found.formula.name == "=="
    if is_number(own):
        return (own == ZERO) == is_equal
    for each in stated:
        if isinstance(each, Call) and each.name == "!=":
            other = apart_of(each)
            if other is not None and own in (other, times(MINUS, other)):
                return not is_equal
    return None


def _is_linear(found: IndexCondition) -> bool:
    """Whether what a condition says at the corners of ranges says it for all indices."""
    apart = minus(found.right, found.left)
    terms = apart.terms if isinstance(apart, Sum) else (apart,)
    return all(isinstance(split(each)[2], Symbol) or is_number(each) for each in terms)


def _one_by_one(found: MembersCondition, piece: MembersPart) -> bool | None:
    """Whether a condition holds for all members, where they are few."""
    where, names = None, found.formula.names
    if piece.condition is not None and piece.condition.names <= {
        *piece.numbers,
        *(each.name for each in piece.clauses),
    }:
        where = index_value(piece.condition.text())
        names |= piece.condition.names
    test, seen = index_value(found.formula.text()), set[bool]()
    for point in points(_that_matter(piece, names), piece.numbers):
        if any(each != each for each in point.values()):
            return None
        if where is None or where(point):
            seen.add(bool(test(point)))
            if len(seen) > 1:
                return None
    return seen.pop() if seen else None


def _that_matter(piece: MembersPart, names: frozenset[str]) -> Sequence[RangeFormula]:
    """The ranges of indices with these names, and those with which they have to do; and empty ones."""
    clauses = piece.clauses
    bound = {each.name for each in clauses}
    alone = [
        each
        for each in clauses
        if each.name not in names
        and each.names.isdisjoint(bound)
        and not any(each.name in other.names for other in clauses)
        and values_of(each, piece.numbers)
    ]
    return [each for each in clauses if each not in alone]


class MembersPart(NamedTuple):
    """A part of the indices of a family: index formulas, their clauses, and what holds besides."""

    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    numbers: IndexNumbers

    def split(self, by: MembersCondition) -> Iterator[tuple[MembersPart, bool]]:
        """The parts where a condition holds and where it does not."""
        known = {*self.numbers, *(each.name for each in self.clauses)}
        cuts = isinstance(by, IndexCondition) and by.formula.names <= known
        found = _cut(by, self) if isinstance(by, IndexCondition) and cuts else None
        if found is None:
            yield self._replace(condition=both(self.condition, by.formula)), True
            yield self._replace(condition=both(self.condition, by.opposite)), False
            return
        at, parts = found
        for (low, high), true in parts:
            clause = self.clauses[at]
            if low == high:
                yield self.at(at, low), true
                continue
            cut = RangeFormula(clause.name, [low, high])
            if any(True for _ in corners([cut], self.numbers)):
                yield (
                    self._replace(clauses=(*self.clauses[:at], cut, *self.clauses[at + 1 :])),
                    true,
                )

    def place(self, index: Formula) -> int | None:
        """Which range an index runs through by itself, on which no other one depends, nor it on others."""
        names = {each.name for each in self.clauses}
        for at, each in enumerate(self.clauses):
            apart = all(i.names.isdisjoint(names) for i in each.items)
            if index == Symbol(each.name) and apart and len(each.items) == 2 and not each.listed:
                return at
        return None

    def at(self, at: int, value: Formula) -> MembersPart:
        """The part where an index has one value."""
        by = {self.clauses[at].name: value}

        def put(found: Formula) -> Formula:
            return substituted(found, by)

        others = (*self.clauses[:at], *self.clauses[at + 1 :])
        clauses = [RangeFormula(each.name, [*map(put, each.items)], each.listed) for each in others]
        condition = None if self.condition is None else put(self.condition)
        return MembersPart(tuple(map(put, self.indices)), tuple(clauses), condition, self.numbers)


def both(one: Formula | None, other: Formula | None) -> Formula | None:
    """Two conditions as one."""
    if one is None or other is None:
        return one or other
    return reduce(
        lambda first, second: Call("and", (first, second)),
        joined([*parts_of(one), *parts_of(other)]),
    )


RangeEnds = tuple[Formula, Formula]


def _cut(by: IndexCondition, piece: MembersPart) -> tuple[int, list[tuple[RangeEnds, bool]]] | None:
    """A condition on one index as parts of its range; None for others, and where it cuts nothing off."""
    clauses = piece.clauses
    apart = minus(by.right, by.left)
    names = [at for at, each in enumerate(clauses) if each.name in apart.names]
    if len(names) != 1:
        return None
    at = names[0]
    clause = clauses[at]
    if clause.listed or len(clause.items) != 2:
        return None
    if any(clause.name in each.names for i, each in enumerate(clauses) if i != at):
        return None
    solved = solve(apart, clause.name)
    if solved is None:
        return None
    own = {each.name for each in clauses}
    if any(not each.names.isdisjoint(own) for each in (solved[1], *clause.items)):
        return None
    sign, value = solved  # the index at which right - left is 0, and how that changes with it
    low, high = clause.items
    if any(not each.names <= piece.numbers.keys() for each in (low, value, high)):
        return None
    first, at_value, last = (known_value(each, piece.numbers) for each in (low, value, high))
    if not first <= at_value <= last:
        return None
    after, before = plus(value, ONE), minus(value, ONE)
    if by.equal:
        return at, [((low, before), False), ((value, value), True), ((after, high), False)]
    if sign < 0:
        return at, [((low, value), True), ((after, high), False)]
    return at, [((low, before), False), ((value, high), True)]


def solve(found: Formula, name: str) -> tuple[int, Formula] | None:
    """Where a formula that is linear in a name with the coefficient 1 or -1 is 0, and that coefficient."""
    sign, rest = 0, list[Formula]()
    for term in found.terms if isinstance(found, Sum) else (found,):
        if name not in term.names:
            rest.append(term)
            continue
        coefficient, _, what = split(term)
        if what != Symbol(name) or coefficient not in (1, -1) or sign:
            return None
        sign = int(coefficient)
    if not sign:
        return None
    others = plus(*rest)
    return sign, others if sign < 0 else minus(Product(0), others)
