"""Lower points of many inputs by products of their second derivatives with vectors: a trust region whose
steps are found by conjugate gradients, as far as the output bends up and the radius reaches.

Steihaug: The conjugate gradient method and trust regions in large scale optimization, SIAM J. Numer. Anal.
20, 1983; how exactly each step is solved: Nocedal, Wright: Numerical Optimization, 2006, section 7.1.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import NOTHING, Run
from backprop.descent.softest import times
from backprop.descent.trust_region import length_of
from backprop.descent.walls import Walls

_PRODUCTS = 250
"""The most products of one step."""

_ENOUGH, _POOR, _GOOD = 1e-4, 0.25, 0.75
"""The part of the foretold fall that a step must keep; one that keeps less than the second makes the radius
shorter, one on the edge that keeps more than the third makes it longer."""

_SHORTER, _LONGER = 0.25, 2.5
"""By how much."""

_TRIALS = 60
"""The most trials of one step."""

_CLOSE = 0.5
"""A step is solved to this part of the gradient at most, near a minimum more exactly."""

_NEAR_NOTHING = 1e-10
"""Below this part of the output a fall is compared with its rounding."""


class _Towards(NamedTuple):
    """A move, how the gradient changes with it, and whether the radius ends it."""

    move: Any
    change: Any
    on_edge: bool


class TruncatedNewton:
    """A search that begins where a run is."""

    def __init__(self, run: Run, walls: Walls) -> None:
        self.run, self.walls = run, walls
        self._radius = 0.0
        self._first = 0.0
        """The length of the first gradient."""

    def descend(self) -> None:
        """Until no lower point is found, or the run raises Stop."""
        with numpy.errstate(all="ignore"):  # what is not finite is no step
            while self._goes_lower():
                pass

    def _goes_lower(self) -> bool:
        """Take a step to a lower point; whether there was one."""
        run, problem = self.run, self.run.problem
        gradient, x = numpy.array(run.gradient), numpy.array(run.x)
        pushed = ((x <= problem.low) & (gradient > 0)) | ((x >= problem.high) & (gradient < 0))
        free = numpy.where(pushed, 0.0, gradient)
        size = length_of(free)
        self._first = self._first or size
        if not 0 < size < inf:
            return False
        for _ in range(_TRIALS):
            found = self._lowest(free, pushed, size)
            if found is None:
                return False
            fall = -float(free @ found.move + found.move @ found.change / 2)
            if not fall > self._nothing(fall):
                return False
            point = problem.inside((x + found.move).tolist())
            if point == run.x:
                return False
            value, slopes = self.walls.at(point)
            fell = -inf if self.walls.stands else run.value - value
            kept, length = fell / fall, length_of(found.move)
            if kept < _POOR:
                self._radius = _SHORTER * length
            elif found.on_edge and kept > _GOOD:
                self._radius = _LONGER * length
            if kept > _ENOUGH:
                self.walls.lowest = None
                run.step(point, value, slopes)
                return True
        return False

    def _nothing(self, fall: float) -> float:
        """A fall by no more is none."""
        run = self.run
        least = NOTHING * run.fallen
        if fall <= _NEAR_NOTHING * abs(run.value):
            least = max(least, run.problem.rounding(run.x) / 1000)
        return least

    def _lowest(self, gradient: Any, pushed: Any, size: float) -> _Towards | None:
        """The move to about the lowest point within the radius; None where nothing is known of it."""
        enough = min(_CLOSE, sqrt(size / self._first)) * size
        move = change = numpy.zeros(len(gradient))
        rest, way = gradient, -gradient
        for _ in range(_PRODUCTS):
            bent = times(self.run, way)
            bent = numpy.where(pushed, 0.0, bent)
            bend, left = float(way @ bent), float(rest @ rest)
            if not numpy.isfinite(bent).all():
                return None if not move.any() else _Towards(move, change, False)
            part = left / bend if bend > 0 else inf
            if not self._radius:  # the first step of all goes as far as the slope asks for
                self._radius = (
                    part * length_of(way)
                    if part < inf
                    else length_of(numpy.array(self.run.x)) or 1.0
                )
            if part == inf or length_of(move + part * way) >= self._radius:
                part = _to_edge(move, way, self._radius)
                return _Towards(move + part * way, change + part * bent, True)
            move, change = move + part * way, change + part * bent
            rest = rest + part * bent
            after = float(rest @ rest)
            if sqrt(after) <= enough:
                break
            way = -rest + after / left * way
        return _Towards(move, change, False)


def _to_edge(move: Any, way: Any, radius: float) -> float:
    """How often a way leads from a move to the radius."""
    square, along = float(way @ way), float(move @ way)
    left = max(0.0, radius * radius - float(move @ move))
    root = sqrt(along * along + square * left)
    return left / (along + root) if along > 0 else (root - along) / square
