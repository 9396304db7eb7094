"""Indexed names: what is repeated, what its members are called, and what is drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import proxy

from backprop.errors import (
    LIMIT,
    NOT_YET,
    BackpropError,
    EmptyRange,
    Label,
    NotANumber,
    NotYetSupported,
    TooLarge,
    UnexpectedText,
    UnknownName,
    defined_twice,
)
from backprop.language.distributions import COLUMN, check_distribution
from backprop.language.index_code import Scope
from backprop.language.integers import Integers
from backprop.language.random_numbers import random_numbers
from backprop.names import family as family_of
from backprop.names import in_member, spanned
from backprop.numbers import shown
from backprop.options import MaxNodes, default_of
from backprop.source import Span, pack
from backprop.syntax.bodies import Body, Clause, Nodes, Parts, TooDeep, prepared
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

if TYPE_CHECKING:
    from backprop.language.conditions import Condition
    from backprop.language.laid import RowNumbers

MOST_VALUES: int = default_of(MaxNodes)
"""The most Values that a file may unroll and expand to, unless the person allows more."""

_MOST_CLAUSES = 20

_ALL = slice(None)


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
        own = proxy(self)  # it would keep itself alive otherwise, until the collector comes
        self.integers.scopes = lambda *given: own.scopes(*given)
        self.seed = seed
        self.most = most
        self.left = self.asked = most
        """How many more may be made, and how many steps conditions may take, kept or not."""
        self.errors: list[BackpropError] = []
        self.empty: dict[int, EmptyRange] = {}
        """By where they stand, the warnings for ranges of two numbers with nothing in them."""
        self.statements: dict[str, Statement] = {}
        """For each family the first statement that defines members of it."""
        self.scalars: dict[str, Statement] = {}
        self._conditions: dict[tuple[int, int], tuple[Tokens, Parts, Condition]] = {}
        """Ready-made, with what their keys are made of, which so cannot become something else."""
        self._extents: dict[str, str] = {}
        """Of the families that an error was about."""
        self.owners: dict[str, list[Statement]] = {}
        """For each family all statements that define members of it."""
        self.tables: dict[str, dict[str, float]] = {}
        """The numbers of the families that indices are made of."""
        self.data: Sequence[RowNumbers] = ()
        """Tables of which columns stand for names."""
        self.narrowed: dict[tuple[int, int], slice] = {}
        """Of clauses by their `key` which of their numbers are run through, if not all."""
        self.within_tables = 0
        """How many of these are being entered, each for one that is made of it."""

    @property
    def warnings(self) -> list[EmptyRange]:
        """Those for empty ranges, as they stand in the text."""
        return [self.empty[at] for at in sorted(self.empty)]

    def enter(self, statement: Statement) -> None:
        """Enter a statement that defines members of a family, which indices may be made of."""
        name = statement.tokens.texts[statement.shape.target]
        self.statements.setdefault(name, statement)
        self.owners.setdefault(name, []).append(statement)

    def declare(self, statement: Statement, owners: dict[str, Statement]) -> None:
        """Make the statement the owner of each member that it defines; its right side comes later."""

        def own(label: str, *_: object) -> None:
            if label in owners:
                places = left(statement), left(owners[label])
                hint = "a name has one equation; let the ranges not overlap"
                raise defined_twice(f"{label!r} is defined twice", *places, hint)
            owners[label] = statement

        self.each_member(statement, own)

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
                check_distribution(tokens, parts.body.nodes[-1])
            last = parts.clauses[0].node.token - 2 if parts.clauses else -1  # before the `for`
            if parts.limits:
                limit = parts.limits[0].node
                last = limit.last if limit.kind == "concise" else limit.first - 1
            right_side = right(statement, last)
            place = pack(right_side.start, right_side.end)
            for scope in self.scopes(tokens, parts, {}, drawn=shape.drawn):
                label = self.label(tokens, name, parts.indices, scope)
                visit(label, scope, parts, place)
        except BackpropError as error:
            error.message = in_member(label, scope) + error.message
            self.errors.append(error)

    def label(self, tokens: Tokens, name: str, indices: Sequence[Nodes], scope: Scope) -> str:
        """What a member is called: `w[1,2]`. Raises as `Integers`."""
        if not indices:
            return name
        return f"{name}[{','.join(map(str, self.integers.indices(tokens, indices, scope)))}]"

    def scopes(
        self, tokens: Tokens, parts: Parts, outer: Scope, each: int = 1, drawn: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Every combination of the clauses' variables for which the condition holds. each: the
        Values that one takes, as far as they are counted here. drawn: whether no body is read for
        it. Where all are too many, that is said before the first."""
        clauses = parts.clauses
        if not clauses:
            yield {**outer}
            return
        span = tokens.span(clauses[0].node.first, clauses[-1].node.last)
        if len(clauses) > _MOST_CLAUSES:
            raise TooLarge(f"{len(clauses)} indices; {_MOST_CLAUSES} is the most", span)
        count, holds = self._count(tokens, clauses, outer), None
        if parts.condition and count:
            holds = self._condition(tokens, parts, outer)
            self.asked -= count * holds.cost
            if self.asked < 0:
                message = f"the conditions of ranges take over {self.most:,} steps"
                raise TooLarge(message, Label(span, "passed here"), hints=[self._allow()])
        most = self.left // (1 + (0 if drawn else self._cost(tokens, parts, outer)))
        if count > most and holds:
            kept = self._combined(tokens, clauses, {**outer}, holds)
            count = sum(1 for _ in islice(kept, most + 1))
        if count > most:
            raise self._too_large(span)
        for scope in self._combined(tokens, clauses, {**outer}, holds):
            self.left -= each
            if self.left < 0:
                raise self._too_large(span)
            yield scope

    def _count(self, tokens: Tokens, clauses: Sequence[Clause], scope: Scope) -> int:
        """How many combinations there are, or more than are allowed: also where ranges that depend
        on an index have nothing in them millions of times. Others are not run through."""
        variables = [tokens.texts[clause.node.token] for clause in clauses]
        words = [_words(tokens, clause) for clause in clauses] if clauses[1:] else [set[str]()]
        needed = [
            any(variable in each for each in words[at + 1 :])
            for at, variable in enumerate(variables)
        ]

        turns = self.most // 2

        def count(at: int, scope: Scope) -> int:
            nonlocal turns
            numbers = self.numbers(tokens, clauses[at], scope)
            if at + 1 == len(clauses) or not numbers:
                return len(numbers)
            if not needed[at]:
                return len(numbers) * count(at + 1, scope)
            total = 0
            for number in numbers:
                try:
                    total += count(at + 1, {**scope, variables[at]: number})
                except (NotANumber, UnexpectedText):  # told when its turn comes
                    return total
                turns -= 1
                if total > self.most or turns < 0:
                    return self.most + 1
            return total

        return count(0, scope)

    def _cost(self, tokens: Tokens, parts: Parts, scope: Scope) -> int:
        """How many Values a body takes at least, the sums in it as far as their ranges depend on no
        index."""
        total = len(parts.body.nodes)
        variables = {tokens.texts[clause.node.token] for clause in parts.clauses}
        for inner in parts.body.parts.values():
            words = set[str]().union(*(_words(tokens, clause) for clause in inner.clauses))
            if inner.clauses and not inner.condition and words.isdisjoint(variables):
                with suppress(BackpropError):  # told when its turn comes
                    count = self._count(tokens, inner.clauses, scope)
                    total += count * (1 + self._cost(tokens, inner, scope))
        return total

    def _condition(self, tokens: Tokens, parts: Parts, scope: Scope) -> Condition:
        """The condition of a range, made ready once."""
        key = id(tokens), id(parts)
        if key not in self._conditions:
            from backprop.language.conditions import condition  # for files that have some

            *others, variable = [tokens.texts[each.node.token] for each in parts.clauses]
            sample = {**scope, **dict.fromkeys(others, 1)}
            made = condition(self.integers, tokens, parts.condition, variable, sample)
            self._conditions[key] = tokens, parts, made
        return self._conditions[key][2]

    def _combined(
        self,
        tokens: Tokens,
        clauses: Sequence[Clause],
        scope: dict[str, Any],
        holds: Condition | None,
    ) -> Iterator[dict[str, Any]]:
        first, *rest = clauses
        variable = tokens.texts[first.node.token]
        numbers: Iterable[int] = self.numbers(tokens, first, scope)
        if holds and not rest:
            numbers = holds.kept(scope, numbers)
        for number in numbers:
            inner = {**scope, variable: number}
            if rest:
                yield from self._combined(tokens, rest, inner, holds)
            else:
                yield inner

    def numbers(self, tokens: Tokens, clause: Clause, scope: Scope) -> Sequence[int]:
        """What the variable of a clause runs through."""
        items = self.integers.indices(tokens, clause.items, scope)
        some = self.narrowed.get(key(tokens, clause), _ALL) if self.narrowed else _ALL
        if clause.node.kind == "listed":
            return items[some]
        low, high, by = (*items, 1)[:3]
        here = tokens.span(clause.node.first, clause.node.last)
        if not by:
            step = clause.items[2]
            place = tokens.span(step[0].first, step[-1].last)
            raise UnexpectedText(
                "a step of 0 never arrives", place, hints=["leave it out, or write 1"]
            )
        if (high - low) // by >= self.most:
            raise self._too_large(here)
        written = [*chain.from_iterable(clause.items)]
        literal = all(each.kind == "number" or each.operands == 1 for each in written)
        steps = (high - low) // by
        # a number from outside may be 0: then there is nothing, as it says
        given = steps < -1 and scope.keys().isdisjoint(tokens.texts[each.token] for each in written)
        if steps < 0 and (literal or (given and self.integers.sizes.used)):
            hints = [f"for the numbers between them write {high}..{low}"]
            if not literal:
                hints = [f"with the numbers that are given it goes from {low} to {high}"]
            elif by != 1:
                hints = [f"the step leads away: write {low}..{high}..{-by}"]
            self.empty[here.start] = EmptyRange("nothing is in this range", here, hints=hints)
        return range(low, high + (1 if by > 0 else -1), by)[some]

    def spend(self, count: int, tokens: Tokens) -> None:
        """Count Values that are about to be made. Raises TooLarge beyond the limit."""
        self.left -= count
        if self.left < 0:
            raise self._too_large(tokens.whole)

    def _too_large(self, span: Span) -> TooLarge:
        message = f"unrolled, the file has over {self.most:,} values"
        return TooLarge(message, Label(span, "passed here"), hints=[self._allow()])

    def _allow(self) -> str:
        return f"take smaller ranges, or allow more: --max-nodes {10 * self.most}"

    def refuse(self, name: str, family: str, span: Span, names: Mapping[str, int]) -> None:
        """Raise UnknownName for what cannot be an input: a family without an index, a member that a
        family of the file does not have, a name without indices that is given one."""
        if family in self.statements:
            message = f"{name} is not defined"
            if family not in self._extents and len(self.errors) < LIMIT:
                self._extents[family] = extent(family, names)
            if family in self._extents:
                message += f"; {family} has {self._extents[family]}"
            hints = []
            if name == family:
                from backprop.syntax.matrices import matrix_product  # for a mistake only

                message = f"{name!r} has members, and this is none of them"
                many = len(ready_made(self.statements[family]).indices)
                hints = [
                    f"write {name}[{','.join('…' * many)}], or sum({name}[{','.join('*' * many)}])"
                ]
                if many == 2:
                    hints.append(matrix_product(name))
            place = Label(left(self.statements[family]), "defined here")
            raise UnknownName(message, span, place, hints=hints)
        if name != family and family in self.scalars:
            place = Label(left(self.scalars[family]), "defined here")
            raise UnknownName(f"{family!r} has no indices", span, place)

    def draw(self, tokens: Tokens, body: Body, label: str, scope: Scope) -> tuple[float, int]:
        """The default of a member that is drawn at random, and its place."""
        drawn = body.nodes[-1]
        name, span = tokens.texts[drawn.token], tokens.span(drawn.first, drawn.last)
        if name == COLUMN:
            row = scope[tokens.texts[body.nodes[0].token]]
            return float(self.column(tokens, body)[row - 1]), pack(span.start, span.end)
        check_distribution(tokens, drawn)
        try:
            first, second = self.integers.arguments(tokens, body, scope)
        except NotANumber as error:
            message = (
                f"{name} of what has no number makes a model statement of this, which is {NOT_YET}"
            )
            hints = [f"to draw {label}, give numbers, or names that the file gives numbers"]
            raise NotYetSupported(message, error.labels[0].span, hints=hints) from None
        number = self.drawn(name, first, second, (label,))[0]
        wrong = first > second if name == "uniform" else second < 0
        if wrong or not isfinite(number):
            message = f"{name}({shown(first)}, {shown(second)}) cannot be drawn from"
            rule = "low must not be above high" if name == "uniform" else "sd must not be negative"
            hints = [rule if wrong else "both numbers, and what is drawn, must be finite"]
            raise NotANumber(message, span, hints=hints)
        return number, pack(span.start, span.end)

    def column(self, tokens: Tokens, body: Body) -> Sequence[float]:
        """The numbers of a column that a statement draws from."""
        table, number = (int(tokens.texts[node.token]) for node in body.nodes[1:3])
        found: Sequence[float] = [*self.data[table].numbers.values()][number]
        return found

    def drawn(self, name: str, first: float, second: float, labels: Sequence[str]) -> list[float]:
        """The numbers that members draw from a distribution. See `random_numbers`."""
        return random_numbers(self.seed, name, first, second, labels)


def key(tokens: Tokens, clause: Clause) -> tuple[int, int]:
    """What tells a clause from the others of a text."""
    return id(tokens), clause.node.token


def _words(tokens: Tokens, clause: Clause) -> set[str]:
    """The words in the ends of a range, or in the items of a list."""
    return {tokens.texts[node.token] for item in clause.items for node in item}


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
