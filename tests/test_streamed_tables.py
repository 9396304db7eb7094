"""`grad --rows` over many rows: in passes the same as one by one, and in constant memory."""

from __future__ import annotations

import json
import subprocess
import sys
from csv import reader as read_csv
from pathlib import Path

import numpy
import pyarrow
import pytest
from pyarrow import csv, feather, parquet

from backprop import data_batches, row_passes
from running import backprop

ROWS = 40_000
PLAIN = "a = 2; b = .5; m = a*exp(-b*x) + abs(y)*a^2"
GATHERED = "a = 2; b = .5; k = a*b; s = mean(a*x); m = (y - k*x)^2/(1 + s) + max(b*x)*y"
TEXTS = 'a = 2; b = .5; m = if(site == "north", a, b)*x + where(y > 0, a*y, b)'.replace(
    "where(", "if("
)
MODELS = PLAIN, GATHERED, TEXTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    chance = numpy.random.default_rng(5)
    x, y = chance.uniform(0, 3, ROWS).round(5), chance.normal(size=ROWS).round(5)
    site = numpy.where(chance.uniform(size=ROWS) < 0.5, "north", "south")
    table = pyarrow.table({"x": x, "y": y, "site": site})
    csv.write_csv(table, folder / "rows.csv")
    parquet.write_table(table, folder / "rows.parquet", row_group_size=7000)
    feather.write_feather(table, folder / "rows.arrow", chunksize=9000)
    return folder


def columns(text: str) -> dict[str, list[float]]:
    titles, *lines = read_csv(text.splitlines())
    numbers = zip(*([float(each) for each in line] for line in lines), strict=True)
    return dict(zip(titles, map(list, numbers), strict=True))


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("more", [[], ["--wrt", "b, y"], ["--where", "x > 1 and y < 1"]])
@pytest.mark.one_in(2)
def test_passes_say_what_rows_say_one_by_one(
    text: str, more: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text == GATHERED and more[:1] == ["--wrt"]:
        more = ["--wrt", "b"]
    given = "grad", "-e", text, "--rows", *more, "--format", "csv", "--data"
    passed = backprop(*given, str(folder / "rows.csv"))
    assert passed.status == 0
    monkeypatch.setattr(data_batches, "_ROWS", 3001)
    monkeypatch.setattr(data_batches, "_BYTES", 50_000)
    for name in ("rows.csv", "rows.parquet", "rows.arrow"):
        assert backprop(*given, str(folder / name), "--memory", "1K") == passed
    few = tmp_path / "few.csv"
    few.write_text("\n".join((folder / "rows.csv").read_text().splitlines()[:300]) + "\n")
    alone = columns(backprop(*given, str(few)).out)
    monkeypatch.setattr(row_passes, "MANY", 0)
    both = columns(backprop(*given, str(few)).out)
    assert both.keys() == alone.keys()
    for name, numbers in alone.items():
        assert both[name] == pytest.approx(numbers, rel=1e-13, abs=1e-14), name


def test_derivatives_are_differences(folder: Path) -> None:
    given = "grad", "-e", GATHERED, "--data", str(folder / "rows.parquet"), "--rows"
    more = "--memory", "1K", "--format", "csv"
    here = columns(backprop(*given, *more).out)
    for name, at in (("a", 2.0), ("b", 0.5)):
        step = 1e-6
        there, back = (
            columns(backprop(*given, *more, "--set", f"{name}={at + side!r}").out)["m"]
            for side in (step, -step)
        )
        slopes = [(one - other) / (2 * step) for one, other in zip(there, back, strict=True)]
        assert here[f"dm_d{name}"] == pytest.approx(slopes, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_files_are_the_same(ending: str, folder: Path, tmp_path: Path) -> None:
    given = "grad", "-e", PLAIN, "--data", str(folder / "rows.csv"), "--rows", "-o"
    one, other = tmp_path / f"one.{ending}", tmp_path / f"other.{ending}"
    assert backprop(*given, str(one)).err == f"wrote {one}\n"
    assert backprop(*given, str(other), "--memory", "1K").err == f"wrote {other}\n"
    if ending == "parquet":
        assert parquet.read_table(one).equals(parquet.read_table(other))
    else:
        assert one.read_bytes() == other.read_bytes()
    assert {each.name for each in tmp_path.iterdir()} == {one.name, other.name}


def test_a_table_has_the_first_rows(folder: Path) -> None:
    given = "grad", "-e", PLAIN, "--data", str(folder / "rows.csv"), "--rows"
    held = backprop(*given)
    assert "m in 40,000 rows" in held.out
    assert backprop(*given, "--memory", "1K") == held
    every = backprop(*given, "--memory", "1K", "--all")
    assert (every.status, "--format csv" in every.err) == (1, True)


@pytest.mark.parametrize("format", ["table", "csv", "json", "parquet"])
def test_nothing_is_half_written(format: str, folder: Path, tmp_path: Path) -> None:
    lines = (folder / "rows.csv").read_text().splitlines()
    lines[35_000] = '-1,0,"north"'
    path, out = tmp_path / "rows.csv", tmp_path / f"m.{format}"
    path.write_text("\n".join(lines) + "\n")
    to = ["-o", str(out)] if format == "parquet" else ["--format", format]
    text = "a = 2; m = a*sqrt(x) + y"
    found = backprop("grad", "-e", text, "--data", str(path), "--memory", "1K", "--rows", *to)
    assert (found.status, found.out) == (1, "")
    assert "sqrt(x) has no value at x[35000] = -1" in found.err
    assert "rows.csv:35001" in found.err
    assert not out.exists()


def test_borders_are_noted(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x\n1\n0\n-2\n")
    given = "grad", "-e", "a = 3; m = a*abs(x)", "--data", str(tmp_path / "rows.csv"), "--rows"
    found = backprop(*given, "--memory", "1", "--format", "csv")
    assert found.out == "x,m,dm_dx,dm_da\n1.0,3.0,3.0,1.0\n0.0,0.0,0.0,0.0\n-2.0,6.0,-3.0,2.0\n"
    assert "a row stands on a border: there the derivatives are those of one side" in found.err


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("m = x - mean(x)", ["--wrt", "x"], "m of a row depends on x in other rows, too"),
        ("m = 2*x; n = 3*x", [], "--rows is of one column"),
        ("L = a; a = 1; M = sum(x)", [], "no equation here is computed row by row"),
        ("m = a*x", [], "a"),
    ],
)
def test_what_is_wrong_is_told_as_of_few_rows(
    text: str, more: list[str], message: str, folder: Path
) -> None:
    given = "grad", "-e", text, "--data", str(folder / "rows.csv"), "--rows", *more
    found = backprop(*given, "--memory", "1K")
    held = backprop(*given)
    assert found.status == held.status in (1, 2)
    assert message in found.err
    assert found.err.splitlines()[0] == held.err.splitlines()[0]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
def test_memory_stays_the_same_for_any_number_of_rows(tmp_path: Path) -> None:
    """Four columns of three million rows take 96 MB, and their text three times as much."""
    program = (
        "import resource, sys; from backprop.cli import main; sys.argv[0] = 'backprop'\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    path, out = tmp_path / "rows.parquet", tmp_path / "m.parquet"
    rooms = []
    for rows in (300_000, 3_000_000):
        numbers = numpy.random.default_rng(0).uniform(size=rows)
        parquet.write_table(pyarrow.table({"x": numbers}), path, row_group_size=100_000)
        given = "grad", "-e", "a = 2; m = a*exp(-x)", "--data", str(path), "--rows", "-o", str(out)
        run = [sys.executable, "-c", program, *given, "--memory", "1M"]
        found = subprocess.run(run, capture_output=True, text=True, check=True, timeout=300)
        rooms.append(int(found.stderr.split()[-1]) >> 10)
        assert parquet.read_metadata(out).num_rows == rows
    assert rooms[1] < rooms[0] + 50, rooms


def test_who_reads_may_have_enough(folder: Path) -> None:
    given = ["grad", "-e", PLAIN, "--data", str(folder / "rows.csv"), "--rows", "--format", "json"]
    run = [sys.executable, "-m", "backprop", *given, "--memory", "1K"]
    with subprocess.Popen(
        run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["m"]
        process.stdout.close()
        said = process.stderr.read()
        process.wait(60)
        assert "Traceback" not in said


NAMING = [
    "alpha[i] = 0.5*i for i in 1..3; b = 2; m = alpha[k]*exp(-b*x) + y",
    """alpha[i] = 0.5*i for i in 1..3; beta[i] = g^i for i in 1..3; g = 1.5; b = 0.5; c = mean(y)*b
    m = alpha[k]*x*beta[2] + c*beta[4 - k] + beta[k]""",
    "w[i,j] = i - 0.3*j for i in 1..3, j in 0..2; m = w[k,l]*x + w[2,l]*y",
]


@pytest.mark.parametrize("text", NAMING)
@pytest.mark.parametrize("more", [[], ["--wrt", "b, x"]])
def test_rows_name_members(
    text: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if more and "b =" not in text:
        more = ["--wrt", "w[2,1], x"]
    rows = tmp_path / "rows.csv"
    lines = (f"{at % 7 / 4},{at % 5 - 2},{at % 3 + 1},{at % 2 + at % 3 // 2}" for at in range(40))
    rows.write_text("\n".join(["x,y,k,l", *lines, ""]))
    given = "grad", "-e", text, "--data", str(rows), "--rows", "--of", "m", *more, "--format", "csv"
    held = columns(backprop(*given).out)
    monkeypatch.setattr(data_batches, "_BYTES", 100)
    larger = columns(backprop(*given, "--memory", "1").out)
    monkeypatch.setattr(row_passes, "MANY", 0)
    passed = columns(backprop(*given).out)
    for found in (larger, passed):
        assert [name for name in found if any(found[name]) or name in held] == [*held]
        for name, numbers in held.items():
            assert found[name] == pytest.approx(numbers, rel=1e-13, abs=1e-14), name
    assert len(held) > 3


def test_a_row_that_names_no_member_is_told_of(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,k\n1,1\n2,2\n3,4\n")
    text = "alpha[i] = 0.5*i for i in 1..3; m = alpha[k]*x"
    given = "grad", "-e", text, "--data", str(rows), "--rows"
    held, larger = (backprop(*given, *more) for more in ([], ["--memory", "1"]))
    assert held.status == larger.status == 1
    assert "rows.csv:4" in held.err
    assert "rows.csv:4" in larger.err


@pytest.mark.parametrize("memory", ["1G", "1K"])
def test_a_column_that_is_asked_for_has_its_rows(memory: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x\n1\n3\n")
    data = "--data", str(tmp_path / "rows.csv"), "--memory", memory
    text = "a = 2; f = a*x; L = sum(f)"
    asked = backprop("grad", "-e", text, *data, "--of", "f", "--format", "csv")
    assert asked == backprop("grad", "-e", text, *data, "--rows", "--of", "f", "--format", "csv")
    assert asked.out == "x,f,df_dx,df_da\n1.0,2.0,2.0,1.0\n3.0,6.0,2.0,3.0\n"
    for command in ("grad", "hessian", "descend"):  # without a number
        found = backprop(command, "-e", "a = 2; f = a*x", *data)
        assert (found.status, found.out) == (1, "")
        assert "f is a column of " in found.err
        assert "gather it in an equation: L = mean(f)" in found.err
    found = backprop("hessian", "-e", text, *data, "--of", "f")
    assert "gather it in an equation: L = mean(f)" in found.err
