"""The chain rule that generates: a small graph in, code in some language out.

`Straight` walks over the steps, forward and backward, and hands each to a Writer, which writes it down
in its language. The code has every step once, without loops and branches, in the order of the
interpreter; the shares of a gradient are added in its order too, so that rounding gives the same bits.

Generated code reports *that* something is not finite; the interpreter then computes the same point
again and finds *where*, and whether it matters. For the report it is enough to look at few numbers: inf
or nan in a step shows in the output as well, unless a step on the way makes a finite number of it, as
`1/inf` does. So the code looks at the output and at the operands of such steps (`hides`).
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
    """Writes code in some language; every method says what its result is called in the code."""

    def value(self, name: str, operands: Sequence[Operand]) -> Operand:
        """The value of an operation of the table."""

    def slopes(self, name: str, operands: Sequence[Operand], out: Operand) -> Sequence[Operand]:
        """Its slopes, given its value."""

    def product(self, gradient: Operand, slope: Operand, careful: bool) -> Operand:
        """Gradient times slope; careful: 0 where either is 0, whatever the other is."""


class Straight:
    """The code of one graph, as its writer writes it.

    order: the Values, operands first, the output last. known: what the leaves are called in the code,
    numbers of the equations apart. wrt: the leaves whose gradients are wanted.

    After `forward`, `found` has what every Value is called, and `checked` the few that are all finite
    only if everything is; after `backward`, `gradients` has what the gradients of `wrt` are called.
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
    """Whether the operation `name` can have a finite value where its operand number `at` is not finite.

    known: for each operand its number, if that stands in the equations, else None. Found by trying:
    inf, -inf and nan for the operand, all sorts of numbers for the others that are not known.
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
    """A text that two graphs have in common only if they have the same code."""
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
