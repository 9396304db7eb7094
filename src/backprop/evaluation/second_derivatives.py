"""Exact second derivatives at a point: the derivatives of the graph of the gradient."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite
from random import Random
from typing import Any

import numpy

from backprop.chain.derivatives import derivative_graph
from backprop.engine.choosing import tape_pays
from backprop.engine.engines import TapeCode
from backprop.errors import NoMachineCode
from backprop.graph import Graph, depending, in_order
from backprop.syntax import functions
from backprop.values import Lookup, forward, tangents

MOST_STEPS = 10_000
"""The most steps of a graph whose gradient becomes a graph: a fifth of a second. For more, the
gradients that differences need are computed sooner."""

_SWEEP = 3e-6
"""Seconds that a sweep in Python takes for a step."""

_AT_ONCE = 100
"""The leaves of one sweep in Python: a row of so many numbers for each step is kept."""

_WAYS = 3
"""In how many directions borders are looked for."""

_CUBE_ROOT = 6e-6
"""The cube root of the rounding unit: the best relative step for a central difference."""

_SMALLEST_SCALE = 1e-3
"""A parameter near 0 is taken to vary on this scale, to which its differences are fitted."""

_SIZES = Lookup(functions.sizes)


def reach(number: float) -> float:
    """How far differences go from a parameter of this number."""
    return _CUBE_ROOT * max(_SMALLEST_SCALE, abs(number))


def _near(x: Sequence[float]) -> Iterator[list[float]]:
    """Points as far from this one as differences go, two and two on both sides of it."""
    around = Random(0)
    for _ in range(_WAYS):
        ways = [around.choice((1, -1)) * around.uniform(0.5, 1) * reach(number) for number in x]
        for sign in (1, -1):
            yield [number + sign * way for number, way in zip(x, ways, strict=True)]


class SecondDerivatives:
    """The second derivatives of a graph's output by `leaves`, at any points.

    fixed: the numbers of its other inputs. engine: what a person asked for. ready: whether there is
    machine code already. The gradient is a graph of its own, made once. At each point it is
    computed once, and then swept: in Python forward from many leaves at once, on a tape, which pays
    where there is much to compute, backward from each output.
    """

    def __init__(
        self,
        graph: Graph,
        leaves: Sequence[int],
        fixed: Mapping[int, float],
        engine: str,
        ready: bool = False,
    ) -> None:
        self.whole, self.leaves = graph, leaves
        self._fixed = fixed
        self._engine, self._ready = engine, ready
        self.graph = derivative_graph(graph, leaves)
        """The gradient: an output for each leaf."""
        self._walked = self.graph.for_many_walks()
        self._moving = depending(self.graph, leaves, self.graph.steps)
        self._steps = [step for step in self.graph.steps if step in self._moving]
        self._tape: TapeCode | None = None
        self._swept = 0
        """At how many points there were sweeps in Python."""

    def at(self, x: Sequence[float]) -> Any:
        """A row for each leaf, the derivatives by it of all; None where the graph does not say what
        they are: at a border of a choice, where those of one side say little, and where something
        is not finite. What is too small for a double is 0."""
        if self._on_tape():
            found = self._by_tape(x)
            if found is not None:
                return found
        data = self.data(x)
        finite = all(isfinite(data[each]) for each in self.graph.outputs)
        if not finite or self._at_border(x, data):
            return None
        table = self.table(data)
        return table if numpy.isfinite(table).all() else None

    def data(self, x: Sequence[float]) -> list[float]:
        """The numbers of all rows at a point."""
        return self._data(x, self._steps)

    def table(self, data: list[float]) -> Any:
        """A row for each leaf, the derivatives by it of all, as the chain rule has them: nan where it
        meets 0·∞. data: the numbers of all rows."""
        self._swept += 1
        with numpy.errstate(all="ignore"):  # 0*inf is nan
            return self._sweeps(data)

    def around(self, x: Sequence[float]) -> Iterator[Any]:
        """The tables at points near this one, in no direction of note."""
        return (self.table(self.data(near)) for near in _near(x))

    def sizes(self, x: Sequence[float]) -> Any:
        """The sizes of all that is added up to each number of that table: its rounding is a few
        units in their last place."""
        with numpy.errstate(all="ignore"):
            return self._sweeps(self.data(x), slopes=_SIZES)

    @cached_property
    def _start(self) -> list[float]:
        """The numbers of all rows that do not move."""
        data = self.graph.columns.start()
        for node, number in self._fixed.items():
            data[node] = number
        still = [step for step in self.graph.steps if step not in self._moving]
        forward(self.graph, still, data)
        return data

    def _data(self, x: Sequence[float], steps: Sequence[int]) -> list[float]:
        """The numbers of all rows that do not move, and of these that do."""
        data = self._start.copy()
        for leaf, number in zip(self.leaves, x, strict=True):
            data[leaf] = number
        forward(self._walked, steps, data)
        return data

    def _at_border(self, x: Sequence[float], data: Sequence[float]) -> bool:
        """Whether a border of a choice is so near that differences would meet it: then what is
        the same but for borders (a comparison, a sign, a whole number) differs close by. data: the
        numbers of all rows here."""
        if not self._flat:
            return False
        here = [data[step] for step in self._flat]
        nearby = (self._data(near, self._before_flat) for near in _near(x))
        return any(here != [there[step] for step in self._flat] for there in nearby)

    @cached_property
    def _flat(self) -> list[int]:
        """The steps that move, but have no slope."""
        op = self.graph.op
        return [step for step in self._steps if not functions.has_slopes(op(step))]

    @cached_property
    def _before_flat(self) -> list[int]:
        """They and what leads there."""
        before = set(in_order(self._flat, self.graph.operands))
        return [step for step in self._steps if step in before]

    def _sweeps(self, data: list[float], **slopes: Any) -> Any:
        """A row for each leaf: the derivative by it of each output. From the front, for some leaves
        at once. slopes: as `tangents` takes them."""
        count, outputs = len(self.leaves), self.graph.outputs
        table = numpy.zeros((count, len(outputs)))
        still = numpy.zeros(_AT_ONCE)
        for first in range(0, count, _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            seeds = dict(zip(self.leaves, numpy.identity(count)[:, some], strict=True))
            found = tangents(self.graph, self._steps, data, seeds, **slopes)
            for at, output in enumerate(outputs):
                table[some, at] = found.get(output, still[: count - first])
        return table

    def _on_tape(self) -> bool:
        """Whether there is a tape, or should be one now."""
        steps = len(self._steps)
        spent = _SWEEP * steps * (self._swept + 1)
        if not self._tape and tape_pays(self._engine, self._ready, steps, spent):
            try:
                self._tape = TapeCode(self.graph, self.leaves, self._fixed)
            except NoMachineCode:
                self._engine = "python"
        return bool(self._tape)

    def _by_tape(self, x: Sequence[float]) -> Any:
        """What `at` returns, by machine code."""
        assert self._tape
        arrays, places = self._tape.own.made, self._tape.tape.places
        arrays.values[: len(x)] = x
        if not arrays.forward():
            return None
        if self._flat and self._at_border(x, arrays.values[places].tolist()):
            return None
        table = numpy.empty((len(x), len(x)))
        for at, output in enumerate(self.graph.outputs):
            if not arrays.backward(output):
                return None
            table[:, at] = arrays.gradients[: len(x)]
        return table
