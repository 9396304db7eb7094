"""The derivatives of a graph as a graph: the chain rule, written into columns.

The new steps stand behind those of the graph, whose rows keep their numbers; equal steps are one.
What comes out is a graph like any other: it can be computed, compiled, drawn, derived again. It holds
on the whole domain: an `if`, of an equation or of a slope, stays an `if`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from backprop.chain.columns import Row, Rows
from backprop.chain.row_rules import NoRule, Rule, Tangent, rule, tangent_rule
from backprop.chain.walk import Operand, Walk
from backprop.graph import CODES, NAMES, Columns, Graph
from backprop.operations import OPERATIONS

_NUMBER = 2
"""How a row moves that is a number: not at all, and a rule knows which one it is."""

_MOST_RULES = 500
"""The most rules of which one may be for a single gradient."""

_ANEW: Any = object()

_BY_NUMBERS: Any = object()
"""The rule of a kind of step of which nothing is known yet, or that is one by the numbers in it."""


class _Moving(Container[int]):
    """The nodes that move, by a byte each."""

    def __init__(self, moves: bytearray) -> None:
        self._moves = moves

    def __contains__(self, node: object) -> bool:
        return isinstance(node, int) and self._moves[node] == 1


class RowWalk(Walk[Row]):
    """The walk that writes rows behind those of a graph: what a step brings, by the rule of its kind,
    and of a step that has none as other writers do."""

    def __init__(self, graph: Graph, rows: Rows | None = None) -> None:
        self._rows = writer = rows or Rows(graph.columns.copy())
        self._graph = graph
        super().__init__(writer, graph, (), {})
        self._same = [] if rows else writer.known(graph)
        self._rules: tuple[list[Rule | None], ...] = tuple(
            [[_BY_NUMBERS] * (len(NAMES) << 4) for _ in range(2)]
        )
        """By the kind of a step; the second of gradients that are 1."""
        self._rules_by: dict[Any, Rule | None] = {}
        self._tangent_rules: dict[Any, Tangent | None] = {}
        columns = writer.columns
        self._scope: dict[str, Any] = {
            "special": writer.special, "add": self._sum, "ops": columns.ops, "size": len,
            "add_op": columns.ops.append, "add_first": columns.first.append,
            "add_second": columns.second.append,
        }  # fmt: skip
        for name in OPERATIONS:
            self._scope[f"find{CODES[name]}"] = writer.table(CODES[name]).setdefault

    @property
    def columns(self) -> Columns:
        return self._rows.columns

    def named(self, row: int) -> Operand[Row]:
        return self._rows.called(self._same[row])

    def rows(self, seeds: Mapping[int, float], wrt: Sequence[int]) -> list[int]:
        """The rows of the derivatives by each of `wrt`. seeds: the gradients that steps begin with."""
        writer, moves = self._rows, self._moves(wrt)
        sums: list[int | None] = [None] * len(self._same)
        for node, number in seeds.items():
            sums[node] = writer.number(number)
        self.sweep(self._graph.steps, moves, sums)
        return [writer.number(0.0) if (row := sums[each]) is None else row for each in wrt]

    def sweep(self, steps: Sequence[int], moves: bytearray, sums: list[int | None]) -> None:
        """Write what each of some steps, operands first, brings to its operands. moves: for each row
        whether it moves, 1, or is a number, 2. sums: the rows of the gradients so far, by node."""
        writer, same = self._rows, self._same
        columns, (rules, of_one) = writer.columns, self._rules
        ops, firsts, seconds, special = columns.ops, columns.first, columns.second, writer.special
        moving, one = _Moving(moves), writer.number(1.0)
        for step in reversed(steps):
            gradient = sums[step]
            if gradient is None or moves[step] != 1:
                continue
            first, second = firsts[step], seconds[step]
            kind = ops[step] << 4 | moves[first] << 2 | moves[second]
            if gradient == one:
                made = of_one[kind]
            elif gradient in special:
                made = _BY_NUMBERS
            else:
                made = rules[kind]
            if made is _BY_NUMBERS:
                made = self._rule_by(step, gradient, moves)
            if made:
                made(same[first], same[second], same[step], gradient, sums, first, second)
                continue
            for operand, share in self.shares(step, writer.called(gradient), moving):
                before, added = sums[operand], writer.node(share)
                sums[operand] = added if before is None else self._sum(before, added)
        self._place()

    def _rule_by(self, step: int, gradient: int, moves: bytearray) -> Rule | None:
        """The rule for a step, which may be one by the numbers that it has to do with; None if it takes a
        walk."""
        columns, one = self.columns, self._rows.number(1.0)
        first, second = columns.first[step], columns.second[step]
        known = gradient in self._rows.special
        if step in columns.more or (known and columns.first[gradient] >= 0):
            return None
        kind = columns.ops[step] << 4 | moves[first] << 2 | moves[second]
        numbers = moves[first] == _NUMBER or moves[second] == _NUMBER
        same = self._same_numbers(moves, first, second) if numbers else ()
        key = kind, gradient if known else -1, *same
        made: Rule | None = self._rules_by.get(key, _BY_NUMBERS)
        if made is _BY_NUMBERS:
            if known and gradient != one and len(self._rules_by) >= _MOST_RULES:
                return None  # the weight of a term, as a rule one of few
            number = columns.constant(gradient) if known else None
            made = self._rules_by[key] = self._rule(step, _Moving(moves), number)
            if not numbers and (not known or gradient == one):
                self._rules[known][kind] = made
        return made

    def _place(self) -> None:
        """Say that new rows have no place in a text."""
        columns = self.columns
        columns.places.frombytes(
            bytes(columns.places.itemsize * (len(columns) - len(columns.places)))
        )

    def tangents(self, along: Mapping[int, float | None]) -> tuple[list[int], list[int]]:
        """The rows of the derivatives of the outputs along a direction, and the inputs of that: one
        for each None in `along`, which has the direction by node."""
        writer, same, rules = self._rows, self._same, self._tangent_rules
        columns = writer.columns
        ops, firsts, seconds, more = columns.ops, columns.first, columns.second, columns.more
        moves = self._moves(along)
        inputs: list[int] = []
        found: list[int | None] = [None] * (len(same) + 1)
        for node, number in along.items():
            found[node] = columns.input() if number is None else writer.number(number)
            if number is None:
                inputs.append(found[node])  # type: ignore[arg-type]
        one, special = writer.number(1.0), writer.special
        for step in self._graph.steps:
            if moves[step] != 1 or step in along:
                continue
            first, second, made = firsts[step], seconds[step], None
            of_first, of_second = found[first], found[second]
            whole = of_first == one, of_second == one
            plain = (whole[0] or of_first not in special) and (whole[1] or of_second not in special)
            if plain and step not in more:
                kind: Any = ops[step], moves[first], moves[second], *whole
                if moves[first] == _NUMBER or moves[second] == _NUMBER:
                    kind += self._same_numbers(moves, first, second)
                made = rules.get(kind, _ANEW)
                if made is _ANEW:
                    made = rules[kind] = self._tangent_rule(step, [of_first, of_second], one)
            if made:
                found[step] = made(same[first], same[second], same[step], of_first, of_second)
            else:
                found[step] = self._tangent(step, found)
        self._place()
        zero = writer.number(0.0)
        return [
            zero if (row := found[each]) is None else row for each in self._graph.outputs
        ], inputs

    def _same_numbers(self, moves: bytearray, first: int, second: int) -> tuple[int, int]:
        """Of two operands the rows of those that are numbers, -1 for others."""
        same = self._same
        return (
            same[first] if moves[first] == _NUMBER else -1,
            same[second] if moves[second] == _NUMBER else -1,
        )

    def _tangent(self, step: int, found: Sequence[int | None]) -> int:
        """The row of the tangent of a step. found: those of its operands."""
        writer, operands = self._rows, self.columns.operands(step)
        if self.chooses(step):  # of a choice the choice of the tangents
            of_each = [
                writer.called(row) if (row := found[each]) is not None else 0.0 for each in operands
            ]
            return writer.node(
                writer.value(self.columns.op(step), [self.named(operands[0]), *of_each[1:]])
            )
        total: int | None = None
        for operand in dict.fromkeys(operands):
            row = found[operand]
            if row is not None:
                for _, share in self.shares(step, writer.called(row), {operand}):
                    added = writer.node(share)
                    total = added if total is None else self._sum(total, added)
        return writer.number(0.0) if total is None else total

    def _moves(self, wrt: Iterable[int]) -> bytearray:
        """For each row whether it moves, 1, or is a number, 2."""
        columns = self.columns
        firsts, seconds, more = columns.first, columns.second, columns.more
        moves = bytearray(len(self._same) + 1)  # at -1 is 0, for no operand
        for node in self._rows.special:
            if firsts[node] < -1 and node < len(self._same):  # others were written before
                moves[node] = _NUMBER
        for node in wrt:
            moves[node] = 1
        for step in self._graph.steps:
            if (
                moves[firsts[step]] == 1
                or moves[seconds[step]] == 1
                or (step in more and any(moves[each] == 1 for each in more[step]))
            ):
                moves[step] = 1
        return moves

    def _numbers(self, step: int) -> list[float | None]:
        """The numbers among the operands of a step."""
        operands, columns = self.columns.operands(step), self.columns
        return [columns.constant(each) if columns.is_number(each) else None for each in operands]

    def _rule(self, step: int, moving: _Moving, gradient: float | None) -> Rule | None:
        """The rule for steps like this, backward; None if it takes a walk. gradient: if it is a number."""
        name, moved = (
            self.columns.op(step),
            [each in moving for each in self.columns.operands(step)],
        )
        try:
            return rule(name, self._numbers(step), moved, gradient, self._scope, self._rows.number)
        except NoRule:
            return None

    def _tangent_rule(self, step: int, of: Sequence[int | None], one: int) -> Tangent | None:
        """The rule for steps like this, forward; None if it takes a walk. of: the tangents."""
        numbers = self._numbers(step)
        seeds = [None if row is None else row == one for row in of[: len(numbers)]]
        name = self.columns.op(step)
        try:
            return tangent_rule(name, numbers, seeds, self._scope, self._rows.number)
        except NoRule:
            return None

    def _sum(self, one: int, other: int) -> int:
        """The row of the sum of two rows."""
        writer = self._rows
        numbers = [each for each in (one, other) if each in writer.special]
        if (
            len(numbers) == 1
            and self.columns.is_number(*numbers)
            and self.columns.constant(*numbers)
        ):
            return writer.sum_row(one, other)
        return writer.node(writer.value("+", [writer.called(one), writer.called(other)]))


def derivative_graph(
    graph: Graph, wrt: Sequence[int], seeds: Mapping[int, float] | None = None
) -> Graph:
    """The graph whose outputs are the derivatives of another by each of `wrt`, in this order.

    seeds: of the graph's outputs, those that count, and how much; by default its output. The
    columns are a copy in which more rows follow: the graph's nodes are what they were. Two to three
    steps come to a step of sums, products and functions of one operand.

        >>> from backprop.values import forward
        >>> columns = Columns()
        >>> x = columns.input()
        >>> square = Graph(columns, [columns.step("*", [x, x])])
        >>> slope = derivative_graph(square, [x])
        >>> data = slope.columns.start()
        >>> data[x] = 3.0
        >>> forward(slope, slope.steps, data)
        >>> data[slope.output]
        6.0
    """
    walk = RowWalk(graph)
    return Graph(walk.columns, walk.rows(seeds or {graph.output: 1.0}, wrt), graph.labels)


def tangent_graph(graph: Graph, along: Mapping[int, float | None]) -> tuple[Graph, list[int]]:
    """The graph whose outputs are the derivatives of another's outputs along a direction, in their
    order; and the inputs that this graph has more.

    along: the direction, by node: a number, or None for an input of its own, so that the direction is
    given with the point. For a node that is a step it is what comes to it, whatever leads there.

        >>> from backprop.values import forward
        >>> columns = Columns()
        >>> x = columns.input()
        >>> along, (way,) = tangent_graph(Graph(columns, [columns.step("sin", [x])]), {x: None})
        >>> data = along.columns.start()
        >>> data[x], data[way] = 0.0, 3.0
        >>> forward(along, along.steps, data)
        >>> data[along.output]
        3.0
    """
    walk = RowWalk(graph)
    rows, inputs = walk.tangents(along)
    return Graph(walk.columns, rows, graph.labels), inputs
