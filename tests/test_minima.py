"""The standard test functions, from their standard starts to their published minima."""

from __future__ import annotations

from statistics import median

import pytest

import backprop
from scipy_evaluations import fewest
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
    """In the median at most 1.3 times, all that shows the end included; the benchmarks have the table."""
    ratios = []
    for function in STANDARD_FUNCTIONS:
        if best := fewest(function):
            ours = backprop.parse(function.equations).descend(function.start)
            ratios.append(ours.evaluations / best.evaluations)
    assert len(ratios) > 30
    assert median(ratios) <= 1.3
