"""Texts and statements → formulas, and formulas with others in the place of names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache, partial, reduce
from itertools import count

from backprop.algebra.formula import ZERO, Call, Formula, Product, Sum, Symbol, number, value_of
from backprop.algebra.indexed import DerivativeFormula, GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import operation, plus, power, times
from backprop.operations import OPERATIONS
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula


@cache
def of_text(text: str) -> Formula:
    return fold(formula(text), lambda text: number(float(text)), Symbol, _folded)


def _folded(name: str, operands: Sequence[Formula]) -> Formula:
    """An operation; with more operands than its row has, two by two: `max(max(a, b), c)`."""
    if OPERATIONS[name].folds and len(operands) > 2:
        return reduce(lambda one, other: operation(name, (one, other)), operands)
    return operation(name, operands)


def rebuilt(found: Formula, change: Callable[[Formula], Formula]) -> Formula:
    """A formula whose parts have been changed, in normal form."""
    if isinstance(found, Sum):
        return plus(*(change(term) for term in found.terms))
    if isinstance(found, Product) and found.powers:
        factors = [power(change(base), change(by)) for base, by in found.powers]
        return times(Product(found.coefficient, (), found.decimal), *factors)
    if isinstance(found, Call):
        if found.name == "copy":  # which keeps a value out of the normal form
            return Call("copy", [change(found.operands[0])])
        return operation(found.name, [change(each) for each in found.operands])
    if isinstance(found, MemberFormula):
        return MemberFormula(found.family, [change(each) for each in found.indices])
    if isinstance(found, DerivativeFormula):
        return DerivativeFormula(change(found.of), change(found.by))
    if isinstance(found, RangeFormula):
        return RangeFormula(found.name, [change(each) for each in found.items], found.listed)
    if isinstance(found, GatherFormula):
        condition = None if found.condition is None else change(found.condition)
        return gathered(found.name, change(found.body), map(change, found.clauses), condition)
    return found


def gathered(
    name: str, body: Formula, clauses: Iterable[Formula], condition: Formula | None = None
) -> Formula:
    """What is gathered, with what all terms of a sum have in front of it and not inside."""
    own = [each for each in clauses if isinstance(each, RangeFormula)]
    if condition is not None and value_of(condition):
        condition = None
    if name == "sum" and value_of(body) == 0:
        return ZERO
    if name in ("sum", "mean") and isinstance(body, Product) and body.powers:
        bound = {each.name for each in own}
        outside = [each for each in body.powers if _apart(each, bound)]
        inside = [each for each in body.powers if each not in outside]
        if inside:
            front = Product(body.coefficient, outside, body.decimal)
            return times(front, GatherFormula(name, times(Product(1, inside)), own, condition))
    return GatherFormula(name, body, own, condition)


def _apart(factor: tuple[Formula, Formula], bound: set[str]) -> bool:
    """Whether a factor is the same for all terms of a sum."""
    return all(each.names.isdisjoint(bound) for each in factor)


def substituted(found: Formula, by: Mapping[str, Formula]) -> Formula:
    """A formula with others in the place of names."""
    if isinstance(found, Symbol):
        return by.get(found.name, found)
    if found.names.isdisjoint(by):
        return found
    if isinstance(found, GatherFormula):  # an index of its own is another thing
        by = {name: each for name, each in by.items() if name in found.names}
        found = _apart_from(found, frozenset().union(*(each.names for each in by.values())))
    return rebuilt(found, lambda part: substituted(part, by))


def _apart_from(found: GatherFormula, taken: Set[str]) -> GatherFormula:
    """What is gathered, with other names for its indices than those that are taken."""
    by: dict[str, Formula] = {}
    for name in sorted(found.bound & taken):
        others = taken | found.bound | found.names | {each.text() for each in by.values()}
        by[name] = Symbol(next(f"{name}{at}" for at in count(1) if f"{name}{at}" not in others))
    return renamed(found, by) if by else found


def renamed_range(found: RangeFormula, by: Mapping[str, Formula]) -> RangeFormula:
    """A range with other names for its index, and for those that its ends are made of."""
    name = by[found.name].text() if found.name in by else found.name
    return RangeFormula(name, [substituted(item, by) for item in found.items], found.listed)


def renamed(found: GatherFormula, by: Mapping[str, Formula]) -> GatherFormula:
    """What is gathered, with other names for some of its indices."""
    clauses = [*map(partial(renamed_range, by=by), found.clauses)]
    condition = None if found.condition is None else substituted(found.condition, by)
    return GatherFormula(found.name, substituted(found.body, by), clauses, condition)
