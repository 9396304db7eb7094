"""Second derivatives of loops at a point: the gradient, and a Hessian times vectors, by NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy

from backprop.engine.sparsity import Sparsity
from backprop.graph import depending
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.bending_pairs import pattern
from backprop.loops.derived import Destination, Stage, choosing, crossing, derived, moved
from backprop.loops.domains import Reals
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block, Turn, hidden, part
from backprop.loops.passes import same
from backprop.loops.plan import Plan
from backprop.loops.ready import Needed
from backprop.loops.scattered import added
from backprop.loops.walks import Doubtful, walk_through
from backprop.syntax.functions import LOST, TINY

_FIRST, _SECOND = "∂", "∂∂"
"""What stands before the names of families of adjoints."""


_ROOM = 2**24
"""The most numbers that are kept for all vectors: 128 MB."""


class Curvature(NamedTuple):
    """The output, its gradient by the leaves (n,), and the Hessian times each vector, (vectors, n)."""

    value: float
    gradient: Reals
    products: Reals


class LoopCurvature:
    """Second derivatives of a member, the output, by others, the leaves. Raises NotLoops for recurrences."""

    def __init__(self, asked: Needed) -> None:
        plan, output, leaves, numbers = asked
        columns = plan.columns.copy()
        wrt = {name for name, _ in leaves}
        self._output, self._leaves = output, leaves
        self._numbers = numbers
        self._program = [*crossing(stages(plan), wrt)]
        self._slopes = columns, self._program, {output[0]}, wrt, _FIRST
        self._first = [*choosing(derived(*self._slopes), moved(self._program, wrt))]
        both = [*self._program, *self._first]
        adjoints = {_FIRST + name for name in wrt}
        self._bends = columns, both, adjoints, wrt, _SECOND
        self._second = derived(*self._bends)

    @property
    def program(self) -> Sequence[Stage]:
        """All that is computed for a point and a vector."""
        return [*self._program, *self._first, *self._second]

    def at(self, x: Reals, vectors: Reals) -> Curvature:
        """At the numbers x of the leaves, shape (n,), for vectors of shape (vectors, n). Raises Doubtful
        where something is not finite, on a border, or too small for a double and with a say."""
        found, small = self._at(x, vectors, self._first, self._second)
        if small:
            other, _ = self._at(x, vectors, self._first, self._second, LOST)
            pairs = zip(found[1:], other[1:], strict=True)
            if not all(same(one, two, TINY) for one, two in pairs):
                raise Doubtful("what is too small")
        return found

    def pattern(self) -> Sparsity | None:
        """For each leaf those with which the output can have a second derivative other than 0, by their
        places; None where that is nearly all of them, or too many to tell."""
        sizes = {name: len(each) for name, each in self._numbers.items()}
        return pattern(self._program, self._output[0], self._leaves, sizes)

    def sizes(self, x: Reals, vectors: Reals) -> Curvature:
        """As `at`, but in the place of the products the sizes of all that is added up to each number, for
        vectors of which no number is negative: the rounding of a product is a few units in their
        last place. Raises Doubtful."""
        return self._at(x, vectors, self._first, self._second_sizes)[0]

    def gradient_sizes(self, x: Reals) -> Reals:
        """The sizes of all that is added up to each number of the gradient. Raises Doubtful."""
        return self._at(x, numpy.zeros((0, len(x))), self._first_sizes, ())[0].gradient

    @cached_property
    def _first_sizes(self) -> list[Stage]:
        """As `_first`, with the sizes of all that is added up."""
        return [*choosing(derived(*self._slopes, sizes=True), ())]

    @cached_property
    def _second_sizes(self) -> list[Stage]:
        """As `_second`, with the sizes of all that is added up."""
        return derived(*self._bends, sizes=True)

    def _at(
        self,
        x: Reals,
        vectors: Reals,
        first: Sequence[Stage],
        second: Sequence[Stage],
        more: float = 0.0,
    ) -> tuple[Curvature, bool]:
        writer = ArrayWriter(more)
        values = {name: each.copy() for name, each in self._numbers.items()}
        ends = numpy.cumsum([0, *(len(places) for _, places in self._leaves)])[:-1]
        for (name, places), given in zip(self._leaves, numpy.split(x, ends)[1:], strict=True):
            values[name][places] = given
        name, at = self._output
        with writer.watched():
            _run(self._program, values, writer, bordering=True)
            _begin(values, first, _FIRST, {name})
            values[_FIRST + name][at] = 1.0
            _run(first, values, writer, bordering=True)
            gradient = self._of_leaves(values, _FIRST)
            products = numpy.empty((len(vectors), len(x)))
            rows = dict[int, Spread]()
            if len(vectors) > 1:
                second = [*_ahead(second, values, writer, rows)]
            for row, vector in enumerate(vectors):
                there = {**values}
                _begin(there, second, _SECOND, {_FIRST + each for each, _ in self._leaves})
                for (each, places), way in zip(
                    self._leaves, numpy.split(vector, ends)[1:], strict=True
                ):
                    if (adjoints := _SECOND + _FIRST + each) in there:  # it leads to the output
                        there[adjoints][places] = way
                _run(second, there, writer, rows)
                products[row] = self._of_leaves(there, _SECOND)
        value = float(values[name][at])
        return Curvature(value, gradient, products), writer.small

    def _of_leaves(self, values: Mapping[str, Reals], mark: str) -> Reals:
        none = [numpy.zeros(0)]
        found = [
            values[mark + name][places] if mark + name in values else numpy.zeros(len(places))
            for name, places in self._leaves
        ]
        return numpy.concatenate(none + found) + 0.0


def stages(plan: Plan) -> list[Stage]:
    """What a plan computes. Raises NotLoops where members need one another."""
    if not all(isinstance(run, Turn) for run in plan.runs):
        raise NotLoops("members need one another")
    return [
        Stage(turn.part, [Destination(turn.part.roots[0], turn.family, turn.target, False)])
        for turn in plan.turns()
    ]


def _begin(values: dict[str, Reals], program: Sequence[Stage], mark: str, given: set[str]) -> None:
    """Enter the families of adjoints that a program adds to, and those that are given, with zeros."""
    written = {write.family for stage in program for write in stage.writes}
    for name in written | {mark + each for each in given}:
        if (of := name.removeprefix(mark)) in values:
            values[name] = numpy.zeros(len(values[of]))


def _ahead(
    program: Sequence[Stage],
    values: dict[str, Reals],
    writer: ArrayWriter,
    rows: dict[int, Spread],
) -> Iterator[Stage]:
    """A program without what is the same for all vectors, which is computed and kept as `rows`, if these do
    not take too much room. Raises Doubtful."""
    halves = [_halved(stage) for stage in program]
    kept = sum(still.columns.homes[row].size for still, _ in halves for row in still.roots)
    if kept > _ROOM:
        yield from program
        return
    for still, stage in halves:
        walk = walk_through(still, writer, values, {})
        walk.forward()
        if not walk.is_finite():
            raise Doubtful("a step")
        rows |= {row: walk.found[row] for row in still.roots}
        yield stage


def _halved(stage: Stage) -> tuple[Block, Stage]:
    """What of a stage is the same for all vectors, and the rest of it."""
    columns, uses, steps = stage.part.columns, stage.part.uses, stage.part.steps
    moving = depending(columns, [x.row for x in uses if x.family.startswith(_SECOND)], steps)
    by = {*stage.part.roots}
    by.update(each for step in steps if step in moving for each in columns.operands(step))
    roots = [step for step in steps if step in by and step not in moving]
    reads = {use.row: use for use in uses}
    still = part(columns, roots, reads)
    looked = [*dict.fromkeys(hidden(columns, still.steps))]  # others may be of a branch not taken
    rest = part(columns, stage.part.roots, reads, {*roots})
    return still._replace(looked=looked), Stage(rest, stage.writes)


def _run(
    program: Sequence[Stage],
    values: dict[str, Reals],
    writer: ArrayWriter,
    rows: Mapping[int, Spread] = MappingProxyType({}),
    bordering: bool = False,
) -> None:
    """Compute a program. rows: those that are known. bordering: whether a step must not stand on a border.
    Raises Doubtful."""
    for stage in program:
        walk = walk_through(stage.part, writer, values, rows)
        walk.forward()
        if not walk.is_finite() or (bordering and [*walk.borders()]):
            raise Doubtful("a step")
        for row, family, places, adds in stage.writes:
            found = numpy.atleast_1d(numpy.asarray(walk.found[row], dtype=float))
            if adds:
                values[family] = added(values[family], places, found)
            else:
                values[family][places] = found
