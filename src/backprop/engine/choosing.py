"""A graph made ready to run many times: how it is run is chosen by what that costs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.engine.engines import Engine, GeneratedPython, Interpreted, StraightCode, TapeCode
from backprop.errors import NoMachineCode
from backprop.graph import Graph
from backprop.names import unknown_choice
from backprop.options import ENGINES


class _Cost(NamedTuple):
    """Seconds that an engine takes: to begin with, for a step of the graph, for an evaluation, and
    for a step of an evaluation. most: steps that it is for. Measured on a machine of 2024; what
    matters is their relation."""

    engine: type[Engine]
    begin: float
    step: float
    run: float
    run_step: float
    most: float

    def seconds(self, steps: int, runs: int) -> float:
        if steps > self.most:
            return float("inf")
        return self.begin + self.step * steps + (self.run + self.run_step * steps) * runs


_INTERPRETED = _Cost(Interpreted, 0.0, 0.0, 1e-6, 8e-7, float("inf"))
_GENERATED = _Cost(GeneratedPython, 1e-3, 45e-6, 4e-7, 9e-8, 20_000)
_STRAIGHT = _Cost(StraightCode, 0.11, 2e-4, 1e-6, 6e-9, 1000)
_TAPE = _Cost(TapeCode, 0.18, 1.6e-6, 3e-6, 6e-9, float("inf"))

_LOADED = 0.01
"""Seconds to begin a tape where machine code is in use already."""

_SMALL = 200
"""Up to so many steps there is too little to do side by side for a tape."""

_LARGE = 10_000
"""From so many rows on, numpy's import is worth its time."""


def choose(engine: str, steps: int, runs: int, around: float = 0.0) -> type[Engine] | None:
    """The engine to use for `runs` evaluations of a graph of `steps` steps; None: compile it.

    The one that takes the least time is chosen, between the two that run in Python and machine
    code; which kind of machine code, `tape_for` says. engine: what a person asked for, one of
    ENGINES: "python" leaves the first two, "native" only machine code. around: the overhead of an
    evaluation in Python, in seconds, that a compiled loop saves. Raises BadOption for another name.
    """
    if engine not in ENGINES:
        raise unknown_choice("engine", engine, ENGINES)
    python = min((_INTERPRETED, _GENERATED), key=lambda row: row.seconds(steps, runs))
    machine = min(row.seconds(steps, runs) for row in (_STRAIGHT, _TAPE))
    if engine == "native":
        return None
    if engine == "auto" and machine < python.seconds(steps, runs) + around * runs:
        return None
    return python.engine


def build(
    graph: Graph,
    wrt: Sequence[int],
    fixed: Mapping[int, float],
    engine: str = "auto",
    runs: int = 1,
    steps: int | None = None,
) -> Engine:
    """A graph with one output ready for so many runs.

    wrt: the inputs that numbers are given for, in this order. fixed: the numbers of the others.
    steps: how many there are, if that is known. Raises NoMachineCode where machine code is asked
    for and there is none; "auto" does without.
    """
    steps = steps or _count(graph)
    chosen = choose(engine, steps, runs)
    if chosen is None:
        try:
            return tape_for(graph, wrt, fixed, steps) or StraightCode(graph, wrt, fixed)
        except NoMachineCode:
            if engine == "native":
                raise
            chosen = choose("python", steps, runs)
            assert chosen is not None
    return chosen(graph, wrt, fixed)


def tape_for(
    graph: Graph, wrt: Sequence[int], fixed: Mapping[int, float], steps: int
) -> TapeCode | None:
    """The tape of a graph that machine code should run as one; None for one better in a straight line.

    steps: how many operations the straight line would have.
    """
    if steps <= _SMALL:
        return None
    found = TapeCode(graph, wrt, fixed)
    return None if steps <= _STRAIGHT.most and found.tape.is_serial else found


def tape_pays(engine: str, ready: bool, steps: int, seconds: float) -> bool:
    """Whether to lay a graph of so many steps out on a tape, rather than spend so many seconds in
    Python. ready: whether machine code is in use already."""
    if engine != "auto":
        return engine == "native"
    return seconds > (_LOADED if ready else _TAPE.begin) + _TAPE.step * steps


def _count(graph: Graph) -> int:
    """How many steps lead to the outputs."""
    if len(graph.columns) < _LARGE:
        return len(graph.steps)
    from backprop.engine.leading import count

    return count(graph)
