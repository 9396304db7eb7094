"""Lower points by second derivatives: a trust region in units of the output's own bends.

A move is measured by how much the output bends along it, so that neither the units of the inputs nor those
of the output matter (Moré: The Levenberg-Marquardt algorithm, 1978, on scaling). Sums of squares begin with
Gauss and Newton's second derivatives and go on with those that foretell the fall better, as in Dennis, Gay
and Welsch's NL2SOL (ACM Transactions on Mathematical Software 7, 1981), whose second choice is estimated
and ours exact. In valleys that bend their steps are bent, too (Transtrum, Sethna: arXiv:1207.4999).
"""

from __future__ import annotations

from collections import deque
from functools import cached_property, partial
from math import hypot, inf, isfinite, sqrt
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import NOTHING, Run, Stop
from backprop.descent.into_valley import OffValley, into_valley
from backprop.descent.limits_of_steps import StepLimits, bends_after, is_floor
from backprop.descent.objective import Point, SquaredSum
from backprop.descent.onto_bounds import onto_bounds
from backprop.descent.second_order import by_rounding, hessian
from backprop.descent.trust_region import Parabola, back, lowest, of_matrix, of_squares
from backprop.descent.walls import Walls

_ENOUGH = 1e-4
"""The part of the foretold fall that a step must keep."""

_POOR, _GOOD = 0.25, 0.75
"""A step that keeps less makes the radius shorter, one on the edge that keeps more makes it longer."""

_LONGER, _LONGEST = 2.5, 10
"""So many times the step is the radius after a good step on the edge, its square after the second one in a
row, and so on to this power."""

_SHORTEST, _SHORTER = 0.1, 0.5
"""A radius is cut to between these parts of a step that was poor."""

_TRIALS = 60
"""The most trials of one step."""

_SLOW, _STILL_ABOVE = 10, 0.5
"""A sum of squares that keeps more than this part of its value in so many steps is in a valley that bends."""

_AHEAD, _BENT = 0.1, 0.75
"""How far ahead on a step its residuals are looked at, and the most that a bent step differs from a straight
one (Transtrum and Sethna, section 4)."""

_BACK, _BACK_ANEW = 0.1, 0.5
"""A move back into a valley is at most so long, as a part of the step that has left it; and so long where its
walls are looked at anew."""

_NOTHING = 1e-3
"""A fall by this part of the rounding of the output is none."""

_KEPT = 0.5
"""From one point to the next a unit loses at most this part."""

_LITTLE = 1e-10
"""Residuals that change by less than this part over the size of an input may do so by rounding."""

_TINY = 1e-12
"""A radius that is this part of the way from 0 leads nowhere."""

_ROUNDED = 4.0
"""A fall that is so many times the rounding of the output may be none."""


class Newton:
    """A search that begins where a run is."""

    def __init__(self, run: Run, walls: Walls) -> None:
        self.run, self.walls = run, walls
        self._squares: SquaredSum | None = run.problem.squares()
        self._by_squares = self._squares is not None
        """Whether the second derivatives of the residuals are left out."""
        self._radius = 0.0
        self._good = 0
        """How many of the last steps were good ones on the edge."""
        self._units: Any = None
        """Those of the last point."""
        self._values: deque[float] = deque(maxlen=_SLOW)
        self._in_valley = False
        """Whether the last step that left a valley was brought back into it."""
        self._on_floor = False
        """Whether it is on the floor of a valley that bends, and each step is brought back onto it."""
        self._move: Any = None
        """The last step, None where something held it back."""
        self._limits = StepLimits(run, walls)

    def descend(self) -> None:
        """Until no lower point is found, or the run raises Stop."""
        run = self.run
        while True:
            # at a corner the run has a slope of its own, and nothing bends there
            corner = run.left_at is not None and run.left_at[0] == run.number
            with numpy.errstate(all="ignore"):  # what is not finite is no step
                here = _Here(run, None if corner else self._squares, corner)
                if not corner:
                    self._units = here.keep(self._units)
                before = self._move
                if self._creeps and self._goes_onto_bounds():
                    continue
                back = partial(here.back, self._by_squares and not corner, True)
                if not self._goes_lower(here, self._by_squares and not corner):
                    if self._on_floor and self._limits.ahead(back):
                        continue
                    return
                if self._limits.reach(before, self._move, here.units, back, self._on_floor):
                    self._move = None
                self.walls.look_back()

    @property
    def _creeps(self) -> bool:
        """Whether the output has hardly fallen in the last steps."""
        return len(self._values) == _SLOW and self.run.value > _STILL_ABOVE * self._values[0]

    def _goes_onto_bounds(self) -> bool:
        """Take a step onto bounds that are next to here; whether there was one."""
        run = self.run
        point = onto_bounds(run, run.largest, 0.0) if run.problem.bounded else None
        if point is None:
            return False
        run.step(point, *self.walls.at(point))
        self.walls.lowest = None
        return True

    def _goes_lower(self, here: _Here, by_squares: bool) -> bool:
        """Take a step to a lower point; whether there was one. by_squares: whether the second derivatives
        of the residuals are left out."""
        run, values = self.run, self._values
        slow, in_valley = self._creeps, self._in_valley
        nears = slow and values[0] - run.value < float_info.epsilon * run.fallen
        values.append(run.value)
        lost = run.problem.rounding(run.x)
        self._radius = self._radius or here.first_radius()
        for _ in range(_TRIALS):
            found = here.lowest(by_squares, self._radius)
            least = max(_NOTHING * min(lost, abs(run.value)), NOTHING * run.fallen)
            if found is None or found.fall <= least or (nears and found.is_blind):
                return False
            if found.on_edge and self._radius <= _TINY * here.away:
                if run.count or self._radius == here.away:
                    return False
                self._radius = here.away  # the first look was too near
                continue
            move = found.move
            if slow and by_squares and found.fall > lost:
                move = here.bent(found)
            point = run.problem.inside(
                [at + by for at, by in zip(run.x, move.tolist(), strict=True)]
            )
            if point == run.x:
                return False
            value, gradient = self.walls.at(point)
            fell = -inf if self.walls.stands else run.value - value
            kept = fell / found.fall
            poor = kept < _POOR or (slow and found.on_edge and kept < _GOOD)
            if not found.on_edge and found.fall > lost:
                self._on_floor |= is_floor(run, kept, found.fall)
            follows = ((slow or in_valley) and poor) or self._on_floor
            if follows and isfinite(fell):
                left = OffValley(point, value, gradient)
                back = partial(here.back, by_squares, self._on_floor)
                enough = inf if self._on_floor else found.fall
                valley = into_valley(run, self.walls, left, move, back, enough)
                (point, value, gradient), move = valley
                fell = run.value - value
                self._in_valley = (kept := fell / found.fall) > _ENOUGH
            if max(abs(fell), found.fall) <= _ROUNDED * lost:
                # values say no more, but gradients may
                if not here.is_shorter(gradient):
                    return False
                kept = 1.0
            self._judge(kept, found, here, fell)
            if kept > _ENOUGH:
                if here.squares and abs(kept - 1) > _POOR:
                    self._by_squares = here.squares_foretell(found.move, fell, by_squares)
                self.walls.lowest = None
                self._move = None if found.on_edge else move
                run.step(point, value, gradient)
                return True
        return False

    def _judge(self, kept: float, found: _Move, here: _Here, fell: float) -> None:
        """Choose the next radius by the part of the foretold fall that a move has kept."""
        length = here.length(found.move)
        self._good = self._good + 1 if found.on_edge and kept > _GOOD else 0
        if kept < _POOR:
            part = _SHORTEST
            if isfinite(fell):  # to where the parabola through both values and the slope is lowest
                slope = float(here.gradient @ found.move)
                over = -fell - slope
                part = -slope / (2 * over) if over > 0 else _SHORTER
            self._radius = length * min(max(part, _SHORTEST), _SHORTER)
        elif kept > _GOOD:
            longer = _LONGER ** min(self._good, _LONGEST) if self._good else 2.0
            self._radius = max(self._radius, longer * length)


class _Move(NamedTuple):
    """A move to the lowest point within a radius, as far as it is known; how far the output falls there by
    that, whether the radius ends it, and whether rounding hides how the output bends nearly all along it."""

    move: Any
    fall: float
    on_edge: bool
    is_blind: bool


class _Here:
    """What is known where a run is: the gradient, (n,), the second derivatives, and the residuals and their
    derivatives, if the output is a sum of their squares; and the units of the inputs. straight: whether
    nothing is to bend."""

    def __init__(self, run: Run, squares: SquaredSum | None, straight: bool) -> None:
        self._run, self.squares, self._straight = run, squares, straight
        self.gradient = numpy.array(run.gradient)
        if squares is not None:
            self._residuals, self._slopes = squares.both(run.x)
        self._sizeless: Any = numpy.zeros(len(self.gradient), bool)
        """What has no say where it is 0, and so no unit that lasts."""
        self.units = self._find_units()

    def _find_units(self) -> Any:
        """For each input the number by which a move of it is multiplied: the root of how the output bends
        along it; where it does not, its slope as a part of the root of the output."""
        size = sqrt(abs(self._run.value)) or 1.0
        if self._straight:
            left = self._run.left_at
            sizes = numpy.array(left[2] if left and left[2] else [1.0] * len(self.gradient))
            return (hypot(*(self.gradient * sizes).tolist()) / size or 1.0) / sizes
        if self.squares is not None:
            bends = 2 * numpy.sum(self._slopes * self._slopes, axis=0)
        else:
            bends = numpy.abs(numpy.diagonal(self._matrix))
        units, sizes = numpy.sqrt(bends), numpy.abs(numpy.array(self._run.x))
        straight = ~((units > 0) & numpy.isfinite(units))
        little = ~straight & (units * sizes < _LITTLE * size) & (sizes > 0)
        if little.any():
            seen = self._matrix if self.squares is None else self._slopes
            straight |= little & by_rounding(self._run, self.squares, seen)
        if straight.any():
            units[straight] = numpy.where(little, 0.0, numpy.abs(self.gradient) / size)[straight]
            none = units == 0
            if self.squares is None and none.any() and not none.all():  # bends with others
                mixed = numpy.abs(self._matrix[numpy.ix_(none, ~none)]) / units[~none]
                units[none] = mixed.max(axis=1)
                none = units == 0
            # what has no say moves by its size, if it has one
            self._sizeless = none & (sizes == 0)
            units[none] = size / numpy.where(self._sizeless, 1.0, sizes)[none]
        return units

    def keep(self, before: Any) -> Any:
        """The units, of which none is much smaller than at the point before: where an input has hardly any
        say for once, it is not to move beyond all measure."""
        if before is not None:
            self.units = numpy.maximum(self.units, _KEPT * before)
        return numpy.where(self._sizeless, 0.0, self.units)

    @cached_property
    def _matrix(self) -> Any:
        if self._straight:
            return numpy.zeros((len(self.gradient), len(self.gradient)))
        return hessian(self._run, self._run.x)

    def length(self, move: Any) -> float:
        """That of a move, in units of the inputs."""
        return hypot(*(move * self.units).tolist())

    def first_radius(self) -> float:
        """As far as a bend of 1 asks for, but not farther than from 0 (Moré, section 4)."""
        steepest = hypot(*(self.gradient / self.units).tolist())
        most = self.length(self._run.largest)
        return min(steepest, self.away if self.away > _TINY * most else most or steepest)

    @property
    def away(self) -> float:
        """How far the run is from 0."""
        return self.length(numpy.array(self._run.sizes))

    def is_shorter(self, gradient: Point) -> bool:
        """Whether another gradient is at most half as long, in units of the inputs."""
        there = hypot(*(numpy.array(gradient) / self.units).tolist())
        return there <= hypot(*(self.gradient / self.units).tolist()) / 2

    def lowest(self, by_squares: bool, radius: float) -> _Move | None:
        """The move to the lowest point within a radius and the bounds; None if there is none.

        What would leave the bounds first is stopped there, and the others are asked again.
        """
        run = self._run
        x = numpy.array(run.x)
        low, high = (numpy.array(ends) - x for ends in (run.problem.low, run.problem.high))
        pushed = ((low >= 0) & (self.gradient > 0)) | ((high <= 0) & (self.gradient < 0))
        free, move, on_edge, is_blind = ~pushed, numpy.zeros(len(x)), False, False
        while free.any():
            parabola = self._parabola(by_squares, free, move)
            if parabola is None:
                return None
            left = radius * radius - self.length(numpy.where(free, 0.0, move)) ** 2
            if left <= 0:
                break
            along, on_edge = lowest(parabola, sqrt(left))
            is_blind = parabola.is_blind(along)
            part = parabola.ways @ along / self.units[free]
            with numpy.errstate(all="ignore"):
                ends = numpy.where(part < 0, low[free], high[free]) / part
            ends[part == 0] = inf
            first = int(ends.argmin())
            if ends[first] >= 1:
                move[free] = part
                break
            stopped = numpy.flatnonzero(free)[first]
            move[stopped] = low[stopped] if part[first] < 0 else high[stopped]
            free[stopped] = False
        fall = self._fall(by_squares, move)
        return (
            _Move(move, fall, on_edge, is_blind)
            if fall > 0 and numpy.isfinite(move).all()
            else None
        )

    def _parabola(self, by_squares: bool, free: Any, move: Any) -> Parabola | None:
        """How the output changes with the free inputs, in their units, after this move of the others; None
        where it is not finite."""
        units = self.units[free]
        try:
            if by_squares:
                slopes = self._slopes[:, free] / units
                return of_squares(self._residuals + self._slopes @ move, slopes)
            gradient = (self.gradient + self._matrix @ move)[free]
            return of_matrix(
                gradient / units, self._matrix[numpy.ix_(free, free)] / units / units[:, None]
            )
        except numpy.linalg.LinAlgError:
            return None

    def _fall(self, by_squares: bool, move: Any) -> float:
        """How far the output falls with a move, as foretold."""
        if by_squares:
            change = self._slopes @ move
            return -float(2 * (self._residuals @ change) + change @ change)
        return -float(self.gradient @ move + move @ self._matrix @ move / 2)

    def squares_foretell(self, move: Any, fell: float, better: bool) -> bool:
        """Whether the squares alone foretell this fall better than all second derivatives. better: what
        was thought so far: others must be twice as good."""
        try:
            wrong = abs(self._fall(False, move) - fell)
        except Stop:  # they are not finite
            return True
        by_squares = abs(self._fall(True, move) - fell)
        return not wrong < by_squares / 2 if better else by_squares < wrong

    def back(self, by_squares: bool, anew: bool, move: Any, gradient: Point) -> Any:
        """A move and then those back into the valley that it has left, by the gradient there. anew: whether
        its walls are looked at there, and not where the move began."""
        free, found = move != 0, move.copy()
        parabola = bends_after(self._run, move, self.units, free) if anew else None
        if parabola is None:
            parabola = self._parabola(by_squares, free, numpy.zeros(len(move)))
        if parabola is not None:
            slopes = (numpy.array(gradient) / self.units)[free]
            most = (_BACK_ANEW if anew else _BACK) * self.length(move)
            found[free] += back(parabola, slopes, most) / self.units[free]
        return found.tolist()

    def bent(self, found: _Move) -> Any:
        """A move that follows the bend of the residuals, if they bend little."""
        if self.squares is None:
            return found.move
        ahead = [at + _AHEAD * by for at, by in zip(self._run.x, found.move.tolist(), strict=True)]
        there = self.squares.values(self._run.problem.inside(ahead))
        slope = self._slopes @ found.move
        with numpy.errstate(all="ignore"):
            bend = 2 / _AHEAD * ((there - self._residuals) / _AHEAD - slope)
            # what stands at a bound stays there
            try:
                parabola = of_squares(bend, self._slopes * (found.move != 0) / self.units)
            except numpy.linalg.LinAlgError:
                return found.move
            # as much shorter than the lowest point of all as the step itself is
            own = found.move * self.units
            pull = self.gradient / self.units + 2 * (self._slopes.T @ slope) / self.units
            shift = max(0.0, -float(own @ pull) / float(own @ own)) if found.on_edge else 0.0
            bends = parabola.bends + shift
            known = bends > len(bends) * float_info.epsilon * bends.max()
            along = numpy.where(known, -parabola.slopes / numpy.where(known, bends, 1.0), 0.0)
        other = parabola.ways @ along
        length = self.length(found.move)
        if not 2 * hypot(*other.tolist()) <= _BENT * length:
            return found.move
        return found.move + other / self.units / 2
