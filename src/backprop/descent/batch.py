"""Many steps of a first-order method at once, in a compiled loop (`descent.loop`)."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence
from math import dist, inf
from time import perf_counter
from typing import Any, TypeVar

from backprop.descent.loop import SCALARS, Loop, Task
from backprop.descent.optimizers import Optimizer, Schedule
from backprop.descent.problem import Point, Problem
from backprop.descent.run import Run, Steps
from backprop.engine.native.machine import library, passed_on
from backprop.engine.program import fixed_leaves, tape_for
from backprop.engine.walk import signature
from backprop.options import DescentOptions
from backprop.patterns import by_name

T = TypeVar("T")

_FIRST, _MOST = 1000, 1 << 16
"""Steps of the first batch of a small graph, and of the largest batch, whose outputs take 512 KiB."""

_SMALL = 100
"""Up to so many operations a graph is small; of others the first batch is a single step."""

_SECONDS = 0.05
"""How long a batch should take, so that Ctrl-C and a progress bar are not kept waiting."""

_LONGEST = 1e150
"""Gradients beyond it are left to the interpreter: their squares overflow."""


class Batches:
    """The compiled loop of one problem and method.

    numbers: of the row. schedule: with its numbers. options: of the descent. Raises NoMachineCode.
    """

    def __init__(
        self,
        problem: Problem,
        row: Optimizer,
        numbers: Mapping[str, float],
        lr: float,
        schedule: tuple[Schedule, Mapping[str, float]],
        clip: float,
        options: DescentOptions,
    ) -> None:
        self.problem = problem
        self._lr = lr
        self._clip = clip
        count = len(problem.leaves)
        task = Task(
            row, numbers, *schedule, count, problem.sign, problem.bounded, clip < inf,
            bool(options["until_change"]), options["target"] is not None,
        )  # fmt: skip
        loop = Loop(task)
        order, wrt = problem.order, problem.leaves
        self._by = list(range(count))
        """The parameters in the order in which the loop has them."""
        whole, pointer = ctypes.c_int64, ctypes.c_void_p
        self._arrays = [
            array("d", bytes(8 * size))
            for size in (len(SCALARS), count, count, count * len(row.state), count, count)
        ]
        self._scratch = array("d", bytes(8 * count * len(row.state)))
        size = len(order) + count * loop.update_steps
        engine = tape_for(order, wrt, size)
        if engine is None:
            if clip == inf:  # a clipping norm adds in the order of the parameters
                # x1, x2, … side by side are often alike, and then computed side by side
                self._by.sort(key=lambda at: by_name(problem.names[at]))
                wrt = self._in_loop(wrt)
            fixed = fixed_leaves(order, wrt)
            key = f"descend {task} {signature(order, wrt, fixed)}"
            self._library = library(key, lambda: loop.straight(order, wrt, fixed))
            self._fixed = array("d", [each.data for each in fixed])
            more: list[Any] = [_address(self._fixed)]
            kinds: list[Any] = [pointer]
        else:
            self._library = library(f"descend {task} on a tape", loop.tape)
            tape = engine.tape
            more = [
                tape.address, *tape.functions, tape.values.ctypes.data,
                tape.gradients.ctypes.data, tape.root, _address(self._scratch),
            ]  # fmt: skip
            kinds = [*[pointer] * 5, whole, pointer]
        self._low, self._high = (
            array("d", self._in_loop(each)) for each in (problem.low, problem.high)
        )
        self._engine = engine  # its arrays live as long as the loop
        self._descend = self._library.function("descend", whole, *[pointer] * 9, whole, *kinds)
        self._more = more
        self._size = _FIRST if problem.size <= _SMALL else 1
        self._values = array("d")

    def _in_loop(self, numbers: Sequence[T]) -> list[T]:
        """What belongs to the parameters, in the order of the loop."""
        return [numbers[at] for at in self._by]

    def _outside(self, numbers: Sequence[float]) -> Point:
        """The numbers of the loop's parameters, in the order of the problem."""
        found = [0.0] * len(self._by)
        for at, number in zip(self._by, numbers, strict=True):
            found[at] = number
        return found

    def go(self, run: Run, state: dict[str, list[float]], k: int, most: int) -> Steps | None:
        """Up to `most` steps from where the run stands; None where the next one is no ordinary one.

        state: the optimizer's, changed in place; k: its updates so far.
        """
        if not run.norm < _LONGEST:
            return None
        problem, options = self.problem, run.options
        steps = min(most, self._size)
        scalars, x, g, kept, best, previous = self._arrays
        target = options["target"]
        given = {
            "lr": self._lr, "k": k, "number": run.before + run.count, "value": run.value,
            "before": run.value, "best": run.best[1], "best_at": -1.0,
            "least_norm2": (options["until_grad"] * (1 + 1e-9)) ** 2,
            "least_change": options["until_change"] or -1.0,
            "target": -inf if target is None else target * problem.sign, "clip": self._clip,
        }  # fmt: skip
        scalars[:] = array("d", [given.get(name, 0.0) for name in SCALARS])
        x[:], g[:] = (array("d", self._in_loop(each)) for each in (run.x, run.gradient))
        columns = map(self._in_loop, state.values())
        kept[:] = array("d", [number for column in columns for number in column])
        values = self._values
        if len(values) < steps:
            values = self._values = array("d", [0.0]) * steps
        begun = perf_counter()
        done: int = self._descend(
            *map(_address, (scalars, x, g, kept, best, previous, values, self._low, self._high)),
            steps, *self._more,
        )  # fmt: skip
        took = perf_counter() - begun
        passed_on()
        if done == steps:
            fitting = int(steps * _SECONDS / max(took, 1e-6))
            self._size = max(1, min(fitting, 8 * max(steps, self._size), _MOST))
        problem.evaluations += done
        if not done:
            return None
        count = len(x)
        for number, name in enumerate(state):
            state[name] = self._outside(kept[number * count : (number + 1) * count])
        after = dict(zip(SCALARS, scalars, strict=True))
        lowest = None
        if after["best_at"] > 0:
            lowest = (int(after["best_at"]), after["best"], self._outside(best))
        point = self._outside(x)
        return Steps(
            point, after["value"], self._outside(g), after["last_lr"],
            dist(point, self._outside(previous)),
            values if done == len(values) else values[:done], after["before"], 0, lowest,
        )  # fmt: skip


def _address(numbers: array[float]) -> int:
    return numbers.buffer_info()[0]
