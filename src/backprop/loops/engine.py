"""A plan at many points: one output and its gradient, for new numbers of some inputs.

What these do not lead to is computed once; of the rest only what leads to the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import hypot, isfinite, sqrt
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.engine.engines import Engine, Own
from backprop.engine.underflow import SCALE
from backprop.loops import gathers
from backprop.loops.arrays import ArrayWriter, Spread, norm
from backprop.loops.domains import Reals
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.moving import Leaves, Moving, Ready
from backprop.loops.parts import ArrayWalk, Block, Turn
from backprop.loops.passes import same
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Timed
from backprop.loops.rounded import SIZE, Shaken, Sizes
from backprop.loops.rows import Gathered
from backprop.loops.slice_sums import SliceSums, often_read
from backprop.loops.stepped import Met, Stepped
from backprop.loops.walks import bring_back, walk_through
from backprop.operations import OPERATIONS
from backprop.row import is_truth
from backprop.syntax.functions import LOST, TINY

_TRIES, _APART = 4, 1009
"""So often everything is changed, each time by other factors."""

_SMALL_PART, _MUCH = 1e-7, 1000.0
"""Rounding that is a smaller part of a gradient is small enough, and one that is so many times what changes
show is too large."""


class _Pass(NamedTuple):
    """A pass forward: the numbers of all families and of rows, what was met on the way, and whether
    something was too small for a double."""

    values: Mapping[str, Reals]
    rows: Mapping[int, Spread]
    walks: Sequence[ArrayWalk | Met]
    small: bool

    @property
    def is_finite(self) -> bool:
        """Whether all values are finite that have a say."""
        return all(
            each.finite if isinstance(each, Met) else each.is_finite() for each in self.walks
        )


class _Last:
    """The last point of a thread, and the pass there, if all was finite."""

    x: Reals
    made: _Pass | None = None


class ArrayEngine(Engine):
    """Passes by NumPy.

    output: its family, and where it stands there. leaves: the inputs that numbers are given for, in
    this order. numbers: those of all inputs, by family; nan where there is none. Raises NotLoops where
    an input of the output has none, or what no leaf leads to is not finite, TooLarge where memory does not
    hold what is between members.
    """

    def __init__(
        self,
        plan: Plan,
        output: tuple[str, int],
        leaves: Sequence[Leaves],
        numbers: Mapping[str, FileNumbers],
    ) -> None:
        self.plan, self.output, self.leaves = plan, output, leaves
        self._ends = numpy.cumsum([len(places) for _, places in leaves])[:-1]
        self._moving = Moving(plan, output, leaves, numbers)
        self.moved = self._moving.moved
        """Of each family the members that depend on leaves."""
        self._plain = self._moving.ready(0.0)
        plan.check_room(self._plain.kept)
        self.stays = self._plain.numbers
        """The numbers of what no leaf leads to."""
        self._shifted: Ready | None = None
        self._families = [name for name, each in self.moved.items() if each.any()]
        """Those with members that move."""
        steps = [unit for unit in self._plain.units if isinstance(unit, Stepped)]
        read = [name for unit in steps for name in unit.code.families]
        self._sloping = [*dict.fromkeys([*self._families, *read])]
        """Those that gradients are added to."""
        units = self._plain.units
        own = {body.family for unit in units for body in _bodies(unit)}
        others = {name: plan.families[name].size for name, _ in leaves if name not in own}
        parts = [body.part for unit in units for body in _bodies(unit)]
        self._often = often_read(parts, others, len(units))
        """As of `SliceSums`."""
        self.size = self._plain.size
        """About how many steps are computed at every point, unrolled."""
        self._own = Own(_Last)

    @property
    def careful(self) -> ArrayEngine:
        """Itself: what knows more of a point than its value and gradient."""
        return self

    def forward(self, x: Any) -> float | None:
        own = self._own.made
        own.made = None
        own.x = numpy.array(x, dtype=float)
        if not numpy.isfinite(own.x).all():
            return None
        made = self._forward(self._plain)
        if not made.is_finite:
            return None
        own.made = made
        value = self._output_of(made)
        return value if isfinite(value) else None

    def backward(self) -> Any:
        made = self._own.made.made
        if made is None:
            return None
        gradient, small = self._backward(made)
        if made.small:  # then what is too small must have no say
            return gradient if gradient is not None and self._sure(made, gradient) else None
        if small:  # what is too small even then is left out, as of other large graphs
            gradient, _ = self._backward(made, SCALE)
        return gradient

    def rows_at(self, x: Any) -> Mapping[int, Spread] | None:
        """The numbers of all rows that are computed for the output; None where one is not finite."""
        made = None if self.forward(x) is None else self._own.made.made
        if made is None:
            return None
        found: dict[int, Spread] = {}
        for walk in made.walks:
            if isinstance(walk, ArrayWalk):
                found |= walk.found
        return found

    def part_at(self, x: Any, part: Block) -> Mapping[int, Spread] | None:
        """The numbers of the rows of a part that is computed besides; None where something is not finite."""
        made = None if self.forward(x) is None else self._own.made.made
        if made is None:
            return None
        walk = walk_through(part, ArrayWriter(), made.values, made.rows)
        walk.forward()
        return walk.found

    def output_at(self, x: Any) -> float:
        """The output, also where it is not finite, or something on the way is not."""
        self._own.made.x = numpy.array(x, dtype=float)
        return self._output_of(self._forward(self._plain))

    def rounding(self, x: Any) -> float | None:
        """How far rounding of each step may have moved the output, about; None where it is in doubt.
        See `Problem.rounding`."""
        made = None if self.forward(x) is None else self._own.made.made
        if made is None:
            return None
        effects: list[float] = []
        self._backward(made, effects=effects)
        return float_info.epsilon * hypot(*filter(isfinite, effects))

    def noise(self, x: Any) -> Reals | None:
        """How far rounding may move the gradient by each leaf, about: in the steps, and where what comes
        to it is added up. None where it is in doubt."""
        made = None if self.forward(x) is None else self._own.made.made
        if made is None:
            return None
        slopes, _ = self._backward(made)
        sizes, _ = self._backward(made, writer=Sizes())
        moved = self._moved(0)
        if slopes is None or sizes is None or moved is None:
            return None
        apart = numpy.abs(moved - slopes) * (float_info.epsilon / SIZE)
        found: Reals = numpy.maximum(4 * float_info.epsilon * numpy.abs(sizes), apart)
        return found

    def tamed_noise(self, x: Any, slopes: Reals | None = None) -> Reals | None:
        """As `noise`; but along a recurrence the sizes of what is added up may grow without limit though
        nothing else does: there it is what the gradient does if everything is changed a little, four times.
        Infinite where that is not finite. slopes: the gradient, where that is known."""
        made = None if self.forward(x) is None else self._own.made.made
        if made is not None and slopes is None:
            slopes = self._backward(made)[0]
        if made is None or slopes is None:
            return None
        with numpy.errstate(all="ignore"):
            sizes, _ = self._backward(made, writer=Sizes())
        bound = numpy.full(len(slopes), numpy.inf)
        bound = bound if sizes is None else 4 * float_info.epsilon * numpy.abs(sizes)
        if (bound <= _SMALL_PART * numpy.abs(slopes).max(initial=0.0)).all():
            return bound
        shown = numpy.zeros(len(slopes))
        for turn in range(_TRIES):
            moved = self._moved(turn * _APART)
            apart = numpy.inf if moved is None else numpy.abs(moved - slopes)
            shown = numpy.maximum(shown, apart * (4 * float_info.epsilon / SIZE))
        found: Reals = numpy.where(bound <= _MUCH * shown, numpy.fmax(bound, shown), shown)
        return found

    def _moved(self, turn: int) -> Reals | None:
        """The gradient if everything is changed a little. turn: number of the first change."""
        with numpy.errstate(all="ignore"):
            return self._backward(self._forward(self._plain, writer=Shaken(turn)))[0]

    def at_border(self) -> bool:
        """Whether some step that moves stands on a border where this thread last computed the output."""
        made = self._own.made.made
        if made is None:
            return True
        return any(
            each.border or each.labels if isinstance(each, Met) else [*each.borders()]
            for each in made.walks
        )

    @cached_property
    def operations(self) -> set[str]:
        """Those of the steps that move, and of what is put together from many."""
        found = set[str]()
        for part, *_ in self._plain.parts:
            for step in part.steps:
                special = part.columns.specials.get(step)
                if special is None:
                    found.add(part.columns.op(step))
                elif isinstance(special, Gathered) and special.gather.joined_by in OPERATIONS:
                    found.add(special.gather.joined_by)
        return found

    @property
    def is_continuous(self) -> bool:
        """Whether no step that moves is a condition, or jumps."""
        rows = [OPERATIONS[name] for name in self.operations]
        return not any(row.jump or row.chooses or is_truth(row) for row in rows)

    def _output_of(self, made: _Pass) -> float:
        name, at = self.output
        return float(made.values[name][at])

    def _sure(self, made: _Pass, gradient: Reals) -> bool:
        """Whether value and gradient are what they are if what is too small is something else."""
        more = LOST
        if self._shifted is None:
            self._shifted = self._moving.ready(more) if self._plain.small else self._plain
        other = self._forward(self._shifted, more)
        slopes, _ = self._backward(other, SCALE, more)
        name, at = self.output
        here = slice(at, at + 1)
        return (
            slopes is not None
            and same(made.values[name][here], other.values[name][here])
            and same(gradient, slopes, TINY)
        )

    def _forward(self, ready: Ready, more: float = 0.0, writer: ArrayWriter | None = None) -> _Pass:
        """A pass forward. more: added to what is too small for a double. writer: one that computes
        something else."""
        writer = writer or ArrayWriter(more)
        values = {**ready.numbers}
        for name in self._families:
            values[name] = values[name].copy()
        x = numpy.split(self._own.made.x, self._ends) if self.leaves else []
        for (name, places), numbers in zip(self.leaves, x, strict=True):
            values[name][places] = numbers
        walks: list[ArrayWalk | Met] = []
        rows = {**ready.rows}
        with writer.watched():
            for unit in ready.units:
                if isinstance(unit, Stepped):
                    met = unit.forward(values, rows, more, writer.steps)
                    writer.small |= met.small
                    walks.append(met)
                    continue
                part, family, target = unit
                walk = walk_through(part, writer, values, rows)
                walk.forward()
                if family:
                    values[family][target] = walk.found[part.roots[0]]
                else:
                    rows |= {row: walk.found[row] for row in part.roots}
                walks.append(walk)
        return _Pass(values, rows, walks, writer.small or ready.small)

    def _backward(
        self,
        made: _Pass,
        scale: float = 1.0,
        more: float = 0.0,
        effects: list[float] | None = None,
        writer: ArrayWriter | None = None,
    ) -> tuple[Reals | None, bool]:
        """The gradient by the leaves, None where it is not finite, and whether something was too small
        for a double. scale: of the gradients on the way. more: as of `_forward`. effects: takes what
        the rounding of steps does. writer: as of `_forward`."""
        writer = writer or ArrayWriter(more)
        gradients = {name: numpy.full(len(made.values[name]), -0.0) for name in self._sloping}
        name, at = self.output
        if name not in gradients:
            return numpy.zeros(sum(len(places) for _, places in self.leaves)), False
        gradients[name][at] = scale
        by_row: dict[int, Spread] = {}
        sums = SliceSums(gradients, by_row, self._often)
        with writer.watched():
            for unit, walk in zip(reversed(self._plain.units), reversed(made.walks), strict=True):
                if isinstance(unit, Stepped):
                    rest = (
                        made.rows,
                        gradients,
                        sums.by_row,
                        self._moving.reached,
                        more,
                        writer.steps,
                    )
                    writer.small |= unit.backward(made.values, *rest)
                    if effects is not None:
                        effects += _of_members(unit, made.values, gradients)
                    continue
                assert isinstance(walk, ArrayWalk)
                walk.writer = writer
                steps = unit.part.steps if effects is not None else ()
                if not unit.family:
                    sums.settle()
                here = sums.by_row if unit.family else by_row
                found = bring_back(walk, unit, gradients, here, steps)
                sums.next()
                if effects is not None:
                    effects += _of_steps(walk, found)
            sums.end()
            slopes = [gradients[name][places] for name, places in self.leaves]
            whole = (numpy.concatenate([numpy.zeros(0), *slopes]) + 0.0) / scale
        return (whole if numpy.isfinite(whole).all() else None), writer.small


def _bodies(unit: Turn | Stepped) -> Sequence[Turn | Timed]:
    return unit.bodies if isinstance(unit, Stepped) else [unit]


def _of_steps(walk: ArrayWalk, found: Mapping[int, Spread]) -> Iterator[float]:
    """For the steps of a walk what their size, as large as all roundings of it, does to the output: of
    all combinations the root of the squares. found: the gradients by steps."""
    part = walk.part
    for step in part.steps:
        out, slope = numpy.asarray(walk.found[step]), numpy.asarray(found[step])
        special = part.columns.specials.get(step)
        if isinstance(special, Gathered):
            domain, terms = part.domains[step], walk.found[special.row]
            yield from gathers.effects(special.gather, domain, terms, out, slope)
        elif special is None:
            yield norm(out * slope)


def _of_members(
    unit: Stepped, values: Mapping[str, Reals], gradients: Mapping[str, Reals]
) -> Iterator[float]:
    """As `_of_steps`, about: as if each step of a member had its size and its gradient."""
    for body in unit.bodies:
        members = values[body.family][body.target] * gradients[body.family][body.target]
        yield norm(members) * sqrt(len(body.part.steps))
