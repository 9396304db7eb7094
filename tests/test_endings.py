"""What descents say of their ends: the verdict, and the point, whatever the units.

The ends are known by hand; a restart from a point nearby is the judge of the others.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from math import inf, pi
from typing import Any

import numpy
import pytest

import backprop
from backprop.descent import objective, starts
from backprop.descent.course import ENDINGS
from backprop.descent.result import Descent
from backprop.evaluation import indeterminate
from backprop.evaluation.infinite import by_rounding
from backprop.report.descent_report import DescentReport
from backprop.values import forward
from sizes import size
from standard_functions import STANDARD_FUNCTIONS


def descent(text: str, start: dict[str, float], **options: object) -> Descent:
    return backprop.parse(text).descend(start, **options)  # type: ignore[arg-type]


MORSE = "E = De*(1-exp(-a*(r-r0)))^2; const De = 7.3e-19; const a = 1.93; const r0 = 0.74"


@pytest.mark.parametrize(
    ("text", "start", "optimizer", "end"),
    [
        (MORSE, {"r": 1.2}, "auto", {"r": 0.74}),
        ("f = (x-3)^2 + 1e16*(z-x)^2", {"x": 1, "z": 1}, "auto", {"x": 3, "z": 3}),
        ("f = (x-1e6)^2 + (x*z-2)^2", {"x": 1, "z": 1}, "auto", {"x": 1e6, "z": 2e-6}),
        ("y = 1e-17*(x-3)^2", {"x": 1}, "auto", {"x": 3}),
        ("y = 1e-17*(x-3)^2", {"x": 1}, "gd", {"x": 3}),
        ("f = (x-3)^2 + 1e18*(z-x)^2", {"x": 1, "z": 1}, "newton", {"x": 3, "z": 3}),
        ("f = (x-3)^2 + 1e16*z^2", {"x": 0, "z": 0}, "newton", {"x": 3, "z": 0}),
        ("f = (x-3)^2 + 1e16*z^2", {"x": 0, "z": 0}, "lbfgs", {"x": 3, "z": 0}),
    ],
)
def test_a_minimum_in_any_units(
    text: str, start: dict[str, float], optimizer: str, end: dict[str, float]
) -> None:
    found = descent(text, start, optimizer=optimizer)
    assert found.stopped == "minimum", found.reason
    assert found.parameters == pytest.approx(end, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("optimizer", ["bfgs", "cg", "lbfgs"])
@pytest.mark.parametrize("factor", ["1e16", "1e18"])
def test_a_bend_beside_one_of_1e18_does_not_hide_the_other(optimizer: str, factor: str) -> None:
    text = f"f = (x-3)^2 + {factor}*(z-x)^2"
    found = descent(text, {"x": 1, "z": 1}, optimizer=optimizer)
    if found.stopped == "steps":  # conjugate directions are as good as their last digits
        assert (optimizer, factor) == ("cg", "1e16")
        return
    assert found.stopped == "minimum", found.reason
    assert found.parameters == pytest.approx({"x": 3, "z": 3}, abs=1e-5)


@pytest.mark.parametrize("optimizer", ["auto", "gd", "lbfgs", "bfgs", "cg", "newton"])
@pytest.mark.parametrize(
    "text",
    [
        "f = x",
        "f = x^3",
        "f = -exp(x)",
        "f = x^2 - y^2 + 1e-3*y",
        "f = log(x^2 + 1) - x",
    ],
)
def test_a_fall_without_end_is_called_that(text: str, optimizer: str) -> None:
    start = {"x": 2.0, **({"y": 0.0} if "y" in text else {})}
    found = descent(text, start, optimizer=optimizer, steps=2000)
    assert found.stopped in ("falls without end", "steps"), found.reason
    assert optimizer == "gd" or found.failed


@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "bfgs", "cg"])
@pytest.mark.parametrize(
    "text", ["erf(x)", "1/(1 + exp(x))", "1 + 1/(1 + exp(x))", "atan(x)", "exp(-x)", "1/x"]
)
def test_what_only_comes_nearer_and_nearer_has_no_minimum(text: str, optimizer: str) -> None:
    found = descent(f"f = {text}", {"x": 0.5}, optimizer=optimizer)
    assert not found.converged, found.reason
    assert found.stopped in ("falls without end", "flat", "steps")


@pytest.mark.parametrize(
    ("text", "start", "stopped", "words"),
    [
        ("(a + b - 3)^2", {"a": 0, "b": 0}, "minimum, not unique", "a, b can move together"),
        ("(1e12*a + b - 3)^2", {"a": 0, "b": 0}, "minimum, not unique", "a, b can move together"),
        ("(x - 1)^2 + 0*y", {"x": 0, "y": 0}, "minimum, not unique", "y can move"),
        ("(a + b - 3)^2", {"a": 1, "b": 2}, "minimum, not unique", "a, b can move together"),
        ("(x*y - 3)^2", {"x": 1, "y": 2}, "minimum, not unique", "x, y can move together along a"),
        ("sin(x*y)", {"x": 1, "y": 2}, "minimum, not unique", "x, y can move together along a"),
        ("cos(x - y) + 1e20", {"x": 1, "y": 2}, "flat", "f hardly depends on x, y"),
        ("acos(x)", {"x": 0.5}, "minimum at a corner", "at the edge where f has no value"),
        ("sqrt(x - 1) + 2", {"x": 3}, "minimum at a corner", "at the edge where f has no value"),
        ("relu(x - 1) + 2", {"x": 0}, "flat", "f hardly depends on x"),
        ("exp(-x^2)", {"x": 40}, "flat", "f hardly depends on x"),
        ("x^4", {"x": 1}, "minimum", "below its rounding"),
        ("(x - 2)^2 + 1e6", {"x": 1}, "minimum", ""),
        ("(x - 2)^2 + y; y = 1 in 0..", {"x": 1}, "minimum at bounds", "y = 0 (∂f/∂y = 1)"),
        ("y - x; x = 0 in ..2; y = 1 in -3..5", {}, "minimum at bounds", "x = 2 (∂f/∂x = -1)"),
        ("abs(x - 1) + abs(y)", {"x": 3, "y": 4}, "minimum at a corner", "by values"),
        ("cos(x)", {"x": 0}, "minimum", "it went on from a top after step 0"),
        ("(x^2 - 1)^2 + y^2", {"x": 0, "y": 1}, "minimum", ""),
        ("(x^2 + y^2 - 1)^2", {"x": 3, "y": 1}, "minimum, not unique", "along a curve"),
    ],
)
def test_endings_of_every_kind(
    text: str, start: dict[str, float], stopped: str, words: str
) -> None:
    found = descent(f"f = {text}", start)
    assert (found.stopped, found.converged) == (stopped, stopped != "flat"), found.reason
    assert words in found.reason


@pytest.mark.parametrize(
    ("text", "kind", "way"),
    [
        ("x^2 - y^2", "a saddle", "y + 1"),
        ("-x^2 - 2*y^2", "a top", "y + 1"),
        ("x*y", "a saddle", ""),
    ],
)
def test_plain_descent_stays_at_a_saddle_and_says_the_way_down(
    text: str, kind: str, way: str
) -> None:
    found = descent(f"f = {text}", {"x": 0, "y": 0}, optimizer="gd")
    assert (found.stopped, found.converged, found.steps) == ("stationary", False, 0)
    assert f"{kind}; f falls towards {way}" in found.reason
    found = descent(f"f = -({text})", {"x": 0, "y": 0}, optimizer="gd", maximize=True)
    assert f"no maximum: {kind}; f rises towards {way}" in found.reason


@pytest.mark.parametrize("optimizer", ["auto", "gd", "lbfgs", "bfgs", "cg", "newton"])
@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("tan(x)", {"x": 0.3}),
        ("1e-20*tan(1e6*x) + y^2", {"x": 3e-7, "y": 1}),
        ("-1/(x - 2)^3", {"x": 3}),
    ],
)
def test_a_pole_is_a_fall_without_end(text: str, start: dict[str, float], optimizer: str) -> None:
    """And no corner, and no top on the way to it."""
    found = descent(f"f = {text}", start, optimizer=optimizer)
    assert found.stopped == "falls without end", found.reason
    assert " top" not in found.reason


@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "bfgs"])
@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("log(log(x + 1))", {"x": 1}),
        ("log(x + y - 1) + (x - y)^2", {"x": 1, "y": 2}),
        ("log(sin(x)^2)", {"x": 1}),
    ],
)
def test_the_pole_of_a_logarithm_is_a_fall_without_end(
    text: str, start: dict[str, float], optimizer: str
) -> None:
    found = descent(f"f = {text}", start, optimizer=optimizer)
    assert found.stopped == "falls without end", found.reason


@pytest.mark.parametrize(
    ("text", "unique"),
    [
        ("clamp(x, 0, 2)^2", False),
        ("relu(x)", False),
        ("clamp(x, 0, 2)^2 + x^2", True),
        ("relu(x) - x/2 + x^2", True),
    ],
)
def test_a_minimum_beside_what_is_flat_is_not_unique(text: str, unique: bool) -> None:
    found = descent(f"f = {text}", {"x": 1})
    assert found.converged
    assert found.stopped.endswith("not unique") != unique, found.reason


@pytest.mark.parametrize("depth", ["1e-8", "1e-16", "1e-24"])
def test_the_bottom_of_a_deep_hole_is_a_minimum(depth: str) -> None:
    found = descent(f"f = -1/(x^2 + {depth})", {"x": 0.5})
    assert found.stopped == "minimum", found.reason
    assert found.value == pytest.approx(-1 / float(depth))


@pytest.mark.parametrize("start", [(1, 0.5, 1), (0.1, 0.1, 1), (0.2, 0.0, 3)])
def test_a_valley_that_leads_ever_farther_has_no_minimum(start: tuple[float, ...]) -> None:
    """The nearest line through the three points is what the net comes near to as c grows."""
    found = descent(FUNCTIONS["net"][0], dict(zip("abc", start, strict=True)))
    assert found.stopped == "falls without end", found.reason
    assert "on which c grows beyond all bounds" in found.reason
    line = numpy.polyfit([0.5, 1.5, -1], [0.3, 0.9, -0.5], 1)
    least = sum((line[0] * x + line[1] - y) ** 2 for x, y in [(0.5, 0.3), (1.5, 0.9), (-1, -0.5)])
    assert found.value == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        # homogeneous forms that are negative somewhere: along y = x, y = 0.7*x
        ("x^4 + y^4 - 2.1*x^3*y", (1, 0.5), "as far as doubles go while x, y grow"),
        ("x^2 + y^2 - 2*x*y - x - y", (1, 0.5), "as far as doubles go while x, y grow"),
        # a hyperbola through data on a line, of which rounding hides all but x/y
        (
            "0.0306^2 + (x*0.3/(y+0.3) - 0.07277)^2 + (x*0.6/(y+0.6) - 0.21416)^2",
            (0.421, 0.113),
            "towards 0.00187810088 along a valley on which",
        ),
        ("y*log(x)", (2, 2), "as far as doubles go while y grows"),
        # tails that become small beside another term
        ("exp(-x) + (y-1)^2", (2, 0.3), "towards 0 while x grows"),
        ("1/(1+exp(x)) + (y-1)^2", (2, 0.3), "towards 0 while x grows"),
        ("1e-20*(1/(1+x^2) + (y-1)^2)", (0.1, 0.3), "towards 0 while x grows"),
        ("exp(-x)*y^2 + (y-1)^4", (1, 1), "towards 0 while x grows"),
        ("exp(-x) + exp(y) + y^2", (1, 1), "towards 0.827184026"),
        ("y^2 - log(1 + x^2)", (1, 1), "as far as doubles go while x grows"),
        ("log(1 + exp(-x*y))", (1, 1), "towards 0 while x, y grow"),
        # valleys that bend
        ("(x*y-1)^2 + x^2", (1, 1), "towards 0 along a valley on which y grows"),
        ("(x*y-1)^2 + exp(-x)", (1, 1), "towards 0 along a valley on which x grows"),
    ],
)
def test_an_infimum_far_away_is_no_minimum(
    text: str, start: tuple[float, float], words: str
) -> None:
    found = descent(f"f = {text}", dict(zip("xy", start, strict=True)))
    assert (found.stopped, found.failed) == ("falls without end", True), found.reason
    assert words in found.reason


@pytest.mark.parametrize("text", ["abs(x*z - 1) + x^2", "abs(x*z - 1) + x^2 + abs(y)"])
def test_what_creases_lead_ever_farther_has_no_minimum(text: str) -> None:
    found = descent(f"f = {text}", {"x": 1, "z": 2, **({"y": 2} if "y" in text else {})})
    assert not found.converged, found.reason


def test_what_falls_ever_more_along_a_valley_falls_towards_no_number() -> None:
    """Along it f is -1000*x^2 and z, w are what they must be; the way to it falls from 1e22."""
    y = "(0.1*y - 0.71 + 0.5*(x + 2.45)^2)"
    z = f"(1000*z - 2.05 + 2*{y}^3)"
    text = f"f = -1000*(x + 2.45)^2 + 1e4*{y}^2 + 0.001*{z}^2 + 1000*(w - 2.01 + exp({z}) - 1)^2"
    found = descent(text, {"x": 0, "y": 0, "z": -8e-5, "w": 0})
    assert found.stopped == "falls without end"
    assert "towards" not in found.reason


@pytest.mark.parametrize(
    ("text", "at"),
    [("max(abs(x), abs(y))", 0), ("max(abs(x - 1), abs(y + 2), abs(x + y))", 1 / 3)],
)
def test_a_largest_deviation_is_minimised(text: str, at: float) -> None:
    """With a = x - 1 and b = y + 2 the third is |a + b - 1|: 1/3 where all are alike."""
    found = descent(f"f = {text}", {"x": 1.3, "y": 2})
    assert (found.stopped, found.converged) == ("minimum at a corner", True), found.reason
    assert found.value == pytest.approx(at, abs=1e-6)


def test_a_jump_right_beside_is_no_minimum() -> None:
    """f comes near to -1 as x rises to 0, where it is 0."""
    found = descent("f = floor(x) + x^2 + 0*y", {"x": 1, "y": 2})
    assert not found.converged
    assert "at a jump" in found.reason


def test_a_step_curve_that_data_leave_undetermined_has_no_minimum() -> None:
    """The best logistic curve through three points is a step: the second and the third have one residual."""
    data = [(0.0, 0.01705), (0.3, -0.3435), (0.6, -0.46695)]
    text = " + ".join(f"(x/(1+exp(-y*({t}-z))) - ({d}))^2" for t, d in data)
    found = descent(f"f = {text}", {"x": 1, "y": 0, "z": 2.088})
    assert found.stopped == "falls without end", found.reason
    assert "along a valley on which y grows" in found.reason
    assert found.value == pytest.approx(0.01705**2, rel=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "f = max(x - 1, 0)^8 + 3",
        "f = relu(x - 1)^3",
        "f = relu(x - 1)^3 + (y - 1)^2",
        "f = max(0, x - 1)^4 + max(0, y + 1)^6",
        "f = abs(x - 1) + abs(x - 2)",
        "f = max(x, 1) + abs(y - x)",
        "f = max(x^2, 1) + abs(y)",
        "f = abs(x - 1) + abs(x - 1.3) + 1e6*y^2",
    ],
)
def test_what_is_level_on_one_side_of_a_corner_has_many_minima(text: str) -> None:
    found = backprop.parse(f"x = 5\ny = 3\n{text}").descend(of="f")
    assert found.stopped == "minimum, not unique", found.reason


@pytest.mark.parametrize(
    "text", ["f = relu(x - 1)*exp(-x)", "f = max(exp(-x), 0)", "f = exp(-max(x, 1)) + abs(y - 1)"]
)
def test_what_becomes_too_small_for_a_double_is_not_level(text: str) -> None:
    found = backprop.parse(f"x = 3\ny = 3\n{text}").descend(of="f")
    assert found.stopped == "falls without end", found.reason


@pytest.mark.parametrize("unit", ["1", "1e11", "1e-9"])
def test_at_a_corner_an_input_that_began_at_0_is_no_minimum_where_it_began(unit: str) -> None:
    text = f"f = 1000*abs(x/{unit} + 1.28)^1.5 + 1e-4*max(y + 2.58, -2*(y + 2.58)) + 1000"
    found = descent(text, {"x": 0.0, "y": -1.7})
    assert found.value == pytest.approx(1000, rel=1e-12), found.reason
    assert found.converged, found.reason


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("f = 100*(y - x^2)^2 + (1 - x)^6", 1e-18),
        ("f = 100*(y - x^2)^2 + (1 - x)^8", 1e-18),
        ("f = 1e6*(y - x^2)^2 + (1 - x)^6", 1e-14),
        ("f = 1e6*(x^2 + y^2 - 1)^2 + (x - 1)^4", 1e-12),
    ],
)
def test_a_curved_valley_is_followed_to_where_it_hardly_bends(text: str, least: float) -> None:
    """In short steps alone the 1000 ended at up to 1e-6."""
    found = descent(text, {"x": -1.2, "y": 1})
    assert found.value < least, found.reason


def test_the_default_comes_back_from_a_plateau() -> None:
    """Newton's second step leads to where all of a logistic curve is 0."""
    data = [0.81614, 0.84562, 0.79178, 0.71431, 0.64743, 0.59477]
    text = " + ".join(f"(x/(1+exp(-y*({0.3 * k}-z))) - {d})^2" for k, d in enumerate(data))
    found = descent(f"f = {text}", {"x": -2, "y": 1, "z": -1.537})
    assert (found.stopped, found.converged) == ("minimum", True), found.reason
    assert found.value == pytest.approx(0.00230369011, rel=1e-7)
    assert "newton from the start led to 3.29" in found.reason


def test_where_rounding_hides_the_output_nothing_is_claimed() -> None:
    line = "(2.199*x + 0.775*y - 1.899*z + 1.473*w + 1.349)"
    text = f"-2.8*{line}/(1 + {line}^2) - 1.6*exp(-(2.8*x + 2.2*y + 1.9*z - 0.6*w + 2.2)^2)"
    text += "*(1.4*x + 1.9*y - 1.3*z - 2.8*w - 2.8)^2"
    found = descent(f"f = {text}", {"x": 0, "y": 1.6, "z": 2.252, "w": -0.376})
    assert not found.converged, found.reason
    assert " corner" not in found.reason
    assert " jump" not in found.reason


def test_a_minimum_that_is_far_away_is_one() -> None:
    found = descent("f = (x - 1e5)^2 + (x*y - 2)^2", {"x": 1, "y": 1})
    assert found.stopped == "minimum", found.reason
    assert found.parameters == pytest.approx({"x": 1e5, "y": 2e-5}, rel=1e-6)


def test_a_flat_end_far_below_the_start_says_how_to_end_sooner() -> None:
    found = descent(FUNCTIONS["net"][0], {"a": 2, "b": -1, "c": 0.5})
    assert (found.stopped, found.converged) == ("flat", False), found.reason
    near = "f hardly depends on a, b there; perhaps f only comes near to 0.08, and a --target"
    assert near in found.reason


@pytest.mark.parametrize("optimizer", ["gd", "adam", "momentum"])
def test_a_slope_to_the_edge_is_no_top(optimizer: str) -> None:
    found = descent("f = acos(x)", {"x": 0.5}, optimizer=optimizer)
    assert " top" not in found.reason
    assert found.stopped != "stationary"


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "rmsprop", "amsgrad", "adamax", "nadam"])
@pytest.mark.parametrize("unit", ["1e20", "1", "1e-20"])
def test_the_unit_of_the_output_is_no_matter_to_methods_that_search(
    unit: str, optimizer: str
) -> None:
    text = f"f = {unit}*(-0.476*x^2 - 2.599*y^2 + 2.695*x^6 + 1.543*y^6 + 2.507*x*y)"
    found = descent(text, {"x": -1.271, "y": 2}, optimizer=optimizer)
    assert found.stopped in ("minimum", "steps"), found.reason
    assert found.value < -2.8 * float(unit)


@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "bfgs", "cg", "gd"])
@pytest.mark.parametrize(
    ("text", "start", "least"),
    [
        ("x^2 + z^3 + z^6", (2, 2), -0.25),  # at z = -2^(-1/3)
        ("(x-1)^2 + z^5 + z^6", (2, 2), -(5**5) / 6**6),  # at z = -5/6
        ("x^3*(x+1) + sqrt(1 + z^2)", (3, 2), 1 - 27 / 256),  # at x = -3/4
    ],
)
def test_an_inflection_is_no_minimum(
    text: str, start: tuple[float, float], least: float, optimizer: str
) -> None:
    found = descent(f"f = {text}", dict(zip("xz", start, strict=True)), optimizer=optimizer)
    assert not found.converged or found.value == pytest.approx(least, rel=1e-9), found.reason


@pytest.mark.parametrize("unit", ["1", "1e-8", "1e12"])
def test_what_begins_at_an_inflection_has_no_scale(unit: str) -> None:
    """z is 0 at the start, where neither slope nor bend tells its size."""
    text = f"r = {unit}*z; f = (x-1)^2 - r^3 + r^6"
    found = descent(text, {"x": 3, "z": 0})
    assert found.value == pytest.approx(-0.25, rel=1e-9), found.reason


def test_an_inflection_where_a_scale_is_unknown_is_found() -> None:
    text = "(0.536*x^3 + 1.025*z^3 - 2.216*x)/(1 + x^2 + y^4 + z^4 + w^4)"
    found = descent(f"f = {text}", {"x": -0.143, "y": 1.579, "z": 0, "w": 1.968})
    assert found.value < -0.99, found.reason


def test_bends_that_rounding_hides_are_no_minimum() -> None:
    """Two exponentials that become one: a bend of 1.4% of the range is 1e-25 of the largest."""
    data = [-0.1435, -0.13968, -0.04815, 0.00344, -0.11507, -0.03723, 0.08216, -0.4702]
    rows = enumerate(data)
    text = " + ".join(f"(x*exp(-y*{0.3 * k}) + z*exp(-w*{0.3 * k}) - ({d}))^2" for k, d in rows)
    found = descent(f"f = {text}", {"x": 0.477, "y": -1.562, "z": -2.993, "w": 0})
    assert not found.converged, found.reason


CONVEX = [
    (
        "2.476*relu(1.298*x - 2.734*y + 2.817) + 0.912*(-2.895*x + 1.216*y - 2.255)^2"
        " + 0.561*(abs(x - 2.524) + abs(y - 2.395))"
    ),
    "abs(x - 1) + 2*abs(y + 3) + max(x, y)^2",
]


@pytest.mark.parametrize("text", CONVEX)
@pytest.mark.parametrize("units", [(10.0, 1e-8, 1e20), (1e-7, 1e5, 1e-9)])
def test_units_do_not_matter_at_corners(text: str, units: tuple[float, ...]) -> None:
    x, y, f = units
    plain = descent(f"f = {text}", {"x": 0, "y": -1.164})
    line = f"x = u/{x!r}; y = v/{y!r}; F = {f!r}*({text})"
    found = backprop.parse(line).descend({"u": 0, "v": -1.164 * y}, of="F")
    assert found.stopped.startswith("minimum"), found.reason
    assert plain.converged
    assert found.value / f == pytest.approx(plain.value, rel=1e-6)


def test_a_bound_beside_an_inflection_is_found() -> None:
    found = descent("f = x^3 + (y-1)^2; x = 0.5 in -1..1; y = 2", {})
    assert (found.stopped, found.value) == ("minimum at bounds", pytest.approx(-1)), found.reason


def test_every_bound_is_told_with_its_slope() -> None:
    text = "f = sum((x[i] + i)^2 for i in 1..7); x[i] = 1 in 0..5 for i in 1..7"
    model = backprop.parse(text)
    lines = DescentReport(model.descend()).table().tail
    told = "; ".join(lines)
    for i in range(1, 8):
        assert f"x[{i}] = 0 (∂f/∂x[{i}] = {2 * i})" in told


def test_what_ends_beside_a_bound_is_put_onto_it() -> None:
    """The first search goes to four units in the last place from 0.293."""
    data = [(0.0, 1.9014), (0.3, 1.3015), (0.6, 0.59397), (0.9, 0.33768)]
    text = " + ".join(f"(x*exp(-y*{t}) - {d})^2" for t, d in data)
    found = descent(f"f = {text}; x = 0 in -2.306..0.293; y = 1.624", {})
    assert (found.stopped, found.parameters["x"]) == ("minimum at bounds", 0.293), found.reason
    assert found.value == pytest.approx(3.534327588697, rel=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "(tanh(w)*z - 1.72)^2; z = 1 in ..3.369; w = -1.033",
        "(z*w - 1.72)^2 + (z*w*v - 3)^2; z = 1; w = 0.1; v = 1",
    ],
)
def test_a_residual_of_0_does_not_fall_on(text: str) -> None:
    found = descent(f"f = {text}", {})
    assert found.converged, found.reason
    assert found.value == pytest.approx(0, abs=1e-28)


@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "bfgs", "cg", "newton"])
def test_a_step_of_length_0_raises_nothing(optimizer: str) -> None:
    assert descent("f = min(x, 1/x)", {"x": 1}, optimizer=optimizer).stopped in ENDINGS


def test_what_hardly_moved_is_not_what_can_move() -> None:
    """Of 3000 inputs one leaves 0, and each bends the output."""
    text = "f = sum(x[i]^4 + x[i]^2 for i in 1..3000) - 1.0001*x[5]^2; x[i] = 0 for i in 1..3000"
    found = descent(text, {})
    assert found.stopped == "minimum", found.reason


def test_a_person_s_rules_end_a_run_as_they_say() -> None:
    model = backprop.parse("L = 1e-12*(x^2 + 5)")
    assert model.descend({"x": 4}, lr=1e11).stopped == "minimum"
    assert model.descend({"x": 4}, lr=1e11, until_grad=1e-8).steps == 0
    changed = model.descend({"x": 4}, lr=1e11, until_change=1e-3)
    assert changed.stopped == "change"
    before, last = changed.values[-2], changed.values[-1]
    assert abs(last - before) <= 1e-3 * (changed.values[0] - last)
    fast = model.descend({"x": 4}, lr=1e11, until_change=1e-3, engine="native")
    assert fast.steps == changed.steps


def test_the_end_of_many_inputs_is_judged_by_products() -> None:
    text = "L = sum((x[i] - i/n)^2*(1 + i) + 0.1*cos(x[i] + x[i+1]) for i in 1..n-1) + x[n]^2"
    text += "; x[i] = 3 for i in 1..n; n = 1500"
    newton = descent(text, {}, optimizer="newton")
    lbfgs = descent(text, {}, optimizer="lbfgs")
    assert newton.stopped == lbfgs.stopped == "minimum"
    assert newton.value == pytest.approx(lbfgs.value, rel=1e-12)
    assert newton.steps < 20
    saddle = descent(
        "L = sum(x[i]^2 for i in 1..1200) - x[7]^4 - x[7]^2*3; x[i] = 0 for i in 1..1200",
        {},
        optimizer="gd",
    )
    assert saddle.stopped == "stationary", saddle.reason


def test_slopes_that_underflow_are_not_found_out_at_every_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where others lead on, they need no digits; and where many inputs grow, that is seen."""
    asked = list[int]()
    settle = indeterminate.settle

    def counted(*given: Any) -> Any:
        asked.append(1)
        return settle(*given)

    monkeypatch.setattr(indeterminate, "settle", counted)
    text = "f = sum(log(1 + exp(-x[i]*i)) for i in 1..1100); x[i] = 0.5 for i in 1..1100"
    found = descent(text, {})
    assert found.stopped == "falls without end", found.reason
    assert sum(asked) < 10 < found.steps
    text = "f = -tanh(2*x + y) - log(1 + (x - y)^2)*atan(2*x - 2*y) + exp(-(x - 2*y)^2)"
    found = descent(text, {"x": 1, "y": -2})
    assert found.stopped == "falls without end", found.reason
    assert sum(asked) < 30 < found.steps


FUNCTIONS = {
    each.name: (re.sub(r"(?m)^x\d+ = \S+\n", "", each.equations), each.start)
    for each in STANDARD_FUNCTIONS
} | {
    "waves": ("f = sin(x) + cos(y) + 0.1*(x^2 + y^2)", {"x": 1, "y": 2}),
    "himmelblau": ("f = (x^2 + y - 11)^2 + (x + y^2 - 7)^2", {"x": 1, "y": 1}),
    "camel": ("f = (4 - 2.1*x^2 + x^4/3)*x^2 + x*y + 4*(y^2 - 1)*y^2", {"x": 1, "y": 1}),
    "classes": (
        "f = log(1 + exp(-x - 2*y)) + log(1 + exp(2*x - y)) + log(1 + exp(x + y + 1))",
        {"x": 1, "y": 1},
    ),
    "parted": ("f = log(1 + exp(-x)) + log(1 + exp(-x - y))", {"x": 0.3, "y": 0.5}),
    "quartic": ("f = x^4 + y^4 - 4*x*y", {"x": 0.3, "y": 2}),
    "rastrigin": (
        "f = 20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)",
        {"x": 1.3, "y": 0.4},
    ),
    "atoms": ("f = 4*(1/r^12 - 1/r^6)", {"r": 1.4}),
    "morse": ("f = (1 - exp(-1.9*(r - 0.74)))^2", {"r": 1.4}),
    "bell": ("f = -exp(-(x - 1)^2 - (y - 2)^2)", {"x": 0.3, "y": 1}),
    "valley": ("f = (x*y - 1)^2", {"x": 2, "y": 3}),
    "dependent": ("f = (a + b - 3)^2 + (c - 1)^2", {"a": 1, "b": 4, "c": 3}),
    "monkey": ("f = x^3 - 3*x*y^2 + 0.1*(x^4 + y^4)", {"x": 0.5, "y": 0.2}),
    "net": (
        "f = (tanh(a*0.5+b)*c-0.3)^2 + (tanh(a*1.5+b)*c-0.9)^2 + (tanh(-a+b)*c+0.5)^2",
        {"a": 1, "b": 0.5, "c": 1},
    ),
    "decay": (
        "f = (a*exp(-b)-0.7)^2 + (a*exp(-2*b)-0.5)^2 + (a*exp(-3*b)-0.33)^2 + (a*exp(-4*b)-0.2)^2",
        {"a": 1, "b": 1},
    ),
    "entropy": ("f = x*log(x) + y*log(y) + (x + y - 1)^2", {"x": 0.5, "y": 2}),
    "eighth": ("f = x^8 + (x - y)^2", {"x": 1, "y": 3}),
    "step": ("f = erf(x) + 0.01*x^2", {"x": 1}),
    "bent": ("f = atan(x)^2*(1 + y^2) + (y - 1)^2", {"x": 1, "y": 2}),
    "dixon_price": ("f = (x - 1)^2 + 2*(2*y^2 - x)^2", {"x": 2, "y": 1}),
    "ring": ("f = (x^2 + y^2 - 1)^2 + 0.01*x", {"x": 1, "y": 0.1}),
}


def spoiled(name: str, chance: random.Random) -> tuple[backprop.Model, dict[str, float]]:
    """A function with each input in a unit of its own, 10^±12, and its output in another, 10^±20; and its
    start."""
    text, start = FUNCTIONS[name]
    lines, at = [text], {}
    for number, (each, value) in enumerate(start.items()):
        unit = 10.0 ** chance.randint(-12, 12)
        lines.append(f"{each} = {unit!r}*u{number}")
        at[f"u{number}"] = value / unit
    lines.append(f"F = {10.0 ** chance.randint(-20, 20)!r}*f")
    return backprop.parse("\n".join(lines)), at


TWINS = {"biggs_exp6": {"x1": "x5", "x5": "x1", "x3": "x6", "x6": "x3"}}
"""Inputs that a function lets change places, both of a term a*exp(-b*t) with both of another one: each minimum
has a twin of the same value. Both terms are alike at the start, so that rounding says to which twin it goes."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_units_change_neither_the_verdict_nor_the_point(name: str) -> None:
    chance = random.Random(name)
    plain = backprop.parse(FUNCTIONS[name][0]).descend(FUNCTIONS[name][1], of="f")
    model, start = spoiled(name, chance)
    found = model.descend(start, of="F")
    assert found.stopped == plain.stopped, (found.reason, plain.reason)
    if plain.converged and "not unique" not in plain.stopped:
        # a text has its inputs in the order in which it names them
        units = {
            each: (own, before / begun)
            for (each, before), (own, begun) in zip(
                FUNCTIONS[name][1].items(), start.items(), strict=True
            )
            if begun and before
        }
        other = {each: found.parameters[own] * unit for each, (own, unit) in units.items()}
        twins = TWINS.get(name, {})
        same = [
            all(
                other[each]
                == pytest.approx(
                    plain.parameters[names.get(each, each)],
                    rel=1e-6,
                    abs=1e-6 * max(1.0, abs(FUNCTIONS[name][1][each])),
                )
                for each in other
            )
            for names in ({}, twins)
        ]
        assert any(same), (other, plain.parameters)


FLAT_BOTTOMS = [
    "(x - 1)^8*(1 + 0.3*x) + (x - y)^2",
    "x^6*(3 + x^2) + (x + 2*y)^2",
    "x^12 + (x - y)^2",
    "(x - y)^2 + (x - y)^3 + x^8",
    "cosh(x) - 1 - x^2/2 + (x - y)^2",
    "x^8*(1 + x^2) + exp(x - y) - (x - y)",
]
"""Along x = y, or nearly, they bend by so little that rounding hides it."""


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("-acosh(x)", {"x": 2}),
        ("-log(log(x))", {"x": 3}),
        ("-acosh(x) + abs(y)", {"x": 2, "y": 1}),
        ("abs(b - a^2) - 0.5*a^2", {"a": 0, "b": 0}),
        ("-log(x) + y^2 - log(z)", {"x": 1, "y": 2, "z": 3}),
        # a valley on which z grows, and the residuals hardly fall
        (
            "(exp(y) + x*1.339)^2 + (y*y + 2.449)^2 + (tanh(x)*z - 1.815)^2",
            {"x": 0, "y": -1, "z": 2.347},
        ),
    ],
)
def test_a_slow_fall_without_end_is_seen_when_the_steps_are_used_up(
    text: str, start: dict[str, float]
) -> None:
    found = descent(f"f = {text}", start)
    assert found.stopped == "falls without end", found.reason


def test_what_creeps_onto_bounds_is_put_onto_them() -> None:
    """A net with five of seven inputs at bounds; its residuals bend the steps of the others only."""
    data = [
        (-0.23, -0.637),
        (0.35, 0.867),
        (0.53, 1.0),
        (0.02, 0.06),
        (0.35, 0.867),
        (-0.63, -0.949),
    ]
    net = "c1*tanh(a1*({t}) + b1) + c2*tanh(a2*({t}) + b2) + d - ({y})"
    text = " + ".join("(" + net.format(t=t, y=y) + ")^2" for t, y in data)
    start = dict(
        zip("a1 a2 b1 b2 c1 c2 d".split(), [0.166, -1, -2, 2, 2.62, -0.171, -1.62], strict=True)
    )
    free = {"a1": (-2.584, float("inf")), "c2": (-0.816, float("inf"))}
    bounds = {"b1": (-3.993, -1.15), "b2": (0.253, 2.68), "c1": (2.09, 3.338), "d": (-4.201, -0.31)}
    found = descent(f"f = {text}", start, bounds=free | bounds)
    assert found.steps < 900, found.reason
    held = [name for name, ends in bounds.items() if found.parameters[name] in ends]
    near = [
        name
        for name, ends in bounds.items()
        if min(abs(found.parameters[name] - end) for end in ends) < 1e-6
    ]
    assert held == near
    assert found.stopped == "minimum at bounds", found.reason


@pytest.mark.parametrize(
    ("text", "start", "unique"),
    [
        ("(x^2 + y^2 - 1.5)^2", {"x": 2.48, "y": 0}, False),  # y stays 0, and has no scale
        ("(1e-14*x^2 + y^2 - 1.5)^2", {"x": 0, "y": -3.8}, False),
        ("0.1*(1e-20*x^2 + y^2 - 1.5)^2 + 1e4*(z - 1)^2", {"x": 2e8, "y": 0.1, "z": -5}, False),
        ("(x^3 - y)^2", {"x": 0, "y": 0}, False),  # begun on it
        ("1e-19*(1e33*x^3 - y)^2 + 1e-12", {"x": 0, "y": 0}, False),
        ("(x^3 - y)^2 + x^8", {"x": 0, "y": 0}, True),
        ("(x^2 + y^2 - 1)^2", {"x": 1000, "y": 500}, False),  # which is small beside where it began
        ("(x^2 + y^2 - 1)^2", {"x": 1e6, "y": 500}, False),
        ("(x^2 + y^2 - 1)^4", {"x": 1000, "y": 500}, False),
        ("(x*y - 1)^2 + (z - 1)^2", {"x": 1e6, "y": 2e3, "z": 3}, False),
        ("(x^2 - y)^2 + 1e-6*(x - 3)^4 + 1e-6*y^2", {"x": 1e4, "y": 100}, True),
        ("1e8*(y - x^2)^2 + (1 - x)^2", {"x": 1e6, "y": 1e6}, True),
        ("1e-3*(x - 3)^8 + (x - y)^2", {"x": 1e4, "y": 100}, True),
        ("(x*z - 1)^2 + abs(y)", {"x": 1, "z": 2, "y": 1}, False),
        ("(x*z - 1)^2 + abs(y)", {"x": 1e3, "z": 200, "y": 1}, False),
        ("(x^4 + z^2 - 1)^2 + abs(y)", {"x": 1, "z": 2, "y": 1}, False),
        ("(x^2 - z)^2 + (x - 1)^2 + abs(y)", {"x": 1, "z": 2, "y": 1}, True),
        ("abs(x - 1e9*y) + abs(y - 3)", {"x": 1, "y": 2}, True),
        ("abs(x - 1e9*y^2) + abs(y - 3)", {"x": 1, "y": 2}, True),
        ("x^12 + 1", {"x": 1}, True),
        ("x^16 + (x - y)^2 + 1", {"x": 2.3, "y": -1.5}, True),
        ("x^20 + 1e3*(x - y)^2 + 5", {"x": 1.4, "y": 0.5}, True),
        ("x^4 + 1e3*(x - y)^2 + 5", {"x": 0, "y": 0.5}, True),
        # a flat bottom of a high power, as wide as where it ends
        ("(x^2 - y)^2 + 1e4*x^10", {"x": 0.74, "y": -1.45}, True),
        ("(exp(x) - 1 - y)^2*(1 + x^2) + 10*x^8 + 5", {"x": 1.77, "y": 0.96}, True),
        ("(exp(x) - 1 - y)^2*(1 + x^2) + 0.001*x^6 + 1e-6", {"x": -0.08, "y": 1.52}, True),
        ("(sin(x) - y)^2 + (x + y)^20", {"x": -0.49, "y": -1.8}, True),
        ("1e-3*((x^2 - y)^2 + x^16*(1 + 0.3*x^2))", {"x": -1.47, "y": -0.14}, True),
        ("(x^2 - x - y)^2 + (z - y^2)^2 + (x + z)^12", {"x": 1.93, "y": 1.29, "z": 2}, True),
    ],
)
def test_a_curve_of_minima_is_one_and_a_flat_bottom_is_none(
    text: str, start: dict[str, float], unique: bool
) -> None:
    found = descent(f"f = {text}", start)
    assert found.converged
    usual = "minimum at a corner" if "abs" in text else "minimum"
    assert found.stopped == (usual if unique else "minimum, not unique"), found.reason
    if not unique:
        assert "can move together along a curve" in found.reason


@pytest.mark.parametrize("start", [(0.5, 0.3), (1, 1), (-0.7, 1.2)])
@pytest.mark.parametrize(
    "text",
    [
        "(x^2 - y)^2 + x^16 + 3",
        "(x^2 - y)^2 + x^8 + 3",
        "(x^3 - y)^2 + x^12",
        "(x^2 - y)^2 + x^16",
        "(x^3 - y)^2 + x^16",
        "(x^2 - y)^2 + x^12",
    ],
)
def test_a_high_power_in_a_valley_that_bends_is_no_set(
    text: str, start: tuple[float, float]
) -> None:
    """Rounding makes its bottom flat, and Newton's steps along it shrink by 10 or 14 parts of a hundred only."""
    found = descent(f"f = {text}", dict(zip("xy", start, strict=True)))
    assert found.stopped == "minimum", found.reason
    assert found.steps < 200
    assert found.parameters == pytest.approx({"x": 0, "y": 0}, abs=0.2)  # x^16 is 3e-12


def test_what_descents_from_beside_find_lower_is_followed() -> None:
    """It was called a minimum at 1.3e-7."""
    text = "f = (sin(x) - y)^2 + (z - y^2)^2 + 1e4*(x + z)^20"
    found = descent(text, {"x": 0.03, "y": 0.35, "z": -1.26})
    assert found.value < 1e-12


def test_steps_that_are_used_up_beside_a_saddle_say_so() -> None:
    found = descent("f = x^2 - y^2 + y^4", {"x": 2, "y": 0}, lr=0.1)
    assert (found.steps, found.stopped) == (1000, "stationary")
    assert "a saddle; f falls towards y" in found.reason


def test_a_valley_with_a_narrow_floor_is_followed() -> None:
    """As wide as 1e-6, with walls that do not bend: the way back into it is found by their slopes."""
    found = descent("f = 100*sqrt(1e-12 + (y - x^2)^2) + (1 - x)^2", {"x": -1.2, "y": 1})
    assert (found.stopped, found.value) == ("minimum", pytest.approx(1e-4, rel=1e-9))


@pytest.mark.parametrize("unit", ["1", "1e18"])
def test_a_start_on_a_plateau_is_no_minimum(unit: str) -> None:
    """g is 1000 - 1e-13 there, less than its rounding from 1000 all around; its minimum is 990."""
    y = "(y - 1.54 + 2*(x - 0.51)^3)"
    z = f"(z - 1.97 + 2*{y}^3)"
    text = f"g = 1000 - 10/(1 + (x - 0.51)^2 + {y}^2 + {z}^2 + (w + 1.32 + 0.5*{z}^2)^2)"
    start = {"x": -1.77, "y": 0.78, "z": 1.51, "w": -1.34}
    found = descent(f"{text}; f = {unit}*g", start, of="f")
    assert (found.stopped, found.converged) == ("flat", False), found.reason


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
def test_what_is_smooth_is_not_called_rough(optimizer: str) -> None:
    """A quadratic function in such units that steps along its gradient are of no use."""
    text = (
        "1e3*(10*x + 0.98)^2 + 1e-3*(1e-10*y + 0.38)^2 + 10*(z - 2.12)^2 + 1e-4*(1e10*w - 2.49)^2"
    )
    start = {"x": 0.317, "y": 9e9, "z": -1.2, "w": -5e-12}
    found = descent(f"f = {text}", start, optimizer=optimizer)
    assert not found.converged
    assert "or has corners" not in found.reason, found.reason


@pytest.mark.parametrize("count", [150, 400, 3000])
def test_a_curved_set_of_minima_of_many_inputs_is_not_unique(count: int) -> None:
    text = f"f = log(sum(exp(x[i]) for i in 1..{count})) - mean(x[i] for i in 1..{count})"
    found = descent(f"{text}; x[i] = 0.5 + 0.01*i for i in 1..{count}", {})
    assert found.stopped == "minimum, not unique", found.reason
    text = f"f = sum((x[i]*x[i+1] - 1)^2 for i in 1..{min(count, 400)})"
    found = descent(f"{text}; x[i] = 1 + 0.001*i for i in 1..{min(count, 400) + 1}", {})
    assert found.stopped == "minimum, not unique", found.reason


@pytest.mark.parametrize("x", [0.93, -0.93, 1.0, 7.5])
def test_what_comes_down_from_a_top_beside_0_takes_steps_of_its_size(x: float) -> None:
    """Led to 1e-16, steps that were at most as long as that used up all that there are."""
    found = descent(f"f = 1000*((x - {x})^2 - 1)^2", {"x": x})
    assert found.stopped == "minimum", found.reason
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.steps < 100


def test_a_product_of_thousands_of_inputs_is_judged_in_seconds() -> None:
    """All second derivatives are other than 0: 36 million of them were looked for, which took minutes."""
    begun = "w[i] = 0.5 + 0.001*i for i in 1..3000; v[i] = 1 + 0.002*i for i in 1..3000"
    found = descent(f"f = (sum(w[i]*v[i] for i in 1..3000) - 3)^2 + (w[1] - 1)^2; {begun}", {})
    assert found.stopped == "minimum, not unique", found.reason


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": 1e-5}, "without --lr it would be faster"),
        ({"optimizer": "adam"}, "without --optimizer it would be faster"),
        ({"optimizer": "cg"}, "--optimizer newton may be faster"),
    ],
)
def test_used_up_steps_say_what_would_be_faster(options: dict[str, Any], words: str) -> None:
    text = "f = sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..9); x[i] = -1 for i in 1..10"
    found = descent(text, {}, steps=101, **options)
    assert (found.stopped, found.converged) == ("steps", False)
    assert re.search(r"f changed by \S+ in the last step; " + words, found.reason), found.reason


@pytest.mark.parametrize("optimizer", ["auto", "newton"])
def test_used_up_steps_do_not_advise_what_has_been_tried(optimizer: str) -> None:
    """Second derivatives tell nothing of corners."""
    text = "f = max(abs(x[i] - i) for i in 1..40); x[i] = 0 for i in 1..40"
    found = descent(text, {}, steps=101, optimizer=optimizer)
    assert found.stopped == "steps"
    assert "newton may be faster" not in found.reason
    assert "more --steps would go on" in found.reason


@pytest.mark.parametrize("text", FLAT_BOTTOMS)
def test_the_flat_bottom_of_a_narrow_valley_is_a_minimum_in_any_units(text: str) -> None:
    for turn in range(6):
        chance = random.Random(turn)
        x, y = (10.0 ** chance.randint(-12, 12) for _ in "xy")
        unit = 10.0 ** chance.randint(-20, 20)
        model = backprop.parse(f"x = {x!r}*u; y = {y!r}*v; f = {unit!r}*({text})")
        found = model.descend({"u": 1 / x, "v": 1.5 / y})
        assert found.stopped == "minimum", (turn, found.reason)
        least = 1.0 if "exp(x" in text else 0.0
        assert found.value / unit == pytest.approx(least, abs=1e-15)


def test_two_exponentials_that_become_one_have_no_minimum_in_any_units() -> None:
    """The best (a + b*t)*exp(-c*t), to which they come near, leaves 0.153239228021 (by mpmath)."""
    data = [0.651, 1.06196, 0.51469, 0.39501, 0.31258, 0.05087]
    rows = enumerate(data)
    text = " + ".join(f"(x*exp(-y*{0.3 * k}) + z*exp(-w*{0.3 * k}) - ({d}))^2" for k, d in rows)
    start = {"x": -1.557, "y": 1.221, "z": 0.885, "w": -2.0}
    for turn in (0, 4, 7):
        chance, lines, at = random.Random(turn), [], {}
        for name, value in start.items():
            unit = 10.0 ** chance.randint(-12, 12)
            lines.append(f"{name} = {unit!r}*u{name}")
            at[f"u{name}"] = value / unit
        unit = 10.0 ** chance.randint(-20, 20)
        found = backprop.parse("\n".join([*lines, f"f = {unit!r}*({text})"])).descend(at)
        assert found.stopped == "falls without end", (turn, found.reason)
        told = re.search(r"falls towards (\S+) along a valley", found.reason)
        assert told
        assert float(told[1]) / unit == pytest.approx(0.153239228021, rel=2e-9)


@pytest.mark.parametrize("turn", range(size(1, 34)))
def test_what_is_called_converged_is_no_higher_than_what_is_found_from_nearby(turn: int) -> None:
    """From random starts, in spoiled units; moved by 1e-3 of each input's scale. With --whole more than 2,000
    starts on 60 functions."""
    judged, names = Counter[str](), [*FUNCTIONS][:: size(2, 1)]
    for name in names:
        chance = random.Random(f"{turn} {name}")
        model, start = spoiled(name, chance)
        for each in start if turn else ():
            start[each] *= 1 + chance.gauss(0, 0.3 * (turn % 4))
        try:
            found = model.descend(start, of="F")
        except backprop.BackpropError:
            continue  # no value at this start
        judged[found.stopped] += 1
        if not found.converged:
            continue
        near = {}
        for each, at in found.parameters.items():
            scale = max(abs(at), abs(at - start[each]))
            near[each] = at + 1e-3 * scale * chance.choice((-1, 1))
        again = model.descend(near, of="F")
        range_ = max(*found.values, *again.values) - min(*found.values, *again.values)
        assert again.value >= found.value - 1e-6 * range_, (name, found.reason)
    assert sum(judged.values()) > 0.9 * len(names)
    minima = sum(n for word, n in judged.items() if word.startswith("minimum"))
    assert minima > 0.7 * sum(judged.values())


_PIECES = (
    "exp({})", "log({})", "sqrt({})", "1/({})", "abs({})", "sin(1e3*({}))", "tanh({})", "floor({})",
    "({})^3", "({})^0.5", "relu({})", "if({} > 1, {}, -{})", "max({}, x*y)", "1e150*({})", "1e-150*({})",
    "tan({})", "gamma({})", "hypot({}, y)", "({})*(y - 2)", "({}) - x^4", "atan2({}, x)", "erf({})",
    "mod({}, 1.5)", "sqrt(({})^2)", "log(1 + exp({}))", "round({})",
)  # fmt: skip


def test_no_exception_passes_out_of_a_descent(request: pytest.FixtureRequest) -> None:
    """Functions without values, with steps, infinite slopes, huge bends, plateaus and waves."""
    chance, whole = random.Random(5), request.config.getoption("--whole")
    judged = Counter[str]()
    for _ in range(500 if whole else 60):
        text = chance.choice(("x", "y", "x + y", "x*y", f"x - {pi}"))
        for _ in range(chance.randint(1, 4)):
            piece = chance.choice(_PIECES)
            text = piece.replace("{}", text)
        start = {name: chance.choice((0.0, 1.0, -1.0, 0.3, 2.5, 1e-8, 40.0)) for name in "xy"}
        optimizer = chance.choice(("auto", "gd", "lbfgs", "bfgs", "cg", "newton"))
        bounds = {"x": (-2.0, 50.0)} if chance.random() < 0.3 else {}
        try:
            found = descent(
                f"L = {text} + 0*x + 0*y", start, optimizer=optimizer, bounds=bounds, steps=200
            )
        except backprop.BackpropError:
            continue  # no value, or no slope, at this start
        judged[found.stopped] += 1
        assert found.stopped in ENDINGS
        assert found.failed or found.value <= found.start_value
        for name, (low, high) in bounds.items():
            assert low <= found.parameters[name] <= high
    assert sum(judged.values()) > 30


def test_several_starts_tell_where_they_ended() -> None:
    """Himmelblau's function has four minima, all of 0."""
    text, start = FUNCTIONS["himmelblau"]
    found = descent(text, start, starts=30)
    minima = [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848127)]
    ends = [each.parameters for each in found.ends if each.stopped == "minimum"]
    assert sum(each.count for each in found.ends) == 30
    for x, y in minima:
        assert any(at == pytest.approx({"x": x, "y": y}, abs=1e-5) for at in ends)
    assert len(ends) == 4
    assert found.value == pytest.approx(0, abs=1e-20)
    assert descent(text, start, starts=30).ends == found.ends


def test_several_starts_lie_within_bounds_and_may_have_no_value() -> None:
    text = "f = x^4 - 3*x^2 + x + log(y) + 1/y; x = 1 in -2..2; y = 2"
    found = descent(text, {}, starts=12, maximize=False)
    assert found.parameters == pytest.approx({"x": -1.300839566, "y": 1}, abs=1e-6)
    without = [each for each in found.ends if each.value is None]
    assert sum(each.count for each in found.ends) == 12
    assert len(without) == 1  # log of a negative number
    with pytest.raises(backprop.BackpropError, match="goes on from one point"):
        backprop.parse(text).descend(starts=2, state=found.state)


def test_of_starts_that_are_interrupted_the_best_one_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, runs = starts.minimize.descend, []

    def interrupted(*asked: Any, **options: Any) -> Any:
        found, ended = run(*asked, **options)
        runs.append(found.value)
        if len(runs) == 4:
            found = replace(found, value=9.0, stopped="interrupted", converged=False, reason="")
        return found, ended

    monkeypatch.setattr(starts.minimize, "descend", interrupted)
    text, start = FUNCTIONS["himmelblau"]
    found = descent(text, start, starts=30)
    assert len(runs) == 4  # the best one is not run again
    assert (found.stopped, found.converged, found.value) == ("interrupted", False, min(runs[:3]))
    assert found.reason.startswith(
        "interrupted at start 4 of 30; of the best one so far: converged"
    )
    assert sum(each.count for each in found.ends) == 4


@pytest.mark.parametrize("optimizer", ["auto", "newton", "lbfgs", "bfgs", "cg"])
def test_second_derivatives_that_are_infinite_are_no_end(optimizer: str) -> None:
    """y^1.5 has the slope 0 at 0, and bends there without limit."""
    found = descent("L = (x - 1)^2 + y^1.5; y = 0 in 0..", {"x": 5}, optimizer=optimizer)
    assert found.parameters == pytest.approx({"x": 1, "y": 0}, abs=1e-7)


@pytest.mark.parametrize("optimizer", ["auto", "gd", "lbfgs", "bfgs", "cg"])
def test_a_way_back_to_where_there_is_no_value_is_no_fall_without_end(optimizer: str) -> None:
    """A first step to 1e299, from where the output falls down to x = 1, and has no value below 0."""
    found = descent("L = log(x)^2", {"x": 1e-300}, optimizer=optimizer, steps=200)
    assert not found.failed, found.reason
    assert not found.converged or found.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        # inputs that begin at 0, where nothing tells their size
        ("0.325*x^3*z^2*w^3 - 0.575*x^2 - 2.403*y*w^2 + 0.767*x^4 + 1.707*y^4 + 1.713*z^4 + 2.997*w^4",
         {"x": 1.165, "y": -1.562, "z": -2.993, "w": 0}),
        ("2.48*y^6 - 0.417*y*z + 0.353*x^6 - 2.052*x - 2.394*z + 0.95*z^6", {"x": 2.483, "y": 0, "z": 0}),
        ("(w*tanh(x)*0.8 + d - 0.6)^2 + (w*tanh(0.3*x + y) + d - 0.9)^2", {"x": 0.154, "y": -1, "w": 0, "d": 0}),
        ("(0.869*w^2 + 2.725*x^2)/(1 + x^2 + y^2 + w^2) + z^2", {"x": 0, "y": -0.097, "z": 2.693, "w": 1}),
        ("1e5*(x - 0.737)^8 + 0.01*(y + 0.78)^4", {"x": -0.417, "y": 2.824}),
        ("abs(x - 2*y) + (x - 1)^2 + relu(z)", {"x": 1.5, "y": 3, "z": 0.5}),
        ("(x^2 + y^2 - 1.5)^2 + exp(-z)", {"x": 2, "y": 0, "z": 0}),
        # those with corners, far from any
        ("hypot(x + y + 2.233, 1.638 - 2.1*y) + (clamp(atan(-1.3*x - 2.85), -1, 2) - tanh(sin(x + 0.1)))^2",
         {"x": 1.363, "y": 0.55}),
        ("0.276*abs(0.1*z - 2.87*x + 1.7) + (z - 0.4*y - 1.785*x + 2.13)^2", {"x": -1.226, "y": 26.1, "z": 0}),
        ("min(relu(x + 1.65), 2.66*y - 2.6*x + 2.343)^2 + max(2.36*x + y, atan(relu(-0.6*x - 2)))", {"x": 0, "y": 7}),
        ("abs(z) + abs(x - 1e-5*y)^1.5 + (x - 3)^2 + 1e-6*y^2 + abs(z + y)", {"x": 0, "y": 0, "z": 0}),
        ("max(a - 2*b, b, 0.1*c - a) + 1e-3*(c - 2)^2 + abs(a*c)", {"a": 1, "b": -0.5, "c": 0}),
    ],
)  # fmt: skip
def test_units_that_are_powers_of_2_change_nothing_but_the_numbers(
    text: str, start: dict[str, float]
) -> None:
    """They are exact, so that every step is the same."""
    plain = descent(f"f = {text}", start)
    for turn in range(3):
        chance = random.Random(turn)
        units = {name: 16.0 ** chance.randint(-10, 10) for name in start}
        unit = 16.0 ** chance.randint(-16, 16)
        lines = [f"{name} = {each!r}*u{name}" for name, each in units.items()]
        model = backprop.parse("\n".join([*lines, f"f = {text}", f"F = {unit!r}*f"]))
        found = model.descend({f"u{name}": start[name] / units[name] for name in start}, of="F")
        assert found.stopped == plain.stopped, (turn, found.reason, plain.reason)
        if plain.converged:
            assert found.value / unit == pytest.approx(plain.value, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("optimizer", ["auto", "gd", "lbfgs", "newton"])
def test_a_step_beyond_all_doubles_on_the_way_is_no_fall_without_end(optimizer: str) -> None:
    """The output is lowest at x = 1001, and -inf by doubles from x = 355 on."""
    text = "f = -log(0.025 + exp(x)^2) + 0.001*(x - 1)^2"
    found = descent(text, {"x": 1}, optimizer=optimizer, steps=150)
    assert found.stopped not in ("falls without end", "minimum"), found.reason


@pytest.mark.parametrize(
    ("text", "x", "is_number"),
    [
        ("-log(1 + exp(x))", 1000, True),
        ("log(exp(-x)) + x^2", 1000, True),
        ("-sqrt(exp(x))", 1000, True),  # 1e217
        ("-exp(x)", 1000, False),
        ("-1e300*exp(x)^2", 100, False),
        ("log(x)", 0, False),
        ("-1/x^2", 0, False),
        ("-x^3", 1e200, False),
    ],
)
def test_an_output_that_is_infinite_by_a_step_on_the_way_is_told(
    text: str, x: float, is_number: bool
) -> None:
    model = backprop.parse(f"f = {text}")
    graph = model.graph("f")
    data = graph.columns.start()
    data[model.names["x"]] = x
    forward(graph, graph.steps, data)
    assert data[graph.output] == -inf
    assert by_rounding(graph, data) is is_number


@pytest.mark.parametrize("optimizer", ["auto", "gd", "lbfgs"])
@pytest.mark.parametrize("text", ["-exp(x)", "-exp(exp(x))", "-x^3", "-cosh(x)^3", "log(x)"])
def test_what_is_beyond_all_doubles_itself_falls_without_end(text: str, optimizer: str) -> None:
    found = descent(f"f = {text}", {"x": 1}, optimizer=optimizer)
    assert found.stopped == "falls without end", found.reason


@pytest.mark.parametrize(
    "text",
    [
        "log(1 - tanh(x))",
        "-1/(1 - tanh(x))",
        "log(1 - erf(x))",
        "log(1 - erf(x)^2) + 0.1*x",
        "log(1 - erf(x)) + (y - 1)^2",
    ],
)
def test_a_slope_that_rounding_hides_is_no_minimum(text: str) -> None:
    """They fall without end, and doubles have no digits of 1 - tanh(18)."""
    found = descent(f"f = {text}", {"x": 1} | ({"y": 0.5} if "y" in text else {}))
    assert not found.converged, found.reason


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("log(exp(x)) + 0.0001*x^2", 1),
        ("log(exp(-x^2)) + 0.0001*x^4", 1),
    ],
)
def test_numbers_too_small_for_their_digits_are_no_corners(text: str, start: float) -> None:
    """They are lowest at -5000 and sqrt(5000), beyond what exp can say; of 5e-324 a digit is all."""
    found = descent(f"f = {text}", {"x": start})
    assert found.stopped in ("rounding", "cannot go on"), found.reason
    assert "corner" not in found.reason


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("log(1 - sin(x))", {"x": 0.3}),
        ("log(1 - sin(x))", {"x": -0.3}),
        ("log(1 - sin(x)) + y^2", {"x": 0.3, "y": 1}),
        ("log(1 - exp(-x^2))", {"x": 1}),
        ("-1/(1 + cos(x))", {"x": 2}),
    ],
)
def test_a_pole_beside_what_no_double_is_is_a_fall_without_end(
    text: str, start: dict[str, float]
) -> None:
    """1 - sin(x) is 0 or 1.1e-16 next to pi/2: the second was called a corner, and the third a minimum."""
    found = descent(f"f = {text}", start)
    assert found.stopped == "falls without end", found.reason
    assert "pole beside x = " in found.reason


@pytest.mark.parametrize("text", ["log(1e-20 + 1 - sin(x))", "-1/(1e-20 + 1 - sin(x))"])
def test_a_deep_hole_that_rounding_hides_is_no_pole(text: str) -> None:
    found = descent(f"f = {text}", {"x": 0.3})
    assert found.stopped == "rounding", found.reason


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("-log(0.025 + exp(x)^2) + 0.001*(x - 1)^2", "exp(x)^2 overflows"),
        ("x + 0*exp(-100*x)", "exp(-100*x) overflows"),
        ("-log(cosh(x))", "cosh(x) overflows"),
    ],
)
def test_an_edge_by_overflow_is_named(text: str, step: str) -> None:
    found = descent(f"f = {text}", {"x": 1})
    assert found.stopped == "cannot go on", found.reason
    assert step in found.reason
    assert "f still falls" in found.reason


def test_work_in_many_digits_is_bounded_by_what_a_step_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slope of digamma takes as long with 700 digits as 125 other steps: 300 steps took two minutes."""
    asked = list[int]()
    settled = objective.settled

    def counted(*given: Any) -> Any:
        asked.append(1)
        return settled(*given)

    monkeypatch.setattr(objective, "settled", counted)
    monkeypatch.setattr(objective, "_WORK", 500)
    text = "f = (y - 3)^2 + sum(digamma(1 + i + x*sqrt(x)) for i in 1..3); x = 0 in 0..; y = 1"
    found = backprop.parse(text).descend(lr=0.1, steps=20)
    assert (found.stopped, found.steps) == ("steps", 20)
    assert found.parameters["y"] == pytest.approx(3 - 2 * 0.8**20, rel=1e-6)
    assert len(asked) <= 3


def test_work_around_corners_is_bounded_by_what_an_operation_takes() -> None:
    """A value of digamma takes as long as a hundred of sin: looks around the end took minutes."""
    text = "f = atan2(digamma(1e150*digamma(y)), x)"
    start = {"x": 180, "y": 1.4616321449683625}
    found = descent(text, start, optimizer="adam", steps=10)
    assert "it went on from 10 corners" in found.reason
    assert found.evaluations < 8_000


@pytest.mark.parametrize(
    ("text", "start", "least"),
    [
        ("(1.5 - x*(1 - y))^2 + (2.25 - x*(1 - y^2))^2", {"x": 1, "y": 1}, 0),
        ("log(1 + (1.5 - x*(1 - y))^2 + (2.25 - x*(1 - y^2))^2)", {"x": 1, "y": 1}, 0),
        ("cosh(3 - x*(y - z)) + (y - 3)^2 + (z - 1)^2", {"x": 1, "y": 1.7, "z": 1.7}, 1),
        ("(x*sin(y) - 1)^2 + (y - 3)^2", {"x": 2, "y": pi}, 0),
    ],
)
def test_a_bend_that_rounding_has_left_is_no_unit_of_an_input(
    text: str, start: dict[str, float], least: float
) -> None:
    """Where 1 - y is 0 in one unit of y, it is 1e-16 in another."""
    for turn in range(size(4, 40)):
        chance, lines, at = random.Random(turn), [], {}
        for name, value in start.items():
            unit = 10.0 ** chance.randint(-12, 12)
            lines.append(f"{name} = {unit!r}*u{name}")
            at[f"u{name}"] = value / unit
        unit = 10.0 ** chance.randint(-20, 20)
        found = backprop.parse("\n".join([*lines, f"f = {unit!r}*({text})"])).descend(at)
        assert found.stopped == "minimum", (turn, found.reason)
        assert found.value / unit == pytest.approx(least, abs=1e-20)


def test_what_falls_on_where_an_input_is_smaller_is_no_minimum() -> None:
    """Steps have led beyond where doubles of y are enough: right beside that, nothing is lower."""
    text = "f = exp(x*sin(y)) + x^2*sin(y)^2 + (y - 3)^2"
    found = descent(text, {"x": 2, "y": pi}, optimizer="lbfgs")
    assert not found.converged, found.reason
