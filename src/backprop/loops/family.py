"""A family as an array: which member stands where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from backprop.loops.domains import Wholes
from backprop.loops.many import NotLoops

_SPARSE = 4
"""Arrays of a family may have so many places for each member."""


class Family:
    """Members as places of an array: the last index runs fastest.

    name: of the family, or a name without indices. low, shape: the least index of each position, and
    how many there are. owner: the number of the statement that defines each member, UNDEFINED where
    none does, ABSENT where there is no member.
    """

    UNDEFINED, ABSENT = -1, -2

    def __init__(self, name: str, indices: Sequence[tuple[Wholes, ...]]) -> None:
        self.name = name
        self.dimensions = len(indices[0])
        if any(len(each) != self.dimensions for each in indices):
            raise NotLoops("members of one family have different numbers of indices")
        whole = [numpy.concatenate(each) for each in zip(*indices, strict=True)]
        self.low = [int(each.min(initial=0 if not len(each) else each[0])) for each in whole]
        self.shape = [
            int(each.max()) - low + 1 if len(each) else 0
            for each, low in zip(whole, self.low, strict=True)
        ]
        self.size = 1
        for each in self.shape:
            self.size *= each
        members = len(whole[0]) if whole else 1
        if self.size > _SPARSE * members + 1000:
            raise NotLoops("members of a family are few and far apart")
        self.owner = numpy.full(self.size, self.ABSENT, dtype=numpy.int32)

    def places(self, indices: Sequence[Wholes]) -> Wholes:
        """Where members stand, those of -1 nowhere."""
        if not indices:
            return numpy.zeros(1, dtype=numpy.int64)
        found = numpy.zeros(len(indices[0]), dtype=numpy.int64)
        there = numpy.ones(len(indices[0]), dtype=bool)
        for index, low, count in zip(indices, self.low, self.shape, strict=True):
            at = index - low
            there &= (at >= 0) & (at < count)
            found = found * count + at
        return numpy.where(there, found, -1)

    def members(self, indices: Sequence[Wholes]) -> Wholes:
        """Where members stand that there are. Raises NotLoops for others."""
        if len(indices) != self.dimensions:
            raise NotLoops("a family is read with another number of indices")
        found = self.places(indices)
        if (found < 0).any() or (self.owner[found] == self.ABSENT).any():
            raise NotLoops("a member is read that there is not")
        return found

    def labels(self, places: Wholes) -> list[str]:
        """What the members at these places are called."""
        if not self.dimensions:
            return [self.name] * len(places)
        numbers = numpy.unravel_index(places, self.shape)
        columns = [(low + at).tolist() for low, at in zip(self.low, numbers, strict=True)]
        if len(columns) == 1:
            return [f"{self.name}[{at}]" for at in columns[0]]
        return [f"{self.name}[{','.join(map(str, at))}]" for at in zip(*columns, strict=True)]
