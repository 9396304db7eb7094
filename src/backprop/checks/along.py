"""The output of a graph as a function of one input, in doubles.

Where a graph is large, or has many inputs, the steps of the interpreter take long: then what moves
with an input is computed alone, or machine code computes all.
"""

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property
from math import inf, isfinite, isnan, nan, ulp

from backprop.checks.rounding import EPSILON, value_noise
from backprop.engine.choosing import build
from backprop.engine.engines import Engine, Interpreted
from backprop.evaluation.diagnosis import has_value
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.values import forward

ROOM = 2.0**-20
"""A point that is closer to a bound, relative to its size, stands on it."""

_MUCH = 10_000
"""Steps of a graph, times its inputs, from which on looks have to be quick and few."""

_LOOKS = 30
"""About so many looks there are then along an input."""

_FEWER, _LITTLE = 4, 100
"""What moves with an input is computed alone if it is so many times less than all that depends on it,
and no more than so many steps."""

Fast = Callable[[float], float | None]
"""The output by the number of an input; None where the interpreter has to say whether there is one."""


class Along:
    """The output of a graph as a function of one input, in doubles; nan where it has no value.

    data: the numbers of the point where it starts; they stay as they are. bounds: of the input,
    beyond which nothing is computed, except on that side of a point that stands on one. fast: tried
    before the interpreter. rounding: how far it moves the output at the start, if that is known.

    inner: the only side that counts of a point that stands on a bound, -1 or 1; 0 for both sides.
    """

    def __init__(
        self,
        graph: Graph,
        data: Sequence[float],
        node: int,
        bounds: tuple[float, float] = (-inf, inf),
        fast: Fast | None = None,
        rounding: float | None = None,
    ) -> None:
        self._graph, self._node, self._begin = graph, node, data
        self._stand(data[node], bounds, fast, rounding)

    def _stand(
        self, x: float, bounds: tuple[float, float], fast: Fast | None, rounding: float | None
    ) -> None:
        """Stand at a point, of which nothing is known."""
        self.start = x
        low, high = bounds
        room = max(abs(x), 1.0) * ROOM
        self._bounds = low if x - low > room else -inf, high if high - x > room else inf
        self.inner = (self._bounds[0] == -inf < low) - (self._bounds[1] == inf > high)
        self._fast = fast
        self.rounding = rounding
        self._known: dict[float, float] = {}
        self._noise: dict[float, float] = {}

    @cached_property
    def _steps(self) -> list[int]:
        return self._graph.above(self._node)

    @cached_property
    def _data(self) -> dict[int, float]:
        """The numbers of the steps, and of all that they need."""
        data, operands = self._begin, self._graph.operands
        return {each: data[each] for step in self._steps for each in operands(step)}

    def begin(self) -> None:
        """Take the output's own number at the start, which may not be what its steps compute there."""
        self._known[self.start] = self._begin[self._graph.output]

    def __call__(self, x: float) -> float:
        if x not in self._known:
            inside = isfinite(x) and self._bounds[0] <= x <= self._bounds[1]
            found = self._fast(x) if inside and self._fast else None
            if inside and found is None:
                found = self._interpreted(x)
            self._known[x] = nan if found is None else found
        return self._known[x]

    def _interpreted(self, x: float) -> float:
        self._data[self._node] = x
        forward(self._graph, self._steps, self._data)
        order = [self._node, *self._steps]
        return self._data[order[-1]] if has_value(self._graph, order, self._data) else nan

    def noise(self, step: float) -> float:
        """How far rounding may have moved the output a step aside, doubled; inf if it has no value."""
        x = self.start + step
        if isnan(self(x)):  # beyond the domain
            x = self.start - step
        exact = self(x)
        if isnan(exact):
            return inf
        if x not in self._noise:
            self._noise[x] = 2 * self._moved(x, exact) + EPSILON * abs(exact) + ulp(0.0)
        return self._noise[x]

    def _moved(self, x: float, exact: float) -> float:
        """How far rounding may have moved the output, here `exact`."""
        if self.rounding is not None:
            return self.rounding * max(1.0, abs(exact) / (abs(self(self.start)) or inf))
        self._data[self._node] = x
        return value_noise(self._graph, self._steps, self._data, exact)

    def measure(self, everywhere: bool = False) -> None:
        """Take for `rounding` that of the steps that depend on the input, and not of all; or measure
        it at each point from now on."""
        self._data[self._node] = x = self.start
        found = None if everywhere else value_noise(self._graph, self._steps, self._data, self(x))
        self.rounding = found
        self._noise.clear()

    def slope(self, ends: Sequence[float]) -> tuple[float, float]:
        """The difference quotient between two points, and the distance between them."""
        low, high = sorted(ends)
        width = high - low
        return (self(high) / width - self(low) / width, width) if width else (nan, inf)


class ManyInputs:
    """What looks along the inputs of a graph share.

    nodes: the inputs. rounding: how far it moves the output, where a quick look is worth its while;
    else None.
    """

    def __init__(self, graph: Graph, data: Sequence[float], nodes: Sequence[int]) -> None:
        self._graph, self._data, self._nodes = graph, data, nodes
        self.rounding: float | None = None
        if len(graph.steps) * len(nodes) >= _MUCH:
            self.rounding = value_noise(graph, graph.steps, [*data], data[graph.output])

    def fast(self, node: int) -> Fast | None:
        """A fast way to compute the output along an input; None if the interpreter is as fast."""
        if self.rounding is None:
            return None
        if self._alone:
            return self._by_terms(node)
        return self._by_engine(node) if self._engine else None

    @cached_property
    def _alone(self) -> bool:
        """Whether what moves with an input, but for the sums of it, is little: of two, which may do
        for all."""
        graph, ends = self._graph, (self._nodes[0], self._nodes[-1])
        moved = sum(len(graph.moved_by(end)[0]) for end in ends)
        return moved <= 2 * _LITTLE and _FEWER * moved < sum(len(graph.above(end)) for end in ends)

    @cached_property
    def _engine(self) -> Engine | None:
        data, graph = self._data, self._graph
        rows = [OPERATIONS[op] for op in {*map(graph.op, graph.steps)}]
        if any(callable(row.value) and not row.machine for row in rows):
            return None  # these take far longer than a step, and mostly do not depend on the input
        others = set(graph.inputs).difference(self._nodes)
        fixed = {node: data[node] for node in others}
        found = build(graph, self._nodes, fixed, runs=_LOOKS * len(self._nodes))
        return None if isinstance(found, Interpreted) else found

    def _by_terms(self, node: int) -> Fast:
        """The output, where of sums those terms are computed that depend on the input."""
        graph, data = self._graph, self._data
        steps, sums = graph.moved_by(node)
        order = [*dict.fromkeys((*steps, graph.output))]
        simple = [step for step in order if step not in sums]
        moved = {each: data[each] for step in simple for each in graph.operands(step)}

        def output(x: float) -> float | None:
            moved[node] = x
            for step in order:
                if step in sums:
                    terms = sums[step].items()
                    changes = [factor * (moved[each] - data[each]) for each, factor in terms]
                    moved[step] = data[step] + sum(changes)
                else:
                    forward(graph, (step,), moved)
            return moved[graph.output] if all(map(isfinite, moved.values())) else None

        return output

    def _by_engine(self, node: int) -> Fast:
        """The output by generated Python or machine code."""
        engine, at = self._engine, self._nodes.index(node)
        assert engine is not None
        start = array("d", [self._data[each] for each in self._nodes])

        def output(x: float) -> float | None:
            numbers = start[:]
            numbers[at] = x
            return engine.forward(numbers)

        return output
