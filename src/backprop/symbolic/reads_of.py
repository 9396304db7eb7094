"""What an equation with indices reads, and how it changes with each read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from backprop.algebra.formula import MINUS, ONE, ZERO, Call, Formula, Product, Symbol
from backprop.algebra.from_text import rebuilt, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import minus, operation, plus, power, times
from backprop.symbolic.chain import Chain
from backprop.symbolic.domains_of import both
from backprop.symbolic.loops_read import NotIndexed

_OWN = "own value"
"""Stands for what a whole equation is called; no name of the language has a blank."""


class ReadUse(NamedTuple):
    """A read in a formula: of which name, at which indices, how the formula changes with it, and the
    sums that it stands in."""

    name: str
    indices: tuple[Formula, ...]
    slope: Formula
    clauses: tuple[RangeFormula, ...] = ()
    condition: Formula | None = None


class ReadsOf:
    """The reads in formulas of names that move. fresh: gives names for indices. Raises NotIndexed."""

    def __init__(self, moving: Collection[str], fresh: Callable[[], str], textbook: bool) -> None:
        self._moving = moving
        self._fresh = fresh
        self._textbook = textbook

    def uses(
        self, found: Formula, scope: set[str], own: Formula | None = None
    ) -> Iterator[ReadUse]:
        """The reads in a formula, with its slope by each. scope: the indices that stand around it. own:
        what the formula is called, if it is a whole equation."""
        places: dict[str, Formula] = {}

        def opened(part: Formula) -> Formula:
            if isinstance(part, MemberFormula | GatherFormula):
                for name, known in places.items():
                    if known == part:
                        return Symbol(name)
                name = f"read {len(places)}"
                places[name] = part
                return Symbol(name)
            return rebuilt(part, opened)

        flat = opened(found)
        reads = sorted(flat.names - scope)
        named = {} if own is None else {flat: Symbol(_OWN)}
        if own is not None:
            places[_OWN] = own
        for name in reads:
            part = places.get(name, Symbol(name))
            if part.names.isdisjoint(self._moving):
                continue
            slope = substituted(Chain(name, self._textbook, named).derivative(flat), places)
            if slope == ZERO:
                continue
            if isinstance(part, GatherFormula):
                yield from self._through(part, slope, scope)
            elif isinstance(part, MemberFormula):
                if any(not each.names.isdisjoint(self._moving) for each in part.indices):
                    raise NotIndexed
                yield ReadUse(part.family, part.indices, slope)
            else:
                yield ReadUse(name, (), slope)

    def _through(self, part: GatherFormula, slope: Formula, scope: set[str]) -> Iterator[ReadUse]:
        """The reads in what is gathered."""
        part = self._renamed(part, scope)
        for use in self.uses(part.body, scope | part.bound):
            factor = use.slope
            if part.name == "mean":
                factor = times(factor, power(self._count(part), MINUS))
            elif part.name == "logsumexp":
                inner = self._renamed(part, scope | part.bound)
                factor = times(factor, operation("exp", [minus(part.body, inner)]))
            elif part.name == "prod":
                factor = times(factor, self._others(part, scope))
            elif part.name != "sum":
                raise NotIndexed
            whole = times(slope, factor)
            clauses = (*part.clauses, *use.clauses)
            yield ReadUse(
                use.name, use.indices, whole, clauses, both(part.condition, use.condition)
            )

    def _renamed(self, part: GatherFormula, scope: set[str]) -> GatherFormula:
        """What is gathered, with indices that do not stand around it."""
        by: dict[str, Formula] = {}
        for clause in part.clauses:
            if clause.name in scope:
                by[clause.name] = Symbol(self._fresh())
        if not by:
            return part
        clauses = [
            RangeFormula(
                _called(by, each.name), [substituted(i, by) for i in each.items], each.listed
            )
            for each in part.clauses
        ]
        condition = None if part.condition is None else substituted(part.condition, by)
        return GatherFormula(part.name, substituted(part.body, by), clauses, condition)

    def _count(self, part: GatherFormula) -> Formula:
        """How many terms are gathered."""
        names, counts = part.bound, list[Formula]()
        for clause in part.clauses:
            if part.condition is not None or any(
                not each.names.isdisjoint(names) for each in clause.items
            ):
                return GatherFormula("sum", ONE, part.clauses, part.condition)
            if clause.listed:
                counts.append(Product(len(clause.items)))
            elif len(clause.items) == 2:
                low, high = clause.items
                counts.append(plus(high, ONE, times(MINUS, low)))
            else:
                return GatherFormula("sum", ONE, part.clauses, part.condition)
        return times(*counts)

    def _others(self, part: GatherFormula, scope: set[str]) -> Formula:
        """The product of all factors but one: right where factors are 0, too."""
        if len(part.clauses) != 1:
            raise NotIndexed
        (clause,) = part.clauses
        inner = self._renamed(part, scope | part.bound)
        apart = Call("!=", (Symbol(inner.clauses[0].name), Symbol(clause.name)))
        return GatherFormula("prod", inner.body, inner.clauses, both(inner.condition, apart))

    def apart(self, use: ReadUse, names: set[str]) -> ReadUse:
        """A read whose indices have other names than those of the member."""
        taken = {each.name for each in use.clauses} & names
        if not taken:
            return use
        by: dict[str, Formula] = {name: Symbol(self._fresh()) for name in sorted(taken)}
        clauses = tuple(
            RangeFormula(
                _called(by, each.name), [substituted(i, by) for i in each.items], each.listed
            )
            for each in use.clauses
        )
        condition = None if use.condition is None else substituted(use.condition, by)
        indices = tuple(substituted(each, by) for each in use.indices)
        return ReadUse(use.name, indices, substituted(use.slope, by), clauses, condition)


def _called(by: dict[str, Formula], name: str) -> str:
    found = by.get(name)
    return found.name if isinstance(found, Symbol) else name
