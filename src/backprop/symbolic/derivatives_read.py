"""Derivatives that equations read, `g[t] = derivative(x[t], a)`, as equations that say what they are.

While a text is read, a derivative is a member of a family whose name no text can have. Once all of it is, the
family's equations are made, those of a derivative of a derivative after those of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backprop.algebra.formula import ZERO, Formula, Symbol
from backprop.algebra.from_text import rebuilt, substituted
from backprop.algebra.indexed import DerivativeFormula, MemberFormula
from backprop.symbolic.by_names import DerivativeNames
from backprop.symbolic.expressions_derived import has_derivative, with_derivatives, with_own_indices
from backprop.symbolic.given_members import with_families
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import IndexedEquation, IndexedReader, NotIndexed
from backprop.symbolic.of_families import IndexedDerived, leading_to

Differentiate = Callable[
    [Sequence[IndexedEquation], str, str, DerivativeNames], list[IndexedDerived]
]
"""The derivative by a name of an output that is a name or a family, from equations."""

Distant = Callable[
    [Sequence[IndexedEquation], str, str, Sequence[tuple[Formula, ...]], DerivativeNames],
    list[IndexedDerived],
]
"""The derivative of a family by a family, where it is read at these indices alone."""


class DerivativesRead:
    """reader: that of a text. differentiate: makes the equations of one derivative; distant: those of
    members that are a fixed way apart. numbers: of the constants that ranges are made of.
    Raises NotIndexed, TooLong."""

    def __init__(
        self,
        reader: IndexedReader,
        textbook: bool,
        numbers: IndexNumbers,
        differentiate: Differentiate,
        distant: Distant,
    ) -> None:
        self._fresh = reader.fresh
        self._numbers = numbers
        self._textbook = textbook
        self._differentiate = differentiate
        self._distant = distant
        self._by_distance = set[str]()
        self._names = DerivativeNames(reader.words)
        self._left = dict(reader.derivatives)
        self._labels: dict[str, str] = {}
        self.equations = [*reader.equations]
        self.derived: list[IndexedDerived] = []
        while True:
            if self._open():
                continue
            if not self._left:
                break
            self._make(next(self._ready(), None))
        if any(has_derivative(each.formula) for each in self.equations):
            raise NotIndexed
        reader.words |= {each.equation.name for each in self.derived}

    def _open(self) -> bool:
        """Whether there were expressions whose derivatives are formulas now."""
        before = self.equations
        if not any(has_derivative(each.formula) for each in before):
            return False

        def is_ready(found: Formula) -> bool:
            return all(map(self._is_known, found.names))

        self.equations = [
            with_derivatives(
                each, before, is_ready, self._fresh, self._textbook, self._read, self._numbers
            )
            if has_derivative(each.formula)
            else each
            for each in before
        ]
        return self.equations != before

    def _is_known(self, of: str) -> bool:
        """Whether all that leads to a name is read without derivatives that are not made."""
        leads = leading_to(self.equations, of)
        return leads.isdisjoint(self._left) and not any(
            has_derivative(each.formula) for each in self.equations if each.name in leads
        )

    def _read(self, of: str, by: str, indices: tuple[Formula, ...]) -> Formula:
        """A derivative that an expression's derivative has in it."""
        name = f"derivative of {of} by {by}"
        label = self._labels.get(name, name)
        if label == name or label in self._by_distance:  # whose distances may be others
            label = name
            self._left[name] = of, by
        return MemberFormula(label, indices) if indices else Symbol(label)

    def _ready(self) -> Iterator[str]:
        """Derivatives of what is read without others."""
        for name, (of, _) in self._left.items():
            if self._is_known(of):
                yield name

    def _make(self, name: str | None) -> None:
        if name is None:
            self._opened_up()
            return
        of, by = self._left.pop(name)
        leads = leading_to(self.equations, of)
        own = [each for each in self.equations if each.name in leads or each.is_input]
        try:
            made = self._distant(own, of, by, [*self._reads(name)], self._names)
            label = self._added(made, by_distance=True)
        except NotIndexed:
            made = self._differentiate(own, of, by, self._names)
            if all(each.equation.formula == ZERO for each in made if each.equation.asked):
                self._nothing(name)
                return
            label = self._added(made)
        put = {name: label}
        self._labels[name] = label
        self._left = {
            other: (label if of == name else of, by) for other, (of, by) in self._left.items()
        }
        self.equations = [
            each
            if each.formula is None
            else each._replace(formula=with_families(each.formula, put))
            for each in self.equations
        ]

    def _nothing(self, name: str) -> None:
        """Puts 0 in the place of a derivative of what does not depend on that, and of its derivatives."""
        zero = {name}
        for other, (of, _) in self._left.items():
            zero |= {other} if of in zero else set()
        self._left = {each: what for each, what in self._left.items() if each not in zero}

        def put(found: Formula) -> Formula:
            if isinstance(found, MemberFormula) and found.family in zero:
                return ZERO
            if isinstance(found, Symbol) and found.name in zero:
                return ZERO
            return found if found.names.isdisjoint(zero) else rebuilt(found, put)

        self.equations = [
            each if each.formula is None else each._replace(formula=put(each.formula))
            for each in self.equations
        ]

    def _opened_up(self) -> None:
        """Takes one derivative of a family as that of its formula, of which more is known: `derivative(U[t],
        x[t,i])` in what `x[t+1,i]` is made of. Raises NotIndexed."""
        for name, (of, by) in self._left.items():
            own = [each for each in self.equations if each.name == of]
            if len(own) != 1 or own[0].formula is None or own[0].condition is not None:
                continue
            names = [each.name for each in own[0].clauses]
            if of == by or [*own[0].indices] != [*map(Symbol, names)]:
                continue
            body, rank = with_own_indices(own[0].formula, self._fresh), len(names)

            def put(
                found: Formula,
                name: str = name,
                names: Sequence[str] = names,
                body: Formula = body,
                rank: int = rank,
                by: str = by,
            ) -> Formula:
                if isinstance(found, MemberFormula) and found.family == name:
                    inner, outer = found.indices[:rank], found.indices[rank:]
                    of = substituted(body, dict(zip(names, inner, strict=True)))
                    return DerivativeFormula(of, MemberFormula(by, outer) if outer else Symbol(by))
                if isinstance(found, Symbol) and found.name == name:
                    return DerivativeFormula(body, Symbol(by))
                return found if name not in found.names else rebuilt(found, put)

            self._left = {each: what for each, what in self._left.items() if each != name}
            self.equations = [
                each if each.formula is None else each._replace(formula=put(each.formula))
                for each in self.equations
            ]
            return
        raise NotIndexed

    def _added(self, made: Sequence[IndexedDerived], by_distance: bool = False) -> str:
        """What a derivative is called whose equations are taken in. Raises NotIndexed."""
        labels = {each.equation.name for each in made if each.equation.asked}
        if len(labels) != 1:
            raise NotIndexed  # it does not depend on that
        known = {each.equation.name for each in self.derived}
        made = [each._replace(equation=each.equation._replace(asked=False)) for each in made]
        new = list[IndexedDerived]()
        for each in made:
            if each.equation.name not in known:
                new.append(each)
            elif each not in self.derived:
                if not by_distance or each.equation.name not in self._by_distance:
                    raise NotIndexed
                new.append(each)
        if by_distance:  # of which each distance has equations of its own
            places = [(each.left, each.behind) for each in self.derived]
            if any((each.left, each.behind) in places for each in new):
                raise NotIndexed
            self._by_distance |= {each.equation.name for each in made}
        self.derived += new
        self.equations += [each.as_equation for each in new]
        return labels.pop()

    def _reads(self, name: str) -> Iterator[tuple[Formula, ...]]:
        """The indices at which a derivative is read."""
        waiting = [each.formula for each in self.equations if each.formula is not None]
        while waiting:
            part = waiting.pop()
            if isinstance(part, MemberFormula) and part.family == name:
                yield part.indices
            waiting += part.parts

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
