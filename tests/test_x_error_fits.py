"""Fits with errors of a column on the right side: by the equations of weights and parameters together, solved
by scipy; what is said and refused."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from scipy.optimize import root

import backprop
from backprop.errors import BackpropError

YORK = {
    "x": [0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4],
    "y": [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5],
    "sx": [each**-0.5 for each in (1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1)],
    "sy": [each**-0.5 for each in (1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500)],
}
"""Pearson's data with York's weights (D. York, Canadian Journal of Physics 44, 1966)."""

LINE = "y ~ a + b*x; a = 5; b = -0.5"


def settled(model: Any, slope: Any, by: Any, data: dict[str, Any], start: Any) -> tuple[Any, Any]:
    """The parameters at which sum(r*dr/dp/w^2) is 0 with the w of those parameters, and the errors of these."""
    x, y, sx, sy = (numpy.array(data[each]) for each in ("x", "y", "sx", "sy"))

    def widths(p: Any) -> Any:
        return sy**2 + (slope(p, x) * sx) ** 2

    def equations(p: Any) -> Any:
        return by(p, x) @ ((y - model(p, x)) / widths(p))

    found = root(equations, start, tol=1e-14)
    assert numpy.abs(equations(found.x)).max() < 1e-9
    inverse = numpy.linalg.inv(by(found.x, x) / widths(found.x) @ by(found.x, x).T)
    return found.x, numpy.sqrt(numpy.diagonal(inverse))


def test_york_s_data() -> None:
    found = backprop.parse(LINE, data=YORK).fit(sigma="sy", sigma_x="sx", absolute_sigma=True)
    assert found.converged, found.verdicts
    right, errors = settled(
        lambda p, x: p[0] + p[1] * x, lambda p, x: p[1] + 0 * x,
        lambda p, x: numpy.stack([1 + 0 * x, x]), YORK, [5, -0.5],
    )  # fmt: skip
    assert [*found.parameters.values()] == pytest.approx(right, rel=1e-9)
    assert [*found.errors.values()] == pytest.approx(errors, rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_a_curve_whose_slope_changes(seed: int) -> None:
    chance = numpy.random.default_rng(seed)
    x = numpy.linspace(0, 3, 25)
    sx, sy = numpy.full(25, 0.04), chance.uniform(0.02, 0.06, 25)
    seen = x + sx * chance.normal(size=25)
    y = 4 * numpy.exp(-0.8 * x) + 0.5 + sy * chance.normal(size=25)
    data = {"x": seen, "y": y, "sx": sx, "sy": sy}
    found = backprop.parse("y ~ a*exp(-k*x) + c", data=data).fit(
        values={"a": 3, "k": 1, "c": 0},
        sigma="sy", sigma_x="x = 0.04", absolute_sigma=True,
    )  # fmt: skip
    right, errors = settled(
        lambda p, x: p[0] * numpy.exp(-p[1] * x) + p[2],
        lambda p, x: -p[0] * p[1] * numpy.exp(-p[1] * x),
        lambda p, x: numpy.stack([numpy.exp(-p[1] * x), -p[0] * x * numpy.exp(-p[1] * x), 1 + 0 * x]),
        data, [*found.parameters.values()],
    )  # fmt: skip
    assert [*found.parameters.values()] == pytest.approx(right, rel=1e-8)
    assert [*found.errors.values()] == pytest.approx(errors, rel=1e-7)


def test_it_says_how_rows_are_weighed() -> None:
    found = backprop.parse(LINE, data=YORK).fit(sigma="sy", sigma_x="sx")
    assert "weights 1/((sy)² + slope²·(sx)²)" in str(found)
    assert "the slope held within a solve, until both settle" in str(found)
    assert "scaled so that reduced χ² is 1" in str(found)


def test_the_profile_has_the_weights_of_the_end() -> None:
    """Of a line with held weights it is symmetric."""
    found = backprop.parse(LINE, data=YORK).fit(
        sigma="sy", sigma_x="sx", absolute_sigma=True, intervals="profile"
    )
    for at, name in enumerate(found.parameters):
        low, high = found.found.intervals[at]
        reach = 1.959963984540054 * found.errors[name]
        assert found.parameters[name] - low == pytest.approx(reach, rel=1e-4)
        assert high - found.parameters[name] == pytest.approx(reach, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("y ~ a*x^2 + b", {"sigma_x": "0.1"}, "a residual has no error at "),
        (LINE, {"sigma_x": "z=0.1"}, "does not say of which column"),
        ("y ~ a*x + b*sx", {"sigma_x": "0.1"}, "on the right there is x, sx"),
        (LINE, {"sigma_x": "q"}, "has q in it, which is no column"),
        (LINE, {"sigma_x": "x=1+"}, "is no expression"),
        (LINE, {"sigma_x": "a"}, "a in it, which is no column, and would be fitted"),
        (LINE, {"sigma_x": "sx", "poisson": True}, "has no meaning with --poisson"),
        (LINE, {"sigma_x": "sx", "loss": "huber"}, "has no meaning with --loss"),
        (LINE, {"sigma_x": "sx", "intervals": "bootstrap"}, "have no weights by --sigma-x"),
        ("L = sum((y - a*x)^2); a = 1", {"sigma_x": "sx", "of": "L"}, "for model statements"),
    ],
)
def test_what_has_no_errors_of_x(text: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(text, data=YORK).fit(**options)
    assert said in str(caught.value)


def test_errors_of_x_are_not_below_0() -> None:
    data = {"x": [0.0, 1, 2, 3], "y": [5.0, 3, 2, 1.2]}
    model = backprop.parse("y ~ a*exp(-b*x); a = 4; b = 0.4", data=data)
    with pytest.raises(BackpropError, match=r"--sigma-x x-1 is -1 at .*: an error is not below 0"):
        model.fit(sigma_x="x-1", sigma="1")
    plain, same = model.fit(sigma="1"), model.fit(sigma="1", sigma_x="0")
    assert same.parameters == pytest.approx(plain.parameters, rel=1e-9)
