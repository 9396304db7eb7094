"""Reading equations of random earlier names: all alike, `v = v*v + sin(v)`, or of ten shapes mixed.

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
PEERS: dict[str, tuple[str, dict[str, float | None]]] = {
    # name: the job in readings.py, the limit of the ratio by kind of text
    "SymEngine sympify": ("symengine", {"alike": 1.0, "mixed": None}),
    "Lark, plain": ("lark", {"alike": 1 / 15, "mixed": 1 / 15}),
    "regex tokens": ("tokens", {"alike": None}),
}


@pytest.mark.parametrize("count", [10_000, 100_000], ids=SIZES.get)
@pytest.mark.parametrize("kind", ["alike", "mixed"])
def test_reading(kind: str, count: int, benchmark: Any, table: Table) -> None:
    what = f"{kind}, {SIZES[count]}"
    peers = {name: each for name, each in PEERS.items() if kind in each[1]}
    with Worker("project", "reading", kind, count) as ours:
        workers = {
            name: Worker("readings", module, kind, count)
            for name, (module, _) in peers.items()
            if module == "tokens" or installed(module)
        }
        try:
            times = in_turn(
                benchmark, ours.run, {name: each.run for name, each in workers.items()}, most=6
            )
            expected = ours.check()
            for name, (_, limits) in peers.items():
                if name not in workers:
                    table.add(SECTION, what, f"{name}: not installed")
                    continue
                mine, theirs = times.medians(name)
                table.add(
                    SECTION,
                    what,
                    name,
                    f"{count / mine:,.0f}/s",
                    f"{count / theirs:,.0f}/s",
                    times.ratio(name),
                    limits[kind],
                    (ours.bytes(), workers[name].bytes()),
                )
                if name == "regex tokens":
                    assert workers[name].check() == [11 * count - 1]
                else:
                    assert workers[name].check() == pytest.approx(expected, rel=1e-12)
        finally:
            for each in workers.values():
                each.close()
