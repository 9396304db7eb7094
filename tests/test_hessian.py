"""Second derivatives of descents, against differences of values of 60 digits, and what rests on them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy
import pytest
from mpmath import mpf

import backprop
from backprop.descent import landing, problem, second_order
from backprop.evaluation import second_derivatives
from backprop.evaluation.second_derivatives import SecondDerivatives
from standard_functions import STANDARD_FUNCTIONS

Function = Callable[..., Any]


def second(text: str, point: dict[str, float], engine: str = "python") -> Any:
    """The second derivatives of the output of a text by the names of a point."""
    model = backprop.parse(text)
    leaves = [model.names[name] for name in point]
    found = SecondDerivatives(model.graph(model.output()), leaves, {}, engine)
    return found.at([*point.values()])


def truly(function: Function, point: Sequence[float]) -> list[list[float]]:
    """Differences of the function's values at 60 digits."""
    step = mpf(10) ** -15
    with mpmath.workdps(60):
        here = [mpf(number) for number in point]

        def at(*moves: tuple[int, int]) -> mpf:
            there = list(here)
            for place, sign in moves:
                there[place] += sign * step
            return function(*there)

        def by(one: int, other: int) -> float:
            signs = [(i, j) for i in (-1, 1) for j in (-1, 1)]
            total = mpmath.fsum([i * j * at((one, i), (other, j)) for i, j in signs])
            return float(total / (4 * step * step))

        places = range(len(point))
        return [[by(one, other) for other in places] for one in places]


def _softplus(x: mpf) -> mpf:
    return mpmath.log(1 + mpmath.exp(x))


SMOOTH: dict[str, tuple[Function, list[list[float]]]] = {
    "100*(y - x^2)^2 + (1 - x)^2": (
        lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2,
        [[-1.2, 1.0], [0.0, 0.0], [1e5, -3.0]],
    ),
    "x^y": (lambda x, y: x**y, [[2.0, 3.0], [0.3, -1.7], [1.0, 0.25], [2.5, 0.75]]),
    "x^4 + x^2*y^3": (lambda x, y: x**4 + x**2 * y**3, [[0.0, 0.0], [0.0, 2.0], [-3.0, 0.0]]),
    "(x*y)^2.5": (lambda x, y: (x * y) ** mpf(2.5), [[2.0, 3.0], [1e-3, 1e-3]]),
    "if(x > 0, x^3*y, exp(-x)*y^2)": (
        lambda x, y: x**3 * y if x > 0 else mpmath.exp(-x) * y**2,
        [[1.5, 2.0], [-1.5, 2.0]],
    ),
    "if(x > 0, sqrt(x), 0)*0 + if(x > 1, log(x - 1), x^2)*y": (
        lambda x, y: (mpmath.log(x - 1) if x > 1 else x**2) * y,
        [[-2.0, 3.0], [0.5, 1.0], [3.0, 1.0]],
    ),
    "abs(x)*max(x, y)*relu(y)": (
        lambda x, y: abs(x) * max(x, y) * max(y, 0),
        [[-1.0, 2.0], [3.0, 2.0], [1.0, -2.0]],
    ),
    "clamp(x*y, -1, 1) + min(x, y)^2": (
        lambda x, y: min(max(x * y, -1), 1) + min(x, y) ** 2,
        [[0.5, 0.25], [3.0, 2.0], [-3.0, 2.0]],
    ),
    "tanh(x)*softplus(y) + sigmoid(x*y)": (
        lambda x, y: mpmath.tanh(x) * _softplus(y) + 1 / (1 + mpmath.exp(-x * y)),
        [[0.3, -0.7], [5.0, 3.0], [0.0, 0.0]],
    ),
    "logsumexp(x, y, x*y)": (
        lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y) + mpmath.exp(x * y)),
        [[1.0, 2.0], [2.0, 2.0], [300.0, 301.0]],
    ),
    "hypot(x, y)*atan2(x, y)": (
        lambda x, y: mpmath.sqrt(x**2 + y**2) * mpmath.atan2(x, y),
        [[3.0, 4.0], [-1.0, 1e-3]],
    ),
    "cbrt(x)*sqrt(y) + asin(x/10)": (
        lambda x, y: mpmath.cbrt(x) * mpmath.sqrt(y) + mpmath.asin(x / 10),
        [[8.0, 4.0], [1e-3, 1e3]],
    ),
    "sinc(x)*y + gelu(y)": (
        lambda x, y: (mpmath.sin(x) / x) * y + y * mpmath.ncdf(y),
        [[1e-4, 0.5], [0.99, -2.0], [1.01, 3.0], [9.0, 1.0]],
    ),
    "sigmoid(x) + y^2": (
        lambda x, y: 1 / (1 + mpmath.exp(-x)) + y**2,
        [[800.0, 1.0], [-730.0, 1.0], [0.0, 0.0]],
    ),
    "lgamma(x)*erf(y) + digamma(x*y)": (
        lambda x, y: mpmath.loggamma(x) * mpmath.erf(y) + mpmath.digamma(x * y),
        [[2.5, 0.5], [0.3, 1.5]],
    ),
    "mod(x, 3)^2 + floor(y)*x^2": (
        lambda x, y: (x - 3 * mpmath.floor(x / 3)) ** 2 + mpmath.floor(y) * x**2,
        [[4.5, 2.5], [-1.0, 0.5]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("text", SMOOTH)
def test_second_derivatives_are_exact(text: str, engine: str) -> None:
    function, points = SMOOTH[text]
    for point in points:
        found = second(f"L = {text}", dict(zip("xy", point, strict=True)), engine)
        true = numpy.array(truly(function, point))
        assert found is not None, point
        assert abs(found - true).max() <= 1e-11 * max(1, abs(true).max()), point
        assert found == pytest.approx(true, rel=1e-8, abs=1e-25 + 1e-13 * abs(true).max())


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize(
    ("text", "point"),
    [
        # a border of a choice, where those of one side say little
        ("abs(x)", {"x": 0.0}),
        ("x*abs(x)", {"x": 0.0}),
        ("x^2 + relu(x)", {"x": 0.0}),
        ("relu(x^2)", {"x": 0.0}),
        ("max(x, y)", {"x": 1.0, "y": 1.0}),
        ("max(x, y)", {"x": 1.0, "y": 1.0 + 1e-9}),  # differences would meet it
        ("hypot(x, y)", {"x": 0.0, "y": 0.0}),
        ("hypot(x, y)^3", {"x": 0.0, "y": 0.0}),
        ("if(x == 0, 0, x^3*sin(1/x))", {"x": 0.0}),
        ("if(floor(x) > 2, x^2, x)", {"x": 3.0}),
        ("x^y", {"x": 2.0, "y": 0.0}),  # x^0 has the slope 0 by x, for y alone
        # 0*inf, or a second derivative that is infinite
        ("sqrt(x)^4", {"x": 0.0}),
        ("cbrt(x)^6", {"x": 0.0}),
        ("sqrt(x^4)", {"x": 0.0}),
        ("x^1.5", {"x": 0.0}),
        ("x*sqrt(x)", {"x": 0.0}),
        ("(1e200*x)^2", {"x": 1.0}),
    ],
)
def test_where_the_graph_does_not_say_there_are_none(
    text: str, point: dict[str, float], engine: str
) -> None:
    assert second(f"L = {text}", point, engine) is None


def test_both_engines_agree_on_a_network() -> None:
    text = """
        h[k,j] = tanh(sum(w[j,i]*sin(k*i) for i in 1..2) + b[j]) for k in 1..20, j in 1..3
        L = mean((sigmoid(sum(v[j]*h[k,j] for j in 1..3)) - k/20)^2 for k in 1..20)"""
    chance = random.Random(3)
    inputs = [name for name in backprop.parse(text).names if name[0] in "wbv"]
    point = {name: chance.uniform(-1, 1) for name in inputs}
    found = [second(text, point, engine) for engine in ("python", "native")]
    assert found[0] == pytest.approx(found[1], rel=1e-12, abs=1e-15)
    assert found[0] == pytest.approx(found[0].T, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("optimizer", ["newton", "bfgs", "lbfgs", "cg"])
def test_no_differences_are_taken_where_the_chain_rule_says_all(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("differences of gradients")

    for each in (second_order, landing):
        monkeypatch.setattr(each, "by_differences", refuse)
    for name in ("rosenbrock", "beale", "booth", "wood", "box_3d", "helical_valley"):
        function = next(each for each in STANDARD_FUNCTIONS if each.name == name)
        model = backprop.parse(function.equations)
        assert model.descend(function.start, optimizer=optimizer).converged
    blurred = backprop.parse("L = 1 + (x - 1/3)^4 + (y - x^2)^2")  # others take over, and judge
    blurred.descend({"x": 2, "y": 1}, optimizer=optimizer, until_grad=0)
    top = backprop.parse("L = -x^2 - 3*(y - 2)^2 + x*y; maximize L")
    assert top.descend({"x": 0, "y": 0}, optimizer=optimizer).converged


def test_descents_of_first_order_make_no_graph_of_the_gradient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(problem.Problem, "second_derivatives", None)
    model = backprop.parse("L = (x - 1)^2 + abs(y)")
    for optimizer in ("gd", "adam"):
        assert model.descend({"x": 3, "y": 1}, optimizer=optimizer).value < 0.1


def test_the_graph_of_the_gradient_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    whole = second_derivatives.derivative_graph
    monkeypatch.setattr(
        second_derivatives, "derivative_graph", lambda *g: made.append(g) or whole(*g)
    )
    model = backprop.parse("L = (1 - x)^2 + 100*(y - x^2)^2")
    assert model.descend({"x": -1.2, "y": 1}, optimizer="newton").steps > 5
    assert len(made) == 1


@pytest.mark.parametrize("maximize", [False, True])
def test_a_large_graph_has_differences(maximize: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_derivatives, "MOST_STEPS", 3)
    sign = "-" if maximize else ""
    model = backprop.parse(f"L = {sign}((1 - x)^2 + 100*(y - x^2)^2)")
    start = {"x": -1.2, "y": 1.0}
    found = model.descend(start, optimizer="newton", maximize=maximize)
    assert found.converged
    assert found.parameters == pytest.approx({"x": 1, "y": 1}, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "start", "minimum"),
    [
        ("L = x^4", {"x": 0}, True),  # by values: its second derivative says nothing
        ("L = x^4 + y^2", {"x": 0, "y": 0}, True),
        ("L = (x - 1)^3", {"x": 1}, False),
        ("L = x^2 - y^2", {"x": 0, "y": 0}, False),
        ("L = x^2 + y^2", {"x": 0, "y": 0}, True),
        ("L = 1e10*x^2 + 1e-10*(y - 1)^2", {"x": 0, "y": 1}, True),  # whatever the units
        ("L = x^2 + 3*x*y + 3*y^2", {"x": 0, "y": 0}, True),
        ("L = x^2 + 4*x*y + 3*y^2", {"x": 0, "y": 0}, False),
        ("L = abs(x) + y^2", {"x": 0, "y": 0}, True),
        ("L = log(1 + x^2)*cosh(y) + y^2", {"x": 0, "y": 0}, True),
    ],
)
def test_what_second_derivatives_say_of_a_point_without_gradient(
    text: str, start: dict[str, float], minimum: bool
) -> None:
    found = backprop.parse(text).descend(start, optimizer="gd")
    assert found.converged == minimum, found.reason


def test_rounding_is_no_minimum() -> None:
    """(x - c)^3 multiplied out bends by nothing at c, where its gradient in doubles is 0: what the computed
    bend is worth there is rounding, of either sign."""
    chance, met = random.Random(1), 0
    for _ in range(150):
        c = round(chance.uniform(0.1, 3), 2)
        model = backprop.parse(f"L = x^3 - {3 * c!r}*x^2 + {3 * c * c!r}*x")
        if backprop.compile(model, engine="python")([c])[1][0] == 0:
            met += 1
            assert not model.descend({"x": c}, steps=3).converged, c
    assert met > 50
