"""Which single operations of loops a reader sees who asks for a few names, and what these are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy

from backprop.graph import in_order
from backprop.language import Model
from backprop.language.named_steps import letter_of
from backprop.loops.chosen import Chosen
from backprop.loops.domains import Wholes
from backprop.loops.excerpt import Excerpt, Member
from backprop.loops.many import NotLoops
from backprop.loops.single_steps import SingleSteps
from backprop.loops.step_counts import OperationNames, StepCounts, Terms


class ChosenSteps(Chosen):
    """The operations that lead to an output, and which of them stand about some names."""

    def __init__(self, model: Model, output: str) -> None:
        super().__init__(model, output)
        self._counts = StepCounts(self._plan)
        self._part: SingleSteps | None = None
        self._rows: Mapping[str, int] = {}
        """The rows of the operations that are shown."""
        self._up_to: dict[str, int] = {}
        """Of these how many of all that are derived by something come up to each."""

    @cached_property
    def _names(self) -> OperationNames:
        names = {name: family.dimensions for name, family in self._plan.families.items()}
        letter = letter_of(f"{name}[" if indexed else name for name, indexed in names.items())
        own = (name[1:] for name in names if name[0] == letter)
        return OperationNames(letter, [int(each) for each in own if each.isdecimal()])

    @cached_property
    def _members(self) -> tuple[Wholes, Wholes]:
        """Of each member in the order of the walk the statement, and the combination."""
        ranks = self._ranks
        size = 1 + max(int(each.max(initial=-1)) for each in ranks.values())
        numbers, where = (
            numpy.full(size, -1, dtype=numpy.int64),
            numpy.zeros(size, dtype=numpy.int64),
        )
        for number in self._plan.computed:
            loop = self._plan.loops[number]
            family = self._plan.families[loop.family]
            own = family.places(loop.indices)
            rank = ranks[loop.family][own]
            there = numpy.flatnonzero((rank >= 0) & (family.owner[own] == number))
            numbers[rank[there]], where[rank[there]] = number, there
        if (numbers < 0).any():
            raise NotLoops("a member whose statement is not known")
        return numbers, where

    @cached_property
    def _starts(self) -> Wholes:
        """How many unnamed operations come before those of each member, and at the end how many there are."""
        return self._summed(self._counts.unnamed)

    @cached_property
    def _moving(self) -> Wholes:
        """How many operations that are derived by something come before each member, and in all."""
        return self._summed(self._counts.moving)

    def _summed(self, counts: Callable[[int], Wholes]) -> Wholes:
        numbers, where = self._members
        found = numpy.zeros(len(numbers), dtype=numpy.int64)
        for number in numpy.unique(numbers).tolist():
            some = numbers == number
            found[some] = counts(number)[where[some]]
        return numpy.concatenate([[0], numpy.cumsum(found)])

    @cached_property
    def count(self) -> int:
        """How many operations lead to the output."""
        return int(self._starts[-1]) + len(self._members[0])

    def operation(self, name: str) -> tuple[Member, int] | None:
        """The member that an operation belongs to, and how many of its operations come before; None for
        other names."""
        count = self._names.count(name)
        if count is None or count >= self._starts[-1]:
            return None
        rank = int(numpy.searchsorted(self._starts, count, side="right")) - 1
        member = int(self._members[0][rank]), int(self._members[1][rank])
        return member, count - int(self._starts[rank])

    def about(
        self, names: Iterable[str], users: bool = True, most: int | None = None
    ) -> list[Member]:
        """The members that are computed and have one of these names or operations, or, with `users`, use
        one."""
        known = {name: self.operation(name) for name in names}
        found = super().about([name for name in known if not known[name]], users, most)
        more = (owner[0] for owner in known.values() if owner)
        return [*dict.fromkeys([*found, *more])]

    def excerpt(self, members: Sequence[Member], names: Iterable[str]) -> Excerpt:
        """The operations of these members. names: those whose shares are shown. Raises NotLoops."""
        found = self._model.found
        if found is None:
            raise NotLoops("nothing has been computed")
        asked = dict[Terms, list[int]]()
        named = list[str]()
        for name in names:
            if owner := self.operation(name):
                (number, at), step = owner
                for terms, some in self._counts.around(number, at, step).items():
                    asked.setdefault(terms, []).extend(some)
            else:
                named.append(name)
        turn = self.in_turn(members)
        places = self.places(named)
        part = SingleSteps(
            self._model, turn, places, found.values, counts=self._counts, asked=asked
        )
        for name in named:
            part.input(name)
        self._part = part
        self._rests = {part.graph.label(row): member for row, member in part.rests.items()}
        names_of = dict[int, str]()
        for label, root in part.roots.items():
            rank = super().rank(label)
            for row, (count, moving) in part.counted(root).items():
                name = self._names.name(int(self._starts[rank]) + count)
                names_of[row] = name
                self._up_to[name] = int(self._moving[rank]) + moving
        self.operations = names_of
        self._rows = {name: row for row, name in names_of.items()}
        return part

    @property
    def numbers(self) -> Mapping[str, float]:
        """The values of all names that lead to the output, and of the operations that are shown."""
        assert self._part is not None
        data = self._part.data
        return _Both(super().numbers, {name: data[row] for name, row in self._rows.items()})

    def rank(self, name: str) -> int:
        """How many operations come before this one; -1 for an input."""
        count = self._names.count(name) if name in self._rows else None
        if count is not None:
            return count + int(numpy.searchsorted(self._starts, count, side="right")) - 1
        rank = super().rank(name)
        return rank if rank < 0 else rank + int(self._starts[rank + 1])

    def turn(self, name: str) -> int:
        """How many steps back from the output this is met in."""
        if name in self._up_to:
            up_to = self._up_to[name]
        else:
            up_to = int(self._moving[super().rank(name) + 1])
        return int(self._moving[-1]) - up_to + 1

    def reaches(self, names: Collection[str], name: str) -> bool:
        """Whether one of some names depends on another name, or is that."""
        part = self._part
        assert part is not None
        named = {row: label for label, row in part.names.items()}
        for each in names:
            row = self._rows.get(each)
            if row is None:
                if name not in self._rows and super().reaches([each], name):
                    return True
                continue
            below = in_order([row], lambda at: () if at in named else part.columns.operands(at))
            if name in self._rows:
                if self._rows[name] in below:
                    return True
                continue
            leaves = [named[at] for at in below if at in named]
            rests = [part.graph.label(at) for at in below if at in part.rests]
            if super().reaches([*leaves, *rests], name):
                return True
            if any(part.stands_for_more(at) for at in below):
                owner = self.operation(each)
                if owner and self._rest_reaches(*owner[0], name):
                    return True
        return name in names


class _Both(Mapping[str, float]):
    """Numbers by name, and some more."""

    def __init__(self, numbers: Mapping[str, float], more: Mapping[str, float]) -> None:
        self._numbers, self._more = numbers, more

    def __getitem__(self, name: str) -> float:
        return self._more[name] if name in self._more else self._numbers[name]

    def __contains__(self, name: object) -> bool:
        return name in self._more or name in self._numbers

    def __iter__(self) -> Iterator[str]:
        yield from self._numbers
        yield from self._more

    def __len__(self) -> int:
        return len(self._numbers) + len(self._more)
