"""Whose the members of a family are, as long as that changes at few places only: without a number each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import numpy
from numpy.typing import NDArray

_KINDS = (numpy.int8, numpy.int16, numpy.int32)
"""Of whole numbers, the smallest first."""

_MOST = 16
"""So many stretches are kept as such."""


class Owners:
    """A whole number for each place of an array, alike over long stretches; reads as an array does.
    starts: where the stretches begin, the first at 0. numbers: of each."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, size: int, number: int) -> None:
        self.size = size
        self.starts, self.numbers = [0], [number]

    @property
    def dtype(self) -> Any:
        """The least kind that has room for all numbers."""
        return numpy.dtype(kind_of(max(self.numbers)))

    def entered(self, start: int, stop: int, number: int) -> Owners | None:
        """These with the number of a stretch; None where there are too many of them."""
        if start >= stop:
            return self
        pairs = [*zip(self.starts, self.numbers, strict=True)]
        rest = [(stop, self[stop])] if stop < self.size else []
        pairs = [
            *(each for each in pairs if each[0] < start),
            (start, number),
            *rest,
            *(each for each in pairs if each[0] > stop),
        ]
        if len(pairs) > _MOST:
            return None
        found = Owners(self.size, number)
        found.starts, found.numbers = ([*each] for each in zip(*pairs, strict=True))
        return found

    def among(self, start: int, stop: int) -> set[int]:
        """The numbers from one place to before another."""
        if start >= stop:
            return set()
        first, last = (bisect_right(self.starts, at) for at in (start, stop - 1))
        return {*self.numbers[first - 1 : last]}

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[int]:
        return iter(numpy.asarray(self).tolist())

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, (int, numpy.integer)):
            if not -self.size <= at < self.size:
                raise IndexError(f"{at} of {self.size}")
            return self.numbers[bisect_right(self.starts, int(at) % self.size) - 1]
        if isinstance(at, slice):
            start, stop, step = at.indices(self.size)
            if step == 1:
                return self._stretch(start, stop)
            return numpy.asarray(self)[at]
        places = numpy.asarray(at)
        if places.dtype == bool:
            return numpy.asarray(self)[places]
        numbers = numpy.array(self.numbers, dtype=self.dtype)
        if len(numbers) == 1:
            return numpy.broadcast_to(numbers[0], places.shape)
        places = numpy.where(places < 0, places + self.size, places)
        return numbers[numpy.searchsorted(self.starts, places, side="right") - 1]

    def _stretch(self, start: int, stop: int) -> NDArray[Any]:
        if len(met := self.among(start, stop)) <= 1:
            alike = numpy.array([*met, 0][0], dtype=self.dtype)
            return numpy.broadcast_to(alike, max(stop - start, 0))
        found = numpy.empty(stop - start, dtype=self.dtype)
        ends = [*self.starts[1:], self.size]
        for begin, end, number in zip(self.starts, ends, self.numbers, strict=True):
            found[max(begin - start, 0) : max(end - start, 0)] = number
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = self._stretch(0, self.size)
        return found if dtype is None else found.astype(dtype)

    def __eq__(self, other: object) -> Any:
        if other not in self.numbers:
            return numpy.broadcast_to(numpy.False_, self.size)
        return numpy.asarray(self) == other

    def __ne__(self, other: object) -> Any:
        if other not in self.numbers:
            return numpy.broadcast_to(numpy.True_, self.size)
        return numpy.asarray(self) != other

    def max(self, initial: int | None = None) -> int:
        """The largest number."""
        return max(self.numbers)


def kind_of(most: int) -> Any:
    """The least kind of whole numbers that has room for so large ones."""
    return next(kind for kind in _KINDS if numpy.iinfo(kind).max >= most)
