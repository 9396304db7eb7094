"""What leads to an output of loops, families as wholes: which members are one box of a picture, and which of
these read one another. Nothing is made for each member but numbers in arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import seen
from backprop.loops.domains import Wholes
from backprop.loops.family import Family
from backprop.loops.loop_model import LoopModel
from backprop.loops.nearby import users
from backprop.loops.parts import Block, part
from backprop.loops.plan import asked_in
from backprop.loops.unnamed import Unnamed

_Which = NDArray[numpy.bool_]


class AsOne(NamedTuple):
    """Members of a family that are one: inputs, or constants, or what statements of one text compute.

    places: in the order of the file. rank: where the first one stands there. label: what that is called.
    text: of its right side.
    """

    family: Family
    places: Wholes
    rank: int
    role: str
    label: str
    text: str

    @property
    def last(self) -> str:
        """What its last member is called."""
        return self.family.labels(self.places[-1:])[0]

    @property
    def ends(self) -> list[tuple[int, int]]:
        """The least and the largest index of the members, axis by axis."""
        if not self.family.dimensions:
            return []
        numbers = numpy.unravel_index(self.places, self.family.shape)
        return [
            (low + int(at.min()), low + int(at.max()))
            for low, at in zip(self.family.low, numbers, strict=True)
        ]


class Between(NamedTuple):
    """Members of a group are read by those of another one. tail, head: the numbers of the groups. single: the
    names of the one member that is read and of the one that reads it; None if there are more."""

    tail: int
    head: int
    single: tuple[str, str] | None


class WholeFamilies:
    """The groups of members that lead to an output, and the edges between them."""

    def __init__(self, model: LoopModel, output: str) -> None:
        """Raises NotLoops."""
        self._model, self._plan = model, model.plan
        self._unnamed = Unnamed(self._plan)
        family, at = model.kind(output)
        self._reached = self._plan.reached(family.name, at)
        self._ranks = _ranks(model)
        self._number: dict[str, Wholes] = {
            name: numpy.full(each.size + 1, -1) for name, each in self._plan.families.items()
        }
        """Of each family the number of the group of each member; -1 of those that do not lead there."""
        self.groups: list[AsOne] = []
        for each in self._groups(family.name, at):
            self._number[each.family.name][each.places] = len(self.groups)
            self.groups.append(each)

    def _groups(self, output: str, at: int) -> Iterator[AsOne]:
        merged: dict[tuple[str, str, str], list[Wholes]] = {}
        for name, family in self._plan.families.items():
            if name in self._unnamed:
                continue
            leads, inputs = self._reached[name][:-1], self._plan.inputs_of(name)
            still = self._plan.held[name][:-1] if name in self._plan.held else False
            for role, some in (("input", inputs & ~still), ("constant", inputs & still)):
                if len(places := numpy.flatnonzero(leads & some)):
                    merged[name, role, ""] = [places]
            computed = numpy.flatnonzero(leads & ~inputs)
            owners = family.owner[computed]
            for number in sorted(family.owners(computed)) if len(computed) else ():
                own = computed[owners == number]
                text = self._text(family, own)
                if name == output and (own == at).any():
                    merged[name, "output", text] = [own[own == at]]
                    own = own[own != at]
                if len(own):
                    merged.setdefault((name, "intermediate", text), []).append(own)
        for (name, role, text), parts in merged.items():
            family, places = self._plan.families[name], numpy.concatenate(parts)
            ranks = self._ranks[name][places]
            if (numpy.diff(ranks) < 0).any():
                places = places[numpy.argsort(ranks)]
            text = text or self._text(family, places)
            label = family.labels(places[:1])[0]
            yield AsOne(family, places, int(ranks.min()), role, label, text)

    def _text(self, family: Family, places: Wholes) -> str:
        return self._model.text_of(family.labels(places[:1])[0])

    @property
    def edges(self) -> Iterator[Between]:
        """Which groups read which ones."""
        plan = self._plan
        asked: dict[int, dict[int, _Which]] = {}
        """By the number of a group the statements that compute its members, and for which combinations."""
        for number, reads in plan.computed.items():
            loop = plan.loops[number]
            of = self._number[loop.family][plan.families[loop.family].places(loop.indices)]
            of = numpy.where(reads, of, -1)
            for group in _different(of):
                asked.setdefault(group, {})[number] = of == group
        for head, statements in asked.items():
            found: dict[int, tuple[int, int]] = {}
            for number, which in statements.items():
                for tail, low, high in self._read(number, which):
                    before = found.get(tail, (low, high))
                    found[tail] = min(before[0], low), max(before[1], high)
            for tail, (low, high) in found.items():
                single = self._single(tail, low, statements) if low == high else None
                yield Between(tail, head, single)

    def _read(self, number: int, which: _Which) -> Iterator[tuple[int, int, int]]:
        """The groups of members that a statement reads for some of its combinations, each with the least and
        the largest place."""
        plan = self._plan
        block = part(plan.columns, [plan.loops[number].root], plan.uses)
        for family, places in self._places(block, which):
            of = self._number[family][places]
            if isinstance(places, slice):
                places = numpy.arange(places.start, places.stop)
            for group in _different(of):
                here = places[of == group]
                yield group, int(here.min()), int(here.max())

    def _places(self, block: Block, which: _Which) -> Iterator[tuple[str, slice | Wholes]]:
        """What a part reads for some combinations of its root: families and places; of a derivative what that
        is made of."""
        found: Iterable[tuple[str, slice | Wholes]]
        if which.all() and not block.hollow:
            found = ((use.family, seen(use.places)) for use in block.uses)
        else:
            families = self._plan.families
            found = (
                (use.family, numpy.arange(families[use.family].size)[use.places][some])
                for use, some in asked_in(block, {block.roots[0]: which}, set())
                if some.any()
            )
        for family, places in found:
            if family in self._unnamed:
                every = numpy.arange(self._plan.families[family].size)[places]
                reads = self._unnamed.reads(family, every)
                yield from ((use.family, some) for use, some in reads if len(some))
            else:
                yield family, places

    def _single(
        self, tail: int, place: int, statements: Mapping[int, _Which]
    ) -> tuple[str, str] | None:
        """The name of a member, and of the only one of some that reads it; None if there are several.
        statements: these, as statements and combinations."""
        plan, family = self._plan, self.groups[tail].family
        at_place = {family.name: numpy.array([place])}
        heads: list[str] = []
        for number, which in statements.items():
            loop = plan.loops[number]
            readers = users(plan, number, at_place, self._unnamed)
            at = numpy.flatnonzero(readers & which)
            if len(at) + len(heads) > 1:
                return None
            of = plan.families[loop.family]
            heads += of.labels(of.places([each[at] for each in loop.indices]) if len(at) else at)
        return (family.labels(numpy.array([place]))[0], heads[0]) if heads else None


def _different(numbers: Wholes) -> list[int]:
    """The different ones of some numbers, those below 0 aside."""
    least, most = (int(numbers.min()), int(numbers.max())) if len(numbers) else (-1, -1)
    if least == most:
        return [least] if least >= 0 else []
    return [each for each in numpy.unique(numbers).tolist() if each >= 0]


def _ranks(model: LoopModel) -> dict[str, Any]:
    """Where the members of families stand in the file."""
    order = model.plan.in_file_order
    found: dict[str, Wholes] = {
        name: numpy.zeros(each.size + 1, dtype=numpy.int64)
        for name, each in model.plan.families.items()
    }
    turns = None
    if order.ranks is not None:
        turns = numpy.argsort(order.ranks)
    start = 0
    for name, places in order.groups:
        own = found[name][places]
        at = numpy.arange(start, start + len(own))
        found[name][places] = at if turns is None else turns[at]
        start += len(own)
    return found
