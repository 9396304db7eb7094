"""A plan at many points: one output and its gradient, for new numbers of some inputs.

What these do not lead to is computed once; of the rest only what leads to the output.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.engine.engines import Engine, Own
from backprop.engine.underflow import SCALE
from backprop.graph import depending
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals, Wholes
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.parts import ArrayWalk, Block, Turn
from backprop.loops.passes import bring_back, same, walk_through
from backprop.loops.plan import Plan
from backprop.syntax.functions import TINY

Leaves = tuple[str, Wholes]
"""Some inputs of a family: its name, and where they stand among its numbers."""


def places_of(model: LoopModel, names: Sequence[str]) -> list[Leaves]:
    """Where the numbers of names stand, one behind the other. Raises NotLoops for what is no name."""
    found: list[tuple[str, list[int]]] = []
    for name in names:
        place = model.place(name)
        if place is None:
            raise NotLoops(name)
        family = place[0].name
        if not found or found[-1][0] != family:
            found.append((family, []))
        found[-1][1].append(place[1])
    return [(name, numpy.array(places, dtype=numpy.int64)) for name, places in found]


class _Pass(NamedTuple):
    """What stands ready for a pass: the turns that move, each as the rows that do, and the numbers of
    all families. small: whether something that stays was too small for a double."""

    turns: Sequence[Turn]
    numbers: Mapping[str, Reals]
    small: bool


class _Last:
    """The last pass of a thread: its point, the numbers of all families, the walks, and whether a value
    was too small for a double."""

    x: Reals
    values: Mapping[str, Reals]
    walks: Sequence[ArrayWalk] | None = None
    small = False


class ArrayEngine(Engine):
    """Passes by NumPy.

    output: its family, and where it stands there. leaves: the inputs that numbers are given for, in
    this order. numbers: those of all inputs, by family; nan where there is none. Raises NotLoops where
    an input of the output has none, or what no leaf leads to is not finite.
    """

    def __init__(
        self,
        plan: Plan,
        output: tuple[str, int],
        leaves: Sequence[Leaves],
        numbers: Mapping[str, Reals],
    ) -> None:
        self.plan, self.output, self.leaves = plan, output, leaves
        self._given = numbers
        self._ends = numpy.cumsum([len(places) for _, places in leaves])[:-1]
        self.moved = {
            name: numpy.zeros(each.size + 1, dtype=bool) for name, each in plan.families.items()
        }
        for name, places in leaves:
            self.moved[name][places] = True
        self._moved_rows: set[int] = set()
        self._plain = self._ready(0.0)
        self.stays = self._plain.numbers
        """The numbers of what no leaf leads to."""
        self._shifted: _Pass | None = None
        self._families = [name for name, each in self.moved.items() if each.any()]
        """Those with members that move."""
        self.size = sum(map(_size, self._plain.turns))
        """About how many steps are computed at every point, unrolled."""
        self._own = Own(_Last)

    def forward(self, x: Any) -> float | None:
        own = self._own.made
        own.walks = None
        own.x = numpy.array(x, dtype=float)
        if not numpy.isfinite(own.x).all():
            return None
        found = self._forward(self._plain, ArrayWriter())
        if found is None:
            return None
        own.values, own.walks, own.small = found
        name, at = self.output
        value = float(own.values[name][at])
        return value if isfinite(value) else None

    def backward(self) -> Any:
        own = self._own.made
        if own.walks is None:
            return None
        gradient, small = self._backward(own.walks, 1.0)
        if own.small:  # then what is too small must have no say
            return gradient if gradient is not None and self._sure(gradient) else None
        if small:  # what is too small even then is left out, as of other large graphs
            gradient, _ = self._backward(own.walks, SCALE)
        return gradient

    def _sure(self, gradient: Reals) -> bool:
        """Whether value and gradient are what they are if what is too small is something else."""
        own = self._own.made
        more = TINY * 1.5
        if self._shifted is None:
            self._shifted = self._ready(more) if self._plain.small else self._plain
        found = self._forward(self._shifted, ArrayWriter(more))
        if found is None:
            return False
        values, walks, _ = found
        name, at = self.output
        other, _ = self._backward(walks, SCALE, ArrayWriter(more))
        return (
            other is not None
            and same(own.values[name][at : at + 1], values[name][at : at + 1])
            and same(gradient, other, TINY)
        )

    def _ready(self, more: float) -> _Pass:
        """Compute what stays. more: added to what is too small for a double."""
        plan, (output, at) = self.plan, self.output
        reached = plan.reached(output, at)
        for name, which in reached.items():
            inputs = ~numpy.isin(plan.families[name].owner, [*plan.computed, -2])
            if numpy.isnan(self._given[name][:-1][inputs & (which & ~self.moved[name])[:-1]]).any():
                raise NotLoops("an input without a number")
        values = {name: each.copy() for name, each in self._given.items()}
        writer = ArrayWriter(more)
        rows: dict[int, Spread] = {}
        turns: list[Turn] = []
        narrowed: dict[Any, Any] = {}
        with writer.watched():
            for turn in self._needed(reached):
                part = turn.part
                moving = [use.row for use in part.uses if self.moved[use.family][use.places].any()]
                moving += [row for row in part.outer if row in self._moved_rows]
                key = id(part.steps), *moving
                if key not in narrowed:
                    narrowed[key] = depending(part.columns, moving, part.steps)
                which = narrowed[key]
                walk = walk_through(_staying(part, which), writer, values, rows)
                walk.forward()
                if not walk.is_finite():
                    raise NotLoops("what is not finite")
                still = walk.part.roots
                if len(still) < len(part.roots):
                    turns.append(turn._replace(part=_moving(part, which, walk.found)))
                if not turn.family:
                    rows |= {row: walk.found[row] for row in still}
                    self._moved_rows.update(which.intersection(part.roots))
                elif still:
                    values[turn.family][turn.target] = walk.found[still[0]]
                else:
                    self.moved[turn.family][turn.target] = True
        return _Pass(turns, values, writer.small)

    def _needed(self, reached: Mapping[str, NDArray[numpy.bool_]]) -> list[Turn]:
        """The turns that lead to the output, in order."""
        found: list[Turn] = []
        rows: set[int] = set()
        for turn in reversed(self.plan.turns()):
            if (
                reached[turn.family][turn.target].any()
                if turn.family
                else not rows.isdisjoint(turn.part.roots)
            ):
                rows.update(turn.part.outer)
                found.append(turn)
        return found[::-1]

    def _forward(
        self, ready: _Pass, writer: ArrayWriter
    ) -> tuple[dict[str, Reals], list[ArrayWalk], bool] | None:
        """The numbers of all families, the walks, and whether something was too small for a double;
        None where something is not finite."""
        values = {**ready.numbers}
        for name in self._families:
            values[name] = values[name].copy()
        for (name, places), numbers in zip(
            self.leaves, numpy.split(self._own.made.x, self._ends), strict=True
        ):
            values[name][places] = numbers
        walks: list[ArrayWalk] = []
        rows: dict[int, Spread] = {}
        with writer.watched():
            for part, family, target in ready.turns:
                walk = walk_through(part, writer, values, rows)
                walk.forward()
                if not walk.is_finite():
                    return None
                if family:
                    values[family][target] = walk.found[part.roots[0]]
                else:
                    rows |= {row: walk.found[row] for row in part.roots}
                walks.append(walk)
        return values, walks, writer.small or ready.small

    def _backward(
        self, walks: Sequence[ArrayWalk], scale: float, writer: ArrayWriter | None = None
    ) -> tuple[Reals | None, bool]:
        """The gradient by the leaves, None where it is not finite, and whether something was too small
        for a double. scale: of the gradients on the way."""
        writer = writer or ArrayWriter()
        gradients = {name: numpy.full(len(self._given[name]), -0.0) for name in self._families}
        name, at = self.output
        if name not in gradients:
            return numpy.zeros(sum(len(places) for _, places in self.leaves)), False
        gradients[name][at] = scale
        by_row: dict[int, Spread] = {}
        with writer.watched():
            for turn, walk in zip(reversed(self._plain.turns), reversed(walks), strict=True):
                walk.writer = writer
                bring_back(walk, turn, gradients, by_row)
            if not self.leaves:
                return numpy.zeros(0), writer.small
            whole = numpy.concatenate([gradients[name][places] for name, places in self.leaves])
            whole = (whole + 0.0) / scale
        return (whole if numpy.isfinite(whole).all() else None), writer.small


def _staying(part: Block, which: Container[int]) -> Block:
    """A part without these rows."""
    return part._replace(
        roots=[row for row in part.roots if row not in which],
        steps=[row for row in part.steps if row not in which],
        outer=[row for row in part.outer if row not in which],
        uses=[use for use in part.uses if use.row not in which],
        looked=[row for row in part.looked if row not in which],
    )


def _moving(part: Block, which: set[int], found: Mapping[int, Any]) -> Block:
    """A part of which only these rows are left, and what is found of the others."""
    columns = part.columns
    steps = [step for step in part.steps if step in which]
    others = {each for step in steps for each in columns.operands(step)} - which
    return part._replace(
        roots=[row for row in part.roots if row in which],
        steps=steps,
        outer=[row for row in part.outer if row in which],
        known={row: found[row] for row in others},
        uses=[use for use in part.uses if use.row in which],
        ups={row: up for row, up in part.ups.items() if row in which},
        domains={row: each for row, each in part.domains.items() if row in which},
        moving=which,
        looked=[row for row in part.looked if row in which],
        bordering=[row for row in part.bordering if row in which],
    )


def _size(turn: Turn) -> int:
    """About how many steps a turn takes, unrolled."""
    part = turn.part
    homes, whole = part.columns.homes, part.columns.homes[part.roots[0]].size
    steps = sum(homes[step].size for step in part.steps if step not in part.ups)
    steps += sum(each.size for each in part.domains.values())
    if isinstance(turn.target, slice):
        count = turn.target.stop - turn.target.start
    else:
        count = len(turn.target)
    return steps * count // whole if turn.family else steps
