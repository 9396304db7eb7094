"""Indexed names: what is repeated, what its members are called, and what is drawn at random."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from math import isfinite
from types import MappingProxyType
from typing import Any

from backprop.errors import (
    NOT_YET,
    BackpropError,
    EmptyRange,
    Label,
    NotANumber,
    NotYetSupported,
    TooLarge,
    UnexpectedText,
    UnknownName,
    WrongNumberOfArguments,
    defined_twice,
)
from backprop.language.integers import Integers, Scope
from backprop.names import family as family_of
from backprop.names import spanned
from backprop.numbers import shown
from backprop.options import MaxNodes, default_of
from backprop.source import Span, pack
from backprop.syntax.bodies import Body, Clause, Nodes, Parts, TooDeep, prepared
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

MOST_VALUES: int = default_of(MaxNodes)
"""The most Values that a file may unroll and expand to, unless the person allows more."""

_MOST_CLAUSES = 20

DISTRIBUTIONS: Mapping[str, str] = MappingProxyType({"uniform": "low, high", "normal": "mean, sd"})


class Families:
    """The families of a file. equations: those of single names. seed: of what is drawn. most:
    Values that may be unrolled."""

    def __init__(
        self,
        equations: Mapping[str, Statement] = MappingProxyType({}),
        seed: int = 0,
        most: int = MOST_VALUES,
    ) -> None:
        self.integers = Integers(equations)
        self.integers.scopes = self.scopes
        self.seed = seed
        self.most = most
        self.left = most
        self.errors: list[BackpropError] = []
        self.empty: dict[int, EmptyRange] = {}
        """By where they stand, the warnings for ranges of two numbers with nothing in them."""
        self.statements: dict[str, Statement] = {}
        """For each family the first statement that defines members of it."""
        self.scalars: dict[str, Statement] = {}
        self._extents: dict[str, str] = {}
        """Of the families that an error was about."""

    def declare(self, statement: Statement, owners: dict[str, Statement]) -> None:
        """Enter the statement as the owner of each member that it defines; its right side comes later."""
        self.statements.setdefault(statement.tokens.texts[statement.shape.target], statement)

        def enter(label: str, *_: object) -> None:
            if label in owners:
                places = left(statement), left(owners[label])
                hint = "a name has one equation; let the ranges not overlap"
                raise defined_twice(f"{label!r} is defined twice", *places, hint)
            owners[label] = statement

        self.each_member(statement, enter)

    def each_member(
        self, statement: Statement, visit: Callable[[str, Scope, Parts, int], None]
    ) -> None:
        """Call `visit` with each name that a statement defines, the values of its indices, the
        parts of the statement and the place of its right side. An error says in which member it
        was met."""
        tokens, shape = statement
        name = label = tokens.texts[shape.target]
        scope: Scope = {}
        try:
            parts = ready_made(statement)
            if shape.drawn:
                _check_distribution(tokens, parts.body.nodes[-1])
            last = parts.clauses[0].node.token - 2 if parts.clauses else -1  # before the `for`
            if parts.limits:
                limit = parts.limits[0].node
                last = limit.last if limit.kind == "concise" else limit.first - 1
            right_side = right(statement, last)
            place = pack(right_side.start, right_side.end)
            for scope in self.scopes(tokens, parts, {}):
                label = self.label(tokens, name, parts.indices, scope)
                visit(label, scope, parts, place)
        except BackpropError as error:
            if scope:
                shown = ", ".join(f"{name} = {number}" for name, number in scope.items())
                message = f"in {label} ({shown}): {error.message}"
                error = type(error)(message, *error.labels, hints=error.hints)
            self.errors.append(error)

    def label(self, tokens: Tokens, name: str, indices: Sequence[Nodes], scope: Scope) -> str:
        """What a member is called: `w[1,2]`. Raises as `Integers`."""
        integer = self.integers.integer
        if len(indices) == 1:
            return f"{name}[{integer(tokens, indices[0], scope)}]"
        if not indices:
            return name
        return f"{name}[{','.join(str(integer(tokens, each, scope)) for each in indices)}]"

    def scopes(self, tokens: Tokens, parts: Parts, outer: Scope) -> Iterator[dict[str, Any]]:
        """Every combination of the clauses' variables for which the condition holds."""
        clauses, condition = parts.clauses, parts.condition
        if len(clauses) > _MOST_CLAUSES:
            span = tokens.span(clauses[0].node.first, clauses[-1].node.last)
            raise TooLarge(f"{len(clauses)} indices; {_MOST_CLAUSES} is the most", span)
        for scope in self._combined(tokens, clauses, {**outer}):
            if not condition or self.integers.number(tokens, condition, scope):
                yield scope

    def _combined(
        self, tokens: Tokens, clauses: Sequence[Clause], scope: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if not clauses:
            yield scope
            return
        first, *rest = clauses
        variable = tokens.texts[first.node.token]
        for number in self._numbers(tokens, first, scope):
            self.left -= 1
            if self.left < 0:
                raise self._too_large(tokens.span(first.node.first, first.node.last))
            yield from self._combined(tokens, rest, {**scope, variable: number})

    def _numbers(self, tokens: Tokens, clause: Clause, scope: Scope) -> Sequence[float]:
        """What the variable of a clause runs through."""
        items = [self.integers.integer(tokens, item, scope) for item in clause.items]
        if clause.node.kind == "listed":
            return items
        low, high = items
        if high - low >= self.left:
            raise self._too_large(tokens.span(clause.node.first, clause.node.last))
        written = chain.from_iterable(clause.items)
        if high < low and all(each.kind == "number" or each.operands == 1 for each in written):
            here = tokens.span(clause.node.first, clause.node.last)
            hints = [f"for the numbers between them write {high}..{low}"]
            self.empty[here.start] = EmptyRange("nothing is in this range", here, hints=hints)
        return range(low, high + 1)

    def spend(self, count: int, tokens: Tokens) -> None:
        """Count Values that are about to be made. Raises TooLarge beyond the limit."""
        self.left -= count
        if self.left < 0:
            raise self._too_large(tokens.whole)

    def _too_large(self, span: Span) -> TooLarge:
        message = f"unrolled, the file has over {self.most:,} values"
        hints = [f"take smaller ranges, or allow more: --max-nodes {10 * self.most}"]
        return TooLarge(message, Label(span, "passed here"), hints=hints)

    def refuse(self, name: str, family: str, span: Span, names: Mapping[str, int]) -> None:
        """Raise UnknownName for what cannot be an input: a family without an index, a member that a
        family of the file does not have, a name without indices that is given one."""
        if family in self.statements:
            if family not in self._extents:
                self._extents[family] = extent(family, names)
            message = f"{name} is not defined; {family} has {self._extents[family]}"
            hints = []
            if name == family:
                message = f"{name!r} has members, and this is none of them"
                hints = [f"write {name}[…], or sum({name}[i] for i in …)"]
            place = Label(left(self.statements[family]), "defined here")
            raise UnknownName(message, span, place, hints=hints)
        if name != family and family in self.scalars:
            place = Label(left(self.scalars[family]), "defined here")
            raise UnknownName(f"{family!r} has no indices", span, place)

    def draw(self, tokens: Tokens, body: Body, label: str, scope: Scope) -> tuple[float, int]:
        """The default of a member that is drawn at random, and its place.

        Each is drawn by itself, from the BLAKE2b hash of the seed and its name: 53 bits as a
        fraction u between 0 and 1. uniform: low + (high - low)*u; normal: mean + sd times the
        quantile of u (Wichura's AS 241, as Python's statistics has it). So a member keeps its
        number whatever else a file draws, on every machine.
        """
        from hashlib import blake2b  # these two take 6 ms, and few files draw
        from statistics import NormalDist

        drawn = body.nodes[-1]
        _check_distribution(tokens, drawn)
        name, span = tokens.texts[drawn.token], tokens.span(drawn.first, drawn.last)
        try:
            first, second = self.integers.arguments(tokens, body, scope)
        except NotANumber as error:
            message = (
                f"{name} of what has no number makes a model statement of this, which is {NOT_YET}"
            )
            hints = [f"to draw {label}, give numbers, or names that the file gives numbers"]
            raise NotYetSupported(message, error.labels[0].span, hints=hints) from None
        digest = blake2b(f"{self.seed}:{label}".encode(), digest_size=8).digest()
        fraction = ((int.from_bytes(digest, "big") >> 11) + 0.5) / 2**53
        if name == "uniform":
            number = first + (second - first) * fraction
        else:
            number = first + second * NormalDist().inv_cdf(fraction)
        wrong = first > second if name == "uniform" else second < 0
        if wrong or not isfinite(number):
            message = f"{name}({shown(first)}, {shown(second)}) cannot be drawn from"
            rule = "low must not be above high" if name == "uniform" else "sd must not be negative"
            hints = [rule if wrong else "both numbers, and what is drawn, must be finite"]
            raise NotANumber(message, span, hints=hints)
        return number, pack(span.start, span.end)


def _check_distribution(tokens: Tokens, drawn: Node) -> None:
    """Raise an error for what stands right of a `~`, unless it can be drawn from."""
    name, span = tokens.texts[drawn.token], tokens.span(drawn.first, drawn.last)
    if drawn.kind != "call" or name not in DISTRIBUTIONS:
        hints = ["write uniform(low, high) or normal(mean, sd)"]
        raise UnexpectedText("this is no distribution", span, hints=hints)
    if drawn.operands != 2:
        hints = [f"write {name}({DISTRIBUTIONS[name]})"]
        message = f"{name} takes 2 arguments, not {drawn.operands}"
        raise WrongNumberOfArguments(message, span, hints=hints)


def ready_made(statement: Statement) -> Parts:
    """The parts of a statement. Raises TooLarge for sums too deep inside one another."""
    try:
        return prepared(statement.shape)
    except TooDeep:
        message = "sums inside sums, deeper than is read"
        raise TooLarge(message, statement.tokens.whole) from None


def extent(family: str, names: Mapping[str, object] | Sequence[str]) -> str:
    """The indices that a family has: `indices 1..2, 1..16`."""
    found = [name for name in names if family_of(name) == family]
    if not found:
        return "no members"
    if len({name.count(",") for name in found}) > 1:
        return f"{len(found)} members"
    ranges = spanned(found).replace(",", ", ")
    return f"the ind{'ices' if len(found) > 1 else 'ex'} {ranges}"


def left(statement: Statement) -> Span:
    """What stands left of an equation's `=` or `~`, without `const`."""
    return statement.tokens.span(statement.shape.target, statement.tokens.sign - 1)


def right(statement: Statement, last: int = -1) -> Span:
    """What stands right of it up to the token `last`, or to the end, clauses included."""
    return statement.tokens.span(statement.tokens.sign + 1, last)
