"""Which members of loops stand about others: what they read, and what uses them; of those that lead to an
output. Nothing is made for each name there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import filterfalse

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.loops.domains import Domain, Wholes, spread, stretch
from backprop.loops.excerpt import Member
from backprop.loops.family import Family
from backprop.loops.parts import Use, sliced
from backprop.loops.plan import Plan
from backprop.loops.unnamed import Unnamed, reading


class Nearby:
    """The members that lead to an output, and what stands about some of them."""

    def __init__(self, plan: Plan, output: str, place: int) -> None:
        self._plan = plan
        self._unnamed = Unnamed(plan)
        self._reached = plan.reached(output, place)
        self._own: dict[int, Wholes] = {}
        """Of a statement the places of its members, made once."""

    @property
    def count(self) -> int:
        """How many names lead to the output, that itself included."""
        named = (name for name in self._reached if name not in self._unnamed)
        return sum(int(self._reached[name][:-1].sum()) for name in named)

    def place(self, name: str) -> tuple[Family, int] | None:
        """Where a name stands that leads to the output; None of others."""
        family = self._plan.families.get(name.partition("[")[0])
        at = -1 if family is None else family.named(name)
        return (family, at) if family is not None and at >= 0 and self._leads(family, at) else None

    def first(self, family: str, most: int, beside: Collection[str] = ()) -> list[str]:
        """The first members of a family that lead to the output, and are none of some others."""
        of = self._plan.families.get(family)
        if of is None or not of.dimensions:
            return []
        places = numpy.flatnonzero(self._reached[family][:-1])[: most + len(beside)]
        return [name for name in of.labels(places) if name not in beside][:most]

    def examples(self, beside: Collection[str]) -> Iterator[str]:
        """Of each family a member that leads to the output, and is none of some names."""
        for family in filterfalse(self._unnamed.__contains__, self._plan.families):
            yield from self.first(family, 1, beside)

    def around(self, names: Iterable[str], depth: int, most: int) -> list[str]:
        """The names within so many equations of some names, towards inputs and output. most: there are
        about so many, and more are not looked for."""
        kept = edge = dict.fromkeys(names)
        while edge and depth > 0 and len(kept) <= most:
            depth -= 1
            found: dict[str, None] = {}
            for name in edge:
                if member := self.member(name):
                    found |= dict.fromkeys(self.reads(member, most + 1))
            found |= dict.fromkeys(map(self.label, self.users(edge, most + 1)))
            edge = {each: None for each in found if each not in kept}
            kept = kept | edge
        return [*kept]

    def member(self, name: str) -> Member | None:
        """The statement that computes a name, and its combination; None of an input."""
        found = self.place(name)
        if found is None:
            return None
        family, place = found
        number = int(family.owner[place])
        if number not in self._plan.computed:
            return None
        at = int(numpy.flatnonzero(self._places(number) == place)[0])
        return (number, at) if self._plan.computed[number][at] else None

    def label(self, member: Member) -> str:
        """What a member is called."""
        number, at = member
        family = self._plan.families[self._plan.loops[number].family]
        return family.labels(self._places(number)[at : at + 1])[0]

    def reads(self, member: Member, most: int) -> list[str]:
        """The names that a member reads, in order; of what it reads in one place the first ones."""
        found: dict[str, None] = {}
        for use, places in self._read(member):
            found |= dict.fromkeys(self._plan.families[use.family].labels(places[:most]))
        return [*found]

    def reads_of(self, member: Member, kept: Mapping[str, Wholes]) -> list[str]:
        """Which of some names a member reads. kept: places by family."""
        found: dict[str, None] = {}
        for use, places in self._read(member):
            if use.family in kept:
                some = numpy.unique(places[numpy.isin(places, kept[use.family])])
                found |= dict.fromkeys(self._plan.families[use.family].labels(some))
        return [*found]

    def places(self, names: Iterable[str]) -> dict[str, Wholes]:
        """Where names stand in their families."""
        found: dict[str, list[int]] = {}
        for family, at in filter(None, map(self.place, names)):
            found.setdefault(family.name, []).append(at)
        return {name: numpy.array(each, dtype=numpy.int64) for name, each in found.items()}

    def users(self, names: Iterable[str], most: int) -> Iterator[Member]:
        """The members that use one of these names, of each statement the first ones."""
        places = self.places(names)
        for number, reads in self._plan.computed.items():
            some = users(self._plan, number, places, self._unnamed)
            some &= reads & self._reached[self._plan.loops[number].family][self._places(number)]
            for at in numpy.flatnonzero(some)[:most].tolist():
                yield number, at

    def uses(self, names: Sequence[str]) -> dict[str, int]:
        """How many members use each of these names, those that lead to the output."""
        counts = dict.fromkeys(names, 0)
        places = self.places(names)
        for number, reads in self._plan.computed.items():
            there = reads & self._reached[self._plan.loops[number].family][self._places(number)]
            for family in places:
                labels = self._plan.families[family].labels(places[family])
                for name, readers in zip(
                    labels, self._readers(number, family, places[family]), strict=True
                ):
                    counts[name] += int((readers & there).sum())
        return counts

    def _readers(self, number: int, family: str, places: Wholes) -> Iterator[NDArray[numpy.bool_]]:
        """For each of these members of a family for which combinations a statement reads it."""
        homes, domain = self._plan.columns.homes, self._plan.loops[number].domain
        if any(use.family in self._unnamed for use in self._uses(number)):
            for place in places:
                yield users(self._plan, number, {family: numpy.array([place])}, self._unnamed)
            return
        met: list[tuple[Domain, Wholes, Wholes]] = []
        for use in self._uses(number):
            if use.family == family:
                every = numpy.arange(self._plan.families[family].size)[use.places]
                hits = numpy.flatnonzero(numpy.isin(every, places))
                met.append((homes[use.row], hits, every[hits]))
        for place in places.tolist():
            found = numpy.zeros(domain.size, dtype=bool)
            for home, hits, read in met:
                some = numpy.zeros(home.size, dtype=bool)
                some[hits[read == place]] = True
                if some.any():
                    found |= spread(some, home, domain)
            yield found

    def _read(self, member: Member) -> Iterator[tuple[Use, Wholes]]:
        """What a member reads: each place in its equation, and where all that is read there stands."""
        number, at = member
        homes, domain = self._plan.columns.homes, self._plan.loops[number].domain
        for use in self._uses(number):
            some = sliced(use.places, stretch(homes[use.row], domain, at))
            if isinstance(some, slice):
                some = numpy.arange(some.start, some.stop)
            if use.family in self._unnamed:
                yield from self._unnamed.reads(use.family, numpy.unique(some))
            else:
                yield use, numpy.asarray(some)

    def _uses(self, number: int) -> Iterator[Use]:
        plan = self._plan
        for row in in_order([plan.loops[number].root], plan.columns.operands):
            if use := plan.uses.get(row):
                yield use

    def _places(self, number: int) -> Wholes:
        if number not in self._own:
            loop = self._plan.loops[number]
            self._own[number] = self._plan.families[loop.family].places(loop.indices)
        return self._own[number]

    def _leads(self, family: Family, at: int) -> bool:
        return bool(self._reached[family.name][at])


def users(
    plan: Plan, number: int, places: Mapping[str, Wholes], unnamed: Unnamed
) -> NDArray[numpy.bool_]:
    """For which combinations of a statement it reads one of these members, a derivative what it is made
    of."""
    return reading(plan, plan.loops[number].root, plan.uses, unnamed.with_users(places))
