"""How far to go along a line: a search for a point that satisfies the strong Wolfe conditions.

Moré, Thuente: Line search algorithms with guaranteed sufficient decrease, ACM Transactions on
Mathematical Software 20, 1994. What is counted here is one-dimensional: how far (a step), the output
there, and its slope along the line.
"""

from __future__ import annotations

from math import isfinite, nan, sqrt
from typing import NamedTuple

_ENOUGH = 1e-3
"""The part of the fall promised by the first slope with which a step is content."""

_NARROW = 0.1
"""An interval that is narrower than this part of its farther end is not searched any more."""

_BETWEEN, _BEYOND = 1.1, 4.0
"""Before there is an interval the next trial is so many times as far from the last one, at least and at
most, as that is from the one before."""

_SHRUNK = 0.66
"""Two trials leave less than this part of the interval, or it is halved."""

_LONGEST = 1e10
"""The longest step of all."""


class Trial(NamedTuple):
    """A point of the line: how far, the output there, and its slope."""

    step: float
    value: float
    slope: float

    def above(self, slope: float) -> Trial:
        """This one with the output counted from a straight line of this slope."""
        return Trial(self.step, self.value - self.step * slope, self.slope - slope)


class LineSearch:
    """A search along a line on which the output has a negative slope at 0.

    step: the next one to be tried. flatter: it is long enough where the slope is at most this part of the
    first one. good: whether the last one satisfies both conditions.
    """

    def __init__(self, value: float, slope: float, step: float, flatter: float = 0.9) -> None:
        self.step = step
        self._flatter = flatter
        self.good = False
        self._start = Trial(0.0, value, slope)
        self._low = self._high = self._start
        """The lowest end of the interval; the other one, which may lie on either side of it."""
        self._bracketed = False
        """Whether there is another end."""
        self._fell = False
        """Whether a trial fell enough and was not steep any more: until then what falls less than enough
        is compared by how much it falls beyond that."""
        self._least, self._most = 0.0, step + _BEYOND * step
        """Where trials may lie."""
        self._width, self._width_before = _LONGEST, 2 * _LONGEST

    def tried(self, value: float, slope: float) -> bool:
        """Take output and slope at `step` and choose another one; whether that is worth a trial."""
        trial, start = Trial(self.step, value, slope), self._start
        least = _ENOUGH * start.slope
        enough = value <= start.value + trial.step * least
        self._fell = self._fell or (enough and slope >= least)
        self.good = enough and abs(slope) <= -self._flatter * start.slope
        if self.good or (enough and trial.step >= _LONGEST):
            return False
        line = least if not (self._fell or enough) and value <= self._low.value else 0.0
        low, high, here = (each.above(line) for each in (self._low, self._high, trial))
        step = self._between(low, high, here)
        if not here.value <= low.value:
            self._high, self._bracketed = trial, True
        else:
            if (here.slope < 0) != (low.slope < 0):
                self._high, self._bracketed = self._low, True
            self._low = trial
        if self._bracketed:
            step = self._in_interval(step)
        else:
            ahead = step - trial.step
            self._least, self._most = step + _BETWEEN * ahead, step + _BEYOND * ahead
        self.step = min(max(step, 0.0), _LONGEST)
        return not self._bracketed or self._is_wide(self.step)

    def _between(self, low: Trial, high: Trial, here: Trial) -> float:
        """The next step, section 4 of the paper: by the cubic, and by the parabola, through two points."""
        cubic = _cubic(here, low)
        if not here.value <= low.value:
            # lower than here, and more so the nearer to the lowest end
            rise = _part(low.value - here.value, here.step - low.step)
            bend = _part(low.slope, rise + low.slope)
            parabola = low.step + bend / 2 * (here.step - low.step)
            near = abs(cubic - low.step) < abs(parabola - low.step)
            return cubic if near else cubic + (parabola - cubic) / 2
        secant = here.step + _part(here.slope, here.slope - low.slope) * (low.step - here.step)
        if (here.slope < 0) != (low.slope < 0):
            return max(cubic, secant, key=lambda step: abs(step - here.step))
        limit = self._most if here.step > low.step else self._least
        if abs(here.slope) < abs(low.slope):
            if not (cubic - here.step) * (here.step - low.step) > 0:
                cubic = limit  # it has no minimum ahead
            pick = min if self._bracketed else max
            step = pick(cubic, secant, key=lambda step: abs(step - here.step))
            if not self._bracketed:
                return min(max(step, self._least), self._most)
            most = here.step + _SHRUNK * (high.step - here.step)
            return min(most, step) if here.step > low.step else max(most, step)
        return _cubic(here, high) if self._bracketed else limit

    def _in_interval(self, step: float) -> float:
        """This step, or the middle of an interval that does not shrink."""
        low, high = self._low.step, self._high.step
        width = abs(high - low)
        if width >= _SHRUNK * self._width_before or not isfinite(step):
            step = low + (high - low) / 2
        self._width_before, self._width = self._width, width
        self._least, self._most = min(low, high), max(low, high)
        return step

    def _is_wide(self, step: float) -> bool:
        """Whether a step lies in the interval, and that is wide enough to be searched."""
        wide = self._most - self._least > _NARROW * self._most
        return wide and self._least < step < self._most


def _cubic(one: Trial, two: Trial) -> float:
    """Where the cubic through two trials has its minimum, seen from the first; nan if it has none."""
    across = two.step - one.step
    middle = 3 * _part(one.value - two.value, across) + one.slope + two.slope
    size = max(abs(middle), abs(one.slope), abs(two.slope))
    root = _part(middle, size) ** 2 - _part(one.slope, size) * _part(two.slope, size)
    if not root > 0:
        return nan
    root = size * sqrt(root) * (1 if across > 0 else -1)
    return one.step + _part(root - one.slope + middle, root - one.slope + root + two.slope) * across


def _part(number: float, whole: float) -> float:
    return number / whole if whole else nan
