"""Whether numbers of the file are what rounding leaves: everything is changed a little more than that.

As `evaluation.shaken` does for single numbers, here for all members at once.
"""

from collections.abc import Sequence

import numpy

from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.parts import ArrayWalk
from backprop.operations import FUNCTIONS
from backprop.syntax.functions import has_slopes

_SIZE = 2.0**-46
"""The relative size of the changes, 64 times that of rounding."""

_MOVED = 1e-7
"""How far numbers may move with them, relative."""

_WHOLE = 1024
"""Whole numbers below this stay: they are exact."""


class _Shaken(ArrayWriter):
    """Changes each value that is rounded, by a factor of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0

    def value(self, name: str, operands: Sequence[Spread]) -> Spread:
        found = super().value(name, operands)
        rounds = name in FUNCTIONS or not all(_is_whole(each) for each in operands)
        return self.changed(found) if rounds else found

    def changed(self, numbers: Spread) -> Spread:
        """Numbers times a factor near 1."""
        self._turns += 1
        part = self._turns**3 * 0.6180339887498949 % 1 - 0.5
        return numbers * (1 + _SIZE * (part + (0.5 if part > 0 else -0.5)))


class _ShakenWalk(ArrayWalk):
    """A walk in which what jumps stays. base: the walk without changes."""

    base: ArrayWalk

    def made(self, step: int, operands: Sequence[Spread]) -> Spread:
        if step not in self.graph.specials and not has_slopes(self.graph.op(step)):
            return self.base.found[step]
        return super().made(step, operands)


def moves(base: ArrayWalk) -> bool:
    """Whether the numbers that a walk has found move a lot if everything is changed a little."""
    of = base.part
    numbers = base.found[of.roots[0]]
    if len(of.steps) < 2:
        return False
    writer = _Shaken()
    known = {
        row: each
        if _is_whole(each) and numpy.all(numpy.abs(each) < _WHOLE)
        else writer.changed(each)
        for row, each in of.known.items()
    }
    walk = _ShakenWalk.through(of, writer, known)
    walk.base = base
    with writer.watched():
        walk.forward()
        apart = numpy.abs(numpy.subtract(walk.found[of.roots[0]], numbers))
        return not bool((apart <= _MOVED * numpy.abs(numbers)).all())


def _is_whole(numbers: Spread) -> bool:
    return bool(numpy.all(numpy.equal(numbers, numpy.rint(numbers))))
