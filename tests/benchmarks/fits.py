"""Two peaks on a decay, 8 parameters: rows of them, and what fits them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy

from benchmarks.worker import Job, peak

START = {"b1": 94.0, "b2": 0.0105, "b3": 99.0, "b4": 63.0, "b5": 25.0, "b6": 71.0, "b7": 150.0, "b8": 20.0}  # fmt: skip
MODEL = "b1*exp(-b2*x) + b3*exp(-((x - b4)/b5)^2) + b6*exp(-((x - b7)/b8)^2)"
SETTINGS = ", ".join(f"{name}={number}" for name, number in START.items())

_PART = 1 << 20
"""Rows that are made at once."""


def parts(count: int) -> Iterator[tuple[Any, Any]]:
    """x and y of so many rows, with noise that a generator of numbers always makes alike."""
    chance = numpy.random.default_rng(1)
    for start in range(0, count, _PART):
        rows = min(_PART, count - start)
        x = chance.uniform(0, 250, rows)
        y = 98.9 * numpy.exp(-0.011 * x) + 100.7 * numpy.exp(-(((x - 67) / 23) ** 2))
        y += 73.7 * numpy.exp(-(((x - 149) / 18.4) ** 2)) + 2.5 * chance.normal(size=rows)
        yield x, y


def as_text(folder: Path, count: int) -> Path:
    """The rows as CSV."""
    path = folder / "peaks.csv"
    with path.open("w") as file:
        file.write("x,y\n")
        for each in parts(count):
            numpy.savetxt(file, numpy.column_stack(each), delimiter=",", fmt="%.10g")
    return path


def as_parquet(folder: Path, count: int) -> Path:
    """The rows as Parquet, written part by part."""
    import pyarrow
    from pyarrow import parquet

    path = folder / "peaks.parquet"
    schema = pyarrow.schema([("x", pyarrow.float64()), ("y", pyarrow.float64())])
    # such numbers become no smaller, and to look for those that are alike takes time
    how: dict[str, Any] = {"compression": "none", "use_dictionary": False}
    with parquet.ParquetWriter(path, schema, **how) as writer:
        for x, y in parts(count):
            writer.write_table(pyarrow.table({"x": x, "y": y}))
    return path


def _rows(count: int) -> tuple[Any, Any]:
    x, y = zip(*parts(count), strict=True)
    return numpy.concatenate(x), numpy.concatenate(y)


def ours(count: int) -> Job:
    """`Model.fit`, with errors and verdicts."""
    import backprop

    x, y = _rows(count)
    model = backprop.parse(f"y ~ {MODEL}", data={"x": x, "y": y})
    before = peak()

    def check() -> list[float]:
        found = model.fit(values=START)
        return [*found.parameters.values(), *found.errors.values(), found.value]

    return Job(lambda: model.fit(values=START), check, before=before)


def solver(count: int) -> Job:
    """The project's solver alone: from the start to the least sum of squares."""
    from math import inf

    import backprop
    from backprop.fit.fit_rows import FitRows
    from backprop.fit.levenberg import Bounded, fit_point
    from backprop.fit.solving import solve

    x, y = _rows(count)
    model = backprop.parse(f"y ~ {MODEL}", data={"x": x, "y": y})
    names, first = [*START], numpy.array([*START.values()])
    free = Bounded(numpy.full(len(first), -inf), numpy.full(len(first), inf))
    before = peak()

    def run() -> Any:
        rows = FitRows(model, "residuals", names, START)
        begun = fit_point(first, rows.triangle)
        assert begun
        return solve(rows.triangle, begun, free)

    def check() -> list[float]:
        found = run()
        assert found.converged
        return [*found.point.x.tolist(), found.point.squares]

    return Job(run, check, before=before)


def curve_fit(count: int) -> Job:
    """scipy's, with derivatives by hand."""
    from scipy.optimize import curve_fit as fit

    x, y = _rows(count)
    before = peak()

    def run() -> Any:
        return fit(_peaks, x, y, [*START.values()], jac=_slopes)

    def check() -> list[float]:
        found, covariance = run()
        errors = numpy.sqrt(numpy.diagonal(covariance))
        return [*found, *errors, float(((y - _peaks(x, *found)) ** 2).sum())]

    return Job(run, check, before=before)


def _peaks(
    x: Any, b1: float, b2: float, b3: float, b4: float, b5: float, b6: float, b7: float, b8: float
) -> Any:
    decay = b1 * numpy.exp(-b2 * x)
    return decay + b3 * numpy.exp(-(((x - b4) / b5) ** 2)) + b6 * numpy.exp(-(((x - b7) / b8) ** 2))


def _slopes(
    x: Any, b1: float, b2: float, b3: float, b4: float, b5: float, b6: float, b7: float, b8: float
) -> Any:
    found = numpy.empty((len(x), 8))
    found[:, 0] = decay = numpy.exp(-b2 * x)
    found[:, 1] = -b1 * x * decay
    for at, (height, middle, width) in ((2, (b3, b4, b5)), (5, (b6, b7, b8))):
        far = (x - middle) / width
        found[:, at] = peak = numpy.exp(-far * far)
        found[:, at + 1] = steep = 2 * height * peak * far / width
        found[:, at + 2] = steep * far
    return found
