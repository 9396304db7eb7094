"""The names of all members of a plan, in the order of the file. They are made when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain, compress, repeat
from typing import TypeVar

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import among, count_of, some_of
from backprop.loops.domains import Reals
from backprop.loops.family import Family
from backprop.loops.file_order import Group
from backprop.loops.plan import Plan
from backprop.names import ends_of

_Any = TypeVar("_Any")

_WhichOfAll = NDArray[numpy.bool_]

_SOME = 10_000
"""So many names are made at a time."""


class MemberNames:
    """The names of a plan's members, statement by statement."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._made: dict[int, list[str]] = {}

    @cached_property
    def groups(self) -> list[Group]:
        """All members, statement by statement."""
        return self._plan.in_file_order.groups

    @property
    def in_turn(self) -> bool:
        """Whether the order of the groups is that of the file."""
        return self._plan.in_file_order.ranks is None

    @property
    def listed(self) -> list[list[str]]:
        """All names, statement by statement."""
        return [*map(self._of_group, range(len(self.groups)))]

    def _of_group(self, at: int) -> list[str]:
        if at not in self._made:
            name, places = self.groups[at]
            self._made[at] = self._plan.families[name].labels(places)
        return self._made[at]

    def of_family(self, family: str, marks: _WhichOfAll | None = None) -> list[str]:
        """The names of a family, statement by statement. marks: of these members alone, if any."""
        found: list[str] = []
        for at, (name, places) in enumerate(self.groups):
            if name != family:
                continue
            if marks is None:
                found += self._of_group(at)
            else:
                found += self._plan.families[name].labels(among(places, marks[places]))
        return found

    def fitting(self, pattern: str, marks: Callable[[str], _WhichOfAll | None]) -> list[str] | None:
        """The names that fit a pattern with a range, a number or a star for each index, statement by
        statement; None of other patterns. marks: of a family which members count, None for all."""
        own, bracket, rest = pattern.partition("[")
        family = self._plan.families.get(own)
        parts = rest.removesuffix("]").split(",")
        if not (bracket and rest.endswith("]") and family) or len(parts) != family.dimensions:
            return None
        there = numpy.zeros(family.shape, dtype=bool)
        some: list[slice] = []
        for part, low, count in zip(parts, family.low, family.shape, strict=True):
            if (ends := ends_of(part)) is None:
                return None
            first, last = ends
            start = 0 if first is None else max(first - low, 0)
            some.append(slice(start, count if last is None else max(last - low + 1, 0)))
        there[tuple(some)] = True
        which = there.reshape(-1)
        if (free := marks(own)) is not None:
            which &= free
        return self.of_family(own, which)

    def kinds(self, families: Container[str]) -> dict[str, int]:
        """The names of members of some families, statement by statement, each with a row that is a step if
        it is computed."""
        plan = self._plan
        found: dict[str, int] = {}
        for at, (name, places) in enumerate(self.groups):
            if name in families:
                rows = numpy.where(plan.inputs_of(name)[places], plan.input, plan.step)
                found.update(zip(self._of_group(at), rows.tolist(), strict=True))
        return found

    def defaults(self, but: Container[str] = ()) -> dict[str, float]:
        """The numbers that the file gives, in its order. but: without those of these families."""
        found: dict[str, float] = {}
        for at, (name, places) in enumerate(self.groups):
            if name not in but:
                numbers = self._plan.defaults[name][places]
                there = ~numpy.isnan(numbers)
                if not there.any():  # nor is any name made
                    continue
                some = compress(self._of_group(at), there)
                found.update(zip(some, numbers[there].tolist(), strict=True))
        return self.ordered(found)

    @cached_property
    def index(self) -> dict[str, tuple[Family, int]]:
        """Each name, in the order of the file, with its family, and where it stands among the numbers of
        that."""
        found: dict[str, tuple[Family, int]] = {}
        for (name, places), labels in zip(self.groups, self.listed, strict=True):
            family = self._plan.families[name]
            at = range(family.size)[places] if isinstance(places, slice) else places.tolist()
            found.update(zip(labels, zip(repeat(family), at), strict=True))
        ranks = self._plan.in_file_order.ranks
        if ranks is None:
            return found
        items = [*found.items()]
        return dict([items[rank] for rank in ranks.tolist()])

    def every(self) -> Iterable[str]:
        """All names, in the order of the file."""
        if "index" in self.__dict__ or not self.in_turn:
            return self.index
        plan, made = self._plan, self._made
        return chain.from_iterable(
            made.get(group) or plan.families[name].labels(some_of(places, at, at + _SOME))
            for group, (name, places) in enumerate(self.groups)
            for at in range(0, 1 if group in made else count_of(places), _SOME)
        )

    def ordered(self, numbers: dict[str, _Any]) -> dict[str, _Any]:
        """What is known by name, in the order of the file."""
        if self.in_turn:
            return numbers
        return {name: numbers[name] for name in self.index if name in numbers}

    def in_file(self, names: Iterable[str]) -> list[str]:
        """A few names in the order of the file; nothing is made for the others."""
        wanted: dict[str, list[int]] = {}
        for name in names:
            family = self._plan.families[name.partition("[")[0]]
            wanted.setdefault(family.name, []).append(family.named(name))
        ranks = self._plan.in_file_order.ranks
        turns = None if ranks is None else numpy.argsort(ranks)
        found: list[tuple[int, str]] = []
        start = 0
        for name, places in self.groups:
            if name in wanted:
                members = numpy.arange(self._plan.families[name].size)[places]
                hits = numpy.flatnonzero(numpy.isin(members, wanted[name]))
                labels = self._plan.families[name].labels(members[hits])
                where = hits + start if turns is None else turns[hits + start]
                found += zip(where.tolist(), labels, strict=True)
            start += count_of(places)
        return [name for _, name in sorted(found)]


class NumbersByName(Mapping[str, float]):
    """Numbers of members by name, in the order of the file: names are made when somebody goes through
    them, and not to look at a few."""

    def __init__(
        self,
        plan: Plan,
        naming: MemberNames,
        numbers: Mapping[str, Reals],
        there: Mapping[str, NDArray[numpy.bool_]] | None = None,
    ) -> None:
        """numbers: by family. there: which members are meant, if not all."""
        self._plan, self._naming, self._numbers, self._there = plan, naming, numbers, there

    def _place(self, name: str) -> tuple[str, int] | None:
        family = self._plan.families.get(name.partition("[")[0])
        at = -1 if family is None else family.named(name)
        if family is None or at < 0 or (self._there and not self._there[family.name][at]):
            return None
        return family.name, at

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._place(name) is not None

    def __getitem__(self, name: str) -> float:
        if (found := self._place(name)) is None:
            raise KeyError(name)
        return float(self._numbers[found[0]][found[1]])

    def __iter__(self) -> Iterator[str]:
        if self._there is None:
            return iter(self._naming.every())
        if not self._naming.in_turn:
            return filter(self.__contains__, self._naming.every())
        return chain.from_iterable(map(self._labels, self._naming.groups))

    def __len__(self) -> int:
        return sum(self._count(name, places) for name, places in self._naming.groups)

    def _count(self, name: str, places: slice | NDArray[numpy.int64]) -> int:
        return count_of(places) if self._there is None else int(self._there[name][places].sum())

    def members_of(self, family: str) -> list[str]:
        """The names of a family, in the order of the file."""
        if not self._naming.in_turn:
            return [name for name in self if name.partition("[")[0] == family]
        groups = [each for each in self._naming.groups if each[0] == family]
        return [*chain.from_iterable(map(self._labels, groups))]

    def fitting(self, pattern: str) -> list[str] | None:
        """The names that fit a pattern, `w[2..4,*]`, in the order of the file; None where only a look at all
        of them tells."""
        there = self._there
        if not self._naming.in_turn:
            return None
        return self._naming.fitting(pattern, lambda of: None if there is None else there[of][:-1])

    def _labels(self, group: Group) -> list[str]:
        name, places = group
        some = places if self._there is None else among(places, self._there[name][places])
        return self._plan.families[name].labels(some)
