"""Statements read again for some of their members: those that lead to a number. What does not lead there
has no say in its derivatives, not even as 0 times a slope that is not finite."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Places, numbered, plain, whole
from backprop.loops.domains import Domain
from backprop.loops.family import Family
from backprop.loops.in_time import sorted_by
from backprop.loops.many import Variable
from backprop.loops.parts import Block, Turn, part
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Timed
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Index


class LeadingMembers(NamedTuple):
    """Some members of a statement: all that leads to them, and where they stand. timed: of a recurrence the
    statement as one of its own."""

    part: Block
    target: Places
    timed: Timed | None


def leading_members(
    plan: Layout, body: Turn | Timed, leading: NDArray[numpy.bool_]
) -> LeadingMembers | None:
    """The members of a statement that lead to a number; None where it is to be taken whole. leading: of the
    family which members do."""
    family = plan.families[body.family]
    there = whole(numbered(body.target))  # what reads nothing stands behind all members
    owners = family.owners(there[there < family.size]) - {Family.ABSENT, Family.UNDEFINED}
    if len(owners) != 1:
        return None
    loop = plan.loops[max(owners)]
    places = family.places(loop.at)
    live = leading[places] & (family.owner[places] == max(owners))
    if not live.any():
        return None
    columns, builder = plan.columns, plan.builder
    some = _among(plan, loop, live)
    if isinstance(body, Timed):
        times = numpy.zeros(family.size + 1, dtype=numpy.int64)
        each = numpy.repeat(numpy.arange(body.first.size), numpy.diff(body.ends))
        times[there] = whole(body.times)[each]
        times = times[places[live]]
        some, first = sorted_by(builder, some, times)
    some = builder.with_body(some)
    plan.enter_uses()
    every = part(columns, [some.root], plan.uses)
    target = plain(family.places(some.at))
    if not isinstance(body, Timed):
        return LeadingMembers(every, target, None)
    goes = numpy.unique(times)
    timed = Timed(every, body.family, target, some.domain, first, goes, (), some)
    return LeadingMembers(every, target, timed)


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
