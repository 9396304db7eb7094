"""Fits without any start: NIST's certified problems by default settings, and which parameters only multiply."""

from __future__ import annotations

import numpy
import pytest

import backprop
from backprop.errors import BackpropError
from backprop.fit.guesses import multiplying
from backprop.fit.levenberg import fit_point
from certified_fits import MODELS
from test_fit import CERTIFIED, columns_of

QUICK = "Chwirut2 DanWood ENSO Hahn1 Kirby2 MGH17 Nelson Rat42 Thurber".split()


def found_without_a_start(name: str) -> None:
    left = "log(y)" if name == "Nelson" else "y"
    found = backprop.parse(f"{left} ~ {MODELS[name]}", data=columns_of(name)).fit()
    assert found.converged, found.verdicts
    assert found.value == pytest.approx(CERTIFIED[name].least, rel=1e-6, abs=1e-24)


@pytest.mark.parametrize("name", QUICK)
def test_certified_sums_of_squares_are_found_without_a_start(name: str) -> None:
    found_without_a_start(name)


@pytest.mark.whole
@pytest.mark.parametrize("name", sorted(CERTIFIED.keys() - {*QUICK}))
def test_so_are_the_others(name: str) -> None:
    found_without_a_start(name)


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        (MODELS["Gauss1"], {"b1", "b3", "b6"}),
        (MODELS["Thurber"], {"b1", "b2", "b3", "b4"}),
        (MODELS["MGH17"], {"b1", "b2", "b3"}),
        (MODELS["Rat43"], {"b1"}),
        ("a*c*x + d", {"a", "d"}),  # each of both alone, but not together
        ("a + b*(x + c)", {"a", "b"}),
        ("exp(a*x)/(1 + b)", set[str]()),
    ],
)
def test_parameters_that_only_multiply_are_found(text: str, linear: set[str]) -> None:
    x = numpy.linspace(1, 3, 20)
    found = backprop.parse(f"y ~ {text}", data={"x": x, "y": numpy.sin(x)}).fit(steps=1)
    rows = found._fitting.asked.rows
    point = fit_point(0.3 + 0.1 * numpy.arange(len(rows.names)), rows.triangle)
    assert point
    every = numpy.ones(len(rows.names), bool)
    some = multiplying(point, every, rows)
    assert {name for name, is_linear in zip(rows.names, some, strict=True) if is_linear} == linear
    assert not multiplying(point, ~every, rows).any()


def test_slopes_whose_squares_are_no_doubles_end_a_run() -> None:
    """No step is known from there: one whose length is nan was taken again and again."""
    x = numpy.linspace(1, 3, 20)
    data = {"x": x, "y": 1 / x}
    with pytest.raises(BackpropError, match="squares of their slopes, are not finite at any start"):
        backprop.parse("y ~ 1e155*a*x", data=data).fit(values={"a": 0})
