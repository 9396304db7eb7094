"""Fits without any start: NIST's certified problems by default settings, and which parameters only multiply."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import backprop
from backprop.errors import BackpropError
from backprop.fit.fit_points import Bounded, FitPoint, fit_point
from backprop.fit.separable import eliminated, multiplying
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

    def look(x: Any) -> FitPoint | None:
        return fit_point(x, rows.triangle)

    some = multiplying(point, every, look)
    assert {name for name, is_linear in zip(rows.names, some, strict=True) if is_linear} == linear
    assert not multiplying(point, ~every, look).any()


def test_slopes_whose_squares_are_no_doubles_end_a_run() -> None:
    """No step is known from there: one whose length is nan was taken again and again."""
    x = numpy.linspace(1, 3, 20)
    data = {"x": x, "y": 1 / x}
    with pytest.raises(BackpropError, match="squares of their slopes, are not finite at any start"):
        backprop.parse("y ~ 1e155*a*x", data=data).fit(values={"a": 0})


def test_what_only_multiplies_is_found_in_one_step_or_not_at_all() -> None:
    """Beside NumPy's least squares of the two columns that the parameters multiply."""
    x = numpy.linspace(0, 3, 20)
    data = {"x": x, "y": 2 * numpy.exp(-x) + numpy.sin(9 * x)}
    found = backprop.parse("y ~ a*exp(-k*x) + c*x", data=data).fit(steps=1, values={"k": 0.5})
    rows = found._fitting.asked.rows
    x0 = numpy.array([{"a": 7.0, "k": 0.5, "c": -3.0}[name] for name in rows.names])
    point = fit_point(x0, rows.triangle)
    assert point
    linear = numpy.array([name != "k" for name in rows.names])
    none = numpy.full(3, -numpy.inf), numpy.full(3, numpy.inf)
    best = eliminated(point, linear, Bounded(*none))
    assert best
    columns = numpy.c_[numpy.exp(-0.5 * x), x]
    right, squares, *_ = numpy.linalg.lstsq(columns, data["y"], rcond=None)
    there = dict(zip(rows.names, best[1].tolist(), strict=True))
    assert [there["a"], there["c"]] == pytest.approx(right.tolist(), rel=1e-12)
    assert there["k"] == 0.5
    assert best[0] == pytest.approx(float(squares[0]), rel=1e-12)
    assert (
        eliminated(point, linear, Bounded(none[0], numpy.where(linear, right.max() / 2, 9))) is None
    )


@pytest.mark.parametrize(("name", "most"), [("Bennett5", 150), ("MGH17", 200), ("MGH10", 150)])
def test_long_curved_valleys_take_few_passes(name: str, most: int) -> None:
    """They took 826, 540 and 257 while all parameters were moved alike."""
    model = backprop.parse(f"y ~ {MODELS[name]}", data=columns_of(name))
    found = model.fit(values=CERTIFIED[name].starts[0])
    assert found.parameters == pytest.approx(CERTIFIED[name].parameters, rel=1e-6)
    assert found.found.solved.looks < most


def test_of_two_ends_that_are_the_same_fit_that_with_the_signs_of_the_start_is_told() -> None:
    """The way from Eckerle4's first start leads to a negative width and a negative height."""
    model = backprop.parse(f"y ~ {MODELS['Eckerle4']}", data=columns_of("Eckerle4"))
    for sign in (1, -1):
        signs = {"b1": sign, "b2": sign, "b3": 1}
        start = {n: signs[n] * v for n, v in CERTIFIED["Eckerle4"].starts[0].items()}
        right = {n: signs[n] * v for n, v in CERTIFIED["Eckerle4"].parameters.items()}
        assert model.fit(values=start).parameters == pytest.approx(right, rel=1e-6)
