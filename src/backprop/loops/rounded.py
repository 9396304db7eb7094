"""Whether numbers of the file are what rounding leaves: everything is changed a little more than that.

As `evaluation.shaken` does for single numbers, here for all members at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.parts import ArrayWalk
from backprop.syntax.functions import has_slopes, rounds_always

SIZE = 2.0**-46
"""The relative size of the changes, 64 times that of rounding."""

_MOVED = 1e-7
"""How far numbers may move with them, relative."""


class Shaken(ArrayWriter):
    """Changes each value that may be rounded, by a factor of its own. turn: number of the first one."""

    steps = "shaken"

    def __init__(self, turn: int = 0) -> None:
        super().__init__()
        self._turns = turn

    def value(self, name: str, operands: Sequence[Spread]) -> Spread:
        found = super().value(name, operands)
        if rounds_always(name):
            return self.changed(found)
        exact = _whole(found)
        for each in operands:
            exact = exact & _whole(each)
        return self.but(exact, found)

    def but(self, stays: Any, numbers: Spread) -> Spread:
        """Numbers of which all are changed but these."""
        if isinstance(numbers, float) and isinstance(stays, bool | numpy.bool_):
            return numbers if stays else self.changed(numbers)
        return numpy.where(stays, numbers, self.changed(numbers))

    def changed(self, numbers: Spread) -> Spread:
        """Numbers times a factor near 1."""
        self._turns += 1
        part = self._turns**3 * 0.6180339887498949 % 1 - 0.5
        return numbers * (1 + SIZE * (part + (0.5 if part > 0 else -0.5)))


class Sizes(ArrayWriter):
    """Has the sizes of slopes in their place: what comes to a gradient is then added up as sizes."""

    steps = "sizes"

    def used(self, slope: Spread, name: str, numbers: Sequence[Spread], at: int) -> Spread:
        used = super().used(slope, name, numbers, at)
        return abs(used) if isinstance(used, float) else numpy.abs(used)

    def gathered(self, share: Spread) -> Spread:
        return abs(share) if isinstance(share, float) else numpy.abs(share)


class _ShakenWalk(ArrayWalk):
    """A walk in which what jumps stays. base: the walk without changes."""

    base: ArrayWalk

    def made(self, step: int, operands: Sequence[Spread]) -> Spread:
        if step not in self.graph.specials and not has_slopes(self.graph.op(step)):
            return self.base.found[step]
        return super().made(step, operands)


def moved(base: ArrayWalk) -> NDArray[numpy.bool_] | None:
    """Which of the numbers that a walk has found move a lot if everything is changed a little; None where a
    step stands on a border by rounding, perhaps."""
    of = base.part
    numbers = base.found[of.roots[0]]
    if len(of.steps) < 2:
        return numpy.zeros(1, dtype=bool)
    writer = Shaken()
    known = {
        row: each
        if row in of.columns.specials  # what indices are is exact
        else writer.but(_whole(each), each)  # as they are written
        for row, each in of.known.items()
    }
    walk = _ShakenWalk.through(of, writer, known)
    walk.base = base
    with writer.watched():
        walk.forward()
        apart = numpy.abs(numpy.subtract(walk.found[of.roots[0]], numbers))
        found = ~numpy.atleast_1d(apart <= _MOVED * numpy.abs(numbers))
    on_border = any(
        numpy.any(met & numpy.not_equal(walk.found[each], base.found[each]))
        for step, met in base.borders()
        for each in of.columns.operands(step)
    )
    return None if on_border else found


def _whole(numbers: Spread) -> Any:
    """Which numbers are whole, and small enough for that to be told."""
    return numpy.equal(numbers, numpy.rint(numbers)) & (numpy.abs(numbers) < 2**53)
