"""Derivatives of members by members that are a fixed way apart, `derivative(s[i], s[i-3])`, or are the same
for all, `derivative(s[i], s[0])`: an equation for each distance, and no table of all pairs.

Forward: `s[i]` moves with `s[i-3]` by all that its equation reads, each as its own slope says and as that
moves with `s[i-3]`, from which it is less far: `ds_ds[i,i-3] = r*ds_ds[i-1,i-3] + …`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from backprop.algebra.formula import ONE, ZERO, Formula, Product, Symbol, is_number, value_of
from backprop.algebra.from_text import gathered, substituted
from backprop.algebra.indexed import MemberFormula, RangeFormula
from backprop.algebra.normal import minus, plus, times
from backprop.algebra.tidy import simplified
from backprop.symbolic.by_names import DerivativeNames, Derived
from backprop.symbolic.domains_of import IndexCondition, MembersCondition, MembersPart
from backprop.symbolic.index_points import IndexNumbers, known_value
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.members_read import in_parts
from backprop.symbolic.of_families import IndexedDerived, forward, leading_to
from backprop.symbolic.reads_of import IndexScope, ReadsOf, ReadUse
from backprop.symbolic.settled_sums import settled

_MOST_DISTANCES = 24
"""So many pairs of a family and a distance have equations of their own."""

Distance = tuple[int, int] | Formula | None
"""From which index of a member one of the other's is apart, and by how much: `s[i-3]` of `s[i]` is (0, 3).
A formula: the other's is this. None: the other's goes through all that there are."""

_INSIDE = Symbol("inside")
"""Stands among terms where both members are some that there are."""


class DistantState(NamedTuple):
    """The derivative of a family's members by members that are so far apart."""

    family: str
    distances: tuple[Distance, ...]


class _Edge(NamedTuple):
    """What an equation's read brings to a derivative: that of what is read."""

    statement: IndexedEquation
    use: ReadUse
    state: DistantState


class _NoDistance(Exception):
    """An index that has no fixed distance on the way."""


class DistantMembers:
    """The derivative of a family by a family, for the distances at which it is read, as far as these are
    fixed. reads: the indices of the one and of the other. Raises NotIndexed, TooLong."""

    def __init__(
        self,
        equations: Sequence[IndexedEquation],
        of: str,
        by: str,
        reads: Sequence[tuple[Formula, ...]],
        fresh: Callable[[], str],
        numbers: IndexNumbers,
        textbook: bool,
    ) -> None:
        self._of, self._by = of, by
        self._numbers = numbers
        self._fresh = fresh
        moving = forward(equations, {by}) & leading_to(equations, of)
        self._reads = ReadsOf(moving, fresh, textbook, _no_part)
        self._statements: dict[str, list[IndexedEquation]] = {}
        for each in equations:
            if each.name in moving:
                self._statements.setdefault(each.name, []).append(each)
        own = self._statements.get(of, [])
        self._rank = len(own[0].indices) if own else 0
        others = self._statements.get(by, [])
        if not self._rank or not others or not others[0].indices or not reads:
            raise NotIndexed
        self._uses = {
            name: [(each, use) for each in statements for use in self._uses_of(each)]
            for name, statements in self._statements.items()
        }
        self._many = len(others[0].indices)
        self._free = set[int]()
        self._fixed = {
            at
            for at in range(self._many)
            if all(each[self._rank + at].names <= numbers.keys() for each in reads)
        }
        while True:
            if len(self._free) == self._many and all(each.is_input for each in others):
                raise NotIndexed  # the gradient is as short
            try:
                self._asked = {
                    DistantState(of, self._apart(each[: self._rank], each[self._rank :]))
                    for each in reads
                }
                self._edges = self._found(self._ways())
                break
            except _NoDistance as left:
                self._free.add(left.args[0])
        self._named = set[DistantState]()
        ends = [self._ends(at) for at in range(self._many)]
        self._lows, self._highs = [low for low, _ in ends], [high for _, high in ends]

    def _uses_of(self, found: IndexedEquation) -> Iterator[ReadUse]:
        if found.formula is None or found.is_input:
            return
        own = MemberFormula(found.name, found.indices) if found.indices else Symbol(found.name)
        for use in self._reads.uses(found.formula, IndexScope(found.clauses, found.condition), own):
            if use.name in self._statements:
                yield use

    def _apart(self, inner: Sequence[Formula], outer: Sequence[Formula]) -> tuple[Distance, ...]:
        """How far the indices of the one are from those of the other. Raises _NoDistance."""
        found = list[Distance]()
        for at, index in enumerate(outer):
            if at in self._free or at in self._fixed:
                found.append(None if at in self._free else index)
                continue
            order = sorted(range(len(inner)), key=lambda place: place != at)
            for place in order:
                number = value_of(minus(inner[place], index))
                if number is not None and number.denominator == 1:
                    found.append((place, int(number)))
                    break
            else:
                raise _NoDistance(at)
        return tuple(found)

    def _next(self, found: DistantState, statement: IndexedEquation, use: ReadUse) -> DistantState:
        """The derivative that a read brings to that of the equation it stands in."""
        outer = [each or ONE for each in self._others(statement, found)]
        return DistantState(use.name, self._apart(use.indices, outer))

    def _others(self, statement: IndexedEquation, state: DistantState) -> list[Formula | None]:
        """The indices of the member that a derivative is by; None of one that goes through all."""
        return [
            minus(statement.indices[each[0]], Product(each[1])) if isinstance(each, tuple) else each
            for each in state.distances
        ]

    def _ways(self) -> list[int]:
        """For each index whether its distances get smaller, -1, or larger, 1, from read to read. Raises
        _NoDistance where they do both."""
        signs = [set[int]() for _ in range(self._many)]
        seen, waiting = set[tuple[str, tuple[object, ...]]](), [*self._asked]
        while waiting:
            state = waiting.pop()
            key = (
                state.family,
                tuple(each[0] if isinstance(each, tuple) else each for each in state.distances),
            )
            if key in seen:
                continue
            seen.add(key)
            for at, each in enumerate(state.distances):
                if state.family == self._by and isinstance(each, tuple) and each[0] != at:
                    raise _NoDistance(at)  # of x[i,k] by x[k,q]
            for statement, use in self._uses[state.family]:
                after = self._next(state, statement, use)
                waiting.append(after)
                for at, (one, other) in enumerate(
                    zip(state.distances, after.distances, strict=True)
                ):
                    if isinstance(one, tuple) and isinstance(other, tuple) and one[1] != other[1]:
                        signs[at].add(1 if other[1] > one[1] else -1)
        by_distance = [at for at in range(self._many) if at not in self._free | self._fixed]
        if by_distance and all(len(signs[at]) > 1 for at in by_distance):
            raise _NoDistance(by_distance[0])
        return [each.pop() if len(each) == 1 else 0 for each in signs]

    def _found(self, ways: Sequence[int]) -> dict[DistantState, list[_Edge]]:
        """All derivatives that are needed, the farthest first, with what each is made of: of those that are
        not 0, and of those that are asked for."""
        edges: dict[DistantState, list[_Edge]] = {}
        waiting = sorted(self._asked, key=str)
        while waiting:
            state = waiting.pop(0)
            if state in edges:
                continue
            if len(edges) >= _MOST_DISTANCES + len(self._statements):
                if by_distance := {*range(self._many)} - self._free - self._fixed:
                    raise _NoDistance(min(by_distance))
                raise NotIndexed
            own = edges[state] = []
            for statement, use in self._uses[state.family]:
                after = self._next(state, statement, use)
                if not any(
                    isinstance(each, tuple) and each[1] * way > 0
                    for each, way in zip(after.distances, ways, strict=True)
                ):
                    own.append(_Edge(statement, use, after))
                    waiting.append(after)
        useful = {state for state in edges if self._is_own(state)}
        while True:
            more = {
                state for state, own in edges.items() if any(each.state in useful for each in own)
            }
            if more <= useful:
                break
            useful |= more
        return {
            state: [each for each in own if each.state in useful]
            for state, own in edges.items()
            if state in useful or state in self._asked
        }

    def _is_own(self, state: DistantState) -> bool:
        """Whether both members may be the same."""
        return state.family == self._by and all(
            not isinstance(each, tuple) or each[1] == 0 for each in state.distances
        )

    def _is_alone(self, state: DistantState) -> bool:
        """Whether the derivative is that of members by themselves, 1 or 0, and no more."""
        return self._is_own(state) and not self._edges[state]

    def _ends(self, at: int) -> tuple[Formula, Formula]:
        """The least and the largest of an index of the family that is derived by."""
        ends = list[Formula]()
        for each in self._statements[self._by]:
            index = each.indices[at]
            own = [clause for clause in each.clauses if clause.name in index.names]
            if not own:
                ends.append(index)
                continue
            names = {clause.name for clause in each.clauses}
            (clause, *more) = own
            if more or clause.listed or len(clause.items) != 2:
                raise NotIndexed
            if any(not item.names.isdisjoint(names) for item in clause.items):
                raise NotIndexed
            ends += [substituted(index, {clause.name: item}) for item in clause.items]
        values = [known_value(each, self._numbers) for each in ends]
        if any(value != value for value in values):
            raise NotIndexed
        order = sorted(range(len(ends)), key=values.__getitem__)
        return ends[order[0]], ends[order[-1]]

    def equations(self, naming: DerivativeNames) -> list[IndexedDerived]:
        """The equations of all derivatives, those of the nearest members first."""
        made = {
            state: [
                each
                for statement in self._statements[state.family]
                for each in self._of_statement(state, statement, naming)
            ]
            for state in self._edges
        }
        kept = [own for state, own in reversed(made.items()) if state in self._asked | self._named]
        return [each for own in kept for each in own]

    def _of_statement(
        self, state: DistantState, statement: IndexedEquation, naming: DerivativeNames
    ) -> Iterator[IndexedDerived]:
        clauses, conditions = [*statement.clauses], list[MembersCondition]()
        outer = list[Formula]()
        for at, index in enumerate(self._others(statement, state)):
            low, high = self._lows[at], self._highs[at]
            if index is None:
                name = self._fresh()
                clauses.append(RangeFormula(name, [low, high]))
                outer.append(Symbol(name))
                continue
            outer.append(index)
            if at in self._fixed:
                continue
            conditions += [IndexCondition(low, index), IndexCondition(index, high)]
        terms: list[tuple[Formula, list[MembersCondition]]] = [(_INSIDE, [*conditions])]
        terms += [
            (self._term(edge, outer, naming), [*conditions])
            for edge in self._edges[state]
            if edge.statement is statement
        ]
        if self._is_own(state):
            pairs = zip(statement.indices, outer, strict=True)
            same: list[MembersCondition] = [
                IndexCondition(one, other, equal=True) for one, other in pairs if one != other
            ]
            terms.append((ONE, [*conditions, *same]))
            conditions += same
        members = (*statement.indices, *outer)
        piece = MembersPart(members, tuple(clauses), statement.condition, self._numbers)
        label, ranks = naming(state.family, (self._by,)), (len(statement.indices), len(outer))
        for part, kept in in_parts(piece, conditions, terms):
            if _INSIDE in kept:
                kept.remove(_INSIDE)
                whole = settled(simplified(plus(*kept)), part)
                asked = state.family == self._of
                made = Derived(label, whole, state.family, (self._by,), asked)
                yield IndexedDerived(made, part.indices, part.clauses, part.condition, ranks)

    def _term(self, edge: _Edge, outer: Sequence[Formula], naming: DerivativeNames) -> Formula:
        use = edge.use
        alone = self._of_itself(edge, outer)
        if alone is not None:
            return alone
        self._named.add(edge.state)
        label = naming(edge.state.family, (self._by,))
        slope = times(use.slope, MemberFormula(label, (*use.indices, *outer)))
        return gathered("sum", slope, use.clauses, use.condition) if use.clauses else slope

    def _of_itself(self, edge: _Edge, outer: Sequence[Formula]) -> Formula | None:
        """What a read brings that is of the very member that is derived by: of a sum over all members the
        term that has it. None of others."""
        use, by = edge.use, dict[str, Formula]()
        if not self._is_alone(edge.state):
            return None
        for at, (index, other) in enumerate(zip(use.indices, outer, strict=True)):
            if (apart := minus(index, other)) == ZERO:
                continue
            if is_number(apart):
                return ZERO
            whole = RangeFormula(index.text(), [self._lows[at], self._highs[at]])
            if whole not in use.clauses or index.text() in by:
                return None
            by[index.text()] = other
        left = [each for each in use.clauses if each.name not in by]
        inside = [*left, *([] if use.condition is None else [use.condition])]
        if any(not each.names.isdisjoint(by) for each in inside):
            return None
        slope = substituted(use.slope, by)
        return gathered("sum", slope, left, use.condition) if left else slope


def _no_part(found: Formula, scope: IndexScope) -> Formula:
    raise NotIndexed
