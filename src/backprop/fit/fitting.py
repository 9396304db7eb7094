"""A fit from beginning to end: starts, the least sum of squares, what it says, in numbers and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf, nan, sqrt

import numpy

from backprop.errors import NeedsData
from backprop.fit.fit_points import Bounded, FitPoint, fit_point, held, squares_of
from backprop.fit.fit_rows import FitRows
from backprop.fit.found_fit import (
    FitAsked,
    FoundFit,
    bounded,
    ended_and_held,
    lower_words,
    no_start,
)
from backprop.fit.guesses import guessed
from backprop.fit.intervals import Interval, Profiles, samples
from backprop.fit.likely import fit_likelihood
from backprop.fit.residual_looks import not_random, outliers
from backprop.fit.robust import Robust
from backprop.fit.solving import Solved, scattered, solve
from backprop.fit.statistics import statistics
from backprop.fit.undetermined import undetermined_words
from backprop.fit.x_errors import WeighedRows
from backprop.loops.domains import Reals
from backprop.numbers import few, shown

_SAME = 1e-6
"""Sums of squares that are no further apart, relative, are of the same minimum."""

_MANY = 20_000
"""Of more rows residuals are looked at without their derivatives."""

_SCATTERED = 4.0
"""So many standard deviations of chi-squared is a deviance beyond what is expected of it."""

_GUESSED = 300
"""Steps of runs from guesses at most, once one of them has come to a minimum."""

_OTHERS = (2.0, 0.5, 0.1, 1e-2, 1e-4, 1e-6)
"""Parts of itself with which a parameter is tried that does nothing."""

_FEW = 5
"""The most rows that a sentence names."""


def fit(asked: FitAsked, tell: Callable[[FitPoint], object] = lambda point: None) -> FoundFit:
    """Fit. tell: is told of every step. Raises NeedsData for fewer rows than parameters."""
    with numpy.errstate(all="ignore"):  # far out squares overflow, and such points are passed over
        if asked.likelihood:
            return fit_likelihood(asked, asked.likelihood, tell)
        if isinstance(asked.rows, WeighedRows):
            return _settled(asked, asked.rows, tell)
        if asked.robust and asked.robust.is_found:
            return _settled(asked, asked.robust, tell)
        return _fit(asked, tell)


def _settled(
    asked: FitAsked, settles: Robust | WeighedRows, tell: Callable[[FitPoint], object]
) -> FoundFit:
    """A fit of which parameters decide how residuals are weighed: from the least sum of squares on."""
    squares = _fit(asked._replace(rows=settles.plain, robust=None, intervals=None), tell)

    def again(x: Reals) -> Reals | None:
        point = fit_point(x, asked.rows.triangle)
        bounds = bounded(asked)
        return (
            None if point is None else solve(asked.rows.triangle, point, bounds, asked.most).point.x
        )

    x = settles.settle(squares.x, again)
    begun = dict(zip(squares.names, x.tolist(), strict=True))
    found = _fit(asked._replace(start=begun), tell)
    return found._replace(start=squares.start, guessed=squares.guessed)


def _fit(asked: FitAsked, tell: Callable[[FitPoint], object]) -> FoundFit:
    rows, names = asked.rows, asked.rows.names
    bounds = bounded(asked)
    missing = [name for name in names if name not in asked.start]
    first = numpy.array([asked.start.get(name, nan) for name in names])
    best: Solved | None = None
    begun = first
    ended = list[float]()
    interrupted = False
    lowest: FitPoint | None = None
    here = first

    def seen(point: FitPoint) -> None:
        nonlocal lowest, begun
        if lowest is None or point.squares < lowest.squares:
            lowest = point
            begun = begun if best else point.x if numpy.isnan(here).any() else here

    def told(point: FitPoint) -> None:
        seen(point)
        tell(point)

    try:
        for x in _starts(asked, first, bounds, bool(missing), seen):
            point = fit_point(bounds.inside(x), rows.triangle)
            if point is None:
                continue
            _enough(rows, names)
            here = point.x
            # what is guessed may lead nowhere, slowly
            few = bool(missing and best and best.converged)
            most = min(asked.most, _GUESSED) if few else asked.most
            found = solve(rows.triangle, point, bounds, most, told)
            ended.append(found.point.squares if found.converged else inf)
            if best is None or _better(found, best):
                best, begun = found, point.x
    except KeyboardInterrupt:
        if lowest is None:
            raise
        interrupted = True
        if best is None or lowest.squares < best.point.squares:
            best = Solved(lowest, False, "interrupted", 0, 0, 1, False)
    if best is None:
        raise no_start(missing)
    if best.converged and not interrupted and _idle_but_elsewhere(rows, best.point, bounds):
        best = best._replace(converged=False, flat=True)
    stands = held(best.point, bounds)
    free = ~stands
    numbers = statistics(best.point, rows.count, free, asked.known_errors, asked.total())
    if special := asked.robust or asked.counts:
        numbers = special.statistics(best.point.x, free, numbers)
    same = sum(each <= best.point.squares * (1 + _SAME) for each in ended)
    made = FoundFit(
        names, begun, best.point.x, stands, best, numbers, (), guessed=missing, runs=len(ended),
        same=same, interrupted=interrupted, robust=asked.robust, counts=asked.counts,
    )  # fmt: skip
    try:
        sure, lower = _intervals(made, asked, bounds)
    except KeyboardInterrupt:
        sure, lower = (), ["interrupted before the intervals were there"]
    made = made._replace(intervals=sure)
    return made._replace(verdicts=[*_verdicts(made, asked, bounds), *lower])


def _idle_but_elsewhere(rows: FitRows, point: FitPoint, bounds: Bounded) -> bool:
    """Whether a parameter that does nothing here leads lower with another number: a plateau."""
    for at in numpy.flatnonzero(~point.slopes.any(axis=0)):
        for number in (0.0, 1.0, -1.0, *(point.x[at] * part for part in _OTHERS)):
            x = point.x.copy()
            x[at] = number
            there = fit_point(bounds.inside(x), rows.triangle)
            if there is not None and there.squares < point.squares * (1 - _SAME):
                return True
    return False


def _intervals(
    found: FoundFit, asked: FitAsked, bounds: Bounded
) -> tuple[Sequence[Interval], Sequence[str]]:
    """Those that were asked for, of a fit that has converged; and what else was met on the way."""
    numbers, least = found.statistics, found.solved.point
    if not asked.intervals or not found.converged or numbers.dof <= 0:
        return (), ()
    if asked.intervals == "bootstrap":
        return _of_samples(asked, least, bounds), ()
    wide = numbers.reach(asked.level)
    errors, held_there = numbers.errors, found.held
    if held_there.any():  # their first steps away from the bound are as wide as without it
        room = bounds.low < bounds.high
        free = statistics(least, numbers.rows, room, asked.known_errors).errors
        errors = numpy.where(held_there, free, errors)
    made = Profiles(asked.rows.triangle, least, errors, bounds, wide, numbers.variance)
    ends = made.intervals()
    return ends, [lower_words(found.names, made.lower)] if made.lower else []


def _of_samples(asked: FitAsked, least: FitPoint, bounds: Bounded) -> Sequence[Interval]:
    def columns(x: Reals) -> Reals | None:
        each = asked.rows.each(x.tolist())
        return None if each is None else each.columns

    found = [*samples(columns, least, bounds, asked.samples, asked.seed)]
    if not found:
        return ()
    ends = [(1 - asked.level) / 2, (1 + asked.level) / 2]
    low, high = numpy.quantile(numpy.array(found), ends, axis=0)
    return [Interval(*both) for both in zip(low.tolist(), high.tolist(), strict=True)]


def _better(one: Solved, other: Solved) -> bool:
    if one.converged != other.converged:
        lower, higher = (one, other) if one.converged else (other, one)
        # a run that has not ended yet and is lower all the same says more
        return (lower is one) == (lower.point.squares <= higher.point.squares * (1 + _SAME))
    return one.point.squares < other.point.squares


def _starts(
    asked: FitAsked,
    first: Reals,
    bounds: Bounded,
    missing: bool,
    seen: Callable[[FitPoint], object],
) -> Iterator[Reals]:
    if missing:
        yield from guessed(asked.rows, first, bounds, max(asked.starts, 8), asked.seed, seen)
        return
    yield first
    yield from scattered(first.tolist(), bounds, asked.starts - 1, asked.seed)


def _enough(rows: FitRows, names: Sequence[str]) -> None:
    """Raise NeedsData for fewer rows than parameters."""
    if rows.count >= len(names):
        return
    some = "1 row does" if rows.count == 1 else f"{rows.count} rows do"
    message = f"{some} not determine {len(names)} parameters"
    hints = [f"hold some of them: --freeze {names[-1]}", "or give more rows"]
    raise NeedsData(message, hints=hints)


def _verdicts(found: FoundFit, asked: FitAsked, bounds: Bounded) -> Iterator[str]:
    """What there is to say, a sentence each."""
    names, numbers, solved = found.names, found.statistics, found.solved
    yield from ended_and_held(found, bounds)
    if found.interrupted:
        return
    squares = squares_of(asked.rows.triangle)
    yield from undetermined_words(names, solved.point, ~found.held, squares)
    if numbers.dof <= 0:
        yield "there are as many parameters as rows: nothing is left to tell errors from"
        return
    if not solved.converged:
        return
    if found.counts and numbers.reduced > 1 + _SCATTERED * sqrt(2 / numbers.dof):
        yield (
            "the counts scatter more than those of a Poisson distribution: the deviance by degrees of"
            f" freedom is {shown(numbers.reduced, 3)}, where it would be about 1"
        )
    many = numbers.rows > _MANY
    each = asked.rows.each(found.x.tolist(), slopes=not many)
    if each is None:
        return
    at = 0
    for _, count in each.where or [(0, each.columns.shape[1])]:
        runs = not_random(each.columns[-1, at : at + count])
        if runs:
            yield (
                f"the residuals are not random: their signs, in the order of the rows, have {runs.found} runs"
                f" where {shown(runs.expected, 3)} are expected"
            )
        at += count
    if found.robust:
        return  # which has no part in what far rows do
    # of many rows none decides much of what it is fitted with
    free = numpy.array([True]) if many else numpy.append(~found.held, True)
    triangle = solved.point.slopes[:, ~found.held][:, : 0 if many else None]
    some = outliers(each.columns[free], triangle, numbers.dof, asked.known_errors)
    if some:
        said = [
            f"{asked.rows.place(each.where, one.row)} ({shown(one.size, 2)} times its error)"
            for one in some[:_FEW]
        ]
        more = f" and {len(some) - _FEW} more" if len(some) > _FEW else ""
        what = "outliers" if len(some) > 1 else "an outlier"
        yield f"{what}: {few(said, _FEW)}{more}"
