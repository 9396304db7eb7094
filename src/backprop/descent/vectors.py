"""The numbers of points, as lists where they are few and as arrays where they are many."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from backprop.descent.objective import Point
from backprop.descent.problem import dot

_FEW = 50
"""The most numbers that are computed with one by one: for so few that takes no longer than arrays."""

Vector = Any
"""A list of numbers, or an array."""


class Arithmetic(NamedTuple):
    """What is done with the numbers of points: from a list and to one, the product of two, a multiple, the
    products and quotients number by number, and one plus a multiple of another; and a context in which
    numbers may overflow."""

    numbers: Callable[[Point], Vector]
    point: Callable[[Vector], Point]
    dot: Callable[[Vector, Vector], float]
    times: Callable[[float, Vector], Vector]
    each: Callable[[Vector, Vector], Vector]
    over: Callable[[Vector, Vector], Vector]
    plus: Callable[[Vector, float, Vector], Vector]
    unlimited: Callable[[], AbstractContextManager[object]]


_ONE_BY_ONE = Arithmetic(
    list,
    list,
    dot,
    lambda factor, x: [factor * number for number in x],
    lambda x, y: [one * other for one, other in zip(x, y, strict=True)],
    lambda x, y: [one / other for one, other in zip(x, y, strict=True)],
    lambda x, factor, y: [one + factor * other for one, other in zip(x, y, strict=True)],
    nullcontext,
)


def arrays() -> Arithmetic:
    """That of arrays."""
    import numpy

    return Arithmetic(
        numpy.array,
        lambda x: x.tolist(),
        lambda x, y: float(numpy.dot(x, y)),
        lambda factor, x: factor * x,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, factor, y: x + factor * y,
        lambda: numpy.errstate(all="ignore"),
    )


def arithmetic(count: int) -> Arithmetic:
    """That of so many numbers."""
    return _ONE_BY_ONE if count <= _FEW else arrays()


class Change(NamedTuple):
    """A step, how the gradient changed with it, the product of both, and the step's with the gradient before
    it."""

    step: Vector
    gradient: Vector
    product: float
    slope: float
