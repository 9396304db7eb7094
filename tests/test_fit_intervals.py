"""Intervals by profiles that have no end, because the sum of squares never rises so far."""

from math import inf

import numpy
import pytest
from scipy.stats import t

import backprop

ROWS = {"x": [0.0, 1.0, 2.0, 4.0], "y": [2.1, 1.2, 0.9, 0.3]}


@pytest.mark.parametrize("sign", ["-", ""])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_rate_that_a_constant_explains_as_well_has_no_ends(sign: str, scale: float) -> None:
    """With a = 0 the model is a constant, at any b: where the sum of squares about the mean is lower than the
    interval's, there is no end. Where numbers leave the doubles was told as one."""
    rows = {"x": [each * scale for each in ROWS["x"]], "y": ROWS["y"]}
    model = backprop.parse(f"y ~ a*exp({sign}b*x) + c", data=rows)
    found = model.fit(intervals="profile")
    y = numpy.array(ROWS["y"])
    least = found.value
    risen = least + t.ppf(0.975, 1) ** 2 * least / 1
    assert ((y - y.mean()) ** 2).sum() < risen
    assert found.intervals["b"] == (-inf, inf)


def test_ends_that_there_are_stay() -> None:
    """At 50 % the sum about the mean is higher: an end on both sides, where the profile by a grid says."""
    model = backprop.parse("y ~ a*exp(-b*x) + c", data=ROWS)
    found = model.fit(intervals="profile", level=0.5)
    x, y = numpy.array(ROWS["x"]), numpy.array(ROWS["y"])
    risen = found.value * (1 + t.ppf(0.75, 1) ** 2)

    def profile(b: float) -> float:
        table = numpy.stack([numpy.exp(-b * x), numpy.ones(4)]).T
        _, (rest,), *_ = numpy.linalg.lstsq(table, y)
        return float(rest)

    low, high = found.intervals["b"]
    assert low < found.parameters["b"] < high
    for end in (low, high):
        assert profile(end) == pytest.approx(risen, rel=1e-3)


def test_the_interval_of_a_parameter_at_its_bound_begins_there() -> None:
    """It ends inside, where a grid says; what the data do not determine has its bounds."""
    x = numpy.linspace(0, 4, 20)
    y = 2 * numpy.exp(-0.7 * x) + 0.3 + 0.05 * numpy.cos(9 * x)
    model = backprop.parse("y ~ a*exp(-b*x) + c; a = 1; b = 1; c = 0.6", data={"x": x, "y": y})
    found = model.fit(intervals="profile", bounds="c=0.5..9")
    low, high = found.intervals["c"]
    assert low == found.parameters["c"] == 0.5
    risen = found.value * (1 + t.ppf(0.975, 18) ** 2 / 18)

    def profile(c: float) -> float:
        from scipy.optimize import least_squares

        def rest(z: numpy.ndarray) -> numpy.ndarray:
            return z[0] * numpy.exp(-z[1] * x) + c - y

        return float(2 * least_squares(rest, [2, 0.7], xtol=1e-14, ftol=1e-14, gtol=1e-14).cost)

    assert 0.5 < high < 9
    assert profile(high) == pytest.approx(risen, rel=1e-4)
    model = backprop.parse("y ~ a*d*exp(-b*x); a = 1 in 0..5; b = 1; d = 1", data={"x": x, "y": y})
    found = model.fit(intervals="profile")
    assert found.intervals["a"] == (0, 5)
    assert found.intervals["d"] == (-inf, inf)


def test_an_exact_fit_has_no_lower_minimum() -> None:
    """Below it lies rounding alone."""
    data = {"x": [0.0, 1, 2, 3, 4], "y": [1.0, 3, 5, 7, 9]}
    found = backprop.parse("y ~ a + b*x; a = 0; b = 0", data=data).fit(intervals="profile")
    assert not any("lower minimum" in each for each in found.verdicts)
