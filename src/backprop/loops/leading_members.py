"""Statements read again for some of their members: those that lead to a number. What does not lead there
has no say in its derivatives, not even as 0 times a slope that is not finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Places, numbered, plain, whole
from backprop.loops.domains import Domain, Wholes
from backprop.loops.family import Family
from backprop.loops.in_time import sorted_by
from backprop.loops.many import Variable
from backprop.loops.parts import Block, Turn, part
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Timed
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Index
from backprop.loops.zero_members import Holds

_MOST_KINDS = 8
"""Of so many kinds the times of one statement may be, by how many of their members lead to a number."""


class LeadingMembers(NamedTuple):
    """Some members of a statement: all that leads to them, and where they stand. timed: of a recurrence the
    statement as one of its own."""

    part: Block
    target: Places
    timed: Timed | None


def leading_members(
    plan: Layout, body: Turn | Timed, leading: NDArray[numpy.bool_]
) -> Sequence[LeadingMembers]:
    """The members of a statement that lead to a number, of a recurrence those of times that have equally many
    together; none where it is to be taken whole. leading: of the family which members do."""
    family = plan.families[body.family]
    there = whole(numbered(body.target))  # what reads nothing stands behind all members
    owners = family.owners(there[there < family.size]) - {Family.ABSENT, Family.UNDEFINED}
    if len(owners) != 1:
        return []
    loop = plan.loops[max(owners)]
    places = family.places(loop.at)
    live = leading[places] & (family.owner[places] == max(owners))
    if not live.any():
        return []
    if not isinstance(body, Timed):
        every, target, _ = _read(plan, loop, live, None)
        return [LeadingMembers(every, target, None)]
    times = numpy.zeros(family.size + 1, dtype=numpy.int64)
    times[there] = whole(body.times)[
        numpy.repeat(numpy.arange(body.first.size), numpy.diff(body.ends))
    ]
    times = times[places]
    found = list[LeadingMembers]()
    for some in _alike(times, live):
        every, target, timed = _read(plan, loop, some, times[some])
        found.append(LeadingMembers(every, target, timed))
    return found


def _alike(times: Wholes, live: Holds) -> Iterator[Holds]:
    """Some members as those of times that have equally many; all if there are many such kinds."""
    _, at, counts = numpy.unique(times[live], return_inverse=True, return_counts=True)
    kinds = numpy.unique(counts)
    for kind in kinds if len(kinds) <= _MOST_KINDS else ():
        some = live.copy()
        some[live] = counts[at] == kind
        yield some
    if len(kinds) > _MOST_KINDS:
        yield live


def _read(
    plan: Layout, loop: Repeated, some: Holds, times: Wholes | None
) -> tuple[Block, Places, Timed | None]:
    """A statement read again for some of its members: all that leads to them, where they stand, and if they
    have times what it is in time."""
    columns, builder, family = plan.columns, plan.builder, plan.families[loop.family]
    among, first = _among(plan, loop, some), columns.whole
    if times is not None:
        among, first = sorted_by(builder, among, times)
    among = builder.with_body(among)
    plan.enter_uses()
    every = part(columns, [among.root], plan.uses)
    target = plain(family.places(among.at))
    if times is None:
        return every, target, None
    goes = numpy.unique(times)
    timed = Timed(every, loop.family, target, among.domain, first, goes, (), among)
    return every, target, timed


def _among(plan: Layout, loop: Repeated, kept: NDArray[numpy.bool_]) -> Repeated:
    """A statement without its right side for some of its combinations."""
    columns = plan.columns
    domain = Domain(columns.whole, int(kept.sum()))
    scope: dict[str, Any] = {}
    for name, variable in loop.scope.items():
        numbers = whole(plan.builder.of_variable(variable.node, loop.domain))[kept]
        place = columns.places[variable.node]
        scope[name] = Variable(columns.special(Index(numbers), domain, place))
    at = tuple(whole(each)[kept] for each in loop.at)
    return loop._replace(domain=domain, at=at, scope=scope)
