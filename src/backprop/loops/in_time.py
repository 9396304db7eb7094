"""The time of members: a position, several of which the first decides, or a sum of positions; and a
statement that runs through its members in the order of their times."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, permutations, product
from math import gcd, prod
from typing import NamedTuple

import numpy

from backprop.loops.affine import Affine, Ints, affine, whole
from backprop.loops.domains import Domain
from backprop.loops.family import Family
from backprop.loops.many import NotLoops, Variable
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Index

_FAR = 1 << 21
"""Indices are less than half as far apart."""


_FEW = 8
"""So many choices of single positions are tried before two positions are."""


class Time(NamedTuple):
    """What the time of a family's members is made of.

    positions: of their indices; of several the first one decides, and where that is the same the next one.
    factors: one for each where the time is the sum of these times the indices. step: so far apart indices
    of neighbouring times are. shift: added to the time.
    """

    positions: tuple[int, ...]
    factors: tuple[int, ...] = ()
    step: int = 1
    shift: int = 0

    def of(self, indices: Sequence[Ints]) -> Ints:
        """The time of members, for each combination of a domain. indices: theirs. Raises NotLoops."""
        factors = self.factors or [
            _FAR ** (len(self.positions) - at - 1) for at in range(len(self.positions))
        ]
        chosen = [indices[at] for at in self.positions]
        if len(chosen) > 1 and any(_far(each) >= _FAR // 2 for each in chosen[1:]):
            raise NotLoops("indices are too far apart")
        found = _times(chosen[0], factors[0])
        for each, factor in zip(chosen[1:], factors[1:], strict=True):
            if isinstance(each, Affine) and isinstance(found, Affine):
                found = found.plus(each, factor)
            else:
                found = numpy.asarray(found) + factor * numpy.asarray(each)
        found = found if self.step == 1 else _divided(found, self.step)
        return shifted(found, self.shift)


def _far(index: Ints) -> int:
    if isinstance(index, Affine):
        return max(map(abs, index.ends() or (0,)))
    return int(numpy.abs(index).max(initial=0))


def _times(index: Ints, factor: int) -> Ints:
    if factor == 1:
        return index
    return index.times(factor) if isinstance(index, Affine) else index * factor


def shifted(times: Ints, by: int) -> Ints:
    """Times, all so much later."""
    if not by:
        return times
    return times.shifted(by) if isinstance(times, Affine) else times + by


def _divided(numbers: Ints, by: int) -> Ints:
    if isinstance(numbers, Affine) and not any(each % by for each in numbers.strides):
        strides = [each // by for each in numbers.strides]
        return Affine(numbers.domain, numbers.base // by, strides)
    return numpy.asarray(numbers) // by


Times = Mapping[str, Time]
"""The time of each family of a circle."""


class TimeOrder(NamedTuple):
    """What is known of the order of members that need one another. time: of their families. needs: of each
    statement those whose members of the same time it needs, on any way; of such members as have an
    earlier time it may need all, or of a later time if they are computed `backwards`. None where that
    is not known."""

    time: Times
    needs: Mapping[int, Container[int]] | None = None
    backwards: bool = False


def possible(families: Mapping[str, Family], loops: Sequence[Repeated]) -> Iterator[Times]:
    """What the times of families may be that these loops define, each once, those first that are
    quickest: one position, then two, then a sum of two."""
    names = [*dict.fromkeys(loop.family for loop in loops)]
    dimensions = [range(families[name].dimensions) for name in names]
    seen: set[tuple[Time, ...]] = set()
    for times in _ways(loops, names, dimensions):
        if times not in seen:
            seen.add(times)
            yield dict(zip(names, times, strict=True))


def _ways(
    loops: Sequence[Repeated], names: Sequence[str], dimensions: Sequence[range]
) -> Iterator[tuple[Time, ...]]:
    least = range(min(map(len, dimensions)))
    pairs = [*permutations(least, 2)]

    def alike(times: Iterable[Time]) -> Iterator[tuple[Time, ...]]:
        return ((time,) * len(names) for time in times)

    yield from alike(Time((at,)) for at in least)
    steps = [
        [Time((at,), step=_step(loops, name, at)) for at in each]
        for name, each in zip(names, dimensions, strict=True)
    ]
    singles = chain(
        product(*steps), product(*([Time((at,)) for at in each] for each in dimensions))
    )
    if prod(map(len, dimensions)) <= _FEW:
        yield from singles
    yield from alike(map(Time, pairs))
    yield from singles
    yield from alike(Time(each, (1, -1)) for each in pairs)
    yield from alike(Time(each, (1, 1)) for each in pairs if each[0] < each[1])
    yield from product(*(map(Time, permutations(each, 2)) for each in dimensions))
    yield from alike(Time(each, (_FAR, -1)) for each in pairs)


def _step(loops: Sequence[Repeated], name: str, position: int) -> int:
    """How far apart the indices at a position are at least."""
    step, base = 0, None
    for loop in loops:
        if loop.family != name or not loop.domain.size:
            continue
        index = loop.at[position]
        numbers = numpy.unique(whole(index)) if not isinstance(index, Affine) else None
        first = index.base if isinstance(index, Affine) else int(index[0])
        base = first if base is None else base
        step = gcd(step, first - base)
        if numbers is None:
            step = gcd(step, *index.strides)
        else:
            step = gcd(step, *numpy.diff(numbers).tolist())
    return step or 1


def sorted_by(builder: LoopBuilder, loop: Repeated, times: Ints) -> tuple[Repeated, Domain]:
    """A statement without its right side that runs through its members in the order of their times; the
    domain that has one combination for each time. times: of all members."""
    columns, keys = builder.columns, whole(times)
    order = numpy.argsort(keys, kind="stable")
    _, counts = numpy.unique(keys, return_counts=True)
    first = Domain(columns.whole, len(counts))
    domain = Domain(first, counts)

    def moved(numbers: Ints) -> Ints:
        found = whole(numbers)[order]
        return affine(found, domain) or found

    scope = {}
    for name, variable in loop.scope.items():
        numbers = numpy.asarray(builder.of_variable(variable.node, loop.domain))
        place = columns.places[variable.node]
        scope[name] = Variable(columns.special(Index(moved(numbers)), domain, place))
    at = tuple(moved(each) for each in loop.at)
    return loop._replace(domain=domain, at=at, scope=scope), first
