"""What indices run through: every combination at once, as arrays of whole numbers.

A domain is what one clause adds to those around it: in `h[i,j] = … for i in 1..3, j in 1..n` that
of `j` lies within that of `i`, which lies within the whole, where nothing runs. A sum has one more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

    size: how many there are. parent: the domain around, None of the whole. up: for each combination
    the number of that of the parent which it extends. counts: how many extend each of the parent's.
    """

    def __init__(self, parent: Domain | None = None, counts: Wholes | None = None) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        if parent is None or counts is None:
            self.size, self.each = 1, 1
            return
        self.counts = counts
        self.size = int(counts.sum())
        even = len(counts) > 0 and bool((counts == counts[0]).all())
        self.each = int(counts[0]) if even else -1
        """How many extend each of the parent's, -1 where that differs."""
        self.starts = numpy.concatenate(([0], numpy.cumsum(counts)[:-1])).astype(numpy.int64)
        self.up: Wholes = numpy.repeat(numpy.arange(len(counts)), counts)

    def around(self) -> Iterator[Domain]:
        """This domain, that around it, and so on up to the whole."""
        found: Domain | None = self
        while found is not None:
            yield found
            found = found.parent

    def lifted(self, numbers: Any, home: Domain) -> Any:
        """Numbers of a domain around this one, one for each combination here. Raises NotLoops for those
        of a domain beside it."""
        at: Wholes | None = None
        for domain in self.around():
            if domain is home or domain.parent is None:
                break
            at = domain.up if at is None else domain.up[at]
        if home.parent is None:
            return numpy.full(self.size, numbers)
        if domain is not home:
            raise NotLoops("a value depends on indices that stand beside it")
        return numpy.asarray(numbers) if at is None else numpy.asarray(numbers)[at]

    def over(self, base: Domain) -> Domain:
        """These combinations as those of one domain that lies directly within `base`."""
        counts, at = self.counts, self.parent
        while at is not base:
            assert at is not None
            assert at.parent is not None
            counts = at.joined(numpy.add, counts, 0).astype(numpy.int64)
            at = at.parent
        return self if self.parent is base else Domain(base, counts)

    def joined(self, join: numpy.ufunc, numbers: Any, empty: float) -> Any:
        """What `join` makes, for each combination of the parent, of the numbers of those that extend
        it, one after the other. empty: what it makes of none."""
        numbers = numpy.broadcast_to(numbers, self.size)
        made = numpy.full(len(self.counts), empty, dtype=numbers.dtype)
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
            here = numpy.flatnonzero(self.counts > turn) if self.each < 0 else slice(None)
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


def ranged(parent: Domain, low: Wholes, high: Wholes, by: Wholes) -> tuple[Domain, Wholes]:
    """The domain of a range whose ends and step are given for each combination of the parent, and
    what its variable is there."""
    counts = numpy.maximum((high - low) // by + 1, 0)
    domain = Domain(parent, counts)
    at = numpy.arange(domain.size) - domain.starts[domain.up]
    return domain, low[domain.up] + by[domain.up] * at


def listed(parent: Domain, items: list[Wholes]) -> tuple[Domain, Wholes]:
    """The domain of a list, whose items are given for each combination of the parent."""
    domain = Domain(parent, numpy.full(parent.size, len(items)))
    return domain, numpy.stack(items, axis=1).reshape(-1)
