"""Parts of a body for some combinations at a time: what is between members then takes no memory.

The combinations of the outermost index of a body are taken a few at a time, with all that lies within
them. What does not depend on it is computed before, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy

from backprop.loops.affine import Affine, Ints, Places, numbers_up, plain
from backprop.loops.arrays import Spread
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.parts import Block, Known, Up, Use
from backprop.loops.rows import ArrayColumns

SOME = 1 << 15
"""So many combinations are computed at a time, about: their numbers stay in the processor's cache."""


class Chunks:
    """A part whose rows all lie within one outermost domain, `first`, some of its combinations at a time.
    outer rows are single numbers."""

    def __init__(self, part: Block, first: Domain) -> None:
        self.part, self.first = part, first
        columns = part.columns
        rows = [*part.steps, *part.known, *(use.row for use in part.uses)]
        around = [each for row in rows for each in columns.homes[row].around()]
        self._homes = [each for each in dict.fromkeys(around) if each.depth >= first.depth]
        widest = max(each.size for each in self._homes) / max(first.size, 1)
        self.each = max(1, int(SOME / max(widest, 1.0)))
        """So many combinations of `first` are taken at a time."""
        self._ends: dict[Domain, Wholes] = {}
        for home in self._homes:
            if home.within(first) < 0:
                counts = home.over(first).counts
                self._ends[home] = numpy.concatenate([[0], numpy.cumsum(counts)])
        self._last: tuple[int, Mapping[Domain, Domain], Block] | None = None
        """The last part, if others with as many combinations are like it: how many these are, its domains,
        and itself."""

    def __len__(self) -> int:
        return -(-self.first.size // self.each)

    def __iter__(self) -> Iterator[tuple[slice, Block]]:
        for start in range(0, self.first.size, self.each):
            some = slice(start, min(start + self.each, self.first.size))
            yield some, self.at(some)

    def __reversed__(self) -> Iterator[tuple[slice, Block]]:
        for start in reversed(range(0, self.first.size, self.each)):
            some = slice(start, min(start + self.each, self.first.size))
            yield some, self.at(some)

    def places(self, places: Places, home: Domain, some: slice) -> Places:
        """Those of the places of a home within `first` that belong to some of its combinations."""
        here = self._slice(home, some)
        if isinstance(places, slice):
            return slice(places.start + here.start, places.start + here.stop)
        if isinstance(places, Affine):
            return plain(_moved(places, self._domains(some)[home], some))
        return plain(places[here])

    def size(self, home: Domain, some: slice) -> int:
        """How many combinations of a home extend some of `first`."""
        here = self._slice(home, some)
        return int(here.stop - here.start)

    def most(self, home: Domain) -> int:
        """How many combinations of a home extend those of `first` that are taken at a time, at most."""
        if home not in self._ends:
            return self.size(home, slice(0, min(self.each, self.first.size)))
        ends = self._ends[home]
        count = min(self.each, self.first.size)
        return int((ends[count:] - ends[: len(ends) - count]).max(initial=0))

    def at(self, some: slice) -> Block:
        """The part for some combinations of `first`."""
        part, columns, count = self.part, self.part.columns, some.stop - some.start
        alike = self._last and self._last[0] == count
        domains = self._domains(some)
        known: dict[int, Spread] = {}
        source = part.known.rows if isinstance(part.known, Known) else part.known
        for row, numbers in source.items():
            known[row] = (
                numbers
                if isinstance(numbers, float)
                else self._numbers(numbers, columns.homes[row], some, domains)
            )
        uses = [self._used(use, some) for use in part.uses]
        if alike and self._last:
            return self._last[2]._replace(known=known, uses=uses)
        ups = {row: self._up(columns, row, domains) for row in part.ups}
        inner = {
            row: domains[columns.homes[columns.operands(row)[0]]].over(domains[columns.homes[row]])
            for row in part.domains
        }
        found = part._replace(known=known, uses=uses, ups=ups, domains=inner)
        self._last = None if self._ends else (count, domains, found)
        return found

    def _used(self, use: Use, some: slice) -> Use:
        home = self.part.columns.homes[use.row]
        if home is self.part.columns.whole:
            return use
        return use._replace(places=self.places(use.places, home, some))

    def _numbers(
        self, numbers: Ints | Reals, home: Domain, some: slice, domains: Mapping[Domain, Domain]
    ) -> Spread:
        if isinstance(numbers, Affine):
            return _moved(numbers, domains[home], some).array().astype(float)
        return numbers[self._slice(home, some)].astype(float)

    def _up(self, columns: ArrayColumns, row: int, domains: Mapping[Domain, Domain]) -> Up:
        inner = domains[columns.homes[row]]
        home = columns.homes[columns.operands(row)[0]]
        if home.parent is None:
            return Up(1, lambda: inner.size, not inner.size)
        return Up(domains[home].size, lambda: numbers_up(inner, domains[home]))

    def _slice(self, home: Domain, some: slice) -> slice:
        if home in self._ends:
            ends = self._ends[home]
            return slice(int(ends[some.start]), int(ends[some.stop]))
        each = home.within(self.first)
        return slice(some.start * each, some.stop * each)

    def _domains(self, some: slice) -> Mapping[Domain, Domain]:
        """The domains with these combinations alone."""
        if self._last and self._last[0] == some.stop - some.start:
            return self._last[1]
        found: dict[Domain, Domain] = {}
        for home in self._homes:
            self._cut(home, some, found)
        return found

    def _cut(self, home: Domain, some: slice, found: dict[Domain, Domain]) -> Domain:
        """A domain with the combinations alone that extend some of `first`."""
        if home not in found:
            assert home.parent is not None
            if home is self.first:
                found[home] = Domain(home.parent, some.stop - some.start)
            else:
                around = self._cut(home.parent, some, found)
                each: Wholes | int = home.each
                if home.each < 0:
                    here = self._slice(home.parent, some)
                    each = home.counts[here]
                found[home] = Domain(around, each)
        return found[home]


def _moved(numbers: Affine, domain: Domain, some: slice) -> Affine:
    """Numbers that go on evenly, from one of the combinations of the outermost domain on."""
    base = numbers.base + numbers.strides[0] * some.start
    return Affine(domain, base, numbers.strides)
