"""The order of all names of a text, as they are unrolled.

Each statement's members stand in the order of its combinations. An input that no statement defines stands
before the first member that uses it, in the order in which that member's body reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.loops.affine import count_of, once
from backprop.loops.domains import Domain, Wholes
from backprop.loops.family import Family
from backprop.loops.placement import Layout
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Read
from backprop.source import pack

Group = tuple[str, slice | Wholes]
"""A family, and the places of members."""


class FileOrder(NamedTuple):
    """groups: all names, by family and place. ranks: of the names of all groups, one after the other,
    the order in which they stand in the file; None where it is this one."""

    groups: list[Group]
    ranks: Wholes | None


def in_file_order(plan: Layout) -> FileOrder:
    """All names of a text."""
    unseen = {name: each.owner == Family.UNDEFINED for name, each in plan.families.items()}
    groups: list[Group] = []
    turns: list[tuple[int, Wholes | None]] = []
    """Of each statement how many names it has, and the turns of these if they stand mixed."""
    run: list[int] = []
    for number, loop in enumerate(plan.written):
        if number in plan.said:  # one after the other they are one group
            run.append(number)
            after = number + 1
            if after in plan.said and plan.written[after].family == loop.family:
                continue
            places = plan.families[loop.family].places(plan.indices_said(run))
            groups.append((loop.family, places))
            turns.append((len(run), None))
            run = []
            continue
        own = once(plan.families[loop.family].where(loop.at))
        count, members = count_of(own), None
        if news := [*_news(plan, loop, unseen)]:
            groups += [(family, places) for family, places, _ in news]
            members = numpy.concatenate([*(at for _, _, at in news), numpy.arange(count)])
            count = len(members)
            if not (numpy.diff(members) < 0).any():
                members = None
        groups.append((loop.family, own))
        turns.append((count, members))
    if all(members is None for _, members in turns):
        return FileOrder(groups, None)
    ranks: list[Wholes] = []
    start = 0
    for count, members in turns:
        at = numpy.arange(count) if members is None else numpy.argsort(members, kind="stable")
        ranks.append(start + at)
        start += count
    return FileOrder(groups, numpy.concatenate(ranks))


def wholes(plan: Layout, groups: Sequence[Group]) -> dict[str, int]:
    """Of every member of a family the whole statement, as a packed span, as `Model.repeated` has it."""
    found: dict[str, int] = {}
    for name, places in groups:
        family = plan.families[name]
        owners = family.owner[places]
        several = len(owners) and owners[0] in plan.said and not isinstance(places, slice)
        for some in places[:, None] if several else [places]:  # type: ignore[index]
            owner = int(family.owner[some][0]) if count_of(some) else Family.UNDEFINED
            if owner < 0 or plan.loops[owner].statement.shape.form == "equation":
                continue
            tokens = plan.loops[owner].statement.tokens
            whole = pack(tokens.starts[0], tokens.ends[-1])
            found.update(dict.fromkeys(family.labels(some), whole))
    return found


def _news(
    plan: Layout, loop: Repeated, unseen: Mapping[str, NDArray[numpy.bool_]]
) -> Iterator[tuple[str, Wholes, Wholes]]:
    """The inputs without a statement that a statement is the first to use, in order: families, places,
    and the combinations that use them first. unseen: takes them off."""
    columns = plan.columns
    rows = in_order([loop.root], columns.operands) if loop.root >= 0 else ()
    uses = [plan.uses[row] for row in sorted(rows) if row in plan.uses]
    uses = [use for use in uses if unseen[use.family].any()]
    if not uses:
        return
    turns = _Turns(plan, loop.domain, [use.row for use in uses])
    names = [*dict.fromkeys(use.family for use in uses)]
    found = []
    for use in uses:
        places = numpy.arange(plan.families[use.family].size)[use.places]
        new = unseen[use.family][places]
        keys = turns.of(use.row)[new]
        family = numpy.full((len(keys), 1), names.index(use.family))
        found.append(numpy.hstack([family, places[new][:, None], keys]))
    every = numpy.vstack(found)
    every = every[numpy.lexsort(every[:, :1:-1].T)]  # by their turns
    first = numpy.sort(numpy.unique(every[:, :2], axis=0, return_index=True)[1])
    every = every[first]
    ends = numpy.flatnonzero(numpy.diff(every[:, 0])) + 1
    for part in numpy.split(every, ends):
        name = names[part[0, 0]] if len(part) else ""
        if name:
            unseen[name][part[:, 1]] = False
            yield name, part[:, 1], part[:, 2]


class _Turns:
    """When the combinations of a body come: first by the number of the statement's combination, then by
    the row of what is read, or of the first row of the sum that reads it, then within that."""

    def __init__(self, plan: Layout, whole: Domain, rows: list[int]) -> None:
        self._plan, self._statement = plan, whole
        self._depth = 0
        self._around: dict[Domain, tuple[Domain, Domain]] = plan.builder.around
        self._begin: dict[Domain, int] = {}
        for row in rows:
            at, depth = self._within(row), 1
            while at is not whole and at in self._around:
                self._begin[at] = min(row, self._begin.get(at, row))
                at, depth = self._around[at][1], depth + 1
            self._depth = max(self._depth, depth)

    def _within(self, row: int) -> Domain:
        read = self._plan.columns.specials[row]
        assert isinstance(read, Read)
        return read.within

    def of(self, row: int) -> Wholes:
        """The turns of what a row reads, one for each of its combinations."""
        home, within = self._plan.columns.homes[row], self._within(row)
        keys = self._first(home, within)
        keys = numpy.hstack([keys, numpy.full((len(keys), 1), row)])
        rest = 2 * self._depth - keys.shape[1]
        return numpy.hstack([keys, numpy.full((len(keys), rest), -1)])

    def _first(self, home: Domain, within: Domain) -> Wholes:
        """For each combination of a home the turn of the first combination further in."""
        up = within.lifted(numpy.arange(home.size), home).astype(numpy.int64)
        first = numpy.zeros(home.size, dtype=numpy.int64)
        first[up[::-1]] = numpy.arange(within.size)[::-1]
        return self._all(within)[first]

    def _all(self, within: Domain) -> Wholes:
        """The turns of all combinations of a body."""
        count = numpy.arange(within.size)[:, None]
        if within is self._statement or within not in self._around:
            return count
        base, outer = self._around[within]
        keys = self._first(base, outer)
        up = within.lifted(numpy.arange(base.size), base).astype(numpy.int64)
        begin = numpy.full((within.size, 1), self._begin[within])
        return numpy.hstack([keys[up], begin, count])
