"""How an output bends at a point, from its values at many digits: second differences on both sides."""

from collections.abc import Sequence
from math import inf
from typing import Any

from backprop.evaluation.precise import Precise
from backprop.evaluation.precise_sides import QUICK
from backprop.evaluation.sides import AGREED, Side, Sides
from backprop.graph import Graph
from backprop.special import context
from backprop.values import ByNode

_MORE = 4
"""How many times the digits of a distance numbers have: what moves with its fourth power is there."""

_JUMP = 19
"""Tenths of the power of the distance with which second differences of a jump grow, which is 2."""


def bends(graph: Graph, data: ByNode, leaf: int) -> Sides:
    """The second derivative of the output by an input on both sides of where that stands, as slopes. data:
    the numbers of the inputs, and about what the steps are worth."""
    steps = graph.above(leaf)
    wide, close = (
        _Bends(Precise(graph, data, _MORE * digits), graph.output, leaf, steps, digits)
        for digits in QUICK
    )
    return Sides(_side(wide, close, -1), _side(wide, close, 1))


class _Bends:
    """The second differences at one precision; blur: what rounding can do to them. near: digits, a third of
    which is how far away they are."""

    def __init__(
        self, precise: Precise, output: int, leaf: int, steps: Sequence[int], near: int
    ) -> None:
        mp, here = context(precise.digits), precise.value(output)
        size = abs(precise.value(leaf)) or mp.mpf(1)
        self.step = min(size, mp.mpf(1)) * mp.mpf(10) ** (-(near // 3))
        self.bend, largest = dict[int, Any](), abs(here)
        for side in (-1, 1):
            near, far = (
                precise.at(leaf, steps, {}, side * times * self.step)[0] for times in (1, 2)
            )
            self.bend[side] = (here - 2 * near + far) / self.step**2
            largest = max(largest, abs(near), abs(far))
        self.blur = precise.rounding * largest / self.step**2


def _side(wide: _Bends, close: _Bends, side: int) -> Side:
    was, now = wide.bend[side], close.bend[side]
    if now != now or was != was:
        return Side("none" if now != now else "unclear")
    if abs(now) * 5 > abs(was) * 6 and abs(now) > close.blur:
        jump = abs(was) * (wide.step / close.step) ** (_JUMP / 10)
        return Side("unclear") if abs(now) > jump else Side("infinite", inf if now > 0 else -inf)
    if abs(now) <= abs(was) * 1e-5 or abs(now) <= close.blur:  # it falls to 0
        return Side("slope", 0.0, float(close.blur))
    if abs(now - was) > abs(now) * AGREED + close.blur:
        return Side("unclear")
    return Side("slope", float(now), float(abs(now - was) + close.blur))
