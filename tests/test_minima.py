"""The standard test functions, from their standard starts to their published minima."""

from __future__ import annotations

import warnings
from statistics import median
from typing import Any

import numpy
import pytest
from scipy import optimize

import backprop
from standard_functions import STANDARD_FUNCTIONS, StandardFunction


@pytest.mark.parametrize("function", STANDARD_FUNCTIONS, ids=lambda function: function.name)
@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "bfgs", "newton"])
def test_the_published_minimum_is_reached_and_said(
    optimizer: str, function: StandardFunction
) -> None:
    """With the default settings. Published digits are cut, not rounded: they count to 1e-5."""
    found = backprop.parse(function.equations).descend(function.start, optimizer=optimizer)
    nearest = min(function.minima, key=lambda value: abs(value - found.value))
    assert found.value == pytest.approx(nearest, rel=1e-5, abs=1e-10)
    assert found.converged, found.reason
    assert found.reason.startswith("converged: ")


@pytest.mark.parametrize(
    "name", ["rosenbrock", "beale", "booth", "wood", "box_3d", "helical_valley"]
)
def test_second_derivatives_and_conjugate_gradients_too(name: str) -> None:
    function = next(each for each in STANDARD_FUNCTIONS if each.name == name)
    for optimizer in ("newton", "cg"):
        found = backprop.parse(function.equations).descend(function.start, optimizer=optimizer)
        assert found.converged
        assert found.value == pytest.approx(function.minima[0], abs=1e-10)


def test_plain_descent_with_a_line_search_gets_there_on_the_gentle_ones() -> None:
    """Of the forty at least thirty in 2000 steps, without a word from the person about steps."""
    reached = 0
    for function in STANDARD_FUNCTIONS:
        found = backprop.parse(function.equations).descend(
            function.start, optimizer="gd", steps=2000
        )
        nearest = min(function.minima, key=lambda value: abs(value - found.value))
        reached += found.value == pytest.approx(nearest, rel=1e-4, abs=1e-6)
    assert reached >= 30


def test_no_more_evaluations_than_scipy_s_best_method_takes() -> None:
    """In the median at most 1.3 times, all that shows the end included; scipy's method is chosen for each
    function by who gets there first, with its default settings."""
    ratios = []
    for function in STANDARD_FUNCTIONS:
        model = backprop.parse(function.equations)
        program = backprop.compile(model)
        best = None
        for method in ("BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"):
            asked = []

            def value(x: Any, program: Any = program, asked: list[Any] = asked) -> Any:
                asked.append(x)
                try:
                    return program(x)
                except backprop.BackpropError:
                    return 1e300, numpy.zeros(len(x))

            start = [function.start[name] for name in program.inputs]
            with warnings.catch_warnings(), numpy.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = optimize.minimize(value, start, jac=True, method=method)
            if any(
                abs(found.fun - least) <= max(1e-5 * abs(least), 1e-10) for least in function.minima
            ):
                best = min(best or len(asked), len(asked))
        if best:
            ratios.append(model.descend(function.start).evaluations / best)
    assert len(ratios) > 30
    assert median(ratios) <= 1.3
