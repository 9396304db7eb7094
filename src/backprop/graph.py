"""`Columns`, what equations compute, a row a node; and `Graph`, the part of it that leads to some outputs.

A node is a whole number: its row in the columns. What a node is worth at a point stands in a list
beside them, by the same number (`numbers`, see `values.py`), so that many points can exist at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, reduce
from itertools import chain, compress
from math import nan
from types import MappingProxyType
from typing import TypeVar

from backprop.numerics import exact_factor
from backprop.operations import OPERATIONS
from backprop.row_order import order_of_rows
from backprop.syntax import functions

INPUT, NUMBER = "", "number"
"""The operations of nodes without operands: an input, and a number, which takes no gradient."""

NAMES = (INPUT, NUMBER, *OPERATIONS)
"""What the numbers in the column of operations stand for."""

CODES: Mapping[str, int] = MappingProxyType({name: code for code, name in enumerate(NAMES)})

Place = int | tuple[int, "Place"] | None
"""A packed span (`source.pack`); with the place of the call, for a step inside a function."""

_MOST_KEPT = 200_000
"""Up to so many nodes a graph may take more memory to be faster to walk."""

_MANY_TERMS = 16
"""Sums of more terms are taken as one step, from which what moves tells how far it moves."""

T = TypeVar("T", bound=Hashable)
N = TypeVar("N")


class Columns:
    """Nodes as rows: 17 bytes a node, 8 more a number, and more for what few nodes have.

    ops: the operation, as a number of `NAMES`. first, second: its operands, -1 where it has fewer;
    of a number `first` is -2, -3, … for the first, the second, … of `constants`. more: the operands
    behind the second. places: the packed span of its text, 0 for none; ~ of an offset where only
    the offset at which its statement begins is known. callers: for a step inside a function, the
    place of the call. in_order: whether every operand stands before what uses it.
    """

    __slots__ = ("callers", "constants", "first", "in_order", "more", "ops", "places", "second")

    def __init__(self) -> None:
        self.ops = bytearray()
        self.first = array("i")
        self.second = array("i")
        self.more: dict[int, tuple[int, ...]] = {}
        self.constants = array("d")
        self.places = array("q")
        self.callers: dict[int, Place] = {}
        self.in_order = True

    def __len__(self) -> int:
        return len(self.ops)

    def copy(self) -> Columns:
        """Columns with these nodes, to which others can be added."""
        twin = Columns()
        for name in self.__slots__:
            setattr(twin, name, copy(getattr(self, name)))
        return twin

    def _add(self, code: int, first: int, second: int, place: Place) -> int:
        node = len(self.ops)
        self.ops.append(code)
        self.first.append(first)
        self.second.append(second)
        if isinstance(place, tuple):
            place, self.callers[node] = place
        self.places.append(place or 0)
        return node

    def input(self, place: Place = None) -> int:
        """A new input, which may become a step by `define`."""
        return self._add(0, -1, -1, place)

    def number(self, value: float, place: Place = None) -> int:
        """A new number of the equations."""
        self.constants.append(value)
        return self._add(1, -1 - len(self.constants), -1, place)

    def step(self, op: str, operands: Sequence[int], place: Place = None) -> int:
        """A new step: an operation of the table on these nodes."""
        node = self._add(CODES[op], operands[0], operands[1] if len(operands) > 1 else -1, place)
        if len(operands) > 2:
            self.more[node] = tuple(operands[2:])
        return node

    def define(self, node: int, root: int) -> None:
        """Make an input what the step `root` is; if that is the last row, it goes."""
        for column in (self.ops, self.first, self.second, self.places):
            column[node] = column[root]
        if root in self.more:
            self.more[node] = self.more[root]
        if root in self.callers:
            self.callers[node] = self.callers[root]
        self.in_order = False
        self.drop(root)

    def undefine(self, node: int) -> None:
        """Make an input of a step."""
        self.ops[node], self.first[node], self.second[node] = 0, -1, -1
        self.more.pop(node, None)

    def drop(self, node: int) -> None:
        """Take a node away again, if it is the last row."""
        if node == len(self.ops) - 1:
            if self.ops[node] == 1 and self.first[node] == -1 - len(self.constants):
                self.constants.pop()
            for column in (self.ops, self.first, self.second, self.places):
                column.pop()
            self.more.pop(node, None)
            self.callers.pop(node, None)

    def op(self, node: int) -> str:
        """The name of a node's operation in the table; `INPUT` or `NUMBER` for a node that has none."""
        return NAMES[self.ops[node]]

    def operands(self, node: int) -> tuple[int, ...]:
        """The operands of a node in order, repeats kept; none of an input or a number."""
        first, second = self.first[node], self.second[node]
        if second < 0:
            return (first,) if first >= 0 else ()
        return (first, second, *self.more[node]) if node in self.more else (first, second)

    def is_step(self, node: int) -> bool:
        return self.first[node] >= 0

    def is_number(self, node: int) -> bool:
        return self.first[node] < -1

    def constant(self, node: int) -> float:
        """The value of a number of the equations."""
        return self.constants[-2 - self.first[node]]

    def start(self) -> list[float]:
        """A list for the values of all nodes, in which the numbers of the equations stand already."""
        data = [nan] * len(self.ops)
        for node in compress(range(len(self.ops)), map((1).__eq__, self.ops)):
            data[node] = self.constant(node)
        return data


def joined(op: str, operands: Sequence[N], step: Callable[[str, Sequence[N]], N]) -> N:
    """Operands, one or more, as one: `min(a, b, c)` is `min(min(a, b), c)`. step: makes a step.

    Where the row has operations `around` a pivot, three operands or more become what they are
    without it, then two by two one: `logsumexp(a, b, c)` is `m + logsumexp(logsumexp(a - m, b - m),
    c - m)`. Then no slope is computed from a sum that has lost digits, and few are multiplied.
    """
    around = OPERATIONS[op].around
    if around and len(operands) > 2:
        return step(around[-1], parted(op, operands, step))
    return reduce(lambda first, second: step(op, (first, second)), operands)


def parted(op: str, operands: Sequence[N], step: Callable[[str, Sequence[N]], N]) -> tuple[N, N]:
    """The pivot of operands, and what they are without it as one."""
    find, take, _ = OPERATIONS[op].around
    pivot = by_two(find, operands, step)
    return pivot, by_two(op, [step(take, (x, pivot)) for x in operands], step)


def by_two(op: str, operands: Sequence[N], step: Callable[[str, Sequence[N]], N]) -> N:
    """Operands joined two by two, the results two by two, and so on."""
    while len(operands) > 1:
        pairs = zip(operands[::2], operands[1::2], strict=False)
        operands = [*(step(op, pair) for pair in pairs), *operands[len(operands) & ~1 :]]
    return operands[0]


def in_order(roots: Iterable[T], operands: Callable[[T], Sequence[T]]) -> list[T]:
    """All that leads to `roots`, each once and after its operands: the only walk over a graph.

    operands: those of a node, in order. It does not recurse: a chain of a million nodes is as good
    as a wide sum. Operands come in the order in which they are written.
    """
    order, seen = list[T](), set[T]()
    stack: list[tuple[T, bool]] = [(root, False) for root in roots]
    stack.reverse()
    while stack:
        node, done = stack.pop()
        if done:  # everything that it needs
            order.append(node)
            continue
        while node not in seen:
            seen.add(node)
            needs = operands(node)
            for operand in needs:
                if operand not in seen:
                    break
            else:  # nothing to wait for: most nodes of a text, which come after their operands
                order.append(node)
                break
            stack.append((node, True))
            stack.extend([(operand, False) for operand in needs[:0:-1]])
            node = needs[0]
    return order


def depending(graph: Graph | Columns, on: Iterable[int], steps: Iterable[int]) -> set[int]:
    """These nodes and, of the steps (operands first), all that depend on one of them."""
    found = set(on)
    for step in steps:
        if not found.isdisjoint(graph.operands(step)):
            found.add(step)
    return found


class Graph:
    """The steps that lead to some outputs, which are nodes; they keep their numbers in `columns`.
    labels: the names of nodes that have one. asked: how often its gradient has been asked for."""

    asked = 0

    def __init__(
        self,
        columns: Columns,
        outputs: Iterable[int],
        labels: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self.columns = columns
        self.outputs = tuple(outputs)
        self.labels = labels
        self.ops = columns.ops
        self.op = columns.op
        self.operands: Callable[[int], tuple[int, ...]] = columns.operands
        self.is_step = columns.is_step
        self.is_number = columns.is_number
        self.constant = columns.constant

    @property
    def output(self) -> int:
        """The last of the outputs, of most graphs the only one."""
        return self.outputs[-1]

    def label(self, node: int) -> str:
        """The name of a node, or ""."""
        return self.labels.get(node, "")

    @cached_property
    def order(self) -> list[int]:
        """Every node that leads to the outputs, operands first."""
        of, inside = self.columns, self.operands
        rows = inside == of.operands and order_of_rows(self.outputs, of.first, of.second, of.more)
        return rows or in_order(self.outputs, inside)

    @cached_property
    def steps(self) -> list[int]:
        """Those that have operands."""
        first = self.columns.first
        return [node for node in self.order if first[node] >= 0]

    @cached_property
    def inputs(self) -> list[int]:
        """The nodes that take a number, in order."""
        first = self.columns.first
        return [node for node in self.order if first[node] == -1]

    @cached_property
    def _at(self) -> dict[int, int]:
        return {node: at for at, node in enumerate(self.order)}

    def __contains__(self, node: int) -> bool:
        return node in self._at

    def for_many_walks(self) -> Graph:
        """A graph that keeps all operands: a fifth faster to walk, and larger; a very large one stays."""
        if len(self.order) > _MOST_KEPT:
            return self
        twin = copy(self)
        twin.operands = {node: self.operands(node) for node in self.order}.__getitem__
        return twin

    def holding(self, steps: Container[int]) -> Graph:
        """A graph in which some steps keep their values: they are no steps of it."""
        twin = copy(self)
        twin.steps = [step for step in self.steps if step not in steps]
        for name in ("users", "_unrolled"):
            twin.__dict__.pop(name, None)
        return twin

    @cached_property
    def users(self) -> Mapping[int, list[int]]:
        """For each operand the steps that use it, once for each use."""
        users: dict[int, list[int]] = {}
        for step in self.steps:
            for operand in self.operands(step):
                users.setdefault(operand, []).append(step)
        return users

    def above(self, node: int, among: Container[int] | None = None) -> list[int]:
        """Every step that depends on `node` and leads to the outputs, on ways `among` these, in order."""
        users, kept = self.users, self._at if among is None else among
        found = set(in_order([node], lambda each: [u for u in users.get(each, ()) if u in kept]))
        return sorted(found - {node}, key=self._at.__getitem__)

    def summands(self, step: int, factor: float = 1.0) -> list[tuple[int, float]]:
        """A step times a factor, written as a sum: its operands, each with a factor, 0 of a number;
        [] if it is not linear: if a slope depends on what is no number of the equations."""
        row, operands = OPERATIONS[self.op(step)], self.operands(step)
        numbers = [self.constant(each) if self.is_number(each) else nan for each in operands]
        found: list[tuple[int, float]] = []
        for operand, number, slope in zip(
            operands, numbers, functions.slopes(row.name), strict=True
        ):
            by = 0.0 if number == number else factor * slope(*numbers, nan)
            if row.corner or row.jump or (number != number and not by * by > 0):
                return []
            found.append((operand, by))
        return found

    @cached_property
    def _unrolled(self) -> tuple[dict[int, dict[int, float]], dict[int, int]]:
        """The sums of many terms, and the output if it is one: their terms, each with its factor; and
        for each step that only adds such a sum up the step that is the whole sum.

        A term that only this sum uses, and that is a sum itself, gives way to its own terms.
        """
        sums: dict[int, dict[int, float]] = {}
        within: dict[int, int] = {}
        for step in reversed(self.steps):
            wholes = {within.get(user, step) for user in self.users.get(step, ())}
            whole = wholes.pop() if len(wholes) == 1 else step
            terms = sums.get(whole, {step: 1.0})
            numbers = [self.constant(each) for each in self.operands(step) if self.is_number(each)]
            found: dict[int, float] = {}
            for term, slope in self.summands(step):
                known = found.get(term, terms.get(term, 0.0))
                found[term] = exact_factor(known, terms[step], slope, numbers)
            if not found or any(factor != factor for factor in found.values()):
                continue  # what the rest does not cancel may be made of the last digits of factors
            within[step], sums[whole] = whole, terms
            del terms[step]
            terms |= found
        kept = {
            whole: terms
            for whole, terms in sums.items()
            if len(terms) > _MANY_TERMS or whole == self.output
        }
        return kept, {step: whole for step, whole in within.items() if whole in kept}

    def moved_by(self, node: int) -> tuple[list[int], dict[int, dict[int, float]]]:
        """What moves with a node: the steps that depend on it, operands first, without those that
        only add up a sum of many terms, or the output; and of these sums the terms that move, each
        with its factor. The whole sum is one of the steps, if it is not the output."""
        sums, within = self._unrolled
        if within.get(node, node) != node:
            return self.above(node), {}
        users = self.users
        found = in_order([node], lambda each: [within.get(n, n) for n in users.get(each, ())])
        moved = {
            whole: {each: sums[whole][each] for each in found if each in sums[whole]}
            for whole in found
            if whole in sums and whole != node
        }
        steps = set(found) - {node} - ({self.output} & moved.keys())
        return sorted(steps, key=self._at.__getitem__), moved

    def equation(self, node: int) -> list[int]:
        """The steps of the equation of a node, operands first, the node last: the walk stops at names."""
        if not self.is_step(node):
            return []

        def inside(step: int) -> list[int]:
            return [n for n in self.operands(step) if n not in self.labels and self.is_step(n)]

        return in_order([node], inside)

    def alone(self, node: int) -> Graph:
        """The equation of a node as a graph, whose inputs are what it uses."""
        found = Graph(self.columns, [node], self.labels)
        found.steps = self.equation(node)
        inside = set(found.steps)
        found.operands = lambda each: self.operands(each) if each in inside else ()
        return found

    def uses(self, node: int) -> Iterator[int]:
        """What the equation of a node is made of, results before operands: names and unnamed inputs."""
        steps, first = reversed(self.equation(node)), self.columns.first
        used = chain.from_iterable(map(self.operands, steps))
        return iter(dict.fromkeys(n for n in used if n in self.labels or first[n] == -1))
