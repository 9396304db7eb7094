"""The compiled loop of a descent (`descent.loop`) around an output by its graph."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from backprop.chain.walk import signature
from backprop.descent.loop import Loop, Task
from backprop.descent.objective import GraphObjective
from backprop.engine import underflow
from backprop.engine.choosing import tape_for
from backprop.engine.native.machine import Library, library
from backprop.names import by_name


class Compiled(Protocol):
    """A compiled loop. by: the parameters in the order in which it has them, as numbers of the
    problem's; () for the order of these."""

    by: Sequence[int]

    def run(self, arrays: Sequence[int], steps: int) -> int | None:
        """How many of these steps are done; None if it is to be run once more from the same numbers.
        arrays: the addresses of those that every loop takes."""


class GraphLoop(Compiled):
    """That of a graph. Raises NoMachineCode."""

    def __init__(self, objective: GraphObjective, task: Task) -> None:
        graph, wrt = objective.whole, objective.leaves
        count, row = len(wrt), task.row
        self._mark = underflow.functions()
        self._looks = True
        """Whether the loop stops where a product of the chain rule is too small for a double, and looks at
        the gradient after every step."""
        self.by = list(range(count))
        operations = sum(len(each.shape.nodes) for _, each in row.equations())
        engine = tape_for(graph, wrt, objective.fixed, len(graph.order) + count * operations)
        if engine is None:
            if not task.clipped:  # a clipping norm adds in the order of the parameters
                # x1, x2, … side by side are often alike, and then computed side by side
                self.by.sort(key=lambda at: by_name(objective.names[at]))
                wrt = [wrt[at] for at in self.by]
            text, fixed = signature(graph, wrt, [*objective.fixed]), [*objective.fixed]

            def made(looks: bool) -> Library:
                loop = Loop(task, unrolled=True, looks=looks)
                key = f"descend {task} {looks} {text}"
                return library(key, lambda: loop.straight(graph, wrt, fixed))

            # a loop that looks at every product is only for where one was too small
            self._made, self._looks = made, self._mark is None
            self._library = made(self._looks)
            beside = array("d", objective.fixed.values())
            self._more = [address(beside)]
        else:
            loop = Loop(task, unrolled=False)
            self._library = library(f"descend {task} on a tape", loop.tape)
            beside, arrays = zeros(count * len(row.state)), engine.own.made
            values, gradients = arrays.values.ctypes.data, arrays.gradients.ctypes.data
            output = values + 8 * engine.tape.root
            self._more = [
                arrays.address, *engine.tape.functions, values, gradients, output, address(beside)
            ]  # fmt: skip
        self._alive = engine, beside
        self._descend = function(self._library, len(self._more))

    def run(self, arrays: Sequence[int], steps: int) -> int | None:
        if self._mark and not self._looks:
            self._mark[0]()
        done: int = self._descend(*arrays, steps, *self._more)
        if done < 0 or (self._mark and not self._looks and self._mark[1]()):
            self._looks, self._library = True, self._made(True)
            self._descend = function(self._library, len(self._more))
            return None
        return done


def function(made: Library, more: int) -> Callable[..., int]:
    """The loop of a library, which takes so many addresses besides those that every loop takes."""
    whole, pointer = ctypes.c_int64, ctypes.c_void_p
    found: Any = made.function("descend", whole, *[pointer] * 9, whole, *[pointer] * more)
    called: Callable[..., int] = found
    return called


def zeros(size: int) -> array[float]:
    return array("d", [0.0]) * size  # of bytes it would be read number by number


def address(numbers: array[float]) -> int:
    """Where the numbers of an array stand."""
    return numbers.buffer_info()[0]
