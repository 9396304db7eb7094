"""Whether what is found on both sides of a point is so in all directions around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product
from math import isnan
from random import Random
from typing import Any

import numpy

from backprop.evaluation.borders import crossed, met
from backprop.evaluation.precise import Precise
from backprop.evaluation.precise_sides import QUICK
from backprop.evaluation.second_derivatives import SecondDerivatives, points_around
from backprop.evaluation.second_digits import Both
from backprop.evaluation.second_sides import SecondSides
from backprop.evaluation.shaken import changed
from backprop.graph import Graph, in_order
from backprop.values import ByNode, forward

SAME = 1e-3
"""How far second derivatives around a border may be apart, relative: they are those of points at a
distance."""

_FAR, _NEARER = 1e-3, 2.0**-10
"""How far, relative, the first of some points in one direction is, and how much nearer the next: what moves
from there as far as from the first is a jump."""

_TENDS = 0.25
"""What comes so much nearer to a number within that distance, or more, tends to it: y^0.1 does."""

_MANY, _FEW = 64, 8
"""In how many directions jumps are looked for, and of large graphs at least."""

_WORK = 2_000_000
"""So many steps are computed for that: seconds."""

_EXACTLY, _PART = 20_000, 1e-4
"""Of more steps jumps are not looked at with more digits, and are at least such a part of a gradient."""

_ASKED, _ROUNDED = 100, 1e-13
"""So often more digits are asked; what doubles say of smaller parts is rounding."""


class SecondAround:
    """The tables at a few points around one, in no direction of note."""

    def __init__(self, second: SecondDerivatives, x: list[float]) -> None:
        self._second, self._x = second, x
        self._looks = dict[int, SecondSides]()
        self._shaken = dict[int, Any]()

    @cached_property
    def _near(self) -> list[tuple[list[float], Any]]:
        """The numbers of all rows of the gradient, and the table, at each of the points."""
        second = self._second
        known = [second.data(near) for near in points_around(self._x)]
        return [(data, second.table(data)) for data in known]

    def agree(self, place: Both, number: float, everywhere: bool = False) -> bool:
        """Whether all points say so, and with `everywhere` none says nothing, as beyond the end of a domain.
        What doubles say otherwise is asked at 60 digits: of `sin(x)/x` near 0 they have none left."""
        if len(self._x) == 1 and not everywhere:  # both sides agree, and there is no other
            return True
        for at, (_, table) in enumerate(self._near):
            there = float(table[place])
            if _same(there, number) or (isnan(there) and not everywhere):
                continue
            if self._is_sure(at, place) or not _same(self._exact(at, place), number):
                return False
        return True

    def tend(self, place: Both, number: float) -> bool:
        """As `agree`, or whether they say so the more the nearer they are: the root of y does slowly at 0."""
        if self.agree(place, number):
            return True
        leaves = self._second.leaves
        for data, table in self._near:
            off = abs(float(table[place]) - number)
            if _same(off, 0.0) or isnan(off):
                continue
            near = [
                x + (data[leaf] - x) * _NEARER**2 for x, leaf in zip(self._x, leaves, strict=True)
            ]
            nearer = float(self._second.table(self._second.data(near))[place])
            if not abs(nearer - number) <= off * _TENDS:
                return False
        return True

    def _is_sure(self, at: int, place: Both) -> bool:
        """Whether what doubles say does not move when everything is changed a little, and they stand on no
        border there: by rounding alone exp(x) is x + 1 close to 0."""
        data, table = self._near[at]
        if met(self._second.graph, data):
            return False
        if at not in self._shaken:
            again = list(changed(self._second.graph, data, 0)[1])
            self._shaken[at] = self._second.table(again)
        return _same(float(self._shaken[at][place]), float(table[place]))

    def _exact(self, at: int, place: Both) -> float:
        data = self._near[at][0]
        if at not in self._looks:
            self._looks[at] = SecondSides(self._second.graph, self._second.leaves, data)
        return self._looks[at].one(*place).number


def _same(there: float, number: float) -> bool:
    return abs(there - number) <= SAME * (1 + abs(number))


class MovedTogether:
    """What jumps where several inputs move at once, and by no single one of them: also where one crosses a
    border that another one's slope depends on, as in `c^2*if(m > 0, -1, 2)` at 0.

    second: of a gradient, at the numbers `x` of its inputs. table: its derivatives there. data: the
    numbers of all rows of the graph that the gradient is of. places: of the inputs that lead to the
    borders that meet here.
    """

    def __init__(
        self, second: SecondDerivatives, x: Sequence[float], table: Any, data: ByNode
    ) -> None:
        self._second, self._x, self._table, self._here = second, x, table, data
        border = crossed(second.whole, met(second.whole, data), second.leaves)
        leading = set(in_order(border, second.whole.operands)) if border else set[int]()
        self.places = [at for at, leaf in enumerate(second.leaves) if leaf in leading]
        self._left = _ASKED

    def jumps(self) -> str:
        """What jumps, `output`, `gradient` or `curvature`, or empty for nothing: points in no direction of
        note tell, on all sides of the borders that meet here, as far as there are not too many."""
        if not self.places or len(self._x) < 2:  # one alone is looked at on both sides
            return ""
        second = self._second
        here, still = second.data(self._x), [0.0] * 3
        for way in self._ways():
            points = [
                [x + _NEARER**nearer * d for x, d in zip(self._x, way, strict=True)]
                for nearer in range(3)
            ]
            values = [*map(self._values, points)]
            output = second.whole.output
            if self._order(second.whole, output, self._here, values, still, most=0) == 0:
                return "output"
            data = [*map(second.data, points)]
            moves = [[b - a for a, b in zip(self._x, point, strict=True)] for point in points]
            with numpy.errstate(all="ignore"):  # of x^1.5 at 0 one is infinite
                bends = (self._table @ [*zip(*moves, strict=True)]).tolist()
            for place, node in enumerate(second.graph.outputs):
                order = self._order(second.graph, node, here, data, bends[place])
                if order is not None:
                    return ("gradient", "curvature")[order]
        return ""

    def _ways(self) -> Iterator[list[float]]:
        """Directions on all sides of the borders, each as far as its first point."""
        steps = len(self._second.graph.steps) + 1
        count = max(_FEW, min(_MANY, _WORK // steps))
        random, reaches = Random(0), [_FAR * (abs(each) or 1.0) for each in self._x]
        signs = [*product((1, -1), repeat=min(len(self.places), 6))]
        random.shuffle(signs)
        for at in range(count):
            same = at < count // 4  # as far as one another: equalities stay so
            way = [
                random.choice((1, -1)) * (0.75 if same else random.uniform(0.5, 1)) * size
                for size in reaches
            ]
            for place, sign in zip(self.places, signs[at % len(signs)], strict=False):
                way[place] = sign * abs(way[place])
            yield way

    def _values(self, x: Sequence[float]) -> list[float]:
        """The numbers of all rows of the graph that the gradient is of."""
        whole, data = self._second.whole, list(self._here)
        for leaf, number in zip(self._second.leaves, x, strict=True):
            data[leaf] = number
        forward(whole, whole.steps, data)
        return data

    def _order(
        self,
        graph: Graph,
        node: int,
        here: ByNode,
        points: Sequence[ByNode],
        bends: Sequence[float],
        most: int = 1,
    ) -> int | None:
        """Whether a node jumps (0) or its slope does (1): what is near is off by as much as what is far, or
        by as much of the way there, beyond the `bends` that second derivatives say. most: the last that
        is asked for. Where doubles say so they may be all rounding, and more digits are asked, nearer yet."""
        far, near, _ = (
            abs(point[node] - here[node] - bend) for point, bend in zip(points, bends, strict=True)
        )
        size = max(map(abs, bends)) * _NEARER
        least = SAME * size + _ROUNDED * max(abs(here[each]) for each in graph.outputs)
        if not near > max(least, far * _NEARER**most / 2):  # nor where there is no value
            return None
        if len(graph.steps) > _EXACTLY:
            return 0 if near > _PART * max(abs(here[each]) for each in graph.outputs) else None
        self._left -= 1
        if self._left < 0:
            return None
        alone = Graph(graph.columns, [node], graph.labels)
        at, far, near = (
            Precise(alone, each, QUICK[0]).value(node) for each in (here, points[0], points[2])
        )
        far, near = abs(far - at - bends[0]), abs(near - at - bends[2])
        if not near > SAME * size * _NEARER + 10.0 ** (-QUICK[0] // 2) * abs(at):
            return None
        orders = [order for order in range(most + 1) if near > far * _NEARER ** (2 * order) / 2]
        return orders[0] if orders else None
