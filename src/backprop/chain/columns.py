"""Operations as rows of columns, in which equal ones are one and what is known beforehand is computed.

Where a branch is not taken its derivatives may be inf or nan, and the gradient that comes to it is
0: `if(c, g, 0)*s`. Such a product is written `if(c, g*s, 0)`, which is 0 there. (A number in place
of the choice would do for the value, as in the other writers, but not for the derivative of the
product.) What is 0 at a point by chance stays a product: 0*inf is nan.
"""

from collections.abc import Sequence
from typing import NamedTuple

from backprop.chain.folding import constant, known
from backprop.chain.walk import Operand, Texts
from backprop.graph import CODES, NAMES, Columns, Graph
from backprop.operations import OPERATIONS
from backprop.row import Operation

_CHOICE = CODES["if"]


class Row(NamedTuple):
    """A node. (A number of its own kind: a plain one would equal the floats of the walk.)"""

    node: int


class Choice(NamedTuple):
    """`if(condition, inner, 0)`."""

    condition: Operand[Row]
    inner: Operand[Row]


class Rows(Texts[Row]):
    """Writes operations as rows of `columns`, which are those of `graph` at first: equal rows are one."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.tables: dict[int, dict[int, int]] = {}
        """Of each operation the rows by their operands: by `first`, of two by `first << 31 | second`."""
        self.special: dict[int, None] = {}
        """Rows that are numbers or choices, with which there is more to do than to write a row."""
        self._others: dict[tuple[str, tuple[int, ...]], int] = {}
        self._numbers: dict[str, int] = {}
        self._slopes: dict[tuple[str, ...], tuple[Graph, list[int]]] = {}
        """The slopes of each operation as a graph by itself, and its operands; by the name, and those
        operands that are numbers."""

    def known(self, graph: Graph) -> list[int]:
        """For each row of these columns the first one that is equal to it, of a graph in them."""
        columns = self.columns
        same = [*range(len(columns))]
        ops, firsts, seconds, more = columns.ops, columns.first, columns.second, columns.more
        tables = [self.table(code).setdefault for code in range(len(NAMES))]
        for node in graph.order:
            first, second = firsts[node], seconds[node]
            if second >= 0 and node not in more:
                same[node] = tables[ops[node]](same[first] << 31 | same[second], node)
            elif second >= 0:
                operands = tuple([same[each] for each in columns.operands(node)])
                same[node] = self._others.setdefault((columns.op(node), operands), node)
                if ops[node] == _CHOICE:
                    self.special[node] = None
            elif first >= 0:
                same[node] = tables[ops[node]](same[first], node)
            elif first < -1:
                same[node] = self._numbers.setdefault(columns.constant(node).hex(), node)
                self.special[node] = None
        return same

    def enter(self, step: int) -> None:
        """Let a step of these columns be the one of its kind."""
        columns, operands = self.columns, self.columns.operands(step)
        if len(operands) > 2:
            self._others.setdefault((columns.op(step), operands), step)
            return
        key = operands[0] << 31 | operands[1] if len(operands) == 2 else operands[0]
        self.table(columns.ops[step]).setdefault(key, step)

    def meet(self, node: int) -> int:
        """Make known a node that new rows may use, if it is a number or a choice. Answers with the first
        row that is this number, or the node."""
        if self.columns.is_number(node):
            self.special[node] = None
            return self._numbers.setdefault(self.columns.constant(node).hex(), node)
        if self.columns.op(node) == "if":
            self.special[node] = None
        return node

    def table(self, code: int) -> dict[int, int]:
        """The rows of an operation of one operand or two."""
        found = self.tables.get(code)
        if found is None:
            found = self.tables[code] = {}
        return found

    def node(self, operand: Operand[Row]) -> int:
        """The row of an operand; a number gets one."""
        return operand.node if isinstance(operand, Row) else self.number(operand)

    def number(self, value: float) -> int:
        """The row of a number."""
        key = value.hex()
        if key not in self._numbers:
            self._numbers[key] = self.columns.number(value)
            self.special[self._numbers[key]] = None
        return self._numbers[key]

    def called(self, node: int) -> Operand[Row]:
        """What a row is called."""
        return self.columns.constant(node) if self.columns.is_number(node) else Row(node)

    def value(self, name: str, operands: Sequence[Operand[Row]]) -> Operand[Row]:
        """The value of an operation: computed where all operands are numbers, else a row."""
        row = OPERATIONS[name]
        if (found := known(name, operands)) is not None:
            return found
        numbers = any(isinstance(each, float) for each in operands)
        if numbers and row.says and isinstance(row.value, str):  # `and` with a 0 is 0
            return self.text(row.value, dict(zip(row.operands, operands, strict=True)))
        choices = [self._chosen(each) for each in operands] if name == "+" else []
        if len(choices) == 2 and choices[0] and choices[1]:
            return self._sum(choices[0], choices[1], operands)
        return self._row(name, operands)

    def texts(self, row: Operation, out: Operand[Row]) -> tuple[str, ...]:
        return row.again or row.slopes

    def constant(self, name: str) -> Operand[Row]:
        return constant(name, self.value)

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

    def sum_row(self, one: int, other: int) -> int:
        """The row of a sum of two rows, neither a choice, not both numbers, none 0."""
        key, table = one << 31 | other, self.table(CODES["+"])
        if key not in table:
            table[key] = self.columns.step("+", (one, other))
        return table[key]

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
        condition, taken, other = map(self.called, self.columns.operands(operand.node))
        if other == 0.0:
            return Choice(condition, taken)
        return Choice(self.value("not", [condition]), other) if taken == 0.0 else None

    def _row(self, name: str, operands: Sequence[Operand[Row]]) -> Row:
        nodes = tuple([self.node(each) for each in operands])
        if len(nodes) > 2:
            known = (name, nodes)
            if known not in self._others:
                self._others[known] = made = self.columns.step(name, nodes)
                if name == "if":
                    self.special[made] = None
            return Row(self._others[known])
        key = nodes[0] << 31 | nodes[1] if len(nodes) == 2 else nodes[0]
        table = self.table(CODES[name])
        if key not in table:
            table[key] = self.columns.step(name, nodes)
        return Row(table[key])


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


def has_value_in_slopes(name: str, operands: Sequence[Operand[Row]]) -> bool:
    """Whether a slope of an operation has its value, `out`, by what is no number among these operands."""
    graph, inputs = _alone(name, operands)
    return inputs[-1] in graph.order
