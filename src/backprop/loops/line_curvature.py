"""Second derivatives of loops with recurrences at a point: gradients of the derivative along a line."""

from __future__ import annotations

from sys import float_info

import numpy

from backprop.engine.sparsity import Sparsity
from backprop.loops.along_plan import AlongPlan, coefficient
from backprop.loops.domains import Reals
from backprop.loops.engine import ArrayEngine
from backprop.loops.ready import Needed
from backprop.loops.second import Curvature
from backprop.loops.walks import Doubtful

_ROUNDED = 4 * float_info.epsilon
"""How far rounding moves what is added up, relative to its sizes."""


class LineCurvature:
    """As `LoopCurvature`, of any plan: what an output does where the leaves x move as `x + t*v` is computed
    beside it, and the gradient of that by x is the Hessian times v, by v the gradient. Each vector takes a
    way there and back. Raises NotLoops, TooLarge."""

    def __init__(self, asked: Needed) -> None:
        plan, (family, place), leaves, numbers = asked
        line = AlongPlan(plan, [name for name, _ in leaves], [family], 1)
        self._output = family, place
        self._moves = family in line.orders
        self._engine: ArrayEngine | None = None
        if self._moves:
            ways = [(coefficient(name, 1), places) for name, places in leaves]
            output = coefficient(family, 1), place
            self._engine = ArrayEngine(line, output, [*leaves, *ways], line.numbers(numbers))

    def at(self, x: Reals, vectors: Reals) -> Curvature:
        """What `LoopCurvature.at` finds."""
        gradient, products = numpy.zeros(len(x)), numpy.zeros((len(vectors), len(x)))
        if self._engine is None:
            return Curvature(numpy.nan, gradient, products)
        for row, vector in enumerate(vectors if len(vectors) else numpy.zeros((1, len(x)))):
            made = self._engine.forward(numpy.concatenate([x, vector]))
            found = None if made is None or self._engine.at_border() else self._engine.backward()
            if found is None:
                raise Doubtful("a step")
            gradient = found[len(x) :]
            products[row : row + 1] = found[: len(x)]
        return Curvature(numpy.nan, gradient, products)

    def pattern(self) -> Sparsity | None:
        """None: not known."""
        return None

    def sizes(self, x: Reals, vectors: Reals) -> Curvature:
        """As `at`, with numbers in the place of all of which a few units in the last place are how far
        rounding may move these."""
        gradient, products = numpy.zeros(len(x)), numpy.zeros((len(vectors), len(x)))
        for row, vector in enumerate(vectors if self._engine else ()):
            assert self._engine is not None
            noise = self._engine.noise(numpy.concatenate([x, vector]))
            if noise is None:
                raise Doubtful("a step")
            products[row], gradient = noise[: len(x)] / _ROUNDED, noise[len(x) :] / _ROUNDED
        return Curvature(numpy.nan, gradient, products)

    def gradient_sizes(self, x: Reals) -> Reals:
        """What `LoopCurvature.gradient_sizes` finds, about."""
        return self.sizes(x, numpy.zeros((1, len(x)))).gradient
