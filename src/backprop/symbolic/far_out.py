"""Formulas that are the same by algebra, and of which doubles can compute one further out than the other.

`y/(x^2 + y^2)` has no value at x = y = 1e-200, where its squares are 0, and `1/((1 + (x/y)^2)*y)` has one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import ceil, isfinite

from backprop.algebra.formula import (
    MINUS,
    Call,
    Formula,
    Product,
    Sum,
    in_order,
    is_negative,
    value_of,
)
from backprop.algebra.normal import power, times
from backprop.operations import OPERATIONS
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula

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


def has_values_of(found: Formula, other: Formula) -> bool:
    """Whether a formula has a value wherever another one has, which is the same by algebra."""
    names = in_order(other)
    if not 1 <= len(names) <= _MOST_NAMES:
        return True
    plain = {name: f"n{at}" for at, name in enumerate(names)}
    longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    words = re.compile(rf"(?<![\w.])(?:{longest_first})(?![\w(])")
    one, two = (words.sub(lambda word: plain[word[0]], each.text()) for each in (found, other))
    if max(len(one), len(two)) > _LONGEST or "[" in one or " for " in one:
        return True
    return _has_values(one, two, len(names))


@lru_cache(maxsize=4096)
def _has_values(found: str, other: str, many: int) -> bool:
    """Whether a text in n0, n1, … has a value wherever another one has."""
    own, its = formula(found), formula(other)
    for point in _points(many):
        numbers = {f"n{at}": value for at, value in enumerate(point)}
        wanted = _value(its, numbers)
        if isfinite(wanted):
            value = _value(own, numbers)
            if not isfinite(value) or (wanted and abs(value / wanted - 1) > _SAME):
                return False
    return True


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


def _value(statement: object, numbers: dict[str, float]) -> float:
    try:
        return evaluated(statement, numbers)  # type: ignore[arg-type]
    except (ArithmeticError, ValueError):
        return float("nan")


def in_turn(found: Formula, most: int = _LONGEST) -> Formula:
    """A formula that divides by one factor after the other: `-1/(x*y)/x` for `-1/(x^2*y)`, and
    `x/sqrt(u)/u` for `x/u^(3/2)`. most: so often by each factor, `x/u^2/u` for `x/u^3`. Raises TooLong."""
    if isinstance(found, Sum):
        return Sum([in_turn(term, most) for term in found.terms])
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
        powers.append((base, by))
    made = times(Product(found.coefficient, powers, found.decimal))
    for base in below:
        made = times(held(made), power(base, MINUS))
    return made


def held(found: Formula) -> Formula:
    """A quotient or a product as one value, which no other is joined with but numbers."""
    if not isinstance(found, Product) or not found.powers:
        return found
    return times(
        Product(found.coefficient, (), found.decimal),
        Call("copy", [times(Product(1, found.powers))]),
    )
