"""What indices run through, every combination at once: domains, and whole numbers for each.

A domain is what one clause adds to those around it: in `h[i,j] = … for i in 1..3, j in 1..n` that
of `j` lies within that of `i`, which lies within the whole, where nothing runs. A sum has one more.
Nothing is as large as there are combinations before someone asks for an array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.many import NotLoops

Wholes = NDArray[numpy.int64]
"""An array of whole numbers."""

Reals = NDArray[numpy.float64]
"""An array of doubles."""


class Domain:
    """The combinations of indices so far, in the order in which they are run through.

    parent: the domain around, None of the whole. counts: how many combinations extend each of the
    parent's, one number if these are alike. size: how many there are. each: how many extend each of the
    parent's, -1 where that differs. depth: how many domains are around it.
    """

    def __init__(self, parent: Domain | None = None, counts: Wholes | int = 1) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.size: int
        if isinstance(counts, int):
            self._outer = 1 if parent is None else parent.size
            self.each = counts if self._outer else -1
            self.size = self._outer * counts
            return
        self._outer = len(counts)
        alike = len(counts) > 0 and bool((counts == counts[0]).all())
        self.each = int(counts[0]) if alike else -1
        self.size = int(counts.sum())
        if not alike:
            self.counts = counts

    @cached_property
    def counts(self) -> Wholes:
        """How many extend each of the parent's."""
        return numpy.full(self._outer, max(self.each, 0), dtype=numpy.int64)

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

    def around(self) -> Iterator[Domain]:
        """This domain, that around it, and so on up to the whole."""
        found: Domain | None = self
        while found is not None:
            yield found
            found = found.parent

    def within(self, home: Domain) -> int:
        """How many combinations extend each of a domain around this one; -1 where that differs. Raises
        NotLoops for a domain beside it."""
        times = 1
        for domain in self.around():
            if domain is home:
                return times
            times = times * domain.each if times >= 0 and domain.each >= 0 else -1
        raise NotLoops("a value depends on indices that stand beside it")

    def lifted(self, numbers: Any, home: Domain) -> Any:
        """Numbers of a domain around this one, one for each combination here. Raises NotLoops for those
        of a domain beside it."""
        if home.parent is None:
            return numpy.full(self.size, numbers)
        times = self.within(home)
        numbers = numpy.asarray(numbers)
        if times >= 0:
            return numbers if self is home else numpy.repeat(numbers, times)
        at: Wholes | None = None
        for domain in self.around():
            if domain is home:
                break
            at = domain.up if at is None else domain.up[at]
        return numbers[at]

    def over(self, base: Domain) -> Domain:
        """These combinations as those of one domain that lies directly within `base`."""
        if self.parent is base:
            return self
        times = self.within(base)
        if times >= 0:
            return Domain(base, times)
        counts, at = self.counts, self.parent
        while at is not base:
            assert at is not None
            assert at.parent is not None
            counts = at.joined(numpy.add, counts, 0).astype(numpy.int64)
            at = at.parent
        return Domain(base, counts)

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
        counts = self.joined(numpy.add, kept.astype(numpy.int64), 0)
        return Domain(self.parent, counts.astype(numpy.int64))
