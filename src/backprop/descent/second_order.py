"""What second derivatives, and gradients nearby, say of a point."""

from collections.abc import Sequence
from math import isfinite
from random import Random
from sys import float_info
from typing import Any

import numpy

from backprop.descent.course import Run, Stop
from backprop.descent.natural_sizes import natural_size
from backprop.descent.objective import Point, SquaredSum
from backprop.descent.problem import Problem
from backprop.errors import NotFinite
from backprop.evaluation.second_derivatives import reach

_DOUBLES = 4
"""Right beside a point is what is so many doubles away."""


def hessian(run: Run, point: Point) -> Any:
    """The second derivatives at a point, n x n: exact, or by differences where these are not known.

    Raises Stop where they are not finite.
    """
    table = exact(run, point)
    return by_differences(run, point) if table is None else table


def exact(run: Run, point: Point) -> Any:
    """The second derivatives by the chain rule, None where it does not say, or they take too long
    (`second_derivatives.MOST_STEPS`, `bends.MOST_WORK`)."""
    exact = run.problem.second_derivatives
    table = exact.at(point, run.largest) if exact else None
    return None if table is None else run.problem.sign * (table / 2 + table.T / 2)


def by_differences(run: Run, point: Point) -> Any:
    """Central differences of the exact gradient, made symmetric. Where the output has no value on
    one side, differences to the other. Raises Stop where they are not finite."""

    def towards(at: int, moved: float) -> tuple[float, Any]:
        """A parameter there, or where it is if that has no value; and the gradient."""
        try:
            _, gradient = run.problem.both([*point[:at], moved, *point[at + 1 :]])
        except NotFinite:
            moved = point[at]
            _, gradient = run.problem.both(point)
        return moved, numpy.asarray(gradient)

    columns = []
    try:
        for at, number in enumerate(point):
            known: float | None = max(abs(number), run.largest[at])
            if not known:
                slope = abs(run.gradient[at])
                known = abs(run.value) / slope if slope else natural_size(run, at, 0.0)
            size = reach(1.0) * known if known else reach(number)
            (there, rise), (back, fall) = towards(at, number + size), towards(at, number - size)
            with numpy.errstate(all="ignore"):
                slope = (rise - fall) / (there - back) if there != back else rise * numpy.nan
            columns.append(slope)
    except NotFinite:
        raise run.no_bends() from None
    with numpy.errstate(all="ignore"):
        table = numpy.array(columns)
        table = table / 2 + table.T / 2
    if not numpy.isfinite(table).all():
        raise run.no_bends()
    return table


def by_rounding(run: Run, squares: SquaredSum | None, seen: Any) -> Any:
    """Of which inputs derivatives are others right beside the last point, (n,): that by u of u*(1 - v) is
    some 1e-16 where v is 1 but for its last digit. seen: those of the m residuals, (m, n), or all second
    derivatives."""
    turn = Random(0).choice
    near = [at * (1 + turn((-1, 1)) * _DOUBLES * float_info.epsilon) for at in run.x]
    if squares is not None:
        there = squares.both(near)[1]
    else:
        try:
            table = hessian(run, near)
        except Stop:
            return numpy.zeros(len(near), bool)
        seen, there = numpy.diag(seen.diagonal()), numpy.diag(table.diagonal())
    return abs(there - seen).sum(axis=0) > abs(seen).sum(axis=0) / 2


def shortest(gradients: Sequence[Point], problem: Problem, x: Point) -> Point:
    """The shortest mixture of gradients, without what only pushes against a bound.

    With weights w >= 0 it is least squares for the equations sum(w*g) = 0 and sum(w) = 1, but for
    a factor.
    """
    from scipy.optimize import nnls

    count = len(gradients)
    table: Any = numpy.nan_to_num(numpy.array(gradients).T)  # slopes beyond doubles are the largest
    size = numpy.abs(table).max() or 1.0
    at_low, at_high = numpy.equal(x, problem.low), numpy.equal(x, problem.high)
    walls = [numpy.eye(len(x))[:, at] if at.any() else table[:, :0] for at in (at_low, at_high)]
    table = numpy.hstack([table / size, -walls[0], walls[1]])
    ones = (numpy.arange(table.shape[1]) < count) * 1.0
    target = numpy.append(numpy.zeros(len(x)), 1.0)
    try:
        weights, _ = nnls(numpy.vstack([table, ones]), target)
    except RuntimeError:  # it found no end
        return [0.0] * len(x)
    with numpy.errstate(all="ignore"):
        found: Point = (table @ weights * (size / weights[:count].sum())).tolist()
    return found if all(map(isfinite, found)) else [0.0] * len(x)
