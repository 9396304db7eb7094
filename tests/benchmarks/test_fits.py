"""Fits of two peaks on a decay, 8 parameters.

A whole process, from a text and a table of 100,000 rows to parameters with their errors: scipy's
`curve_fit`, lmfit and iminuit read the table with NumPy and have differences for derivatives, JAX solves
by its own derivatives; gnuplot reads it itself. The fit alone, of a million rows that are there, beside
`curve_fit` with derivatives by hand. And a file that is gone through pass by pass, in constant memory. All
end at the same sum of squares.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contest import Launcher, Worker, commands_in_turn, in_turn, installed
from benchmarks.fits import MODEL, SETTINGS, START, as_parquet, as_text
from benchmarks.table import Table, duration

SECTION = "8. Fits"
ROWS, MANY = 100_000, 1_000_000
STREAMED = {False: 4_000_000, True: 100_000_000}
LIMIT, LIMIT_ANEW, LIMIT_ALONE = 0.5, 0.55, 0.12
MOST_BYTES = 500e6
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
IMINUIT = """
from iminuit import Minuit
from iminuit.cost import LeastSquares
found = Minuit(LeastSquares(x, y, 1.0, peaks), *{start})
found.migrad()
found.hesse()
print(*found.values, found.fval)
"""
JAX = """
import jax
jax.config.update("jax_enable_x64", True)
given, numpy = numpy, jax.numpy
x, y = numpy.array(x), numpy.array(y)
residuals = lambda p: peaks(x, *p) - y
@jax.jit
def step(p):
    r, J = residuals(p), jax.jacfwd(residuals)(p)
    orthogonal, triangle = numpy.linalg.qr(J)
    return p - jax.scipy.linalg.solve_triangular(triangle, orthogonal.T @ r), r @ r
p, before, squares = numpy.array({start}), given.inf, 1e300
while squares < before*(1 - 1e-14):
    before = squares
    p, squares = step(p)
    squares = float(squares)
print(*p.tolist(), squares)
"""
GNUPLOT = """
set datafile separator ","
set fit quiet logfile "{path}.log"
FIT_LIMIT = 1e-9
{start}
f(x) = {model}
fit f(x) "{path}" using 1:2 skip 1 via {names}
set print "-"
print sprintf("{formats}", {names}, FIT_WSSR)
"""
AGREE = {"iminuit": (1e-4, 1e-8), "JAX": (1e-5, 1e-12), "gnuplot": (1e-4, 1e-7)}
"""How closely some come to parameters and sum of squares; the others to 1e-5 and 1e-12."""


def _command(path: Path, *more: str) -> list[str]:
    ours = [COMMAND] if COMMAND else [sys.executable, "-m", "backprop"]
    ours += ["fit", "-e", f"y ~ {MODEL}", "--data", str(path), "--set", SETTINGS]
    return [*ours, "--format", "json", *more]


def _peers(path: Path) -> dict[str, list[str] | None]:
    """A command for each; None where it is not installed."""
    read, start = READ.format(path=str(path)), [*START.values()]
    texts = {
        "scipy curve_fit": ("scipy", CURVE_FIT.format(start=start)),
        "lmfit": ("lmfit", LMFIT.format(named=START)),
        "iminuit": ("iminuit", IMINUIT.format(start=start)),
        "JAX": ("jax", JAX.format(start=start)),
    }
    found: dict[str, list[str] | None] = {
        name: [sys.executable, "-c", read + text] if installed(need) else None
        for name, (need, text) in texts.items()
    }
    text = GNUPLOT.format(
        path=path,
        model=MODEL.replace("^", "**"),
        names=", ".join(START),
        start="; ".join(f"{name} = {number}" for name, number in START.items()),
        formats=" ".join(["%.17g"] * (len(START) + 1)),
    )
    gnuplot = shutil.which("gnuplot")
    script = path.with_suffix(".plt")
    script.write_text(text)
    return {**found, "gnuplot": [gnuplot, str(script)] if gnuplot else None}


def test_a_fit_as_a_process(
    benchmark: Any, table: Table, launcher: Launcher, tmp_path: Path
) -> None:
    path = as_text(tmp_path, ROWS)
    peers = _peers(path)
    present = {name: each for name, each in peers.items() if each}
    anew = ["env", "BACKPROP_CACHE=off", *_command(path)]
    found = commands_in_turn(
        benchmark, launcher, _command(path), {**present, "anew": anew}, rounds=15, most=30
    )
    times, outputs, memory = found
    ours = json.loads(outputs[""])
    right = [*ours["parameters"].values(), ours["value"]]
    assert json.loads(outputs.pop("anew")) == ours
    what = f"8 parameters, {ROWS:,} rows of CSV, a whole process"
    for name in peers:
        if name not in present:
            table.add(SECTION, what, f"{name}: not installed")
            continue
        theirs = [float(each) for each in outputs[name].split()]
        parameters, squares = AGREE.get(name, (1e-5, 1e-12))
        assert theirs[:-1] == pytest.approx(right[:-1], rel=parameters)
        assert theirs[-1] == pytest.approx(right[-1], rel=squares)
        limit = LIMIT if name.startswith("scipy") else None
        shown = map(duration, times.medians(name))
        used = memory[""], memory[name]
        table.add(SECTION, what, name, *shown, times.ratio(name), limit, used)
    if "scipy curve_fit" in present:
        # the one as often as the other was turned
        ratio = times.ratio("scipy curve_fit") / times.ratio("anew")
        shown = duration(times.medians("anew")[1]), duration(times.medians("scipy curve_fit")[1])
        what += ", nothing kept"
        table.add(SECTION, what, "scipy curve_fit", *shown, ratio, LIMIT_ANEW)


@pytest.mark.parametrize("job", ["ours", "solver"])
def test_a_fit_alone(job: str, benchmark: Any, table: Table) -> None:
    pytest.importorskip("scipy")
    with Worker("fits", job, MANY) as ours, Worker("fits", "curve_fit", MANY) as theirs:
        name = "curve_fit, derivatives by hand"
        times = in_turn(benchmark, ours.run, {name: theirs.run}, most=20)
        mine, right = ours.check(), theirs.check()
        assert mine[:8] == pytest.approx(right[:8], rel=1e-6)
        assert mine[-1] == pytest.approx(right[-1], rel=1e-12)
        if job == "ours":
            assert mine[8:16] == pytest.approx(right[8:16], rel=1e-5)
        what = "Model.fit: errors and verdicts" if job == "ours" else "the solver alone"
        shown = map(duration, times.medians(name))
        used = ours.bytes(), theirs.bytes()
        what = f"8 parameters, {MANY:,} rows in memory, {what}"
        limit = None if job == "ours" else LIMIT_ALONE
        table.add(SECTION, what, name, *shown, times.ratio(name), limit, used)


def test_a_fit_in_constant_memory(
    benchmark: Any, table: Table, launcher: Launcher, tmp_path: Path, whole: bool
) -> None:
    count = STREAMED[whole]
    if shutil.disk_usage(tmp_path).free < 40 * count:
        pytest.skip("there is no room for the file")
    few, many = (tmp_path / name for name in ("few", "many"))
    few.mkdir()
    many.mkdir()
    small, large = as_parquet(few, count // 4), as_parquet(many, count)
    try:
        first = launcher.run(_command(small, "--memory", "8M"))
        ran = benchmark.pedantic(
            lambda: launcher.run(_command(large, "--memory", "8M")), rounds=1, iterations=1
        )
    finally:
        small.unlink()
        large.unlink()
    found = json.loads(ran.output)
    assert found["converged"]
    assert found["rows"] == count
    # the noise is 2.5; its square is known to two parts in the root of the number of rows
    assert found["reduced_chi2"] == pytest.approx(2.5**2, rel=10 / count**0.5)
    right = (98.9, 0.011, 100.7, 67, 23, 73.7, 149, 18.4)
    for name, each in zip(START, right, strict=True):
        assert abs(found["parameters"][name] - each) < 6 * found["errors"][name]
    assert ran.bytes < min(MOST_BYTES, 1.5 * first.bytes)
    what = f"8 parameters, {count:,} rows of Parquet, a pass at a time, a whole process"
    shown, used = duration(ran.seconds), (ran.bytes, first.bytes)
    table.add(SECTION, what, "a fourth of the rows", shown, duration(first.seconds), None, None, used)  # fmt: skip
