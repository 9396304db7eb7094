"""Which members of loops a reader sees who asks for a few names, and what is known about these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.language import Model
from backprop.loops.domains import Wholes, stretch
from backprop.loops.excerpt import Excerpt, Member
from backprop.loops.family import Family
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.naming import NumbersByName
from backprop.loops.nearby import users as users_of
from backprop.loops.unnamed import Unnamed
from backprop.loops.visits import visits


class Chosen:
    """The members that lead to an output, and which of them stand about some names."""

    def __init__(self, model: Model, output: str) -> None:
        if not isinstance(model, LoopModel):
            raise NotLoops("it has been unrolled")
        self._model, self._plan = model, model.plan
        self._unnamed = Unnamed(self._plan)
        family, at = model.kind(output)
        self._output = family.name, at
        self._reached = self._plan.reached(*self._output)
        self._rests: dict[str, Member] = {}
        self.linear: Collection[str] = ()
        """The names of members that are too long for formulas."""
        self._below: dict[tuple[str, int], Mapping[str, NDArray[numpy.uint8]]] = {}
        """Of members that were asked for those on which each depends, a bit each."""
        self.operations: Mapping[int, str] = {}
        """The names of single operations, by row, where these are shown."""

    @cached_property
    def _ranks(self) -> Mapping[str, Wholes]:
        """Of each family how many members a walk from the output leaves before each; -1 for inputs. Made
        where something is shown."""
        return visits(self._plan, *self._output)

    @cached_property
    def count(self) -> int:
        """How many members are computed and lead to the output."""
        computed = ((name, ~self._plan.inputs_of(name)) for name in self._named)
        return sum(int((self._reached[name][:-1] & each).sum()) for name, each in computed)

    @property
    def _named(self) -> list[str]:
        """The families of the text."""
        return [name for name in self._plan.families if name not in self._unnamed]

    @property
    def has_zeros(self) -> bool:
        """Whether gradients that are 0 are so exactly."""
        return self._model.found is not None and self._model.found.zeros

    @property
    def numbers(self) -> Mapping[str, float]:
        """The values of all names that lead to the output."""
        assert self._model.found is not None
        values, reached = self._model.found.values, self._reached
        return NumbersByName(self._plan, self._model.naming, values, reached)

    def operation(self, name: str) -> tuple[Member, int] | None:
        """The member that a single operation of this name belongs to, where these are shown, and how many
        operations of it come before; None for other names."""
        return None

    @property
    def work(self) -> float:
        """About how many steps lead to the output."""
        return self._plan.leading

    def in_file(self, names: Iterable[str]) -> list[str]:
        """A few names in the order of the file."""
        return self._model.naming.in_file(names)

    def computed(self) -> list[Member]:
        """The members that are computed."""
        found: list[Member] = []
        for number, reads in self._plan.computed.items():
            loop = self._plan.loops[number]
            own = self._plan.families[loop.family].places(loop.indices)
            which = numpy.flatnonzero(reads & self._reached[loop.family][own])
            found += [(number, at) for at in which.tolist()]
        return found

    def about(
        self, names: Iterable[str], users: bool = True, most: int | None = None
    ) -> list[Member]:
        """The members that are computed and have one of these names, or, with `users`, use one. most: of
        each statement no more are wanted."""
        places = self.places(names)
        found: list[Member] = []
        for number, reads in self._plan.computed.items():
            loop = self._plan.loops[number]
            own = self._plan.families[loop.family].places(loop.indices)
            leads = self._reached[loop.family][own]
            some = users_of(self._plan, number, places if users else {}, self._unnamed)
            if loop.family in places:
                some |= numpy.isin(own, places[loop.family])
            some &= reads & leads
            which = numpy.flatnonzero(some)[: None if most is None else most + 1]
            found += [(number, at) for at in which.tolist()]
        return found

    def in_turn(self, members: Sequence[Member]) -> list[Member]:
        """Members in the order in which a walk from the output leaves them, operands first."""
        return sorted(members, key=lambda each: self.rank(self.label(each)))

    def label(self, member: Member) -> str:
        """What a member is called."""
        number, at = member
        loop = self._plan.loops[number]
        family = self._plan.families[loop.family]
        return family.labels(family.places([each[at : at + 1] for each in loop.indices]))[0]

    def places(self, names: Iterable[str]) -> dict[str, Wholes]:
        """Where names stand in their families."""
        found: dict[str, list[int]] = {}
        for name in names:
            family, at = self._model.kind(name)
            found.setdefault(family.name, []).append(at)
        return {name: numpy.array(each, dtype=numpy.int64) for name, each in found.items()}

    def excerpt(self, members: Sequence[Member], names: Iterable[str]) -> Excerpt:
        """The equations of these members. names: those whose shares are shown. Raises NotLoops."""
        found = self._model.found
        if found is None:
            raise NotLoops("nothing has been computed")
        made = Excerpt(self._model, self.in_turn(members), self.places(names), found.values)
        for name in names:
            made.input(name)
        self.linear = made.linear
        self._rests = {made.graph.label(row): member for row, member in made.rests.items()}
        return made

    def rank(self, name: str) -> int:
        """How many members a walk from the output leaves before this one; -1 for an input."""
        family, at = self._model.kind(name)
        return int(self._ranks[family.name][at])

    def turn(self, name: str) -> int:
        """How many steps back from the output the equation of a name is met in."""
        return self.count - self.rank(name)

    def reaches(self, names: Collection[str], name: str) -> bool:
        """Whether one of some names depends on another name, or is that."""
        family, place = self._model.kind(name)
        own = int(self._ranks[family.name][place])
        for each in names:
            if each in self._rests:
                if self._rest_reaches(*self._rests[each], name):
                    return True
                continue
            of, at = self._model.kind(each)
            number = int(of.owner[at])
            perhaps = number in self._plan.computed and family.name in self._families(number)
            # what is left earlier depends on nothing that is left later
            if perhaps and self._ranks[of.name][at] > own and self._leads(of, at, family, place):
                return True
        return name in names

    def _leads(self, of: Family, at: int, family: Family, place: int) -> bool:
        """Whether a member depends on another one."""
        key = of.name, at
        if key not in self._below:
            found = self._plan.reached(*key)
            self._below[key] = {name: numpy.packbits(each) for name, each in found.items()}
        return bool(self._below[key][family.name][place // 8] & (128 >> place % 8))

    def _rest_reaches(self, number: int, at: int, name: str) -> bool:
        """Whether what a member reads, a name itself aside, depends on that. Raises NotLoops where that
        takes a longer look."""
        family, place = self._model.kind(name)
        loop = self._plan.loops[number]
        users = {
            self._plan.loops[other].family: numpy.zeros(0, dtype=numpy.int64)
            for other in self._plan.computed
        }
        at_place = {family.name: numpy.array([place])}
        for other in self._plan.computed:
            here = self._plan.loops[other]
            own = self._plan.families[here.family].places(here.indices)
            used = own[users_of(self._plan, other, at_place, self._unnamed)]
            users[here.family] = numpy.concatenate([users[here.family], used])
        doubtful = False
        for row in in_order([loop.root], self._plan.columns.operands):
            use = self._plan.uses.get(row)
            if use is None:
                continue
            of = self._plan.families[use.family]
            read = numpy.arange(of.size)[use.places]
            read = read[stretch(self._plan.columns.homes[row], loop.domain, at)]
            for each, some in self._read(use.family, read):
                if each in users and numpy.isin(some, users[each]).any():
                    return True
                owned = numpy.unique(self._plan.families[each].owner[some]).tolist()
                owners = {*owned} & self._plan.computed.keys()
                doubtful |= any(family.name in self._families(owner) for owner in owners)
        if doubtful:
            raise NotLoops("a rest of a sum that may depend on what is shown")
        return False

    def _read(self, family: str, places: Wholes) -> Iterator[tuple[str, Wholes]]:
        """Members, and of those of a derivative what it is made of: places by family."""
        if family not in self._unnamed:
            yield family, places
            return
        for use, some in self._unnamed.reads(family, numpy.unique(places)):
            yield use.family, some

    def _families(self, number: int) -> set[str]:
        """The families that a statement depends on, on any way."""
        found, open_ = set[str](), [number]
        seen = {number}
        while open_:
            root = self._plan.loops[open_.pop()].root
            rows = in_order([root], self._plan.columns.operands)
            uses = [self._plan.uses[row] for row in rows if row in self._plan.uses]
            if any(use.family in self._unnamed for use in uses):
                uses += chain.from_iterable(each.block.uses for each in self._unnamed.pieces)
            for use in uses:
                found.add(use.family)
                owners = numpy.unique(self._plan.families[use.family].owner)
                new = {*owners.tolist()} & self._plan.computed.keys() - seen
                seen |= new
                open_ += new
        return found
