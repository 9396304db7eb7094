"""The limit of steps that shrink alike: where an output bends as a power of 4 or 8, each step of Newton's
method leads a third or a seventh of the way (Decker, Kelley: SIAM J. Numer. Anal. 17, 1980, on Newton's
method at singular roots).
"""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, isfinite
from typing import Any

import numpy

from backprop.descent.course import Run, Stop
from backprop.descent.into_valley import OffValley, into_valley
from backprop.descent.objective import Point
from backprop.descent.second_order import hessian
from backprop.descent.trust_region import Parabola, of_matrix
from backprop.descent.walls import Walls

_ALIKE, _SLOWEST, _QUICKEST, _FAR = 0.05, 0.97, 0.5, 4
"""Steps in a row shrink alike but for this part of one, each to between those parts of the one before; where
that has led to no lower point, the next look is so many times as many steps away."""

_LONG, _OTHER, _POOR = 40, 0.1, 0.25
"""In a run that long a step is another one than foretold if it keeps not all of its fall but for the second
part; in any run if it keeps less than the third part."""

_DEEP, _LEVEL = 1e-8, 1e-3
"""Where no more is left than the first part of all that a run has fallen, and more than the second one of the
output, such a step tells of a valley that bends, with a floor so flat that what is left of the slopes of its
walls is all that bends on it."""

_LOOK, _TIMES = 5, [2.0**k for k in range(-3, 10)]
"""So many steps back is where they come from, and so many times as far they go on."""

_SAY = 1e-3
"""An input that has at least this part of a step has its own limit."""


def is_floor(run: Run, kept: float, fall: float) -> bool:
    """Whether a run is on the flat floor of a valley that bends, by a step that was to fall so far and has
    kept this part of that."""
    is_other = kept < _POOR or (run.count >= _LONG and abs(kept - 1) > _OTHER)
    return isfinite(kept) and is_other and _LEVEL * abs(run.value) < fall < _DEEP * run.fallen


def bends_after(run: Run, move: Any, units: Any, free: Any) -> Parabola | None:
    """How an output bends along the free inputs, in their units, where a move leads; None where that is not
    finite."""
    ends = [at + by for at, by in zip(run.x, move.tolist(), strict=True)]
    own = units[free]
    try:
        matrix = hessian(run, run.problem.inside(ends))[numpy.ix_(free, free)]
        return of_matrix(numpy.zeros(len(own)), matrix / own / own[:, None])
    except (numpy.linalg.LinAlgError, Stop):
        return None


class StepLimits:
    """A look for the limits of the steps of a run."""

    def __init__(self, run: Run, walls: Walls) -> None:
        self._run, self._walls = run, walls
        self._next, self._apart, self._bends = 0, 1, False
        """The step at which limits are looked for again, how many more that then is, and whether each input
        has had a limit of its own."""

    def reach(
        self, before: Any, last: Any, units: Any, back: Callable[[Any, Point], Any], bends: bool
    ) -> bool:
        """Go to the limit of the last two steps, (n,) each, if it is lower; whether it was looked at.

        units: for each input that by which its moves are multiplied. back: of a move and the gradient there
        the move that leads back into the valley. bends: whether that bends, so that each input has a limit of
        its own.
        """
        run = self._run
        if bends and not self._bends:
            self._next, self._apart, self._bends = 0, 1, True
        if before is None or last is None or run.count < self._next:
            return False
        one, other = before * units, last * units
        part = float(one @ other) / (float(one @ one) or 1.0)
        parts = numpy.full(len(one), part)
        if bends:  # along y = x^3 the steps of y shrink three times as fast
            says = numpy.abs(other) > _SAY * numpy.abs(other).max()
            parts = numpy.where(says, other / numpy.where(says & (one != 0), one, 1.0), part)
        off = hypot(*(other - parts * one).tolist())
        most = hypot(*other.tolist())
        slow = part >= _QUICKEST and parts.max() <= _SLOWEST and parts.min() > 0
        if not (slow and off <= _ALIKE * most):
            return False
        move = parts / (1 - parts) * last
        point = run.problem.inside([at + by for at, by in zip(run.x, move.tolist(), strict=True)])
        value, gradient = self._walls.at(point)
        if bends and not self._walls.stands:
            left = OffValley(point, value, gradient)
            (point, value, gradient), _ = into_valley(run, self._walls, left, move, back)
            self._walls.stands = False
        if self._walls.stands or not value < run.value:
            self._apart *= _FAR
            self._next = run.count + self._apart
            return True
        self._walls.lowest = None
        run.limit = run.x, point
        run.step(point, value, gradient)
        return True

    def ahead(self, back: Callable[[Any, Point], Any]) -> bool:
        """Go on as the last steps went, farther and farther, back in the valley after each look, where second
        derivatives are lost in rounding; whether that was lower."""
        run = self._run
        if len(run.trail) <= _LOOK:
            return False
        by = numpy.array(run.x) - run.trail[-1 - _LOOK][1]
        best = OffValley(run.x, run.value, run.gradient)
        for times in _TIMES:
            move = times * by
            ends = [at + to for at, to in zip(run.x, move.tolist(), strict=True)]
            point = run.problem.inside(ends)
            value, gradient = self._walls.at(point)
            if self._walls.stands:
                break
            left = OffValley(point, value, gradient)
            there, _ = into_valley(run, self._walls, left, move, back)
            if not there.value < best.value:
                break
            best = there
        self._walls.stands = False
        if best.point == run.x:
            return False
        self._walls.lowest = None
        run.limit = run.x, best.point
        run.step(*best)
        return True
