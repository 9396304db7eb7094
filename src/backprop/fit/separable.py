"""Parameters that only multiply, as `b1` does in `b1*exp(-b2*x)`: residuals are linear in them, and
where the sum of squares is least by them is one step away, whatever the others are.

G. H. Golub, V. Pereyra: The differentiation of pseudo-inverses and nonlinear least squares problems whose
variables separate (1973). At a point where that step has been taken, a step of Gauss and Newton in all
parameters is that of L. Kaufman: A variable projection method for solving separable nonlinear least squares
problems (1975).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

from backprop.fit.fit_points import Bounded, FitPoint, Flags
from backprop.loops.domains import Reals

_LOOKS, _LINEAR = 2, 1e-9
"""So many points, and how closely sums of squares there, tell that a parameter only multiplies."""


def multiplying(point: FitPoint, among: Flags, look: Callable[[Reals], FitPoint | None]) -> Flags:
    """Parameters of which residuals are a linear function, if the others stand still, as far as other points
    tell. among: which are looked at, shape (P,). look: computes a point."""
    chance = numpy.random.default_rng(0)
    found = numpy.zeros(len(among), bool)
    for at in numpy.flatnonzero(among):
        found[at] = True
        for _ in range(_LOOKS):
            step = numpy.where(found, chance.uniform(0.3, 2, len(among)) * (1 + abs(point.x)), 0.0)
            there = look(point.x + step)
            moved = point.slopes @ step
            said = float(numpy.square(point.rest + moved).sum())
            size = float(numpy.square(moved).sum()) + point.squares
            if there is None or not abs(there.squares - said) <= _LINEAR * size:
                found[at] = False
                break
    return found


def eliminated(point: FitPoint, linear: Flags, bounds: Bounded) -> tuple[float, Reals] | None:
    """The least sum of squares by parameters that only multiply, and where that is; None where a bound is in
    the way."""
    slopes = point.slopes[:, linear]
    sizes = numpy.linalg.norm(slopes, axis=0)
    units = numpy.where(sizes > 0, sizes, 1.0)
    step = numpy.linalg.lstsq(slopes / units, -point.rest, rcond=None)[0] / units
    x = point.x.copy()
    x[linear] += step
    if not numpy.isfinite(x).all() or (bounds.inside(x) != x).any():
        return None
    return float(numpy.square(point.rest + slopes @ step).sum()), x
