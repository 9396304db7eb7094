"""Memory: bytes an operation that a Model and a Program hold, and a graph of three million.

By tracemalloc, which sees what Python and NumPy allocate, at 10^5 operations, or 10^6 with --whole.
Against micrograd's and CasADi's growth of the process at 10^5. With --whole: 3,000,000 operations forward and
backward, wall time and the peak of the process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backprop.loops.room import MEMBER
from benchmarks.contest import Launcher, Worker, commands_in_turn, installed
from benchmarks.graphs import NUMBERS, SIZES, graph
from benchmarks.project import COMPILES, ENGINE
from benchmarks.table import Table, duration
from benchmarks.test_arrays import BACKPROP

SECTION = f"5. Memory, bytes an operation{ENGINE}"
COUNT = 3_000_000
HELD = {"mixed": 90.0, "layered": 180.0, "network": 180.0, "chain": 180.0}
"""Bytes an operation that a Model may hold. In a graph each has a name, which takes
127 in a dict."""
NAMES = {"micrograd": "micrograd", "casadi": "CasADi"}


MEMBERS = {
    "recurrence": "a = 0.5; b = 0.25; x[0] = 1; x[t+1] = a*x[t] + b for t in 0..{0}-1; L = x[{0}]; output L",
    "element by element": "k = 0.5; x[i] = sin(i*0.001*k) for i in 1..{0}; L = sum(x[*]); output L",
    "drawn": "k = 0.5; x[i] ~ normal(0, 1) for i in 1..{0}; L = k*sum(x[*]); output L",
}  # fmt: skip
"""Texts of so many members."""


@pytest.mark.parametrize("kind", MEMBERS)
def test_a_member(
    kind: str, benchmark: Any, table: Table, launcher: Launcher, whole: bool, tmp_path: Path
) -> None:
    """The peak of `backprop grad`, less that of a tenth of the members, each."""
    count = 10_000_000 if whole else 1_000_000
    peaks: list[float] = []
    for members in (count // 10, count):
        file = tmp_path / f"{members}.eq"
        file.write_text(MEMBERS[kind].format(members), encoding="utf-8")
        command = [*BACKPROP, "grad", str(file)]
        if members < count:
            peaks.append(launcher.run(command).bytes)
        else:
            _, _, memory = commands_in_turn(benchmark, launcher, command, {}, rounds=1)
            peaks.append(memory[""])
    taken = (peaks[1] - peaks[0]) / (0.9 * count)
    assert taken < MEMBER
    what = f"{kind} {SIZES.get(count, '10^7')}: the process, a member"
    table.add(SECTION, what, "", memory=(taken, None), most=16.0)


@pytest.mark.parametrize("kind", HELD)
def test_bytes(kind: str, benchmark: Any, table: Table, whole: bool) -> None:
    count = 1_000_000 if whole else 100_000
    what = f"{kind} {SIZES[count]}"
    theirs: dict[str, float] = {}
    for peer in NAMES if kind == "layered" else ():
        if installed(peer):
            with Worker("peers", peer, kind, min(count, 100_000)) as worker:
                worker.run()
                theirs[peer] = worker.bytes() / worker.facts["operations"]
        else:
            table.add(SECTION, what, f"{NAMES[peer]}: not installed")
    with benchmark.pedantic(Worker, args=("project", "memory", kind, count), rounds=1) as ours:
        facts = {name: number / ours.facts["operations"] for name, number in ours.facts.items()}
    assert facts["held"] > 0
    for name, key, peer in (
        ("Model, held", "held", "micrograd"),
        ("Model, the most while parsing", "most", ""),
        ("Program, held", "program", "casadi"),
        ("Program, the most while it is built", "build", ""),
    )[: 4 if COMPILES and "program" in facts else 2]:
        table.add(
            SECTION,
            f"{what}: {name}",
            NAMES[peer] if peer in theirs else "",
            memory=(facts[key], theirs.get(peer)),
            most=HELD[kind] if key == "held" else None,
        )


@pytest.mark.whole
def test_three_million(benchmark: Any, table: Table) -> None:
    with benchmark.pedantic(
        Worker, args=("project", "gradient", "layered", COUNT), rounds=1
    ) as ours:
        time = ours.run()
        made = graph("layered", COUNT)
        assert ours.facts["operations"] == pytest.approx(COUNT, rel=1e-3)
        assert ours.check()[0] == pytest.approx(
            made.evaluate(made.inputs, float, NUMBERS), rel=1e-9
        )
        table.add(
            SECTION,
            f"layered {SIZES[COUNT]}, forward and backward, the process",
            "",
            f"{duration(ours.facts['parse'])} + {duration(ours.facts['build'])} + {duration(time)}",
            memory=(ours.ask("peak"), None),
        )
