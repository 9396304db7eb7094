"""Formulas as a person would write them: rewritten, and each sum in its shortest shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache, reduce
from math import gcd, lcm

from backprop.algebra.dividing import divided
from backprop.algebra.formula import (
    EULER,
    MINUS,
    ONE,
    Formula,
    Product,
    Rational,
    Sum,
    absolute,
    is_negative,
    sign_of,
    value_of,
)
from backprop.algebra.from_text import rebuilt
from backprop.algebra.multiplied import (
    MOST_ROUNDS,
    by_rows,
    collected,
    exponent_of_all,
    falling,
    grouped,
    powers_of,
    short_expanded,
    spread,
)
from backprop.algebra.normal import plus, power, split, times
from backprop.algebra.rewrites import can_come_together, rewritten
from backprop.algebra.taken_branches import with_branches_taken

Simplified = dict[Formula, Formula]

_KEPT = 10_000
"""So many formulas are remembered as what they became."""


def simplified(found: Formula, known: Simplified | None = None) -> Formula:
    """A formula as a person would write it. known: what others have become. Raises TooLong."""
    if known is None:
        return _simplified(found, found.text())
    if found in known:
        return known[found]
    made = rebuilt(found, lambda part: simplified(part, known))
    for _ in range(MOST_ROUNDS):
        if (other := rewritten(made)) is None:
            break
        made = rebuilt(other, lambda part: simplified(part, known))
    made = _shaped(with_branches_taken(made))
    known[found] = made
    return made


@lru_cache(
    maxsize=_KEPT
)  # derivatives of other sizes and of steps that are alike have the same ones
def _simplified(found: Formula, _: str) -> Formula:
    """A formula and its text: formulas are equal, too, whose terms stand in another order."""
    return simplified(found, {})


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
        joined = _joined_in_front(_sign_in_front(whole))
        lines = [joined]
        if isinstance(joined, Product):
            lines += _on_one_line(joined)
            lines += _without_number(joined)
        return shortest([*lines, *(each for line in lines for each in single_fractions(line))])
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


def _without_number(found: Product) -> Iterator[Formula]:
    """A sum without the fraction in front of it: `x + pi/2` for `(2*x + pi)/2`."""
    if found.coefficient.denominator > 1 and len(found.powers) == 1 and not found.decimal:
        ((base, by),) = found.powers
        if isinstance(base, Sum) and by == ONE:
            yield plus(*(times(Product(found.coefficient), term) for term in base.terms))


def _joined_in_front(found: Formula) -> Formula:
    """A product with what the terms of a sum in it have in common in front, where that comes together with
    others there: `n^2*(1 - x)` for `n*(n - n*x)`, and `24*(x - 2*y)` for `4*(6*x - 12*y)`."""
    best = found
    for base, by in found.powers if isinstance(found, Product) else ():
        if isinstance(best, Product) and isinstance(base, Sum) and by == ONE:
            wholes = [factored(base), factored(base, of_names=False)]
            made = [_put(best, base, each) for each in wholes if each != base]
            made = [each for each in made if split(each)[0].denominator <= _MOST_BELOW]
            best = shortest([*(each for each in made if not _double_fractions(each)), best])
    return best


def _put(found: Product, base: Formula, other: Formula) -> Formula:
    """A product with another factor in the place of one."""
    factors = [other if each == base else power(each, by) for each, by in found.powers]
    return times(Product(found.coefficient, (), found.decimal), *factors)


def shortest(found: Iterable[Formula]) -> Formula:
    """The formula that is shortest to read, of several the first."""

    def length(each: Formula) -> int:
        terms = each.terms if isinstance(each, Sum) else (each,)
        lines = sum(len(_double_fractions(one)) + _fractions_below(one) for one in terms)
        return each.cost[0] + _AS_TOKENS * lines

    return min(found, key=length)


_AS_TOKENS = 20
"""So many tokens more are read as easily as a fraction above the line of another one."""


def _double_fractions(found: Formula) -> list[tuple[Sum, Formula]]:
    """The sums in a product, above its line, that have lines themselves, and what they have below these."""
    if not isinstance(found, Product):
        return []
    if found.coefficient.denominator == 1 and not any(is_negative(by) for _, by in found.powers):
        return []
    sums = [base for base, by in found.powers if isinstance(base, Sum) and by == ONE]
    lines = ((each, _below(each)) for each in sums)
    return [
        (each, below) for each, below in lines if below != ONE and split(below)[0] <= _MOST_BELOW
    ]


_MOST_BELOW = 10_000
"""Larger numbers than this nobody reads: a series stays as `x/3*(1 - x^2/10*(1 - x^2/28))`."""


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
        cleared = plus(*(_times_below(below, term) for term in base.terms))
        above = factored(falling(cleared), of_names=False)
        if isinstance(above, Sum):
            above = shortest([above, _grouped(above)])
        yield times(front, power(below, MINUS), above)
        if len(base.terms) <= _MOST_FRACTIONS:
            yield plus(*(by_rows(times(front, term)) for term in base.terms))


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
        if isinstance(whole, Sum):
            yield _grouped(whole)
    yield factored(found)
    if whole is None and (few := short_expanded(found)) is not None:
        one = _grouped(few)
        short = isinstance(one, Sum) and len(one.terms) <= len(found.terms)
        if short and isinstance(one, Sum) and not any(map(_sums_with_lines, one.terms)):
            yield one
    if (out := spread(found)) is not None:
        yield factored(out)
    if (one := _grouped(found)) != found:
        yield one


def _grouped(found: Sum) -> Formula:
    """A sum with terms that have a function in common as one, `x*(y - x)*sin(x)`."""
    made = grouped(found)
    terms = made.terms if isinstance(made, Sum) else (made,)
    if made == found:
        return found
    signed = (_sign_in_front(each) if isinstance(each, Product) else each for each in terms)
    return plus(*map(_joined_in_front, signed))


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
    powers = [powers_of(rest) for _, _, rest in terms]
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
            if least > 0 or isinstance(
                base, Sum | Product
            ):  # sqrt(u) - x^2/sqrt(u) is (u - x^2)/sqrt(u)
                shared.append((base, Product(least)))
            elif most < 0:
                shared.append((base, Product(most)))
        elif (of_all := exponent_of_all(base, powers)) is not None:
            shared.append((base, of_all))
    if common == 1 and not shared:
        return found
    if shared and all(each < 0 for each, _, _ in terms):
        common = -common
    front = times(Product(common, (), decimal), *(power(base, by) for base, by in shared))
    under = power(front, Product(-1))
    left = [times(under, each) for each in found.terms]
    if any(value_of(by) is None and base != EULER for base, by in shared):
        left = [*map(_shaped, left)]  # x^n/(x*(1 + 1/x)) is now 1/(x*(1 + 1/x))
    inside = plus(*left)
    if shared:  # what has not become smaller would be taken out again, without an end
        if inside.size < found.size:
            inside = _shaped(inside)
        elif isinstance(inside, Sum):
            inside = collected(inside) or inside
        inside = falling(inside)
    made = times(front, inside)
    return _sign_in_front(made) if isinstance(made, Product) else made


def _below(found: Sum) -> Formula:
    """What the terms of a sum have below their lines, all together, those in sums that are factors too."""
    below: dict[Formula, Rational] = {}
    number = 1

    def take(term: Formula) -> None:
        nonlocal number
        coefficient, decimal, rest = split(term)
        number = number if decimal else lcm(number, coefficient.denominator)
        for each, of_each in powers_of(rest).items():
            if is_negative(of_each) and each != EULER:
                size = -(value_of(of_each) or 0)
                below[each] = max(below.get(each, 0), size)

    for term in found.terms:
        take(term)
        for each in _sums_with_lines(term):
            front = times(term, power(each, MINUS))
            for one in each.terms:
                take(times(front, one))
    return times(Product(number), *(power(each, Product(size)) for each, size in below.items()))


def _sums_with_lines(term: Formula) -> list[Sum]:
    """The sums that are factors of a term and have lines themselves."""
    factors = term.powers if isinstance(term, Product) else ()
    sums = [base for base, by in factors if isinstance(base, Sum) and by == ONE]
    return [each for each in sums if any(_has_line(one) for one in each.terms)]


def _has_line(found: Formula) -> bool:
    if not isinstance(found, Product):
        return False
    whole = found.decimal or found.coefficient.denominator == 1
    return not whole or any(is_negative(by) and base != EULER for base, by in found.powers)


def _times_below(below: Formula, term: Formula) -> Formula:
    """A term times what is below lines, which goes into a sum that has lines itself."""
    sums = _sums_with_lines(term)
    if len(sums) != 1:
        return by_rows(times(below, term))
    front = times(below, term, power(sums[0], MINUS))
    into = _below(sums[0])
    inside = plus(*(by_rows(times(into, each)) for each in sums[0].terms))
    made = times(front, power(into, MINUS), inside)
    return _sign_in_front(made) if isinstance(made, Product) else made


def _on_one_line(found: Product) -> Iterator[Formula]:
    """A product with fewer and fewer fractions inside sums below the line: `v/(v + u)` for `1/(1 + u/v)`."""
    best = found
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
        if common == ONE or (base, by) not in best.powers:
            continue
        cleared = plus(*(_times_below(common, term) for term in base.terms))
        if isinstance(cleared, Sum) and (out := spread(cleared)) is not None:
            cleared = shortest([cleared, factored(out)])
        others = [power(*each) for each in best.powers if each != (base, by)]
        front = Product(best.coefficient, (), best.decimal)
        made = times(front, power(common, Product(-exponent)), *others, power(cleared, by))
        yield made
        if not isinstance(made, Product):
            return
        best = made
