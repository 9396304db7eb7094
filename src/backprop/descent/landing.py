"""What there is around the last point of a run: by all second derivatives there, and by values nearby.

Moves are measured in units in which the output's own second derivative by each input is 1, so that neither
the units of the inputs nor those of the output matter; what cannot be told from rounding counts as none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import copysign, hypot, inf, isfinite
from random import Random
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.descent.course import NOTHING, Run, Stop
from backprop.descent.natural_sizes import is_at_0, natural_size
from backprop.descent.objective import Point
from backprop.descent.problem import FEW
from backprop.descent.second_order import by_differences, exact
from backprop.descent.softest import Softest, softest, times
from backprop.errors import NotFinite

MOST_DENSE, _MOST_WORK = 1000, 200_000_000
"""The most inputs for which all second derivatives are kept, 8 MB; and the most steps times inputs."""

_ROUNDED = 64 * float_info.epsilon
"""How far rounding may move a sum of a few dozen terms, relative to their sizes."""

_BY_DIFFERENCES = 1e-5
"""How far differences of gradients may be off, relative to themselves."""

ROOM = 4.0
"""A fall by so many times the rounding of the output may be none."""

NEAR = 1e-7
"""A step that moves no input by more than this part of its number leads nowhere, if it also promises no
more than the rounding of all that the run has fallen."""

_LENGTHS = (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-7, 1e-8)
"""How far along a flat way values are looked at, in the scales of the inputs."""

_FAR = 1.0, 10.0, 1e3, 1e6
"""How far along a way of which nothing is seen nearby."""

_LEVEL = 1.0, 2.0, 4.0, 8.0
"""So many steps of Newton's method in one: where an output bends as a power of 4 or 8, it asks for steps that
are by so much too short."""

_FLAT_WAYS = 12
"""The most flat ways that are looked at."""

_AROUND, _NEARBY = 2, 1e-3
"""So many random ways, there and back, of this part of the scale of each input."""

HARDLY = 1e-3
"""A bend by less than this part of what a run has fallen is hardly one."""

SOFT = 1e-6
"""A way is soft along which it bends by less than this part, until one input has moved by its scale."""

_HARDLY_MOVED = 1e3
"""A run that has fallen by less than so many times the rounding has hardly moved."""

_CURVED = 12
"""How often a way along which the output bends down is tried twice as far."""


class Spectrum(NamedTuple):
    """How an output bends along k ways of its n inputs, of which no two share anything.

    units: (n,), by which the move of each input is multiplied. bends: (k,), for ways of length 1. ways:
    (k, n), each a move of the inputs. slopes: (k,). lost: bends up to this size may be rounding.
    """

    units: Any
    bends: Any
    ways: Any
    slopes: Any
    lost: float


class Flat(NamedTuple):
    """A way along which nothing bends, and what values say of it.

    way: the move of each input. rises: on how many of its two sides the output is higher somewhere.
    """

    way: Any
    rises: int


class Landing:
    """The last point of a run: what its second derivatives foretell, and what values nearby say."""

    def __init__(self, run: Run) -> None:
        problem = run.problem
        self.run, self.problem = run, problem
        self.rounding = problem.rounding(run.x)
        self.range = run.fallen
        self.room = max(ROOM * self.rounding, NOTHING * self.range)
        """A fall by no more is none."""
        self.scales = [
            max(at, size) or 1.0 for at, size in zip(run.sizes, run.largest, strict=True)
        ]
        self.by_values: list[int] = []  # inputs whose scales are known by values alone
        gradient = numpy.array(run.gradient)
        x = numpy.array(run.x)
        low, high = numpy.array(problem.low), numpy.array(problem.high)
        self.pushed = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))
        """The inputs that stand at a bound and would go on beyond it."""
        self.has_many = len(x) > MOST_DENSE or len(x) * problem.size > _MOST_WORK
        self._free = numpy.flatnonzero(~self.pushed)
        self._gradient = gradient

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of the free inputs. Raises Stop where second derivatives are not finite."""
        free = self._free
        if not len(free):
            none = numpy.zeros(0)
            return Spectrum(none, none, numpy.zeros((0, len(self.run.x))), none, 0.0)
        if self.has_many:
            return self._of_many
        table, sizes = self.table
        some = numpy.ix_(free, free)
        table, sizes = table[some], sizes[some]
        gradient = self._gradient[free]
        units = self._units(table, sizes)
        with numpy.errstate(all="ignore"):
            scaled = table / units / units[:, None]
            lost = hypot(*(sizes / units / units[:, None]).ravel().tolist())
        if not (numpy.isfinite(scaled).all() and isfinite(lost)):
            raise self.run.no_bends()
        try:
            bends, vectors = numpy.linalg.eigh(scaled)
        except numpy.linalg.LinAlgError:
            raise self.run.no_bends() from None
        lost = max(lost, len(bends) * float_info.epsilon * float(numpy.abs(bends).max()))
        ways = numpy.zeros((len(bends), len(self.run.x)))
        ways[:, free] = (vectors / units[:, None]).T
        return Spectrum(units, bends, ways, vectors.T @ (gradient / units), lost)

    @cached_property
    def table(self) -> tuple[Any, Any]:
        """All second derivatives, (n, n), and how far each may be off."""
        run = self.run
        table, known = exact(run, run.x), run.problem.second_derivatives
        if table is not None and known is not None:
            sizes = _ROUNDED * known.sizes(run.x)
        else:
            table = by_differences(run, run.x)
            sizes = _BY_DIFFERENCES * numpy.abs(table)
        self._scale_what_began_at_0(table)
        return table, sizes

    def _scale_what_began_at_0(self, table: Any) -> None:
        """Give inputs that are at 0 again the scale over which the output changes as far as it has fallen."""
        run = self.run
        if not self.has_moved or len(run.x) > FEW:
            return
        for at, (bend, begun) in enumerate(zip(numpy.diagonal(table), run.begun, strict=True)):
            if is_at_0(run, at, begun) and (size := natural_size(run, at, abs(float(bend)))):
                self.scales[at] = size
                self.by_values.append(at)

    @cached_property
    def _of_many(self) -> Spectrum:
        """The way that bends least, and the one to the lowest point foretold."""
        run = self.run
        # of what began at 0 nothing else is known than the others
        least = HARDLY * max(self.scales)
        sizes = zip(self.scales, run.begun, strict=True)
        self.scales = [size if begun else max(size, least) for size, begun in sizes]
        units = numpy.sqrt(self.range or self.rounding or 1.0) / numpy.array(self.scales)
        units[self.pushed] = inf  # they do not move
        found: Softest = softest(run, self._gradient, units)
        return Spectrum(units, found.bends, found.ways, found.slopes, found.lost)

    def _units(self, table: Any, sizes: Any) -> Any:
        """For each input the root of how the output bends along it; where that is lost in rounding, the
        least in which no bend with another input is above 1, or the input's own scale."""
        bends = numpy.abs(numpy.diagonal(table))
        units = numpy.sqrt(bends)
        none = ~(bends > numpy.diagonal(sizes))
        if none.any():
            known = ~none
            for at in numpy.flatnonzero(none):
                others = numpy.abs(table[at, known])
                with numpy.errstate(all="ignore"):
                    mixed = float((others / units[known]).max(initial=0.0))
                size = (self.range or self.rounding or 1.0) ** 0.5
                units[at] = max(mixed, size / self.scales[self._free[at]])
        return numpy.where((units > 0) & numpy.isfinite(units), units, 1.0)

    @property
    def bends_down(self) -> bool:
        """Whether the output bends down along a way, by more than rounding."""
        found = self.spectrum
        return bool(len(found.bends) and found.bends.min() < -found.lost)

    @property
    def rises_up(self) -> bool:
        """Whether it rises by more than rounding along a way that bends up, until an input has moved far."""
        found = self.spectrum
        rises = found.bends * numpy.array([self.reach(way) for way in found.ways]) ** 2 / 2
        return bool(((found.bends > found.lost) & (rises > self.room)).any())

    @property
    def is_top(self) -> bool:
        """Whether it bends down along all ways."""
        found = self.spectrum
        return bool(len(found.bends) and found.bends.max() < -found.lost)

    @property
    def is_level(self) -> bool:
        """Whether the point where the way that bends down most is level is hardly higher."""
        found = self.spectrum
        at = int(found.bends.argmin())
        slope = float(found.slopes[at])
        higher = slope / -2 * (slope / float(found.bends[at]))
        return higher <= max(self.room, HARDLY * self.range)

    @property
    def fall(self) -> float:
        """How far the output still falls along the ways that bend up."""
        found = self.spectrum
        up = found.bends > found.lost
        with numpy.errstate(all="ignore"):
            return float(numpy.sum(found.slopes[up] * (found.slopes[up] / found.bends[up])) / 2)

    @property
    def step(self) -> Any:
        """The move to the lowest point along the ways that bend up, (n,)."""
        found = self.spectrum
        up = found.bends > found.lost
        return -(found.slopes[up] / found.bends[up]) @ found.ways[up]

    @property
    def is_low(self) -> bool:
        """Whether no way that bends up promises a fall above rounding."""
        fall = self.fall
        if fall <= self.room:
            return True
        near = NEAR * numpy.abs(numpy.array(self.run.x))
        small = bool((numpy.abs(self.step) <= near).all())
        return small and fall <= float_info.epsilon * self.range

    @property
    def has_moved(self) -> bool:
        """Whether the run has fallen by far more than rounding."""
        return self.range > _HARDLY_MOVED * self.rounding

    def is_straight(self, way: Point) -> bool:
        """Whether the output hardly bends on a way of the run, for how far that is: a way that falls by all
        that the run has fallen, and does not bend by a thousandth of that, leads to no minimum."""
        part = numpy.where(self.pushed, 0.0, numpy.array(way))
        return self._bend(part) < HARDLY * self.range

    def is_soft(self, way: Any) -> bool:
        """Whether the output hardly bends along a way until one input has moved by its scale."""
        return self._bend(self.reach(way) * way) < SOFT * self.range

    def _bend(self, move: Any) -> float:
        bent = times(self.run, move) if self.has_many else self.table[0] @ move
        return abs(float(move @ bent)) / 2

    @property
    def is_steep(self) -> bool:
        """Whether a way that does not bend up has a slope that promises a fall nearby."""
        found = self.spectrum
        least = max(self.room, float_info.epsilon * self.range)
        return any(
            abs(slope) * self.reach(way) * NEAR > least
            for way, slope, bend in zip(found.ways, found.slopes, found.bends, strict=True)
            if bend <= found.lost
        )

    def lower_along(self, way: Any, lengths: Sequence[float]) -> Point | None:
        """The lowest point of those so many times along a way, if it is lower by more than rounding."""
        best, least = None, self.run.value - self.room
        for point in self.problem.foresee([self._moved(way, length) for length in lengths]):
            value = self.problem.known(point, inf)
            if value < least:
                best, least = point, value
        return best

    def lower_below(self) -> Point | None:
        """A lower point along the way that bends down most, on either side."""
        found = self.spectrum
        at = int(found.bends.argmin())
        way, bend = found.ways[at], float(found.bends[at])
        way = way if found.slopes[at] <= 0 else -way
        shortest = (8 * max(self.room, float_info.min) / -bend) ** 0.5
        lengths = [shortest * 4.0**k for k in range(_CURVED)]
        lengths += [length * self.reach(way) for length in _LENGTHS]
        return self.lower_along(way, lengths) or self.lower_along(-way, lengths)

    def lower_ahead(self) -> Point | None:
        """One on the way to the lowest point foretold."""
        return self.lower_along(self.step, (1.0, 0.5, 0.1, 1e-2, 1e-3))

    def lower_around(self) -> Point | None:
        """A lower point along the softest way or some at random."""
        points = (self.lower_along(way, (1.0, -1.0)) for way in self._around())
        return next((point for point in points if point is not None), None)

    def _around(self) -> Iterator[Any]:
        found, random = self.spectrum, Random(0)
        if len(found.bends):
            softest = found.ways[int(found.bends.argmin())]
            yield _NEARBY * self.reach(softest) * softest
        scales = numpy.where(self.pushed, 0.0, numpy.array(self.scales))
        for _ in range(_AROUND):
            ways = numpy.array([random.uniform(-1.0, 1.0) for _ in self.scales])
            yield _NEARBY * scales * ways

    def flat(self) -> tuple[Point | None, list[Flat]]:
        """The ways along which nothing bends up, and values do not rise on both sides; or a point on one of
        them that is lower."""
        found = self.spectrum
        flat: list[Flat] = []
        for at in numpy.flatnonzero(found.bends <= found.lost)[:_FLAT_WAYS].tolist():
            way, rises = found.ways[at], 0
            reach = self.reach(way)
            if (point := self._where_level(way, reach)) is not None:
                return point, flat
            for side in (reach, -reach):
                if (point := self.lower_along(way, [side * part for part in _LENGTHS])) is not None:
                    return point, flat
                rises += self._rises(way, side)
            if rises < 2:
                flat.append(Flat(way, rises))
        return None, flat

    def _where_level(self, way: Any, reach: float) -> Point | None:
        """A lower point where the slope along a way is 0, by those here and a little down: a bend that is
        lost in rounding is seen farther away."""
        slope = float(self._gradient @ way)
        if not (down := copysign(_NEARBY * reach, -slope)):
            return None
        try:
            _, there = self.problem.both(self._moved(way, down))
        except NotFinite:
            return None
        bend = (float(numpy.array(there) @ way) - slope) / down
        if not 0 < bend < inf:
            return None
        return self.lower_along(way, [part * -slope / bend for part in _LEVEL])

    def _rises(self, way: Any, side: float) -> bool:
        """Whether the output is higher somewhere on one side, or has no value there."""
        if self._moved(way, side) == self.run.x:
            return True  # a bound
        points = self.problem.foresee([self._moved(way, side * part) for part in _LENGTHS[:4]])
        # roundings of many terms that are alike go one way
        least = self.run.value + max(ROOM * self.room, float_info.epsilon * self.range)
        return any(self.problem.known(point, inf) > least for point in points)

    def parts(self, way: Any) -> Any:
        """How much of a way each input has, (n,), in units of its own bend."""
        units = numpy.zeros(len(self.run.x))
        known = self.spectrum.units
        units[self._free] = known[self._free] if len(known) == len(units) else known
        return numpy.abs(way) * units

    def has_a_say(self, way: Any) -> bool:
        """Whether the output changes anywhere along a way, however far."""
        lengths = [side * self.reach(way) * far for far in _FAR for side in (1, -1)]
        points = self.problem.foresee([self._moved(way, length) for length in lengths])
        values = (self.problem.known(point, inf) for point in points)
        return any(abs(value - self.run.value) > self.room for value in values)

    def matter(self, inputs: Any, move: Any) -> bool:
        """Whether each of these inputs bends the output by more than rounding in its part of a move alone."""
        bends = None if self.has_many else numpy.abs(numpy.diagonal(self.table[0])[inputs])
        return bends is None or bool((bends * move[inputs] ** 2 / 2 > self.room).all())

    def reach(self, way: Any) -> float:
        """How often a way fits until one input has moved by its scale."""
        parts = numpy.abs(way) / numpy.array(self.scales)
        most = float(parts.max(initial=0.0))
        return 1 / most if 0 < most < inf else 0.0

    def _moved(self, way: Any, length: float) -> Point:
        moves = (length * numpy.asarray(way)).tolist()
        return self.problem.inside([at + by for at, by in zip(self.run.x, moves, strict=True)])


def landed(run: Run) -> Landing | None:
    """The Landing of a run; None where it has no second derivatives."""
    landing = Landing(run)
    try:
        with numpy.errstate(all="ignore"):
            _ = landing.spectrum
    except Stop:
        return None
    return landing
