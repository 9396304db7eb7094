"""A graph made ready to run many times: how it is run is chosen by what that costs."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from backprop.engine.interpreter import backward, forward
from backprop.errors import NoMachineCode
from backprop.suggest import unknown_choice
from backprop.values import NUMBER, Value

if TYPE_CHECKING:
    pass

ENGINES = ("auto", "python", "native")
"""What a person may ask for."""


class Engine(Protocol):
    """Computes one graph. None where something is not finite: the interpreter then finds out what."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        """order: operands first, the output last. wrt: the leaves that numbers are given for."""

    def forward(self, x: Any) -> float | None:
        """The output, for these numbers of the inputs (a list; to a tape also an array)."""

    def backward(self) -> Sequence[float] | None:
        """Its gradient by the inputs, where it was last computed."""


class Interpreted:
    """The interpreter, for what runs a few times."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        self._order, self._wrt = order, wrt

    def forward(self, x: Sequence[float]) -> float | None:
        for leaf, number in zip(self._wrt, x, strict=True):
            leaf.data = number
        forward(self._order)
        finite = all([isfinite(step.data) for step in self._order])  # noqa: C419  twice as fast
        return self._order[-1].data if finite else None

    def backward(self) -> Sequence[float] | None:
        backward(self._order)
        found = [leaf.grad for leaf in self._wrt]
        return found if all(map(isfinite, found)) else None


class StraightCode:
    """Straight-line machine code; computes value and gradient at once."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        from backprop.engine.native.machine import library, passed_on
        from backprop.engine.native.straight import evaluation
        from backprop.engine.walk import signature

        fixed = fixed_leaves(order, wrt)
        key = f"evaluate {signature(order, wrt, fixed)}"
        self._library = library(key, lambda: evaluation(order, wrt, fixed))
        self._evaluate = self._library.function("evaluate", ctypes.c_int, *[ctypes.c_void_p] * 4)
        self._passed_on = passed_on
        self._x = array("d", bytes(8 * len(wrt)))
        self._value = array("d", [0.0])
        self._gradient = array("d", bytes(8 * len(wrt)))
        self._fixed = array("d", [each.data for each in fixed])
        arrays = (self._x, self._fixed, self._value, self._gradient)
        self._pointers = [each.buffer_info()[0] for each in arrays]

    def forward(self, x: Sequence[float]) -> float | None:
        self._x[:] = array("d", x)
        bad = self._evaluate(*self._pointers)
        self._passed_on()
        return None if bad else self._value[0]

    def backward(self) -> Sequence[float] | None:
        return self._gradient


class GeneratedPython:
    """Straight-line Python."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        from backprop.engine.writers.python import evaluation

        fixed = fixed_leaves(order, wrt)
        self._evaluate = evaluation(order, wrt, fixed)
        self._fixed = [each.data for each in fixed]
        self._gradient: Sequence[float] = ()

    def forward(self, x: Sequence[float]) -> float | None:
        value, self._gradient, finite = self._evaluate(x, self._fixed)
        return value if finite else None

    def backward(self) -> Sequence[float] | None:
        return self._gradient


class TapeCode:
    """A tape with compiled kernels."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        from backprop.engine.tape import Tape

        # the parameters stand side by side at the head of the tape
        self.tape = Tape(order, order[-1], wrt)
        self._count = len(wrt)

    def forward(self, x: Any) -> float | None:
        tape = self.tape
        tape.values[: self._count] = x
        return float(tape.values[tape.root]) if tape.forward() else None

    def backward(self) -> Any:
        """As a view of an array, which the next call changes."""
        tape = self.tape
        return tape.gradients[: self._count] if tape.backward() else None


class _Cost(NamedTuple):
    """Seconds that an engine takes: to begin with, for a step of the graph, for an evaluation, and
    for a step of an evaluation. most: steps that it is for. Measured on a machine of 2024; what
    matters is their relation."""

    engine: type[Interpreted | GeneratedPython | StraightCode | TapeCode]
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

_SMALL = 200
"""Up to so many steps there is too little to do side by side for a tape."""


def choose(engine: str, steps: int, runs: int, around: float = 0.0) -> type[Engine] | None:
    """The engine to use for `runs` evaluations of a graph of `steps` steps; None: compile it.

    The one that takes the least time is chosen, between the two that run in Python and machine code;
    which kind of machine code, `tape_for` says. engine: what a person asked for, one of ENGINES:
    "python" leaves the first two, "native" only machine code. around: the overhead of an evaluation in
    Python, in seconds, that a compiled loop saves. Raises BadOption for another name.
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
    order: Sequence[Value],
    wrt: Sequence[Value],
    engine: str = "auto",
    runs: int = 1,
    leaves: Sequence[Value] | None = None,
) -> Engine:
    """A graph ready for so many runs; its fixed leaves keep the numbers that they have now.

    order: operands first, the output last. wrt: the leaves that numbers are given for. leaves: all of
    them, if they are known. Raises NoMachineCode where machine code is asked for and there is none;
    "auto" does without.
    """
    leaves = leaves or [value for value in order if not value.prev]
    steps = len(order) - len(leaves)
    chosen = choose(engine, steps, runs)
    if chosen is None:
        try:
            return _native(order, wrt, steps)
        except NoMachineCode:
            if engine == "native":
                raise
            chosen = choose("python", steps, runs)
            assert chosen is not None
    return chosen(order, wrt)


def _native(order: Sequence[Value], wrt: Sequence[Value], steps: int) -> Engine:
    return tape_for(order, wrt, steps) or StraightCode(order, wrt)


def tape_for(order: Sequence[Value], wrt: Sequence[Value], steps: int) -> TapeCode | None:
    """The tape of a graph that machine code should run as one; None for one better in a straight line.

    steps: how many operations the straight line would have.
    """
    if steps <= _SMALL:
        return None
    found = TapeCode(order, wrt)
    return None if steps <= _STRAIGHT.most and found.tape.is_serial else found


def fixed_leaves(order: Sequence[Value], wrt: Sequence[Value]) -> list[Value]:
    """The leaves that are neither numbers of the equations nor parameters."""
    moving = set(wrt)
    return [v for v in order if not v.prev and v.op != NUMBER and v not in moving]
