"""What stands in indices, ranges and their conditions: arithmetic of whole numbers.

It is done before there are Values. The names allowed are the variables of clauses and the integer
constants of the file; what a function was called with counts if it is a number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from math import inf, isfinite, isinf, isnan
from typing import Any, NamedTuple

from backprop.errors import (
    BackpropError,
    Label,
    NotANumber,
    TooLarge,
    UnexpectedText,
)
from backprop.graph import Columns, in_order, joined
from backprop.language.index_code import Scope, plain
from backprop.language.sizes import NO_SIZES
from backprop.names import look, strange_letter
from backprop.numbers import beyond_doubles, call_text, exact, shown, whole_number
from backprop.operations import CONSTANTS, FUNCTIONS, GATHERS, OPERATIONS
from backprop.source import Span
from backprop.syntax import functions
from backprop.syntax.bodies import Body, Nodes, Parts, TooDeep, body, prepared
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens


class Argument(NamedTuple):
    """What a function is called with: a row of the columns."""

    node: int


MOST = 2**53
"""Beyond it a double is not every integer."""

_INDEX = "in an index or a range write whole numbers, index variables, + - * / ^"

_LONGEST = 50
"""The most constants that are defined by one another, one after the other."""


def _computed(name: str, parts: Sequence[float]) -> float:
    """The value of an operation on numbers, which may lack what has a default."""
    function, row = functions.value(name), OPERATIONS[name]
    if row.folds:  # two numbers or more
        return reduce(function, map(float, parts))
    given = len(row.defaults) - (row.arity - len(parts))
    return function(*map(float, parts), *row.defaults[given:])


class NoNumber(UnexpectedText):
    """An expression that is no number where one is due. what: the message without what it is about:
    `has no value`."""

    def __init__(
        self,
        message: str,
        what: str,
        place: Span,
        hints: Sequence[str],
        others: Sequence[Label] = (),
    ) -> None:
        super().__init__(message, place, *others, hints=hints)
        self.what = what


class Integers:
    """The integer constants of a file: right sides of its equations."""

    def __init__(self, equations: Mapping[str, Statement]) -> None:
        self.sources = equations
        self.defined: Collection[str] = self.sources
        """The names to which pi and inf give way."""
        self.known: dict[str, float] = {}
        """The constants that were asked for: no setting may change them any more."""
        self.own: Collection[str] = ()
        """The functions of the file, before which those of the language stand back."""
        self.called: Callable[[str, Sequence[float], Span, bool], float] | None = None
        """The number of a call of one of them; whether any will do, and not a whole one alone."""
        self.member: Callable[[str, Span], float] | None = None
        """The number of a member of a family, where that may be asked for."""
        self.table: Callable[[str, tuple[int, ...], Span], float] | None = None
        """The number of a member of a family that indices and ranges are made of."""
        self._open: set[str] = set()
        self.scopes: Callable[[Tokens, Parts, Scope, int], Iterator[Scope]]
        """What the variables of a sum run through: see Families."""
        self._ready: dict[tuple[int, int], tuple[Any, ...]] = {}
        """Functions of `plain`, behind what their keys are made of, which so cannot become something
        else."""
        self.sizes = NO_SIZES
        """Numbers from outside, in the place of those of the file."""
        self.columns = Columns()
        """Where the arguments of functions are: those of the builder."""
        self._inputs: dict[int, str] = {}

    def met(self, name: str, node: int) -> None:
        """Remember the row of a name that may be a constant."""
        if name in self.sources:
            self._inputs[node] = name

    def number(self, tokens: Tokens, nodes: Nodes, scope: Scope, free: bool = False) -> float:
        """The number of an expression; booleans count as 0 and 1. Raises UnexpectedText,
        NotANumber, TooLarge. free: any number will do, and the constants pi and inf are known."""
        if len(nodes) == 1 and nodes[0].kind == "name":  # x[i], by far the most frequent
            return self._name(tokens, nodes[0].token, scope, free)
        if any(node.kind == "gather" for node in nodes):
            try:
                return self.of_body(tokens, body(nodes), scope, free)
            except TooDeep:
                message = "sums inside sums, deeper than is read"
                place = tokens.span(nodes[-1].first, nodes[-1].last)
                raise TooLarge(message, place) from None
        return fold_nodes(nodes, lambda *node: self._node(tokens, scope, free, *node))

    def arguments(self, tokens: Tokens, call: Body, scope: Scope) -> list[float]:
        """The numbers of what the call at the end of a body is made of; any will do, as with `free`."""
        found: list[float] = []

        def compute(node: Node, operands: list[float]) -> float:
            if node is not call.nodes[-1]:
                return self._of_part(tokens, call, scope, True, node, operands)
            found.extend(map(float, operands))
            return 0.0

        fold_nodes(call.nodes, compute)
        return found

    def of_body(self, tokens: Tokens, whole: Body, scope: Scope, free: bool) -> float:
        """The number of an expression with sums."""
        return fold_nodes(
            whole.nodes, lambda *node: self._of_part(tokens, whole, scope, free, *node)
        )

    def _of_part(
        self,
        tokens: Tokens,
        whole: Body,
        scope: Scope,
        free: bool,
        node: Node,
        operands: list[float],
    ) -> float:
        """The number of a node of a body; of a sum that of its terms, as if they were written out."""
        if node.kind == "index":
            indices = whole.parts[node.token].indices
            operands = [*self.indices(tokens, indices, scope)]
        if node.kind != "gather":
            return self._node(tokens, scope, free, node, operands)
        parts, row = whole.parts[node.token], GATHERS[tokens.texts[node.token]]
        terms = [
            self.of_body(tokens, parts.body, each, free)
            for each in self.scopes(tokens, parts, scope, 1 + len(parts.body.nodes))
        ]
        if not terms and row.empty is None:
            raise self._fault(tokens, node.first, node.last, f"is the {row.name} of nothing")
        total = joined(row.joined_by, terms, _computed) if terms else row.empty or 0.0
        return total / len(terms) if row.divided else total

    def _node(
        self, tokens: Tokens, scope: Scope, free: bool, node: Node, operands: list[float]
    ) -> float:
        """The number of a node, from those of its operands."""
        text = tokens.texts[node.token]
        found: float | None = None
        if node.kind == "name":
            return self._name(tokens, node.token, scope, free)
        if node.kind == "number":
            found = float(text)
            beyond, hint = beyond_doubles(text, found)
            if beyond and (free or not found):  # of too large an index more can be said below
                hint = hint if not found else "it must be finite"
                place = tokens.span(node.token)
                raise NoNumber(f"a number {beyond}", f"is a number {beyond}", place, [hint])
            if text.isdecimal() and found <= MOST:
                found = whole_number(text)
        elif node.kind == "call":
            if text in self.own and self.called:
                return self.called(text, operands, tokens.span(node.first, node.last), free)
            row = FUNCTIONS.get(text)
            if row and text not in self.own:
                return _computed(row.name, operands)
        elif node.kind == "operation":
            found = _computed(node.operation, operands)
        if node.kind == "index":
            return self._member(tokens, node, operands)
        if found is None:
            what = "is no arithmetic"
        elif isnan(found) or (
            isinf(found) and operands and OPERATIONS[node.operation].at_pole(*operands)
        ):
            what = "has no value"
        elif abs(found) <= MOST or free:
            return found
        else:
            what = "is no number of this size"
        raise self._fault(tokens, node.first, node.last, what)

    def _member(self, tokens: Tokens, node: Node, operands: Sequence[float]) -> float:
        """The number of a member of a family: `k[2]` in an index, or in bounds."""
        name, place = tokens.texts[node.token], tokens.span(node.first, node.last)
        if odd := [at for at in operands if not float(at).is_integer()]:
            message = f"an index is a whole number, and this is {shown(odd[0], 6)}"
            raise UnexpectedText(message, place, hints=[_INDEX])
        key = tuple(map(int, operands))
        if self.member:
            return self.member(f"{name}[{','.join(map(str, key))}]", place)
        if self.table:
            return self.table(name, key, place)
        raise UnexpectedText("no member of a family has a number here", place, hints=[_INDEX])

    def _at_once(
        self, tokens: Tokens, key: object, several: Sequence[Nodes], scope: Scope
    ) -> Sequence[int]:
        """The numbers of expressions for which there is a function, which is kept by `key`; none
        where they have to be looked at one by one."""
        ready = self._ready.get((id(tokens), id(key)))
        if ready is None:
            ready = tokens, key, plain(tokens, several, scope)
            self._ready[id(tokens), id(key)] = ready
        if ready[2]:
            try:
                whole: tuple[int, ...] = ready[2](scope)
            except KeyError:  # a variable that is not known here
                return ()
            if min(whole) >= -MOST and max(whole) <= MOST:
                return whole
        return ()

    def indices(self, tokens: Tokens, several: Sequence[Nodes], scope: Scope) -> Sequence[int]:
        """The numbers of expressions that must be whole ones."""
        found = self._at_once(tokens, several, several, scope)
        return found or [self.integer(tokens, each, scope) for each in several]

    def integer(self, tokens: Tokens, nodes: Nodes, scope: Scope) -> int:
        """The number of an expression that must be a whole one."""
        if at_once := self._at_once(tokens, nodes, (nodes,), scope):
            return at_once[0]
        found = self.number(tokens, nodes, scope)
        if abs(found) <= MOST and found == (whole := int(found)):
            return whole
        first = nodes[0].first
        if first > 1 and tokens.kinds[first - 1] == "LSQB" and tokens.texts[first - 2] in FUNCTIONS:
            from backprop.syntax.case import closing, own  # for a mistake alone

            name, last = tokens.texts[first - 2], closing(tokens, first - 1)
            hints = [f"write {name}({own(tokens, first, last - 1)})"]
            what = "has its arguments in round brackets"
            raise NoNumber(f"{name} {what}", what, tokens.span(first - 2, last), hints)
        number = shown(found, 6)
        number = exact(found) if float(number).is_integer() else number
        what = f"is {number}, no whole number"
        if MOST < abs(found) < inf:
            what = f"is {shown(found, 6)}, and no index or range goes beyond {MOST:,}"
        error = self._fault(tokens, nodes[-1].first, nodes[-1].last, what)
        met = self.tables(tokens, nodes, scope)
        if nodes[-1].kind == "index" or tokens.texts[nodes[-1].token] in self.own:
            error.message = f"{met[-1][0]} {what}"  # which member it is, or which call
        elif met:
            error.hints = (*error.hints, *(f"{each} is {shown(number, 6)}" for each, number in met))
        raise error

    def tables(self, tokens: Tokens, nodes: Nodes, scope: Scope) -> list[tuple[str, float]]:
        """The members of families and the calls of functions of the file that an index is made of, and
        their numbers."""
        found: list[tuple[str, float]] = []

        def compute(node: Node, operands: list[float]) -> float:
            number = self._node(tokens, scope, False, node, operands)
            if node.kind == "index":
                key = ",".join(str(int(at)) for at in operands)
                found.append((f"{tokens.texts[node.token]}[{key}]", number))
            elif node.kind == "call" and tokens.texts[node.token] in self.own:
                found.append((call_text(tokens.texts[node.token], operands), number))
            return number

        if any(node.kind in ("index", "call") for node in nodes):
            fold_nodes(nodes, compute)
        return found

    def _name(self, tokens: Tokens, token: int, scope: Scope, free: bool) -> float:
        name = tokens.texts[token]
        if name in scope:
            found: Any = scope[name]
            number: float | None = (
                self.of_argument(found.node) if isinstance(found, Argument) else found
            )
            if number is None or not isfinite(number):
                raise self._fault(tokens, token, token, "depends on a value")
            return number
        if free and name in CONSTANTS and name not in self.defined:
            return CONSTANTS[name]
        return self.known[name] if name in self.known else self._constant(tokens, token, scope)

    def _constant(self, tokens: Tokens, token: int, scope: Scope) -> float:
        name = tokens.texts[token]
        here = Label(tokens.span(token), "an index or a range needs one")
        message = f"{name!r} is no integer constant of these equations"
        if name not in self.sources or name in self._open or len(self._open) >= _LONGEST:
            give = f"give it a number: {name} = 10 in the equations, or --set {name}=10"
            hints = [
                give,
                f"or say what it runs through: for {name} in 1..{'n' if name != 'n' else 10}",
            ]
            if other := next((each for each in scope if look(each) == look(name)), ""):
                letters = strange_letter(name, other), strange_letter(other, name)
                hints = [f"it has {letters[0]}, and what runs has {letters[1]}: write one of them"]
            raise NotANumber(message, here, hints=hints)
        self._open.add(name)
        try:
            return self._of_equation(name)
        except TooLarge:
            raise
        except BackpropError:
            hints = ["indices and ranges must be known before anything is computed"]
            whole = self.sources[name].tokens.whole
            raise NotANumber(message, here, whole, hints=hints) from None
        finally:
            self._open.discard(name)

    def constant(self, name: str) -> float:
        """The number of a name that stays the same. Raises NotANumber for others, TooLarge."""
        if name in self.known:
            return self.known[name]
        if name not in self.sources:
            raise NotANumber(f"{name!r} is no constant of these equations")
        return self._of_equation(name)

    def _of_equation(self, name: str) -> float:
        source = self.sources[name]
        number = self.sizes.of_statement(name, source, self.defined)
        if number is None:
            number = self.of_body(source.tokens, prepared(source.shape).body, {}, True)
        self.known[name] = number
        return number

    def of_row(self, row: int, found: dict[int, float]) -> float | None:
        """The number of a row, if it is arithmetic of numbers and of these rows. found: takes those
        of the rows on the way, which no later call computes again."""
        columns = self.columns
        for node in in_order([row], lambda at: () if at in found else columns.operands(at)):
            if node in found:
                continue
            if columns.is_number(node):
                found[node] = columns.constant(node)
            elif columns.is_step(node) and found.keys() >= {*columns.operands(node)}:
                parts = [found[each] for each in columns.operands(node)]
                found[node] = _computed(columns.op(node), parts)
            else:
                return None
        return found[row]

    def of_argument(self, argument: int) -> float | None:
        """The number that a function was called with, if it is arithmetic of numbers and constants."""
        inputs: dict[int, float] = {}
        for node in in_order([argument], self.columns.operands):
            if node in self._inputs and not self.columns.is_step(node):
                with suppress(BackpropError):
                    inputs[node] = self._of_equation(self._inputs[node])
        number = self.of_row(argument, inputs)
        return None if number is None else float(number)

    def _fault(self, tokens: Tokens, first: int, last: int, what: str) -> NoNumber:
        here = tokens.span(first, last)
        hints = [_INDEX]
        if here.source.text[here.start - 2 : here.start + 1] == "...":
            hints[0] = f"'..' stands between the ends of a range: write {here.text[1:]}"
        return NoNumber(f"this {what}", what, here, hints)


def beyond_range(tokens: Tokens, token: int) -> UnexpectedText | None:
    """The error for a number that no double holds; None for another."""
    text = tokens.texts[token]
    beyond, hint = beyond_doubles(text, float(text))
    return (
        UnexpectedText(f"a number {beyond}", tokens.span(token), hints=[hint]) if beyond else None
    )
