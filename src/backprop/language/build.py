"""Statements → a graph of Values: names resolved, functions expanded, indexed equations unrolled.

One loop over a statement's nodes, which are in postfix order, with a stack of the Values that still
wait for their operation. A call of a function of the file begins a frame of its own on a second
stack, and so does every term of a sum; nothing recurses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf, nan
from typing import Any

from backprop.errors import BackpropError, UnexpectedText
from backprop.language import families
from backprop.language.families import Families
from backprop.language.integers import Scope, Unknown
from backprop.operations import CONSTANTS, FUNCTIONS
from backprop.records import record as dataclass
from backprop.source import Span, pack
from backprop.syntax.bodies import Program, Step, prepared
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens
from backprop.values import NUMBER, Place, Value


@dataclass(slots=True)
class _Sum:
    """A sum that is being unrolled: the scopes of the terms to come, and the terms so far."""

    step: Step
    scopes: Iterator[dict[str, Any]]
    place: Place
    terms: list[Value]


@dataclass(slots=True)
class _Frame:
    """An expression that is being read: the file's, a function's body with its arguments, or a term
    of a sum."""

    nodes: Iterator[Node]
    program: Program
    tokens: Tokens
    scope: Scope
    caller: Place
    sum: _Sum | None = None


class Builder:
    """The named Values of a file while it is being read, and the functions that it defines.

    values: every named Value, equations first, inputs that no statement defines as they appear.
    order: the names in file order; an input that no statement defines stands before its first use.
    defaults: the Values of right sides without names. places: the right sides, packed spans.
    repeated: the whole statements of members and of what is drawn, packed spans.
    """

    def __init__(
        self, functions: Mapping[str, Statement], members: Families, names: Iterable[str] = ()
    ) -> None:
        self.functions = functions
        self.families = members
        self.values: dict[str, Value] = {name: Value(nan, name) for name in names}
        self.order: list[str] = []
        self.finished: set[str] = set()
        self.defaults: dict[str, Value] = {}
        self.places: dict[str, int] = {}
        self.repeated: dict[str, int] = {}
        self.errors: list[BackpropError] = members.errors
        self.ahead = False
        """Whether an equation uses a name above the line that defines it."""
        self._uses_names = False

    def equation(self, statement: Statement) -> None:
        """Give the named Value of an equation its operation and operands, or its default."""
        tokens, shape = statement
        name = tokens.texts[shape.target]
        try:
            program = Program(shape.nodes, {})
            if shape.indexed:
                program = families.ready_made(statement).right
            root = self.expression(tokens, program, {})
        except Unknown as unknown:
            self.errors.append(unknown.error)
            return
        self._define(name, root, pack(tokens.starts[shape.target + 2], tokens.ends[-1]))

    def family(self, statement: Statement) -> None:
        """The same for every member of an indexed equation; the draws of a `~`."""
        tokens, shape = statement
        ready = prepared(shape)
        name = tokens.texts[shape.target]
        at = families.right_side(statement)
        whole = pack(tokens.starts[0], tokens.ends[-1])
        last = ready.right.nodes[-1].last
        place = pack(tokens.starts[at], tokens.ends[last])
        random = shape.form.endswith("distribution")
        scope: dict[str, Any] = {}
        label = name
        try:
            for scope in self.families.scopes(tokens, ready.clauses, ready.condition, {}):
                label = self.families.label(tokens, name, ready.indices, scope)
                if random:
                    self._uses_names = False
                    root = self.families.draw(statement, label, scope)
                else:
                    root = self.expression(tokens, ready.right, scope)
                self._define(label, root, place)
                self.repeated[label] = whole
        except Unknown as unknown:
            self.errors.append(families.located(unknown.error, label, scope))

    def _define(self, name: str, root: Value, place: int) -> None:
        value = self.values[name]
        value.place = self.places[name] = place
        if not self._uses_names:
            self.defaults[name] = root
        elif root.label or root.op == NUMBER:
            value.op, value.prev = "copy", (root,)
        else:
            value.op, value.prev, value.place = root.op, root.prev, root.place
        self.order.append(name)
        self.finished.add(name)

    def expression(self, tokens: Tokens, program: Program, scope: Scope) -> Value:
        """The Value of an expression; it has a label only if that is a name alone.

        Raises Unknown for an index that cannot be computed or a member that is not there.
        """
        stack: list[Value] = []
        values, finished, uses_names = self.values, self.finished, False
        self.families.spend(len(program.nodes), tokens)
        frames = [_Frame(iter(program.nodes), program, tokens, scope, None)]
        while frames:
            frame = frames[-1]
            tokens, scope, caller = frame.tokens, frame.scope, frame.caller
            texts, starts, ends = tokens.texts, tokens.starts, tokens.ends
            for kind, operation, token, count, first, last in frame.nodes:
                if kind == "name":
                    name = texts[token]
                    value = scope.get(name) if scope else None
                    if value is None:
                        value = values.get(name)
                        if value is None or name not in finished:
                            value = self._new_name(name, tokens, token)
                    elif not isinstance(value, Value):  # the variable of a clause
                        value = Value(value, op=NUMBER, place=pack(starts[token], ends[token]))
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
                elif kind == "index":
                    step = frame.program.steps[token]
                    name = self.families.label(tokens, texts[token], step.indices, scope)
                    value = values.get(name)
                    if value is None or name not in finished:
                        value = self._member(name, tokens, step, at)
                    uses_names = True
                    stack.append(value)
                elif kind == "gather":
                    step = frame.program.steps[token]
                    scopes = self.families.scopes(tokens, step.clauses, step.condition, scope)
                    begun = _Sum(step, scopes, place, [])
                    if not self._next_term(frames, begun, tokens, caller):
                        stack.append(self._summed(begun, tokens))
                        continue
                    break
                elif texts[token] in self.functions:
                    body = self.functions[texts[token]]
                    parameters = [body.tokens.texts[at] for at in body.shape.parameters]
                    operands = tuple(stack[len(stack) - count :])
                    del stack[len(stack) - count :]
                    inner = dict(zip(parameters, operands, strict=True))
                    called = Program(body.shape.nodes, {})
                    if body.shape.indexed:
                        called = families.ready_made(body).right
                    frames.append(_Frame(iter(called.nodes), called, body.tokens, inner, place))
                    break
                else:
                    self._call(texts[token], stack, count, place)
            else:
                frames.pop()
                if frame.sum is not None:
                    frame.sum.terms.append(stack.pop())
                    if not self._next_term(frames, frame.sum, tokens, caller):
                        stack.append(self._summed(frame.sum, tokens))
        self._uses_names = uses_names
        return stack[0]

    def _next_term(self, frames: list[_Frame], begun: _Sum, tokens: Tokens, caller: Place) -> bool:
        """Begin the next term of a sum; False if there is none."""
        scope = next(begun.scopes, None)
        if scope is None:
            return False
        body = begun.step.body
        assert body is not None
        self.families.spend(len(body.nodes), tokens)
        frames.append(_Frame(iter(body.nodes), body, tokens, scope, caller, begun))
        return True

    def _summed(self, begun: _Sum, tokens: Tokens) -> Value:
        """The terms of a sum, product, … as one Value: as if they had been written out."""
        name, terms, place = tokens.texts[begun.step.node.token], begun.terms, begun.place
        op = families.GATHERED_BY[name]
        if not terms:
            empty = families.EMPTY.get(name)
            if empty is None:
                span = tokens.span(begun.step.node.first, begun.step.node.last)
                raise Unknown(UnexpectedText(f"the {name} of nothing: no index fits", span))
            return Value(empty, op=NUMBER, place=place)
        total = terms[0]
        for term in terms[1:]:
            total = Value(nan, prev=(total, term), op=op, place=place)
        if name == "mean":
            count = Value(len(terms), op=NUMBER, place=place)
            total = Value(nan, prev=(total, count), op="/", place=place)
        return total

    def _new_name(self, name: str, tokens: Tokens, token: int) -> Value:
        """A name that is no finished equation: a constant, a new input, an equation further down."""
        place = pack(tokens.starts[token], tokens.ends[token])
        value = self.values.get(name)
        if value is None:
            if name in CONSTANTS:
                return Value(CONSTANTS[name], op=NUMBER, place=place)
            self.families.refuse_whole(name, tokens.span(token, token))
            value = self._new_input(name, place)
        else:
            self.ahead = True
        return value

    def _member(self, name: str, tokens: Tokens, step: Step, place: int) -> Value:
        """A member that is no finished equation: one further down, or a new input."""
        value = self.values.get(name)
        if value is not None:
            self.ahead = True
            return value
        family = tokens.texts[step.node.token]
        span = tokens.span(step.node.first, step.node.last)
        self.families.refuse_missing(family, name, span, self.values)
        return self._new_input(name, place)

    def _new_input(self, name: str, place: int) -> Value:
        value = self.values[name] = Value(nan, name, place=place)
        self.order.append(name)
        self.finished.add(name)
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
