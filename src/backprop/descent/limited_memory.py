"""L-BFGS: second derivatives from the last few steps and how the gradient changed with them.

Nocedal, Wright: Numerical Optimization, 2006, algorithms 7.4 and 7.5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from backprop.descent.line_method import Directions
from backprop.descent.vectors import Change, Vector, arithmetic


class LimitedMemory(Directions):
    """The last changes. count: of the numbers of a point; most: how many changes are remembered."""

    flatter = 0.9

    def __init__(self, count: int, most: int) -> None:
        self.of = arithmetic(count)
        self.changes: deque[Change] = deque(maxlen=most)

    @property
    def is_empty(self) -> bool:
        return not self.changes

    def forget(self) -> None:
        self.changes.clear()

    def learn(self, change: Change) -> None:
        self.changes.append(change)

    def direction(self, gradient: Vector, held: Sequence[int] = ()) -> Vector:
        """Algorithm 7.4; what is not known is a multiple of the unit matrix, (7.20)."""
        of, factors = self.of, list[float]()
        found = of.times(-1.0, gradient)
        for each in reversed(self.changes):
            factors.append(of.dot(each.step, found) / each.product)
            found = of.plus(found, -factors[-1], each.gradient)
        if self.changes:
            last = self.changes[-1]
            found = of.times(last.product / of.dot(last.gradient, last.gradient), found)
        for each, factor in zip(self.changes, reversed(factors), strict=True):
            found = of.plus(found, factor - of.dot(each.gradient, found) / each.product, each.step)
        return found

    def first(self, slope: float) -> float:
        return 1.0
