"""Formulas that can be calculated with: sums, products and powers in a normal form, and their text.

`times`, `plus`, `power` and `operation` take formulas and give one. A product is a coefficient
times powers of factors, a sum is terms that differ, so that `1*b + 0` is `b`, and `x*x` is `x^2`.
`written` makes a text of a formula in the equation language, which every reader of formulas reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf, isfinite
from typing import TypeGuard

from backprop.numbers import exact, rounded
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.row import CALL, POWER, PRODUCT, SUM
from backprop.syntax import functions

LARGEST = 120
"""The most parts of a formula: a longer one nobody reads, and none is made."""


class TooLong(Exception):
    """A formula with more than LARGEST parts."""


class Formula(ABC):
    """A formula, one of the classes below. key: what makes two of a class equal; parts: what it is
    made of, counted in its size. Raises TooLong."""

    def __init__(self, key: object, parts: Iterable[Formula] = ()) -> None:
        self.key = key
        self.size: int = 1 + sum(part.size for part in parts)
        if self.size > LARGEST:
            raise TooLong

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Formula) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def text(self, needed: int = 0) -> str:
        """The text, in brackets where it holds together less tightly than `needed`."""
        text, binding = self.bound_text()
        return f"({text})" if binding < needed else text

    @abstractmethod
    def bound_text(self) -> tuple[str, int]:
        """The text without brackets, and how tightly it holds together."""


class Symbol(Formula):
    """A name of the equations, or a constant: its key."""

    def bound_text(self) -> tuple[str, int]:
        return str(self.key), CALL


class Call(Formula):
    """An operation of the table that is neither a sum nor a product nor a power by a number."""

    def __init__(self, name: str, operands: Sequence[Formula]) -> None:
        super().__init__((name, *operands), operands)
        self.name = name
        self.operands = operands

    def bound_text(self) -> tuple[str, int]:
        row = OPERATIONS[self.name]
        if row.name == "neg":
            return f"-{self.operands[0].text(PRODUCT)}", SUM
        if row.binding == CALL:
            operands = _unfolded(self) if row.folds else self.operands
            return f"{self.name}({', '.join(each.text() for each in operands)})", CALL
        if row.arity == 1:
            return f"{self.name} {self.operands[0].text(row.binding)}", row.binding
        left, right = self.operands
        # A power binds to the right, everything else to the left.
        tighter = row.name == "^"
        sign = row.name if tighter else f" {row.name} "
        sides = left.text(row.binding + tighter), right.text(row.binding + (not tighter))
        return sign.join(sides), row.binding


class Product(Formula):
    """coefficient times the powers of factors; without factors a number. Their order is how it is
    written, and makes no other product."""

    def __init__(self, coefficient: float, powers: Sequence[tuple[Formula, float]] = ()) -> None:
        super().__init__((coefficient, frozenset(powers)), (base for base, _ in powers))
        self.coefficient = coefficient
        self.powers = powers

    def bound_text(self) -> tuple[str, int]:
        """A fraction on one line."""
        size = abs(self.coefficient)
        inverse = 1 / size if size else 0.0
        # a number below, where it is one over a small whole number: x/2 and not 0.5*x
        small = 0 < size < 1 and inverse <= 1e6 and inverse.is_integer()
        flipped = small and (bool(self.powers) or inverse % 10 > 0)
        numerator = [_number(size)] if size != 1 and not flipped else []
        denominator = [_number(inverse)] if flipped else []
        numerator += [_power(base, by) for base, by in self.powers if by > 0]
        denominator += [_power(base, -by) for base, by in self.powers if by < 0]
        text = "*".join(numerator) or "1"
        if denominator:
            bottom = "*".join(denominator)
            text += f"/({bottom})" if len(denominator) > 1 else f"/{bottom}"
        if self.coefficient < 0:
            return f"-{text}", SUM
        if denominator or len(numerator) > 1:
            return text, PRODUCT
        return text, POWER + all(by == 1 for _, by in self.powers)


class Sum(Formula):
    """Terms, none of which is a Sum, in the order in which they are written."""

    def __init__(self, terms: Sequence[Formula]) -> None:
        super().__init__(frozenset(terms), terms)
        self.terms = terms

    def bound_text(self) -> tuple[str, int]:
        # it begins with something that is added, if there is any: x - 1 and not -1 + x
        added = (t for t in self.terms if not isinstance(t, Product) or t.coefficient > 0)
        first = next(added, self.terms[0])
        text = first.text(SUM)
        for piece in (term.text(SUM) for term in self.terms if term is not first):
            text += f" - {piece[1:]}" if piece[0] == "-" else f" + {piece}"
        return text, SUM


def _unfolded(found: Call) -> list[Formula]:
    """The operands of a call that folds: a, b and c of `max(max(a, b), c)`."""
    operands: list[Formula] = []
    waiting: list[Formula] = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Call) and each.name == found.name:
            waiting += reversed(each.operands)
        else:
            operands.append(each)
    return operands


def _power(base: Formula, by: float) -> str:
    return base.text(PRODUCT + 1) if by == 1 else f"{base.text(POWER + 1)}^{_number(by)}"


def _number(value: float) -> str:
    """Without the last bits where rounding has left something there: 0.3, not 0.30000000000000004."""
    short = rounded(value, 15)
    return exact(short if abs(short - value) <= 4e-16 * abs(value) else value).replace("e+", "e")


def written(found: Formula | None, longest: float = inf) -> str:
    """The formula as a text in the equation language; none of one that is longer."""
    text = "" if found is None else found.text()
    return text if len(text) <= longest else ""


ZERO, ONE, MINUS = Product(0.0), Product(1.0), Product(-1.0)


def number(value: float) -> Product:
    """A number as a formula."""
    return Product(float(value))


def times(*factors: Formula) -> Formula:
    """The product: coefficients multiplied, powers of the same factor joined."""
    coefficient = 1.0
    powers: dict[Formula, float] = {}
    for factor in factors:
        more: Sequence[tuple[Formula, float]] = [(factor, 1.0)]
        if isinstance(factor, Product):
            coefficient *= factor.coefficient
            more = factor.powers
        for base, exponent in more:
            powers[base] = powers.get(base, 0.0) + exponent
    if coefficient == 0:
        return ZERO
    kept = [(base, exponent) for base, exponent in powers.items() if exponent != 0]
    for at, (base, exponent) in enumerate(kept):
        if isinstance(base, Call) and base.name in ("sqrt", "exp"):
            others = kept[:at] + kept[at + 1 :]
            simpler = _simpler(base, exponent, others)
            if simpler is not None:
                return times(Product(coefficient, others), simpler)
    for at, (base, exponent) in enumerate(kept):  # (1 - t)*x, not -(t - 1)*x
        if coefficient == -1 and exponent == 1 and kept[1:] and _takes_number_away(base):
            turned = plus(*(times(MINUS, term) for term in base.terms))
            return times(Product(1.0, kept[:at]), turned, Product(1.0, kept[at + 1 :]))
    if len(kept) == 1 and kept[0][1] == 1:
        base = kept[0][0]
        if coefficient == 1:
            return base
        if coefficient == -1 and isinstance(base, Sum):
            return plus(*(times(MINUS, term) for term in base.terms))
    return Product(coefficient, kept)


def _simpler(base: Call, exponent: float, others: list[tuple[Formula, float]]) -> Formula | None:
    """What takes the place of a power of a root or of exp(u), if that is simpler. others: the other
    factors; one that it is joined with is taken out.

    sqrt(u)^2 is u, and u/sqrt(u) is sqrt(u); sqrt(2)*sqrt(pi) is sqrt(2*pi), of constants;
    exp(u)*exp(v) is exp(u + v).
    """
    (inside,) = base.operands
    if base.name == "sqrt" and exponent % 2 == 0:
        return power(inside, number(exponent / 2))
    for at, (other, by) in enumerate(others):
        found: Formula
        if base.name == "sqrt" and other == inside and exponent < 0 < by:
            found = Product(1.0, [(base, exponent + 2), (other, by - 1)])
        elif not isinstance(other, Call) or other.name != base.name:
            continue
        elif base.name == "exp":
            exponents = times(number(exponent), inside), times(number(by), other.operands[0])
            whole = plus(*exponents)
            found = ONE if whole == ZERO else Call("exp", [whole])
        elif by == exponent and _is_constant(inside) and _is_constant(other.operands[0]):
            found = power(Call("sqrt", [times(inside, other.operands[0])]), number(by))
        else:
            continue
        del others[at]
        return found
    return None


def _takes_number_away(found: Formula) -> TypeGuard[Sum]:
    """Whether a formula is a sum in which a number is taken away: `t - 1`."""
    terms = found.terms if isinstance(found, Sum) else ()
    numbers = [each for each in terms if isinstance(each, Product) and not each.powers]
    return any(each.coefficient < 0 for each in numbers)


def _is_constant(found: Formula) -> bool:
    """Whether a formula is a number, pi, or the two multiplied."""
    powers = found.powers if isinstance(found, Product) else [(found, 1.0)]
    return all(isinstance(base, Symbol) and base.key in CONSTANTS for base, _ in powers)


def plus(*terms: Formula) -> Formula:
    """The sum. Terms that differ in their coefficient alone become one; those that cancel go."""
    found: dict[Formula, float] = {}
    for term in terms:
        for each in term.terms if isinstance(term, Sum) else (term,):
            coefficient, rest = 1.0, each
            if isinstance(each, Product):
                coefficient = each.coefficient
                rest = times(Product(1.0, each.powers))
            found[rest] = found.get(rest, 0.0) + coefficient
    kept = [times(number(coefficient), rest) for rest, coefficient in found.items() if coefficient]
    return kept[0] if len(kept) == 1 else Sum(kept) if kept else ZERO


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
            raised = [(each, of * by) for each, of in base.powers]
            return times(Product(functions.value("^")(base.coefficient, by), raised))
    return ONE if by == 0 else times(Product(1.0, [(base, by)]))


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
    return _NORMAL[name](*operands) if name in _NORMAL else Call(name, operands)
