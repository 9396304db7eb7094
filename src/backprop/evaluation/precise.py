"""The graph in mpmath's arithmetic, and slopes from its values: exact to more digits than doubles have.

Nothing here knows a slope of the table. Numbers of the equations are the doubles they are.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from itertools import pairwise
from math import ceil, copysign, inf, isfinite, log2, log10
from operator import add, mul, sub
from random import Random
from types import MappingProxyType
from typing import Any

from backprop.evaluation.sides import AGREED, Side, Sides, on_bound
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON, Operation
from backprop.special import context
from backprop.syntax import functions, precision
from backprop.syntax.precision import PreciseFunction
from backprop.values import ByNode, Lookup, forward

Moved = Mapping[int, Mapping[int, float]]
"""The sums that move, each with its terms that do and their factors, as `moved_by` has them."""

DIGITS = (60, 120, 240, 480, 960)
"""Working digits behind the decimal point, more or less: more, until two in a row tell the same."""

QUICK, CLOSE = (60, 120), (960, 1200)
"""For one look, and for one that tells steps of 1e-320 apart from 0 and from each other."""

_NOISE = 15
"""So many of the last digits are rounding's: numbers that differ in them alone are equal."""

PLAIN = {"+": add, "-": sub, "*": mul}
"""Operations that take the least time."""


class Precise:
    """The values of one graph at a number of digits, and its output as a function of an input.

    data: the numbers of its inputs, and about what the steps are worth. most: the power of two
    beyond which there is no value. decided: steps that are worth what `data` says, whatever they compute.
    """

    def __init__(
        self,
        graph: Graph,
        data: ByNode,
        digits: int,
        most: int = precision.BEYOND,
        decided: Collection[int] = (),
    ) -> None:
        self.fine, self._most = digits, most
        # Large numbers need their digits before the point as well, or a small step is lost in them.
        sizes = [abs(data[node]) for node in graph.order]
        largest = max(filter(isfinite, sizes), default=1.0)
        self.digits = digits + 20 * ceil(log10(max(largest, 1.0)) / 20)
        self._graph = graph
        self._values = Lookup(self._step)
        mp = context(self.digits)
        self._base: dict[int, Any] = {node: mp.mpf(data[node]) for node in graph.order}
        self._data = data
        self._angles = {step for step in graph.steps if has_signed_zero(graph, step, data)}
        for step in graph.steps if decided else ():
            self._forward([step], self._base)
            if step in decided:
                self._base[step] = mp.mpf(data[step])
        if not decided:
            self._forward(graph.steps, self._base)

    def _forward(
        self,
        steps: Sequence[int],
        values: MutableMapping[int, Any],
        sums: Moved = MappingProxyType({}),
    ) -> None:
        """Set the values of some steps, operands first. sums: as of `moved_by`."""
        graph = self._graph
        if not self._angles and sums.keys().isdisjoint(steps):
            forward(graph, steps, values, self._values)
            return
        for step in steps:
            if step in sums:
                values[step] = self._sum(step, values, sums)
                continue
            forward(graph, [step], values, self._values)
            if step in self._angles and values[graph.operands(step)[0]] == 0:
                values[step] = angle(graph, step, self._data, values, self.digits)

    def _step(self, name: str) -> PreciseFunction:
        """The value of an operation; nan where an operand that has a say is."""
        if name in PLAIN:
            return self._plain(name)
        row, value = OPERATIONS[name], precision.value(name, self.digits, self._most)
        says = row.says
        if row.binding == COMPARISON or (row.arity == 1 and row.domain):
            value = self._without_noise(row, value)

        def step(*operands: Any) -> Any:
            asked = operands if says is None else [operands[at] for at in says(*operands)]
            missing = next((each for each in asked if each != each), None)
            return value(*operands) if missing is None else missing

        return step

    def _plain(self, name: str) -> PreciseFunction:
        """A sum, a difference or a product, which most steps are; nan goes through by itself. A sum
        of which only the last digits are left is 0."""
        mp, compute, most = context(self.digits), PLAIN[name], self._most
        mag, nothing, nan = mp.mag, mp.mpf(0), mp.nan
        cancels, left = name != "*", int((_NOISE - self.digits) * log2(10))

        def plain(x: Any, y: Any) -> Any:
            found = compute(x, y)
            size = mag(found)
            if size > most:
                return nan
            return nothing if cancels and size < mag(x) + left else found

        return plain

    def _without_noise(self, row: Operation, value: PreciseFunction) -> PreciseFunction:
        """The value of an operation to which the last digits of its operands make no difference:
        they lead across no end of a domain and no zero."""
        mp = context(self.digits)
        noise = mp.mpf(10) ** (_NOISE - self.digits)
        if row.arity == 1:

            def at_whole(x: Any) -> Any:
                near = mp.nint(x) if mp.isfinite(x) else x
                return value(near if x != near and abs(x - near) <= noise * abs(near) else x)

            return at_whole
        return lambda x, y: value(x, x if abs(x - y) <= noise * abs(x) else y)

    def value(self, node: int) -> Any:
        """The value of a node; nan if it has none."""
        return self._base[node]

    def output(self, numbers: Mapping[int, Any]) -> Any:
        """The output where inputs have these numbers."""
        moved = ChainMap[int, Any]({**numbers}, self._base)
        self._forward(self._graph.steps, moved)
        return moved[self._graph.output]

    @property
    def rounding(self) -> Any:
        """How far apart two values may be, relative to them, by rounding alone."""
        return context(self.digits).mpf(10) ** (20 - self.digits)

    def _sum(self, whole: int, values: Mapping[int, Any], sums: Moved) -> Any:
        """The value of a sum where its terms that moved have these values; of another node its own."""
        if whole not in sums:
            return values[whole]
        base, found = self._base, self._base[whole]
        for term, factor in sums[whole].items():
            found += factor * (values[term] - base[term])
        return found

    def jumping(self, steps: Iterable[int]) -> list[int]:
        """Those of some steps whose graphs are in pieces: there may be many in a small distance."""
        op = self._graph.op
        return [
            step
            for step in steps
            if not functions.has_slopes(op(step)) or _is_remainder(OPERATIONS[op(step)])
        ]

    def unseen(self, node: int, steps: Sequence[int], sums: Moved, shift: Any) -> Any:
        """How far the output may move with an input, at most, and yet stay where it is: where a step
        swallows what moves before it, its rounding is let through. What jumps stays."""
        graph, base, random = self._graph, self._base, Random(0)
        moved = ChainMap[int, Any]({node: base[node] + shift}, base)
        self._forward(steps, moved, sums)
        swallows = {
            step: random.choice((-1, 1)) * self.rounding
            for step in steps
            if moved[step] == base[step]
            and functions.has_slopes(graph.op(step))
            and any(moved[each] != base[each] for each in sums.get(step) or graph.operands(step))
        }
        changes = []
        for sign in (-1, 1) if swallows else ():
            shaken = ChainMap[int, Any]({}, base)
            for step in steps:
                self._forward([step], shaken, sums)
                shaken[step] *= 1 + sign * swallows.get(step, 0)
            changes.append(abs(self._sum(graph.output, shaken, sums) - base[graph.output]))
        # one of the ways may lead out of the domain: what stands on its end does not go there
        there = [change for change in changes if change == change]
        return max(there, default=inf if changes else 0 * shift)

    def at(
        self, node: int, steps: Sequence[int], sums: Moved, shift: Any, jumping: Sequence[int] = ()
    ) -> tuple[Any, list[Any]]:
        """The output where one input is moved by `shift`, and on which of their pieces some steps then are.
        steps, sums: what moves with it. jumping: those steps, of `steps`."""
        moved = ChainMap[int, Any]({node: self._base[node] + shift}, self._base)
        self._forward(steps, moved, sums)
        return self._sum(self._graph.output, moved, sums), [
            self._piece(step, moved) for step in jumping
        ]

    def _piece(self, step: int, values: Mapping[int, Any]) -> Any:
        """The number of the piece of a step that jumps: its value, or how often a remainder was taken off;
        None where it has none: two nan would be two pieces."""
        if values[step] != values[step]:
            return None
        if not _is_remainder(OPERATIONS[self._graph.op(step)]):
            return values[step]
        x, y = (values[each] for each in self._graph.operands(step))
        return context(self.digits).nint((x - values[step]) / y)


def _is_remainder(row: Operation) -> bool:
    return row.unrounded and bool(row.jump)


def has_signed_zero(graph: Graph, step: int, data: ByNode) -> bool:
    """Whether the sign of a 0 decides the value of a step: mpmath's 0 has none."""
    return bool(OPERATIONS[graph.op(step)].angle) and data[graph.operands(step)[0]] == 0


def angle(graph: Graph, step: int, data: ByNode, values: Mapping[int, Any], digits: int) -> Any:
    """The value of such a step whose first operand is 0 in mpmath, too. data: the doubles."""
    row, (first, *others) = OPERATIONS[graph.op(step)], graph.operands(step)
    value = precision.compiled(row.angle, row.operands, digits)
    signed = [copysign(1.0, data[first]), *(values[x] or copysign(1.0, data[x]) for x in others)]
    return value(*signed)


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
    for wide, close in pairwise(looks):
        if only:
            inner = _side(wide, close, only, least, flat)
            if inner.kind != "unclear":
                return on_bound(inner, only)
            continue
        left, right = (_side(wide, close, side, least, flat) for side in (-1, 1))
        if left.kind == right.kind == "slope":
            slope, error = _limit(wide.central, close.central)
            flats = (side.error for side in (left, right) if side.slope == 0)
            return Sides(left, right, float(slope), max(float(error + close.blur), *flats, 0.0))
        if "unclear" not in (left.kind, right.kind):
            return Sides(left, right)
    return Sides(Side("unclear"), Side("unclear"))


def beside(
    graph: Graph, levels: Callable[[int], Precise], node: int, digits: tuple[int, int] = QUICK
) -> Sides:
    """What the slope of the output leads to from both sides of where the input `node` stands, and where
    the output itself may have no value. levels: as for `sides`. digits: of two looks."""
    steps = graph.above(node)  # whole: what has no value at the point itself has no share of a sum
    wide, close = (_Look(levels(each), graph.output, node, steps, {}) for each in digits)
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
    which something jumps between the two values, so that they tell no slope.
    """

    def __init__(
        self,
        precise: Precise,
        output: int,
        node: int,
        steps: Sequence[int],
        sums: Moved,
    ) -> None:
        self._precise, self._moves = precise, (node, steps, sums)
        mp = context(precise.digits)
        size = abs(precise.value(node)) or mp.mpf(1)
        # A third of the digits for the step: its square is the error of a central difference, and
        # as many are left against rounding.
        self.step = min(size, mp.mpf(1)) * mp.mpf(10) ** (-(precise.fine // 3))
        self.at = precise.value(output)
        jumping = precise.jumping(steps)
        self.beside, self.turned = dict[int, list[Any]](), set[int]()
        for side in (-1, 1):
            near, far = (
                precise.at(*self._moves, side * times * self.step, jumping) for times in (1, 2)
            )
            self.beside[side] = [near[0], far[0]]
            if near[1] != far[1]:
                self.turned.add(side)
        self.central = (self.beside[1][0] - self.beside[-1][0]) / (2 * self.step)
        known = [abs(each) for pair in self.beside.values() for each in pair if each == each]
        self.rounding = precise.rounding * max(known, default=mp.mpf(0))
        self.blur = self.rounding / self.step

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
