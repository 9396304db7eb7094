"""Terms of derivatives step by step that only count where a condition holds: `if(x > 0, dL_du/(2*u), 0)` of
`u = sqrt(x); L = if(x > 0, u, 0)`, since u has no value elsewhere, and 0 times that has none.

Where a derivative counts is a formula that is 1 there and 0 elsewhere, made of choices alone: a condition may
have a value only where those around it hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backprop.algebra.formula import (
    EULER,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Sum,
    Symbol,
    is_negative,
    value_of,
)
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import choice, operation
from backprop.operations import OPERATIONS
from backprop.row import AND, COMPARISON, NOT, OR

_TOTAL = frozenset(
    "sin cos atan tanh sech sigmoid abs sign relu min max erf erfc softplus normcdf floor ceil".split()
)
"""Functions that have a value wherever their operands have one."""

_MOST_CONDITIONS = 150
"""Of derivatives that count where more is said, inner conditions are left out."""

_DEEPEST = 10
"""Conditions that are deeper inside others are left out first."""

_MOST_BEHIND = 100
"""So many names are looked at to find whether a condition needs one."""

KnownWhere = Callable[[Formula, Sequence[RangeFormula]], Formula]
"""Where a derivative counts that is a name or a member, in sums with these indices: 1 if it is not known."""


class Guards:
    """Where derivatives by names count. formulas: the equations, by name."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self._formulas = formulas
        self._total: dict[Formula, bool] = {}
        self._where: dict[str, tuple[Formula, Formula]] = {}
        """By names: what counts without conditions that need these, and with those that stand there."""
        self._own: dict[str, set[Formula]] = {}
        self._labels: dict[str, Formula] = {}
        self._places: dict[str, int] = {}

    def take(self, name: str, label: str, adjoint: Formula) -> None:
        """The derivative by a name, or a part of one, and what it is called, after all that uses it."""
        where = self._labels[label] = counts(adjoint, self._known)
        if where == ONE:
            return
        own = conditions_in(counts(adjoint, anywhere))
        if not own:  # it passes on what others say
            own = own.union(*(self._own.get(each, ()) for each in adjoint.names))
        self._own[label] = own
        apart = without(where, lambda each: self._is_behind(each, name))
        whole = without(where, lambda each: each not in own and self._is_behind(each, name))
        self._where[name] = apart, whole

    def _is_behind(self, condition: Formula, name: str) -> bool:
        """Whether a condition needs a name, which so has a value wherever that has one."""
        if not self._places:
            self._places |= {each: at for at, each in enumerate(self._formulas)}
        own, seen = self._places.get(name, -1), set[str]()
        waiting = [*needed_names(condition)]
        while waiting:
            other = waiting.pop()
            if other == name or len(seen) > _MOST_BEHIND:
                return True
            if other not in seen and self._places.get(other, -1) > own:
                seen.add(other)
                waiting += needed_names(self._formulas[other])
        return False

    def _known(self, found: Formula, _: Sequence[RangeFormula]) -> Formula:
        return self._labels.get(found.name, ONE) if isinstance(found, Symbol) else ONE

    def guarded(self, name: str, slope: Formula, term: Formula) -> Formula:
        """A term of what a name depends on with its conditions, where the slope may have no value.
        Raises TooLong."""
        if name not in self._where or self._is_total(slope):
            return term
        apart, whole = self._where[name]
        return only_where(apart if has_value(slope) else whole, term)

    def _is_total(self, found: Formula) -> bool:
        """Whether a formula has a value wherever the inputs have one."""
        waiting = [found]
        while waiting:
            part = waiting[-1]
            if part in self._total:
                waiting.pop()
                continue
            inner = self._inner(part)
            left = [each for each in inner if each not in self._total]
            if left:
                waiting += left
                continue
            self._total[part] = keeps(part) and all(self._total[each] for each in inner)
            waiting.pop()
        return self._total[found]

    def _inner(self, part: Formula) -> list[Formula]:
        if isinstance(part, Symbol):
            return [self._formulas[part.name]] if part.name in self._formulas else []
        return [*part.parts]


def keeps(found: Formula) -> bool:
    """Whether a formula has a value wherever its parts have one."""
    if isinstance(found, Product):
        numbers = [value_of(by) for _, by in found.powers]
        whole = all(each is not None and each >= 0 and each.denominator == 1 for each in numbers)
        return whole and all(base != EULER for base, _ in found.powers)
    if isinstance(found, Call):
        row = OPERATIONS[found.name]
        compares = row.binding in (COMPARISON, AND, OR, NOT)
        return found.name in _TOTAL or row.chooses or compares
    return isinstance(found, Sum | Symbol | MemberFormula | GatherFormula)


def needed_names(found: Formula) -> set[str]:
    """The names without whose values a formula has none: not those in branches, which need not be taken."""
    names, waiting = set[str](), [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Symbol):
            names.add(part.name)
        elif isinstance(part, MemberFormula):
            names.add(part.family)
        elif isinstance(part, Call) and OPERATIONS[part.name].chooses:
            waiting.append(part.operands[0])
        else:
            waiting += part.parts
    return names


def has_value(found: Formula) -> bool:
    """Whether a formula has a value wherever the names in it have one."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if not keeps(part):
            return False
        waiting += [part.body] if isinstance(part, GatherFormula) else part.parts
    return True


def anywhere(_: Formula, __: Sequence[RangeFormula]) -> Formula:
    """Of what is not known where it counts."""
    return ONE


def counts(found: Formula, known: KnownWhere) -> Formula:
    """Where a derivative can be other than 0."""

    def plain(name: Formula, inner: Sequence[RangeFormula]) -> Formula:
        where = known(name, inner)
        return ONE if any(map(_is_made_up, conditions_in(where))) else where

    whole = _counts(found, plain)
    if whole == ONE:
        whole = _counts(found, known)
    for deep in range(_DEEPEST, -1, -1):
        if whole.size <= _MOST_CONDITIONS:
            break
        whole = _cut_off(whole, deep)
    return whole


def _cut_off(where: Formula, deep: int) -> Formula:
    """Choices up to so many, one in the other: 1 where those that are left out are not 0 everywhere."""
    if not isinstance(where, Call):
        return where
    condition, one, other = _parts(where)
    if not deep:
        return ONE
    return choice(condition, _cut_off(one, deep - 1), _cut_off(other, deep - 1))


def _counts(found: Formula, known: KnownWhere, inner: tuple[RangeFormula, ...] = ()) -> Formula:
    if found == ZERO:
        return ZERO
    if isinstance(found, Call) and OPERATIONS[found.name].chooses:
        condition, *ways = found.operands
        one, other = (_counts(each, known, inner) for each in ways)
        return _chosen(condition, one, other, {})
    if isinstance(found, Product):
        whole: Formula = ONE
        for base, by in found.powers:
            if not is_negative(by):
                whole = _inside(whole, _counts(base, known, inner), {})
        return whole
    if isinstance(found, Sum):
        whole = ZERO
        for term in found.terms:
            whole = either(whole, _counts(term, known, inner))
            if whole == ONE:
                break
        return whole
    if isinstance(found, GatherFormula) and found.name in ("sum", "mean"):
        body = _counts(found.body, known, (*inner, *found.clauses))
        if body.names.isdisjoint(found.bound):
            return body
        some = GatherFormula("sum", body, found.clauses, found.condition)
        return _chosen(Call(">", (some, ZERO)), ONE, ZERO, {})
    return known(found, inner)


_Held = Mapping[Formula, bool]
"""Conditions that are known to hold, or not to."""


def _chosen(condition: Formula, one: Formula, other: Formula, held: _Held) -> Formula:
    if condition in held:
        return _under(one if held[condition] else other, held)
    one, other = (
        _under(each, {**held, condition: holds}) for each, holds in ((one, True), (other, False))
    )
    return choice(condition, one, other)


def _under(found: Formula, held: _Held) -> Formula:
    """What is left of choices where conditions are known."""
    return _chosen(*_parts(found), held) if isinstance(found, Call) else found


def _inside(outer: Formula, inner: Formula, held: _Held) -> Formula:
    """1 where both are."""
    if isinstance(outer, Call):
        condition, one, other = _parts(outer)
        one, other = (
            _inside(each, inner, {**held, condition: holds})
            for each, holds in ((one, True), (other, False))
        )
        return choice(condition, one, other)
    return outer if outer == ZERO else _under(inner, held)


def either(one: Formula, other: Formula) -> Formula:
    """1 where one of two is."""
    if ZERO in (one, other):
        return one if other == ZERO else other
    if ONE in (one, other):
        return ONE
    condition, *ways = _parts(one)
    if condition == _parts(other)[0]:
        return choice(condition, *map(either, ways, _parts(other)[1:]))
    if _where_not(one, other) == ZERO:
        return one
    if _where_not(other, one) == ZERO:
        return other
    return choice(operation("or", [_condition(one), _condition(other)]), ONE, ZERO)


def _where_not(one: Formula, other: Formula) -> Formula:
    """What is left of a second where a first is 0, as far as one condition says."""
    condition, then, otherwise = _parts(one)
    if ZERO not in (then, otherwise) or ONE not in (then, otherwise):
        return ZERO if one == other else other
    return _under(other, {condition: then == ZERO})


def conditions_in(where: Formula) -> set[Formula]:
    """All conditions of choices."""
    if not isinstance(where, Call):
        return set()
    condition, one, other = _parts(where)
    return {condition} | conditions_in(one) | conditions_in(other)


def without(where: Formula, leave_out: Callable[[Formula], bool]) -> Formula:
    """Choices without some conditions: 1 where they can be."""
    if not isinstance(where, Call):
        return where
    condition, *ways = _parts(where)
    one, other = (without(each, leave_out) for each in ways)
    return either(one, other) if leave_out(condition) else choice(condition, one, other)


def _condition(where: Formula) -> Formula:
    """Choices as one condition."""
    condition, one, other = _parts(where)
    if (one, other) == (ONE, ZERO):
        return condition
    return operation("not", [condition]) if (one, other) == (ZERO, ONE) else _positive(where)


def _is_made_up(condition: Formula) -> bool:
    """Whether a condition says that one of several holds: what is read need not say that everywhere."""
    if not isinstance(condition, Call):
        return False
    if condition.name == "or":
        return any(map(_is_made_up, condition.operands))
    left = condition.operands[0]
    body = left.body if isinstance(left, GatherFormula) else left
    return condition.name == ">" and isinstance(body, Call) and _is_where(body)


def _is_where(found: Formula) -> bool:
    """Whether a formula is made of choices between 1 and 0."""
    if isinstance(found, Call) and OPERATIONS[found.name].chooses:
        return all(map(_is_where, found.operands[1:]))
    return found in (ZERO, ONE)


def _positive(where: Formula) -> Formula:
    return Call(">", (where, ZERO))


def _parts(where: Formula) -> tuple[Formula, Formula, Formula]:
    assert isinstance(where, Call)
    condition, one, other = where.operands
    return condition, one, other


def only_where(where: Formula, term: Formula) -> Formula:
    """A term where it counts, and 0 elsewhere: written once. Raises TooLong."""
    if not isinstance(where, Call):
        return term if where == ONE else ZERO
    condition, one, other = _parts(where)
    if ZERO not in (one, other):
        return choice(_positive(where), term, ZERO)
    return choice(condition, only_where(one, term), only_where(other, term))
