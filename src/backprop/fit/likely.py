"""A fit of any output, by its likelihood, from beginning to end."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING

import numpy

from backprop.errors import NotFinite
from backprop.fit.fit_points import FitPoint
from backprop.fit.found_fit import (
    FitAsked,
    FoundFit,
    bounded,
    ended_and_held,
    lower_words,
    no_start,
)
from backprop.fit.likelihood import (
    CLOSE,
    Likelihood,
    MostLikely,
    likely_starts,
    most_likely,
)
from backprop.fit.likelihood_profiles import LikelihoodProfiles
from backprop.fit.solving import Solved

if TYPE_CHECKING:
    from backprop.descent import Descent, Step


def fit_likelihood(
    asked: FitAsked, likelihood: Likelihood, tell: Callable[[FitPoint], object]
) -> FoundFit:
    """A fit of any output, from the best of several starts."""
    names, bounds = asked.rows.names, bounded(asked)
    missing = [name for name in names if name not in asked.start]
    first = numpy.array([asked.start.get(name, nan) for name in names])
    nothing = numpy.zeros((len(names) + 1, len(names) + 1))

    def told(step: Step) -> None:
        x = numpy.array([step.parameters[name] for name in names])
        tell(FitPoint(x, nothing, step.value * likelihood.times))

    runs = list[MostLikely]()
    for x in likely_starts(likelihood, asked.rows, first, bounds, asked.starts, asked.seed):
        start = dict(zip(names, x.tolist(), strict=True))
        try:
            runs.append(most_likely(likelihood, names, start, bounds, told))
        except NotFinite:
            if not missing and asked.starts == 1:
                raise
        if runs and runs[-1].descent.stopped == "interrupted":
            break
    if not runs:
        raise no_start(missing)
    best = min(runs, key=lambda each: (not each.descent.converged, each.point.squares))
    ended = best.descent
    why = "steps used up" if ended.stopped == "steps" else ended.stopped
    solved = Solved(
        best.point, ended.converged, why, ended.steps, ended.evaluations, len(runs), False
    )
    begun = numpy.array([ended.start[name] for name in names])
    same = sum(each.point.squares <= best.point.squares + CLOSE for each in runs)
    made = FoundFit(
        names, begun, best.point.x, ~best.free, solved, best.statistics, (), guessed=missing, runs=len(runs),
        same=same, interrupted=ended.stopped == "interrupted", likelihood=likelihood,
    )  # fmt: skip
    how = "" if made.interrupted or ended.stopped == "minimum" else _how(ended)
    said = [*ended_and_held(made, bounds, how), *best.words]
    if asked.intervals and made.converged:
        profiles = LikelihoodProfiles(likelihood, names, best, bounds, asked.level)
        made = made._replace(intervals=[profiles.interval(at) for at in range(len(names))])
        if profiles.lower:
            said.append(lower_words(names, profiles.lower))
    return made._replace(verdicts=said)


def _how(ended: Descent) -> str:
    """How a descent ended that did not come to a plain minimum."""
    return ended.reason if ended.converged else f"not converged: {ended.reason}"
