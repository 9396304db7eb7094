"""Minibatches of tables larger than memory is to hold: letter by letter those of tables in memory in the order of
the table, and each row once an epoch in other orders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pytest
from pyarrow import csv, feather, parquet

from backprop.data_given import DataOptions
from backprop.data_streamed import opened_tables
from backprop.descent import streamed_rows
from backprop.descent.minibatch_rows import RowOrder
from backprop.descent.streamed_rows import StreamedRowsOutput
from backprop.loops.worth import read_model
from backprop.source import Source
from running import backprop

MODEL = "a = 2; b = .5; L = mean((y - a*exp(-b*x))^2)"
SITES = 'a = 2; b = .5; L = mean((y - a*exp(-b*x) - if(site == "north", 0.1, 0))^2)'
COUNTIES = "m[i] = 0 for i in 1..4; b = .5; L = mean((y - m[county]*exp(-b*x))^2)"
ROWS = 50_007


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("minibatches")
    chance = numpy.random.default_rng(0)
    x = chance.uniform(0, 3, ROWS).round(5)
    site = numpy.where(chance.uniform(size=ROWS) < 0.5, "north", "south")
    y = (2.5 * numpy.exp(-0.7 * x) + chance.normal(size=ROWS) * 0.05).round(5)
    county = chance.integers(1, 4, ROWS)  # no row names the fourth member
    county[0] = 2
    table = pyarrow.table({"x": x, "y": y, "site": site, "county": county})
    csv.write_csv(table, folder / "rows.csv")
    parquet.write_table(table, folder / "rows.parquet", row_group_size=11_000)
    feather.write_feather(table, folder / "rows.arrow", chunksize=13_000)
    csv.write_csv(table.slice(0, 999), folder / "others.csv")
    return folder


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_rows, "_NUMBERS", 20_000)


@pytest.mark.parametrize(
    "options",
    [
        ["-e", MODEL, "--batch", "256"],
        ["-e", MODEL, "--batch", "30000"],
        ["-e", MODEL, "--batch", "60000", "--optimizer", "gd", "--lr", "0.1"],
        ["-e", MODEL, "--batch", "1000", "--where", "x > 1 and county != 3"],
        ["-e", MODEL, "--batch", "512", "--explain-step", "70", "--bounds", "b=0..0.6"],
        ["-e", SITES, "--batch", "256"],
        ["-e", COUNTIES, "--batch", "5000"],
    ],
)
def test_the_report_is_the_same(options: list[str], folder: Path) -> None:
    held = backprop("descend", *options, "--epochs", "2", "--data", str(folder / "rows.csv"))
    assert held.status == 0, held.err
    for name in ("rows.csv", "rows.parquet", "rows.arrow"):
        data = "--data", str(folder / name), "--memory", "1K"
        found = backprop("descend", *options, "--epochs", "2", *data)
        out = found.out.replace(str(folder / name), str(folder / "rows.csv"))
        if name != "rows.csv" and "--explain-step" in options:
            continue  # which names lines there
        assert (out, found.err, found.status) == (held.out, held.err, held.status), name


def rows_of(folder: Path) -> StreamedRowsOutput:
    (table,) = opened_tables(DataOptions((str(folder / "rows.parquet"),), memory=1000.0))
    model = read_model(Source("<text>", MODEL), 0, tables=[table.head()])  # type: ignore[union-attr]
    return StreamedRowsOutput(model, "L", ["a", "b"])


@pytest.mark.parametrize("size", [1, 256, 9_999])
def test_each_row_is_seen_once_an_epoch(
    size: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(folder)
    monkeypatch.setattr(rows, "_most", 10_000)
    every = numpy.asarray(parquet.read_table(folder / "rows.parquet")["x"])
    order = RowOrder(rows.count, size, True, 7)
    assert order.count == ROWS
    seen: dict[int, list[Any]] = {}
    lengths: dict[int, list[int]] = {}
    for window in rows.windows(order, range(3, 6), 0):
        places = window.places[: rows.table.size]
        assert sorted(places.tolist()) == [*range(rows.table.size)]
        seen.setdefault(window.epoch, []).append(numpy.asarray(rows.table.numbers["x"])[places])
        lengths.setdefault(window.epoch, []).append(rows.table.size)
        assert window.end - window.first == -(-rows.table.size // size)
        assert rows.table.size % size == 0 or window.end == order.batches
    assert [*seen] == [3, 4, 5]
    for some in seen.values():
        assert sorted(numpy.concatenate(some)) == sorted(every)
    orders = [numpy.concatenate(some).tolist() for some in seen.values()]
    assert orders[0] != orders[1] != orders[2]
    assert len({tuple(each) for each in lengths.values()}) == (3 if size < 9_999 else 1)
    again = [rows.table.size for _ in rows.windows(order, range(4, 5), 0)]
    assert again == lengths[4]  # an epoch's order depends on nothing but its number


def test_a_run_that_goes_on_is_one_that_never_ended(folder: Path, tmp_path: Path) -> None:
    given = "descend", "-e", MODEL, "--data", str(folder / "rows.csv"), "--memory", "1K"
    given = *given, "--batch", "256", "--shuffle", "--format", "json"
    whole = json.loads(backprop(*given, "--epochs", "3").out)
    state = "--state", str(tmp_path / "state.json")
    backprop(*given, "--epochs", "1", *state)
    found = json.loads(backprop(*given, "--epochs", "2", *state).out)
    assert found["parameters"] == whole["parameters"]


def test_what_is_shuffled_is_said_and_other_rows_validate(folder: Path) -> None:
    given = "descend", "-e", MODEL, "--data", str(folder / "rows.csv"), "--memory", "1K"
    more = "--batch", "256", "--shuffle", "--epochs", "2", "--validate", str(folder / "others.csv")
    found = backprop(*given, *more)
    assert found.status == 0, found.err
    assert "196 updates in each epoch, by 256 of 50,007 rows, the last by 87" in found.out
    assert "in another order each time, within windows of up to 9,984 rows" not in found.out
    assert "within windows of up to 256 rows" in found.out  # as many as 1K lets there be
    assert "other rows (--validate): L = " in found.out


def test_a_batch_without_a_value_names_its_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x\n" + "4\n" * 700 + "0\n" + "4\n" * 300, "utf-8")
    given = "descend", "-e", "a = 1; L = mean((a - log(x))^2)", "--data", str(path)
    found = backprop(*given, "--memory", "100", "--batch", "50", "--where", "x >= 0")
    assert found.status == 1
    assert f"{path}:702" in found.err
