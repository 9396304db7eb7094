"""Looks along many inputs at an output that is computed at many points at once, and dearly one by one.

What a look asks for depends on what it has seen. So all looks are made with what is known, and a guess where
nothing is; what was guessed is then computed, all of it at once, and the looks are made anew, until none of
them needs a guess. What they find then is what they find one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import TypeVar

import numpy

from backprop.loops.domains import Reals

Looked = TypeVar("Looked")

_NEAR = 5
"""So many known points a guess is made of."""

_CLOSE = 1e-4
"""Closer, relative, rounding is all that a point tells of how the output bends."""


class _Enough(Exception):
    """So much is asked for that it is to be computed before looks go on with guesses."""


def in_rounds(
    looks: Callable[[Callable[[Reals], float]], Looked],
    values: Callable[[Sequence[Reals]], Sequence[float]],
    start: Reals,
    value: float,
    slopes: Reals,
    most: int,
) -> Looked:
    """What looks find. looks: all of them, given the output, the same each time. values: the output at
    points, nan where it has none. value, slopes: at the start. most: so many points are computed at once."""
    guesses = _Guesses(start, value, slopes)
    known: dict[bytes, float] = {}
    while True:
        asked: dict[bytes, Reals] = {}

        def output(x: Reals, asked: dict[bytes, Reals] = asked) -> float:
            key = x.tobytes()
            if key in known:
                return known[key]
            if len(asked) == most:
                raise _Enough
            asked[key] = x.copy()
            return guesses.at(x)

        try:
            found = looks(output)
            if not asked:
                return found
        except _Enough:
            pass
        points = [*asked.values()]
        for (key, x), number in zip(asked.items(), values(points), strict=True):
            known[key] = number
            guesses.know(x, number)


class _Guesses:
    """What an output may be at points that stand aside from a start in some direction, by its slopes and by
    what is known in the same direction: Neville's interpolation of how it bends."""

    def __init__(self, start: Reals, value: float, slopes: Reals) -> None:
        self._start, self._value, self._slopes = start, value, slopes
        self._bends: dict[bytes, dict[float, float]] = {}
        """By the inputs that are moved, and how far the first of them is: what there is besides a slope,
        divided by the square of that."""

    def know(self, x: Reals, number: float) -> None:
        """The output at a point."""
        moved = x - self._start
        at = numpy.flatnonzero(moved)
        if not len(at) or not isfinite(number):
            return
        far = float(moved[at[0]])
        if abs(far) > _CLOSE * max(1.0, abs(self._start[at[0]])):
            bend = (number - self._straight(moved)) / far / far
            self._bends.setdefault(at.tobytes(), {})[far] = bend

    def at(self, x: Reals) -> float:
        """A guess."""
        moved = x - self._start
        at = numpy.flatnonzero(moved)
        known = self._bends.get(at.tobytes())
        if not known:
            return self._straight(moved)
        far = float(moved[at[0]])
        near = sorted(known, key=lambda each: abs(each - far))[:_NEAR]
        bends = [known[each] for each in near]
        for width in range(1, len(near)):
            for low in range(len(near) - width):
                high = low + width
                one, other = (far - near[high]) * bends[low], (far - near[low]) * bends[low + 1]
                bends[low] = (one - other) / (near[low] - near[high])
        return self._straight(moved) + bends[0] * far * far

    def _straight(self, moved: Reals) -> float:
        return self._value + float(self._slopes @ moved)
