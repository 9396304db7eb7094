"""Equations of derivatives without those of what is 0: `dh_dw[i,p] = 0 for … if p != i`, and all that is
read of it.

Members are 0 where their equation is, once every read in it that can only mean such members is 0. All are
taken for 0 at first, and no longer where that does not come out: equations have an order, in which it then
holds for one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprop.algebra.formula import ZERO, Formula, Symbol, TooLong, is_number
from backprop.algebra.from_text import gathered, rebuilt, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula
from backprop.algebra.tidy import simplified
from backprop.symbolic.domains_of import (
    IndexCondition,
    MembersCondition,
    MembersPart,
    both,
    condition_of,
    conditions_of,
    holds,
    parts_of,
)
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import NotIndexed
from backprop.symbolic.members_read import in_parts
from backprop.symbolic.of_families import IndexedDerived
from backprop.symbolic.settled_sums import settled
from backprop.symbolic.sums_of_one import of_others, with_known

_MOST_SPLITS = 40
_MOST_EQUATIONS = 80
"""Of more equations nobody sees which are 0."""


def without_zeros(found: Sequence[IndexedDerived], numbers: IndexNumbers) -> list[IndexedDerived]:
    """Equations of which none is 0 or reads what is, but those that are asked for."""
    if len(found) > _MOST_EQUATIONS or not any(
        each.equation.formula == ZERO and each.indices for each in found
    ):
        return [*found]
    try:
        left = _Zeros(found, numbers).left()
    except (NotIndexed, TooLong):
        return [*found]
    return left if len(left) == len(found) else without_zeros(left, numbers)


class _Zeros:
    def __init__(self, found: Sequence[IndexedDerived], numbers: IndexNumbers) -> None:
        self._numbers = numbers
        self._found = [*found]
        self._by_name: dict[str, list[int]] = {}
        self._zero: set[int] = set()
        self._meant: dict[tuple[object, ...], bool] = {}
        """Whether reads can mean members, which is asked for in each round again."""
        self._settle()

    def left(self) -> list[IndexedDerived]:
        """The equations that are left."""
        for _ in range(_MOST_SPLITS):
            if not any(self._split(at) for at in range(len(self._found))):
                break
            self._settle()
        made = []
        known = self._single_numbers()
        for at, each in enumerate(self._found):
            formula = ZERO if at in self._zero else self._put(each.equation.formula, self._part(at))
            formula = with_known(formula, known)
            if formula != each.equation.formula:
                formula = settled(simplified(formula), self._part(at))
                each = each._replace(equation=each.equation._replace(formula=formula))
            made.append(each)
        self._found = made
        read = self._read()
        return _joined([each for at, each in enumerate(made) if at in read])

    def _single_numbers(self) -> dict[Formula, Formula]:
        """The members with an equation of their own that is a number."""
        return {
            MemberFormula(each.equation.name, each.indices): each.equation.formula
            for each in self._found
            if each.indices and not each.clauses and is_number(each.equation.formula)
        }

    def _settle(self) -> None:
        """Tell what is 0 from what is not."""
        self._by_name = {}
        for at, each in enumerate(self._found):
            self._by_name.setdefault(each.equation.name, []).append(at)
        self._zero = {*range(len(self._found))}
        while True:
            others = {
                at
                for at in self._zero
                if self._put(self._found[at].equation.formula, self._part(at)) != ZERO
            }
            if not others:
                return
            self._zero -= others

    def _part(self, at: int) -> MembersPart:
        each = self._found[at]
        return MembersPart(each.indices, each.clauses, each.condition, self._numbers)

    def _put(self, found: Formula, around: MembersPart) -> Formula:
        """A formula with 0 for what can only be that. around: the indices around it."""
        if isinstance(found, Symbol | MemberFormula):
            name, indices = _read_of(found)
            meant = [at for at in self._by_name.get(name, ()) if self._may_be(at, indices, around)]
            return ZERO if meant and self._zero.issuperset(meant) else found
        if found.names.isdisjoint(self._by_name):
            return found
        if isinstance(found, GatherFormula):
            shorter = of_others(found, around, self._others)
            if shorter is not None:
                return self._put(shorter, around)
            body = self._put(found.body, _inside(found, around))
            return gathered(found.name, body, found.clauses, found.condition)
        return rebuilt(found, lambda part: self._put(part, around))

    def _may_be(self, at: int, indices: Sequence[Formula], around: MembersPart) -> bool:
        """Whether a read can mean a member of an equation."""
        found = self._found[at]
        members = found.indices, found.clauses, found.condition
        key = *members, tuple(indices), around.clauses, around.condition
        if key not in self._meant:
            conditions = _conditions(found, indices)
            self._meant[key] = all(holds(each, around) is not False for each in conditions)
        return self._meant[key]

    def _split(self, at: int) -> bool:
        """Tell the members of an equation apart, if some of them are 0 then."""
        each, part = self._found[at], self._part(at)
        names = {clause.name for clause in part.clauses}
        formula = each.equation.formula
        if at in self._zero:
            return False
        for read, around in _reads(formula, part):
            name, indices = _read_of(read)
            for other in self._by_name.get(name, ()):
                if other not in self._zero or not self._may_be(other, indices, around):
                    continue
                for condition in _conditions(self._found[other], indices):
                    own = condition.formula.names & names
                    if len(own) < (2 if self._others(name) is None else 1):
                        continue
                    if not condition.formula.names <= {*names, *self._numbers}:
                        continue
                    if holds(condition, part) is None and self._apart(at, condition, len(own)):
                        return True
        return False

    def _others(self, name: str) -> list[tuple[Formula, ...]] | None:
        """The members of a family that are not 0, where all of them have equations of their own: a derivative
        of one member of what was derived before, of `F[1]` for `F[i] = -derivative(V, x[i])`."""
        left = [self._found[at] for at in self._by_name.get(name, ()) if at not in self._zero]
        known = name in self._by_name
        alone = known and all(not each.clauses and each.condition is None for each in left)
        return [each.indices for each in left] if alone else None

    def _apart(self, at: int, condition: MembersCondition, names: int) -> bool:
        """Tell members apart by a condition, on so many of their indices, if some of them are 0 then; by one
        index alone, also if all are shorter then."""
        each = self._found[at]
        halves = []
        for part, (formula,) in in_parts(
            self._part(at), [condition], [(each.equation.formula, [])]
        ):
            own = each.equation._replace(formula=formula)
            half = each._replace(
                equation=own,
                indices=part.indices,
                clauses=part.clauses,
                condition=part.condition,
            )
            halves.append((half, self._put(formula, part)))
        size = self._put(each.equation.formula, self._part(at)).size
        shorter = names == 1 and all(formula.size < size for _, formula in halves)
        if not shorter and all(formula != ZERO for _, formula in halves):
            return False
        self._found[at : at + 1] = [half for half, _ in halves]
        return True

    def _read(self) -> set[int]:
        """The equations that are asked for, and those that they need."""
        used = set[int]()
        waiting = [at for at, each in enumerate(self._found) if each.equation.asked]
        while waiting:
            at = waiting.pop()
            if at in used:
                continue
            used.add(at)
            for read, around in _reads(self._found[at].equation.formula, self._part(at)):
                name, indices = _read_of(read)
                waiting += [
                    other
                    for other in self._by_name.get(name, ())
                    if other not in used and self._may_be(other, indices, around)
                ]
        return used


def _read_of(found: Symbol | MemberFormula) -> tuple[str, Sequence[Formula]]:
    return (found.name, ()) if isinstance(found, Symbol) else (found.family, found.indices)


def _inside(found: GatherFormula, around: MembersPart) -> MembersPart:
    """The indices around what is gathered."""
    return around._replace(
        clauses=(*around.clauses, *found.clauses),
        condition=both(around.condition, found.condition),
    )


def _reads(
    found: Formula, around: MembersPart
) -> Iterator[tuple[Symbol | MemberFormula, MembersPart]]:
    """The names and members in a formula, each with the indices around it."""
    waiting = [(found, around)]
    while waiting:
        part, around = waiting.pop()
        if isinstance(part, Symbol | MemberFormula):
            yield part, around
        elif isinstance(part, GatherFormula):
            waiting.append((part.body, _inside(part, around)))
        else:
            waiting += [(each, around) for each in part.parts]


def _conditions(found: IndexedDerived, indices: Sequence[Formula]) -> list[MembersCondition]:
    """What holds where a member with these indices is one of an equation's, as far as that is plain."""
    names = {each.name for each in found.clauses}
    by: dict[str, Formula] = {}
    made: list[MembersCondition] = []
    for own, index in zip(found.indices, indices, strict=True):
        if isinstance(own, Symbol) and own.name in names and own.name not in by:
            by[own.name] = index
        elif own.names.isdisjoint(names - by.keys()):
            made.append(IndexCondition(index, substituted(own, by), equal=True))
    for clause in found.clauses:
        if clause.name in by and len(clause.items) == 2 and not clause.listed:
            low, high = clause.items
            index = Symbol(clause.name)
            made += [
                IndexCondition(substituted(sides[0], by), substituted(sides[1], by))
                for sides in ((low, index), (index, high))
                if sides[0].names.union(sides[1].names).isdisjoint(names - by.keys())
            ]
    made += [
        each.changed(by)
        for each in conditions_of(found.condition)
        if each.formula.names.isdisjoint(names - by.keys())
    ]
    return made


def _joined(found: Sequence[IndexedDerived]) -> list[IndexedDerived]:
    """Equations of which two are one, where a condition holds and where it does not."""
    made = [*found]
    for at, one in enumerate(made):
        for other in made[at + 1 :]:
            joined = _both_as_one(one, other)
            if joined is not None:
                rest = [each for each in made if each is not other]
                return _joined([joined if each is one else each for each in rest])
    return made


def _both_as_one(one: IndexedDerived, other: IndexedDerived) -> IndexedDerived | None:
    if one.equation != other.equation or one[1:3] != other[1:3]:
        return None
    own, others = parts_of(one.condition), parts_of(other.condition)
    only = [each for each in own if each not in others]
    besides = [each for each in others if each not in own]
    if len(only) != 1 or besides != [condition_of(only[0]).opposite]:
        return None
    condition: Formula | None = None
    for each in own:
        condition = both(condition, each) if each not in only else condition
    return one._replace(condition=condition)
