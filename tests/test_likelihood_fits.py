"""Fits of outputs that are no sums of squares, as likelihoods: beside what is known in closed form, Fisher's
scoring by NumPy, and descents in the place of Newton's method."""

from __future__ import annotations

import json
from math import exp, log, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

import mpmath
import numpy
import pytest

import backprop
from backprop.errors import BackpropError, BadOption, ChooseOutput
from backprop.fit.likelihood_profiles import LikelihoodProfiles
from running import backprop as run

NORMAL = "L = sum((y - m)^2/(2*s^2) + log(s)); m = 1; s = 1 in 0.001.."
Z = NormalDist().inv_cdf(0.975)


def numbers(count: int = 300, seed: int = 0) -> Any:
    return numpy.random.default_rng(seed).normal(2.0, 0.7, count)


def near(one: float, other: float, close: float = 1e-7) -> bool:
    return abs(one - other) <= close * max(abs(one), abs(other))


@pytest.mark.parametrize(
    "text",
    [
        NORMAL,
        NORMAL.replace("m = 1; s = 1 in", "s = 1 in"),  # without a start for m
        "L = mean((y - m)^2/(2*s^2) + log(s)); m = 1; s = 1 in 0.001..",
        "L = sum(-(y - m)^2/(2*s^2) - log(s)); maximize L; m = 1; s = 1 in 0.001..",
        "maximize L; L = mean(-(y - m)^2/(2*s^2) - log(s)); m = 1; s = 1 in 0.001..",
    ],
)
@pytest.mark.parametrize("by", ["newton", "descents"])
def test_the_normal_distribution_has_its_mean_deviation_and_their_errors(
    text: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors s/sqrt(n), s/sqrt(2n). Least by s the logarithm rises by n/2*log(1 + (m - mean)²/s²); least by m
    by n*log(s/s0) + n/2*(s0²/s² - 1)."""
    if by == "descents":
        monkeypatch.setattr(LikelihoodProfiles, "_boundary", lambda *asked: None)
    y = numbers()
    n, m, s = len(y), float(y.mean()), float(y.std())
    found = backprop.parse(text, data={"y": y}).fit(of="L", intervals="profile")
    assert found.converged
    assert near(found.parameters["m"], m)
    assert near(found.parameters["s"], s)
    assert near(found.errors["m"], s / sqrt(n))
    assert near(found.errors["s"], s / sqrt(2 * n))
    least = n * log(s) + n / 2
    shown = found.value * (-1 if "maximize" in text else 1) * (n if "mean" in text else 1)
    assert near(shown, least, 1e-12)
    next_to = next(found.objects())
    assert near(next_to["aic"], 2 * least + 4, 1e-12)
    assert near(next_to["bic"], 2 * least + 2 * log(n), 1e-12)
    low, high = dict(zip(found.found.names, found.found.intervals, strict=True))["m"]
    far = s * sqrt(exp(Z**2 / n) - 1)
    assert near(low, m - far)
    assert near(high, m + far)
    ends = dict(zip(found.found.names, found.found.intervals, strict=True))["s"]
    for end, begun in zip(ends, (0.95 * s, 1.05 * s), strict=True):
        with mpmath.workdps(30):
            right = mpmath.findroot(
                lambda t: n * mpmath.log(t / s) + n / 2 * (s**2 / t**2 - 1) - Z**2 / 2, begun
            )
        assert near(end, float(right))


def test_logistic_regression_is_that_of_fishers_scoring() -> None:
    chance = numpy.random.default_rng(3)
    x, z = chance.normal(size=(2, 500))
    y = (chance.uniform(size=500) < 1 / (1 + numpy.exp(-(0.4 + 1.1 * x - 0.6 * z)))).astype(float)
    text = "L = sum(log(1 + exp(t)) - y*t); t = a + b*x + c*z"
    model = backprop.parse(text, data={"x": x, "y": y, "z": z})
    found = model.fit(values={"a": 0, "b": 0, "c": 0}, of="L")
    columns, w = numpy.column_stack([numpy.ones(500), x, z]), numpy.zeros(3)
    for _ in range(30):
        p = 1 / (1 + numpy.exp(-columns @ w))
        bends = (columns * (p * (1 - p))[:, None]).T @ columns
        w = w + numpy.linalg.solve(bends, columns.T @ (y - p))
    assert numpy.allclose([*found.parameters.values()], w, rtol=1e-8)
    assert numpy.allclose(found.covariance, numpy.linalg.inv(bends), rtol=1e-7)


def test_counts_are_those_of_poisson() -> None:
    """Beside `--poisson`, which goes by the deviance."""
    chance = numpy.random.default_rng(4)
    x = chance.uniform(-1, 1, 200)
    data = {"x": x, "k": chance.poisson(numpy.exp(0.5 + 0.8 * x)).astype(float)}
    own = backprop.parse("L = sum(m - k*log(m)); m = exp(a + b*x); a = 0; b = 0", data=data).fit(
        of="L", intervals="profile"
    )
    right = backprop.parse("k ~ exp(a + b*x); a = 0; b = 0", data=data).fit(
        poisson=True, intervals="profile"
    )
    for name in "ab":
        assert near(own.parameters[name], right.parameters[name])
        assert near(own.errors[name], right.errors[name])
    for mine, theirs in zip(own.found.intervals, right.found.intervals, strict=True):
        assert near(mine.low, theirs.low, 1e-5)
        assert near(mine.high, theirs.high, 1e-5)


def test_combinations_that_are_not_determined_are_named() -> None:
    found = backprop.parse("L = sum(cosh(y - a*c)); a = 1; c = 1", data={"y": numbers()}).fit(
        of="L"
    )
    assert "only a*c is determined: a and c can vary together" in found.verdicts
    assert numpy.isnan(found.covariance).all()
    text = "L = sum(cosh(y - a*c^2) + cosh(d - y)); a = 1; c = 2; d = 1"
    found = backprop.parse(text, data={"y": numbers()}).fit(of="L")
    assert "only a*c^2 is determined: a and c can vary together" in found.verdicts
    y, d = numbers(), found.parameters["d"]
    assert near(found.errors["d"], 1 / sqrt(float(numpy.cosh(d - y).sum())))
    found = backprop.parse("L = sum(abs(y - a)); a = 1", data={"y": numbers()}).fit(of="L")
    assert any(each.startswith("no standard errors") for each in found.verdicts)


def test_bounds_hold_and_are_told() -> None:
    text = NORMAL.replace("in 0.001..", "in 0.9..5")
    found = backprop.parse(text, data={"y": numbers()}).fit(of="L", intervals="profile")
    y = numbers()
    assert found.parameters["s"] == 0.9
    assert "s is at its bound 0.9: -ln(likelihood) falls beyond" in found.verdicts
    assert numpy.isnan(found.errors["s"])
    assert near(found.errors["m"], 0.9 / sqrt(len(y)))
    mean = float(y.mean())
    assert near(found.found.intervals[0].low, mean - Z * 0.9 / sqrt(len(y)))
    # an end beyond a bound is the bound
    near_by = f"{mean - 0.01}..{mean + 1}"
    text = NORMAL.replace("m = 1", f"m = {mean} in {near_by}")
    found = backprop.parse(text, data={"y": y}).fit(of="L", intervals="profile")
    assert found.found.intervals[0].low == mean - 0.01


def test_what_is_no_likelihood_does_not_converge(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y\n" + "".join(f"{each!r}\n" for each in numbers().tolist()))
    ran = run("fit", "-e", "L = sum(y*a); a = 1", "--of", "L", "--data", str(path))
    assert ran.status == 1
    assert "not converged: falls without end" in ran.out
    ran = run("fit", "-e", NORMAL, "--of", "L", "--data", str(path), "--steps", "1")
    assert ran.status == 1
    assert "not converged" in ran.out


def test_the_command_says_what_was_taken_as_what(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y\n" + "".join(f"{each!r}\n" for each in numbers().tolist()))
    given = "-e", NORMAL, "--of", "L", "--data", str(path)
    ran = run("fit", *given)
    assert "L is taken as -ln(likelihood)" in ran.out
    assert "standard errors by the inverse of its second derivatives" in ran.out
    assert "300 rows, 2 parameters\n" in ran.out
    held = json.loads(run("fit", *given, "--format", "json").out)
    assert held["loss"] == "likelihood"
    assert held["reduced_chi2"] == "nan"
    streamed = json.loads(run("fit", *given, "--format", "json", "--memory", "1K").out)
    assert streamed["rows"] == held["rows"] == 300
    for key in ("parameters", "errors"):
        for name in "ms":
            assert near(streamed[key][name], held[key][name])
    steps = run("fit", *given, "--trace").err.splitlines()
    assert near(float(steps[-1].split()[1]), held["value"])
    saved = run("fit", *given, "--save", "-").out
    assert f"m = {held['parameters']['m']!r}" in saved
    for more, said in (
        (["--corner", str(tmp_path / "c.svg")], "contours are of sums of squares, and L is none"),
        (["--predict", str(tmp_path / "p.csv")], "only a model statement says something of single"),
        (["--intervals", "bootstrap"], "samples of rows are fitted by squares"),
        (["--sigma-x", "1"], "--sigma-x weighs residuals, and there are none"),
        (["--sigma", "1"], "--sigma is for model statements"),
    ):
        ran = run("fit", *given, *more)
        assert ran.status
        assert said in ran.err
    assert not [*tmp_path.glob("*.svg")]


def test_groups_and_several_starts(tmp_path: Path) -> None:
    y = numbers()
    group = ["even", "odd"] * 150
    text = NORMAL
    found = backprop.parse(text, data={"y": y, "g": group}).fit(of="L", by="g: m, s", starts=3)
    for at, name in enumerate(["even", "odd"]):
        part = y[at::2]
        assert near(found.parameters[f"m[{name}]"], float(part.mean()))
        assert near(found.errors[f"s[{name}]"], float(part.std()) / sqrt(300))
    assert "3 starts, of which 3 ended here: no other minimum was found" in found.verdicts


def test_rows_and_a_value_at_the_start_are_needed() -> None:
    with pytest.raises(ChooseOutput, match="fit is for rows of data"):
        backprop.parse("L = exp(a) - a; a = 1").fit(of="L")
    with pytest.raises(BackpropError, match="no value"):
        backprop.parse("L = sum(log(a*y) + y/a); a = -1", data={"y": [1.0, 2.0]}).fit(of="L")
    with pytest.raises(BadOption):
        backprop.parse(NORMAL, data={"y": numbers()}).fit(of="L", intervals="bootstrap")
