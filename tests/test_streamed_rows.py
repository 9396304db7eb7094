"""Tables larger than memory is to hold: what is said of them is what is said of tables in memory."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from threading import active_count

import numpy
import pyarrow
import pytest
from pyarrow import feather, parquet

from backprop import data_batches, memory, row_progress
from backprop.data_lines import TextForm
from running import backprop

TEXT = (
    "a = 2; b = 0.5; r = y - a*exp(-b*x); m = mean(x); L = mean(r^2) + 0.1*a^2*m + sum((x - m)^2)"
)
ROWS = 30_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same rows in files of all kinds."""
    folder = tmp_path_factory.mktemp("streamed")
    chance = numpy.random.default_rng(3)
    x, y = chance.uniform(0.5, 2, ROWS).round(6), chance.normal(size=ROWS).round(6)
    site = numpy.where(x > 1, "north", "south, far")
    table = pyarrow.table({"x": x, "y": y, "site": site})
    rows = zip(x.tolist(), y.tolist(), site.tolist(), strict=True)
    lines = [f'{a!r},{b!r},"{c}"\n' for a, b, c in rows]
    text = "x,y,site\n" + "".join(lines)
    (folder / "rows.csv").write_text(text, "utf-8")
    (folder / "bom.csv").write_text("\ufeff" + text.replace("\n", "\r\n"), "utf-8", newline="")
    (folder / "rows.tsv").write_text(
        "".join(f"{a!r}\t{b!r}\t{c}\n" for a, b, c in zip(["x", *x.tolist()], ["y", *y.tolist()], ["site", *site.tolist()], strict=True)).replace("'", ""),
        "utf-8",
    )  # fmt: skip
    (folder / "rows.csv.gz").write_bytes(gzip.compress(text.encode()))
    for at, start in enumerate(range(0, ROWS, 7001)):
        part = "x,y,site\n" + "".join(lines[start : start + 7001])
        (folder / f"part{at}.csv").write_text(part, "utf-8")
    parquet.write_table(table, folder / "rows.parquet", row_group_size=5000)
    feather.write_feather(table, folder / "rows.arrow", compression="uncompressed")
    return folder


FILES = (
    "rows.csv",
    "bom.csv",
    "rows.tsv",
    "rows.csv.gz",
    "part*.csv",
    "rows.parquet",
    "rows.arrow",
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "where", [[], ["--where", "x > 0.7"], ["--where", 'site == "north" and y > 0']]
)
def test_the_table_is_the_same(
    name: str, where: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "grad", "-e", TEXT, *where, "--data"
    held = backprop(*given, str(folder / "rows.csv"))
    assert held.status == 0
    monkeypatch.setattr(data_batches, "_BYTES", 40_000)
    monkeypatch.setattr(data_batches, "_ROWS", 3000)
    threads = active_count()
    for more in (["--threads", "1"], ["--threads", "3"]):
        assert backprop(*given, str(folder / name), "--memory", "100K", *more) == held
    assert active_count() <= threads


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.parquet", "rows.arrow"])
def test_texts_are_compared(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'a = 2; b = 1; L = mean((y - if(site == "north", a, b)*x)^2) + sum(site != "south, far")'
    given = "grad", "-e", text, "--where", 'x < 1.9 and site != "none"'
    held = backprop(*given, "--data", str(folder / "rows.csv"))
    assert held.status == 0
    monkeypatch.setattr(data_batches, "_BYTES", 40_000)
    monkeypatch.setattr(data_batches, "_ROWS", 3000)
    found = backprop(*given, "--data", str(folder / name), "--memory", "100K")
    assert found.out == held.out


def test_cells_that_are_missing_are_left_out(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "rows.csv").read_text("utf-8").splitlines()
    lines[20_000] = lines[20_000].partition(",")[0] + ",,north"
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    given = "grad", "-e", TEXT, "--data", str(path), "--memory", "100K"
    refused = backprop(*given)
    assert refused.status == 1
    assert "y in row 20,000 is missing" in refused.err
    assert backprop(*given, "--skip-missing") == backprop(*given[:-2], "--skip-missing")


@pytest.mark.parametrize(
    ("at", "line", "message"),
    [
        (25_000, "1,abc,north", "rows.csv:25001: error: y in row 25,000 is 'abc', and no number"),
        (25_000, "1,2", "rows.csv:25001: error: 2 cells, where the first line has 3"),
        (25_000, "1,inf,north", "y in row 25,000 is inf, and no finite number"),
    ],
)
def test_a_row_that_is_wrong(
    at: int, line: str, message: str, folder: Path, tmp_path: Path
) -> None:
    lines = (folder / "rows.csv").read_text("utf-8").splitlines()
    lines[at] = line
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = backprop("grad", "-e", TEXT, "--data", str(path), "--memory", "100K")
    assert found.status == 1
    assert message in found.err
    assert not found.out


def test_a_row_without_a_value_is_named(folder: Path) -> None:
    path = str(folder / "rows.parquet")
    found = backprop("grad", "-e", "a = 1; L = sum(log(y*a))", "--data", path, "--memory", "1K")
    assert found.status == 1
    assert "log(y*a) has no value" in found.err
    assert "rows.parquet, row " in found.err


def test_borders_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x\n1\n0\n-2\n", "utf-8")
    found = backprop("grad", "-e", "a = 3; L = sum(a*abs(x))", "--data", str(path), "--memory", "1")
    assert found.status == 0
    assert "L = 9" in found.out
    assert "a row stands on a border" in found.err


@pytest.mark.parametrize(
    ("command", "equations", "message"),
    [
        ("grad", "a = 1; L = sum(derivative(a*(x - mean(x))^2, x))", "derivatives stand in"),
        ("descend", "a = 1; J = sum(a^2*x); L = derivative(J, a)^2", "derivatives stand in"),
        ("explain", "a = 1; L = sum((x - a)^2)", "larger than memory is to hold at once"),
    ],
)
def test_what_needs_all_rows_says_so(
    command: str, equations: str, message: str, folder: Path
) -> None:
    path = str(folder / "rows.csv")
    found = backprop(command, "-e", equations, "--data", path, "--memory", "1K")
    assert found.status == 1
    assert message in found.err
    assert "--memory" in found.err


@pytest.mark.parametrize(
    ("text", "size"),
    [("512M", 512 << 20), ("2G", 2 << 30), ("1.5 GiB", 1.5 * (1 << 30)), ("7", 7), ("3kB", 3072)],
)
def test_sizes_of_memory(text: str, size: float) -> None:
    assert memory.memory_of(text) == size


@pytest.mark.parametrize("text", ["2Q", "-1", "much", "1G2"])
def test_what_is_no_size(text: str) -> None:
    found = backprop("grad", "-e", "L = a*x", "--data", "rows.csv", f"--memory={text}")
    assert (found.status, "is no size" in found.err) == (2, True)


def test_what_reading_takes_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    schema = pyarrow.schema([("x", pyarrow.float64())])
    with parquet.ParquetWriter(path, schema, compression="NONE", use_dictionary=False) as writer:
        for _ in range(20):
            writer.write_table(pyarrow.table({"x": numpy.ones(200_000)}, schema=schema))
    (table,) = data_batches.batched_tables([str(path)], TextForm())
    before, rows = pyarrow.total_allocated_bytes(), 0
    for batch in table.files[0].batches(["x"], []):
        rows += batch.count
        assert pyarrow.total_allocated_bytes() - before < 8e6  # of 32 MB
    assert rows == 4_000_000


def test_a_long_pass_says_how_far_it_is_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(written, "isatty", lambda: True)
    monkeypatch.setattr(row_progress.sys, "stderr", written)
    times = iter([0.0, 1.0, 2.5, 2.7, 4.0])
    monkeypatch.setattr(row_progress, "monotonic", lambda: next(times))
    progress = row_progress.RowProgress()
    for rows in (1_000_000, 5_000_000, 6_000_000, 8_000_000):
        progress(rows)
    progress.end()
    lines = written.getvalue().replace("\x1b[K", "").split("\r")
    assert lines == [
        "",
        "5,000,000 rows, 2 million a second",
        "8,000,000 rows, 2 million a second",
        "",
    ]


def test_a_pass_says_nothing_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(row_progress.sys, "stderr", written)
    progress = row_progress.RowProgress()
    monkeypatch.setattr(row_progress, "monotonic", lambda: 1e12)
    progress(5)
    progress.end()
    assert not written.getvalue()


def test_a_run_for_each_row_of_values(tmp_path: Path) -> None:
    rows, values = tmp_path / "rows.csv", tmp_path / "values.csv"
    rows.write_text("x,y\n1,2\n2,4\n3,7\n")
    values.write_text("b,a\n0,2\n1,1\n-3,0.5\n")
    given = "grad", "-e", "b = 1; c = 2; L = mean((y - a*x - b)^2)*c", "--data", str(rows)
    more = "--values", str(values), "--memory", "1", "--format", "csv"
    head, *lines = backprop(*given, *more).out.splitlines()
    slopes = head.split(",")
    assert slopes[:3] == ["b", "a", "L"]
    for line in lines:
        found = dict(zip(slopes, map(float, line.split(",")), strict=True))
        a, b = found["a"], found["b"]
        off = [2 - a - b, 4 - 2 * a - b, 7 - 3 * a - b]
        mean = sum(each**2 for each in off) / 3
        assert found["L"] == pytest.approx(2 * mean)
        assert found["dL_dc"] == pytest.approx(mean)
        assert found["dL_db"] == pytest.approx(-4 * sum(off) / 3)
        assert found["dL_da"] == pytest.approx(-4 * (off[0] + 2 * off[1] + 3 * off[2]) / 3)
    assert len(lines) == 3
    wrong = "grad", "-e", "L = mean(log(x - a))", "--data", str(rows), "--memory", "1"
    values.write_text("a\n0\n2.5\n")
    found = backprop(*wrong, "--values", str(values))
    assert found.status == 1
    assert "these are the numbers of " in found.err
    assert "values.csv:3" in found.err


def test_texts_are_no_borders(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,site\n1,north\n2,south\n")
    given = "-e", 'a = 1; L = sum(if(site == "north", a, 2)*x)', "--data", str(rows)
    for command in ("grad", "check", "hessian", "draw"):
        more = ("-o", str(tmp_path / "L.svg")) if command == "draw" else ()
        found = backprop(command, *given, "--memory", "1", *more)
        assert found.status == 0
        assert "stands on a border" not in found.err
