"""What a function does at a point, seen from the left and from the right."""

from math import inf, nan
from typing import NamedTuple

AGREED = 1e-9
"""How far apart two slopes are the same, relative to the larger one."""


class Side(NamedTuple):
    """One side of a point.

    kind: `slope`; `infinite`, with the sign in `slope`; `jump`, where the value at the point is not
    the limit from this side and `slope` is that beside the point, or, with a height of inf, where
    there is no finite limit; `none`, where there is no value;
    `unclear`, where no slope could be found. error: of the slope. height: of the jump. limit: the
    value that it leads to, nan where that was not looked for.
    """

    kind: str
    slope: float = nan
    error: float = inf
    height: float = 0.0
    limit: float = nan


class Sides(NamedTuple):
    """Both sides of a point, and the slope of both together by central differences.

    slope: nan where none was found. error: its own estimate of how far it may be off. scale: the
    size of the function's values over the distance on which they were looked at. flat: whether
    these do not differ at all, as where rounding swallows all there is.
    """

    left: Side
    right: Side
    slope: float = nan
    error: float = inf
    scale: float = 0.0
    flat: bool = False


def on_bound(inner: Side, side: int) -> Sides:
    """What there is at a point on a bound, of which only the side within counts. side: -1 if that
    is the left one, 1 if it is the right one."""
    other = inner if inner.kind in ("slope", "infinite") else Side("unclear")
    left, right = (inner, other) if side < 0 else (other, inner)
    return Sides(left, right, inner.slope, inner.error)
