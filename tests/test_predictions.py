"""What fits say of rows: one statement or several, with tables of their own, groups and errors; as pictures."""

from __future__ import annotations

import csv
import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy.stats import t as student

import backprop
from backprop.errors import BackpropError
from backprop.fit_pictures import FitPicture
from running import backprop as run

X, Y = numpy.array([0.0, 1, 2, 3, 5]), numpy.array([1.2, 2.9, 5.1, 7.2, 10.8])
T, W = numpy.array([0.0, 1, 4, 6]), numpy.array([-3.1, -0.8, 5.2, 8.7])
TEXT = "y ~ a + b*x; w ~ c + b*t"


def rows_of(path: Path) -> list[dict[str, Any]]:
    """A table that was written, with numbers where there are some, None where there is nothing."""

    def cell(text: str) -> Any:
        try:
            return float(text)
        except ValueError:
            return text or None

    with path.open() as file:
        return [{name: cell(text) for name, text in row.items()} for row in csv.DictReader(file)]


def written(path: Path, **columns: Any) -> str:
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def two_tables(tmp_path: Path) -> tuple[str, ...]:
    one, other = written(tmp_path / "one.csv", x=X, y=Y), written(tmp_path / "other.csv", t=T, w=W)
    return "fit", "-e", TEXT, "--data", one, "--data", other


def lines_together() -> tuple[Any, Any, float, Any]:
    """By linear algebra: parameters a, b, c of both lines together, (J'J)^-1, s, and J."""
    zero, one = numpy.zeros, numpy.ones
    above = numpy.column_stack([one(5), X, zero(5)])
    below = numpy.column_stack([zero(4), T, one(4)])
    slopes = numpy.concatenate([above, below])
    both = numpy.concatenate([Y, W])
    inverse = numpy.linalg.inv(slopes.T @ slopes)
    x = inverse @ slopes.T @ both
    return x, inverse, sqrt(float(((both - slopes @ x) ** 2).sum()) / 6), slopes


def test_two_statements_have_their_rows_below_one_another(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(*two_tables(tmp_path), "--predict", str(out)).status == 0
    rows = rows_of(out)
    x, inverse, s, slopes = lines_together()
    fit = slopes @ x
    wide = student.ppf(0.975, 6) * s
    share = numpy.einsum("na,ab,nb->n", slopes, inverse, slopes)
    assert [row["statement"] for row in rows] == ["y ~ a + b*x"] * 5 + ["w ~ c + b*t"] * 4
    assert [row["x"] for row in rows] == [*X, *[None] * 4]
    assert [row["w"] for row in rows] == [*[None] * 5, *W]
    assert [row["fit"] for row in rows] == pytest.approx(fit, rel=1e-10)
    assert [row["residual"] for row in rows] == pytest.approx(
        [*(Y - fit[:5]), *(W - fit[5:])], rel=1e-9
    )
    assert [row["curve_low"] for row in rows] == pytest.approx(fit - wide * share**0.5, rel=1e-9)
    assert [row["data_high"] for row in rows] == pytest.approx(
        fit + wide * (1 + share) ** 0.5, rel=1e-9
    )


def test_of_other_rows_those_statements_are_left_out_that_lack_a_column(tmp_path: Path) -> None:
    out, line = tmp_path / "out.json", two_tables(tmp_path)
    grid = written(tmp_path / "grid.csv", t=[2.0, 9.0])
    ran = run(*line, "--predict", str(out), "--at", grid)
    assert (ran.status, "grid.csv: no column x: y ~ a + b*x is left out" in ran.err) == (0, True)
    found = [json.loads(each) for each in out.read_text().splitlines()]
    x, _, _, _ = lines_together()
    assert [each["fit"] for each in found] == pytest.approx(
        [x[2] + 2 * x[1], x[2] + 9 * x[1]], rel=1e-10
    )
    assert {each["statement"] for each in found} == {"w ~ c + b*t"}
    assert "x" not in found[0]
    assert "residual" not in found[0]
    grid = written(tmp_path / "grid.csv", u=[2.0])
    ran = run(*line, "--predict", str(tmp_path / "none.csv"), "--at", grid)
    assert (ran.status, "there is no column" in ran.err) == (1, True)
    assert not (tmp_path / "none.csv").exists()


def test_both_statements_speak_of_a_grid_that_has_their_columns(tmp_path: Path) -> None:
    data = {"x": X, "y": Y, "z": 2 * Y - 1}
    found = backprop.parse("y ~ a + b*x; z ~ c + d*x", data=data).fit()
    made = found.predict({"x": [4.0, 6.0]})
    a, b, c, d = (found.parameters[name] for name in "abcd")
    assert made["fit"] == pytest.approx([a + 4 * b, a + 6 * b, c + 4 * d, c + 6 * d], rel=1e-12)
    assert [*made["statement"]] == ["y ~ a + b*x"] * 2 + ["z ~ c + d*x"] * 2
    mine = found.predict()
    assert numpy.isnan(mine["z"]).tolist() == [True] * 5 + [False] * 5
    assert mine["residual"][5:] == pytest.approx(2 * Y - 1 - c - d * X, abs=1e-12)


def test_rows_that_lack_a_cell_are_left_out_of_all_columns(tmp_path: Path) -> None:
    """One row lacks x and another one y: what is told of a row is of that row."""
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text("x,y,s\n0,1,n\n1,,n\n2,5.1,s\n3,7.2,s\n,9,n\n5,10.8,n\n6,13,\n")
    line = "fit", "--data", str(rows), "--skip-missing", "--predict", str(out), "-e"
    assert run(*line, 'y ~ a + b*x + if(s == "n", c, 0)').status == 0
    found = rows_of(out)
    assert [(row["x"], row["y"], row["s"]) for row in found] == [
        (0, 1, "n"), (2, 5.1, "s"), (3, 7.2, "s"), (5, 10.8, "n")
    ]  # fmt: skip
    for row in found:
        assert row["y"] - row["fit"] == pytest.approx(row["residual"], abs=1e-12)


def test_bad_rows_are_left_out_of_predictions_too(tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text("x,y\n0,5\n1,3\n2,2\n3,1.2\n4,-0.1\n5,0.5\n6,inf\n")
    line = (
        "fit",
        "-e",
        "log(y) ~ a - b*x",
        "--data",
        str(rows),
        "--skip-bad-rows",
        "--predict",
        str(out),
    )
    for start in (("--set", "a=1, b=1"), ()):
        ran = run(*line, *start)
        assert ran.status == 0, ran.err
        assert "R²" in ran.out
        found = rows_of(out)
        assert [row["x"] for row in found] == [0, 1, 2, 3, 5]
        for row in found:
            assert numpy.log(row["y"]) - row["fit"] == pytest.approx(row["residual"], abs=1e-12)


def test_columns_that_equations_read_are_the_models(tmp_path: Path) -> None:
    data = {"x": X, "y": Y}
    found = backprop.parse("m = a + k; k = b*x; y ~ m", data=data).fit()
    assert [*found.predict()][:2] == ["y", "x"]
    assert found.predict({"x": [10.0]})["fit"] == pytest.approx(
        [found.parameters["a"] + 10 * found.parameters["b"]], rel=1e-12
    )
    with pytest.raises(BackpropError, match="no column x, which the model has"):
        found.predict({"z": [1.0]})


def test_a_model_of_members_has_a_row_for_each() -> None:
    text = "const x; const y; x[i] = i for i in 1..3; y[i] = 2*i + i^2/10 for i in 1..3; y[i] ~ a*x[i] for i in 1..3"
    found = backprop.parse(text).fit(values={"a": 1}, only=["a"])
    a = sum(i * (2 * i + i**2 / 10) for i in (1, 2, 3)) / 14
    made = found.predict()
    assert made["fit"] == pytest.approx([a, 2 * a, 3 * a], rel=1e-12)
    assert made["residual"] == pytest.approx([2.1 - a, 4.4 - 2 * a, 6.9 - 3 * a], rel=1e-10)


def test_errors_of_rows_that_nobody_knows_leave_the_band_of_data_out(tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.csv", x=X, y=Y, s=[0.1, 0.2, 0.1, 0.2, 0.1])
    grid = written(tmp_path / "grid.csv", x=[4.0])
    out = tmp_path / "out.csv"
    line = (
        "fit",
        "-e",
        "y ~ a + b*x",
        "--data",
        rows,
        "--predict",
        str(out),
        "--at",
        grid,
        "--sigma",
    )
    ran = run(*line, "s")
    assert (ran.status, "grid.csv: no column s: no band of further data" in ran.err) == (0, True)
    assert [*rows_of(out)[0]] == ["x", "fit", "curve_low", "curve_high"]
    assert run(*line, "0.1 + x/10", "--absolute-sigma").status == 0
    (row,) = rows_of(out)
    curve, data = row["curve_high"] - row["fit"], row["data_high"] - row["fit"]
    assert data == pytest.approx(sqrt(curve**2 + (1.959963984540054 * 0.5) ** 2), rel=1e-9)


def test_errors_of_x_widen_the_band_of_data(tmp_path: Path) -> None:
    """The variance of an observation is that of y and slope^2 times that of x."""
    data = {"x": X, "y": Y}
    for text in ("y ~ a + b*x", "m = a + b*x; y ~ m"):
        found = backprop.parse(text, data=data).fit(
            sigma="0.1", sigma_x="x=0.2", absolute_sigma=True
        )
        made = found.predict({"x": [4.0]})
        curve, wide = (made[name] - made["fit"] for name in ("curve_high", "data_high"))
        own = 0.1**2 + (found.parameters["b"] * 0.2) ** 2
        assert wide == pytest.approx(numpy.sqrt(curve**2 + 1.959963984540054**2 * own), rel=1e-9)


# ------------------------------------------------------------------------------- pictures


def picture(text: str, data: Any, **options: Any) -> FitPicture:
    return backprop.parse(text, data=data).fit(**options).plot().picture


def groups(count: int) -> dict[str, Any]:
    chance = numpy.random.default_rng(0)
    x = numpy.tile(numpy.arange(5.0), count)
    site = numpy.repeat(numpy.arange(count), 5)
    y = (2 + site) * numpy.exp(-0.3 * x) + chance.normal(size=5 * count) / 50
    return {"x": x, "y": y, "site": [f"site {at}" for at in site], "day": site / 4}


@pytest.mark.parametrize("by", ["site", "day"])
def test_each_group_has_a_curve_of_its_own(by: str) -> None:
    (panel,) = picture("y ~ a*exp(-b*x); a = 2; b = 0.5", groups(3), by=f"{by}: a").panels
    assert (panel.by, panel.right, len(panel.curves)) == (by, "x", 3)
    names = [curve.name for curve in panel.curves]
    assert names == (["site 0", "site 1", "site 2"] if by == "site" else ["0", "0.25", "0.5"])
    for at, curve in enumerate(panel.curves):
        assert curve.rows.tolist() == [*range(5 * at, 5 * at + 5)]
        assert curve.found.fitted[0] == pytest.approx(2 + at, abs=0.1)
        fitted = (panel.observed - panel.residual)[curve.rows]
        assert numpy.interp([0.0, 4.0], curve.along, curve.found.fitted) == pytest.approx(
            fitted[[0, 4]]
        )


@pytest.mark.parametrize("count", [1, 2, 7, 8, 31])
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_few_groups_and_many_are_drawn(count: int, ending: str, tmp_path: Path) -> None:
    found = backprop.parse("y ~ a*exp(-b*x); a = 2; b = 0.5", data=groups(count)).fit(by="site")
    path = tmp_path / f"fit.{ending}"
    found.plot().save(path)
    assert path.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r")


def test_a_column_of_texts_in_the_model_makes_groups_too() -> None:
    data = groups(2)
    (panel,) = picture('y ~ if(site == "site 0", a, c)*exp(-b*x)', data).panels
    assert [(curve.name, len(curve.rows)) for curve in panel.curves] == [
        ("site 0", 5),
        ("site 1", 5),
    ]


def test_several_statements_have_a_panel_each(tmp_path: Path) -> None:
    out = tmp_path / "fit.png"
    assert run(*two_tables(tmp_path), "--plot", str(out)).status == 0
    assert out.read_bytes()[:4] == b"\x89PNG"
    panels = picture("y ~ a + b*x; z ~ c + d*x; y*z ~ k", {"x": X, "y": Y, "z": Y[::-1]}).panels
    assert [(each.title, each.right, len(each.curves)) for each in panels] == [
        ("y ~ a + b*x", "x", 1), ("z ~ c + d*x", "x", 1), ("y*z ~ k", "fitted", 0)
    ]  # fmt: skip


def test_errors_are_bars() -> None:
    data = {"x": X, "y": Y, "s": [0.1, 0.2, 0.1, 0.2, 0.3]}
    found = picture("y ~ a + b*x", data, sigma="2*s", sigma_x="0.3")
    (panel,) = found.panels
    assert panel.bars is not None
    assert panel.bars_x is not None
    assert panel.bars.tolist() == pytest.approx([0.2, 0.4, 0.2, 0.4, 0.6])
    assert panel.bars_x.tolist() == pytest.approx([0.3] * 5)
    assert found.errors == "2*s, x ± 0.3"
    (panel,) = picture("y ~ a + b*x", data).panels
    assert panel.bars is None
    assert panel.bars_x is None
    (panel,) = picture("n ~ a + b*x", {"x": X, "n": [2, 3, 5, 7, 11]}, poisson=True).panels
    assert panel.bars is not None
    assert panel.bars**2 == pytest.approx(panel.observed - panel.residual)


def test_a_pole_between_the_data_is_drawn() -> None:
    data = {"x": [0.0, 1, 2, 4, 5, 6], "y": [-0.33, -0.52, -1, 1.01, 0.5, 0.34]}
    for start in (3.0, 2.9):
        found = backprop.parse("y ~ a/(x - c)", data=data).fit(values={"a": 1, "c": start})
        (panel,) = found.plot().picture.panels
        assert len(panel.curves) == 1
    fixed = backprop.parse("y ~ a/(x - 3)", data=data).fit(values={"a": 1})
    assert len(fixed.plot().picture.panels[0].curves) == 1


@pytest.mark.parametrize(
    "more", [(), ("--sigma", "s"), ("--sigma-x", "e"), ("--loss", "huber"), ("--poisson",)]
)
def test_numbers_are_of_the_rows_that_count(more: tuple[str, ...], tmp_path: Path) -> None:
    """Rows that lack a cell change nothing: neither the mean of y for R², nor what is said of errors."""
    head, whole = "x,y,s,e\n", "0,3,1,.1\n1,5,2,.2\n2,6,1,.1\n3,9,2,.1\n4,12,1,.2\n5,12,1,.1\n"
    lacking = ",-99,1,.1\n7,,0,.1\n"
    lacking += {"--sigma": "8,9,,.1\n", "--sigma-x": "9,8,1,\n"}.get(more[0] if more else "", "")
    found = list[Any]()
    for name, text in (("whole", head + whole), ("lacking", head + lacking + whole)):
        path = tmp_path / f"{name}.csv"
        path.write_text(text)
        line = (
            "fit",
            "-e",
            "y ~ a + b*x; a = 2; b = 1",
            "--data",
            str(path),
            "--skip-missing",
            *more,
        )
        ran = run(*line, "--format", "json")
        assert ran.status == 0, ran.err
        found.append(json.loads(ran.out))
    one, other = found
    assert one["rows"] == other["rows"] == 6
    for name in ("parameters", "errors"):
        assert one[name] == pytest.approx(other[name], rel=1e-12)
    both = (float(each["r_squared"]) for each in found)  # "nan" of a loss
    assert next(both) == pytest.approx(next(both), rel=1e-12, nan_ok=True)


def test_errors_of_one_table_are_none_of_the_other(tmp_path: Path) -> None:
    """What the hint says gives the fit of both, each with its own errors."""
    line = two_tables(tmp_path)
    ran = run(*line, "--sigma", "x + 1")
    assert ran.status == 2
    assert "other.csv" in ran.err
    assert "write the errors into each model: (w)/s ~ (c + b*t)/s" in ran.err
    text = "(y)/(x + 1) ~ (a + b*x)/(x + 1); (w)/2 ~ (c + b*t)/2"
    ran = run("fit", "-e", text, *line[3:], "--format", "json")
    weights = numpy.concatenate([X + 1, numpy.full(4, 2.0)])
    slopes = lines_together()[3] / weights[:, None]
    right = numpy.linalg.lstsq(slopes, numpy.concatenate([Y, W]) / weights)[0]
    assert [*json.loads(ran.out)["parameters"].values()] == pytest.approx(right, rel=1e-9)
