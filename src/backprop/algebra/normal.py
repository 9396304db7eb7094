"""The normal form: `times`, `plus`, `power` and `operation` take formulas and give one.

So `1*b + 0` is `b`, `x*x` is `x^2`, `x*x^(n - 1)` is `x^n`, `exp(u)*exp(v)` is `exp(u + v)`, and
`1/2 + 1/3` is `5/6`. What they do holds wherever the formula that they are given has a value; the rows
of `rewrites.py` say each with the place where it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor, isqrt

from backprop.algebra.formula import (
    EULER,
    HALF,
    MINUS,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Rational,
    Sum,
    Symbol,
    is_constant,
    is_number,
    sign_of,
    value_of,
)
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.row import AND, COMPARISON, NOT, OR
from backprop.syntax import functions
from backprop.syntax.parser import formula

_MOST_BITS = 200
"""Larger numbers are not multiplied out: nobody reads them."""

Powers = list[tuple[Formula, Formula]]


def times(*factors: Formula) -> Formula:
    """The product: coefficients multiplied, powers of the same factor joined."""
    coefficient: Rational = 1
    decimal = False
    powers: dict[Formula, Formula] = {}
    for factor in factors:
        if isinstance(factor, Product):
            coefficient *= factor.coefficient
            decimal = decimal or factor.decimal
            more: Sequence[tuple[Formula, Formula]] = factor.powers
        else:
            more = ((factor, ONE),)
        for base, exponent in more:
            before = powers.get(base)
            if before is None:
                powers[base] = exponent
            elif value_of(before) is not None:
                powers[base] = plus(exponent, before)  # x^(a + 1) is x*x^a
            else:
                powers[base] = plus(before, exponent)
    if coefficient == 0:
        return ZERO
    kept: Powers = []
    spread: list[Formula] = []
    for base, exponent in powers.items():
        of, by = value_of(base), value_of(exponent)
        if by == 0:
            continue
        if of is not None and by is not None and (folded := _raised(of, by)) is not None:
            coefficient *= folded
        elif by is not None and by.denominator == 1 and isinstance(base, Product) and base.powers:
            spread.append(power(base, exponent))  # (x*y)^2, once its exponents have come to 2
        else:
            kept.append((base, exponent))
    if spread:
        return times(Product(coefficient, kept, decimal), *spread)
    if len(kept) > 1:
        for base, exponent in kept:
            if isinstance(base, Product) and (joined := _joined(base, exponent, kept)) is not None:
                return times(Product(coefficient, (), decimal), joined)
    for at, (base, exponent) in enumerate(kept):  # (1 - t)*x, not -(t - 1)*x
        if coefficient == -1 and exponent == ONE and kept[1:] and _takes_number_away(base):
            turned = plus(*(times(MINUS, term) for term in base.parts))
            return times(Product(1, kept[:at]), turned, Product(1, kept[at + 1 :]))
    if len(kept) == 1 and kept[0][1] == ONE and kept[0][0] != EULER:
        base = kept[0][0]
        if coefficient == 1:
            return base
        if coefficient == -1 and isinstance(base, Sum):
            return plus(*(times(MINUS, term) for term in base.terms))
    return Product(coefficient, kept, decimal)


def _raised(base: Rational, by: Rational) -> Rational | None:
    """A power of a number by a number, if that is a number that can be written."""
    if base == 0:
        return 0 if by > 0 else None
    if by.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(int(by))
        return Fraction(base) ** int(by) if base in (1, -1) or bits <= _MOST_BITS else None
    if by.denominator == 2 and base > 0:
        above, below = isqrt(base.numerator), isqrt(base.denominator)
        if above * above == base.numerator and below * below == base.denominator:
            return _raised(Fraction(above, below), by * 2)
    return 1 if base == 1 else None


def _joined(base: Product, exponent: Formula, factors: Powers) -> Formula | None:
    """Factors with those of a root's base joined to it: sqrt(x*y) for x*y/sqrt(x*y); None if there are not
    all of them, or in a power of the root's own sign."""
    by, around = value_of(exponent), dict(factors)
    if by is None or by.denominator == 1 or not base.powers:
        return None
    often = list[int]()
    for each, of_each in base.powers:
        wanted, there = value_of(of_each), value_of(around.get(each, ZERO))
        if wanted is None or there is None:
            return None
        often.append(int(there / wanted))
    whole = min(-floor(by), *often) if by < 0 else max(-ceil(by), *often)
    if whole * by >= 0:
        return None
    rest = [each for each in factors if each[0] is not base]
    taken = power(base, Product(-whole))
    return times(Product(1, rest), taken, Product(1, [(base, Product(by + whole))]))


def without(factors: Powers, taken: Formula) -> Powers | None:
    """Factors without those of a product; None if there are not all of them."""
    if not isinstance(taken, Product) or not taken.powers:
        return None
    left = dict(factors)
    for base, by in taken.powers:
        wanted, there = value_of(by), value_of(left.get(base, ZERO))
        if wanted is None or there is None or there / wanted < 1:
            return None
        left[base] = Product(there - wanted)
    number = Product(Fraction(1) / taken.coefficient, (), taken.decimal)
    return [(number, ONE), *(each for each in left.items() if value_of(each[1]) != 0)]


def _takes_number_away(found: Formula) -> bool:
    """Whether a formula is a sum in which a number is taken away: `t - 1`."""
    terms = found.terms if isinstance(found, Sum) else ()
    return any(is_number(each) and sign_of(each) < 0 for each in terms)


def split(term: Formula) -> tuple[Rational, bool, Formula]:
    """A term as its coefficient, whether that is a decimal, and the rest."""
    if not isinstance(term, Product):
        return 1, False, term
    rest = Product(1, term.powers)
    if len(rest.powers) == 1 and rest.powers[0][1] == ONE and rest.powers[0][0] != EULER:
        return term.coefficient, term.decimal, rest.powers[0][0]
    return term.coefficient, term.decimal, rest


def plus(*terms: Formula) -> Formula:
    """The sum. Terms that differ in their coefficient alone become one; those that cancel go."""
    found: dict[Formula, tuple[Rational, bool]] = {}
    for term in terms:
        for each in term.terms if isinstance(term, Sum) else (term,):
            coefficient, decimal, rest = split(each)
            before = found.get(rest, (0, False))
            found[rest] = before[0] + coefficient, before[1] or decimal
    kept = [
        times(Product(coefficient, (), decimal), rest)
        for rest, (coefficient, decimal) in found.items()
        if coefficient
    ]
    return kept[0] if len(kept) == 1 else Sum(kept) if kept else ZERO


def by_numbers(taken: Container[str]) -> dict[float, Formula]:
    """The constants with a name by their numbers, and what is minus one of them: -pi is read as a number.
    taken: names that are the file's own."""
    named = {number: Symbol(name) for name, number in CONSTANTS.items() if name not in taken}
    return {**named, **{-number: times(MINUS, name) for number, name in named.items()}}


def minus(left: Formula, right: Formula) -> Formula:
    return plus(left, times(MINUS, right))


def power(base: Formula, exponent: Formula) -> Formula:
    """The power; by a whole number of a product, the product of the powers."""
    by, of = value_of(exponent), value_of(base)
    if by == 1:
        return Product(1, [(EULER, ONE)]) if base == EULER else base  # exp(1)
    if by == 0 or of == 1:
        return ONE
    if of is not None:
        raised = None if by is None else _raised(of, by)
        if raised is not None:
            assert isinstance(base, Product)
            return Product(raised, (), base.decimal)
        return Call("^", (base, exponent)) if of <= 0 else Product(1, [(base, exponent)])
    if isinstance(base, Product):
        if by is not None and by.denominator == 1:
            scale = _raised(base.coefficient, by)
            if scale is not None:
                raised_powers = [
                    power(each, times(of_each, exponent)) for each, of_each in base.powers
                ]
                return times(Product(scale, (), base.decimal), *raised_powers)
        elif base.coefficient == 1 and len(base.powers) == 1:
            ((inner, of_inner),) = base.powers
            if inner == EULER or _keeps_sign(of_inner):
                return power(inner, times(of_inner, exponent))
    return Product(1, [(base, exponent)])


def _keeps_sign(exponent: Formula) -> bool:
    """Whether a power with this exponent is never positive at a negative base: then what it is raised
    to can be multiplied with the exponent, and elsewhere neither has a value."""
    number = value_of(exponent)
    return number is not None and (number.denominator > 1 or number.numerator % 2 == 1)


def choice(condition: Formula, then: Formula, other: Formula) -> Formula:
    number = value_of(condition)
    if number is not None:
        return then if number else other
    same = _bare(then) == _bare(other) or then.text() == other.text()
    return other if same else Call("if", (condition, then, other))


def _bare(found: Formula) -> Formula:
    """A formula that is nothing but a value kept out of the normal form, in it."""
    return found.operands[0] if isinstance(found, Call) and found.name == "copy" else found


def _quotient(above: Formula, below: Formula) -> Formula:
    return Call("/", (above, below)) if below == ZERO else times(above, power(below, MINUS))


_NORMAL: Mapping[str, Callable[..., Formula]] = {
    "+": plus,
    "-": minus,
    "*": times,
    "/": _quotient,
    "neg": lambda found: times(MINUS, found),
    "^": power,
    "copy": lambda found: found,
    "exp": lambda found: power(EULER, found),
    "sqrt": lambda found: power(found, HALF),
    "if": choice,
}


def operation(name: str, operands: Sequence[Formula]) -> Formula:
    """The formula of an operation on formulas, in normal form; a condition on numbers is decided."""
    if name in _NORMAL:
        return _NORMAL[name](*operands)
    row = OPERATIONS[name]
    numbers = [_constant(each) for each in operands]
    if row.binding == COMPARISON and None not in numbers:
        return Product(int(functions.value(name)(*numbers)))
    if (
        name in ("==", "!=")
        and numbers[1] == 0
        and abs(split(operands[0])[0].numerator) >= split(operands[0])[0].denominator
    ):
        operands = (
            split(operands[0])[2],
            ZERO,
        )  # n == 0 for -n == 0; a third of n may be rounded to 0
    if name == "and" and _never(*operands):
        return ZERO
    if row.binding in (AND, OR):
        decides = row.binding == OR
        kept = [each for each, number in zip(operands, numbers, strict=True) if number is None]
        if any(number is not None and bool(number) == decides for number in numbers):
            return Product(int(decides))
        if not kept:
            return Product(int(not decides))
        if len(kept) < len(operands) and _is_truth(kept[0]):
            return kept[0]
    if row.binding == NOT and numbers[0] is not None:
        return Product(int(not numbers[0]))
    return Call(name, operands)


def _constant(found: Formula) -> Rational | float | None:
    """The value of a formula of numbers and pi; None of others."""
    number = value_of(found)
    if number is None and is_constant(found):
        return functions.evaluated(formula(found.text()), CONSTANTS)
    return number


def _never(one: Formula, other: Formula) -> bool:
    """Whether the second of two conditions is false where the first, `x == 0`, is true."""
    if not (isinstance(one, Call) and one.name == "==" and isinstance(other, Call)):
        return False
    name, number = one.operands
    if value_of(number) is None or OPERATIONS[other.name].binding != COMPARISON:
        return False
    put = [number if each == name else each for each in other.operands]
    return value_of(operation(other.name, put)) == 0


def _is_truth(found: Formula) -> bool:
    return isinstance(found, Call) and OPERATIONS[found.name].binding in (AND, OR, NOT, COMPARISON)
