"""Second derivatives of which the chain rule does not say all: by values of the gradient at 60 digits.

On a border of a choice, at a corner and where 0·∞ is met the derivative of a gradient is looked at from
both sides. It is what both say if they agree, and nan if they do not: half of a second derivative is none.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from functools import cache, partial
from math import inf, isfinite, isinf, isnan, nan
from typing import NamedTuple

from backprop.engine.underflow import too_small
from backprop.evaluation.borders import crossed, met
from backprop.evaluation.looks import LARGEST
from backprop.evaluation.precise import PLAIN, Precise
from backprop.evaluation.precise_sides import CLOSE, DIGITS, QUICK, beside, sides
from backprop.evaluation.second_differences import bends
from backprop.evaluation.shaken import MOST, doubted
from backprop.evaluation.sides import AGREED, Side, Sides
from backprop.graph import Graph, depending, in_order
from backprop.numbers import shown
from backprop.values import backward, having_say

_FLAT = 1e-15
"""Where values show no slope at all, what it may be all the same."""

_SMALL, _SMALLEST = 1e-30, 1e-320
"""Where numbers are smaller than the one, or larger than its reciprocal, second derivatives may be too small
for few digits to show: more are tried, until there is no more than the other."""

_WORK = 400_000
"""The most steps that are computed, what is no sum or product counted as four, before the rest is left
open: some seconds."""
_LARGE = 5_000
"""Gradients of more steps are not looked at for rounding."""

TOO_MANY = "perhaps all rounding, and take too long to be looked at"
UNKNOWN = "not known"
"""Why there is none."""

BEYOND = ", as it is too large for a double"
"""Why one is inf that is none."""


class SecondSlope(NamedTuple):
    """A second derivative that was looked at.

    number: nan if there is none. how: in words why, or "". jumps: whether the gradient jumps here,
    so that the number is what the gradient does beside the point. step: on a border, -1 if none is.
    beside: whether the gradient has no value of its own here. blur: as far as it is from 0, at most, where
    values showed no slope.
    """

    number: float
    how: str = ""
    jumps: bool = False
    step: int = -1
    beside: bool = False
    blur: float = 0.0


class SecondSides:
    """The second derivatives at one point that are in doubt.

    graph: of the gradient, an output for each of `leaves`. data: the numbers of all its rows. unknown: the
    outputs that are something else, whatever the chain rule says: it has 0 for the slope of `relu(sqrt(x))`.
    whole: the graph that the gradient is of.
    """

    def __init__(
        self,
        graph: Graph,
        leaves: Sequence[int],
        data: list[float],
        unknown: Container[int] = (),
        whole: Graph | None = None,
    ) -> None:
        self._graph, self._leaves, self._data = graph, leaves, data
        self._unknown, self._whole = unknown, whole
        self._met = set(crossed(graph, met(graph, data), leaves)) if graph.outputs else set[int]()
        self._behind = set[int]()
        """What depends on what stands on a border: both branches of a choice there have a say."""
        if self._met:
            self._behind = depending(graph, self._met, graph.steps)
            self._met &= {*having_say(graph, graph.order, data, graph.outputs, self._behind)}
        small = any(0 < abs(each) < _SMALL or abs(each) > 1 / _SMALL for each in data)
        self._flat = _SMALLEST if small else _FLAT
        self._digits = CLOSE if small else DIGITS
        self._leading = cache(lambda step: frozenset(in_order([step], graph.operands)))
        self._left = _WORK

    def row(self, at: int, numbers: Sequence[float]) -> dict[int, SecondSlope]:
        """Those of the derivatives of one gradient that are in doubt, by the place of the leaf. numbers:
        what the chain rule makes of all of them."""
        row = self._alone(at)
        doubts: dict[int, int] = {
            place: -1 for place, number in enumerate(numbers) if not isfinite(number)
        }
        if not self._has_value(row):
            doubts = dict.fromkeys(range(len(numbers)), -1)
        for step in self._borders(row):
            leading = self._leading(step)
            doubts |= {place: step for place in self._places(leading) if step not in doubts}
        if len(self._graph.steps) <= _LARGE and len(row.steps) <= MOST:
            doubts = dict.fromkeys(self._rounded(row), -1) | doubts
        if not doubts:
            return {}
        levels = self._levels(row)
        return {
            place: _unseen(numbers[place], self._looked(row, levels, place, step))
            for place, step in doubts.items()
        }

    def one(self, place: int, at: int) -> SecondSlope:
        """One of them, by values whether it is in doubt or not."""
        row = self._alone(at)
        return self._looked(row, self._levels(row), place, -1)

    def _levels(self, row: Graph) -> Callable[[int], Precise]:
        """A gradient at a number of digits; the numbers on its way may be beyond doubles."""
        return cache(partial(Precise, row, self._data, most=LARGEST))

    def _alone(self, at: int) -> Graph:
        """One gradient as a graph."""
        return Graph(self._graph.columns, [self._graph.outputs[at]], self._graph.labels)

    def _borders(self, row: Graph) -> list[int]:
        """The steps on a border that have a say in a gradient."""
        if row.output not in self._behind:
            return []
        self._left -= len(row.steps) // 4
        if self._left < 0:  # all may have a say
            return [*self._met]
        say = having_say(row, row.order, self._data, (), self._behind)
        return [step for step in say if step in self._met]

    def _places(self, nodes: Container[int]) -> list[int]:
        return [place for place, leaf in enumerate(self._leaves) if leaf in nodes]

    def _rounded(self, row: Graph) -> Iterable[int]:
        """The places of leaves by which rounding, or what is too small, leaves too few digits."""
        gradients = [0.0] * len(self._data)
        gradients[row.output] = 1.0
        lost = backward(row, row.steps, self._data, gradients)
        if lost or too_small(row, self._data):
            return self._places(self._leading(row.output))
        found = doubted(row, self._data, gradients)
        vanished = {leaf for leaf in self._leaves if isnan(gradients[leaf])}  # with a slope
        return self._places({*found.gradients, *vanished} if found else vanished)

    def _looked(
        self, row: Graph, levels: Callable[[int], Precise], place: int, step: int
    ) -> SecondSlope:
        """The derivative of a gradient by one leaf, from values on both sides."""
        leaf = self._leaves[place]
        if leaf not in row:
            known = SecondSlope(0.0, step=step)
            return known if self._has_value(row) else SecondSlope(nan, UNKNOWN, beside=True)
        moving = row.moved_by(leaf)[0]
        work = sum(1 if row.op(each) in PLAIN else 4 for each in moving)
        self._left -= 4 * work if self._digits == CLOSE else work
        if self._left < 0:
            return SecondSlope(nan, TOO_MANY, step=step)
        digits = CLOSE if self._digits == CLOSE else QUICK
        if self._has_value(row):
            seen = sides(row, levels, leaf, flat=self._flat, digits=self._digits)
            if "none" in (seen.left.kind, seen.right.kind):
                near = beside(row, levels, leaf, digits)
                seen = _filled(seen, near, self._data[row.output])
            return _verdict(seen)._replace(step=step)
        seen = beside(row, levels, leaf, digits)
        found = _verdict(seen)
        own = row.output == self._graph.outputs[place]
        if found.how == UNKNOWN and self._whole and own:
            # its slope has no value beside the point either: of `sqrt((x*y)^2)` by y, where x is 0
            self._left -= 4 * work
            found = _verdict(bends(self._whole, self._data, leaf))
        return found._replace(beside=True, jumps=_leads_apart(seen))

    def _has_value(self, row: Graph) -> bool:
        """Whether a gradient has a value at the point itself."""
        return isfinite(self._data[row.output]) and row.output not in self._unknown


def _filled(seen: Sides, near: Sides, value: float) -> Sides:
    """Both sides, where one seems to have no value that farther away, with more digits, has one. value: at
    the point itself."""

    def side(here: Side, other: Side) -> Side:
        if here.kind != "none" or other.kind != "slope":
            return here
        height = abs(other.limit - value)
        return (
            other
            if height <= AGREED * abs(value) + _FLAT
            else other._replace(kind="jump", height=height)
        )

    both = side(seen.left, near.left), side(seen.right, near.right)
    return seen if both == (seen.left, seen.right) else Sides(*both)


def _unseen(number: float, found: SecondSlope) -> SecondSlope:
    """What values say, or the number of the chain rule where it is too small for them to show."""
    return found._replace(number=number) if 0 < abs(number) <= found.blur else found


def _verdict(found: Sides) -> SecondSlope:
    """What both sides say together; of the end of a domain the one that there is."""
    there = [side for side in (found.left, found.right) if side.kind != "none"]
    if not there or any(map(_is_open, there)):
        return SecondSlope(nan, UNKNOWN)
    slopes = [side.slope + 0.0 for side in there]
    low, high = min(slopes), max(slopes)
    size = max(abs(low), abs(high))
    jumps = any(side.kind == "jump" for side in there)
    blur = sum(side.error for side in there if isfinite(side.error))
    if low == high or (isfinite(size) and high - low <= max(AGREED * size, blur)):
        number = found.slope if found.slope == found.slope else slopes[-1]
        number, blur = (0.0, blur) if size <= blur else (number, 0.0)
        how = shown(number) if isinf(number) else ""
        if how and all(side.kind == "slope" for side in there):
            how += BEYOND
        return SecondSlope(number + 0.0, how, jumps, blur=blur)
    return SecondSlope(
        nan, f"{shown(slopes[0])} from the left and {shown(slopes[-1])} from the right"
    )


def _leads_apart(found: Sides) -> bool:
    """Whether a gradient without a value leads to other ones from both sides: at a corner."""
    low, high = sorted((found.left.limit, found.right.limit))
    return high - low > AGREED * max(abs(low), abs(high)) + _FLAT


def _is_open(side: Side) -> bool:
    """Whether a side says nothing: there is no slope, or no limit of the value."""
    return (
        side.kind not in ("slope", "infinite", "jump") or side.slope != side.slope
    ) or side.height == inf
