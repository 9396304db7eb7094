"""Statements → a graph of Values: names resolved, functions expanded where they are called.

One loop over a statement's nodes, which are in postfix order, with a stack of the Values that still
wait for their operation. A call of a function of the file begins a frame of its own on a second
stack; nothing recurses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, nan
from typing import NamedTuple

from backprop.errors import BackpropError, UnexpectedText
from backprop.language.grammar import Node
from backprop.language.parser import Statement
from backprop.language.scanner import Tokens
from backprop.operations import CONSTANTS, FUNCTIONS
from backprop.source import Span, pack
from backprop.values import NUMBER, Place, Value

Scope = Mapping[str, Value]


class _Frame(NamedTuple):
    """An expression that is being read: the file's, or a function's body with its arguments."""

    nodes: Iterator[Node]
    tokens: Tokens
    scope: Scope
    caller: Place


class Builder:
    """The named Values of a file while it is being read, and the functions that it defines.

    values: every named Value, equations first, inputs that no statement defines as they appear.
    order: the names in file order; an input that no statement defines stands before its first use.
    defaults: the Values of right sides without names. places: the right sides, packed spans.
    """

    def __init__(
        self, equations: Mapping[str, Statement], functions: Mapping[str, Statement]
    ) -> None:
        self.functions = functions
        self.values: dict[str, Value] = {name: Value(nan, name) for name in equations}
        self.order: list[str] = []
        self.finished: set[str] = set()
        self.defaults: dict[str, Value] = {}
        self.places: dict[str, int] = {}
        self.errors: list[BackpropError] = []
        self.ahead = False
        """Whether an equation uses a name above the line that defines it."""
        self._uses_names = False

    def equation(self, statement: Statement) -> None:
        """Give the named Value of an equation its operation and operands, or its default."""
        tokens, shape = statement
        name = tokens.texts[shape.target]
        value = self.values[name]
        root = self.expression(statement)
        value.place = self.places[name] = pack(tokens.starts[shape.target + 2], tokens.ends[-1])
        if not self._uses_names:
            self.defaults[name] = root
        elif root.label or root.op == NUMBER:
            value.op, value.prev = "copy", (root,)
        else:
            value.op, value.prev, value.place = root.op, root.prev, root.place
        self.order.append(name)
        self.finished.add(name)

    def expression(self, statement: Statement) -> Value:
        """The Value of a statement's right side; it has a label only if that is a name alone."""
        stack: list[Value] = []
        values, finished, uses_names = self.values, self.finished, False
        frames = [_Frame(iter(statement.shape.nodes), statement.tokens, {}, None)]
        while frames:
            nodes, tokens, scope, caller = frames[-1]
            texts, starts, ends = tokens.texts, tokens.starts, tokens.ends
            for kind, operation, token, count, first, last in nodes:
                if kind == "name":
                    name = texts[token]
                    value = scope.get(name) if scope else None
                    if value is None:
                        value = values.get(name)
                        if value is None or name not in finished:
                            value = self._new_name(name, pack(starts[token], ends[token]))
                        uses_names = uses_names or value.op != NUMBER
                    stack.append(value)
                    continue
                at = pack(starts[first], ends[last])
                place: Place = at if caller is None else (at, caller)
                if operation == "neg" and stack[-1].op == NUMBER:
                    stack[-1] = Value(-stack[-1].data, op=NUMBER, place=place)  # -3 is a number
                elif kind == "operation":
                    operands = tuple(stack[-count:])
                    del stack[-count:]
                    stack.append(Value(nan, prev=operands, op=operation, place=place))
                elif kind == "number":
                    stack.append(self._number(texts[token], tokens.span(token, token), place))
                elif texts[token] in self.functions:
                    body = self.functions[texts[token]]
                    parameters = [body.tokens.texts[at] for at in body.shape.parameters]
                    operands = tuple(stack[len(stack) - count :])
                    del stack[len(stack) - count :]
                    inner = dict(zip(parameters, operands, strict=True))
                    frames.append(_Frame(iter(body.shape.nodes), body.tokens, inner, place))
                    break
                else:
                    self._call(texts[token], stack, count, place)
            else:
                frames.pop()
        self._uses_names = uses_names
        return stack[0]

    def _new_name(self, name: str, place: int) -> Value:
        """A name that is no finished equation: a constant, a new input, an equation further down."""
        value = self.values.get(name)
        if value is None:
            if name in CONSTANTS:
                return Value(CONSTANTS[name], op=NUMBER, place=place)
            value = self.values[name] = Value(nan, name, place=place)
            self.order.append(name)
            self.finished.add(name)
        else:
            self.ahead = True
        return value

    def _number(self, text: str, span: Span, place: Place) -> Value:
        number = float(text)
        if number == inf:
            self.errors.append(
                UnexpectedText(
                    "a number too large for a double, which ends at 1.8e308",
                    span,
                    hints=["write inf for infinity"],
                )
            )
        return Value(number, op=NUMBER, place=place)

    def _call(self, name: str, stack: list[Value], count: int, place: Place) -> None:
        """A function of the table; the number of its arguments was checked before."""
        row = FUNCTIONS[name]
        missing = row.arity - count
        if missing > 0:
            stack += [Value(number, op=NUMBER) for number in row.defaults[-missing:]]
            count = row.arity
        operands = stack[-count:]
        del stack[-count:]
        value = Value(nan, prev=tuple(operands[: row.arity]), op=row.name, place=place)
        for operand in operands[row.arity :]:
            value = Value(nan, prev=(value, operand), op=row.name, place=place)
        stack.append(value)
