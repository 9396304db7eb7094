"""Derivatives of expressions, `derivative(a*s[i]^2, w)`, by the chain rule: a sum over what they read, each
times the derivative of that, which has equations of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from backprop.algebra.formula import ONE, ZERO, Call, Formula, is_number
from backprop.algebra.from_text import gathered, rebuilt
from backprop.algebra.indexed import DerivativeFormula, GatherFormula, MemberFormula
from backprop.algebra.normal import choice, minus, plus, times
from backprop.algebra.tidy import simplified
from backprop.symbolic.domains_of import both
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.of_families import forward
from backprop.symbolic.reads_of import IndexScope, ReadsOf, ReadUse

DerivativeRead = Callable[[str, str, tuple[Formula, ...]], Formula]
"""The derivative of a name by a name at some indices, those of the one and of the other."""


def has_derivative(found: Formula | None) -> bool:
    """Whether a formula has the derivative of an expression in it."""
    return found is not None and any(True for _ in expressions(found))


def expressions(found: Formula) -> Iterator[DerivativeFormula]:
    """The derivatives of expressions in a formula that have no others in them."""
    if isinstance(found, DerivativeFormula) and not any(map(has_derivative, found.parts)):
        yield found
        return
    for each in found.parts:
        yield from expressions(each)


def with_derivatives(
    equation: IndexedEquation,
    equations: Sequence[IndexedEquation],
    is_ready: Callable[[Formula], bool],
    fresh: Callable[[], str],
    textbook: bool,
    derivative: DerivativeRead,
) -> IndexedEquation:
    """An equation with formulas in the place of derivatives of expressions that are ready. Raises
    NotIndexed, TooLong."""

    def opened(part: Formula, scope: IndexScope) -> Formula:
        if isinstance(part, DerivativeFormula) and not any(map(has_derivative, part.parts)):
            if not is_ready(part.of):
                return part
            return _derived(part, scope, equations, fresh, textbook, derivative)
        if not has_derivative(part):
            return part
        inner = scope.inside(part) if isinstance(part, GatherFormula) else scope
        return rebuilt(part, lambda each: opened(each, inner))

    if equation.formula is None:
        return equation
    scope = IndexScope(equation.clauses, equation.condition)
    return equation._replace(formula=opened(equation.formula, scope))


def _derived(
    found: DerivativeFormula,
    scope: IndexScope,
    equations: Sequence[IndexedEquation],
    fresh: Callable[[], str],
    textbook: bool,
    derivative: DerivativeRead,
) -> Formula:
    by = found.by
    name, outer = (by.family, by.indices) if isinstance(by, MemberFormula) else (by.text(), ())
    computed = any(each.name == name and not each.is_input for each in equations)
    reads = ReadsOf(forward(equations, {name}), fresh, textbook, _no_part)
    taken = {*scope.names, *(each for index in outer for each in index.names)}
    terms = list[Formula]()
    for use in reads.uses(found.of, scope):
        use = reads.apart(use, taken)
        if use.name != name or (computed and use.indices):
            inner = derivative(use.name, name, (*use.indices, *outer))
        else:
            inner = _same(use, outer)
        term = times(use.slope, inner)
        terms.append(gathered("sum", term, use.clauses, use.condition) if use.clauses else term)
    return simplified(plus(*terms))


def _same(use: ReadUse, outer: Sequence[Formula]) -> Formula:
    """1 where a read is of the member that is derived by, else 0."""
    apart = [
        (one, other)
        for one, other in zip(use.indices, outer, strict=True)
        if minus(one, other) != ZERO
    ]
    if any(is_number(minus(one, other)) for one, other in apart):
        return ZERO
    equal: list[Formula] = [Call("==", pair) for pair in apart]
    where = reduce(both, equal, None)
    return ONE if where is None else choice(where, ONE, ZERO)


def _no_part(found: Formula, scope: IndexScope) -> Formula:
    raise NotIndexed
