"""Where the end of a run would lead if doubles had many more digits: Newton's method by values of hundreds of
digits, across the valley that the end lies in and along it.

The bottom of x^20 is flat to doubles until far away, and exp(-x) is nothing beside what rounding leaves of a
residual: there the last digits of doubles, which are others on other processors, say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from sys import float_info
from typing import Any, Literal, NamedTuple

import numpy

from backprop.descent.course import Run
from backprop.descent.landing import Landing
from backprop.descent.objective import Point

_DIGITS, _BESIDE, _CLOSE = 300, -80, -130
"""So many digits, and how far beside a point values are looked at for its second and its first derivatives,
as powers of ten, in the scale of an input: these are known to 140 and 170 digits, relative to the output."""

_MOST_STEPS, _MOST_INPUTS, _WORK = 2000, 12, 300_000
"""The most steps of an output that is looked at, the most inputs, and the most steps of all values around one
point."""

_STEEP, _NONE = -8, -120
"""Powers of ten, parts of the largest bend: a way that bends by more than the first one leads across the
valley; one that bends by less than the second one does not bend."""

_TURNS, _REST = 24, -150
"""The most steps across a valley, and the power of ten, in the scales of the inputs, of the last one."""

_STEPS, _AHEAD = 3, 1.0
"""So many steps along it are looked at, and none that is longer than this, in the scale of an input."""

_SLOWEST, _SLOW = 0.98, 0.4
"""Steps along a valley that shrink by less than the first part come to no limit; by more than the second one
they come to a point where the output bends as usual."""

_ALIKE = 0.05
"""Steps shrink alike if by the same part but for this one."""

_MOVES = (1e-9, 1e-4, 0.1, 0.8)
"""How far along a valley it is looked whether the output stays the same, in the scales."""

_LITTLE = 0.01
"""A little way, in the scales."""

_LITTLE = 0.01
"""A little way, in the scales."""

_LOST = 20
"""So many of the last digits may be rounding."""


class Rest(NamedTuple):
    """What there is at the bottom of a valley.

    kind: its `lowest` point, to which steps along it come; it is `level`; it leads `onward`, and on and on;
    or nothing is known. x: the limit of the steps, in the scales of the inputs, (n,). flat: along how many
    ways the output hardly bends.
    """

    kind: Literal["lowest", "level", "onward", "unknown"]
    x: Sequence[Any]
    flat: int


UNKNOWN = Rest("unknown", (), 0)


class ManyDigits:
    """The output of a run by values of many digits. scales: of the inputs. free: those that move."""

    def __init__(self, run: Run, scales: Point, free: Sequence[int]) -> None:
        from backprop.evaluation.precise import Precise  # mpmath takes 40 ms
        from backprop.special import context

        objective = run.problem.objective.graph
        self._sign, self._free, self._begun = int(run.problem.sign), free, run.x
        self._nodes = [objective.leaves[at] for at in free]
        graph = objective.whole
        self._precise = Precise(graph, objective.numbers(run.x), _DIGITS)
        size = abs(run.value) + run.problem.rounding(run.x) / float_info.epsilon
        self._mp = mp = context(self._precise.digits)
        self._room = mp.mpf(size) * mp.mpf(10) ** (_LOST - self._precise.digits)
        self._scales = [mp.mpf(scales[at]) for at in free]

    def rest(self, point: Point) -> Rest:
        """What there is at the bottom of the valley that a point lies in."""
        x = self._across(self._inside(point))
        steps: list[Any] = []
        count = 0
        for _ in range(_STEPS):
            if x is None:
                return UNKNOWN
            step, bends = self._step(x, _NONE)
            if not _length(step) <= _AHEAD:
                return UNKNOWN
            largest = max(map(abs, bends))
            if not steps:
                count = sum(abs(bend) <= largest * self._power(_STEEP) for bend in bends)
            if _length(step) <= self._power(_REST):
                # of several ways the output may stay the same along one
                return Rest("level" if count != 1 else self._along(x, largest), x, count)
            there = self._across([at + by for at, by in zip(x, step, strict=True)])
            if there is None:
                return UNKNOWN
            steps.append([to - at for at, to in zip(x, there, strict=True)])
            x = there
        first, second = (_length(to) / _length(at) for at, to in pairwise(steps))
        if min(first, second) >= _SLOWEST:
            return Rest("onward", x or (), count)
        if not (_SLOW <= second < _SLOWEST and abs(first - second) <= _ALIKE):
            return UNKNOWN
        assert x is not None
        limit = [at + second / (1 - second) * by for at, by in zip(x, steps[-1], strict=True)]
        return Rest("lowest", self._across(limit) or limit, count)

    def _along(
        self, x: Sequence[Any], largest: Any
    ) -> Literal["lowest", "level", "onward", "unknown"]:
        """What there is along the one way on which the output does not bend, by values there."""
        way, least, seen = self._softest(x), self._value(x), list[tuple[bool, bool]]()
        room = max(self._room, largest * self._power(2 * (_LOST + 2 * _CLOSE)))
        for length in _MOVES:
            values = []
            for side in (1, -1):
                by = side * length
                there = self._across([at + by * to for at, to in zip(x, way, strict=True)])
                if there is not None:
                    values.append(self._value(there) - least)
            if len(values) == 2:
                seen.append((min(values) > room, max(values) > room))
        if any(all(sides) for sides in seen):
            return "lowest"
        if any(any(sides) for sides in seen):
            return "onward"
        return "level" if seen else "unknown"

    def beside(self, rest: Rest) -> Point:
        """A point a little farther along the way on which the output bends least, in doubles."""
        by = zip(rest.x, self._softest(rest.x), strict=True)
        return self.point(rest._replace(x=[at + _LITTLE * to for at, to in by]))

    def _softest(self, x: Sequence[Any]) -> list[Any]:
        """The way along which the output bends least, (n,)."""
        bends, ways = self._mp.eigsy(self._bends(x)[1])
        softest = min(range(len(x)), key=lambda at: abs(bends[at]))
        return [ways[at, softest] for at in range(len(x))]

    def apart(self, one: Rest, other: Rest, begun: Point, there: Point) -> float:
        """How far two points at the bottom of a valley are from one another, as a part of how far those were
        from where they were found."""
        before = [at - to for at, to in zip(self._inside(begun), self._inside(there), strict=True)]
        after = [at - to for at, to in zip(one.x, other.x, strict=True)]
        return float(_length(after) / _length(before)) if _length(before) else 0.0

    def point(self, rest: Rest) -> Point:
        """The point that is found, in doubles."""
        found = [*self._begun]
        for at, x, scale in zip(self._free, rest.x, self._scales, strict=True):
            found[at] = float(x * scale)
        return found

    def _inside(self, point: Point) -> list[Any]:
        """The free inputs of a point, in their scales."""
        mp = self._mp
        return [
            mp.mpf(point[at]) / scale for at, scale in zip(self._free, self._scales, strict=True)
        ]

    def _power(self, of_ten: int) -> Any:
        return self._mp.mpf(10) ** of_ten

    def _value(self, x: Sequence[Any]) -> Any:
        """The output where the free inputs, in their scales, are at x."""
        numbers = [at * scale for at, scale in zip(x, self._scales, strict=True)]
        return self._sign * self._precise.output(dict(zip(self._nodes, numbers, strict=True)))

    def _bends(self, x: Sequence[Any]) -> tuple[list[Any], Any]:
        """The first derivatives there, (n,), and the second ones, (n, n)."""
        mp, by, near, count = self._mp, self._power(_BESIDE), self._power(_CLOSE), len(x)

        def value(*moves: tuple[int, Any]) -> Any:
            moved = [*x]
            for at, move in moves:
                moved[at] += move
            return self._value(moved)

        here, slopes, table = value(), [], mp.matrix(count, count)
        for at in range(count):
            slopes.append((value((at, near)) - value((at, -near))) / (2 * near))
            up, down = value((at, by)), value((at, -by))
            table[at, at] = (up + down - 2 * here) / by**2
            for to in range(at):
                alike = value((at, by), (to, by)) + value((at, -by), (to, -by))
                unlike = value((at, by), (to, -by)) + value((at, -by), (to, by))
                table[at, to] = table[to, at] = (alike - unlike) / (4 * by**2)
        return slopes, table

    def _step(self, x: Sequence[Any], least: int) -> tuple[list[Any], list[Any]]:
        """Newton's step along the ways that bend by more than this power of ten, a part of the largest bend,
        and all bends."""
        slopes, table = self._bends(x)
        if any(each != each for each in (*slopes, *table)):
            return [self._mp.inf], [self._mp.inf]
        bends, ways = self._mp.eigsy(table)
        room = self._power(least) * max(map(abs, bends))
        step = [self._mp.mpf(0)] * len(x)
        for way, bend in enumerate(bends):
            if abs(bend) > room:
                slope = sum(ways[at, way] * each for at, each in enumerate(slopes))
                for at in range(len(x)):
                    step[at] -= slope / abs(bend) * ways[at, way]
        return step, [*bends]

    def _across(self, x: Sequence[Any]) -> list[Any] | None:
        """The lowest point on the way across a valley; None if there is none nearby."""
        found = [*x]
        for _ in range(_TURNS):
            step, _ = self._step(found, _STEEP)
            if not _length(step) <= _AHEAD:
                return None
            found = [at + by for at, by in zip(found, step, strict=True)]
            if _length(step) <= self._power(_REST):
                return found
        return None


def _length(way: Sequence[Any]) -> Any:
    return max(map(abs, way))


def digits_at(run: Run, landing: Landing) -> ManyDigits | None:
    """Values of many digits around the end of a run, if they are affordable."""
    count, size = len(run.x), run.problem.size
    free = numpy.flatnonzero(~landing.pushed).tolist()
    if (
        not 0 < count <= _MOST_INPUTS
        or size > _MOST_STEPS
        or 2 * count * (count + 1) * size > _WORK
    ):
        return None
    return ManyDigits(run, landing.scales, free) if free else None
