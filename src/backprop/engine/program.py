"""A graph made ready to run many times: `compile` chooses how, a `Program` runs.

>>> import backprop
>>> program = backprop.compile(backprop.parse("e = a*b; d = e+c; L = d*f"))
>>> program.inputs
('a', 'b', 'c', 'f')
>>> value, gradient = program([2, -3, 10, -2])
>>> value, gradient.tolist()
(-8.0, [6.0, -4.0, -2.0, 4.0])
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from backprop.values import NUMBER, Value

if TYPE_CHECKING:
    pass

ENGINES = ("auto", "python", "native")

_SMALL = 200
STRAIGHT = 1000
"""Up to so many steps a graph becomes straight-line machine code, beyond it a tape; between the two
numbers it depends on whether its steps wait for one another."""

_GENERATED = 20_000
"""Up to so many steps a graph becomes generated Python, beyond it stays with the interpreter."""


class Engine(Protocol):
    """Computes one graph. None where something is not finite: the interpreter then finds out what."""

    def forward(self, x: Sequence[float]) -> float | None:
        """The output, for these numbers of the inputs."""

    def backward(self) -> Sequence[float] | None:
        """Its gradient by the inputs, where it was last computed."""


class StraightCode:
    """Straight-line machine code; computes value and gradient at once."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        from backprop.engine.native.machine import Library
        from backprop.engine.native.straight import evaluation

        fixed = _fixed(order, wrt)
        text = evaluation(order, wrt, fixed)
        self._library = Library(lambda: text, text)
        self._evaluate = self._library.function("evaluate", ctypes.c_int, *[ctypes.c_void_p] * 4)
        self._x = array("d", bytes(8 * len(wrt)))
        self._value = array("d", [0.0])
        self._gradient = array("d", bytes(8 * len(wrt)))
        self._fixed = array("d", [each.data for each in fixed])
        arrays = (self._x, self._fixed, self._value, self._gradient)
        self._pointers = [each.buffer_info()[0] for each in arrays]

    def forward(self, x: Sequence[float]) -> float | None:
        self._x[:] = array("d", x)
        bad = self._evaluate(*self._pointers)
        return None if bad else self._value[0]

    def backward(self) -> Sequence[float] | None:
        return self._gradient


class GeneratedPython:
    """Straight-line Python."""

    def __init__(self, order: Sequence[Value], wrt: Sequence[Value]) -> None:
        from backprop.engine.generated import evaluation

        fixed = _fixed(order, wrt)
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

        first = set(wrt)
        # the parameters lead the leaves, so that they stand side by side at the head of the tape
        others = [value for value in order if value not in first]
        self.tape = Tape([*wrt, *others], order[-1])
        self.tape.load()
        self._count = len(wrt)

    def forward(self, x: Sequence[float]) -> float | None:
        tape = self.tape
        tape.values[: self._count] = x
        return float(tape.values[tape.root]) if tape.forward() else None

    def backward(self) -> Sequence[float] | None:
        tape = self.tape
        return tape.gradients[: self._count].tolist() if tape.backward() else None


def native(order: Sequence[Value], wrt: Sequence[Value]) -> StraightCode | TapeCode:
    """Machine code for a graph; the fixed leaves keep the numbers that they have now.

    order: operands first, the output last. wrt: the leaves that numbers are given for. Raises
    NoMachineCode.
    """
    steps = sum(1 for value in order if value.prev)
    if 0 < steps <= _SMALL:
        return StraightCode(order, wrt)
    tape = TapeCode(order, wrt)
    return StraightCode(order, wrt) if 0 < steps <= STRAIGHT and tape.tape.is_serial else tape


def _fixed(order: Sequence[Value], wrt: Sequence[Value]) -> list[Value]:
    """The leaves that are neither numbers of the equations nor parameters."""
    moving = set(wrt)
    return [v for v in order if not v.prev and v.op != NUMBER and v not in moving]
