"""The ways of many inputs along which an output bends least, from products of its second derivatives with
vectors: conjugate gradients for the lowest point foretold, LOBPCG for the least bend.

Hestenes, Stiefel: Methods of conjugate gradients, 1952; Knyazev: Toward the optimal preconditioned
eigensolver, SIAM J. Sci. Comput. 23, 2001; both by scipy.
"""

from __future__ import annotations

import warnings
from math import hypot
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import Run
from backprop.errors import NotFinite
from backprop.evaluation.second_derivatives import reach

_PRODUCTS, _TURNS = 200, 40
"""The most products for the lowest point, and the most turns of three products for the least bend."""

_FEWEST, _WORK = 12, 1_000_000_000
"""At least so many products, and else no more than take so many steps of a text."""

_CLOSE = 1e-6
"""A bend by less than this part of the largest is none."""


class Softest(NamedTuple):
    """As `Spectrum`, with two ways at most, which may share something: the one that bends least, and the one
    to the lowest point foretold."""

    bends: Any
    ways: Any
    slopes: Any
    lost: float


def softest(run: Run, gradient: Any, units: Any) -> Softest:
    """They at the last point of a run. gradient, units: (n,); a unit of inf is that of an input that stays
    where it is. Raises Stop where a product is not finite."""
    from scipy.sparse.linalg import LinearOperator, cg, lobpcg

    count = len(gradient)

    def product(vector: Any) -> Any:
        found = times(run, numpy.ravel(vector) / units) / units
        if not numpy.isfinite(found).all():
            raise run.no_bends()
        return found

    most = int(max(_FEWEST, min(_PRODUCTS, _WORK // max(1, run.problem.size))))
    operator = LinearOperator((count, count), matvec=product, dtype=float)
    slope = gradient / units
    begin = numpy.random.default_rng(0).standard_normal((count, 3))
    begin[numpy.isinf(units)] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # it says that it did not end, and what is found says as much
        largest = abs(
            float(lobpcg(operator, begin[:, :1], tol=1e-2, maxiter=min(10, most // 3))[0][0])
        )
        try:
            _, vectors = lobpcg(
                operator, begin, largest=False, tol=_CLOSE * largest, maxiter=min(_TURNS, most // 3)
            )
        except (ValueError, numpy.linalg.LinAlgError):  # all products are 0, or nearly
            vectors = begin
    soft = vectors[:, 0] / (hypot(*vectors[:, 0].tolist()) or 1.0)
    bent = product(soft)
    bend = float(soft @ bent)
    # the least bend is at most so far from this one
    lost = hypot(*(bent - bend * soft).tolist()) + _CLOSE * largest
    ways, bends, slopes = [soft], [bend], [float(soft @ slope) if bend <= lost else 0.0]
    step, _ = cg(operator, -slope, rtol=1e-6, maxiter=most)
    length = hypot(*step.tolist())
    if length:
        way = step / length
        bend = float(way @ product(way))
        if bend > float_info.epsilon * largest:
            ways.append(way)
            bends.append(bend)
            slopes.append(float(way @ slope))
            lost = min(lost, bend / 2)
    return Softest(numpy.array(bends), numpy.array(ways) / units, numpy.array(slopes), lost)


def times(run: Run, vector: Any) -> Any:
    """The product of all second derivatives with a vector, (n,): exact, or by a difference of gradients.
    Raises Stop where gradients are not known."""
    problem, x = run.problem, run.x
    known = problem.second_derivatives
    found = known.times(x, vector) if known is not None else None
    if found is not None:
        return problem.sign * found
    parts = zip(vector.tolist(), x, strict=True)
    most = max((abs(part) / max(abs(at), 1e-3) for part, at in parts), default=0.0)
    size = reach(1.0) / most if most else 1.0
    sides = []
    try:
        for side in (size, -size):
            moved = [at + side * part for at, part in zip(x, vector.tolist(), strict=True)]
            sides.append(numpy.array(problem.both(moved)[1]))
    except NotFinite:
        raise run.no_bends() from None
    return (sides[0] - sides[1]) / (2 * size)
