"""A sum of squares over a million rows, by eight parameters of peaks, with its gradient: its data, and how
peers compute it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from benchmarks.worker import Job

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


def jax() -> Job:
    """jit(value_and_grad)."""
    import jax

    jax.config.update("jax_enable_x64", True)
    np = jax.numpy

    def loss(b: Any, x: Any, y: Any) -> Any:
        model = b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-(((x - b[3]) / b[4]) ** 2))
        return np.sum((y - model - b[5] * np.exp(-(((x - b[6]) / b[7]) ** 2))) ** 2)

    function = jax.jit(jax.value_and_grad(loss))
    given = np.array(POINT), *map(np.array, data())

    def run() -> list[float]:
        value, slopes = function(*given)
        return [float(value), *map(float, slopes)]

    return Job(run, run)
