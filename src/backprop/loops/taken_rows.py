"""Rows made again for some of their combinations, one for each of another domain: of what no statement of the
text says, which could be read again."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import numpy

from backprop.graph import in_order
from backprop.loops.affine import Ints, affine, numbered, numbers_up, plain, whole
from backprop.loops.domains import Domain, Wholes
from backprop.loops.parts import Use
from backprop.loops.placement import Layout
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift, Read

_Taken = tuple[Domain, Wholes]
"""A domain, and for each of its combinations that of the domain that it stands for."""


class TakenRows:
    """These rows. of: a home of rows. chosen: which of its combinations, one for each of `domain`. read:
    what is read, by row, besides what the plan knows; takes what is read of those."""

    def __init__(
        self, plan: Layout, read: Mapping[int, Use], of: Domain, chosen: Wholes, domain: Domain
    ) -> None:
        self._plan, self._columns, self._read = plan, plan.columns, {**plan.uses, **read}
        self._taken: dict[Domain, _Taken | None] = {
            home: (domain, whole(numbers_up(of, home))[chosen])
            for home in of.around()
            if home.parent is not None
        }
        self._taken[plan.columns.whole] = None
        self._around = {*self._taken}
        self._within: dict[Domain, TakenRows] = {}
        self._made: dict[int, int] = {}
        self._same: dict[int, int] = {}  # of what is not taken

    def row(self, root: int) -> int:
        """What stands for a row."""
        columns, read, made = self._columns, self._read, self._made

        def needs(row: int) -> Sequence[int]:
            inside = row not in read and self._of(columns.homes[row])
            return columns.operands(row) if inside and not self._gathers_around(row) else ()

        for row in in_order([root], needs):
            if row not in made:
                taken = self._of(columns.homes[row])
                made[row] = self._again(row, *taken) if taken else self._outside(row)
        return made[root]

    def _gathers_around(self, row: int) -> bool:
        """Whether a row gathers what is taken itself, or around that."""
        special = self._columns.specials.get(row)
        if not isinstance(special, Gathered):
            return False
        return self._columns.homes[special.row] in self._around

    def _outside(self, root: int) -> int:
        """A row of no such combinations, with what it reads known to the plan."""
        columns, read, made = self._columns, self._read, self._same
        for row in in_order([root], lambda at: () if at in read else columns.operands(at)):
            if row in read and row not in made and row not in self._plan.uses:
                use = read[row]
                places = whole(numbered(use.places))
                made[row] = reading(self._plan, use.family, places, columns.homes[row])
        return made_with(columns, root, made) if made else root

    def _of(self, home: Domain) -> _Taken | None:
        """What stands for a domain, None where nothing has to."""
        if home not in self._taken:
            assert home.parent is not None
            outer = self._of(home.parent)
            if outer:
                parent, some = outer
                counts = home.first(home.parent.size)[some]
                starts = numpy.cumsum(counts) - counts
                at = numpy.arange(int(counts.sum())) - numpy.repeat(starts, counts)
                at += numpy.repeat(home.starts[some], counts)
                each = int(counts[0]) if len(counts) and (counts == counts[0]).all() else counts
                self._taken[home] = Domain(parent, each), at
            else:
                self._taken[home] = None
        return self._taken[home]

    def _again(self, row: int, domain: Domain, chosen: Wholes) -> int:
        columns, special, made = self._columns, self._columns.specials.get(row), self._made
        if row in self._read:
            use = self._read[row]
            return reading(self._plan, use.family, whole(numbered(use.places))[chosen], domain)
        if isinstance(special, Index):
            return columns.special(Index(_evenly(special.numbers[chosen], domain)), domain)
        if isinstance(special, Lift):
            inner = made[special.row]
            return inner if columns.homes[inner] is domain else columns.lift(inner, domain)
        if isinstance(special, Gathered):
            inner = -1 if self._gathers_around(row) else made[special.row]
            if inner < 0:  # all that extends what is taken, and not what is taken of that
                home = columns.homes[row]
                if home not in self._within:
                    within = TakenRows(self._plan, self._read, home, chosen, domain)
                    self._within[home] = within
                inner = self._within[home].row(special.row)
            return columns.special(Gathered(inner, special.gather), domain)
        assert columns.is_step(row)
        parts = [made[each] for each in columns.operands(row)]
        found = columns.step(columns.op(row), parts)
        return found if columns.homes[found] is domain else columns.lift(found, domain)


def made_with(columns: ArrayColumns, of: int, made: dict[int, int]) -> int:
    """A row made again with others in the place of some. made: these, takes what is made again."""
    for row in in_order([of], lambda row: () if row in made else columns.operands(row)):
        operands = columns.operands(row)
        if row in made or not any(each in made for each in operands):
            continue
        parts, special = [made.get(each, each) for each in operands], columns.specials.get(row)
        if parts == [*operands]:
            continue
        if isinstance(special, Gathered):
            made[row] = columns.special(Gathered(parts[0], special.gather), columns.homes[row])
        elif isinstance(special, Lift):
            alike = columns.homes[parts[0]] is columns.homes[row]
            made[row] = parts[0] if alike else columns.lift(parts[0], columns.homes[row])
        else:
            made[row] = columns.step(columns.op(row), parts)
    return made.get(of, of)


def reading(plan: Layout, family: str, places: Wholes, domain: Domain) -> int:
    """A row that reads members of a family, one for each combination of a domain."""
    of = plan.families[family]
    indices = numpy.unravel_index(numpy.minimum(places, of.size - 1), of.shape) if of.shape else ()
    at = [_evenly(index + low, domain) for index, low in zip(indices, of.low, strict=True)]
    found = plan.columns.special(Read(family, tuple(at), domain), domain)
    plan.uses[found] = Use(found, family, plain(affine(places, domain) or places))
    return found


def _evenly(numbers: Wholes, domain: Domain) -> Ints:
    numbers = whole(numbers)
    return affine(numbers, domain) or numbers


def places_within(columns: ArrayColumns, use: Use, home: Domain) -> Wholes:
    """The places that are read for those combinations alone that a domain has."""
    over = columns.homes[use.row]
    places = whole(numbered(use.places))
    return places if over is home else home.lifted(places, over)


def for_some(columns: ArrayColumns, root: int, some: Domain, members: Container[int] = ()) -> int:
    """A row for some of its combinations: a domain directly within its home. What leads to it is computed
    for these alone, so that nothing asks for the others. members: rows that are not made again."""
    home, made = columns.homes[root], dict[int, int]()
    for row in in_order([root], columns.operands):
        if columns.homes[row] is not home:
            continue
        special = columns.specials.get(row)
        if row in members or not (columns.is_step(row) and special is None):
            made[row] = columns.lift(special.row if isinstance(special, Lift) else row, some)
        else:
            parts = [made.get(each, each) for each in columns.operands(row)]
            made[row] = columns.step(columns.op(row), parts)
    return made[root]
