"""Terms of derivatives with indices that only count where a condition holds: of `u[i] = sqrt(x[i])`, which is
in a branch that is not taken elsewhere, `if(x[i] > 0, dL_du[i]/(2*u[i]), 0)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from backprop.algebra.formula import ONE, ZERO, Call, Formula, Symbol
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import choice
from backprop.symbolic.domains_of import MembersPart, both, condition_of, holds, parts_of
from backprop.symbolic.guarded import (
    KnownWhere,
    anywhere,
    conditions_in,
    counts,
    either,
    has_value,
    keeps,
    needed_names,
    only_where,
    without,
)
from backprop.symbolic.loops_read import IndexedEquation


class _WhereCounted(NamedTuple):
    """Where a derivative counts, as it was found. met: what was open, and was come across again; seen: all
    that was come across."""

    where: Formula
    met: set[str]
    seen: set[str]


class FamilyGuards:
    """Where derivatives by families count. equations: those of a text, by name. derived: those of
    derivatives, as far as they are known, by the name of the derivative."""

    def __init__(
        self,
        equations: Mapping[str, Sequence[IndexedEquation]],
        derived: Mapping[str, Sequence[IndexedEquation]],
    ) -> None:
        self._equations = equations
        self._derived = derived
        self._open, self._met = set[str](), set[str]()
        self._seen, self._sought = set[str](), dict[object, list[_WhereCounted]]()
        self._members = dict[object, Formula]()
        self._partial = self._without_values()
        self._leading: dict[str, set[str]] = {}

    def guarded(
        self, name: str, adjoint: Formula, slope: Formula, term: Formula, around: MembersPart
    ) -> Formula:
        """A term of what a name depends on, whose derivative is known as a name or a member, with its
        conditions, where the slope may have no value. around: the indices that stand around it.
        Raises TooLong."""
        if self._is_total(slope):
            return term
        self._sought.clear()  # more is derived than before
        where = self._known(adjoint, around)
        if where == ONE:
            return term
        soft = has_value(slope)
        own = set[Formula]() if soft else self._own(adjoint, around)
        return only_where(
            without(where, lambda each: each not in own and self._needs(each, name)), term
        )

    def _own(self, adjoint: Formula, around: MembersPart) -> set[Formula]:
        """The conditions that stand in the equations of a derivative."""
        return conditions_in(self._at(adjoint, around, anywhere))

    def _known(self, found: Formula, around: MembersPart) -> Formula:
        """Where a derivative counts that is a name or a member: in a recurrence where any of it does, if that
        is the same for all members."""
        name = _name_of(found)
        if name is None or name not in self._derived:
            return ONE
        self._seen.add(name)
        if name in self._open:
            self._met.add(name)
            return ZERO
        alike = found, around.indices, around.clauses, around.condition, id(around.numbers)
        for each in self._sought.setdefault(alike, []):
            if self._open & each.seen == each.met:  # it was sought among the same open ones
                self._met |= each.met
                self._seen |= each.seen
                return each.where
        outer, self._seen = self._seen, {name}
        self._open.add(name)
        before, self._met = self._met, set()
        where = self._at(found, around, self._inside(around))
        if name in self._met:
            where = self._anywhere(name, around)
        self._open.discard(name)
        self._met.discard(name)
        self._sought[alike].append(_WhereCounted(where, self._met, self._seen))
        self._met = before | self._met
        self._seen = outer | self._seen
        return where

    def _inside(self, around: MembersPart) -> KnownWhere:
        return lambda part, inner: self._known(part, _within(around, inner))

    def _anywhere(self, name: str, around: MembersPart) -> Formula:
        """Where any member of a recurrence counts; 1 where that is not the same for all."""
        whole: Formula = ZERO
        for each in self._derived[name]:
            if each.formula is not None:
                where = counts(each.formula, self._inside(_within(around, each.clauses)))
                if not where.names.isdisjoint(clause.name for clause in each.clauses):
                    return ONE
                whole = either(whole, where)
        return whole

    def _at(
        self,
        found: Formula,
        around: MembersPart,
        known: KnownWhere,
    ) -> Formula:
        """Where the derivative of that name or member counts, by its equations."""
        indices = found.indices if isinstance(found, MemberFormula) else ()
        parts = [
            (there, counts(self._put_in(each.formula, put), known))
            for each in self._derived[_name_of(found) or ""]
            if each.formula is not None
            for there, put in _here(each, indices, around)
        ]
        counting = [(there, where) for there, where in parts if where != ZERO]
        apart = len(counting) < len(parts)
        alike = {where for _, where in counting}
        if not apart and len(alike) == 1:
            return alike.pop()
        whole: Formula = ZERO
        for there, where in counting:
            if there is None:
                return where if len(alike) == 1 else ONE
            inside = there == ONE or (not apart and where != ONE and len(alike - {ONE}) == 1)
            whole = either(whole, where if inside else choice(there, where, ZERO))
        return whole

    def _put_in(self, found: Formula, indices: Mapping[str, Formula]) -> Formula:
        key = found, *indices.items()
        if key not in self._members:
            self._members[key] = substituted(found, indices)
        return self._members[key]

    def _needs(self, condition: Formula, name: str) -> bool:
        """Whether a condition needs a name, which so has a value where that has one."""
        if name not in self._leading:
            behind = {name}
            while True:
                more = {
                    other
                    for other, own in self._equations.items()
                    if any(
                        e.formula is not None and not e.formula.names.isdisjoint(behind)
                        for e in own
                    )
                }
                if more <= behind:
                    break
                behind |= more
            self._leading[name] = behind
        return not needed_names(condition).isdisjoint(self._leading[name])

    def _without_values(self) -> set[str]:
        """The names that may have no value somewhere."""
        found = set[str]()
        while True:
            more = {
                name
                for name, own in self._equations.items()
                if name not in found
                and any(e.formula is not None and not _is_total(e.formula, found) for e in own)
            }
            if not more:
                return found
            found |= more

    def _is_total(self, found: Formula) -> bool:
        return _is_total(found, self._partial)


def _within(around: MembersPart, inner: Sequence[RangeFormula]) -> MembersPart:
    """The indices around what stands in sums, whose indices may be called as those around them."""
    if not inner:
        return around
    names = {each.name for each in inner}
    clauses = list[RangeFormula]()
    for each in around.clauses:  # ranges of what is called otherwise are not known here
        if each.name in names or not each.names.isdisjoint(names):
            names.add(each.name)
        else:
            clauses.append(each)
    where = [each for each in parts_of(around.condition) if each.names.isdisjoint(names)]
    return around._replace(clauses=(*clauses, *inner), condition=reduce(both, where, None))


def _name_of(found: Formula) -> str | None:
    if isinstance(found, MemberFormula):
        return found.family
    return found.name if isinstance(found, Symbol) else None


def _is_total(found: Formula, partial: set[str]) -> bool:
    """Whether a formula has a value wherever inputs have one, but for names that may have none."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if not keeps(part) or _name_of(part) in partial:
            return False
        if isinstance(part, GatherFormula):
            waiting.append(part.body)
        elif not isinstance(part, MemberFormula):
            waiting += part.parts
    return True


def _here(
    each: IndexedEquation, indices: Sequence[Formula], around: MembersPart
) -> Iterator[tuple[Formula | None, dict[str, Formula]]]:
    """Where an equation is that of a member: a condition, 1 where always, None of what cannot be said; and
    what its indices are there."""
    put = dict[str, Formula]()
    names = {clause.name for clause in each.clauses}
    wanted, is_known = list[Formula](), True
    for own, index in zip(each.indices, indices, strict=True):
        if isinstance(own, Symbol) and own.name in names and own.name not in put:
            put[own.name] = index
        else:
            wanted.append(Call("==", (index, substituted(own, put))))
    is_known = put.keys() == names
    for clause in each.clauses if is_known else ():
        if clause.listed or len(clause.items) != 2:
            is_known = False
            break
        low, high = (substituted(item, put) for item in clause.items)
        wanted += [Call("<=", (low, put[clause.name])), Call("<=", (put[clause.name], high))]
    if each.condition is not None:
        wanted += parts_of(substituted(each.condition, put))
    left = list[Formula]()
    for condition in wanted:
        sure = holds(condition_of(condition), around)
        if sure is False:
            return
        left += [] if sure else [condition]
    yield (reduce(both, left, None) or ONE) if is_known else None, put
