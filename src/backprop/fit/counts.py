"""Fits of counts, each from a Poisson distribution whose mean is what the model says: the most likely
parameters are those of the least deviance, 2*sum(y*log(y/m) - (y - m)) of counts y and means m (P. McCullagh,
J. A. Nelder: Generalized linear models, 1989, 2.3).

What is squared is the root of each term with the sign of y - m, so that the deviance is a sum of squares like
any other. Near y = m that is sqrt(m)*t*sqrt(1 - t/3 + t^2/6 - …) with t = (y - m)/m, from the series of
log(1 + t), since the difference itself is rounded away there. Errors are those of the second derivatives of
the likelihood at its top, exact ones: the covariance is the inverse of half of the deviance's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy

from backprop.fit.fit_points import Flags
from backprop.fit.statistics import Statistics
from backprop.loops.domains import Reals

FindHessian = Callable[[Sequence[str], Reals], Reals | None]
"""Finds the second derivatives of a deviance by some parameters, at all of them; None where it cannot."""


class Counts:
    """Counts, with the deviance's second derivatives."""

    def __init__(self, names: Sequence[str], hessian: FindHessian) -> None:
        self._names, self._hessian = names, hessian
        self.observed = True
        """Whether errors are of those; otherwise of what is expected of them."""

    def statistics(self, x: Reals, free: Flags, found: Statistics) -> Statistics:
        """Those of a fit. free: which parameters are, shape (P,)."""
        known = free & numpy.isfinite(numpy.diagonal(found.covariance))
        some = [name for name, is_known in zip(self._names, known, strict=True) if is_known]
        if not some or not known[free].all():
            return found
        second = self._hessian(some, x)
        made = None if second is None else _inverse(second / 2)
        if made is None:
            self.observed = False
            return found
        covariance, spread = found.covariance.copy(), found.spread.copy()
        at = numpy.ix_(numpy.flatnonzero(known), numpy.flatnonzero(known))
        covariance[at] = spread[at] = made
        return found._replace(covariance=covariance, spread=spread)


def _inverse(second: Reals) -> Reals | None:
    """Of a matrix at a minimum, with its diagonal as 1; None of one that is none."""
    sizes = numpy.sqrt(numpy.abs(numpy.diagonal(second)))
    if not (numpy.isfinite(second).all() and sizes.all()):
        return None
    values, ways = numpy.linalg.eigh(second / sizes / sizes[:, None])
    if values[0] <= 1e-14 * values[-1]:
        return None
    found: Reals = (ways / values) @ ways.T / sizes / sizes[:, None]
    return found


def counts_texts(function: str) -> tuple[str, Callable[[str, str], str]]:
    """The function of the root of a term as a statement, and what makes such a term of a count and its mean.
    function: a name that a text does not have."""
    t = "(y/m - 1)"
    parts = ["1", *(f"({t}^{k}/{(k + 1) * (k + 2) // 2})*({'-' * (k % 2)}1)" for k in range(1, 7))]
    near = f"sqrt(m)*{t}*sqrt({' + '.join(parts)})"
    far = "sign(y - m)*sqrt(2*(y*log(y/m) - (y - m)))"
    some = f"if(abs(y/m - 1) < 0.01, {near}, {far})"
    return (
        f"{function}(y, m) = if(y > 0, {some}, -sqrt(2*m))",
        lambda count, mean: f"{function}({count}, {mean})",
    )
