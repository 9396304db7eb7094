"""Families that no statement defines: what reads them says which members there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, reduce
from math import isnan, prod
from typing import NamedTuple

from backprop.algebra.formula import ONE, Call, Formula, Symbol
from backprop.algebra.from_text import renamed, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import minus, plus
from backprop.operations import OPERATIONS
from backprop.symbolic.domains_of import both, parts_of, solve
from backprop.symbolic.index_points import IndexNumbers, known_value, points
from backprop.symbolic.index_values import index_value

Value = Callable[[Formula], float]


class FamilyScope(NamedTuple):
    """A formula, or a part of one, the ranges around it, what holds there, and whether a choice is around
    it."""

    formula: Formula
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    chosen: bool = False


class _Read(NamedTuple):
    """A read, the ranges around it, what holds there, and whether a choice is around it."""

    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    chosen: bool

    @property
    def whole(self) -> bool:
        """Whether it is for all that the ranges run through."""
        return self.condition is None


class FamilyShape(NamedTuple):
    """Ranges that depend on each other or have steps, and what holds besides: `i in 1..n, j in 1..i`."""

    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None


class FamilyBox(NamedTuple):
    """Ranges of indices, by names: what a read runs through."""

    bases: tuple[str, ...]
    lows: tuple[Formula, ...]
    highs: tuple[Formula, ...]
    numbers: tuple[tuple[float, float], ...]

    @property
    def size(self) -> int:
        """How many members there are."""
        return prod(int(high - low) + 1 for low, high in self.numbers)

    def shape(self, fresh: Callable[[str], str]) -> FamilyShape:
        """Its ranges with names for the indices; one that has one member is that."""
        indices, clauses = list[Formula](), list[RangeFormula]()
        for base, low, high in zip(self.bases, self.lows, self.highs, strict=True):
            if low == high:
                indices.append(low)
                continue
            clauses.append(RangeFormula(fresh(base), [low, high]))
            indices.append(Symbol(clauses[-1].name))
        return FamilyShape(tuple(indices), tuple(clauses), None)

    def cut(self, at: int, low: Formula, high: Formula, lower: float, upper: float) -> FamilyBox:
        """A part of it, with other ends along one axis."""
        lows, highs, numbers = [*self.lows], [*self.highs], [*self.numbers]
        lows[at], highs[at], numbers[at] = low, high, (lower, upper)
        return FamilyBox(self.bases, tuple(lows), tuple(highs), tuple(numbers))

    def has(self, other: FamilyBox) -> bool:
        pairs = zip(self.numbers, other.numbers, strict=True)
        return all(low <= lower and upper <= high for (low, high), (lower, upper) in pairs)


def boxes(
    found: Sequence[FamilyScope],
    defined: set[str],
    numbers: IndexNumbers,
    members: Mapping[str, int],
) -> Mapping[str, FamilyBox | None]:
    """Families that are read and not defined, each with the ranges of one read that has all others in
    it, or with those that several make together, as `x[i]` and `x[i+1]` do; None where there are none.
    found: formulas with all that stands around them. members: how many each family has, as far as that is
    known."""
    value = partial(known_value, numbers=numbers)
    return {
        name: _box(each, value, members.get(name) or _many(each, numbers))
        for name, each in _by_family(found, defined).items()
    }


def _many(reads: Sequence[_Read], numbers: IndexNumbers) -> int | None:
    """How many members are read; None of many."""
    found = set[tuple[float, ...]]()
    for read in reads:
        names = {each.name for each in read.clauses}
        where = [each for each in parts_of(read.condition) if each.names <= names | numbers.keys()]
        if read.chosen or len(where) < len(parts_of(read.condition)):
            return None
        whole = reduce(both, where, None)
        condition = None if whole is None else index_value(whole.text())
        indices = [index_value(each.text()) for each in read.indices]
        for point in points(read.clauses, numbers):
            if any(isnan(each) for each in point.values()):
                return None
            if condition is None or condition(point):
                found.add(tuple(each(point) for each in indices))
    return len(found)


def shapes(
    found: Sequence[FamilyScope],
    defined: set[str],
    numbers: IndexNumbers,
    members: Mapping[str, int],
    fresh: Callable[[str], str],
) -> Mapping[str, Sequence[FamilyShape]]:
    """Families that are read and not defined, whose indices are those of ranges that are no box, in every
    read the same, and with the same condition; or those of several boxes."""
    made: dict[str, Sequence[FamilyShape]] = {}
    value = partial(known_value, numbers=numbers)
    for name, reads in _by_family(found, defined).items():
        alike = {_shape(each, [f"#{at}" for at in range(len(each.indices))]) for each in reads}
        if len(alike) == 1 and None not in alike:
            bases = [index.text() for index in reads[0].indices]
            shape = _shape(reads[0], [*map(fresh, bases)])
            made[name] = [shape] if shape else []
        else:
            made[name] = _several(reads, value, members.get(name), fresh)
    return made


def _several(
    reads: Sequence[_Read], value: Value, count: int | None, fresh: Callable[[str], str]
) -> Sequence[FamilyShape]:
    """The members that reads have together, each of which has those of a box, as boxes that have none in
    common. None where that cannot be said."""
    ranges = [_ranges(each, value) for each in reads]
    found = [each for each in ranges if each is not None]
    if len(found) < len(reads) or not all(each.whole and _apart(each) for each in reads):
        return []
    if len({len(each.bases) for each in found}) > 1:
        return []
    made: list[FamilyBox] = []
    for box in _largest(found):
        left = [box]
        for other in made:
            parts = [_without(each, other) for each in left]
            if None in parts:
                return []
            left = [each for part in parts for each in part or ()]
        made += left
    if len(made) > _MOST_BOXES or count not in (None, sum(each.size for each in made)):
        return []
    return [each.shape(fresh) for each in sorted(made, key=lambda each: each.numbers)]


_MOST_BOXES = 6
"""Families of more boxes are written member by member."""


def _largest(found: Sequence[FamilyBox]) -> list[FamilyBox]:
    """The largest boxes that others make, where these touch along one axis."""
    made = [*dict.fromkeys(found)]
    for one in made:  # which grows
        for other in made:
            if one is not other and _in_a_row([one, other]) and len(made) < _MOST_BOXES * 4:
                whole = _around([one, other])
                if not any(each.has(whole) for each in made):
                    made.append(whole)
    return [
        each
        for at, each in enumerate(made)
        if not any(
            other.has(each) and (not each.has(other) or before < at)
            for before, other in enumerate(made)
            if other is not each
        )
    ]


def _without(box: FamilyBox, other: FamilyBox) -> list[FamilyBox] | None:
    """What of a box another one leaves, as boxes; None where that are none."""
    pairs = [*zip(box.numbers, other.numbers, strict=True)]
    if any(high < lower or upper < low for (low, high), (lower, upper) in pairs):
        return [box]
    beyond = [at for at, (own, its) in enumerate(pairs) if own[0] < its[0] or its[1] < own[1]]
    if len(beyond) > 1:
        return None
    found = []
    for at in beyond:
        (low, high), (lower, upper) = pairs[at]
        if low < lower:
            found.append(box.cut(at, box.lows[at], minus(other.lows[at], ONE), low, lower - 1))
        if upper < high:
            found.append(box.cut(at, plus(other.highs[at], ONE), box.highs[at], upper + 1, high))
    return found


def _by_family(found: Sequence[FamilyScope], defined: set[str]) -> Mapping[str, Sequence[_Read]]:
    reads: dict[str, list[_Read]] = {}
    for each in found:
        for name, read in _reads(each):
            if name not in defined:
                reads.setdefault(name, []).append(read)
    return reads


def _shape(read: _Read, names: Sequence[str]) -> FamilyShape | None:
    """The members that a read has, with these names for its indices; None where its indices are not
    those of ranges, each once, or where others have a say in which members they are."""
    by_name = {each.name: each for each in read.clauses}
    own = [index.text() for index in read.indices]
    if read.chosen or not {*own} <= by_name.keys() or len({*own}) < len(own):
        return None
    bound = frozenset(by_name) - {*own}
    clauses = [each for each in read.clauses if each.name in own]
    where = [each for each in parts_of(read.condition) if not each.names.isdisjoint(by_name)]
    if len(clauses) > len(own) or any(
        not each.names.isdisjoint(bound) for each in (*clauses, *where)
    ):
        return None
    put: dict[str, Formula] = dict(zip(own, map(Symbol, names), strict=True))
    whole = renamed(GatherFormula("sum", ONE, clauses, reduce(both, where, None)), put)
    return FamilyShape(tuple(put[name] for name in own), whole.clauses, whole.condition)


def _reads(scope: FamilyScope) -> Iterator[tuple[str, _Read]]:
    waiting = [scope]
    while waiting:
        part, around, where, chosen = waiting.pop()
        if isinstance(part, MemberFormula):
            yield part.family, _Read(part.indices, around, where, chosen)
        if isinstance(part, GatherFormula):
            around = (*around, *part.clauses)
            where = both(where, part.condition)
        chosen = chosen or (isinstance(part, Call) and OPERATIONS[part.name].chooses)
        waiting += [FamilyScope(each, around, where, chosen) for each in part.parts]


def _box(reads: Sequence[_Read], value: Value, count: int | None) -> FamilyBox | None:
    """The ranges of the read that has all others in it, or of those that have together."""
    found: list[tuple[FamilyBox, bool]] = []
    for read in reads:
        made = _ranges(read, value)
        if made is None:
            return None
        found.append((made, read.whole and _apart(read)))
    for box, whole in found:
        if whole and all(len(o.bases) == len(box.bases) and box.has(o) for o, _ in found):
            return box
    whole_ones = [box for box, whole in found if whole]
    if len({len(box.bases) for box, _ in found}) > 1:
        return None
    around = _around([box for box, _ in found])
    if count == around.size:
        return around
    if not whole_ones:
        return None
    around = _around(whole_ones)
    if not all(around.has(box) for box, _ in found):
        return None
    return around if _in_a_row(whole_ones) else None


def _around(found: Sequence[FamilyBox]) -> FamilyBox:
    """The least box that has others in it."""
    lows, highs, numbers = list[Formula](), list[Formula](), list[tuple[float, float]]()
    for axis in range(len(found[0].bases)):
        lowest = min(found, key=lambda box: box.numbers[axis][0])
        highest = max(found, key=lambda box: box.numbers[axis][1])
        lows.append(lowest.lows[axis])
        highs.append(highest.highs[axis])
        numbers.append((lowest.numbers[axis][0], highest.numbers[axis][1]))
    return FamilyBox(found[0].bases, tuple(lows), tuple(highs), tuple(numbers))


def _in_a_row(found: Sequence[FamilyBox]) -> bool:
    """Whether boxes that differ along one axis alone leave nothing out between them."""
    axes = [
        at
        for at, each in enumerate(zip(*(box.numbers for box in found), strict=True))
        if len({*each}) > 1
    ]
    if len(axes) != 1:
        return False
    ends = sorted(box.numbers[axes[0]] for box in found)
    last = ends[0][1]
    for low, high in ends[1:]:
        if low > last + 1:
            return False
        last = max(last, high)
    return True


def _apart(read: _Read) -> bool:
    """Whether every index of a read goes through a range of its own, which does not depend on another."""
    by_name = {each.name: each for each in read.clauses}
    used = [name for index in read.indices for name in index.names & by_name.keys()]
    apart = all(each.names.isdisjoint(used) for name in used for each in by_name[name].items)
    return apart and len(used) == len({*used})


def _ranges(read: _Read, value: Value) -> FamilyBox | None:
    """The least and the largest of each index."""
    by_name = {each.name: each for each in read.clauses}
    bases, lows, highs, numbers = list[str](), list[Formula](), list[Formula](), []
    for index in read.indices:
        own = [name for name in by_name if name in index.names]
        low = high = index
        if len(own) > 1:
            return None
        if own:
            clause = by_name[own[0]]
            if clause.listed or len(clause.items) != 2 or solve(index, own[0]) is None:
                return None
            reached = _reached(clause, by_name)
            if reached is None:
                return None
            ends = [substituted(index, {own[0]: item}) for item in reached]
            low, high = sorted(ends, key=value)
        bases.append(own[0] if own and index == Symbol(own[0]) else "i")
        lows.append(low)
        highs.append(high)
        numbers.append((value(low), value(high)))
    return FamilyBox(tuple(bases), tuple(lows), tuple(highs), tuple(numbers))


def _reached(
    clause: RangeFormula, by_name: Mapping[str, RangeFormula]
) -> tuple[Formula, Formula] | None:
    """The first and the last of a range, of one that others move that of the longest: `j in 1..n` of `i in
    1..n, j in 1..i`. None where both ends move."""
    low, high = clause.items
    moving = [at for at, each in enumerate((low, high)) if not each.names.isdisjoint(by_name)]
    if not moving:
        return low, high
    if len(moving) > 1:
        return None
    end, sign = (low, -1) if moving == [0] else (high, 1)
    for name in reversed([*by_name]):
        if name not in end.names:
            continue
        solved, other = solve(end, name), by_name[name]
        if solved is None or other.listed or len(other.items) != 2:
            return None
        end = substituted(end, {name: other.items[solved[0] * sign > 0]})
    if not end.names.isdisjoint(by_name):
        return None
    return (end, high) if moving == [0] else (low, end)
