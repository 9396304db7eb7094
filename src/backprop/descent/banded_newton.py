"""Lower points of many inputs of which each meets few others: Newton's method with a band.

An order of the inputs in which all that meet stand near one another makes the second derivatives a band,
which is factored in a time that grows with its length only (Cuthill, McKee: Reducing the bandwidth of sparse
symmetric matrices, 1969). Steps are shortened by a multiple of its diagonal (Marquardt: An algorithm for
least-squares estimation of nonlinear parameters, SIAM J. Appl. Math. 11, 1963).
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy

from backprop.descent.course import NOTHING, Run
from backprop.descent.problem import Band, Problem
from backprop.descent.trust_region import length_of
from backprop.descent.walls import Walls

_WIDEST = 100
"""The widest band."""

_WORK = 50_000_000
"""The most steps times sweeps, and numbers of a band times its width, of one step: half a second."""

_ENOUGH, _POOR, _GOOD = 1e-4, 0.25, 0.75
"""The part of the foretold fall that a step must keep; one that keeps less than the second is shortened for
the next time, one that keeps more than the third lengthened."""

_FIRST, _LEAST, _MOST = 1e-3, 1e-14, 1e20
"""The multiple of the diagonal at first, the least and the largest."""

_MORE, _LESS = 8.0, 0.1

_TRIALS = 60
"""The most trials of one step."""

_NEAR_NOTHING = 1e-10
"""Below this part of the output a fall is compared with its rounding."""

_ROUNDED = 4.0
"""A fall that is so many times the rounding of the output may be none."""


def band(problem: Problem) -> Band | None:
    """That of a problem; None where its second derivatives are no narrow band, or take long."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    known = problem.second_derivatives
    found = known.entries(problem.start) if known is not None else None
    if found is None or problem.size * found.sweeps > _WORK:
        return None
    count = found.width
    ones = numpy.ones(len(found.rows))
    order = reverse_cuthill_mckee(
        csr_matrix((ones, (found.rows, found.columns)), (count, count)), symmetric_mode=True
    )
    place = numpy.empty(count, int)
    place[order] = numpy.arange(count)
    width = int(numpy.abs(place[found.rows] - place[found.columns]).max(initial=0))
    narrow = width <= _WIDEST and count * width * width <= _WORK
    return Band(place, width) if narrow else None


class BandedNewton:
    """A search that begins where a run is."""

    def __init__(self, run: Run, walls: Walls, found: Band) -> None:
        self.run, self.walls = run, walls
        self._band = found
        self._shift = _FIRST

    def descend(self) -> None:
        """Until no lower point is found, or the run raises Stop."""
        with numpy.errstate(all="ignore"):  # what is not finite is no step
            while self._goes_lower():
                self.walls.look_back()

    def _goes_lower(self) -> bool:
        """Take a step to a lower point; whether there was one."""
        run, problem = self.run, self.run.problem
        known = problem.second_derivatives
        entries = known.entries(run.x) if known is not None else None
        if entries is None or not numpy.isfinite(entries.values).all():
            return False
        gradient, x = numpy.array(run.gradient), numpy.array(run.x)
        pushed = ((x <= problem.low) & (gradient > 0)) | ((x >= problem.high) & (gradient < 0))
        free = numpy.where(pushed, 0.0, gradient)
        rows, columns = entries.rows, entries.columns
        values = problem.sign * entries.values
        values = numpy.where(pushed[rows] | pushed[columns], 0.0, values)
        diagonal = numpy.bincount(rows, numpy.where(rows == columns, values, 0.0), len(x))
        units = numpy.abs(diagonal)
        units[~(units > 0)] = units.max(initial=0.0) or 1.0
        for _ in range(_TRIALS):
            move = self._solved(rows, columns, values, self._shift * units, free)
            if move is None:
                self._shift = max(_FIRST, _MORE * self._shift)
                if self._shift > _MOST:
                    return False
                continue
            change = numpy.bincount(rows, values * move[columns], len(x))
            fall = -float(free @ move + move @ change / 2)
            lost = self._rounding(fall)
            if not fall > max(NOTHING * run.fallen, lost / 1000):
                return False
            point = problem.inside((x + move).tolist())
            if point == run.x:
                return False
            value, slopes = self.walls.at(point)
            fell = -inf if self.walls.stands else run.value - value
            kept = fell / fall
            if max(abs(fell), fall) <= _ROUNDED * lost:  # values say no more, but gradients may
                if not 2 * problem.norm(point, slopes) <= length_of(free):
                    return False
                kept = 1.0
            if kept < _POOR:
                self._shift = max(_FIRST, _MORE * self._shift)
            elif kept > _GOOD:
                self._shift = max(_LEAST, _LESS * self._shift)
            if kept > _ENOUGH:
                self.walls.lowest = None
                run.step(point, value, slopes)
                return True
        return False

    def _rounding(self, fall: float) -> float:
        """How far rounding may have moved the output, if that is near to a fall."""
        run = self.run
        return run.problem.rounding(run.x) if fall <= _NEAR_NOTHING * abs(run.value) else 0.0

    def _solved(self, rows: Any, columns: Any, values: Any, shift: Any, gradient: Any) -> Any:
        """The move to the lowest point of the parabola with more on its diagonal, (n,); None where it bends
        down along some way."""
        from scipy.linalg import solveh_banded

        place, width = self._band
        table = numpy.zeros((width + 1, len(gradient)))
        below = place[rows] >= place[columns]
        one, other = place[rows][below], place[columns][below]
        table[one - other, other] = values[below]
        table[0, place] += shift
        right = numpy.empty(len(gradient))
        right[place] = gradient
        try:
            found = solveh_banded(table, right, lower=True, check_finite=False)
        except (numpy.linalg.LinAlgError, ValueError):
            return None
        return -found[place] if numpy.isfinite(found).all() else None
