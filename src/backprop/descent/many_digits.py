"""Where the end of a run would lead if doubles had many more digits: Newton's method by values of hundreds of
digits, across the valley that the end lies in and along it.

The bottom of x^20 is flat to doubles until far away, and exp(-x) is nothing beside what rounding leaves of a
residual: there the last digits of doubles, which are others on other processors, say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import add, mul, sub
from sys import float_info
from typing import Any, Literal, NamedTuple

import numpy

from backprop.descent.course import Run
from backprop.descent.graph_at_hand import graph_at_hand
from backprop.descent.landing import Landing
from backprop.descent.objective import Point
from backprop.graph import Graph
from backprop.operations import OPERATIONS

_DIGITS, _BESIDE, _CLOSE = 300, -80, -130
"""So many digits, and how far beside a point values are looked at for its second and its first derivatives,
as powers of ten, in the scale of an input: these are known to 140 and 170 digits, relative to the output."""

_MOST_STEPS, _MOST_INPUTS = 2000, 12
"""The most steps of an output that is looked at, and the most inputs."""

_MOST_WORK, _QUICK, _SLOWER, _FEWEST = 300_000, 4, 20, 24
"""The most sums and products in all values: two seconds; powers and roots take as long as a few, the others
as long as many. Less than so many values for each second derivative tell nothing."""

_STEEP, _NONE = -8, -120
"""Powers of ten, parts of the largest bend: a way that bends by more than the first one leads across the
valley; one that bends by less than the second one does not bend."""

_TURNS, _REST, _QUICKLY = 40, -150, 1e-6
"""The most steps across a valley, and the power of ten, in the scales of the inputs, of the last one. Second
derivatives are kept while a step is no longer than that part of the one before."""

_STEPS, _AHEAD = 3, 1.0
"""So many steps along it are looked at, and none that is longer than this, in the scale of an input."""

_SLOWEST, _SLOW = 0.98, 0.4
"""Steps along a valley that shrink by less than the first part come to no limit; by more than the second one
they come to a point where the output bends as usual."""

_LEFT = 0.1
"""A step at the limit of steps is shorter than this part of the first one."""

_ALIKE = 0.05
"""Steps shrink alike if by the same part but for this one."""

_MOVES = (1e-9, 1e-4, 0.1, 0.8)
"""How far along a valley it is looked whether the output stays the same, in the scales."""

_ASIDE, _PART, _FARTHEST, _APART, _BACK = 1e-4, 0.25, 0.1, 0.6, 0.01
"""Of several ways each is looked along so far aside, or by that part of the way to the limit, but not farther
than that; a limit that is so large a part of it away is another one, one that is a smaller one than the last
is the same."""

_LITTLE = 0.01
"""A little way, in the scales."""

_LOST = 20
"""So many of the last digits may be rounding."""


RestKind = Literal["lowest", "level", "onward", "still", "unknown"]


class Rest(NamedTuple):
    """What there is at the bottom of a valley.

    kind: its `lowest` point, to which steps along it come; it is `level`; it leads `onward`, and on and on;
    nothing moves the point, which lies `still`; or nothing is known. x: the limit of the steps, in the scales
    of the inputs, (n,). alone: whether it is the limit also of what begins beside it, on any of the ways on
    which the output hardly bends.
    """

    kind: RestKind
    x: Sequence[Any]
    alone: bool = False


UNKNOWN = Rest("unknown", ())


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
        self._work, self._left = _work(graph), _MOST_WORK
        self._mp = mp = context(self._precise.digits)
        self._room = mp.mpf(size) * mp.mpf(10) ** (_LOST - self._precise.digits)
        self._scales = [mp.mpf(scales[at]) for at in free]

    def rest(self, point: Point) -> Rest:
        """What there is at the bottom of the valley that a point lies in."""
        try:
            return self._rest(point)
        except _Unseen:
            return UNKNOWN

    def _rest(self, point: Point) -> Rest:
        x = self._across(self._inside(point))
        seen = self._spectrum(x)
        soft = seen.soft(seen.largest * self._power(_STEEP))
        kind, there = self._limit(x)
        if kind == "still" and soft:
            kinds = [self._along(there, seen, way) for way in soft]
            # of several ways it may be level, or lead on, along one
            found = [each for each in kinds if each in ("level", "onward")]
            kind = kinds[0] if len(soft) == 1 else min(found, default="still")
        elif len(soft) > 1 and kind != "onward":
            aside = min(max(_ASIDE, _PART * _length([*map(sub, there, x)])), _FARTHEST)
            parts = list[float]()
            for way in soft:
                parts.append(self._stays(there, way, aside))
                if parts[-1] > _APART:
                    return Rest("level", there)
            return Rest(kind, there, max(parts) < _BACK)
        return Rest(kind, there, len(soft) == 1)

    def _limit(self, x: list[Any]) -> tuple[RestKind, list[Any]]:
        """The limit of steps along a valley, and the kind of that. Raises _Unseen if it is not found."""
        steps = list[list[Any]]()
        for _ in range(_STEPS):
            step = self._step(x, self._spectrum(x), _NONE)
            if _length(step) <= self._power(_REST):
                return "still", x
            there = self._across([*map(add, x, step)])
            steps.append([*map(sub, there, x)])
            x = there
        before, last = (_length(to) / _length(at) for at, to in pairwise(steps))
        if min(before, last) >= _SLOWEST:
            return "onward", x
        if not (_SLOW <= last < _SLOWEST and abs(before - last) <= _ALIKE):
            raise _Unseen
        limit = []
        for at, by, earlier in zip(x, steps[-1], steps[-2], strict=True):
            # each input has a limit of its own, as far as that is known
            part = by / earlier if earlier and 0 < by / earlier < _SLOWEST else last
            limit.append(at + part / (1 - part) * by)
        try:
            limit = self._across(limit)
        except _Unseen:
            return "lowest", limit
        # steps of exp(-exp(x)) shrink alike, too, and do so on at what seems to be their limit
        again = self._step(limit, self._spectrum(limit), _NONE)
        if _length(again) > _LEFT * _length(steps[0]):
            return "onward", limit
        return "lowest", limit

    def _stays(self, x: Sequence[Any], way: Sequence[Any], aside: Any) -> float:
        """How far away what begins a little farther on a way comes to a limit, as a part of that; where it
        does not come to one, a part that says nothing."""
        try:
            moved = self._across([at + aside * by for at, by in zip(x, way, strict=True)])
            kind, there = self._limit(moved)
        except _Unseen:
            if self._left < 0:
                raise
            return _APART
        return _APART if kind == "onward" else float(_length([*map(sub, there, x)]) / aside)

    def _along(self, x: Sequence[Any], seen: _Spectrum, way: Sequence[Any]) -> RestKind:
        """What there is along the one way on which the output hardly bends."""
        room = max(self._room, seen.largest * self._power(2 * (_LOST + 2 * _CLOSE)))
        least = self._value(x)
        kind: RestKind = "unknown"
        for length in _MOVES:
            rises = self._rises(x, way, length)
            if rises and min(rises) > least + room:
                return "lowest"
            if rises and kind != "onward":
                kind = "onward" if max(rises) > least + room else "level"
        return kind

    def _rises(self, x: Sequence[Any], way: Sequence[Any], length: float) -> list[Any]:
        """The outputs a little farther along the valley, on both sides; [] where it is not found."""
        try:
            return [
                self._value(self._across([at + by * to for at, to in zip(x, way, strict=True)]))
                for by in (length, -length)
            ]
        except _Unseen:
            if self._left < 0:
                raise
            return []

    def is_above(self, rest: Rest, point: Point) -> bool:
        """Whether the bottom of the valley is higher beside a point than here, as far as that is seen."""
        try:
            there = self._value(self._across(self._inside(point)))
            return bool(there > self._value(rest.x) + self._room)
        except _Unseen:
            return False

    def beside(self, rest: Rest) -> Point:
        """A point a little farther along the way on which the output bends least, in doubles."""
        try:
            way = self._spectrum(rest.x).soft(self._mp.inf)[0]
        except _Unseen:
            return self.point(rest)
        return self.point(
            rest._replace(x=[at + _LITTLE * to for at, to in zip(rest.x, way, strict=True)])
        )

    def apart(self, one: Rest, other: Rest, begun: Point, there: Point) -> float:
        """How far two points at the bottom of a valley are from one another, as a part of how far those were
        from where they were found."""
        before = [*map(sub, self._inside(begun), self._inside(there))]
        after = [*map(sub, one.x, other.x)]
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
        """The output where the free inputs, in their scales, are at x. Raises _Unseen where all that may be
        asked has been asked."""
        self._left -= self._work
        if self._left < 0:
            raise _Unseen
        numbers = [at * scale for at, scale in zip(x, self._scales, strict=True)]
        return self._sign * self._precise.output(dict(zip(self._nodes, numbers, strict=True)))

    def _slopes(self, x: Sequence[Any]) -> list[Any]:
        """The first derivatives there, (n,)."""
        near = self._power(_CLOSE)
        return [
            (self._beside(x, (at, near)) - self._beside(x, (at, -near))) / (2 * near)
            for at in range(len(x))
        ]

    def _spectrum(self, x: Sequence[Any]) -> _Spectrum:
        """How the output bends there. Raises _Unseen where that is not known."""
        by, count = self._power(_BESIDE), len(x)
        here, table = self._value(x), self._mp.matrix(count, count)
        for at in range(count):
            up, down = self._beside(x, (at, by)), self._beside(x, (at, -by))
            table[at, at] = (up + down - 2 * here) / by**2
            for to in range(at):
                one, other = (at, by), (at, -by)
                alike = self._beside(x, one, (to, by)) + self._beside(x, other, (to, -by))
                unlike = self._beside(x, one, (to, -by)) + self._beside(x, other, (to, by))
                table[at, to] = table[to, at] = (alike - unlike) / (4 * by**2)
        if any(each != each for each in table):
            raise _Unseen
        bends, ways = self._mp.eigsy(table)
        columns = [[ways[at, way] for at in range(count)] for way in range(count)]
        return _Spectrum([*bends], columns)

    def _beside(self, x: Sequence[Any], *moves: tuple[int, Any]) -> Any:
        moved = [*x]
        for at, move in moves:
            moved[at] += move
        return self._value(moved)

    def _step(self, x: Sequence[Any], seen: _Spectrum, least: int) -> list[Any]:
        """Newton's step along the ways that bend by more than this power of ten, a part of the largest bend.
        Raises _Unseen if it is long."""
        slopes, room = self._slopes(x), self._power(least) * seen.largest
        step = [self._mp.mpf(0)] * len(x)
        for bend, way in zip(*seen, strict=True):
            if abs(bend) > room:
                part = sum(map(mul, way, slopes)) / abs(bend)
                step = [at - part * by for at, by in zip(step, way, strict=True)]
        if not _length(step) <= _AHEAD:
            raise _Unseen
        return step

    def _across(self, x: Sequence[Any]) -> list[Any]:
        """The lowest point on the way across a valley. Raises _Unseen if there is none nearby."""
        found, seen, before = [*x], self._spectrum(x), self._mp.inf
        for _ in range(_TURNS):
            step = self._step(found, seen, _STEEP)
            found = [*map(add, found, step)]
            length = _length(step)
            if length <= self._power(_REST):
                # the last digits by second derivatives there
                return [*map(add, found, self._step(found, self._spectrum(found), _STEEP))]
            if length > _QUICKLY * min(before, 1):
                seen = self._spectrum(found)
            before = length
        raise _Unseen


class _Spectrum(NamedTuple):
    """Bends, (n,), and a way of length 1 for each, (n,)."""

    bends: list[Any]
    ways: list[list[Any]]

    @property
    def largest(self) -> Any:
        return max(map(abs, self.bends))

    def soft(self, most: Any) -> list[list[Any]]:
        """The ways that bend by no more than this, the softest first."""
        order = sorted(zip(map(abs, self.bends), self.ways, strict=True))
        return [way for bend, way in order if bend <= most]


class _Unseen(Exception):
    """Nothing is known."""


def _length(way: Sequence[Any]) -> Any:
    return max(map(abs, way))


def _work(graph: Graph) -> int:
    """About how many sums or products take the time of a value of many digits."""
    from backprop.evaluation.precise import PLAIN  # mpmath takes 40 ms

    rows = [OPERATIONS[graph.op(step)] for step in graph.steps]
    return sum(
        1
        if row.name in PLAIN
        else _QUICK
        if row.any_size or row.name == "^"
        else _SLOWER * row.digits_cost
        for row in rows
    )


def digits_at(run: Run, landing: Landing) -> ManyDigits | None:
    """Values of many digits around the end of a run, if they are affordable."""
    free = numpy.flatnonzero(~landing.pushed).tolist()
    if len(free) > _MOST_INPUTS or run.problem.size > _MOST_STEPS:
        return None
    graph = graph_at_hand(run.problem.objective)
    if graph is None or _FEWEST * len(free) ** 2 * _work(graph.whole) > _MOST_WORK:
        return None
    return ManyDigits(run, landing.scales, free) if free else None
