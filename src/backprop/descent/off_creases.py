"""What shows a minimum where creases meet: the output falls neither along them nor off any of them.

Of creases whose slopes share nothing each is left alone, on either side (Griewank, Walther, 2016, as cited in
`creases`); where more meet than that, all ways are looked at on which they do, or the slopes beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, log
from typing import Any

import numpy

from backprop.descent.along_creases import (
    ASIDE,
    AT_BOUND,
    CLOSE,
    RADIUS,
    ROUNDED,
    SAME,
    VALUE,
    Following,
    Landed,
    LooksLeft,
    Ways,
)
from backprop.descent.course import Run
from backprop.descent.crease_views import OnSome
from backprop.descent.hull import NotTold, SlopesBeside
from backprop.descent.objective import Point
from backprop.descent.rays import Ray, distinct, rays, within
from backprop.descent.trust_region import length_of, lowest, of_matrix
from backprop.errors import NotFinite

_FLAT_WAYS = 5
"""The most ways that do not bend along which values are looked at."""

_MANY = 20
"""Off more creases values are looked at every second distance only; of more inputs no more points are."""

_PART, _NEAR = 0.1, 1e-7
"""Slopes beside a point are looked at so far off, as a part of how far the next creases are away, and at
most."""

_SAMPLES = 4
"""So many points beside one are looked at for corners of creases themselves, and more for each input."""

_ALONG = RADIUS, *ASIDE
"""How far along ways that do not bend values are looked at."""

_CLEARLY, _POWER = 10.0, 2.0
"""An output is level near a point that by how it rises farther away would have risen there by so many times
what may be rounding; as this power of the distance, where no more is known."""


_CURVED, _STAYED = (0.1, 0.03), 0.5
"""So far along a way that does not bend other minima along the creases are looked for, and they are at least
so far away, as a part of that."""


class OffCreases(Following):
    """A search that also looks off creases."""

    def __init__(self, run: Run, on: OnSome, scales: Any, looks: LooksLeft) -> None:
        super().__init__(run, on, scales, looks)
        self.is_sure = False
        """Whether the output was found to rise, or to stay the same, on all ways off the creases."""
        self.is_at_edge = False
        """Whether it has no value on one of them."""
        self.is_curved = False
        """Whether the way on which it stays the same is the beginning of one that bends."""
        self.level: list[Any] = []
        """Ways off the creases or along them, (n,), in the scales of the inputs, where it stays the same."""

    def off(self, place: Landed, below: float, gap: float) -> Point | None:
        """A point next to this one, along the creases or off one of them, at which the output is lower than
        that; None if there is none. gap: how far the next creases are away, in the scales of the inputs."""
        self.is_lowest = self.is_sure = self.is_at_edge = self.is_curved = False
        self.level = []
        slopes = self._on.equations(place.point)[1]
        table = slopes * self._scales
        try:
            ways = self._ways(place.point)
        except numpy.linalg.LinAlgError:
            return None
        if not numpy.isfinite(table).all():
            return None
        self.is_lowest = self.is_sure = True
        if ways is not None and (point := self._along_flat(place, ways, below)) is not None:
            return point
        chosen = distinct(table)
        size = min(_PART * gap, _NEAR)
        others = [*self._slopes_beside(place.point, size)] if len(chosen) > 1 else []
        every = numpy.vstack([table, within(table, others)]) if others else table
        chosen = distinct(every)
        bounds = self._bounds_at(place.point)
        rows = numpy.vstack([every[chosen], bounds])
        units = rows / numpy.linalg.norm(rows, axis=1)[:, None]
        chosen = [at for at in chosen if at < len(table)]
        straight = self._are_straight(place.point, table, chosen)
        each = 2 * len(ASIDE) * (VALUE if straight else VALUE + self._on.cost)
        found = rays(units, int(self._looks.left / each))
        if found is None:
            creases, most = units[: len(units) - len(bounds)], self._looks.left / (2 * VALUE)
            asked = self._problem, place.point, self._scales, creases, bounds, size, most
            return self._beside(place, SlopesBeside(*asked), below)
        point = self._on_rays(place, found, [] if straight else chosen, below)
        if point is None and self.is_sure and len(self._some) < len(slopes):
            self.is_sure = self._all_meet(place.point, slopes)
        return point

    def _slopes_beside(self, x: Point, size: float) -> Iterator[Any]:
        """The slopes of the creases at points so near, (m, n) each, in the scales of the inputs: where one
        has corners on others, as of three terms that are the largest, these are several."""
        random = numpy.random.default_rng(0)
        for _ in range(_SAMPLES + _SAMPLES * min(len(x), _MANY)):
            if not self._looks.left:
                break
            self._looks.left = max(0.0, self._looks.left - self._on.cost)
            ways = size * self._scales * random.uniform(-1.0, 1.0, len(x))
            near = self._problem.inside((numpy.array(x) + ways).tolist())
            slopes = self._on.slopes_now(near) * self._scales
            if numpy.isfinite(slopes).all():
                yield slopes

    def _are_straight(self, x: Point, table: Any, chosen: Sequence[int]) -> bool:
        """Whether creases are straight around a point, as far as values are looked at."""
        ways = numpy.random.default_rng(0).uniform(-ASIDE[0], ASIDE[0], len(x))
        moved = self._problem.inside((numpy.array(x) + ways * self._scales).tolist())
        there = self._on.equations(moved)[1] * self._scales
        apart = numpy.abs(there - table)[chosen].max(axis=1, initial=0.0)
        return bool((apart <= SAME * numpy.abs(table[chosen]).max(axis=1)).all())

    def _beside(self, place: Landed, slopes: SlopesBeside, below: float) -> Point | None:
        """A point on a way on which the output falls by its slopes, and is lower than that; None if there is
        none."""
        ways: list[Any] = []
        try:
            if (way := slopes.way_down()) is None:
                self.is_sure &= slopes.bends_up()
                ways = [*slopes.level_ways()]
        except (NotFinite, NotTold):
            self.is_sure = False
        else:
            ways, self.level = (ways, ways) if way is None else ([way], [])
            self.is_sure &= way is None
        for each in ways:
            for length in ASIDE:
                to = (numpy.array(place.point) + length * self._scales * each).tolist()
                there = self._back(self._problem.inside(to), 0.0, some=[])
                if there is not None and there.value < below:
                    return there.point
        return None

    def _on_rays(
        self, place: Landed, ways: Sequence[Ray], some: Sequence[int], below: float
    ) -> Point | None:
        """A point on the ways on which creases meet at which the output is lower than that; None if there is
        none. some: the creases by the numbers that the rays have, if they are not straight."""
        lengths = ASIDE if len(ways) <= _MANY else ASIDE[::2]
        for ray in ways:
            if not self._looks.left:
                self.is_sure = False
                break
            for side in (1.0, -1.0):
                rises = list[float]()
                on = [some[at] for at in ray.on if at < len(some)]
                for length in lengths:
                    to = numpy.array(place.point) + side * length * self._scales * ray.way
                    point = self._problem.inside(to.tolist())
                    if numpy.abs((point - to) / self._scales).max() > AT_BOUND * length:
                        break  # beyond a bound
                    there = self._back(point, 0.0, CLOSE * length, on)
                    if there is not None and there.value < below:
                        return there.point
                    self.is_at_edge |= there is None
                    rises.append(inf if there is None else there.value - place.value)
                if _is_level(lengths, rises, place.value - below):
                    self.level.append(ray.way)
        return None

    def _bounds_at(self, x: Point) -> Any:
        """The inputs at bounds as creases, (k, n), which lead inside: beyond them the output has no value."""
        at, near = numpy.array(x), AT_BOUND * self._scales
        low, high = at - near <= self._problem.low, at + near >= self._problem.high
        return numpy.vstack([numpy.eye(len(x))[low], -numpy.eye(len(x))[high]])

    def _along_flat(self, place: Landed, ways: Ways, below: float) -> Point | None:
        """A point along the ways that do not bend up at which the output is lower, if there is one."""
        try:
            parabola = of_matrix(ways.slopes, ways.bends)
        except numpy.linalg.LinAlgError:
            self.is_lowest = False
            return None
        along, _ = lowest(parabola, RADIUS)
        promised = -parabola.change(along)
        room = max(place.value - below, self._nothing(place), self._rounding(place))
        level = promised <= room or length_of(ways.slopes) <= ways.lost
        self.is_lowest = level and float(parabola.bends.min()) >= -parabola.lost
        nothing = max(parabola.lost, 2 * room / RADIUS**2)
        for at in numpy.flatnonzero(parabola.bends <= nothing)[:_FLAT_WAYS].tolist():
            way = ways.ways @ parabola.ways[:, at]
            for side in (1.0, -1.0) if self._looks.left else ():
                rises = list[float]()
                for length in _ALONG:
                    part = side * length
                    to = (numpy.array(place.point) + part * self._scales * way).tolist()
                    there = self._back(self._problem.inside(to))
                    if there is not None and there.value < below:
                        return there.point
                    rises.append(inf if there is None else there.value - place.value)
                if self.is_lowest and _is_level(_ALONG, rises, place.value - below):
                    self.level.append(way)
            curved = self.is_lowest and not self.level
            if curved and (point := self._bends(place, way, below)) is not None:
                return point
        return None

    def _bends(self, place: Landed, way: Any, below: float) -> Point | None:
        """A point on the creases beside a way at which the output is lower than that; None if there is none.
        Whether it is as low there, and not in between, is noted."""
        room, others = place.value - below, 0
        for length in _CURVED:
            to = (numpy.array(place.point) + length * self._scales * way).tolist()
            there = self.lowest(self._problem.inside(to))
            self.is_lowest = True  # here, as is known already
            if there is None or not there.value <= place.value + room:
                break
            if there.value < below:
                return there.point
            apart = numpy.array(there.point) - place.point
            far = length_of(apart / self._scales)
            middle = self._back((place.point + apart / 2).tolist())
            if far < _STAYED * length or not middle or not middle.value > place.value + room:
                break
            others += 1
        if others == len(_CURVED):
            self.level, self.is_curved = [way], True
        return None

    def _all_meet(self, x: Point, slopes: Any) -> bool:
        """Whether all equations hold at a point on some of them, but for rounding."""
        values = numpy.abs(self._on.values(x))
        lost = ROUNDED * (numpy.abs(slopes) @ (numpy.abs(numpy.array(x)) + self._scales))
        return bool((values <= lost).all())


def _is_level(lengths: Sequence[float], rises: Sequence[float], room: float) -> bool:
    """Whether an output stays the same up to some distance, by how it rises at these, the largest first: not
    only by less than rounding, as a power of the distance does near by."""
    same = [at for at, rise in enumerate(rises) if rise <= room]
    if not same or len(rises) < len(lengths) or same != [*range(same[0], len(rises))]:
        return False
    first = same[0]
    if not first:
        return True
    power = _POWER
    if first > 1 and rises[first - 2] < inf:
        farther = rises[first - 2] / rises[first - 1]
        power = max(1.0, log(farther) / log(lengths[first - 2] / lengths[first - 1]))
    foretold = rises[first - 1] * (lengths[first] / lengths[first - 1]) ** power
    return rises[first - 1] < inf and foretold > _CLEARLY * room
