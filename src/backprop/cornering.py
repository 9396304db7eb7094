"""What a fit says of parameters two by two: contours, within which both lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from backprop.errors import BadOption
from backprop.fit.contours import Contour, contours, joint_rise
from backprop.fit.fit_points import Bounded
from backprop.fit.found_fit import FoundFit, bounded
from backprop.fit.solving import rounding
from backprop.fit.statistics import statistics
from backprop.fitted import Fitting
from backprop.loops.domains import Reals
from backprop.numbers import shown

_MOST = 8
"""The most parameters of which all pairs are drawn."""

_ROUNDED = 30.0
"""Contours are there if the sum of squares rises by more than so many times what rounding does."""

_INNER = 0.6827
"""The level of the inner contours: that of a standard deviation."""


class Corner(NamedTuple):
    """Contours of all pairs of P parameters. x: where the least sum of squares is, shape (P,). contours: at
    a level, and at that of a standard deviation. said: of pairs without contours, by their numbers, why."""

    title: str
    names: Sequence[str]
    x: Reals
    contours: tuple[Sequence[Contour], Sequence[Contour]]
    said: Mapping[tuple[int, int], str]


def corner_of(fitting: Fitting, found: FoundFit, level: float) -> Corner:
    """The contours of a fit. Raises BadOption where there are none."""
    if found.likelihood:
        hints = ["the ends of each parameter's interval: --intervals profile"]
        raise BadOption(
            f"contours are of sums of squares, and {fitting.output} is none", hints=hints
        )
    if found.robust:
        hints = ["by samples of the rows: --intervals bootstrap"]
        raise BadOption("contours are of sums of squares, and --loss is none", hints=hints)
    if not 2 <= len(found.names) <= _MOST:
        message = f"--corner is of 2 to {_MOST} parameters, and these are {len(found.names)}"
        raise BadOption(message, hints=["fit some of them: --only NAMES, or hold others: --freeze"])
    if found.statistics.dof <= 0:
        message = "there are as many parameters as rows: nothing is left to tell contours from"
        raise BadOption(message, hints=["give more rows, or hold some parameters: --freeze"])
    rows, least, ends = fitting.asked.rows, found.solved.point, bounded(fitting.asked)
    numbers, shape = found.statistics, None
    rise = joint_rise(numbers, min(level, _INNER)) ** 0.5
    if not rise > _ROUNDED * rounding(rows.triangle, least):
        message = "the residuals are 0 but for rounding: nothing is left to tell contours from"
        hints = ["give the errors of the data, if these are known: --sigma 0.1 --absolute-sigma"]
        raise BadOption(message, hints=hints)
    if found.held.any():
        free = ends.low < ends.high
        shape = statistics(least, numbers.rows, free, not numbers.scaled)
    outer, inner = (
        [*contours(rows.triangle, least, numbers, ends, each, shape)] for each in (level, _INNER)
    )
    there = {(each.one, each.other) for each in outer}
    count = len(found.names)
    lacking = {
        (one, other): _why(found, ends, one, other)
        for one in range(count)
        for other in range(one + 1, count)
        if (one, other) not in there
    }
    title = f"two parameters together: {shown(100 * level, 4)} % and {shown(100 * _INNER, 4)} %"
    return Corner(title, found.names, found.x, (outer, inner), lacking)


def _why(found: FoundFit, ends: Bounded, *pair: int) -> str:
    """Why two parameters have no contour."""
    fixed = [found.names[at] for at in pair if ends.low[at] == ends.high[at]]
    if fixed:
        return f"{fixed[0]}: no room\nbetween its bounds"
    errors = found.statistics.errors
    lost = [found.names[at] for at in pair if not found.held[at] and not isfinite(errors[at])]
    names = lost or [found.names[at] for at in pair]
    return f"{' and '.join(names)}: not\ndetermined by the data"
