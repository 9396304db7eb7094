"""The four ways in which a graph is computed many times; `engine.choosing` chooses one.

Each takes a graph with one output, `wrt`, the inputs that numbers are given for, and `fixed`, the
numbers of the others. What changes from point to point is kept for each thread apart, so that
several threads can use one engine at once, without waiting for one another.
"""

from __future__ import annotations

import ctypes
import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import isfinite
from typing import Any, Protocol

from backprop.engine.underflow import SCALE, too_small
from backprop.graph import Graph
from backprop.values import derivatives, forward


class Engine(Protocol):
    """Computes one graph. None where something is not finite: the interpreter then finds out what."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        """Lay the graph out."""

    def forward(self, x: Any) -> float | None:
        """The output, for these numbers of the inputs (a list; to a tape also an array)."""

    def backward(self) -> Sequence[float] | None:
        """Its gradient by the inputs, where this thread last computed it. What it returns may be
        overwritten by the next call."""

    def run(self, x: Any) -> tuple[float, Sequence[float]] | None:
        """Value and gradient."""
        value = self.forward(x)
        gradient = None if value is None else self.backward()
        return None if value is None or gradient is None else (value, gradient)

    def is_sure(self, x: Any) -> bool:
        """Whether value and gradient are finite, and nothing on the way is too small for a double."""
        return self.run(x) is not None


class Own(threading.local):
    """What `make` makes, anew in each thread that asks for it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.made = make()


class Interpreted(Engine):
    """The interpreter, for what runs a few times."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        self._graph, self._wrt = graph.for_many_walks(), wrt
        start = graph.columns.start()
        for leaf, number in fixed.items():
            start[leaf] = number
        self._own = Own(start.copy)

    def forward(self, x: Sequence[float]) -> float | None:
        graph, data = self._graph, self._own.made
        for leaf, number in zip(self._wrt, x, strict=True):
            data[leaf] = number
        forward(graph, graph.steps, data)
        finite = all(map(isfinite, map(data.__getitem__, graph.order)))
        return data[graph.output] if finite else None

    def backward(self) -> Sequence[float] | None:
        if too_small(self._graph, self._own.made):
            return None
        gradients = derivatives(self._graph, self._own.made)
        found = [gradients[leaf] for leaf in self._wrt]
        return found if all(map(isfinite, found)) else None


class GeneratedPython(Engine):
    """Straight-line Python."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        from backprop.engine.writers.python import evaluation

        self._made = cache(lambda scale: evaluation(graph, wrt, [*fixed], scale))
        self._evaluate = self._made(1.0)
        self._fixed = [*fixed.values()]
        self._own = threading.local()

    def forward(self, x: Sequence[float]) -> float | None:
        value, self._own.gradient, finite = self._evaluate(x, self._fixed)
        if not finite and isfinite(value):  # perhaps a gradient has become too small
            value, self._own.gradient, finite = self._made(SCALE)(x, self._fixed)
        return value if finite else None

    def backward(self) -> Sequence[float] | None:
        found: Sequence[float] = self._own.gradient
        return found

    def is_sure(self, x: Sequence[float]) -> bool:
        return bool(self._evaluate(x, self._fixed)[2])


class _Arrays:
    """What machine code reads and writes, and where it stands."""

    def __init__(self, count: int, fixed: array[float]) -> None:
        self.x, self.value, self.gradient = (
            array("d", bytes(8 * size)) for size in (count, 1, count)
        )
        self.fixed = fixed  # which lives as long as its address
        arrays = (self.x, fixed, self.value, self.gradient)
        self.pointers = [each.buffer_info()[0] for each in arrays]


class StraightCode(Engine):
    """Straight-line machine code; computes value and gradient at once."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        from backprop.chain.walk import signature
        from backprop.engine.native.machine import library
        from backprop.engine.writers.llvm import evaluation

        text = signature(graph, wrt, [*fixed])

        def made(scale: float) -> Any:
            key = f"evaluate {scale} {text}"
            found = library(key, lambda: evaluation(graph, wrt, [*fixed], scale))
            # which lives as long as its functions
            return found, found.function("evaluate", ctypes.c_int, *[ctypes.c_void_p] * 4)

        self._made = cache(made)
        self._evaluate = self._made(1.0)[1]
        self._own = Own(lambda: _Arrays(len(wrt), array("d", fixed.values())))

    def forward(self, x: Sequence[float]) -> float | None:
        own = self._own.made
        own.x[:] = array("d", x)
        if not self._evaluate(*own.pointers):
            return float(own.value[0])
        if not isfinite(own.value[0]):
            return None
        # perhaps a gradient has become too small
        bad = self._made(SCALE)[1](*own.pointers)
        return None if bad else float(own.value[0])

    def backward(self) -> Sequence[float] | None:
        gradient: Sequence[float] = self._own.made.gradient
        return gradient

    def is_sure(self, x: Sequence[float]) -> bool:
        own = self._own.made
        own.x[:] = array("d", x)
        return not self._evaluate(*own.pointers)

    def rows(self, x: int, values: int, gradients: int, bad: int, count: int) -> None:
        """Compute so many points at once. x, values, gradients: the addresses of arrays of doubles with a row
        for each; bad: of bytes, 1 for those that `run` has to look at."""
        pointer = ctypes.c_void_p
        run = self._made(1.0)[0].function("evaluate_rows", None, *[pointer] * 5, ctypes.c_int64)
        fixed = self._own.made.pointers[1]
        run(x, fixed, values, gradients, bad, count)


class TapeCode(Engine):
    """A tape with compiled kernels."""

    def __init__(self, graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float]) -> None:
        from backprop.engine.leading import tape_order
        from backprop.engine.tape import Arrays, Tape

        # the parameters stand side by side at the head of the tape
        self.tape = Tape(graph.columns, tape_order(graph), graph.output, wrt)
        self.own = Own(lambda: Arrays(self.tape, fixed))
        self._count = len(wrt)

    def forward(self, x: Any) -> float | None:
        arrays = self.own.made
        arrays.values[: self._count] = x
        return float(arrays.values[self.tape.root]) if arrays.forward() else None

    def backward(self) -> Any:
        """The gradient, as a view of an array, which the next call changes."""
        arrays = self.own.made
        return arrays.gradients[: self._count] if arrays.backward() else None
