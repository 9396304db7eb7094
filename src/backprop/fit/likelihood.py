"""Fits of any output, as the negative logarithm of a likelihood: its minimum, found by `descend`, is where
parameters are most likely. Errors are those of its second derivatives there, exact ones: the covariance is
their inverse, and twice its rise is compared with chi-squared (Y. Pawitan: In all likelihood, 2001, 2.5-2.6
and 9.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy

from backprop.fit.fit_points import Bounded, FitPoint, Flags
from backprop.fit.fit_rows import FitRows
from backprop.fit.guesses import TRIES, Draws, apart
from backprop.fit.solving import scattered
from backprop.fit.statistics import Statistics, statistics
from backprop.fit.undetermined import undetermined_words
from backprop.loops.domains import Reals

if TYPE_CHECKING:
    from backprop.descent import Descent, Step

TellStep = Callable[["Step"], None]
"""Is told of a step."""

FindBends = Callable[[Sequence[str], Mapping[str, float]], "Bent"]
"""Finds the second derivatives of an output by some parameters at numbers for all."""

FindLeast = Callable[[Mapping[str, float], Sequence[str], "TellStep"], "Descent"]
"""Descends from numbers for all parameters, of which some move, and tells of its steps. Raises what descents
raise."""

_BENT, _FLAT = 1e-9, 1e-12
"""Eigenvalues of second derivatives that are no further below 0, or above, are 0: in parts of the largest,
where each parameter is measured in its own error."""

CLOSE = 1e-6
"""Logarithms of likelihoods that are no further apart are of the same maximum."""

_GUESSES = 4
"""Runs at least, where some parameters have no start."""


class Bent(NamedTuple):
    """Second derivatives by P parameters, shape (P, P), and what they say in words."""

    matrix: Reals
    words: str


class Likelihood(NamedTuple):
    """How to find where parameters are most likely. value: the output at numbers for all, nan where it has
    none. near: it, its gradient and its second derivatives by P parameters, None where these are not
    known. rows: of data, how many. times: what the output is to be multiplied by: -1 for a logarithm that is
    to rise, and how many rows there are for a mean over them. in_words: what was taken as what."""

    value: Callable[[Mapping[str, float]], float]
    near: Callable[[Sequence[float]], tuple[float, Reals, Reals] | None]
    least: FindLeast
    bent: FindBends
    rows: int
    times: float
    in_words: str


class MostLikely(NamedTuple):
    """Where P parameters are most likely. point: its triangle has the root of second derivatives, its squares
    are the negative logarithm. free: which are not held by a bound, shape (P,). words: what else there is
    to say, sentences."""

    descent: Descent
    point: FitPoint
    free: Flags
    statistics: Statistics
    words: Sequence[str]


def most_likely(
    asked: Likelihood,
    names: Sequence[str],
    start: Mapping[str, float],
    bounds: Bounded,
    tell: TellStep = lambda step: None,
) -> MostLikely:
    """Find it. start: of all parameters. tell: is told of every step."""
    found = asked.least(start, names, tell)
    x = numpy.array([found.parameters[name] for name in names])
    slopes = numpy.array([found.gradients[name] for name in names]) * asked.times
    free = ~(((x <= bounds.low) & (slopes >= 0)) | ((x >= bounds.high) & (slopes <= 0)))
    words = list[str]()
    triangle = numpy.zeros((len(names) + 1, len(names) + 1))
    if free.any() and found.converged:
        some = [name for name, is_free in zip(names, free, strict=True) if is_free]
        bent = asked.bent(some, found.parameters)
        roots = _roots(bent.matrix * asked.times)
        if roots is None:
            words.append(f"no standard errors: by second derivatives it is {bent.words}")
        else:
            triangle[numpy.ix_(numpy.arange(len(some)), numpy.flatnonzero(free))] = roots
    point = FitPoint(x, triangle, found.value * asked.times)
    numbers = statistics(point, asked.rows, free, known_errors=True)._replace(
        chi2=2 * point.squares
    )

    def value(x: Reals) -> float:
        return asked.value(dict(zip(names, x.tolist(), strict=True))) * asked.times

    if triangle.any():
        words += undetermined_words(names, point, free, value)
    return MostLikely(found, point, free, numbers, words)


def _roots(second: Reals) -> Reals | None:
    """R with R'R = H, the second derivatives at a minimum, shape (P, P), without directions along which they
    are all rounding; None where there is no minimum."""
    if not numpy.isfinite(second).all():
        return None
    sizes = numpy.sqrt(numpy.abs(numpy.diagonal(second)))
    sizes[sizes == 0] = 1.0
    values, ways = numpy.linalg.eigh(second / sizes / sizes[:, None])
    if values[0] < -_BENT * values[-1] or values[-1] <= 0:
        return None
    values[values < _FLAT * values[-1]] = 0.0
    found: Reals = numpy.sqrt(values)[:, None] * ways.T * sizes
    return found


def likely_starts(
    asked: Likelihood, rows: FitRows, first: Reals, bounds: Bounded, count: int, seed: int
) -> Iterator[Reals]:
    """Where runs begin: at the start, and so many points around it; at the best of many where some have none.
    first: the start, nan where there is none."""
    if not numpy.isnan(first).any():
        yield first
        yield from scattered(first.tolist(), bounds, count - 1, seed)
        return
    found = list[tuple[float, Reals]]()
    tries = TRIES * (1 + int(numpy.isnan(first).sum()))
    for x in islice(Draws(first, bounds, rows.cells(), seed), tries):
        value = asked.value(dict(zip(rows.names, x.tolist(), strict=True))) * asked.times
        if isfinite(value):
            found.append((value, x))
    found.sort(key=lambda each: each[0])
    yield from apart((x for _, x in found), max(count, _GUESSES))
