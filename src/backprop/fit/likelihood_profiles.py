"""Intervals by the profile of a likelihood: ends are where it has fallen so far, with the other parameters as
likely as they can be there. By Newton's method for both (D. J. Venzon, S. H. Moolgavkar: A method for
computing profile-likelihood-based confidence intervals, Applied Statistics 37, 1988), or by descents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite, nan, sqrt

import numpy

from backprop.errors import BackpropError
from backprop.fit.fit_points import Bounded, FitPoint
from backprop.fit.intervals import Interval
from backprop.fit.likelihood import CLOSE, Likelihood, MostLikely
from backprop.fit.student import normal

_NEWTON = 40
"""Steps of Newton's method at most."""

_WIDEST = 1000.0
"""Ends of intervals are looked for up to so many standard errors away."""

_ENDS = 1e-7
"""How closely ends of intervals are known, in standard errors."""


class LikelihoodProfiles:
    """Profiles of a likelihood: the most likely others at each number of one parameter. level: of intervals.

    lower: a point that is more likely than where all are most likely, if one was met.
    """

    def __init__(
        self,
        asked: Likelihood,
        names: Sequence[str],
        found: MostLikely,
        bounds: Bounded,
        level: float,
    ) -> None:
        self._asked, self._names, self._found = asked, names, found
        self._bounds, self._reach = bounds, normal((1 + level) / 2)
        self.lower: FitPoint | None = None

    def interval(self, at: int) -> Interval:
        """That of a parameter; an infinite end where the likelihood does not fall so far, nan where that is
        not known, and where the parameter has no standard error."""
        error = float(self._found.statistics.errors[at])
        if not (isfinite(error) and error > 0):
            return Interval(nan, nan)
        ends = (self._boundary(at, side) or self._end(at, side * error) for side in (-1.0, 1.0))
        return Interval(*ends)

    def _boundary(self, at: int, side: float) -> float | None:
        """The end by Newton's method for both: that the likelihood has fallen so far, and that the others are
        most likely there. None where that leads out of bounds, or nowhere."""
        found, times = self._found, self._asked.times
        errors = found.statistics.errors
        if not numpy.isfinite(errors).all():
            return None
        target = found.point.squares + self._reach**2 / 2
        step = side * self._reach * found.statistics.covariance[:, at] / errors[at]
        x = found.point.x
        others = numpy.arange(len(x)) != at
        for _ in range(_NEWTON):
            there = self._asked.near((x + step).tolist())
            if there is None:
                step = step / 2
                continue
            x = x + step
            value, slopes, bends = there[0] * times, there[1] * times, there[2] * times
            if (self._bounds.inside(x) != x).any():
                return None
            left, right = bends.copy(), -slopes
            left[at], right[at] = slopes, target - value
            try:
                step = numpy.linalg.solve(left / errors[:, None], right / errors)
            except numpy.linalg.LinAlgError:
                return None
            size = float(numpy.abs(step / errors).max())
            if not isfinite(size):
                return None
            if size <= _ENDS:
                inner = bends[numpy.ix_(others, others)]
                least = not inner.size or float(numpy.linalg.eigvalsh(inner)[0]) > 0
                out = (x[at] - found.point.x[at]) * side > 0 and slopes[at] * side > 0
                return float(x[at] + step[at]) if least and out else None
            step = step * min(1.0, self._reach / size)
        return None

    def _end(self, at: int, error: float) -> float:
        from scipy.optimize import brentq  # it takes a while, and is not always wanted

        here = float(self._found.point.x[at])
        bound = float(self._bounds.low[at] if error < 0 else self._bounds.high[at])
        begun: Mapping[str, float] = self._found.descent.parameters
        seen = {0.0: -self._reach}

        def beyond(size: float) -> float:
            """By how many standard deviations the likelihood falls further than the end's there."""
            nonlocal begun
            if size not in seen:
                rise, there = self._rise(at, here + size * error, begun)
                if isfinite(rise):
                    begun = there
                seen[size] = sqrt(2 * max(rise, 0.0)) - self._reach
            return seen[size]

        near, far = 0.0, self._reach
        while True:
            last = (here + far * error - bound) * error >= 0
            if last:
                far = (bound - here) / error
            if not beyond(far) < 0:
                break
            if last:
                return bound
            if far >= _WIDEST:
                return -inf if error < 0 else inf
            near, far = far, 2 * far
        while beyond(far) == inf or beyond(far) != beyond(far):  # without a value so far out
            middle = (near + far) / 2
            if far - near < _ENDS:
                return nan
            if beyond(middle) < 0:
                near = middle
            else:
                far = middle
        return here + float(brentq(beyond, near, far, xtol=_ENDS, rtol=1e-12)) * error

    def _rise(
        self, at: int, x: float, begun: Mapping[str, float]
    ) -> tuple[float, Mapping[str, float]]:
        """How much less likely the most likely others are at a number, by the logarithm; infinite where that
        has no value."""
        others = [name for number, name in enumerate(self._names) if number != at]
        if not others:
            value = self._asked.value({self._names[at]: x})
            return value * self._asked.times - self._found.point.squares, {self._names[at]: x}
        try:
            found = self._asked.least({**begun, self._names[at]: x}, others, lambda step: None)
        except BackpropError:
            return inf, begun
        if found.failed:
            return nan, begun
        value, there = found.value * self._asked.times, {**found.parameters, self._names[at]: x}
        rise, least = value - self._found.point.squares, self.lower.squares if self.lower else inf
        if rise < -CLOSE and value < least:
            self.lower = FitPoint(
                numpy.array([there[name] for name in self._names]), numpy.zeros((0, 0)), value
            )
        return rise, there
