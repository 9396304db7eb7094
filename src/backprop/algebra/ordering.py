"""The order of factors and terms of a derivative: that of the formula that was given, and else the usual
one, numbers and letters in front of brackets, these in front of functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd

from backprop.algebra.formula import (
    EULER,
    MINUS,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Sum,
    Symbol,
    is_constant,
    is_negative,
    sign_of,
    value_of,
)
from backprop.algebra.from_text import rebuilt
from backprop.algebra.indexed import MemberFormula
from backprop.algebra.multiplied import powers_of
from backprop.algebra.normal import power, split, times

Factor = tuple[Formula, Formula]


def names_first(found: Formula, order: Sequence[str]) -> Formula:
    """A formula whose products have their names in an order, before functions: of one that nobody wrote."""
    places = {name: at for at, name in enumerate(order)}

    def place(factor: Factor) -> int:
        base = factor[0]
        return places.get(base.name, len(places)) if isinstance(base, Symbol) else len(places) + 1

    def sorted_in(part: Formula) -> Formula:
        made = rebuilt(part, sorted_in)
        if not isinstance(made, Product):
            return made
        return Product(made.coefficient, sorted(made.powers, key=place), made.decimal)

    return sorted_in(found)


def in_order_of(given: Formula, found: Formula) -> Formula:
    """A formula whose factors and terms stand as in what was given, where they stand there together; other
    letters in the order in which that names them, and `x - x0` in the place of `-(x0 - x)`."""
    order = _Order(given)

    def sorted_in(part: Formula) -> Formula:
        made = rebuilt(part, sorted_in)
        if isinstance(made, Product):
            return order.of_factors(order.turned(order.numbered(made)))
        return order.of_terms(made) if isinstance(made, Sum) else made

    return sorted_in(found)


class _Order:
    """What stands where in a formula."""

    def __init__(self, given: Formula) -> None:
        self._places: dict[Formula, int] = {}
        self._names: dict[str, int] = {}
        self._sums: dict[Formula, Sum] = {}
        self._before: set[tuple[Formula, Formula]] = set()
        waiting = [given]
        while waiting:
            part = waiting.pop()
            if part in self._places:
                continue
            self._places[part] = len(self._places)
            if isinstance(part, Symbol | MemberFormula):
                self._names.setdefault(_called(part), len(self._names))
            elif isinstance(part, Sum):
                self._sums[part] = part
            elif isinstance(part, Product):
                self._take_pairs(part)
            waiting += reversed(part.parts)
        self._put_factors_first(given)

    def _put_factors_first(self, given: Formula) -> None:
        """The names that stand outside of functions before others, `b*w*cos(w*t)`, and the one of
        a base after those that stand in its exponent alone: `n*x - 1` of `x^n`."""
        exponents: dict[str, set[str]] = {}
        elsewhere: set[str] = set()
        outside = self._outside(given)
        waiting, seen = [given], set[Formula]()
        while waiting:
            part = waiting.pop()
            if part in seen:
                continue
            seen.add(part)
            if not isinstance(part, Product):
                elsewhere |= {part.name} if isinstance(part, Symbol) else set()
                waiting += part.parts
                continue
            for base, by in part.powers:
                waiting.append(base)
                if len(base.names) != 1:
                    waiting.append(by)
                elif value_of(by) is None:
                    (name,) = base.names
                    exponents.setdefault(name, set()).update(by.names)
        ranks = {name: (at, 0) for name, at in self._names.items()}
        for name, others in exponents.items():
            later = [self._names[each] for each in others - elsewhere if each in self._names]
            if name in ranks and later:
                ranks[name] = max(ranks[name], (max(later), 1))
        names = sorted(ranks, key=lambda name: (name not in outside, ranks[name]))
        self._names = {name: at for at, name in enumerate(names)}

    @staticmethod
    def _outside(given: Formula) -> set[str]:
        """The names that stand in a formula outside of functions, those in exponents with their bases."""
        found = set[str]()
        waiting = [given]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Sum):
                waiting += part.terms
            elif isinstance(part, Product):
                for base, by in part.powers:
                    waiting += [base] if base == EULER else [base, by]
            elif isinstance(part, Symbol | MemberFormula):
                found.add(_called(part))
        return found

    def _take_pairs(self, found: Product) -> None:
        for below in (False, True):
            side = [base for base, by in found.powers if is_negative(by) is below]
            for at, base in enumerate(side):
                for other in side[at + 1 :]:
                    if (other, base) not in self._before:
                        self._before.add((base, other))

    def of_factors(self, found: Formula) -> Formula:
        """A product with its factors in order; one with a value kept out of the normal form as it is."""
        if not isinstance(found, Product) or len(found.powers) < 2:
            return found
        if any(isinstance(base, Call) and base.name == "copy" for base, _ in found.powers):
            return found
        left = sorted(found.powers, key=self._rank)
        made: list[Factor] = []
        while left:
            first = next((each for each in left if self._is_free(each, left)), left[0])
            left.remove(first)
            made.append(first)
        return Product(found.coefficient, made, found.decimal)

    def _is_free(self, factor: Factor, left: Sequence[Factor]) -> bool:
        """Whether none of the factors that are left stands in front of a factor in what was given."""
        return not any((base, factor[0]) in self._before for base, _ in left)

    def _rank(self, factor: Factor) -> tuple[int, int]:
        """Numbers, letters and roots of them, brackets of these, all else: each kind as it stands."""
        base, by = factor
        number = value_of(by)
        if number is None or base == EULER:
            return 3, 0
        whole = number.denominator == 1
        if isinstance(base, Symbol | MemberFormula):
            return int(not whole), self._names.get(_called(base), len(self._names))
        if is_constant(base):
            return 1, 0
        return (2 if whole and _is_polynomial(base) else 3), 0

    def of_terms(self, found: Sum) -> Formula:
        """A sum with its terms in order: one that was given as it was, `y^2 + x^2` of powers that are
        alike as the letters."""
        if found in self._sums:
            places = {term: at for at, term in enumerate(self._sums[found].terms)}
            return Sum(sorted(found.terms, key=places.__getitem__))
        return self._as_letters(found) or in_powers(found, self._names)

    def _as_letters(self, found: Sum) -> Sum | None:
        """A sum of powers that are alike, `y^2 + x^2`, in the order of their letters; None of others."""
        if len(found.terms) < 3 and any(isinstance(each, Symbol) for each in found.terms):
            return None  # (y + x)*(y - x) begin alike
        bases, exponents = list[Formula](), set[Formula]()
        for term in found.terms:
            number, _, rest = split(term)
            powers = powers_of(rest)
            if len(powers) != 1 or not (number == 1 or isinstance(rest, Symbol)):
                return None
            ((base, by),) = powers.items()
            bases.append(base)
            exponents.add(by)
        if len(exponents) > 1 or any(base not in self._places for base in bases):
            return None
        both = sorted(zip(bases, found.terms, strict=True), key=lambda pair: self._places[pair[0]])
        made = [term for _, term in both]
        return Sum(made) if sign_of(made[0]) > 0 or sign_of(found.terms[0]) < 0 else None

    def numbered(self, found: Product) -> Product:
        """A product with the whole number and the names that the terms of a sum in it have in common in
        front, if that sum was not given: `7*x*(2*x - 1)*sin(x)` for `(14*x^2 - 7*x)*sin(x)`."""
        if found.decimal or found.coefficient.denominator > 1 or len(found.powers) < 2:
            return found
        factors: list[Formula] = [Product(found.coefficient)]
        for base, by in found.powers:
            if isinstance(base, Sum) and by == ONE and base not in self._sums:
                common = _in_common(base)
                if common != ONE:
                    under = power(common, MINUS)
                    factors.append(common)
                    base = Sum([times(under, each) for each in base.terms])
            factors.append(power(base, by))
        if len(factors) == len(found.powers) + 1:
            return found
        made = times(*factors)
        return made if isinstance(made, Product) else found

    def turned(self, found: Product) -> Product:
        """A product without its sign, if that makes a sum in it one that was given, or another of one that
        was not: `y*(y - x)` for `-y*(x - y)`; with a sign in front, `-2*(x^2 - 5*x + 3)`, for a polynomial
        that begins and ends with what is taken away."""
        if found.coefficient >= 0:
            for at, (base, by) in enumerate(found.powers):
                if isinstance(base, Sum) and by == ONE and base not in self._sums:
                    ends = in_powers(base, self._names).terms[:: len(base.terms) - 1]
                    falls = any((value_of(of) or 0) > 1 for of in powers_of(ends[0]).values())
                    added = any(sign_of(each) > 0 for each in base.terms)
                    taken = all(sign_of(each) < 0 for each in ends)
                    if falls and added and taken and _is_polynomial(base):
                        turned = times(MINUS, base), by
                        powers = [*found.powers[:at], turned, *found.powers[at + 1 :]]
                        return Product(-found.coefficient, powers, found.decimal)
            return found
        for wanted in (True, False):
            for at, (base, by) in enumerate(found.powers):
                if isinstance(base, Sum) and by == ONE and base not in self._sums:
                    other = times(MINUS, base)
                    if isinstance(other, Sum) and (
                        (other in self._sums and _has_added(other))
                        or (not wanted and _is_difference(base))
                    ):
                        powers = [*found.powers[:at], (other, by), *found.powers[at + 1 :]]
                        return Product(-found.coefficient, powers, found.decimal)
        return found


def in_powers(found: Sum, order: Mapping[str, int]) -> Sum:
    """A polynomial by falling powers of the first name that has a square in it, and then of the next; one
    whose powers of such a name fall or rise already as it is, and what is no polynomial."""
    terms = [powers_of(split(term)[2]) for term in found.terms]
    names = sorted(
        {base for each in terms for base in each if isinstance(base, Symbol) and base != EULER},
        key=lambda name: order.get(name.name, len(order)),
    )
    sequences = [each for name in names if (each := _exponents(name, terms)) and max(each) > 1]
    if not sequences or any(each in (sorted(each), sorted(each)[::-1]) for each in sequences):
        return found
    rows = zip(*sequences, strict=True)
    keyed = sorted(zip(rows, found.terms, strict=True), key=lambda pair: pair[0], reverse=True)
    if sign_of(keyed[0][1]) < 0 and any(
        sign_of(term) > 0 for at, term in keyed if at == keyed[-1][0]
    ):
        keyed.sort(key=lambda pair: pair[0])
    return Sum([term for _, term in keyed])


def _exponents(name: Symbol, terms: Sequence[Mapping[Formula, Formula]]) -> list[int]:
    """The exponents of a name in the terms of a sum; none if it stands anywhere but as a whole power."""
    made = []
    for powers in terms:
        if any(
            name.name in each.names
            for base, by in powers.items()
            for each in (base, by)
            if base != name
        ):
            return []
        by = value_of(powers.get(name, ZERO))
        if by is None or by < 0 or by.denominator > 1:
            return []
        made.append(int(by))
    return made


def _in_common(found: Sum) -> Formula:
    """The whole number and the powers of names that all terms of a sum have."""
    parts = [split(each) for each in found.terms]
    if any(decimal or number.denominator > 1 for number, decimal, _ in parts):
        return ONE
    common: list[Formula] = [Product(gcd(*(int(number) for number, _, _ in parts)))]
    powers = [powers_of(rest) for _, _, rest in parts]
    if any(is_negative(by) for each in powers for by in each.values()):
        return common[0]
    for base in powers[0]:
        numbers = [value_of(each.get(base, ZERO)) for each in powers]
        least = min(0 if each is None else each for each in numbers)
        if isinstance(base, Symbol | MemberFormula) and base != EULER and least >= 1:
            common.append(power(base, Product(int(least))))
    return times(*common)


def _has_added(found: Sum) -> bool:
    """Whether not all of a sum is taken away: the exponent of `r^(-n - 1)` is as a factor `-(n + 1)`."""
    return any(sign_of(each) > 0 for each in found.terms)


def _is_difference(found: Sum) -> bool:
    return len(found.terms) == 2 and {sign_of(each) for each in found.terms} == {1, -1}


def _called(found: Symbol | MemberFormula) -> str:
    return found.name if isinstance(found, Symbol) else found.family


def _is_polynomial(found: Formula) -> bool:
    """Whether a formula is made of numbers and letters alone, by sums, products and whole powers."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Product):
            if any((value_of(by) or 0) < 1 or base == EULER for base, by in part.powers):
                return False
        elif not isinstance(part, Sum | Symbol | MemberFormula):
            return False
        if not isinstance(part, MemberFormula):
            waiting += part.parts
    return True
