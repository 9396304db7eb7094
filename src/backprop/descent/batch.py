"""Many steps of a first-order method at once, in a compiled loop (`descent.loop`)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import dist, inf
from time import perf_counter

from backprop.descent.compiled import Compiled, GraphLoop, address, zeros
from backprop.descent.course import Run
from backprop.descent.history import Steps
from backprop.descent.loop import Scalars, Task
from backprop.descent.objective import GraphObjective, Objective, Point
from backprop.descent.optimizers import ByName, Optimizer, Schedule

_FIRST, MOST = 1000, 1 << 16
"""Steps of the first batch of a small graph, and of the largest batch, whose outputs take 512 KiB."""

_SMALL = 100
"""Up to so many operations a graph is small; of others the first batch is a single step."""

SECONDS = 0.05
"""How long a batch should take, so that Ctrl-C and a progress bar are not kept waiting."""

LONGEST = 1e150
"""Gradients beyond it are left to the interpreter: their squares overflow."""


class Batches:
    """The compiled loop of a run and its method.

    numbers: of the row. schedule: with its numbers. Raises NoMachineCode.
    """

    def __init__(
        self,
        objective: Objective,
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
        count = len(run.x)
        task = Task(
            row, numbers, *schedule, count, problem.sign, problem.bounded, clip < inf,
            bool(options["until_change"]), options["target"] is not None,
            # what an optimizer remembers may hide a gradient that is not finite, and so may a bound
            bool(row.state or problem.bounded or options["until_grad"]),
        )  # fmt: skip
        self._loop = _compiled(objective, task)
        self._by = self._loop.by
        """The parameters in the order in which the loop has them, as numbers of the problem's; () for
        the order of the problem."""
        self._place = sorted(range(count), key=self._by.__getitem__) if self._by else ()
        """Where in the loop each parameter of the problem is."""
        sizes = (len(Scalars._fields), count, count, count * len(row.state), count, count)
        bounds = (array("d", _ordered(each, self._by)) for each in (problem.low, problem.high))
        self._arrays = [*map(zeros, sizes), *bounds]
        self._size = _FIRST if problem.size <= _SMALL else 1
        self._values = array("d")

    def go(self, state: dict[str, list[float]], k: int, most: int) -> Steps | None:
        """Up to `most` steps from where the run stands; None where the next one is no ordinary
        one. state: the optimizer's, changed in place; k: its updates so far."""
        run = self._run
        problem, options = run.problem, run.options
        steps = min(most, self._size)
        if steps < 1 or not run.norm < LONGEST:
            return None
        scalars, x, g, kept, best, previous, *_ = self._arrays
        target = options["target"]
        given = Scalars(
            self._lr, k, run.before + run.count,
            least_norm2=((options["until_grad"] or 0.0) * (1 + 1e-9)) ** 2,
            least_change=options["until_change"] or -1.0,
            target=-inf if target is None else target * problem.sign, clip=self._clip,
            value=run.value, before=run.value, best=run.best[1], highest=run.highest,
        )  # fmt: skip
        scalars[:] = array("d", given)
        x[:], g[:] = (array("d", _ordered(each, self._by)) for each in (run.x, run.gradient))
        columns = (_ordered(column, self._by) for column in state.values())
        kept[:] = array("d", [number for column in columns for number in column])
        values = self._values
        if len(values) < steps:
            values = self._values = zeros(steps)
        begun = perf_counter()
        done = self._loop.run([*map(address, [*self._arrays, values])], steps)
        if done is None:
            return self.go(state, k, most)
        took = perf_counter() - begun
        if done == steps:
            fitting = int(steps * SECONDS / max(took, 1e-6))
            self._size = max(1, min(fitting, 8 * max(steps, self._size), MOST))
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


def _compiled(objective: Objective, task: Task) -> Compiled:
    if isinstance(objective, GraphObjective):
        return GraphLoop(objective, task)
    from backprop.descent.nest_loop import NestLoop  # with numpy

    return NestLoop(objective, task)


def _ordered(numbers: Sequence[float], order: Sequence[int]) -> Point:
    """The numbers of the parameters in another order: that of the loop, or that of the problem; (): as
    they are."""
    found = list(numbers)  # faster to look things up in than an array
    return [found[at] for at in order] if order else found
