"""The four ways in which a graph is computed many times; `engine.program` chooses one.

Each takes a graph with one output, `wrt`, the inputs that numbers are given for, and `fixed`, the numbers
of the others. What changes from point to point is kept for each thread apart, so that several threads
can use one engine at once, without waiting for one another.
"""

from __future__ import annotations

import ctypes
import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from backprop.graph import Graph
from backprop.values import backward, forward

if TYPE_CHECKING:
    from backprop.engine.tape import Tape

T = TypeVar("T")


class Engine:
    """Computes one graph. None where something is not finite: the interpreter then finds out what."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        raise NotImplementedError

    def forward(self, x: Any) -> float | None:
        """The output, for these numbers of the inputs (a list; to a tape also an array)."""
        raise NotImplementedError

    def backward(self) -> Sequence[float] | None:
        """Its gradient by the inputs, where this thread last computed it. What it returns may be
        overwritten by the next call."""
        raise NotImplementedError

    def run(self, x: Any) -> tuple[float, Sequence[float]] | None:
        """Value and gradient."""
        value = self.forward(x)
        gradient = None if value is None else self.backward()
        return None if value is None or gradient is None else (value, gradient)


class _Own(threading.local, Generic[T]):
    """Something that each thread has one of, `it`, made when the thread first asks."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.it = make()


class Interpreted(Engine):
    """The interpreter, for what runs a few times."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        self._graph, self._wrt = graph.for_many_walks(), wrt
        start = graph.columns.start()
        for leaf, number in fixed.items():
            start[leaf] = number
        self._own = _Own(lambda: (start.copy(), [0.0] * len(start)))

    def forward(self, x: Sequence[float]) -> float | None:
        graph, (data, _) = self._graph, self._own.it
        for leaf, number in zip(self._wrt, x, strict=True):
            data[leaf] = number
        forward(graph, graph.steps, data)
        finite = all(map(isfinite, map(data.__getitem__, graph.order)))
        return data[graph.output] if finite else None

    def backward(self) -> Sequence[float] | None:
        graph, (data, gradients) = self._graph, self._own.it
        for node in graph.order:
            gradients[node] = 0.0
        gradients[graph.output] = 1.0
        backward(graph, graph.steps, data, gradients)
        found = [gradients[leaf] for leaf in self._wrt]
        return found if all(map(isfinite, found)) else None


class GeneratedPython(Engine):
    """Straight-line Python."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        from backprop.engine.writers.python import evaluation

        others = fixed_inputs(graph, wrt)
        self._evaluate = evaluation(graph, wrt, others)
        self._fixed = [fixed[leaf] for leaf in others]
        self._own = _Own[list[Sequence[float]]](lambda: [()])

    def forward(self, x: Sequence[float]) -> float | None:
        value, self._own.it[0], finite = self._evaluate(x, self._fixed)
        return value if finite else None

    def backward(self) -> Sequence[float] | None:
        return self._own.it[0]


class StraightCode(Engine):
    """Straight-line machine code; computes value and gradient at once."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        from backprop.engine.native.machine import library, passed_on
        from backprop.engine.native.straight import evaluation
        from backprop.engine.walk import signature

        others = fixed_inputs(graph, wrt)
        key = f"evaluate {signature(graph, wrt, others)}"
        self._library = library(key, lambda: evaluation(graph, wrt, others))
        self._evaluate = self._library.function("evaluate", ctypes.c_int, *[ctypes.c_void_p] * 4)
        self._passed_on = passed_on
        numbers = array("d", [fixed[leaf] for leaf in others])
        self._own = _Own(lambda: _arrays(len(wrt), numbers))

    def forward(self, x: Sequence[float]) -> float | None:
        arrays, pointers = self._own.it
        arrays[0][:] = array("d", x)
        bad = self._evaluate(*pointers)
        self._passed_on()
        return None if bad else arrays[2][0]

    def backward(self) -> Sequence[float] | None:
        return self._own.it[0][3]


def _arrays(count: int, fixed: array[float]) -> tuple[list[array[float]], list[int]]:
    """What machine code reads and writes, x, fixed, value and gradient, and where it stands."""
    arrays = [array("d", bytes(8 * count)), fixed, array("d", [0.0]), array("d", bytes(8 * count))]
    return arrays, [each.buffer_info()[0] for each in arrays]


class TapeCode(Engine):
    """A tape with compiled kernels."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        from backprop.engine.leading import in_order
        from backprop.engine.tape import Arrays, Tape

        # the parameters stand side by side at the head of the tape
        self.tape: Tape = Tape(graph.columns, in_order(graph), graph.output, wrt)
        self.arrays = Arrays(self.tape, fixed)
        self._count = len(wrt)

    def forward(self, x: Any) -> float | None:
        arrays = self.arrays
        arrays.values[: self._count] = x
        return float(arrays.values[self.tape.root]) if arrays.forward() else None

    def backward(self) -> Any:
        """As a view of an array, which the next call changes."""
        arrays = self.arrays
        return arrays.gradients[: self._count] if arrays.backward() else None


def fixed_inputs(graph: Graph, wrt: Sequence[int]) -> list[int]:
    """The inputs of a graph that are not parameters."""
    moving = set(wrt)
    return [leaf for leaf in graph.inputs if leaf not in moving]
