"""What is to be minimised: an output as a function of its free parameters, and their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import hypot, inf, isfinite, nan, sqrt
from operator import mul
from random import Random
from sys import float_info
from typing import TYPE_CHECKING

from backprop.engine.choosing import build, choose
from backprop.engine.engines import Engine, Interpreted, StraightCode, TapeCode
from backprop.engine.underflow import too_small
from backprop.errors import IndeterminateForm, InfiniteSlope, NotFinite
from backprop.evaluation import diagnosis
from backprop.evaluation.gradient import Evaluation, settled
from backprop.graph import Graph, depending
from backprop.language import Model
from backprop.language.declarations import FREE
from backprop.values import derivatives, forward

if TYPE_CHECKING:
    from backprop.descent.hessian import SecondDerivatives

Point = list[float]

_WORK = 10_000
"""Where the chain rule does not decide, values of many digits do, for so many slopes of steps: some
two seconds. After that the gradient is one close by, so far away, relative to numbers above 1."""

_MANY = 20
"""Of more undecided slopes at one point the first are not worth so much work without the others."""

_CLOSE = 1e-8


class Problem:
    """`value(x)` and `gradient()` at the last x, for numbers x in the order of `names`.

    Where the output is to be maximised, `sign` is -1 and both are those of its negative, so that
    every method minimises. at: the output where x begins; its other inputs keep their numbers.
    bounds: for some of the names the least and the largest number allowed. engine, runs: how the
    graph is to be computed, and about how often (`engine.choosing`).
    """

    def __init__(
        self,
        model: Model,
        at: Evaluation,
        names: Sequence[str],
        bounds: Mapping[str, tuple[float, float]],
        maximize: bool = False,
        engine: str = "python",
        runs: int = 1,
    ) -> None:
        self.model = model
        self.output = at.gradient.output
        self.names = list(names)
        self.bounds = dict(bounds)
        self.sign = -1.0 if maximize else 1.0
        self.low, self.high = ([bounds.get(name, FREE)[end] for name in names] for end in (0, 1))
        self.bounded = any(map(isfinite, [*self.low, *self.high]))
        self.evaluations = 0
        self._work = 0
        self.graph = graph = at.graph
        self.leaves = [model.names[name] for name in names]
        self._data = data = at.numbers.data
        self.start = self.inside([data[leaf] for leaf in self.leaves])
        """Where x begins, moved into the bounds."""
        # What no free parameter leads to stays as it is: only the rest is computed again.
        moving = depending(graph, self.leaves, graph.steps)
        self.fixed = {node: data[node] for node in graph.inputs if node not in moving}
        """The numbers of the inputs that stay where they are."""
        self._moving = Graph(model.columns, graph.outputs, model.labels)
        self._moving.order = [node for node in graph.order if node in moving]
        self.size = len(self._moving.steps)
        """How many steps are computed at every point."""
        self._moving = self._moving.for_many_walks()
        self._engine: Engine | None = None
        self._asked = engine
        self._x: Sequence[float] | None = None
        """Where the engine computed the last value; None: the interpreter did."""
        if choose(engine, self.size, runs) is not Interpreted:
            self._engine = build(graph, self.leaves, self.fixed, engine, runs)

    def named(self, x: Sequence[float]) -> dict[str, float]:
        """What there is for each parameter, by its name."""
        return dict(zip(self.names, x, strict=True))

    def value(self, x: Sequence[float]) -> float:
        """The output at x. Raises NotFinite, with the step that has no finite value."""
        self.evaluations += 1
        found = None
        if self._engine and all(map(isfinite, x)):
            found = self._engine.forward(x)
        self._x = None if found is None else x
        return self._interpreted(x) if found is None else found * self.sign

    def known(self, x: Sequence[float], otherwise: float) -> float:
        """The output at x, or the other number where it has no value."""
        try:
            return self.value(x)
        except NotFinite:
            return otherwise

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

    @cached_property
    def second_derivatives(self) -> SecondDerivatives | None:
        """Those of the output, not turned where it is to be maximised; None if it has too many steps."""
        from backprop.descent.hessian import MOST_STEPS, SecondDerivatives  # numpy is rarely wanted

        if len(self.graph.steps) > MOST_STEPS:
            return None
        ready = isinstance(self._engine, (StraightCode, TapeCode))
        return SecondDerivatives(self.graph, self.leaves, self.fixed, self._asked, ready)

    def _interpreted(self, x: Sequence[float]) -> float:
        graph, data = self._moving, self._data
        for leaf, number in zip(self.leaves, x, strict=True):
            data[leaf] = number
        if not isfinite(sum(x)) and not all(map(isfinite, x)):  # the sum is the quicker look
            name = next(name for name, number in self.named(x).items() if not isfinite(number))
            message, hints = f"the step takes {name} beyond 1.8e308", ["take a smaller --lr"]
            raise NotFinite(message, hints=hints, where=self.model.source.name)
        forward(graph, graph.steps, data)
        diagnosis.values(self.model, graph.order, len(graph.order), data)
        return data[graph.output] * self.sign

    def gradient(self) -> Point:
        """The derivatives of the output where it was last computed. Raises NotFinite."""
        if self._engine and self._x is not None:
            found = self._engine.backward()
            if found is not None:
                return [float(slope) * self.sign for slope in found]
            self._interpreted(self._x)
        gradients = derivatives(self._moving, self._data)
        slopes = [gradients[leaf] * self.sign for leaf in self.leaves]
        finite = isfinite(sum(slopes)) or all(map(isfinite, slopes))
        sure = finite and not too_small(self._moving, self._data)
        return slopes if sure else self._doubtful()

    def _doubtful(self) -> Point:
        """The derivatives where the chain rule meets something that is not finite, or too small."""
        if self._work > _WORK and (slopes := self._close_by()):
            return slopes
        gradients = [0.0] * len(self._data)
        found = settled(self.graph, self._data, gradients) or {}
        undecided = {leaf: found[leaf] for leaf in self.leaves if leaf in found}
        self._work += self.size * (1 + len(undecided))
        if len(undecided) > _MANY and self._work > _WORK and (slopes := self._close_by()):
            return slopes
        warnings: list[InfiniteSlope] = []
        if undecided:
            from backprop.evaluation.indeterminate import by_values

            warnings += by_values(self.model, self.graph, self._data, gradients, undecided)
        slopes = [gradients[leaf] * self.sign for leaf in self.leaves]
        if not all(map(isfinite, slopes)):
            at = self.model, self.graph, self._data
            warnings += diagnosis.gradients(*at, gradients, undecided)
            warnings[0].also = tuple(warnings[1:])
            raise warnings[0]
        return slopes

    def _close_by(self) -> Point | None:
        """The derivatives at a point close by, None where the chain rule does not decide there."""
        here, random = [self._data[leaf] for leaf in self.leaves], Random(0)
        near = [at + _CLOSE * max(1.0, abs(at)) * random.uniform(-1.0, 1.0) for at in here]
        try:
            self._interpreted(self.inside(near))
            gradients = derivatives(self._moving, self._data)
        except NotFinite:
            gradients = [nan] * len(self._data)
        self._interpreted(here)
        slopes = [gradients[leaf] * self.sign for leaf in self.leaves]
        return slopes if all(map(isfinite, slopes)) else None

    def rounding(self, x: Sequence[float]) -> float:
        """How far rounding may have moved the output at x, where it has a value and a gradient.

        The result of each step is rounded, and its gradient says what that does to the output
        (Linnainmaa: Taylor expansion of the accumulated rounding error, BIT 16, 1976). Roundings go
        up as often as down, so their squares add up; with a whole last bit for each step the root
        is some four standard deviations. What has no finite effect is left out.
        """
        self._interpreted(x)
        gradients = derivatives(self._moving, self._data)
        effects = (self._data[step] * gradients[step] for step in self._moving.steps)
        return float_info.epsilon * hypot(*filter(isfinite, effects))

    def moved(self, steps: Sequence[int]) -> bool:
        """Whether one of these steps of the graph depends on a parameter."""
        return bool(steps) and not set(steps).isdisjoint(self._moving.steps)

    @property
    def bottomless(self) -> bool:
        """Whether the output has just fallen to minus infinity, where all descent ends."""
        return self._data[self.graph.output] * self.sign == -inf

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
