"""Descents over tables larger than memory is to hold: letter by letter what is said of tables in memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy
import pyarrow
import pytest
from pyarrow import csv, feather, parquet

from backprop import data_batches
from backprop.data_streamed import StreamedTable
from backprop.descent.streamed_objective import StreamedObjective
from backprop.inputs import Inputs
from backprop.language.laid import RowNumbers
from backprop.streamed_matrices import read
from running import backprop, interruptible
from sizes import size

MODEL = "a = 2; b = .5; c = .1; L = mean((y - a*exp(-b*x) - c)^2)"
SITES = 'a = 2; b = .5; c = .1; L = mean((y - a*exp(-b*x) - if(site == "north", c, 0))^2)'
GATHERED = "a = 2; b = .5; c = .1; L = mean((y - a*exp(-b*x) - c)^2) + max(a*x) + logsumexp(-b*x)"
NESTED = "a = 2; b = .5; c = .1; r = y - a*exp(-b*x) - c; m = mean(r); L = sum((r - m)^2) + m^2"
ROWS = size(450_000, 600_000)
"""So many that all second derivatives, and with them Newton's method, are too dear for tables in memory, too."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streamed")
    chance = numpy.random.default_rng(0)
    x = chance.uniform(0, 3, ROWS).round(5)
    site = numpy.where(chance.uniform(size=ROWS) < 0.5, "north", "south")
    y = (2.5 * numpy.exp(-0.7 * x) + 0.3 + chance.normal(size=ROWS) * 0.05).round(5)
    table = pyarrow.table({"x": x, "y": y, "site": site})
    csv.write_csv(table, folder / "rows.csv")
    parquet.write_table(table, folder / "rows.parquet", row_group_size=size(105_000, 140_000))
    feather.write_feather(table, folder / "rows.arrow", chunksize=size(97_500, 130_000))
    return folder


@pytest.mark.parametrize(
    "options",
    [
        ["-e", MODEL],
        ["-e", MODEL, "--where", "x > 1"],
        pytest.param(
            ["-e", MODEL, "--where", 'site == "south"', "--optimizer", "cg"],
            marks=pytest.mark.whole,
        ),
        ["-e", MODEL, "--optimizer", "adam", "--lr", "0.05", "--steps", "20"],
        ["-e", MODEL, "--optimizer", "bfgs", "--bounds", "c=0..0.2"],
        ["-e", MODEL, "--lr", "0.1", "--steps", "12", "--explain-step", "3"],
        ["-e", MODEL, "--maximize", "--freeze", "b", "--bounds", "a=0..3, c=-1..1"],
        ["-e", SITES],
        ["-e", GATHERED, "--steps", "7"],
        ["-e", NESTED, "--freeze", "c", "--steps", "8"],
    ],
)
@pytest.mark.one_in(2)
def test_the_report_is_the_same(
    options: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = backprop("descend", *options, "--data", str(folder / "rows.parquet"))
    assert held.status == 0
    monkeypatch.setattr(data_batches, "_BYTES", size(2_250_000, 3_000_000))
    monkeypatch.setattr(data_batches, "_ROWS", size(112_501, 150_001))
    others = ("rows.csv", ["--threads", "1"]), ("rows.arrow", [])
    for name, more in (("rows.parquet", []), *(others if options == ["-e", MODEL] else ())):
        data = "--data", str(folder / name), "--memory", "100K"
        found = backprop("descend", *options, *data, *more)
        assert (found.out, found.err, found.status) == (held.out, held.err, held.status), name


def test_members_that_rows_name(tmp_path: Path) -> None:
    """`alpha[county]`: those that some row names are parameters, as in memory."""
    path, chance = tmp_path / "rows.csv", numpy.random.default_rng(3)
    county = chance.choice([1, 2, 5], 40_000)
    y = (county * 0.5 + chance.normal(size=40_000)).round(4)
    csv.write_csv(pyarrow.table({"k": county, "y": y}), path)
    text = "m[i] = 0 for i in 1..6; s = 1; L = mean((y - m[k])^2)/s^2 + log(s)"
    given = (
        "descend",
        "-e",
        text,
        "--data",
        str(path),
        "--optimizer",
        "adam",
        "--lr",
        "0.1",
        "--steps",
        "200",
    )
    held, found = backprop(*given), backprop(*given, "--memory", "1K")
    assert (found.status, found.out) == (0, held.out)
    assert "m[3]" not in found.out
    for at in (1, 2, 5):
        (line,) = (each for each in found.out.splitlines() if each.startswith(f"m[{at}]"))
        assert float(line.split()[3]) == pytest.approx(y[county == at].mean(), abs=1e-3)


def test_a_row_that_names_no_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("k,y\n" + "1,2\n2,3\n" * 700 + "7,1\n2,4\n", "utf-8")
    text = "m[i] = 0 for i in 1..2; L = mean((y - m[k])^2)"
    found = backprop("descend", "-e", text, "--data", str(path), "--memory", "1")
    assert found.status == 1
    assert f"{path}:1402" in found.err


def test_blocks_of_numpy_find_the_same(folder: Path) -> None:
    given = "descend", "-e", MODEL, "--data", str(folder / "rows.parquet"), "--format", "json"
    one, other = (
        json.loads(backprop(*given, "--memory", "1K", "--engine", each).out)
        for each in ("auto", "python")
    )
    assert other["value"] == pytest.approx(one["value"], rel=1e-12)
    assert other["parameters"] == pytest.approx(one["parameters"], rel=1e-6)


def test_equations_and_states_are_saved(tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text("a = 2\nL = mean((y - a*x)^2)\n")
    (tmp_path / "rows.csv").write_text("x,y\n" + "1,2\n2,3\n3,5\n" * 1000)
    found = []
    for memory in ("8G", "1K"):
        state, saved = tmp_path / f"{memory}.json", tmp_path / f"{memory}.txt"
        given = "descend", str(tmp_path / "eqs.txt"), "--data", str(tmp_path / "rows.csv")
        more = "--memory", memory, "--optimizer", "adam", "--lr", "0.05", "--steps", "5"
        for _ in range(2):
            done = backprop(*given, *more, "--state", str(state), "--save", str(saved))
            assert done.status == 0
        assert saved.read_text().startswith("a = 1.57365219110163")
        found.append(done.out)
    assert found[0] == found[1]


def test_a_row_that_has_no_value_on_the_way_is_named(folder: Path) -> None:
    text = "a = 1; L = sum(log(x - a))"
    data = "--data", str(folder / "rows.parquet"), "--memory", "1K"
    found = backprop("descend", "-e", text, *data)
    assert found.status == 1
    assert "log(x - a) has no value at x - a = -" in found.err
    assert "rows.parquet, row " in found.err


def test_what_is_no_sum_says_so(folder: Path) -> None:
    data = "--data", str(folder / "rows.parquet"), "--memory", "1K"
    found = backprop("descend", "-e", "a = 1; L = sum(derivative((x - a*mean(x))^2, x))", *data)
    assert (found.status, found.out) == (1, "")
    assert "larger than memory is to hold at once, and derivatives stand in" in found.err
    assert "--memory 8G" in found.err


def test_an_input_without_a_number_is_named(folder: Path) -> None:
    data = "--data", str(folder / "rows.parquet"), "--memory", "1K"
    found = backprop("descend", "-e", "L = mean((x - a)^2)", *data)
    assert found.status == 1
    assert "a" in found.err
    assert "--set" in found.err


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.arrow"])
def test_a_file_that_changes_between_passes_is_told(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes((folder / name).read_bytes())
    passes, plain = [0], data_batches.BatchedFile.batches

    def batches(self: data_batches.BatchedFile, *columns: list[str]) -> object:
        passes[0] += 1
        if passes[0] == 6:
            path.write_bytes((folder / name).read_bytes()[: 1 << 16])
        return plain(self, *columns)  # type: ignore[arg-type]

    monkeypatch.setattr(data_batches.BatchedFile, "batches", batches)
    found = backprop("descend", "-e", MODEL, "--data", str(path), "--memory", "1K")
    assert (found.status, found.out) == (2, "")
    assert f"{name} has changed while it was read, pass after pass" in found.err
    assert "run it again" in found.err


LIMITED = """
import resource, sys
from backprop.cli import main
sys.argv = ["backprop", *sys.argv[1:]]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def _room(*arguments: str) -> int:
    """The most memory of a run, in MB."""
    run = [sys.executable, "-c", LIMITED, *arguments]
    found = subprocess.run(run, capture_output=True, text=True, check=True, timeout=300)
    return int(found.stderr.split()[-1]) >> 10


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
def test_memory_stays_the_same_for_any_number_of_rows(tmp_path: Path) -> None:
    """Columns of 8 million rows and three numbers take 192 MB, and as many temporaries."""
    path, schema = (
        tmp_path / "rows.parquet",
        pyarrow.schema([(n, pyarrow.float64()) for n in "xyz"]),
    )
    chance = numpy.random.default_rng(1)
    part = pyarrow.table({n: chance.uniform(size=250_000) for n in "xyz"}, schema=schema)
    rooms = []
    for parts in (4, 32):
        with parquet.ParquetWriter(path, schema, compression="NONE", use_dictionary=False) as out:
            for _ in range(parts):
                out.write_table(part)
        text = "a = 1; b = 0; L = mean((z - a*x - b*y)^2)"
        given = "-e", text, "--data", str(path), "--memory", "1M"
        steps = "--optimizer", "gd", "--lr", "0.1", "--steps", "3"
        rooms.append((_room("grad", *given), _room("descend", *given, *steps)))
    for few, many in zip(*rooms, strict=True):
        assert many < few + 60, rooms


def test_ctrl_c_ends_a_pass_with_what_was_reached(folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.txt"
    given = ["-e", MODEL, "--data", str(folder / "rows.csv"), "--memory", "1K"]
    steps = ["--lr", "1e-9", "--steps", "100000", "--engine", "python", "--save", str(saved)]
    run = [sys.executable, "-m", "backprop", "descend", *given, *steps, "--trace"]
    with subprocess.Popen(
        run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible
    ) as process:
        assert process.stdout
        for _ in range(4):
            process.stdout.readline()
        time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in out + err
    assert "Traceback" not in err
    assert saved.read_text().startswith("a = 2.0")


def test_a_pipe_can_be_read_once_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop.data_bytes.available", lambda: 400)
    rows = "x,y\n" + "1,2\n" * 100
    found = backprop(
        "descend", "-e", "a = 1; L = sum((y - a*x)^2)", "--data", "-", stdin=rows.encode()
    )
    assert found.status == 2
    assert "can be read once only: write it into a file, to be read" in found.err


ROUGH = {
    "a = 1; b = 1; L = mean((y - a*x - b)^2) + 0.1*abs(a) + 0.1*abs(b)": "minimum",
    "a = 1; L = mean(if(a > x, (y - a)^2, (y - a)^2*2))": "minimum",
    "a = 1; b = .6; L = mean((y - max(a*x, b))^2)": "minimum, not unique",
    "a = 1; L = mean(max(y - a, 0.3*(a - y)))": "minimum at a corner",
    "a = 1; b = 1; L = mean(abs(y - a*x - b))": "minimum at a corner",
    "a = 1; L = mean(abs(y - a)^3)": "minimum",
    "a = 3; L = mean((abs(x*a) - y)^2)": "minimum",
    "a = 0.3; L = mean(floor(a*x)) + a^2": "corner",
    "a = 1; b = 1; L = mean((y - a - b)^2)": "minimum, not unique",
    "a = 3; L = mean(if(a > 2, y^2 + 1, (y - a)^2))": "minimum",
    "a = -0.31; b = 1.11; L = mean(floor(a*x - b*y + 1)^2) + max(a, b)^2": "flat",
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance, path = numpy.random.default_rng(7), tmp_path_factory.mktemp("few") / "few.csv"
    x = chance.uniform(0, 4, 40).round(4)
    y = (2 * numpy.exp(-0.7 * x) + 0.3 + chance.normal(0, 0.1, 40)).round(4)
    lines = [f"{a},{b}" for a, b in zip(x, y, strict=True)]
    path.write_text("\n".join(["x,y", *lines, ""]), "utf-8")
    return path


@pytest.mark.parametrize("text", ROUGH)
def test_the_end_of_a_rough_descent_is_what_it_is_in_memory(text: str, few: Path) -> None:
    given = "descend", "-e", text, "--data", str(few), "--format", "json"
    held, found = (json.loads(backprop(*given, *more).out) for more in ((), ("--memory", "100")))
    assert (found["stopped"], held["stopped"]) == (ROUGH[text], ROUGH[text]), found["reason"]
    if found["converged"]:
        assert found["value"] == pytest.approx(held["value"], rel=1e-9)


def test_values_that_are_asked_for_together_take_one_pass(
    few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, given = read(Inputs(expressions=(MODEL,), data=(str(few),), memory="100"))
    objective = StreamedObjective(model, "L", ["a", "b"], given)
    points = [[1.0 + at / 7, 0.5] for at in range(9)]
    right = [(objective.value(x), objective.gradient()) for x in points]
    objective = StreamedObjective(model, "L", ["a", "b"], given)
    objective.value([0.0, 0.0])
    begun, plain = list[object](), StreamedTable.batches

    def counted(self: StreamedTable, names: Sequence[str]) -> Iterator[RowNumbers]:
        begun.append(names)
        return plain(self, names)

    monkeypatch.setattr(StreamedTable, "batches", counted)
    objective.foresee(points)
    assert [objective.value(x) for x in points] == pytest.approx([v for v, _ in right], rel=1e-14)
    assert len(begun) == 1
    assert objective.gradient() == right[-1][1]
