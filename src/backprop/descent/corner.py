"""The end of a run where the output has no slope, a corner or a cusp; or what leads on from there.

Of all mixtures of the gradients at points close by, the shortest one is the slope of the steepest way
down that they share; at a minimum it is 0 (gradient sampling: Burke, Lewis and Overton, SIAM J.
Optim. 15, 2005). A way that proves to be none adds a gradient found along it, as bundle methods do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from math import hypot, inf, isfinite
from random import Random
from sys import float_info

from backprop.descent.course import Run, Stop
from backprop.descent.creased_ends import creased_around, cut_off, hidden, shown_by, soon_creased
from backprop.descent.endless import pole, without_end
from backprop.descent.leads import Lead, after, lower, no_way
from backprop.descent.natural_sizes import sizes_of
from backprop.descent.objective import Ending, GraphObjective, Point
from backprop.descent.plateau import on_plateau
from backprop.descent.problem import Problem, moves
from backprop.errors import NotFinite
from backprop.evaluation import borders
from backprop.evaluation.gradient import Evaluation
from backprop.values import any_steep, having_say

_NEAR = (1e-2, 1e-4, 1e-6, 1e-8)
"""How far around a point is looked, relative to the scales of the inputs."""

_AXES, _PAIRS, _TURNS = 100, 16, 100
"""The most parameters that are moved one at a time, how often all are moved together, there and
back, and the most ways down that are tried: at each of these distances."""

_FEWEST, _WORK = 200, 2_000_000
"""Ways down are tried while so few values were looked at, or while that took no more steps of a
graph than this; at the second corner of a run half as many, and so on."""

_PATIENCE = 4
"""No nearer look is taken after so many times that work."""

_LEADS = 100
"""The most corners of one run that are left behind."""

_SHORT, _KEPT = 1e-9, 0.7
"""A mixture is 0 if it is shorter than this part of the longest gradient; a way down keeps this part
of what its slope promises."""

_JUMP = 0.5
"""At a corner the output rises a millionth as far at the nearest distance as at the farthest, at a cusp like
sqrt(abs(x)) a thousandth. What rises by more than this part of it jumps."""

_BESIDE, _JUMPED = 1e-10, 1e-2
"""A move by this part of an input's scale raises an output that jumps by more than this part of what it has
fallen."""

_STARTS, _BACK, _BEYOND = 24, 30, 1.5
"""From so many points around, at the two largest distances, up to so many steps lead back to where
the output is as low as at the corner, so many times as far as their slope asks for: valleys bend."""

_LONG = 100
"""So many steps must be used up for a fall without end to be seen in them."""

_UNCLEAR = "corner", "rounding"
"""The endings that leave open what the last point is."""


def judged(run: Run, stop: Stop, ended: Ending, follows: bool) -> Stop | Lead | None:
    """What the end of a run becomes by a look around its last point. ended: that point, where what the chain
    rule does not decide is nan. follows: whether the method goes on from any lower point. Returns None if the
    run now has a gradient to go on with."""
    if stop.cause == "steps":
        found = _smooth(run, stop, ended) if run.stands else None
        if isinstance(found, Lead) and found.left:  # a saddle, or a top
            return found.stop
        if isinstance(found, Stop) and (found.converged or found.cause == run.endless):
            return found
        return _drifts(run) or stop
    if stop.cause not in ("rest", "gradient"):
        return (on_plateau(run, stop, ended) if stop.cause == "change" else None) or stop
    if run.norm and stop.cause == "rest" and (endless := without_end(run) or pole(run)):
        return endless
    undecided = not all(map(isfinite, ended.gradient.gradients.values()))
    rests = not run.norm or stop.cause == "gradient"
    if rests and ended.smooth:
        odd = undecided
    elif rests:
        objective, at = run.problem.objective.graph, ended.evaluation()
        undecided |= _steep(objective, at)
        # a choice by data alone, `if(t == 1, …)`, is no border of the parameters
        odd = undecided or objective.moved(borders.met(at.graph, at.numbers.data))
    else:
        creased = soon_creased(run, sizes_of(run)) if follows else None
        if creased and creased.lead:
            return creased.lead
        found = _smooth(run, stop, ended)
        if not run.monotone or (isinstance(found, Lead) and (follows or found.left)):
            return found
        if isinstance(found, Stop) and found.cause not in _UNCLEAR:
            return found
        if (
            isinstance(found, Stop)
            and found.cause == "rounding"
            and run.problem.objective.is_smooth
        ):
            return found
        odd = True
    if not odd:
        return _smooth(run, stop, ended)
    problem, is_smooth = run.problem, run.problem.objective.is_smooth
    creased = creased_around(run, sizes_of(run))
    if follows and creased and creased.lead and not creased.is_off:
        return creased.lead
    output = problem.output
    if creased and creased.shown:
        return hidden(run, sizes_of(run)) or shown_by(run, creased)
    most = max(_FEWEST, _WORK // problem.work // (1 + run.left))
    look = _Around(problem, run.x, run.value, most, sizes_of(run))
    slope = look.way_down()
    if slope and run.leave(slope, _LEADS):
        return None
    if creased and creased.lead:
        return creased.lead
    if look.lowest:
        return no_way(run, look.lowest)
    if look.smooth or (rests and not undecided) or (is_smooth and not rests):
        return _smooth(run, stop, ended)
    none = f"{output} is {lower(run)} at none of {look.count} points around it"
    if look.jumps:
        return Stop("corner", f"at a jump {after(run)}: {none}, but {output} may only come near it")
    if not look.mixed:
        few = f"{none}, too few to say that this is a {run.least}"
        where = f"at the edge where {output} has no value" if look.outside else "at a corner"
        return Stop("corner", f"{where} {after(run)}: {few}; start elsewhere")
    where = f"at the edge where {output} has no value" if look.outside else "at a corner"
    if creased and creased.open:
        along = f"whether {output} {run.falls}s along the creases is not known"
        return Stop("corner", f"{where} {after(run)}: {none}, but {along}")
    lowest = f"converged: a {run.least} {where}, by values: {none}"
    return hidden(run, sizes_of(run)) or Stop(f"{run.least} at a corner", lowest)


def _smooth(run: Run, stop: Stop, ended: Ending) -> Stop | Lead:
    """The end of a run at no corner."""
    if found := on_plateau(run, stop, ended):
        return found
    if stop.cause == "gradient":
        return stop
    from backprop.descent.judgement import verdict
    from backprop.descent.landing import landed  # numpy is not always wanted

    said = verdict(run, landed(run))
    if not isinstance(said, Stop) or not said.converged:
        return said
    if _jumps_beside(run):
        near = f"{run.output} is lowest there, but may only come near that value"
        return Stop("corner", f"at a jump {after(run)}: {near}")
    sizes = sizes_of(run)
    return cut_off(run, sizes) or hidden(run, sizes) or said


def _jumps_beside(run: Run) -> bool:
    """Whether the output jumps up right beside here."""
    problem = run.problem
    if problem.objective.is_smooth or not run.fallen:
        return False
    for at, size in enumerate(sizes_of(run)[:_AXES]):
        for side in (_BESIDE, -_BESIDE):
            point = problem.inside([*run.x[:at], run.x[at] + side * size, *run.x[at + 1 :]])
            if _JUMPED * run.fallen < problem.known(point, -inf) - run.value:
                return True
    return False


def _drifts(run: Run) -> Stop | None:
    """The end of a run whose steps are used up, if the output falls without end along the way it took."""
    problem = run.problem
    if run.count < _LONG or not run.monotone:
        return None
    if not problem.affords_bends:
        return None
    from backprop.descent.straight_on import has_grown, straight_on

    if not has_grown(run):
        return None
    from backprop.descent.landing import landed
    from backprop.descent.receding import recedes

    landing = landed(run)
    if landing is None:
        return None
    endless = straight_on(run, landing)
    return endless or (recedes(run, landing) if problem.objective.is_smooth else None)


def _steep(objective: GraphObjective, ended: Evaluation) -> bool:
    """Whether a slope on the way is infinite: then gradients of 0, which tell of one parameter at a
    time, say nothing of moving several at once (`sqrt(a*b)` at 0)."""
    graph, data = ended.graph, ended.numbers.data
    steps = having_say(graph, graph.order, data)
    return objective.moved([step for step in steps if any_steep(graph, [step], data)])


class _Around:
    """What there is around a point of a problem. value: the output there. most: after so many
    values no more ways down are tried. scales: of the inputs."""

    def __init__(self, problem: Problem, x: Point, value: float, most: int, scales: Point) -> None:
        self.problem, self.x, self.value = problem, x, value
        self.count = 0
        """How many values were looked at."""
        self.outside = False
        """Whether there is no value on some side, however near."""
        self.lowest: Point | None = None
        """The lowest point that was met, if the output is lower there by more than rounding."""
        self.smooth = False
        """Whether the gradients become short where the point is near: then it is no corner."""
        self.mixed = True
        """Whether the gradients share no way down, at any distance; else not all could be seen."""
        self._rises: list[float] = []
        """How far the output rises along the axes, at each distance."""
        self._most = most
        self._scales = scales
        self._random = Random(0)
        self._room = 64 * float_info.epsilon * abs(value)
        self._least = value

    @property
    def jumps(self) -> bool:
        """Whether the output rises nearly as far close by as farther away."""
        return len(self._rises) == len(_NEAR) and self._rises[-1] > _JUMP * self._rises[0]

    def way_down(self) -> Point | None:
        """The slope of a way down that all gradients around share, and on which the output is lower."""
        longest: list[float] = []
        for size in _NEAR:
            if self.count > _PATIENCE * self._most:
                self.mixed = False
                break
            gradients = list(self._gradients(size))
            longest.append(max((hypot(*self._scaled(each)) for each in gradients), default=0.0))
            rises = [self._met(self._moved(size, way)) - self.value for way in self._axes()]
            self._rises.append(max((rise for rise in rises if rise < inf), default=0.0))
            self.outside = inf in rises
            each_alone = [[gradient] for gradient in gradients]
            found = self._shared(gradients, size, _TURNS) if longest[-1] else []
            if found:
                return found
            self.mixed &= found is not None
            # a top has many ways down that are not shared by all sides
            for gradient in each_alone:
                self._shared(gradient, size, min(len(self.x) + 2, _TURNS // 5))
        self.mixed |= self.outside and len(self.x) == 1  # all ways down lead out
        self.smooth = len(longest) == len(_NEAR) and longest[-1] <= 0.1 * longest[1]
        if not self.lowest and not self.smooth:
            self._follow_valleys()
        if self.lowest and not self.mixed:  # there may be a way that all share: then this is one
            way = moves(self.lowest, self.x)
            fall = (self.value - self._least) / hypot(*way)
            return [fall * part / hypot(*way) for part in way]
        return None

    def _shared(self, gradients: list[Point], size: float, turns: int) -> Point | None:
        """The slope of a way down that these gradients share, and those added on the way; empty
        where they share none, None where so many turns do not tell."""
        from backprop.descent.second_order import shortest  # numpy is not always wanted

        for _ in range(turns):
            slope = shortest(gradients, self.problem, self.x)
            length = hypot(*slope)
            if length <= _SHORT * max(hypot(*each) for each in gradients):
                return []
            if self.count > self._most:
                break
            reach, point = self._along(size, slope)
            promised = _KEPT * reach * length * length
            if self._met(point) < self.value - max(self._room, promised):
                return slope
            part = self._random.random()
            between = [at + part * (to - at) for at, to in zip(self.x, point, strict=True)]
            gradients += self._gradient(self._shaken(between, 1e-3 * part * size))
        return None

    def _follow_valleys(self) -> None:
        """Look where valleys that bend may lead, until the output is lower somewhere; where that
        takes too much work, a minimum is not certain."""
        for size in _NEAR[:2]:
            ways = [*islice(self._axes(), _STARTS // 2)]
            while len(ways) < _STARTS:
                ways.append([self._random.uniform(-1.0, 1.0) for _ in self.x])
            for way in ways:
                if self.count > self._most:
                    self.mixed = False
                    return
                self._back(self._moved(size, way), size)
                if self.lowest:
                    return

    def _back(self, point: Point, size: float) -> None:
        """Go from a point to where the output is as low as in the middle (Polyak's steps), until it
        is lower, or the middle itself is near, or far."""
        for _ in range(_BACK):
            apart = zip(self.x, point, self._scales, strict=True)
            away = max(abs(to - at) / scale for at, to, scale in apart)
            if not 0.1 * size < away < 2 * size:
                return
            try:
                value, gradient = self.problem.both(point)
            except NotFinite:
                point = self._shaken(point, 1e-3 * size)
                continue
            self._meet(point, value)
            norm = self.problem.norm(point, gradient)
            if self.lowest or not norm:
                return
            reach = _BEYOND * (value - self.value) / norm / norm
            down = [at - reach * slope for at, slope in zip(point, gradient, strict=True)]
            point = self.problem.inside(down)

    def _met(self, point: Point) -> float:
        """The output at a point."""
        value = self.problem.known(point, inf)
        self._meet(point, value)
        return value

    def _meet(self, point: Point, value: float) -> None:
        """Count a point, and keep it if it is the lowest."""
        self.count += 1
        if value < self._least - self._room:
            self._least, self.lowest = value, point

    def _gradient(self, point: Point) -> list[Point]:
        """The gradient at a point, and none where there is none."""
        try:
            value, gradient = self.problem.both(point)
        except NotFinite:
            return []
        self._meet(point, value)
        return [gradient]

    def _scaled(self, gradient: Point) -> Point:
        """A gradient by moves in the scales of the inputs."""
        return [slope * scale for slope, scale in zip(gradient, self._scales, strict=True)]

    def _gradients(self, size: float) -> Iterator[Point]:
        """Those at random points so near, always two that are opposite."""
        for pair in range(min(3 * len(self.x), _PAIRS)):
            ways = [self._random.uniform(-1.0, 1.0) for _ in self.x]
            for sign in (size, -size):
                point = self._moved(sign, ways)
                found = self._gradient(point)
                if found and not pair:  # rounding, of the point itself too, is alike all around
                    placed = (at * slope for at, slope in zip(point, found[0], strict=True))
                    rounded = float_info.epsilon * hypot(*placed)
                    self._room = max(self._room, self.problem.rounding(point), rounded)
                yield from found

    def _axes(self) -> Iterator[Sequence[float]]:
        """Ways to move one number alone, up or down, or all alike."""
        count = len(self.x)
        for at in range(min(count, _AXES)):
            for way in (1.0, -1.0):
                yield [way if each == at else 0.0 for each in range(count)]
        yield [1.0] * count
        yield [-1.0] * count

    def _moved(self, size: float, way: Sequence[float]) -> Point:
        """Where a move leads, of so many times the scale of each number."""
        steps = zip(self.x, self._scales, way, strict=True)
        return self.problem.inside([at + size * scale * part for at, scale, part in steps])

    def _shaken(self, point: Point, size: float) -> Point:
        """A point near another one: off a ridge, on which there is no gradient."""
        around = zip(point, self._scales, strict=True)
        moved = [at + size * scale * self._random.uniform(-1.0, 1.0) for at, scale in around]
        return self.problem.inside(moved)

    def _along(self, size: float, slope: Point) -> tuple[float, Point]:
        """How often a slope fits into this distance, and the point there, down the slope."""
        most = max(abs(part) / scale for part, scale in zip(slope, self._scales, strict=True))
        reach = size / most if most else 0.0
        down = [at - reach * part for at, part in zip(self.x, slope, strict=True)]
        return reach, self.problem.inside(down)
