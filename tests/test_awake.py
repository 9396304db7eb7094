"""Threads that stay awake between passes of machine code: who takes work, sleeps and ends."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest

from backprop.by_rows import awake, machine_rows
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.machine_rows import MachineRows
from backprop.by_rows.reductions import CHUNK
from test_by_rows import Given, program_of

pytest.importorskip("llvmlite")

TEXT = "a = 2; b = 0.5; L = sum((y - a*exp(-b*x))^2)"
ROWS = 40 * CHUNK + 17


@pytest.fixture(autouse=True)
def any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_rows, "_WORTH", 0.0)
    monkeypatch.setattr(machine_rows, "_LONG", 0)


def machine(threads: int) -> Any:
    """A pass as a function of a: its sum, and its gradient by a and b."""
    chance = numpy.random.default_rng(1)
    table = Given(x=chance.uniform(0.5, 2, ROWS), y=chance.normal(size=ROWS))
    program = program_of(TEXT, [table])
    made = MachineRows(program, program.sums, HeldRows(table, table.names), {}, threads)

    def run(a: float) -> tuple[float, float, float]:
        found = made.over({"a": a, "b": 0.5}.__getitem__, {"sum1": 1.0})
        return found.totals["sum1"], found.slopes["a"], found.slopes["b"]

    return run


def states() -> list[int]:
    return [int(worker.box[0]) for worker in awake._workers]


def until(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_many_passes_have_the_same_bits() -> None:
    alone, several = machine(1), [machine(threads) for threads in (2, 3, 5)]
    for number in range(60):
        right = alone(number / 7)
        assert all(each(number / 7) == right for each in several)


def test_workers_sleep_wake_and_end() -> None:
    alone, both = machine(1), machine(3)
    assert both(1.0) == alone(1.0)
    until(lambda: states() == [awake.ASLEEP] * len(states()))
    before = [*awake._workers]
    assert both(2.0) == alone(2.0)
    if awake._workers[: len(before)] == before:  # none of them has ended meanwhile
        until(lambda: awake.ASLEEP in states() or not states())
    until(lambda: not awake._workers)
    assert both(3.0) == alone(3.0)
    assert len(awake._workers) >= 2


def test_others_take_a_part() -> None:
    made = machine(2).__closure__[0].cell_contents
    number = 0.0

    def helped() -> bool:
        nonlocal number
        number += 1.0
        made.over({"a": number, "b": 0.5}.__getitem__, {"sum1": 1.0})
        return number in made._helpers[0].point.x.tolist()  # where it has taken the numbers to

    until(helped)


def test_several_threads_may_ask_at_once() -> None:
    run, alone = machine(2), machine(1)
    numbers = [at / 3 for at in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, numbers))
    assert found == [alone(each) for each in numbers]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_has_workers_of_its_own() -> None:
    run = machine(2)
    right = run(1.5)
    child = os.fork()
    if not child:
        os._exit(0 if run(1.5) == right and len(awake._workers) == 1 else 1)
    end = time.monotonic() + 60
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    assert found[1] == 0


def test_a_short_pass_is_done_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_rows, "_WORTH", 1e9)
    monkeypatch.setattr(machine_rows, "_LONG", 1 << 60)
    monkeypatch.setattr(machine_rows, "share", lambda *_: pytest.fail("it was shared"))
    run = machine(2)
    assert run(1.0) == run(1.0)


def test_passes_that_take_longer_by_several_are_made_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, plain = [0], machine_rows.share

    def slow(*given: Any) -> bool:
        asked[0] += 1
        time.sleep(0.02)
        return plain(*given)

    run, alone = machine(2), machine(1)
    monkeypatch.setattr(machine_rows, "_LONG", 1 << 60)  # the first pass is made by one
    monkeypatch.setattr(machine_rows, "share", slow)
    found = [run(float(number)) for number in range(60)]
    assert 1 < asked[0] < 12
    assert found == [alone(float(number)) for number in range(60)]
