"""Statements → a graph of Values: names resolved, functions expanded where they are called.

One loop over a statement's nodes, which are in postfix order, with a stack of the Values that still
wait for their operation. A call of a function of the file begins a frame of its own on a second
stack; nothing recurses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import nan
from typing import NamedTuple

from backprop.language.grammar import Node
from backprop.language.parser import Statement
from backprop.language.scanner import Tokens
from backprop.operations import CONSTANTS, FUNCTIONS
from backprop.source import pack
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
    """

    def __init__(self, equations: Mapping[str, Statement], functions: Mapping[str, Statement]) -> None:
        self.functions = functions
        self.values: dict[str, Value] = {name: Value(nan, name) for name in equations}
        self.order: list[str] = []
        self.finished: set[str] = set()
        self.defaults: dict[str, Value] = {}
        self.ahead = False
        """Whether an equation uses a name above the line that defines it."""
        self._uses_names = False

    def equation(self, statement: Statement) -> None:
        """Give the named Value of an equation its operation and operands, or its default."""
        tokens, shape = statement
        name = tokens.texts[shape.target]
        value = self.values[name]
        self._uses_names = False
        root = self.expression(statement)
        begin = shape.target + 2
        value.place = pack(tokens.starts[begin], tokens.ends[-1])
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
        frames = [_Frame(iter(statement.shape.nodes), statement.tokens, {}, None)]
        while frames:
            nodes, tokens, scope, caller = frames[-1]
            texts, starts, ends = tokens.texts, tokens.starts, tokens.ends
            for kind, operation, token, count, first, last in nodes:
                if kind == "name":
                    name = texts[token]
                    value = scope.get(name) if scope else None
                    stack.append(self._name(name) if value is None else value)
                    continue
                place: Place = pack(starts[first], ends[last])
                if caller is not None:
                    place = place, caller
                if kind == "operation":
                    operands = tuple(stack[-count:])
                    del stack[-count:]
                    stack.append(Value(nan, prev=operands, op=operation, place=place))
                elif kind == "number":
                    stack.append(Value(float(texts[token]), op=NUMBER, place=place))
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
        return stack[0]

    def _name(self, name: str) -> Value:
        value = self.values.get(name)
        if value is None:
            if name in CONSTANTS:
                return Value(CONSTANTS[name], op=NUMBER)
            value = self.values[name] = Value(nan, name)
            self.order.append(name)
            self.finished.add(name)
        elif not self.ahead and name not in self.finished:
            self.ahead = True
        self._uses_names = True
        return value

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
