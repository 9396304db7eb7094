"""Fits: a whole process, from a text and a table of 100,000 rows to parameters with their errors.

Two peaks on a decay, 8 parameters. scipy's `curve_fit` reads the table with NumPy and has differences for
derivatives; so does lmfit. All end at the same sum of squares.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

from benchmarks.contest import Launcher, Ran, in_turn, installed
from benchmarks.table import Table, duration

SECTION = "8. Fits"
ROWS, LIMIT = 100_000, 0.5
START = {"b1": 94, "b2": 0.0105, "b3": 99, "b4": 63, "b5": 25, "b6": 71, "b7": 150, "b8": 20}
MODEL = "b1*exp(-b2*x) + b3*exp(-((x - b4)/b5)^2) + b6*exp(-((x - b7)/b8)^2)"
COMMAND = shutil.which("backprop", path=str(Path(sys.executable).parent))

READ = """
import numpy
x, y = numpy.loadtxt({path!r}, delimiter=",", skiprows=1).T
def peaks(x, b1, b2, b3, b4, b5, b6, b7, b8):
    decay = b1*numpy.exp(-b2*x)
    return decay + b3*numpy.exp(-((x - b4)/b5)**2) + b6*numpy.exp(-((x - b7)/b8)**2)
"""
CURVE_FIT = """
from scipy.optimize import curve_fit
found, covariance = curve_fit(peaks, x, y, {start})
print(*found, ((y - peaks(x, *found))**2).sum())
"""
LMFIT = """
import lmfit
found = lmfit.Model(peaks).fit(y, x=x, **{named})
print(*found.best_values.values(), found.chisqr)
"""


def table_of(folder: Path) -> Path:
    """The rows, with noise that a generator of numbers always makes alike."""
    chance = numpy.random.default_rng(1)
    x = chance.uniform(0, 250, ROWS)
    y = 98.9 * numpy.exp(-0.011 * x) + 100.7 * numpy.exp(-(((x - 67) / 23) ** 2))
    y += 73.7 * numpy.exp(-(((x - 149) / 18.4) ** 2)) + 2.5 * chance.normal(size=ROWS)
    path = folder / "peaks.csv"
    numpy.savetxt(path, numpy.c_[x, y], delimiter=",", header="x,y", comments="", fmt="%.10g")
    return path


def test_a_fit_as_a_process(
    benchmark: Any, table: Table, launcher: Launcher, tmp_path: Path
) -> None:
    path = table_of(tmp_path)
    settings = ", ".join(f"{name}={number}" for name, number in START.items())
    ours = [COMMAND] if COMMAND else [sys.executable, "-m", "backprop"]
    ours += [
        "fit",
        "-e",
        f"y ~ {MODEL}",
        "--data",
        str(path),
        "--set",
        settings,
        "--format",
        "json",
    ]
    read = READ.format(path=str(path))
    peers = {
        "scipy curve_fit": ("scipy", read + CURVE_FIT.format(start=[*START.values()])),
        "lmfit": ("lmfit", read + LMFIT.format(named=START)),
    }
    present = {
        name: [sys.executable, "-c", text]
        for name, (need, text) in peers.items()
        if installed(need)
    }
    ran: dict[str, Ran] = {}

    def run(name: str, command: list[str], repeats: int) -> float:
        found = [launcher.run(command) for _ in range(repeats)]
        ran[name] = found[0]
        return sum(each.seconds for each in found) / repeats

    times = in_turn(
        benchmark,
        lambda repeats: run("", ours, repeats),
        {name: lambda n, name=name: run(name, present[name], n) for name in present},
        most=30,
    )
    found = json.loads(ran[""].output)
    right = [*found["parameters"].values(), found["value"]]
    what = f"8 parameters, {ROWS:,} rows of CSV, a whole process"
    for name in present:
        theirs = [float(each) for each in ran[name].output.split()]
        assert theirs[:-1] == pytest.approx(right[:-1], rel=1e-5)
        assert theirs[-1] == pytest.approx(right[-1], rel=1e-12)
        shown = map(duration, times.medians(name))
        limit = LIMIT if name.startswith("scipy") else None
        memory = ran[""].bytes, ran[name].bytes
        table.add(SECTION, what, name, *shown, times.ratio(name), limit, memory)
    for name in peers.keys() - present.keys():
        table.add(SECTION, what, f"{name}: not installed")
