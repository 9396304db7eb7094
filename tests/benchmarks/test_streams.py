"""Tables larger than memory: value and gradient over 10^7 rows of Parquet, 10^8 with --whole, read in batches.
The peak of the process does not grow with the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet
import pytest

from benchmarks.contest import Launcher
from benchmarks.table import Table, duration
from benchmarks.test_arrays import BACKPROP

SECTION = "7. Rows of data"
TEXT = "a = 90; b = 0.01; L = mean((y - a*exp(-b*x))^2)\n"
MEMORY = "10M"
PART = 1_000_000


def written(path: Path, rows: int) -> tuple[float, float, float]:
    """A file of so many rows, made part by part; the output of TEXT over it, and its gradient by a and b."""
    sums = numpy.zeros(3)
    columns = pyarrow.schema([("x", pyarrow.float64()), ("y", pyarrow.float64())])
    with pyarrow.parquet.ParquetWriter(path, columns) as file:
        for part in range(rows // PART):
            chance = numpy.random.default_rng(part)
            x = chance.uniform(0, 250, PART)
            y = 98 * numpy.exp(-0.0105 * x) + chance.normal(size=PART)
            file.write_table(pyarrow.table({"x": x, "y": y}, schema=columns))
            e = numpy.exp(-0.01 * x)
            r = y - 90 * e
            sums += [r @ r, -2 * (r @ e), 180 * (r @ (e * x))]
    value, by_a, by_b = (sums / rows).tolist()
    return value, by_a, by_b


def test_a_table_larger_than_memory(
    benchmark: Any, table: Table, launcher: Launcher, whole: bool, tmp_path: Path
) -> None:
    rows = 100_000_000 if whole else 10_000_000
    equations = tmp_path / "model.eq"
    equations.write_text(TEXT, "utf-8")
    peaks = []
    for count in (rows // 10, rows):
        path = tmp_path / f"{count}.parquet"
        expected = written(path, count)
        command = [*BACKPROP, "grad", str(equations), "--data", str(path), "--memory", MEMORY]
        command += ["--format", "csv"]
        ran = launcher.run(command)
        if count == rows:
            ran = benchmark.pedantic(launcher.run, args=(command,), rounds=1)
        lines = [line.split(",") for line in ran.output.splitlines()]
        by = {line[1]: line for line in lines}
        assert float(by["L"][-2]) == pytest.approx(expected[0], rel=1e-10)
        assert [float(by[name][-1]) for name in "ab"] == pytest.approx(expected[1:], rel=1e-9)
        peaks.append(ran.bytes)
        path.unlink()
    assert peaks[1] < 1.1 * peaks[0] + 20e6
    what = f"grad over 10^{len(str(rows)) - 1} rows of Parquet, --memory {MEMORY}"
    table.add(
        SECTION, what, "a tenth of the rows", duration(ran.seconds), memory=(peaks[1], peaks[0])
    )
