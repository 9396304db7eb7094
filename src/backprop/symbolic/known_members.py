"""Members that a formula computes again, by their names: `p[k]` for `exp(z[k] - logsumexp(z[*]))`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from backprop.algebra.formula import EULER, ONE, Formula, Product, Sum, Symbol
from backprop.algebra.from_text import rebuilt, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import times
from backprop.algebra.tidy import simplified
from backprop.symbolic.loops_read import IndexedEquation
from backprop.symbolic.of_families import IndexedDerived


class ShareDefinition(NamedTuple):
    """A family of shares: its name, its indices with their ranges, and the exponent of its members."""

    family: str
    clauses: tuple[RangeFormula, ...]
    exponent: Sum


def with_known_members(
    found: Sequence[IndexedDerived], equations: Sequence[IndexedEquation]
) -> list[IndexedDerived]:
    """Derivatives in which shares have their names."""
    known = [*_shares(equations)]
    if not known:
        return [*found]
    made = []
    for each in found:
        formula = each.equation.formula
        put = _named(formula, known, {clause.name: clause for clause in each.clauses})
        if put != formula:
            each = each._replace(equation=each.equation._replace(formula=simplified(put)))
        made.append(each)
    return made


def _shares(equations: Sequence[IndexedEquation]) -> Iterator[ShareDefinition]:
    names = [each.name for each in equations]
    for each in equations:
        indices = tuple(Symbol(clause.name) for clause in each.clauses)
        if names.count(each.name) > 1 or each.condition is not None or each.indices != indices:
            continue
        if indices and isinstance(each.formula, Product) and each.formula.coefficient == 1:
            powers = each.formula.powers
            if len(powers) == 1 and powers[0][0] == EULER and isinstance(powers[0][1], Sum):
                terms = [part for term in powers[0][1].terms for part in (term, *term.parts)]
                if any(isinstance(one, GatherFormula) for one in terms):
                    yield ShareDefinition(each.name, each.clauses, powers[0][1])


def _named(
    found: Formula, known: Sequence[ShareDefinition], around: Mapping[str, RangeFormula]
) -> Formula:
    if isinstance(found, GatherFormula):
        around = {**around, **{clause.name: clause for clause in found.clauses}}
    if isinstance(found, Product):
        factors: list[Formula] = [Product(found.coefficient, (), found.decimal)]
        for base, by in found.powers:
            member = _member(by, known, around) if base == EULER else None
            factors.append(member or _inside(base, by, known, around))
        return times(*factors)
    return rebuilt(found, lambda part: _named(part, known, around)) if found.parts else found


def _inside(
    base: Formula,
    by: Formula,
    known: Sequence[ShareDefinition],
    around: Mapping[str, RangeFormula],
) -> Formula:
    return (
        rebuilt(Product(1, [(base, by)]), lambda part: _named(part, known, around))
        if (by != ONE or base.parts)
        else base
    )


def _member(
    exponent: Formula, known: Sequence[ShareDefinition], around: Mapping[str, RangeFormula]
) -> Formula | None:
    """The member whose exponent this is, at indices that run through its family's ranges."""
    if not isinstance(exponent, Sum):
        return None
    for each in known:
        for own in each.exponent.terms:
            for other in exponent.terms:
                if not isinstance(own, MemberFormula) or not isinstance(other, MemberFormula):
                    continue
                if own.family != other.family or len(own.indices) != len(other.indices):
                    continue
                put = {
                    index.text(): there
                    for index, there in zip(own.indices, other.indices, strict=True)
                }
                if all(_fits(clause, put, around) for clause in each.clauses) and (
                    substituted(each.exponent, put) == exponent
                ):
                    return MemberFormula(each.family, [put[one.name] for one in each.clauses])
    return None


def _fits(
    clause: RangeFormula, put: Mapping[str, Formula], around: Mapping[str, RangeFormula]
) -> bool:
    """Whether what stands for an index runs through the same range."""
    there = put.get(clause.name)
    own = around.get(there.name) if isinstance(there, Symbol) else None
    return own is not None and (own.items, own.listed) == (clause.items, clause.listed)
