"""The gradient of an output with indexed equations, as indexed equations: loops stay loops.

Every read of a member, in every equation, brings to the gradient of its family what the chain rule says,
over all indices for which it is that member. Turned around, that is for each member a sum over the
indices that are left; where a read means a member only for some indices, the equation is of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backprop.algebra.formula import ONE, ZERO, Formula, Symbol, is_number
from backprop.algebra.from_text import gathered, substituted
from backprop.algebra.indexed import MemberFormula, RangeFormula, through
from backprop.algebra.normal import minus, plus, times
from backprop.algebra.tidy import simplified
from backprop.symbolic.by_names import DerivativeNames, Derived
from backprop.symbolic.domains_of import (
    IndexCondition,
    IndexNumbers,
    MembersPart,
    both,
    holds,
    solve,
)
from backprop.symbolic.loops_read import IndexedEquation, IndexedReader, NotIndexed
from backprop.symbolic.reads_of import ReadsOf, ReadUse

_MOST_SPLITS = 4
"""Conditions by which the members of a family are told apart, in one statement."""


class IndexedDerived(NamedTuple):
    """An equation with indices for a derivative."""

    equation: Derived
    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None

    @property
    def left(self) -> str:
        """`dL_dw[i,k]`."""
        name = self.equation.name
        return MemberFormula(name, self.indices).text() if self.indices else name

    @property
    def by(self) -> str:
        """`w[i,k]`."""
        (name,) = self.equation.wrt
        return MemberFormula(name, self.indices).text() if self.indices else name

    @property
    def behind(self) -> str:
        """`for i in 1..n, k in 1..m`."""
        return through(self.clauses, self.condition)


class IndexedGradient:
    """Derivatives of an output, a single name, by single names and families. Raises NotIndexed, TooLong.

    numbers: of the constants that ranges are made of.
    """

    def __init__(
        self,
        reader: IndexedReader,
        of: str,
        wanted: Sequence[str],
        numbers: IndexNumbers,
        textbook: bool,
    ) -> None:
        self._reader = reader
        self._numbers = numbers
        self._of = of
        self._wanted = wanted
        self._by_name: dict[str, list[IndexedEquation]] = {}
        for each in reader.equations:
            self._by_name.setdefault(each.name, []).append(each)
        self._moving = self._forward({*wanted})
        self.leading = self._backward(of) & self._moving
        self._reads = ReadsOf(self._moving, reader.fresh, textbook)
        """What leads to the output and depends on what is asked for."""
        if of not in self._by_name or any(each.indices for each in self._by_name[of]):
            raise NotIndexed
        for name in wanted:
            if name not in self._by_name and self._is_family(name):
                raise NotIndexed  # members that no statement defines

    def _is_family(self, name: str) -> bool:
        return any(
            isinstance(part, MemberFormula) and part.family == name
            for each in self._reader.equations
            if each.formula is not None
            for part in _all(each.formula)
        )

    def _forward(self, names: set[str]) -> set[str]:
        """What depends on names."""
        while True:
            more = {
                each.name
                for each in self._reader.equations
                if each.formula is not None and not each.formula.names.isdisjoint(names)
            }
            if more <= names:
                return names
            names = names | more

    def _backward(self, of: str) -> set[str]:
        found, waiting = set[str](), [of]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                for each in self._by_name.get(name, ()):
                    if each.formula is not None:
                        waiting += each.formula.names
        return found

    def equations(self, naming: DerivativeNames) -> list[IndexedDerived]:
        """The equations of all derivatives, from the output back."""
        uses: dict[str, list[ReadUse]] = {}
        labels = {
            name: naming(self._of, (name,)) for name in self._by_name | dict.fromkeys(self._wanted)
        }
        for name in [each for each in self._by_name if each in self.leading]:
            for each in self._by_name[name]:
                if each.formula is None or each.is_input:
                    continue
                adjoint: Formula = Symbol(labels[name])
                if each.indices:
                    adjoint = MemberFormula(labels[name], each.indices)
                if name == self._of:
                    adjoint = ONE
                scope = {clause.name for clause in each.clauses}
                own = MemberFormula(name, each.indices) if each.indices else Symbol(name)
                for use in self._reads.uses(each.formula, scope, own):
                    if use.name in self.leading:
                        slope = times(use.slope, adjoint) if adjoint != ONE else use.slope
                        clauses = (*each.clauses, *use.clauses)
                        condition = both(each.condition, use.condition)
                        made = ReadUse(use.name, use.indices, slope, clauses, condition)
                        uses.setdefault(use.name, []).append(made)
        found: list[IndexedDerived] = []
        for name in self._order():
            if name != self._of:
                found += self._of_name(name, labels[name], uses.get(name, []))
        return _without_short(found)

    def _order(self) -> list[str]:
        """The names that have derivatives: intermediates, the last first, then those asked for."""
        between = [
            name for name in self._by_name if name in self.leading and name not in self._wanted
        ]
        return [*reversed(between), *self._wanted]

    def _of_name(self, name: str, label: str, uses: Sequence[ReadUse]) -> Iterator[IndexedDerived]:
        """The equations of the derivative by a name: one, or one for each statement of a family."""
        asked = name in self._wanted

        def equation(found: Formula) -> Derived:
            return Derived(label, simplified(found), self._of, (name,), asked)

        family = [each for each in self._by_name.get(name, ()) if each.indices]
        if not family:
            if any(use.indices for use in uses):
                raise NotIndexed
            terms = [
                gathered("sum", use.slope, use.clauses, use.condition) if use.clauses else use.slope
                for use in uses
            ]
            if any(use.condition is not None and not use.clauses for use in uses):
                raise NotIndexed
            yield IndexedDerived(equation(plus(*terms)), (), (), None)
            return
        if len(family) != len(self._by_name[name]) or any(not use.indices for use in uses):
            raise NotIndexed
        for statement in family:
            piece = MembersPart(
                statement.indices, statement.clauses, statement.condition, self._numbers
            )
            for part, terms in self._pieces(piece, uses):
                yield IndexedDerived(
                    equation(plus(*terms)), part.indices, part.clauses, part.condition
                )

    def _pieces(
        self, piece: MembersPart, uses: Sequence[ReadUse]
    ) -> Iterator[tuple[MembersPart, list[Formula]]]:
        """The parts of the members of a statement, each with the terms that count there."""
        terms, conditions = [], list[IndexCondition]()
        for use in uses:
            solved = self._solved(piece, use)
            if solved is not None:
                terms.append(solved)
                conditions += [each for each in solved[1] if each not in conditions]
        if len(conditions) > _MOST_SPLITS:
            raise NotIndexed
        yield from self._split(piece, conditions, terms)

    def _split(
        self,
        piece: MembersPart,
        conditions: list[IndexCondition],
        terms: list[tuple[Formula, list[IndexCondition]]],
    ) -> Iterator[tuple[MembersPart, list[Formula]]]:
        if not conditions:
            yield piece, [term for term, _ in terms]
            return
        first, *rest = conditions
        sure = holds(first, piece.clauses, self._numbers)
        parts = [(piece, sure)] if sure is not None else piece.split(first)
        for part, true in parts:
            kept = [(term, own) for term, own in terms if true or first not in own]
            if part.indices != piece.indices:
                by = _values_of(piece, part)
                kept = [(substituted(term, by), own) for term, own in kept]
                left = [_changed(each, by) for each in rest]
                kept = [(term, [_changed(each, by) for each in own]) for term, own in kept]
            else:
                left = rest
            yield from self._split(part, left, kept)

    def _solved(
        self, piece: MembersPart, use: ReadUse
    ) -> tuple[Formula, list[IndexCondition]] | None:
        """What a read brings to the member of a piece, and the conditions on the member's indices."""
        use = self._reads.apart(use, {each.name for each in piece.clauses})
        variables = {each.name for each in use.clauses}
        if len(use.indices) != len(piece.indices):
            raise NotIndexed
        bound: dict[str, Formula] = {}
        inside: list[IndexCondition] = []
        for read, member in zip(use.indices, piece.indices, strict=True):
            read = substituted(read, bound)
            free = sorted((read.names & variables) - bound.keys())
            apart = minus(read, member)
            for name in free:
                solved = solve(apart, name)
                if solved is not None:
                    bound[name] = solved[1]
                    bound = {
                        each: substituted(value, {name: solved[1]}) for each, value in bound.items()
                    }
                    break
            else:
                if apart != ZERO:
                    inside.append(IndexCondition(read, member, equal=True))
        for clause in use.clauses:
            if clause.name in bound:
                inside += self._in_range(clause, bound)
        left = [
            RangeFormula(each.name, [substituted(item, bound) for item in each.items], each.listed)
            for each in use.clauses
            if each.name not in bound
        ]
        condition = None if use.condition is None else substituted(use.condition, bound)
        names = {each.name for each in left}
        outside = [each for each in inside if each.formula.names.isdisjoint(names)]
        for each in inside:
            if each not in outside:
                condition = both(condition, each.formula)
        kept = []
        for each in outside:
            sure = holds(each, piece.clauses, self._numbers)
            if sure is False:
                return None
            if sure is None:
                if not each.formula.names <= {*self._numbers, *(c.name for c in piece.clauses)}:
                    raise NotIndexed
                kept.append(each)
        term = substituted(use.slope, bound)
        if left:
            return gathered("sum", term, left, condition), kept
        if condition is not None:
            raise NotIndexed
        return term, kept

    def _in_range(self, clause: RangeFormula, bound: dict[str, Formula]) -> list[IndexCondition]:
        if clause.listed or len(clause.items) != 2:
            raise NotIndexed
        low, high = (substituted(each, bound) for each in clause.items)
        value = bound[clause.name]
        return [IndexCondition(low, value), IndexCondition(value, high)]


def _without_short(found: list[IndexedDerived]) -> list[IndexedDerived]:
    """Equations in which a number or a name stands for the derivatives that are no more than that."""
    short = {
        each.equation.name: each.equation.formula
        for each in found
        if not each.indices and not each.equation.asked and is_number(each.equation.formula)
    }
    if not short:
        return found
    kept = [each for each in found if each.equation.name not in short]
    made = [simplified(substituted(each.equation.formula, short)) for each in kept]
    return _without_short(
        [
            each._replace(equation=each.equation._replace(formula=formula))
            for each, formula in zip(kept, made, strict=True)
        ]
    )


def _changed(found: IndexCondition, by: dict[str, Formula]) -> IndexCondition:
    return IndexCondition(substituted(found.left, by), substituted(found.right, by), found.equal)


def _values_of(piece: MembersPart, part: MembersPart) -> dict[str, Formula]:
    """The index of a piece that has one value in its part."""
    left = {each.name for each in part.clauses}
    for before, after in zip(piece.indices, part.indices, strict=True):
        for name in before.names - left:
            solved = solve(minus(before, after), name)
            if solved is not None:
                return {name: solved[1]}
    return {}


def _all(found: Formula) -> Iterator[Formula]:
    waiting = [found]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += part.parts
