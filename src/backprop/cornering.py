"""What a fit says of parameters two by two: contours, within which both lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backprop.errors import BadOption
from backprop.fit.contours import Contour, contours
from backprop.fit.found_fit import FoundFit, bounded
from backprop.fitted import Fitting
from backprop.loops.domains import Reals
from backprop.numbers import shown

_MOST = 8
"""The most parameters of which all pairs are drawn."""

_INNER = 0.6827
"""The level of the inner contours: that of a standard deviation."""


class Corner(NamedTuple):
    """Contours of all pairs of P parameters. x: where the least sum of squares is, shape (P,). contours: at
    a level, and at that of a standard deviation."""

    title: str
    names: Sequence[str]
    x: Reals
    contours: tuple[Sequence[Contour], Sequence[Contour]]


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
    outer, inner = (
        [*contours(rows.triangle, least, found.statistics, ends, each)] for each in (level, _INNER)
    )
    title = f"two parameters together: {shown(100 * level, 4)} % and {shown(100 * _INNER, 4)} %"
    return Corner(title, found.names, found.x, (outer, inner))
