"""The methods of the table: update after update, with a given step size or a line search."""

from math import inf, isfinite, isnan
from typing import NamedTuple

from backprop.descent.batch import Batches
from backprop.descent.choices import choice
from backprop.descent.course import NoLower, Run, Stop
from backprop.descent.explained_step import ExplainedStep
from backprop.descent.objective import Point, around
from backprop.descent.optimizers import SCHEDULES, ByName, Optimizer
from backprop.descent.problem import dot, moves
from backprop.descent.result import State
from backprop.errors import NoMachineCode, NotFinite, OutsideDomain
from backprop.numbers import printed, shown
from backprop.syntax import functions

_MOST_TRIALS = 8
"""The most trials that are shown of one update."""

_DECREASE = 1e-4
"""The part of the fall that the slope promises which a step must keep (Armijo; Nocedal and Wright,
Numerical Optimization, 2006, section 3.1)."""

_TRIALS = 60
"""The most trials of one line search: by then the step is shorter by a factor of 2^60 or more."""

_WIDER = 80
"""So often a first step that moves nothing is made longer."""

_LARGEST = 1e300
"""The largest step size that is tried first."""

_ROUNDING = 2.0**-50
"""A rise of the output by this part of it is rounding, and no reason to go on searching."""


class Update(NamedTuple):
    """One update of all parameters, and where it leads."""

    lr: float
    x: Point
    after: list[tuple[float, ...]]
    """For each parameter its number, not yet moved into the bounds, and its state."""


def _with_smaller(stop: Stop, lr: float) -> Stop:
    """The end of a run that a step of this size took to where there is no value, which says to take a
    smaller one."""
    if stop.cause == "cannot go on" and stop.error:
        needs = stop.error.hints if isinstance(stop.error, OutsideDomain) else ()
        stop.error.hints = (*needs, f"take a smaller --lr, such as {shown(lr / 10, 2)}")
    return stop


class FirstOrder:
    """A method of the table at work. options: its numbers. given: the state that the run goes on from."""

    def __init__(self, row: Optimizer, options: ByName, run: Run, given: State | None) -> None:
        asked = run.options
        self.row, self.options, self.run = row, options, run
        self.lr = asked["lr"] or row.lr
        """The step size, None for a line search."""
        self.clip = asked["clip"] or inf
        """The largest gradient norm that an update sees."""
        self.state: dict[str, list[float]] = {}
        self.k = 0
        """Updates since the state began."""
        self.searched: float | None = None
        """The step size that the last line search found, where the next one begins."""
        self.explained: list[str] = []
        self._trials: list[tuple[float, float]] = []
        """The step sizes that the last line search tried, and the output there."""
        if given:
            names, memory = run.problem.names, given.memory
            self.state = {key: [memory[key][name] for name in names] for key in row.state}
            self.k, self.searched = given.updates, given.searched
        else:
            self._begin_state()
        self._formulas = row.function(options)
        change, rates = choice("schedule", asked["schedule"], SCHEDULES)
        length = float(run.before + asked["steps"])
        rates = {key: length if isnan(number) else number for key, number in rates.items()}
        self._factor = functions.compiled(change.factor, ("k",), rates)
        # the compiled loop, if it is worth its compilation, takes every ordinary step
        self._batches: Batches | None = None
        objective = run.problem.objective
        if self.lr and objective.worth_compiling(
            asked["engine"], asked["steps"], around(len(run.x))
        ):
            try:
                self._batches = Batches(objective, run, row, options, (change, rates))
            except NoMachineCode:
                if asked["engine"] == "native":
                    raise

    def descend(self) -> None:
        """Step after step, until the run raises Stop."""
        run = self.run
        run.monotone = self.lr is None
        if run.left_at:
            self.searched = None
        while True:
            # a compiled loop changes the state in place
            state = dict(self.state) if self._batches else self.state
            number, before = run.number, (state, self.k, self.searched)
            try:
                self._advance()
            except MemoryError:
                if run.number == number:  # the step was not taken, and the state is that before it
                    self.state, self.k, self.searched = before
                raise

    def _advance(self) -> None:
        """One step, or many of the compiled loop. Raises what `Run.steps` raises."""
        run = self.run
        done = self._batches.go(self.state, self.k, run.room()) if self._batches else None
        if done is not None:
            self.k += len(done.values)
            run.steps(done)
            return
        gradient, shrink = run.gradient, 1.0
        if self.clip < inf and (size := run.problem.clipped_norm(run.x, gradient)) > self.clip:
            shrink = self.clip / size
            gradient = [slope * shrink for slope in gradient]
        if self.lr is None:
            taken, value, slopes = self._search(gradient)
        else:
            lr = self.lr * self._factor(float(run.number))
            if lr == 0:
                raise Stop("steps", "the schedule has brought the step size to 0")
            taken = self._update(gradient, lr)
            try:
                value, slopes = run.problem.at_rest_or_both(taken.x)
            except NotFinite as error:
                raise _with_smaller(run.diverged(error), lr) from None
        self.k += 1
        if run.number + 1 == run.options["explain_step"]:
            self.explained = self._explanation(gradient, shrink, taken)
        if self.state:
            self.state = {
                name: [new[at] for new in taken.after] for at, name in enumerate(self.state, 1)
            }
        run.step(taken.x, value, slopes, taken.lr)

    def _begin_state(self) -> None:
        count = len(self.run.x)
        self.state = {name: [float(first)] * count for name, first in self.row.state.items()}
        self.k = 0

    def _update(self, gradient: Point, lr: float) -> Update:
        run, k, columns = self.run, self.k + 1.0, self.state.values()
        after = [
            self._formulas(at, slope, k, lr, *numbers)
            for at, slope, *numbers in zip(run.x, gradient, *columns, strict=True)
        ]
        return Update(lr, run.problem.inside([new[0] for new in after]), after)

    def _search(self, gradient: Point) -> tuple[Update, float, Point]:
        """The update with a step size at which the output falls enough, and value and gradient there.

        The first size tried makes the largest move 1, later ones begin where the last ended. A
        direction that leads uphill (momentum does, at times) is given up, and the state with it.
        """
        run = self.run
        problem = run.problem
        for attempt in range(2):
            if attempt:
                if not self.state:
                    break
                self._begin_state()
                self.searched = None
            lr = self.searched or self._first_size(gradient)
            self._trials = []
            for _ in range(_TRIALS):
                found = self._update(gradient, lr)
                slope = dot(gradient, moves(run.x, found.x))
                if slope >= 0:
                    break
                try:
                    value = problem.value(found.x)
                except NotFinite as error:
                    if problem.bottomless:
                        raise run.diverged(error) from None
                    value = inf
                self._trials.append((lr, value * problem.sign))
                room = _ROUNDING * abs(run.value)
                if value <= run.value + _DECREASE * slope + room:
                    try:
                        slopes = problem.gradient()
                    except NotFinite:
                        value = inf
                    else:
                        self.searched = self._next(gradient, found.x, slopes, lr)
                        return found, value, slopes
                lr *= _shrink(run.value, slope, value)
        raise NoLower

    def _first_size(self, gradient: Point) -> float:
        """The step size that makes the largest move 1."""
        steepest = max(map(abs, gradient))
        size = min(1 / steepest, _LARGEST) if 0 < steepest < inf else 1.0
        for _ in range(_WIDER):
            longest = max(map(abs, moves(self.run.x, self._update(gradient, size).x)))
            if longest or size >= _LARGEST:
                break
            size *= 1e4  # some methods move by the step size whatever the slope
        return size / longest if 0 < longest < inf else size

    def _next(self, gradient: Point, point: Point, slopes: Point, lr: float) -> float:
        """Where the next search begins: for plain descent the step that the last two gradients
        suggest, for others twice the last.

        With the move s and the change y of the gradient that step is s·y/y·y, the second of
        Barzilai and Borwein (IMA J. Numer. Anal. 8, 1988): the one that more seldom needs to be
        shortened, as it must not be where every step is to fall.
        """
        if self.row.state or self.clip < inf:
            return 2 * lr
        bends = moves(gradient, slopes)
        bend, square = dot(moves(self.run.x, point), bends), dot(bends, bends)
        return min(max(bend / square, lr * 1e-5), lr * 1e5) if bend > 0 < square else 10 * lr

    def _explanation(self, gradient: Point, clip: float, update: Update) -> list[str]:
        """The lines that explain an update. gradient, clip: as of `ExplainedStep`."""
        run, where, notes = self.run, "", list[str]()
        number = run.number + 1
        if run.left_at and run.left_at[0] == run.number:
            where = ", as the points around this corner share it"
        if self.k == 1 < number and self.row.state:
            notes.append("its memory begins anew here, because it led uphill")
        return ExplainedStep(
            self.row, self.options, run.problem, number, run.x, gradient, clip, self.state, self.k,
            update.lr, update.x, where, self._found(), notes,
        ).lines()  # fmt: skip

    def _found(self) -> str:
        """What a line search tried before it found its step size."""
        if not self._trials:
            return ""
        *failed, (_, value) = self._trials
        found = f", found by line search: {self.run.problem.output} = {printed(value)} there"
        shown = [
            f"lr {printed(lr)} → {printed(value) if isfinite(value) else 'no value'}"
            for lr, value in failed[:_MOST_TRIALS]
        ]
        more = ", …" if len(failed) > _MOST_TRIALS else ""
        return f"{found}, too little fall before ({'; '.join(shown)}{more})" if shown else found


def _shrink(value: float, slope: float, trial: float) -> float:
    """How much shorter the next trial is: to the lowest point of the parabola through value, slope
    and trial, but no less than a tenth and no more than half."""
    if trial == inf:
        return 0.1
    rise = trial - value - slope
    return min(max(-slope / (2 * rise), 0.1), 0.5) if rise > 0 else 0.5
