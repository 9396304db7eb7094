"""A small graph as straight-line code, in whatever language: each step once, no loop, no branch.

The steps come in the order of the interpreter, and so do the shares of every gradient, so that what is
rounded is the same. Values that are not finite are noticed, not judged: the code says so, and the
interpreter computes the same point again and finds out where and whether it matters. What is not
finite shows in the output, unless a step on the way makes a number of it (`1/inf`); so the operands of
such steps are looked at as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from math import inf, isfinite, nan
from typing import Protocol

from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import NUMBER, Value

Operand = float | str
"""A number that is known already, or what the code calls it."""

_BAD = (inf, -inf, nan)
_OTHERS = (0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 1e300, inf, -inf, nan)


class Writer(Protocol):
    """Writes code in some language; every method answers with what its result is called."""

    def value(self, name: str, operands: Sequence[Operand]) -> Operand:
        """The value of an operation of the table."""

    def slopes(self, name: str, operands: Sequence[Operand], out: Operand) -> Sequence[Operand]:
        """Its slopes, given its value."""

    def product(self, gradient: Operand, slope: Operand, careful: bool) -> Operand:
        """Gradient times slope; careful: 0 where either is 0, whatever the other is."""


class Straight:
    """The code of one graph.

    known: what the leaves are called, numbers apart. The Values of `order` stand operands first, the
    output last. After `forward`, `found` has what every Value is called, and `checked` what must be
    finite for all to be; after `backward`, `gradients` has those of `wrt`.
    """

    def __init__(
        self,
        writer: Writer,
        order: Sequence[Value],
        known: Mapping[Value, Operand],
        wrt: Sequence[Value],
    ) -> None:
        self.writer = writer
        self.order = order
        self.wrt = wrt
        self.found: dict[Value, Operand] = dict(known)
        self.checked: list[Operand] = []
        self.gradients: dict[Value, Operand] = {}
        self._choosing = any(OPERATIONS[step.op].says for step in order if step.prev)

    def forward(self) -> Operand:
        """Write every step; return the output."""
        looked: dict[Value, None] = {self.order[-1]: None}
        for step in self.order:
            if not step.prev:
                if step.op == NUMBER:
                    self.found[step] = step.data
                continue
            operands = [self.found[each] for each in step.prev]
            self.found[step] = self.writer.value(step.op, operands)
            known = tuple(each if isinstance(each, float) else None for each in operands)
            for at, operand in enumerate(step.prev):
                if operand.op != NUMBER and hides(step.op, at, known):
                    looked[operand] = None
        self.checked = [self.found[each] for each in looked]
        return self.found[self.order[-1]]

    def backward(self) -> None:
        """Write the gradients, from the output back."""
        moving = set(self.wrt)
        for step in self.order:
            if not moving.isdisjoint(step.prev):
                moving.add(step)
        sums: dict[Value, Operand] = {self.order[-1]: 1.0}
        for step in reversed(self.order):
            gradient = sums.get(step)
            if gradient is None or not step.prev or step not in moving:
                continue
            operands = [self.found[each] for each in step.prev]
            by = self.writer.slopes(step.op, operands, self.found[step])
            for operand, slope in zip(step.prev, by, strict=True):
                if operand not in moving or slope == 0.0:
                    continue
                share = slope
                if gradient != 1.0:
                    share = self.writer.product(gradient, slope, self._choosing)
                before = sums.get(operand)
                if before is not None:
                    share = self.writer.value("+", [before, share])
                sums[operand] = share
        self.gradients = {each: sums.get(each, 0.0) for each in self.wrt}


@cache
def hides(name: str, at: int, known: tuple[float | None, ...]) -> bool:
    """Whether an operation can make a finite number of an operand that is none.

    known: the operands that are numbers of the equations. Found by trying: the operand inf, -inf and
    nan, the others anything.
    """
    row = OPERATIONS[name]
    if row.says:
        return True
    choices: list[tuple[float, ...]] = [
        _OTHERS if number is None else (number,) for number in known
    ]
    choices[at] = _BAD
    value = functions.value(name)
    return any(isfinite(value(*operands)) for operands in product(*choices))


def signature(order: Sequence[Value], wrt: Sequence[Value], fixed: Sequence[Value]) -> str:
    """What the code of a graph depends on: two graphs of one signature have the same code."""
    number: dict[Value, int] = {}
    parts: list[str] = []
    for value in (*wrt, *fixed, *order):
        if value in number:
            continue
        number[value] = len(number)
        if value.prev:
            parts.append(f"{value.op} {' '.join(str(number[each]) for each in value.prev)}")
        else:
            parts.append(value.data.hex() if value.op == NUMBER else "x")
    return f"{len(wrt)} {len(fixed)} {number[order[-1]]}: {', '.join(parts)}"
