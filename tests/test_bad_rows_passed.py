"""Rows of which something is not finite, in tables larger than memory and in large ones in memory: left out, and
counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from running import backprop

ROWS = 40_000
MODEL = "a = 2; m = a*log(x)/z; L = mean((y - m)^2)"
NESTED = "a = 2; m = a*log(x); q = mean(m); L = mean((m - q - y)^2/z)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    chance = numpy.random.default_rng(0)
    x, y, z = chance.uniform(0.5, 2, (3, ROWS)).round(6)
    x[[6, 7, 17_000, ROWS - 1]] = -1
    z[[6, 4_095, 4_096, 33_333]] = 0
    y[[9, 20_000]] = numpy.nan
    lines = (
        f"{a!r},{b!r},{c!r}\n"
        for a, b, c in zip(*(each.tolist() for each in (x, y, z)), strict=True)
    )
    (folder / "rows.csv").write_text("x,y,z\n" + "".join(lines))
    good = numpy.isfinite(y) & (x > 0) & (z != 0)
    lines = (
        f"{a!r},{b!r},{c!r}\n"
        for a, b, c in zip(*(each[good].tolist() for each in (x, y, z)), strict=True)
    )
    (folder / "good.csv").write_text("x,y,z\n" + "".join(lines))
    return folder


def run(folder: Path, name: str, *options: str) -> Any:
    found = backprop(*options, "--data", str(folder / name))
    assert found.status == 0, found.err
    return found


@pytest.mark.parametrize("memory", ["8G", "1K"])
@pytest.mark.parametrize("text", [MODEL, NESTED])
def test_what_is_left_is_computed(text: str, memory: str, folder: Path) -> None:
    given = "grad", "-e", text, "--format", "json"
    right = json.loads(run(folder, "good.csv", *given).out)
    found = run(folder, "rows.csv", *given, "--memory", memory, "--skip-bad-rows")
    made = json.loads(found.out)
    assert made["value"] == pytest.approx(right["value"], rel=1e-13)
    assert made["gradients"]["a"] == pytest.approx(right["gradients"]["a"], rel=1e-12)
    assert "7 of 39,998 rows left out: something has no finite value" in found.err
    assert "rows.csv:8)" in found.err  # the first one
    assert f"2 of {ROWS:,} rows left out: a cell is no finite number" in found.err


@pytest.mark.parametrize(
    "options",
    [
        ["descend", "-e", MODEL, "--optimizer", "adam", "--lr", "0.1", "--steps", "4"],
        ["descend", "-e", MODEL, "--batch", "500", "--epochs", "2"],
        ["hessian", "-e", MODEL],
        ["jacobian", "-e", MODEL],
    ],
)
def test_every_command_leaves_them_out(options: list[str], folder: Path) -> None:
    right = run(folder, "good.csv", *options)
    for memory in ("8G", "1K"):
        found = run(folder, "rows.csv", *options, "--memory", memory, "--skip-bad-rows")
        assert found.out == right.out, memory
        assert found.err.count("something has no finite value") == 1


def test_rows_of_a_column(folder: Path) -> None:
    given = "grad", "-e", "a = 2; m = a*log(x)/z", "--rows", "--format", "csv", "--digits", "9"
    right = run(folder, "good.csv", *given).out.splitlines()
    for memory in ("8G", "1K"):
        found = run(
            folder, "rows.csv", *given, "--memory", memory, "--skip-bad-rows", "--where", "y > 0"
        )
        assert found.out.splitlines() == right
        assert "7 of 39,998 rows left out: something has no finite value" in found.err


def test_a_bad_row_is_named_where_nobody_leaves_it_out(folder: Path) -> None:
    path = str(folder / "rows.csv")
    found = backprop("grad", "-e", "L = mean(log(x))", "--data", path, "--memory", "1K")
    assert found.status == 1
    assert "rows.csv:8" in found.err


@pytest.mark.parametrize("memory", ["8G", "1"])
def test_no_row_is_left(memory: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x\n" + "-1\n-2\n" * 200)
    given = "grad", "-e", "a = 1; L = sum(a*log(x))", "--data", str(path), "--skip-bad-rows"
    found = backprop(*given, "--memory", memory)
    assert (found.status, found.out) == (1, "")
    assert "in each row" in found.err
