"""Minibatches: a row and epoch of logistic regression with 20 columns, against JAX and PyTorch.

Ours is the fastest epoch of a descent: what that does before and after its epochs a peer's loop does not do.
The table has the whole descent, too.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from benchmarks.contest import Worker, installed
from benchmarks.table import Table, duration

SECTION = "5. Minibatches"
ROWS, EPOCHS = 1_000_000, 10

GOAL = 0.1e-6
"""Seconds a row and epoch."""


def test_batches(benchmark: Any, table: Table) -> None:
    with ExitStack() as stack:
        descent = stack.enter_context(Worker("batches", "project", ROWS, EPOCHS))
        peers = {
            name: stack.enter_context(Worker("batches", peer, ROWS))
            for peer, name in (("jax", "JAX scan"), ("torch", "PyTorch"))
            if installed(peer)
        }
        theirs: dict[str, list[float]] = {name: [] for name in peers}
        ours, whole = list[float](), list[float]()

        def turn() -> None:
            for name, worker in peers.items():
                theirs[name].append(worker.run() / ROWS)
            ours.append(descent.check(EPOCHS)[1] / ROWS)
            whole.append(descent.run() / EPOCHS / ROWS)

        benchmark.pedantic(turn, rounds=3, iterations=1)
        what = f"logistic regression, {ROWS:,} rows, a row and epoch"
        found = descent.check(3)[:1]
        for name, worker in peers.items():
            best = min(theirs[name])
            mine = duration(min(ours)), duration(best), min(ours) / best, 1.0
            table.add(SECTION, what, name, *mine, (descent.bytes(), worker.bytes()))
            assert worker.check(3) == pytest.approx(found, rel=1e-3)
        table.add(
            SECTION, f"{what}, the whole descent", f"goal {duration(GOAL)}", duration(min(whole))
        )
