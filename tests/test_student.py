"""Quantiles of Student's distribution, against the incomplete beta function at 40 digits."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import mpmath
import pytest

from backprop.fit.student import quantile

LEVELS = (0.5001, 0.6, 0.841345, 0.975, 0.995, 0.9995, 1 - 5e-6, 1 - 1e-8)


def below(dof: int, t: float) -> tuple[float, float]:
    """How likely numbers above t are, and the density there."""
    with mpmath.workdps(40):
        n, x = mpmath.mpf(dof), mpmath.mpf(t)
        outside = mpmath.betainc(n / 2, 0.5, 0, n / (n + x * x), regularized=True) / 2
        scale = mpmath.gamma((n + 1) / 2) / mpmath.sqrt(n * mpmath.pi) / mpmath.gamma(n / 2)
        return float(outside), float(scale * (1 + x * x / n) ** (-(n + 1) / 2))


@pytest.mark.parametrize("dof", [*range(1, 21), 37, 100, 333, 998, 999, 1000, 5000, 10**6])
def test_quantiles(dof: int) -> None:
    for level in LEVELS:
        found = quantile(dof, level)
        outside, density = below(dof, found)
        # of a level near 1 only what is left to 1 counts, which has few digits
        digits = 1e-10 * density * found + 1e-13 * (1 - level) + 4e-16
        assert abs(outside - (1 - level)) <= digits
        assert quantile(dof, 1 - level) == pytest.approx(-found, rel=1e-6)
    assert quantile(dof, 0.5) == 0


def test_quantiles_in_closed_form() -> None:
    assert quantile(1, 0.75) == pytest.approx(1, rel=1e-15)
    assert quantile(2, 0.9) == pytest.approx(0.8 * sqrt(2 / 0.36), rel=1e-15)
    assert quantile(10**9, 0.975) == pytest.approx(NormalDist().inv_cdf(0.975), rel=1e-8)
