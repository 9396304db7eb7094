"""The slopes beside a point at which many creases meet: whether 0 is among their mixtures.

An output that bends up at each crease changes along a way, beside the point, by the largest of its slopes
around there times the way: it falls along none if 0 is a mixture of slopes, and rises along all if it is
inside of what they mix to (Clarke: Optimization and Nonsmooth Analysis, 1983). Ways down by the slopes that
are known are looked for by linear programs; the slope on such a way is the next one (Kelley: The
cutting-plane method for solving convex programs, J. SIAM 8, 1960).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy

from backprop.descent.objective import Point
from backprop.descent.problem import Problem
from backprop.descent.rays import row_space

_NOTHING = 1e-9
"""A slope is 0 that is less than this part of the largest."""

_TURNS = 60
"""The most linear programs for one way."""

_SIDES = 2
"""At so many places of a crease its two sides are compared."""

_BESIDE = 1e-3
"""So far off a crease, and off the way that is asked for, slopes are looked at, in how far off the point."""


@dataclass
class SlopesBeside:
    """The slopes beside a point x.

    scales: of the inputs. units: the creases that meet there, (m, n), in these scales, of length 1. held:
    bounds there, (k, n), as the ways that lead inside. size: how far off slopes are looked at, in the scales.
    most: after so many slopes nothing is sure.
    """

    problem: Problem
    x: Point
    scales: Any
    units: Any
    held: Any
    size: float
    most: float

    def __post_init__(self) -> None:
        self._basis = row_space(numpy.vstack([self.units, self.held]))
        self._random = numpy.random.default_rng(0)
        self._inside = self.held @ self._basis.T
        """What must not be less than 0 of a way that stays within bounds."""
        self._slopes = numpy.zeros((0, len(self._basis)))
        self.count = 0

    def way_down(self) -> Any:
        """A way along which the output falls, (n,), in the scales; None where there is none by the slopes.
        Raises NotFinite where it has no slope beside the point, NotTold."""
        for way in (*numpy.eye(len(self._basis)), *-numpy.eye(len(self._basis))):
            self._ask(way)
        for _ in range(_TURNS):
            way = self._lowest()
            if (self._slopes @ way).max() >= -self._lost:
                return None
            if self._ask(way) @ way <= -self._lost:
                return way @ self._basis
        raise NotTold

    def bends_up(self) -> bool:
        """Whether the slope rises across each crease, where that was looked at. Raises as `way_down`."""
        for unit in self.units @ self._basis.T:
            for _ in range(_SIDES):
                way = self._random.uniform(-1.0, 1.0, len(unit))
                way -= (way @ unit) * unit
                ahead, behind = (self._ask(way + side * unit) for side in (_BESIDE, -_BESIDE))
                if (ahead - behind) @ unit < -self._lost:
                    return False
        return True

    def level_ways(self) -> Iterator[Any]:
        """Ways along which the slope is 0, (n,), after `way_down`. Raises as it does."""
        for at in range(len(self._basis)):
            for side in (1.0, -1.0):
                for _ in range(_TURNS):
                    way = self._level(at, side)
                    if way is None:
                        break
                    if self._ask(way) @ way <= self._lost:
                        yield way @ self._basis
                        break

    @property
    def _lost(self) -> float:
        return _NOTHING * float(numpy.abs(self._slopes).max(initial=0.0))

    def _ask(self, way: Any) -> Any:
        """The slope beside a way, kept."""
        if self.count >= self.most:
            raise NotTold
        self.count += 1
        near = way + _BESIDE**2 * self._random.uniform(-1.0, 1.0, len(way))
        point = numpy.array(self.x) + self.size * self.scales * (near @ self._basis)
        slope = numpy.array(self.problem.both(self.problem.inside(point.tolist()))[1])
        found = self._basis @ (slope * self.scales)
        self._slopes = numpy.vstack([self._slopes, found])
        return found

    def _lowest(self) -> Any:
        """The way that is steepest by what is known, within a box."""
        count = len(self._basis)
        size = numpy.abs(self._slopes).max() or 1.0
        table = numpy.hstack([self._slopes / size, -numpy.ones((len(self._slopes), 1))])
        held = numpy.hstack([-self._inside, numpy.zeros((len(self._inside), 1))])
        cost = numpy.append(numpy.zeros(count), 1.0)
        limits = [(-1.0, 1.0)] * count + [(None, None)]
        return _solved(cost, numpy.vstack([table, held]), 0.0, limits)[:count]

    def _level(self, at: int, side: float) -> Any:
        """A way with much of one part along which no slope that is known rises; None where there is none."""
        count = len(self._basis)
        size = numpy.abs(self._slopes).max() or 1.0
        cost = numpy.zeros(count)
        cost[at] = -side
        table = numpy.vstack([self._slopes / size, -self._inside])
        way = _solved(cost, table, _NOTHING / 2, [(-1.0, 1.0)] * count)
        return way if side * way[at] > _BESIDE else None


class NotTold(Exception):
    """The slopes do not tell."""


def _solved(cost: Any, table: Any, most: float, limits: Any) -> Any:
    """What a linear program comes to. Raises NotTold where that is not found."""
    from scipy.optimize import linprog

    found = linprog(cost, table, numpy.full(len(table), most), bounds=limits, method="highs")
    if found.x is None:
        raise NotTold
    return found.x
