"""The table of operations on blocks of rows, by NumPy's own functions: as exact as these, a few units of the
last digit, and many times as fast as one number after the other."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy

from backprop.by_rows.recorded import holds
from backprop.chain.walk import Walk
from backprop.loops.arrays import ArrayWriter, Spread, called, compiled
from backprop.loops.domains import Reals
from backprop.operations import OPERATIONS
from backprop.row import AND
from backprop.syntax.functions import TINY, can_vanish

_OTHERWISE = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "pow": "power",
}
"""What NumPy calls functions of C's library, where it has another name for them."""

_KNOWN = frozenset({*_OTHERWISE, "cbrt", "cos", "cosh", "exp", "exp2", "expm1", "hypot", "log",
                    "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh"})  # fmt: skip


class BlockWriter(ArrayWriter):
    """As ArrayWriter, with NumPy's functions."""

    def value(self, name: str, operands: Sequence[Spread]) -> Spread:
        function = _function(name)
        if function is None or all(isinstance(each, float) for each in operands):
            return super().value(name, operands)
        if text := _simpler(name, operands):
            return self.text(text, dict(zip(OPERATIONS[name].operands, operands, strict=True)))
        found = function(*operands)
        return self.kept(name, found, operands)

    def text(self, text: str, names: Mapping[str, Spread]) -> Spread:
        function, own = _lazily(text)
        return function(self, *[names[name] for name in own])

    def chosen(
        self, condition: Spread, taken: Callable[[], Spread], other: Callable[[], Spread]
    ) -> Spread:
        """The value of a choice; where that is the same for all rows only one branch is computed."""
        if isinstance(condition, float):
            return taken() if condition else other()
        return self.value("if", (condition, taken(), other()))

    def both(self, one: Spread, other: Callable[[], Spread]) -> Spread:
        """Whether both are true; the other is computed where that is not known from the first."""
        if isinstance(one, float) and not one:
            return 0.0
        return self.value("and", (one, other()))

    def kept(self, name: str, found: Spread, operands: Sequence[Spread]) -> Spread:
        if isinstance(found, float) or not can_vanish(name):
            return super().kept(name, found, operands)
        return found if holds(_none_lost, found, *operands) else super().kept(name, found, operands)


def _none_lost(found: Reals, *operands: Spread) -> bool:
    """Whether no number is too small for a double where no operand is 0."""
    if (
        found.min() >= TINY or found.max() <= -TINY
    ):  # as it is mostly, and sooner known than of each
        return True
    lost = numpy.abs(found) < TINY
    if not lost.any():
        return True
    if (found[lost] != 0).any():
        return False
    nothing = [
        numpy.equal(each, 0)[lost] if numpy.ndim(each) else numpy.equal(each, 0)
        for each in operands
    ]
    return bool(numpy.logical_or.reduce(numpy.broadcast_arrays(*nothing), axis=0).all())


@cache
def _lazily(text: str) -> tuple[Callable[..., Spread], tuple[str, ...]]:
    """A formula of the table as a function of a writer and of numbers for its names, and these; branches are
    computed when they are asked for."""

    def apply(operation: str, operands: list[str]) -> str:
        row = OPERATIONS[operation]
        if row.chooses:
            condition, taken, other = operands
            return f"writer.chosen({condition}, lambda: {taken}, lambda: {other})"
        if row.binding == AND:
            return f"writer.both({operands[0]}, lambda: {operands[1]})"
        return called(operation, operands)

    return compiled(text, apply)


@cache
def _function(name: str) -> Callable[..., Any] | None:
    """NumPy's function for an operation, None where it has none that is all of it."""
    row = OPERATIONS[name]
    if row.machine not in _KNOWN or row.mended:
        return None
    found: Callable[..., Any] = getattr(numpy, _OTHERWISE.get(row.machine, row.machine))
    return found


def _simpler(name: str, operands: Sequence[Spread]) -> str:
    """The text of a simpler value where an operand is a certain number."""
    row = OPERATIONS[name]
    for word, number, text in row.special:
        at = row.operands.index(word)
        if isinstance(operands[at], float) and operands[at] == number:
            return text
    return ""


class BlockWalk(Walk[Reals]):
    """A walk that asks for slopes only where they are needed."""

    writer: BlockWriter

    def shares(
        self, step: int, gradient: Spread, moving: Container[int]
    ) -> Iterator[tuple[int, Spread]]:
        self.writer.wanted = [each in moving for each in self.graph.operands(step)]
        yield from super().shares(step, gradient, moving)
