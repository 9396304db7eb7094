"""What an output does on both sides of where an input stands, from its values at ever more digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from math import inf
from typing import Any

from backprop.evaluation.precise import Moved, Precise
from backprop.evaluation.sides import AGREED, Side, Sides, on_bound
from backprop.graph import Graph
from backprop.special import context

DIGITS = (60, 120, 240, 480, 960)
"""Working digits behind the decimal point, more or less: more, until two in a row tell the same."""

QUICK, CLOSE = (60, 120), (960, 1200)
"""For one look, and for one that tells steps of 1e-320 apart from 0 and from each other."""

_MORE = {QUICK: (4, 16), CLOSE: (2, 4)}
"""How many times the digits of which a distance takes a third numbers beside a point have, where these are
all that is known: what moves with the distance's fourth power is there beside 1; and how many, where a
step swallows it all the same."""


def sides(
    graph: Graph,
    levels: Callable[[int], Precise],
    node: int,
    least: float = 1e-15,
    digits: Sequence[int] = DIGITS,
    flat: float = inf,
    only: int = 0,
) -> Sides:
    """What the output does where the input `node` stands, computed with ever more digits until it is plain.

    levels: the graph at a number of digits, made once for all inputs. least: the relative error
    that a slope may have; flat: the error of one that is 0 as far as the digits go. digits: those
    numbers of digits. only: the one side that counts, -1 or 1, if not both do.
    """
    moves = graph.moved_by(node)
    looks = (_Look(levels(each), graph.output, node, *moves) for each in digits)
    steep, kept = set[int](), Sides(Side("unclear"), Side("unclear"))
    for wide, close in chain(pairwise(looks), _nearer(graph, levels, node, moves, digits)):
        if only:
            inner = _side(wide, close, only, least, flat)
            found = on_bound(inner, only)
            kinds = {only: inner.kind}
        else:
            left, right = (_side(wide, close, side, least, flat) for side in (-1, 1))
            found, kinds = Sides(left, right), {-1: left.kind, 1: right.kind}
            if left.kind == right.kind == "slope":
                slope, error = _limit(wide.central, close.central)
                flats = (side.error for side in (left, right) if side.slope == 0)
                most = max(float(error + close.blur), *flats, 0.0)
                return Sides(left, right, float(slope), most)
        if "unclear" in kinds.values():
            continue
        infinite = {side for side, kind in kinds.items() if kind == "infinite"}
        if infinite <= steep:
            return found
        steep, kept = infinite, found  # or the wide look was too far away: nearer ones tell
    return kept


def _nearer(
    graph: Graph,
    levels: Callable[[int], Precise],
    node: int,
    moves: tuple[Sequence[int], Moved],
    digits: Sequence[int],
) -> Iterator[tuple[_Look, _Look]]:
    """Two looks from far enough away for what moves with a high power of the distance, if all digits are
    tried."""
    if digits is DIGITS:
        _, more = _MORE[QUICK]
        wide, close = (_Look(levels(more * n), graph.output, node, *moves, n) for n in QUICK)
        yield wide, close


def beside(
    graph: Graph, levels: Callable[[int], Precise], node: int, digits: tuple[int, int] = QUICK
) -> Sides:
    """What the slope of the output leads to from both sides of where the input `node` stands, and where
    the output itself may have no value. levels: as for `sides`. digits: of two looks."""
    steps = graph.above(node)  # whole: what has no value at the point itself has no share of a sum
    for more in _MORE[digits]:
        wide, close = (
            _Look(levels(more * each), graph.output, node, steps, {}, each) for each in digits
        )
        if not close.swallows():
            break
    return Sides(_side_beside(wide, close, -1), _side_beside(wide, close, 1))


def _side_beside(wide: _Look, close: _Look, side: int) -> Side:
    """One side, from values beside the point alone."""
    if side in wide.turned or side in close.turned:
        return Side("unclear")
    if any(each != each for look in (wide, close) for each in look.beside[side]):
        return Side("none" if close.beside[side][0] != close.beside[side][0] else "unclear")
    was, now = wide.slope_beside(side), close.slope_beside(side)
    if abs(now) * 5 > abs(was) * 6 and abs(now) > close.blur:
        return Side("infinite", inf if now > 0 else -inf, 0.0)
    slope, error = _limit(was, now)
    if error > abs(slope) * AGREED + close.blur:
        return Side("unclear")
    limit, _ = _limit(wide.beside[side][0], close.beside[side][0])
    return Side("slope", float(slope), float(error + close.blur), limit=float(limit))


class _Look:
    """The output beside one point, on both sides, at one precision.

    at: its value there. rounding: what that can do to a value; blur: to a slope. turned: the sides on
    which something jumps between the two values, so that they tell no slope. near: digits of which the
    distance takes a third, if not those of the numbers.
    """

    def __init__(
        self,
        precise: Precise,
        output: int,
        node: int,
        steps: Sequence[int],
        sums: Moved,
        near: int = 0,
    ) -> None:
        self._precise, self._moves = precise, (node, steps, sums)
        mp = context(precise.digits)
        size = abs(precise.value(node)) or mp.mpf(1)
        # A third of the digits for the step: its square is the error of a central difference, and
        # as many are left against rounding.
        self.step = min(size, mp.mpf(1)) * mp.mpf(10) ** (-((near or precise.fine) // 3))
        self.at = precise.value(output)
        jumping = precise.jumping(steps)
        self.beside, self.turned = dict[int, list[Any]](), set[int]()
        for side in (-1, 1):
            one, two = (
                precise.at(*self._moves, side * times * self.step, jumping) for times in (1, 2)
            )
            self.beside[side] = [one[0], two[0]]
            if one[1] != two[1]:
                self.turned.add(side)
        self.central = (self.beside[1][0] - self.beside[-1][0]) / (2 * self.step)
        known = [abs(each) for pair in self.beside.values() for each in pair if each == each]
        self.rounding = precise.rounding * max(known, default=mp.mpf(0))
        self.blur = self.rounding / self.step

    def swallows(self) -> bool:
        """Whether some step stays where it is though what is added to it moves."""
        precise, moves = self._precise, self._moves
        found = (precise.swallowing(*moves, side * self.step) for side in (-1, 1))
        return any(map(precise.adding, found))

    def hidden(self, side: int) -> float:
        """The slope that the output may have where it seems to have none: what moves can be lost in
        what it is added to."""
        unseen = self._precise.unseen(*self._moves, side * self.step)
        return float(max(self.blur, unseen / self.step))

    def slope(self, side: int) -> Any:
        """By the value here and two beside it: the error is of the second order."""
        first, second = self.beside[side]
        return side * (4 * first - 3 * self.at - second) / (2 * self.step)

    def slope_beside(self, side: int) -> Any:
        first, second = self.beside[side]
        return side * (second - first) / self.step


def _side(wide: _Look, close: _Look, side: int, least: float, flat: float) -> Side:
    """One side, from a look with a wide step and one with a close step."""
    if close.at != close.at:  # a value that only doubles have
        return Side("none")
    if side in wide.turned or side in close.turned:
        return Side("unclear")
    if any(each != each for look in (wide, close) for each in look.beside[side]):
        missing = close.beside[side][0] != close.beside[side][0]
        return Side("none" if missing else "unclear")
    was, now = (look.beside[side][0] - look.at for look in (wide, close))
    if abs(now) <= close.rounding:
        if abs(was) <= wide.rounding:
            hidden = close.hidden(side)
            return Side("slope", 0.0, hidden) if hidden <= flat else Side("unclear")
    elif abs(was) <= wide.rounding:
        return Side("unclear")
    elif abs(now - was) < abs(was) / 1000:
        slope, error = _limit(wide.slope_beside(side), close.slope_beside(side))
        limit, _ = _limit(wide.beside[side][0], close.beside[side][0])
        return Side("jump", float(slope), float(error + close.blur), float(abs(now)), float(limit))
    if abs(now) * 5 > abs(was) * 6:  # 1/h, and as slowly as log(h): by a fifth in any two looks
        return Side("jump", height=inf)
    if 10 * abs(now) < abs(was) and abs(now) * wide.step > 100 * abs(was) * close.step:
        return Side("infinite", inf if now * side > 0 else -inf, 0.0)
    slope, error = _limit(wide.slope(side), close.slope(side))
    if error > max(abs(slope) * least, close.blur):
        return Side("unclear")
    return Side("slope", float(slope), float(error + close.blur))


def _limit(wide: Any, close: Any) -> tuple[Any, Any]:
    """The limit of two values, the second nearer to it, and the estimate of its error. What falls
    by more than a factor of 10^5 falls to 0."""
    if abs(close) <= abs(wide) * 1e-5:
        return 0 * close, 0 * close
    return close, abs(close - wide)
