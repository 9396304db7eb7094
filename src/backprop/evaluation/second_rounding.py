"""How far rounding moves second derivatives, where the sizes of what is added up say too much.

Along a recurrence the sizes of all products of slopes grow without limit, though what they are added up to
does not: `x[t+1] = r*x[t]*(1 - x[t])` has a slope of r*(1 - 2*x[t]), and sizes of 2*r*x[t] and more. There
everything on the way is changed a little, by 64 times what rounding does, as Vignes' CESTAC method does
(see `checks.rounding`), and what moves with that is the bound.
"""

from collections.abc import Iterable
from sys import float_info
from typing import Any, NamedTuple

import numpy

TRIES = (0, 31, 62, 17)
"""Where the factors of the changes begin, one try after the other: two and more miss a number together where
one in hundreds does alone."""

_SIZE = 64 * float_info.epsilon
"""The size of the changes, relative: `evaluation.shaken` has it."""

_LARGE = 1e-6
"""Sizes whose rounding is a smaller part of the numbers say enough."""

_MUCH = 1000.0
"""Sizes that are so many times what changes show say too much."""


class SecondSizes(NamedTuple):
    """Second derivatives, or what belongs to them, shape (n, n), and the same for the gradient, (n,)."""

    table: Any
    gradient: Any


def tamed(sizes: SecondSizes, here: SecondSizes, near: Iterable[SecondSizes]) -> SecondSizes:
    """The sizes of what is added up, where they say too much those that lead to the same rounding. here: the
    numbers; near: what they are if everything is changed a little, asked for where that is needed."""
    with numpy.errstate(all="ignore"):
        bends = numpy.abs(here.table)
        most = bends.max(axis=1, initial=0.0)
        own = numpy.sqrt(numpy.where(bends.diagonal() > 0, bends.diagonal(), most))
        enough = (
            (_SIZE * sizes.table <= _LARGE * numpy.fmax(bends, numpy.outer(own, own))).all(),
            (_SIZE * sizes.gradient <= _LARGE * numpy.fmax(numpy.abs(here.gradient), most)).all(),
        )
        if all(enough):
            return sizes
        moved = [
            SecondSizes(*(numpy.abs(one - other) for one, other in zip(each, here, strict=True)))
            for each in near
        ]
        return SecondSizes(*map(_least, sizes, zip(*moved, strict=True))) if moved else sizes


def _least(sizes: Any, moved: Iterable[Any]) -> Any:
    """Sizes, or in their place what leads to as much as has moved; infinite where that is not finite."""
    shown = numpy.max(numpy.array([*moved]), axis=0) / _SIZE
    shown = numpy.where(numpy.isfinite(shown), shown, numpy.inf)
    return numpy.where(sizes <= _MUCH * shown, sizes, shown)
