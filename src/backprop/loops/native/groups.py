"""Statements as nests of loops for machine code: what runs outermost, and where members stand.

Of each statement one index, its row, runs outermost, several of its numbers at once; everything inside
is the same for each of them, except that places in arrays lie a fixed distance apart. Statements whose
members need one another share their rows, and within these run through their times together.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

import numpy

from backprop.errors import BackpropError
from backprop.graph import in_order
from backprop.loops.affine import Affine, Ints, Places, whole
from backprop.loops.domains import Domain
from backprop.loops.family import Family
from backprop.loops.native.grids import Grid
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Phase, Recurrence, Timed
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Read

_MOST_PHASES = 4
"""A recurrence in more phases is one loop whose bodies look whether they have members."""


class Nest(NamedTuple):
    """A statement as it is run. order: its rows, operands first. row: the domain of the rows that it
    shares with others of its group, None where it has none. times: how many of the levels within
    that are its time."""

    loop: Repeated
    order: list[int]
    row: Domain | None
    times: int


class NestGroup(NamedTuple):
    """Statements that run together, one after the other in each row and time. phases: their times, and
    which of its own times each body has there; None without times."""

    bodies: list[Nest]
    phases: list[Phase] | None = None


def groups(plan: Plan, needed: Container[str]) -> Iterator[NestGroup]:
    """The runs of a plan as groups. needed: the families that lead to the output."""
    for run in plan.runs:
        if isinstance(run, Recurrence):
            if any(each.family in needed for each in run.bodies):
                yield _together(plan, run)
        elif run.family in needed:
            loop = plan.loops[_number(plan, run.family, run.target)]
            row = _rows(plan, loop, ())
            again = plan.again(run.family, _read(plan, loop, row))
            yield NestGroup([_body(plan, again, bool(row), 0)])


def _together(plan: Plan, run: Recurrence) -> NestGroup:
    """A recurrence: with rows if all of its statements have some that do not need one another."""
    if any(each.own for each in run.bodies):
        return _sorted(plan, run)
    loops = [_loop(plan, each) for each in run.bodies]
    times = [each.variables for each in run.bodies]
    rows = [_rows(plan, loop, time) for loop, time in zip(loops, times, strict=True)]
    made: list[Repeated] = []
    families = [each.family for each in run.bodies]
    if all(rows):
        made = _again(plan, families, loops, rows, times)
    if not made or not _apart(plan, made):
        rows = [[] for _ in loops]
        made = _again(plan, families, loops, rows, times)
    bodies = [
        _body(plan, loop, bool(row), len(time))
        for loop, row, time in zip(made, rows, times, strict=True)
    ]
    return NestGroup(bodies, _phases(run))


def _sorted(plan: Plan, run: Recurrence) -> NestGroup:
    """A recurrence of which some statements run through their members by their times: without rows."""
    bodies = [
        _body(plan, each.own, False, 1)
        if each.own
        else _body(
            plan,
            plan.again(each.family, _read(plan, _loop(plan, each), each.variables)),
            False,
            len(each.variables),
        )
        for each in run.bodies
    ]
    return NestGroup(bodies, _phases(run))


def _phases(run: Recurrence) -> list[Phase]:
    return run.phases(_MOST_PHASES) or [Phase(0, run.count, run.at)]


def _loop(plan: Plan, of: Timed) -> Repeated:
    return plan.loops[_number(plan, of.family, of.target)]


def _again(
    plan: Plan,
    families: Sequence[str],
    loops: Sequence[Repeated],
    rows: Sequence[Sequence[str]],
    times: Sequence[Sequence[str]],
) -> list[Repeated]:
    return [
        plan.again(family, _read(plan, loop, [*row, *time]))
        for family, loop, row, time in zip(families, loops, rows, times, strict=True)
    ]


def _number(plan: Plan, family: str, target: Places) -> int:
    """The number of the statement that computes these members. Those of it that are numbers have a place
    behind all others."""
    of = plan.families[family]
    if isinstance(target, numpy.ndarray):
        target = target[target < of.size]
    return max(of.owners(target) - {Family.ABSENT, Family.UNDEFINED})


def _names(loop: Repeated) -> list[str]:
    """The variables of a statement, the outermost first."""
    texts = loop.statement.tokens.texts
    return [texts[clause.node.token] for clause in loop.parts.clauses]


def _read(plan: Plan, loop: Repeated, first: Sequence[str]) -> Repeated:
    """A statement read again, these variables outermost."""
    return plan.builder.with_body(plan.builder.loop(loop.statement, first))


def _rows(plan: Plan, loop: Repeated, time: Sequence[str]) -> list[str]:
    """The variable that is best run outermost: of those for which all rows are alike that with the
    most; none if there is none."""
    found: list[tuple[int, str]] = []
    for name in _names(loop):
        if name in time:
            continue
        try:
            domain = plan.builder.loop(loop.statement, [name, *time]).domain
        except BackpropError:  # its range needs another one
            continue
        grid = Grid(domain)
        if grid.size >= 0:
            found.append((grid.rows, name))
    return [max(found, key=lambda each: each[0])[1]] if found else []


def _apart(plan: Plan, loops: Sequence[Repeated]) -> bool:
    """Whether the rows of statements do not need one another, each member reads what the same row
    defines, and have sums over as many terms each."""
    columns, families = plan.columns, {each.family for each in loops}
    position_of: dict[str, int] = {}
    rows = set[tuple[int, int]]()
    for loop in loops:
        outermost = Grid(loop.domain).levels[0]
        position, low = _position(loop, outermost)
        if position_of.setdefault(loop.family, position) != position or position < 0:
            return False
        rows.add((low, outermost.size))
    if len(rows) > 1:
        return False
    ((low, _),) = rows
    for loop in loops:
        outermost = Grid(loop.domain).levels[0]
        order = in_order([loop.root], columns.operands)
        inside = {home for row in order if outermost in (home := columns.homes[row]).around()}
        if any(Grid(home).size < 0 for home in inside):
            return False
        for row in order:
            special = columns.specials.get(row)
            if not isinstance(special, Read) or special.family not in families:
                continue
            home = columns.homes[row]
            if outermost not in home.around():
                return False
            if not counts(special.at[position_of[special.family]], home, outermost, low):
                return False
    return True


def row_position(body: Nest) -> tuple[int, int]:
    """The position of a family at which a nest with rows counts them, and the least index there; -1 for
    none."""
    if body.row is None:
        return -1, 0
    return _position(body.loop, body.row)


def _position(loop: Repeated, row: Domain) -> tuple[int, int]:
    for position, index in enumerate(loop.at):
        low = int(whole(index)[:1].sum()) if not isinstance(index, Affine) else index.base
        if counts(index, loop.domain, row, low):
            return position, low
    return -1, 0


def counts(index: Ints, domain: Domain, row: Domain, low: int) -> bool:
    """Whether an index is `low` in the first row, one more in the next, and so on."""
    if isinstance(index, Affine):
        return index.base == low and index.strides == (1, *[0] * (domain.depth - 1))
    at = domain.lifted(numpy.arange(row.size), row)
    return bool((index == low + at).all())


def _body(plan: Plan, loop: Repeated, rows: bool, times: int) -> Nest:
    plan.enter_uses()
    order = in_order([loop.root], plan.columns.operands)
    return Nest(loop, order, Grid(loop.domain).levels[0] if rows else None, times)
