"""Families that no statement defines: what reads them says which members there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

from backprop.algebra.formula import Formula, Symbol
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.symbolic.domains_of import solve

Value = Callable[[Formula], float]


class _Read(NamedTuple):
    """A read, the ranges around it, and whether it is read for all that they run through."""

    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    whole: bool


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

    def has(self, other: FamilyBox) -> bool:
        pairs = zip(self.numbers, other.numbers, strict=True)
        return all(low <= lower and upper <= high for (low, high), (lower, upper) in pairs)


def boxes(
    found: Sequence[tuple[Formula, tuple[RangeFormula, ...], bool]],
    defined: set[str],
    value: Value,
    members: Mapping[str, int],
) -> Mapping[str, FamilyBox | None]:
    """Families that are read and not defined, each with the ranges of one read that has all others in
    it, or with those that several make together, as `x[i]` and `x[i+1]` do; None where there are none.
    found: formulas, each with its ranges, and whether it is one for all of them. members: how many each
    family has, as far as that is known."""
    reads: dict[str, list[_Read]] = {}
    for formula, clauses, whole in found:
        for name, read in _reads(formula, clauses, whole):
            if name not in defined:
                reads.setdefault(name, []).append(read)
    return {name: _box(each, value, members.get(name)) for name, each in reads.items()}


def _reads(
    found: Formula, clauses: tuple[RangeFormula, ...], whole: bool
) -> Iterator[tuple[str, _Read]]:
    waiting = [(found, clauses, whole)]
    while waiting:
        part, around, all_of = waiting.pop()
        if isinstance(part, MemberFormula):
            yield part.family, _Read(part.indices, around, all_of)
        if isinstance(part, GatherFormula):
            around = (*around, *part.clauses)
            all_of = all_of and part.condition is None
        waiting += [(each, around, all_of) for each in part.parts]


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
    if len({len(box.bases) for box, _ in found}) > 1 or not whole_ones:
        return None
    around = _around(whole_ones)
    if not all(around.has(box) for box, _ in found):
        return None
    return around if count == around.size or _in_a_row(whole_ones) else None


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
    """Whether every index of a read goes through a range of its own."""
    names = {each.name for each in read.clauses}
    used = [name for index in read.indices for name in index.names & names]
    return len(used) == len({*used})


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
            if any(not each.names.isdisjoint(by_name) for each in clause.items):
                return None
            ends = [substituted(index, {own[0]: item}) for item in clause.items]
            low, high = sorted(ends, key=value)
        bases.append(own[0] if own and index == Symbol(own[0]) else "i")
        lows.append(low)
        highs.append(high)
        numbers.append((value(low), value(high)))
    return FamilyBox(tuple(bases), tuple(lows), tuple(highs), tuple(numbers))
