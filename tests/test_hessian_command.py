"""`backprop hessian` and `model.hessian`: the numbers, against differences of values at 60 digits, and
what is said of them."""

from __future__ import annotations

import csv
import json
import math
from itertools import product
from math import inf, nan
from pathlib import Path
from typing import Any

import mpmath
import numpy
import pytest

import backprop
from backprop import row_progress
from backprop.errors import BadOption, NotAnInput, NotANumber, TooLarge, UnknownName
from backprop.evaluation.curvature import Rounding, curvature_within
from backprop.evaluation.hessian_matrix import at_point, hessian_at
from backprop.loops.worth import read_model
from backprop.source import Source
from running import backprop as run
from test_hessian import SMOOTH, truly

ROSENBROCK = "L = (1 - x)^2 + 100*(y - x^2)^2"


@pytest.mark.parametrize("text", SMOOTH)
def test_the_matrix_is_that_of_values(text: str) -> None:
    function, points = SMOOTH[text]
    model = backprop.parse(f"L = {text}")
    for point in points:
        found = model.hessian(dict(zip("xy", point, strict=True)), wrt="x, y")
        true = numpy.array(truly(function, point))
        assert found.inputs == ("x", "y")
        assert abs(found.matrix - true).max() <= 1e-12 * (1 + abs(true).max()), point


CORNERS = [
    # (text, point, matrix, what is said)
    ("abs(x)", "x=0", [[0]], "the gradient jumps here: beside the jump is ∂²L/∂x² = 0"),
    ("abs(x) + x^2", "x=0", [[2]], "the gradient jumps here"),
    ("if(x == 1, 1, x^2)", "x=1", [[2]], "the gradient jumps here"),
    ("x*abs(x)", "x=0", [[nan]], "∂²L/∂x² is -2 from the left and 2 from the right: nan"),
    ("relu(x)^2", "x=0", [[nan]], "∂²L/∂x² is 0 from the left and 2 from the right: nan"),
    ("relu(x)^3", "x=0", [[0]], ""),
    ("y*abs(x)", "x=0, y=3", [[0, nan], [nan, 0]], "is -1 from the left and 1 from the right"),
    ("max(x, y)^2", "x=1, y=1", [[nan, 0], [0, nan]], "0 from the left and 2 from the right"),
    ("hypot(x, y)", "x=0, y=0", [[nan, nan], [nan, nan]], "not the same in all directions"),
    ("hypot(x, y)^3", "x=0, y=0", [[0, 0], [0, 0]], ""),
    ("if(x*y > 0, -9*x^2, 0) + x^2 + y^2", "x=0, y=0", [[nan, 0], [0, 2]], "in all directions"),
    ("if(x > 0, sqrt(x), 0)", "x=-1", [[0]], ""),  # a branch that is not taken
    ("if(x > 0, x^2, sqrt(x - 1))", "x=0.5", [[2]], ""),
    ("if(x == 0, 0, x^3*sin(1/x))", "x=0", [[nan]], "∂²L/∂x² is not known: nan"),
    ("x*sqrt(x)", "x=0", [[inf]], "∂²L/∂x² is inf"),
    ("sqrt(x)^4", "x=0", [[2]], "by values"),
    ("sqrt(x)^2*y", "x=0, y=2", [[0, 1], [1, 0]], "by values"),
    ("sqrt(x^4)", "x=0", [[2]], "by values"),
    ("cbrt(x)^6*y", "x=0, y=3", [[6, 0], [0, 0]], "by values"),
    ("sqrt(x^2)*y", "x=0, y=3", [[0, nan], [nan, 0]], "-1 from the left and 1 from the right"),
    ("sqrt(x^2)", "x=0", [[0]], "the gradient jumps here"),
    ("sqrt(x^2) + x^2", "x=0", [[2]], "the gradient jumps here"),
    ("sqrt(x^2) + y^2", "x=0, y=1", [[0, 0], [0, 2]], "the gradient jumps here"),
    ("relu(sqrt(x))", "x=0", [[-inf]], "∂²L/∂x² is -inf"),
    ("abs(sqrt(x))*y", "x=0, y=1", [[-inf, inf], [inf, 0]], "∂²L/∂x∂y"),
    ("sqrt((x*y)^2) + y^3", "x=0, y=2", [[0, nan], [nan, 12]], "the gradient jumps here"),
    ("sqrt(x - x)", "x=3", [[0]], "by values"),
    ("x^1.5", "x=0", [[inf]], "∂²L/∂x² is inf"),
    ("a*x*sqrt(x)", "a=0, x=1", [[0, 1.5], [1.5, 0]], ""),
    ("floor(x)*x^2", "x=2", [[nan]], "∂²L/∂x² is 2 from the left and 4 from the right"),
    ("floor(x)*x^2", "x=2.5", [[4]], ""),
    ("clamp(x, 0, 1)*y", "x=1, y=2", [[0, nan], [nan, 0]], "1 from the left and 0 from the right"),
    ("abs(x + y)*hypot(x, 2*y)", "x=0, y=0", [[nan, nan], [nan, nan]], "in all directions"),
    ("sqrt((x + y)^2*(x^2 + 4*y^2))", "x=0, y=0", [[2, nan], [nan, 4]], "in all directions"),
    (
        "relu(x)*relu(y)",
        "x=0, y=0",
        [[0, nan], [nan, 0]],
        "∂²L/∂x∂y is not the same in all directions",
    ),
    ("relu(x)*relu(2*y) + x^2", "x=0, y=0", [[2, nan], [nan, 0]], "not the same in all directions"),
    ("relu(x)*max(y, 0)^2", "x=0, y=0", [[0, 0], [0, 0]], ""),
    ("if(x == 0, 1, sin(x)/x)", "x=0", [[-1 / 3]], ""),
    ("if(x == 0, 1, sin(x)/x)*y", "x=0, y=3", [[-1, 0], [0, 0]], ""),
    ("if(x == 0, 0, exp(-1/x^2))", "x=0", [[0]], ""),
    ("sqrt(x^2 + y^2)^4", "x=0, y=0", [[0, 0], [0, 0]], "by values"),
    ("expm1(x)/x", "x=1e-12", [[1 / 3]], ""),  # of which doubles leave no digit
    ("x^3 - 0.9*x^2 + 0.27*x", "x=0.3", [[-6.5e-17]], ""),
]


SMOOTH_BY_VALUES = ("sqrt(x^4)", "sqrt(x^2 + y^2)^4")
"""Where the chain rule says nothing, but values of all sides the same."""


@pytest.mark.parametrize(("text", "at", "right", "said"), CORNERS)
def test_where_the_graph_does_not_say_all_both_sides_do(
    text: str, at: str, right: list[list[float]], said: str
) -> None:
    ran = run("hessian", "-e", f"L = {text}", "--set", at, "--format", "json")
    assert ran.status == 0
    found = json.loads(ran.out)
    matrix = [[float(each) for each in row] for row in found["hessian"]]
    for row, true in zip(matrix, right, strict=True):
        assert row == pytest.approx(true, rel=1e-11, abs=1e-15, nan_ok=True)
    assert said in ran.err
    if not said:
        assert "∂²" not in ran.err
    finite = numpy.isfinite(matrix).all()
    bent = bool(said) and text not in SMOOTH_BY_VALUES
    assert (found["verdict"] == "not smooth") == bent
    assert (found["eigenvalues"] is None) == (bent or not finite)


VERDICTS = [
    ("x^2 + y^2", "x=0, y=0", "minimum"),
    ("1e10*x^2 + 1e-10*(y - 1)^2", "x=0, y=1", "minimum"),  # whatever the units
    ("x^2 + 3*x*y + 3*y^2", "x=0, y=0", "minimum"),
    ("x^2 + 4*x*y + 3*y^2", "x=0, y=0", "saddle"),
    ("-cosh(x) - y^2", "x=0, y=0", "maximum"),
    ("x^2 - y^2 + z^4", "x=0, y=0, z=0", "saddle"),
    ("x^4 + y^2", "x=0, y=0", "flat"),
    ("(x - y)^2", "x=0.3, y=0.3", "flat"),
    ("(x - 1)^3", "x=1", "flat"),
    ("3*x + y", "x=1, y=1", "flat"),
    ("exp(x) + y^2", "x=1, y=1", "curved up"),
    ("x - y^2 - exp(x)", "x=1, y=1", "curved down"),
    ("x*y", "x=1, y=1", "curved both ways"),
    ("x^3 - 0.9*x^2 + 0.27*x", "x=0.3", "cannot tell: rounding"),
    ("(x - 1)^3 - x^3 + 3*x^2 - 3*x + 3", "x=1.1", "flat"),  # exactly 0
    ("abs(x)", "x=0", "not smooth"),
    ("floor(x) + x^2", "x=0", "not smooth"),  # lower on the left
    ("if(x >= 0, x^2, x^2 - 1)", "x=0", "not smooth"),
    ("relu(x)^3 + x^2", "x=0", "minimum"),
    ("hypot(x, y)^2 + y", "x=0, y=0", "curved up"),
    ("hypot(x, y)^2", "x=0, y=0", "minimum"),
    ("abs(x)^2", "x=0", "minimum"),
    ("abs(x - 3)^2", "x=3", "minimum"),
    ("abs(x)^2 + abs(y)^2", "x=1, y=0", "curved up"),
    ("abs(x)^2 - y^2", "x=0, y=0", "saddle"),
    ("hypot(x - 1, y - 2)^2", "x=1, y=2", "minimum"),
    ("sqrt(x^2 + y^2)^2 + y^2", "x=0, y=0", "minimum"),
    ("sqrt(x)^4 + y^2", "x=0, y=1", "not smooth"),  # it ends here
]


@pytest.mark.parametrize(("text", "at", "verdict"), VERDICTS)
def test_what_the_eigenvalues_say(text: str, at: str, verdict: str) -> None:
    found = json.loads(run("hessian", "-e", f"L = {text}", "--set", at, "--format", "json").out)
    assert found["verdict"] == verdict


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("(x - y)^2", "x=1, y=1", "flat along x + y, curved up otherwise"),
        ("(x - 2*y)^2 + z^2", "x=0, y=0, z=0", "flat along x + 0.5*y, curved up otherwise"),
        ("x^4 + y^2", "x=0, y=0", "flat along x, curved up otherwise: the gradient is 0, and second"),
        ("x^2 - y^2", "x=0, y=0", "a saddle: the gradient is 0, and the output curves up in 1 dir"),
        ("x^2 + y^2", "x=3, y=4", "no minimum: the gradient is not 0, its length is 10;"),
        ("x^2 + y^2", "x=3, y=4", "the minimum of its parabola is 5 away, 25 lower"),
        ("-x^2", "x=3", "the maximum of its parabola is 3 away, 9 higher"),
        ("x*log(x)", "x=1e-300", "the minimum of its parabola is 6.89776e-298 away"),  # 1e-300*689.8
        ("x^3 - 0.9*x^2 + 0.27*x", "x=0.3", "rounding: along x the second derivatives are as small"),
    ],
)  # fmt: skip
def test_it_is_said_in_words(text: str, at: str, said: str) -> None:
    ran = run("hessian", "-e", f"L = {text}", "--set", at)
    assert ran.status == 0
    assert said in ran.out.splitlines()[-1]


LOGISTIC = "x[t+1] = r*x[t]*(1 - x[t]) for t in 0..n-1; x[0] = 0.3; r = 1.7; L = mean(x[*])"


def _of_steps(steps: int) -> numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float64]]:
    """The second derivatives of LOGISTIC by x[0] and r, by differences of values at 60 digits."""

    def mean(x: mpmath.mpf, r: mpmath.mpf) -> mpmath.mpf:
        found = [x]
        for _ in range(steps):
            found.append(r * found[-1] * (1 - found[-1]))
        return mpmath.fsum(found) / len(found)

    return numpy.array(truly(mean, (0.3, 1.7)))


@pytest.mark.parametrize("steps", [50, 100, 1000])
def test_a_long_recurrence_is_not_hidden_by_rounding(steps: int) -> None:
    """All sizes of what is added up grow by 1.7 a step, and what it is by 0.3."""
    found = backprop.parse(f"n = {steps}; {LOGISTIC}").hessian()
    true = _of_steps(steps)
    assert found.matrix == pytest.approx(true, rel=1e-11)
    assert found.verdict == "curved down"
    shown = str(found).splitlines()[-2]
    numbers = [float(each) for each in shown.removeprefix("eigenvalues: ").split(", ")]
    assert numbers == pytest.approx(numpy.linalg.eigvalsh(true).tolist(), rel=1e-5)


def test_where_a_recurrence_is_flat_that_is_all() -> None:
    """It stays where it is, at the top of the parabola, and the mean is of the fourth order in x[0]."""
    text = "n = 1000; x[0] = 0.5; r = 2; x[t+1] = r*x[t]*(1 - x[t]) for t in 0..n-1; L = mean((x[t] - 0.5)^2 for t in 1..n)"
    found = backprop.parse(text).hessian()
    assert found.matrix == pytest.approx(numpy.diag([0, 0.125]), rel=1e-13)
    assert found.verdict in ("flat", "cannot tell: rounding")
    assert "along x[0] the" in str(found).splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "verdict", "words"),
    [
        ("L = 3 + (x - 1)^2; x = 1.000000001", "minimum", "what L could still fall is below its rounding"),
        ("L = 3 - (x - 1)^2; x = 1.000000001", "maximum", "what L could still rise is below its rounding"),
        ("L = (x - 1)^2; x = 1.000000001", "curved up", "the gradient is not 0, its length is 2e-09"),
        ("L = abs(x); x = 1", "flat", "the gradient is not 0, its length is 1; straight along x"),
        ("L = a^2 - b^2 + 0*c^2; a = 0; b = 0; c = 1", "saddle", "up in 1 direction and down in 1, and is flat along c"),
        ("a = 3.9; x[0] = 0.3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..59; L = mean(x[t]^2 for t in 1..60)", "flat", "e+10, is no more than its rounding"),
    ],
)  # fmt: skip
def test_a_gradient_that_may_be_0_is_called_what_it_is(text: str, verdict: str, words: str) -> None:
    """Below its rounding: 1e-18 of 3. A chaotic recurrence has a gradient of 2e10, and 2nd derivatives of 3e25."""
    found = backprop.parse(text).hessian()
    assert found.verdict == verdict
    assert words in str(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1 in 0..1; f = (x - 2)^2", "x = 1 stands at its bound, beyond which f falls: within the bounds this is a minimum"),
        ("x = 0.5 in 0..1; y = 0 in 0..; f = (x - 0.5)^2 + y", "within the bounds this is a minimum"),
        ("x = 0.4 in 0..1; y = 0 in 0..; f = (x - 0.5)^2 + y", "within the bounds descend tells"),
        ("x = 0.5 in 0..1; y = 0 in 0..; f = y - (x - 0.5)^2", "within the bounds descend tells"),
        ("x = 1 in 0..1; y = 0 in 0..9; f = y - x; maximize f", ""),
        ("x = 1 in 0..1; f = -(x - 2)^2; maximize f", "beyond which f rises: within the bounds this is a maximum"),
        ("x = 1 in 0..1; f = (x - 1)^2", ""),
        ("x = 0 in 0..1; f = (x - 2)^2", ""),
    ],
)  # fmt: skip
def test_bounds_are_told_of_where_the_output_goes_on_beyond(text: str, said: str) -> None:
    ran = run("hessian", "-e", text)
    assert said in ran.out if said else "bound" not in ran.out


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("L = tanh(x); x = -50", "curved up"),
        ("L = acos(erf(x - 8)); x = 0.139", "curved down"),
        ("L = 2 + exp(x); x = -40", "curved up"),
        ("L = 3 + exp(-x^2); x = 8", "curved up"),
        ("L = 2 - 1/x^4; x = 1e6", "curved down"),
        ("L = acosh(x) + 1e20 - y^2; x = 3; y = 0", "curved down"),
        ("L = 1 + exp(-x) + y^2; x = 40; y = 1e-10", "curved up"),
        ("L = 3 + exp(x) - exp(y); x = -40; y = -40", "curved both ways"),
        ("n = 200; L = 5 + sum(exp(x[i]) for i in 1..n); x[i] = -50 for i in 1..n", "curved up"),
        ("n = 300; L = 5 + sum(exp(x[i]) for i in 1..n); x[i] = -50 for i in 1..n", "curved up"),
        ("n = 300; L = 1e9 + sum((x[i] - 1)^2 for i in 1..n); x[i] = 1 + 1e-7/i for i in 1..n", "minimum"),
        ("L = 1e10 + x^2; x = 1e-4", "minimum"),
        ("L = 1e6*lgamma(y) + 2*silu(z); y = 1.4616321449683622; z = -1.278464542761074", "minimum"),
        ("L = x + 1/x; x = 1.00000001", "minimum"),
        ("L = 1e20 + (x - 1)^2 - (y - 2)^2; x = 3; y = 5", "saddle"),
    ],
)  # fmt: skip
def test_what_falls_on_by_less_than_its_rounding_has_no_minimum(text: str, verdict: str) -> None:
    """By hand: exp, tanh, 1/x^4 and acosh have no slope of 0 anywhere."""
    assert backprop.parse(text).hessian().verdict == verdict
    if "sum" in text:
        by_loops = read_model(Source("<text>", text), many=0)
        assert hessian_at(by_loops, {}).curvature.verdict == verdict


def test_infinite_numbers_beside_a_tie_are_computed_without_a_word_from_numpy() -> None:
    ran = run("hessian", "-e", "L = (v - w)^1.5 + 0*max(v, w); v = 2; w = 2")
    assert ran.status == 0
    assert "RuntimeWarning" not in ran.err
    assert "∂²L/∂v² and ∂²L/∂w² are inf" in ran.err


@pytest.mark.parametrize(
    "text",
    [
        "L = 1e24*x^2 - 1000*x*y + 1e-38*z^2 + 1e-7*x*z",
        "L = 1e24*x^2 - 1000*x*y + 1e-38*z^2 + 1e-7*x*z + 1e-28*y*z",
        "L = 1e-38*z^2 + 1e-7*x*z + 1e24*x^2 - 1000*y*x + 1e-18*y^2 - 1e-18*(1*y)^2",
    ],
)
def test_an_input_without_a_curvature_of_its_own_hides_none_of_another_unit(text: str) -> None:
    """By hand: in units of 1e-12, 1e9 and 1e19 the matrix is [[2, -1, 1], [-1, 0, 0 or 1], [1, 0 or 1, 2]],
    of which the determinant is -2, or -6."""
    found = backprop.parse(f"{text}; x = 0; y = 0; z = 0").hessian()
    assert found.verdict == "saddle"
    assert "up in 2 directions and down in 1" in str(found)
    assert "flat" not in str(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("L = cos(x) + y^4; x = pi; y = 0", "flat along y, curved up otherwise: the gradient is 0"),
        ("L = cos(x) + cos(y) - z^4; x = pi; y = 0; z = 0", "a saddle: the gradient is 0"),
        (
            "L = cos(x + y); x = pi; y = 0",
            "flat along x - y, curved up otherwise: the gradient is 0",
        ),
        ("L = cos(x) + 1e-20*y; x = pi; y = 0", "the gradient is not 0"),
        ("L = cos(x) + y^4; x = 3.1415926535897936; y = 0", "the gradient is not 0"),
    ],
)
def test_no_double_is_nearer_beside_flat_directions_either(text: str, words: str) -> None:
    """By hand: pi is no double. The next one is not the nearest."""
    assert words in str(backprop.parse(text).hessian())


@pytest.mark.parametrize("condition", ["m > 0", "relu(m) > 0", "m^2 > 0", "not m <= 0"])
def test_no_minimum_where_one_input_decides_how_another_one_bends(condition: str) -> None:
    """By hand: from (0, 0) on to m = 1, c = 2 the output falls to -3."""
    ran = run("hessian", "-e", f"L = c^2*if({condition}, -1, 2) + m^2; m = 0; c = 0")
    assert "not smooth" in ran.out
    assert "the curvature jumps here where m moves with others" in ran.err


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("x[i] = 2 for i in 1..2; const x[*]; m[i] = a^2*x[i] for i in 1..2; L = max(m[*]) + b^2", "minimum"),
        ("m = a^2; k = a^2 + b^2; L = max(m, k)", "minimum"),
        ("m = a^2; k = 3*a^2; L = -min(m, k) - b^2", "maximum"),
        ("x[i] = i for i in 1..2; const x[*]; m[i] = a*x[i] for i in 1..2; L = max(m[*]) + b^2", "not smooth"),
    ],
)  # fmt: skip
def test_ties_of_what_is_the_same_by_all_inputs_are_none(text: str, verdict: str) -> None:
    """By hand: 2*a^2, a^2 + b^2, -a^2 - b^2 and max(a, 2*a)."""
    assert backprop.parse(f"a = 0; b = 0; {text}").hessian().verdict == verdict


@pytest.mark.parametrize("at", [0, 1, -2.5])
def test_no_minimum_where_the_output_falls_along_an_equality(at: float) -> None:
    """By hand: where x and y move as one by d, by -1.5*d^2."""
    text = f"u = x - {at}; v = y - {at}; L = u^2/2 + 2*v^2 + if(x == y, -(u + v)^2, 0*u)"
    found = backprop.parse(f"{text}; x = {at}; y = {at}").hessian()
    assert found.verdict == "not smooth"


def test_a_tie_of_a_number_with_itself_is_none() -> None:
    """Around p = 1 both sides of the comparison are q, through a choice that stays."""
    text = "x = 0.5; p = 1; q = 2; L = if(if(p<-1,x,q)>q, p^3*q, x^2*p)"
    found = backprop.parse(text).hessian()
    assert found.inputs == ("x", "p", "q")
    assert found.matrix.tolist() == [[2.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert not found.warnings


@pytest.mark.parametrize(
    ("text", "bent"),
    [
        ("q = 1; x = 0.5; y = 2; L = if(min(q, x) <= x, y^2, q^3)", {"y": 2.0}),
        ("q = 1; x = 0.5; y = 2; L = if(not (x < min(q, x)) and 1 <= 1, y^2, q^3)", {"y": 2.0}),
        ("q = 0.75; x = 0.25; y = 2; L = if(q < max(q, x), q*y, y^2)", {"y": 2.0}),
        ("q = 1; x = 0.5; y = 2; L = if(if(1 >= x, 0.5, q) <= if(1 >= x, 0.5, 3), y^2, q^3)", {"y": 2.0}),
        ("f(a) = if(1 <= 1, 0.5, a); q = 1; x = 0.5; L = if(f(x) >= f(q), x^2, q^3)", {"x": 2.0}),
        ("W = y*x^2; y = 3; x = 2; L = max(min(W, W), W, max(W for i in 1..4))", {"x": 6.0}),
    ],
)  # fmt: skip
def test_ties_through_choices_that_stay_are_none(text: str, bent: dict[str, float]) -> None:
    """The larger of two numbers, the same constant by two ways, one number among itself."""
    found = backprop.parse(text).hessian()
    for at, name in enumerate(found.inputs):
        assert found.matrix[at, at] == bent.get(name, 0.0)
    assert numpy.isfinite(found.matrix).all()
    assert not found.warnings
    assert not found.notes


@pytest.mark.parametrize(
    ("text", "at", "second"),
    [
        ("x = 0; y = 1; L = if(sqrt(x) + y < 5, x^2, x)", "x", 2.0),
        ("x = 0; y = 1; L = if(x^1.5 - 2*y < sin(x), cos(x), x*sqrt(x))", "x", -1.0),
        ("x = 0; y = 1; L = max(sqrt(x)*sin(x) + y, -1.5 - x)", "x", inf),
        ("x = 0; y = 0; L = max(x + 1, exp(x)) - sin(x)*y^2", "x", 1.0),
        ("x = 0; y = 1; L = min(y^2 + x^2, y^2)", "x", 0.0),
        ("x = 0; y = 1; L = max(y^2 + x^2, y^2)", "x", 2.0),
    ],
)
def test_sides_of_which_conditions_say_nothing(text: str, at: str, second: float) -> None:
    """A condition that has no value beyond the end of a domain; a tie close by in doubles alone, where
    exp(x) is x + 1."""
    found = backprop.parse(text).hessian()
    place = found.inputs.index(at)
    assert found.matrix[place, place] == pytest.approx(second, rel=1e-14)
    assert not numpy.isnan(found.matrix).any()


def test_ties_that_one_side_can_leave_are_borders() -> None:
    for text in ("L = if(min(q, x) <= x, y^2, q^3)", "L = if(max(q, x, q) <= x, y^2, q^2)"):
        found = backprop.parse(f"q = 1; x = 1; y = 1; {text}").grad()
        assert found.value == 1
    text = "q = 1; x = 1; L = max(if(x >= 1, q, 2), x)"
    assert backprop.parse(text).grad().notes


@pytest.mark.parametrize("bound", [inf, nan])
def test_a_bound_that_is_no_number_gives_no_verdict(bound: float) -> None:
    for table, slopes in [([[bound]], [0.0]), ([[0.0]], [bound])]:
        rounding = Rounding(numpy.array(table), numpy.array(slopes))
        for bend in (-1.0, 1.0):
            matrix = numpy.array([[bend]])
            found = curvature_within(
                matrix, [0.3], lambda each=rounding: each, lambda there: numpy.zeros(1), [0.0]
            )
            assert found.verdict == "cannot tell: rounding"


def test_what_is_too_small_for_a_double_counts() -> None:
    found = backprop.parse("L = (exp(x)*1e300*1e100)^2").hessian(x=-921)
    assert found.matrix == pytest.approx(4.281779766084854, rel=1e-12)
    assert "is too small for a double" in str(found)


def test_sizes_in_machine_code_are_those_of_the_interpreter() -> None:
    text = "h[k] = tanh(sum(w[j]*sin(k*j) for j in 1..20)/9) for k in 1..30; w[j] = j/20 for j in 1..20; L = sum(h[k]^2 for k in 1..30)"
    model = backprop.parse(text)
    both = [at_point(model, {}, "L", (), engine) for engine in ("python", "native")]
    sizes = [point.second.sizes(point.x) for point in both]
    assert sizes[1] == pytest.approx(sizes[0], rel=1e-12)
    tables = [point.second.matrix(point.x) for point in both]
    assert tables[1] == pytest.approx(tables[0], rel=1e-11, abs=1e-13)
    assert (abs(tables[0]) <= sizes[0] * (1 + 1e-12)).all()


def test_a_constant_is_differentiated_by_who_names_it() -> None:
    text = "const c = 2; L = c^3*x^2; x = 3"
    assert backprop.parse(text).hessian().inputs == ("x",)
    found = backprop.parse(text).hessian(wrt=["c", "x"])
    assert found.matrix.tolist() == [[108, 72], [72, 16]]
    nothing = run("hessian", "-e", "const c = 2; L = c^3")
    assert nothing.status == 0
    assert nothing.out.splitlines()[-1].startswith("L depends on no input that moves: ")
    sizes = "n = 9; x[i] = i/n for i in 1..n; L = sum(x[i]^3 for i in 1..n)"
    diagonal = run("hessian", "-e", sizes, "--diagonal")
    assert "L depends on no input that moves: " in diagonal.out
    named = run("hessian", "-e", sizes, "--wrt", "x[1]")
    assert named.status == 1
    assert "'x[1]' is computed, x[1] = 1/n" in named.err
    assert "name what leads to it" not in named.err


@pytest.mark.parametrize("digits", [3, 16])
def test_sentences_have_the_digits_that_are_asked_for(digits: int) -> None:
    """f = 3a^2 + 7b^2/3 - ab at (1, 1): the eigenvalues of [[6, -1], [-1, 14/3]] are (32 ± sqrt(52))/6."""
    ran = run("hessian", "-e", "f = 3*a^2 + 7*b^2/3 - a*b; a = 1; b = 1", "--digits", str(digits))
    root = 52**0.5
    lower, upper = ran.out.partition("eigenvalues: ")[2].splitlines()[0].split(", ")
    for text, right in (lower, (32 - root) / 6), (upper, (32 + root) / 6):
        assert len(text.replace(".", "")) in (digits - 1, digits)
        assert float(text) == pytest.approx(right, rel=10.0 ** (1 - digits))
    assert f"its length is {(25 + 121 / 9) ** 0.5:.{digits}g};" in ran.out


def test_a_gradient_of_more_digits_is_judged_by_its_own_digits() -> None:
    """In doubles these are rounding alone; of more digits they are 1/6, -1/12 and 0.00102, and no minimum."""
    for text, at in (
        ("L = (exp(x) - 1 - x)/x^2", 1e-6),
        ("L = derivative((1 - cos(x))/x^2, x)", 1e-4),
        ("L = (x - sin(x))/x^3 + x/1000 + x^2", 1e-5),
        ("L = 1e-15*((exp(x) - 1 - x)/x^2)", 1e-6),
    ):
        found = backprop.parse(text).hessian(x=at)
        assert found.verdict == "curved up", text
    found = backprop.parse("L = (x - 0.1)^2*(1 + y^2) + (y - 3)^2").hessian(x=0.1, y=3)
    assert found.verdict == "minimum"


def test_members_of_families_are_named_as_everywhere() -> None:
    text = "L = w[1,1]*w[1,2]^2*w[2,1]; w[i,j] = i + j for i in 1..2, j in 1..2; M = w[2,2]"
    found = backprop.parse(text).hessian(of="L", wrt="w[1,*]")
    assert found.inputs == ("w[1,1]", "w[1,2]")
    assert found.matrix.tolist() == [[0, 18], [18, 12]]
    unused = backprop.parse(text).hessian(of="L", wrt=["w[1,1]", "w[2,2]"])
    assert unused.matrix.tolist() == [[0, 0], [0, 0]]
    with pytest.raises(UnknownName):
        backprop.parse(text).hessian(of="L", wrt="v")


def test_the_json_is_a_promise() -> None:
    ran = run("hessian", "-e", ROSENBROCK, "--set", "x=1, y=1", "--format", "json")
    found = json.loads(ran.out)
    eigenvalues = found.pop("eigenvalues")
    assert eigenvalues == pytest.approx([501 - 250601**0.5, 501 + 250601**0.5], rel=1e-11)
    assert found == {
        "schema": 1, "output": "L", "value": 0, "inputs": ["x", "y"], "gradient": [0, 0],
        "hessian": [[802, -400], [-400, 200]], "verdict": "minimum", "data": {"x": 1, "y": 1, "L": 0},
    }  # fmt: skip
    declared = "const g = 2; x = 1 in 0..5; L = g*x^2; minimize L"
    found = json.loads(run("hessian", "-e", declared, "--format", "json").out)
    assert (found["constants"], found["goal"]) == (["g"], {"minimize": "L"})


def test_csv_has_a_column_for_each_input() -> None:
    ran = run("hessian", "-e", ROSENBROCK, "--set", "x=1, y=1", "--format", "csv")
    rows = [*csv.reader(ran.out.splitlines())]
    assert rows[0] == ["name", "data", "grad", "x", "y"]
    assert [float(each) for each in rows[1][1:]] == [1, 0, 802, -400]


def test_what_it_prints_is_read_again(tmp_path: object) -> None:
    said = run(
        "hessian",
        "-e",
        ROSENBROCK,
        "--set",
        "x=3, y=1",
        "--format",
        "json",
        "-o",
        f"{tmp_path}/h.json",
    )
    assert said.status == 0
    again = run("hessian", "-e", ROSENBROCK, "--values", f"{tmp_path}/h.json", "--format", "json")
    assert json.loads(again.out)["value"] == 6404


@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_a_matrix_that_no_page_has_room_for(format: str) -> None:
    text = "L = sum(w[i]^2*w[i-1] for i in 2..50); w[i] = i for i in 1..50"
    ran = run("hessian", "-e", text, "--format", format)
    assert (ran.status, ran.out) == (1, "")
    assert "the Hessian has 50 rows and 50 columns, more than a table can show" in ran.err
    assert "--format json or --format csv" in ran.err
    assert run("hessian", "-e", text, "--format", format, "--wrt", "w[1..3]").status == 0
    assert run("hessian", "-e", text, "--format", format, "--all").status == 0
    rows = [*csv.reader(run("hessian", "-e", text, "--format", "csv").out.splitlines())]
    assert [len(row) for row in rows] == [53] * 51


def test_the_library_has_arrays_and_prints_as_the_command() -> None:
    found = backprop.parse(ROSENBROCK).hessian({"x": 1}, y=1)
    assert found.matrix.shape == (2, 2)
    assert (found.gradient.tolist(), found.value, found.verdict) == ([0, 0], 0, "minimum")
    assert found.eigenvalues is not None
    assert found.eigenvalues.shape == (2,)
    assert repr(found) == "Hessian(L by 2 inputs, minimum)"
    assert str(found) + "\n" == run("hessian", "-e", ROSENBROCK, "--set", "x=1, y=1").out
    assert "<table>" in found._repr_mimebundle_()["text/html"]
    large = backprop.parse("L = sum(w[i]^2 for i in 1..50); w[i] = i for i in 1..50").hessian()
    assert "50 by 50" in str(large)
    assert (large.matrix == 2 * numpy.identity(50)).all()


def test_what_makes_no_sense() -> None:
    model = backprop.parse("e = a*b; L = e^2; a = 1; b = 2")
    with pytest.raises(NotAnInput, match="second derivatives are by inputs"):
        model.hessian(wrt="e")
    with pytest.raises(TooLarge, match="too large to be kept"):
        backprop.parse("L = sum(w[i]^2 for i in 1..4000); w[i] = i for i in 1..4000").hessian()
    ran = run("hessian", "-e", "L = 1/x", "--set", "x=0")
    assert ran.status == 1
    assert "has no value" in ran.err


@pytest.mark.parametrize("engine", ["python", "native"])
def test_every_engine_finds_the_same(engine: str) -> None:
    text = "h[k] = tanh(sum(w[j]*sin(k*j) for j in 1..8)) for k in 1..30; w[j] = j/10 for j in 1..8; L = sum(h[k]^2 for k in 1..30)"
    found = backprop.parse(text).hessian(of="L", engine=engine).matrix
    assert found == pytest.approx(backprop.parse(text).hessian(of="L").matrix, rel=1e-12, abs=1e-12)


def test_a_part_is_that_of_the_matrix() -> None:
    for text, at in [
        (ROSENBROCK, {"x": -1.2, "y": 1.0}),
        ("L = exp(x*y)*z^2", {"x": 1.0, "y": 0.5, "z": 2.0}),
    ]:
        model = backprop.parse(text)
        whole = model.hessian(at).matrix
        names = model.hessian(at).inputs
        way = {name: 0.5 + place for place, name in enumerate(names)}
        product = model.hessian_times(way, at)
        assert product.inputs == names
        assert product.numbers == pytest.approx(whole @ numpy.array([*way.values()]), rel=1e-13)
        assert model.hessian_diagonal(at).numbers == pytest.approx(whole.diagonal(), rel=1e-13)
        part = model.hessian_sparse(at)
        found = numpy.zeros(whole.shape)
        found[part.rows, part.columns] = part.entries
        assert (found == whole).all()


BAND = """
    L = sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..{n}-1)
    x[i] = sin(3*i) for i in 1..{n}"""


@pytest.mark.parametrize("engine", ["python", "native"])
def test_parts_of_a_matrix_too_large_to_be_kept(engine: str) -> None:
    n = 300
    model = backprop.parse(BAND.format(n=n))
    x = numpy.sin(3 * numpy.arange(1, n + 1))
    own = 1200 * x**2 - 400 * numpy.append(x[1:], 0) + 2
    own[-1] = 0
    own[1:] += 200
    beside = -400 * x[:-1]
    found = model.hessian_diagonal(engine=engine)
    assert found.found.way == "3 sweeps over the gradient"
    assert found.numbers == pytest.approx(own, rel=1e-12)
    part = model.hessian_sparse(engine=engine)
    assert len(part.entries) == 3 * n - 2
    matrix = numpy.zeros((n, n))
    matrix[part.rows, part.columns] = part.entries
    assert matrix.diagonal() == pytest.approx(own, rel=1e-12)
    assert matrix.diagonal(1) == pytest.approx(beside, rel=1e-12)
    assert matrix.diagonal(-1) == pytest.approx(beside, rel=1e-12)
    way = {f"x[{at}]": 1.0 / at for at in range(1, n + 1)}
    product = model.hessian_times(way, engine=engine).numbers
    assert product == pytest.approx(matrix @ numpy.array([*way.values()]), rel=1e-11, abs=1e-11)
    assert model.hessian(engine=engine).matrix == pytest.approx(matrix, rel=1e-12)


def test_an_arrow_takes_a_sweep_for_its_shaft() -> None:
    model = backprop.parse("L = sum(x[1]*x[i]^2 for i in 2..600); x[i] = i for i in 1..600")
    found = model.hessian_sparse()
    assert found.found.way == "2 sweeps over the gradient"
    matrix = numpy.zeros((600, 600))
    matrix[found.rows, found.columns] = found.entries
    assert (matrix[0, 1:] == 2 * numpy.arange(2, 601)).all()
    assert (matrix == matrix.T).all()
    assert (matrix.diagonal()[1:] == 2).all()


def test_what_is_left_open_of_many_inputs_is_nan() -> None:
    text = BAND.format(n=300) + "\n    M = L + abs(x[7] - c)*x[9]; c = 0"
    model = backprop.parse(text.replace("x[i] = sin(3*i)", "x[i] = i/512"))
    ran = model.hessian_diagonal(of="M", c=7 / 512)
    assert ran.numbers is not None
    assert numpy.isnan(ran.numbers).sum() == 3  # by c, x[7] and x[9]
    assert "3 numbers are not known: they are at a border" in str(ran)
    still = model.hessian_times({"x[100]": 1}, of="M", c=7 / 512)
    assert numpy.isfinite(still.numbers).all()
    branch = backprop.parse(BAND.format(n=300) + "\n    M = if(x[5] > 9, sqrt(x[5] - 9), L)")
    assert numpy.isfinite(branch.hessian_diagonal(of="M").numbers).all()


def test_a_part_of_a_family_that_wrt_leaves_out_is_told_with_the_reason() -> None:
    text = (
        "w[i,j] = 1 for i in 1..2, j in 1..2; L = sum(w[i,j]^2*v for i in 1..2, j in 1..2); v = 1"
    )
    ran = run("hessian", "-e", text, "--times", "v=1, w[1,*]=0.5", "--wrt", "v")
    assert ran.status == 1
    assert "w[1,*] is no input that the output is derived by here" in ran.err
    assert '--wrt "w[1,*], …"' in ran.err
    ran = run("hessian", "-e", text, "--times", "w[3,*]=0.5")
    assert "there is no 'w[3,*]'" in ran.err


def test_the_json_and_csv_of_parts_are_promises() -> None:
    at = ["-e", "L = x^2*y", "--set", "x=1, y=3"]
    start: dict[str, object] = {"schema": 1, "output": "L", "value": 3, "inputs": ["x", "y"]}
    start |= {"gradient": [6, 1], "data": {"x": 1, "y": 3, "L": 3}}

    def said(*words: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(run("hessian", *at, *words, "--format", "json").out)
        return found

    assert said("--times", "y=2") == {**start, "direction": [0, 2], "product": [4, 0]}
    assert said("--diagonal") == {**start, "diagonal": [6, 0]}
    entries = {"row": [0, 0, 1], "column": [0, 1, 0], "value": [6, 2, 2]}
    assert said("--sparse") == {**start, "entries": entries}
    ran = run("hessian", *at, "--sparse", "--format", "csv")
    assert ran.out == "name,by,second\nx,x,6.0\nx,y,2.0\ny,x,2.0\n"
    ran = run("hessian", *at, "--times", "y=2", "--format", "csv")
    assert ran.out.splitlines()[:2] == ["name,data,grad,direction,product", "x,1.0,6.0,0.0,4.0"]


def test_a_direction_that_is_none() -> None:
    model = backprop.parse("const k = 2; e = a*b; L = e^2*k; a = 1; b = 2")
    for way, wrong in ({}, "without any input"), ({"a": 0, "b": 0}, "of which every part is 0"):
        with pytest.raises(BadOption, match=wrong):
            model.hessian_times(way)
    for name in ("e", "k", "z"):
        with pytest.raises((NotAnInput, UnknownName)):
            model.hessian_times({name: 1})
    assert model.hessian_times({"k": 1}, wrt=["a", "k"]).numbers.tolist() == [8, 0]
    many = backprop.parse("L = sum(w[i]^3 for i in 1..3); w[i] = i for i in 1..3")
    assert many.hessian_times({"w[*]": 1}).numbers.tolist() == [6, 12, 18]


def test_entries_that_no_page_has_room_for() -> None:
    text = BAND.format(n=1000)
    ran = run("hessian", "-e", text, "--sparse")
    assert (ran.status, ran.out) == (1, "")
    assert "2,998 second derivatives are more than a table can show" in ran.err
    assert len(run("hessian", "-e", text, "--sparse", "--all").out.splitlines()) > 2998
    assert "the first of 2,998" in str(backprop.parse(text).hessian_sparse())


@pytest.mark.parametrize("count", [3, 150, 1500])
def test_large_graphs_keep_the_digits_of_second_derivatives(count: int) -> None:
    """(expm1(x) - x)/x² is 1/2 + x/6 + x²/24 + …: of its second derivative at 1e-9 doubles leave 3e11."""
    model = backprop.parse(f"""x = 1e-9; w[i] = 1/i for i in 1..{count}
        L = (expm1(x) - x)/x^2 + sum(w[i]^2 for i in 1..{count})*x""")
    right = pytest.approx(1 / 12, rel=1e-8)
    for wrt in (None, ["x"]):
        if not wrt and count > 1000:
            continue
        found = model.hessian(wrt=wrt)
        assert found.matrix[0, 0] == right
        assert wrt or found.matrix[1, 1] == pytest.approx(2e-9, rel=1e-14)
    assert model.hessian_diagonal().numbers[:2].tolist() == [right, pytest.approx(2e-9, rel=1e-14)]
    product = model.hessian_times({"x": 2, "w[1]": 3}).numbers
    assert product[0] == pytest.approx(2 / 12 + 3 * 2, rel=1e-8)
    assert product[1] == pytest.approx(2 * 2 + 3 * 2e-9, rel=1e-12)
    entries = model.hessian_sparse()
    own = (entries.rows == 0) & (entries.columns == 0)
    assert entries.entries[own].tolist() == [right]


def test_what_is_beyond_doubles_is_told_as_that() -> None:
    ran = run("hessian", "-e", "L = log(x)", "--set", "x=1e-301")
    assert "∂²L/∂x² is -inf, as it is too large for a double" in ran.err
    assert "second derivatives are not finite here" in ran.out
    assert "not smooth" not in ran.out
    ran = run("hessian", "-e", "L = x^1.5", "--set", "x=0")
    assert "∂²L/∂x² is inf\n" in ran.err


def test_many_sweeps_are_told_of_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x[i] = 0.5 for i in 1..400; L = sum(x[*])^2 + sum(x[i]^3 for i in 1..400)"
    for large in ("", "; a = sin(L); M = if(a > 0, a, L)"):  # by loops, and by a graph
        asked = "hessian", "-e", text + large, "--diagonal", "--format", "csv"
        monkeypatch.setattr(row_progress, "_KNOWN", -1.0)
        monkeypatch.setattr(row_progress, "_LONG", 1e9)
        plain = run(*asked)
        assert "sweeps" not in plain.err
        monkeypatch.setattr(row_progress, "_LONG", -1.0)
        ran = run(*asked)
        assert ran.out == plain.out
        assert "400 sweeps over the gradient take about 0 seconds\n" in ran.err
        monkeypatch.setattr(row_progress, "_TOO_LONG", -1.0)
        ran = run(*asked)
        assert ran.status == 1
        assert not ran.out
        assert "--wrt" in ran.err
        monkeypatch.setattr(row_progress, "_TOO_LONG", 1e9)
        assert len(backprop.parse(text + large).hessian_diagonal().numbers) == 400


@pytest.mark.parametrize("empty", [[], (), ""])
def test_nothing_to_derive_by_is_an_error(empty: Any) -> None:
    model = backprop.parse("L = x^2*y; x = 1; y = 2")
    asked = model.hessian, model.hessian_diagonal, model.hessian_sparse, model.jacobian, model.diff
    for each in (*asked, model.jacobian_sparse):
        with pytest.raises(BadOption, match="wrt is empty"):
            each(wrt=empty)
    with pytest.raises(BadOption, match="wrt is empty"):
        model.hessian_times({"x": 1}, wrt=empty)
    assert model.hessian().inputs == model.hessian(wrt=None).inputs == ("x", "y")


@pytest.mark.parametrize("part", [nan, inf, -inf])
def test_a_direction_has_finite_parts(part: float) -> None:
    model = backprop.parse("L = x^2*y + z; x = 1; y = 2; z = 3")
    program = backprop.compile(model, hessian=True)
    with pytest.raises(NotANumber, match=r"y = -?(nan|inf) is no part of a direction"):
        program.hessian_times([1, 2, 3], [0, part, 0])
    with pytest.raises(NotANumber, match=r"y = -?(nan|inf) is no part of a direction"):
        model.hessian_times({"y": part})


@pytest.mark.parametrize(
    "text", ["cbrt(y) + x^2", "x^2 + sqrt(y)*(1 + x*0)", "cbrt(y) - x*z + z^2"]
)
def test_an_infinite_slope_says_nothing_of_other_inputs(text: str) -> None:
    model = backprop.parse(
        f"L = {text}; y = 0; x = 2; z = 1" if "z" in text else f"L = {text}; y = 0; x = 2"
    )
    found = model.hessian()
    y = found.inputs.index("y")
    for at, name in enumerate(found.inputs):
        if name != "y":
            assert found.matrix[at, y] == found.matrix[y, at] == 0
    assert found.matrix[found.inputs.index("x")][found.inputs.index("x")] in (0, 2)


@pytest.mark.parametrize("rows", [6, 600, pytest.param(4000, marks=pytest.mark.whole)])
def test_what_does_not_move_is_no_border_of_second_derivatives(rows: int, tmp_path: Path) -> None:
    """Conditions by texts, and by columns of data, stay as they are wherever the inputs go. Of 600 rows
    the gradient has more steps than are looked at for rounding (`second_sides`)."""
    path = tmp_path / "rows.csv"
    lines = [f"{at % 7 / 3},{'uv'[at % 2]},{at % 2}" for at in range(rows)]
    path.write_text("x,s,k\n" + "\n".join(lines) + "\n", "utf-8")
    conditions, parts = (
        ('s == "u"', "k", "k == 1", "x > 0"),
        ([], ["--diagonal"], ["--times", "b=1"]),
    )
    pairs = (
        product(conditions, parts) if rows != 600 else zip(conditions, [*parts, []], strict=True)
    )
    for condition, part in pairs:
        text = f"b = 2; c = 1; L = sum(if({condition}, b^2*x, logsumexp(b, c)))/{rows}"
        ran = run("hessian", "-e", text, "--data", str(path), *part)
        assert "not smooth" not in ran.out
        assert ran.err == ""
        assert "nan" not in ran.out
    ran = run("hessian", "-e", "b = 0; L = sum(if(b*k > 0, b, b^2))", "--data", str(path))
    assert "not smooth" in ran.out
    assert "note" in ran.err


def test_what_is_not_asked_is_not_told() -> None:
    line = ("hessian", "-e", "L = abs(x)*z", "--set", "x=0, z=0")
    assert "∂²L/∂x∂z is -1" in run(*line).err
    ran = run(*line, "--diagonal")
    assert (ran.status, "∂²" in ran.err) == (0, False)
    ran = run("hessian", "-e", "L = relu(x)*relu(z)", "--set", "x=0, z=0", "--times", "x=1, z=1")
    assert "not the same in all directions" in ran.err


@pytest.mark.parametrize(
    ("text", "at", "label"),
    [
        ("L = x^2.5 + y^1.5", "x=0, y=0", "            ^^^^^ y = 0"),
        ("L = q*2; q = (w - 1)^1.5", "w=1", "             ^^^^^^^^^^^ w - 1 = 0"),
        ("L = sqrt(x)*sqrt(z)", "x=0, z=0", "    ^^^^^^^ x = 0"),
        ("L = sum(x[i]^(i+0.5) for i in 1..3)", "x[*]=0", "        ^^^^^^^^^^^^ x[1] = 0"),
    ],
)
def test_the_step_that_bends_without_end_is_underlined(text: str, at: str, label: str) -> None:
    for option in ([], ["--diagonal"], ["--times", f"{at[0]}=1"]):
        ran = run("hessian", "-e", text, "--set", at, *option)
        assert ran.status == 0
        told = ran.err.splitlines()
        if told or not option:
            assert "warning: the second derivative" in told[0]
            assert any(line.startswith(f"    | {label}") for line in told)


@pytest.mark.parametrize(
    ("text", "x", "y", "right"),
    [  # y^2/x, or 1/x, is the distance between two jumps, 1e-148 at the last one
        ("mod(x, y)", 1e55, 3.0, ((0, 0), (0, 0))),
        ("mod(x, y)", 1e61, 3.0, ((0, 0), (0, 0))),
        ("mod(x, y)*x", 1e70, 3.0, ((2, -1e70 // 3), (-1e70 // 3, 0))),
        ("mod(x^2, y)", 1e40, 3.5, ((2, 0), (0, 0))),
        ("mod(x, y)^2", 1e150, 3.0, ((2, -2e150 / 3), (-2e150 / 3, 2 * (1e150 / 3) ** 2))),
        ("floor(x*y)*y^2", 1e61, 3.0, ((0, 0), (0, 6e61))),
    ],
)
def test_differences_do_not_cross_jumps(text: str, x: float, y: float, right: Any) -> None:
    """mod(x, y) is x - q*y, and q the same whole number on a piece."""
    ran = run("hessian", "-e", f"L = {text}", "--set", f"x={x}, y={y}", "--format", "json")
    for row, true in zip(json.loads(ran.out)["hessian"], right, strict=True):
        assert row == pytest.approx(true, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("text", "at", "verdict"),
    [
        ("cos(x) + cos(y)", {"x": 0.0, "y": math.pi}, "saddle"),
        ("sin(x)*sin(y)", {"x": math.pi, "y": math.pi}, "saddle"),
        ("cos(x) + cos(y)", {"x": math.pi, "y": math.pi}, "minimum"),
        ("(x - 0.1)^2 - (3*y - 0.9)^2", {"x": 0.1, "y": 0.3}, "saddle"),
        ("x^2 - y^2", {"x": 1e-17, "y": 0.0}, "curved both ways"),  # 0 is a double
        ("x^2*y^2 + 3*x*y + 5", {"x": 1e-9, "y": 1e-9}, "saddle"),  # 3e-18 beside 5
        ("x^2 - y^2 + 5", {"x": 1e-7, "y": 0.0}, "curved both ways"),
    ],
)
def test_no_double_is_nearer_to_where_the_gradient_is_0(
    text: str, at: dict[str, float], verdict: str
) -> None:
    assert backprop.parse(f"L = {text}").hessian(at).verdict == verdict


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("L = x^n + sqrt(y)*x; const n = 3; const y = 0", ()),
        ("L = x^n + sqrt(y)*x; n = 3; y = 0", ["x"]),
    ],
)
def test_nothing_is_said_of_slopes_by_what_it_is_not_by(text: str, wrt: list[str]) -> None:
    found = backprop.parse(text).hessian(x=-2, wrt=wrt or None)
    assert found.matrix.tolist() == [[-12]]
    assert not found.warnings
    whole = backprop.parse(text).hessian(x=-2, wrt=["x", "n", "y"])
    assert {each.message for each in whole.warnings} >= {
        "the slope of x^n by n is nan at x = -2, n = 3",
        "the slope of sqrt(y) by y is inf at y = 0",
    }


@pytest.mark.parametrize("n", [9, 12, 44])
def test_the_eigenvalues_of_a_table_are_all_told(n: int) -> None:
    chain = f"L = (sum((x[i+1] - x[i])^2 for i in 1..{n - 1}) + x[1]^2 + x[{n}]^2)/2"
    out = run("hessian", "-e", chain, "--set", "x=1").out
    line = next(each for each in out.splitlines() if each.startswith("eigenvalues: "))
    told = [float(each) for each in line.removeprefix("eigenvalues: ").split(", ")]
    # of n masses between two walls, by hand
    right = [2 - 2 * math.cos(k * math.pi / (n + 1)) for k in range(1, n + 1)]
    assert told == pytest.approx(right, rel=1e-5)
    assert repr(backprop.parse(chain).hessian({"x": 1})).startswith(f"Hessian(L by {n} inputs, ")


def test_one_input_is_one_in_python() -> None:
    found = backprop.parse("y = x^2").hessian(x=3)
    assert repr(found) == "Hessian(y by 1 input, curved up)"
