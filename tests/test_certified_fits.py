"""NIST's certified fits as sums of squares, from both starts of each, by default settings."""

from __future__ import annotations

import pytest

import backprop
from certified_fits import CertifiedFit, certified_fits

FITS = {fit.name: fit for fit in certified_fits()}

QUICK = "Chwirut2 DanWood Hahn1 Kirby2 Lanczos3 MGH09 Misra1a Nelson Rat43 Thurber".split()
"""Those that every run fits: of each kind and level of difficulty some."""


def reached(fit: CertifiedFit, start: int) -> bool:
    """To six digits of the certified sum of squares; Lanczos1's, 1.4e-25, is rounding."""
    found = backprop.parse(fit.equations).descend(fit.starts[start])
    at_least = found.value == pytest.approx(fit.least, rel=1e-6, abs=1e-24)
    assert at_least or not found.converged, found.reason
    return at_least


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_the_equations_have_the_certified_sum(fit: CertifiedFit) -> None:
    """At the certified parameters, which have eleven digits."""
    found = backprop.parse(fit.equations).grad(fit.parameters)
    assert found.value == pytest.approx(fit.least, rel=1e-8, abs=1e-20)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", QUICK)
def test_the_certified_sum_of_squares_is_reached(name: str, start: int) -> None:
    assert reached(FITS[name], start)


@pytest.mark.whole
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", sorted(FITS.keys() - {*QUICK}))
def test_so_are_the_others(name: str, start: int) -> None:
    assert reached(FITS[name], start)
