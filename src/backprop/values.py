"""The chain rule, and `Value`: one node of a graph as a reader sees it.

>>> from backprop import Value
>>> a, b = Value(2, "a"), Value(-3, "b")
>>> L = (a * b + 10) * -2
>>> L.backward()
>>> L.data, a.grad, b.grad
(-8.0, 6.0, -4.0)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, MutableMapping, Sequence
from math import isfinite, nan
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Self, TypeVar, Union

from backprop.graph import CODES, INPUT, NAMES, NUMBER, Columns, Graph, in_order, joined
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.syntax import functions

Number = Union[int, float, "Value"]
Binary = Callable[["Value", Number], "Value"]
ByNode = list[float] | MutableMapping[int, float]
"""A number for each node, by its row in the columns."""


class Numbers(NamedTuple):
    """What the nodes of a graph are worth at a point, and the derivatives of an output by them there."""

    data: list[float]
    gradients: list[float]


F = TypeVar("F")
T = TypeVar("T", bound=Any)
V = TypeVar("V", bound="Value")


class Lookup(dict[int, F], Generic[F]):
    """A function of each operation in use, by the operation's number in the columns."""

    def __init__(self, made: Callable[[str], F]) -> None:
        self._made = made

    def __missing__(self, code: int) -> F:
        self[code] = found = self._made(NAMES[code])
        return found


_TINY = functions.TINY
_VALUE = Lookup(functions.value)
_SLOPES = Lookup(functions.slopes)
SURE_SLOPES = Lookup(functions.sure_slopes)
_CONSTANT_SLOPES = Lookup(functions.constant_slopes)
_STEEP = Lookup(functions.can_be_steep)
_SIZES = Lookup(functions.sizes)


def forward(
    graph: Graph | Columns,
    steps: Iterable[int],
    data: ByNode,
    values: Mapping[int, functions.Function] = _VALUE,
) -> None:
    """Set the value of every step in `data`, which has those of all that the steps need.

    steps: operands first. Never raises: where an operation has no value, it is nan or inf, and
    `diagnosis` finds out whether that matters. values: by operation, where other functions take the
    place of the table's.
    """
    ops, operands = graph.ops, graph.operands
    for step in steps:
        data[step] = values[ops[step]](*[data[each] for each in operands(step)])


def backward(
    graph: Graph | Columns,
    steps: Sequence[int],
    data: ByNode,
    gradients: ByNode,
    slopes: Mapping[int, Sequence[functions.Function]] = SURE_SLOPES,
    lost: Callable[[], float] = float,
) -> list[int]:
    """Add to `gradients` what the chain rule brings from the steps to their operands.

    steps: operands first; `data` has the value of each and of its operands. gradients: at the
    outputs what they begin with, 1 for the derivative of one output, and 0 elsewhere. From the
    outputs back, each use of an operand adds (gradient of the result) * (slope of the operation).
    slopes: by operation, where other functions take the place of the table's. lost: what is added
    where a product of two that are not 0 is too small for a double, by itself 0.

    A gradient of 0 goes no further. Returns the steps where that may be wrong: those whose slope is
    infinite there (0·∞, unless the step is in a branch that was not taken), and those whose
    gradient is too small for a double; `indeterminate` finds out what is right.
    """
    ops, operands, number = graph.ops, graph.operands, CODES[NUMBER]
    usual = slopes is SURE_SLOPES
    doubtful: list[int] = []
    for step in reversed(steps):
        gradient = gradients[step]
        if -_TINY < gradient < _TINY:
            if gradient or (_STEEP[ops[step]] and any_steep(graph, [step], data)):
                doubtful.append(step)
            if gradient == 0.0:
                continue
        inside = operands(step)
        if usual and (constant := _CONSTANT_SLOPES[ops[step]]):
            for operand, each in zip(inside, constant, strict=True):
                if each and ops[operand] != number:
                    gradients[operand] += gradient * each
            continue
        numbers = [data[each] for each in inside]
        numbers.append(data[step])
        for operand, slope_of in zip(inside, slopes[ops[step]], strict=True):
            if ops[operand] != number:
                slope = slope_of(*numbers)
                if share := gradient * slope:
                    gradients[operand] += share
                elif slope:
                    doubtful.append(step)
                    gradients[operand] += lost()
    if doubtful:  # what no gradient has come to is in a branch that was not taken
        reached = set(having_say(graph, steps, data))
        doubtful = [step for step in doubtful if step in reached]
    return doubtful


def having_say(
    graph: Graph | Columns,
    order: Sequence[int],
    data: ByNode,
    roots: Iterable[int] = (),
    undecided: Container[int] = (),
) -> list[int]:
    """The steps of `order` that have a say in `roots`, by itself in its last: of an `if` not the branch
    left out, unless it is among the `undecided`, which stand on a border. What a graph of one equation
    takes from others has no operands there and is none."""
    found = {*roots} or {order[-1]}
    for step in reversed(order):
        if step in found and (inside := graph.operands(step)):
            says = None if step in undecided else OPERATIONS[graph.op(step)].says
            found.update(
                inside if says is None else [inside[at] for at in says(*[data[e] for e in inside])]
            )
    return [node for node in order if node in found and graph.operands(node)]


def any_steep(graph: Graph | Columns, steps: Iterable[int], data: ByNode) -> bool:
    """Whether a slope of one of the steps, by an operand that takes a gradient, is not finite."""
    return any(
        not isfinite(slope) and not graph.is_number(operand)
        for step in steps
        if _STEEP[graph.ops[step]]
        for operand, slope in zip(
            graph.operands(step), local_slopes(graph, step, data), strict=True
        )
    )


def derivatives(
    graph: Graph, data: ByNode, slopes: Mapping[int, Sequence[functions.Function]] = SURE_SLOPES
) -> list[float]:
    """The derivative of the output by every node, where the nodes are worth `data`: `backward` from
    1; nan by what leads to a step where that is not sure."""
    gradients = [0.0] * len(data)
    gradients[graph.output] = 1.0
    if doubtful := backward(graph, graph.steps, data, gradients, slopes):
        _unsure(graph, doubtful, gradients)
    return gradients


def summed_sizes(graph: Graph, data: ByNode) -> list[float]:
    """For every node the sizes of all contributions to its gradient, added up."""
    return derivatives(graph, data, _SIZES)


def _unsure(
    graph: Graph, doubtful: Sequence[int], gradients: ByNode, inside: Container[int] | None = None
) -> None:
    """Make the gradients nan of what leads to doubtful steps, by way of steps `inside`, or all."""

    def operands(node: int) -> tuple[int, ...]:
        return graph.columns.operands(node) if inside is None or node in inside else ()

    for node in in_order(doubtful, operands):
        if not graph.is_number(node):
            gradients[node] = nan


def share(gradient: float, slope: float) -> float:
    """What `backward` adds for one use of an operand, as a number of its own; nan for 0·∞."""
    return gradient * slope + 0.0


def tangents(
    graph: Graph,
    steps: Iterable[int],
    data: ByNode,
    seeds: Mapping[int, T],
    slopes: Mapping[int, Sequence[functions.Function]] = _SLOPES,
) -> dict[int, T]:
    """The derivative of every step by what `seeds` say: the chain rule from the front, an operand's
    tangent times the slope, added up. No slope comes out of a branch that was not taken.

    seeds: the tangents of the nodes that move: for the derivative by a node 1 there, or for those
    by several nodes at once an array for each of them. At a step it is added to what comes there.
    """
    found = dict(seeds)
    zero = next(iter(seeds.values())) * 0.0
    for step in steps:
        total = found.get(step, zero)
        numbers = [data[each] for each in graph.operands(step)]
        numbers.append(data[step])
        chooses = OPERATIONS[graph.op(step)].chooses
        for operand, slope_of in zip(graph.operands(step), slopes[graph.ops[step]], strict=True):
            if operand in found:
                slope = slope_of(*numbers)
                if slope or not chooses:
                    total = total + found[operand] * slope
        found[step] = total
    return found


def local_slopes(graph: Graph | Columns, step: int, data: ByNode) -> list[float]:
    """The partial derivatives of one operation by each of its operands."""
    numbers = [data[each] for each in graph.operands(step)]
    return [slope_of(*numbers, data[step]) for slope_of in _SLOPES[graph.ops[step]]]


def without_names(columns: Columns, root: int) -> tuple[list[int], dict[int, float]]:
    """What an expression without names is made of, operands first, and the number of each part."""
    order = in_order([root], columns.operands)
    data = {node: columns.constant(node) for node in order if columns.is_number(node)}
    forward(columns, filter(columns.is_step, order), data)
    return order, data


def by_names(graph: Graph, node: int, data: ByNode, gradient: float = 1.0) -> dict[int, float]:
    """The derivative of one equation by each name that it uses: the chain rule inside it. gradient:
    what it begins with at the equation."""
    gradients: dict[int, float] = defaultdict(float, {node: gradient})
    inside = graph.equation(node)
    _unsure(graph, backward(graph, inside, data, gradients), gradients, set(inside))
    return {name: gradients[name] for name in graph.uses(node)}


def _operator(op: str) -> tuple[Binary, Binary]:
    """Python's operator for an operation: the method of its left operand, and that of its right one."""
    return lambda left, right: apply(op, left, right), lambda right, left: apply(op, left, right)


def _unary(op: str) -> Callable[[Value], Value]:
    """Python's method for an operation of one operand."""
    return lambda operand: apply(op, operand)


class Value:
    """One number of a computation, and how it came about.

    data: the number. grad: the derivative of the last output whose `backward()` passed here, by
    this value; 0.0 before. label: its name, or "". prev: its operands in order, repeats kept.
    op: the operation's name in the table of operations; "" for an input.
    """

    __slots__ = ("data", "grad", "label", "op", "prev")

    def __init__(
        self, data: float, label: str = "", *, prev: tuple[Value, ...] = (), op: str = INPUT
    ) -> None:
        if isinstance(data, (str, bytes, Value)):
            raise TypeError(f"a Value takes a number, not {data!r}")
        self.data = float(data)
        self.grad = 0.0
        self.label = label
        self.prev = prev
        self.op = op

    def __repr__(self) -> str:
        label = f"label={self.label}, " if self.label else ""
        return f"Value({label}data={self.data!r}, grad={self.grad!r})"

    def forward(self) -> Self:
        """Compute `data` again, here and in everything that leads here; return self."""
        graph, values = graph_of([self])
        data = [value.data for value in values]
        forward(graph.columns, graph.steps, data)
        leave(values, Numbers(data, [value.grad for value in values]))
        return self

    def backward(self) -> None:
        """Set `grad`, here and in everything that leads here, to the derivative of self by it."""
        graph, values = graph_of([self])
        data = [value.data for value in values]
        leave(values, Numbers(data, derivatives(graph, data)))

    __add__, __radd__ = _operator("+")
    __sub__, __rsub__ = _operator("-")
    __mul__, __rmul__ = _operator("*")
    __truediv__, __rtruediv__ = _operator("/")
    __rpow__ = _operator("^")[1]
    __lt__, __gt__ = _operator("<")[0], _operator(">")[0]
    __le__, __ge__ = _operator("<=")[0], _operator(">=")[0]
    __neg__ = _unary("neg")
    __abs__ = _unary("abs")
    __floor__ = _unary("floor")
    __ceil__ = _unary("ceil")

    def __pow__(self, exponent: Number, modulo: None = None) -> Value:
        if modulo is not None:
            raise TypeError("pow() of a Value takes a base and an exponent, and no modulus")
        return apply("^", self, exponent)

    def __round__(self, digits: None = None) -> Value:
        if digits is not None:
            raise TypeError("round() of a Value gives the nearest whole number; it takes no digits")
        return apply("round", self)

    def __pos__(self) -> Value:
        return self

    def __bool__(self) -> bool:
        return self.data != 0

    def __getattr__(self, name: str) -> Callable[..., Value]:
        """`x.tanh()`: every function of the table as a method."""
        return function(name, self)


def leave(values: Iterable[Value], numbers: Numbers) -> None:
    """Give Values their data and grad: the one place where they get new ones."""
    for value, data, gradient in zip(values, *numbers, strict=True):
        value.data, value.grad = data, gradient


def apply(op: str, *operands: Number, kind: type[Value] | None = None) -> Value:
    """The Value of an operation on Values and numbers; of the kind of the first Value if none."""
    kind = kind or next((type(each) for each in operands if isinstance(each, Value)), Value)
    prev = tuple(each if isinstance(each, Value) else kind(each, op=NUMBER) for each in operands)
    return kind(functions.value(op)(*[each.data for each in prev]), prev=prev, op=op)


def function(name: str, *bound: Number, kind: type[Value] | None = None) -> Callable[..., Value]:
    """The function `name` of the table, for Values: `function("tanh")(x)`. AttributeError if none."""
    row = OPERATIONS["if"] if name == "if_" else FUNCTIONS.get(name)
    if row is None:
        raise AttributeError(f"there is no function {name!r}")

    def call(*operands: Number) -> Value:
        operands = (*bound, *operands)
        operands += row.defaults[max(0, len(operands) - row.arity + len(row.defaults)) :]
        if len(operands) < row.arity or (len(operands) > row.arity and not row.folds):
            raise TypeError(f"{name} takes {row.arity} operands, not {len(operands)}")
        if not row.folds:
            return apply(row.name, *operands, kind=kind)
        found = joined(row.name, operands, lambda op, parts: apply(op, *parts, kind=kind))
        assert isinstance(found, Value)  # it is joined of two or more
        return found

    return call


def graph_of(outputs: Iterable[Value]) -> tuple[Graph, list[Value]]:
    """The graph that leads to some Values; node n of it is the Value n of the list."""
    values = in_order(outputs, attrgetter("prev"))
    columns = Columns()
    node: dict[Value, int] = {}
    for value in values:
        if value.prev:
            node[value] = columns.step(value.op, [node[each] for each in value.prev])
        else:
            node[value] = columns.number(value.data) if value.op == NUMBER else columns.input()
    labels = {node[value]: value.label for value in values if value.label}
    return Graph(columns, [node[value] for value in outputs], labels), values


def values_of(columns: Columns, names: Mapping[str, int], kind: type[V]) -> list[V]:
    """A Value of this kind for every node, nodes without a number nan; `names` are their labels."""
    made = [kind(number) for number in columns.start()]
    for node, value in enumerate(made):
        value.op = columns.op(node)
        value.prev = tuple([made[each] for each in columns.operands(node)])
    for name, node in names.items():
        made[node].label = name
    return made
