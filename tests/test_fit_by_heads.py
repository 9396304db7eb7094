"""Fits of many rows: their equations are read by the first one, and everything is as if all were read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

import backprop
from backprop import inputs
from backprop.by_rows import held_residuals
from backprop.by_rows.held_rows import TableHead
from backprop.source import Source
from running import Ran
from running import backprop as run

ROWS = 6000

FITS = (
    ("y ~ a*exp(-b*x) + c", "a=2, b=0.5, c=0"),
    ("y ~ a*exp(-b*x) + c", ""),
    ("y ~ a*exp(-b*x) + c", "a=2, b=0.5"),
    ("log(y + 10) ~ a + b*x", "a=1, b=1"),
    ("y ~ a*exp(-b*x); x ~ m; a = 3; b = 1; m = 0", ""),
    ("y ~ if(x > 1.9, a, b) + k*x; a = 1 in 0..; b = 1; k = 2*u; u = 1", ""),
    ("y ~ a*(x - mean(x)) + b; a = 1; b = 1", ""),
    ("y ~ a*x + b*count(x); a = 1; b = 1", ""),
    ("y ~ a/(x - 1.25); a = 1", ""),
    ("y ~ a*sqrt(x - 1); a = 1", ""),
    ("y ~ a*b*x; a = 1; b = 1", ""),
    ("y ~ a*q; a = 1", ""),
    ("y ~ a*x + q; a = 1", ""),
    ("y ~ a + b; a = 1; b = 2", ""),
    ("const a; y ~ a*x", "a=1"),
    ("y = a*x", "a=1"),
    ("q ~ a*x", "a=1"),
    ("residuals = 3; y ~ a*x", "a=1"),
)

WAYS = (
    ("--sigma", "0.1*x"),
    ("--loss", "huber"),
    ("--explain-row", "5999"),
    ("--explain-row", "6001"),
    ("--save", "-"),
    ("--freeze", "a"),
    ("--bounds", "a=0..1"),
    ("--predict", "rows.md"),
    ("--of", "b"),
)


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chance = numpy.random.default_rng(0)
    x = chance.uniform(0.5, 2, ROWS)
    x[17] = 1.25
    y = 3 * numpy.exp(-x) + 0.1 * chance.normal(size=ROWS)
    lines = [f"{a!r},{b!r}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    Path("rows.csv").write_text("\n".join(["x,y", *lines]))


def both(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Ran, Ran]:
    """A fit as it is, and one whose equations are read by all rows."""
    found = list[Ran]()
    for many in (1000, 1 << 60):
        monkeypatch.setattr(inputs, "_MANY", many)
        found.append(run("fit", *arguments, "--data", "rows.csv"))
    return found[0], found[1]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("text", "start"), FITS)
def test_all_rows_say_the_same(text: str, start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["--set", start] if start else []
    found, right = both(monkeypatch, "-e", text.replace("; ", "\n"), *given)
    assert found == right
    assert "Traceback" not in found.err


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("way", WAYS)
def test_options_say_the_same(way: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    found, right = both(monkeypatch, "-e", FITS[0][0], "--set", FITS[0][1], *way)
    assert found == right
    assert "Traceback" not in found.err


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("text", "by_heads"),
    [
        ("y ~ a*x", True),
        ("y ~ a*county", True),
        ("y ~ a*x + b*count(x)", False),
        ("y ~ a[county]*x", False),
        ("y ~ if(site == 'north', a, b)*x", False),
    ],
)
def test_equations_that_are_read_by_the_first_row(
    text: str, by_heads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = backprop.read_data("rows.csv")
    opened = inputs.Opened(Source("<text>", text), tables)
    seen = opened.seen_by_heads()
    assert (seen is not None) == by_heads
    assert not seen or isinstance(seen.tables[0], TableHead)
    monkeypatch.setattr(inputs, "_MANY", ROWS + 1)
    assert opened.seen_by_heads() is None


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("way", [(), ("--memory", "8K")])
@pytest.mark.parametrize("worth", [0, 1 << 60])
def test_what_is_gathered_within_a_model(
    way: tuple[str, ...], worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_residuals, "WORTH", worth)
    x, y = numpy.loadtxt("rows.csv", delimiter=",", skiprows=1).T
    slopes = numpy.column_stack([x - x.mean(), y > y.max() / 2])
    (a, b), (squares,), *_ = numpy.linalg.lstsq(slopes, y - y.mean())
    model = "y - mean(y) ~ a*(x - mean(x)) + b*(y > max(y)/2)"
    given = "-e", model, "--set", "a=1, b=1", "--data", "rows.csv", *way
    found = json.loads(run("fit", *given, "--format", "json").out)
    assert found["parameters"] == pytest.approx({"a": a, "b": b}, rel=1e-9)
    assert found["value"] == pytest.approx(squares, rel=1e-12)
    assert found["r_squared"] == pytest.approx(1 - squares / ((y - y.mean()) ** 2).sum(), rel=1e-9)


@pytest.mark.usefixtures("rows")
def test_what_is_gathered_of_parameters() -> None:
    lines = Path("rows.csv").read_text().splitlines()[:200]
    Path("few.csv").write_text("\n".join(lines))
    x, y = numpy.loadtxt("few.csv", delimiter=",", skiprows=1).T
    slope, level = numpy.polyfit(x - x.mean(), y, 1)
    given = "-e", "y ~ a*x - mean(a*x) + b", "--set", "a=1, b=1", "--data", "few.csv"
    found = json.loads(run("fit", *given, "--format", "json").out)
    assert found["parameters"] == pytest.approx({"a": slope, "b": level}, rel=1e-9)
    refused = run("fit", *given, "--memory", "1K")
    assert refused.status == 1
    assert "a row of this model needs what is gathered of all rows" in refused.err
    assert "Traceback" not in refused.err
