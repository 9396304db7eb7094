"""Formulas as a person would write them: rewritten, and each sum in its shortest shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

from backprop.algebra.dividing import divided
from backprop.algebra.formula import (
    EULER,
    MINUS,
    ONE,
    ZERO,
    Formula,
    Product,
    Rational,
    Sum,
    Symbol,
    TooLong,
    absolute,
    is_negative,
    sign_of,
    value_of,
)
from backprop.algebra.from_text import rebuilt
from backprop.algebra.normal import plus, power, split, times
from backprop.algebra.rewrites import can_come_together, rewritten

_MOST_ROUNDS = 50
"""Rows make formulas shorter, or turn a sign: they end by themselves long before."""

_MOST_TERMS = 12
"""Sums of more terms are not multiplied out."""

Simplified = dict[Formula, Formula]


def simplified(found: Formula, known: Simplified | None = None) -> Formula:
    """A formula as a person would write it. known: what others have become. Raises TooLong."""
    known = {} if known is None else known
    if found in known:
        return known[found]
    made = rebuilt(found, lambda part: simplified(part, known))
    for _ in range(_MOST_ROUNDS):
        if (other := rewritten(made)) is None:
            break
        made = rebuilt(other, lambda part: simplified(part, known))
    made = _shaped(made)
    known[found] = made
    return made


def _shaped(found: Formula) -> Formula:
    if isinstance(found, Sum):
        best = _joined_in_front(shortest(_shapes(found)))
        if not _meet(found):
            return best
        whole = factored(found)
        one = whole.cost < best.cost and _has_one(whole) and not _double_fractions(whole)
        return whole if one else best
    if isinstance(found, Product):
        whole = divided(found)
        if not isinstance(whole, Product):
            return whole
        signed = _sign_in_front(whole)
        joined = _joined_in_front(signed)
        line = _on_one_line(joined) if isinstance(joined, Product) else joined
        return shortest([line, *single_fractions(line)])
    return found


def _has_one(found: Formula) -> bool:
    """Whether a formula is a term times a sum with 1 in it: `x^x*(1 + log(x))`, which reads better than
    `x^x + x^x*log(x)` though it is as long."""
    sums = [base for base, _ in found.powers] if isinstance(found, Product) else []
    return any(isinstance(each, Sum) and ONE in each.terms for each in sums)


def _sign_in_front(found: Product) -> Product:
    """A product without sums in which every term is taken away: `-(x + 1)*y` for `(-x - 1)*y`."""
    sign, powers = 1, []
    for base, by in found.powers:
        number = value_of(by)
        whole = number is not None and number.denominator == 1
        if isinstance(base, Sum) and whole and all(sign_of(term) < 0 for term in base.terms):
            base = Sum([times(MINUS, term) for term in base.terms])
            sign *= -1 if number and number.numerator % 2 else 1
        powers.append((base, by))
    made = times(Product(sign * found.coefficient, powers, found.decimal))
    return made if isinstance(made, Product) else found


def _joined_in_front(found: Formula) -> Formula:
    """A product with what the terms of a sum in it have in common in front, where that comes together with
    others there: `n^2*(1 - x)` for `n*(n - n*x)`, and `24*(x - 2*y)` for `4*(6*x - 12*y)`."""
    for base, by in found.powers if isinstance(found, Product) else ():
        if isinstance(found, Product) and isinstance(base, Sum) and by == ONE:
            wholes = [factored(base), factored(base, of_names=False)]
            made = [_put(found, base, each) for each in wholes if each != base]
            return shortest([*(each for each in made if not _double_fractions(each)), found])
    return found


def _put(found: Product, base: Formula, other: Formula) -> Formula:
    """A product with another factor in the place of one."""
    factors = [other if each == base else power(each, by) for each, by in found.powers]
    return times(Product(found.coefficient, (), found.decimal), *factors)


def shortest(found: Iterable[Formula]) -> Formula:
    """The formula that is shortest to read, of several the first."""

    def length(each: Formula) -> int:
        return each.cost[0] + _AS_TOKENS * (len(_double_fractions(each)) + _fractions_below(each))

    return min(found, key=length)


_AS_TOKENS = 3
"""So many tokens more are read as easily as a fraction above the line of another one."""


def _double_fractions(found: Formula) -> list[tuple[Sum, Formula]]:
    """The sums in a product, above its line, that have lines themselves, and what they have below these."""
    if not isinstance(found, Product):
        return []
    if found.coefficient.denominator == 1 and not any(is_negative(by) for _, by in found.powers):
        return []
    sums = [base for base, by in found.powers if isinstance(base, Sum) and by == ONE]
    return [(each, below) for each in sums if (below := _below(each)) != ONE]


def _fractions_below(found: Formula) -> int:
    """How many sums below the line of a product have lines themselves."""
    powers = found.powers if isinstance(found, Product) else ()
    below = [base for base, by in powers if isinstance(base, Sum) and (value_of(by) or 0) <= -1]
    return sum(_below(each) != ONE for each in below)


def single_fractions(found: Formula) -> Iterator[Formula]:
    """A product without fractions above its line: `(1 - 3*x^2)/(2*sqrt(x))` for `(1/sqrt(x) - 3*x^(3/2))/2`,
    and its terms by themselves."""
    for base, below in _double_fractions(found):
        assert isinstance(found, Product)
        others = [power(*each) for each in found.powers if each[0] != base]
        front = times(Product(found.coefficient, (), found.decimal), *others)
        cleared = plus(*(_by_rows(times(below, term)) for term in base.terms))
        yield times(front, power(below, MINUS), factored(falling(cleared), of_names=False))
        if len(base.terms) <= _MOST_FRACTIONS:
            yield plus(*(_by_rows(times(front, term)) for term in base.terms))


def _by_rows(found: Formula) -> Formula:
    """A formula, rewritten as a whole as long as a row fits."""
    for _ in range(_MOST_ROUNDS):
        if (other := rewritten(found)) is None:
            break
        found = other
    return found


_MOST_FRACTIONS = 3
"""Sums of more terms are not written as fractions of their own."""


def _shapes(found: Sum) -> Iterator[Formula]:
    """The ways to write a sum, of equal length the better first: with a number in front, as it is,
    multiplied out, with all that its terms have in common in front."""
    for each in _ways(found):
        yield each
        yield from single_fractions(each)


def _ways(found: Sum) -> Iterator[Formula]:
    yield factored(found, of_names=False)
    yield found
    if not _meet(found):
        return
    whole = collected(found)
    if whole is not None:
        yield factored(falling(whole), of_names=False)
        yield falling(whole)
        yield factored(whole)
    yield factored(found)


def _meet(found: Sum) -> bool:
    """Whether two terms of a sum have a factor in common, be it in a sum that is a factor: others have no
    shape but their own."""
    seen: set[Formula] = set()
    for term in found.terms:
        own: set[Formula] = set()
        waiting = [term]
        while waiting:
            each = waiting.pop()
            if isinstance(each, Product):
                waiting += [base for base, _ in each.powers]
            elif isinstance(each, Sum):
                waiting += each.terms
            if not isinstance(each, Product) or each.powers:
                own.add(each)
        if not own.isdisjoint(seen):
            return True
        seen |= own
    if can_come_together(found):
        return True
    return any(isinstance(term, Product) and not term.powers for term in found.terms) and any(
        isinstance(base, Sum)
        for term in found.terms
        if isinstance(term, Product)
        for base, _ in term.powers
    )


def collected(found: Sum) -> Formula | None:
    """A sum with its products of sums multiplied out, where terms then come together; None elsewhere.

    Powers of sums stay: `(x - 1)^2` is exact beside 1, and `x^2 - 2*x + 1` is not.
    """
    try:
        terms = [expanded(term) for term in found.terms]
        made = _by_rows(plus(*terms))
    except TooLong:
        return None
    return made if _length(made) < sum(map(_length, terms)) else None


def _length(found: Formula) -> int:
    return len(found.terms) if isinstance(found, Sum) else int(found != ZERO)


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


def factored(found: Formula, of_names: bool = True) -> Formula:
    """A sum with what all its terms have in common in front. of_names: not only a number."""
    if not isinstance(found, Sum):
        return found
    terms = [split(each) for each in found.terms]
    above = reduce(gcd, (each.numerator for each, _, _ in terms))
    below = reduce(lcm, (each.denominator for each, _, _ in terms))
    decimal = any(decimal for _, decimal, _ in terms)
    common: Rational = Fraction(above, below) if not decimal else 1
    sizes = {absolute(each) for each, _, _ in terms}
    if decimal and len(sizes) == 1:
        common = sizes.pop()
    powers = [_powers(rest) for _, _, rest in terms]
    shared: list[tuple[Formula, Formula]] = []
    for base, by in powers[0].items() if of_names else ():
        if base == EULER:
            if all(each.get(base) == by for each in powers):
                shared.append((base, by))
            continue
        exponents = [each.get(base) for each in powers]
        if all(each == by for each in exponents):
            shared.append((base, by))
            continue
        numbers = [None if each is None else value_of(each) for each in exponents]
        if None not in numbers:
            least = min(each for each in numbers if each is not None)
            most = max(each for each in numbers if each is not None)
            if least > 0 or isinstance(base, Sum):  # sqrt(u) - x^2/sqrt(u) is (u - x^2)/sqrt(u)
                shared.append((base, Product(least)))
            elif most < 0:
                shared.append((base, Product(most)))
    if common == 1 and not shared:
        return found
    if shared and all(each < 0 for each, _, _ in terms):
        common = -common
    front = times(Product(common, (), decimal), *(power(base, by) for base, by in shared))
    under = power(front, Product(-1))
    inside = plus(*(times(under, each) for each in found.terms))
    if shared:  # what has not become smaller would be taken out again, without an end
        inside = falling(_shaped(inside) if inside.size < found.size else inside)
    made = times(front, inside)
    return _sign_in_front(made) if isinstance(made, Product) else made


def _powers(term: Formula) -> dict[Formula, Formula]:
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


def _below(found: Sum) -> Formula:
    """What the terms of a sum have below their lines, all together."""
    below: dict[Formula, Rational] = {}
    number = 1
    for term in found.terms:
        coefficient, decimal, rest = split(term)
        number = number if decimal else lcm(number, coefficient.denominator)
        for each, of_each in _powers(rest).items():
            if is_negative(of_each) and each != EULER:
                size = -(value_of(of_each) or 0)
                below[each] = max(below.get(each, 0), size)
    return times(Product(number), *(power(each, Product(size)) for each, size in below.items()))


def _on_one_line(found: Product) -> Formula:
    """A product without fractions inside sums below the line: `v/(v + u)` for `1/(1 + u/v)`."""
    best: Formula = found
    for base, by in found.powers:
        exponent = value_of(by)
        if (
            not isinstance(base, Sum)
            or exponent is None
            or exponent >= 0
            or exponent.denominator > 1
        ):
            continue
        common = _below(base)
        if common == ONE or not isinstance(best, Product) or (base, by) not in best.powers:
            continue
        cleared = plus(*(times(common, term) for term in base.terms))
        others = [power(*each) for each in best.powers if each != (base, by)]
        front = Product(best.coefficient, (), best.decimal)
        made = times(front, power(common, Product(-exponent)), *others, power(cleared, by))
        best = shortest([best, made])
    return best
