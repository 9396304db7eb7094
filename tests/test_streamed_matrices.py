"""`hessian` and `jacobian` over tables larger than memory is to hold: what is said of tables in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pytest
from pyarrow import parquet

from backprop import data_batches
from backprop.by_rows import rows_engine
from backprop.evaluation import second_over_rows
from running import backprop

ROWS = 100_000

TEXTS = [
    "L = mean((y - a*exp(b*x) - c)^2)",
    "L = sum((y - a*exp(b*x))^2)/2000 + sin(a*b)*c^2",
    "m = mean(a*x + b); L = mean((y - m*x*a - c)^2) + m^3*a",
    "s = mean(exp(a*x)); t = mean(sin(s*x*b) + s^2*c); L = mean((y - t*x - s)^2)*t",
    "L = log(a)*mean((y - b*x)^2)*mean(x^2*c^3*b)",
    "L = logsumexp(a*x + b*x*y + c^2)^2",
    "L = max(a*x + b*x*y + c^2) + min(sin(a*c*x))",
    "L = log(prod(1 + 0.001*sin(a*x + b*x*y + c^2)))*a",
    "L = mean(if(x > 0.3, log(x*a), b^2*x))*c^2",
    "k = a*b; p = k^2; L = mean(p*tanh(k*x + c)) + p",
]
NAMES = ("a", "b", "c")
START = "a = 1.1; b = -0.5; c = 0.3; "


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streamed") / "rows.parquet"
    chance = numpy.random.default_rng(3)
    x = chance.uniform(-2, 2, ROWS)
    y = 1.5 * numpy.exp(-0.7 * x) + 0.3 + chance.normal(size=ROWS) * 0.05
    parquet.write_table(pyarrow.table({"x": x, "y": y}), path, row_group_size=30_000)
    return path


def asked(command: str, text: str, rows: Path, *more: str) -> Any:
    start = "".join(
        f"{part.strip()}; " for part in START.split(";") if part.split("=")[0].strip() in text
    )
    given = "-e", start + text, "--data", str(rows), "--format", "json", *more
    found = backprop(command, *given)
    assert found.status == 0, found.err
    return json.loads(found.out)


def near(one: Any, other: Any) -> bool:
    table, others = numpy.array(one, float), numpy.array(other, float)
    return bool(numpy.abs(table - others).max() <= 1e-11 * (1 + numpy.abs(others).max()))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.one_in(2)
def test_hessians_are_those_of_tables_in_memory(
    text: str, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = asked("hessian", text, rows)  # over blocks of rows in memory
    monkeypatch.setattr(second_over_rows, "_MANY", ROWS + 1)
    held = asked("hessian", text, rows)  # by arrays of all rows
    for key in ("inputs", "value", "verdict"):
        assert passed[key] == held[key] or near(passed[key], held[key])
    assert near(passed["hessian"], held["hessian"])
    assert near(passed["gradient"], held["gradient"])
    monkeypatch.setattr(data_batches, "_ROWS", 35_001)
    streamed = asked("hessian", text, rows, "--memory", "1K")
    assert streamed["inputs"] == held["inputs"]
    assert near(streamed["hessian"], held["hessian"])
    assert near(streamed["gradient"], held["gradient"])
    assert streamed["verdict"] == held["verdict"]
    once = [asked("hessian", text, rows, "--memory", "1K", "--threads", n) for n in "13"]
    assert once[0]["hessian"] == once[1]["hessian"] == streamed["hessian"]
    way = ", ".join(f"{name}={1 / (at + 2)}" for at, name in enumerate(held["inputs"]))
    products = asked("hessian", text, rows, "--memory", "1K", "--times", way)["product"]
    numbers = [1 / (at + 2) for at in range(len(held["inputs"]))]
    assert near(products, numpy.array(held["hessian"]) @ numbers)
    along = asked("jacobian", text, rows, "--memory", "1K", "--along", way, "--order", "2")
    bend = numpy.array(numbers) @ numpy.array(held["hessian"]) @ numbers
    assert near(along["derivatives"], [[numpy.array(held["gradient"]) @ numbers, bend]])


@pytest.mark.parametrize("memory", [["--memory", "1K"], []])
def test_they_are_those_of_arithmetic_with_more_digits(rows: Path, memory: list[str]) -> None:
    text = "L = mean((y - a*exp(b*x) - c)^2)"
    found = numpy.array(asked("hessian", text, rows, *memory)["hessian"])
    table = parquet.read_table(rows)
    x, y = (table[name].to_numpy().astype(numpy.longdouble) for name in "xy")
    a, b, c = map(numpy.longdouble, ("1.1", "-0.5", "0.3"))
    e = numpy.exp(b * x)
    left = y - a * e - c
    by = [-e, -a * x * e, -1 + 0 * x]
    bends = {(0, 1): -x * e, (1, 1): -a * x * x * e}
    for one in range(3):
        for two in range(3):
            bend = bends.get((min(one, two), max(one, two)), 0)
            right = (2 * by[one] * by[two] + 2 * left * bend).mean()
            assert abs(found[one, two] - right) <= 1e-14 * (1 + abs(right))


def test_parts_of_tables_in_memory(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By passes over blocks of rows, and by arrays of all: `L` has no second derivative by b and d."""
    text = "L = mean((y - a*exp(b*x) - c)^2) + d^3; d = 2"
    parts = ("--diagonal",), ("--sparse",), ("--times", "a=1, b=-2, d=0.5")
    found = [asked("hessian", text, rows, *part) for part in parts]
    said = backprop("hessian", "-e", START + text, "--data", str(rows), "--diagonal").out
    assert "passes over the rows" in said
    monkeypatch.setattr(second_over_rows, "_MANY", ROWS + 1)
    right = [asked("hessian", text, rows, *part) for part in parts]
    assert near(found[0]["diagonal"], right[0]["diagonal"])
    for key in ("row", "column"):
        assert found[1]["entries"][key] == right[1]["entries"][key]
    assert near(found[1]["entries"]["value"], right[1]["entries"]["value"])
    assert len(found[1]["entries"]["value"]) == 10
    assert near(found[2]["product"], right[2]["product"])


def test_corners_of_rows_in_memory_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 300 rows each has a corner by a; the second derivative by b is 2."""
    monkeypatch.setattr(second_over_rows, "_MANY", 100)
    monkeypatch.setattr(rows_engine, "MANY_ROWS", 100)
    path = tmp_path / "rows.csv"
    path.write_text("x\n" + "".join(f"{at}\n" for at in range(1, 301)))
    given = "-e", "L = mean(abs((a - 2)*x) + (b - x)^2); a = 2; b = 1", "--data", str(path)
    ran = backprop("hessian", *given, "--format", "json")
    assert near(json.loads(ran.out)["hessian"][1][1], 2.0)
    assert json.loads(ran.out)["verdict"] == "not smooth"
    assert "jumps" in ran.err
    monkeypatch.setattr(second_over_rows, "_MANY", 1000)
    assert backprop("hessian", *given, "--format", "json") == ran


def test_parts_and_jacobians(rows: Path) -> None:
    text = TEXTS[0]
    whole = asked("hessian", text, rows, "--memory", "1K")
    diagonal = asked("hessian", text, rows, "--memory", "1K", "--diagonal")["diagonal"]
    assert diagonal == [whole["hessian"][at][at] for at in range(3)]
    entries = asked("hessian", text, rows, "--memory", "1K", "--sparse")["entries"]
    assert entries["value"] == [number for row in whole["hessian"] for number in row]
    by_one = asked("hessian", text, rows, "--memory", "1K", "--wrt", "b")
    assert by_one["hessian"] == [[whole["hessian"][1][1]]]
    both = "r = mean(a*x - y); s = sum(x^2*b*r)"
    for more in ([], ["--wrt", "a, r"]):
        held, streamed = (
            asked("jacobian", both, rows, "--of", "r,s", *more, *memory)
            for memory in ([], ["--memory", "1K"])
        )
        assert streamed["outputs"] == held["outputs"]
        assert streamed["inputs"] == held["inputs"]
        assert near(streamed["jacobian"], held["jacobian"])


@pytest.mark.parametrize(
    ("command", "text", "more", "said"),
    [
        ("hessian", "a = 0; L = sum(abs(a*x))", [], "a row stands on a border"),
        ("hessian", "a = -9; L = sum(log(x - a*0 - 5))", [], "has no value at"),
        ("jacobian", "a = 1; L = sum(a*x)", ["--along", "a=1", "--order", "3"], "--order 2"),
        ("jacobian", "a = 1; L = sum(a*x)", ["--mode", "forward"], "leave --mode out"),
        ("hessian", "a = 1; L = sum(a*x)", ["--times", "x=1"], "x is a column"),
    ],
)
def test_what_cannot_be_had_is_said(
    command: str, text: str, more: list[str], said: str, rows: Path
) -> None:
    found = backprop(command, "-e", text, "--data", str(rows), "--memory", "1K", *more)
    assert found.status in (1, 2)
    assert not found.out
    assert said in found.err


def test_newton_takes_exact_second_derivatives(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop.descent import landing, second_order

    def never(*_: object) -> None:
        raise AssertionError("differences of gradients")

    monkeypatch.setattr(second_order, "by_differences", never)
    monkeypatch.setattr(landing, "by_differences", never)
    text = "a = 1.1; b = -0.5; c = 0.3; L = mean((y - a*exp(b*x) - c)^2)"
    for more in ([], ["--optimizer", "newton"]):
        found = backprop("descend", "-e", text, "--data", str(rows), "--memory", "1K", *more)
        assert "converged: a minimum" in found.out


NAMING = [
    "u[i] = 0.5*i for i in 1..3; a = 0.5; m = u[k]*exp(-a*x) + sin(a*u[2]); L = mean((y - m)^2)",
    """w[i,j] = i - 0.3*j for i in 1..3, j in 0..1; L = sum((y - h[0]*w[k,1] - h[1]*w[1,l])^2)
    h[j] = tanh(w[k,j]*x + y) for j in 0..1""",
    "u[i] = g^i*b for i in 1..3; g = 1.5; b = 0.7; s = mean(u[k]*x); L = mean((y - s*u[4 - k])^2)",
    "u[i] = 0.1*i for i in 1..3; L = log(prod(2 + u[k]*u[l + 1]*x)) + max(u[k]*y*x)",
]


@pytest.mark.parametrize("text", NAMING)
def test_rows_name_members(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    lines = (f"{at % 7 / 4},{at % 5 - 1.75},{at % 3 + 1},{at % 2}" for at in range(60))
    path.write_text("\n".join(["x,y,k,l", *lines, ""]))
    monkeypatch.setattr(data_batches, "_BYTES", 300)
    given = "-e", text, "--of", "L", "--data", str(path), "--format", "json"
    for more in ([], ["--diagonal"]):
        held, larger = (backprop("hessian", *given, *more, *m) for m in ([], ["--memory", "1"]))
        assert larger.status == held.status == 0, larger.err
        one, other = json.loads(larger.out), json.loads(held.out)
        key = "diagonal" if more else "hessian"
        assert one["inputs"] == other["inputs"]
        assert near(one[key], other[key])
        assert numpy.abs(other[key]).max() > 0.01


def test_of_many_members_that_rows_name_no_second_derivatives_are_known(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y,k\n1,1\n2,2\n")
    given = "-e", "u[i] = 0 for i in 1..500; L = mean((y - u[k])^2)", "--data", str(path)
    found = backprop("hessian", *given, "--memory", "1")
    assert found.status == 1
    assert "its rows name many members of a family" in found.err
