"""Creases: where a step of an output has a corner, and the output on some of them as a smooth one.

Whatever has corners is smooth on the points at which the same ones meet, and near these the corners are all
that it changes by: the output and the equations of its creases are what the Lagrangian is made of, of which a
minimum at corners is a stationary point (Lemaréchal, Oustry, Sagastizábal: The U-Lagrangian of a convex
function, Trans. AMS 352, 2000; Griewank, Walther: First- and second-order optimality conditions for piecewise
smooth objective functions, Optimization Methods and Software 31, 2016).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from math import inf, isfinite, isinf
from typing import Any, NamedTuple

import numpy

from backprop.descent.objective import GraphObjective
from backprop.descent.squares import squared
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.graph import Graph, depending
from backprop.operations import EQUALITIES, OPERATIONS
from backprop.row import COMPARISON, Operation, is_truth
from backprop.syntax import functions
from backprop.values import ByNode, Lookup, backward, forward, tangents

_EDGES = 0.0, 1.0, -1.0
"""Numbers at which slopes of the table are infinite."""

_CALL = 50
"""Going through a graph takes as long as so many of its steps besides."""

_SLOPES = Lookup(functions.slopes)

_EQUAL = re.compile(r"(\w+) == (\w+)")


class Equal(NamedTuple):
    """Which operand of a step, by number, is equal to which other one at its corner; None: to a number."""

    operand: int
    other: int | None
    number: float = 0.0


class Crease(NamedTuple):
    """A step that has a corner where some of its operands are equal."""

    step: int
    sides: tuple[Equal, ...]


def creases(objective: GraphObjective, x: Sequence[float]) -> list[Crease]:
    """Those of what moves, in order, and the edges where a slope is infinite and the value is not: of
    `sqrt(u)` where u is 0. x: a point, for the other operands of such."""
    graph, found = objective.whole, list[Crease]()
    data: ByNode = []
    for step in graph.steps:
        if not objective.moved([step]):
            continue
        name = graph.op(step)
        found += [Crease(step, sides) for sides in corners(OPERATIONS[name])]
        if functions.can_be_steep(name):
            data = data or objective.numbers(x)
            operands = [data[each] for each in graph.operands(step)]
            found += [Crease(step, (Equal(*edge),)) for edge in edges_of(name, operands)]
    return found


def edges_of(name: str, operands: Sequence[float]) -> Iterator[tuple[int, None, float]]:
    """Where a slope of an operation is infinite and its value is not, as its first operand changes."""
    for number in _EDGES:
        at = [number, *operands[1:]]
        value = functions.value(name)(*at)
        if isfinite(value) and isinf(functions.slopes(name)[0](*at, value)):
            yield 0, None, number


def corners(row: Operation) -> list[tuple[Equal, ...]]:
    """Where an operation has corners, by the table: each the operands that are equal there. A comparison may
    choose between two that agree at its border."""
    if row.binding == COMPARISON and row.name not in EQUALITIES:
        return [(Equal(0, 1),)]
    found = []
    for corner in row.corner.split(" or ") if row.corner else ():
        names = [_EQUAL.fullmatch(each) for each in corner.split(" and ")]
        pairs = [(each[1], each[2]) for each in names if each]
        if len(pairs) == len(names):
            operand = row.operands.index
            found.append(
                tuple(
                    Equal(operand(one), operand(other) if other in row.operands else None)
                    for one, other in pairs
                )
            )
    return found


class OnCreases:
    """An output on k of its creases, m equations c(x) = 0 of the n inputs: there the operand of a step with a
    corner is what it is equal to. sign: -1 for the negative of the output. is_on: False for the output as it
    is everywhere."""

    def __init__(
        self, objective: GraphObjective, on: Sequence[Crease], sign: float, is_on: bool = True
    ) -> None:
        whole = objective.whole
        self._asked = objective, on, sign
        self._leaves = objective.leaves
        self._columns = columns = whole.columns.copy()
        frozen: dict[int, Sequence[Equal]] = {}
        for step, sides in on if is_on else ():
            if has_own_corner(whole.op(step)):
                frozen[step] = (*frozen.get(step, ()), *sides)
        now: dict[int, int] = {}
        for step in whole.steps:
            before = whole.operands(step)
            after = [now.get(each, each) for each in before]
            for at, other, number in frozen.get(step, ()):
                after[at] = columns.number(number) if other is None else after[other]
            if after != list(before):
                now[step] = columns.step(whole.op(step), after)
        self._equations = list[int]()
        for step, sides in on:
            inside = whole.operands(step)
            for side in sides:
                one = now.get(inside[side.operand], inside[side.operand])
                if side.other is not None:
                    other = now.get(inside[side.other], inside[side.other])
                    one = columns.step("-", (one, other))
                elif side.number:
                    one = columns.step("-", (one, columns.number(side.number)))
                elif (root := squared(columns, one)) is not None:
                    one = root  # it is 0 where its square is, and has a slope there
                self._equations.append(one)
        self._output = now.get(whole.output, whole.output)
        if sign < 0:
            self._output = columns.step("*", (columns.number(sign), self._output))
        self._graph = Graph(columns, [*self._equations, self._output]).for_many_walks()
        moving = depending(self._graph, self._leaves, self._graph.steps)
        self._steps = [step for step in self._graph.steps if step in moving]
        leading = set(Graph(columns, self._equations).steps)
        self._leading = [step for step in self._steps if step in leading]
        """The steps that the equations need."""
        self.cost = (len(self._leading) + _CALL) / (len(self._steps) + _CALL)
        """Of a look at the equations, beside one at all."""
        self._fixed = objective.fixed
        self._data = columns.start()
        for node, number in self._fixed.items():
            self._data[node] = number
        forward(self._graph, [each for each in self._graph.steps if each not in moving], self._data)

    def values(self, x: Sequence[float]) -> Any:
        """The equations at a point, (m,)."""
        data = self._at(x, self._leading)
        return numpy.array([data[each] for each in self._equations])

    def equations(self, x: Sequence[float]) -> tuple[Any, Any]:
        """The equations at a point, (m,), and their slopes, (m, n)."""
        data, count = self._at(x, self._leading), len(self._leaves)
        seeds: dict[int, Any] = dict(zip(self._leaves, numpy.identity(count), strict=True))
        with numpy.errstate(all="ignore"):
            by_step = tangents(self._graph, self._leading, data, seeds)
        none = numpy.zeros(count)
        slopes = numpy.array([by_step.get(each, none) for each in self._equations])
        values = numpy.array([data[each] for each in self._equations])
        return values, slopes.reshape(-1, count)

    def slopes_now(self, x: Sequence[float]) -> Any:
        """Those of the equations at a point off the creases, (m, n), where these have corners themselves."""
        return self._off.equations(x)[1]

    def slopes(self, x: Sequence[float]) -> Any:
        """Those of the output, (n,)."""
        data = self._at(x, self._steps)
        found = [0.0] * len(data)
        found[self._output] = 1.0
        backward(self._graph, self._steps, data, found, _SLOPES)
        return numpy.array([found[leaf] for leaf in self._leaves])

    def bends(self, x: Sequence[float], some: Sequence[int], multipliers: Any, ways: Any) -> Any:
        """How the output plus some of the equations times their multipliers bends along k moves, (n, k): its
        second derivatives, (k, k)."""
        factors = numpy.zeros(len(self._equations))
        factors[list(some)] = multipliers
        point = [*x, *factors.tolist()]
        second, count = self._lagrangian, len(x)
        along = numpy.zeros((ways.shape[1], len(point)))
        along[:, :count] = ways.T
        return second.swept(second.data(point), along)[:, :count] @ ways

    @cached_property
    def _off(self) -> OnCreases:
        return OnCreases(*self._asked, is_on=False)

    @cached_property
    def _lagrangian(self) -> SecondDerivatives:
        """The second derivatives of the output plus all equations times factors, which are inputs."""
        columns = self._columns.copy()
        total, factors = self._output, list[int]()
        for each in self._equations:
            factors.append(columns.input())
            total = columns.step("+", (total, columns.step("*", (factors[-1], each))))
        leaves = [*self._leaves, *factors]
        return SecondDerivatives(Graph(columns, [total]), leaves, self._fixed, "python")

    def _at(self, x: Sequence[float], steps: Sequence[int]) -> list[float]:
        data = self._data.copy()
        for leaf, number in zip(self._leaves, x, strict=True):
            data[leaf] = number
        forward(self._graph, steps, data)
        return data


def has_own_corner(name: str) -> bool:
    """Whether an operation is continuous where it has a corner: not one that is true or false, of which it is
    not known whether what it chooses between agrees there."""
    return not is_truth(OPERATIONS[name])


def apart(values: Any, slopes: Any, scales: Any) -> Any:
    """How far a point is from where equations hold, (m,), in the scales of the n inputs, by their slopes,
    (m, n); inf where these say nothing."""
    with numpy.errstate(all="ignore"):
        found = numpy.abs(values) / (numpy.abs(slopes) @ scales)
    return numpy.where(numpy.isnan(found), inf, found)


class GraphCreases:
    """The creases of an output by its graph. sign: -1 for the negative of the output. x: a point, as of
    `creases`."""

    def __init__(self, objective: GraphObjective, x: Sequence[float], sign: float) -> None:
        self._objective, self._sign = objective, sign
        self._all = creases(objective, x)
        self.size = objective.size

    def __len__(self) -> int:
        return len(self._all)

    def has_own_corner(self, at: int) -> bool:
        """As of `has_own_corner`, of one of them."""
        return has_own_corner(self._objective.whole.op(self._all[at].step))

    def row(self, at: int) -> int:
        return at

    def on(self, chosen: Sequence[int]) -> OnCreases:
        """The output on some of them."""
        return OnCreases(self._objective, [self._all[at] for at in chosen], self._sign)

    @cached_property
    def _every(self) -> OnCreases:
        return OnCreases(self._objective, self._all, 1.0, is_on=False)

    def distances(self, x: Sequence[float], scales: Any) -> Any:
        """How far each is from a point, in the scales of the inputs; inf where its slopes say nothing."""
        every = apart(*self._every.equations(x), scales)
        ends = numpy.cumsum([len(each.sides) for each in self._all])
        return numpy.array([part.max() for part in numpy.split(every, ends[:-1])])
