"""What is to be fitted, and what a fit found, in numbers and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isfinite, nan
from typing import NamedTuple

import numpy

from backprop.errors import BackpropError, MissingInputs
from backprop.fit.counts import Counts
from backprop.fit.fit_points import Bounded, FitPoint, Flags
from backprop.fit.fit_rows import FitRows
from backprop.fit.intervals import Interval
from backprop.fit.likelihood import Likelihood
from backprop.fit.robust import Robust
from backprop.fit.solving import Solved
from backprop.fit.statistics import Statistics
from backprop.language.declarations import Bounds
from backprop.loops.domains import Reals
from backprop.numbers import shown


class FitAsked(NamedTuple):
    """What is to be fitted. rows: the residuals. start: of parameters by name, as far as they have one.
    bounds: of those that have some. known_errors: whether residuals are in units of their errors.
    starts: how many runs there are at least, from points around the start. seed: of these points. most:
    steps of one run. total: finds the sum of squares about the mean. robust: a loss that residuals have in
    the place of squares; `rows` are its own. counts: what is fitted, if they are counts; `rows` are those of
    the deviance. likelihood: of an output that is no sum of squares; `rows` have no residuals."""

    rows: FitRows
    start: Mapping[str, float]
    bounds: Mapping[str, Bounds]
    known_errors: bool = False
    starts: int = 1
    seed: int = 0
    most: int = 2000
    total: Callable[[], float] = lambda: nan
    intervals: str | None = None
    level: float = 0.95
    samples: int = 400
    robust: Robust | None = None
    counts: Counts | None = None
    likelihood: Likelihood | None = None


class FoundFit(NamedTuple):
    """What a fit found. names: of P parameters. start: where the best run began, x: where it ended,
    shape (P,). held: which are held by a bound, shape (P,). why: how it ended in words. runs: how many
    starts there were, same: how many of them ended there. statistics: numbers about it. verdicts:
    sentences. interrupted: whether somebody stopped it."""

    names: Sequence[str]
    start: Reals
    x: Reals
    held: Flags
    solved: Solved
    statistics: Statistics
    verdicts: Sequence[str]
    guessed: Sequence[str] = ()
    intervals: Sequence[Interval] = ()
    runs: int = 1
    same: int = 1
    interrupted: bool = False
    robust: Robust | None = None
    counts: Counts | None = None
    likelihood: Likelihood | None = None

    @property
    def converged(self) -> bool:
        return self.solved.converged and not self.interrupted

    @property
    def stopped(self) -> str:
        """How it ended, for programs."""
        if self.interrupted:
            return "interrupted"
        if self.converged:
            return "converged"
        return "plateau" if self.solved.flat else self.solved.why.replace("converged", "stuck")


def bounded(asked: FitAsked) -> Bounded:
    """The bounds of all parameters."""
    ends = [asked.bounds.get(name, (-inf, inf)) for name in asked.rows.names]
    return Bounded(numpy.array([low for low, _ in ends]), numpy.array([high for _, high in ends]))


def errors_of(found: FoundFit) -> dict[str, float]:
    """The standard error of each parameter, nan of one that has none."""
    errors = found.statistics.errors.tolist()
    return {
        name: error if isfinite(error) else nan
        for name, error in zip(found.names, errors, strict=True)
    }


def no_start(missing: Sequence[str]) -> BackpropError:
    """The error for a model that is finite at no point that was tried."""
    hints = [f'give starts: --set "{missing[0]}=1"'] if missing else []
    what = "the residuals, or squares of their slopes, are"
    return MissingInputs(f"{what} not finite at any start that was tried", hints=hints)


def lower_words(names: Sequence[str], point: FitPoint) -> str:
    """The sentence for a point that is lower than the minimum, which so is one of several."""
    numbers = ", ".join(
        f"{name} = {shown(x, 6)}" for name, x in zip(names, point.x.tolist(), strict=True)
    )
    return f"there is a lower minimum, {shown(point.squares, 6)}: start at {numbers}"


def ended_and_held(found: FoundFit, bounds: Bounded, how: str = "") -> Iterator[str]:
    """A sentence on how a fit ended, or `how`, one on its starts, and those on what its bounds hold."""
    yield how or _ended(found)
    if found.runs > 1:
        yield (
            f"{found.runs} starts, of which {found.same} ended here"
            f"{'' if found.same < found.runs else ': no other minimum was found'}"
        )
    for at, name in enumerate(found.names):
        if found.held[at]:
            end = bounds.low[at] if found.x[at] <= bounds.low[at] else bounds.high[at]
            yield f"{name} is at its bound {shown(float(end), 6)}: {least_words(found)} falls beyond"


def _ended(found: FoundFit) -> str:
    solved = found.solved
    if found.interrupted:
        return "interrupted: the best so far"
    if solved.converged and not solved.point.squares:
        return "converged: all residuals are 0"
    if solved.converged:
        return f"converged: no change of the parameters lowers {least_words(found)}"
    if solved.why == "steps used up":
        return f"not converged: {solved.steps} step{'s' * (solved.steps != 1)} used up"
    if solved.flat:
        why = "the fit has run onto a plateau, where some parameter does nothing"
        return f"not converged: {why}: give a better start"
    return f"not converged: no step lowers {least_words(found)}, and its gradient is not 0"


def least_words(found: FoundFit) -> str:
    """What was made as small as can be."""
    if found.counts:
        return "the deviance"
    if found.likelihood:
        return "-ln(likelihood)"
    return "the loss" if found.robust else "the sum of squares"
