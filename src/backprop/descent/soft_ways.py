"""Lower points on ways of which second derivatives say nothing: at an inflection, x^3, they are 0.

What is soft is told for moves by the scales of the inputs: beside x^2 the bends of z^3 near 0 are none,
though z alone decides where the output is lowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from random import Random
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import Run
from backprop.descent.inner_run import lowest_from
from backprop.descent.landing import SOFT, Landing
from backprop.descent.objective import Point

_LENGTHS = (1.0, 0.1, 1e-2, 1e-3)
"""How far values are looked at, in the scales of the inputs."""

_SIZES = 30
"""An input without a scale is moved by 10 to this power, and minus it, at most."""

_ABOUT = 20.0
"""A rise is about another one if it is not by so many times smaller."""

_SURE = 1e-9
"""A bend is unknown of which rounding hides more than this part of all that the run has fallen; and a point
in a narrow valley is lower by at least that."""

_BACK = 0.2
"""A descent came back that ends so much nearer than it began."""

_ASIDE, _VALLEYS = 1e-3, 3
"""How far beside the end a descent in a valley begins, in the scale of an input, and in how many."""

_PART = 1e-4
"""A little part of an input's scale."""

_WAYS, _MIXED = 12, 8
"""The most ways that are looked along, and the most mixtures of them."""


def lower_on_soft_ways(run: Run, landing: Landing) -> Point | None:
    """A point that is lower by more than rounding, on a way along which the output hardly bends, for all that
    the run has fallen; None if there is none."""
    if landing.has_many or not landing.has_moved:
        return None
    lengths = [side * length for length in _LENGTHS for side in (1.0, -1.0)]
    soft, _ = soft_of(landing)
    for way in soft:
        if (point := landing.lower_along(way, lengths)) is not None:
            return point
    lengths = [side * 10.0**k for k in range(-_SIZES, _SIZES + 1, 2) for side in (1.0, -1.0)]
    unit = numpy.identity(len(run.x))
    # of the scale of what began at 0 nothing is known
    points = (
        landing.lower_along(unit[at], lengths)
        for at, (x, begun) in enumerate(zip(run.x, run.begun, strict=True))
        if begun == 0 and abs(x) < _ASIDE * landing.scales[at] and not _bends_so(run, landing, at)
    )
    return next((point for point in points if point is not None), None)


class Valleys(NamedTuple):
    """What descents from beside the end found in narrow valleys. point: one that is lower. open: the ways on
    which they did not come back."""

    point: Point | None
    open: Sequence[Any]


def valleys(run: Run, landing: Landing) -> Valleys:
    """Those on ways of which rounding hides how the output bends: there the walls of a valley hide from
    values on a straight way how its bottom goes on."""
    if landing.has_many or not landing.has_moved:
        return Valleys(None, [])
    _, unknown = soft_of(landing)
    least = run.value - max(landing.room, _SURE * landing.range)
    left, sizes = [], numpy.array(landing.scales)
    for way in unknown[:_VALLEYS]:
        for side in (_ASIDE, -_ASIDE):
            moved = (side * landing.reach(way) * way).tolist()
            begin = run.problem.inside([at + by for at, by in zip(run.x, moved, strict=True)])
            value, point = lowest_from(run, begin)
            if point is not None and value < least:
                return Valleys(point, [])
            back = numpy.abs((numpy.array(point or begin) - run.x) / sizes).max()
            if back > _BACK * _ASIDE:
                left.append(way)
    return Valleys(None, left)


def _bends_so(run: Run, landing: Landing, at: int) -> bool:
    """Whether the output rises with an input as its second derivative there says, until that is about all
    that the run has fallen, on both sides: no more than rounding of 0 may be left of a bend."""
    bend = float(landing.table[0][at, at])
    if not bend > 0:
        return False
    step = (landing.range / bend) ** 0.5
    for side in (step, -step):
        moved = [*run.x]
        moved[at] += side
        rise = run.problem.known(run.problem.inside(moved), inf) - run.value
        if not landing.range / _ABOUT < rise:
            return False
    return True


def is_below_rounding(run: Run, landing: Landing) -> bool:
    """Whether along a way the output bends so little that what it falls over a little part of the inputs'
    scales is below its rounding: it may fall on and on, as 3 + exp(-exp(x)) does from x = 3.4 on."""
    if landing.has_many:
        return False
    sizes = numpy.where(landing.pushed, 0.0, numpy.array(landing.scales))
    scaled = landing.table[0] * sizes * sizes[:, None]
    if not numpy.isfinite(scaled).all():
        return False
    bends = numpy.linalg.eigvalsh(scaled[numpy.ix_(sizes > 0, sizes > 0)])
    return bool(len(bends) and bends.min() < landing.room / _PART**2)


def soft_of(landing: Landing) -> tuple[Sequence[Any], Sequence[Any]]:
    """The ways along which the output hardly bends, each until an input has moved by its scale; and those of
    which that is lost in rounding."""
    sizes = numpy.where(landing.pushed, 0.0, numpy.array(landing.scales))
    table, _ = landing.table
    scaled = table * sizes * sizes[:, None]
    if not numpy.isfinite(scaled).all():
        return [], []
    bends, vectors = numpy.linalg.eigh(scaled)
    bends = numpy.abs(bends)
    ways = vectors.T * sizes
    moving = ways.any(axis=1)
    lost = len(bends) * float_info.epsilon * float(bends.max(initial=0.0))
    unknown = [*ways[moving & (bends <= lost)]] if lost > _SURE * landing.range else []
    soft = [*ways[moving & (bends / 2 < SOFT * landing.range)][:_WAYS]]
    random = Random(0)
    for _ in range(_MIXED if len(soft) > 1 else 0):
        parts = [random.uniform(-1.0, 1.0) for _ in soft]
        soft.append(sum(part * way for part, way in zip(parts, soft, strict=False)))
    return [landing.reach(way) * way for way in soft], unknown
