"""The end of a run whose inputs have grown far along a valley that bends, and grow on without end."""

from __future__ import annotations

from math import exp, inf, isinf, log

import numpy

from backprop.descent.course import Run, Stop
from backprop.descent.endless import endless
from backprop.descent.landing import Landing
from backprop.descent.objective import Point
from backprop.descent.second_order import exact
from backprop.errors import NotFinite
from backprop.numbers import shown

_GROWN = 1e3
"""An input that is so many times as large as at the start may grow on."""

_BACK, _AHEAD = 0.1, (10.0, 1e2, 1e4)
"""So many times the input that grows most, the output is looked at."""

_BENT = 4.0
"""The others grow or shrink with at most this power of it."""

_TURNS = 4
"""So many steps of Newton's method lead back to the bottom of the valley."""


def recedes(run: Run, landing: Landing) -> Stop | None:
    """The end of a run where the output has become flat, if it only falls, ever less, along a valley on which
    an input has grown a thousandfold, and does not rise when it grows on; else None."""
    begun, x = run.begun, run.x
    growth = [abs(at / to) if to else 0.0 for at, to in zip(x, begun, strict=True)]
    lead = max(range(len(x)), key=growth.__getitem__)
    found = landing.spectrum
    if landing.has_many or not growth[lead] > _GROWN or not len(found.bends):
        return None
    way = found.ways[int(found.bends.argmin())]
    if way[lead] == 0 or not all(x):
        return None
    powers = (way / numpy.array(x)) / (way[lead] / x[lead])
    end = run.problem.high[lead] if x[lead] > 0 else run.problem.low[lead]
    if not isinf(end) or not (numpy.abs(powers) <= _BENT).all():
        return None

    def value(times: float) -> float:
        far = [at * exp(log(times) * power) for at, power in zip(x, powers.tolist(), strict=True)]
        return _lowest(run, run.problem.inside(far), lead)

    if not value(_BACK) > run.value + landing.room:
        return None
    if not all(value(times) <= run.value + landing.room for times in _AHEAD):
        return None
    name, least = run.problem.names[lead], shown(run.value * run.problem.sign)
    where = f"towards {least} along a valley on which {name} grows beyond all bounds"
    return endless(run, f"{run.output} {run.falls}s {where}, and has no {run.least} on this way")


def _lowest(run: Run, point: Point, held: int) -> float:
    """The lowest output that a few steps of Newton's method find from a point while an input is held; inf
    where there is none."""
    problem, least = run.problem, inf
    free = [at for at in range(len(point)) if at != held]
    for _ in range(_TURNS):
        try:
            value, gradient = problem.both(point)
        except NotFinite:
            break
        least = min(least, value)
        table = exact(problem, point)
        if not free or table is None or not numpy.isfinite(table).all():
            break
        step = numpy.zeros(len(point))
        slopes = numpy.array(gradient)[free]
        step[free] = -numpy.linalg.lstsq(table[numpy.ix_(free, free)], slopes, rcond=None)[0]
        point = problem.inside((numpy.array(point) + step).tolist())
    return least
