"""Forward and backward: nanoseconds an operation, and what making a Program takes.

Layered graphs (width 64), graphs with operands from anywhere, a tanh network 2-16-16-1 and a deep
chain, against CasADi's SX; autograd and micrograd up to 10^5 operations, JAX at 10^3. Values and
gradients agree to 1e-9 of the largest. 10^6 operations with --whole.

A Program is made from a finished graph of Values when its kernels are loaded, against CasADi's SX
graph and its Function; the first in a process includes imports and loading kernels from the cache, or
making them where there are none. The ratio is of one making each.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from benchmarks.contest import TooLong, Worker, in_turn, installed
from benchmarks.graphs import SIZES
from benchmarks.project import COMPILES, ENGINE
from benchmarks.table import Table, duration, nanoseconds

SPEED = f"3. Forward and backward, an operation{ENGINE}"
BUILD = f"3. From a graph to a Program, an operation{ENGINE}"
CASES = [
    *((kind, count) for kind in ("layered", "anywhere") for count in (1_000, 100_000, 1_000_000)),
    *((kind, count) for kind in ("network", "chain") for count in (100_000, 1_000_000)),
]
MOST = {"casadi": 1_000_000, "autograd": 100_000, "micrograd": 100_000, "jax": 1_000}
"""The largest graph of each peer: beyond it a call or its compiler takes over half a minute."""
GOAL = 0.25e-6
"""Seconds an operation that making a Program of a parsed Model may take, where it is a tape."""
NAMES = {"casadi": "CasADi", "autograd": "autograd", "micrograd": "micrograd", "jax": "JAX"}


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        pytest.param(
            kind, count, id=f"{kind}-{SIZES[count]}", marks=[pytest.mark.whole] * (count > 100_000)
        )
        for kind, count in CASES
    ],
)
def test_gradient(kind: str, count: int, benchmark: Any, table: Table) -> None:
    what = f"{kind} {SIZES[count]}"
    with ExitStack() as stack:
        ours = stack.enter_context(Worker("project", "gradient", kind, count))
        workers: dict[str, Worker] = {}
        for peer in (peer for peer, most in MOST.items() if count <= most):
            try:
                if installed(peer):
                    limit = 30 if peer == "jax" else 900
                    worker = Worker("peers", peer, kind, count, limit=limit)
                    workers[peer] = stack.enter_context(worker)
                else:
                    table.add(SPEED, what, f"{NAMES[peer]}: not installed")
            except TooLong as late:
                table.add(SPEED, what, f"{NAMES[peer]}: {late} to compile")
        size = ours.facts["operations"]
        times = in_turn(
            benchmark, ours.run, {name: each.run for name, each in workers.items()}, most=2
        )
        expected = ours.check()
        for peer, worker in workers.items():
            mine, theirs = times.medians(peer)
            limit = (1.1 if kind == "chain" else 0.5) if peer == "casadi" else None
            table.add(
                SPEED,
                what,
                NAMES[peer],
                nanoseconds(mine / size),
                nanoseconds(theirs / size),
                times.ratio(peer),
                limit,
                (ours.bytes(), worker.bytes()),
            )
            assert worker.facts["operations"] == size
            close = max(map(abs, expected[1:])) * 1e-9
            assert worker.check() == pytest.approx(expected, rel=1e-9, abs=close)
            if "function" in worker.facts:
                builds(table, what, NAMES[peer], ours.facts, worker.facts)
        if COMPILES:
            first = ours.facts["first"] / min(size, 100_000)  # of 10^6: that of the 10^5 before it
            table.add(BUILD, what, "itself: first in a process", duration(first))
        table.add(BUILD, what, "itself: parsing the text", duration(ours.facts["parse"] / size))
        build = ours.facts["build"] / size
        if COMPILES and count > 1_000:
            goal = duration(GOAL)
            table.add(BUILD, what, f"a goal: {goal}", duration(build), "", build / GOAL, 1.0)


def builds(
    table: Table, what: str, peer: str, ours: dict[str, float], theirs: dict[str, float]
) -> None:
    """Ours against the peer's graph and its function, which it needs both."""
    size = ours["operations"]
    graph, function = theirs["graph"] / size, theirs["function"] / size
    split = f" ({duration(graph)} + {duration(function)})" if graph else ""
    build, limit = ours["build"] / size, 0.1 if peer == "CasADi" else None
    shown, ratio = (duration(build), build / (graph + function)) if COMPILES else ("", None)
    table.add(BUILD, what, peer + split, shown, duration(graph + function), ratio, limit)


def test_values(benchmark: Any, table: Table) -> None:
    """A graph of Values by Python's operators, against the same with CasADi's SX, built anew; and the
    first Program of a process that finds no kernels in the cache."""
    kind, count = "layered", 100_000
    with Worker("project", "values", kind, count) as ours:
        benchmark.pedantic(ours.run, rounds=3)
        benchmark.extra_info["operations"] = size = ours.facts["operations"]
        mine = min(ours.run() for _ in range(3)) / size
        theirs = None
        if installed("casadi"):
            with Worker("peers", "casadi", kind, count) as peer:
                theirs = peer.facts["graph"] / size
                assert ours.check() == pytest.approx(peer.check()[:1], rel=1e-9)
        table.add(
            BUILD,
            f"{kind} {SIZES[count]}, Values by operators",
            "CasADi SX" if theirs else "CasADi: not installed",
            duration(mine),
            duration(theirs) if theirs else "",
            mine / theirs if theirs else None,
        )
    if not COMPILES:
        return
    with Worker("project", "gradient", kind, count, BACKPROP_CACHE="off") as cold:
        first = cold.facts["first"]
        shown = f"{duration(first / size)} ({duration(first)} in all)"
        table.add(BUILD, f"{kind} {SIZES[count]}", "itself: first, no kernels in the cache", shown)
