"""Points that are put onto bounds which are next to them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from backprop.descent.course import Run
from backprop.descent.objective import Point

_NEXT = 1e-10
"""A bound is next to an input that is so near to it, in its scale."""


def onto_bounds(run: Run, scales: Sequence[float], room: float) -> Point | None:
    """A point on bounds that are next to the last one of a run, towards which the output falls; None if there
    are none. room: a rise by no more is none."""
    ends = zip(run.x, run.gradient, run.problem.low, run.problem.high, scales, strict=True)
    point = [
        low
        if slope > 0 and 0 < at - low <= _NEXT * size
        else high
        if slope < 0 and 0 < high - at <= _NEXT * size
        else at
        for at, slope, low, high, size in ends
    ]
    if point == run.x or not run.problem.known(point, inf) <= run.value + room:
        return None
    return point
