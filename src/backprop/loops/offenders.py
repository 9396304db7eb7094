"""Mistakes of a text that is too large to be unrolled: the first member of each statement with one is
sought by halves, and it alone is read as the ordinary reader does, which says what is wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from sys import maxsize
from typing import Any

import numpy

from backprop.errors import BackpropError, TooLarge
from backprop.graph import Columns, Place, in_order
from backprop.language.arguments import MemberIndex
from backprop.language.build import EXPECTED, Builder
from backprop.language.circles import circles
from backprop.language.declarations import DeclarationReader
from backprop.language.families import key, ready_made
from backprop.language.index_code import Scope
from backprop.language.reading import Parsed
from backprop.loops.affine import distinct, whole
from backprop.loops.derivative_rows import DerivativeRows
from backprop.loops.domains import Reals
from backprop.loops.draws import drawn
from backprop.loops.family import Family
from backprop.loops.file_numbers import numbers_of
from backprop.loops.literals import literal, repeated
from backprop.loops.many import Many, NotLoops
from backprop.loops.parts import part
from backprop.loops.placement import Layout
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Read
from backprop.names import indices
from backprop.syntax.bodies import Parts
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

_FIRST = 100
"""So many members of each statement are read one by one to find circles."""

_ALONE = 100_000
"""The most values that are read one by one to say what is wrong with one member."""


def mistakes(text: Parsed) -> list[BackpropError]:
    """What the ordinary reader says is wrong with a text; nothing where that is not plain."""
    try:
        return _Sought(text).errors()
    except (NotLoops, BackpropError):
        return []


class _Names(dict[str, int]):
    """The rows of names, EXPECTED for those that families have: these are not made one by one."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        super().__init__()
        self._families = families

    def _has(self, name: object) -> bool:
        family = self._families.get(str(name).partition("[")[0])
        return family is not None and family.named(str(name)) >= 0

    def get(self, name: str, default: Any = None) -> Any:
        if super().__contains__(name):
            return self[name]
        return EXPECTED if self._has(name) else default

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._has(name)

    def __iter__(self) -> Iterator[str]:
        """Of each family the members at its corners: who goes through all wants to know its ends."""
        for family in self._families.values():
            yield from _corners(family)


class _Keys:
    """The members of families by their indices."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self._families = families

    def of(self, name: str) -> Mapping[MemberIndex, str]:
        """The members of a family, in the order of their indices."""
        family = self._families.get(name)
        if family is None or not family.dimensions:
            return {}
        if family.size > _ALONE:
            raise NotLoops("a family is too large to be read member by member")
        labels = family.labels(numpy.flatnonzero(family.owner != Family.ABSENT))
        return {tuple(indices(each)): each for each in labels}


class _TableNumbers(dict[str, float]):
    """The numbers of a family that indices are made of, by name."""

    def __init__(self, family: Family, numbers: Reals) -> None:
        super().__init__()
        self._family, self._numbers = family, numbers

    def __contains__(self, label: object) -> bool:
        return self._family.named(str(label)) >= 0

    def __getitem__(self, label: str) -> float:
        return float(self._numbers[self._family.named(label)])

    def __iter__(self) -> Iterator[str]:
        """As of _Names."""
        return iter(_corners(self._family))


def _corners(family: Family) -> list[str]:
    return family.labels(numpy.unique([0, family.size - 1]))


class _Strict(LoopBuilder):
    """Reads as LoopBuilder, and sees at once that a member is not there."""

    families_known: Mapping[str, Family]
    open: list[Parts]
    """The sums that are being read, the outermost first."""

    def _member(self, tokens: Tokens, family: str, parts: Parts, scope: Scope, place: int) -> int:
        return self._checked(super()._member(tokens, family, parts, scope, place))

    def _read(self, one: Many, place: Place = None, extra: Sequence[int] = ()) -> int:
        return self._checked(super()._read(one, place, extra))

    def _input(self, name: str, place: int) -> int:
        return self._checked(super()._input(name, place))

    def _checked(self, row: int) -> int:
        special = self.columns.specials[row]
        assert isinstance(special, Read)
        if family := self.families_known.get(special.family):
            family.members(special.at)
        elif special.family in self.families.statements and self.families_known:
            raise NotLoops("a family is read that has no members")
        return row

    def _scopes(self, tokens: Tokens, parts: Parts, scope: Scope) -> Iterator[dict[str, Any]]:
        for inner in super()._scopes(tokens, parts, scope):
            self.open.append(parts)
            yield inner
            self.open.pop()


class _Sought(Layout):
    """A text as far as it can be read."""

    def __init__(self, text: Parsed) -> None:
        self.members = text.members
        names = [*text.equations, *text.members.statements]
        self.strict = builder = _Strict(
            dict.fromkeys(names, EXPECTED), text.functions, text.members
        )
        builder.deriving = DerivativeRows
        builder.families_known, builder.open = {}, []
        super().__init__([], builder)
        builder.room.end()
        self.statements = [
            each
            for each in text.statements
            if each.shape.form not in ("function", "declaration", "goal")
        ]
        self.functions = text.functions
        self.members.most = maxsize

    def errors(self) -> list[BackpropError]:
        """The errors, as the ordinary reader comes to them: of what stands on the left, then on the right,
        then of circles."""
        self._left()
        if not self.members.errors:
            self._twice()
        if not self.members.errors:
            self.strict.families_known = self.families
            self._right()
        if not self.members.errors:
            self.members.errors += self._circles()
        return self.members.errors

    def _left(self) -> None:
        """Find what each statement defines members of."""
        for statement in self.statements:
            if said := literal(statement):
                self.said[len(self.loops)] = said
                self.loops.append(repeated(statement, said, self.columns.whole))
            elif self._fails(lambda: self.strict.loop(statement)):  # noqa: B023
                self._narrow(statement, lambda: self.strict.loop(statement))  # noqa: B023
                self._told(lambda: self.members.declare(statement, {}))  # noqa: B023
            else:
                loop = self.strict.loop(statement)
                if loop.domain.size:
                    self.loops.append(loop)

    def _twice(self) -> None:
        """Find who defines the members, and the first that a statement defines again."""
        defined: dict[str, list[int]] = {}
        for number, loop in enumerate(self.loops):
            defined.setdefault(loop.family, []).append(number)
        for name, numbers in defined.items():
            family = Family(name, [self.loops[each].at for each in numbers])
            self.families[name] = family
            for number in numbers:
                loop = self.loops[number]
                places = family.where(loop.at)
                if not family.owners(places) - {Family.ABSENT} and distinct(places):
                    family.own(places, number)
                    continue
                every = family.places(loop.at)
                first = numpy.empty(family.size, dtype=numpy.int64)
                first[every[::-1]] = numpy.arange(len(every))[::-1]
                again = (family.owner[every] != Family.ABSENT) | (
                    first[every] != numpy.arange(len(every))
                )
                at = int(numpy.argmax(again))
                family.own(every[:at], number)
                before = self.loops[int(family.owner[every[at]])].statement
                self._choose(loop, at)
                label = family.labels(every[at : at + 1])[0]
                self._told(lambda: self.members.declare(loop.statement, {label: before}))  # noqa: B023

    def _right(self) -> None:
        """Read the right sides."""
        for number, loop in enumerate(self.loops):
            if number in self.said:
                continue
            statement = loop.statement

            def read(number: int = number, statement: Statement = statement) -> None:
                self.loops[number] = self._body(statement)

            if self._fails(read):
                self._narrow(statement, read)
                self._told(lambda: self._ordinary().equation(statement))  # noqa: B023

    def _body(self, statement: Statement) -> Repeated:
        """Read the right side of a statement. Raises where something is wrong with it."""
        builder, errors = self.strict, len(self.members.errors)
        builder.open.clear()
        loop = builder.loop(statement)
        if not loop.domain.size:
            return loop
        if statement.shape.drawn:
            family = self.families[loop.family]
            found = drawn(builder, loop, family, family.where(loop.at))
            if not callable(found):  # then something may be wrong with some of them
                deque(found, 0)
            return loop
        loop = builder.with_body(loop)
        if len(self.members.errors) > errors:
            del self.members.errors[errors:]
            raise NotLoops("there is a mistake")
        if loop.parts.limits:
            self._limits(loop)
        return loop

    def _limits(self, loop: Repeated) -> None:
        """Look at the bounds of inputs."""
        rows = in_order([loop.root], self.columns.operands)
        if any(isinstance(self.columns.specials.get(row), Read) for row in rows):
            raise NotLoops("what is computed has bounds")
        numbers = numpy.concatenate([*numbers_of(part(self.columns, [loop.root], {}))]).tolist()
        labels = self.families[loop.family].labels(self.families[loop.family].where(loop.at))
        reader = DeclarationReader(self.members.integers, Columns(), {})
        self._limit(loop, labels, numbers, reader)

    def _circles(self) -> list[BackpropError]:
        """The circles among the first members of the statements."""
        builder, narrowed = self._ordinary(), self.members.narrowed
        for loop in self.loops:
            tokens = loop.statement.tokens
            narrowed.update(
                (key(tokens, each), slice(0, _FIRST)) for each in loop.parts.clauses[:1]
            )
            self.members.left = self.members.asked = _ALONE
            with suppress(NotLoops):  # what goes through all members of families
                builder.equation(loop.statement)
            narrowed.clear()
            if (at := self._itself(loop)) >= 0:
                place = self.families[loop.family].places(loop.at)[at : at + 1]
                if self.families[loop.family].labels(place)[0] not in builder.order:
                    self._choose(loop, at)
                    builder.equation(loop.statement)
                    narrowed.clear()
        if self.members.errors:  # of sums that are too large to be read term by term
            self.members.errors.clear()
        names = {name: builder.names[name] for name in builder.order}
        owners = {name: self._owner(name) for name in names}
        return [*circles(builder.columns, names, owners)]

    def _itself(self, loop: Repeated) -> int:
        """The first combination of a loop whose member reads itself; -1 if none is."""
        found = loop.domain.size
        if loop.root < 0 or not loop.parts.clauses:
            return -1
        own = self.families[loop.family].places(loop.at)
        for row in in_order([loop.root], self.columns.operands):
            special, home = self.columns.specials.get(row), self.columns.homes[row]
            if isinstance(special, Read) and special.family == loop.family:
                there = self.families[loop.family].places(special.at)
                if loop.domain in home.around():
                    up = home.lifted(numpy.arange(len(own)), loop.domain)
                elif home in loop.domain.around():
                    there, up = loop.domain.lifted(there, home), numpy.arange(len(own))
                else:
                    continue
                same = there == own[up]
                found = min(found, int(up[numpy.argmax(same)]) if same.any() else found)
        return found if found < loop.domain.size else -1

    def _owner(self, name: str) -> Any:
        family = self.families.get(name.partition("[")[0])
        at = -1 if family is None else family.named(name)
        return None if family is None or at < 0 else self.loops[int(family.owner[at])].statement

    def _ordinary(self) -> Builder:
        """A reader that unrolls."""
        builder = Builder(functions=self.functions, members=self.members)
        builder.names = _Names(self.families)
        builder._keys = _Keys(self.families)  # type: ignore[assignment]
        for name, (family, numbers) in self._tables.items():
            self.members.tables[name] = _TableNumbers(family, numbers)
        return builder

    def _told(self, read: Callable[[], object]) -> None:
        """Read a statement as it is narrowed down, as the ordinary reader does."""
        errors = len(self.members.errors)
        self.members.left = self.members.asked = _ALONE
        read()
        self.members.narrowed.clear()
        found = self.members.errors[errors:]
        if not found or any(isinstance(each, TooLarge) for each in found):
            raise NotLoops("a mistake that is none")

    def _fails(self, read: Callable[[], object]) -> bool:
        try:
            read()
        except (NotLoops, BackpropError):
            return True
        return False

    def _choose(self, loop: Repeated, at: int) -> None:
        """Narrow a statement down to one of its combinations."""
        scope: dict[str, int] = {}
        tokens = loop.statement.tokens
        for clause in loop.parts.clauses:
            name = tokens.texts[clause.node.token]
            number = int(whole(self.builder.of_variable(loop.scope[name].node, loop.domain))[at])
            place = self.members.numbers(tokens, clause, scope).index(number)
            self.members.narrowed[key(tokens, clause)] = slice(place, place + 1)
            scope[name] = number

    def _narrow(self, statement: Statement, read: Callable[[], object]) -> None:
        """Narrow a statement down to its first combination that cannot be read, and the sums in that as
        well."""
        tokens, parts = statement.tokens, ready_made(statement)
        scope: dict[str, int] = {}
        self._halve(tokens, parts, scope, lambda: self._fails(read))
        if not self._fails(read):
            raise NotLoops("a mistake that is none")
        path = [*self.strict.open]
        for depth, inner in enumerate(path):
            gathers = [*parts.body.parts.values()]
            if not any(each is inner for each in gathers):  # of a function
                break

            def same(depth: int = depth) -> bool:
                return self._fails(read) and [*map(id, self.strict.open[: depth + 1])] == [
                    *map(id, path[: depth + 1])
                ]

            self._halve(tokens, inner, scope, same)
            parts = inner

    def _halve(
        self, tokens: Tokens, parts: Parts, scope: dict[str, int], fails: Callable[[], bool]
    ) -> None:
        """Narrow clauses down, one after the other. scope: takes what their variables then are."""
        for clause in parts.clauses:
            numbers = self.members.numbers(tokens, clause, scope)
            first, last = 0, len(numbers)
            own = key(tokens, clause)
            while last - first > 1:
                middle = (first + last) // 2
                self.members.narrowed[own] = slice(first, middle)
                if fails():
                    last = middle
                else:
                    first = middle
            self.members.narrowed[own] = slice(first, last)
            if numbers:
                scope[tokens.texts[clause.node.token]] = numbers[first]
