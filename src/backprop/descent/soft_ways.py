"""Lower points on ways of which second derivatives say nothing: at an inflection, x^3, they are 0.

What is soft is told for moves by the scales of the inputs: beside x^2 the bends of z^3 near 0 are none,
though z alone decides where the output is lowest.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy

from backprop.descent.course import Run
from backprop.descent.landing import HARDLY, Landing
from backprop.descent.objective import Point

_LENGTHS = (1.0, 0.3, 0.1, 1e-2, 1e-3, 1e-4)
"""How far values are looked at, in the scales of the inputs."""

_SIZES = 30
"""An input without a scale is moved by 10 to this power, and minus it, at most."""

_WAYS, _MIXED = 12, 8
"""The most ways that are looked along, and the most mixtures of them."""


def lower_on_soft_ways(run: Run, landing: Landing) -> Point | None:
    """A point that is lower by more than rounding, on a way along which the output hardly bends, for all that
    the run has fallen; None if there is none."""
    if landing.has_many or not landing.has_moved:
        return None
    lengths = [side * length for length in _LENGTHS for side in (1.0, -1.0)]
    for way in _soft(landing):
        if (point := landing.lower_along(way, lengths)) is not None:
            return point
    lengths = [side * 10.0**k for k in range(-_SIZES, _SIZES + 1) for side in (1.0, -1.0)]
    unit = numpy.identity(len(run.x))
    points = (
        landing.lower_along(unit[at], lengths)
        for at, (x, begun) in enumerate(zip(run.x, run.begun, strict=True))
        if x == begun == landing.table[0][at, at] == 0  # of its scale nothing is known
    )
    return next((point for point in points if point is not None), None)


def _soft(landing: Landing) -> Iterator[Any]:
    sizes = numpy.where(landing.pushed, 0.0, numpy.array(landing.scales))
    table, _ = landing.table
    scaled = table * sizes * sizes[:, None]
    if not numpy.isfinite(scaled).all():
        return
    bends, vectors = numpy.linalg.eigh(scaled)
    soft = vectors.T[numpy.abs(bends) / 2 < HARDLY * landing.range] * sizes
    soft = soft[[bool(way.any()) for way in soft]]
    for way in soft[:_WAYS]:
        yield landing.reach(way) * way
    random = Random(0)
    for _ in range(_MIXED if len(soft) > 1 else 0):
        way = numpy.array([random.uniform(-1.0, 1.0) for _ in soft]) @ soft
        yield landing.reach(way) * way
