"""Levenberg and Marquardt's method, on triangles: steps of least squares within a region of trust.

Steps come from the singular values of a triangle's part for the slopes, with scaled parameters, so that no
condition number is squared; the region grows and shrinks as of Moré, The Levenberg-Marquardt algorithm:
implementation and theory (Numerical Analysis, Lecture Notes in Mathematics 630, 1978).

Runs that are long go along curved valleys. From there on parameters that only multiply are brought to where
the sum of squares is least by them, at every point (`separable`): a tenth of the steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, sqrt
from sys import float_info

import numpy

from backprop.fit.fit_points import Bounded, FitPoint, Flags, MakeTriangle, fit_point, held
from backprop.fit.separable import eliminated, multiplying
from backprop.loops.domains import Reals

FIRST = 100.0
"""The first region: so many times the length of the scaled parameters (Moré 1978, 'factor')."""

_GOOD, _BAD = 0.75, 0.25
"""Parts of the fall that a step promised: with more the region grows, with less it shrinks."""

_TAKEN = 1e-4
"""The least part of what it promised for which a step is taken."""

_LONG = 40
"""So many steps are a long run. In shorter ones it takes as many looks to find out what only multiplies as it
saves."""

_DONE = 1e-15
"""A fall of the sum of squares by no more than this part of it is below what doubles tell."""

_POLISHES, _POLISHED = 8, 1e-13
"""Steps after the end, and by which part of itself the sum of squares may rise in them, which is
rounding."""

_SETTLED = 1e-14
"""Steps after the end are enough where the next one would be a smaller part of the parameters."""

_SMALLEST = 1e-14
"""Steps that are smaller than this part of the parameters lead nowhere else."""


class Levenberg:
    """One run. make: makes triangles. bounds: of parameters. most: steps."""

    def __init__(
        self, make: MakeTriangle, bounds: Bounded, most: int = 500, first: float = FIRST
    ) -> None:
        self._make, self._bounds, self._most, self._first = make, bounds, most, first
        self.looks = 0
        self.why = "steps used up"
        self._linear: Flags | None = None
        """Which parameters only multiply, once that is known."""

    def run(self, start: FitPoint) -> Iterator[FitPoint]:
        """The points of a run; the last one is where it ended, for `why`."""
        here, scales = start, numpy.zeros(len(start.x))
        region, steps, before = 0.0, 0, 0.0
        yield here
        while steps < self._most:
            if steps == _LONG:
                self._linear = multiplying(here, numpy.ones(len(here.x), bool), self._look)
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
                least, best = self._eliminated(found)
                gained = here.squares - least
                ratio = gained / promised
                length = float(numpy.linalg.norm((there - here.x) * units))
                if ratio < _BAD:
                    region = min(region, length) * (0.1 if found is None else _BAD)
                elif ratio > _GOOD or full:
                    region = max(region, 2 * length)
                if found is not None and ratio >= _TAKEN and gained > 0:
                    if best is not None and (moved := self._look(best)):
                        found = min(found, moved, key=lambda point: point.squares)
                    if found.squares < here.squares:
                        break
                    region = min(region, length) * _BAD
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
        as they become shorter and the sum stays. What a last step that is next to nothing leads to is known
        without a look. before: the length of the last step, if that was a whole one, else 0."""
        least, last = here.squares, inf
        for _ in range(_POLISHES):
            free = ~held(here, self._bounds)
            if not free.any():
                return
            step, _, full = _Ways(here, units, free).step(inf)
            length = float(numpy.linalg.norm(units * step))
            if not full or length > last / 2 or not length:
                return
            there = self._bounds.inside(here.x + step)
            # each step is as much shorter than the one before as that was
            is_last = length * length <= before * _SETTLED * float(
                numpy.linalg.norm(units * here.x)
            )
            if is_last and (there == here.x + step).all():
                yield here.moved(step)
                return
            found = self._look(there)
            if found is None or found.squares > least * (1 + _POLISHED):
                return
            here, last, before = found, length, length
            yield here

    def _eliminated(self, found: FitPoint | None) -> tuple[float, Reals | None]:
        """The least sum of squares by what only multiplies, and where that is, if it is somewhere else."""
        if found is None:
            return inf, None
        if self._linear is None or not self._linear.any():
            return found.squares, None
        lower = eliminated(found, self._linear, self._bounds)
        return lower if lower and lower[0] < found.squares else (found.squares, None)

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
