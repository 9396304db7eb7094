"""Texts and statements → formulas, and formulas with others in the place of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from backprop.algebra.formula import Call, Formula, Product, Sum, Symbol, number
from backprop.algebra.normal import operation, plus, power, times
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula


@cache
def of_text(text: str) -> Formula:
    return fold(formula(text), lambda text: number(float(text)), Symbol, operation)


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
    return found


def substituted(found: Formula, by: Mapping[str, Formula]) -> Formula:
    """A formula with others in the place of names."""
    if isinstance(found, Symbol):
        return by.get(found.name, found)
    if found.names.isdisjoint(by):
        return found
    return rebuilt(found, lambda part: substituted(part, by))
