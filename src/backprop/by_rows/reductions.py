"""What is kept of rows: reductions, which blocks are added to and which merge with one another.

Sums are made of chunks of CHUNK rows, counted from the first, merged two by two in order. So they have the
same bits however the rows come: in blocks of any number of chunks, by any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy

from backprop.loops.domains import Reals
from backprop.syntax.functions import TINY

CHUNK = 4096
"""Rows that are summed before their sum is added to others."""


def by_chunks(numbers: Any, rows: int) -> Reals:
    """The sum of each chunk of some rows, the last of which may be shorter. numbers: one for each row, or
    one for all."""
    whole, rest = divmod(rows, CHUNK)
    if numpy.ndim(numbers) and not rest:
        sums: Reals = numpy.add.reduce(numbers.reshape(whole, CHUNK), axis=1)
        return sums
    found = numpy.empty(whole + bool(rest))
    if numpy.ndim(numbers) == 0:
        found[:whole] = numbers * float(CHUNK)
        found[whole:] = numbers * float(rest)
        return found
    numpy.add.reduce(numbers[: whole * CHUNK].reshape(whole, CHUNK), axis=1, out=found[:whole])
    if rest:
        found[whole] = numpy.add.reduce(numbers[whole * CHUNK :])
    return found


Merge = Callable[[Any, Any], Any]
"""Makes one of what was found of rows and of those behind them: shapes (…, width)."""


class Totals:
    """What chunks bring, merged. zero: what there is of no rows, shape (width,). merge: makes one of two.
    many: makes some of so many pairs at once, shapes (pairs, width), if anything does."""

    def __init__(self, zero: Reals, merge: Merge = numpy.add, many: Merge | None = None) -> None:
        self._zero, self._merge = zero, merge
        self._many = numpy.add if merge is numpy.add else many
        self._parts: list[tuple[int, Reals]] = []
        """Those of 2^n chunks, each with n, which falls from one to the next."""

    def add(self, block: Reals) -> None:
        """What the chunks bring that come next: shape (chunks, width)."""
        count = len(block)
        level = count.bit_length() - 1
        is_power = count > 1 and count == 1 << level
        if self._many and is_power and (not self._parts or self._parts[-1][0] >= level):
            self._push(level, together(block, self._many))  # as one after the other
            return
        for chunk in block:
            self._push(0, chunk)

    def merge(self, other: Totals) -> None:
        """All of the rows behind these. The bits are those of one after the other where these are 2^n times
        some chunks, and there are no more than 2^n of the others."""
        for level, part in other._parts:
            self._push(level, part)

    def _push(self, level: int, part: Reals) -> None:
        while self._parts and self._parts[-1][0] == level:
            part = self._merge(self._parts.pop()[1], part)
            level += 1
        self._parts.append((level, part))

    def value(self) -> Reals:
        """All together: shape (width,)."""
        found = self._zero
        for at, (_, part) in enumerate(reversed(self._parts)):
            found = self._merge(part, found) if at else part
        return found


def together(chunks: Reals, merge: Merge = numpy.add) -> Reals:
    """What all chunks bring, merged as `Totals` merges it: shape (chunks, width) to (width,)."""
    while len(chunks) > 1:
        pairs = merge(chunks[0:-1:2], chunks[1::2])
        chunks = numpy.concatenate([pairs, chunks[-1:]]) if len(chunks) % 2 else pairs
    found: Reals = chunks[0]
    return found


def extremes(numbers: Any, rows: int) -> tuple[Any, Any, Any]:
    """The least and the largest of some numbers, and their sum. numbers: one for each row, or one for all."""
    if numpy.ndim(numbers):
        return numbers.min(), numbers.max(), numbers.sum()
    return numbers, numbers, numbers * float(rows)


class Extremes:
    """From which to which numbers are, and their sum."""

    def __init__(
        self, count: int = 0, least: float = inf, most: float = -inf, total: float = 0.0
    ) -> None:
        self.count, self.least, self.most, self.total = count, least, most, total

    def merge(self, other: Extremes) -> None:
        """Those of other rows."""
        self.count += other.count
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        self.total += other.total

    @property
    def mean(self) -> float:
        """Their mean."""
        return self.total / self.count if self.count else nan

    @property
    def size(self) -> float:
        """The largest size."""
        return max(abs(self.least), abs(self.most)) if self.count else 0.0


_SAME = 1e-13
"""How far apart sums may be with and without what is too small for a double, relative to their size."""


def doubtful(sums: Reals, others: Reals) -> Reals:
    """By how much sums of chunks are apart with and without what is too small for a double, at most, where
    that is more than rounding: shapes (chunks, width), (width,)."""
    size = numpy.maximum(numpy.abs(sums), numpy.abs(others))
    apart = numpy.abs(sums - others)
    apart[apart <= numpy.maximum(_SAME * size, TINY)] = 0.0
    found: Reals = apart.max(axis=0, initial=0.0)
    return found
