"""Polynomials divided by one another: `(x^2 - 1)/(x - 1)` is `x + 1` wherever it has a value.

Their names are any formulas, so `(sin(x)^2 - 1)/(sin(x) - 1)` is as well `sin(x) + 1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from backprop.algebra.formula import ONE, Formula, Product, Rational, Sum, value_of
from backprop.algebra.normal import plus, power, split, times

_MOST_TERMS = 12
"""Sums of more terms are not divided."""

Monomial = tuple[int, ...]
Polynomial = dict[Monomial, Rational]


def divided(found: Product) -> Formula:
    """A product with its sums above the line divided by those below, where that leaves no rest. Raises
    TooLong."""
    below = [(base, by) for base, by in found.powers if isinstance(base, Sum) and _whole(by) < 0]
    for base, by in found.powers:
        if not isinstance(base, Sum) or _whole(by) <= 0:
            continue
        for under, of_under in below:
            quotient = _quotient(base, under)
            if quotient is not None:
                rest = [each for each in found.powers if each[0] not in (base, under)]
                front = Product(found.coefficient, rest, found.decimal)
                left = Product(Fraction(_whole(by) + _whole(of_under)))
                made = times(front, power(quotient, by), power(under, left))
                return divided(made) if isinstance(made, Product) else made
    return found


def _whole(by: Formula) -> int:
    """An exponent that is a whole number; 0 for others."""
    number = value_of(by)
    return int(number) if number is not None and number.denominator == 1 else 0


def _quotient(above: Formula, below: Formula) -> Formula | None:
    """One sum divided by another; None where a rest is left, or decimals are rounded."""
    atoms: dict[Formula, int] = {}
    other, one = _polynomial(below, atoms), _polynomial(above, atoms)
    if one is None or other is None:
        return None
    size = len(atoms)
    rest = {(*each, *[0] * (size - len(each))): number for each, number in one.items()}
    divisor = {(*each, *[0] * (size - len(each))): number for each, number in other.items()}
    lead = max(divisor)
    made: Polynomial = {}
    while rest:
        top = max(rest)
        step = tuple(high - low for high, low in zip(top, lead, strict=True))
        if min(step, default=0) < 0 or len(made) >= _MOST_TERMS:
            return None
        factor = Fraction(rest[top]) / divisor[lead]
        made[step] = factor
        for each, number in divisor.items():
            at = tuple(low + high for low, high in zip(each, step, strict=True))
            left = rest.get(at, 0) - factor * number
            if left:
                rest[at] = left
            else:
                rest.pop(at, None)
    return _written(made, atoms)


def _polynomial(found: Formula, atoms: dict[Formula, int]) -> Polynomial | None:
    """The exponents of each term, and its number; None of what is no polynomial."""
    terms = found.terms if isinstance(found, Sum) else (found,)
    if len(terms) > _MOST_TERMS:
        return None
    made: Polynomial = {}
    for term in terms:
        number, decimal, rest = split(term)
        if decimal:
            return None
        exponents: dict[int, int] = {}
        for base, by in rest.powers if isinstance(rest, Product) else [(rest, ONE)]:
            if _whole(by) <= 0:
                return None
            exponents[atoms.setdefault(base, len(atoms))] = _whole(by)
        size = max(exponents, default=-1) + 1
        made[tuple(exponents.get(at, 0) for at in range(size))] = number
    return made


def _written(found: Mapping[Monomial, Rational], atoms: Mapping[Formula, int]) -> Formula:
    terms = [
        times(
            Product(number),
            *(power(atom, Product(by)) for atom, by in zip(atoms, each, strict=True) if by),
        )
        for each, number in found.items()
    ]
    return plus(*terms)
