"""Steps that stand exactly on a border: of a choice, at a tie, at a corner or a jump.

Which steps can is read off the graph once. Whether one does is then a matter of two numbers that are
equal: nanoseconds a step, so that every gradient can ask.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Sequence
from functools import cache
from itertools import compress
from operator import eq, not_
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from backprop.graph import NAMES, NUMBER, Columns, Graph, depending
from backprop.operations import EQUALITIES, OPERATIONS
from backprop.row import AND, COMPARISON, NOT, OR, Operation, is_truth
from backprop.syntax.functions import compiled, has_slopes, kinks
from backprop.values import ByNode


def met(graph: Graph, data: ByNode) -> list[int]:
    """The steps that stand on a border, where the nodes are worth `data`; in no order. Those that
    lead elsewhere are among them."""
    if graph not in _KNOWN:
        _KNOWN[graph] = _where(graph.columns, range(len(graph.ops)), graph.ops)
    return _KNOWN[graph].met(graph, data)


def met_within(graph: Graph, data: ByNode) -> list[int]:
    """Those of a graph's own steps that stand on a border; the graph may be a single equation."""
    ops = bytes(map(graph.ops.__getitem__, graph.steps))
    return _where(graph.columns, graph.steps, ops).met(graph, data)


def jumps(graph: Graph, step: int, data: ByNode, value: Any) -> bool:
    """Whether a value of a step with more digits is on another side of a jump than that in `data`,
    and not only rounded: more than half the height of the jump away."""
    row = OPERATIONS[graph.op(step)]
    height = compiled(row.height, row.operands)(*[data[each] for each in graph.operands(step)])
    return bool(abs(float(value) - data[step]) > height / 2)


def conditions(row: Operation) -> Sequence[int]:
    """Which operands of an operation are looked at as conditions, true unless they are 0."""
    if row.chooses:
        return (0,)
    return range(row.arity) if row.binding in (OR, AND, NOT) else ()


def crossed(graph: Graph, steps: Iterable[int], leaves: Iterable[int]) -> list[int]:
    """Those steps on a border that can leave it if some leaves move: of a choice the condition does."""
    moving = depending(graph, leaves, graph.steps)
    found = list[int]()
    for step in steps:
        operands = graph.operands(step)
        asked = [operands[at] for at in conditions(OPERATIONS[graph.op(step)])] or operands
        if not moving.isdisjoint(asked):
            found.append(step)
    return found


def is_smooth(operations: Iterable[str]) -> bool:
    """Whether none of these operations has a border anywhere."""
    return not any(kind(OPERATIONS[name]) for name in operations)


def choosing_slopes(graph: Graph, sloping: Container[int]) -> set[int]:
    """The steps whose values slopes depend on, and the questions whether a class was hit: what is
    rounded, or compared, equals a label. sloping: what slopes go through."""
    found = set[int]()
    for step in reversed(graph.steps):
        inside = graph.operands(step)
        moves = any(each in sloping for each in inside)
        if step in found or (moves and not graph.summands(step)):
            found.update(inside)
        elif graph.op(step) in EQUALITIES and any(
            graph.is_step(each) and not has_slopes(graph.op(each)) for each in inside
        ):
            found.add(step)
    return found


class _Where(NamedTuple):
    """Where borders can be.

    ties: steps with a border where the operands `left` and `right` are equal. zeros: where the
    operand `at` is 0. others: where a condition of the table holds.
    """

    ties: array[int] = array("i")
    left: array[int] = array("i")
    right: array[int] = array("i")
    zeros: array[int] = array("i")
    at: array[int] = array("i")
    others: array[int] = array("i")

    def met(self, graph: Graph, data: ByNode) -> list[int]:
        """The steps that stand on a border, where the nodes are worth `data`."""
        value = data.__getitem__
        found: list[int] = []
        if self.ties:
            equal = map(eq, map(value, self.left), map(value, self.right))
            tied = (step for step in compress(self.ties, equal) if _moves(graph, step))
            chosen = _Chosen(graph, data)
            found += [step for step in tied if not chosen.are_one(*graph.operands(step)[:2])]
        if self.zeros:
            found += compress(self.zeros, map((0.0).__eq__, map(value, self.at)))
        for step in self.others:
            if kinks(graph.op(step), [data[each] for each in graph.operands(step)]):
                found.append(step)
        return found


def _moves(graph: Graph, step: int) -> bool:
    """Whether the first two operands of a step are two, and move: a number does not, and what is true
    or false does at borders of its own."""
    left, right, *_ = graph.operands(step)
    still = [graph.is_number(each) or _table().still[graph.ops[each]] for each in (left, right)]
    return left != right and not all(still)


_DEEP = 20
"""So many conditions within conditions are looked at."""


class _Chosen:
    """Which node has the number of another one all around a point, by choices that stay.

    A choice takes one of its branches as long as what it asks does not change, and the larger of two numbers
    is the one that is larger here. known: what was found, so that no way is gone twice.
    """

    def __init__(self, graph: Graph, data: ByNode) -> None:
        self.graph, self.data = graph, data
        self.known: dict[int, int] = {}

    def are_one(self, left: int, right: int, deep: int = 0) -> bool:
        """Whether two nodes are the same number all around."""
        one, other = self._of(left, deep), self._of(right, deep)
        numbers = self.graph.is_number(one) and self.graph.is_number(other)
        return one == other or (numbers and self.data[one] == self.data[other])

    def _of(self, node: int, deep: int) -> int:
        """The node whose number this one has."""
        way = []
        while node not in self.known and (taken := self._taken(node, deep)) is not None:
            way.append(node)
            node = taken
        node = self.known.get(node, node)
        self.known.update(dict.fromkeys([*way, node], node))
        return node

    def _taken(self, node: int, deep: int) -> int | None:
        """The operand whose number a step has; None if it has one of its own, or another one close by."""
        operands = self.graph.operands(node)
        if not operands:  # an input, or what a graph of one equation begins with
            return None
        row = OPERATIONS[self.graph.op(node)]
        if row.chooses:
            condition, then, otherwise = operands
            if not self._stays(condition, deep):
                return None
            return then if self.data[condition] else otherwise
        if row.binding == COMPARISON or kind(row) != "ties":
            return None
        left, right, *_ = operands
        if self.data[left] == self.data[right]:
            return left if deep < _DEEP and self.are_one(left, right, deep + 1) else None
        return next((each for each in operands if self.data[each] == self.data[node]), None)

    def _stays(self, condition: int, deep: int) -> bool:
        """Whether a condition is all around as it is here."""
        if deep >= _DEEP:
            return False
        if operands := self.graph.operands(condition):
            row = OPERATIONS[self.graph.op(condition)]
            if row.binding == COMPARISON:
                left, right = operands
                one, other = self.data[left], self.data[right]
                return one < other or one > other or self.are_one(left, right, deep + 1)
            if row.binding in (OR, AND, NOT):
                return all(self._stays(each, deep + 1) for each in operands)
        return self.graph.is_number(condition) or self.data[condition] != 0


_KNOWN: WeakKeyDictionary[Graph, _Where] = WeakKeyDictionary()


class _Table(NamedTuple):
    """For each operation, by its number, whether it is of a kind: for `bytes.translate`. plain: the
    operations without a border. still: what is true or false, or a number. asked: what looks at its
    first operand as a condition; both: at its second, too."""

    plain: bytes
    still: bytes
    ties: bytes
    zeros: bytes
    asked: bytes
    others: bytes
    both: bytes


@cache
def _table() -> _Table:
    rows = [OPERATIONS.get(name) for name in NAMES]
    unused: list[None] = [None] * (256 - len(rows))
    kinds = [kind(row) if row else "" for row in rows + unused]
    still = [
        is_truth(row) if row else name == NUMBER for name, row in zip(NAMES, rows, strict=True)
    ]
    each_kind = [
        bytes(each == name for each in kinds) for name in ("ties", "zeros", "asked", "others")
    ]
    plain = bytes(code for code, each in enumerate(kinds) if not each)
    both = bytes(row is not None and len(conditions(row)) == 2 for row in rows + unused)
    return _Table._make((plain, bytes(still).ljust(256, b"\0"), *each_kind, both))


def kind(row: Operation) -> str:
    """Which of the kinds below an operation is of, "" for none."""
    if row.binding == COMPARISON:
        return "ties"
    if conditions(row):
        return "asked"
    found = row.corner or row.jump
    if row.corner and row.jump:
        return "others"
    if found == f"{row.operands[0]} == 0":
        return "zeros"
    if found == " == ".join(row.operands[:2]):
        return "ties"
    return "others" if found else ""


def _where(columns: Columns, among: Sequence[int], ops: bytes | bytearray) -> _Where:
    """Where borders can be among some nodes. ops: the numbers of their operations."""
    table, first, second = _table(), columns.first, columns.second
    if not ops.translate(None, table.plain):
        return _Where()

    def steps(kind: bytes) -> array[int]:
        chosen = ops.translate(kind)
        return array("i", compress(among, chosen) if 1 in chosen else ())

    def of(operands: array[int], steps: array[int]) -> array[int]:
        return array("i", map(operands.__getitem__, steps))

    ties, zeros = steps(table.ties), steps(table.zeros)
    at = of(first, zeros)
    for operands, asked in ((first, steps(table.asked)), (second, steps(table.both))):
        kinds = map(columns.ops.__getitem__, map(operands.__getitem__, asked))
        moving = map(not_, map(table.still.__getitem__, kinds))
        numeric = array("i", compress(asked, moving))  # nearly all ask what is true or false
        zeros += numeric
        at += of(operands, numeric)
    return _Where(ties, of(first, ties), of(second, ties), zeros, at, steps(table.others))
