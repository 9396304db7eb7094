"""What indices run through, every combination at once: domains, and whole numbers for each.

A domain is what one clause adds to those around it: in `h[i,j] = … for i in 1..3, j in 1..n` that
of `j` lies within that of `i`, which lies within the whole, where nothing runs. A sum has one more.
Nothing is as large as there are combinations before someone asks for an array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy
from numpy.typing import NDArray

from backprop.loops.many import NotLoops

Wholes = NDArray[numpy.int64]
"""An array of whole numbers."""

Reals = NDArray[numpy.float64]
"""An array of doubles."""


_MOST = 2.0**62
"""Sums of counts below it are sums of NumPy's whole numbers."""


class CountRule(Protocol):
    """What makes counts of the counters of the levels around."""

    @property
    def strides(self) -> Sequence[int]:
        """One for each level, 0 where the counts do not depend on it."""

    def among(self, kept: Sequence[int], domain: Domain) -> Repeating:
        """The counts where there are these levels alone, by their numbers: those of `domain`. The others
        have no say."""


class Repeating:
    """How many combinations extend each of those of a domain, where that is the same within each
    combination of `base`, a domain around: counts are of those within the first. rule: what they follow,
    if that is known."""

    def __init__(self, base: Domain, counts: Wholes, rule: CountRule | None = None) -> None:
        self.base, self.counts, self.rule = base, counts, rule


class Domain:
    """The combinations of indices so far, in the order in which they are run through.

    parent: the domain around, None of the whole. counts: how many combinations extend each of the
    parent's, one number if these are alike. size: how many there are. each: how many extend each of the
    parent's, -1 where that differs. depth: how many domains are around it. base: the innermost domain
    around whose combinations are all extended alike by the ones here. local: where `each` is -1, how many
    extend each of the parent's within the first combination of `base`.
    """

    def __init__(self, parent: Domain | None = None, counts: Wholes | Repeating | int = 1) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self._outer = 1 if parent is None else parent.size
        self.base = self if parent is None else parent
        self.local = numpy.zeros(0, dtype=numpy.int64)
        if isinstance(counts, int):
            self.each = counts if self._outer else -1
            self.size: int = self._outer * counts
            return
        self.rule: CountRule | None = None
        """What its counts follow, where they differ and that is known."""
        if isinstance(counts, Repeating):
            outermost, local, self.rule = counts.base, counts.counts, counts.rule
        else:
            outermost, local = self.around_all, counts
            self._outer = len(counts)  # of a part of a domain, which has the whole for a parent
        alike = len(local) > 0 and bool((local == local[0]).all())
        self.each = int(local[0]) if alike and self._outer else -1
        if self.each >= 0:
            self.size = self._outer * self.each
            return
        self.base = outermost
        self.local = local if self._outer else self.local
        inside = int(local.sum()) if local.sum(dtype=float) < _MOST else sum(local.tolist())
        self.size = self._outer // len(local) * inside if self._outer else 0

    def first(self, count: int) -> Wholes:
        """How many extend each of so many of the parent's, the first ones."""
        if self.each >= 0 or not count:
            return numpy.full(count, self.each, dtype=numpy.int64)
        return self.local[:count] if count <= len(self.local) else numpy.resize(self.local, count)

    @cached_property
    def counts(self) -> Wholes:
        """How many extend each of the parent's."""
        return self.first(self._outer)

    @property
    def most(self) -> int:
        """How many extend one of the parent's at most."""
        return self.each if self.each >= 0 else int(self.local.max(initial=0))

    @property
    def gaps(self) -> bool:
        """Whether some of the parent's are extended by none."""
        return not self.each or bool((self.local == 0).any())

    @cached_property
    def starts(self) -> Wholes:
        """The number of the first that extends each of the parent's."""
        if self.each >= 0:
            return numpy.arange(self._outer) * self.each
        return numpy.cumsum(self.counts) - self.counts

    @cached_property
    def up(self) -> Wholes:
        """For each combination the number of that of the parent which it extends."""
        return numpy.repeat(numpy.arange(self._outer), self.each if self.each >= 0 else self.counts)

    def spread(self, numbers: Any) -> Any:
        """Numbers of the parent's combinations, one for each here."""
        if self.each >= 0 and len(numbers) == 1:
            return numpy.broadcast_to(numbers, self.size)
        return numpy.repeat(numbers, self.each if self.each >= 0 else self.counts)

    def around(self) -> Iterator[Domain]:
        """This domain, that around it, and so on up to the whole."""
        found: Domain | None = self
        while found is not None:
            yield found
            found = found.parent

    @property
    def is_regular(self) -> bool:
        """Whether all combinations around are extended by as many, at each level."""
        return all(each.each >= 0 for each in self.around() if each.parent is not None)

    @property
    def around_all(self) -> Domain:
        """The whole, in which nothing runs."""
        *_, found = self.around()
        return found

    def alike(self, depth: int) -> Domain:
        """The innermost domain around, of this depth or less, whose combinations are all extended alike by
        those here."""
        found = self
        while found.depth > depth:
            found = found.base
        return found

    def within(self, home: Domain) -> int:
        """How many combinations extend each of a domain around this one; -1 where that differs. Raises
        NotLoops for a domain beside it."""
        times, domain = 1, self
        while domain is not home:
            if domain.parent is None or not any(each is home for each in domain.around()):
                raise NotLoops("a value depends on indices that stand beside it")
            if domain.each < 0 and domain.base.depth < home.depth:
                return -1
            times *= domain.each if domain.each >= 0 else int(domain.local.sum())
            domain = domain.base
        return times

    def lifted(self, numbers: Any, home: Domain) -> Any:
        """Numbers of a domain around this one, one for each combination here. Raises NotLoops for those
        of a domain beside it."""
        if home.parent is None:
            return numpy.full(self.size, numbers)
        times = self.within(home)
        numbers = numpy.asarray(numbers)
        if self is home:
            return numbers
        return numpy.repeat(numbers, times if times >= 0 else self.over(home).counts)

    def over(self, base: Domain) -> Domain:
        """These combinations as those of one domain that lies directly within `base`."""
        if self.parent is base:
            return self
        times = self.within(base)
        if times >= 0:
            return Domain(base, times)
        outermost = self.alike(base.depth)
        counts, domain = numpy.ones(self.within(outermost), dtype=numpy.int64), self
        while domain is not base:
            assert domain.parent is not None
            here = domain.first(domain.parent.within(outermost))
            sums, ends = numpy.concatenate([[0], numpy.cumsum(counts)]), numpy.cumsum(here)
            counts, domain = sums[ends] - sums[ends - here], domain.parent
        return Domain(base, Repeating(outermost, counts))

    def joined(self, join: numpy.ufunc, numbers: Any, empty: float) -> Any:
        """What `join` makes, for each combination of the parent, of the numbers of those that extend
        it, one after the other. empty: what it makes of none."""
        numbers = numpy.broadcast_to(numbers, self.size)
        made = numpy.full(self._outer, empty, dtype=numbers.dtype)
        filled = self.counts > 0
        if not filled.any():
            return made
        made[filled] = numbers[self.starts[filled]]
        longest = int(self.counts.max())
        if longest > len(made):  # few and long
            for at in numpy.flatnonzero(self.counts > 1).tolist():
                start = self.starts[at]
                made[at] = join.accumulate(numbers[start : start + self.counts[at]])[-1]
            return made
        for turn in range(1, longest):
            if self.each >= 0:
                made = join(made, numbers[turn :: self.each])
            else:
                here = numpy.flatnonzero(self.counts > turn)
                made[here] = join(made[here], numbers[self.starts[here] + turn])
        return made

    def by_two(self, join: Callable[[Any, Any], Any], numbers: Any) -> Any:
        """What `join` makes of the numbers two by two, of its results two by two, and so on."""
        counts, starts = self.counts, self.starts
        while counts.max(initial=0) > 1:
            halves = (counts + 1) // 2
            up = numpy.repeat(numpy.arange(len(counts)), halves)
            begin = numpy.cumsum(halves) - halves
            first = starts[up] + 2 * (numpy.arange(len(up)) - begin[up])
            paired = first + 1 < (starts + counts)[up]
            made = numbers[first].copy()
            made[paired] = join(numbers[first[paired]], numbers[first[paired] + 1])
            numbers, counts, starts = made, halves, begin
        return numbers

    def among(self, kept: NDArray[numpy.bool_]) -> Domain:
        """The combinations for which a condition holds."""
        assert self.parent is not None
        sums = numpy.concatenate([[0], numpy.cumsum(kept)])
        return Domain(self.parent, sums[self.starts + self.counts] - sums[self.starts])


def combination(domain: Domain, at: int, home: Domain) -> int:
    """The combination of a domain around that one further in extends. Raises NotLoops for a domain beside
    it."""
    while domain is not home:
        if domain.parent is None:
            raise NotLoops("a value depends on indices that stand beside it")
        at = int(domain.up[at])
        domain = domain.parent
    return at


def stretch(home: Domain, over: Domain, at: int) -> slice:
    """Which combinations of a home belong to one combination of a domain: that extend it, or that it
    extends, or that extend one which it extends. They stand one behind the other."""
    around = [*over.around()]
    some = home
    while some not in around:
        assert some.parent is not None
        some = some.parent
    while over is not some:
        assert over.parent is not None
        at = at // over.each if over.each > 0 else int(over.up[at])
        over = over.parent
    if home is some:
        return slice(at, at + 1)
    inner = home.over(some)
    if inner.each >= 0:
        return slice(at * inner.each, (at + 1) * inner.each)
    start = int(inner.starts[at])
    return slice(start, start + int(inner.counts[at]))


def spread(some: NDArray[numpy.bool_], home: Domain, over: Domain) -> NDArray[numpy.bool_]:
    """For which combinations of a domain one of a home holds that is around it, in it, or beside it."""
    around = [*over.around()]
    at, which = home, numpy.flatnonzero(some)
    while at not in around:
        which = at.up[which]
        assert at.parent is not None
        at = at.parent
    if at.parent is None:
        return numpy.full(over.size, bool(len(which)))
    found = numpy.zeros(at.size, dtype=bool)
    found[which] = True
    spread_: NDArray[numpy.bool_] = over.lifted(found, at)
    return spread_
