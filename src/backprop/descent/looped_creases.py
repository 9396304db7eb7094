"""The creases of an output by loops: those of a row are as many as it has members, and found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.descent.along_creases import least_squares
from backprop.descent.creases import Equal, apart, corners, edges_of, has_own_corner
from backprop.descent.problem import Problem
from backprop.errors import NotFinite
from backprop.loops.along_plan import AlongPlan, coefficient
from backprop.loops.arrays import Spread
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.engine import ArrayEngine
from backprop.loops.many import NotLoops
from backprop.loops.parts import Turn, part
from backprop.loops.ready import Needed
from backprop.loops.rows import Gathered
from backprop.operations import OPERATIONS
from backprop.row import Operation
from backprop.syntax import functions

_APART = 1e-5
"""How far along a way slopes are compared for how the output bends, in its length."""

First = dict[int, Wholes]
"""Of rows with ties, by number, the terms that are taken."""


class CreasedRow(NamedTuple):
    """A row with a corner where two operands are equal, which are rows, as is how they move.

    tied: the domain of terms of which the largest is taken, or the least, with its place for each combination
    around: a corner is where a term is equal to that one. None of all others."""

    op: str
    size: int
    one: int
    other: int
    moved: int
    moved_other: int
    tied: Domain | None = None

    @property
    def rows(self) -> tuple[int, ...]:
        return self.one, self.other, self.moved, self.moved_other

    def first(self, known: Mapping[int, Spread]) -> Wholes:
        """The terms that are taken, one for each combination around."""
        assert self.tied
        terms = numpy.broadcast_to(numpy.asarray(known[self.one]), self.size)
        terms = -terms if self.op == "min" else terms
        most = self.tied.joined(numpy.maximum, terms, 0.0)
        places = numpy.where(terms == self.tied.spread(most), numpy.arange(self.size), self.size)
        found: Wholes = self.tied.joined(numpy.minimum, places, 0)
        return numpy.minimum(found, self.size - 1)

    def apart(self, known: Mapping[int, Spread], first: Wholes | None) -> tuple[Reals, Reals]:
        """How far the operands are apart, and how that moves."""
        one, other, moved, moved_other = (
            numpy.broadcast_to(numpy.asarray(known[each], dtype=float), self.size)
            for each in self.rows
        )
        if self.tied and first is not None:
            places = self.tied.spread(first)
            other, moved_other = other[places], moved_other[places]
        return one - other, moved - moved_other


class LoopedCreases:
    """The creases of an output by loops. Raises NotLoops where loops do not tell them apart, or where there
    are more numbers than that."""

    def __init__(self, asked: Needed, problem: Problem, most: int) -> None:
        plan, (family, place), leaves, numbers = asked
        self._problem, self._count = problem, sum(len(places) for _, places in leaves)
        self.size = problem.work * (1 + self._count)
        if self.size > most:
            raise NotLoops("it takes too long")
        self._line = line = AlongPlan(plan, [name for name, _ in leaves], [family], 1)
        if family not in line.orders:
            raise NotLoops("nothing moves")
        self._rows = [*self._found()]
        self._first: First = {}
        """Of rows with ties what was taken at the last point at which distances were asked for."""
        roots = [each for row in self._rows for each in row.rows]
        self._part = part(line.columns, [*dict.fromkeys(roots)], line.uses)
        ways = [(coefficient(name, 1), places) for name, places in leaves]
        made = (coefficient(family, 1), place), [*leaves, *ways], line.numbers(numbers)
        self._engine = ArrayEngine(line, *made)
        self._ends = numpy.cumsum([each.size for each in self._rows])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def has_own_corner(self, at: int) -> bool:
        return has_own_corner(self._rows[self.row(at)].op)

    def row(self, at: int) -> int:
        return int(numpy.searchsorted(self._ends, at, "right"))

    def on(self, chosen: Sequence[int]) -> OnLooped:
        return OnLooped(self, self._problem, chosen, self._first)

    def distances(self, x: Sequence[float], scales: Any) -> Any:
        self._first = {}
        return apart(*self.equations(x, self._first), scales)

    def equations(
        self, x: Sequence[float], first: First, some: Sequence[int] | None = None
    ) -> tuple[Any, Any]:
        """Some of the equations at a point, (m,), and their slopes, (m, n); all if none are named. first: of
        rows with ties with which terms the others are compared; entered where that is not known."""
        chosen = slice(None) if some is None else list(some)
        found = [self._at(x, way, first) for way in numpy.identity(self._count)]
        return found[0][0][chosen], numpy.column_stack([slopes[chosen] for _, slopes in found])

    def values(self, x: Sequence[float], first: First) -> Any:
        """All equations at a point, (len,)."""
        return self._at(x, numpy.zeros(self._count), first)[0]

    def _at(self, x: Sequence[float], way: Reals, first: First) -> tuple[Reals, Reals]:
        """All equations, and how they move along a way; nan where a step is not finite."""
        with numpy.errstate(all="ignore"):
            known = self._engine.part_at(numpy.concatenate([x, way]), self._part)
        if known is None:
            none = numpy.full(len(self), numpy.nan)
            return none, none
        values, slopes = [], []
        for at, row in enumerate(self._rows):
            if row.tied and at not in first:
                first[at] = row.first(known)
            with numpy.errstate(all="ignore"):
                apart_there, moved = row.apart(known, first.get(at))
            values.append(apart_there)
            slopes.append(moved)
        return numpy.concatenate(values), numpy.concatenate(slopes)

    def _found(self) -> Iterator[CreasedRow]:
        """The rows with corners. Raises NotLoops for those of recurrences, and of norms."""
        line, columns = self._line, self._line.columns
        steps = dict[int, bool]()
        for run in line.runs:
            alone = isinstance(run, Turn)
            for each in run.turns if isinstance(run, Turn) else run.bodies:
                steps |= dict.fromkeys(
                    (step for step in each.part.steps if line.is_own(step)), alone
                )
        for step, alone in steps.items():
            special = columns.specials.get(step)
            if isinstance(special, Gathered) and line.moves(step):
                joined = OPERATIONS.get(special.gather.joined_by)
                if joined and corners(joined):
                    if not alone or not by_ties(joined):
                        raise NotLoops("corners of norms, or of recurrences")
                    yield self._ties(joined.name, special.row)
            if special is not None:
                continue
            inside = columns.operands(step)
            sides = [*corners(OPERATIONS[columns.op(step)]), *self._edges(step)]
            if not sides or not any(map(line.moves, inside)):
                continue
            if not alone or any(len(each) > 1 for each in sides):
                raise NotLoops("corners of recurrences, or of two numbers at once")
            for ((at, other, number),) in sides:
                yield self._row(step, inside[at], None if other is None else inside[other], number)

    def _edges(self, step: int) -> list[tuple[Equal]]:
        """The edges of an operation where its slope is infinite. Raises NotLoops where that depends on
        something that moves."""
        columns = self._line.columns
        inside = columns.operands(step)
        if not functions.can_be_steep(columns.op(step)):
            return []
        if not all(map(columns.is_number, inside[1:])):
            raise NotLoops("where slopes are infinite is not known")
        others = [columns.constant(each) for each in inside[1:]]
        if [*edges_of(columns.op(step), [0.0, *others])]:
            raise NotLoops("slopes are infinite")
        return []

    def _row(self, step: int, one: int, other: int | None, number: float) -> CreasedRow:
        columns = self._line.columns
        other = columns.number(number) if other is None else other
        found = self._moved(one), self._moved(other)
        return CreasedRow(columns.op(step), columns.homes[step].size, one, other, *found)

    def _ties(self, op: str, terms: int) -> CreasedRow:
        domain, moved = self._line.columns.homes[terms], self._moved(terms)
        return CreasedRow(op, domain.size, terms, terms, moved, moved, domain)

    def _moved(self, row: int) -> int:
        found = self._line.made_to_move(row)
        return self._line.columns.number(0.0) if found is None else found


def by_ties(row: Operation) -> bool:
    """Whether what joins many terms takes one of them, and has corners where two are equal."""
    return all(each == (Equal(0, 1),) for each in corners(row))


class OnLooped:
    """An output by loops on some of its creases."""

    def __init__(
        self, every: LoopedCreases, problem: Problem, chosen: Sequence[int], first: First
    ) -> None:
        self._every, self._problem, self._chosen = every, problem, list(chosen)
        self._first = first
        self.cost = 1.0

    def values(self, x: Sequence[float]) -> Any:
        return self._every.values(x, self._first)[self._chosen]

    def equations(self, x: Sequence[float]) -> tuple[Any, Any]:
        return self._every.equations(x, self._first, self._chosen)

    def slopes_now(self, x: Sequence[float]) -> Any:
        return self._every.equations(x, {}, self._chosen)[1]

    def slopes(self, x: Sequence[float]) -> Any:
        try:
            return numpy.array(self._problem.both(x)[1])
        except NotFinite:
            return numpy.full(len(x), numpy.nan)

    def bends(self, x: Sequence[float], some: Sequence[int], multipliers: Any, ways: Any) -> Any:
        """By differences of what the slopes are along the creases: they are the same on all sides."""
        at, found = numpy.array(x), []
        sizes = numpy.abs(ways).max(axis=1, initial=0.0)
        for way in ways.T:
            ahead, behind = (
                self._along((at + part * way).tolist(), some, sizes) for part in (_APART, -_APART)
            )
            found.append((ahead - behind) @ ways / (2 * _APART))
        return numpy.array(found).reshape(ways.shape[1], ways.shape[1])

    def _along(self, x: Sequence[float], some: Sequence[int], sizes: Any) -> Any:
        """The slopes of the output at a point without what equations have of them, (n,). sizes: of moves."""
        table, slopes = self.equations(x)[1][list(some)] * sizes, self.slopes(x) * sizes
        factors = least_squares(table.T, slopes)
        with numpy.errstate(all="ignore"):
            rest = (slopes - factors @ table) / sizes
        return numpy.where(sizes > 0, rest, 0.0)
