"""Families whose members need one another at other indices: `x[t+1] = x[t] + v[t]`, slice by slice.

One position of each family, or two, is its time. Every member must read what is earlier by that, or later,
or of the same time from a statement that comes before; then all members of one time are a slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain, islice, permutations, product
from typing import NamedTuple

import numpy

from backprop.errors import BackpropError
from backprop.loops.affine import Affine, Ints, numbers_up, whole
from backprop.loops.domains import Domain, Wholes
from backprop.loops.many import NotLoops
from backprop.loops.moments import MOST_STEPS, periods
from backprop.loops.parts import Block, Turn, part
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Read
from backprop.loops.stepped import Stepped

_FAR = 1 << 21
"""Indices are less than half as far apart."""

_MOST_WAYS = 100
"""The most choices of positions that are tried."""

MOST_SLICES = 20_000
"""The most slices of a loop whose members need one another."""

STEPS = 8
"""So many single steps are as quick as one of arrays of few numbers."""

THIN = 8
"""Slices of fewer members are computed more quickly unrolled."""


class _InTime(NamedTuple):
    """A loop as it is run through in time. first: its outermost domain, one combination for each
    time. times: of these. whole: all that leads to its members. variables: those of time."""

    loop: Repeated
    first: Domain
    times: Ints
    whole: Block
    variables: Sequence[str]


def in_turn(plan: Layout, group: Sequence[int]) -> Iterator[Turn | Recurrence]:
    """Statements whose members need one another as a recurrence, and what is computed before. Raises
    NotLoops if there is no such order."""
    families = [*dict.fromkeys(plan.loops[number].family for number in group)]
    dimensions = [range(plan.families[name].dimensions) for name in families]
    alike = (
        [each] * len(families)
        for count in (1, 2)
        for each in permutations(range(min(map(len, dimensions))), count)
    )
    others = chain.from_iterable(
        product(*(permutations(each, count) for each in dimensions)) for count in (1, 2)
    )
    for positions in islice(chain(alike, others), _MOST_WAYS):
        time = dict(zip(families, positions, strict=True))
        turns: dict[int, _InTime] = {}
        for number in group:
            try:
                turn = _turn(plan, number, time)
            except BackpropError:  # the range of one variable needs another one
                turn = None
            if turn is None:
                break
            turns[number] = turn
        if len(turns) == len(group) and (order := _order(plan, turns, time)):
            return _runs(plan, turns, *order)
    raise NotLoops("members need one another in an order that is no loop")


def _key(indices: Sequence[Ints], positions: Sequence[int]) -> Ints:
    """The time of members: of two positions the first one decides, and where that is the same the
    second."""
    key = indices[positions[0]]
    for at in positions[1:]:
        other = indices[at]
        if isinstance(other, Affine) and isinstance(key, Affine):
            far = max(map(abs, other.ends() or (0,)))
            key = key.times(_FAR).plus(other)
        else:
            far = int(numpy.abs(numpy.asarray(other)).max(initial=0))
            key = numpy.asarray(key) * _FAR + numpy.asarray(other)
        if far >= _FAR // 2:
            raise NotLoops("indices are too far apart")
    return key


def _times(domain: Domain, first: Domain, keys: Ints) -> Ints | None:
    """The time of each combination of the outermost domain of a loop; None where members of one have
    several, or several have one."""
    if isinstance(keys, Affine) and not any(keys.strides[first.depth :]):
        found = Affine(first, keys.base, keys.strides[: first.depth])
        if found.differ():
            return found
    here = numpy.asarray(numbers_up(domain, first))
    times = numpy.zeros(first.size, dtype=numpy.int64)
    times[here] = keys
    if (times[here] != keys).any() or len({*times.tolist()}) != len(times):
        return None
    return times


def _turn(plan: Layout, number: int, time: Mapping[str, Sequence[int]]) -> _InTime | None:
    """A statement with the variables of its time outermost; None if it has none."""
    loop = plan.loops[number]
    positions, tokens = time[loop.family], loop.statement.tokens
    variables = {tokens.texts[clause.node.token] for clause in loop.parts.clauses}
    used: list[str] = []
    for at in positions:
        words = {tokens.texts[node.token] for node in loop.parts.indices[at]}
        used += variables.intersection(words)
    if not used or len(used) > len(positions) or len({*used}) < len(used):
        return None
    loop = plan.builder.with_body(plan.builder.loop(loop.statement, used))
    plan.enter_uses()
    first = loop.domain
    while first.depth > len(used):
        assert first.parent is not None
        first = first.parent
    times = _times(loop.domain, first, _key(loop.at, positions))
    if times is None:
        return None
    return _InTime(loop, first, times, part(plan.columns, [loop.root], plan.uses), used)


def _order(
    plan: Layout, turns: Mapping[int, _InTime], time: Mapping[str, Sequence[int]]
) -> tuple[list[int], bool] | None:
    """The statements in the order in which members of one time can be computed, and whether time
    runs backwards; None if there is none."""
    columns = plan.columns
    now: dict[int, set[int]] = {number: set() for number in turns}
    earlier = later = False
    for number, turn in turns.items():
        for use in turn.whole.uses:
            owners = plan.families[use.family].owners(use.places)
            if owners.isdisjoint(turns):
                continue
            home = columns.homes[use.row]
            if turn.first not in home.around():
                return None
            special = columns.specials[use.row]
            assert isinstance(special, Read)
            key = _key(special.at, time[use.family])
            apart = _apart(key, turn, home)
            if isinstance(apart, int):
                earlier, later = earlier or apart < 0, later or apart > 0
                now[number] |= owners & turns.keys() if not apart else set()
                continue
            of = plan.families[use.family].owner[use.places]
            mutual = numpy.isin(of, [*turns])
            apart = apart[mutual]
            earlier, later = earlier or bool((apart < 0).any()), later or bool((apart > 0).any())
            now[number].update(numpy.unique(of[mutual][apart == 0]).tolist())
    if earlier and later:
        return None
    try:
        return [*TopologicalSorter(now).static_order()], later
    except CycleError:
        return None


def _apart(key: Ints, turn: _InTime, home: Domain) -> Wholes | int:
    """How much later what is read is than what reads it; one number where that is always the same."""
    if isinstance(key, Affine) and isinstance(turn.times, Affine):
        apart = key.plus(turn.times.lifted(home), -1)
        return whole(apart) if apart.constant is None else apart.constant
    found: Wholes = numpy.asarray(key) - home.lifted(turn.times, turn.first)
    return found


def _runs(
    plan: Layout, turns: Mapping[int, _InTime], order: Sequence[int], backwards: bool
) -> Iterator[Turn | Recurrence]:
    """What is the same at all times, or does not depend on what is earlier, and the recurrence."""
    columns = plan.columns
    bodies: list[Timed] = []
    for number in order:
        loop, first, times, every, _ = turns[number]
        inside = {row for row in (*every.steps, *every.ups) if first in columns.homes[row].around()}
        outside = {
            operand
            for row in inside
            for operand in columns.operands(row)
            if first not in columns.homes[operand].around() and not columns.is_number(operand)
        }
        if outside:
            yield Turn(part(columns, sorted(outside), plan.uses), "", slice(0, 0))
        body = part(columns, [loop.root], plan.uses, outside)
        target, variables = plan.target(loop), turns[number].variables
        bodies.append(Timed(body, loop.family, target, loop.domain, first, times, variables))
    yield _run(bodies, backwards)


def _run(bodies: Sequence[Timed], backwards: bool) -> Recurrence:
    """A recurrence as it is quickest: step by step, or slice by slice. Raises NotLoops for one that is
    quicker unrolled."""
    found = Recurrence(bodies, backwards)
    times = found.count
    rows = sum(len(body.part.steps) for body in bodies)
    few = rows * STEPS if times <= MOST_SLICES else MOST_STEPS
    if STEPS and (steps := periods(found, few)):
        return Stepped(bodies, backwards, steps)
    if times > MOST_SLICES or sum(body.domain.size for body in bodies) < THIN * times:
        raise NotLoops("members need one another few by few, which single steps do as well")
    return found
