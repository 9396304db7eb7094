"""Contestants in turn, A B A B …: what slows a noisy machine down slows all of them."""

from __future__ import annotations

import ast
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import launcher

TURN = 0.03
"""Seconds that one turn of a fast contestant lasts."""


class TooLong(Exception):
    """A contestant has not replied in time."""


def installed(module: str) -> bool:
    """Whether a peer is there, without importing it."""
    return find_spec(module) is not None


def with_bytecode() -> dict[str, str]:
    """The environment: an installed package has its bytecode; a checkout must be allowed to write it."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class Worker:
    """A contestant in a process of its own: see worker.py."""

    def __init__(self, module: str, *arguments: Any, limit: float = 900, **variables: str) -> None:
        paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        path = os.pathsep.join(filter(None, paths))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**with_bytecode(), "PYTHONPATH": path, **variables},
        )
        self.facts: dict[str, float] = {}
        try:
            self.facts = self.ask("prepare", f"benchmarks.{module}", *arguments, limit=limit)
        except BaseException:
            self.close()
            raise

    def ask(self, *order: Any, limit: float = 900) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], limit)[0]:
            raise TooLong(f"over {limit:g} s")
        reply = self.process.stdout.readline()
        assert reply, f"a contestant has failed: {order}"
        return json.loads(reply)

    def run(self, repeats: int = 1) -> float:
        """Seconds a call."""
        return float(self.ask("run", repeats)) / repeats

    def check(self, *arguments: Any) -> list[float]:
        return list(self.ask("check", *arguments))

    def bytes(self) -> float:
        """How much the peak of memory has grown by the work."""
        return float(self.ask("bytes"))

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Ran:
    """What one command needed, and what it wrote."""

    seconds: float
    bytes: float
    output: str


class Launcher:
    """Runs commands from a small process: see launcher.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-I", launcher.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=with_bytecode(),
        )

    def run(self, command: list[str]) -> Ran:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = launcher.SEPARATOR.join(command).replace("\n", launcher.LINE_END)
        print(line, file=self.process.stdin, flush=True)
        seconds, size, status, output = ast.literal_eval(self.process.stdout.readline())
        assert status == 0, f"{command} ended with {status}: {output}"
        return Ran(seconds, size, output)

    def close(self) -> None:
        self.process.communicate()


@dataclass(frozen=True)
class Times:
    """Seconds a call of every turn; a slow peer has fewer turns."""

    ours: list[float]
    others: Mapping[str, list[float]]

    def ratio(self, peer: str) -> float:
        """Ours by theirs, turn by turn: the median."""
        return median(a / b for a, b in zip(self.ours, self.others[peer], strict=False))

    def medians(self, peer: str) -> tuple[float, float]:
        """Seconds a call, ours and theirs."""
        return median(self.ours), median(self.others[peer])


def in_turn(
    benchmark: Any,
    ours: Callable[[int], float],
    others: Mapping[str, Callable[[int], float]],
    rounds: int = 9,
    most: float = 10.0,
    work: Mapping[str, float] | None = None,
) -> Times:
    """Time all contestants in turn: functions of a number of repeats that return seconds a call.

    The peers' turns come before each round of pytest-benchmark's, which times `ours`. most: how many
    seconds a contestant may take in all; we have three turns at least, a peer has one, its first
    call. work: how much a call does, by name, ours under ""; times are then of one such.
    """
    everyone = {"": ours, **others}
    first = {name: run(1) for name, run in everyone.items()}
    repeats = {name: max(1, round(TURN / time)) for name, time in first.items()}
    turns = {name: max(1, min(rounds, int(most / time))) for name, time in first.items()}
    # who has a single turn has had it
    found = {name: [time] if name and turns[name] == 1 else [] for name, time in first.items()}

    def peers() -> None:
        for name, run in others.items():
            if len(found[name]) < turns[name]:
                found[name].append(run(repeats[name]))

    def own() -> None:
        found[""].append(ours(repeats[""]))

    benchmark.pedantic(own, setup=peers, rounds=max(3, turns[""]), iterations=1)
    benchmark.extra_info["repeats"] = repeats[""]
    for name, units in (work or {}).items():
        found[name] = [time / units for time in found[name]]
    times = Times(found.pop(""), found)
    benchmark.extra_info["ratios"] = {name: times.ratio(name) for name in others}
    return times


def commands_in_turn(
    benchmark: Any,
    starter: Launcher,
    ours: list[str],
    others: Mapping[str, list[str]],
    rounds: int = 9,
    most: float = 10.0,
) -> tuple[Times, dict[str, str], dict[str, float]]:
    """Time commands in turn, ours and by name those of peers, as `in_turn` does. Their times, what each
    printed last, and how many bytes it took, ours under ""."""
    outputs: dict[str, str] = {}
    memory: dict[str, float] = {}

    def run(name: str, command: list[str]) -> float:
        found = starter.run(command)
        outputs[name], memory[name] = found.output, found.bytes
        return found.seconds

    turns = {name: lambda _, name=name: run(name, others[name]) for name in others}
    times = in_turn(benchmark, lambda _: run("", ours), turns, rounds, most)
    return times, outputs, memory
