"""Formulas that are the same by algebra, and of which doubles can compute one further out than the other.

`y/(x^2 + y^2)` has no value at x = y = 1e-200, where its squares are 0, and `1/((1 + (x/y)^2)*y)` has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache, reduce
from math import ceil, isfinite, nan

from backprop.algebra.careful import careful
from backprop.algebra.formula import (
    HALF,
    MINUS,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Sum,
    in_order,
    is_negative,
    is_number,
    value_of,
)
from backprop.algebra.from_text import rebuilt
from backprop.algebra.multiplied import expanded_sum
from backprop.algebra.normal import plus, power, split, times
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.syntax import functions
from backprop.syntax.fold import fold
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import Statement, formula

_SIZES = (1e-200, 1e-120, 1e120, 1e200)
"""Where squares, or fourth powers, are too large or too small for doubles."""

_SAME = 1e-6
"""Values that are further apart are not the same: one has lost its digits."""

_MOST_NAMES = 6
_LONGEST = 300
"""Of more names, or of longer formulas, nobody would see why."""


def can_be_lost(found: Formula) -> bool:
    """Whether a formula has a power or a sum below the line, which can be 0 or infinite where the whole is
    neither."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Product):
            for base, by in part.powers:
                number = value_of(by)
                square = len(part.powers) > 1 and number is not None and number <= -2
                if is_negative(by) and (square or isinstance(base, Sum)):
                    return True
        waiting += part.parts
    return False


def losses(found: Formula, other: Formula) -> int:
    """At how many points far out a formula has no value, or another one, where one that is the same by
    algebra has one; 0 of long ones."""
    names = [*dict.fromkeys((*in_order(other), *in_order(found)))]  # some may have cancelled in one
    if not 1 <= len(names) <= _MOST_NAMES:
        return 0
    plain = {name: f"n{at}" for at, name in enumerate(names)}
    longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    words = re.compile(rf"(?<![\w.])(?:{longest_first})(?![\w(])")
    one, two = (words.sub(lambda word: plain[word[0]], each.text()) for each in (found, other))
    if max(len(one), len(two)) > _LONGEST or "[" in one or " for " in one:
        return 0
    return _losses(one, two, len(names))


@lru_cache(maxsize=4096)
def _losses(found: str, other: str, many: int) -> int:
    """At how many points a text in n0, n1, … has not the value that another one has there. Where that
    one has lost its digits itself, as `(y - x*y/(x + y))/(x + y)` where x*y is 0, it says nothing."""
    own, its = formula(found), formula(other)
    lost = 0
    for point in _points(many):
        numbers = {f"n{at}": value for at, value in enumerate(point)}
        wanted = _value(its, numbers)
        if isfinite(wanted) and not _are_alike(_value(own, numbers), wanted):
            lost += _are_alike(wanted, _exactly(its, numbers))
    return lost


def _are_alike(value: float, wanted: float) -> bool:
    if not (isfinite(value) and wanted):
        return value == wanted
    return abs(value / wanted - 1) <= _SAME


def _raised(base: Decimal, by: Decimal) -> Decimal:
    """A power by a whole number or a half; of others, which take long, that of doubles."""
    if by == by.to_integral_value() and abs(by) < _LONGEST:
        return _DIGITS.power(base, by)
    if 2 * by == (2 * by).to_integral_value() and abs(by) < _LONGEST:
        return _DIGITS.power(_DIGITS.sqrt(base), 2 * by)
    return Decimal(functions.value("^")(float(base), float(by)))


_DIGITS = Context(prec=850, Emax=999_999, Emin=-999_999, traps=[])
"""Enough for 1 beside the square of the smallest number."""
_EXACT: Mapping[str, Callable[..., Decimal]] = {
    "+": _DIGITS.add,
    "-": _DIGITS.subtract,
    "*": _DIGITS.multiply,
    "/": _DIGITS.divide,
    "^": _raised,
    "neg": _DIGITS.minus,
    "sqrt": _DIGITS.sqrt,
}
"""Arithmetic for which nothing is too large or too small."""


def _exactly(statement: Statement, numbers: Mapping[str, float]) -> float:
    """The value of a formula by arithmetic with more digits and larger exponents; functions of what that
    gives are those of doubles."""

    def apply(name: str, operands: list[Decimal]) -> Decimal:
        if name in _EXACT:
            return _EXACT[name](*operands)
        found = functions.value(name)
        numbers = [*map(float, operands)]
        return Decimal(reduce(found, numbers) if OPERATIONS[name].folds else found(*numbers))

    exact = {each: Decimal(value) for each, value in {**CONSTANTS, **numbers}.items()}
    try:
        return float(fold(statement, Decimal, exact.__getitem__, apply))
    except (ArithmeticError, ValueError):
        return nan


def furthest(made: Formula, itself: Formula, literal: Formula) -> Formula:
    """The formula, or the first of its other forms, that has values as far out as the chain rule itself;
    that itself, where none has. literal: the derivative of what is computed literally. Raises TooLong."""
    forms = [made, in_turn(made, 1), in_turn(made), in_turn(made, each_sum=True)]
    forms += [] if has_fractions_inside(itself) else [itself]
    by_lengths = by_radius(made)
    pairs = in_pairs(by_lengths)
    forms += [by_lengths, pairs, in_turn(pairs, 1), in_turn(pairs), in_turn(pairs, each_sum=True)]
    forms += [in_pairs(in_terms(made)), in_terms(made)]
    forms += [literal, in_turn(literal, 1), in_turn(literal)]
    for form in forms:
        if form is itself or not losses(careful(form), careful(itself)):
            return form
    return itself


def _points(many: int) -> list[list[float]]:
    """All names of one size, one of a size and the others not, and sizes in turn."""
    found = []
    for size in _SIZES:
        found.append([size * (1 + at / 8) for at in range(many)])
        found.append([size ** (1 - 2 * (at % 2)) * (1 + at / 8) for at in range(many)])
        for rest in (1.0, size ** (-1 / (many - 1))) if many > 1 else ():
            found += [
                [size if at == one else rest * (1 + at / 8) for at in range(many)]
                for one in range(many)
            ]
    return found


def _value(statement: Statement, numbers: Mapping[str, float]) -> float:
    try:
        return evaluated(statement, numbers)
    except (ArithmeticError, ValueError):
        return nan


def in_turn(found: Formula, most: int = _LONGEST, each_sum: bool = False) -> Formula:
    """A formula that divides by one factor after the other: `-1/(x*y)/x` for `-1/(x^2*y)`, and
    `x/sqrt(u)/u` for `x/u^(3/2)`. most: so often by each factor, `x/u^2/u` for `x/u^3`. each_sum: by
    every sum, too, `x/(x + y)/(x - y)`. Raises TooLong."""
    if isinstance(found, Sum):
        return Sum([in_turn(term, most, each_sum) for term in found.terms])
    if not isinstance(found, Product):
        return found
    powers, below = list[tuple[Formula, Formula]](), list[Formula]()
    for base, by in found.powers:
        number = value_of(by)
        own = isinstance(base, Call) and OPERATIONS[base.name].square  # which `careful` writes
        if number is not None and number < -1 and not own:
            times_below = min(ceil(-number) - 1, most)
            below += [base] * times_below
            by = Product(number + times_below)
        if each_sum and isinstance(base, Sum) and by == MINUS:
            below.insert(0, base)
            continue
        powers.append((base, by))
    made = times(Product(found.coefficient, powers, found.decimal))
    for base in below:
        made = times(held(made), power(base, MINUS))
    return made


def held(found: Formula, sums: bool = False) -> Formula:
    """A quotient or a product as one value, which no other is joined with but numbers; and a sum, which is
    not multiplied out, if `sums`."""
    if sums and isinstance(found, Sum):
        return Call("copy", [found])
    if not isinstance(found, Product) or not found.powers:
        return found
    return times(
        Product(found.coefficient, (), found.decimal),
        Call("copy", [times(Product(1, found.powers))]),
    )


def joined_again(found: Formula) -> Formula:
    """A formula without values that are kept out of the normal form."""
    if isinstance(found, Call) and found.name == "copy":
        return joined_again(found.operands[0])
    return rebuilt(found, joined_again) if found.parts and "copy" in found.calls else found


def by_radius(found: Formula) -> Formula:
    """A formula with `hypot(x, y)^2` below the line for `x^2 + y^2`."""
    if isinstance(found, Sum):
        return Sum([by_radius(term) for term in found.terms])
    if not isinstance(found, Product):
        return found
    powers = []
    for base, by in found.powers:
        sides = _sides(base) if is_negative(by) else ()
        if sides:
            base, by = Call("hypot", sides), times(Product(2), by)
        powers.append((base, by))
    return times(Product(found.coefficient, powers, found.decimal))


def _sides(found: Formula) -> list[Formula]:
    """x and y of `x^2 + y^2`; none of other sums."""
    terms = found.terms if isinstance(found, Sum) else ()
    roots = [_root(each) for each in terms]
    return [each for each in roots if each is not None] if len(terms) == 2 and all(roots) else []


def _root(term: Formula) -> Formula | None:
    """x*y of `x^2*y^2`, and x^2 of `x^4`; None of what is no square."""
    number, decimal, rest = split(term)
    front = power(Product(number), HALF)
    powers = rest.powers if isinstance(rest, Product) else ((rest, ONE),)
    if decimal or number < 0 or not is_number(front):
        return None
    halves = []
    for base, by in powers:
        exponent = value_of(by)
        if exponent is None or exponent.denominator > 1 or exponent.numerator % 2:
            return None
        halves.append(power(base, Product(exponent.numerator // 2)))
    return times(front, *halves)


def in_pairs(found: Formula) -> Formula:
    """A product with quotients of lengths as values: `(x/hypot(x, y))^2/y` for `x^2/(y*hypot(x, y)^2)`."""
    if isinstance(found, Sum):
        return Sum([in_pairs(term) for term in found.terms])
    if not isinstance(found, Product):
        return found
    above = {base: value_of(by) or 0 for base, by in found.powers if not is_negative(by)}
    below, pairs = list[Formula](), list[Formula]()
    for base, by in found.powers:
        left = -(value_of(by) or 0)
        for side, number in above.items() if left > 0 and _is_together(base) else ():
            if isinstance(side, Call) and side.name == "copy":
                continue
            degree = _degree(side, base)
            most = int(min(left, number / Fraction(degree)))
            if most >= 1:
                left -= most
                above[side] = number - most * degree
                whole = held(times(power(side, Product(degree)), power(base, MINUS)))
                pairs.append(power(whole, Product(most)))
        if is_negative(by):
            below.append(power(base, Product(-left)))
    front = Product(found.coefficient, (), found.decimal)
    rest = [
        power(base, Product(above[base]) if above[base] else by)
        for base, by in found.powers
        if base in above and (above[base] or value_of(by) is None)
    ]
    return times(front, *pairs, *rest, *below)


def in_terms(found: Formula) -> Formula:
    """A product with a term of a sum over that sum as a value: `u/(u + v*w)*(v*w/(u + v*w))` for
    `u*v*w/(u + v*w)^2`, which is of no size but its own. Raises TooLong."""
    if isinstance(found, Sum):
        return Sum([in_terms(term) for term in found.terms])
    if not isinstance(found, Product):
        return found
    left, pairs = dict(found.powers), list[Formula]()
    for base in [base for base, by in found.powers if isinstance(base, Sum) and is_negative(by)]:
        if (value_of(left[base]) or 0).denominator > 1:
            continue
        terms = [split(each)[2] for each in (*base.parts, *expanded_sum(base))]
        for term in sorted(dict.fromkeys(terms), key=lambda each: -each.size):
            powers = term.powers if isinstance(term, Product) else ((term, ONE),)
            while powers and is_negative(left[base]) and all(_has(left, *each) for each in powers):
                for factor, by in powers:
                    left[factor] = plus(left[factor], times(MINUS, by))
                left[base] = plus(left[base], ONE)
                pairs.append(held(times(term, power(base, MINUS))))
    rest = [power(base, by) for base, by in left.items() if by != ZERO]
    return times(Product(found.coefficient, (), found.decimal), *pairs, *rest)


def _has(left: Mapping[Formula, Formula], base: Formula, by: Formula) -> bool:
    """Whether a power is among the factors above the line."""
    own, wanted = value_of(left.get(base, ZERO)), value_of(by)
    if own is None or wanted is None:
        return left.get(base) == by
    return own >= wanted > 0


def _degree(side: Formula, whole: Formula) -> int:
    """The power of a factor that is the size of a sum with it: 2 of c in `c^2 + u*v`."""
    found = 1
    for term in whole.terms if isinstance(whole, Sum) else ():
        for base, by in term.powers if isinstance(term, Product) else ():
            number = value_of(by)
            if base == side and number is not None and number.denominator == 1:
                found = max(found, int(number))
    return found


def _is_together(found: Formula) -> bool:
    """Whether a value is of the size of the largest in it, in nearly all of its places."""
    return isinstance(found, Sum) or (isinstance(found, Call) and found.name == "hypot")


def has_fractions_inside(found: Formula) -> bool:
    """Whether a fraction stands in another one, with no function between: `1/(y*(1 + (x/y)^2))`."""
    if isinstance(found, Product) and _has_line(found):
        above = [base for base, by in found.powers if not is_negative(by)]
        for base, by in found.powers:
            chained = [base] == above and by == ONE and found.coefficient.denominator == 1
            if abs(value_of(by) or 0) == HALF.coefficient:
                continue  # sqrt is a function
            if _has_fraction(base) and not (chained and isinstance(base, Call)):  # x/y/y
                return True
    return any(has_fractions_inside(each) for each in found.parts)


def _has_line(found: Formula) -> bool:
    return isinstance(found, Product) and (
        found.coefficient.denominator > 1 or any(is_negative(by) for _, by in found.powers)
    )


def _has_fraction(found: Formula) -> bool:
    """Whether a formula is written with a line that is not inside a function or raised."""
    if isinstance(found, Sum):
        return any(_has_fraction(each) for each in found.terms)
    if isinstance(found, Call):
        return found.name in ("/", "copy") and (
            found.name == "/" or _has_fraction(found.operands[0])
        )
    return _has_line(found) or (
        isinstance(found, Product) and any(_has_fraction(base) for base, _ in found.powers)
    )
