"""What residuals look like one by one: whether their signs come at random, and which rows stand out."""

from __future__ import annotations

from math import erfc, sqrt
from typing import NamedTuple

import numpy

from backprop.fit.statistics import undetermined
from backprop.fit.student import normal, quantile
from backprop.loops.domains import Reals

_UNLIKELY = 0.01
"""SignRuns of signs that are less likely than this are told."""

_OUTSIDE = 0.01
"""How likely it is that any row of a fit without outliers is called one."""

_NEAR = 1e-9
"""So much smaller residuals are looked at, too, where only large ones are."""

_LEAST = 8
"""Of fewer residuals nothing is said."""


class SignRuns(NamedTuple):
    """How many runs of equal signs there are, how many are expected of residuals in random order, and
    how likely so few or so many are, from both sides (Wald, Wolfowitz: On a test whether two samples
    are from the same population, Annals of Mathematical Statistics 11, 1940)."""

    found: int
    expected: float
    likely: float


def runs_of_signs(residuals: Reals) -> SignRuns | None:
    """The runs of some residuals in order, of which those that are 0 are left out; None of few, or of one
    sign."""
    signs = residuals[residuals != 0] > 0
    above, below = int(signs.sum()), int((~signs).sum())
    count = above + below
    if count < _LEAST or not above or not below:
        return None
    expected = 1 + 2 * above * below / count
    spread = sqrt((expected - 1) * (expected - 2) / (count - 1))
    if not spread:
        return None
    runs = 1 + int((signs[1:] != signs[:-1]).sum())
    return SignRuns(runs, expected, erfc(abs(runs - expected) / spread / sqrt(2)))


def not_random(residuals: Reals) -> SignRuns | None:
    """The runs of residuals whose order is not random."""
    found = runs_of_signs(residuals)
    return found if found and found.likely < _UNLIKELY else None


class Outlier(NamedTuple):
    """A residual that stands out: its number, and it in units of its own error, of a fit without that
    row."""

    row: int
    size: float


def outliers(
    columns: Reals, triangle: Reals, dof: int, known_errors: bool = False
) -> list[Outlier]:
    """The residuals that are larger than that of any row should be, the largest first, by their studentised
    sizes (Cook, Weisberg: Residuals and influence in regression, 1982, 2.2.1). columns: of derivatives of n
    residuals by parameters that are free, and of these, shape (P + 1, n); triangle: theirs, by those
    parameters, shape (.., P)."""
    slopes, rest = columns[:-1], columns[-1]
    count = len(rest)
    if count < _LEAST or dof < 3:
        return []
    squares = float(rest @ rest)
    level = 1 - _OUTSIDE / (2 * count)
    most = normal(level) if known_errors else quantile(dof - 1, level)
    far = numpy.arange(count)
    if not len(slopes):  # then only the largest come into question
        least = most if known_errors else most * sqrt(squares / (dof - 1 + most * most))
        far = numpy.flatnonzero(numpy.abs(rest) > least * (1 - _NEAR))
        slopes, rest = slopes[:, far], rest[far]
    leverage = _leverage(slopes, triangle)
    free = numpy.clip(1 - leverage, 1e-12, 1.0)
    with numpy.errstate(all="ignore"):
        if known_errors:
            sizes = numpy.abs(rest) / numpy.sqrt(free)
        else:
            others = (squares - numpy.square(rest) / free) / (dof - 1)  # without that row
            sizes = numpy.abs(rest) / numpy.sqrt(numpy.maximum(others, 0) * free)
    some = numpy.flatnonzero((sizes > most) & (leverage < 1 - 1e-9))
    order = some[numpy.argsort(-sizes[some], kind="stable")].tolist()
    return [Outlier(int(far[row]), float(sizes[row])) for row in order]


def _leverage(slopes: Reals, triangle: Reals) -> Reals:
    """How far each residual decides what it is fitted with, shape (n,): the squares of the rows of Q in J =
    QR. slopes: J', shape (P, n); triangle: R."""
    if not len(slopes):
        return numpy.zeros(slopes.shape[1])
    sizes = numpy.linalg.norm(triangle, axis=0)
    units = numpy.where(sizes > 0, sizes, 1.0)
    _, values, right = numpy.linalg.svd(triangle / units, full_matrices=False)
    sure = values > undetermined(values, len(triangle))
    back = right[sure] / values[sure, None] / units
    found: Reals = numpy.square(back @ slopes).sum(axis=0)
    return found
