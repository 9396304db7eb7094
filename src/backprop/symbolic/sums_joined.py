"""Sums over neighbouring ranges of the same terms as one, with single terms between them:
`sum(x[i] for i in 0..n)` for `sum(x[i] for i in 0..2) + x[3] + sum(x[i] for i in 4..n)`."""

from __future__ import annotations

from typing import NamedTuple

from backprop.algebra.formula import ONE, Formula, Product, Sum, Symbol
from backprop.algebra.from_text import renamed, substituted
from backprop.algebra.indexed import GatherFormula, RangeFormula
from backprop.algebra.normal import minus, plus, times
from backprop.symbolic.domains_of import IndexCondition, MembersPart, holds


class _Gathered(NamedTuple):
    """A term of a sum that is itself one over ranges, times what does not move with them."""

    front: Formula
    gather: GatherFormula

    def made(self, at: int, low: Formula, high: Formula) -> Formula:
        """The term with another range."""
        clauses = [*self.gather.clauses]
        clauses[at] = RangeFormula(clauses[at].name, [low, high])
        return times(self.front, GatherFormula("sum", self.gather.body, clauses))


def joined(found: Formula, piece: MembersPart) -> Formula:
    """A sum whose terms are such sums with fewer of them; others as they are. piece: the indices around."""
    while isinstance(found, Sum):
        made = _once(found, piece)
        if made is None:
            break
        found = made
    return found


def _once(found: Sum, piece: MembersPart) -> Formula | None:
    gathers = [(at, each) for at, term in enumerate(found.terms) if (each := _gathered(term))]
    for at, gathered in gathers:
        for place, term in enumerate(found.terms):
            if place == at:
                continue
            whole = _with(gathered, term, piece)
            if whole is not None:
                terms = [
                    whole if here == min(at, place) else each
                    for here, each in enumerate(found.terms)
                    if here != max(at, place)
                ]
                return plus(*terms)
    return None


def _gathered(term: Formula) -> _Gathered | None:
    if isinstance(term, GatherFormula):
        front: Formula = ONE
        gather = term
    elif isinstance(term, Product):
        own = [base for base, by in term.powers if isinstance(base, GatherFormula) and by == ONE]
        if len(own) != 1 or not isinstance(own[0], GatherFormula):
            return None
        gather = own[0]
        front = Product(
            term.coefficient, [each for each in term.powers if each[0] != gather], term.decimal
        )
    else:
        return None
    plain = all(not each.listed and len(each.items) == 2 for each in gather.clauses)
    return (
        _Gathered(front, gather)
        if gather.name == "sum" and plain and gather.condition is None
        else None
    )


def _with(one: _Gathered, term: Formula, piece: MembersPart) -> Formula | None:
    """A sum and another term as one sum; None where they are none."""
    other = _gathered(term)
    if other is not None and len(other.gather.clauses) == len(one.gather.clauses):
        return _next_to(one, other, piece)
    if len(one.gather.clauses) == 1:
        (clause,) = one.gather.clauses
        low, high = clause.items
        if _holds(low, plus(high, ONE), piece):
            for index, ends in (
                (plus(high, ONE), (low, plus(high, ONE))),
                (minus(low, ONE), (minus(low, ONE), high)),
            ):
                if times(one.front, substituted(one.gather.body, {clause.name: index})) == term:
                    return one.made(0, *ends)
    return None


def _next_to(one: _Gathered, other: _Gathered, piece: MembersPart) -> Formula | None:
    """Two sums of which the second begins where the first has ended."""
    names = {
        each.name: Symbol(mine.name)
        for each, mine in zip(other.gather.clauses, one.gather.clauses, strict=True)
    }
    again = renamed(other.gather, names)
    if one.front != other.front or again.body != one.gather.body:
        return None
    apart = [
        at
        for at, (mine, its) in enumerate(zip(one.gather.clauses, again.clauses, strict=True))
        if mine != its
    ]
    if len(apart) != 1:
        return None
    (low, high), (first, last) = (
        each.gather.clauses[apart[0]].items if each is one else again.clauses[apart[0]].items
        for each in (one, other)
    )
    bound = one.gather.bound
    if any(not each.names.isdisjoint(bound) for each in (low, high, first, last)):
        return None
    starts = minus(first, high) == ONE
    return (
        one.made(apart[0], low, last)
        if starts and _holds(low, first, piece) and _holds(first, plus(last, ONE), piece)
        else None
    )


def _holds(low: Formula, high: Formula, piece: MembersPart) -> bool:
    return holds(IndexCondition(low, high), piece) is True
