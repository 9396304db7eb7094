"""Derivatives in equations at corners that are none: |x|² has one only by the steps that compute it.

The steps of its derivative, 2·|x|·sign(x), stand on a border at 0, and their slopes are those of one side of
it, or of neither. Where values on both sides agree, the slope is theirs, as for `hessian`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import cache, partial
from math import isfinite
from typing import TypeAlias

from backprop.evaluation.precise import PLAIN, Precise
from backprop.evaluation.precise_sides import sides
from backprop.evaluation.sides import AGREED
from backprop.graph import Columns, Graph, in_order
from backprop.values import ByNode, having_say

Settled: TypeAlias = Callable[[Graph, ByNode, ByNode], Container[int] | None]

_FLAT = 1e-15
"""Where values show no slope at all, what it may be all the same."""


class SmoothCorners:
    """Derivatives in equations that stand on borders at a point.

    rows: those of them that depend on a step on a border; borders: these steps. data: the numbers of all
    rows. settled: what `grad` finds of a graph. work: the most steps that are computed to look at values,
    what is no sum or product counted as four.
    """

    def __init__(
        self,
        columns: Columns,
        rows: Container[int],
        borders: Container[int],
        data: list[float],
        settled: Settled,
        work: int,
    ) -> None:
        self._columns, self._rows, self._borders = columns, rows, borders
        self._data, self.settled = data, settled
        self.left = work
        self._smooth = set[int]()
        """Those of the rows of which both sides say the same by all that leads to a border."""

    def outside(self, of: int) -> set[int]:
        """What leads to a row by another way than through a derivative that is smooth here."""
        operands = self._columns.operands
        return {*in_order([of], lambda node: () if node in self._smooth else operands(node))}

    def more(
        self, of: int, wanted: Container[int], held: frozenset[int] = frozenset()
    ) -> dict[int, float]:
        """How much more the slopes of a row by wanted nodes are than the chain rule says, where they are.
        held: the steps that do not move."""
        found = dict[int, float]()
        for row, flow in self._flows(of, held):
            for node, apart in self._apart(row, wanted, held):
                found[node] = found.get(node, 0.0) + flow * apart
        return found

    def _flows(self, of: int, held: frozenset[int]) -> list[tuple[int, float]]:
        """The derivatives in equations to which a row comes first, and its slopes by them."""
        rows, columns = self._rows, self._columns
        if of in rows:
            return [(of, 1.0)]

        def outside(node: int) -> tuple[int, ...]:
            return () if node in rows or node in held else columns.operands(node)

        rest = Graph(columns, [of])
        rest.order, rest.operands = in_order([of], outside), outside
        rest.steps = [node for node in rest.order if outside(node)]
        first = [node for node in rest.order if node in rows]
        if not first:
            return []
        gradients = dict.fromkeys(rest.order, 0.0)
        self.settled(rest, self._data, gradients)
        return [(row, flow) for row in first if isfinite(flow := gradients[row]) and flow]

    def _apart(
        self, row: int, wanted: Container[int], held: frozenset[int]
    ) -> Iterator[tuple[int, float]]:
        """The wanted nodes by which the slope of a derivative is another than the chain rule says, and how
        much more."""
        data, own = self._data, Graph(self._columns, [row]).holding(held)
        met = [step for step in having_say(own, own.order, data) if step in self._borders]
        leading = [node for node in in_order(met, own.operands) if node in wanted and node != row]
        if not leading:
            self._smooth.add(row)
            return
        smooth = True
        gradients = dict.fromkeys(own.order, 0.0)
        undecided = self.settled(own, data, gradients) or ()
        levels = cache(partial(Precise, own, data))
        self.left -= len(own.steps)
        for node in leading:
            slope = gradients[node]
            self.left -= sum(1 if own.op(each) in PLAIN else 4 for each in own.moved_by(node)[0])
            if self.left < 0:
                return
            if node in undecided or not isfinite(slope):
                smooth = False
                continue
            seen = sides(own, levels, node, AGREED / 10, flat=_FLAT)
            left, right = seen.left, seen.right
            if left.kind == right.kind == "slope" and isfinite(seen.slope):
                blur = left.error + right.error
                agree = abs(left.slope - right.slope) <= max(AGREED * abs(seen.slope), blur)
                smooth &= agree
                if agree and abs(seen.slope - slope) > max(AGREED * abs(slope), blur):
                    yield node, seen.slope - slope
            else:
                smooth = False
        if smooth:
            self._smooth.add(row)
