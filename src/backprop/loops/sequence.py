"""Families whose members need one another at other indices: `x[t+1] = x[t] + v[t]`, slice by slice.

One position of each family, or two, is its time. Every member must read what is earlier by that, or later,
or of the same time from a statement that comes before; then all members of one time are a slice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import NamedTuple

import numpy

from backprop.errors import BackpropError
from backprop.loops.affine import Affine, Ints, numbers_up, whole
from backprop.loops.domains import Domain, Wholes
from backprop.loops.in_time import TimeOrder, Times, possible, shifted, sorted_by
from backprop.loops.many import NotLoops
from backprop.loops.moments import MOST_STEPS, periods
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.repeated import Repeated
from backprop.loops.rows import ArrayColumns, Read
from backprop.loops.stepped import Stepped

_MOST_WAYS = 100
"""The most choices of positions that are tried."""

MOST_SLICES = 20_000
"""The most slices of a loop whose members need one another."""

STEPS = 8
"""So many single steps are as quick as one of arrays of few numbers."""

THIN = 8
"""Slices whose steps have fewer numbers, at an average, are computed more quickly unrolled."""


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
    loops = [plan.loops[number] for number in group]
    why = NotLoops("members need one another in an order that is no loop")
    for time in islice(possible(plan.families, loops), _MOST_WAYS):
        turns: dict[int, _InTime] = {}
        for number in group:
            turn = _turn(plan, number, time)
            if turn is None:
                break
            turns[number] = turn
        if len(turns) < len(group) or (reads := _reads(plan, turns, time)) is None:
            continue
        if plan.builder.derivatives:
            plan.timing = _known(time, turns, reads)
            try:
                turns = {number: _derived(plan, turn) for number, turn in turns.items()}
            except NotLoops as error:
                why = error
                continue
            if (reads := _reads(plan, turns, time)) is None:
                continue
        if order := _order(turns, reads):
            return _runs(plan, turns, *order)
        for shifts in _shifts(turns, reads):
            later = {
                number: turn._replace(times=shifted(turn.times, shifts[turn.loop.family]))
                for number, turn in turns.items()
            }
            moved = {name: each._replace(shift=shifts[name]) for name, each in time.items()}
            reads = _reads(plan, later, moved)
            if reads is not None and (order := _order(later, reads)):
                return _runs(plan, later, *order)
    raise why


def _known(time: Times, turns: Mapping[int, _InTime], reads: Sequence[_Reading]) -> TimeOrder:
    """What is known of the order of statements before the derivatives in them are."""
    if not (order := _order(turns, reads)):
        return TimeOrder(time)
    needs: dict[int, set[int]] = {}
    for number in order[0]:
        direct = {other for each in reads if each.number == number for other in each.now()}
        needs[number] = direct.union(*(needs[other] for other in direct))
    return TimeOrder(time, needs, order[1])


def _derived(plan: Layout, turn: _InTime) -> _InTime:
    """A statement with the derivatives in it found."""
    plan.derive_within(turn.loop.root)
    return turn._replace(whole=part(plan.columns, [turn.loop.root], plan.uses))


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


def _turn(plan: Layout, number: int, time: Times) -> _InTime | None:
    """A statement with the variables of its time outermost, or sorted by its times; None if one member
    of each time needs others."""
    loop = plan.loops[number]
    of, tokens = time[loop.family], loop.statement.tokens
    variables = {tokens.texts[clause.node.token] for clause in loop.parts.clauses}
    used: list[str] = []
    for at in of.positions:
        words = {tokens.texts[node.token] for node in loop.parts.indices[at]}
        used += variables.intersection(words)
    if not used:
        return None
    found: Repeated | None = None
    if not of.factors and len(used) <= len(of.positions) and len({*used}) == len(used):
        with suppress(BackpropError):  # the range of one variable needs another one
            found = plan.builder.loop(loop.statement, used)
    if found:
        first = found.domain
        while first.depth > len(used):
            assert first.parent is not None
            first = first.parent
    elif len(of.positions) == 1 or of.factors:
        found, first = sorted_by(plan.builder, loop, of.of(loop.at))
        used = []
    else:
        return None
    loop = plan.builder.with_body(found)
    plan.enter_uses()
    times = _times(loop.domain, first, of.of(loop.at))
    if times is None:
        return None
    return _InTime(loop, first, times, part(plan.columns, [loop.root], plan.uses), used)


class _Reading(NamedTuple):
    """Members of a circle that a statement reads. number: of the statement. family: theirs. owners: the
    statements that define them. apart: how much later they are than what reads them."""

    number: int
    family: str
    owners: Wholes | Collection[int]
    apart: Wholes | int

    def ends(self) -> tuple[int, int]:
        """The least and the most of `apart`."""
        if isinstance(self.apart, int):
            return self.apart, self.apart
        return int(self.apart.min()), int(self.apart.max())

    def now(self) -> Iterable[int]:
        """The statements whose members of the same time are read."""
        if isinstance(self.apart, int):
            return () if self.apart else self.owners
        found: list[int] = numpy.unique(numpy.asarray(self.owners)[self.apart == 0]).tolist()
        return found


def _reads(plan: Layout, turns: Mapping[int, _InTime], time: Times) -> list[_Reading] | None:
    """What statements of a circle read of it; None if that is not read time by time."""
    columns = plan.columns
    found: list[_Reading] = []
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
            apart = _apart(time[use.family].of(special.at), turn, home)
            if isinstance(apart, int):
                found.append(_Reading(number, use.family, owners & turns.keys(), apart))
                continue
            of = plan.families[use.family].owner[use.places]
            mutual = numpy.isin(of, [*turns])
            if mutual.any():
                found.append(_Reading(number, use.family, of[mutual], apart[mutual]))
    return found


def _order(
    turns: Mapping[int, _InTime], reads: Sequence[_Reading]
) -> tuple[list[int], bool] | None:
    """The statements in the order in which members of one time can be computed, and whether time
    runs backwards; None if there is none."""
    now: dict[int, set[int]] = {number: set() for number in turns}
    earlier = later = False
    for each in reads:
        least, most = each.ends()
        earlier, later = earlier or least < 0, later or most > 0
        now[each.number].update(each.now())
    if earlier and later:
        return None
    try:
        return [*TopologicalSorter(now).static_order()], later
    except CycleError:
        return None


def _shifts(turns: Mapping[int, _InTime], reads: Sequence[_Reading]) -> Iterator[Mapping[str, int]]:
    """How much later the times of families can be taken to be, so that nothing later is read, or nothing
    earlier: differences of shifts that have bounds (Bellman and Ford)."""
    families = {turn.loop.family for turn in turns.values()}
    bounds: dict[tuple[str, str], tuple[int, int]] = {}
    for each in reads:
        key = turns[each.number].loop.family, each.family
        ends = each.ends()
        low, high = bounds.get(key, ends)
        bounds[key] = min(low, ends[0]), max(high, ends[1])
    for way in (1, -1):
        shifts = dict.fromkeys(families, 0)
        for _ in range(len(families) + 1):
            before = {**shifts}
            for (reader, read), (low, high) in bounds.items():
                most = way * shifts[reader] - max(way * low, way * high)
                shifts[read] = way * min(way * shifts[read], most)
            if shifts == before:
                yield shifts
                break


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
        body, before = divided(columns, every, first, plan.uses)
        if before:
            yield before
        target, variables = plan.target(loop), turns[number].variables
        own = None if variables else loop
        bodies.append(Timed(body, loop.family, target, loop.domain, first, times, variables, own))
    yield quickest(bodies, backwards)


def divided(
    columns: ArrayColumns, every: Block, first: Domain, uses: Mapping[int, Use]
) -> tuple[Block, Turn | None]:
    """A part as it is computed time by time, and what is computed before: what is the same at all times,
    or for all at once. first: has a combination for each time."""
    inside = {row for row in (*every.steps, *every.ups) if first in columns.homes[row].around()}
    outside = {
        operand
        for row in inside
        for operand in columns.operands(row)
        if first not in columns.homes[operand].around() and not columns.is_number(operand)
    }
    before = Turn(part(columns, sorted(outside), uses), "", slice(0, 0)) if outside else None
    return part(columns, every.roots, uses, outside), before


def quickest(bodies: Sequence[Timed], backwards: bool, most: int = 0) -> Recurrence:
    """A recurrence as it is quickest: step by step, or slice by slice. most: so many steps of one time are
    single ones, at least. Raises NotLoops for one that is quicker unrolled."""
    found = Recurrence(bodies, backwards)
    times = found.count
    rows = sum(len(body.part.steps) for body in bodies)
    homes = [body.part.columns.homes[row] for body in bodies for row in body.part.steps]
    size = sum(home.size for home in homes)
    few = rows * STEPS if times <= MOST_SLICES else MOST_STEPS
    if STEPS and (steps := periods(found, max(few, most))):
        return Stepped(bodies, backwards, steps)
    if times > MOST_SLICES or size < THIN * times * rows:
        raise NotLoops("members need one another few by few, which single steps do as well")
    return found
