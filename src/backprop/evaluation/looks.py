"""Both sides of a point: a quick look, and a close one where that leaves something open.

Doubles tell 5e-324 from 0, and 1e-300 beside 1e300 is a number of its own. At 60 digits, with steps
of 1e-20, a slope of 1e-300 is lost, and 1 - 1e-160 is 1.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from functools import cached_property
from itertools import chain
from math import copysign, isfinite, ulp

from backprop.engine.underflow import vanished
from backprop.evaluation.borders import conditions, jumps, kind, met
from backprop.evaluation.precise import Precise
from backprop.evaluation.precise_sides import CLOSE, sides
from backprop.evaluation.sides import AGREED, Side, Sides
from backprop.graph import Graph, in_order
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON
from backprop.syntax import functions, precision
from backprop.values import derivatives, forward

NOTHING = functions.TINY
"""Slopes that differ by less are the same: doubles have no digits for them."""

_WORK = 50_000
"""The most steps that are computed for quick looks, in all: about half a second."""

_CLOSE_WORK = 4_000
"""The most steps that are computed for close looks, in all; each takes longer."""

_LARGE_WORK = 1_000_000
"""The most steps for looks in doubles, at graphs that are too large for a quick one."""

_VISITED = 2_000_000
"""The most nodes that are gone through to find what leads to some: about a second. Of rows of data that tie
each may lead through all of them."""

LARGEST = 16384
"""The power of two beyond which there is no value for a close look. What doubles cannot hold may
lie between values that they can; much larger numbers would take mpmath for ever."""


class Looks:
    """The sides of the nodes of a graph at one point.

    data: what the nodes are worth. gradients: what is compared with the slopes beside them. steps:
    those that stand on a border.
    """

    def __init__(
        self, graph: Graph, data: list[float], gradients: list[float], steps: Sequence[int]
    ) -> None:
        self._graph, self._data, self._gradients = graph, data, gradients
        self._borders = [step for step in steps if any(map(graph.is_step, graph.operands(step)))]
        self._all = steps
        self._work, self._close_work, self._large_work = _WORK, _CLOSE_WORK, _LARGE_WORK
        self._visited = 0
        self._quick: dict[int, Sides | None] = {}
        self._close: dict[int, Sides | None] = {}
        self._exact: dict[int, bool] = {}
        self._lost = any(vanished(graph, step, data) for step in graph.steps)
        """Whether a value is 0 because it is too small for a double, or a border is one of rounding:
        then none is taken as it is."""

    def may(self, steps: int) -> bool:
        """Whether so many steps may still be computed at a few digits; if so, takes them off."""
        if steps > self._work:
            return False
        self._work -= steps
        return True

    @property
    def may_visit(self) -> bool:
        """Whether `below` still goes through what leads to a node."""
        return self._visited < _VISITED

    def below(self, *nodes: int) -> Sequence[int]:
        """What leads to some nodes, and these; them alone where too many have been gone through."""
        if not self.may_visit:
            return nodes
        found = in_order(nodes, self._graph.operands)
        self._visited += len(found)
        return found

    def sides(self, node: int, exact: bool, known: bool, alone: bool) -> Sides | None:
        """The output on both sides of a node, where all else are numbers; None if that takes long.

        exact: whether the border is met with any number of digits. Otherwise only a close look
        helps. known: whether more need not be known of a side without a slope. alone: whether the
        border is one that makes a difference by itself, be it a small one.
        """
        if not exact:
            return self._closely(node)
        if node not in self._quick:
            steps, _ = self._graph.moved_by(node)
            may = self.may(10 * len(steps))
            self._quick[node] = self._seen(node, steps) if may else self._in_doubles(node)
        found = self._quick[node]
        if found is None:
            return None
        both = found.left, found.right
        if any(side.kind in ("none", "unclear") for side in both):
            closer = not known
        else:
            closer = alone and self._may_differ(node, both)
        return (closer and self._closely(node)) or found

    def is_exact(self, step: int) -> bool:
        """Whether a step stands on its border with any number of digits, too, and not only as the
        values before it are rounded. True where that takes too long to find out."""
        if step not in self._exact:
            self._exact[step] = self._stands(step)
        return self._exact[step]

    def _stands(self, step: int) -> bool:
        if step not in self._known:
            return True
        base, operands = self._base, self._graph.operands(step)
        row = OPERATIONS[self._graph.op(step)]
        numbers = [base.value(each) for each in operands]
        if asked := conditions(row):
            return any(numbers[at] == 0 for at in asked)
        if kind(row) == "ties":
            apart, most = abs(numbers[0] - numbers[1]), max(map(abs, numbers[:2]))
            return bool(apart == 0 or apart < most * base.rounding)
        met = precision.compiled(row.corner or row.jump, row.operands, base.digits)
        settled = [precision.settled(each, base.digits) for each in numbers]
        return bool(met(*settled)) and not self._jumped(step)

    def otherwise(self, step: int) -> dict[int, float]:
        """What more digits make of a choice, or a jump, that rounding decides: the values that it, or
        the conditions that it looks at, have then; {} where they are as they are."""
        if self.is_exact(step):
            return {}
        self._lost = True
        return self._otherwise(step)

    @cached_property
    def unrounded(self) -> dict[int, float]:
        """The finite values that nodes have with many digits, where doubles have others; {} if that takes
        too long."""
        found = {node: float(self._whole.value(node)) for node in self._graph.order if self._whole}
        return {
            node: value
            for node, value in found.items()
            if isfinite(value) and value != self._data[node]
        }

    def _otherwise(self, step: int) -> dict[int, float]:
        row, operands = OPERATIONS[self._graph.op(step)], self._graph.operands(step)
        if asked := conditions(row):
            numbers = {operands[at]: self._base.value(operands[at]) for at in asked}
            return {
                node: copysign(ulp(0.0), number)
                for node, number in numbers.items()
                if self._data[node] == 0 != number == number
            }
        return {step: float(self._base.value(step))} if self._jumped(step) else {}

    def _jumped(self, step: int) -> bool:
        """Whether a comparison, or what jumps, is another with more digits, and not only rounded."""
        row = OPERATIONS[self._graph.op(step)]
        if row.binding != COMPARISON and not row.jump:
            return False
        return jumps(self._graph, step, self._data, self._base.value(step))

    def value(self) -> float | None:
        """The output with many digits, nan if it has none then; None if that takes too long."""
        return float(self._whole.value(self._graph.output)) if self._whole else None

    @cached_property
    def _whole(self) -> Precise | None:
        """The whole graph at many digits; None if that takes too long."""
        self._close_work -= len(self._graph.steps)
        if self._close_work < 0:
            return None
        return Precise(self._graph, self._data, CLOSE[-1], LARGEST)

    @cached_property
    def _known(self) -> set[int]:
        """The steps on borders whose operands have values of many digits; as many as may be."""
        order = in_order(self._borders, self._graph.operands)[: 2 * _CLOSE_WORK]
        return {*order}.intersection(self._borders)

    @cached_property
    def _base(self) -> Precise:
        """All that leads to these steps at many digits."""
        local = copy(self._graph)
        local.order = in_order([*self._known], self._graph.operands)
        local.steps = [node for node in local.order if self._graph.is_step(node)]
        return Precise(local, self._data, CLOSE[-1], LARGEST)

    def _closely(self, node: int) -> Sides | None:
        if node not in self._close:
            steps, _ = self._graph.moved_by(node)
            self._close_work -= 10 * len(steps)
            may = self._close_work >= 0
            self._close[node] = self._seen(node, steps, True) if may else None
        return self._close[node]

    def _seen(self, node: int, steps: Sequence[int], closely: bool = False) -> Sides:
        local = copy(self._graph)
        if not self._lost:
            operands = chain.from_iterable(map(self._graph.operands, steps))
            needed = {*steps, node, *operands, self._graph.output}
            local.order = [each for each in self._graph.order if each in needed]
            sums = self._graph.moved_by(node)[1]
            local.steps = [step for step in steps if step not in sums]
        if not closely:
            return sides(local, lambda digits: Precise(local, self._data, digits), node)
        return sides(
            local,
            lambda digits: Precise(local, self._data, digits, LARGEST),
            node,
            digits=CLOSE,
        )

    def _in_doubles(self, node: int) -> Sides | None:
        """The slopes that the chain rule gives beside a node of a large graph, as near as doubles let
        one look; None where these are not plain."""
        graph, x, above = self._graph, self._data[node], self._graph.above(node)
        output, near = graph.output, 2 * ulp(x) if x else 1e-20
        borders, found = {node, *above}.intersection(self._all), []
        self._large_work -= 4 * len(above)
        for side in (-1, 1) if self._large_work >= 0 else ():
            slopes = []
            for distance in (near, 16 * near):
                data = [*self._data]
                data[node] = x + side * distance
                forward(graph, above, data)
                slopes.append(slope := derivatives(graph, data)[node])
                jump = abs(data[output] - self._data[output])
                most = 2 * abs(slope) * distance + 1e-12 * abs(data[output])
                if not jump <= most or not borders.isdisjoint(met(graph, data)):
                    return None
            close, wide = slopes
            if not abs(wide - close) <= AGREED * abs(close):
                return None
            found.append(Side("slope", close - (wide - close) / 15, abs(wide - close) / 15))
        return Sides(found[0], found[1]) if found else None

    def _may_differ(self, node: int, both: Iterable[Side]) -> bool:
        """Whether a quick look shows no slope that is not the gradient, but may have lost one."""
        gradient, lost = self._gradients[node], False
        for side in both:
            if not isfinite(side.slope) or not isfinite(gradient):
                return False
            same = max(AGREED * max(abs(gradient), abs(side.slope)), NOTHING)
            if abs(side.slope - gradient) > same + side.error:
                return False
            lost |= side.error > same
        return lost
