"""What is to be minimised: an output as a function of its free parameters, and their bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import hypot, inf, isfinite, sqrt
from operator import mul
from random import Random
from sys import float_info
from typing import Any, Literal, NamedTuple

from backprop.descent.objective import Bends, Objective, Point, SquaredSum
from backprop.errors import IndeterminateForm, NotFinite
from backprop.language.declarations import FREE

_LITTLE = float_info.min
"""What is less has lost digits, and so have its products."""

_RIGHT_BESIDE = 1e-10
"""Right beside a point is what differs from it by this part."""

FEW = 100
"""The most parameters for which second derivatives are used without being asked for."""

_AFFORDABLE = 10_000_000
"""The most steps times parameters of a table of second derivatives that nobody asked for."""


class Interrupted(Exception):
    """Somebody wants the descent to end at once."""


class Band(NamedTuple):
    """An order of n inputs in which second derivatives are a band. place: of each input, (n,). width: how far
    those that meet are from one another."""

    place: Any
    width: int


class Problem:
    """`value(x)` and `gradient()` at the last x, for numbers x in the order of `names`.

    Where the output is to be maximised, `sign` is -1 and both are those of its negative, so that
    every method minimises. bounds: for some of the names the least and the largest number allowed.
    """

    def __init__(
        self,
        objective: Objective,
        bounds: Mapping[str, tuple[float, float]],
        maximize: bool = False,
    ) -> None:
        self.objective = objective
        self.model, self.output = objective.model, objective.output
        self.names = names = [*objective.names]
        self.bounds = dict(bounds)
        self.sign = -1.0 if maximize else 1.0
        self.low, self.high = ([bounds.get(name, FREE)[end] for name in names] for end in (0, 1))
        self.bounded = any(map(isfinite, [*self.low, *self.high]))
        self.evaluations = 0
        self.band: Band | Literal[False] | None = None
        """The band of its second derivatives, if anybody has looked for it; False: there is none."""
        self.is_interrupted: Callable[[], bool] = bool
        """Whether the descent is to end before the next value."""
        objective.inside = self.inside
        self.start = self.inside(objective.start)
        """Where x begins, moved into the bounds."""

    @property
    def size(self) -> int:
        """How many steps are computed at every point."""
        return self.objective.size

    @property
    def work(self) -> int:
        """About how many steps in Python take the time of a value."""
        return max(1, self.objective.work)

    def named(self, x: Sequence[float]) -> dict[str, float]:
        """What there is for each parameter, by its name."""
        return dict(zip(self.names, x, strict=True))

    def value(self, x: Sequence[float]) -> float:
        """The output at x. Raises NotFinite, with the step that has no finite value, or which
        `explained` finds, and Interrupted."""
        if self.is_interrupted():
            raise Interrupted
        self.evaluations += 1
        return self.objective.value(x) * self.sign

    def gradient(self) -> Point:
        """The derivatives of the output where it was last computed. Raises NotFinite."""
        slopes, sign = self.objective.gradient(), self.sign
        return slopes if sign > 0 else [slope * sign for slope in slopes]

    def known(self, x: Sequence[float], otherwise: float) -> float:
        """The output at x, or the other number where it has no value."""
        try:
            return self.value(x)
        except NotFinite:
            return otherwise

    def foresee(self, points: Sequence[Point]) -> Sequence[Point]:
        """The points, whose values are asked for next: all are computed at once where each takes a pass."""
        if foresee := getattr(self.objective, "foresee", None):
            foresee(points)
        return points

    def both(self, x: Sequence[float]) -> tuple[float, Point]:
        """Value and gradient at x. Raises NotFinite."""
        return self.value(x), self.gradient()

    def at_rest_or_both(self, x: Sequence[float]) -> tuple[float, Point]:
        """Value and gradient at x: 0 where values show no slope that the chain rule leaves open."""
        value = self.value(x)
        try:
            return value, self.gradient()
        except IndeterminateForm:
            return value, [0.0] * len(x)

    @property
    def second_derivatives(self) -> Bends | None:
        """Those of the output, not turned where it is to be maximised; None if it has too many steps."""
        return self.objective.second_derivatives

    @property
    def affords_bends(self) -> bool:
        """Whether all second derivatives are so quickly known that they are used without being asked for."""
        count = len(self.names)
        if count > FEW or count * self.size > _AFFORDABLE:
            return False
        return self.objective.has_bends_at_hand and self.second_derivatives is not None

    def squares(self) -> SquaredSum | None:
        """What is squared and added up in what is minimised, if that is all; each time made anew."""
        return self.objective.squares(self.sign)

    def explained(self, error: NotFinite) -> NotFinite:
        """An error that `value` raised, with the step that has no finite value."""
        return self.objective.explained(error)

    def rounding(self, x: Sequence[float]) -> float:
        """How far rounding may have moved the output at x, where it has a value and a gradient.

        The result of each step is rounded, and its gradient says what that does to the output
        (Linnainmaa: Taylor expansion of the accumulated rounding error, BIT 16, 1976). Roundings go
        up as often as down, so their squares add up; with a whole last bit for each step the root
        is some four standard deviations. What has no finite effect is left out. At a corner, where
        the chain rule says that the slope of abs is 0, right beside it is looked, too.
        """
        found = self.objective.rounding(x)
        if self.objective.is_smooth or len(x) > FEW:
            return found
        turn = Random(0).uniform
        beside = self.inside([at * (1 + turn(-_RIGHT_BESIDE, _RIGHT_BESIDE)) for at in x])
        try:
            return max(found, self.objective.rounding(beside))
        except NotFinite:
            return found

    @property
    def bottomless(self) -> bool:
        """Whether the output has just fallen to minus infinity, where all descent ends; it has not where
        -log(1 + exp(x)) is -inf at x = 1000."""
        falls = self.objective.last * self.sign == -inf
        return falls and not self.objective.infinite_by_rounding()

    def inside(self, x: Sequence[float]) -> Point:
        """x with every number moved to its bound where it lies beyond."""
        if not self.bounded:
            return list(x)
        return [
            low if number < low else high if number > high else number
            for number, low, high in zip(x, self.low, self.high, strict=True)
        ]

    def told(self, x: Point, value: float, gradient: Point) -> Point:
        """x with 0 for numbers that are so little, like 1e-200, that they say no more of how far to move than
        0 does: twice as large, or 0, they would not change the output. value, gradient: those at x."""
        found, lost = [*x], float_info.epsilon * abs(value)
        for at, (number, slope) in enumerate(zip(x, gradient, strict=True)):
            if 0 < abs(number * slope) < lost or 0 < abs(number) < _LITTLE < abs(slope):
                moved = ([*x[:at], to, *x[at + 1 :]] for to in (0.0, 2 * number))
                if all(abs(self.known(each, inf) - value) <= lost for each in moved):
                    found[at] = 0.0
        return found

    def norm(self, x: Sequence[float], gradient: Sequence[float]) -> float:
        """The Euclidean norm of the gradient, without what only pushes against a bound."""
        return hypot(*self._pushing_inside(x, gradient))

    def clipped_norm(self, x: Sequence[float], gradient: Sequence[float]) -> float:
        """The norm that clipping measures: a sum of squares in order, the compiled loop's to the bit."""
        total = 0.0
        for slope in self._pushing_inside(x, gradient):
            total += slope * slope
        return sqrt(total) if 0 < total < inf else self.norm(x, gradient)

    def _pushing_inside(self, x: Sequence[float], gradient: Sequence[float]) -> Sequence[float]:
        if not self.bounded:
            return gradient
        return [
            0.0 if (at <= low and slope > 0) or (at >= high and slope < 0) else slope
            for at, slope, low, high in zip(x, gradient, self.low, self.high, strict=True)
        ]


def moves(x: Sequence[float], to: Sequence[float]) -> Point:
    """How far each number has moved."""
    return [new - old for new, old in zip(to, x, strict=True)]


def dot(x: Sequence[float], y: Sequence[float]) -> float:
    total: float = sum(map(mul, x, y))
    return total
