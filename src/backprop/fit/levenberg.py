"""Levenberg and Marquardt's method, on triangles: steps of least squares within a region of trust.

A point is known by the triangle T of its residuals, T'T = [J r]'[J r]. Steps come from the singular
values of its part for J, with scaled parameters, so that no condition number is squared; the region
grows and shrinks as of Moré, The Levenberg-Marquardt algorithm: implementation and theory (Numerical
Analysis, Lecture Notes in Mathematics 630, 1978).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf, nan, sqrt
from sys import float_info
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.loops.domains import Reals

Flags = NDArray[numpy.bool_]

MakeTriangle = Callable[[Sequence[float]], Reals | None]
"""Makes the triangle of a point, shape (P + 1, P + 1); None where something is not finite."""

FIRST = 100.0
"""The first region: so many times the length of the scaled parameters (Moré 1978, 'factor')."""

_GOOD, _BAD = 0.75, 0.25
"""Parts of the fall that a step promised: with more the region grows, with less it shrinks."""

_TAKEN = 1e-4
"""The least part of what it promised for which a step is taken."""

_DONE = 1e-15
"""A fall of the sum of squares by no more than this part of it is below what doubles tell."""

_POLISHES, _POLISHED = 8, 1e-13
"""Steps after the end, and by which part of itself the sum of squares may rise in them, which is
rounding."""

_SETTLED = 1e-14
"""Steps after the end are enough where the next one would be a smaller part of the parameters."""

_SMALLEST = 1e-14
"""Steps that are smaller than this part of the parameters lead nowhere else."""


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


class Levenberg:
    """One run. make: makes triangles. bounds: of parameters. most: steps."""

    def __init__(
        self, make: MakeTriangle, bounds: Bounded, most: int = 500, first: float = FIRST
    ) -> None:
        self._make, self._bounds, self._most, self._first = make, bounds, most, first
        self.looks = 0
        self.why = "steps used up"

    def run(self, start: FitPoint) -> Iterator[FitPoint]:
        """The points of a run; the last one is where it ended, for `why`."""
        here, scales = start, numpy.zeros(len(start.x))
        region, steps, before = 0.0, 0, 0.0
        yield here
        while steps < self._most:
            sizes = numpy.linalg.norm(here.slopes, axis=0)
            scales = numpy.maximum(scales, sizes)
            units = numpy.where(scales > 0, scales, 1.0)
            if not steps:
                region = self._first * (float(numpy.linalg.norm(units * here.x)) or 1.0)
            free = ~held(here, self._bounds)
            if not free.any() or not here.squares:
                self.why = "converged"
                return
            ways = _Ways(here, units, free)
            while True:
                step, promised, full = ways.step(region)
                if promised <= _DONE * here.squares / 8:
                    self.why = "converged"
                    yield from self._polished(here, units, before)
                    return
                there = self._bounds.inside(here.x + step)
                if not numpy.isfinite(
                    there
                ).all():  # slopes are so steep that their squares are no doubles
                    self.why = "stuck"
                    return
                size = numpy.abs(there - here.x) / numpy.maximum(numpy.abs(here.x), 1e-300)
                if (size <= _SMALLEST).all():
                    self.why = "stuck"
                    return
                found = self._look(there)
                gained = here.squares - found.squares if found else -inf
                ratio = gained / promised
                length = float(numpy.linalg.norm((there - here.x) * units))
                if ratio < _BAD:
                    region = min(region, length) * (0.1 if found is None else 0.25)
                elif ratio > _GOOD or full:
                    region = max(region, 2 * length)
                if found is not None and ratio >= _TAKEN and gained > 0:
                    break
                if promised <= 4 * _DONE * here.squares:
                    self.why = "converged"  # what it promises is no more than rounding
                    yield from self._polished(here, units, before)
                    return
            here, before = found, length if full else 0.0
            steps += 1
            yield here

    def _polished(self, here: FitPoint, units: Reals, before: float) -> Iterator[FitPoint]:
        """Whole steps of Gauss and Newton from where the sum of squares is least as far as doubles
        tell: of the parameters that leaves half of the digits, and these steps find the others, as long
        as they become shorter and the sum stays. before: the length of the last step, if that
        was a whole one, else 0."""
        least, last = here.squares, inf
        for _ in range(_POLISHES):
            free = ~held(here, self._bounds)
            if not free.any():
                return
            step, _, full = _Ways(here, units, free).step(inf)
            length = float(numpy.linalg.norm(units * step))
            if not full or length > last / 2 or not length:
                return
            found = self._look(self._bounds.inside(here.x + step))
            if found is None or found.squares > least * (1 + _POLISHED):
                return
            here, last = found, length
            yield here
            # each step is as much shorter than the one before as that was
            if length * length <= before * _SETTLED * float(numpy.linalg.norm(units * here.x)):
                return
            before = length

    def _look(self, x: Reals) -> FitPoint | None:
        self.looks += 1
        return fit_point(x, self._make)


class _Ways:
    """Steps from one point, by the singular values of its scaled slopes."""

    def __init__(self, here: FitPoint, units: Reals, free: Flags) -> None:
        self._units, self._free = units[free], free
        scaled = here.slopes[:, free] / self._units
        left, sizes, right = numpy.linalg.svd(scaled, full_matrices=False)
        self._along, self._sizes, self._right = left.T @ here.rest, sizes, right
        self._least = float(sizes.max(initial=0.0)) * float_info.epsilon

    def step(self, region: float) -> tuple[Reals, float, bool]:
        """The step to the least sum of squares within a region, how much lower that promises to be, and
        whether it is the whole step of Gauss and Newton."""
        sizes, along = self._sizes, self._along
        some = sizes > self._least
        whole = numpy.where(some, along / numpy.where(some, sizes, 1.0), 0.0)
        full = float(numpy.linalg.norm(whole)) <= region
        if full:
            parts = whole
        else:
            parts = sizes * along / (sizes**2 + self._damping(region))
        moved = sizes * parts
        promised = float((moved * (2 * along - moved)).sum())
        step = numpy.zeros(len(self._free))
        step[self._free] = -(self._right.T @ parts) / self._units
        return step, promised, full

    def _damping(self, region: float) -> float:
        """What is added to squared singular values so that the step is as long as the region."""
        sizes, along = self._sizes, self._along

        def length(damping: float) -> float:
            return float(numpy.linalg.norm(sizes * along / (sizes**2 + damping)))

        high = float(numpy.linalg.norm(sizes * along)) / region
        low = 0.0
        for _ in range(200):
            middle = sqrt(low * high) if low else high * 1e-3
            if length(middle) > region:
                low = middle
            else:
                high = middle
                if low == 0.0 and high < 1e-300:
                    break
            if low and high <= 1.05 * low:
                break
        return high
