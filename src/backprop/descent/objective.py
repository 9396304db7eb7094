"""An output as a function of some inputs, by its graph: value, gradient, and how far both can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import hypot, isfinite, nan
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from backprop.engine.choosing import build, choose
from backprop.engine.engines import Engine, Interpreted, StraightCode, TapeCode
from backprop.engine.underflow import last_digits, too_small
from backprop.errors import InfiniteSlope, NotFinite
from backprop.evaluation import diagnosis
from backprop.evaluation.borders import is_smooth
from backprop.evaluation.gradient import Evaluation, Gradient, evaluate, settled
from backprop.evaluation.standing_still import without_standing
from backprop.graph import Graph, depending
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import ByNode, Lookup, any_steep, backward, derivatives, forward

if TYPE_CHECKING:
    from backprop.descent.squares import Squares
    from backprop.evaluation.second_derivatives import SecondDerivatives
    from backprop.evaluation.sweep_plan import Entries

Point = list[float]

_SLOPES = Lookup(functions.slopes)

_WORK = 10_000
"""Where the chain rule does not decide, values of many digits do, for so many slopes of steps: some
two seconds. After that the gradient is one close by, so far away, relative to the numbers."""

_MANY, _CLOSE = 20, 1e-8
"""Of more undecided slopes at one point the first are not worth so much work without the others."""

_NO_MATTER = 1e200
"""What is too small for a double, 1e-308, times so many times the gradient, is no matter."""

_MOST_PRECISE, _MOST_WALLS = 20_000, 200
"""Of so many steps an output that is infinite is computed again with exponents without end; so often."""

_STEP, _PARAMETER = 12e-6, 1.5e-6
"""Seconds that a step of a first-order method takes in Python besides value and gradient, and for each
parameter."""


def around(parameters: int) -> float:
    """Seconds that a compiled loop saves in each step of so many parameters."""
    return _STEP + _PARAMETER * parameters


class Ending(NamedTuple):
    """The last point of a descent. gradient: of it, nan where the chain rule does not decide. smooth:
    whether it is known that no step on the way stands on a border or has an infinite slope;
    continuous: that none is a condition or jumps anywhere. evaluation: of the graph, there."""

    gradient: Gradient
    evaluation: Callable[[], Evaluation]
    smooth: bool = False
    continuous: bool = False


class Bends(Protocol):
    """The second derivatives of an output by n parameters."""

    def at(self, x: Sequence[float], sizes: Sequence[float] = ()) -> Any:
        """They at a point, (n, n), but for rounding symmetric; None where the chain rule does not say what
        they are. sizes: those that the inputs have had: a border of a choice is near or not beside them."""

    def times(self, x: Sequence[float], vector: Any) -> Any:
        """Their product with a vector, (n,); None where the chain rule does not say what they are."""

    def entries(self, x: Sequence[float]) -> Entries | None:
        """Those that can be other than 0; None where that is nearly all of them, or not known."""

    def sizes(self, x: Sequence[float]) -> Any:
        """The sizes of all that is added up to each, (n, n): its rounding is a few units in their last
        place."""


class SquaredSum(Protocol):
    """The m residuals whose squares are added up in an output of n inputs."""

    def __len__(self) -> int:
        """How many there are."""

    def values(self, x: Sequence[float]) -> Any:
        """They at a point, (m,); not finite where a step is not."""

    def both(self, x: Sequence[float]) -> tuple[Any, Any]:
        """They, and their derivatives, (m, n)."""


class Objective(Protocol):
    """An output as a function of some inputs.

    names: of these, in order. start: their numbers to begin with. size: how many steps are computed at
    every point. last: the output where it was last computed, also where it is not finite. inside:
    moves a point into the bounds.
    """

    model: Model
    output: str
    names: Sequence[str]
    start: Point
    inside: Callable[[Sequence[float]], Point]

    @property
    def size(self) -> int: ...

    @property
    def work(self) -> int:
        """About how many steps in Python take the time of a value."""

    @property
    def last(self) -> float: ...

    def infinite_by_rounding(self) -> bool:
        """Whether the output is infinite where it was last computed because a step on the way is beyond
        doubles, and not because it is itself."""
        return False

    @property
    def has_bends_at_hand(self) -> bool:
        """Whether second derivatives need no more of the text unrolled than value and gradient."""

    @property
    def is_smooth(self) -> bool:
        """Whether no step that moves has a corner or a jump anywhere, or chooses."""

    @property
    def second_derivatives(self) -> Bends | None:
        """Those of the output; None if it has too many steps."""

    def squares(self, sign: float) -> SquaredSum | None:
        """The residuals whose squares are added up in the output times a sign; None if it is no such sum, or
        too large a one."""

    @property
    def graph(self) -> GraphObjective:
        """The output by its graph; raises what reading does."""

    def worth_compiling(self, engine: str, steps: int, around: float) -> bool:
        """Whether a compiled loop of so many steps pays, which saves so many seconds in each. engine: what
        a person asked for."""

    def value(self, x: Sequence[float]) -> float:
        """The output at x. Raises NotFinite."""

    def gradient(self) -> Point:
        """Its derivatives where it was last computed. Raises NotFinite."""

    def explained(self, error: NotFinite) -> NotFinite:
        """An error that `value` raised, with the step that has no finite value."""

    def rounding(self, x: Sequence[float]) -> float:
        """How far rounding may have moved the output at x."""

    def ending(self, x: Sequence[float]) -> Ending:
        """What there is to know of the last point of a descent."""


def look(objective: Objective, x: Sequence[float]) -> None:
    """Raise NotFinite for a point at which a number is not finite."""
    if isfinite(sum(x)) or all(map(isfinite, x)):  # the sum is the quicker look
        return
    numbers = zip(objective.names, x, strict=True)
    name = next(name for name, number in numbers if not isfinite(number))
    message, hints = f"the step takes {name} beyond 1.8e308", ["take a smaller --lr"]
    raise NotFinite(message, hints=hints, where=objective.model.source.name)


class GraphObjective(Objective):
    """An output by its graph.

    at: the output where x begins. given: the numbers of inputs that this was computed with; the other
    inputs keep theirs. engine, runs: how the graph is to be computed, and about how often
    (`engine.choosing`).
    """

    def __init__(
        self,
        model: Model,
        at: Evaluation,
        names: Sequence[str],
        given: Mapping[str, float],
        engine: str = "python",
        runs: int = 1,
    ) -> None:
        self.model, self.output, self.names = model, at.gradient.output, list(names)
        self._given = given
        self.inside = list
        self.whole = graph = at.graph
        self.leaves = [model.names[name] for name in names]
        self._data = data = at.numbers.data
        self.start = [data[leaf] for leaf in self.leaves]
        # What no parameter leads to stays as it is: only the rest is computed again.
        moving = depending(graph, self.leaves, graph.steps)
        self.fixed = {node: data[node] for node in graph.inputs if node not in moving}
        """The numbers of the inputs that stay where they are."""
        self._moving = Graph(model.columns, graph.outputs, model.labels)
        self._moving.order = [node for node in graph.order if node in moving]
        self._size = len(self._moving.steps)
        self._moving = self._moving.for_many_walks()
        self._engine: Engine | None = None
        self._asked = engine
        self._x: Sequence[float] | None = None
        """Where the engine computed the last value; None: the interpreter did."""
        if choose(engine, self._size, runs) is not Interpreted:
            self._engine = build(graph, self.leaves, self.fixed, engine, runs)

    @property
    def size(self) -> int:
        return self._size

    @cached_property
    def work(self) -> int:
        return sum(OPERATIONS[self._moving.op(step)].cost for step in self._moving.steps)

    @property
    def last(self) -> float:
        return self._data[self.whole.output]

    def infinite_by_rounding(self) -> bool:
        if len(self.whole.steps) > _MOST_PRECISE:
            return False
        self._walls += 1
        if self._walls > _MOST_WALLS:  # a wall, as those before
            return True
        from backprop.evaluation.infinite import by_rounding  # which has mpmath compute: 40 ms

        return by_rounding(self.whole, self._data)

    @property
    def graph(self) -> GraphObjective:
        return self

    def worth_compiling(self, engine: str, steps: int, around: float) -> bool:
        return choose(engine, self.size, steps, around) is None

    def value(self, x: Sequence[float]) -> float:
        found = self._engine.forward(x) if self._engine and all(map(isfinite, x)) else None
        self._x = None if found is None else x
        return self._interpreted(x) if found is None else found

    @property
    def has_bends_at_hand(self) -> bool:
        return True

    @cached_property
    def is_smooth(self) -> bool:
        return is_smooth({self._moving.op(step) for step in self._moving.steps})

    @cached_property
    def second_derivatives(self) -> SecondDerivatives | None:
        from backprop.evaluation.second_derivatives import (
            MOST_STEPS,
            SecondDerivatives,
        )  # numpy is rarely wanted

        if len(self.whole.steps) > MOST_STEPS:
            return None
        ready = isinstance(self._engine, (StraightCode, TapeCode))
        return SecondDerivatives(self.whole, self.leaves, self.fixed, self._asked, ready)

    def squares(self, sign: float) -> Squares | None:
        from backprop.descent.squares import MOST_NUMBERS, Squares  # with numpy

        found = Squares(self.whole, self.leaves, self.fixed, sign)
        return found if 0 < len(found) * len(self.leaves) <= MOST_NUMBERS else None

    def explained(self, error: NotFinite) -> NotFinite:
        return error

    def ending(self, x: Sequence[float]) -> Ending:
        at = {**self._given, **dict(zip(self.names, x, strict=True))}
        found = evaluate(self.model, at, self.output, by_values=False, restores=False)
        return Ending(found.gradient, lambda: found)

    def _interpreted(self, x: Sequence[float]) -> float:
        graph, data = self._moving, self._data
        for leaf, number in zip(self.leaves, x, strict=True):
            data[leaf] = number
        look(self, x)
        forward(graph, graph.steps, data)
        diagnosis.values(self.model, graph.order, len(graph.order), data)
        return data[graph.output]

    def gradient(self) -> Point:
        if self._engine:
            if self._x is not None:
                found = self._engine.backward()
                if found is not None:
                    return [float(slope) for slope in found]
                self._interpreted(self._x)
            if leading := self._leading():  # what engines leave open is too small, mostly
                return leading
        gradients = derivatives(self._moving, self._data)
        slopes = [gradients[leaf] for leaf in self.leaves]
        finite = isfinite(sum(slopes)) or all(map(isfinite, slopes))
        sure = finite and not too_small(self._moving, self._data)
        return slopes if sure else self._leading() or self._without_standing() or self._doubtful()

    def _leading(self) -> Point | None:
        """The derivatives where others than those that are too small for a double lead on: then these need
        not be known. None where nothing leads, or an infinite slope has a say."""
        graph, data = self._moving, self._data
        gradients = [0.0] * len(data)
        gradients[graph.output] = 1.0
        doubtful = backward(graph, graph.steps, data, gradients, _SLOPES)
        slopes = [gradients[leaf] for leaf in self.leaves]
        most = _NO_MATTER * max(map(abs, slopes), default=0.0)
        if not most > 0 or not all(map(isfinite, slopes)) or any_steep(graph, doubtful, data):
            return None
        small = too_small(graph, data)
        return slopes if all(abs(gradients[step]) < most for step in small) else None

    def _without_standing(self) -> Point | None:
        """The derivatives where all that is in doubt leads to steps that stand still; else None."""
        held = without_standing(self._moving, self._data, self.leaves)
        if held is None or too_small(held, self._data):
            return None
        gradients = [0.0] * len(self._data)
        gradients[held.output] = 1.0
        doubtful = backward(held, held.steps, self._data, gradients)
        slopes = [gradients[leaf] for leaf in self.leaves]
        return None if doubtful or not all(map(isfinite, slopes)) else slopes

    def _doubtful(self) -> Point:
        """The derivatives where the chain rule meets something that is not finite, or too small."""
        if self._work > _WORK and (slopes := self._close_by()):
            return slopes
        gradients = [0.0] * len(self._data)
        found = settled(self.whole, self._data, gradients) or {}
        undecided = {leaf: found[leaf] for leaf in self.leaves if leaf in found}
        self._work += self._weight * (1 + len(undecided))
        if len(undecided) > _MANY and self._work > _WORK and (slopes := self._close_by()):
            return slopes
        warnings: list[InfiniteSlope] = []
        if undecided:
            from backprop.evaluation.indeterminate import by_values

            warnings += by_values(self.model, self.whole, self._data, gradients, undecided)
        slopes = [gradients[leaf] for leaf in self.leaves]
        if not all(map(isfinite, slopes)):
            at = self.model, self.whole, self._data
            warnings += diagnosis.gradients(*at, gradients, undecided)
            warnings[0].also = tuple(warnings[1:])
            raise warnings[0]
        return slopes

    _walls = _work = 0  # infinite outputs looked at, and what such derivatives have taken

    @cached_property
    def _weight(self) -> int:
        """How many steps of the usual ones take as long with many digits as all."""
        return sum(OPERATIONS[self._moving.op(step)].digits_cost for step in self._moving.steps)

    def _close_by(self) -> Point | None:
        """The derivatives at a point close by, None where the chain rule does not decide there."""
        here, turn = [self._data[leaf] for leaf in self.leaves], Random(0).uniform
        sizes = [
            _CLOSE * (max(map(abs, each)) or 1.0) for each in zip(here, self.start, strict=True)
        ]
        near = [at + size * turn(-1.0, 1.0) for at, size in zip(here, sizes, strict=True)]
        try:
            self._interpreted(self.inside(near))
            gradients = derivatives(self._moving, self._data)
        except NotFinite:
            gradients = [nan] * len(self._data)
        self._interpreted(here)
        slopes = [gradients[leaf] for leaf in self.leaves]
        return slopes if all(map(isfinite, slopes)) else None

    def rounding(self, x: Sequence[float]) -> float:
        self._interpreted(x)
        gradients = derivatives(self._moving, self._data)
        return hypot(*filter(isfinite, last_digits(self._moving, self._data, gradients)))

    def numbers(self, x: Sequence[float]) -> ByNode:
        """The numbers of all nodes at x, also where they are not finite."""
        data = self.whole.columns.start()
        for node, number in (*self.fixed.items(), *zip(self.leaves, x, strict=True)):
            data[node] = number
        forward(self.whole, self.whole.steps, data)
        return data

    def moved(self, steps: Sequence[int]) -> bool:
        """Whether one of these steps of the graph depends on a parameter."""
        return not self._moving_steps.isdisjoint(steps)

    @cached_property
    def _moving_steps(self) -> frozenset[int]:
        return frozenset(self._moving.steps)
