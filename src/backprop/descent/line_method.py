"""Lower points along lines: directions from the gradient and from what is remembered of the steps before.

Nocedal, Wright: Numerical Optimization, 2006, chapter 3; bounds by projection.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, nan, sqrt
from sys import float_info
from typing import Protocol

from backprop.descent.course import Run
from backprop.descent.line_search import LineSearch
from backprop.descent.objective import Point
from backprop.descent.problem import dot, moves
from backprop.descent.vectors import Arithmetic, Change, Vector
from backprop.descent.walls import Lower, Walls
from backprop.errors import NotFinite

_MOST_TRIALS = 50
"""The most trials along one line."""

_CLOSE = 1e-4
"""How far ahead the gradient is looked at, as a part of the inputs."""

_TINY = 1e-3
"""An input that is 0 is taken to be so large, or so large a part of the largest."""


def input_scales(run: Run) -> list[float] | None:
    """How far each input moves until the output has bent by 1, (n,); None where second derivatives are not
    quickly known."""
    if not run.problem.affords_bends or run.left_at:
        return None
    from backprop.descent.second_order import exact

    table = exact(run, run.x)
    some = range(len(run.x))
    bends = [0.0 if table is None else abs(float(table[at, at])) for at in some]
    # an input that does not bend, or stands on a border, is measured by its slope, as if the output bent to
    # 0 over its move
    size = abs(run.value) or 1.0
    for at, slope in enumerate(run.gradient):
        if not 0 < bends[at] < inf:
            bends[at] = slope * slope / size
    known = [at for at in some if bends[at]]
    for at in some if table is not None else ():
        if not bends[at]:  # it may bend with others
            mixed = (float(table[at, each]) ** 2 / bends[each] for each in known)
            bends[at] = max(mixed, default=0.0)
    if not all(map(isfinite, bends)):
        return None
    root = sqrt(size)
    known_sizes = zip(bends, run.x, strict=True)
    return [1 / sqrt(bend) if bend else abs(at) / root or 1.0 for bend, at in known_sizes]


def bend_along(run: Run, move: Point, sizes: Sequence[float]) -> float:
    """How the output bends along a move: by the change of its gradient over a small part of it; nan where
    that is not known. sizes: of the inputs."""
    longest = max((abs(by) / size for size, by in zip(sizes, move, strict=True)), default=0.0)
    if not 0 < longest < inf:
        return nan
    part = _CLOSE / longest
    near = [at + part * by for at, by in zip(run.x, move, strict=True)]
    try:
        _, there = run.problem.both(near)
    except NotFinite:
        return nan
    return dot(moves(run.gradient, there), move) / part


class Directions(Protocol):
    """What a method remembers, of numbers in units in which it moves them.

    of: how it computes with them. flatter: a step along a line is long enough where the slope is at most this
    part of the first one.
    """

    of: Arithmetic
    flatter: float

    @property
    def is_empty(self) -> bool: ...

    def forget(self) -> None:
        """Begin anew."""

    def learn(self, change: Change) -> None:
        """Remember a step, along which the output bends up."""

    def direction(self, gradient: Vector, held: Sequence[int] = ()) -> Vector:
        """Where to go from a point with this gradient, (n,): minus the gradient where nothing is known. held:
        the numbers that stay where they are, whose derivatives are 0 here; what is said of them does not
        count."""

    def first(self, slope: float) -> float:
        """The first step to try along a direction with this slope, where something is remembered."""


class LineMethod:
    """A search that begins where a run is.

    Where the second derivatives by each input are quickly known, each is measured in units in which its own
    is 1: then the inputs' units do not matter. Bounds hold by projection (Bertsekas: Projected Newton methods
    for optimization problems with simple constraints, SIAM J. Control Optim. 20, 1982).
    """

    def __init__(self, run: Run, walls: Walls, memory: Directions) -> None:
        self.run, self.walls, self.memory = run, walls, memory
        self._of = memory.of
        self._scales: Vector | None = None
        """How far a move of 1 in these units goes, by each input; None: as far as it says."""
        self._natural = 0.0
        """How many such moves the size of an input is that is 0."""

    def descend(self) -> None:
        """Until no lower point is found, or the run raises Stop."""
        with self._of.unlimited():  # what is not finite leads nowhere
            self._descend()

    def _descend(self) -> None:
        of, run, memory = self._of, self.run, self.memory
        if self._scales is None and (scales := input_scales(run)):
            self._scales, self._natural = of.numbers(scales), sqrt(abs(run.value)) or 1.0
        if run.left_at and run.left_at[0] == run.number and run.left_at[2]:
            self._scales, self._natural = of.numbers(run.left_at[2]), 1.0
        x, gradient = of.numbers(run.x), self._scaled(run.gradient)
        while True:
            found = self._along(x, self._down(gradient), gradient)
            if found is None:
                if memory.is_empty:
                    return
                memory.forget()  # what it remembers may have misled it
                continue
            value, point, slopes = found
            before, gradient_before = x, gradient
            x, gradient = of.numbers(point), self._scaled(slopes)
            step, change = of.plus(x, -1.0, before), of.plus(gradient, -1.0, gradient_before)
            if self._scales is not None:
                step = of.over(step, self._scales)
            product, slope = of.dot(step, change), of.dot(step, gradient_before)
            # where it does not bend up a step says nothing of second derivatives that are positive
            up = product > -float_info.epsilon * slope
            if up and product < inf and of.dot(change, change) > 0:
                memory.learn(Change(step, change, product, slope))
            run.step(point, value, slopes)
            self.walls.look_back()

    def _down(self, gradient: Vector) -> Vector:
        """Where to go. What stands at a bound and would go beyond stays, and so does what its neighbours
        would push there."""
        run, problem = self.run, self.run.problem
        if not problem.bounded:
            return self.memory.direction(gradient)
        ends = [*zip(run.x, problem.low, problem.high, run.gradient, strict=True)]
        at_low = [at <= low for at, low, _, _ in ends]
        at_high = [at >= high for at, _, high, _ in ends]
        held = [
            (down and slope > 0) or (up and slope < 0)
            for down, up, (*_, slope) in zip(at_low, at_high, ends, strict=True)
        ]
        of = self._of
        free = of.numbers([0.0 if each else 1.0 for each in held])
        still = [at for at, each in enumerate(held) if each]
        way = of.point(of.each(self.memory.direction(of.each(gradient, free), still), free))
        return of.numbers(
            [
                0.0 if (down and part < 0) or (up and part > 0) else part
                for part, down, up in zip(way, at_low, at_high, strict=True)
            ]
        )

    def _scaled(self, gradient: Point) -> Vector:
        """A gradient in these units."""
        numbers = self._of.numbers(gradient)
        return numbers if self._scales is None else self._of.each(numbers, self._scales)

    def _along(self, x: Vector, direction: Vector, gradient: Vector) -> Lower | None:
        """Value, point and gradient at a lower point along a direction; None if there is none."""
        of, run, walls = self._of, self.run, self.walls
        slope = of.dot(direction, gradient)
        if not -inf < slope < 0:
            return None
        move = direction if self._scales is None else of.each(direction, self._scales)
        empty, flatter = self.memory.is_empty, self.memory.flatter
        first = self._first(move, slope) if empty else self.memory.first(slope)
        search = LineSearch(run.value, slope, first, flatter)
        for _ in range(_MOST_TRIALS):
            ahead = of.point(of.plus(x, search.step, move))
            point = run.problem.inside(ahead)
            if point == run.x:
                break
            value, slopes = walls.at(point)
            ways = move
            if point != ahead:  # what a bound stops does not move any more
                stops = zip(point, ahead, of.point(move), strict=True)
                ways = of.numbers([part if at == to else 0.0 for at, to, part in stops])
            goes_on = search.tried(value, of.dot(ways, of.numbers(slopes)))
            if search.good:
                walls.lowest = None
                return value, point, slopes
            if not goes_on:
                break
        found, walls.lowest = walls.lowest, None
        return found

    def _sizes(self) -> list[float]:
        """Those of the inputs: of one that is 0 how far it moves until the output has bent by its own size,
        or else a little part of the others'."""
        x = self.run.sizes
        if self._scales is None:
            least = _TINY * max(x) or _TINY
            return [at or least for at in x]
        scales = self._of.point(self._scales)
        return [at or self._natural * scale for at, scale in zip(x, scales, strict=True)]

    def _first(self, move: Vector, slope: float) -> float:
        """The step of the first trial, along a move with this slope: to where the output is lowest by how it
        bends along the move, if it bends up; else the inputs' own sizes say how far."""
        point, sizes = self._of.point(move), self._sizes()
        bend = bend_along(self.run, point, sizes)
        if bend > 0 and 0 < (step := -slope / bend) < inf:
            return step
        if self._scales is None:
            sizes = [max(self.run.sizes) or 1.0] * len(point)
        longest = max(abs(by) / size for by, size in zip(point, sizes, strict=True))
        return 1 / longest if 0 < longest < inf else 1.0
