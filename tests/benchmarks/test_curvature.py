"""Second derivatives: of a network of 337 weights against JAX's `hessian`, and against gradients of our own.

A Hessian times a direction, and a Hessian with three diagonals of 10^4 inputs, in gradients by
machine code; the graph of a gradient in microseconds for each step of it. Numbers agree to 1e-9 of
the largest.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy
import pytest

from benchmarks.contest import Worker, in_turn, installed
from benchmarks.curvatures import band_point, direction
from benchmarks.table import Table, duration

SECTION = "7. Second derivatives"
BAND = 10_000
MICROSECONDS, FACTOR = 2.0, 5.0
"""The most for a step of the graph of a gradient, and the most of its steps for each of the graph."""


@pytest.mark.parametrize("rows", [10, 100])
def test_hessian_of_a_network(rows: int, benchmark: Any, table: Table) -> None:
    what = f"Hessian of a network, 337 weights, {rows} rows"
    with ExitStack() as stack:
        ours = stack.enter_context(Worker("curvatures", "hessian", rows))
        others = {}
        if installed("jax"):
            others["JAX"] = stack.enter_context(Worker("curvatures", "jax_hessian", rows))
        else:
            table.add(SECTION, what, "JAX: not installed")
        mine = ours.check()
        times = in_turn(
            benchmark, ours.run, {name: each.run for name, each in others.items()}, most=4
        )
        for name, each in others.items():
            assert mine == pytest.approx(each.check(), rel=1e-9, abs=1e-9 * max(map(abs, mine)))
            shown = map(duration, times.medians(name))
            table.add(SECTION, what, name, *shown, times.ratio(name), 0.5)


def test_hessian_times_a_direction(benchmark: Any, table: Table) -> None:
    with (
        Worker("curvatures", "product", 100) as ours,
        Worker("curvatures", "gradient", "network", 100) as slope,
        Worker("curvatures", "hessian", 100) as whole,
    ):
        matrix = numpy.array(whole.check()).reshape(337, 337)
        expected = (direction(337) @ matrix).ravel().tolist()
        assert ours.check() == pytest.approx(expected, rel=1e-9, abs=1e-9 * max(map(abs, expected)))
        times = in_turn(benchmark, ours.run, {"a gradient": slope.run}, most=4)
        shown = map(duration, times.medians("a gradient"))
        what = "Hessian times a direction, 337 weights, 100 rows"
        table.add(SECTION, what, "a gradient", *shown, times.ratio("a gradient"), 2.5)


def test_hessian_of_a_band(benchmark: Any, table: Table) -> None:
    with (
        Worker("curvatures", "band_entries", BAND) as ours,
        Worker("curvatures", "gradient", "band", BAND) as slope,
    ):
        sweeps, *values = ours.check()
        assert sweeps <= 4
        x = numpy.array(band_point(BAND))
        own = numpy.zeros(BAND)
        own[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        own[1:] += 200
        beside = -400 * x[:-1]
        rows = [
            each
            for at in range(BAND)
            for each in (beside[at - 1 : at], own[at : at + 1], beside[at : at + 1])
        ]
        expected = numpy.concatenate([rows[1], *rows[2:]]).tolist()
        assert values == pytest.approx(expected, rel=1e-9, abs=1e-9)
        times = in_turn(benchmark, ours.run, {"a gradient": slope.run}, most=4)
        shown = map(duration, times.medians("a gradient"))
        what = f"Hessian of three diagonals, {BAND:,} inputs"
        table.add(SECTION, what, "a gradient", *shown, times.ratio("a gradient"), 20)


@pytest.mark.parametrize("kind", ["layered", "anywhere", "network", "chain"])
def test_the_graph_of_a_gradient(kind: str, benchmark: Any, table: Table, whole: bool) -> None:
    count = 1_000_000 if whole else 100_000
    with Worker("curvatures", "gradient_graph", kind, count) as ours:
        found = [ours.check() for _ in range(3)]
        steps, own = found[0][0], found[0][2]
        micro = min(each[1] for each in found) / steps * 1e6
        in_turn(benchmark, ours.run, {}, rounds=1)
        assert steps <= FACTOR * own
        what = f"graph of a gradient, {kind}, {count:,} steps"
        table.add(
            SECTION, what, "2 µs a step of it", f"{micro:.2f} µs", "", micro / MICROSECONDS, 1.0
        )
        table.add(
            SECTION, what, "5 steps a step", f"{steps / own:.2f}", "", steps / own / FACTOR, 1.0
        )
