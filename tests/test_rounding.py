"""How much of an output is rounding, and what a descent may therefore say at its end."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest

import backprop
from backprop.descent.course import Run
from backprop.descent.judgement import verdict
from backprop.descent.landing import Landing
from backprop.descent.leads import Lead
from backprop.descent.objective import GraphObjective
from backprop.descent.problem import Problem
from backprop.descent_options import complete
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.precise import Precise
from standard_functions import STANDARD_FUNCTIONS, StandardFunction

MEYER = next(each for each in STANDARD_FUNCTIONS if each.name == "meyer")
NEAR_ITS_MINIMUM = {"x1": 0.0056096365745695615, "x2": 6181.346330897765, "x3": 345.22363410610717}
"""Here the output is 2.9e-12 above its minimum (at 60 digits), and 4e-10 beside its true value."""


def _problem(text: str, at: Mapping[str, float]) -> Problem:
    model = backprop.parse(text)
    return Problem(GraphObjective(model, evaluate(model, at), list(at), at), {})


def _errors(text: str, at: Mapping[str, float], spread: float) -> list[tuple[float, float]]:
    """At a few points nearby the error of the output, found with 60 digits, and what is said of it."""
    problem, random = _problem(text, at), Random(0)
    found = []
    for _ in range(6):
        x = [number + random.uniform(-spread, spread) for number in at.values()]
        said = problem.rounding(x)
        graph, point, _ = evaluate(problem.model, dict(zip(at, x, strict=True)), problem.output)
        true = Precise(graph, point.data, 60).value(graph.output)
        found.append((float(abs(problem.value(x) - true)), said))
    return found


@pytest.mark.parametrize("function", STANDARD_FUNCTIONS, ids=lambda function: function.name)
def test_the_rounding_of_an_output_is_about_what_is_said(function: StandardFunction) -> None:
    errors = _errors(function.equations, function.start, 1e-3)
    assert all(error <= said for error, said in errors)
    assert max(error / said for error, said in errors) > 1 / 20


def test_rounding_on_the_way_to_an_output_counts() -> None:
    """The residuals of Meyer's function are differences of numbers of five digits."""
    errors = _errors(MEYER.equations, NEAR_ITS_MINIMUM, 1e-12)
    assert all(error <= said for error, said in errors)
    assert max(error for error, _ in errors) > 1e-10


def test_a_step_without_effect_or_with_an_infinite_one_is_no_rounding() -> None:
    problem = _problem("L = if(x > 0, 2, x*1e300)*x + 0*sqrt(x - x)", {"x": 3.0})
    assert 6 * 2**-53 < problem.rounding([3.0]) < 6 * 2**-50


def test_what_is_lost_on_the_way_to_an_output_is_no_fall() -> None:
    landing = Landing(Run(_problem(MEYER.equations, NEAR_ITS_MINIMUM), complete({})))
    assert 2.9e-12 < landing.room < 1e-8
    assert landing.is_low


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "lbfgs", "bfgs", "cg", "newton"])
def test_a_minimum_that_cancellation_blurs_is_one(optimizer: str) -> None:
    """1e8 comes and goes, and takes with it all but eight digits behind the point."""
    model = backprop.parse("L = (1e8 + (x - 1/3)^2) - 1e8 + y^2")
    for x in (0.33334, 0.3333, -2.0, 1.5):
        found = model.descend({"x": x, "y": 0}, optimizer=optimizer)
        assert found.converged, found.reason
        assert found.parameters["x"] == pytest.approx(1 / 3, abs=2e-4)


@pytest.mark.parametrize("seed", range(6))
def test_meyer_converges_from_any_start(seed: int) -> None:
    """Starts that differ in the last bits end at different points of a blurred valley."""
    random = Random(seed)
    start = {
        name: number * (1 + random.randint(-8, 8) * 2**-52) for name, number in MEYER.start.items()
    }
    for optimizer in ("lbfgs", "bfgs"):
        found = backprop.parse(MEYER.equations).descend(start, optimizer=optimizer)
        assert found.converged, found.reason
        assert found.value == pytest.approx(MEYER.minima[0], rel=1e-5)


def test_the_fall_to_a_minimum_does_not_depend_on_units() -> None:
    """The parabola's lowest point is 0, and the run stands at 1e-10, all of it due to y."""
    run = Run(_problem("L = 1e10*x^2 + 1e-10*(y - 1)^2", {"x": 0.0, "y": 0.0}), complete({}))
    assert Landing(run).fall == pytest.approx(1e-10, rel=1e-6)


def test_nothing_is_converged_where_the_output_bends_down() -> None:
    """A saddle: however small the gradient, the fall along y has no end."""
    text = "L = (1e8 + (x - 1/3)^2) - 1e8 - y^2"
    run = Run(_problem(text, {"x": 0.33334, "y": 1e-9}), complete({}))
    landing = Landing(run)
    assert landing.bends_down
    found = verdict(run, landing)
    assert isinstance(found, Lead)
    assert found.stop.cause == "stationary"
