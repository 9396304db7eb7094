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
from backprop.loops.affine import Places
from backprop.loops.domains import Domain, Wholes
from backprop.loops.native.grids import Grid
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Read


class Nest(NamedTuple):
    """A statement as it is run. order: its rows, operands first. row: the domain of the rows that it
    shares with others of its group, None where it has none. times: how many of the levels within
    that are its time."""

    loop: Repeated
    order: list[int]
    row: Domain | None
    times: int


class NestGroup(NamedTuple):
    """Statements that run together, one after the other in each row and time. slots: for each body,
    and each time of the group, the number of the body's own time, -1 for none; None without times."""

    bodies: list[Nest]
    slots: Wholes | None = None


def groups(plan: Plan, needed: Container[str]) -> Iterator[NestGroup]:
    """The runs of a plan as groups. needed: the families that lead to the output."""
    for run in plan.runs:
        if isinstance(run, Recurrence):
            if any(each.family in needed for each in run.bodies):
                yield _together(plan, run)
        elif run.family in needed:
            loop = plan.loops[_number(plan, run.family, run.target)]
            row = _rows(plan, loop, ())
            yield NestGroup([_body(plan, _read(plan, loop, row), bool(row), 0)])


def _together(plan: Plan, run: Recurrence) -> NestGroup:
    """A recurrence: with rows if all of its statements have some that do not need one another."""
    loops = [plan.loops[_number(plan, each.family, each.target)] for each in run.bodies]
    times = [each.variables for each in run.bodies]
    rows = [_rows(plan, loop, time) for loop, time in zip(loops, times, strict=True)]
    made: list[Repeated] = []
    if all(rows):
        made = _again(plan, loops, rows, times)
    if not made or not _apart(plan, made):
        rows = [[] for _ in loops]
        made = _again(plan, loops, rows, times)
    bodies = [
        _body(plan, loop, bool(row), len(time))
        for loop, row, time in zip(made, rows, times, strict=True)
    ]
    return NestGroup(bodies, numpy.stack(run.at))


def _again(
    plan: Plan,
    loops: Sequence[Repeated],
    rows: Sequence[Sequence[str]],
    times: Sequence[Sequence[str]],
) -> list[Repeated]:
    return [
        _read(plan, loop, [*row, *time]) for loop, row, time in zip(loops, rows, times, strict=True)
    ]


def _number(plan: Plan, family: str, target: Places) -> int:
    """The number of the statement that computes these members."""
    of = plan.families[family]
    places = numpy.arange(of.size + 1)[target]
    return int(of.owner[places[places < of.size][0]])


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
    """Whether the rows of statements do not need one another: each member reads what the same row
    defines."""
    columns, families = plan.columns, {each.family for each in loops}
    position_of: dict[str, int] = {}
    rows = set[tuple[int, int]]()
    for loop in loops:
        outermost = Grid(loop.domain).levels[0]
        at = loop.domain.lifted(numpy.arange(outermost.size), outermost).astype(numpy.int64)
        position = _position(loop, at)
        if position_of.setdefault(loop.family, position) != position or position < 0:
            return False
        rows.add((int(loop.indices[position].min()), outermost.size))
    if len(rows) > 1:
        return False
    ((low, _),) = rows
    for loop in loops:
        outermost = Grid(loop.domain).levels[0]
        for row in in_order([loop.root], columns.operands):
            special = columns.specials.get(row)
            if not isinstance(special, Read) or special.family not in families:
                continue
            home = columns.homes[row]
            if outermost not in home.around():
                return False
            at = home.lifted(numpy.arange(outermost.size), outermost).astype(numpy.int64)
            if (special.indices[position_of[special.family]] != low + at).any():
                return False
    return True


def row_position(body: Nest) -> tuple[int, int]:
    """The position of a family at which a nest with rows counts them, and the least index there; -1 for
    none."""
    loop, row = body.loop, body.row
    if row is None:
        return -1, 0
    at = loop.domain.lifted(numpy.arange(row.size), row).astype(numpy.int64)
    position = _position(loop, at)
    return position, int(loop.indices[position].min()) if position >= 0 else 0


def _position(loop: Repeated, at: Wholes) -> int:
    """The position of a family at which its index counts with these numbers; -1 for none."""
    for position, index in enumerate(loop.indices):
        if (index - index.min(initial=index[0]) == at).all():
            return position
    return -1


def _body(plan: Plan, loop: Repeated, rows: bool, times: int) -> Nest:
    plan.enter_uses()
    order = in_order([loop.root], plan.columns.operands)
    return Nest(loop, order, Grid(loop.domain).levels[0] if rows else None, times)
