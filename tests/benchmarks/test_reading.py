"""Reading equations `v = v*v + sin(v)` of random earlier names.

`backprop.parse` against SymEngine's `sympify` of each right side, a plain Lark LALR parser with an
inline transformer that builds simple objects, and regular expressions that only find tokens.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.contest import Worker, in_turn, installed
from benchmarks.graphs import SIZES
from benchmarks.table import Table

SECTION = "2. Reading, equations a second"
PEERS = {
    "SymEngine sympify": ("symengine", 1.0),
    "Lark, plain": ("lark", 1 / 15),
    "regex tokens": ("tokens", None),
}


@pytest.mark.parametrize("count", [10_000, 100_000], ids=SIZES.get)
def test_reading(count: int, benchmark: Any, table: Table) -> None:
    with Worker("project", "reading", count) as ours:
        workers = {
            name: Worker("readings", module, count)
            for name, (module, _) in PEERS.items()
            if module == "tokens" or installed(module)
        }
        try:
            times = in_turn(
                benchmark, ours.run, {name: each.run for name, each in workers.items()}, most=6
            )
            expected = ours.check()
            for name, (_, limit) in PEERS.items():
                if name not in workers:
                    table.add(SECTION, SIZES[count], f"{name}: not installed")
                    continue
                mine, theirs = times.medians(name)
                table.add(
                    SECTION,
                    SIZES[count],
                    name,
                    f"{count / mine:,.0f}/s",
                    f"{count / theirs:,.0f}/s",
                    times.ratio(name),
                    limit,
                    (ours.bytes(), workers[name].bytes()),
                )
                if name == "regex tokens":
                    assert workers[name].check() == [11 * count - 1]
                else:
                    assert workers[name].check() == pytest.approx(expected, rel=1e-12)
        finally:
            for each in workers.values():
                each.close()
