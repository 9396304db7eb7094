"""Losses in which outliers count less: parameters beside scipy's and by the equations of M-estimates, errors by
another way to Huber's formula, scales, what is said, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy.optimize import least_squares, root

import backprop
from backprop.errors import BadOption, NeedsData
from running import backprop as run

X = numpy.arange(24) / 4
TRUE = 3 * numpy.exp(-0.5 * X) + 0.4


def decay(seed: int = 0, far: int = 4) -> dict[str, Any]:
    """A decay with noise and some rows far away."""
    chance = numpy.random.default_rng(seed)
    y = TRUE + 0.03 * chance.normal(size=len(X))
    y[chance.choice(len(X), far, replace=False)] += chance.choice([-1, 1], far) * 1.7
    return {"x": X, "y": y}


def curve(p: Any) -> Any:
    return p[0] * numpy.exp(-p[1] * X) + p[2]


MODEL = "y ~ a*exp(-b*x) + c; a = 2; b = 1; c = 0"


@pytest.mark.parametrize("loss", ["huber", "soft_l1", "cauchy"])
@pytest.mark.parametrize("scale", [0.02, 0.1, 1.5])
@pytest.mark.parametrize("seed", [0, 1])
def test_parameters_and_values_are_those_of_scipy(loss: str, scale: float, seed: int) -> None:
    """scipy has half of the sum."""
    data = decay(seed)
    found = backprop.parse(MODEL, data=data).fit(loss=loss, loss_scale=scale)
    assert found.converged, found.verdicts
    theirs = least_squares(
        lambda p: curve(p) - data["y"], found.found.x, loss=loss, f_scale=scale,
        xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )  # fmt: skip
    assert found.value == pytest.approx(2 * theirs.cost, rel=1e-9)
    assert [*found.parameters.values()] == pytest.approx(theirs.x, rel=1e-4)


PSI = {
    "huber": (1.345, lambda u: max(-1.0, min(1.0, u))),
    "soft_l1": (1.287, lambda u: u / (1 + u * u) ** 0.5),
    "cauchy": (2.385, lambda u: u / (1 + u * u)),
}


@pytest.mark.parametrize("loss", PSI)
def test_scale_parameters_and_errors_of_a_line_are_those_of_m_estimates(loss: str) -> None:
    """The equations sum(psi(r/c)*x_j) = 0 with c = tuning*1.4826*median|r| are solved together by scipy; the
    errors by differences of psi. statsmodels' RLM says the same for huber: 1.08551444 ± 0.16585101,
    1.98386282 ± 0.03106674, c = 0.3152045771."""
    x = numpy.arange(10.0)
    y = numpy.array([1.0, 3.1, 4.9, 7.2, 8.8, 11.1, 30, 15.2, 16.9, -10])
    tuning, psi = PSI[loss]
    rows = numpy.stack([numpy.ones(10), x])

    def of_scale(p: Any) -> float:
        return float(tuning * 1.482602218505602 * numpy.median(abs(y - p @ rows)))

    def equations(p: Any) -> Any:
        c = of_scale(p)
        return rows @ [psi(each / c) for each in y - p @ rows]

    found = backprop.parse("y ~ a + b*x", data={"x": x, "y": y}).fit(loss=loss)
    right = root(equations, [*found.parameters.values()], tol=1e-13)
    assert numpy.abs(equations(right.x)).max() < 1e-9
    assert [*found.parameters.values()] == pytest.approx(right.x, rel=1e-6)
    c = of_scale(right.x)
    u, step = (y - right.x @ rows) / c, 1e-6
    bends = numpy.array([(psi(each + step) - psi(each - step)) / (2 * step) for each in u])
    size = numpy.array([psi(each) for each in u])
    correction = 1 + 2 / 10 * bends.var() / bends.mean() ** 2
    factor = correction**2 * c**2 * (size**2).sum() / 8 / bends.mean() ** 2
    errors = numpy.sqrt(factor * numpy.diagonal(numpy.linalg.inv(rows @ rows.T)))
    assert [*found.errors.values()] == pytest.approx(errors, rel=1e-5)
    if loss == "huber":
        assert [*found.parameters.values()] == pytest.approx([1.08551444, 1.98386282], rel=1e-6)
        assert [*found.errors.values()] == pytest.approx([0.16585101, 0.03106674], rel=1e-5)


def test_far_rows_do_not_decide() -> None:
    data = decay(3)
    squares = backprop.parse(MODEL, data=data).fit()
    for loss in PSI:
        found = backprop.parse(MODEL, data=data).fit(loss=loss)
        assert [*found.parameters.values()] == pytest.approx([3, 0.5, 0.4], rel=0.12)
        assert found.errors["a"] < squares.errors["a"] / 4


def test_a_large_scale_is_least_squares() -> None:
    data = decay(5)
    squares = backprop.parse(MODEL, data=data).fit()
    for loss in PSI:
        found = backprop.parse(MODEL, data=data).fit(loss=loss, loss_scale=1e6)
        assert found.parameters == pytest.approx(squares.parameters, rel=1e-6)
        assert found.errors == pytest.approx(squares.errors, rel=1e-6)
        assert found.value == pytest.approx(squares.value, rel=1e-9)


def test_weights_names_and_bounds(tmp_path: Path) -> None:
    """Residuals are in units of --sigma; names of the text stay its own."""
    data = decay(1) | {"s": numpy.full(24, 0.05)}
    plain = backprop.parse(MODEL, data=data).fit(loss="huber", loss_scale=0.1)
    text = MODEL.replace("a", "robust").replace("c", "robust_scale")
    weighed = backprop.parse(text, data=data).fit(loss="huber", loss_scale=2, sigma="s")
    assert [*weighed.parameters.values()] == pytest.approx([*plain.parameters.values()], rel=1e-7)
    assert [*weighed.errors.values()] == pytest.approx([*plain.errors.values()], rel=1e-6)
    held = backprop.parse(MODEL, data=data).fit(loss="cauchy", bounds={"b": (0.7, 2.0)})
    assert held.parameters["b"] == 0.7
    assert "b is at its bound 0.7: the loss falls beyond" in held.verdicts


def test_samples_of_rows_and_predictions_have_the_loss_too(tmp_path: Path) -> None:
    data = decay(1, far=2)
    model = backprop.parse(MODEL, data=data)
    found = model.fit(loss="huber", intervals="bootstrap")
    for at, name in enumerate(found.parameters):
        low, high = found.found.intervals[at]
        assert low < found.parameters[name] < high
        assert 1 < (high - low) / found.errors[name] < 9
    lines = ["x,y", *(f"{x},{y}" for x, y in zip(data["x"], data["y"], strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    made = run(
        "fit", "-e", MODEL, "--data", str(tmp_path / "rows.csv"), "--loss", "huber",
        "--predict", str(tmp_path / "out.csv"), "--format", "json",
    )  # fmt: skip
    assert made.status == 0, made.err
    said = json.loads(made.out)
    assert said["loss"] == "huber"
    size = said["loss_scale"] / 1.345
    table = numpy.genfromtxt(tmp_path / "out.csv", delimiter=",", names=True)
    wide = (table["data_high"] - table["data_low"]) / 2
    narrow = (table["curve_high"] - table["curve_low"]) / 2
    reach = 2.0796138447276626  # Student's, 21 degrees of freedom, 97.5 %
    assert numpy.sqrt(wide**2 - narrow**2) == pytest.approx(reach * size, rel=1e-6)


def test_it_says_what_counts_less() -> None:
    found = backprop.parse(MODEL, data=decay(0)).fit(loss="huber", loss_scale=0.5)
    words = str(found)
    assert "4 residuals that are larger than 0.5 in size count less" in words
    assert "standard errors of M-estimates, by Huber's formula" in words
    assert "converged: no change of the parameters lowers the loss" in words
    assert "R²" not in words
    assert "AIC" not in words


def test_what_a_loss_is_not_for() -> None:
    data = decay(0)
    with pytest.raises(BadOption, match="profiles are of sums of squares"):
        backprop.parse(MODEL, data=data).fit(loss="huber", intervals="profile")
    with pytest.raises(BadOption, match="--loss is for model statements"):
        backprop.parse("L = sum((y - a*x)^2); a = 1", data=data).fit(of="L", loss="huber")
    with pytest.raises(BadOption, match="no loss 'hubert'"):
        backprop.parse(MODEL, data=data).fit(loss="hubert")
    exact = {"x": X, "y": numpy.where(X == 1, 9.0, 2 * X)}
    with pytest.raises(NeedsData, match="more than half of the residuals are 0"):
        backprop.parse("y ~ a*x; a = 2; b = 0; z = b", data=exact).fit(loss="huber", only=["a"])


def test_a_table_read_pass_by_pass_needs_the_scale(tmp_path: Path) -> None:
    data = decay(2)
    lines = ["x,y", *(f"{x},{y}" for x, y in zip(data["x"], data["y"], strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    words = [
        "fit",
        "-e",
        MODEL,
        "--data",
        str(tmp_path / "rows.csv"),
        "--memory",
        "100",
        "--loss",
        "cauchy",
    ]
    found = run(*words)
    assert found.status == 1
    assert "give it: --loss-scale 0.1" in found.err
    found = run(*words, "--loss-scale", "0.1", "--format", "json")
    assert found.status == 0, found.err
    whole = backprop.parse(MODEL, data=data).fit(loss="cauchy", loss_scale=0.1)
    said = json.loads(found.out)
    assert said["parameters"] == pytest.approx(whole.parameters, rel=1e-6)
    assert said["errors"]["a"] == "nan"


def test_history_and_the_chain_rule_of_a_row(tmp_path: Path) -> None:
    """The steps end at the fitted numbers; the row is explained at these."""
    rows, steps = tmp_path / "rows.csv", tmp_path / "steps.csv"
    rows.write_text("x,value\n0,5\n1,3\n2,2\n3,1.2\n")
    line = ("fit", "-e", "value ~ a*exp(-step*x); a = 1; step = 1", "--data", str(rows))
    ran = run(*line, "--history", str(steps), "--explain-row", "2")
    assert ran.status == 0, ran.err
    table = numpy.genfromtxt(steps, delimiter=",", names=True, deletechars="")
    assert table.dtype.names == ("fit.step", "value", "a", "step")
    assert [*table["fit.step"]] == [*range(len(table))]
    assert [*table[0]][2:] == [1, 1]
    found = json.loads(run(*line, "--format", "json").out)
    assert [table["a"][-1], table["step"][-1]] == pytest.approx([*found["parameters"].values()])
    assert table["value"][-1] == pytest.approx(found["value"])
    a, k = found["parameters"].values()
    residual = 3 - a * numpy.exp(-k)
    assert "term1[2] = (value[2] − (a·exp(−step·x[2])))^2" in ran.out
    assert f"= {residual**2:.6g}" in ran.out
    kept = tmp_path / "steps.json"
    assert run(*line, "--history", str(kept)).status == 0
    said = json.loads(kept.read_text())
    assert said["parameters"]["a"] == [*table["a"]]
    assert said["value"] == [*table["value"]]
    for wrong, why in (
        (("--explain-row", "9"), "there is no row 9"),
        (("--explain-row", "2", "--format", "csv"), "--explain-row is for tables"),
        (("--history", "steps.png"), "its ending says no format"),
        (("--predict", "p.csv", "--at", "nowhere.csv"), "there is no file nowhere.csv"),
    ):
        ran = run(*line, *wrong)
        assert ran.status in (1, 2)
        assert ran.out == ""  # before the work is done
        assert why in ran.err
