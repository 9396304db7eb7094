"""Descent by minibatches: epoch after epoch, an update for each batch of rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from math import dist, inf, isnan
from time import perf_counter
from typing import TYPE_CHECKING

from backprop.descent.batch import MOST, SECONDS
from backprop.descent.batch_loops import BatchLoops
from backprop.descent.choices import choice
from backprop.descent.compiled import address, zeros
from backprop.descent.course import Run, Stop
from backprop.descent.explained_step import ExplainedStep
from backprop.descent.history import Steps, ToldBetween
from backprop.descent.loop import Scalars, Task
from backprop.descent.minibatch_rows import RowOrder, RowPlaces, RowsOutput, RowWindow
from backprop.descent.objective import Point, look
from backprop.descent.optimizers import SCHEDULES, ByName, Optimizer
from backprop.descent.problem import Problem
from backprop.descent.result import EpochCourse, State
from backprop.errors import NotFinite
from backprop.evaluation.gradient import Gradient
from backprop.numbers import shown
from backprop.syntax import functions

if TYPE_CHECKING:
    from backprop.descent.minibatch_loop import MinibatchLoop

EPOCHS = 10
"""Epochs, where nobody says how many."""


_OFTEN, _SELDOM = 1.0, 20.0
"""Seconds between two looks at a run, and how many times as long as a look takes."""


class EpochRun(Run):
    """A run whose steps are epochs, each with the mean of its batches' outputs, weighted by their rows."""

    def judge(self, change: float) -> None:
        """Nothing: the number of epochs decides, and what is validated."""

    def settle(self, last: Gradient) -> None:
        value, sign = last.value, self.problem.sign
        self.value = value * sign
        self.gradient = [last.gradients[name] * sign for name in self.problem.names]
        self.norm = self.problem.norm(self.x, self.gradient)


class Minibatches:
    """A method of the table at work on batches. numbers: its options. validation: of other rows, if any.
    given: the state that the run goes on from. between: is told of the run between epochs, so seldom
    that this takes no time that counts."""

    run: Run
    searched: float | None = None

    def __init__(
        self,
        row: Optimizer,
        numbers: ByName,
        run: EpochRun,
        rows: RowsOutput,
        values: Mapping[str, float],
        validation: Problem | None,
        given: State | None,
        between: ToldBetween | None = None,
    ) -> None:
        self.row, self.options, self.run = row, numbers, run
        self._rows, self.values, self._validation = rows, values, validation
        self._between, self._due = between, perf_counter() + _OFTEN
        asked, problem = run.options, run.problem
        assert asked["batch"]
        self.order = RowOrder(rows.count, asked["batch"], asked["shuffle"], rows.model.seed)
        self.epochs = asked["epochs"] or EPOCHS
        self.lr = asked["lr"] or row.batch_lr or 0.0
        self.clip = asked["clip"] or inf
        self.k = self.updates = 0
        self.x: Point = run.x
        count = len(self.x)
        self.state = {name: [float(first)] * count for name, first in row.state.items()}
        if given:
            self.k, self.updates = given.updates, given.steps
            self.state = {
                key: [given.memory[key][name] for name in problem.names] for key in row.state
            }
        self._before = self.updates
        self.explained: list[str] = []
        self.validated: list[float] = []
        self.kept: int | None = None
        self._gradient: Point = [0.0] * count
        self._formulas = row.function(numbers)
        change, rates = choice("schedule", asked["schedule"], SCHEDULES)
        length = float(self.updates + self.epochs * self.order.batches)
        rates = {key: length if isnan(number) else number for key, number in rates.items()}
        self._factor = functions.compiled(change.factor, ("k",), rates)
        task = Task(
            row, numbers, change, rates, count, problem.sign, problem.bounded, self.clip < inf,
            by_change=False, by_target=False, watched=True,
        )  # fmt: skip
        self._loops = BatchLoops(self, task, asked["engine"], rows)
        sizes = (len(Scalars._fields), count, count, count * len(row.state), count, count)
        bounds = (array("d", each) for each in (problem.low, problem.high))
        self._arrays = [*map(zeros, sizes), *bounds]
        self._room = 1

    @property
    def course(self) -> EpochCourse:
        """The epochs so far."""
        validated = tuple(each * self.run.problem.sign for each in self.validated)
        order = self.order
        return EpochCourse(
            self.run.count, order.count, order.size, order.batches, self.updates - self._before,
            order.shuffled, validated, self.kept, self._rows.window(order),
        )  # fmt: skip

    def last_state(self) -> State:
        """Where the run stands."""
        named = self.run.problem.named
        memory = {key: named(column) for key, column in self.state.items()}
        return State(self.row.name, self.updates, named(self.x), self.k, None, memory)

    def descend(self) -> Stop:
        """Epoch after epoch; why that ended."""
        run, batches = self.run, self.order.batches
        try:
            run.begin()
            run.best = run.before, inf, run.x
            self._validate()
            begun = self.updates // batches
            epochs, first = range(begun, begun + self.epochs), self.updates - begun * batches
            windows = self._rows.windows(self.order, epochs, first)
            with closing(windows):
                for _, some in groupby(windows, lambda each: each.epoch):
                    self._epoch(some, first)
                    first = 0
                    self._judge()
                    self._tell()
        except Stop as stop:
            return stop
        except MemoryError:
            return run.out_of_memory()
        return Stop("steps", f"all {self.epochs} epochs are done{self._best}")

    def _epoch(self, windows: Iterable[RowWindow], first: int) -> None:
        """The updates of an epoch from this one on. Raises Stop."""
        run, total, seen = self.run, 0.0, 0
        last_x, lr = self.x, self.lr
        for window in windows:
            self._loops.look_at_rows()
            number = max(first, window.first)
            while number < window.end:
                whole = min(self.order.whole, window.end) - number
                size = self.order.size if whole > 0 else self.order.rest
                most = max(whole, 1)
                if wanted := run.options["explain_step"]:
                    before = wanted - 1 - self.updates
                    most = min(most, before) if before >= 0 else most
                values: Sequence[float] = ()
                at = (number - window.first) * self.order.size
                if most and (loop := self._loops.of(size)):
                    loop.take(window.places, at)
                    values, lr = self._compiled(loop, most)
                if not values:
                    found, lr = self._by_itself(window.places[at : at + size])
                    values = [found]
                number += len(values)
                total += size * sum(values)
                seen += size * len(values)
                if run.callback and not run.callback_every and number < self.order.batches:
                    self._ask(total / seen)
        mean = total / seen
        point = self.x
        better = None if self._validation else (1, mean * run.problem.sign, point)
        if better and not better[1] < run.best[1]:
            better = None
        run.steps(
            Steps(
                point, mean * run.problem.sign, self._gradient, lr, dist(point, last_x),
                array("d", [mean]), run.value, 0, better,
            )
        )  # fmt: skip

    def _tell(self) -> None:
        """Tell of the run between epochs, if that is due."""
        begun = perf_counter()
        if self._between and begun >= self._due:
            best = self._validation and self.run.options["patience"]
            point = self.run.best[2] if best else self.x
            self._between(self.last_state(), self.run.problem.named(point))
            ended = perf_counter()
            self._due = ended + max(_OFTEN, _SELDOM * (ended - begun))

    def _ask(self, mean: float) -> None:
        """Ask the callback within an epoch whether the run goes on. Raises Stop."""
        run = self.run
        now = run.last._replace(value=mean, parameters=run.problem.named(self.x))
        if run.callback and run.callback(now) is True:
            run.x = self.x
            where = f"interrupted in epoch {run.number + 1}, after {self.updates:,} updates"
            raise Stop("interrupted", where)

    def _compiled(self, loop: MinibatchLoop, most: int) -> tuple[Sequence[float], float]:
        """Up to so many updates by machine code: the outputs, and the last step size."""
        steps, count = min(most, self._room), len(self.x)
        scalars, x, g, kept, *_ = self._arrays
        scalars[:] = array("d", Scalars(
            self.lr, self.k, self.updates, -1.0, -1.0, -inf, self.clip, 0.0, 0.0, 0.0, -inf,
        ))  # fmt: skip
        x[:] = array("d", self.x)
        kept[:] = array("d", [number for column in self.state.values() for number in column])
        values, begun = zeros(steps), perf_counter()
        done = loop.run([*map(address, [*self._arrays, values])], steps)
        if done is None:
            return self._compiled(loop, most)
        took = perf_counter() - begun
        if done == steps:
            fitting = int(steps * SECONDS / max(took, 1e-6))
            self._room = max(1, min(fitting, 8 * steps, MOST))
        if done:
            self.x, self._gradient = x.tolist(), g.tolist()
            for at, name in enumerate(self.state):
                self.state[name] = kept[at * count : (at + 1) * count].tolist()
            self.k += done
            self.updates += done
            self.run.problem.evaluations += done
        return values[:done], Scalars(*scalars).last_lr

    @property
    def point(self) -> dict[str, float]:
        """The numbers of all inputs that were given, and where the parameters are."""
        return {**self.values, **self.run.problem.named(self.x)}

    def tried(self, loop: MinibatchLoop) -> tuple[float, Point] | None:
        """Output and gradient of the next batch of a loop; the run stays where it is."""
        kept = self.x, dict(self.state), self.k, self.updates, self._room, self._gradient
        self._room = 1
        values, _ = self._compiled(loop, 1)
        slopes = [slope * self.run.problem.sign for slope in self._gradient]
        self.x, self.state, self.k, self.updates, self._room, self._gradient = kept
        return (values[0], slopes) if values else None

    def _by_itself(self, places: RowPlaces) -> tuple[float, float]:
        """An update by the rows of a batch, looked at step by step: its output, and the step size.
        Raises Stop."""
        run, problem = self.run, self.run.problem
        lr = self.lr * self._factor(float(self.updates))
        if lr == 0:
            run.x = self.x
            raise Stop("steps", f"the schedule has brought the step size to 0{self._best}")
        try:
            look(problem.objective, self.x)
            value, slopes = self._rows.both(places, self.point)
        except NotFinite as error:
            raise self._diverged(error) from None
        gradient, shrink = [slope * problem.sign for slope in slopes], 1.0
        if self.clip < inf and (size := problem.clipped_norm(self.x, gradient)) > self.clip:
            shrink = self.clip / size
            gradient = [slope * shrink for slope in gradient]
        after = [
            self._formulas(at, slope, self.k + 1.0, lr, *numbers)
            for at, slope, *numbers in zip(self.x, gradient, *self.state.values(), strict=True)
        ]
        x = problem.inside([new[0] for new in after])
        self.k += 1
        self.updates += 1
        problem.evaluations += 1
        if self.updates == run.options["explain_step"]:
            self.explained = ExplainedStep(
                self.row, self.options, problem, self.updates, self.x, gradient, shrink, self.state,
                self.k, lr, x, f" of {self._rows.said(places)}",
            ).lines()  # fmt: skip
        self.state = {key: [new[at] for new in after] for at, key in enumerate(self.state, 1)}
        self.x, self._gradient = x, gradient
        return value, lr

    def _diverged(self, error: NotFinite) -> Stop:
        """The end of a run of which a batch has no finite output or gradient."""
        what = f"cannot go on at update {self.updates + 1:,}: {error.message}"
        last = f"after epoch {self.run.number}" if self.run.number else "those of the start"
        return Stop("cannot go on", f"{what}; the last finite values are {last}", error)

    # ------------------------------------------------------------------------------ validation

    def _validate(self) -> None:
        """Compute the output of the other rows, and keep the best point. Raises Stop."""
        if not self._validation:
            return
        run = self.run
        try:
            found = self._validation.value(self.x)
        except NotFinite as error:
            explained = self._validation.explained(error)
            what = f"cannot go on after epoch {run.number}: of --validate, {explained.message}"
            raise Stop("cannot go on", what, explained) from None
        self.validated.append(found)
        if found < run.best[1]:
            run.best = run.number, found, self.x

    def _judge(self) -> None:
        """Raise Stop where nothing has got better for too long."""
        self._validate()
        run, patience = self.run, self.run.options["patience"]
        if patience and run.number - run.best[0] >= patience:
            epochs = f"{patience} epoch{'s' if patience > 1 else ''}"
            raise Stop(
                "patience", f"stopped: --validate has got no better for {epochs}{self._best}"
            )

    @property
    def _best(self) -> str:
        """Which epoch was the best of what is validated."""
        run = self.run
        if not self._validation:
            return ""
        value = shown(run.best[1] * run.problem.sign, 6)
        of = f"the best epoch of --validate is {run.best[0]}, with {run.output} = {value}"
        return f"; {of}"

    def end(self) -> None:
        """Go back to the best epoch, if that is asked for."""
        run = self.run
        if run.options["patience"] and self._validation and run.best[1] < inf:
            self.kept, run.x = run.best[0], run.best[2]
