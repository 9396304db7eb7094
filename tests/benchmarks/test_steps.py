"""Plain gradient descent, a million steps: the README's example and Rosenbrock in 10 variables.

A step of `Model.descend` against JAX's compiled `fori_loop` and against micrograd (a thousand steps);
the whole process `backprop descend` against one of JAX. Final values agree to 1e-9.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks import descents
from benchmarks.contest import Launcher, TooLong, Worker, commands_in_turn, in_turn, installed
from benchmarks.table import Table, duration

SECTION = "4. Gradient descent"
WHOLE = 0.4
"""Seconds that a million steps may take, the process and all."""
STEPS, FEW = 1_000_000, 1000


@pytest.fixture(params=["classic", "rosenbrock"])
def problem(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def affordable(problem: str) -> int:
    """A million steps; fewer while a descent is not compiled and they take long."""
    try:
        with Worker("project", "descent", problem, STEPS) as probe:
            probe.ask("run", 1, limit=4)
    except TooLong:
        return 20_000
    return STEPS


def test_steps(problem: str, benchmark: Any, table: Table) -> None:
    with ExitStack() as stack:
        steps = affordable(problem)
        what = f"{problem}, a step of {steps:,}"
        ours = stack.enter_context(Worker("project", "descent", problem, steps))
        workers: dict[str, tuple[Worker, int]] = {}
        for peer, name, count in (("jax", "JAX fori_loop", steps), ("micrograd", "micrograd", FEW)):
            if installed(peer):
                worker = stack.enter_context(Worker("descents", peer, problem, count))
                workers[name] = worker, count
            else:
                table.add(SECTION, what, f"{name}: not installed")
        times = in_turn(
            benchmark,
            ours.run,
            {name: worker.run for name, (worker, _) in workers.items()},
            most=4,
            work={"": steps, **{name: count for name, (_, count) in workers.items()}},
        )
        for name, (worker, count) in workers.items():
            mine, theirs = times.medians(name)
            table.add(
                SECTION,
                what,
                name,
                duration(mine),
                duration(theirs),
                times.ratio(name),
                1.0 if name.startswith("JAX") else None,
                (ours.bytes(), worker.bytes()),
            )
            assert worker.check(count) == pytest.approx(ours.check(count), rel=1e-9)


def test_process(problem: str, benchmark: Any, table: Table, launcher: Launcher) -> None:
    steps = affordable(problem)
    rate = str(descents.RATES[problem])
    start = ", ".join(f"{name}={number}" for name, number in descents.STARTS[problem].items())
    command = shutil.which("backprop", path=str(Path(sys.executable).parent))
    ours = [command] if command else [sys.executable, "-m", "backprop"]
    ours += ["descend", "-e", descents.TEXTS[problem], "--set", start, "--lr", rate]
    ours += ["--steps", str(steps), "--format", "json"]
    given = [problem, json.dumps(descents.STARTS[problem]), rate, str(steps)]
    others = {"JAX": [sys.executable, "-c", descents.JAX, *given]} if installed("jax") else {}
    times, outputs, sizes = commands_in_turn(benchmark, launcher, ours, others, most=6)
    what = f"{problem}, process, {steps:,} steps"
    mine = median(times.ours)
    table.add(SECTION, what, f"{WHOLE} s", duration(mine), "", mine / WHOLE, 1.0)
    if not others:
        table.add(SECTION, what, "JAX: not installed")
    found = json.loads(outputs[""])
    expected = [found["value"], *(found["parameters"][name] for name in descents.STARTS[problem])]
    assert found["steps"] == steps
    for name in others:
        shown = duration(times.medians(name)[1])
        memory = (sizes[""], sizes[name])
        table.add(SECTION, what, name, duration(mine), shown, times.ratio(name), None, memory)
        assert json.loads(outputs[name]) == pytest.approx(expected, rel=1e-9)
