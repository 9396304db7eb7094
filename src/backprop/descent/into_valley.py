"""The way back into a valley that a step has left, so that steps along valleys that bend may be long."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import Run
from backprop.descent.objective import Point
from backprop.descent.problem import dot
from backprop.descent.walls import Walls

_TURNS = 4
"""The most moves back."""

_ENOUGH = 0.75
"""And so much of what the step was to fall is enough."""

_STEEP, _TIMES, _LONGEST = 0.5, 2.0, 40
"""Where the slope is still so steep after a move back, the move is lengthened, each time by this, so often at
most: a valley like sqrt(1e-12 + u^2) bends on its floor only."""


class OffValley(NamedTuple):
    """A point, the output and the gradient there."""

    point: Point
    value: float
    gradient: Point


def into_valley(
    run: Run,
    walls: Walls,
    left: OffValley,
    move: Any,
    back: Callable[[Any, Point], Any],
    enough: float = inf,
) -> tuple[OffValley, Any]:
    """The lowest point found on moves back from where a step has left a valley, and the move there.

    move: the step, (n,). back: of a move and the gradient there the move that leads back. enough: what the
    output is to fall, of which a part is enough.
    """
    seen = left
    for _ in range(_TURNS):
        ways = numpy.array(back(move, seen.gradient))
        there = _seen(run, walls, ways)
        if there is None or not there.value < seen.value:
            break
        there, ways = _farther(run, walls, seen, there, move, ways)
        seen, move = there, ways
        if run.value - seen.value > _ENOUGH * enough:
            break
    return seen, move


def _farther(
    run: Run, walls: Walls, before: OffValley, there: OffValley, move: Any, ways: Any
) -> tuple[OffValley, Any]:
    """A lower point on the way of a move back, if that was too short, and the move there."""
    by = ways - move
    slope, first = dot(there.gradient, by.tolist()), dot(before.gradient, by.tolist())
    if not slope < _STEEP * first < 0:
        return there, ways
    part, best, to = 1.0, there, ways
    for _ in range(_LONGEST):
        part *= _TIMES
        found = _seen(run, walls, move + part * by)
        if found is None:
            break
        over = dot(found.gradient, by.tolist())
        if over >= 0 or not found.value < best.value:
            # where the lines of both sides meet
            short = part / _TIMES
            if over > slope:
                at = (best.value - found.value + over * part - slope * short) / (over - slope)
                middle = _seen(run, walls, move + at * by) if short < at < part else None
                if middle is not None and middle.value < min(best.value, found.value):
                    return middle, move + at * by
            return (found, move + part * by) if found.value < best.value else (best, to)
        best, to, slope = found, move + part * by, over
    return best, to


def _seen(run: Run, walls: Walls, move: Any) -> OffValley | None:
    """What is seen after a move; None at a wall."""
    point = run.problem.inside([at + by for at, by in zip(run.x, move.tolist(), strict=True)])
    value, gradient = walls.at(point)
    return None if walls.stands else OffValley(point, value, gradient)
