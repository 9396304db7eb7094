"""The gradient of an output with indexed equations, as indexed equations: loops stay loops.

Every read of a member, in every equation, brings to the gradient of its family what the chain rule says,
over all indices for which it is that member. Turned around, that is for each member a sum over the
indices that are left; where a read means a member only for some indices, the equation is of these.
An output that is a family itself, such as a gradient, has a gradient for each of its members.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from backprop.algebra.formula import ONE, Formula, Symbol, is_number
from backprop.algebra.from_text import rebuilt, renamed, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula, through
from backprop.algebra.normal import plus, times
from backprop.algebra.tidy import simplified
from backprop.symbolic.by_names import Derived
from backprop.symbolic.domains_of import MembersPart, both
from backprop.symbolic.guarded_families import FamilyGuards
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.members_read import pieces
from backprop.symbolic.reads_of import IndexScope, ReadsOf, ReadUse
from backprop.symbolic.settled_sums import settled

_LONGEST_SUM = 300
"""A derivative of more parts is added up in steps."""

Fresh = Callable[[str], str]
"""A name for an index, near another one."""


class IndexedDerived(NamedTuple):
    """An equation with indices for a derivative, or for a part that such equations need. order: how many
    indices the output and each name have that it is of and by."""

    equation: Derived
    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    ranks: tuple[int, ...] = ()

    @property
    def left(self) -> str:
        """`dL_dw[i,k]`."""
        name = self.equation.name
        return MemberFormula(name, self.indices).text() if self.indices else name

    @property
    def members(self) -> tuple[str, tuple[str, ...]]:
        """Of what it is the derivative and by what: `L` and `w[i,k]`."""
        left, found = [*self.indices], list[str]()
        for name, rank in zip((self.equation.of, *self.equation.wrt), self.ranks, strict=False):
            own, left = left[:rank], left[rank:]
            found.append(MemberFormula(name, own).text() if own else name)
        return found[0] if found else "", tuple(found[1:])

    @property
    def behind(self) -> str:
        """`for i in 1..n, k in 1..m`."""
        return through(self.clauses, self.condition)

    @property
    def as_equation(self) -> IndexedEquation:
        found = self.equation
        return IndexedEquation(
            found.name, self.indices, self.clauses, self.condition, found.formula
        )


class DerivativeLabel(NamedTuple):
    """What the derivative by a name is called: its name, of what and by what it is, the indices of each,
    and whether its own indices stand before those of the output."""

    name: str
    of: str
    wrt: tuple[str, ...]
    ranks: tuple[int, ...]
    own_first: bool = False

    def member(self, outer: Sequence[Formula], own: Sequence[Formula]) -> Formula:
        indices = self.indices(outer, own)
        return MemberFormula(self.name, indices) if indices else Symbol(self.name)

    def indices(self, outer: Sequence[Formula], own: Sequence[Formula]) -> tuple[Formula, ...]:
        return (*own, *outer) if self.own_first else (*outer, *own)


class _Brought(NamedTuple):
    """What a read brings to a gradient: by which name's equation, the derivative by that, the slope of it
    alone, and the indices around."""

    use: ReadUse
    name: str
    adjoint: Formula
    slope: Formula
    around: MembersPart

    def guarded(self, guards: FamilyGuards) -> _Brought:
        term = guards.guarded(self.name, self.adjoint, self.slope, self.use.slope, self.around)
        return self._replace(use=self.use._replace(slope=term))


_Uses = dict[str, list[_Brought]]
"""By the names that are read."""


class IndexedGradient:
    """Derivatives of an output by single names and families. Raises NotIndexed, TooLong.

    equations: all that there are. numbers: of the constants that ranges are made of. taken: names that
    no part gets. labels: what the derivative by a name is called. strict: as `pieces` has it. former: the
    names of derivatives among the equations.
    """

    def __init__(
        self,
        equations: Sequence[IndexedEquation],
        fresh: Fresh,
        of: str,
        wanted: Sequence[str],
        numbers: IndexNumbers,
        textbook: bool,
        new_part: Callable[[str], str],
        labels: Callable[[str], DerivativeLabel],
        strict: bool = False,
        former: Collection[str] = (),
    ) -> None:
        self._strict = strict
        self._former = former
        self._fresh = fresh
        self._numbers = numbers
        self._of = of
        self._wanted = wanted
        self._new_part = new_part
        self._labels = labels
        self._by_name: dict[str, list[IndexedEquation]] = {}
        for each in equations:
            self._by_name.setdefault(each.name, []).append(each)
        self._moving = forward(equations, {*wanted})
        self.leading = self._backward(of) & self._moving
        """What leads to the output and depends on what is asked for."""
        self._reads = ReadsOf(self._moving, lambda: fresh("p"), textbook, self._part)
        self._parts: dict[tuple[Formula, IndexScope], IndexedDerived] = {}
        if of not in self._by_name:
            raise NotIndexed
        if of in self._backward(of, through_itself=True):
            raise NotIndexed  # a recurrence whose members are all outputs

    def _backward(self, of: str, through_itself: bool = False) -> set[str]:
        found, waiting = set[str](), [of]
        while waiting:
            name = waiting.pop()
            if name not in found:
                if not through_itself or name != of:
                    found.add(name)
                for each in self._by_name.get(name, ()):
                    if each.formula is not None:
                        if through_itself and of in each.formula.names:
                            return {of}
                        waiting += [other for other in each.formula.names if other not in found]
        return found

    def _part(self, found: Formula, scope: IndexScope) -> Formula:
        """An equation of its own for what is needed once for all terms of a sum."""
        own = scope.of(found)
        if (found, own) not in self._parts:
            indices = tuple(Symbol(each.name) for each in own.clauses)
            made = Derived(self._new_part(""), found)
            self._parts[found, own] = IndexedDerived(made, indices, own.clauses, own.condition)
        part = self._parts[found, own]
        name = part.equation.name
        return MemberFormula(name, part.indices) if part.indices else Symbol(name)

    def equations(self) -> list[IndexedDerived]:
        """The equations of all derivatives, from the output back."""
        outputs = [self._apart_from_all(each) for each in self._by_name[self._of]]
        names = self._order()
        labels = {name: self._labels(name) for name in names}
        of_output = [(output, self._uses(output, labels)) for output in outputs]
        found = self._of_names(names, labels, of_output)
        derived = {name: [*self._by_name[name]] for name in self._former}
        for each in found:
            derived.setdefault(each.equation.name, []).append(each.as_equation)
        if any(
            each.formula and "if" in each.formula.calls for own in derived.values() for each in own
        ):
            guards = FamilyGuards(self._by_name, derived)
            guarded = [(output, _guarded(uses, guards)) for output, uses in of_output]
            if guarded != of_output:
                found = self._of_names(names, labels, guarded)
        return without_short([*self._parts.values(), *found])

    def _of_names(
        self,
        names: Sequence[str],
        labels: Mapping[str, DerivativeLabel],
        of_output: Sequence[tuple[IndexedEquation, _Uses]],
    ) -> list[IndexedDerived]:
        return [
            made
            for name in names
            for output, uses in of_output
            for made in self._of_name(
                name, labels[name], output, [e.use for e in uses.get(name, ())]
            )
        ]

    def _apart_from_all(self, output: IndexedEquation) -> IndexedEquation:
        """A statement of the output, whose indices no other one has."""
        by: dict[str, Formula] = {
            each.name: Symbol(self._fresh(each.name)) for each in output.clauses
        }
        if not by:
            return output
        body = ONE if output.formula is None else output.formula
        whole = renamed(GatherFormula("sum", body, output.clauses, output.condition), by)
        indices = tuple(substituted(each, by) for each in output.indices)
        return IndexedEquation(output.name, indices, whole.clauses, whole.condition, whole.body)

    def _uses(self, output: IndexedEquation, labels: Mapping[str, DerivativeLabel]) -> _Uses:
        """What each read of a name brings to the gradient of a statement of the output."""
        uses: _Uses = {}
        for name in [each for each in self._by_name if each in self.leading]:
            for each in [output] if name == self._of else self._by_name[name]:
                if each.formula is None or each.is_input:
                    continue
                own = MemberFormula(name, each.indices) if each.indices else Symbol(name)
                scope = IndexScope(each.clauses, each.condition)
                clauses, condition = scope
                adjoint: Formula = ONE
                if name == self._of:
                    clauses, condition = (), None
                else:
                    adjoint = labels[name].member(output.indices, each.indices)
                outer = (*output.clauses, *(each.clauses if name != self._of else ()))
                around = MembersPart(
                    (), outer, both(output.condition, scope.condition), self._numbers
                )
                for use in self._reads.uses(each.formula, scope, own):
                    if use.name in self.leading:
                        slope = times(use.slope, adjoint) if adjoint != ONE else use.slope
                        whole = (*clauses, *use.clauses)
                        made = ReadUse(
                            use.name, use.indices, slope, whole, both(condition, use.condition)
                        )
                        uses.setdefault(use.name, []).append(
                            _Brought(made, name, adjoint, use.slope, around)
                        )
        return uses

    def _order(self) -> list[str]:
        """The names that have derivatives: intermediates, the last first, then those asked for."""
        between = [
            name
            for name in self._by_name
            if name in self.leading and name not in self._wanted and name != self._of
        ]
        return [*reversed(between), *(each for each in self._wanted if each != self._of)]

    def _of_name(
        self, name: str, label: DerivativeLabel, output: IndexedEquation, uses: Sequence[ReadUse]
    ) -> Iterator[IndexedDerived]:
        """The equations of the derivative by a name: one, or one for each statement of a family."""
        asked = name in self._wanted
        statements = self._by_name.get(name, ())
        family = [each for each in statements if each.indices]
        if len(family) != len(statements) and family:
            raise NotIndexed
        for statement in family or [IndexedEquation(name, (), (), None, None)]:
            if asked and statement.is_const:
                continue
            piece = MembersPart(
                (*output.indices, *statement.indices),
                (*output.clauses, *statement.clauses),
                both(output.condition, statement.condition),
                self._numbers,
            )
            outer = len(output.indices)
            for part, terms in pieces(piece, uses, self._reads.apart, outer, self._strict):
                indices = label.indices(part.indices[:outer], part.indices[outer:])
                while sum(each.size for each in terms) > _LONGEST_SUM:
                    more, terms = self._in_parts(label.name, terms, part)
                    yield from more
                whole = settled(simplified(plus(*terms)), part)
                made = Derived(label.name, whole, label.of, label.wrt, asked)
                yield IndexedDerived(made, indices, part.clauses, part.condition, label.ranks)

    def _in_parts(
        self, label: str, terms: Sequence[Formula], piece: MembersPart
    ) -> tuple[list[IndexedDerived], list[Formula]]:
        """Many terms as the sums of some, each an equation of its own."""
        indices = tuple(Symbol(each.name) for each in piece.clauses)
        made, names, waiting = list[IndexedDerived](), list[Formula](), list[Formula]()
        for at, term in enumerate(terms, 1):
            waiting.append(term)
            if sum(each.size for each in waiting) > _LONGEST_SUM // 4 or at == len(terms):
                name = self._new_part(label)
                found = Derived(name, settled(simplified(plus(*waiting)), piece))
                made.append(IndexedDerived(found, indices, piece.clauses, piece.condition))
                names.append(MemberFormula(name, indices) if indices else Symbol(name))
                waiting = []
        return made, names


def _guarded(uses: _Uses, guards: FamilyGuards) -> _Uses:
    """What reads bring, with conditions where it counts."""
    return {name: [each.guarded(guards) for each in own] for name, own in uses.items()}


def forward(equations: Sequence[IndexedEquation], names: set[str]) -> set[str]:
    """What depends on names."""
    while True:
        more = {
            each.name
            for each in equations
            if each.formula is not None and not each.formula.names.isdisjoint(names)
        }
        if more <= names:
            return names
        names = names | more


def leading_to(equations: Sequence[IndexedEquation], of: str) -> set[str]:
    """What a name depends on, and itself."""
    found, waiting = set[str](), [of]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            for each in equations:
                if each.name == name and each.formula is not None:
                    waiting += each.formula.names
    return found


def without_short(found: list[IndexedDerived]) -> list[IndexedDerived]:
    """Equations in which a number stands for the derivatives that are no more than that."""
    values: dict[str, set[Formula]] = {}
    for each in found:
        if not each.equation.asked:
            values.setdefault(each.equation.name, set()).add(each.equation.formula)
    short = {
        name: formula
        for name, formulas in values.items()
        if len(formulas) == 1 and is_number(formula := next(iter(formulas)))
    }
    if not short:
        return found
    kept = [each for each in found if each.equation.name not in short]
    made = [simplified(_without(each.equation.formula, short)) for each in kept]
    return without_short(
        [
            each._replace(equation=each.equation._replace(formula=formula))
            for each, formula in zip(kept, made, strict=True)
        ]
    )


def _without(found: Formula, short: Mapping[str, Formula]) -> Formula:
    """A formula with numbers in the place of names and of members of families."""
    if isinstance(found, Symbol):
        return short.get(found.name, found)
    if found.names.isdisjoint(short):
        return found
    if isinstance(found, MemberFormula) and found.family in short:
        return short[found.family]
    return rebuilt(found, lambda part: _without(part, short))
