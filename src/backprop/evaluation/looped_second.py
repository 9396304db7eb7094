"""Second derivatives of a Model of loops by loops: nothing is unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from operator import mul
from typing import Any, NamedTuple

import numpy

from backprop.evaluation.curvature import Curving, curvature_within, points_near, rounding_by
from backprop.evaluation.gradient import Gradient, by_loops
from backprop.language import Model
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import needed
from backprop.loops.second import LoopCurvature
from backprop.loops.walks import Doubtful
from backprop.source import normal

_MOST = 500
"""The most inputs of which a whole matrix is computed, one after the other: for more, the unrolled text
needs fewer sweeps, or those of a tape."""


class LoopedMatrix(NamedTuple):
    """The second derivatives of an output by n inputs, matrix of shape (n, n), and what they say."""

    gradient: Gradient
    matrix: Any
    curvature: Curving


class _Point(NamedTuple):
    gradient: Gradient
    x: Any
    loops: LoopCurvature


def matrix_by_loops(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str]
) -> LoopedMatrix | None:
    """The second derivatives by these inputs; None where something is in doubt, or loops do not have
    them. Raises as `Model.grad`."""
    if len(names) > _MOST or not (point := _point(model, values, output, names)):
        return None
    gradient, x, loops = point
    ways = numpy.identity(len(names))
    try:
        found = loops.at(x, ways)
        matrix = found.products / 2 + found.products.T / 2 + 0.0

        def rounding() -> Any:
            sizes = loops.sizes(x, ways), loops.gradient_sizes(x)
            others = (loops.at(numpy.array(near), ways) for near in points_near(x.tolist()))
            tables = ((each.products, each.gradient) for each in others)
            return rounding_by(matrix, found.gradient, sizes, tables)

        said = curvature_within(matrix, found.gradient, rounding)
    except Doubtful:
        return None
    return LoopedMatrix(gradient, matrix, said)


def times_by_loops(
    model: Model,
    values: Mapping[str, float],
    direction: Mapping[str, float],
    output: str,
    names: Sequence[str],
) -> tuple[Gradient, Any] | None:
    """The gradient, and the second derivatives by these inputs times a direction, shape (n,); None as of
    `matrix_by_loops`. direction: by names, 0 of others. Raises as `Model.grad`."""
    if not (point := _point(model, values, output, names)):
        return None
    way = numpy.array([[direction.get(name, 0.0) for name in names]])
    try:
        return point.gradient, point.loops.at(point.x, way).products[0]
    except Doubtful:
        return None


def along_by_loops(
    model: Model,
    values: Mapping[str, float],
    output: str,
    direction: Mapping[str, float],
    order: int,
) -> tuple[Gradient, list[float]] | None:
    """The gradient by inputs that move, and the derivatives along a direction of order 1, or 1 and 2; None as
    of `matrix_by_loops`. direction: by names. Raises as `Model.grad`."""
    moving = [name for name, number in direction.items() if number]
    if not moving:
        return None
    if order == 1:
        gradient = by_loops(model, values, output, wrt=moving)
        if gradient is None:
            return None
        slopes = [gradient.gradients.get(name, 0.0) for name in moving]
        return gradient, [fsum(map(mul, slopes, (direction[name] for name in moving)))]
    if not (point := _point(model, values, output, moving)):
        return None
    way = numpy.array([direction[name] for name in moving])
    try:
        found = point.loops.at(point.x, way[None])
    except Doubtful:
        return None
    return point.gradient, [fsum(found.gradient * way), fsum(found.products[0] * way)]


def _point(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str]
) -> _Point | None:
    gradient = by_loops(model, values, output) if names else None
    if gradient is None or not isinstance(model, LoopModel):
        return None
    given = {normal(name): number for name, number in values.items()}
    try:
        loops = LoopCurvature(needed(model, output, names, given))
    except NotLoops:
        return None
    return _Point(gradient, numpy.array([gradient.data[name] for name in names]), loops)
