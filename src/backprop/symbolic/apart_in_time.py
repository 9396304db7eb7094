"""Members that cannot move with others, since all that they read lies further back: `p[t]` of a recurrence in
which `q[t]` is made of `p[t]`, and `p[t+1]` of `q[t]`.

That is seen from the indices alone, so it is known of equations that read derivatives of themselves, such
as those of a Hamiltonian, `p[t+1] = p[t] - dt*derivative(H(q[t], p[t]), q[t])`: a derivative of an expression
depends on nothing but what the expression depends on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from backprop.algebra.formula import Formula, Sum, Symbol, is_number
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import minus, split
from backprop.symbolic.index_points import IndexNumbers, corners
from backprop.symbolic.loops_read import IndexedEquation
from backprop.symbolic.of_families import forward, leading_to
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula

_Clauses = tuple[RangeFormula, ...]


class ApartInTime:
    """equations: all of a text. numbers: of the constants that ranges are made of."""

    def __init__(self, equations: Sequence[IndexedEquation], numbers: IndexNumbers) -> None:
        self._equations = equations
        self.numbers = numbers
        self._shortest: dict[tuple[str, str, int, int], float] = {}

    def is_unknown(self, found: Formula) -> bool:
        """Whether a formula reads a derivative whose equations are not made, directly or through others."""
        return any(
            " " in each for name in found.names for each in leading_to(self._equations, name)
        )

    def never(
        self,
        name: str,
        indices: Sequence[Formula],
        by: str,
        others: Sequence[Formula],
        clauses: _Clauses,
    ) -> bool:
        """Whether what a member of one family reads, directly or through others, is in no case a member of
        another one. clauses: of the indices of both."""
        between = leading_to(self._equations, name) & forward(self._equations, {by})
        if by not in between:
            return True
        for axis in range(min(len(indices), len(others))):
            apart = minus(indices[axis], others[axis])
            for way in (1, -1):
                least = self._back(name, by, axis, way, between)
                if least > -inf and self._largest(apart, clauses, way) < least:
                    return True
        return False

    def _back(self, name: str, by: str, axis: int, way: int, between: set[str]) -> float:
        """How far back at least lies what a member reads of a family, on ways of a read or more; -inf
        where that is not known."""
        key = name, by, axis, way
        if key not in self._shortest:
            self._shortest[key] = self._least(name, by, axis, way, between)
        return self._shortest[key]

    def _least(self, name: str, by: str, axis: int, way: int, between: set[str]) -> float:
        edges: dict[tuple[str, str], float] = {}
        for each in self._equations:
            if each.name not in between or each.formula is None or each.is_input:
                continue
            for family, indices, clauses in _reads(each.formula, each.clauses):
                if family not in between:
                    continue
                back = -inf
                if axis < min(len(each.indices), len(indices)):
                    apart = minus(indices[axis], each.indices[axis])
                    back = -self._largest(apart, clauses, way)
                edge = each.name, family
                edges[edge] = min(back, edges.get(edge, inf))
        found = {to: back for (start, to), back in edges.items() if start == name}
        for _ in range(len(between) + 1):
            changed = False
            for (start, to), back in edges.items():
                if (far := found.get(start, inf) + back) < found.get(to, inf):
                    found[to] = far
                    changed = True
            if not changed:
                return found.get(by, inf)
        return -inf  # around a circle it comes ever nearer

    def _largest(self, found: Formula, clauses: _Clauses, way: int) -> float:
        """The most that a difference of indices, times 1 or -1, can be; inf where that is not known."""
        own = {each.name for each in clauses}
        terms = found.terms if isinstance(found, Sum) else (found,)
        if not all(is_number(each) or isinstance(split(each)[2], Symbol) for each in terms):
            return inf  # between the corners there may be more
        used = _needed(found, clauses)
        known = own | self.numbers.keys()
        if len(own) < len(clauses) or any(not each.names <= known for each in (found, *used)):
            return inf
        text = formula(found.text())
        seen = [way * evaluated(text, point) for point in corners(used, self.numbers)]
        if any(each != each for each in seen):
            return inf
        return max(seen, default=-inf)


def _needed(found: Formula, clauses: _Clauses) -> _Clauses:
    """The ranges that a formula depends on."""
    names = found.names
    for each in reversed(clauses):
        if each.name in names:
            names = names | each.names
    return tuple(each for each in clauses if each.name in names)


def _reads(
    found: Formula, clauses: _Clauses
) -> Iterator[tuple[str, tuple[Formula, ...], _Clauses]]:
    """All that a formula reads, in derivatives too, and the ranges around each."""
    waiting = [(found, clauses)]
    while waiting:
        part, around = waiting.pop()
        if isinstance(part, MemberFormula):
            yield part.family, part.indices, around
        elif isinstance(part, Symbol):
            yield part.name, (), around
        if isinstance(part, GatherFormula):
            around = (*around, *part.clauses)
        waiting += [(each, around) for each in part.parts]
