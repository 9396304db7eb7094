"""An output by loops that is a sum of squares: what is squared, and how that moves with the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy

from backprop.graph import Graph
from backprop.loops.affine import Places, whole
from backprop.loops.along_plan import AlongPlan, coefficient
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals
from backprop.loops.engine import ArrayEngine
from backprop.loops.many import NotLoops
from backprop.loops.parts import Turn, part
from backprop.loops.ready import Needed
from backprop.loops.rows import ArrayColumns, Gathered, Read
from backprop.loops.walks import walk_through
from backprop.operations import GATHERS

_SUM = GATHERS["sum"]

_SQUARE = 2.0


class SquaredRow(NamedTuple):
    """A row that is squared, and what its square is multiplied by: a number, and those of other rows, by 1
    or -1 as their power."""

    row: int
    factor: float
    others: tuple[tuple[int, int], ...] = ()


class SquaredRows:
    """The m residuals of an output by n leaves: the output is the sum of their squares, but for what does not
    move. sign: -1 for the negative of the output. Raises NotLoops where it is none."""

    def __init__(self, asked: Needed, sign: float) -> None:
        plan, (family, place), leaves, numbers = asked
        self._line = line = AlongPlan(plan, [name for name, _ in leaves], [family], 1)
        turns = [each for each in plan.runs if family in (body.family for body in each.turns)]
        if family not in line.orders or len(turns) != 1 or not isinstance(turns[0], Turn):
            raise NotLoops("the output is not computed at once")
        root = turns[0].part.roots[0]
        if line.columns.homes[root] is not line.columns.whole:
            raise NotLoops("the output is one of many")
        self._found = [*_squared(line, root, sign)]
        if not self._found:
            raise NotLoops("the output is no sum of squares")
        self._moved = [line.moved_row(each.row) for each in self._found]
        ways = [(coefficient(name, 1), places) for name, places in leaves]
        made = (coefficient(family, 1), place), [*leaves, *ways], line.numbers(numbers)
        self._engine = ArrayEngine(line, *made)
        with numpy.errstate(all="ignore"):
            still = self._still()
            self._factors = [self._factor(each, still) for each in self._found]
        self._count = sum(len(places) for _, places in leaves)
        self._sizes = [line.columns.homes[each.row].size for each in self._found]

    def __len__(self) -> int:
        return sum(self._sizes)

    def values(self, x: Sequence[float]) -> Reals:
        """The residuals at a point, (m,); nan where a step is not finite."""
        return self._at(x, numpy.zeros(self._count))[0]

    def both(self, x: Sequence[float]) -> tuple[Reals, Reals]:
        """They, and their derivatives, (m, n)."""
        ways = numpy.identity(self._count)
        found = [self._at(x, way) for way in ways]
        return found[0][0], numpy.column_stack([slopes for _, slopes in found])

    def _at(self, x: Sequence[float], way: Reals) -> tuple[Reals, Reals]:
        """The residuals, and how they move along a way."""
        known = self._engine.rows_at(numpy.concatenate([x, way]))
        if known is None:
            none = numpy.full(len(self), numpy.nan)
            return none, none
        values, slopes = [], []
        for squared, by, moved, size in zip(
            self._found, self._factors, self._moved, self._sizes, strict=True
        ):
            values.append(numpy.broadcast_to(by * known[squared.row], size))
            slope = moved if isinstance(moved, float) else known[moved.node]
            slopes.append(numpy.broadcast_to(by * slope, size))
        return numpy.concatenate(values), numpy.concatenate(slopes)

    def _factor(self, squared: SquaredRow, still: Mapping[int, Spread]) -> Any:
        """By what residuals are multiplied: the root of that of their squares. still: the numbers of rows."""
        columns = self._line.columns
        by: Any = numpy.float64(squared.factor)
        for row, power in squared.others:
            number = columns.constant(row) if columns.is_number(row) else still[row]
            by = by * number if power > 0 else by / number
        if not (numpy.isfinite(by).all() and (by >= 0).all()):
            raise NotLoops("a square is taken away")
        return numpy.sqrt(by)

    def _still(self) -> Mapping[int, Spread]:
        """The numbers of the rows that squares are multiplied by: they stay where they are."""
        columns = self._line.columns
        rows = [row for each in self._found for row, _ in each.others if not columns.is_number(row)]
        made = part(columns, [*dict.fromkeys(rows)], self._line.uses) if rows else None
        if made is None:
            return {}
        if made.outer:
            raise NotLoops("a factor is computed elsewhere")
        walk = walk_through(made, ArrayWriter(), self._engine.stays, {})
        walk.forward()
        return walk.found


def _squared(line: AlongPlan, root: int, sign: float) -> Iterator[SquaredRow]:
    """What is squared and added up in a row, if that is all that moves. Raises NotLoops."""
    columns, waiting = line.columns, [SquaredRow(root, sign)]
    while waiting:
        here = waiting.pop()
        row, factor, others = here
        if not line.moves(row) or not factor:
            continue
        special = columns.specials.get(row)
        if isinstance(special, Gathered):
            by = _gathered(columns, row, special)
            if any(columns.homes[each] is not columns.whole for each, _ in others):
                raise NotLoops("a sum within is weighed")
            waiting.append(SquaredRow(special.row, factor * by, others))
            continue
        if isinstance(special, Read):
            if any(columns.homes[each] is not columns.whole for each, _ in others):
                raise NotLoops("members are weighed")
            waiting.append(SquaredRow(_computed(line, row), factor, others))
            continue
        if special is not None or not columns.is_step(row):
            raise NotLoops("something is added that is no square")
        if (base := _base(columns, row)) is not None:
            if not 0 < factor < inf:
                raise NotLoops("a square is taken away")
            yield SquaredRow(base, factor, others)
            continue
        waiting += reversed(_terms(line, here))


def _computed(line: AlongPlan, row: int) -> int:
    """The row that computes the members that a row reads, each of them once. Raises NotLoops."""
    use = line.uses[row]
    runs = [each for each in line.runs if use.family in (body.family for body in each.turns)]
    if len(runs) == 1 and isinstance(run := runs[0], Turn):
        read, made = numpy.sort(_whole(use.places)), numpy.sort(_whole(run.target))
        if numpy.array_equal(read, made):
            return run.part.roots[0]
    raise NotLoops("something is added that is no square")


def _whole(places: Places) -> Any:
    """Places as an array."""
    return numpy.arange(places.start, places.stop) if isinstance(places, slice) else whole(places)


def _gathered(columns: ArrayColumns, row: int, special: Gathered) -> float:
    """By what each term of a gather is multiplied."""
    gather = special.gather
    if gather.joined_by != _SUM.joined_by:
        raise NotLoops("something is put together that is no sum")
    if not gather.divided:
        return 1.0
    domain = columns.homes[special.row]
    if columns.homes[row] is not columns.whole:
        raise NotLoops("a mean is within a sum")
    return 1 / domain.size


def _base(columns: ArrayColumns, row: int) -> int | None:
    """What a step squares; None if it does anything else."""
    op, operands = columns.op(row), columns.operands(row)
    if op == "^" and columns.is_number(operands[1]) and columns.constant(operands[1]) == _SQUARE:
        return operands[0]
    return operands[0] if op == "*" and _are_equal(columns, *operands) else None


def _are_equal(columns: ArrayColumns, one: int, other: int) -> bool:
    """Whether two rows are one, or read the same members."""
    here, there = columns.specials.get(one), columns.specials.get(other)
    if one == other or not (isinstance(here, Read) and isinstance(there, Read)):
        return one == other
    pairs = zip(here.indices, there.indices, strict=True)
    same = here.family == there.family and here.within is there.within
    return same and all(numpy.array_equal(first, second) for first, second in pairs)


def _terms(line: AlongPlan, here: SquaredRow) -> list[SquaredRow]:
    """A step with its factors as a sum of others with theirs. Raises NotLoops."""
    columns, (row, factor, others) = line.columns, here
    op, operands = columns.op(row), columns.operands(row)
    if op in ("*", "/") and not line.moves(operands[1]):
        return [SquaredRow(operands[0], factor, (*others, (operands[1], 1 if op == "*" else -1)))]
    if op == "*" and not line.moves(operands[0]):
        return [SquaredRow(operands[1], factor, (*others, (operands[0], 1)))]
    terms = Graph(columns, [row]).summands(row, factor)
    if not terms:
        raise NotLoops("something is added that is no square")
    return [SquaredRow(each, by, others) for each, by in terms]
