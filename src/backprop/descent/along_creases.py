"""Lower points along the creases that meet at a corner, and what shows a minimum there.

Each step is one of Newton's method on the creases, by the Lagrangian, and ends on them: sequential quadratic
programming within a radius (Nocedal, Wright: Numerical Optimization, 2006, chapter 18).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
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

RADIUS, _LEAST = 0.1, 1e-14
"""How far the first step goes at most, in the scales of the inputs, and the last."""

_ENOUGH, _POOR, _GOOD = 1e-4, 0.25, 0.75
_SHORTER, _LONGER = 0.25, 2.5
"""As of `newton`."""

_STEPS = 100
"""The most steps along creases."""

ROUNDED = 64 * float_info.epsilon
"""How far rounding may move a sum of a few dozen terms, relative to their sizes."""

_BACK = 12
"""The most steps of Newton's method back onto creases."""

SAME = 1e-9
"""Creases whose slopes differ by this part share a way."""

AT_BOUND = 1e-10
"""An input stands at a bound that is so near, in its scale."""

ASIDE = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
"""How far off a crease, and along it, values are looked at."""

CLOSE = 1e-9
"""The creases that are not left are met by this part of how far the one that is."""

_BESIDE, _JUMP = 1e-9, 0.1
"""What differs so near a crease by more than this part of how it differs at a thousandth, jumps."""

VALUE = 0.1
"""Of how many looks at creases a value takes the time."""

_BEND = 0.25
"""And how the output bends along each input."""


class Landed(NamedTuple):
    """A point on creases, and the output there."""

    point: Point
    value: float


class Ways(NamedTuple):
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
    derivatives."""

    def __init__(self, run: Run, on: OnSome, scales: Any, looks: LooksLeft) -> None:
        self._looks = looks
        self._run, self._problem, self._on, self._scales = run, run.problem, on, scales
        self.is_lowest = False
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
            if (left := length_of(row)) > SAME:
                kept = numpy.vstack([kept, row / left])
                self._some.append(at)
        return self._back(x)

    def _back(
        self, x: Point, target: Any = 0.0, near: float = 0.0, some: Sequence[int] | None = None
    ) -> Landed | None:
        """The point next to one at which the equations have these values, and the output there; None if that
        has no value. near, some: as of `_newton`."""
        point, left = self._newton(x, target, self._scales, near, some)
        if (
            left and not near
        ):  # rounding of large inputs: those that are small are moved more exactly
            sizes = 1 / (numpy.abs(numpy.array(point)) + self._scales * float_info.epsilon)
            point, left = self._newton(point, target, sizes)
        value = self._problem.known(point, inf)
        self._looks.left = max(0.0, self._looks.left - VALUE)
        return Landed(point, value) if isfinite(value) else None

    def _newton(
        self,
        x: Point,
        target: Any,
        weights: Any,
        near: float = 0.0,
        some: Sequence[int] | None = None,
    ) -> tuple[Point, float]:
        """The point at which equations are nearest to these values, and how near, by Newton's method with
        moves that are short as parts of the weights. near: what is enough, in the scales of the inputs. some:
        the equations, those that share no way where none are named."""
        best, least, worse = x, inf, 0
        some = self._some if some is None else some
        if not len(some):
            return x, 0.0
        for _ in range(_BACK):
            values, slopes = self._on.equations(x)
            self._looks.left = max(0.0, self._looks.left - self._on.cost)
            rest = (values - target)[some]
            left = float(numpy.abs(rest).max(initial=0.0))
            worse = 0 if left < least else worse + 1
            if left < least:
                best, least = x, left
            if not (left and self._looks.left) or worse > 1 or not isfinite(left):
                break
            if near:
                table = numpy.abs(slopes[some])
                lost = ROUNDED * (table @ numpy.abs(numpy.array(x)))
                if (numpy.abs(rest) <= near * (table @ self._scales) + lost).all():
                    break
            step = weights * least_squares(slopes[some] * weights, rest)
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
        radius = RADIUS
        for _ in range(_STEPS):
            self.is_lowest = False
            try:
                ways = self._ways(place.point)
                self.is_lowest = ways is None
                if ways is None or not self._looks.left:
                    break
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

    def _ways(self, x: Point) -> Ways | None:
        """How the output changes along the creases at a point; None where these leave no way, and of what
        stands at a bound and would go beyond none either. Raises LinAlgError where slopes are not finite."""
        table = self._on.equations(x)[1][self._some] * self._scales
        slopes = self._on.slopes(x) * self._scales
        if not (numpy.isfinite(table).all() and numpy.isfinite(slopes).all()):
            raise numpy.linalg.LinAlgError("slopes are not finite")
        at = numpy.array(x)
        near = AT_BOUND * self._scales
        low, high = at - near <= self._problem.low, at + near >= self._problem.high
        free = numpy.ones(len(x), bool)
        for _ in range(2):
            factors = -least_squares(table[:, free].T, slopes[free])
            pull = slopes + factors @ table
            free &= ~((low & (pull > 0)) | (high & (pull < 0)))
        if not free.any():
            return None
        # a crease of large numbers hides none of small ones
        sizes = numpy.abs(table[:, free]).max(axis=1, keepdims=True)
        _, sizes, rows = numpy.linalg.svd(
            table[:, free] / numpy.where(sizes > 0, sizes, 1.0), full_matrices=True
        )
        rank = int((sizes > SAME * sizes.max(initial=0.0)).sum())
        ways = numpy.zeros((len(x), len(rows) - rank))
        ways[free] = rows[rank:].T
        if not ways.shape[1]:
            return None
        self._looks.left = max(0.0, self._looks.left - 1 - _BEND * len(x))
        bends = self._on.bends(x, self._some, factors, self._scales[:, None] * ways)
        added = numpy.abs(slopes) + numpy.abs(factors) @ numpy.abs(table)
        lost = ROUNDED * length_of(added[free])
        return Ways(ways, ways.T @ slopes, (bends + bends.T) / 2, lost)

    def jumps(self, x: Point) -> bool:
        """Whether the output jumps on the one crease that this is about: it differs on its two sides as much
        close by as farther away."""
        place = self.start(x)
        if place is None or not self._some:
            return True
        row = self._on.equations(place.point)[1][self._some[0]] * self._scales
        self._looks.left = max(0.0, self._looks.left - self._on.cost)
        way = self._scales * row / length_of(row)
        rises = []
        for length in (ASIDE[1], _BESIDE):
            sides = [(numpy.array(place.point) + part * way) for part in (length, -length)]
            values = [
                self._problem.known(self._problem.inside(each.tolist()), inf) for each in sides
            ]
            self._looks.left = max(0.0, self._looks.left - 2 * VALUE)
            if inf in values:
                return True
            rises.append(abs(values[0] - values[1]))
        return rises[1] > _JUMP * rises[0] and rises[1] > self._rounding(place)


def least_squares(table: Any, right: Any) -> Any:
    """The shortest solution of least squares; nan where there is none in doubles."""
    # of what is not finite LAPACK prints messages of its own
    if numpy.isfinite(table).all() and numpy.isfinite(right).all():
        with suppress(numpy.linalg.LinAlgError):
            return numpy.linalg.lstsq(table, right, rcond=None)[0]
    return numpy.full(table.shape[1], numpy.nan)
