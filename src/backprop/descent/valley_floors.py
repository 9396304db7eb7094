"""The floor of the valley that a run has ended in, where rounding hides from doubles how it goes on."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from backprop.descent.course import Run
from backprop.descent.inner_run import lowest_from
from backprop.descent.landing import Landing
from backprop.descent.many_digits import UNKNOWN, digits_at
from backprop.descent.objective import Point

_CLEARLY = 10.0
"""A point is lower that is so by so many times what may be rounding."""

_STAYS = 0.5
"""Two points lead to two minima that stay apart by more than this part of how far they are."""


_KNOWN = "lowest", "level", "still"
"""The kinds of points that have a place."""


class Floor:
    """What values of many digits tell of it: nothing where they take too long.

    is_level: whether the output stays the same along it. is_unique: whether it has one lowest point.
    """

    def __init__(self, run: Run, landing: Landing) -> None:
        self._run, self._landing = run, landing
        self._digits = digits_at(run, landing)
        self._rest = self._digits.rest(run.x) if self._digits else UNKNOWN
        self.is_level = self._rest.kind == "level"
        self.is_unique = self._rest.alone and self._rest.kind == "lowest"

    @property
    def is_known(self) -> bool:
        """Whether there is anything to say of it."""
        return self._rest.kind in _KNOWN

    @property
    def is_told(self) -> bool:
        """Whether it is known to be level, to have one lowest point, or to lead on."""
        return self.is_level or self.is_unique or self.leads_onward

    @property
    def leads_onward(self) -> bool:
        """Whether it falls on and on, farther and farther."""
        return self._rest.kind == "onward"

    @property
    def lower(self) -> Point | None:
        """Its lowest point, if that is lower than the end by more than rounding."""
        if self._digits is None or self._rest.kind != "lowest":
            return None
        run = self._run
        value, there = lowest_from(run, run.problem.inside(self._digits.point(self._rest)))
        return there if value < run.value - _CLEARLY * self._landing.room else None

    @property
    def beside(self) -> Point:
        """A point a little farther along it."""
        return self._digits.beside(self._rest) if self._digits else self._run.x

    def is_above(self, point: Point) -> bool:
        """Whether it is higher beside another point, as far as that is known: then it is not level up to
        there, even if 300 digits do not tell at the end."""
        return (
            self._digits is not None and self.is_known and self._digits.is_above(self._rest, point)
        )

    def is_another(self, there: Point) -> bool | None:
        """Whether another point leads to another minimum than the end; None where that is not known."""
        rest = self._digits.rest(there) if self._digits and self.is_known else UNKNOWN
        if self._digits is None or rest.kind not in _KNOWN:
            return None
        return self._digits.apart(self._rest, rest, self._run.x, there) > _STAYS


_FOUND: WeakKeyDictionary[Landing, Floor] = WeakKeyDictionary()


def floor_at(run: Run, landing: Landing) -> Floor:
    """That of the end of a run."""
    if landing not in _FOUND:
        _FOUND[landing] = Floor(run, landing)
    return _FOUND[landing]
