"""Fits of counts: parameters and errors beside mpmath's at 40 digits, profiles, what is said and refused."""

from __future__ import annotations

import json
from math import exp, log
from pathlib import Path
from typing import Any

import mpmath
import numpy
import pytest
from scipy.optimize import minimize

import backprop
from backprop.errors import BackpropError
from running import backprop as run

T = [float(at) for at in range(10)]
N = [52, 31, 25, 14, 9, 8, 3, 2, 0, 2]

DECAY = "n ~ a*exp(-k*t) + c; a = 50; k = 0.5; c = 1"
LINE = "n ~ exp(u + v*t); u = 3; v = -0.3"
PEAK = "n ~ h*exp(-(t - m)^2/(2*s^2)) + b; h = 30; m = 5; s = 2; b = 1"
MEANS: dict[str, Any] = {
    DECAY: lambda t, a, k, c: a * mpmath.exp(-k * t) + c,
    LINE: lambda t, u, v: mpmath.exp(u + v * t),
    PEAK: lambda t, h, m, s, b: h * mpmath.exp(-((t - m) ** 2) / (2 * s**2)) + b,
}


def half_deviance(mean: Any, counts: Any, *x: Any) -> Any:
    total = mpmath.mpf(0)
    for t, n in zip(T, counts, strict=True):
        m = mean(mpmath.mpf(t), *x)
        total += m - n + (n * mpmath.log(n / m) if n else 0)
    return total


def drawn(seed: int, text: str) -> list[int]:
    chance = numpy.random.default_rng(seed)
    means = [60 * exp(-0.45 * t) + 1.5 for t in T]
    if text == PEAK:
        means = [40 * exp(-((t - 4) ** 2) / 6) + 2 for t in T]
    return [int(each) for each in chance.poisson(means)]


@pytest.mark.parametrize(
    ("text", "seed"),
    [(DECAY, None), (LINE, None), *((text, seed) for text in MEANS for seed in (1, 2, 3))],
)
def test_parameters_and_errors_are_those_of_the_likelihood(text: str, seed: int | None) -> None:
    """The gradient is 0 in 40 digits, and the covariance the inverse of the second derivatives."""
    counts = N if seed is None else drawn(seed, text)
    found = backprop.parse(text, data={"t": T, "n": counts}).fit(poisson=True)
    assert found.converged, found.verdicts
    mean, size = MEANS[text], len(found.parameters)
    with mpmath.workdps(40):

        def by(*orders: int) -> Any:
            def derivative(*x: Any) -> Any:
                order = tuple(orders.count(at) for at in range(size))
                return mpmath.diff(lambda *y: half_deviance(mean, counts, *y), x, order)

            return derivative

        right = mpmath.findroot([by(at) for at in range(size)], [*found.parameters.values()])
        second = mpmath.matrix(size)
        for at in range(size):
            for to in range(size):
                second[at, to] = by(at, to)(*right)
        inverse = second**-1
        errors = [float(mpmath.sqrt(inverse[at, at])) for at in range(size)]
        least = float(2 * half_deviance(mean, counts, *right))
    assert [*found.parameters.values()] == pytest.approx([*map(float, right)], rel=1e-6)
    assert [*found.errors.values()] == pytest.approx(errors, rel=1e-5)
    assert found.value == pytest.approx(least, rel=1e-12)


def test_counts_that_the_model_meets_exactly_have_no_deviance() -> None:
    """There a term is 0 by 0 as it is written, and its series is what counts."""
    found = backprop.parse("n ~ a*t; a = 1.3", data={"t": [1, 2, 5], "n": [3, 6, 15]}).fit(
        poisson=True
    )
    assert found.parameters["a"] == pytest.approx(3, rel=1e-9)
    assert found.value == pytest.approx(0, abs=1e-15)
    assert found.errors["a"] == pytest.approx((3 / 8) ** 0.5, rel=1e-6)  # of 24 counts over 8


def test_profiles_end_where_the_deviance_has_risen_by_the_quantile() -> None:
    found = backprop.parse(DECAY, data={"t": T, "n": N}).fit(poisson=True, intervals="profile")

    def deviance(a: float, k: float, c: float) -> float:
        total = 0.0
        for t, n in zip(T, N, strict=True):
            m = a * exp(-k * t) + c
            if m <= 0:
                return 1e9
            total += 2 * (m - n + (n * log(n / m) if n else 0))
        return total

    quantile = 3.841458820694124  # of chi-squared with 1 degree of freedom, 95 %
    for name, ends in zip(found.parameters, found.found.intervals, strict=True):
        for end in ends:
            others = [each for each in found.parameters if each != name]
            start = [found.parameters[each] for each in others]
            made = min(
                minimize(
                    lambda p: deviance(**{name: end, **dict(zip(others, p, strict=True))}),  # noqa: B023
                    numpy.array(start) + shift, method="Nelder-Mead",
                    options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20000},
                ).fun
                for shift in (0, 0.3, -0.3)
            )  # fmt: skip
            assert made - found.value == pytest.approx(quantile, rel=1e-3), (name, end)


def test_the_report_and_the_bands_of_counts(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(["t,n", *(f"{t},{n}" for t, n in zip(T, N, strict=True))]))
    out = tmp_path / "out.csv"
    line = ("fit", "-e", DECAY, "--data", str(rows), "--poisson")
    text = run(*line)
    assert text.status == 0, text.err
    assert "deviance 5.51407" in text.out
    assert (
        "standard errors of counts, by their likelihood's observed second derivatives" in text.out
    )
    assert "converged: no change of the parameters lowers the deviance" in text.out
    said = json.loads(run(*line, "--predict", str(out), "--format", "json").out)
    assert (said["loss"], said["errors_scaled"]) == ("poisson", False)
    table = numpy.genfromtxt(out, delimiter=",", names=True)
    wide = (table["data_high"] - table["data_low"]) / 2
    narrow = (table["curve_high"] - table["curve_low"]) / 2
    of_one = numpy.sqrt(wide**2 - narrow**2) / 1.959963984540054
    assert of_one == pytest.approx(numpy.sqrt(table["fit"]), rel=1e-6)


def test_counts_that_scatter_more_are_told() -> None:
    chance = numpy.random.default_rng(4)
    x = numpy.arange(60.0)
    means = 200 * chance.gamma(4, 1 / 4, 60)
    data = {"x": x, "n": chance.poisson(means).astype(float)}
    found = backprop.parse("n ~ exp(u + v*x); u = 5; v = 0", data=data).fit(poisson=True)
    assert any("the counts scatter more than" in each for each in found.verdicts)
    calm = {"x": x, "n": chance.poisson(200.0, 60).astype(float)}
    found = backprop.parse("n ~ exp(u + v*x); u = 5; v = 0", data=calm).fit(poisson=True)
    assert not any("scatter" in each for each in found.verdicts)


@pytest.mark.parametrize(
    ("text", "data", "options", "said"),
    [
        (DECAY, {"t": [0, 1, 2, 3], "n": [4, 3, -1, 2]}, {}, "what is fitted is -1 at "),
        (DECAY, {"t": [0, 1, 2], "n": [0, 0, 0]}, {}, "every count is 0"),
        ("n ~ a - t; a = 2", {"t": [0, 1, 2, 3], "n": [4, 3, 1, 2]}, {}, "the model is 0 at "),
        (DECAY, {"t": T, "n": N}, {"sigma": "1"}, "--sigma has no meaning with --poisson"),
        (DECAY, {"t": T, "n": N}, {"loss": "huber"}, "--loss has no meaning with --poisson"),
        (DECAY, {"t": T, "n": N}, {"intervals": "bootstrap"}, "--intervals bootstrap has no"),
        ("L = sum((n - a*t)^2); a = 1", {"t": T, "n": N}, {"of": "L"}, "for model statements"),
    ],
)
def test_what_are_no_counts(text: str, data: Any, options: Any, said: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(text, data=data).fit(poisson=True, **options)
    assert said in str(caught.value)


def test_a_table_read_pass_by_pass_has_expected_errors(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(["t,n", *(f"{t},{n}" for t, n in zip(T, N, strict=True))]))
    found = run(
        "fit", "-e", LINE, "--data", str(rows), "--poisson", "--memory", "100", "--format", "json"
    )
    assert found.status == 0, found.err
    said, whole = (
        json.loads(found.out),
        backprop.parse(LINE, data={"t": T, "n": N}).fit(poisson=True),
    )
    assert said["parameters"] == pytest.approx(whole.parameters, rel=1e-6)
    assert said["errors"] == pytest.approx(whole.errors, rel=0.1)
