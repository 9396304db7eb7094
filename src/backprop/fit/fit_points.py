"""Points of fits: parameters with the triangle T of their residuals, T'T = [J r]'[J r]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from sys import float_info
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.loops.domains import Reals

Flags = NDArray[numpy.bool_]

MakeTriangle = Callable[[Sequence[float]], Reals | None]
"""Makes the triangle of a point, shape (P + 1, P + 1); None where something is not finite."""


class Bounded(NamedTuple):
    """The least and the largest number of each of P parameters, shape (P,)."""

    low: Reals
    high: Reals

    def inside(self, x: Reals) -> Reals:
        found: Reals = numpy.clip(x, self.low, self.high)
        return found


class FitPoint(NamedTuple):
    """Parameters, shape (P,), their triangle, and the sum of the squares of all residuals."""

    x: Reals
    triangle: Reals
    squares: float

    @property
    def slopes(self) -> Reals:
        """The derivatives of residuals, reduced: shape (P + 1, P)."""
        return self.triangle[:, :-1]

    @property
    def rest(self) -> Reals:
        """The residuals, reduced: shape (P + 1,)."""
        return self.triangle[:, -1]

    def moved(self, step: Reals) -> FitPoint:
        """The point behind a step, as far as residuals are linear."""
        triangle = self.triangle.copy()
        triangle[:, -1] += self.slopes @ step
        return FitPoint(self.x + step, triangle, float(numpy.square(triangle[:, -1]).sum()))


def fit_point(x: Reals, make: MakeTriangle) -> FitPoint | None:
    """The point of some parameters; None where something is not finite, or its square is not."""
    triangle = make(x.tolist())
    if triangle is None:
        return None
    with numpy.errstate(all="ignore"):
        sizes = numpy.square(triangle).sum(axis=0)  # of which those of slopes are needed, too
    return FitPoint(x, triangle, float(sizes[-1])) if numpy.isfinite(sizes).all() else None


def squares_of(make: MakeTriangle) -> Callable[[Reals], float]:
    """The sum of squares as a function of parameters, nan where it has no value."""

    def squares(x: Reals) -> float:
        point = fit_point(x, make)
        return nan if point is None else point.squares

    return squares


def held(point: FitPoint, bounds: Bounded) -> Flags:
    """Which parameters stand at a bound and would go beyond, or have no room at all, shape (P,)."""
    gradient, (low, high) = point.slopes.T @ point.rest, bounds
    beyond: Flags = ((point.x <= low) & (gradient > 0)) | ((point.x >= high) & (gradient < 0))
    none: Flags = low == high
    return beyond | none


def offset(point: FitPoint, free: Flags) -> float:
    """How far residuals are from standing at right angles to what free parameters can do: the part of their
    length that lies in that plane. 0 at a minimum (Bates, Watts: Nonlinear regression analysis and its
    applications, 1988, 2.2.3, without degrees of freedom)."""
    slopes, rest = point.slopes[:, free], point.rest
    size = float(numpy.linalg.norm(rest))
    if not size or not slopes.shape[1]:
        return 0.0
    scales = numpy.linalg.norm(slopes, axis=0)
    scaled = slopes / numpy.where(scales > 0, scales, 1.0)
    left, sizes, _ = numpy.linalg.svd(scaled, full_matrices=False)
    inside = sizes > sizes.max(initial=0.0) * len(rest) * float_info.epsilon
    return float(numpy.linalg.norm(left[:, inside].T @ rest)) / size
