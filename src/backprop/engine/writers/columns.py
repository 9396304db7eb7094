"""The derivatives of a graph as a graph: the walk of the chain rule, written into columns.

The new steps stand behind those of the graph, whose rows keep their numbers; equal steps are one,
and what is known beforehand is computed. The result can be computed, compiled, derived again.

Where a branch is not taken its derivatives may be inf or nan, and the gradient that comes to it is
0: `if(c, g, 0)*s`. Such a product is written `if(c, g*s, 0)`, which is 0 there. (A number in place
of the choice would do for the value, as in the other writers, but not for the derivative of the
product.) What is 0 at a point by chance stays a product: 0*inf is nan.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.engine.walk import Operand, Texts, Walk
from backprop.graph import Columns, Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions


class Row(NamedTuple):
    """A node. (A number of its own kind: a plain one would equal the floats of the walk.)"""

    node: int


class Choice(NamedTuple):
    """`if(condition, inner, 0)`."""

    condition: Operand[Row]
    inner: Operand[Row]


class Rows(Texts[Row]):
    """Writes operations as rows of `columns`."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self._rows: dict[tuple[str, tuple[int, ...]], Row] = {}
        self._numbers: dict[str, int] = {}
        self._slopes: dict[tuple[str, ...], tuple[Graph, list[int]]] = {}
        """The slopes of each operation as a graph by itself, and its operands; by the name, and those
        operands that are numbers."""

    def known(self, graph: Graph) -> dict[int, Operand[Row]]:
        """What the nodes of a graph in these columns are called; its steps need not be written again."""
        called: dict[int, Operand[Row]] = {}
        for node in graph.order:
            if graph.is_number(node):
                called[node] = graph.constant(node)
                self._numbers[graph.constant(node).hex()] = node
                continue
            called[node] = Row(node)
            if graph.is_step(node):
                operands = tuple([self.node(called[each]) for each in graph.operands(node)])
                called[node] = self._rows.setdefault((graph.op(node), operands), Row(node))
        return called

    def node(self, operand: Operand[Row]) -> int:
        """The row of an operand; a number gets one."""
        if isinstance(operand, Row):
            return operand.node
        key = operand.hex()
        if key not in self._numbers:
            self._numbers[key] = self.columns.number(operand)
        return self._numbers[key]

    def value(self, name: str, operands: Sequence[Operand[Row]]) -> Operand[Row]:
        """The value of an operation: computed where all operands are numbers, else a row."""
        row = OPERATIONS[name]
        numbers = [each for each in operands if isinstance(each, float)]
        if len(numbers) == len(operands):
            return float(functions.value(name)(*numbers))
        if row.chooses and isinstance(operands[0], float):
            return operands[1] if operands[0] else operands[2]
        if numbers and row.says and isinstance(row.value, str):  # `and` with a 0 is 0
            return self.text(row.value, dict(zip(row.operands, operands, strict=True)))
        choices = [self._chosen(each) for each in operands] if name == "+" else []
        if len(choices) == 2 and choices[0] and choices[1]:
            return self._sum(choices[0], choices[1], operands)
        return self._row(name, operands)

    def slopes(
        self, name: str, operands: Sequence[Operand[Row]], out: Operand[Row]
    ) -> tuple[Operand[Row], ...]:
        """Its slopes: of what their texts say, the steps that count beside these numbers."""
        key = name, *[each.hex() if isinstance(each, float) else "" for each in operands]
        if key not in self._slopes:
            self._slopes[key] = _alone(name, operands)
        graph, inputs = self._slopes[key]
        called = dict(zip(inputs, (*operands, out), strict=True))
        for node in graph.order:
            if graph.is_step(node):
                parts = [called[each] for each in graph.operands(node)]
                called[node] = self.value(graph.op(node), parts)
            elif graph.is_number(node):
                called[node] = graph.constant(node)
        return tuple([called[each] for each in graph.outputs])

    def product(
        self, gradient: Operand[Row], slope: Operand[Row], careful: bool = True
    ) -> Operand[Row]:
        """Gradient times slope; of choices the choice of the product, so that it is 0 where they are."""
        first, second = self._chosen(gradient), self._chosen(slope)
        parts = [first.inner if first else gradient, second.inner if second else slope]
        factors = [each for each in parts if each != 1.0]
        inner = self.value("*", factors) if len(factors) == 2 else (*factors, 1.0)[0]
        conditions = list(dict.fromkeys(each.condition for each in (first, second) if each))
        if not conditions:
            return inner
        both = self.value("and", conditions) if len(conditions) == 2 else conditions[0]
        return self.value("if", [both, inner, 0.0])

    def _sum(self, first: Choice, second: Choice, operands: Sequence[Operand[Row]]) -> Operand[Row]:
        """The sum of two choices, 0 where neither is taken."""
        if first.condition == second.condition:
            inner = self.value("+", [first.inner, second.inner])
            return self.value("if", [first.condition, inner, 0.0])
        either = self.value("or", [first.condition, second.condition])
        return self.value("if", [either, self._row("+", operands), 0.0])

    def _chosen(self, operand: Operand[Row]) -> Choice | None:
        """An operand as a choice between something and 0, if it is one."""
        if isinstance(operand, float) or self.columns.op(operand.node) != "if":
            return None
        condition, taken, other = map(self._called, self.columns.operands(operand.node))
        if other == 0.0:
            return Choice(condition, taken)
        return Choice(self.value("not", [condition]), other) if taken == 0.0 else None

    def _called(self, node: int) -> Operand[Row]:
        return self.columns.constant(node) if self.columns.is_number(node) else Row(node)

    def _row(self, name: str, operands: Sequence[Operand[Row]]) -> Row:
        nodes = tuple([self.node(each) for each in operands])
        if (name, nodes) not in self._rows:
            self._rows[name, nodes] = Row(self.columns.step(name, nodes))
        return self._rows[name, nodes]


def _alone(name: str, operands: Sequence[Operand[Row]]) -> tuple[Graph, list[int]]:
    """The slopes of an operation as a graph, and its inputs: the operands and the value. By a
    number, which has none, it is 0."""
    writer = Rows(Columns())
    inputs = [writer.columns.input() for _ in (*operands, name)]
    given = [
        each if isinstance(each, float) else Row(at)
        for at, each in zip(inputs, operands, strict=False)
    ]
    found = Texts.slopes(writer, name, given, Row(inputs[-1]))
    moving = [
        0.0 if isinstance(x, float) else each for x, each in zip(operands, found, strict=True)
    ]
    return Graph(writer.columns, [writer.node(each) for each in moving]), inputs


def derivative_graph(
    graph: Graph, wrt: Sequence[int], seeds: Mapping[int, float] | None = None
) -> Graph:
    """The graph whose outputs are the derivatives of another by each of `wrt`, in this order.

    seeds: of the graph's outputs, those that count, and how much; by default its output. The
    columns are a copy in which more rows follow: the graph's nodes are what they were.

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
    columns = graph.columns.copy()
    writer = Rows(columns)
    walk = Walk(writer, graph, graph.steps, writer.known(graph))
    found = walk.backward(seeds or {graph.output: 1.0}, wrt)
    return Graph(columns, [writer.node(each) for each in found.values()], graph.labels)
