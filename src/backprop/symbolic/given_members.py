"""Families of which some members are inputs and others have equations, such as `x[0] = 1` and
`x[t+1] = r*x[t]`: derived by the inputs alone.

These are a family of their own as long as is derived, `x[0] = given[0]`, so that a second derivative is
by them, one after the other, and not by every step of a recurrence. What comes out has the old names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from backprop.algebra.formula import Formula, Symbol
from backprop.algebra.from_text import rebuilt
from backprop.algebra.indexed import MemberFormula
from backprop.symbolic.by_names import DerivativeNames
from backprop.symbolic.domains_of import IndexCondition, MembersCondition, MembersPart
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.members_read import in_parts
from backprop.symbolic.of_families import IndexedDerived

_HERE = Symbol("here")
"""Stands among terms where a member is the one that is meant."""

FreshName = Callable[[str], str]


class GivenMembers:
    """equations: those of a text. wanted: the families that are derived by."""

    def __init__(
        self, equations: Sequence[IndexedEquation], wanted: set[str], fresh: FreshName
    ) -> None:
        kinds: dict[str, set[bool]] = {}
        for each in equations:
            if each.name in wanted and each.indices:
                kinds.setdefault(each.name, set()).add(each.is_input)
        self._own = {name: fresh(f"{name}_given") for name, own in kinds.items() if len(own) > 1}
        self._back = {own: name for name, own in self._own.items()}
        self.equations = [*self._apart(equations)]

    def _apart(self, equations: Sequence[IndexedEquation]) -> Iterator[IndexedEquation]:
        for each in equations:
            own = self._own.get(each.name)
            if own is not None and each.is_input:
                yield each._replace(name=own)
                each = each._replace(formula=MemberFormula(own, each.indices), is_input=False)
            yield each

    def own(self, name: str) -> str:
        """What is derived by in the place of a family or a member."""
        family, bracket, rest = name.partition("[")
        return f"{self._own.get(family, family)}{bracket}{rest}"

    def joined(
        self, found: Sequence[IndexedDerived], naming: DerivativeNames
    ) -> list[IndexedDerived]:
        """Derivatives by the names of the text. Raises NotIndexed where two would be called alike."""
        if not self._own:
            return [*found]
        names: dict[str, str] = {**self._back}
        for each in found:
            of, wrt = each.equation.of, each.equation.wrt
            meant = tuple(self._back.get(name, name) for name in wrt)
            if meant != wrt:
                names[each.equation.name] = naming(of, meant)
        for each in found:  # derivatives of those, by those
            of, wrt = each.equation.of, each.equation.wrt
            inner, by = naming.meaning(of)
            if not self._back.keys().isdisjoint(by):
                names[of] = naming(inner, tuple(self._back.get(name, name) for name in by))
            meant = tuple(names.get(name, name) for name in wrt)
            if of in names or (meant != wrt and each.equation.name not in names):
                names[each.equation.name] = naming(names.get(of, of), meant)
        asked = {names.get(e.equation.name, "") for e in found if e.equation.asked}
        made: dict[tuple[str, Formula, str], IndexedDerived] = {}
        for each in found:
            new = self._renamed(each, names)
            equation = new.equation
            if equation.formula == MemberFormula(equation.name, new.indices):
                continue
            if equation.name in asked:
                new = new._replace(equation=equation._replace(asked=True))
            key = equation.name, MemberFormula("", new.indices), new.behind
            if key in made and made[key] != new:
                raise NotIndexed
            made[key] = new
        return [*made.values()]

    def _renamed(self, found: IndexedDerived, names: Mapping[str, str]) -> IndexedDerived:
        equation = found.equation
        wrt = tuple(names.get(name, name) for name in equation.wrt)
        new = equation._replace(
            of=names.get(equation.of, equation.of),
            name=names.get(equation.name, equation.name),
            formula=with_families(equation.formula, names),
            wrt=wrt,
        )
        condition = found.condition and with_families(found.condition, names)
        return found._replace(equation=new, condition=condition)


def with_given(
    equations: Sequence[IndexedEquation],
    members: Mapping[str, Sequence[Formula | None]],
    numbers: IndexNumbers,
) -> list[IndexedEquation]:
    """Equations in which a computed member is an input, and no other one of its family: a derivative by
    `x[3]` of a recurrence is by where the rest of it begins. members: its indices, by families; None
    where any will do. Raises NotIndexed."""
    made = list[IndexedEquation]()
    for each in equations:
        if each.name not in members:
            made.append(each)
            continue
        if each.formula is None:
            raise NotIndexed
        made += _apart_at(each._replace(is_input=False), members[each.name], numbers)
    return made


def _apart_at(
    found: IndexedEquation, wanted: Sequence[Formula | None], numbers: IndexNumbers
) -> Iterator[IndexedEquation]:
    """A statement as one of the members with these indices, and those of the others."""
    piece = MembersPart(found.indices, found.clauses, found.condition, numbers)
    conditions: list[MembersCondition] = [
        IndexCondition(index, value, equal=True)
        for index, value in zip(found.indices, wanted, strict=True)
        if value is not None
    ]
    assert found.formula is not None
    for part, terms in in_parts(piece, conditions, [(found.formula, []), (_HERE, conditions)]):
        yield found._replace(
            indices=part.indices,
            clauses=part.clauses,
            condition=part.condition,
            formula=terms[0],
            is_input=found.is_input or _HERE in terms,
        )


def with_families(found: Formula, names: Mapping[str, str]) -> Formula:
    """A formula whose families are called otherwise."""
    if isinstance(found, Symbol):
        return Symbol(names[found.name]) if found.name in names else found
    if found.names.isdisjoint(names):
        return found
    if isinstance(found, MemberFormula) and found.family in names:
        indices = [with_families(each, names) for each in found.indices]
        return MemberFormula(names[found.family], indices)
    return rebuilt(found, lambda part: with_families(part, names))
