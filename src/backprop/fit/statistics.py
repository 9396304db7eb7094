"""What the least sum of squares says of its parameters: errors, correlations, how good the fit is.

Of n residuals r at the minimum by P parameters, with derivatives J: the covariance is s^2*(J'J)^-1,
with s^2 = r'r/(n - P), or 1 where the errors of the data are known (Bates, Watts: Nonlinear regression
analysis and its applications, 1988, 2.2). The Akaike and Bayesian criteria are n*ln(r'r/n) + 2*P, or
P*ln(n), as lmfit has them; with known errors r'r takes the place of n*ln(r'r/n).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, nan
from sys import float_info
from typing import NamedTuple

import numpy

from backprop.fit.fit_points import FitPoint, Flags
from backprop.fit.student import normal, quantile
from backprop.loops.domains import Reals


class Statistics(NamedTuple):
    """Numbers about a fit.

    rows: n residuals. dof: n less the directions in which free parameters are determined. chi2: the sum
    of the squares of (weighted) residuals. reduced: it by dof, nan without any. scaled: whether errors
    are those of reduced chi2 times the weights. covariance: shape (P, P), nan of parameters that have
    none. total: the sum of squares about the (weighted) mean of what is fitted, nan where that is not
    known. loss: of a robust loss the standard deviation of residuals that are no outliers, 0 for squares.
    """

    rows: int
    dof: int
    chi2: float
    scaled: bool
    covariance: Reals
    spread: Reals
    total: float = nan
    loss: float = 0.0

    @property
    def reduced(self) -> float:
        return self.chi2 / self.dof if self.dof > 0 else nan

    @property
    def errors(self) -> Reals:
        """The standard errors of parameters, shape (P,)."""
        found: Reals = numpy.sqrt(numpy.diagonal(self.covariance))
        return found

    @property
    def correlations(self) -> Reals:
        """Shape (P, P)."""
        errors = self.errors
        with numpy.errstate(all="ignore"):
            found: Reals = numpy.clip(self.covariance / errors / errors[:, None], -1.0, 1.0)
        return found

    @property
    def r_squared(self) -> float:
        """The part of the sum of squares about the mean that the fit explains."""
        return 1 - self.chi2 / self.total if self.total > 0 else nan

    @property
    def variance(self) -> float:
        """Of a residual."""
        if self.loss:
            return self.loss**2
        return self.reduced if self.scaled else 1.0

    def reach(self, level: float) -> float:
        """How many standard errors an interval of this level is wide, to each side: by Student's
        distribution, or, where the errors of the data are known, by the normal one."""
        side = (1 + level) / 2
        if not self.scaled:
            return normal(side)
        return quantile(self.dof, side) if self.dof > 0 else nan

    @property
    def parameters(self) -> int:
        return self.rows - self.dof

    @property
    def _likelihood(self) -> float:
        """Twice the negative logarithm of the likelihood, but for what is the same in all fits."""
        if self.loss:
            return nan
        if not self.scaled:
            return self.chi2
        return self.rows * log(self.chi2 / self.rows) if self.chi2 > 0 else -inf

    @property
    def aic(self) -> float:
        return self._likelihood + 2 * self.parameters

    @property
    def bic(self) -> float:
        return self._likelihood + self.parameters * log(self.rows) if self.rows else nan


def statistics(
    point: FitPoint, rows: int, free: Flags, known_errors: bool, total: float = nan
) -> Statistics:
    """They at a minimum. free: which of P parameters are, shape (P,). known_errors: whether residuals
    are in units of their errors."""
    inside, within, rank = inverse(point.slopes[:, free])
    dof = rows - rank
    factor = 1.0 if known_errors else point.squares / dof if dof > 0 else nan
    covariance, spread = (
        numpy.full((len(free), len(free)), nan),
        numpy.zeros((len(free), len(free))),
    )
    places = numpy.flatnonzero(free)
    covariance[numpy.ix_(places, places)] = spread[numpy.ix_(places, places)] = inside * factor
    lost = places[~within]
    covariance[lost], covariance[:, lost] = nan, nan
    return Statistics(rows, dof, point.squares, not known_errors, covariance, spread, total)


def inverse(slopes: Reals) -> tuple[Reals, Flags, int]:
    """(J'J)^-1 by the singular values of J with columns of length 1, shape (P, P); which parameters it
    is known of, shape (P,): those that no undetermined direction moves; and how many directions are
    determined."""
    sizes = numpy.linalg.norm(slopes, axis=0)
    units = numpy.where(sizes > 0, sizes, 1.0)
    if not slopes.shape[1]:
        return numpy.zeros((0, 0)), numpy.zeros(0, bool), 0
    _, values, right = numpy.linalg.svd(slopes / units, full_matrices=False)
    values = numpy.concatenate([values, numpy.zeros(len(right) - len(values))])
    sure = values > undetermined(values, len(slopes))
    some = right[sure] / values[sure, None]
    lost = numpy.square(right[~sure]).sum(axis=0) > _SHARE
    return some.T @ some / units / units[:, None], ~lost & (sizes > 0), int(sure.sum())


_SHARE = 1e-12
"""A parameter with so little of an undetermined direction is determined."""


def undetermined(values: Sequence[float] | Reals, width: int) -> float:
    """Up to which size singular values of scaled columns are those of directions that data do not
    determine."""
    return 8 * max(width, 10) * float_info.epsilon * float(numpy.max(values, initial=0.0))


class Undetermined(NamedTuple):
    """A direction in which parameters can move together and the sum of squares stays. parts: of each
    parameter, the largest 1, shape (P,). relative: whether they are parts of the parameters' own sizes."""

    parts: Reals
    relative: bool


def undetermined_ways(point: FitPoint, free: Flags) -> list[Undetermined]:
    """The directions that data do not determine, each in plain coordinates and in relative ones, as far
    as it is simple there."""
    slopes = point.slopes[:, free]
    sizes = numpy.linalg.norm(slopes, axis=0)
    found = list[Undetermined]()
    if not slopes.shape[1]:
        return found
    units = numpy.where(sizes > 0, sizes, 1.0)
    _, values, right = numpy.linalg.svd(slopes / units, full_matrices=True)
    values = numpy.concatenate([values, numpy.zeros(len(right) - len(values))])
    for way in right[values <= undetermined(values, len(slopes))]:
        plain = way / units
        for relative in (True, False):
            x = point.x[free]
            parts = numpy.zeros(len(free))
            with numpy.errstate(all="ignore"):
                some = plain / x if relative else plain
            if not numpy.isfinite(some).all():
                continue
            largest = float(numpy.abs(some).max())
            parts[free] = some / some[numpy.abs(some).argmax()] if largest else some
            parts[numpy.abs(parts) < 1e-6] = 0.0
            found.append(Undetermined(parts, relative))
    return found
