"""What the creases around the end of a run say of it: a lower point, or that it is a minimum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from sys import float_info
from typing import Any

import numpy

from backprop.descent.along_creases import Landed, LooksLeft
from backprop.descent.course import NOTHING, Run, Stop
from backprop.descent.crease_views import SomeCreases
from backprop.descent.creases import GraphCreases
from backprop.descent.graph_at_hand import graph_at_hand
from backprop.descent.leads import Lead, after, stationary, towards
from backprop.descent.looped import LoopedObjective, NotLoops
from backprop.descent.looped_creases import LoopedCreases
from backprop.descent.objective import Point
from backprop.descent.off_creases import OffCreases
from backprop.descent.problem import Problem, dot, moves
from backprop.descent.straight_on import TINY, grown_far
from backprop.errors import BackpropError, TooLarge

_MOST_NUMBERS = 5_000_000
"""The most steps times inputs and corners for which creases are followed: a second or two."""

_SOME, _EACH = 100, 4
"""So many creases, and more for each input, are looked at, the nearest ones, and all that meet."""

_NEAR = 0.1
"""A crease is near that is so far away, in the scales of the inputs."""

_CHOICES = 5
"""So many choices of the creases that are nearest are tried."""

_TURNS = 40
"""The most times that creases are chosen anew."""

_ROUNDED = 4.0
"""A change by so many times the rounding of the output may be none."""

_TESTED = 4
"""On so many of a row jumps are looked for."""

_SAY = 1e-6
"""An input with less than this part of the largest move does not move."""

_MEETS = 1e-8
"""A crease that is so near meets the point."""

_FARTHER = 10.0, 100.0
"""An input that has grown far is looked at so many times as far away."""

_LOOKS, _MOST_LOOKS, _WORK = 20, 3000, 1_000_000
"""At least and at most so many points at which creases are looked at, for one end of a run, and else as many
as take so many steps of a graph: for the second end half as many, and so on, down to a tenth."""


_ENOUGH = 50
"""So many looks more than are left are enough to see what is off each crease."""


class Creased:
    """What the creases around the last point of a run say of it.

    lead: a lower point, if there is one; is_off: whether that lies off a crease that meets the last. shown:
    whether it is shown to be a minimum. open: whether the output may fall along creases. at_edge: whether it
    has no value on one side of one. is_curved: whether the way on which it stays the same bends. recedes:
    whether it may be lower yet far away.
    """

    def __init__(self, run: Run, scales: Sequence[float]) -> None:
        self._run, self._problem = run, run.problem
        self._scales = numpy.array(scales)
        self.lead: Lead | None = None
        self.is_off = self.shown = self.open = self.at_edge = self.is_curved = False
        self.recedes = False
        self.level: list[Any] = []
        problem = run.problem
        found = _creases(problem, run.x)
        if not found or (len(found) * len(run.x) + found.size) * len(run.x) > _MOST_NUMBERS:
            return
        self._all = found
        self._known: dict[int, bool] = {}
        """Which of them a jump stands on."""
        self._of_row: dict[int, list[bool]] = {}
        """And of each row."""
        self._most = max(_LOOKS, min(_MOST_LOOKS, _WORK // found.size))
        self._looks = LooksLeft(max(self._most // 10, self._most // (1 + run.followed)))
        self._room = max(
            64 * float_info.epsilon * abs(run.value), NOTHING * run.fallen, self._rounded
        )
        with numpy.errstate(all="ignore"):
            self._look()

    @property
    def _rounded(self) -> float:
        """A change of the output by no more may be none."""
        try:
            return _ROUNDED * self._problem.rounding(self._run.x)
        except BackpropError:
            return 0.0

    @property
    def free(self) -> list[bool]:
        """Which inputs move on the ways on which the output stays the same."""
        most = numpy.max([numpy.abs(way) / numpy.abs(way).max() for way in self.level], axis=0)
        found: list[bool] = (most > _SAY).tolist()
        return found

    def _look(self) -> None:
        run = self._run
        best = Landed(run.x, run.value)
        for _ in range(_TURNS):
            found = self._lower(best)
            if found is None:
                break
            best = found
        if best.value < run.value - self._room:
            self.lead = self._lead(best.point)
        else:
            self._judge()

    def _lead(self, point: Point) -> Lead:
        run, where = self._run, "along corners or off them"
        if dot(run.gradient, moves(run.x, point)) < 0:
            still = f"{after(run)}: {run.output} still {run.falls}s towards {towards(run, point)}"
            return Lead(point, Stop("corner", f"{still}, {where}; lbfgs and newton go on there"))
        return Lead(point, stationary(run, "", point, f", {where}"))

    def _lower(self, at: Landed) -> Landed | None:
        """A lower point on some of the creases that are near; None if none was found."""
        for chosen in self._choices(at.point):
            if not self._looks.left:
                break
            found = self._on(chosen).lowest(at.point)
            if found is not None and found.value < at.value - self._room:
                return found
        return None

    def _falls_farther(self, on: OffCreases) -> bool:
        """Whether the output is never higher, but for rounding, where the input that has grown far grows
        on, and the point stays on the creases."""
        run = self._run
        if not (name := grown_far(run)) or abs(run.value) <= TINY:
            return False
        at, least = self._problem.names.index(name), run.value
        for times in _FARTHER:
            far = [*run.x[:at], times * run.x[at], *run.x[at + 1 :]]
            place = on.start(self._problem.inside(far))
            if place is None or abs(place.point[at]) < abs(far[at]) / 2:
                return False
            if not place.value <= least + _ROUNDED * self._problem.rounding(place.point):
                return False
            least = min(place.value, least)
        return True

    def _on(self, chosen: Sequence[int]) -> OffCreases:
        return OffCreases(self._run, self._all.on(chosen), self._scales, self._looks)

    def _distances(self, x: Point) -> Any:
        """How far each crease is; inf of those on which the output jumps."""
        apart = self._all.distances(x, self._scales)
        most = max(_SOME + _EACH * len(x), int((apart <= _MEETS).sum()))
        nearest = numpy.argsort(apart, kind="stable")[:most]
        others = numpy.ones(len(apart), dtype=bool)
        others[nearest] = False
        apart[others] = inf
        for at in nearest[apart[nearest] <= _NEAR].tolist():
            if not self._all.has_own_corner(at) and self._jumps(at, x):
                apart[at] = inf
        return apart

    def _jumps(self, at: int, x: Point) -> bool:
        """Whether the output jumps on one of the creases, or on any that were looked at of its row, if those
        were many."""
        if at not in self._known:
            row = self._of_row.setdefault(self._all.row(at), [])
            if len(row) >= _TESTED:
                return any(row)
            self._known[at] = self._on([at]).jumps(x)
            row.append(self._known[at])
        return self._known[at]

    def _choices(self, x: Point) -> Iterator[list[int]]:
        """The nearest crease, the two nearest, ...: first where the next one is farthest away beside them."""
        apart = self._distances(x)
        order = numpy.argsort(apart, kind="stable")
        sorted_ = apart[order]
        near = int((sorted_ <= _NEAR).sum())
        if not near:
            return
        following = numpy.append(sorted_[1:], inf)[:near]
        gaps = (following + float_info.epsilon) / (sorted_[:near] + float_info.epsilon)
        for last in sorted(range(near), key=lambda at: (-gaps[at], at))[:_CHOICES]:
            yield order[: last + 1].tolist()

    def _judge(self) -> None:
        """Whether the last point is a minimum, by the creases that meet there."""
        run = self._run
        apart = self._distances(run.x)
        meeting = numpy.flatnonzero(apart <= _MEETS).tolist()
        if not meeting:
            return
        on = self._on(meeting)
        place = on.start(run.x)
        if place is None:
            return
        self._looks.left += max(self._most // 10, _ENOUGH * min(len(meeting), len(run.x)))
        gap = float(apart[apart > _MEETS].min(initial=inf))
        point = on.off(place, run.value - self._room, gap)
        if point is not None:
            self.lead, self.is_off = self._lead(point), True
            return
        self.open = not on.is_lowest
        self.at_edge = on.is_at_edge
        self.shown = on.is_lowest and on.is_sure and place.value <= run.value + self._room
        self.level, self.is_curved = on.level, on.is_curved
        self.recedes = self.shown and self._falls_farther(on)


def _creases(problem: Problem, x: Point) -> SomeCreases | None:
    """The creases of an output; None where it would take too long to find them."""
    objective = problem.objective
    if isinstance(objective, LoopedObjective) and (asked := objective.needed):
        try:
            return LoopedCreases(asked, problem, _MOST_NUMBERS)
        except (NotLoops, TooLarge):
            pass
    if problem.size * len(x) > _MOST_NUMBERS:
        return None
    graph = graph_at_hand(objective)
    return GraphCreases(graph, x, problem.sign) if graph else None
