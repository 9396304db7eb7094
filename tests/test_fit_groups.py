"""Parameters with a number for each group of rows: beside scipy's fits and fits of each group alone, names in
what is given and what is said, files that are saved, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy.optimize import curve_fit

import backprop
from backprop.errors import BackpropError
from running import backprop as run

GROUPS = ["north", "New York", 'the "west"', "7"]
MODEL = "y ~ a*exp(-b*x) + c"


def table(seed: int = 0, numbers: bool = False) -> dict[str, Any]:
    """Decays of four groups, in no order."""
    chance = numpy.random.default_rng(seed)
    group = chance.integers(0, len(GROUPS), 160)
    x = chance.uniform(0, 4, len(group))
    y = (1.5 + group) * numpy.exp(-(0.4 + 0.1 * group) * x) + 0.3
    y += 0.02 * chance.normal(size=len(x))
    names = (3 * group - 2).tolist() if numbers else [GROUPS[at] for at in group]
    return {"x": x, "y": y, "site": names}


def ones(data: dict[str, Any]) -> list[Any]:
    """The groups in the order of the rows."""
    return [*dict.fromkeys(data["site"])]


def written(folder: Path, data: dict[str, Any]) -> str:
    import csv

    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
    return str(path)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("numbers", [False, True])
def test_some_parameters_of_groups_are_those_of_scipy(seed: int, numbers: bool) -> None:
    data = table(seed, numbers)
    groups = ones(data)
    at = numpy.array([groups.index(each) for each in data["site"]])

    def model(x: Any, *p: float) -> Any:
        return numpy.array(p)[at] * numpy.exp(-numpy.array(p)[4 + at] * x) + p[8]

    start = [*[1.0] * 8, 0.0]
    right, covariance = curve_fit(model, data["x"], data["y"], start, xtol=1e-14, ftol=1e-14)
    found = backprop.parse(f"{MODEL}; a = 1; b = 1; c = 0", data=data).fit(by="site: b, a")
    names = [f"{name}[{group}]" for name in "ab" for group in groups]
    assert [*found.parameters] == [*names, "c"]
    assert found.converged
    assert [*found.parameters.values()] == pytest.approx(right, rel=1e-6)
    assert [*found.errors.values()] == pytest.approx(numpy.sqrt(covariance.diagonal()), rel=1e-5)


@pytest.mark.parametrize("more", [{}, {"sigma": "0.1*y"}, {"loss": "huber", "loss_scale": 0.02}])
def test_all_parameters_of_groups_are_those_of_each_group_alone(more: dict[str, Any]) -> None:
    """And their errors, but for the variance, which is that of all rows."""
    data = table()
    model = f"{MODEL}; a = 1; b = 1; c = 0"
    together = backprop.parse(model, data=data).fit(by="site", **more)
    squares = 0.0
    for group in ones(data):
        mine = [each == group for each in data["site"]]
        part = {name: numpy.array(data[name])[mine] for name in "xy"}
        alone = backprop.parse(model, data=part).fit(**more)
        squares += alone.value
        ratios = set[float]()
        for name, number in alone.parameters.items():
            assert together.parameters[f"{name}[{group}]"] == pytest.approx(number, rel=1e-6)
            ratios.add(round(together.errors[f"{name}[{group}]"] / alone.errors[name], 6))
        if "loss" not in more:
            assert len(ratios) == 1
    assert together.value == pytest.approx(squares, rel=1e-9)


def test_counts_by_groups() -> None:
    """The most likely mean of each group is that of its counts."""
    data = {"n": [3, 5, 4, 9, 12, 0, 1], "site": [1, 1, 1, 2, 2, 3, 3]}
    found = backprop.parse("n ~ m", data=data).fit(by="site: m", poisson=True)
    assert [*found.parameters.values()] == pytest.approx([4, 10.5, 0.5], rel=1e-8)


def test_what_is_given_for_groups(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    asked = [
        "fit",
        "-e",
        f"{MODEL}; a = 1 in 0..2; b = 1; c = 0",
        "--data",
        path,
        "--by",
        "site: a",
    ]
    found = run(
        *asked, "--set", "a=1.5, a[New York]=0.7, b = 0.6", "--freeze", "a[7]", "--format", "json"
    )
    report = json.loads(found.out)
    start = {"a[north]": 1.5, "a[New York]": 0.7, 'a[the "west"]': 1.5}
    assert {name: report["start"][name] for name in start} == start
    assert report["start"]["b"] == 0.6
    assert report["fixed"] == {"a[7]": 1.5}
    assert max(number for name, number in report["parameters"].items() if name[0] == "a") == 2
    assert any(text.startswith("a[") and "is at its bound 2" in text for text in report["verdicts"])

    free = run(*asked, "--bounds", "a=..9, a[north]=..1", "--format", "json")
    report = json.loads(free.out)
    assert report["parameters"]["a[north]"] == 1
    assert report["parameters"]["a[7]"] > 4
    (tmp_path / "fit.json").write_text(free.out)
    again = run(
        *asked, "--bounds", "a=..9", "--values", str(tmp_path / "fit.json"), "--format", "json"
    )
    assert json.loads(again.out)["start"] == report["parameters"]


def test_files_that_are_saved_need_no_groups(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    (tmp_path / "model.txt").write_text(
        f"{MODEL}  # a decay\na = 1 in 0..20; c = 0; b = 0.5 # all\n"
    )
    names = str(tmp_path / "model.txt"), "--data", path
    first = run(
        "fit", *names, "--by", "site: a", "--save", str(tmp_path / "saved.txt"), "--format", "json"
    )
    saved = (tmp_path / "saved.txt").read_text()
    assert "# a decay" in saved
    assert "in 0..20" in saved
    second = run("fit", str(tmp_path / "saved.txt"), "--data", path, "--format", "json")
    one, other = json.loads(first.out), json.loads(second.out)
    assert other["value"] == pytest.approx(one["value"], rel=1e-12)
    assert sorted(other["parameters"].values()) == pytest.approx(
        sorted(one["parameters"].values()), rel=1e-7
    )


def test_values_in_other_rows(tmp_path: Path) -> None:
    data = table()
    found = backprop.parse(MODEL, data=data).fit(by="site: a, b")
    grid = {"x": [0.5, 0.5, 1.0], "site": ["north", "New York", "7"]}
    made = found.predict(grid)["fit"]
    p = found.parameters
    for x, group, fitted in zip(grid["x"], grid["site"], made, strict=True):
        right = p[f"a[{group}]"] * numpy.exp(-p[f"b[{group}]"] * x) + p["c"]
        assert fitted == pytest.approx(right, rel=1e-12)
    with pytest.raises(
        BackpropError, match="site is south in some row, of which nothing was fitted"
    ):
        found.predict({"x": [1.0], "site": ["south"]})
    assert found.plot()._repr_svg_()


def test_steps_and_rows(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    found = run(
        "fit", "-e", MODEL, "--data", path, "--by", "site: a", "--trace", "--explain-row", "3"
    )
    assert "a[New York] = " in found.err
    assert "a_New_York" in found.out.split("Forward pass")[1]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("sit", "--by sit: there is no such column"),
        ("site: d", "d is no parameter of this fit"),
        ("site: x", "x is no parameter of this fit"),
        ("x: a", "--by x: there are more than 200 groups"),
    ],
)
def test_what_cannot_be_grouped(by: str, message: str) -> None:
    data = {"x": [k / 3 for k in range(1000)], "y": [1.0] * 1000, "site": ["a", "b"] * 500}
    with pytest.raises(BackpropError) as error:
        backprop.parse("y ~ a*x + b", data=data).fit(by=by)
    assert message in str(error.value)


def test_rows_that_do_not_count_make_no_groups(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    asked = ["fit", "-e", MODEL, "--data", path, "--by", "site: a", "--format", "json"]
    found = json.loads(run(*asked, "--where", 'site != "north"').out)
    assert len(found["parameters"]) == 5
    assert "a[north]" not in found["parameters"]


@pytest.mark.parametrize(
    "options", [("--set", "a[noth]=2"), ("--bounds", "a[noth]=0..1"), ("--freeze", "a[noth]")]
)
def test_a_group_that_there_is_not(options: tuple[str, str], tmp_path: Path) -> None:
    path = written(tmp_path, table())
    found = run("fit", "-e", MODEL, "--data", path, "--by", "site: a", *options)
    assert found.status in (1, 2)
    assert "a[noth]: there is no group noth of site" in found.err
    assert "did you mean 'north'?" in found.err
    with pytest.raises(BackpropError, match="there is no group noth"):
        backprop.parse(MODEL, data=table()).fit(by="site: a", values={"a[noth]": 1.0})


@pytest.mark.parametrize("numbers", [False, True])
def test_groups_of_a_table_larger_than_memory_are_those_of_it_in_memory(
    numbers: bool, tmp_path: Path
) -> None:
    path = written(tmp_path, table(numbers=numbers))
    lines = Path(path).read_text().splitlines()
    lines[7:7] = [",,far", "1,,7", ",2,1"]  # without numbers, one in a group of its own
    Path(path).write_text("\n".join(lines) + "\n")
    if numbers:
        Path(path).write_text(Path(path).read_text().replace(",,far", ",,99"))
    line = "fit", "-e", f"{MODEL}; a = 1; b = 1; c = 0", "--data", path, "--skip-missing"
    whole, passes = (
        json.loads(run(*line, "--by", "site: a, b", "--format", "json", *more).out)
        for more in ((), ("--memory", "1"))
    )
    assert len(whole["parameters"]) >= 9
    for name in ("parameters", "errors"):
        assert passes[name] == pytest.approx(whole[name], rel=1e-9)
    assert passes["r_squared"] == pytest.approx(whole["r_squared"], rel=1e-12)


def test_more_groups_are_a_family() -> None:
    """What the hint says, to the letter."""
    count = 210
    x = numpy.tile(numpy.arange(4.0), count)
    site = numpy.repeat(numpy.arange(count) + 3, 4)
    data = {
        "x": x,
        "y": (site / 50 + 1) * numpy.exp(-0.3 * x) + 0.01 * numpy.cos(7 * x + site),
        "site": site,
    }
    with pytest.raises(BackpropError) as error:
        backprop.parse("y ~ a*exp(-b*x)", data=data).fit(by="site: a")
    assert error.value.hints[0] == "write a[site] for a, and a[i] = 1 for i in 3..212"
    found = backprop.parse(
        "y ~ a[site]*exp(-b*x); a[i] = 1 for i in 3..212; b = 1", data=data
    ).fit()
    some = {name: each[: 4 * 200] for name, each in data.items()}
    few = backprop.parse("y ~ a*exp(-b*x); a = 1; b = 1", data=some).fit(by="site: a")
    assert found.converged
    assert found.parameters["a[5]"] == pytest.approx(few.parameters["a[5]"], rel=1e-3)
    texts = {**data, "site": [f"s{at}" for at in site]}
    with pytest.raises(BackpropError) as error:
        backprop.parse("y ~ a*exp(-b*x)", data=texts).fit(by="site")
    assert error.value.hints[0].endswith("with a column site_number that numbers them")


def test_a_text_with_both_kinds_of_quotes_is_told() -> None:
    data = {"x": [0, 1, 2, 3], "y": [5, 3, 2, 1], "g": ["""a"b'c""", "z", "z", "z"]}
    with pytest.raises(BackpropError, match="has both kinds of quotes"):
        backprop.parse("y ~ a*exp(-b*x)", data=data).fit(by="g: a")
