"""Fits: model statements, NIST's certified parameters and deviations, verdicts, the command and the library."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from math import isnan, sqrt
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop
from backprop.errors import BackpropError, NeedsData
from certified_fits import MODELS, certified_fits
from running import backprop as run

CERTIFIED = {fit.name: fit for fit in certified_fits()}

QUICK = "BoxBOD Chwirut2 DanWood Lanczos1 MGH10 Misra1a Nelson Rat43 Thurber".split()
"""Those that every run fits: of each level of difficulty some, and all that need a second run."""


def columns_of(name: str) -> dict[str, Any]:
    """The table of a problem, as `refnx` has it."""
    text = _text(name)
    found = re.search(r"Data\s+\(lines\s+(\d+)\s+to\s+(\d+)\)", text)
    assert found
    lines = text.splitlines()[int(found[1]) - 1 : int(found[2])]
    rows = numpy.array([[float(cell) for cell in line.split()] for line in lines if line.strip()])
    return dict(zip("yxz", rows.T, strict=False))


def deviations(name: str) -> dict[str, float]:
    """The certified standard deviations of a problem's parameters."""
    found = re.findall(r"^\s*(b\d) =.*?([\d.E+-]+)\s*$", _text(name), re.M)
    return {each: float(number) for each, number in found}


def _text(name: str) -> str:
    folder = files("refnx").joinpath("analysis", "tests", "NIST_STRD")
    return folder.joinpath(f"{name}.dat").read_text("utf-8")


def certified(name: str, start: int) -> None:
    """Parameters to 6 digits, deviations to 4, the sum of squares to 8; of Lanczos1, whose data are exact to
    rounding, deviations and the sum of squares to 2."""
    problem = CERTIFIED[name]
    left = "log(y)" if name == "Nelson" else "y"
    model = backprop.parse(f"{left} ~ {MODELS[name]}", data=columns_of(name))
    found = model.fit(values=problem.starts[start])
    assert found.converged, found.verdicts
    exact = name == "Lanczos1"
    assert found.parameters == pytest.approx(problem.parameters, rel=1e-6)
    assert found.errors == pytest.approx(deviations(name), rel=1e-2 if exact else 1e-4)
    assert found.value == pytest.approx(problem.least, rel=1e-2 if exact else 1e-8, abs=0)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", QUICK)
def test_certified_parameters_and_deviations(name: str, start: int) -> None:
    certified(name, start)


@pytest.mark.whole
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", sorted(CERTIFIED.keys() - {*QUICK}))
def test_so_have_the_others(name: str, start: int) -> None:
    certified(name, start)


# --------------------------------------------------------------------------- statements


DATA = {"x": [0.0, 1, 2, 3, 4], "y": [5, 3, 2, 1.2, 0.7], "s": [0.1, 0.1, 0.2, 0.1, 0.1]}


@pytest.mark.parametrize(
    ("statement", "equation"),
    [
        ("y ~ a*exp(-b*x)", "sum((y - a*exp(-b*x))^2)"),
        ("y ~ a - b*x", "sum((y - (a - b*x))^2)"),
        ("log(y) ~ a - b*x", "sum((log(y) - (a - b*x))^2)"),
        ("y/a ~ exp(-b*x)", "sum((y/a - exp(-b*x))^2)"),
        ("m = a*exp(-b*x); y ~ m", "sum((y - a*exp(-b*x))^2)"),
    ],
)
def test_a_model_statement_is_a_sum_of_squares(statement: str, equation: str) -> None:
    found = backprop.parse(statement, data=DATA).grad(a=4, b=0.3)
    right = backprop.parse(f"residuals = {equation}", data=DATA).grad(a=4, b=0.3)
    assert found.output == "residuals"
    assert found.value == right.value
    assert found.gradients["a"] == pytest.approx(right.gradients["a"], rel=1e-14)
    assert found.gradients["b"] == pytest.approx(right.gradients["b"], rel=1e-14)


def test_several_statements_are_added_up() -> None:
    model = backprop.parse("y ~ a*exp(-b*x); log(y) ~ c - b*x", data=DATA)
    found = model.grad(a=4, b=0.3, c=1)
    assert found.value == found.data["residuals_y"] + found.data["residuals_2"]
    x, y = numpy.array(DATA["x"]), numpy.array(DATA["y"])
    right = ((y - 4 * numpy.exp(-0.3 * x)) ** 2).sum() + ((numpy.log(y) - 1 + 0.3 * x) ** 2).sum()
    assert found.value == pytest.approx(right, rel=1e-14)


def test_a_model_of_members_needs_no_table() -> None:
    text = "x[i] = i for i in 1..3; y[i] = 2*i for i in 1..3; y[i] ~ a*x[i] for i in 1..3; a = 1"
    assert backprop.parse(text).grad().value == 14


def test_the_other_commands_read_model_statements(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")
    line = ("-e", "y ~ a*exp(-b*x)", "--data", str(rows), "--set", "a=5, b=0.5")
    assert "sum((y - a*exp(-b*x))^2)" in run("grad", *line).out
    assert "all 2 gradients agree" in run("check", *line).out
    assert "∂residuals/∂a" in run("explain", *line, "--only", "a").out
    assert "the gradient is not 0" in run("hessian", *line).out
    found = run("descend", *line, "--format", "json")
    assert json.loads(found.out)["value"] == pytest.approx(0.0151938721, rel=1e-8)


# ---------------------------------------------------------------------------- the numbers


def test_a_line_has_the_errors_of_the_text_book() -> None:
    """y = a + b*x: the closed formulas of every text book on regression."""
    chance = numpy.random.default_rng(1)
    x = numpy.linspace(0, 10, 30)
    y = 2 - 0.7 * x + chance.normal(size=30)
    found = backprop.parse("y ~ a + b*x", data={"x": x, "y": y}).fit(values={"a": 0, "b": 0})
    middle, spread = x.mean(), ((x - x.mean()) ** 2).sum()
    slope = ((x - middle) * (y - y.mean())).sum() / spread
    start = y.mean() - slope * middle
    rest = ((y - start - slope * x) ** 2).sum()
    s = sqrt(rest / 28)
    assert found.parameters == pytest.approx({"a": start, "b": slope}, rel=1e-12)
    right = {"a": s * sqrt(1 / 30 + middle**2 / spread), "b": s / sqrt(spread)}
    assert found.errors == pytest.approx(right, rel=1e-12)
    assert found.correlations[0, 1] == pytest.approx(
        -middle / sqrt(spread / 30 + middle**2), rel=1e-12
    )
    (written,) = found.objects()
    assert written["r_squared"] == pytest.approx(1 - rest / ((y - y.mean()) ** 2).sum(), rel=1e-12)
    assert written["aic"] == pytest.approx(30 * numpy.log(rest / 30) + 4, rel=1e-12)
    assert written["dof"] == 28


def peaks(x: Any, a: float, b: float, c: float, d: float) -> Any:
    return a * numpy.exp(-(((x - b) / c) ** 2)) + d


@pytest.mark.parametrize("absolute", [False, True])
def test_weights_and_errors_are_those_of_curve_fit(absolute: bool) -> None:
    from scipy.optimize import curve_fit

    chance = numpy.random.default_rng(3)
    x = numpy.linspace(-3, 3, 60)
    s = 0.05 + 0.05 * numpy.abs(x)
    y = peaks(x, 2, 0.3, 1.1, 0.5) + s * chance.normal(size=60)
    start = {"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.0}
    model = backprop.parse("y ~ a*exp(-((x - b)/c)^2) + d", data={"x": x, "y": y, "s": s})
    found = model.fit(values=start, sigma="s", absolute_sigma=absolute)
    right, covariance = curve_fit(
        peaks, x, y, [*start.values()], s, absolute, ftol=1e-15, xtol=1e-15, gtol=1e-15
    )
    assert [*found.parameters.values()] == pytest.approx(right.tolist(), rel=1e-7)
    assert found.covariance == pytest.approx(covariance, rel=1e-5, abs=1e-12)
    (written,) = found.objects()
    assert written["errors_scaled"] is not absolute


def test_two_statements_of_two_tables_are_fitted_together(tmp_path: Path) -> None:
    """The parameters that both have in common are those of all rows: by least squares in closed form."""
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("x,y\n0,1.1\n1,2.9\n2,5.2\n")
    other.write_text("t,z\n0,0.2\n1,1.9\n3,6.1\n4,8.0\n")
    files_ = "--data", str(one), "--data", str(other)
    text = "y ~ a + b*x; z ~ b*t"
    found = json.loads(run("fit", "-e", text, *files_, "--format", "json").out)
    matrix = numpy.array([[1, 0], [1, 1], [1, 2], [0, 0], [0, 1], [0, 3], [0, 4.0]])
    right = numpy.array([1.1, 2.9, 5.2, 0.2, 1.9, 6.1, 8.0])
    solution, rest, *_ = numpy.linalg.lstsq(matrix, right, rcond=None)
    assert found["parameters"] == pytest.approx(dict(zip("ab", solution, strict=True)), rel=1e-10)
    assert found["value"] == pytest.approx(float(rest[0]), rel=1e-10)
    assert found["output"] == "residuals"


@pytest.mark.parametrize(("sigma", "level"), [("", 0.95), ("", 0.6827), ("s", 0.6827)])
def test_profile_intervals_end_where_the_least_sum_has_risen(sigma: str, level: float) -> None:
    """By scipy's minimum over the other parameter, at each end."""
    from scipy.optimize import minimize_scalar
    from scipy.stats import norm, t

    x, y, s = (numpy.array(DATA[name]) for name in "xys")
    by = s if sigma else 1.0
    model = backprop.parse("y ~ a*exp(-b*x)", data=DATA)
    found = model.fit(sigma=sigma, absolute_sigma=bool(sigma), intervals="profile", level=level)
    side = (1 + level) / 2
    reach = norm.ppf(side) if sigma else t.ppf(side, 3)
    rise = reach**2 * (1.0 if sigma else found.value / 3)
    (written,) = found.objects()

    def squares(a: float, b: float) -> float:
        return float((((y - a * numpy.exp(-b * x)) / by) ** 2).sum())

    for end in written["intervals"]["a"]:
        least = minimize_scalar(lambda b, a=end: squares(a, b), (0.3, 0.5, 0.7), tol=1e-12)
        assert least.fun - found.value == pytest.approx(rise, rel=1e-4)
    for end in written["intervals"]["b"]:
        shape = numpy.exp(-end * x) / by  # a is linear
        a = (shape @ (y / by)) / (shape @ shape)
        assert squares(a, end) - found.value == pytest.approx(rise, rel=1e-4)


def test_intervals_of_a_line_are_symmetric_and_samples_agree() -> None:
    chance = numpy.random.default_rng(1)
    x = numpy.linspace(0, 10, 60)
    model = backprop.parse("y ~ a + b*x", data={"x": x, "y": 2 - 0.7 * x + chance.normal(size=60)})
    found = model.fit(intervals="profile", level=0.6827)
    (profile,) = found.objects()
    (boot,) = model.fit(intervals="bootstrap", level=0.6827).objects()
    for name, number in found.parameters.items():
        low, high = profile["intervals"][name]
        assert number - low == pytest.approx(high - number, rel=1e-5)
        assert high - number == pytest.approx(found.errors[name], rel=0.02)  # t of 58
        low, high = boot["intervals"][name]
        assert (high - low) / 2 == pytest.approx(found.errors[name], rel=0.25)


def test_r_squared_is_about_the_mean_of_what_is_written_on_the_left() -> None:
    """Brackets that a person writes are no weights; those of --sigma weigh the mean, too."""
    x, y, s = (numpy.array(DATA[name]) for name in "xys")
    for sigma, left, by in (("", "(y)/(s)", 1.0), ("s", "y", s)):
        found = backprop.parse(f"{left} ~ a + b*x", data=DATA).fit(sigma=sigma)
        seen = y / s if left != "y" else y
        weight = 1 / numpy.broadcast_to(by, 5) ** 2
        mean = (weight * seen).sum() / weight.sum()
        total = (weight * (seen - mean) ** 2).sum()
        right = numpy.polynomial.polynomial.polyfit(x, seen, 1, w=weight**0.5)
        rest = (weight * (seen - right[0] - right[1] * x) ** 2).sum()
        (written,) = found.objects()
        assert written["r_squared"] == pytest.approx(1 - rest / total, rel=1e-10)


def test_what_is_determined_has_its_band_although_parameters_are_not(tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n4,0.7\n")
    bands = []
    for model in ("a*exp(-b*x)", "a*c*exp(-b*x)"):
        line = ("fit", "-e", f"y ~ {model}", "--data", str(rows), "--set", "a=2, b=0.3")
        assert run(*line, *(("--set", "c=2") * ("c*" in model)), "--predict", str(out)).status == 0
        lines = [each.split(",") for each in out.read_text().splitlines()[1:]]
        bands.append(numpy.array(lines, float))
    assert bands[1] == pytest.approx(bands[0], rel=1e-6, abs=1e-7)


def test_a_lower_minimum_on_the_way_is_told() -> None:
    """A profile at a point which is none: by the other parameter it is lower."""
    from backprop.fit.fit_points import Bounded, fit_point
    from backprop.fit.found_fit import lower_words
    from backprop.fit.intervals import Profiles

    x = numpy.arange(5.0)

    def make(parameters: Any) -> Any:
        a, b = parameters
        columns = numpy.stack([numpy.ones(5), x, a + b * x - (1 + 2 * x)], axis=1)
        return numpy.linalg.qr(columns, mode="r")

    here, wide = fit_point(numpy.array([1.0, 1.5]), make), numpy.full(2, numpy.inf)
    assert here
    found = Profiles(make, here, numpy.array([0.1, 0.1]), Bounded(-wide, wide), 2.0, 1.0)
    found.intervals()
    assert found.lower
    assert found.lower.squares < here.squares
    assert lower_words("ab", found.lower).startswith("there is a lower minimum, ")


def test_many_residuals_without_a_table_are_looked_at_too() -> None:
    text = "n = 20010; x[i] = i/n for i in 1..n; y[i] = 2*x[i] + sin(i) for i in 1..n; "
    found = backprop.parse(f"{text}y[i] ~ a*x[i] for i in 1..n; a = 1").fit()
    x = numpy.arange(1, 20011) / 20010
    y = 2 * x + numpy.sin(numpy.arange(1, 20011))
    assert found.parameters["a"] == pytest.approx(float(x @ y / (x @ x)), rel=1e-10)
    assert any("not random" in each for each in found.verdicts)


def test_sizes_from_outside_are_those_of_the_fit_too() -> None:
    text = "const p[i] = i for i in 1..k; k = 2; y ~ a*x*sum(p[i] for i in 1..k)"
    data = {"x": [1.0, 2, 3], "y": [6.0, 12, 18.3]}
    one = backprop.parse(text, data=data).fit().parameters["a"]
    other = backprop.parse(text, data=data, sizes={"k": 3}).fit().parameters["a"]
    assert one == pytest.approx(2 * other, rel=1e-10)  # 1 + 2, and 1 + 2 + 3


# --------------------------------------------------------------------------- the verdicts


VERDICTS = [
    # (model, bounds, what is said)
    ("y ~ a*c*exp(-b*x)", None, "only a*c is determined: a and c can vary together"),
    ("y ~ a/c*exp(-b*x)", None, "only a/c is determined: a and c can vary together"),
    ("y ~ a*exp(-b*x) + c + d", None, "only c + d is determined"),
    ("y ~ a*exp(-b*x) + c - 2*d", None, "only c - 2*d is determined"),
    ("y ~ a*c^2*exp(-b*x)", None, "only a*c^2 is determined"),
    ("y ~ a*exp(-b*x) + 0*c", None, "the data do not determine c"),
    ("y ~ a*exp(-b*x)", "b=0..0.3", "b is at its bound 0.3: the sum of squares falls beyond"),
]


@pytest.mark.parametrize(("text", "bounds", "said"), VERDICTS)
def test_what_data_do_not_determine_is_named(text: str, bounds: str | None, said: str) -> None:
    start = {"a": 3, "b": 0.2, "c": 1.5, "d": 0.3}
    model = backprop.parse(text, data=DATA)
    given = {name: number for name, number in start.items() if name in model.inputs}
    found = model.fit(values=given, bounds=bounds)
    assert any(said in each for each in found.verdicts), found.verdicts
    assert found.converged


def test_residuals_in_runs_and_outliers_are_told() -> None:
    x = numpy.linspace(0, 6, 60)
    wave = backprop.parse("y ~ a + b*x", data={"x": x, "y": numpy.sin(x)}).fit()
    assert any("not random" in each for each in wave.verdicts)
    y = 1 + 2 * x + 0.1 * numpy.random.default_rng(2).normal(size=60)
    plain = backprop.parse("y ~ a + b*x", data={"x": x, "y": y}).fit()
    assert not any("not random" in each or "outlier" in each for each in plain.verdicts)
    y[17] += 3
    odd = backprop.parse("y ~ a + b*x", data={"x": x, "y": y}).fit()
    assert any("an outlier: <data>, row 18" in each for each in odd.verdicts), odd.verdicts


def test_a_plateau_is_no_minimum() -> None:
    found = backprop.parse("y ~ floor(a*x)", data=DATA).fit(values={"a": 1.2})
    assert not found.converged
    assert "plateau" in found.verdicts[0]


def test_columns_of_text_families_of_parameters_and_tables_larger_than_memory(
    tmp_path: Path,
) -> None:
    """Two groups with their own start and one slope, three ways to say it."""
    rows = tmp_path / "rows.csv"
    chance = numpy.random.default_rng(5)
    lines = ["x,y,county,site"]
    for at in range(40):
        county = 1 + at % 2
        x = at / 10
        y = 0.5 * county + 1.3 * x + 0.1 * chance.normal()
        lines.append(f"{x},{y},{county},{'ns'[county - 1]}")
    rows.write_text("\n".join(lines) + "\n")
    out = tmp_path / "out.csv"
    line = ("fit", "--data", str(rows), "--format", "json", "-e")
    text = 'y ~ if(site == "n", a, c) + b*x'
    one = json.loads(run(*line, text, "--predict", str(out)).out)
    other = json.loads(run(*line, "alpha[i] = 0 for i in 1..2; y ~ alpha[county] + b*x; b = 1").out)
    assert one["value"] == pytest.approx(other["value"], rel=1e-12)
    assert one["parameters"]["a"] == pytest.approx(other["parameters"]["alpha[1]"], rel=1e-9)
    assert one["errors"]["c"] == pytest.approx(other["errors"]["alpha[2]"], rel=1e-9)
    assert out.read_text().startswith("y,site,x,fit,residual")
    text = "y ~ a*exp(-b*x) + c; a = -2; b = 0.3; c = 3"
    small = json.loads(run(*line, text).out)
    large = json.loads(run(*line, text, "--memory", "1").out)
    assert large["parameters"] == pytest.approx(small["parameters"], rel=1e-7)
    assert large["errors"] == pytest.approx(small["errors"], rel=1e-7)


def test_a_left_side_without_a_column_is_no_model() -> None:
    with pytest.raises(NeedsData, match="no column of data stands on the left"):
        backprop.parse("w ~ a + b*x", data=DATA).fit()


def test_as_many_parameters_as_rows_have_no_errors() -> None:
    found = backprop.parse("y ~ a + b*x", data={"x": [0, 1], "y": [1, 3]}).fit()
    assert found.parameters == pytest.approx({"a": 1, "b": 2})
    assert all(map(isnan, found.errors.values()))
    assert any("as many parameters as rows" in each for each in found.verdicts)


@pytest.mark.parametrize(
    ("text", "data", "options", "error", "said"),
    [
        (
            "y ~ a + b*x",
            {"x": [1], "y": [1]},
            {},
            NeedsData,
            "1 row does not determine 2 parameters",
        ),
        (
            "y ~ a*log(x)",
            DATA,
            {"values": {"a": 1}},
            BackpropError,
            "log(x) has no value at x[1] = 0",
        ),
        ("y ~ a*x", DATA, {"sigma": "x"}, BackpropError, "an error of data is more than 0"),
        ("y ~ a*x", DATA, {"sigma": "1/x"}, BackpropError, "--sigma 1/x has no finite value"),
        ("y ~ a*x", DATA, {"sigma": "0"}, BackpropError, "--sigma 0 is 0 at"),
        ("y ~ a*x", DATA, {"sigma": "1 +"}, BackpropError, "is no expression"),
        ("y ~ a*x", DATA, {"sigma": "q"}, BackpropError, "has q in it, which is no column"),
        ("y ~ a*x", DATA, {"sigma": "a"}, BackpropError, "has a in it, which is no column"),
        ("y ~ a + b*x", DATA, {"only": ["a"]}, BackpropError, "the input b has no value"),
        ("y ~ 2*x", DATA, {}, BackpropError, "nothing is free to move"),
    ],
)
def test_bad_data_and_impossible_models_have_one_message(
    text: str, data: dict[str, Any], options: dict[str, Any], error: Any, said: str
) -> None:
    with pytest.raises(error) as caught:
        backprop.parse(text, data=data).fit(**options)
    assert said in caught.value.message


def test_a_file_with_residuals_of_its_own_is_fitted_by_these() -> None:
    """Its model statements have no part in anything: not in R², weights or predictions."""
    text = "y ~ a*exp(-b*x); a = 4; b = 1; residuals = sum((y - a)^2)"
    found = backprop.parse(text, data=DATA).fit()
    assert found.parameters == pytest.approx({"a": 2.38}, rel=1e-12)
    assert isnan(found.found.statistics.r_squared)
    assert not found.models
    for options in ({"sigma": "s"}, {"poisson": True}, {"loss": "huber"}):
        with pytest.raises(BackpropError, match="is for model statements"):
            backprop.parse(text, data=DATA).fit(**options)  # type: ignore[arg-type]
    with pytest.raises(BackpropError, match="only a model statement"):
        found.predict()


def test_a_product_of_a_thing_with_itself_is_its_square() -> None:
    start = {"a": 4.0, "b": 0.4}
    one, other = (
        backprop.parse(f"r = y - a*exp(-b*x); L = {gathered}", data=DATA).fit(values=start, of="L")
        for gathered in ("sum(r*r)", "sum(r^2)")
    )
    assert one.parameters == other.parameters
    assert one.errors == other.errors
    for gathered in ("sum(r*a*r)", "sum(2*r*r)", "sum(r*r + r*r)", "sum(r + r*r + r)"):
        made = backprop.parse(f"r = y - a*exp(-b*x); L = {gathered}", data=DATA)
        assert made.fit(values=start, of="L").found.likelihood


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y ~ a*exp(-b*x); z ~ a", "no column of data stands on the left of this model: z"),
        ("y ~ normal(a, b)", "a distribution with parameters is not computed yet"),
    ],
)
def test_what_is_no_model_of_columns(text: str, said: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")
    ran = run("fit", "-e", text, "--data", str(rows))
    assert (ran.status, said in ran.err) == (1, True)


def test_a_number_that_nothing_uses_is_told() -> None:
    data = {"x": [1.0, 2, 3], "y": [2.0, 4, 7]}
    found = backprop.parse("y ~ a*x + b; c = 1; const g = 2; k = 3; m = k^2", data=data).fit()
    assert [each for each in found.verdicts if "nothing uses" in each] == [
        "nothing uses c: it is not fitted"
    ]
    with pytest.raises(BackpropError) as error:
        backprop.parse("y ~ 2*x", data=data).fit()
    assert error.value.hints == ("give what is to be found a name: y ~ a*x",)


# ---------------------------------------------------------------------------- the command


def test_the_command_saves_what_it_found_and_reads_it_back(tmp_path: Path) -> None:
    rows, model, kept = (tmp_path / name for name in ("rows.csv", "model.eq", "fit.json"))
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")
    model.write_text("# decay\na = 4 in 0..10\nb = 1\ny ~ a*exp(-b*x)\n")
    line = (str(model), "--data", str(rows))
    ran = run("fit", *line, "--format", "json", "-o", str(kept), "--save", str(model))
    assert ran.status == 0
    found = json.loads(kept.read_text())
    text = model.read_text()
    assert text.startswith("# decay\na = 4.97")
    assert "in 0..10" in text
    assert "y ~ a*exp(-b*x)" in text
    again = json.loads(run("grad", *line, "--values", str(kept), "--format", "json").out)
    assert again["value"] == pytest.approx(found["value"], rel=1e-12)
    assert again["gradients"]["a"] == pytest.approx(0, abs=1e-8)


def test_formats(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")
    line = ("fit", "-e", "y ~ a*exp(-b*x)", "--data", str(rows))
    assert "4.971" in run(*line, "--format", "markdown").out
    assert "4.971" in run(*line, "--format", "latex").out
    first, second, *_ = run(*line, "--format", "csv").out.splitlines()
    assert first == "name,value,error,start"
    assert float(second.split(",")[1]) == pytest.approx(4.970612873796, rel=1e-9)
    assert "  0  " in run(*line, "--trace").err


@pytest.mark.parametrize("absolute", [False, True])
def test_predictions_have_the_bands_of_the_text_book(tmp_path: Path, absolute: bool) -> None:
    """Of a line: t*s*sqrt(1/n + (x - mean)^2/S), and with 1 more below the root for further data."""
    from scipy.stats import norm, t

    chance = numpy.random.default_rng(1)
    x = numpy.linspace(0, 10, 20)
    y = 2 - 0.7 * x + chance.normal(size=20)
    rows, grid, out = (tmp_path / name for name in ("rows.csv", "grid.csv", "out.csv"))
    rows.write_text("x,y\n" + "".join(f"{a},{b}\n" for a, b in zip(x, y, strict=True)))
    grid.write_text("x\n-1\n4\n12\n")
    line = (
        "fit",
        "-e",
        "y ~ a + b*x",
        "--data",
        str(rows),
        "--predict",
        str(out),
        "--level",
        "0.9",
    )
    more = ("--sigma", "1.5", "--absolute-sigma") if absolute else ()
    for at, points in ((), x), (("--at", str(grid)), numpy.array([-1.0, 4, 12])):
        assert run(*line, *more, *at).status == 0
        head, *lines = out.read_text().splitlines()
        names = head.split(",")
        found = {n: [float(each.split(",")[k]) for each in lines] for k, n in enumerate(names)}
        spread = ((x - x.mean()) ** 2).sum()
        b = ((x - x.mean()) * (y - y.mean())).sum() / spread
        value = y.mean() + b * (points - x.mean())
        s = 1.5 if absolute else sqrt(((y - y.mean() - b * (x - x.mean())) ** 2).sum() / 18)
        wide = (norm.ppf(0.95) if absolute else t.ppf(0.95, 18)) * s
        share = 1 / 20 + (points - x.mean()) ** 2 / spread
        assert found["x"] == pytest.approx(points.tolist())
        assert found["fit"] == pytest.approx(value.tolist(), rel=1e-10)
        assert found["curve_high"] == pytest.approx((value + wide * share**0.5).tolist(), rel=1e-9)
        high = value + wide * (1 + share) ** 0.5
        assert found["data_high"] == pytest.approx(high.tolist(), rel=1e-9)
        assert ("residual" in found) is (not at)
        if not at:
            assert found["residual"] == pytest.approx((y - value).tolist(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_picture_has_data_curve_and_bands(tmp_path: Path, ending: str) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / f"fit.{ending}"
    rows.write_text("x,y,s\n0,5,1\n1,3,1\n2,2,2\n3,1.2,1\n")
    line = ("fit", "-e", "y ~ a*exp(-b*x)", "--data", str(rows), "--plot", str(out))
    for more in ((), ("--sigma", "s"), ("--transparent",)):
        assert run(*line, *more).status == 0
        assert out.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r", b"%PDF-")
    ran = run(*line[:-1], str(tmp_path / "fit.bmp"))
    assert (ran.status, "its ending says no format" in ran.err) == (2, True)


def test_a_picture_along_one_column_and_of_several(tmp_path: Path) -> None:
    from backprop.fit_options import complete
    from backprop.fit_pictures import picture_of
    from backprop.fitted import prepared
    from backprop.inputs import Inputs

    rows = tmp_path / "rows.csv"
    rows.write_text("x,z,y\n0,1,5\n1,2,3\n2,0,2\n3,1,1.2\n4,3,0.9\n")
    one = prepared(Inputs(expressions=["y ~ a*exp(-b*x)"], data=[str(rows)]), complete({}))
    (found,) = picture_of(one, one.run().found, 0.95).panels
    (curve,) = found.curves
    assert (found.right, curve.along[0], curve.along[-1]) == ("x", 0, 4)
    assert found.observed.tolist() == pytest.approx([5, 3, 2, 1.2, 0.9])
    two = prepared(Inputs(expressions=["y ~ a + b*x + c*z"], data=[str(rows)]), complete({}))
    (found,) = picture_of(two, two.run().found, 0.95).panels
    assert (found.curves, found.right, found.label) == ((), "fitted", "y = fitted")


def test_other_rows_need_the_columns_of_the_model_and_no_condition(tmp_path: Path) -> None:
    rows, grid, out = (tmp_path / name for name in ("rows.csv", "grid.csv", "out.csv"))
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")
    line = (
        "fit",
        "-e",
        "y ~ a + b*x",
        "--data",
        str(rows),
        "--where",
        "y > 1",
        "--predict",
        str(out),
    )
    grid.write_text("x\n7\n")
    assert run(*line, "--at", str(grid)).status == 0
    grid.write_text("z\n7\n")
    ran = run(*line, "--at", str(grid))
    assert (ran.status, "there is no column x, which the model has" in ran.err) == (1, True)


def test_an_equation_of_a_column_is_told_how_a_model_is_written(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n")
    ran = run("fit", "-e", "y = a*exp(-b*x)", "--data", str(rows))
    assert (ran.status, "write y ~ a*exp(-b*x)" in ran.err) == (1, True)
    ran = run("fit", "-e", "y ~ a*exp(-b*t)", "--data", str(rows))
    assert "is the same in every row: the columns are x, y" in ran.out
    for text in ("y ~ a", "m = a*x; y ~ m + b", "y ~ a*exp(-b*x)"):
        assert "same in every row" not in run("fit", "-e", text, "--data", str(rows)).out


def test_nothing_to_fit_is_told() -> None:
    ran = run("fit", "-e", "L = a^2")
    assert (ran.status, "nothing says what is to be fitted" in ran.err) == (1, True)
    ran = run("fit", "-e", "y ~ ")
    assert (ran.status, "missing after '~'" in ran.err) == (2, True)
    ran = run("fit", "-e", "y ~ a*x", "--level", "2")
    assert (ran.status, "--level" in ran.err) == (2, True)


def test_in_python_a_fit_predicts_and_draws(tmp_path: Path) -> None:
    """The bands of a line: t*s*sqrt(1/n + (x - m)^2/S), and with 1 more under the root."""
    x = numpy.arange(8.0)
    y = 2 * x + numpy.array([0.1, -0.2, 0.3, 0, -0.1, 0.2, -0.3, 0.1])
    found = backprop.parse("y ~ a + b*x", data={"x": x, "y": y}).fit()
    mine = found.predict()
    assert mine["residual"] == pytest.approx(y - mine["fit"], abs=1e-12)
    at = found.predict({"x": [10.0, 3.5]})
    assert [*at] == ["x", "fit", "curve_low", "curve_high", "data_low", "data_high"]
    a, b = found.parameters.values()
    assert at["fit"] == pytest.approx([a + 10 * b, a + 3.5 * b], rel=1e-13)
    s, spread = sqrt(found.value / 6), float(((x - 3.5) ** 2).sum())
    t = 2.4469118511449692  # Student's, 6 degrees of freedom, 97.5 %
    root = numpy.array([1 / 8 + 6.5**2 / spread, 1 / 8])
    assert (at["curve_high"] - at["fit"]) == pytest.approx(t * s * numpy.sqrt(root), rel=1e-9)
    assert (at["fit"] - at["data_low"]) == pytest.approx(t * s * numpy.sqrt(1 + root), rel=1e-9)
    picture = found.plot()
    assert picture._repr_svg_().rstrip().endswith("</svg>")
    picture.save(tmp_path / "fit.png")
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(BackpropError, match="its ending says no format"):
        picture.save(tmp_path / "fit.gif")
    with pytest.raises(BackpropError, match="there is no column x"):
        found.predict({"z": [1.0]})


@pytest.mark.parametrize("points", [1, 3])
def test_who_is_stopped_in_the_first_run_says_how_far_it_came(
    points: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backprop.fit import fitting

    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")
    seen = list[float]()
    solve = fitting.solve

    def stopped(make: Any, point: Any, bounds: Any, most: int, tell: Any) -> Any:
        def heard(each: Any) -> None:
            tell(each)
            seen.append(each.squares)
            if len(seen) == points:
                raise KeyboardInterrupt

        return solve(make, point, bounds, most, heard)

    monkeypatch.setattr(fitting, "solve", stopped)
    ran = run("fit", "-e", "y ~ a*exp(-b*x); a = 1; b = 1", "--data", str(rows), "--format", "json")
    assert ran.status == 1  # 130 where a signal came
    found = json.loads(ran.out)
    assert found["stopped"] == "interrupted"
    assert not found["converged"]
    assert found["value"] == min(seen)
    assert found["start"] == {"a": 1.0, "b": 1.0}
    assert found["verdicts"][0] == "interrupted: the best so far"


def test_who_is_stopped_among_guesses_or_intervals_says_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backprop.fit import fitting
    from backprop.fit.intervals import Profiles

    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n")

    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    line = "fit", "-e", "y ~ a*exp(-b*x)", "--data", str(rows), "--format", "json"
    monkeypatch.setattr(Profiles, "_end", stopped)
    found = json.loads(run(*line, "--intervals", "profile").out)
    assert found["converged"]
    assert "intervals" not in found
    assert found["verdicts"][-1] == "interrupted before the intervals were there"
    monkeypatch.setattr(fitting, "solve", stopped)
    ran = run(*line)
    found = json.loads(ran.out)
    assert (ran.status, found["stopped"]) == (1, "interrupted")
    a, b = found["parameters"].values()
    left = sum((y - a * numpy.exp(-b * x)) ** 2 for x, y in enumerate([5, 3, 2, 1.2]))
    assert found["value"] == pytest.approx(left, rel=1e-9)
    assert found["value"] < 1
    assert found["verdicts"] == ["interrupted: the best so far"]


@pytest.mark.parametrize(
    ("text", "converges"),
    [
        ("y ~ a*exp(-b*x); a = 4; b = 1e5", False),
        ("y ~ if(x < c, a, b); a = 4; b = 1; c = 2.5", False),
        ("y ~ a*exp(-b*x) + 0*c; a = 4; b = 0.5; c = 2", True),
        ("y ~ a*exp(-b*x) + relu(c); a = 4; b = 0.5; c = -2", True),
    ],
)
def test_a_parameter_that_does_something_elsewhere_is_on_a_plateau(
    text: str, converges: bool
) -> None:
    found = backprop.parse(text, data=DATA).fit()
    assert found.converged is converges
    assert any("plateau" in each for each in found.verdicts) is not converges
