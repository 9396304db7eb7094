"""The methods of the table: update after update, with a given step size or a line search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from backprop.descent.batch import Batches
from backprop.descent.optimizers import Optimizer
from backprop.descent.problem import Point, dot, moves
from backprop.descent.run import Run, Stop
from backprop.descent.update import Explained, Memory, Trial, Update, compiled
from backprop.errors import NotFinite

_DECREASE = 1e-4
"""The part of the fall that the slope promises which a step must keep (Armijo; Nocedal and Wright,
Numerical Optimization, 2006, section 3.1)."""

_TRIALS = 60
"""The most trials of one line search: by then the step is shorter by a factor of 2^60 or more."""

_ROUNDING = 2.0**-50
"""A rise of the output by this part of it is rounding, and no reason to go on searching."""


@dataclass(slots=True)
class FirstOrder:
    """A method of the table at work.

    lr: the step size, None for a line search. factor: what it is multiplied with at step k from 0.
    clip: the largest gradient norm that an update sees. k: updates since the state began.
    """

    row: Optimizer
    options: Mapping[str, float]
    lr: float | None
    factor: Callable[[float], float]
    clip: float = inf
    explain: int = 0
    state: Memory = field(default_factory=dict)
    k: int = 0
    searched: float | None = None
    """The step size that the last line search found, where the next one begins."""
    explained: Explained | None = None
    batches: Batches | None = None
    """The compiled loop, where there is one: it takes every ordinary step."""

    def descend(self, run: Run) -> None:
        """Step after step, until the run raises Stop."""
        formulas = compiled(self.row, self.options)
        if not self.state:
            self._begin_state(len(run.x))
        run.monotone = self.lr is None
        while True:
            if self.batches is not None and self._batch(run, self.batches):
                continue
            x, gradient, shrink = run.x, run.gradient, 1.0
            if self.clip < inf and (size := run.problem.clipped_norm(x, gradient)) > self.clip:
                shrink = self.clip / size
                gradient = [slope * shrink for slope in gradient]

            def update(lr: float, x: Point = x, gradient: Point = gradient) -> Update:
                k = self.k + 1.0
                after = [
                    formulas(at, slope, k, lr, *numbers)
                    for at, slope, *numbers in zip(x, gradient, *self.state.values(), strict=True)
                ]
                return Update(lr, run.problem.inside([new[0] for new in after]), after)

            trials: list[Trial] = []
            if self.lr is None:
                taken, value, slopes = self._search(run, gradient, update, trials)
            else:
                lr = self.lr * self.factor(float(run.number))
                if lr == 0:
                    raise Stop("steps", "the schedule has brought the step size to 0")
                taken = update(lr)
                try:
                    value, slopes = run.problem.both(taken.x)
                except NotFinite as error:
                    raise run.diverged(error) from None
            self.k += 1
            number = run.number + 1
            if number == self.explain:
                self.explained = Explained(
                    number, self.k, x, gradient, shrink, self.state, taken, trials
                )
            self.state = {
                name: [new[at] for new in taken.after] for at, name in enumerate(self.state, 1)
            }
            run.step(taken.x, value, slopes, taken.lr)

    def _batch(self, run: Run, batches: Batches) -> bool:
        """Take many steps at once; False where the next one must be taken by itself."""
        most = run.room()
        if self.explain:
            ahead = self.explain - 1 - run.number
            most = min(most, ahead) if ahead >= 0 else most
        done = batches.go(run, self.state, self.k, most) if most > 0 else None
        if done is None:
            return False
        self.k += len(done.values)
        run.steps(done)
        return True

    def _begin_state(self, count: int) -> None:
        self.state = {name: [float(first)] * count for name, first in self.row.state.items()}
        self.k = 0

    def _search(
        self, run: Run, gradient: Point, update: Callable[[float], Update], trials: list[Trial]
    ) -> tuple[Update, float, Point]:
        """The update with a step size at which the output falls enough, and value and gradient there.

        The first size tried makes the largest move 1, later ones begin where the last ended. A
        direction that leads uphill (momentum does, at times) is given up, and the state with it.
        trials: takes the sizes that were tried last.
        """
        problem = run.problem
        for attempt in range(2):
            if attempt:
                if not self.state:
                    break
                self._begin_state(len(run.x))
                self.searched = None
            lr = self.searched or _first_size(run.x, update(1.0).x)
            trials.clear()
            for _ in range(_TRIALS):
                found = update(lr)
                slope = dot(gradient, moves(run.x, found.x))
                if slope >= 0:
                    break
                try:
                    value = problem.value(found.x)
                except NotFinite as error:
                    if problem.bottomless:
                        raise run.diverged(error) from None
                    value = inf
                trials.append(Trial(lr, value * problem.sign))
                room = _ROUNDING * abs(run.value)
                if value <= run.value + _DECREASE * slope + room:
                    try:
                        slopes = problem.gradient()
                    except NotFinite:
                        value = inf
                    else:
                        self.searched = self._next(run, gradient, found.x, slopes, lr)
                        return found, value, slopes
                lr *= _shrink(run.value, slope, value)
        raise run.no_lower()

    def _next(self, run: Run, gradient: Point, point: Point, slopes: Point, lr: float) -> float:
        """Where the next search begins: for plain descent the step that the last two gradients
        suggest, for others twice the last.

        With the move s and the change y of the gradient that step is s·y/y·y, the second of
        Barzilai and Borwein (IMA J. Numer. Anal. 8, 1988): the one that more seldom needs to be
        shortened, as it must not be where every step is to fall.
        """
        if self.row.state or self.clip < inf:
            return 2 * lr
        bends = moves(gradient, slopes)
        bend, square = dot(moves(run.x, point), bends), dot(bends, bends)
        return min(max(bend / square, lr * 1e-5), lr * 1e5) if 0 < bend < inf else 10 * lr


def _first_size(x: Point, there: Point) -> float:
    """The step size that makes the largest move 1, given where size 1 leads."""
    longest = max(map(abs, moves(x, there)))
    return 1.0 / longest if 0 < longest < inf else 1.0


def _shrink(value: float, slope: float, trial: float) -> float:
    """How much shorter the next trial is: to the lowest point of the parabola through value, slope
    and trial, but no less than a tenth and no more than half."""
    if trial == inf:
        return 0.1
    rise = trial - value - slope
    return min(max(-slope / (2 * rise), 0.1), 0.5) if rise > 0 else 0.5
