"""L-BFGS: lower points from the last few steps and how the gradient changed with them.

Nocedal, Wright: Numerical Optimization, 2006, algorithms 7.4 and 7.5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import hypot, inf
from sys import float_info
from typing import Any, NamedTuple

from backprop.descent.course import Run
from backprop.descent.line_search import LineSearch
from backprop.descent.objective import Point
from backprop.descent.problem import dot
from backprop.descent.walls import Lower, Walls

_FEW = 50
"""The most numbers that are computed with one by one: for so few that takes no longer than arrays."""

_MOST_TRIALS = 50
"""The most trials along one line."""

Vector = Any
"""A list of numbers, or an array."""


class Arithmetic(NamedTuple):
    """What is done with the numbers of points: from a list and to one, the product of two, a multiple, and
    one plus a multiple of another."""

    numbers: Callable[[Point], Vector]
    point: Callable[[Vector], Point]
    dot: Callable[[Vector, Vector], float]
    times: Callable[[float, Vector], Vector]
    plus: Callable[[Vector, float, Vector], Vector]


_ONE_BY_ONE = Arithmetic(
    list,
    list,
    dot,
    lambda factor, x: [factor * number for number in x],
    lambda x, factor, y: [one + factor * other for one, other in zip(x, y, strict=True)],
)


def _arithmetic(count: int) -> Arithmetic:
    """That of so many numbers."""
    if count <= _FEW:
        return _ONE_BY_ONE
    import numpy

    return Arithmetic(
        numpy.array,
        lambda x: x.tolist(),
        lambda x, y: float(numpy.dot(x, y)),
        lambda factor, x: factor * x,
        lambda x, factor, y: x + factor * y,
    )


class Remembered(NamedTuple):
    """A step, how the gradient changed with it, and their product."""

    step: Vector
    change: Vector
    product: float


class LimitedMemory:
    """A search that begins where a run is. most: how many steps are remembered."""

    def __init__(self, run: Run, walls: Walls, most: int) -> None:
        self.run, self.walls = run, walls
        self._pairs: deque[Remembered] = deque(maxlen=most)
        self._of = _arithmetic(len(run.x))

    def descend(self) -> None:
        """Until no lower point is found, or the run raises Stop."""
        of, run = self._of, self.run
        x, gradient = of.numbers(run.x), of.numbers(run.gradient)
        while True:
            found = self._along(x, self.direction(gradient), gradient)
            if found is None:
                if not self._pairs:
                    return
                self._pairs.clear()  # what it remembers may have misled it
                continue
            value, point, slopes = found
            before, gradient_before = x, gradient
            x, gradient = of.numbers(point), of.numbers(slopes)
            step, change = of.plus(x, -1.0, before), of.plus(gradient, -1.0, gradient_before)
            product = of.dot(step, change)
            # where it does not bend up a step says nothing of second derivatives that are positive
            if product > -float_info.epsilon * of.dot(step, gradient_before) and product < inf:
                self._pairs.append(Remembered(step, change, product))
            run.step(point, value, slopes)

    def direction(self, gradient: Vector) -> Vector:
        """Minus the inverse of the second derivatives, as far as they are known, times a gradient.

        Algorithm 7.4; what is not known is a multiple of the unit matrix, (7.20).
        """
        of, factors = self._of, list[float]()
        found = of.times(-1.0, gradient)
        for step, change, product in reversed(self._pairs):
            factors.append(of.dot(step, found) / product)
            found = of.plus(found, -factors[-1], change)
        if self._pairs:
            _, change, product = self._pairs[-1]
            found = of.times(product / of.dot(change, change), found)
        for (step, change, product), factor in zip(self._pairs, reversed(factors), strict=True):
            found = of.plus(found, factor - of.dot(change, found) / product, step)
        return found

    def _along(self, x: Vector, direction: Vector, gradient: Vector) -> Lower | None:
        """Value, point and gradient at a lower point along a direction; None if there is none."""
        of, run, walls = self._of, self.run, self.walls
        slope = of.dot(direction, gradient)
        if not -inf < slope < 0:
            return None
        search = LineSearch(
            run.value, slope, 1.0 if self._pairs else 1 / hypot(*of.point(gradient))
        )
        for _ in range(_MOST_TRIALS):
            point = of.point(of.plus(x, search.step, direction))
            if point == run.x:
                break
            value, slopes = walls.at(point)
            goes_on = search.tried(value, of.dot(direction, of.numbers(slopes)))
            if search.good:
                walls.lowest = None
                return value, point, slopes
            if not goes_on:
                break
        found, walls.lowest = walls.lowest, None
        return found
