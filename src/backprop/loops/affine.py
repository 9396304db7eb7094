"""Whole numbers that go on evenly: a base, and a stride for each level of indices.

Of `x[8*i + j]` with `i in 1..n`, and `j in 0..7` within that, the places are base + 8*counter of i +
counter of j, where a counter is 0 for the first number that its variable takes, 1 for the next. So they
are known without an array, which is made when someone asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.language.integers import MOST
from backprop.loops.domains import Domain, Repeating, Wholes


class Affine:
    """A whole number for each combination of a domain: base + strides times counters.

    strides: one for each level, the outermost first. What is asked for by index, or as an array, is made
    once and kept; `array` makes it anew.
    """

    __slots__ = ("_made", "base", "domain", "strides")

    def __init__(self, domain: Domain, base: int, strides: Sequence[int] = ()) -> None:
        self.domain, self.base = domain, base
        self.strides = (*strides, *[0] * (domain.depth - len(strides)))
        self._made: Wholes | None = None

    def __len__(self) -> int:
        return self.domain.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Wholes:
        if self._made is None:
            self._made = self.array()
        return self._made.astype(dtype or numpy.int64, copy=bool(copy))

    def forget(self) -> None:
        """Keep no array."""
        self._made = None

    def __getitem__(self, at: Any) -> Any:
        return numpy.asarray(self)[at]

    @property
    def levels(self) -> list[Domain]:
        """The domains around, and this one, the outermost first."""
        return [each for each in self.domain.around() if each.parent is not None][::-1]

    def array(self) -> Wholes:
        """The numbers, one for each combination."""
        return self._between(0, self.domain.depth, self.base)

    def of_first(self, first: Domain) -> Wholes:
        """The numbers of the combinations that extend the first one of a domain around."""
        return self._between(first.depth, self.domain.depth, self.base)

    def inside(self, first: Domain) -> list[int]:
        """As `of_first`, as a list."""
        found: list[int] = self.of_first(first).tolist()
        return found

    def _between(self, outer: int, inner: int, base: int = 0) -> Wholes:
        """The numbers by the levels from one depth to another, of the combinations there that extend the
        first one of the outer depth."""
        found = numpy.full(1, base, dtype=numpy.int64)
        for level, stride in zip(self.levels[outer:inner], self.strides[outer:inner], strict=True):
            if level.each >= 0:
                found = (found[:, None] + stride * numpy.arange(level.each)).reshape(-1)
                continue
            counts = level.first(len(found))
            counter = numpy.arange(counts.sum()) - numpy.repeat(
                numpy.cumsum(counts) - counts, counts
            )
            found = numpy.repeat(found, counts) + stride * counter
        return found

    def narrowed(self) -> Affine:
        """These numbers by fewer levels: without those that change neither them nor what runs further
        in."""
        levels, kept = self.levels, {at for at, stride in enumerate(self.strides) if stride}
        for at in reversed(range(len(levels))):
            level = levels[at]
            if level.each >= 0 or not (at in kept or level.gaps):
                continue
            needed = level.rule.strides if level.rule else [1] * at
            kept |= {at, *(each for each, stride in enumerate(needed) if stride)}
        if len(kept) == len(levels) or not len(self):
            return self
        order = sorted(kept)
        domain = self.domain.around_all
        for number, at in enumerate(order):
            level = levels[at]
            if level.each >= 0:
                domain = Domain(domain, level.each)
            elif level.rule:
                domain = Domain(domain, level.rule.among(order[:number], domain))
            else:  # with all levels around it
                domain = level
        return Affine(domain, self.base, [self.strides[at] for at in order])

    @property
    def constant(self) -> int | None:
        """The number, if it is the same for all combinations."""
        return None if any(self.strides) else self.base

    def ends(self) -> tuple[int, int] | None:
        """The least and the largest number; None of none at all."""
        if not len(self):
            return None
        numbers = self.narrowed()
        if numbers is not self:
            return numbers.ends()
        low = high = self.base
        domain = self.domain
        while (around := domain.parent) is not None:
            stride = self.strides[domain.depth - 1]
            if domain.each >= 0:
                reach = stride * (domain.each - 1)
                low, high = low + min(reach, 0), high + max(reach, 0)
            else:
                begin = self._between(domain.base.depth, around.depth)
                counts = domain.first(len(begin))
                begin, end = begin[counts > 0], (begin + stride * (counts - 1))[counts > 0]
                low += int(numpy.minimum(begin, end).min())
                high += int(numpy.maximum(begin, end).max())
            domain = domain.base
        return low, high

    def run(self) -> slice | None:
        """The numbers as a slice, if they are one: each one more than the one before."""
        step = 1
        for level, stride in zip(reversed(self.levels), reversed(self.strides), strict=True):
            if level.each < 1 or (level.each > 1 and stride != step):
                return None
            step *= level.each
        return slice(self.base, self.base + step)

    def differ(self) -> bool:
        """Whether all numbers are known to be different ones."""
        sizes = [(abs(s), level.most) for level, s in zip(self.levels, self.strides, strict=True)]
        reach = 0
        for stride, most in sorted(sizes):
            if most > 1 and stride <= reach:
                return False
            reach += stride * max(most - 1, 0)
        return True

    def counting(self, step: int) -> Repeating:
        """How many numbers there are from 0 to each of these, by so many."""
        outermost = next((at for at, stride in enumerate(self.strides) if stride), 0)
        base = self.domain.alike(outermost)
        found = self._between(base.depth, self.domain.depth, self.base)
        return Repeating(base, numpy.maximum(found // step + 1, 0), _Counting(self, step))

    def lifted(self, domain: Domain) -> Affine:
        """These numbers for the combinations of a domain further in, or of this one."""
        if domain is self.domain:
            return self
        if self.domain.parent is not None:
            domain.within(self.domain)  # which says of one beside it that it is no part
        return Affine(domain, self.base, self.strides)

    def plus(self, other: Affine, times: int = 1) -> Affine:
        """The sum with another one of the same domain, times a factor."""
        pairs = zip(self.strides, other.strides, strict=True)
        strides = [one + times * two for one, two in pairs]
        return Affine(self.domain, self.base + times * other.base, strides)

    def times(self, factor: int) -> Affine:
        return Affine(self.domain, factor * self.base, [factor * each for each in self.strides])

    def shifted(self, more: int) -> Affine:
        return Affine(self.domain, self.base + more, self.strides)


class _Counting:
    """The rule of Affine.counting."""

    def __init__(self, reach: Affine, step: int) -> None:
        self.reach, self.step = reach, step

    @property
    def strides(self) -> Sequence[int]:
        return self.reach.strides

    def among(self, kept: Sequence[int], domain: Domain) -> Repeating:
        strides = [self.reach.strides[at] for at in kept]
        return Affine(domain, self.reach.base, strides).counting(self.step)


Ints = Wholes | Affine
"""A whole number for each combination of a domain."""


Places = Ints | slice
"""Where members of a family stand among its numbers."""


def evenly(*numbers: Ints) -> bool:
    """Whether all of these go on evenly."""
    return all(isinstance(each, Affine) for each in numbers)


def plain(places: Places) -> Places:
    """Places as a slice, if they are one."""
    if isinstance(places, slice):
        return places
    if isinstance(places, Affine):
        run = places.run()
        return places if run is None else run
    if (
        len(places)
        and places[-1] - places[0] == len(places) - 1
        and (numpy.diff(places) == 1).all()
    ):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def numbered(places: Places) -> Ints:
    """Places, also of a slice, as numbers."""
    return numpy.arange(places.start, places.stop) if isinstance(places, slice) else places


def distinct(places: Places) -> bool:
    """Whether all places are different ones."""
    if isinstance(places, slice) or (isinstance(places, Affine) and places.differ()):
        return True
    found = whole(places)
    if not len(found):
        return True
    met = numpy.zeros(int(found.max() - found.min()) + 1, dtype=bool)
    met[found - found.min()] = True
    return int(met.sum()) == len(found)


def whole(numbers: Ints) -> Wholes:
    """Whole numbers as an array that nobody keeps."""
    return numbers.array() if isinstance(numbers, Affine) else numbers


def once(places: Places) -> slice | Wholes:
    """Places as an index of an array, that nobody keeps."""
    return places if isinstance(places, slice) else whole(places)


def seen(places: Places) -> slice | Wholes:
    """As `once`, but of places that many combinations have not all of these."""
    return places.narrowed().array() if isinstance(places, Affine) else places


def some_of(places: Places, start: int, stop: int) -> Places:
    """Some of the places, those from number `start` to before `stop`."""
    if isinstance(places, slice):
        return slice(places.start + start, min(places.start + stop, places.stop))
    return places[start:stop]


def among(places: slice | Wholes, which: Any) -> Wholes:
    """Those of the places that are marked."""
    if isinstance(places, slice):
        start = int(places.start)
        return numpy.flatnonzero(which) + start
    found: Wholes = places[which]
    return found


def count_of(places: Places) -> int:
    """How many places there are."""
    return places.stop - places.start if isinstance(places, slice) else len(places)


def ordinals(domain: Domain) -> Ints:
    """The number of each combination: 0, 1, 2, …"""
    levels = [each for each in domain.around() if each.parent is not None]
    if any(level.each < 0 for level in levels):
        return numpy.arange(domain.size)
    strides: list[int] = []
    step = 1
    for level in levels:
        strides.insert(0, step)
        step *= level.each
    return Affine(domain, 0, strides)


def numbers_up(domain: Domain, home: Domain) -> Ints:
    """For each combination of a domain the number of that of a domain around it which it extends."""
    found = ordinals(home)
    if isinstance(found, Affine):
        return found.lifted(domain)
    up: Wholes = domain.lifted(found, home)
    return up


def affine(numbers: Ints | slice, domain: Domain) -> Affine | None:
    """Whole numbers of a domain as a base and strides; None where they go on unevenly. A slice is of as
    many numbers as there are combinations."""
    if isinstance(numbers, Affine):
        return numbers
    if isinstance(numbers, slice):
        found = ordinals(domain)
        return found.shifted(numbers.start) if isinstance(found, Affine) else None
    return _fitted(numbers, domain)


def _fitted(numbers: Wholes, domain: Domain) -> Affine | None:
    """The strides of an array, read off from combinations next to one another, and then checked."""
    if not len(numbers):
        return Affine(domain, 0)
    levels = Affine(domain, 0).levels
    strides: list[int] = []
    for level in levels:
        several = numpy.flatnonzero(level.counts > 1)[:1]
        first = level.starts[several]
        strides.append(0)
        if len(several):
            at = _first_within(domain, level, numpy.concatenate([first, first + 1]))
            if at is None:
                return None
            strides[-1] = int(numbers[at[1]] - numbers[at[0]])
    found = Affine(domain, int(numbers[0]), strides)
    return found if (found.array() == numbers).all() else None


def _first_within(domain: Domain, level: Domain, some: Wholes) -> Wholes | None:
    """Of some combinations of a domain around this one the first that extends each; None if none does."""
    inner = [each for each in domain.around() if each.depth > level.depth]
    for each in reversed(inner):
        if not each.counts[some].all():
            return None
        some = each.starts[some]
    return some


def counted(low: Ints, high: Ints, by: Ints) -> Wholes | Repeating | int:
    """How many numbers a range has whose ends and step are given for each combination around; one number
    where these are alike."""
    if isinstance(low, Affine) and isinstance(high, Affine) and isinstance(by, Affine):
        reach, step = high.plus(low, -1), by.constant
        if step is not None and reach.constant is not None:
            return max(reach.base // step + 1, 0)
        if step is not None and len(reach):
            return reach.counting(step)
    ends = (numpy.asarray(each) for each in (high, low, by))
    high_, low_, by_ = ends
    counts: Wholes = numpy.maximum((high_ - low_) // by_ + 1, 0)
    return counts


def ranged(domain: Domain, low: Ints, by: Ints) -> Ints:
    """What the variable of a range is in its domain. low, by: its first number, and its step, for each
    combination of the domain around."""
    step = by.constant if isinstance(by, Affine) else None
    if step is not None and isinstance(low, Affine):
        return Affine(domain, low.base, (*low.strides, step))
    at = numpy.arange(domain.size) - domain.starts[domain.up]
    found: Wholes = numpy.asarray(low)[domain.up] + numpy.asarray(by)[domain.up] * at
    return found


def listed(parent: Domain, items: Sequence[Ints]) -> tuple[Domain, Ints]:
    """The domain of a list, whose items are given for each combination of the parent."""
    domain = Domain(parent, len(items))
    whole = numpy.stack([numpy.asarray(each) for each in items], axis=1).reshape(-1)
    evenly = affine(whole, domain)
    return domain, whole if evenly is None else evenly


def narrowed(kind: str, numbers: list[Ints], some: slice) -> list[Ints]:
    """The ends and the step of a range, or the items of a list, of which only some are run through."""
    if kind == "listed":
        return numbers[some]
    low, high, *by = numbers
    step = whole(by[0]) if by else 1
    if some.start:
        low = whole(low) + step * some.start
    last = whole(low) + step * (some.stop - 1 - (some.start or 0))
    ends = numpy.where(step > 0, numpy.minimum(whole(high), last), numpy.maximum(whole(high), last))
    return [_again(each, numbers[0]) for each in (low, ends)] + by


def _again(numbers: Ints, like: Ints) -> Ints:
    """Numbers that are all the same as such, of the domain of others."""
    if isinstance(like, Affine) and not isinstance(numbers, Affine) and len(numbers):
        alike = bool((numbers == numbers[0]).all())
        return Affine(like.domain, int(numbers[0])) if alike else numbers
    return numbers


def no_index(numbers: NDArray[numpy.float64]) -> NDArray[numpy.bool_]:
    """Which numbers are not whole, or of no size that indices have."""
    with numpy.errstate(invalid="ignore"):
        found: NDArray[numpy.bool_] = ~(numpy.abs(numbers) <= MOST) | (numbers % 1 != 0)
    return found
