"""Rows of data: value and gradient of a sum of squares over many rows, against C, NumPy in blocks and JAX; on a
second processor; and the whole process of `grad` over a CSV beside reading it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.by_rows.rows_engine import found_over_rows
from backprop.by_rows.threads import cores
from benchmarks.contest import Launcher, Worker, commands_in_turn, in_turn, installed
from benchmarks.peaks import NAMES, POINT, ROWS, TEXT, by_c, by_numpy, data
from benchmarks.table import Table, duration

SECTION = "7. Rows of data"
EVALUATIONS = 100
"""Those of a descent, in which threads stay awake."""


@contextmanager
def processors(count: int) -> Iterator[None]:
    """So many processors for this process."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(every)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def at_rest(run: Callable[[int], float]) -> Callable[[int], float]:
    """As a run, and behind it the time in which its threads come to rest."""

    def ran(repeats: int) -> float:
        found = run(repeats)
        sleep(0.05)
        return found

    return ran


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
        for run in peers.values():
            assert run() == pytest.approx(mine(), rel=1e-9)
        others = {n: times(run) for n, run in peers.items()}
        with ExitStack() as stack:
            if installed("jax"):  # whose threads would take the one processor from others here
                worker = stack.enter_context(Worker("peaks", "jax"))
                assert worker.check() == pytest.approx(mine(), rel=1e-9)
                others["JAX"] = at_rest(worker.run)
            found = in_turn(benchmark, times(mine), others)
    for name, limit in (("C", 1.4), ("NumPy", 0.25), ("JAX", 1 / 13)):
        if name in others:
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
        descents = times(lambda: [both() for _ in range(EVALUATIONS)])
        others = {"one": times(lambda: [alone() for _ in range(EVALUATIONS)])}
        work = {"": EVALUATIONS, "one": EVALUATIONS}
        found = in_turn(benchmark, descents, others, rounds=9, work=work)
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
