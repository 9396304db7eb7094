"""Derivatives of any order of equations with indices: step by step, or closed in the inputs alone.

Of a higher order is the gradient's own equations derived again. Closed: names and members are replaced by
their equations first, where each member has the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from backprop.algebra.formula import Formula, Symbol, in_order
from backprop.algebra.from_text import rebuilt, renamed, substituted
from backprop.algebra.indexed import (
    GatherFormula,
    MemberFormula,
    RangeFormula,
    index_names,
)
from backprop.symbolic.by_names import DerivativeNames, PathNames
from backprop.symbolic.given_members import with_families
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import IndexedEquation, IndexedReader, NotIndexed
from backprop.symbolic.of_families import DerivativeLabel, IndexedDerived, IndexedGradient
from backprop.symbolic.same_families import without_same
from backprop.symbolic.wider_ranges import with_wider_ranges

OrderPath = tuple[str, ...]

DIGITS = "0123456789"


class _Stage(NamedTuple):
    """Derivatives by some names, one after the other: all equations so far, those of the derivatives,
    what the last derivative is called, and what each step of them is."""

    equations: Sequence[IndexedEquation]
    derived: Sequence[IndexedDerived]
    output: str
    names: PathNames


class IndexedOrders:
    """Derivatives of an output. numbers: of the constants that ranges are made of. moved: families that
    have equations, and are inputs only as long as is derived by them. Raises NotIndexed, TooLong."""

    def __init__(
        self,
        reader: IndexedReader,
        equations: Sequence[IndexedEquation],
        of: str,
        numbers: IndexNumbers,
        textbook: bool,
        naming: DerivativeNames,
        moved: Set[str] = frozenset(),
        strict: bool = False,
    ) -> None:
        self._strict = strict
        self._reader = reader
        self._moved = moved
        self._of = of
        self._numbers = numbers
        self._textbook = textbook
        self._naming = naming
        first = _Stage(equations, (), of, PathNames(naming, of))
        self._stages: dict[OrderPath, _Stage] = {(): first}

    def derivatives(self, orders: Sequence[OrderPath]) -> list[IndexedDerived]:
        """The equations of all derivatives, each given by the names that it is by, one after the other,
        and of what they need."""
        if all(len(path) == 1 for path in orders):
            found = self._gradient((), [name for (name,) in orders])
            return named_well(_needed(found), self._reader)
        every: list[IndexedDerived] = []
        asked: set[str] = set()
        for path in orders:
            stage = self._stage(path)
            asked.add(stage.output)
            known = {each.equation.name for each in every}  # of (a, a) and (a, b) the first is by a
            every += [each for each in stage.derived if each.equation.name not in known]
        equations = [
            each._replace(equation=each.equation._replace(asked=each.equation.name in asked))
            for each in every
        ]
        return named_well(without_same(_needed(_each_once(equations))), self._reader)

    def _stage(self, path: OrderPath) -> _Stage:
        """The derivative by a path, from that by all but the last."""
        if path not in self._stages:
            before = self._stage(path[:-1])
            names = before.names.twin()
            found = self._gradient(path[:-1], path[-1:], names)
            labels = {each.equation.name for each in found if each.equation.asked}
            if not labels:
                raise NotIndexed  # a family without members
            (label,) = labels
            found = [each._replace(equation=each.equation._replace(asked=False)) for each in found]
            equations = [*before.equations, *(each.as_equation for each in found)]
            derived = [*before.derived, *found]
            self._stages[path] = _Stage(equations, derived, label, names.after(path[-1]))
        return self._stages[path]

    def _gradient(
        self, path: OrderPath, wanted: Sequence[str], names: PathNames | None = None
    ) -> list[IndexedDerived]:
        stage = self._stages[path]
        naming = names or stage.names
        ranks = {each.name: len(each.indices) for each in stage.equations}

        def label(name: str) -> DerivativeLabel:
            made, of, wrt, again = naming(name)
            if again and any(ranks.get(each, 0) for each in path[:again]):
                # what it means has the same index twice: it is called as what it is, d2L_dw2_by_dh_dw
                of, wrt, again = stage.output, (name,), None
                made = self._naming(of, wrt)
            return DerivativeLabel(
                made,
                of,
                wrt,
                tuple(ranks.get(each, 0) for each in (of, *wrt)),
                own_first=again is not None,
            )

        moved = self._moved - {*wanted}
        equations = [
            each._replace(is_input=False) if each.name in moved else each
            for each in stage.equations
        ]
        gradient = IndexedGradient(
            equations,
            self._reader.fresh,
            stage.output,
            wanted,
            self._numbers,
            self._textbook,
            self._naming.new_part,
            label,
            self._strict,
            {each.equation.name for each in stage.derived},
        )
        return with_wider_ranges(gradient.equations())


def named_well(found: Sequence[IndexedDerived], reader: IndexedReader) -> list[IndexedDerived]:
    """Equations whose indices have the names of the file where these are free, else the first letters that
    are."""
    return [_with_names(each, reader) for each in found]


def _with_names(found: IndexedDerived, reader: IndexedReader) -> IndexedDerived:
    body = _apart(found.equation.formula, frozenset(c.name for c in found.clauses), reader)
    whole = GatherFormula("sum", body, found.clauses, found.condition)
    names, bound = dict.fromkeys(_all_names(whole)), {*index_names(whole)}
    made_up = [name for name in names if name in bound and name not in reader.words]
    by: dict[str, str] = {}
    for name in made_up:
        taken = {*names}.difference(made_up).union(by.values())
        by[name] = reader.letter(reader.bases.get(name, name.rstrip(DIGITS)), taken)
    if not by:
        return found
    made = _called(whole, by)
    assert isinstance(made, GatherFormula)
    equation = found.equation._replace(formula=made.body)
    indices = tuple(_called(each, by) for each in found.indices)
    return found._replace(
        equation=equation, indices=indices, clauses=made.clauses, condition=made.condition
    )


def _apart(found: Formula, outer: frozenset[str], reader: IndexedReader) -> Formula:
    """A formula in which no index is called as one around it."""
    if isinstance(found, GatherFormula):
        by: dict[str, Formula] = {
            name: Symbol(reader.fresh()) for name in sorted(found.bound & outer)
        }
        found = renamed(found, by) if by else found
        outer |= found.bound
    return rebuilt(found, lambda part: _apart(part, outer, reader)) if found.parts else found


def _called(found: Formula, by: Mapping[str, str]) -> Formula:
    """A formula whose indices have other names."""
    if isinstance(found, Symbol):
        return Symbol(by[found.name]) if found.name in by else found
    if isinstance(found, RangeFormula):
        items = [_called(each, by) for each in found.items]
        return RangeFormula(by.get(found.name, found.name), items, found.listed)
    if isinstance(found, GatherFormula):
        clauses = [_called(each, by) for each in found.clauses]
        own = [each for each in clauses if isinstance(each, RangeFormula)]
        condition = None if found.condition is None else _called(found.condition, by)
        return GatherFormula(found.name, _called(found.body, by), own, condition)
    return rebuilt(found, lambda part: _called(part, by))


def _needed(found: Sequence[IndexedDerived]) -> list[IndexedDerived]:
    """What is asked for, and what that uses."""
    waiting = [each.equation.name for each in found if each.equation.asked]
    used: set[str] = set()
    by_name: dict[str, list[IndexedDerived]] = {}
    for each in found:
        by_name.setdefault(each.equation.name, []).append(each)
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            for each in by_name.get(name, ()):
                waiting += each.equation.formula.names
    return [each for each in found if each.equation.name in used]


def _each_once(found: Sequence[IndexedDerived]) -> list[IndexedDerived]:
    """Equations without steps that are another one: `d2L_dx_dh` of `d2L_dh_dx`, if one of them has indices
    at most, which so have their order."""
    first: dict[tuple[str, tuple[str, ...]], str] = {}
    same: dict[str, str] = {}
    for each in found:
        of, wrt = each.equation.of, each.equation.wrt
        if of and sum(rank > 0 for rank in each.ranks[1:]) <= 1:
            own = first.setdefault((of, tuple(sorted(wrt))), each.equation.name)
            if own != each.equation.name and not each.equation.asked:
                same[each.equation.name] = own
    kept = []
    for each in found:
        if each.equation.name not in same:
            formula = with_families(each.equation.formula, same)
            kept.append(each._replace(equation=each.equation._replace(formula=formula)))
    return kept


def _all_names(found: Formula) -> Iterator[str]:
    """The names in a formula, and those of its indices."""
    yield from in_order(found)
    yield from index_names(found)


def closed_equations(
    equations: Sequence[IndexedEquation], of: str, kept: Sequence[str]
) -> list[IndexedEquation]:
    """The equations of the inputs, and of an output in these and names that are kept. Raises NotIndexed,
    TooLong."""
    found = _Closing(equations, kept).closed(of)
    inputs = [each for each in equations if each.is_input or each.formula is None]
    own = [each for each in equations if each.name in kept and each not in inputs]
    return [*inputs, *own, *found]


class _Closing:
    def __init__(self, equations: Sequence[IndexedEquation], kept: Sequence[str]) -> None:
        self._kept = {*kept}
        self._by_name: dict[str, list[IndexedEquation]] = {}
        for each in equations:
            self._by_name.setdefault(each.name, []).append(each)
        self._known: dict[str, tuple[tuple[str, ...], Formula]] = {}

    def closed(self, of: str) -> list[IndexedEquation]:
        """The equations of an output: of a family its statements."""
        for name in self._order(of):
            self._known[name] = self._definition(name)
        found = []
        for each in self._by_name[of]:
            if each.formula is None or each.is_input:
                raise NotIndexed
            found.append(each._replace(formula=self._put(each.formula), statement=None))
        return found

    def _stays(self, name: str) -> bool:
        statements = self._by_name.get(name, ())
        return name in self._kept or all(
            each.is_input or each.formula is None for each in statements
        )

    def _order(self, of: str) -> list[str]:
        """The names that are replaced, operands first. Raises NotIndexed where there is none."""
        order: list[str] = []
        state: dict[str, int] = {of: 1}
        waiting = [of]
        while waiting:
            name = waiting[-1]
            inner = [
                other
                for each in self._by_name[name]
                if each.formula is not None
                for other in in_order(each.formula)
                if not self._stays(other)
            ]
            if any(state.get(other) == 1 and other in waiting for other in inner):
                raise NotIndexed  # a recurrence
            left = [other for other in inner if other not in state]
            if left:
                state[left[0]] = 1
                waiting.append(left[0])
                continue
            state[name] = 2
            waiting.pop()
            order.append(name)
        return order[:-1]

    def _definition(self, name: str) -> tuple[tuple[str, ...], Formula]:
        """The indices of a family, and its formula of them. Raises NotIndexed where members differ."""
        (equation, *more) = self._by_name[name]
        clauses = [each.name for each in equation.clauses]
        indices = tuple(each.text() for each in equation.indices)
        if more or equation.formula is None or sorted(indices) != sorted(clauses):
            raise NotIndexed
        return indices, self._put(equation.formula)

    def _put(self, found: Formula) -> Formula:
        if isinstance(found, GatherFormula) and any(name in self._by_name for name in found.bound):
            raise NotIndexed  # an index that is called as something else
        if isinstance(found, MemberFormula):
            indices = [self._put(each) for each in found.indices]
            if found.family not in self._known:
                return MemberFormula(found.family, indices)
            names, formula = self._known[found.family]
            return substituted(formula, dict(zip(names, indices, strict=True)))
        if isinstance(found, Symbol):
            return self._known[found.name][1] if found.name in self._known else found
        if found.names.isdisjoint(self._known):
            return found
        return rebuilt(found, self._put)
