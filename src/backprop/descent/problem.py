"""What is to be minimised: an output as a function of its free parameters, and their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot, inf, isfinite, sqrt
from sys import float_info

from backprop.engine import backward, forward
from backprop.engine.program import Engine, Interpreted, build, choose
from backprop.errors import NotFinite
from backprop.evaluation import diagnosis
from backprop.language import Model
from backprop.values import Value, in_order

Point = list[float]


class Problem:
    """`value(x)` and `gradient()` at the last x, for numbers x in the order of `names`.

    Where the output is to be maximised, `sign` is -1 and both are those of its negative, so that
    every method minimises. bounds: for some of the names the least and the largest number allowed.
    All inputs have their numbers before. engine, runs: how the graph is to be computed, and about how
    often (`engine.program`); where machine code computes it, the Values keep other numbers.
    """

    def __init__(
        self,
        model: Model,
        output: str,
        names: Sequence[str],
        bounds: Mapping[str, tuple[float, float]],
        maximize: bool = False,
        engine: str = "python",
        runs: int = 1,
    ) -> None:
        self.model = model
        self.output = output
        self.names = list(names)
        self.sign = -1.0 if maximize else 1.0
        self.low = [bounds.get(name, (-inf, inf))[0] for name in names]
        self.high = [bounds.get(name, (-inf, inf))[1] for name in names]
        self.bounded = any(map(isfinite, [*self.low, *self.high]))
        self.evaluations = 0
        self.leaves = [model.values[name] for name in names]
        root = model.values[output]
        self.order = in_order([root])
        """Everything that leads to the output, operands first."""
        # What no free parameter leads to stays as it is: only the rest is computed again.
        moving = set(self.leaves)
        steps: list[Value] = []
        for value in self.order:
            if not moving.isdisjoint(value.prev):
                moving.add(value)
                steps.append(value)
        self._root = root
        self._steps = steps
        self._order = [*(leaf for leaf in self.leaves if leaf is not root), *steps] or [root]
        self.size = len(steps)
        """How many steps are computed at every point."""
        self._engine: Engine | None = None
        self._x: Sequence[float] = ()
        self._by_engine = False
        """Whether the engine computed the last value, so that the Values hold other numbers."""
        if choose(engine, self.size, runs) is not Interpreted:
            self._engine = build(self.order, self.leaves, engine, runs)

    @property
    def start(self) -> Point:
        """The numbers that the Values hold, moved into the bounds."""
        return self.inside([leaf.data for leaf in self.leaves])

    def value(self, x: Sequence[float]) -> float:
        """The output at x. Raises NotFinite, with the step that has no finite value."""
        self.evaluations += 1
        finite = all(map(isfinite, x))
        self._by_engine = False
        if self._engine is not None and finite:
            self._x = x
            found = self._engine.forward(x)
            if found is not None:
                self._by_engine = True
                return found * self.sign
        return self._interpreted(x, finite)

    def _interpreted(self, x: Sequence[float], finite: bool = True) -> float:
        for leaf, number in zip(self.leaves, x, strict=True):
            leaf.data = number
        if not finite:
            raise self._beyond(x)
        forward(self._steps)
        if not all([isfinite(step.data) for step in self._order]):  # noqa: C419  twice as fast
            diagnosis.values(self.model, self._order, len(self._order))
        return self._root.data * self.sign

    def gradient(self) -> Point:
        """The derivatives of the output where it was last computed. Raises NotFinite."""
        sign = self.sign
        if self._by_engine and self._engine is not None:
            by_engine = self._engine.backward()
            if by_engine is not None:
                return [number * sign for number in map(float, by_engine)]
            self._interpreted(self._x)
        backward(self._order)
        found = [leaf.grad * sign for leaf in self.leaves]
        if not all(map(isfinite, found)):
            warnings = diagnosis.gradients(self.model, self._order)
            warnings[0].also = tuple(warnings[1:])
            raise warnings[0]
        return found

    def rounding(self, x: Sequence[float]) -> float:
        """How far rounding may have moved the output at x, where it has a value and a gradient.

        The result of each step is rounded, and its gradient says what that does to the output
        (Linnainmaa: Taylor expansion of the accumulated rounding error, BIT 16, 1976). Roundings go
        up as often as down, so their squares add up; with a whole last bit for each step the root
        is some four standard deviations. What has no finite effect is left out.
        """
        self._interpreted(x)
        backward(self._order)
        effects = (step.data * step.grad for step in self._steps)
        return float_info.epsilon * hypot(*filter(isfinite, effects))

    def _beyond(self, x: Sequence[float]) -> NotFinite:
        """The error for a step that leaves the range of doubles."""
        name = next(
            name for name, number in zip(self.names, x, strict=True) if not isfinite(number)
        )
        return NotFinite(
            f"the step takes {name} beyond 1.8e308",
            hints=["take a smaller --lr"],
            where=self.model.source.name,
        )

    @property
    def bottomless(self) -> bool:
        """Whether the output has just fallen to minus infinity, where all descent ends."""
        return self._root.data * self.sign == -inf

    def inside(self, x: Sequence[float]) -> Point:
        """x with every number moved to its bound where it lies beyond."""
        if not self.bounded:
            return list(x)
        return [
            low if number < low else high if number > high else number
            for number, low, high in zip(x, self.low, self.high, strict=True)
        ]

    def norm(self, x: Sequence[float], gradient: Sequence[float]) -> float:
        """The Euclidean norm of the gradient, without what only pushes against a bound."""
        return hypot(*self._pushing_inside(x, gradient))

    def clipped_norm(self, x: Sequence[float], gradient: Sequence[float]) -> float:
        """The same as clipping measures it: a sum of squares in order, the compiled loop's to the bit."""
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
