"""Members that need one another at other times, as one run: `x[t+1] = x[t] + v[t]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy

from backprop.loops.domains import Domain, Wholes
from backprop.loops.parts import Block, Places, Turn, plain


class Timed(NamedTuple):
    """One statement of a recurrence.

    part: all that leads to its members, for all times. What is the same at all times, or computed for
    all at once, is `outer` there, and computed before. family, target: where the members stand, one
    for each combination of `domain`, the home of the part's root. first: the domain around that has one
    combination for each time. times: of these, in any order, each once. ends: members ends[k] to ends[k+1]
    of `domain` are those of combination k of `first`, which may have none. variables: those of its times.
    """

    part: Block
    family: str
    target: Places
    domain: Domain
    first: Domain
    times: Wholes
    ends: Wholes
    variables: Sequence[str]


class Recurrence:
    """Statements whose members need one another, time by time, and within one time in this order.

    times: all of them, in the order in which they are computed. at: for each of the bodies, and each of
    `times`, the combination of its `first`, -1 where it has none.
    """

    def __init__(self, bodies: Sequence[Timed], backwards: bool) -> None:
        self.bodies = bodies
        self.backwards = backwards
        every = numpy.unique(numpy.concatenate([body.times for body in bodies]))
        self.times: Wholes = every[::-1] if backwards else every
        self.at: list[Wholes] = []
        for body in bodies:
            at = numpy.full(len(every), -1, dtype=numpy.int64)
            at[numpy.searchsorted(every, body.times)] = numpy.arange(len(body.times))
            self.at.append(at[::-1] if backwards else at)

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """The members time by time."""
        slices = [[*_slices(body)] for body in self.bodies]
        numbers = [at.tolist() for at in self.at]
        return [
            turn
            for time in zip(*numbers, strict=True)
            for some, at in zip(slices, time, strict=True)
            if at >= 0 and (turn := some[at])
        ]


def _slices(body: Timed) -> Iterator[Turn | None]:
    """For each combination of `first` its members, None where there are none."""
    at = body.target
    if isinstance(at, slice):
        at = numpy.arange(at.start, at.stop)
    ends = body.ends.tolist()
    for number, some in enumerate(body.part.slices(body.first)):
        start, stop = ends[number], ends[number + 1]
        yield Turn(some, body.family, plain(at[start:stop])) if start < stop else None
