"""The slopes around a point where an output has a corner, and the way down that they share.

Of all mixtures of the gradients at points close by, the shortest one is the slope of the steepest way
down that they share; at a minimum it is 0 (gradient sampling: Burke, Lewis and Overton, SIAM J.
Optim. 15, 2005). A way that proves to be none adds a gradient found along it, as bundle methods do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from math import hypot, inf
from random import Random
from sys import float_info

from backprop.descent.objective import Point
from backprop.descent.problem import Problem, moves
from backprop.errors import NotFinite

_NEAR = (1e-2, 1e-4, 1e-6, 1e-8)
"""How far around a point is looked, relative to the scales of the inputs."""

_AXES, _PAIRS, _TURNS = 100, 16, 100
"""The most parameters that are moved one at a time, how often all are moved together, there and
back, and the most ways down that are tried: at each of these distances."""

_WALL = 4
"""To find out that there is no value takes the time of so many values more."""

_PATIENCE = 4
"""No nearer look is taken after so many times that work."""

_SHORT, _KEPT = 1e-9, 0.7
"""A mixture is 0 if it is shorter than this part of the longest gradient; a way down keeps this part
of what its slope promises."""

_JUMP = 0.5
"""At a corner the output rises a millionth as far at the nearest distance as at the farthest, at a cusp like
sqrt(abs(x)) a thousandth. What rises by more than this part of it jumps."""

_STARTS, _BACK, _BEYOND = 24, 30, 1.5
"""From so many points around, at the two largest distances, up to so many steps lead back to where
the output is as low as at the corner, so many times as far as their slope asks for: valleys bend."""


class SlopesAround:
    """What there is around a point of a problem. value: the output there. most: after so many
    values no more ways down are tried. scales: of the inputs. units: those in which a way down is the
    steepest, none: their own."""

    def __init__(
        self,
        problem: Problem,
        x: Point,
        value: float,
        most: int,
        scales: Point,
        units: Point,
    ) -> None:
        self.problem, self.x, self.value = problem, x, value
        self.count = 0
        """How many values were looked at."""
        self.outside = False
        """Whether there is no value on some side, however near."""
        self.lowest: Point | None = None
        """The lowest point that was met, if the output is lower there by more than rounding."""
        self.smooth = False
        """Whether the gradients become short where the point is near: then it is no corner."""
        self.mixed = True
        """Whether the gradients share no way down, at any distance; else not all could be seen."""
        self._rises: list[float] = []
        """How far the output rises along the axes, at each distance."""
        self._most = most
        self._scales, self.units = scales, units
        self._random = Random(0)
        self._room = 64 * float_info.epsilon * abs(value)
        self._least = value

    @property
    def jumps(self) -> bool:
        """Whether the output rises nearly as far close by as farther away."""
        return len(self._rises) == len(_NEAR) and self._rises[-1] > _JUMP * self._rises[0]

    def way_down(self) -> Point | None:
        """The slope of a way down that all gradients around share, and on which the output is lower."""
        longest: list[float] = []
        for size in _NEAR:
            if self.count > _PATIENCE * self._most:
                self.mixed = False
                break
            gradients = list(self._gradients(size))
            longest.append(max((hypot(*self._scaled(each)) for each in gradients), default=0.0))
            beside = self.problem.foresee([self._moved(size, way) for way in self._axes()])
            rises = [self._met(point) - self.value for point in beside]
            self._rises.append(max((rise for rise in rises if rise < inf), default=0.0))
            self.outside = inf in rises
            each_alone = [[gradient] for gradient in gradients]
            found = self._shared(gradients, size, _TURNS) if longest[-1] else []
            if found:
                return found
            self.mixed &= found is not None
            # a top has many ways down that are not shared by all sides
            for gradient in each_alone:
                self._shared(gradient, size, min(len(self.x) + 2, _TURNS // 5))
        self.mixed |= self.outside and len(self.x) == 1  # all ways down lead out
        self.smooth = len(longest) == len(_NEAR) and longest[-1] <= 0.1 * longest[1]
        if not self.lowest and not self.smooth:
            self._follow_valleys()
        if self.lowest and not self.mixed:  # there may be a way that all share: then this is one
            way = self._over(moves(self.lowest, self.x))
            fall = (self.value - self._least) / hypot(*way)
            return self._over([fall * part / hypot(*way) for part in way])
        return None

    def _over(self, point: Point) -> Point:
        """Moves in the units in which a way down is the steepest."""
        return (
            [at / unit for at, unit in zip(point, self.units, strict=True)] if self.units else point
        )

    def _times(self, point: Point) -> Point:
        """Moves of the inputs, or slopes by moves in these units."""
        return (
            [at * unit for at, unit in zip(point, self.units, strict=True)] if self.units else point
        )

    def _shared(self, gradients: list[Point], size: float, turns: int) -> Point | None:
        """The slope of a way down that these gradients share, and those added on the way; empty
        where they share none, None where so many turns do not tell."""
        from backprop.descent.second_order import shortest  # numpy is not always wanted

        gradients = [self._times(each) for each in gradients]
        for _ in range(turns):
            slope = shortest(gradients, self.problem, self.x)
            length = hypot(*slope)
            if length <= _SHORT * max(hypot(*each) for each in gradients):
                return []
            if self.count > self._most:
                break
            reach, point = self._along(size, self._times(slope))
            promised = _KEPT * reach * length * length
            if self._met(point) < self.value - max(self._room, promised):
                return self._over(slope)
            part = self._random.random()
            between = [at + part * (to - at) for at, to in zip(self.x, point, strict=True)]
            new = self._gradient(self._shaken(between, 1e-3 * part * size))
            gradients += [self._times(each) for each in new]
        return None

    def _follow_valleys(self) -> None:
        """Look where valleys that bend may lead, until the output is lower somewhere; where that
        takes too much work, a minimum is not certain."""
        for size in _NEAR[:2]:
            ways = [*islice(self._axes(), _STARTS // 2)]
            while len(ways) < _STARTS:
                ways.append([self._random.uniform(-1.0, 1.0) for _ in self.x])
            for way in ways:
                if self.count > self._most:
                    self.mixed = False
                    return
                self._back(self._moved(size, way), size)
                if self.lowest:
                    return

    def _back(self, point: Point, size: float) -> None:
        """Go from a point to where the output is as low as in the middle (Polyak's steps), until it
        is lower, or the middle itself is near, or far."""
        for _ in range(_BACK):
            apart = zip(self.x, point, self._scales, strict=True)
            away = max(abs(to - at) / scale for at, to, scale in apart)
            if not 0.1 * size < away < 2 * size:
                return
            try:
                value, gradient = self.problem.both(point)
            except NotFinite:
                point = self._shaken(point, 1e-3 * size)
                continue
            self._meet(point, value)
            slope = self._times(gradient)
            norm = self.problem.norm(point, slope)
            if self.lowest or not norm:
                return
            reach = _BEYOND * (value - self.value) / norm / norm
            down = [at - reach * by for at, by in zip(point, self._times(slope), strict=True)]
            point = self.problem.inside(down)

    def _met(self, point: Point) -> float:
        """The output at a point."""
        value = self.problem.known(point, inf)
        self.count += _WALL if value == inf else 0
        self._meet(point, value)
        return value

    def _meet(self, point: Point, value: float) -> None:
        """Count a point, and keep it if it is the lowest."""
        self.count += 1
        if value < self._least - self._room:
            self._least, self.lowest = value, point

    def _gradient(self, point: Point) -> list[Point]:
        """The gradient at a point, and none where there is none."""
        try:
            value, gradient = self.problem.both(point)
        except NotFinite:
            self.count += _WALL
            return []
        self._meet(point, value)
        return [gradient]

    def _scaled(self, gradient: Point) -> Point:
        """A gradient by moves in the scales of the inputs."""
        return [slope * scale for slope, scale in zip(gradient, self._scales, strict=True)]

    def _gradients(self, size: float) -> Iterator[Point]:
        """Those at random points so near, always two that are opposite."""
        for pair in range(min(3 * len(self.x), _PAIRS)):
            ways = [self._random.uniform(-1.0, 1.0) for _ in self.x]
            for sign in (size, -size):
                point = self._moved(sign, ways)
                found = self._gradient(point)
                if found and not pair:  # rounding, of the point itself too, is alike all around
                    placed = (at * slope for at, slope in zip(point, found[0], strict=True))
                    rounded = float_info.epsilon * hypot(*placed)
                    self._room = max(self._room, self.problem.rounding(point), rounded)
                yield from found

    def _axes(self) -> Iterator[Sequence[float]]:
        """Ways to move one number alone, up or down, or all alike."""
        count = len(self.x)
        for at in range(min(count, _AXES)):
            for way in (1.0, -1.0):
                yield [way if each == at else 0.0 for each in range(count)]
        yield [1.0] * count
        yield [-1.0] * count

    def _moved(self, size: float, way: Sequence[float]) -> Point:
        """Where a move leads, of so many times the scale of each number."""
        steps = zip(self.x, self._scales, way, strict=True)
        return self.problem.inside([at + size * scale * part for at, scale, part in steps])

    def _shaken(self, point: Point, size: float) -> Point:
        """A point near another one: off a ridge, on which there is no gradient."""
        around = zip(point, self._scales, strict=True)
        moved = [at + size * scale * self._random.uniform(-1.0, 1.0) for at, scale in around]
        return self.problem.inside(moved)

    def _along(self, size: float, slope: Point) -> tuple[float, Point]:
        """How often a move fits into this distance, and the point there, the other way."""
        most = max(abs(part) / scale for part, scale in zip(slope, self._scales, strict=True))
        reach = size / most if most else 0.0
        down = [at - reach * part for at, part in zip(self.x, slope, strict=True)]
        return reach, self.problem.inside(down)
