"""A run: its steps counted, kept and judged. Every method reports each step here, and stops when
`Stop` is raised."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import dist, hypot, inf, isfinite, sqrt
from sys import float_info
from typing import Literal, NamedTuple

from backprop.descent.objective import Point
from backprop.descent.problem import Problem, dot, moves
from backprop.descent.spool import GrowingColumn, Spool
from backprop.descent_options import DescentOptions
from backprop.errors import BackpropError, NotFinite, TooLarge
from backprop.evaluation.gradient import Gradient
from backprop.numbers import shown

Cause = Literal[
    "gradient", "corner", "change", "target", "rounding", "steps", "stuck", "diverged",
    "interrupted",
]  # fmt: skip

_STILL = 30
"""After so many steps that move nothing (that lower nothing, where a method searches for lower
points), nothing will move any more."""


_MOST_VALUES = 1 << 16
"""The most outputs that are kept of a run (512 KiB): of longer ones every second, every fourth, …"""


class Step(NamedTuple):
    """What a callback is told after each step.

    number: counted from 1 (0 is the start), through resumed runs. value: the output.
    gradient_norm: Euclidean, without what pushes against a bound. step_length: Euclidean. lr: the
    step size, 0 at the start and where the method has none. parameters: by name.
    """

    number: int
    value: float
    gradient_norm: float
    step_length: float
    lr: float
    parameters: dict[str, float]


Callback = Callable[[Step], object]
"""Called with every step; the run stops when it returns True."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best step of a run: its number, the output and the parameters there."""

    step: int
    value: float
    parameters: dict[str, float] = field(repr=False)


class History:
    """Every step, or every so many: one column each, all of the same length, and one for each of
    these parameters. spool: makes the columns, which otherwise are arrays."""

    def __init__(self, names: Sequence[str], spool: Spool | None) -> None:
        column: Callable[[str], GrowingColumn] = spool.column if spool else array
        self.steps = column("q")
        self.values, self.gradient_norms = column("d"), column("d")
        self.step_lengths, self.lrs = column("d"), column("d")
        self.parameters = {name: column("d") for name in names}
        numbers = self.values, self.gradient_norms, self.step_lengths, self.lrs
        self._columns = [self.steps, *numbers, *self.parameters.values()]
        self.newest = -1
        """The number of the last step that was kept."""
        self._spool = spool

    def keep(self, step: Step) -> None:
        """Add a step as a row, wholly or not at all; in place of the last row, if that is the same
        step."""
        if self.newest == step.number:
            for column in self._columns:
                column.pop()
        count = len(self.steps)
        try:
            cells = *step[:-1], *step.parameters.values()
            for column, cell in zip(self._columns, cells, strict=True):
                column.append(cell)
        except MemoryError:
            self.newest = -1
            for column in self._columns:
                if len(column) > count:
                    column.pop()
            raise
        self.newest = step.number
        if self._spool is not None:
            self._spool.grown()


class Steps(NamedTuple):
    """Steps that a method has taken: where the last one led, and what came on the way.

    values: the output at each, as a person sees it. before: the value before the last. still: how
    many of the last steps moved nothing. best: of these steps the number, from 1, value and point
    of the lowest, None if a step before them was lower.
    """

    x: Point
    value: float
    gradient: Point
    lr: float
    length: float
    values: array[float]
    before: float
    still: int
    best: tuple[int, float, Point] | None


@dataclass(eq=False)
class Stop(Exception):
    """The run is over. reason: a sentence. error: what had no finite value, where it diverged, or
    that memory gave out."""

    cause: Cause
    reason: str
    error: BackpropError | None = None

    @property
    def converged(self) -> bool:
        """Whether the run came to where it was to go."""
        return self.cause in ("gradient", "corner", "change", "target", "rounding")


class NoLower(Exception):
    """Nothing lowers the output any more; `Run.no_lower` judges what that means."""


class Run:
    """The course of a descent: the last point with its value and gradient, the best one, and all.

    options: all of them. before: steps of the runs that this one continues. callback_every: the
    most steps between two calls of `callback`; 0: as many as suit the method. spool: for a
    history that is not to grow in memory.
    """

    def __init__(
        self,
        problem: Problem,
        options: DescentOptions,
        callback: Callback | None = None,
        before: int = 0,
        callback_every: int = 1,
        spool: Spool | None = None,
    ) -> None:
        self.problem = problem
        self.options = options
        self.callback = callback
        self.every = options["every"] or 0
        self.callback_every = callback_every
        self.before = before
        self.count = 0
        self.length = self.lr = 0.0
        self.failure: BaseException | None = None
        """What a callback raised."""
        self.relieved = ""
        """Who took over, and when, where the method found no lower point."""
        self.values = array("d")
        self.values_every = 1
        """How many steps lie between two of `values`; more and more in a run that goes on and on."""
        self.history = History(problem.names, spool)
        self.left, self.led = 0, ""
        """How many corners were left behind, and what there is to say of them."""
        self.left_at: tuple[int, float] | None = None
        """The step at which the last one was, and the output there."""
        self.monotone = False
        """Whether the method means to lower the output with every step."""
        self.still = 0
        self.x = problem.start
        try:
            self.value, self.gradient = problem.at_rest_or_both(self.x)
        except NotFinite as error:
            raise problem.explained(error) from None
        self.norm = problem.norm(self.x, self.gradient)
        self.best = before, self.value, self.x
        """Its step, value and point."""
        self.start, self.start_gradient = self.last, self.gradient

    @property
    def number(self) -> int:
        """That of the last step, through resumed runs."""
        return self.before + self.count

    @property
    def last(self) -> Step:
        """The last step, as a person sees it."""
        value, parameters = self.value * self.problem.sign, self.problem.named(self.x)
        return Step(self.number, value, self.norm, self.length, self.lr, parameters)

    def begin(self) -> None:
        """Report the start. Raises Stop where the callback does not want to go on."""
        self.values.append(self.value * self.problem.sign)
        self._report()

    def at_rest(self, is_minimum: bool) -> Stop:
        """The end of a run that starts where there is no gradient."""
        every = "every gradient" if len(self.x) > 1 else "the gradient"
        if is_minimum:
            return Stop("gradient", f"converged: {every} is 0 at the start")
        where = "a plateau, a saddle or a top" if self.problem.sign > 0 else "no top"
        reason = f"stuck: {every} is 0 at the start, but this may be {where}; start elsewhere"
        return Stop("stuck", reason)

    def leave(self, slope: Point, most: int) -> bool:
        """Take this for the gradient of a corner, if there were fewer, and it leads anywhere."""
        if self.left >= most or (self.monotone and self.left_at and self.value >= self.left_at[1]):
            return False
        self.left += 1
        self.left_at = self.number, self.value
        if not self.count:
            self.start_gradient = slope
        self.gradient, self.norm = slope, self.problem.norm(self.x, slope)
        self.still = 0
        corners = "a corner" if self.left == 1 else f"{self.left} corners, the last"
        self.led = f"; the slopes around led on from {corners} after step {self.number}"
        self.relieved = ""
        return True

    def step(self, x: Point, value: float, gradient: Point, lr: float = 0.0) -> None:
        """Report a step to a point with finite value and gradient. Raises Stop when it was the
        last, NoLower when many have led to nothing."""
        length = dist(x, self.x)
        moved = value < self.best[1] if self.monotone else length > 0
        still = 0 if moved else self.still + 1
        best = (1, value, x) if value < self.best[1] else None
        values = array("d", [value * self.problem.sign])
        self.steps(Steps(x, value, gradient, lr, length, values, self.value, still, best))

    def steps(self, done: Steps) -> None:
        """Report several steps at once, of which the last may be the last of all. Raises as `step`."""
        norm = self.problem.norm(done.x, done.gradient)
        self._keep_values(done.values)
        # what may run out of memory is done: from here on the run stands at the new step
        if done.best is not None:
            ahead, value, x = done.best
            self.best = self.number + ahead, value, x
        self.count += len(done.values)
        self.x, self.value, self.gradient = done.x, done.value, done.gradient
        self.length, self.lr, self.still = done.length, done.lr, done.still
        self.norm = norm
        self._report()
        self.judge(abs(done.value - done.before))

    def _keep_values(self, new: array[float]) -> None:
        """Keep the outputs of the next steps, or every so many of them."""
        every = self.values_every
        self.values.extend(new if every == 1 else new[-(self.count + 1) % every :: every])
        while len(self.values) > _MOST_VALUES:
            self.values = self.values[::2]
            self.values_every *= 2

    def room(self) -> int:
        """How many steps may be taken before anybody wants to hear of one."""
        most = self.options["steps"] - self.count
        for every in (self.every, self.callback_every if self.callback else 0):
            if every:
                most = min(most, every - self.count % every)
        before_explained = (self.options["explain_step"] or 0) - 1 - self.number
        return min(most, before_explained) if before_explained >= 0 else most

    def settle(self, last: Gradient) -> None:
        """Say of the last point what `grad` says of it (machine code may differ in the last bits),
        and keep it in the history, if any."""
        value, sign = last.value, self.problem.sign
        gradient = [last.gradients[name] for name in self.problem.names]
        if self.count and isfinite(value) and all(map(isfinite, gradient)):
            self.value, self.gradient = value * sign, [slope * sign for slope in gradient]
            self.norm = self.problem.norm(self.x, self.gradient)
            if self.count % self.values_every == 0:
                self.values.pop()
            self.values.append(value)
            if self.best[0] == self.number:
                self.best = self.number, self.value, self.x
        if self.every:
            self.history.keep(self.last)

    def diverged(self, error: NotFinite) -> Stop:
        """The end of a run whose next step has no finite value or gradient."""
        number, error = self.number + 1, self.problem.explained(error)
        message = error.message
        if self.problem.bottomless:
            way = "rises" if self.problem.sign < 0 else "falls"
            message = f"{self.problem.output} {way} without end"
            if not self.problem.bounded:
                error.hints = ("give the inputs --bounds, or take another output",)
        last = f"after step {number - 1}" if number > 1 else "those of the start"
        reason = f"diverged at step {number}: {message}; the last finite values are {last}"
        return Stop("diverged", reason, error)

    def out_of_memory(self) -> Stop:
        """The end of a run that needs more memory than there is: as if somebody had stopped it."""
        reason = f"interrupted after step {self.number}: not enough memory to go on"
        return Stop("interrupted", reason, TooLarge("not enough memory to go on with the descent"))

    def no_lower(self, fall: float | None = None) -> Stop:
        """The end of a run that finds no lower point: at the limit of rounding, or stuck. fall:
        how far the output can still fall by all its second derivatives, if these are known."""
        output, norm = self.problem.output, self._norm_is
        still = max(self._fall(), fall or 0.0)
        # what is lost of the output in a sum of a few dozen terms, or on the way to it
        lost = 64 * float_info.epsilon * abs(self.value)
        if isfinite(still) and still <= max(lost, self.problem.rounding(self.x)):
            limit = f"what {output} could still fall, {shown(still, 2)}, is below its rounding"
            return Stop("rounding", f"converged: {limit}; {norm}")
        called = f"-{output}" if self.problem.sign < 0 else output
        where = f"no step that was tried lowers {called}, and {norm}; perhaps this is a corner"
        return Stop("stuck", f"stuck after step {self.number}: {where}")

    @property
    def _norm_is(self) -> str:
        return f"the gradient norm{self._of_what} is {shown(self.norm, 3)}"

    @property
    def _of_what(self) -> str:
        """What to say where a part of the gradient does not count."""
        return (
            "" if self.norm == hypot(*self.gradient) else ", without what pushes against a bound,"
        )

    def _fall(self) -> float:
        """How far the output can still fall along its gradient, by its curvature there.

        With slope g and curvature h it is g^2/(2h). h comes from a second gradient nearby; where
        it is not positive nothing holds the output back.
        """
        if self.norm == 0:
            return 0.0
        size = sqrt(float_info.epsilon) * max(1.0, max(map(abs, self.x)))
        near, far = self._curvature(size), self._curvature(4 * size)
        # At a corner the gradient jumps, and the "curvature" is the smaller the farther one looks.
        if near <= 0 or far < near / 2:
            return inf
        return self.norm / (2 * near) * self.norm

    def _curvature(self, size: float) -> float:
        """How the gradient changes along itself, over this distance; inf where nothing can move, 0
        where there is no value."""
        problem, norm = self.problem, self.norm
        ahead = [at - size * slope / norm for at, slope in zip(self.x, self.gradient, strict=True)]
        near = problem.inside(ahead)
        try:
            _, there = problem.both(near)
        except NotFinite:
            return 0.0
        moved = dist(near, self.x)
        bend = dot(moves(self.gradient, there), moves(self.x, near))
        return bend / moved / moved if moved else inf

    def judge(self, change: float) -> None:
        """Raise Stop if the last step was the last of all, NoLower if many have led to nothing.
        change: of the output, in that step."""
        options, sign = self.options, self.problem.sign
        output, steps, target = self.problem.output, options["steps"], options["target"]
        least, still = options["until_grad"], options["until_change"]
        if target is not None and self.value <= target * sign:
            raise Stop("target", f"converged: {output} reached the target {shown(target)}")
        if self.norm <= least:
            norm = f"the gradient norm {shown(self.norm, 3)}{self._of_what}"
            raise Stop("gradient", f"converged: {norm} is at most {shown(least, 3)}")
        if still and change <= still * max(1.0, abs(self.value)):
            changed = f"{output} changed by {shown(change, 3)}"
            raise Stop("change", f"converged: {changed}, relatively at most {shown(still, 3)}")
        if self.still >= _STILL:
            raise NoLower
        if self.count >= steps:
            used = f"all {steps} steps are used up" if steps != 1 else "the step is done"
            raise Stop("steps", f"{used}; {self._norm_is}")

    def _report(self) -> None:
        """Keep the last step in the history, if it is one of every so many, and tell the callback."""
        kept = self.every and self.count % self.every == 0
        if not kept and self.callback is None:
            return
        last = self.last
        if kept:
            self.history.keep(last)
        try:
            answer = self.callback(last) if self.callback else None
        except BaseException as error:  # not one of scipy's, which a method may live with
            self.failure = error
            raise
        # numpy's truth is not Python's, and a number or a list is no answer
        if answer is True or (type(answer).__name__ in ("bool", "bool_") and bool(answer)):
            raise Stop("interrupted", f"interrupted after step {self.number}")
