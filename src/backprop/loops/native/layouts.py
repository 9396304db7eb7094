"""Where machine code has the members of a family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from backprop.loops.affine import Affine, Ints
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.family import Family
from backprop.loops.native.grids import Grid, GridFit
from backprop.loops.native.groups import NestGroup
from backprop.loops.plan import Plan
from backprop.loops.rows import Read

_AT_ONCE = 32
"""About so many rows read a member at once."""


class Order:
    """The members of a family in an order of their own: the position `last` runs fastest. without: a
    position that is left out. size: how many places there are; one more is for what is not wanted."""

    def __init__(self, family: Family, last: int = -1, without: int = -1) -> None:
        self.family = family
        count = family.dimensions
        self._order = [at for at in range(count) if at not in (last, without)]
        self._order += [last] if last >= 0 else []
        self._strides = [0] * count
        self.size = 1
        for at in reversed(self._order):
            self._strides[at] = self.size
            self.size *= family.shape[at]
        self.plain = self._order == [*range(count)]
        """Whether that is the family's own order."""

    def at(self, indices: Sequence[Ints], domain: Domain) -> Ints:
        """The places of members. indices: theirs, position by position, for each combination of a domain."""
        found: Ints = Affine(domain, 0)
        for index, low, stride in zip(indices, self.family.low, self._strides, strict=True):
            if not stride:
                continue
            if isinstance(index, Affine) and isinstance(found, Affine):
                found = found.plus(index.lifted(domain).shifted(-low), stride)
            else:
                found = numpy.asarray(found) + stride * (numpy.asarray(index) - low)
        return found

    def of(self, places: Wholes) -> Wholes:
        """The places of members that stand there in the family's own order."""
        if self.plain:
            return places
        own = numpy.asarray(places)
        there = own < self.family.size
        found: Wholes = numpy.full(len(own), self.size, dtype=numpy.int64)
        found[there] = 0
        indices = numpy.unravel_index(own[there], self.family.shape)
        for index, stride in zip(indices, self._strides, strict=True):
            found[there] += stride * index
        return found

    def restored(self, numbers: Reals) -> Reals:
        """Numbers in this order, as a family has them."""
        if self.plain:
            return numbers
        shape = [self.family.shape[at] for at in self._order]
        shaped = numbers[: self.size].reshape(shape).transpose(numpy.argsort(self._order))
        return numpy.append(shaped.reshape(-1), numbers[self.size])

    def arranged(self, numbers: Reals) -> Reals:
        """Numbers of a family, one for each place and one more, in this order."""
        if self.plain:
            return numbers
        shaped = numbers[:-1].reshape(self.family.shape).transpose(self._order)
        return numpy.append(shaped.reshape(-1), numbers[-1])


def layouts(plan: Plan, found: Sequence[NestGroup]) -> dict[str, Order]:
    """For each family where machine code has its members: the position by which most of them are read or
    written row by row is the last one, or in the innermost loop where all rows read the same."""
    votes: dict[str, dict[int, int]] = {}
    for group in found:
        for body in group.bodies:
            for row in [body.loop.root, *body.order]:
                special = plan.columns.specials.get(row)
                if row == body.loop.root:
                    family, indices = body.loop.family, body.loop.at
                elif isinstance(special, Read):
                    family, indices = special.family, special.at
                else:
                    continue
                home = plan.columns.homes[row]
                grid = Grid(home)
                if not grid.levels or grid.size <= 0:
                    continue
                fits = [grid.fit(index) for index in indices]
                by_rows = [at for at, fit in enumerate(fits) if fit.row and not fit.whole]
                for position in by_rows or _innermost(fits):
                    some = votes.setdefault(family, {})
                    many = home.size if by_rows else home.size // _AT_ONCE
                    some[position] = some.get(position, 0) + many
    found_: dict[str, Order] = {}
    for name, of in plan.families.items():
        most = votes.get(name) if of.dimensions > 1 else None
        found_[name] = Order(of, max(most, key=most.__getitem__) if most else -1)
    return found_


def _innermost(fits: Sequence[GridFit]) -> list[int]:
    """The position whose index goes on 1 by 1 in the innermost loop in which one does."""
    depth = max((len(fit.steps) for fit in fits), default=0)
    for level in reversed(range(depth)):
        for position, fit in enumerate(fits):
            if level < len(fit.steps) and abs(fit.steps[level]) == 1:
                return [position]
    return []
