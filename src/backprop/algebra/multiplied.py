"""Sums with their products multiplied out, and with terms that have a factor in common as one term."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

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
    TooLong,
    sign_of,
    value_of,
)
from backprop.algebra.indexed import MemberFormula
from backprop.algebra.normal import plus, power, split, times
from backprop.algebra.rewrites import rewritten

MOST_ROUNDS = 50
"""Rows make formulas shorter, or turn a sign: they end by themselves long before."""

_MOST_TERMS = 12
"""Sums of more terms are not multiplied out."""


def by_rows(found: Formula) -> Formula:
    """A formula, rewritten as a whole as long as a row fits."""
    for _ in range(MOST_ROUNDS):
        if (other := rewritten(found)) is None:
            break
        found = other
    return found


def collected(found: Sum) -> Formula | None:
    """A sum with its products of sums multiplied out, where terms then come together; None elsewhere.

    Powers of sums stay: `(x - 1)^2` is exact beside 1, and `x^2 - 2*x + 1` is not.
    """
    try:
        terms = [expanded(term) for term in found.terms]
        made = by_rows(plus(*terms))
    except TooLong:
        return None
    return made if _length(made) < sum(map(_length, terms)) else None


def short_expanded(found: Sum) -> Sum | None:
    """A sum with its products of sums multiplied out, if all that comes of it are few terms with functions;
    None of others."""
    if not any(
        isinstance(base, Sum) and by == ONE
        for term in found.terms
        for base, by in powers_of(term).items()
    ):
        return None
    try:
        made = plus(*map(expanded, found.terms))
    except TooLong:
        return None
    few = isinstance(made, Sum) and len(made.terms) <= _FEW_TERMS
    return (
        made if few and isinstance(made, Sum) and all(each.calls for each in made.terms) else None
    )


_FEW_TERMS = 6
"""So many terms are looked at for functions that they have in common."""


def spread(found: Sum) -> Formula | None:
    """A sum with powers of sums multiplied out, where no digits can be lost by that: what comes of it has
    squares alone, all added or all taken away, or is a product with a sum of two terms without powers; None
    elsewhere.
    """
    if not any(_is_raised_sum(*each) for term in found.terms for each in powers_of(term).items()):
        return None
    try:
        made = plus(*(_all_out(term) for term in found.terms))
    except TooLong:
        return None
    terms = _terms_of(made)
    if all(sign_of(term) < 0 for term in terms):
        turned = plus(*(times(MINUS, term) for term in terms))
        if all(map(_is_square, _terms_of(turned))):
            return times(MINUS, _as_square(turned) or by_rows(falling(turned)))
    if all(_is_square(term) for term in terms):
        return _as_square(made) or _as_product(made) or by_rows(falling(made))
    if len(terms) != 2:
        return None
    one, other = (_exponents(term) for term in terms)
    if one is None or other is None:
        return None
    shared = sum(min(one.get(base, 0), other.get(base, 0)) for base in one)
    return made if max(sum(one.values()), sum(other.values())) - shared <= 1 else None


def _is_raised_sum(base: Formula, by: Formula) -> bool:
    number = value_of(by)
    return isinstance(base, Sum) and number is not None and number in range(2, _MOST_RAISED + 1)


_MOST_RAISED = 4
"""Higher powers of sums are not multiplied out."""


def _all_out(term: Formula) -> Formula:
    """A term with its sums, and whole powers of these, multiplied out. Raises TooLong."""
    made = term
    for base, by in powers_of(term).items():
        if _is_raised_sum(base, by):
            made = times(made, power(base, times(MINUS, by)))
            for _ in range(int(value_of(by) or 0)):
                made = plus(*(expanded(times(one, base)) for one in _terms_of(made)))
    return plus(*map(expanded, _terms_of(made)))


def _terms_of(found: Formula) -> tuple[Formula, ...]:
    return found.terms if isinstance(found, Sum) else (found,)


def _exponents(term: Formula) -> dict[Formula, int] | None:
    """The exponents of a term's factors; None if one is no whole number above 0, or a sum is raised."""
    made = dict[Formula, int]()
    _, _, rest = split(term)
    for base, by in powers_of(rest).items() if rest != ONE else ():
        number = value_of(by)
        if number is None or number < 1 or number.denominator > 1 or isinstance(base, Sum):
            return None
        made[base] = int(number)
    return made


def _is_square(term: Formula) -> bool:
    """Whether a term is never negative as it stands: a number above 0 times even powers."""
    exponents = _exponents(term)
    even = exponents is not None and all(by % 2 == 0 for by in exponents.values())
    return even and split(term)[0] > 0


def _root(term: Formula) -> Formula | None:
    """The root of a square, if its number has one; None of what is none."""
    root, exponents = power(Product(split(term)[0]), HALF), _exponents(term)
    if value_of(root) is None or exponents is None or not _is_square(term):
        return None
    halves = exponents.items()
    return times(root, *(power(base, Product(Fraction(by, 2))) for base, by in halves))


def _as_square(found: Formula) -> Formula | None:
    """`(u + v)^2` for `u^2 + 2*u*v + v^2`, and `(u - v)^2` for `u^2 - 2*u*v + v^2`."""
    terms = _terms_of(found)
    if len(terms) != 3:
        return None
    for middle in terms:
        one, other = (_root(each) for each in terms if each is not middle)
        if one is not None and other is not None:
            for sign in (ONE, MINUS):
                if times(Product(2), one, other, sign) == middle:
                    return power(falling(plus(one, times(sign, other))), Product(2))
    return None


def with_square(found: Formula) -> Formula:
    """A product in which a sum that is one is written as a square, `(x - 1)^2*exp(x)`."""
    if isinstance(found, Sum):
        return _as_square(found) or found
    for base, by in found.powers if isinstance(found, Product) else ():
        if isinstance(base, Sum) and by == ONE and (square := _as_square(base)) is not None:
            return times(found, power(base, MINUS), square)
    return found


def _as_product(found: Formula) -> Formula | None:
    """`(u + v)*(w + c)` for `u*w + u*c + v*w + v*c`."""
    terms = _terms_of(found)
    if len(terms) != 4:
        return None
    first, *others = terms
    for at, last in enumerate(others):
        one, other = others[:at] + others[at + 1 :]
        if times(first, last) == times(one, other):
            left, right = _exponents(first) or {}, _exponents(one) or {}
            shared = times(
                *(power(base, Product(min(by, right.get(base, 0)))) for base, by in left.items())
            )
            under, ratio = power(shared, MINUS), times(other, power(first, MINUS))
            inside = falling(plus(times(first, under), times(one, under)))
            return times(inside, falling(plus(shared, times(shared, ratio))))
    return None


def _length(found: Formula) -> int:
    return len(found.terms) if isinstance(found, Sum) else int(found != ZERO)


def grouped(found: Sum) -> Formula:
    """A sum in which the terms that have a function in common, or a sum, are one: `(x - 1)*exp(x) + 1`
    for `x*exp(x) - exp(x) + 1`."""
    for term in found.terms:
        for base, by in powers_of(term).items():
            named = isinstance(base, Symbol | MemberFormula) and base != EULER
            if not (named or base == EULER or isinstance(base, Call | Sum)):
                continue
            least = value_of(by) or 0
            if named:  # three terms or more that have it alike: no polynomial in it
                exponents = {powers_of(each).get(base) for each in found.terms} - {None}
                having = [each for each in found.terms if powers_of(each).get(base) == ONE]
                if exponents != {ONE} or len(having) < 3:
                    continue
            elif least > 0:
                raised = [value_of(powers_of(each).get(base, ZERO)) or 0 for each in found.terms]
                having = [each for each, of in zip(found.terms, raised, strict=True) if of > 0]
                least = min(of for of in raised if of > 0)
            else:
                having = [each for each in found.terms if powers_of(each).get(base) == by]
            if not 1 < len(having) < len(found.terms):
                continue
            one = power(base, Product(least) if least > 0 else by)
            inside = falling(plus(*(times(each, power(one, MINUS)) for each in having)))
            whole = times(one, inside) if named else times(inside, one)
            left = [whole if each == having[0] else each for each in found.terms]
            rest = plus(*(each for each in left if each not in having[1:]))
            return grouped(rest) if isinstance(rest, Sum) else rest
    return found


def falling(found: Formula) -> Formula:
    """A polynomial in one name by falling powers, by rising ones if so it begins without a sign; others
    as they are."""
    if not isinstance(found, Sum) or len({*found.names}) != 1:
        return found
    by_power: list[tuple[Rational, Formula]] = []
    for term in found.terms:
        _, _, rest = split(term)
        if isinstance(rest, Product) and len(rest.powers) <= 1:
            (base, by) = rest.powers[0] if rest.powers else (ONE, Product(0))
        else:
            base, by = rest, ONE
        exponent = value_of(by)
        if exponent is None or not (isinstance(base, Symbol) or base == ONE):
            return found
        by_power.append((exponent, term))
    made = [term for _, term in sorted(by_power, key=lambda pair: -pair[0])]
    turned = sign_of(made[0]) < 0 < sign_of(made[-1])
    return Sum(made[::-1] if turned else made)


def powers_of(term: Formula) -> dict[Formula, Formula]:
    if isinstance(term, Product):
        return dict(term.powers)
    return {term: ONE}


def expanded(found: Formula) -> Formula:
    """A product with its short sums multiplied out. Raises TooLong."""
    if not isinstance(found, Product):
        return found
    made: list[Formula] = [Product(found.coefficient, (), found.decimal)]
    for base, by in found.powers:
        exponent = value_of(by)
        if isinstance(base, Sum) and exponent == 1:
            if len(made) * len(base.terms) > _MOST_TERMS:
                raise TooLong
            made = [times(one, each) for one in made for each in base.terms]
        else:
            made = [times(each, power(base, by)) for each in made]
    return plus(*made)


def expanded_sum(found: Sum) -> tuple[Formula, ...]:
    """The terms of a sum, multiplied out. Raises TooLong."""
    made = plus(*map(expanded, found.terms))
    return made.terms if isinstance(made, Sum) else (made,)


def exponent_of_all(base: Formula, powers: Sequence[dict[Formula, Formula]]) -> Formula | None:
    """The exponent that all terms have in common of powers whose exponents are no numbers and differ by
    some: the least, `x^(n - 1)*(n - x)`, which has a value where all have; without its number of what a
    logarithm says to be above 0, `x^sin(x)*(sin(x)/x + log(x)*cos(x))`. None where there is none."""
    exponents = [each[base] for each in powers if base in each]
    if len(exponents) < len(powers):
        return None
    apart = [value_of(plus(each, times(MINUS, exponents[0]))) for each in exponents]
    known = [each for each in apart if each is not None]
    if len(known) < len(apart):
        return None
    least = exponents[known.index(min(known))]
    if isinstance(least, Sum) and any(Call("log", [base]) in each for each in powers):
        return plus(*(each for each in least.terms if value_of(each) is None))
    return least
