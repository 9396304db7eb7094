"""The lowest point of a parabola within a radius: the step of a trust-region method.

Moré, Sorensen: Computing a trust region step, SIAM J. Sci. Stat. Comput. 4, 1983; Conn, Gould, Toint: Trust
Region Methods, 2000, chapter 7.
"""

from __future__ import annotations

from math import hypot, nan, sqrt
from sys import float_info
from typing import Any, NamedTuple

import numpy

_TURNS = 60
"""The most turns of the search for the length; three or four are usual."""

_HARDLY = 1e-3
"""Less than this part is nearly nothing."""

_NEAR = 1e-3
"""A step on the edge is as long as the radius, but for this part of it."""


class Parabola(NamedTuple):
    """How an output changes with a move p of n numbers: slopes·p + p·B·p/2, by the eigenvalues of B and its
    eigenvectors.

    slopes: shape (n,), the products with the eigenvectors. bends: shape (n,). ways: shape (n, n), a column
    for each. lost: bends up to this size may be rounding.
    """

    slopes: Any
    bends: Any
    ways: Any
    lost: float = 0.0

    def change(self, along: Any) -> float:
        """What it says of a move; along: its products with the eigenvectors, (n,)."""
        return float(self.slopes @ along + self.bends @ (along * along) / 2)

    def is_blind(self, along: Any) -> bool:
        """Whether nearly all of what it says of a move is by bends that may be rounding."""
        known = numpy.where(numpy.abs(self.bends) > self.lost, along, 0.0)
        return abs(self.change(known)) < _HARDLY * abs(self.change(along))


def of_matrix(gradient: Any, matrix: Any) -> Parabola:
    """By a symmetric matrix, (n, n). Raises LinAlgError where it has no eigenvalues in doubles."""
    bends, ways = numpy.linalg.eigh(matrix)
    lost = len(bends) * float_info.epsilon * float(numpy.abs(bends).max())
    return Parabola(ways.T @ gradient, bends, ways, lost)


def of_squares(residuals: Any, slopes: Any) -> Parabola:
    """That of a sum of squares of m residuals whose own second derivatives are left out (Gauss and Newton),
    from the slopes and not their squares. residuals: (m,), slopes: (m, n), their derivatives."""
    wide = slopes.shape[0] < slopes.shape[1]
    columns, sizes, rows = numpy.linalg.svd(slopes, full_matrices=wide)
    count, known = slopes.shape[1], len(sizes)
    bends, products = numpy.zeros(count), numpy.zeros(count)
    bends[:known] = 2 * sizes * sizes
    products[:known] = 2 * sizes * (columns[:, :known].T @ residuals)
    lost = 2 * (count * float_info.epsilon * float(sizes.max(initial=0.0))) ** 2
    return Parabola(products, bends, rows.T, lost)


def lowest(parabola: Parabola, radius: float) -> tuple[Any, bool]:
    """The lowest point at most so far away, as products with the eigenvectors, (n,); and whether it lies on
    the edge.

    It is -slopes/(bends + m) for a number m >= 0 that leaves no bend negative: 0 for the lowest point of
    all, larger for shorter steps.
    """
    slopes, bends = parabola.slopes, parabola.bends
    least = float(bends.min())
    lost = parabola.lost
    if least > lost and length_of(slopes / bends) <= radius:
        return -slopes / bends, False
    above = bends - least
    floor = max(0.0, least)
    if least <= lost:
        # the slope along the ways that bend least may be none: the others then end before the edge
        flat = above <= lost
        inner = numpy.where(flat, 0.0, -slopes / numpy.where(flat, 1.0, above))
        short = length_of(inner)
        if length_of(slopes[flat]) <= len(bends) * float_info.epsilon * length_of(slopes):
            if short < radius and least >= -lost:
                return inner, False
            if short < radius:
                at = int(bends.argmin())
                inner[at] = -numpy.copysign(sqrt(radius * radius - short * short), slopes[at])
                return inner, True
    size = length_of(slopes)
    if size == 0:
        return numpy.zeros(len(bends)), False
    low, high = floor, max(floor, size / radius)
    shift = max(floor, high * _NEAR) or high
    for _ in range(_TURNS):
        with numpy.errstate(all="ignore"):
            step = -slopes / (above + shift)
            length = length_of(step)
            if abs(length - radius) <= _NEAR * radius:
                break
            low, high = (shift, high) if length > radius else (low, shift)
            # Newton's method for 1/length, which is nearly straight
            fall = float(numpy.sum(step * step / (above + shift)))
            following = shift + (length / radius - 1) * length * length / fall if fall else nan
        if not low < following < high:
            following = sqrt(low) * sqrt(high) if low > 0 else high * _NEAR
        if following == shift:
            break
        shift = following
    return step * min(1.0, radius / length) if length else step, True


def back(parabola: Parabola, gradient: Any, most: float) -> Any:
    """The move back into a valley that a step has left, (n,), by the gradient there: along the ways that bend
    so much that it is short (Nocedal, Wright: Numerical Optimization, 2006, chapter 18, on second-order
    corrections). most: how long it may be along each."""
    with numpy.errstate(all="ignore"):
        along = -(parabola.ways.T @ gradient) / parabola.bends
    short = (parabola.bends > 0) & (numpy.abs(along) <= most)
    return parabola.ways @ numpy.where(short, along, 0.0)


def length_of(numbers: Any) -> float:
    """The Euclidean norm, also of numbers whose squares are none."""
    return hypot(*numbers.tolist())
