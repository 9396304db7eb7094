"""Exact second derivatives at a point: the derivatives of the graph of the gradient."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from random import Random
from sys import float_info
from typing import Any

import numpy

from backprop.chain.derivatives import derivative_graph
from backprop.engine.choosing import tape_pays
from backprop.engine.sparsity import hessian_pattern
from backprop.engine.tape_sweeps import TapeSweeps
from backprop.errors import NoMachineCode
from backprop.evaluation.second_rounding import TRIES, SecondSizes, tamed
from backprop.evaluation.shaken import ShakenSlopes, changed
from backprop.evaluation.sweep_plan import LEAST, Entries, SweepPlan, sweep_plan
from backprop.graph import Graph, depending, in_order
from backprop.syntax import functions
from backprop.values import Lookup, forward, summed_sizes, tangents

MOST_STEPS = 1_000_000
"""The most steps of a graph whose gradient becomes a graph for a descent: ten seconds. For more, the
gradients that differences need are computed sooner."""

_LOOKED_AT, _COARSE = 150_000, 1e-5
"""Of larger graphs of gradients it is not looked at what rounding does to each second derivative: as much as
this part of it, relative, may be rounding, as if it came from differences."""

COARSE_SIZE = _COARSE / (64 * float_info.epsilon)
"""How many times a number itself its sizes then are."""

_SWEEP = 3e-6
"""Seconds that a sweep in Python takes for a step."""

_AT_ONCE = 100
"""The directions of one sweep in Python: a row of so many numbers for each step is kept."""

_ROOM = 2**24
"""The most numbers that are kept for a sweep."""

_WAYS = 3
"""In how many directions borders are looked for."""

_WORK, _QUICK = 1_000_000, 50_000
"""The most steps that are swept with changes, and those that are so more than twice: seconds. Fifty
directions count as two."""

_CUBE_ROOT = 6e-6
"""The cube root of the rounding unit: the best relative step for a central difference."""

_SMALLEST_SCALE = 1e-3
"""A parameter near 0 is taken to vary on this scale, to which its differences are fitted."""

_BESIDE_0 = 1e-60
"""What is 0, and of which no size is known, stands on a border only if it does so at 0."""

_SIZES = Lookup(functions.sizes)


def reach(number: float) -> float:
    """How far differences go from a parameter of this number."""
    return _CUBE_ROOT * max(_SMALLEST_SCALE, abs(number))


def points_around(x: Sequence[float], sizes: Sequence[float] = ()) -> Iterator[list[float]]:
    """Points as far from this one as differences go, two and two on both sides of it, in no direction of
    note. sizes: those that the numbers have had, if they are known: then units do not matter."""
    around = Random(0)
    reaches = [_reach_beside(*each) for each in zip(x, sizes, strict=True)] if sizes else []
    reaches = reaches or [reach(number) for number in x]
    for _ in range(_WAYS):
        ways = [around.choice((1, -1)) * around.uniform(0.5, 1) * size for size in reaches]
        for sign in (1, -1):
            yield [number + sign * way for number, way in zip(x, ways, strict=True)]


def _reach_beside(number: float, size: float) -> float:
    return _CUBE_ROOT * max(_SMALLEST_SCALE * size, abs(number)) or _BESIDE_0


class SecondDerivatives:
    """The second derivatives of a graph's output by n `leaves`, at any points.

    fixed: the numbers of its other inputs. engine: what a person asked for. ready: whether there is
    machine code already. The gradient is a graph of its own, made once. At each point it is
    computed once, and then swept forward along some directions at once: those of the leaves, or
    where the structure of the graph allows it a few that have all entries between them.
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
        self._tape: TapeSweeps | None = None
        self._swept = 0
        """How many sweeps there were in Python."""

    def at(self, x: Sequence[float], sizes: Sequence[float] = ()) -> Any:
        """A row for each leaf, the derivatives by it of all, (n, n); None where the graph does not say what
        they are: at a border of a choice, where those of one side say little, and where something
        is not finite. What is too small for a double is 0. sizes: as for `points_around`."""
        data = None
        if self._flat:
            data = self.data(x)
            if self._at_border(x, data, sizes):
                return None
        if self._plan is None and (found := self._taped(x, None)) is not None:
            return found
        table = (
            self._whole(self.data(x) if data is None else data)
            if self._plan is None
            else self.matrix(x, data)
        )
        return table if numpy.isfinite(table).all() else None

    def matrix(self, x: Sequence[float], data: list[float] | None = None) -> Any:
        """What `at` finds, whatever that is worth: nan where the chain rule meets 0·∞. data: the numbers of
        all rows, where they are known."""
        if self._plan is None:
            return self.products(x, None, data)
        return self._planned(self._plan, x, data).dense()

    def entries(self, x: Sequence[float]) -> Entries | None:
        """The second derivatives that can be other than 0; None where that is nearly all of them. Not finite
        where the chain rule does not say what they are."""
        plan = self._plan
        return None if plan is None else self._planned(plan, x)

    def diagonal(
        self, x: Sequence[float], progress: Callable[[int], None] = lambda done: None
    ) -> Any:
        """The second derivatives by one leaf alone, shape (n,), and how many sweeps found them. progress: is
        told how many there were, where each takes its own."""
        found, count = self.entries(x), len(x)
        if found:
            return found.diagonal(), found.sweeps
        parts = []
        for first in range(0, count, _AT_ONCE):
            places = numpy.arange(first, min(first + _AT_ONCE, count))
            ways = numpy.zeros((len(places), count))
            ways[numpy.arange(len(places)), places] = 1.0
            parts.append(self.products(x, ways)[numpy.arange(len(places)), places])
            progress(int(places[-1]) + 1)
        return numpy.concatenate(parts), count

    def products(self, x: Sequence[float], ways: Any, data: list[float] | None = None) -> Any:
        """The second derivatives times each direction, (ways, n). Not finite where the chain rule meets 0·∞.
        ways: shape (ways, n), None for those of the leaves. data: the numbers of all rows, where they
        are known."""
        if (found := self._taped(x, ways)) is not None:
            return found
        ways = numpy.identity(len(x)) if ways is None else ways
        return self.swept(self.data(x) if data is None else data, ways)

    def _taped(self, x: Sequence[float], ways: Any) -> Any:
        """What `products` finds by machine code, all of it finite; None where that has no answer."""
        count = len(x) if ways is None else len(ways)
        return (
            self._tape.products(x, ways) if count and self._on_tape(count) and self._tape else None
        )

    def times(self, x: Sequence[float], vector: Any) -> Any:
        """The product with a vector, (n,); None where it is not finite."""
        found = self.products(x, vector[None, :])[0]
        return found if numpy.isfinite(found).all() else None

    def data(self, x: Sequence[float]) -> list[float]:
        """The numbers of all rows at a point."""
        return self._data(x, self._steps)

    def entries_of(self, data: list[float], scale: float = 1.0, **slopes: Any) -> Entries | None:
        """What `entries` finds, by sweeps of the interpreter. data: the numbers of all rows. scale, slopes:
        as for `swept`."""
        plan = self._plan
        return None if plan is None else plan.entries(self.swept(data, plan.ways, scale, **slopes))

    def own(self, data: list[float], scale: float = 1.0, **slopes: Any) -> Any:
        """What `diagonal` finds, by sweeps of the interpreter; all else as for `entries_of`."""
        found = self.entries_of(data, scale, **slopes)
        return found.diagonal() if found else self.table(data, scale, **slopes).diagonal()

    def table(self, data: list[float], scale: float = 1.0, **slopes: Any) -> Any:
        """All second derivatives, (n, n), by sweeps of the interpreter; all else as for `entries_of`."""
        return self._whole(data, scale, **slopes)

    def sizes(self, x: Sequence[float]) -> Any:
        """A number for each of the table, (n, n): its rounding is a few units in their last place. They are
        the sizes of all that is added up to it, but no more than what rounding does."""
        if len(self._steps) > _LOOKED_AT:
            return COARSE_SIZE * numpy.abs(self.matrix(x))
        return self.both_sizes(x)[0]

    def both_sizes(self, x: Sequence[float]) -> tuple[Any, Any]:
        """Such numbers for the table, (n, n), and for the gradient, (n,)."""
        data = self.data(x)
        added = summed_sizes(self.whole, data)
        sizes = SecondSizes(self._added(x), numpy.array([added[leaf] for leaf in self.leaves]))
        return tamed(
            sizes, SecondSizes(self.matrix(x, data), self._slopes(data)), self._shaken(data)
        )

    def _slopes(self, data: list[float]) -> Any:
        return numpy.array([data[each] for each in self.graph.outputs])

    def _shaken(self, data: list[float]) -> Iterator[SecondSizes]:
        """The table and the gradient, where everything on the way is changed a little, each time otherwise;
        nothing of a graph that is too large for that."""
        steps = len(self._steps)
        if steps * (1 + len(self.leaves) / 50) > _WORK:
            return
        for offset in TRIES if steps <= _QUICK else TRIES[:2]:
            near = list(changed(self.graph, data, offset)[0])
            yield SecondSizes(self._whole(near, slopes=ShakenSlopes()), self._slopes(near))

    def _added(self, x: Sequence[float]) -> Any:
        """The sizes of all that is added up to each number of the table."""
        count = len(x)
        if count and self._on_tape(count) and self._tape:
            found = self._tape.products(x, self._plan and self._plan.ways, sizes=True)
            if found is not None:
                return found if self._plan is None else self._plan.entries(found).dense()
        return self._whole(self.data(x), slopes=_SIZES)

    def _whole(self, data: list[float], scale: float = 1.0, **slopes: Any) -> Any:
        count = len(self.leaves)
        if self._plan is None:
            return self.swept(data, numpy.identity(count), scale, **slopes)
        return self._plan.entries(self.swept(data, self._plan.ways, scale, **slopes)).dense()

    def swept(self, data: list[float], ways: Any, scale: float = 1.0, **slopes: Any) -> Any:
        """What `products` finds, by the interpreter, from the front, for some directions at once. data: the
        numbers of all rows. scale: a power of 2 that directions are multiplied with and products divided
        by, so that what is too small on the way is another. slopes: as `tangents` takes them."""
        outputs = self.graph.outputs
        self._swept += 1
        table = numpy.zeros((len(ways), len(outputs)))
        size = max(1, min(_AT_ONCE, _ROOM // (len(self._steps) + 1)))
        with numpy.errstate(all="ignore"):  # 0*inf is nan
            for first in range(0, len(ways), size):
                some = slice(first, first + size)
                part = ways[some].T * scale
                seeds: dict[int, Any] = dict(
                    zip(
                        self.leaves, part if part.shape[1] > 1 else part[:, 0].tolist(), strict=True
                    )
                )
                found = tangents(self._walked, self._steps, data, seeds, **slopes)
                for at, output in enumerate(outputs):
                    if output in found:
                        table[some, at] = found[output]
        return table / scale

    @cached_property
    def _plan(self) -> SweepPlan | None:
        """The directions that find all second derivatives, where they are fewer than the leaves."""
        many = len(self.leaves) >= LEAST
        return sweep_plan(hessian_pattern(self.whole, self.leaves)) if many else None

    def _planned(
        self, plan: SweepPlan, x: Sequence[float], data: list[float] | None = None
    ) -> Entries:
        """The entries that a plan is for; x, data: as for `products`."""
        count = len(plan.ways)
        if self._on_tape(count) and self._tape:
            values = self._tape.entries(x, plan.rows, plan.columns)
            if values is not None:
                return plan.filled(values)
        return plan.entries(self.products(x, plan.ways, data))

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

    def _at_border(self, x: Sequence[float], data: Sequence[float], sizes: Sequence[float]) -> bool:
        """Whether a border of a choice is so near that differences would meet it: then what is
        the same but for borders (a comparison, a sign, a whole number) differs close by. data: the
        numbers of all rows here. sizes: as for `points_around`."""
        if not self._flat:
            return False
        here = [data[step] for step in self._flat]
        nearby = (self._data(near, self._before_flat) for near in points_around(x, sizes))
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

    def _on_tape(self, ways: int) -> bool:
        """Whether there is a tape, or should be one now, for so many directions."""
        steps = len(self._steps)
        spent = _SWEEP * steps * (self._swept + 1 + ways // _AT_ONCE)
        if not self._tape and tape_pays(self._engine, self._ready, steps, spent):
            try:
                self._tape = TapeSweeps(self.graph, self.leaves, self._fixed)
            except NoMachineCode:
                self._engine = "python"
        return bool(self._tape)
