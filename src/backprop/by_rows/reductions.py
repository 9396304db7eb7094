"""What is kept of rows: reductions, which blocks are added to and which merge with one another.

Sums are made of chunks of CHUNK rows, counted from the first, merged two by two in order. So they have the
same bits however the rows come: in blocks of any number of chunks, by any number of threads.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy

from backprop.loops.domains import Reals

CHUNK = 4096
"""Rows that are summed before their sum is added to others."""


def by_chunks(numbers: Any, rows: int) -> Reals:
    """The sum of each chunk of some rows, the last of which may be shorter. numbers: one for each row, or
    one for all."""
    whole, rest = divmod(rows, CHUNK)
    found = numpy.empty(whole + bool(rest))
    if numpy.ndim(numbers) == 0:
        found[:whole] = numbers * float(CHUNK)
        found[whole:] = numbers * float(rest)
        return found
    numpy.add.reduce(numbers[: whole * CHUNK].reshape(whole, CHUNK), axis=1, out=found[:whole])
    if rest:
        found[whole] = numpy.add.reduce(numbers[whole * CHUNK :])
    return found


class Totals:
    """Sums over chunks, several at once. width: how many."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._parts: list[tuple[int, Reals]] = []
        """Sums of 2^n chunks, each with n, which falls from one to the next."""

    def add(self, block: Reals) -> None:
        """The sums of some chunks that come next: shape (chunks, width)."""
        for chunk in block:
            self._push(0, chunk)

    def _push(self, level: int, part: Reals) -> None:
        while self._parts and self._parts[-1][0] == level:
            part = self._parts.pop()[1] + part
            level += 1
        self._parts.append((level, part))

    def value(self) -> Reals:
        """All together: shape (width,)."""
        found = numpy.zeros(self._width)
        for at, (_, part) in enumerate(reversed(self._parts)):
            found = part + found if at else part
        return found


def together(chunks: Reals) -> Reals:
    """The sums of all chunks, merged as `Totals` merges them: shape (chunks, width) to (width,)."""
    while len(chunks) > 1:
        pairs = chunks[0:-1:2] + chunks[1::2]
        chunks = numpy.concatenate([pairs, chunks[-1:]]) if len(chunks) % 2 else pairs
    found: Reals = chunks[0]
    return found


class Extremes:
    """From which to which numbers are, and their sum."""

    def __init__(self) -> None:
        self.count, self.least, self.most, self.total = 0, inf, -inf, 0.0

    def add(self, numbers: Any, rows: int) -> None:
        """Some more. numbers: one for each row, or one for all."""
        if not rows:
            return
        numbers = numpy.asarray(numbers)
        self.count += rows
        self.least = min(self.least, float(numbers.min()))
        self.most = max(self.most, float(numbers.max()))
        self.total += float(numbers.sum()) if numbers.ndim else float(numbers) * rows

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
