"""Many steps of a first-order method at once, in a compiled loop (`descent.loop`)."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from math import dist, inf
from time import perf_counter

from backprop.descent.course import Run, Steps
from backprop.descent.loop import Loop, Scalars, Task
from backprop.descent.objective import GraphObjective, Point
from backprop.descent.optimizers import ByName, Optimizer, Schedule
from backprop.engine import underflow
from backprop.engine.choosing import tape_for
from backprop.engine.native.machine import Library, library
from backprop.engine.walk import signature
from backprop.names import by_name

_FIRST, _MOST = 1000, 1 << 16
"""Steps of the first batch of a small graph, and of the largest batch, whose outputs take 512 KiB."""

_SMALL = 100
"""Up to so many operations a graph is small; of others the first batch is a single step."""

_SECONDS = 0.05
"""How long a batch should take, so that Ctrl-C and a progress bar are not kept waiting."""

_LONGEST = 1e150
"""Gradients beyond it are left to the interpreter: their squares overflow."""


class Batches:
    """The compiled loop of a run and its method, for an output by its graph.

    numbers: of the row. schedule: with its numbers. Raises NoMachineCode.
    """

    def __init__(
        self,
        objective: GraphObjective,
        run: Run,
        row: Optimizer,
        numbers: ByName,
        schedule: tuple[Schedule, ByName],
    ) -> None:
        problem, options = run.problem, run.options
        lr, clip = options["lr"] or row.lr, options["clip"] or inf
        assert lr is not None
        self._run = run
        self._lr = lr
        self._clip = clip
        graph, wrt = objective.whole, objective.leaves
        count = len(wrt)
        task = Task(
            row, numbers, *schedule, count, problem.sign, problem.bounded, clip < inf,
            bool(options["until_change"]), options["target"] is not None,
        )  # fmt: skip
        self._mark = underflow.functions()
        self._looks = True
        """Whether the loop stops where a product of the chain rule is too small for a double."""
        self._by = list(range(count))
        """The parameters in the order in which the loop has them, as numbers of the problem's."""
        operations = sum(len(each.shape.nodes) for _, each in row.equations())
        engine = tape_for(graph, wrt, objective.fixed, len(graph.order) + count * operations)
        if engine is None:
            if clip == inf:  # a clipping norm adds in the order of the parameters
                # x1, x2, … side by side are often alike, and then computed side by side
                self._by.sort(key=lambda at: by_name(problem.names[at]))
                wrt = [wrt[at] for at in self._by]
            text, fixed = signature(graph, wrt, [*objective.fixed]), [*objective.fixed]

            def made(looks: bool) -> Library:
                loop = Loop(task, unrolled=True, looks=looks)
                key = f"descend {task} {looks} {text}"
                return library(key, lambda: loop.straight(graph, wrt, fixed))

            # a loop that looks at every product is only for where one was too small
            self._made, self._looks = made, self._mark is None
            self._library = made(self._looks)
            beside = array("d", objective.fixed.values())
            self._more = [_address(beside)]
        else:
            loop = Loop(task, unrolled=False)
            self._library = library(f"descend {task} on a tape", loop.tape)
            beside, arrays = _zeros(count * len(row.state)), engine.own.made
            values, gradients = arrays.values.ctypes.data, arrays.gradients.ctypes.data
            output = values + 8 * engine.tape.root
            self._more = [
                arrays.address, *engine.tape.functions, values, gradients, output, _address(beside)
            ]  # fmt: skip
        self._place = sorted(range(count), key=self._by.__getitem__)
        """Where in the loop each parameter of the problem is."""
        self._alive = engine, beside
        sizes = (len(Scalars._fields), count, count, count * len(row.state), count, count)
        bounds = (array("d", _ordered(each, self._by)) for each in (problem.low, problem.high))
        self._arrays = [*map(_zeros, sizes), *bounds]
        self._descend = self._function()
        self._size = _FIRST if problem.size <= _SMALL else 1
        self._values = array("d")

    def _function(self) -> Callable[..., int]:
        whole, pointer = ctypes.c_int64, ctypes.c_void_p
        more = [pointer] * len(self._more)
        found: Callable[..., int] = self._library.function(
            "descend", whole, *[pointer] * 9, whole, *more
        )
        return found

    def go(self, state: dict[str, list[float]], k: int, most: int) -> Steps | None:
        """Up to `most` steps from where the run stands; None where the next one is no ordinary
        one. state: the optimizer's, changed in place; k: its updates so far."""
        run = self._run
        problem, options = run.problem, run.options
        steps = min(most, self._size)
        if steps < 1 or not run.norm < _LONGEST:
            return None
        scalars, x, g, kept, best, previous, *_ = self._arrays
        target = options["target"]
        given = Scalars(
            self._lr, k, run.before + run.count,
            least_norm2=(options["until_grad"] * (1 + 1e-9)) ** 2,
            least_change=options["until_change"] or -1.0,
            target=-inf if target is None else target * problem.sign, clip=self._clip,
            value=run.value, before=run.value, best=run.best[1],
        )  # fmt: skip
        scalars[:] = array("d", given)
        x[:], g[:] = (array("d", _ordered(each, self._by)) for each in (run.x, run.gradient))
        columns = (_ordered(column, self._by) for column in state.values())
        kept[:] = array("d", [number for column in columns for number in column])
        values = self._values
        if len(values) < steps:
            values = self._values = _zeros(steps)
        begun = perf_counter()
        arrays = map(_address, [*self._arrays, values])
        if self._mark and not self._looks:
            self._mark[0]()
        done: int = self._descend(*arrays, steps, *self._more)
        if self._mark and not self._looks and self._mark[1]():
            self._looks, self._library = True, self._made(True)
            self._descend = self._function()
            return self.go(state, k, most)
        took = perf_counter() - begun
        if done == steps:
            fitting = int(steps * _SECONDS / max(took, 1e-6))
            self._size = max(1, min(fitting, 8 * max(steps, self._size), _MOST))
        problem.evaluations += done
        if not done:
            return None
        count, place = len(x), self._place
        for number, name in enumerate(state):
            state[name] = _ordered(kept[number * count : (number + 1) * count], place)
        after = Scalars(*scalars)
        lowest = (int(after.best_at), after.best, _ordered(best, place))
        point = _ordered(x, place)
        return Steps(
            point, after.value, _ordered(g, place), after.last_lr,
            dist(point, _ordered(previous, place)),
            values if done == len(values) else values[:done], after.before, 0,
            lowest if after.best_at > 0 else None,
        )  # fmt: skip


def _ordered(numbers: Sequence[float], order: Sequence[int]) -> Point:
    """The numbers of the parameters in another order: that of the loop, or that of the problem."""
    found = list(numbers)  # faster to look things up in than an array
    return [found[at] for at in order]


def _zeros(size: int) -> array[float]:
    return array("d", bytes(8 * size))


def _address(numbers: array[float]) -> int:
    return numbers.buffer_info()[0]
