"""Second derivatives of which rounding leaves too few digits, where there are too many for a look at each.

All are swept once more, with everything changed a little, and those that move are computed from values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy

from backprop.engine.underflow import SCALE, too_small
from backprop.evaluation.second_sides import TOO_MANY, SecondSides, SecondSlope
from backprop.evaluation.shaken import MOVED, ShakenSlopes, changed
from backprop.syntax import functions
from backprop.syntax.functions import TINY
from backprop.values import Lookup

if TYPE_CHECKING:
    from backprop.evaluation.second_derivatives import SecondDerivatives

_WORK = 2_000_000
"""The most steps of the gradient that are swept once more: seconds. Fifty directions count as two."""

_PART = 1e-12
"""What moves by a smaller part of the largest number is not looked at."""

_LEAST = 1e-290
"""What is too small for a double and has no more say than this is left as it is."""

_VALUES = Lookup(functions.value)

_MOST = 200
"""The most numbers that are computed from values."""

Both = tuple[int, int]
"""The places of two inputs."""


def shaken(second: SecondDerivatives, data: list[float], ways: int) -> list[float] | None:
    """The numbers of all rows of the gradient, where everything is changed a little; None where sweeps along
    so many ways would take long."""
    if len(second.graph.steps) * (1 + ways / 50) > _WORK:
        return None
    return list(changed(second.graph, data, 0)[1])


def enlarged(second: SecondDerivatives, data: list[float]) -> list[float] | None:
    """The numbers of all rows of the gradient, where what is too small for a double is as large as it may be;
    None where nothing is."""
    graph = second.graph
    if not (small := {*too_small(graph, data)}):
        return None
    found, ops, operands, moving = [*data], graph.ops, graph.operands, set[int]()
    for step in graph.steps:
        if not moving.isdisjoint(inside := operands(step)):
            moving.add(step)
            found[step] = _VALUES[ops[step]](*[found[each] for each in inside])
        if step in small:
            moving.add(step)
            found[step] += TINY
    return found


def vanished(known: Any, near: Any) -> Any:
    """Which numbers have lost digits to what is too small for a double. near: these, without that."""
    with numpy.errstate(all="ignore"):
        apart = numpy.abs(near - known)
        return numpy.isfinite(known) & (apart > MOVED * numpy.abs(known)) & (apart > _LEAST)


def moved(known: Any, near: Any) -> Any:
    """Which numbers move so much that rounding leaves them few digits."""
    with numpy.errstate(all="ignore"):
        apart = numpy.abs(near - known)
        finite = numpy.isfinite(known)
        size = numpy.abs(known[finite]).max(initial=0.0)
        return finite & (apart > MOVED * numpy.abs(known)) & (apart > _PART * size)


def spoilt(
    second: SecondDerivatives,
    data: list[float],
    ways: int,
    known: Any,
    at: Callable[..., Any],
) -> Any:
    """Which second derivatives rounding, or what is too small for a double, leaves too few digits. at: makes
    them of the numbers of all rows of the gradient, by so many sweeps as there are ways, with directions
    as many times as large, and `slopes` if they are given."""
    found = numpy.zeros(known.shape, bool)
    if near := shaken(second, data, ways):
        # what a sweep adds up is rounded, too, where all slopes are whole numbers
        found |= moved(known, at(near, 1.0, slopes=ShakenSlopes()))
        large = enlarged(second, data)
        found |= vanished(known, at(large or data, SCALE))  # what sweeps lose, too
        if large:
            found |= vanished(known, at(large, 1.0))
    return found


def by_values(
    second: SecondDerivatives, data: list[float], places: Iterable[Both]
) -> Iterator[tuple[Both, SecondSlope]]:
    """What values say of the second derivatives at some places."""
    sides = SecondSides(second.graph, second.leaves, data)
    for count, (one, other) in enumerate(places):
        found = sides.one(one, other) if count < _MOST else SecondSlope(numpy.nan, TOO_MANY)
        yield (one, other), found


def product(
    second: SecondDerivatives, data: list[float], way: Sequence[float], places: Sequence[int]
) -> Any:
    """Some numbers of a product with a direction, from values; nan where they are not known."""
    parts = [(place, part) for place, part in enumerate(way) if part]
    asked = [(place, at) for at in places for place, _ in parts]
    found = dict(by_values(second, data, asked))
    return numpy.array(
        [sum(found[place, at].number * part for place, part in parts) for at in places]
    )
