"""Derivatives of expressions, `derivative(a*s[i]^2, w)`, by the chain rule: a sum over what they read, each
times the derivative of that, which has equations of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from backprop.algebra.formula import ZERO, Call, Formula, Symbol, is_number
from backprop.algebra.from_text import gathered, rebuilt, renamed, substituted
from backprop.algebra.indexed import DerivativeFormula, GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import choice, minus, plus, times
from backprop.algebra.tidy import simplified
from backprop.symbolic.apart_in_time import ApartInTime
from backprop.symbolic.domains_of import (
    IndexCondition,
    MembersPart,
    both,
    condition_of,
    holds,
    parts_of,
    solve,
)
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.of_families import forward
from backprop.symbolic.reads_of import IndexScope, ReadsOf, ReadUse

_DEEPEST = 8
"""Through so many equations, one in the other, a derivative is written as a whole."""

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
    numbers: IndexNumbers,
) -> IndexedEquation:
    """An equation with formulas in the place of derivatives of expressions that are ready, or in which
    nothing else moves. Raises NotIndexed, TooLong."""
    apart = ApartInTime(equations, numbers)

    def opened(part: Formula, scope: IndexScope) -> Formula:
        if isinstance(part, DerivativeFormula) and not any(map(has_derivative, part.parts)):
            read = derivative if is_ready(part.of) else None
            made = _Derivatives(part.by, equations, fresh, textbook, read, apart)
            found = made.of(part.of, scope)
            return part if found is None else found
        if not has_derivative(part):
            return part
        inner = scope.inside(part) if isinstance(part, GatherFormula) else scope
        return rebuilt(part, lambda each: opened(each, inner))

    if equation.formula is None:
        return equation
    scope = IndexScope(equation.clauses, equation.condition)
    return equation._replace(formula=opened(equation.formula, scope))


class _Derivatives:
    """Derivatives of expressions in equations by a name, or a member at some indices. derivative: makes
    those of names by that; None where that cannot be yet."""

    def __init__(
        self,
        by: Formula,
        equations: Sequence[IndexedEquation],
        fresh: Callable[[], str],
        textbook: bool,
        derivative: DerivativeRead | None,
        apart: ApartInTime,
    ) -> None:
        self._name, self._outer = by.text(), tuple[Formula, ...]()
        if isinstance(by, MemberFormula):
            self._name, self._outer = by.family, by.indices
        self._equations = equations
        self._computed = any(each.name == self._name and not each.is_input for each in equations)
        self._moving = forward(equations, {self._name})
        self._fresh = fresh
        self._textbook = textbook
        self._derivative = derivative
        self._apart = apart

    def of(self, found: Formula, scope: IndexScope, deep: int = 0) -> Formula | None:
        """The derivative of an expression; None where one that it takes cannot be made yet. deep: through
        so many equations."""
        if has_derivative(found) or (self._derivative is None and self._apart.is_unknown(found)):
            return None
        reads = ReadsOf(self._moving, self._fresh, self._textbook, _no_part)
        taken = {*scope.names, *(each for index in self._outer for each in index.names)}
        terms = list[Formula]()
        for use in reads.uses(found, scope):
            term = self._term(reads.apart(use, taken), scope, deep)
            if term is None:
                return None
            terms.append(term)
        return simplified(plus(*terms))

    def _term(self, use: ReadUse, scope: IndexScope, deep: int) -> Formula | None:
        """What a read brings."""
        is_own = use.name == self._name
        around = (*scope.clauses, *use.clauses)
        if self._apart.never(use.name, use.indices, self._name, self._outer, around):
            return self._where_same(use, scope) if is_own else ZERO
        if is_own and not (self._computed and use.indices):
            return self._where_same(use, scope)
        if self._derivative is not None:
            inner = self._derivative(use.name, self._name, (*use.indices, *self._outer))
        else:
            through = self._through(use, scope, deep)
            if through is None:
                return None
            inner = through
        return _summed(use, times(use.slope, inner))

    def _through(self, use: ReadUse, scope: IndexScope, deep: int) -> Formula | None:
        """How what is read moves, by the right side of its equation; None where that is of several, or
        reads what moves in ways that are not known."""
        own = [each for each in self._equations if each.name == use.name]
        if len(own) != 1 or use.name == self._name or deep >= _DEEPEST:
            return None
        (equation,) = own
        if equation.formula is None:
            return None
        names = [each.name for each in equation.clauses]
        if equation.condition is not None or [*map(Symbol, names)] != [*equation.indices]:
            return None
        put = dict(zip(names, use.indices, strict=True))
        whole = IndexScope((*scope.clauses, *use.clauses), both(scope.condition, use.condition))
        inner = substituted(with_own_indices(equation.formula, self._fresh), put)
        return self.of(inner, whole, deep + 1)

    def _where_same(self, use: ReadUse, scope: IndexScope) -> Formula:
        """What a read of the very family brings that is derived by: its slope where both are one member, of
        a sum the terms in which they are."""
        piece = MembersPart((), scope.clauses, scope.condition, self._apart.numbers)
        clauses, where, slope = [*use.clauses], parts_of(use.condition), use.slope
        indices = [*use.indices]
        for at, other in enumerate(self._outer):
            apart = minus(indices[at], other)
            if is_number(apart) and apart != ZERO:
                return ZERO
            for clause in clauses:
                value = _only(clause, clauses, apart, piece)
                if value is not None:
                    put = {clause.name: value}
                    clauses.remove(clause)
                    indices = [substituted(each, put) for each in indices]
                    slope = substituted(slope, put)
                    where = [substituted(each, put) for each in where]
                    break
            else:
                if apart != ZERO:
                    where.append(Call("==", (indices[at], other)))
        left, bound = list[Formula](), {each.name for each in clauses}
        for each in where:
            sure = holds(condition_of(each), piece) if each.names.isdisjoint(bound) else None
            if sure is False:
                return ZERO
            left += [] if sure else [each]
        condition = reduce(both, left, None)
        return _summed(use._replace(clauses=tuple(clauses), condition=condition), slope)


def with_own_indices(found: Formula, fresh: Callable[[], str]) -> Formula:
    """A formula whose sums have indices that no other one has: it can stand in any other."""
    if isinstance(found, GatherFormula):
        found = renamed(found, {each.name: Symbol(fresh()) for each in found.clauses})
    return rebuilt(found, lambda part: with_own_indices(part, fresh)) if found.parts else found


def _only(
    clause: RangeFormula, clauses: Sequence[RangeFormula], apart: Formula, piece: MembersPart
) -> Formula | None:
    """The one index of a range at which a difference is 0, if there always is one."""
    solved = solve(apart, clause.name)
    names = {each.name for each in clauses}
    if solved is None or clause.listed or len(clause.items) != 2:
        return None
    (low, high), value = clause.items, solved[1]
    if any(not each.names.isdisjoint(names) for each in (low, high, value)) or any(
        clause.name in each.names for each in clauses if each is not clause
    ):
        return None
    inside = (IndexCondition(low, value), IndexCondition(value, high))
    return value if all(holds(each, piece) for each in inside) else None


def _summed(use: ReadUse, term: Formula) -> Formula:
    if use.clauses:
        return gathered("sum", term, use.clauses, use.condition)
    return term if use.condition is None else choice(use.condition, term, ZERO)


def _no_part(found: Formula, scope: IndexScope) -> Formula:
    raise NotIndexed
