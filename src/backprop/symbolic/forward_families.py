"""Derivatives of all members of a family, from the front: `ds_dw[t]` from `ds_dw[t-1]`.

The gradient of `sum(seed[t]*s[t] for t in 0..n)` is linear in the seeds, and its derivative by them is that
of each member: the gradient's own equations, derived again, go from the inputs to the members, an equation a
family. From the back there would be one for each pair of members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backprop.algebra.formula import Formula, Symbol
from backprop.algebra.indexed import GatherFormula, MemberFormula
from backprop.algebra.normal import plus, times
from backprop.symbolic.by_names import DerivativeNames
from backprop.symbolic.given_members import with_families
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.of_families import IndexedDerived


class SeededFamily:
    """A family as an output. equations: those of a text. Raises NotIndexed."""

    def __init__(
        self, equations: Sequence[IndexedEquation], of: str, fresh: Callable[[str], str]
    ) -> None:
        self._of = of
        self.seed = fresh(f"{of}_seed")
        self.output = fresh(f"{of}_seeded")
        own = [each for each in equations if each.name == of]
        self._rank = len(own[0].indices) if own else 0
        if not self._rank or any(len(each.indices) != self._rank for each in own):
            raise NotIndexed
        seeds = [IndexedEquation(self.seed, *each[1:4], None, is_input=True) for each in own]
        total = plus(*map(self._seeded, own))
        self.equations = [*equations, *seeds, IndexedEquation(self.output, (), (), None, total)]

    def _seeded(self, each: IndexedEquation) -> Formula:
        member = times(
            MemberFormula(self.seed, each.indices), MemberFormula(self._of, each.indices)
        )
        if not each.clauses:
            return member
        return GatherFormula("sum", member, each.clauses, each.condition)

    def joined(
        self, found: Sequence[IndexedDerived], naming: DerivativeNames
    ) -> list[IndexedDerived]:
        """The derivatives of the members, from those by the seeds. Raises NotIndexed."""
        made, asked = list[IndexedDerived](), set[str]()
        for each in found:
            each = _in_order(each)
            if not each.equation.asked:
                made.append(each)
                continue
            path = each.equation.wrt[:-1]
            name = naming(self._of, path)
            indices = (*each.indices[-self._rank :], *each.indices[: -self._rank])
            asked.add(name)
            if each.equation.formula == MemberFormula(name, indices):
                continue
            ranks = (self._rank, *each.ranks[1:-1])
            own = each.equation._replace(name=name, of=self._of, wrt=path)
            made.append(_in_order(each._replace(equation=own, indices=indices, ranks=ranks)))
        whole = [*self._asked(made, asked)]
        seeds = {self.seed, self.output}
        if any(not seeds.isdisjoint(each.equation.formula.names) for each in whole):
            raise NotIndexed
        return whole

    def _asked(self, found: Sequence[IndexedDerived], asked: set[str]) -> Iterator[IndexedDerived]:
        named: dict[tuple[str, Formula, str], IndexedDerived] = {}
        for each in found:
            name = each.equation.name
            key = name, MemberFormula("", each.indices), each.behind
            if named.setdefault(key, each) is not each:
                raise NotIndexed  # a step that is called as what is asked for, and is not that
            yield each._replace(equation=each.equation._replace(asked=name in asked))


class MovedFamily:
    """A family on the way as what is derived by: `s[t] = tanh(s[t-1]) + moved[t]`, by what moves it."""

    def __init__(
        self, equations: Sequence[IndexedEquation], by: str, fresh: Callable[[str], str]
    ) -> None:
        self._by = by
        self.moved = fresh(f"{by}_moved")
        self.equations: list[IndexedEquation] = []
        for each in equations:
            if each.name == by and each.formula is not None:
                more = (
                    MemberFormula(self.moved, each.indices) if each.indices else Symbol(self.moved)
                )
                self.equations.append(IndexedEquation(self.moved, *each[1:4], None, is_input=True))
                each = each._replace(formula=plus(each.formula, more), is_input=False)
            self.equations.append(each)

    def joined(
        self, found: Sequence[IndexedDerived], naming: DerivativeNames
    ) -> list[IndexedDerived]:
        """The derivatives by the family. Raises NotIndexed."""
        names = {}
        for each in found:
            if self.moved in each.equation.wrt:
                wrt = tuple(self._by if one == self.moved else one for one in each.equation.wrt)
                names[each.equation.name] = naming(each.equation.of, wrt)
        made = []
        for each in found:
            own = each.equation
            if self.moved in own.formula.names:
                raise NotIndexed
            own = own._replace(
                name=names.get(own.name, own.name), formula=with_families(own.formula, names)
            )
            made.append(each._replace(equation=own))
        return made


def _in_order(found: IndexedDerived) -> IndexedDerived:
    """An equation whose ranges have the order of its indices, where that may be."""
    names = [each.name for each in found.clauses]
    if any(not each.names.isdisjoint({*names} - {each.name}) for each in found.clauses):
        return found
    text = [each.text() for each in found.indices]
    clauses = sorted(found.clauses, key=lambda each: [*text, each.name].index(each.name))
    return found._replace(clauses=tuple(clauses))
