"""Rows of data: value and gradient of a sum of squares over many rows, against C, NumPy in blocks and JAX; on a
second processor; and the whole process of `grad` over a CSV beside reading it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.by_rows.rows_engine import found_over_rows
from backprop.by_rows.threads import cores
from benchmarks.contest import Launcher, commands_in_turn, in_turn, installed
from benchmarks.table import Table, duration

SECTION = "7. Rows of data"
ROWS = 1_000_000
NAMES = [f"b{at}" for at in range(1, 9)]
POINT = [98.94, 0.0109, 100.7, 63.4, 23.8, 72.0, 178.0, 18.4]
TEXT = f"""{"; ".join(f"{n} = {v}" for n, v in zip(NAMES, POINT, strict=True))}
r = y - (b1*exp(-b2*x) + b3*exp(-((x - b4)/b5)^2) + b6*exp(-((x - b7)/b8)^2))
L = sum(r^2)
"""
C = r"""
#include <math.h>
void peaks(const double *restrict x, const double *restrict y, long n, const double *b, double *out) {
    double s = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0;
    const double b1 = b[0], b2 = b[1], b3 = b[2], b4 = b[3], b5 = b[4], b6 = b[5], b7 = b[6], b8 = b[7];
    for (long i = 0; i < n; i++) {
        double e1 = exp(-b2 * x[i]);
        double u = (x[i] - b4) / b5, v = (x[i] - b7) / b8;
        double e2 = exp(-u * u), e3 = exp(-v * v);
        double r = y[i] - (b1 * e1 + b3 * e2 + b6 * e3), w = -2 * r;
        s += r * r;
        g1 += w * e1; g2 -= w * b1 * e1 * x[i];
        g3 += w * e2; double p = w * b3 * e2 * 2 * u / b5; g4 += p; g5 += p * u;
        g6 += w * e3; double q = w * b6 * e3 * 2 * v / b8; g7 += q; g8 += q * v;
    }
    out[0] = s; out[1] = g1; out[2] = g2; out[3] = g3; out[4] = g4; out[5] = g5; out[6] = g6; out[7] = g7;
    out[8] = g8;
}
"""


def data() -> tuple[Any, Any]:
    """Columns x and y, shape (rows,)."""
    x = numpy.linspace(0, 250, ROWS)
    noise = numpy.random.default_rng(1).normal(size=ROWS)
    y = 98 * numpy.exp(-0.0105 * x) + 100 * numpy.exp(-(((x - 63) / 23) ** 2)) + 72 * numpy.exp(-(((x - 178) / 18) ** 2)) + 2.5 * noise  # fmt: skip
    return x, y


@contextmanager
def processors(count: int) -> Iterator[None]:
    """So many processors for this process."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(every)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def by_c(folder: Path, x: Any, y: Any) -> Callable[[], list[float]] | None:
    """The loop written in C."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, made = folder / "peaks.c", folder / "peaks.so"
    source.write_text(C, "utf-8")
    flags = ["-O3", "-ffast-math", "-march=native", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(source), "-o", str(made), "-lm"], check=True)
    function = ctypes.CDLL(str(made)).peaks
    point, out = numpy.array(POINT), numpy.zeros(9)
    pointer, whole = ctypes.c_void_p, ctypes.c_long
    function.argtypes = [pointer, pointer, whole, pointer, pointer]

    def run() -> list[float]:
        function(x.ctypes.data, y.ctypes.data, ROWS, point.ctypes.data, out.ctypes.data)
        return list(out.tolist())

    return run


def by_numpy(x: Any, y: Any, block: int = 8192) -> list[float]:
    """Blocks that fit the cache, by hand."""
    b1, b2, b3, b4, b5, b6, b7, b8 = POINT
    total = numpy.zeros(9)
    for at in range(0, ROWS, block):
        xs, ys = x[at : at + block], y[at : at + block]
        e1, u, v = numpy.exp(-b2 * xs), (xs - b4) / b5, (xs - b7) / b8
        e2, e3 = numpy.exp(-u * u), numpy.exp(-v * v)
        r = ys - (b1 * e1 + b3 * e2 + b6 * e3)
        w = -2 * r
        p, q = w * e2 * u * (2 * b3 / b5), w * e3 * v * (2 * b6 / b8)
        total += [
            r @ r,
            w @ e1,
            -b1 * (w * e1 @ xs),
            w @ e2,
            p.sum(),
            p @ u,
            w @ e3,
            q.sum(),
            q @ v,
        ]
    return list(total.tolist())


def by_jax(x: Any, y: Any) -> Callable[[], list[float]]:
    """jit(value_and_grad)."""
    import jax

    jax.config.update("jax_enable_x64", True)
    np = jax.numpy

    def loss(b: Any, x: Any, y: Any) -> Any:
        model = b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-(((x - b[3]) / b[4]) ** 2))
        return np.sum((y - model - b[5] * np.exp(-(((x - b[6]) / b[7]) ** 2))) ** 2)

    function = jax.jit(jax.value_and_grad(loss))
    given = np.array(POINT), np.array(x), np.array(y)

    def run() -> list[float]:
        value, slopes = function(*given)
        return [float(value), *map(float, slopes)]

    return run


def times(run: Callable[[], Any]) -> Callable[[int], float]:
    """Seconds a call, of so many."""

    def timed(repeats: int) -> float:
        begin = perf_counter()
        for _ in range(repeats):
            run()
        return (perf_counter() - begin) / repeats

    return timed


def ours(x: Any, y: Any) -> Callable[[], list[float]]:
    program = library.compile(library.parse(TEXT, data={"x": x, "y": y}), engine="native")
    point = [POINT[NAMES.index(name)] for name in program.inputs]

    def run() -> list[float]:
        value, slopes = program(point)
        by = dict(zip(program.inputs, slopes.tolist(), strict=True))
        return [value, *(by[name] for name in NAMES)]

    return run


def test_peaks(benchmark: Any, table: Table, tmp_path: Path) -> None:
    x, y = data()
    with processors(1):
        mine = ours(x, y)
        peers: dict[str, Callable[[], list[float]]] = {"NumPy": partial(by_numpy, x, y)}
        if made := by_c(tmp_path, x, y):
            peers["C"] = made
        if installed("jax"):
            peers["JAX"] = by_jax(x, y)
        for run in peers.values():
            assert run() == pytest.approx(mine(), rel=1e-9)
        found = in_turn(benchmark, times(mine), {n: times(run) for n, run in peers.items()})
    for name, limit in (("C", 1.4), ("NumPy", 0.25), ("JAX", 1 / 13)):
        if name in peers:
            per_row = [f"{median(each) / ROWS * 1e9:.2f} ns" for each in (found.ours, found.others[name])]  # fmt: skip
            what = "8 parameters, 10^6 rows, a row"
            table.add(SECTION, what, name, *per_row, found.ratio(name), limit)


@pytest.mark.skipif(cores() < 2, reason="there is one processor")
def test_a_second_processor(benchmark: Any, table: Table) -> None:
    x, y = data()
    with processors(1):
        alone = ours(x, y)
        alone()
    with processors(2):
        both = ours(x, y)
        assert both() == alone()  # to the bit
        found = in_turn(benchmark, times(both), {"one": times(alone)}, rounds=30)
    shown = [duration(min(each)) for each in (found.ours, found.others["one"])]
    ratio = min(found.ours) / min(found.others["one"])
    table.add(SECTION, "on two processors", "on one", *shown, ratio, 1 / 1.7)


@pytest.mark.skipif(cores() < 2, reason="there is one processor")
def test_one_pass_on_two_processors(benchmark: Any, table: Table) -> None:
    """Of `grad`: blocks of rows by NumPy, once."""
    x, y = (numpy.concatenate([each] * 10) for each in data())
    model = library.parse(TEXT, data={"x": x, "y": y})

    def passed(count: int) -> Any:
        with processors(count):
            return found_over_rows(model, "L", {})

    one, two = passed(1), passed(2)
    assert one.value == two.value  # to the bit
    assert one.gradients == two.gradients
    runs = times(partial(passed, 2)), {"one": times(partial(passed, 1))}
    found = in_turn(benchmark, *runs, rounds=5)
    shown = [duration(min(each)) for each in (found.ours, found.others["one"])]
    ratio = min(found.ours) / min(found.others["one"])
    table.add(SECTION, "one pass of 10^7 rows, on two", "on one", *shown, ratio, 1 / 1.5)


def test_the_whole_process(
    benchmark: Any, table: Table, launcher: Launcher, tmp_path: Path
) -> None:
    x, y = data()
    path, equations = tmp_path / "rows.csv", tmp_path / "model.eq"
    with open(path, "w", encoding="utf-8") as file:
        file.write("x,y\n")
        file.writelines(f"{a:.6f},{b:.5f}\n" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    equations.write_text("a = 90; b = 0.01; L = mean((y - a*exp(-b*x))^2)\n", "utf-8")
    command = [sys.executable, "-m", "backprop", "grad", str(equations), "--data", str(path)]
    reading = f"import pyarrow.csv as c; print(c.read_csv({str(path)!r}).num_rows)"
    peers: dict[str, Sequence[str]] = {"reading alone": [sys.executable, "-c", reading]}
    given = {name: [*each] for name, each in peers.items()}
    found, printed, memory = commands_in_turn(benchmark, launcher, command, given)
    assert printed["reading alone"].strip() == str(ROWS)
    shown = [duration(min(each)) for each in (found.ours, found.others["reading alone"])]
    ratio = min(found.ours) / min(found.others["reading alone"])
    sizes = memory[""], memory["reading alone"]
    table.add(SECTION, "grad over 10^6 rows of CSV", "reading alone", *shown, ratio, 1.5, sizes)
