"""Formulas that can be calculated with: sums, products and powers in a normal form, and their text.

`times`, `plus`, `power` and `operation` take formulas and give one. A product is a coefficient times
powers of factors, a sum is terms that differ, so that `1*b + 0` is `b`, and `x*x` is `x^2`. `written`
makes a text of a formula in the equation language, which every reader of formulas reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Union

from backprop.numbers import exact, rounded
from backprop.operations import OPERATIONS, POWER, PRODUCT, SUM
from backprop.syntax import functions

Formula = Union["Symbol", "Call", "Product", "Sum"]


LARGEST = 120
"""The most parts of a formula: a longer one nobody reads, and none is made."""


class TooLong(Exception):
    """A formula with more than LARGEST parts."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name of the equations, or a constant."""

    text: str
    size: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of the table that is neither a sum nor a product nor a power by a number."""

    name: str
    operands: tuple[Formula, ...]
    size: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        _measure(self, self.operands)


@dataclass(frozen=True, slots=True)
class Product:
    """coefficient times the powers of factors; without factors a number. Their order is how it is
    written, and makes no other product."""

    coefficient: float
    powers: tuple[tuple[Formula, float], ...] = field(default=(), compare=False)
    key: frozenset[tuple[Formula, float]] = frozenset()
    size: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", frozenset(self.powers))
        _measure(self, (base for base, _ in self.powers))


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms, none of which is a Sum, in the order in which they are written."""

    terms: tuple[Formula, ...] = field(compare=False)
    key: frozenset[Formula] = frozenset()
    size: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", frozenset(self.terms))
        _measure(self, self.terms)


def _measure(made: Formula, parts: Iterable[Formula]) -> None:
    """Set how many parts a formula has. Raises TooLong."""
    size = 1 + sum(part.size for part in parts)
    if size > LARGEST:
        raise TooLong
    object.__setattr__(made, "size", size)


ZERO, ONE, MINUS = Product(0.0), Product(1.0), Product(-1.0)


def number(value: float) -> Product:
    """A number as a formula."""
    return Product(float(value))


def times(*factors: Formula) -> Formula:
    """The product: coefficients multiplied, powers of the same factor joined."""
    coefficient = 1.0
    powers: dict[Formula, float] = {}
    for factor in factors:
        if isinstance(factor, Product):
            coefficient *= factor.coefficient
            more: Sequence[tuple[Formula, float]] = factor.powers
        else:
            more = ((factor, 1.0),)
        for base, exponent in more:
            powers[base] = powers.get(base, 0.0) + exponent
    if coefficient == 0:
        return ZERO
    kept = tuple((base, exponent) for base, exponent in powers.items() if exponent != 0)
    if len(kept) == 1 and kept[0][1] == 1:
        base = kept[0][0]
        if coefficient == 1:
            return base
        if coefficient == -1 and isinstance(base, Sum):
            return plus(*(times(MINUS, term) for term in base.terms))
    return Product(coefficient, kept)


def plus(*terms: Formula) -> Formula:
    """The sum: terms that differ in their coefficient joined, those that cancel gone."""
    found: dict[Formula, float] = {}
    for term in terms:
        for each in term.terms if isinstance(term, Sum) else (term,):
            coefficient, rest = 1.0, each
            if isinstance(each, Product):
                coefficient = each.coefficient
                rest = times(Product(1.0, each.powers))
            found[rest] = found.get(rest, 0.0) + coefficient
    kept = [times(number(coefficient), rest) for rest, coefficient in found.items() if coefficient]
    return kept[0] if len(kept) == 1 else Sum(tuple(kept)) if kept else ZERO


def power(base: Formula, exponent: Formula) -> Formula:
    """The power; by a whole number of a product, the product of the powers."""
    if not isinstance(exponent, Product) or exponent.powers:
        return Call("^", (base, exponent))
    by = exponent.coefficient
    if by == 1:
        return base
    if isinstance(base, Product):
        if not base.powers:
            value = functions.value("^")(base.coefficient, by)
            exact = by == -1 or (by.is_integer() and abs(value) < 1e15 and value == round(value))
            return number(value) if exact and isfinite(value) else Call("^", (base, exponent))
        if by.is_integer():
            raised = tuple((each, of * by) for each, of in base.powers)
            return Product(functions.value("^")(base.coefficient, by), raised)
    return ONE if by == 0 else Product(1.0, ((base, by),))


_NORMAL: Mapping[str, Callable[..., Formula]] = {
    "+": plus,
    "-": lambda left, right: plus(left, times(MINUS, right)),
    "*": times,
    "/": lambda above, below: times(above, power(below, MINUS)),
    "neg": lambda found: times(MINUS, found),
    "^": power,
    "copy": lambda found: found,
}


def operation(name: str, operands: Sequence[Formula]) -> Formula:
    """The formula of an operation on formulas, in normal form."""
    return _NORMAL[name](*operands) if name in _NORMAL else Call(name, tuple(operands))


def written(found: Formula | None, longest: float = inf) -> str:
    """The formula as a text in the equation language; none of one that is longer."""
    text = "" if found is None else _text(found, 0)
    return text if len(text) <= longest else ""


def _text(found: Formula, needed: int) -> str:
    """The text, in brackets where it holds together less tightly than `needed`."""
    if isinstance(found, Symbol):
        return found.text
    if isinstance(found, Call):
        row = OPERATIONS[found.name]
        if row.name == "neg":
            text, binding = f"-{_text(found.operands[0], PRODUCT)}", SUM
        elif row.name.isidentifier() and (row.called or row.name == "if"):
            return f"{found.name}({', '.join(_text(each, 0) for each in found.operands)})"
        elif row.arity == 1:
            text, binding = f"{found.name} {_text(found.operands[0], row.binding)}", row.binding
        else:
            left, right = found.operands
            # A power binds to the right, everything else to the left.
            tighter = row.name == "^"
            sides = _text(left, row.binding + tighter), _text(right, row.binding + (not tighter))
            gap = "" if tighter else " "
            text, binding = f"{sides[0]}{gap}{found.name}{gap}{sides[1]}", row.binding
    elif isinstance(found, Sum):
        # a sum begins with something that is added, if there is any: x - 1 and not -1 + x
        added = (t for t in found.terms if not isinstance(t, Product) or t.coefficient > 0)
        first = next(added, found.terms[0])
        text = _text(first, SUM)
        for term in (term for term in found.terms if term is not first):
            piece = _text(term, SUM)
            text += f" - {piece[1:]}" if piece[0] == "-" else f" + {piece}"
        binding = SUM
    else:
        text, binding = _product(found)
    return f"({text})" if binding < needed else text


def _product(found: Product) -> tuple[str, int]:
    """A product as a fraction on one line, and how tightly it holds together."""
    size = abs(found.coefficient)
    inverse = 1 / size if size else 0.0
    flipped = (
        0 < size < 1
        and inverse == round(inverse) <= 1e6
        and (bool(found.powers) or inverse % 10 > 0)
    )
    # a number below, where it is one over a small whole number: x/2 and not 0.5*x
    numerator = [_number(size)] if size != 1 and not flipped else []
    denominator = [_number(inverse)] if flipped else []
    numerator += [_power(base, by) for base, by in found.powers if by > 0]
    denominator += [_power(base, -by) for base, by in found.powers if by < 0]
    text = "*".join(numerator) or "1"
    if denominator:
        bottom = "*".join(denominator)
        text += f"/({bottom})" if len(denominator) > 1 else f"/{bottom}"
    if found.coefficient < 0:
        return f"-{text}", SUM
    alone = len(numerator) <= 1 and not denominator
    single = alone and all(by == 1 for _, by in found.powers)
    return text, (POWER + 1 if single else POWER if alone else PRODUCT)


def _power(base: Formula, by: float) -> str:
    text = _text(base, PRODUCT + 1 if by == 1 else POWER + 1)
    return text if by == 1 else f"{text}^{_number(by)}"


def _number(value: float) -> str:
    """Without the last bits where rounding has left something there: 0.3, not 0.30000000000000004."""
    short = rounded(value, 15)
    return exact(short if abs(short - value) <= 4e-16 * abs(value) else value).replace("e+", "e")
