"""Reductions: how one number is made of the terms of all rows, chunk by chunk, and its slopes by these.

A state is what is kept of some rows, an array of `width` numbers: `parts` makes those of chunks, `merged`
one of two that come one after the other, `zero` is that of no rows. So blocks, threads and batches only
merge. With the state of all rows the slope by each term is known from that term alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, ldexp, log1p, nan
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy

from backprop.by_rows.reductions import CHUNK, by_chunks
from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals
from backprop.operations import GATHERS
from backprop.syntax.functions import TINY

_GROUP = 512
"""So many numbers from 0.5 to 1 can be multiplied without becoming too small for a double."""


class ChunkText(NamedTuple):
    """What a chunk brings, in the language. lines: equations. part: what is differentiated. kept: what
    `of_chunks` takes."""

    lines: Sequence[str]
    part: str
    kept: Sequence[str]


class Reduction(Protocol):
    """See the head of this file. terms: one for each row, or one for all; start: the number of the first of
    these rows; states: shape (…, width)."""

    width: int
    zero: tuple[float, ...]
    bends: bool
    """Whether it has second derivatives by its terms."""

    def own(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        """What its second derivative by each term alone is more than `both` times the square of its slope,
        given the state of all rows; nan where that is not the way."""
        ...

    def both(self, state: Reals) -> float:
        """Its second derivative by two terms, for the product of its slopes by both."""
        ...

    def parts(self, terms: Spread, rows: int, start: int) -> Reals:
        """The states of chunks, the last of which may be shorter: shape (chunks, width)."""
        ...

    def merged(self, one: Reals, other: Reals) -> Reals:
        """The states of the rows of both; the other's come behind."""
        ...

    def number(self, state: Reals) -> float:
        """What is made of all terms; nan where no double is near it."""
        ...

    def slopes(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        """Its slope by each term, given the state of all rows."""
        ...

    def ties(self, state: Reals, terms: Spread, rows: int, start: int) -> bool:
        """Whether it has a corner there."""
        ...

    def text(self, term: str, keep: str, free: Callable[[], str]) -> ChunkText:
        """It in the language, of a chunk. keep: a column of 1 for rows, 0 for copies of the last one behind
        it. free: makes names."""
        ...

    def of_chunks(self, kept: Reals) -> Reals:
        """The states of chunks of which so much is kept: shape (chunks, numbers) to (chunks, width)."""
        ...

    def weights(self, states: Reals, state: Reals) -> Reals:
        """The slope by the number of each chunk: shape (chunks,)."""
        ...


class _Straight:
    """What has no second derivatives by its terms."""

    bends = False

    def own(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        return 0.0

    def both(self, state: Reals) -> float:
        return 0.0


class RowSum(_Straight):
    """The sum."""

    width = 1
    zero: tuple[float, ...] = (0.0,)

    def parts(self, terms: Spread, rows: int, start: int) -> Reals:
        return by_chunks(terms, rows)[:, None]

    def merged(self, one: Reals, other: Reals) -> Reals:
        return one + other

    def number(self, state: Reals) -> float:
        return float(state[0])

    def slopes(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        return 1.0

    def ties(self, state: Reals, terms: Spread, rows: int, start: int) -> bool:
        return False

    def text(self, term: str, keep: str, free: Callable[[], str]) -> ChunkText:
        part = free()
        return ChunkText([f"{part} = sum({keep}*{term})"], part, [part])

    def of_chunks(self, kept: Reals) -> Reals:
        return kept

    def weights(self, states: Reals, state: Reals) -> Reals:
        return numpy.ones(len(states))


class RowExtreme(_Straight):
    """The least or the largest term, and the number of its row, of several the first."""

    width = 2

    def __init__(self, word: str) -> None:
        self._word, largest = word, word == "max"
        self.zero: tuple[float, ...] = (-inf if largest else inf, -1.0)
        self._at = numpy.argmax if largest else numpy.argmin
        self._before = numpy.greater_equal if largest else numpy.less_equal

    def parts(self, terms: Spread, rows: int, start: int) -> Reals:
        numbers, found = _spread(terms, rows), numpy.empty((-(-rows // CHUNK), 2))
        for at in range(len(found)):
            some = numbers[at * CHUNK : (at + 1) * CHUNK]
            row = self._at(some)
            found[at] = some[row], start + at * CHUNK + row
        return found

    def merged(self, one: Reals, other: Reals) -> Reals:
        first = self._before(one[..., :1], other[..., :1]) | numpy.isnan(one[..., :1])
        return numpy.where(first, one, other)

    def number(self, state: Reals) -> float:
        return float(state[0])

    def slopes(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        found, at = numpy.zeros(rows), int(state[1]) - start
        if 0 <= at < rows:
            found[at] = 1.0
        return found

    def ties(self, state: Reals, terms: Spread, rows: int, start: int) -> bool:
        same = numpy.flatnonzero(_spread(terms, rows) == state[0])
        return bool((same + start != state[1]).any())

    def text(self, term: str, keep: str, free: Callable[[], str]) -> ChunkText:
        part = free()
        return ChunkText([f"{part} = {self._word}({term})"], part, [part])

    def of_chunks(self, kept: Reals) -> Reals:
        return numpy.stack([kept[:, 0], numpy.arange(len(kept), dtype=float)], axis=1)

    def weights(self, states: Reals, state: Reals) -> Reals:
        return numpy.asarray(states[:, 1] == state[1], dtype=float)


class RowProduct:
    """The product: that of all terms other than 0 as a number from 0.5 to 1 times a power of 2, which cannot
    be too large or too small, and how many are 0."""

    width = 3
    zero: tuple[float, ...] = (1.0, 0.0, 0.0)
    bends = True

    def own(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        if state[2]:
            return nan
        return -self.slopes(state, terms, rows, start) / terms

    def both(self, state: Reals) -> float:
        return 1 / self.number(state) if self.number(state) else nan

    def parts(self, terms: Spread, rows: int, start: int) -> Reals:
        numbers = numpy.ones(-(-rows // CHUNK) * CHUNK)
        numbers[:rows] = _spread(terms, rows)
        none = numbers == 0
        numbers[none] = 1.0
        size, power = numpy.frexp(numbers)
        size = numpy.multiply.reduce(size.reshape(-1, CHUNK // _GROUP, _GROUP), axis=2)
        powers = power.reshape(-1, CHUNK).sum(axis=1, dtype=float)
        size, power = numpy.frexp(size)
        powers += power.sum(axis=1)
        size, power = numpy.frexp(numpy.multiply.reduce(size, axis=1))
        zeros = none.reshape(-1, CHUNK).sum(axis=1, dtype=float)
        return numpy.stack([size, powers + power, zeros], axis=1)

    def merged(self, one: Reals, other: Reals) -> Reals:
        size, power = numpy.frexp(one[..., 0] * other[..., 0])
        power = one[..., 1] + other[..., 1] + power
        return numpy.stack([size, power, one[..., 2] + other[..., 2]], axis=-1)

    def number(self, state: Reals) -> float:
        return 0.0 if state[2] else self._others(state)

    def _others(self, state: Reals) -> float:
        """The product of what is not 0."""
        try:
            found = ldexp(float(state[0]), int(state[1]))
        except (OverflowError, ValueError):
            return nan
        return found if abs(found) >= TINY else nan

    def slopes(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        if state[2] > 1:
            return 0.0
        if state[2]:
            return numpy.where(_spread(terms, rows) == 0, self._others(state), 0.0)
        size, power = numpy.frexp(terms)
        apart = numpy.clip(state[1] - power, -5000, 5000).astype(numpy.int32)
        found: Reals = numpy.ldexp(state[0] / size, apart)
        return found

    def ties(self, state: Reals, terms: Spread, rows: int, start: int) -> bool:
        return False

    def text(self, term: str, keep: str, free: Callable[[], str]) -> ChunkText:
        part = free()
        return ChunkText([f"{part} = prod(if({keep} > 0, {term}, 1))"], part, [part])

    def of_chunks(self, kept: Reals) -> Reals:
        none = kept[:, 0] == 0
        size, power = numpy.frexp(numpy.where(none, 1.0, kept[:, 0]))
        return numpy.stack([size, power.astype(float), none.astype(float)], axis=1)

    def weights(self, states: Reals, state: Reals) -> Reals:
        terms = numpy.ldexp(states[:, 0], states[:, 1].astype(numpy.int32))
        terms[states[:, 2] > 0] = 0.0
        found = self.slopes(state, terms, len(terms), 0)
        return _spread(found, len(terms))


class RowLogSumExp:
    """The logsumexp: the largest term, and the sum of exp of how far the others are below it, which has
    the digits that their logsumexp has not where they are large."""

    width = 2
    zero: tuple[float, ...] = (-inf, 0.0)
    bends = True

    def own(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        return self.slopes(state, terms, rows, start)

    def both(self, state: Reals) -> float:
        return -1.0

    def parts(self, terms: Spread, rows: int, start: int) -> Reals:
        numbers = _spread(terms, rows)
        largest = RowExtreme("max").parts(numbers, rows, 0)
        sizes = numpy.minimum(CHUNK, rows - CHUNK * numpy.arange(len(largest)))
        with numpy.errstate(all="ignore"):
            below = numpy.exp(numbers - numpy.repeat(largest[:, 0], sizes))
        below[largest[:, 1].astype(int)] = 0.0
        largest[:, 1] = by_chunks(below, rows)
        return largest

    def merged(self, one: Reals, other: Reals) -> Reals:
        first = one[..., :1] >= other[..., :1]
        high, low = numpy.where(first, one, other), numpy.where(first, other, one)
        with numpy.errstate(all="ignore"):
            high[..., 1] += (1 + low[..., 1]) * numpy.exp(low[..., 0] - high[..., 0])
        return high

    def number(self, state: Reals) -> float:
        return float(state[0]) + log1p(float(state[1]))

    def slopes(self, state: Reals, terms: Spread, rows: int, start: int) -> Spread:
        with numpy.errstate(all="ignore"):
            found: Reals = numpy.exp(_spread(terms, rows) - state[0]) / (1 + state[1])
        return found

    def ties(self, state: Reals, terms: Spread, rows: int, start: int) -> bool:
        return False

    def text(self, term: str, keep: str, free: Callable[[], str]) -> ChunkText:
        largest, below, part = free(), free(), free()
        lines = [
            f"{largest} = max({term})",
            f"{below} = sum({keep}*exp({term} - {largest}))",
            f"{part} = {largest} + log({below})",
        ]
        return ChunkText(lines, part, [largest, below])

    def of_chunks(self, kept: Reals) -> Reals:
        return kept - [0.0, 1.0]

    def weights(self, states: Reals, state: Reals) -> Reals:
        with numpy.errstate(all="ignore"):
            found: Reals = numpy.exp(states[:, 0] - state[0]) * (1 + states[:, 1]) / (1 + state[1])
        return found


_BY_JOIN: Mapping[str, Reduction] = MappingProxyType(
    {
        "+": RowSum(),
        "*": RowProduct(),
        "min": RowExtreme("min"),
        "max": RowExtreme("max"),
        "logsumexp": RowLogSumExp(),
    }
)


def reduction(gather: str) -> Reduction:
    """That of what gathers rows, by its name in equations; of a mean the sum."""
    return _BY_JOIN[GATHERS[gather].joined_by]


def adds(gather: str) -> bool:
    """Whether it is a sum, whose slope by each term is 1."""
    return GATHERS[gather].joined_by == "+"


class Merging:
    """Merges the states of several reductions that stand side by side, and sums behind them: shape
    (…, width). more: how many sums there are."""

    def __init__(self, reductions: Sequence[Reduction], more: int) -> None:
        self.reductions = reductions
        self.spans: list[tuple[int, int]] = []
        at = 0
        for each in reductions:
            self.spans.append((at, at + each.width))
            at += each.width
        self.states, self.width = at, at + more
        self.zero = numpy.array([*(x for each in reductions for x in each.zero), *[0.0] * more])
        self._others = [
            (each, span)
            for each, span in zip(reductions, self.spans, strict=True)
            if not isinstance(each, RowSum)
        ]

    def __call__(self, one: Reals, other: Reals) -> Reals:
        found = one + other
        for each, (start, end) in self._others:
            found[..., start:end] = each.merged(one[..., start:end], other[..., start:end])
        return found


def _spread(terms: Spread, rows: int) -> Reals:
    return numpy.broadcast_to(numpy.asarray(terms, dtype=float), rows)
