"""`Value`, one node of a graph, and `in_order`, the only walk over a graph.

>>> from backprop import Value
>>> a, b = Value(2, "a"), Value(-3, "b")
>>> L = (a * b + 10) * -2
>>> L.backward()
>>> L.data, a.grad, b.grad
(-8.0, 6.0, -4.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import nan
from typing import TYPE_CHECKING, Union

from backprop.operations import OPERATIONS

if TYPE_CHECKING:
    from types import ModuleType

    from graphviz import Digraph

NUMBER = "number"
"""The `op` of a constant: a number written in an equation, which takes no gradient."""

Number = Union[int, float, "Value"]
Place = Union[int, tuple[int, "Place"], "Later", None]
"""A packed span (`source.pack`); with the place of the call, for a step inside a function; or Later."""


class Later:
    """Where a Value stands, not worked out yet: somewhere in the statement that begins at `start`.

    Few places are ever asked for, and a place of its own would be a sixth of a Value's memory; so
    the Values of a statement share one number, and `Model.span` reads the statement again.
    """

    __slots__ = ("start", "value")

    def __init__(self, value: Value, start: int) -> None:
        self.value = value
        self.start = start


class Value:
    """One number of a computation, and how it came about.

    data: the number. grad: the derivative of the last output whose `backward()` passed here, by
    this value; 0.0 before. label: its name, or "". prev: its operands in order, repeats kept.
    op: the operation's name in the table of operations; "" for an input. place: its text, if any.
    """

    __slots__ = ("_where", "data", "grad", "label", "op", "prev")

    def __init__(
        self,
        data: float,
        label: str = "",
        *,
        prev: tuple[Value, ...] = (),
        op: str = "",
        place: Place = None,
    ) -> None:
        if isinstance(data, (str, bytes, Value)):
            raise TypeError(f"a Value takes a number, not {data!r}")
        self.data = float(data)
        self.grad = 0.0
        self.label = label
        self.prev = prev
        self.op = op
        self._where = place

    @property
    def place(self) -> Place:
        """Where its text stands; `Model.span` and `Model.text` say what this is."""
        where = self._where
        if type(where) is int and where < 0:  # ~ of the start of its statement
            return Later(self, ~where)
        return where

    @place.setter
    def place(self, place: Place) -> None:
        self._where = place

    def __repr__(self) -> str:
        label = f"label={self.label}, " if self.label else ""
        return f"Value({label}data={self.data!r}, grad={self.grad!r})"

    def forward(self) -> Value:
        """Compute `data` again, here and in everything that leads here; return self."""
        engine = _engine()
        engine.forward(in_order([self]))
        return self

    def backward(self) -> None:
        """Set `grad`, here and in everything that leads here, to the derivative of self by it."""
        engine = _engine()
        engine.backward(in_order([self]))

    def draw(self, *, theme: str = "light", direction: str = "LR") -> Digraph:
        """The graph that leads here, as a picture: a `graphviz.Digraph`. Call `backward()` first."""
        from backprop.reports.notebook import draw_value  # the door upwards

        return draw_value(self, theme, direction)

    draw_dot = draw

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """In a notebook: the picture and the text."""
        from backprop.reports.notebook import value_bundle  # the door upwards

        return value_bundle(self)

    def __add__(self, other: Number) -> Value:
        return apply("+", self, other)

    def __radd__(self, other: Number) -> Value:
        return apply("+", other, self)

    def __sub__(self, other: Number) -> Value:
        return apply("-", self, other)

    def __rsub__(self, other: Number) -> Value:
        return apply("-", other, self)

    def __mul__(self, other: Number) -> Value:
        return apply("*", self, other)

    def __rmul__(self, other: Number) -> Value:
        return apply("*", other, self)

    def __truediv__(self, other: Number) -> Value:
        return apply("/", self, other)

    def __rtruediv__(self, other: Number) -> Value:
        return apply("/", other, self)

    def __pow__(self, other: Number) -> Value:
        return apply("^", self, other)

    def __rpow__(self, other: Number) -> Value:
        return apply("^", other, self)

    def __neg__(self) -> Value:
        return apply("neg", self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return apply("abs", self)

    def __round__(self) -> Value:
        return apply("round", self)

    def __floor__(self) -> Value:
        return apply("floor", self)

    def __ceil__(self) -> Value:
        return apply("ceil", self)

    def __lt__(self, other: Number) -> Value:
        return apply("<", self, other)

    def __le__(self, other: Number) -> Value:
        return apply("<=", self, other)

    def __gt__(self, other: Number) -> Value:
        return apply(">", self, other)

    def __ge__(self, other: Number) -> Value:
        return apply(">=", self, other)

    def __bool__(self) -> bool:
        return self.data != 0

    def __getattr__(self, name: str) -> Callable[..., Value]:
        """`x.tanh()`: every function of the table as a method."""
        return function(name, self)


def apply(op: str, *operands: Number) -> Value:
    """The Value of an operation on Values and numbers, computed at once."""
    prev = tuple(
        operand if isinstance(operand, Value) else Value(operand, op=NUMBER) for operand in operands
    )
    result = Value(nan, prev=prev, op=op)
    _engine().forward([result])
    return result


def function(name: str, *bound: Number) -> Callable[..., Value]:
    """The function `name` of the table, for Values: `function("tanh")(x)`. AttributeError if none."""
    row = OPERATIONS.get({"pow": "^", "if_": "if"}.get(name, name))
    if row is None or not (row.called or name == "if_"):
        raise AttributeError(f"there is no function {name!r}")

    def call(*operands: Number) -> Value:
        operands = (*bound, *operands)
        operands += row.defaults[max(0, len(operands) - row.arity + len(row.defaults)) :]
        if len(operands) < row.arity or (len(operands) > row.arity and not row.folds):
            raise TypeError(f"{name} takes {row.arity} operands, not {len(operands)}")
        result = apply(row.name, *operands[: row.arity])
        for operand in operands[row.arity :]:
            result = apply(row.name, result, operand)
        return result

    return call


def in_order(outputs: Iterable[Value]) -> list[Value]:
    """All Values that lead to `outputs`, each once and after its operands.

    The only walk over a graph. It does not recurse: a chain of a million Values is as good as a
    wide sum. Operands come in the order in which they are written.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [*outputs]
    stack.reverse()
    # the steps below run once for each of millions of Values: methods are looked up once
    push, pop, see, finish = stack.append, stack.pop, seen.add, order.append
    while stack:
        value = pop()
        if value is None:  # everything below the next one is done
            finished = pop()
            assert finished is not None
            finish(finished)
            continue
        while value not in seen:
            see(value)
            prev = value.prev
            for operand in prev:
                if operand not in seen:
                    break
            else:  # nothing to wait for: most Values of a Model, which come after their operands
                finish(value)
                break
            push(value)
            push(None)
            stack.extend(prev[:0:-1])
            value = prev[0]
    return order


def _engine() -> ModuleType:
    """The one door upwards: a Value's methods call the engine, which is built on Values."""
    from backprop import engine

    return engine
