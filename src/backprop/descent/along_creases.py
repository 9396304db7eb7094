"""Lower points along the creases that meet at a corner, and what shows a minimum there.

Each step is one of Newton's method on the creases, by the Lagrangian, and ends on them: sequential quadratic
programming within a radius (Nocedal, Wright: Numerical Optimization, 2006, chapter 18). Where creases whose
slopes share nothing meet, the output is lowest if it falls neither along them nor off any of them, on either
side (Griewank, Walther, 2016, as cited in `creases`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import NOTHING, Run
from backprop.descent.crease_views import OnSome
from backprop.descent.landing import ROOM
from backprop.descent.objective import Point
from backprop.descent.trust_region import length_of, lowest, of_matrix
from backprop.errors import BackpropError

_RADIUS, _LEAST = 0.1, 1e-14
"""How far the first step goes at most, in the scales of the inputs, and the last."""

_ENOUGH, _POOR, _GOOD = 1e-4, 0.25, 0.75
_SHORTER, _LONGER = 0.25, 2.5
"""As of `newton`."""

_STEPS = 100
"""The most steps along creases."""

_ROUNDED = 64 * float_info.epsilon
"""How far rounding may move a sum of a few dozen terms, relative to their sizes."""

_BACK = 12
"""The most steps of Newton's method back onto creases."""

_SAME = 1e-9
"""Creases whose slopes differ by this part share a way."""

_AT_BOUND = 1e-10
"""An input stands at a bound that is so near, in its scale."""

_ASIDE = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
"""How far off a crease, and along it, values are looked at."""

_CLOSE = 1e-9
"""The creases that are not left are met by this part of how far the one that is."""

_BESIDE, _JUMP = 1e-9, 0.1
"""What differs so near a crease by more than this part of how it differs at a thousandth, jumps."""

_VALUE = 0.1
"""Of how many looks at creases a value takes the time."""

_BEND = 0.25
"""And how the output bends along each input."""

_FLAT_WAYS = 5
"""The most ways that do not bend along which values are looked at."""

_MANY = 20
"""Off more creases values are looked at two distances only."""


class Landed(NamedTuple):
    """A point on creases, and the output there."""

    point: Point
    value: float


class _Ways(NamedTuple):
    """How an output changes along k ways on creases.

    ways: (n, k), moves of length 1 in the scales of the inputs. slopes: (k,). bends: (k, k). lost: slopes up
    to this size may be rounding.
    """

    ways: Any
    slopes: Any
    bends: Any
    lost: float


@dataclass
class LooksLeft:
    """How many more points may be looked at."""

    left: float


class Following:
    """A search on creases. is_lowest: whether the last one found nothing lower along them by second
    derivatives; is_sure: whether the output rises off each of them, and they share no way; is_at_edge:
    whether it has no value off one of them."""

    def __init__(self, run: Run, on: OnSome, scales: Any, looks: LooksLeft) -> None:
        self._looks = looks
        self._run, self._problem, self._on, self._scales = run, run.problem, on, scales
        self.is_lowest = self.is_sure = self.is_at_edge = False
        self._some: list[int] = []
        """The equations that share no way."""

    def start(self, x: Point) -> Landed | None:
        """The point on the creases next to one; None where there is none."""
        slopes = self._on.equations(x)[1] * self._scales
        sizes = numpy.array([length_of(row) for row in slopes])
        if not numpy.isfinite(sizes).all():
            return None
        self._some = []
        kept = numpy.zeros((0, len(x)))
        for at in range(len(slopes)):
            if not sizes[at] > 0 or len(self._some) == len(x):
                continue
            row = slopes[at] / sizes[at]
            for _ in range(2):
                row = row - kept.T @ (kept @ row)
            if (left := length_of(row)) > _SAME:
                kept = numpy.vstack([kept, row / left])
                self._some.append(at)
        return self._back(x)

    def _back(self, x: Point, target: Any = 0.0, near: float = 0.0) -> Landed | None:
        """The point next to one at which the equations have these values, and the output there; None if that
        has no value. near: as of `_newton`."""
        point, left = self._newton(x, target, self._scales, near)
        if (
            left and not near
        ):  # rounding of large inputs: those that are small are moved more exactly
            sizes = 1 / (numpy.abs(numpy.array(point)) + self._scales * float_info.epsilon)
            point, left = self._newton(point, target, sizes)
        value = self._problem.known(point, inf)
        self._looks.left = max(0.0, self._looks.left - _VALUE)
        return Landed(point, value) if isfinite(value) else None

    def _newton(
        self, x: Point, target: Any, weights: Any, near: float = 0.0
    ) -> tuple[Point, float]:
        """The point at which the equations are nearest to these values, and how near, by Newton's method with
        moves that are short as parts of the weights. near: what is enough, in the scales of the inputs."""
        best, least, worse = x, inf, 0
        for _ in range(_BACK):
            values, slopes = self._on.equations(x)
            self._looks.left = max(0.0, self._looks.left - self._on.cost)
            rest = (values - target)[self._some]
            left = float(numpy.abs(rest).max(initial=0.0))
            worse = 0 if left < least else worse + 1
            if left < least:
                best, least = x, left
            if not (left and self._looks.left) or worse > 1 or not isfinite(left):
                break
            if near:
                table = numpy.abs(slopes[self._some])
                lost = _ROUNDED * (table @ numpy.abs(numpy.array(x)))
                if (numpy.abs(rest) <= near * (table @ self._scales) + lost).all():
                    break
            step = weights * _least_squares(slopes[self._some] * weights, rest)
            if not numpy.isfinite(step).all():
                break
            x = self._problem.inside((numpy.array(x) - step).tolist())
        return best, least

    def lowest(self, x: Point) -> Landed | None:
        """The lowest point that is found along the creases from the one next to this; None where there is
        none."""
        place = self.start(x)
        if place is None:
            return None
        radius = _RADIUS
        for _ in range(_STEPS):
            ways = self._ways(place.point)
            self.is_lowest = ways is None
            if ways is None or not self._looks.left:
                break
            try:
                parabola = of_matrix(ways.slopes, ways.bends)
            except numpy.linalg.LinAlgError:
                break
            along, on_edge = lowest(parabola, radius)
            promised = -parabola.change(along)
            if not promised > self._nothing(place):
                self.is_lowest = float(parabola.bends.min()) >= -parabola.lost
                break
            move = parabola.ways @ along
            length = length_of(move)
            to = (numpy.array(place.point) + self._scales * (ways.ways @ move)).tolist()
            there = self._back(self._problem.inside(to))
            fell = place.value - there.value if there else -inf
            if fell < _POOR * promised:
                radius = _SHORTER * min(radius, length)
            elif on_edge and fell > _GOOD * promised:
                radius = _LONGER * radius
            if there and fell > _ENOUGH * promised:
                place = there
            elif radius < _LEAST:
                break
        return place

    def _nothing(self, place: Landed) -> float:
        """A fall by no more is none."""
        return max(float_info.epsilon * abs(place.value), NOTHING * self._run.fallen)

    def _rounding(self, place: Landed) -> float:
        """A fall by no more may be none."""
        try:
            return ROOM * self._problem.rounding(place.point)
        except BackpropError:
            return 0.0

    def _ways(self, x: Point) -> _Ways | None:
        """How the output changes along the creases at a point; None where these leave no way, and of what
        stands at a bound and would go beyond none either."""
        table = self._on.equations(x)[1][self._some] * self._scales
        slopes = self._on.slopes(x) * self._scales
        at = numpy.array(x)
        near = _AT_BOUND * self._scales
        low, high = at - near <= self._problem.low, at + near >= self._problem.high
        free = numpy.ones(len(x), bool)
        for _ in range(2):
            factors = -_least_squares(table[:, free].T, slopes[free])
            pull = slopes + factors @ table
            free &= ~((low & (pull > 0)) | (high & (pull < 0)))
        if not free.any():
            return None
        _, sizes, rows = numpy.linalg.svd(table[:, free], full_matrices=True)
        rank = int((sizes > _SAME * sizes.max(initial=0.0)).sum())
        ways = numpy.zeros((len(x), len(rows) - rank))
        ways[free] = rows[rank:].T
        if not ways.shape[1]:
            return None
        self._looks.left = max(0.0, self._looks.left - 1 - _BEND * len(x))
        bends = self._on.bends(x, self._some, factors, self._scales[:, None] * ways)
        added = numpy.abs(slopes) + numpy.abs(factors) @ numpy.abs(table)
        lost = _ROUNDED * length_of(added[free])
        return _Ways(ways, ways.T @ slopes, (bends + bends.T) / 2, lost)

    def off(self, place: Landed, below: float) -> Point | None:
        """A point next to this one, along the creases or off one of them, at which the output is lower than
        that; None if there is none."""
        ways = self._ways(place.point)
        self.is_lowest = self.is_sure = True
        self.is_at_edge = False
        if ways is not None and (point := self._along_flat(place, ways, below)) is not None:
            return point
        values, slopes = self._on.equations(place.point)
        lengths = _ASIDE if len(self._some) <= _MANY else _ASIDE[1::3]
        for at in range(len(self._some)):
            if not self._looks.left:
                self.is_sure = False
                break
            for side in (1.0, -1.0):
                higher = False
                for length in lengths:
                    there = self._aside(place.point, at, side * length, values, slopes)
                    if there is not None and there.value < below:
                        return there.point
                    self.is_at_edge |= there is None
                    higher |= there is None or there.value > 2 * place.value - below
                self.is_sure &= higher
        self.is_sure &= self._are_all(place.point, slopes)
        return None

    def _aside(self, x: Point, at: int, part: float, values: Any, slopes: Any) -> Landed | None:
        """The point so far off one of the creases that share no way, on all others; values, slopes: of
        all, at the point on them."""
        table = slopes[self._some] * self._scales
        unit = numpy.eye(len(table))[at] * length_of(table[at])
        target = values.copy()
        target[self._some] = part * unit
        to = numpy.array(x) + part * self._scales * _least_squares(table, unit)
        return self._back(self._problem.inside(to.tolist()), target, _CLOSE * abs(part))

    def jumps(self, x: Point) -> bool:
        """Whether the output jumps on the one crease that this is about: it differs on its two sides as much
        close by as farther away."""
        place = self.start(x)
        if place is None or not self._some:
            return True
        values, slopes = self._on.equations(place.point)
        rises = []
        for length in (_ASIDE[1], _BESIDE):
            sides = [
                self._aside(place.point, 0, part, values, slopes) for part in (length, -length)
            ]
            values_there = [each.value for each in sides if each is not None]
            if len(values_there) < 2:
                return True
            rises.append(abs(values_there[0] - values_there[1]))
        return rises[1] > max(_JUMP * rises[0], self._rounding(place))

    def _along_flat(self, place: Landed, ways: _Ways, below: float) -> Point | None:
        """A point along the ways that do not bend up at which the output is lower, if there is one."""
        try:
            parabola = of_matrix(ways.slopes, ways.bends)
        except numpy.linalg.LinAlgError:
            self.is_lowest = False
            return None
        along, _ = lowest(parabola, _RADIUS)
        promised = -parabola.change(along)
        room = max(place.value - below, self._nothing(place), self._rounding(place))
        level = promised <= room or length_of(ways.slopes) <= ways.lost
        self.is_lowest = level and float(parabola.bends.min()) >= -parabola.lost
        for at in numpy.flatnonzero(parabola.bends <= parabola.lost)[:_FLAT_WAYS].tolist():
            move = self._scales * (ways.ways @ parabola.ways[:, at])
            for length in (_RADIUS, *_ASIDE) if self._looks.left else ():
                for part in (length, -length):
                    to = (numpy.array(place.point) + part * move).tolist()
                    there = self._back(self._problem.inside(to))
                    if there is not None and there.value < below:
                        return there.point
        return None

    def _are_all(self, x: Point, slopes: Any) -> bool:
        """Whether all equations are those that share no way, or multiples of one of them."""
        others = [at for at in range(len(slopes)) if at not in self._some]
        if not others:
            return True
        random = numpy.random.default_rng(0)
        ways = random.uniform(-_ASIDE[1], _ASIDE[1], (3, len(x))) * self._scales
        near = numpy.array([self._on.values((numpy.array(x) + way).tolist()) for way in ways])
        for at in others:
            parts = near[:, self._some] / near[:, [at]]
            if not (numpy.abs(parts / parts[0] - 1) < _SAME).all(axis=0).any():
                return False
        return True


def _least_squares(table: Any, right: Any) -> Any:
    """The shortest solution of least squares; nan where there is none in doubles."""
    try:
        return numpy.linalg.lstsq(table, right, rcond=None)[0]
    except numpy.linalg.LinAlgError:
        return numpy.full(table.shape[1], numpy.nan)
