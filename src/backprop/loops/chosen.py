"""Which members of loops a reader sees who asks for a few names, and what is known about these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.language import Model
from backprop.loops.domains import Wholes
from backprop.loops.excerpt import Excerpt, Member, extends, spread
from backprop.loops.family import Family
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.visits import visits


class Chosen:
    """The members that lead to an output, and which of them stand about some names."""

    def __init__(self, model: Model, output: str) -> None:
        if not isinstance(model, LoopModel):
            raise NotLoops("it has been unrolled")
        self._model, self._plan = model, model.plan
        if self._plan.builder.derivatives:
            raise NotLoops("derivatives stand in equations")
        family, at = model.index[output]
        self._ranks, self.count = visits(self._plan, family.name, at)
        """count: how many members are computed and lead to the output."""
        self._rests: dict[str, Member] = {}

    def about(
        self, names: Iterable[str], users: bool = True, most: int | None = None
    ) -> list[Member]:
        """The members that are computed and have one of these names, or, with `users`, use one; operands
        first. most: of each statement no more are wanted."""
        places = self.places(names)
        found: list[tuple[int, Member]] = []
        for number, reads in self._plan.computed.items():
            loop = self._plan.loops[number]
            own = self._plan.families[loop.family].places(loop.indices)
            ranks = self._ranks[loop.family][own]
            some = self._users(number, places if users else {})
            if loop.family in places:
                some |= numpy.isin(own, places[loop.family])
            some &= reads & (ranks >= 0)
            which = numpy.flatnonzero(some)[: None if most is None else most + 1].tolist()
            found += [(int(ranks[at]), (number, at)) for at in which]
        return [member for _, member in sorted(found)]

    def near(self, names: Iterable[str], depth: int, most: int) -> set[str]:
        """The names within so many equations of some names, towards inputs and output. most: there are
        about so many, and more are not looked for."""
        kept = edge = {*names}
        while edge and depth > 0 and len(kept) <= most:
            depth -= 1
            found = set[str]()
            for number, at in self.about(edge):
                label = self.label((number, at))
                found.add(label)
                if label in edge:
                    found.update(self._reads(number, at, most))
                if len(found) > most:
                    break
            edge = found - kept
            kept = kept | edge
        return kept

    def label(self, member: Member) -> str:
        """What a member is called."""
        number, at = member
        loop = self._plan.loops[number]
        family = self._plan.families[loop.family]
        return family.labels(family.places([each[at : at + 1] for each in loop.indices]))[0]

    def _reads(self, number: int, at: int, most: int) -> Iterator[str]:
        """The names that a member reads; of many the first."""
        columns, loop = self._plan.columns, self._plan.loops[number]
        for row in in_order([loop.root], columns.operands):
            if use := self._plan.uses.get(row):
                family = self._plan.families[use.family]
                read = numpy.arange(family.size)[use.places]
                here = read[extends(columns.homes[row], loop.domain, at)]
                yield from family.labels(numpy.unique(here)[: most + 1])

    def uses(self, names: Iterable[str]) -> dict[str, int]:
        """How many members use each of these names, those that lead to the output."""
        places = self.places(names)
        counts = {
            name: numpy.zeros(self._plan.families[name].size, dtype=numpy.int64) for name in places
        }
        for number, reads in self._plan.computed.items():
            loop = self._plan.loops[number]
            own = self._plan.families[loop.family].places(loop.indices)
            there = reads & (self._ranks[loop.family][own] >= 0)
            for name, pairs in self._pairs(number, places).items():
                pairs = numpy.unique(pairs, axis=0)
                pairs = pairs[there[pairs[:, 0]]]
                counts[name] += numpy.bincount(pairs[:, 1], minlength=len(counts[name]))
        return {each: int(counts[of.name][at]) for each, (of, at) in self._where(names)}

    def _where(self, names: Iterable[str]) -> Iterator[tuple[str, tuple[Family, int]]]:
        return ((name, self._model.index[name]) for name in names)

    def _pairs(self, number: int, places: Mapping[str, Wholes]) -> dict[str, Wholes]:
        """By family the combinations of a statement with the places of these members that they read."""
        columns, loop = self._plan.columns, self._plan.loops[number]
        found: dict[str, list[Wholes]] = {}
        for row in in_order([loop.root], columns.operands):
            use = self._plan.uses.get(row)
            if not use or use.family not in places:
                continue
            home = columns.homes[row]
            every = numpy.arange(self._plan.families[use.family].size)[use.places]
            hits = numpy.flatnonzero(numpy.isin(every, places[use.family]))
            at, domain = hits, home
            while domain is not loop.domain and domain.parent is not None:
                at, domain = domain.up[at], domain.parent
            if domain is loop.domain:
                pieces = [numpy.stack([at, every[hits]], axis=1)]
            else:  # read for several combinations at once
                pieces = []
                for hit in hits.tolist():
                    one = numpy.zeros(home.size, dtype=bool)
                    one[hit] = True
                    users = numpy.flatnonzero(spread(one, home, loop.domain))
                    pieces.append(numpy.stack([users, numpy.full_like(users, every[hit])], axis=1))
            found.setdefault(use.family, []).extend(pieces)
        return {name: numpy.concatenate(each) for name, each in found.items() if each}

    def places(self, names: Iterable[str]) -> dict[str, Wholes]:
        """Where names stand in their families."""
        found: dict[str, list[int]] = {}
        for name in names:
            family, at = self._model.index[name]
            found.setdefault(family.name, []).append(at)
        return {name: numpy.array(each, dtype=numpy.int64) for name, each in found.items()}

    def _users(self, number: int, places: Mapping[str, Wholes]) -> NDArray[numpy.bool_]:
        """For which combinations of a statement it reads one of these members."""
        columns, loop = self._plan.columns, self._plan.loops[number]
        found = numpy.zeros(loop.domain.size, dtype=bool)
        for row in in_order([loop.root], columns.operands):
            use = self._plan.uses.get(row)
            if use and use.family in places:
                every = numpy.arange(self._plan.families[use.family].size)[use.places]
                read = numpy.isin(every, places[use.family])
                if read.any():
                    found |= spread(read, columns.homes[row], loop.domain)
        return found

    def excerpt(self, members: Sequence[Member], names: Iterable[str]) -> Excerpt:
        """The equations of these members. names: those whose shares are shown. Raises NotLoops."""
        found = self._model.found
        if found is None:
            raise NotLoops("nothing has been computed")
        made = Excerpt(self._model, members, self.places(names), found.values)
        for name in names:
            made.input(name)
        self._rests = {made.graph.label(row): member for row, member in made.rests.items()}
        return made

    def rank(self, name: str) -> int:
        """How many members a walk from the output leaves before this one; -1 for an input."""
        family, at = self._model.index[name]
        return int(self._ranks[family.name][at])

    def reaches(self, names: Collection[str], name: str) -> bool:
        """Whether one of some names depends on another name, or is that."""
        family, place = self._model.index[name]
        for each in names:
            if each in self._rests:
                if self._rest_reaches(*self._rests[each], name):
                    return True
                continue
            of, at = self._model.index[each]
            number = int(of.owner[at])
            perhaps = number in self._plan.computed and family.name in self._families(number)
            if perhaps and self._plan.reached(of.name, at)[family.name][place]:
                return True
        return name in names

    def _rest_reaches(self, number: int, at: int, name: str) -> bool:
        """Whether what a member reads, a name itself aside, depends on that. Raises NotLoops where that
        takes a longer look."""
        family, place = self._model.index[name]
        loop = self._plan.loops[number]
        users = {
            self._plan.loops[other].family: numpy.zeros(0, dtype=numpy.int64)
            for other in self._plan.computed
        }
        for other in self._plan.computed:
            here = self._plan.loops[other]
            own = self._plan.families[here.family].places(here.indices)
            used = own[self._users(other, {family.name: numpy.array([place])})]
            users[here.family] = numpy.concatenate([users[here.family], used])
        doubtful = False
        for row in in_order([loop.root], self._plan.columns.operands):
            use = self._plan.uses.get(row)
            if use is None:
                continue
            of = self._plan.families[use.family]
            read = numpy.arange(of.size)[use.places]
            read = read[extends(self._plan.columns.homes[row], loop.domain, at)]
            if use.family in users and numpy.isin(read, users[use.family]).any():
                return True
            owners = {*numpy.unique(of.owner[read]).tolist()} & self._plan.computed.keys()
            doubtful |= any(family.name in self._families(owner) for owner in owners)
        if doubtful:
            raise NotLoops("a rest of a sum that may depend on what is shown")
        return False

    def _families(self, number: int) -> set[str]:
        """The families that a statement depends on, on any way."""
        found, open_ = set[str](), [number]
        seen = {number}
        while open_:
            loop = self._plan.loops[open_.pop()]
            for row in in_order([loop.root], self._plan.columns.operands):
                if use := self._plan.uses.get(row):
                    found.add(use.family)
                    owners = numpy.unique(self._plan.families[use.family].owner)
                    new = {*owners.tolist()} & self._plan.computed.keys() - seen
                    seen |= new
                    open_ += new
        return found
