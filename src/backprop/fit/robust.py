"""Losses that do not let outliers decide: of residuals r of a scale c the sum of c^2*rho((r/c)^2), which is
that of squares for small residuals and rises more slowly for large ones.

What is squared is the root of each term, so that a loss is a sum of squares like any other, with derivatives
by the chain rule. Errors are those of M-estimates (P. J. Huber, Robust Statistics, 1981, 7.6): with
psi = rho'(u^2)*u at u = r/c, n residuals and P parameters

    K^2 * c^2*sum(psi^2)/(n - P) / mean(psi')^2 * (J'J)^-1,   K = 1 + P/n * var(psi')/mean(psi')^2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.errors import NeedsData
from backprop.fit.fit_points import Flags, fit_point
from backprop.fit.fit_rows import FitRows
from backprop.fit.statistics import Statistics, inverse
from backprop.loops.domains import Reals

NORMAL = 1.482602218505602
"""The standard deviation of a normal distribution by the median of its absolute values."""

_SETTLED = 1e-10
"""A scale that changes by less, relative, is that of the residuals."""

_NOTHING = 1e-8
"""Residuals by this much smaller than those of least squares are 0, but for rounding."""

_ROUNDS = 100
"""The most fits in which a scale settles."""


class Loss(NamedTuple):
    """One of the losses, rho. root: that of a term, by u = r/c, as the language writes it. tuning: the scale
    in standard deviations with which it has 95 % of the efficiency of least squares where errors are normal.
    psi: rho'(u^2)*u; bend: its derivative by u."""

    root: str
    tuning: float
    psi: Callable[[Reals], Any]
    bend: Callable[[Reals], Any]


LOSSES = {
    "huber": Loss(
        "if(abs(u) <= 1, u, sign(u)*sqrt(2*abs(u) - 1))",
        1.345,
        lambda u: numpy.clip(u, -1.0, 1.0),
        lambda u: 1.0 * (abs(u) <= 1),
    ),
    "soft_l1": Loss(
        "u*sqrt(2/(1 + sqrt(1 + u^2)))",
        1.287,
        lambda u: u / numpy.sqrt(1 + u**2),
        lambda u: (1 + u**2) ** -1.5,
    ),
    "cauchy": Loss(
        "if(abs(u) < 1e-8, u, sign(u)*sqrt(log1p(u^2)))",  # u^2/4 is below the rounding of 1
        2.385,
        lambda u: u / (1 + u**2),
        lambda u: (1 - u**2) / (1 + u**2) ** 2,
    ),
}


class Robust:
    """A loss of residuals, and its scale. plain: the residuals themselves; rows: the roots of the terms, by
    an input of the name `scale_name`. scale: None for one that is found."""

    def __init__(
        self, name: str, plain: FitRows, rows: FitRows, scale_name: str, scale: float | None
    ) -> None:
        self.name, self._loss = name, LOSSES[name]
        self.plain, self.rows, self._scale_name = plain, rows, scale_name
        self.is_found = scale is None
        self.scale = 1.0
        if scale is not None:
            self._set(scale)

    def _set(self, scale: float) -> None:
        self.scale = scale
        self.rows.give(self._scale_name, scale)

    @property
    def size(self) -> float:
        """The standard deviation of residuals that the scale goes with."""
        return self.scale / self._loss.tuning

    def settle(self, x: Reals, again: Callable[[Reals], Reals | None]) -> Reals:
        """Find the scale by the median of the residuals that a fit of that scale has. x: parameters of
        least squares. again: those of a fit from there; None where it fails. Raises NeedsData for
        residuals of which most are 0."""
        first = 0.0
        for _ in range(_ROUNDS):
            size = NORMAL * float(numpy.median(numpy.abs(self._residuals(x))))
            first = first or size
            if size <= _NOTHING * first:
                hints = ["give the scale from which on they count less: --loss-scale 0.1"]
                message = "more than half of the residuals are 0, or as good as that"
                raise NeedsData(message, hints=hints)
            before = self.scale
            self._set(size * self._loss.tuning)
            found = again(x)
            if found is None or abs(self.scale - before) <= _SETTLED * before:
                break
            x = found
        return x

    def _residuals(self, x: Reals) -> Reals:
        each = self.plain.each(x.tolist(), slopes=False)
        if each is None:
            hints = ["give it: --loss-scale 0.1", "or let rows have more memory, as --memory 8G"]
            message = "the scale of a loss is found from residuals in memory, and these are not"
            raise NeedsData(message, hints=hints)
        found: Reals = each.columns[-1]
        return found

    def further(self, x: Reals) -> int:
        """How many residuals lie beyond the scale; 0 where they are not in memory."""
        each = self.plain.each(x.tolist(), slopes=False) if self.plain.in_memory else None
        return 0 if each is None else int((numpy.abs(each.columns[-1]) > self.scale).sum())

    def statistics(self, x: Reals, free: Flags, found: Statistics) -> Statistics:
        """Those of a fit, with the covariance of M-estimates; none of residuals that are not in memory. free:
        which parameters are, shape (P,)."""
        covariance, spread = numpy.full_like(found.covariance, numpy.nan), 0 * found.spread
        numbers = found._replace(covariance=covariance, spread=spread, loss=self.size)
        point = fit_point(x, self.plain.triangle)
        each = self.plain.each(x.tolist(), slopes=False) if self.plain.in_memory else None
        if point is None or each is None or found.dof <= 0:
            return numbers
        u, rows, rank = each.columns[-1] / self.scale, found.rows, found.parameters
        psi, bends = self._loss.psi(u), self._loss.bend(u)
        mean = float(bends.mean())
        if mean <= 0:  # more than half count less the further out they are
            return numbers
        factor = (1 + rank / rows * float(bends.var()) / mean**2) ** 2
        factor *= self.scale**2 * float((psi**2).sum()) / found.dof / mean**2
        inside, within, _ = inverse(point.slopes[:, free])
        places = numpy.flatnonzero(free)
        covariance[numpy.ix_(places, places)] = spread[numpy.ix_(places, places)] = inside * factor
        lost = places[~within]
        covariance[lost], covariance[:, lost] = numpy.nan, numpy.nan
        return numbers


def robust_texts(name: str, function: str, scale: str) -> tuple[str, Callable[[str], str]]:
    """The function of a loss as a statement, and what makes the root of a term of a residual. function,
    scale: names that a text does not have."""

    def term(residual: str) -> str:
        return f"{scale}*{function}(({residual})/{scale})"

    return f"{function}(u) = {LOSSES[name].root}", term


def named_apart(words: Sequence[str], name: str) -> str:
    """A name that a text does not have."""
    while name in words:
        name += "_"
    return name
