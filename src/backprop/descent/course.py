"""A run: its steps counted, kept and judged. Every method reports each step here, and stops when
`Stop` is raised."""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from math import dist, hypot, inf, isfinite
from sys import float_info
from typing import Literal

from backprop.descent.history import Callback, History, Step, Steps
from backprop.descent.objective import Point
from backprop.descent.problem import Problem
from backprop.descent.spool import Spool
from backprop.descent_options import DescentOptions
from backprop.errors import BackpropError, InfiniteSlope, NotFinite, TooLarge
from backprop.evaluation.gradient import Gradient
from backprop.numbers import shown

ENDINGS = (
    "minimum", "minimum at bounds", "minimum at a corner", "minimum, not unique",
    "maximum", "maximum at bounds", "maximum at a corner", "maximum, not unique",
    "target", "change", "gradient",
    "stationary", "flat", "corner", "rounding", "steps", "patience", "interrupted",
    "falls without end", "rises without end", "cannot go on",
)  # fmt: skip
"""Why a descent ended, in a word; a run that nothing lowers any more is at `rest` until it is known."""

FAILURES = ENDINGS[-3:]
"""The endings after which the last numbers are no result."""

_RULES = ("target", "change", "gradient", "patience")
"""The endings that a person asks for."""

_STILL = 30
"""After so many steps that move nothing (that lower nothing, where a method searches for lower
points), nothing will move any more."""

_STANDS = 1e-14
"""An output that a step changes by no more than this part of it stands still."""

NOTHING = 1e-4 * float_info.epsilon**2
"""A fall by this part of what a run has fallen is none."""

_MANY = 100
"""So many steps should be enough for most."""

_BY_GRADIENTS = "lbfgs", "bfgs", "cg"
"""Methods that do without second derivatives."""

_FEW = 1000
"""The most parameters whose sizes are kept track of."""

_LATELY = 50
"""So many steps are looked at again at the end."""

_FOLLOWED = 100
"""So many steps at most lead on from what would be the end of a run."""

_MOST_VALUES = 1 << 16
"""The most outputs that are kept of a run (512 KiB): of longer ones every second, every fourth, …"""


@dataclass(eq=False)
class Stop(Exception):
    """The run is over. reason: a sentence. error: what had no finite value, or that memory gave out."""

    cause: str
    reason: str
    error: BackpropError | None = None

    @property
    def converged(self) -> bool:
        """Whether the run came to where it was to go."""
        return self.cause.startswith(("minimum", "maximum")) or self.cause in _RULES


class NoLower(Exception):
    """Nothing lowers the output any more."""


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
        self.options, self.callback = options, callback
        self.every, self.callback_every, self.before = options["every"] or 0, callback_every, before
        self.count, self.length, self.lr = 0, 0.0, 0.0
        self.failure: BaseException | None = None
        """What a callback raised."""
        self.relieved = "", 0
        """Who went on where the method found no lower point, and the step after which that was."""
        self.trail: deque[tuple[float, Point]] = deque(maxlen=_LATELY)
        """The last steps, where the method looks for lower points."""
        self.values = array("d")
        self.values_every = 1
        """How many steps lie between two of `values`; more and more in a run that goes on and on."""
        self.history = History(problem.names, spool)
        self.left, self.led = 0, ""
        """How many corners were left behind, and what there is to say of them."""
        self.left_at: tuple[int, float, Point] | None = None
        """The step at which the last one was, the output there, and units for which its slope is that."""
        self.method = ""
        """The method that is at work."""
        self.followed = 0
        """How many steps led on from what would have been the end."""
        self.monotone = False
        """Whether the method means to lower the output with every step."""
        self.limit: tuple[Point, Point] | None = None
        """Where steps last shrank alike, and their limit, to which the run went at once."""
        self.still, self.is_steep = 0, False
        """Whether slopes are infinite where it begins."""
        self.x = problem.start
        try:
            self.value, self.gradient = problem.at_rest_or_both(self.x)
        except InfiniteSlope:  # at the edge of its domain, or of one side
            self.is_steep = True
            self.value, self.gradient = problem.value(self.x), [0.0] * len(self.x)
        except NotFinite as error:
            raise problem.explained(error) from None
        self.begun = problem.told(self.x, self.value, self.gradient)
        """Where the run began, 0 for a number that says no more than that."""
        self.largest = list(map(abs, self.begun))
        """The largest size that each parameter has had, where the method looks for lower points."""
        self.norm = problem.norm(self.x, self.gradient)
        self.highest = self.value
        """The highest output so far."""
        self.change = inf
        """How far the output changed in the last step."""
        self.best = before, self.value, self.x
        """Its step, value and point."""
        self.start, self.start_gradient, self.start_x = self.last, self.gradient, self.x
        problem.is_interrupted = getattr(callback, "is_interrupted", bool)

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

    @property
    def fallen(self) -> float:
        """How far the output has fallen at most, so far."""
        fallen = self.highest - self.best[1]
        return fallen if 0 < fallen < inf else 0.0

    @property
    def stands(self) -> bool:
        """Whether the output stands still, in the last step or beside all that it has fallen."""
        return self.change <= max(_STANDS * abs(self.value), float_info.epsilon * self.fallen)

    @property
    def sizes(self) -> Point:
        """How large each number is, 0 for one that stands where it began, and says no more than that."""
        ends = zip(self.x, self.start_x, self.begun, strict=True)
        return [0.0 if at == start != begun else abs(at) for at, start, begun in ends]

    @property
    def output(self) -> str:
        return self.problem.output

    @property
    def least(self) -> Literal["minimum", "maximum"]:
        """What is looked for."""
        return "minimum" if self.problem.sign > 0 else "maximum"

    @property
    def falls(self) -> str:
        """What the output is to do, as a person sees it."""
        return "fall" if self.problem.sign > 0 else "rise"

    def no_bends(self) -> Stop:
        """The end of a search that needs second derivatives which are not finite."""
        return Stop("rest", f"the second derivatives of {self.output} are not finite")

    def leave(self, slope: Point, units: Point, most: int) -> bool:
        """Take this for the gradient of a corner, if there were fewer, and it leads anywhere."""
        if self.left >= most or (self.monotone and self.left_at and self.value >= self.left_at[1]):
            return False
        self.left += 1
        self.left_at = self.number, self.value, units
        if not self.count:
            self.start_gradient = slope
        self.gradient, self.norm = slope, self.problem.norm(self.x, slope)
        self.still = 0
        corners = "a corner" if self.left == 1 else f"{self.left} corners, the last"
        self.led = f"; it went on from {corners} after step {self.number}"
        self.relieved = "", 0
        return True

    def goes_on(self) -> bool:
        """Whether there is a step left for one to a lower point, and not too many were such."""
        self.followed += 1
        return self.count < self.options["steps"] and self.followed <= _FOLLOWED

    def follow(self, point: Point, left: str) -> None:
        """Take a step to a lower point. left: what is left behind, if that is of note. Raises as `step`."""
        if left:
            self.led = f"; it went on from {left} after step {self.number}"
        value = self.problem.value(point)
        try:
            _, gradient = self.problem.at_rest_or_both(point)
        except NotFinite:  # the edge of the domain, with an infinite slope
            gradient = [0.0] * len(point)
        self.step(point, value, gradient)

    def step(self, x: Point, value: float, gradient: Point, lr: float = 0.0) -> None:
        """Report a step to a point with finite value and gradient. Raises Stop when it was the
        last, NoLower when many have led to nothing."""
        length = dist(x, self.x)
        # many falls by the last bit are none
        least = max(NOTHING * self.fallen, float_info.epsilon * abs(value))
        moved = value < self.best[1] - least if self.monotone else length > 0
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
        self.highest = max(self.highest, self._highest(done))
        if self.monotone and len(done.x) <= _FEW:
            self.largest = [*map(max, self.largest, map(abs, done.x))]
            self.trail.append((done.value, done.x))
        self.change = abs(done.value - done.before)
        self._report()
        self.judge(self.change)

    def _highest(self, done: Steps) -> float:
        """The highest output of these steps, as far as anybody wants to know."""
        if self.monotone or not self.options["until_change"]:
            return max(done.before, done.value)
        return max(done.values) if self.problem.sign > 0 else -min(done.values)

    def _keep_values(self, new: array[float]) -> None:
        """Keep the outputs of the next steps, or every so many of them."""
        every = self.values_every
        while (self.count + len(new)) // every >= _MOST_VALUES:
            every, self.values = 2 * every, self.values[::2]
        self.values_every = every
        self.values.extend(new if every == 1 else new[-(self.count + 1) % every :: every])

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
        if (self.count or self.left) and isfinite(value) and all(map(isfinite, gradient)):
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
        last = f"after step {number - 1}" if number > 1 else "those of the start"
        known = f"the last finite values are {last}"
        if self.problem.bottomless:
            message = f"{self.output} {self.falls}s without end"
            if not self.problem.bounded:
                error.hints = ("give the inputs --bounds, or take another output",)
            return Stop(
                self.endless, f"{message}, beyond all doubles at step {number}; {known}", error
            )
        return Stop(
            "cannot go on", f"cannot go on at step {number}: {error.message}; {known}", error
        )

    @property
    def endless(self) -> str:
        """The end of an output that falls, or rises, without end."""
        return "falls without end" if self.problem.sign > 0 else "rises without end"

    def interrupted(self) -> Stop:
        """The end of a run that somebody stops between two steps, or while its end is looked at."""
        self.problem.is_interrupted = bool
        return Stop("interrupted", f"interrupted after step {self.number}")

    def out_of_memory(self) -> Stop:
        """The end of a run that needs more memory than there is: as if somebody had stopped it."""
        reason = f"interrupted after step {self.number}: not enough memory to go on"
        return Stop("interrupted", reason, TooLarge("not enough memory to go on with the descent"))

    @property
    def _norm_is(self) -> str:
        return f"the gradient norm{self._of_what} is {shown(self.norm, 3)}"

    @property
    def _still(self) -> str:
        """How fast the output still falls where all steps are used up, and what would be faster."""
        if self.count < 2 or not self.change > 0:
            return ""
        last = f", and {self.output} changed by {shown(self.change, 3)} in the last step"
        return last if self.count < _MANY else f"{last}; {self._faster}"

    @property
    def _faster(self) -> str:
        given = "lr" if self.options["lr"] is not None else "optimizer"
        if given == "lr" or not self.method:
            return f"without --{given} it would be faster"
        bends = self.problem.affords_bends and self.problem.objective.is_smooth
        if self.method in _BY_GRADIENTS and bends and "newton" not in self.relieved[0]:
            return "--optimizer newton may be faster"
        return "more --steps would go on"

    @property
    def _of_what(self) -> str:
        """What to say where a part of the gradient does not count."""
        return (
            "" if self.norm == hypot(*self.gradient) else ", without what pushes against a bound,"
        )

    def judge(self, change: float) -> None:
        """Raise Stop if the last step was the last of all, NoLower if many have led to nothing.
        change: of the output, in that step."""
        options, sign = self.options, self.problem.sign
        output, steps, target = self.problem.output, options["steps"], options["target"]
        least, still = options["until_grad"], options["until_change"]
        if target is not None and self.value <= target * sign:
            raise Stop("target", f"converged: {output} reached the target {shown(target)}")
        if least is not None and self.norm <= least:
            norm = f"the gradient norm {shown(self.norm, 3)}{self._of_what}"
            raise Stop("gradient", f"converged: {norm} is at most {shown(least, 3)}")
        if still and self.count and change <= still * self.fallen:
            changed = f"{output} changed by {shown(change, 3)}"
            of = f"at most {shown(still, 3)} of what it has changed so far"
            raise Stop("change", f"converged: {changed}, {of}")
        if self.still >= _STILL or not self.norm:
            raise NoLower
        if self.count >= steps:
            used = f"all {steps} steps are used up" if steps != 1 else "the step is done"
            raise Stop("steps", f"{used}; {self._norm_is}{self._still}")

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
            raise self.interrupted()
