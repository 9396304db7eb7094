"""Derivatives that equations read, `g[t] = derivative(x[t], a)`, as equations that say what they are.

While a text is read, a derivative is a member of a family whose name no text can have. Once all of it is, the
family's equations are made, those of a derivative of a derivative after those of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backprop.algebra.formula import EULER, ZERO, Formula, Symbol
from backprop.algebra.from_text import rebuilt, substituted
from backprop.algebra.indexed import DerivativeFormula, GatherFormula, MemberFormula
from backprop.symbolic.by_names import DerivativeNames
from backprop.symbolic.chain import Chain
from backprop.symbolic.given_members import with_families
from backprop.symbolic.loops_read import IndexedEquation, IndexedReader, NotIndexed
from backprop.symbolic.of_families import IndexedDerived, forward

Differentiate = Callable[
    [Sequence[IndexedEquation], str, str, DerivativeNames], list[IndexedDerived]
]
"""The derivative by a name of an output that is a name or a family, from equations."""


class DerivativesRead:
    """reader: that of a text. differentiate: makes the equations of one derivative. Raises NotIndexed,
    TooLong."""

    def __init__(self, reader: IndexedReader, differentiate: Differentiate) -> None:
        self._differentiate = differentiate
        self._names = DerivativeNames(reader.words)
        self._left = dict(reader.derivatives)
        self.equations = [*_with_local(reader.equations)]
        self.derived: list[IndexedDerived] = []
        while self._left:
            self._make(next(self._ready(), None))
        reader.words |= {each.equation.name for each in self.derived}

    def _ready(self) -> Iterator[str]:
        """Derivatives of what is read without others."""
        for name, (of, _) in self._left.items():
            if self._leading(of).isdisjoint(self._left):
                yield name

    def _leading(self, of: str) -> set[str]:
        found, waiting = set[str](), [of]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                for each in self.equations:
                    if each.name == name and each.formula is not None:
                        waiting += each.formula.names
        return found

    def _make(self, name: str | None) -> None:
        if name is None:
            raise NotIndexed
        of, by = self._left.pop(name)
        leads = self._leading(of)
        own = [each for each in self.equations if each.name in leads or each.is_input]
        made = self._differentiate(own, of, by, self._names)
        labels = {each.equation.name for each in made if each.equation.asked}
        if len(labels) != 1:
            raise NotIndexed  # it does not depend on that
        known = {each.equation.name: each for each in self.derived}
        made = [each._replace(equation=each.equation._replace(asked=False)) for each in made]
        for each in made:
            if each.equation.name not in known:
                self.derived.append(each)
                self.equations.append(each.as_equation)
            elif each not in self.derived:
                raise NotIndexed
        put = {name: labels.pop()}
        self.equations = [
            each
            if each.formula is None
            else each._replace(formula=with_families(each.formula, put))
            for each in self.equations
        ]

    def needed(self, found: Sequence[IndexedDerived]) -> list[IndexedDerived]:
        """The equations of derivatives that others use."""
        by_name: dict[str, list[IndexedDerived]] = {}
        for each in self.derived:
            by_name.setdefault(each.equation.name, []).append(each)
        used, waiting = set[str](), [name for each in found for name in each.equation.formula.names]
        while waiting:
            name = waiting.pop()
            if name in by_name and name not in used:
                used.add(name)
                waiting += [one for each in by_name[name] for one in each.equation.formula.names]
        return [each for each in self.derived if each.equation.name in used]


def _with_local(equations: Sequence[IndexedEquation]) -> Iterator[IndexedEquation]:
    """Equations with the derivatives of expressions in the place of `derivative(a*x[i]^3, x[i])`. Raises
    NotIndexed where x moves something else in these."""
    for each in equations:
        formula = each.formula and _local(each.formula, equations)
        yield each if formula is each.formula else each._replace(formula=formula)


def _local(found: Formula, equations: Sequence[IndexedEquation]) -> Formula:
    if not isinstance(found, DerivativeFormula):
        return (
            found
            if not _has_derivative(found)
            else rebuilt(found, lambda part: _local(part, equations))
        )
    of, by = _local(found.of, equations), found.by
    name = by.family if isinstance(by, MemberFormula) else by.text()
    moving = forward(equations, {name})
    reads: dict[Formula, str] = {}

    def opened(part: Formula) -> Formula:
        if isinstance(part, MemberFormula | GatherFormula | Symbol) and part != EULER:
            if part != by and not part.names.isdisjoint(moving):
                raise NotIndexed
            return Symbol(reads.setdefault(part, f"read {len(reads)}"))
        return rebuilt(part, opened)

    flat = opened(of)
    if by not in reads:
        return ZERO
    made = Chain(reads[by]).derivative(flat)
    return substituted(made, {label: part for part, label in reads.items()})


def _has_derivative(found: Formula) -> bool:
    return isinstance(found, DerivativeFormula) or any(map(_has_derivative, found.parts))
