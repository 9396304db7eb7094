"""Second derivatives of loops with recurrences at a point: gradients of the derivative along a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import float_info
from typing import TYPE_CHECKING

import numpy

from backprop.engine.sparsity import Sparsity
from backprop.errors import NoMachineCode
from backprop.loops.along_plan import AlongPlan, coefficient
from backprop.loops.domains import Reals
from backprop.loops.engine import ArrayEngine
from backprop.loops.everything import has_borders
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.many import NotLoops
from backprop.loops.moving import Leaves
from backprop.loops.ready import Needed
from backprop.loops.recurrence import Recurrence
from backprop.loops.rounded import SIZE
from backprop.loops.second import Curvature
from backprop.loops.walks import Doubtful

if TYPE_CHECKING:
    from backprop.loops.native.nest_engine import NestEngine

_ROUNDED = 4 * float_info.epsilon
"""How far rounding moves what is added up, relative to its sizes."""

_TRIES = 4
"""So often machine code changes everything, each time in other ways."""


class LineCurvature:
    """As `LoopCurvature`, of any plan: what an output does where the leaves x move as `x + t*v` is computed
    beside it, and the gradient of that by x is the Hessian times v, by v the gradient. Each vector takes a
    way there and back. by_code: whether by machine code, if nothing can stand on a border, and it can run
    through what is computed. Raises NotLoops, TooLarge."""

    def __init__(self, asked: Needed, by_code: bool = False) -> None:
        plan, (family, place), leaves, numbers = asked
        line = AlongPlan(plan, [name for name, _ in leaves], [family], 1)
        self._engine: ArrayEngine | NestEngine | None = None
        if family in line.orders:
            ways = [(coefficient(name, 1), places) for name, places in leaves]
            made = (coefficient(family, 1), place), [*leaves, *ways], line.numbers(numbers)
            self._engine = _by_code(line, *made) if by_code else None
            self._engine = self._engine or ArrayEngine(line, *made)

    @property
    def by_code(self) -> bool:
        """Whether machine code computes it."""
        return not isinstance(self._engine, ArrayEngine)

    def at(self, x: Reals, vectors: Reals) -> Curvature:
        """What `LoopCurvature.at` finds."""
        engine, count = self._engine, len(x)
        gradient, products = numpy.zeros(count), numpy.zeros((len(vectors), count))
        if engine is None:
            return Curvature(numpy.nan, gradient, products)
        both = numpy.zeros(2 * count)
        both[:count] = x
        for row in range(max(len(vectors), 1)):
            if len(vectors):
                both[count:] = vectors[row]
            found = self._slopes(engine, both)
            products[row : row + 1] = found[:count]
            gradient[:] = found[count:]
        return Curvature(numpy.nan, gradient, products)

    def _slopes(self, engine: ArrayEngine | NestEngine, both: Reals) -> Reals:
        """The gradient by the leaves and by a direction, one behind the other. both: their numbers."""
        found = None
        if engine.forward(both) is not None:
            bordering = isinstance(engine, ArrayEngine) and engine.at_border()
            found = None if bordering else engine.backward()
        if found is None:
            raise Doubtful("a step")
        slopes: Reals = found
        return slopes

    def pattern(self) -> Sparsity | None:
        """None: not known."""
        return None

    def sizes(self, x: Reals, vectors: Reals) -> Curvature:
        """As `at`, with numbers in the place of all of which a few units in the last place are how far
        rounding may move these."""
        gradient, products = numpy.zeros(len(x)), numpy.zeros((len(vectors), len(x)))
        for row, vector in enumerate(vectors if self._engine else ()):
            assert self._engine is not None
            both = numpy.concatenate([x, vector])
            known = self._slopes(self._engine, both).copy() if self.by_code else None
            noise = None if known is None else self._shaken(both, known)
            noise = self._engine.careful.tamed_noise(both, known) if noise is None else noise
            if noise is None:
                raise Doubtful("a step")
            products[row], gradient = noise[: len(x)] / _ROUNDED, noise[len(x) :] / _ROUNDED
        return Curvature(numpy.nan, gradient, products)

    def _shaken(self, both: Reals, known: Reals) -> Reals | None:
        """How far rounding may move slopes, as machine code shows it that changes everything a little; None
        where it does not. known: the slopes."""
        engine = self._engine
        shown = numpy.zeros(len(both))
        for turn in range(_TRIES):
            moved = None if isinstance(engine, ArrayEngine | None) else engine.shaken(both, turn)
            if moved is None:
                return None
            shown = numpy.maximum(shown, numpy.abs(moved - known))
        return shown * (2 * _ROUNDED / SIZE)

    def gradient_sizes(self, x: Reals) -> Reals:
        """What `LoopCurvature.gradient_sizes` finds, about."""
        return self.sizes(x, numpy.zeros((1, len(x)))).gradient


def _by_code(
    line: AlongPlan,
    output: tuple[str, int],
    leaves: Sequence[Leaves],
    numbers: Mapping[str, FileNumbers],
) -> NestEngine | None:
    """Machine code, which does not look for borders; None where there may be some, or it is not made."""
    runs = [run.bodies if isinstance(run, Recurrence) else [run] for run in line.runs]
    if any(has_borders(each.part) for run in runs for each in run):
        return None
    try:
        from backprop.loops.native.nest_engine import NestEngine  # with LLVM

        return NestEngine(line, output, leaves, numbers)
    except (NoMachineCode, NotLoops):
        return None
