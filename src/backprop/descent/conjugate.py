"""Nonlinear conjugate gradients: each direction from the gradient and the last step alone.

Nocedal, Wright: Numerical Optimization, 2006, section 5.2, formula (5.46) of Hestenes and Stiefel; where that
is negative it begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from backprop.descent.line_method import Directions
from backprop.descent.vectors import Change, Vector, arithmetic


class Conjugate(Directions):
    """The last change. count: of the numbers of a point."""

    flatter = 0.3
    """Directions are conjugate where the searches along lines are exact: these are more so."""

    def __init__(self, count: int) -> None:
        self.of = arithmetic(count)
        self._last: Change | None = None

    @property
    def is_empty(self) -> bool:
        return self._last is None

    def forget(self) -> None:
        self._last = None

    def learn(self, change: Change) -> None:
        self._last = change

    def direction(self, gradient: Vector, held: Sequence[int] = ()) -> Vector:
        of, last = self.of, self._last
        down = of.times(-1.0, gradient)
        if last is None:
            return down
        part = of.dot(last.gradient, gradient) / last.product
        return of.plus(down, max(0.0, part), last.step)

    def first(self, slope: float) -> float:
        """To where this slope promises the fall that the last one promised (Nocedal, Wright: Numerical
        Optimization, 2006, section 3.5)."""
        assert self._last
        return self._last.slope / slope
