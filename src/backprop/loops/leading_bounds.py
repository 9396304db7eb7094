"""Between which members of a family all stand that lead to a member. So a derivative need not go through what
does not depend on the member that it is by, as `s[i-1]` in `s[i] = s[i-1] + d[i]^2` does not on `d[i]`."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.loops.affine import numbered, whole
from backprop.loops.depending_members import RunBody, bodies_of
from backprop.loops.derivative_sweep import Runs
from backprop.loops.domains import Domain, Wholes
from backprop.loops.parts import Block, Turn, Use
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence
from backprop.loops.rows import ArrayColumns

NONE = numpy.iinfo(numpy.int64)
"""Its least and its largest number stand for the last and the first place where there is none."""

LeadingEnds = tuple[Wholes, Wholes]
"""The first and the last place that leads to each of some members; the first one behind the last where none
does."""


class LeadingBounds:
    """Between which members of a family those stand that lead to others. every: of a body all that leads to
    its members. ends: of the members themselves, their places if not given. opaque: families that nothing
    is to be looked for behind, but for the members that `through` marks. apart: families of which one
    number for all members of others does not count, or what is made of it; of a single member what it
    reads of an opaque one does, if `singles`."""

    def __init__(
        self,
        plan: Layout,
        family: str,
        every: Callable[[RunBody], Block],
        ends: LeadingEnds | None = None,
        opaque: Container[str] = (),
        apart: Container[str] = (),
        singles: bool = True,
        through: Mapping[str, NDArray[numpy.bool_]] | None = None,
    ) -> None:
        self._family, self._opaque, self._apart, self._singles = family, opaque, apart, singles
        self._plan, self._columns, self._every = plan, plan.columns, every
        self._through = through or {}
        places = numpy.arange(plan.families[family].size + 1)
        self._known: dict[str, LeadingEnds] = {family: ends or (places, places.copy())}
        self._others: LeadingEnds = none_of(len(places))
        """Of the members of the family itself, between which of the others those stand."""
        self._done: list[Turn | Recurrence] = []

    def take(self, runs: Runs, moved: Container[str] | None) -> None:
        """Go through what is computed. moved: the families that depend on that one, if they are known."""
        for run in runs:
            if any(run is each for each in self._done):
                continue
            if not any(moved is None or body.family in moved for body in bodies_of(run)):
                continue
            if isinstance(run, Turn) and not run.family:
                continue
            some: NDArray[numpy.bool_] | slice = slice(None)
            if isinstance(run, Turn) and run.family in self._opaque:
                if run.family not in self._through:
                    continue
                some = self._through[run.family][whole(numbered(run.target))]
            self._done.append(run)
            found = [self.of_part(self._every(body)) for body in bodies_of(run)]
            if isinstance(run, Recurrence):
                found = _in_time(run, found)
            for body, (first, last) in zip(bodies_of(run), found, strict=True):
                known, at = self._bounds(body.family), whole(numbered(body.target))[some]
                first, last = first[some], last[some]
                if body.family == self._family:  # a member leads to itself
                    self._others[0][at], self._others[1][at] = first, last
                    first, last = joined([(first, last), (known[0][at], known[1][at])])
                known[0][at], known[1][at] = first, last

    def none_at(self, use: Use, by: Wholes) -> NDArray[numpy.bool_]:
        """For which combinations what is read there is not led to by that, or is itself that. by: a place
        for each."""
        places = whole(numbered(use.places))
        own = use.family == self._family
        first, last = (each[places] for each in self._others) if own else self._of(use)
        found: NDArray[numpy.bool_] = (by < first) | (by > last)
        return found

    def _bounds(self, family: str) -> LeadingEnds:
        if family not in self._known:
            size = self._plan.families[family].size + 1
            self._known[family] = none_of(size)
        return self._known[family]

    def _of(self, use: Use) -> LeadingEnds:
        first, last = self._bounds(use.family)
        places = whole(numbered(use.places))
        return first[places], last[places]

    def of_part(self, of: Block) -> LeadingEnds:
        """Between which members those stand that lead to the members of a body. of: all that does."""
        columns, uses = self._columns, {use.row: use for use in of.uses}
        known = dict[int, LeadingEnds]()
        root = of.roots[0]
        order = in_order([root], lambda at: () if at in uses else columns.operands(at))
        numbers = self._numbers(order, uses, columns.homes[root].size) if self._apart else ()
        for row in order:
            if row in numbers:
                continue
            if row in uses:
                known[row] = self._of(uses[row])
                continue
            parts = [
                _moved(columns, known[each], each, row)
                for each in columns.operands(row)
                if each in known
            ]
            if parts:
                known[row] = joined(parts)
        size = columns.homes[root].size
        return known.get(root) or none_of(size)

    def _numbers(self, order: Sequence[int], uses: Mapping[int, Use], size: int) -> Container[int]:
        """The rows that are one number for all members, and do not count. size: how many members."""
        columns, apart, mixed = self._columns, set[int](), set[int]()
        for row in order:
            parts = () if row in uses else columns.operands(row)
            family = uses[row].family if row in uses else ""
            if family in self._apart or not apart.isdisjoint(parts):
                apart.add(row)
            if columns.homes[row] is columns.whole and (
                (self._singles and size == 1 and family in self._opaque)
                or not mixed.isdisjoint(parts)
            ):
                mixed.add(row)
        return {row for row in apart - mixed if columns.homes[row] is columns.whole}


def none_of(size: int) -> LeadingEnds:
    """The ends of members to which nothing leads."""
    return numpy.full(size, NONE.max), numpy.full(size, NONE.min)


def joined(parts: Sequence[LeadingEnds]) -> LeadingEnds:
    """The ends of what leads to any of several."""
    firsts, lasts = zip(*parts, strict=True)
    return numpy.minimum.reduce(firsts), numpy.maximum.reduce(lasts)


def _moved(columns: ArrayColumns, bounds: LeadingEnds, of: int, to: int) -> LeadingEnds:
    """LeadingEnds of a row as those of a row that is made of it."""
    home, over = columns.homes[of], columns.homes[to]
    if home is over:
        return bounds
    if home in over.around():
        first, last = (_spread(over, each, home) for each in bounds)
        return first, last
    domain = home.over(over)
    return (
        domain.joined(numpy.minimum, bounds[0], NONE.max),
        domain.joined(numpy.maximum, bounds[1], NONE.min),
    )


def _spread(over: Domain, numbers: Wholes, home: Domain) -> Wholes:
    if home.parent is None:
        return numpy.full(over.size, numbers[0])
    found: Wholes = over.lifted(numbers, home)
    return found


def _in_time(run: Recurrence, found: Sequence[LeadingEnds]) -> list[LeadingEnds]:
    """What leads to members of a recurrence: what leads to any at their time or before. found: what leads to
    its bodies' members directly."""
    times, owns = whole(run.times), list[Wholes]()
    order = numpy.argsort(times, kind="stable")
    first, last = numpy.full(len(times), NONE.max), numpy.full(len(times), NONE.min)
    for body, (low, high) in zip(run.bodies, found, strict=True):
        each = numpy.repeat(whole(body.times), numpy.diff(body.ends))
        own = order[numpy.searchsorted(times[order], each)]
        numpy.minimum.at(first, own, low)
        numpy.maximum.at(last, own, high)
        owns.append(own)
    first, last = numpy.minimum.accumulate(first), numpy.maximum.accumulate(last)
    return [(first[own], last[own]) for own in owns]
