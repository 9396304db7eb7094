"""Which groups of nests share one loop over their rows, and which families then exist for a few rows only.

Where all that a group reads of another one stands in the same row, both can run through the rows
together. A family that nothing else reads then needs room for the rows of one turn alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy

from backprop.loops.affine import Ints
from backprop.loops.domains import Domain, Wholes
from backprop.loops.native.grids import Grid
from backprop.loops.native.groups import NestGroup, counts, row_position
from backprop.loops.native.layouts import Order
from backprop.loops.native.nests import Nests, Prepared
from backprop.loops.plan import Plan
from backprop.loops.rows import Gathered, Read

LARGE = 1 << 20
"""So many numbers of eight bytes are more than the cache of a core holds."""


class Unit(NamedTuple):
    """A group with what is known of its nests. gathers: of a single nest without rows the sums over rows
    that it makes."""

    group: NestGroup
    nests: list[Prepared]
    gathers: list[int]

    @property
    def families(self) -> set[str]:
        """What it computes."""
        return {one.body.loop.family for one in self.nests}

    def reads(self, plan: Plan) -> Iterator[tuple[int, Read]]:
        """What it reads."""
        for one in self.nests:
            for row in one.body.order:
                special = plan.columns.specials.get(row)
                if isinstance(special, Read):
                    yield row, special


class LocalFamily(NamedTuple):
    """A family with room for the rows of one turn. layout: where its members stand there, but for the row.
    inputs: the places of members that are not computed, and begin: where their first row stands among
    all numbers."""

    layout: Order
    inputs: Wholes
    begin: Wholes


class Shared(NamedTuple):
    """Units that run in one loop over rows; of a single one that may have none."""

    units: list[Unit]
    local: Mapping[str, LocalFamily]


def shared(
    nests: Nests,
    groups: Sequence[NestGroup],
    prepared: Sequence[list[Prepared]],
    kept: Collection[str],
) -> list[Shared]:
    """The groups in an order in which they can run, those together that can share their rows. kept:
    families that are needed afterwards."""
    plan = nests.plan
    units = [
        Unit(group, some, _gathers(nests, some))
        for group, some in zip(groups, prepared, strict=True)
    ]
    made: dict[str, set[int]] = {}
    for number, unit in enumerate(units):
        for family in unit.families:
            made.setdefault(family, set()).add(number)
    needs = [
        {each for _, read in unit.reads(plan) for each in made.get(read.family, ())} - {number}
        for number, unit in enumerate(units)
    ]
    found: list[Shared] = []
    left, done = [*range(len(units))], set[int]()
    while left:
        ready = [each for each in left if needs[each] <= done] or left[:1]
        first = min(ready, key=lambda each: _beyond(plan, units[each]))
        some = [first]
        rows = _rows(nests, units[first])
        for each in left if rows else ():
            if (
                each != first
                and needs[each] <= done | {*some}
                and _joins(nests, [units[at] for at in some], units[each], rows)
            ):
                some.append(each)
        left = [each for each in left if each not in some]
        done |= {*some}
        together = [units[each] for each in some]
        local = _local(nests, together, units, kept) if len(some) > 1 else {}
        found.append(Shared(together, local))
    return found


def _beyond(plan: Plan, unit: Unit) -> int:
    """How many members a unit computes, if no cache holds them: it waits until what reads these can run in
    the same rows, and computes them again going back, which takes less time than memory; 0 of fewer."""
    members = sum(plan.families[each].size for each in unit.families)
    return members if members >= LARGE else 0


def _gathers(nests: Nests, some: Sequence[Prepared]) -> list[int]:
    """The sums over rows that a single nest without rows makes, if they can be made in a shared loop."""
    columns = nests.columns
    (one, *others) = some
    if others or columns.homes[one.body.loop.root] is not columns.whole:
        return []
    found: list[int] = []
    behind: set[int] = set()
    for row in one.body.order:
        special = columns.specials.get(row)
        needs = not behind.isdisjoint(columns.operands(row))
        if isinstance(special, Gathered) and columns.homes[row] is columns.whole:
            if special.gather.joined_by != "+" or _needs(nests, row, behind):
                return []
            found.append(row)
            needs = True
        if needs:
            behind.add(row)
    return found


def _needs(nests: Nests, row: int, behind: set[int]) -> bool:
    """Whether the inside of a sum depends on another one."""
    open_, seen = [row], set[int]()
    while open_:
        at = open_.pop()
        for each in nests.columns.operands(at):
            if each in behind:
                return True
            if each not in seen:
                seen.add(each)
                open_.append(each)
    return False


def _domains(nests: Nests, unit: Unit) -> list[Domain]:
    """The domains of the rows of a unit; none if it has none that can be shared."""
    columns = nests.columns
    if unit.gathers:
        inner = [columns.specials[row].row for row in unit.gathers]  # type: ignore[union-attr]
        found = [
            next(each for each in columns.homes[row].around() if each.depth == 1) for row in inner
        ]
    else:
        found = [one.body.row for one in unit.nests if one.body.row is not None]
        if len(found) < len(unit.nests):
            return []
    if any(nests.vector[each][0] == 1 or not nests.vector[each][1] for each in found):
        return []
    return found if len({each.size for each in found}) == 1 else []


def _rows(nests: Nests, unit: Unit) -> int:
    """How many rows a unit has; 0 if they cannot be shared."""
    found = _domains(nests, unit)
    return found[0].size if found else 0


def _joins(nests: Nests, some: Sequence[Unit], unit: Unit, rows: int) -> bool:
    """Whether a unit can run in one loop with others."""
    return _rows(nests, unit) == rows and all(
        _aligned(nests, some, unit, row, read) for row, read in unit.reads(nests.plan)
    )


def _aligned(nests: Nests, some: Sequence[Unit], unit: Unit, row: int, read: Read) -> bool:
    """Whether a unit reads members in the row in which they are computed, if some of these units do
    that."""
    columns = nests.columns
    makers = [one for unit in some for one in unit.nests if one.body.loop.family == read.family]
    if not makers:
        return True
    home = columns.homes[row]
    if not home.depth:
        return False
    first = next(each for each in home.around() if each.depth == 1)
    if all(first is not each for each in _domains(nests, unit)):
        return False
    for one in makers:
        position, low = row_position(one.body)
        if position < 0 or not counts(read.at[position], home, first, low):
            return False
    return True


def _local(
    nests: Nests, some: Sequence[Unit], units: Sequence[Unit], kept: Collection[str]
) -> dict[str, LocalFamily]:
    """The families that only these units need, row by row."""
    plan = nests.plan
    others = [unit for unit in units if all(unit is not each for each in some)]
    outside = {read.family for unit in others for _, read in unit.reads(plan)}
    outside |= {family for unit in others for family in unit.families}
    found: dict[str, LocalFamily] = {}
    for unit in some:
        for one in unit.nests:
            name = one.body.loop.family
            if unit.gathers or name in outside or name in kept or name in found:
                continue
            aligned = all(
                _aligned(nests, some, other, row, read) and _same_place(nests, row, read.at, one)
                for other in some
                for row, read in other.reads(plan)
                if read.family == name
            )
            aligned = aligned and _same_place(nests, one.body.loop.root, one.body.loop.at, one)
            if aligned and (local := _room(nests, one)):
                found[name] = local
    return found


def _same_place(nests: Nests, row: int, indices: Sequence[Ints], one: Prepared) -> bool:
    """Whether members of a family stand in the same place of each row."""
    (position, _), grid = row_position(one.body), Grid(nests.columns.homes[row])
    fits = [grid.fit(index) for at, index in enumerate(indices) if at != position]
    return not any(fit.row or fit.whole for fit in fits)


def _room(nests: Nests, one: Prepared) -> LocalFamily | None:
    plan, name = nests.plan, one.body.loop.family
    family, (position, low) = plan.families[name], row_position(one.body)
    assert one.body.row
    if position < 0 or family.low[position] != low or family.shape[position] != one.body.row.size:
        return None
    begin = inputs = numpy.zeros(0, dtype=numpy.int64)
    if family.alike not in plan.computed:
        owner = numpy.moveaxis(family.owner.reshape(family.shape), position, 0)
        owner = owner.reshape(one.body.row.size, -1)
        # by the number of an owner, of which those below 0 stand at the end
        given = numpy.ones(max(family.owner.max(), *plan.computed) + 3, dtype=bool)
        given[[*plan.computed, family.ABSENT]] = False
        there = given[owner]
        if (there != there[0]).any():
            return None
        inputs = numpy.flatnonzero(there[0])
    if len(inputs):
        own = numpy.moveaxis(numpy.arange(family.size).reshape(family.shape), position, 0)
        own = own.reshape(len(there), -1)[:, inputs].reshape(-1)
        places = nests.layouts[name].of(own).reshape(len(there), -1)
        if (places != places[0] + numpy.arange(len(places))[:, None]).any():
            return None
        begin = places[0]
    return LocalFamily(Order(family, without=position), inputs, begin)
