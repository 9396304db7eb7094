"""The graph in mpmath's arithmetic, and slopes from its values: exact to more digits than doubles have.

Nothing here knows a slope of the table. Numbers of the equations are the doubles they are.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from math import ceil, copysign, inf, isfinite, log2, log10
from operator import add, mul, sub
from random import Random
from types import MappingProxyType
from typing import Any

from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON, Operation
from backprop.special import context
from backprop.syntax import functions, precision
from backprop.syntax.precision import PreciseFunction
from backprop.values import ByNode, Lookup, forward

Moved = Mapping[int, Mapping[int, float]]
"""The sums that move, each with its terms that do and their factors, as `moved_by` has them."""

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
        self._left = int((_NOISE - self.digits) * log2(10))
        """Powers of two: what cancels to so much less is rounding."""
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
        cancels, left = name != "*", self._left

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
        base, mp = self._base, context(self.digits)
        change, size = mp.mpf(0), -inf
        for term, factor in sums[whole].items():
            moved = values[term] - base[term] if factor else mp.mpf(0)
            if moved:
                change += factor * moved
                size = max(size, mp.mag(factor) + mp.mag(values[term]))
        # terms that go away with one another leave their last digits
        return base[whole] if mp.mag(change) < size + self._left else base[whole] + change

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
        swallows = {
            step: random.choice((-1, 1)) * self.rounding
            for step in self.swallowing(node, steps, sums, shift)
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

    def swallowing(self, node: int, steps: Sequence[int], sums: Moved, shift: Any) -> list[int]:
        """The steps that stay where they are if an input moves, though what leads to them moves: it is lost
        in what it is added to."""
        graph, base = self._graph, self._base
        moved = ChainMap[int, Any]({node: base[node] + shift}, base)
        self._forward(steps, moved, sums)
        return [
            step
            for step in steps
            if moved[step] == base[step]
            and functions.has_slopes(graph.op(step))
            and any(moved[each] != base[each] for each in sums.get(step) or graph.operands(step))
        ]

    def adding(self, steps: Iterable[int]) -> list[int]:
        """Those of some steps that are no choices, of which one branch stays, and no products with 0."""
        rows = ((step, OPERATIONS[self._graph.op(step)]) for step in steps)
        some = (step for step, row in rows if not (row.chooses or row.corner or row.jump))
        return [step for step in some if self._base[step] != 0]

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
