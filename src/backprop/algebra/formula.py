"""Formulas that can be calculated with: sums, products and powers of names and calls, and their text.

A product is an exact coefficient times powers of factors, a sum is terms that differ; their order makes no
other formula. `written` makes a text of one that every reader of formulas reads; `normal.py` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import inf, isfinite
from typing import Self

from backprop.algebra.kept import kept_property
from backprop.algebra.polynomial_texts import falls
from backprop.numbers import exact
from backprop.operations import OPERATIONS
from backprop.row import CALL, COMPARISON, POWER, PRODUCT, SUM

LARGEST = 400
"""The most parts of a formula: a longer one nobody reads, and none is made."""

_DEEPEST = 150
"""The most formulas inside one another: what goes through them may recurse."""

_DIGITS = 10**15
"""Whole numbers of more digits are no fractions that a person reads."""

_TOKEN = re.compile(r"[^\W\d]\w*'*|[\d.]+(?:e[+-]?\d+)?|\S")
_OPERATION = re.compile(r"[-+*/^<>=!]=?|[^\W\d]\w*(?=\()|\b(?:and|or|not)\b")


Rational = Fraction | int


class TooLong(Exception):
    """A formula with more than LARGEST parts."""


class Formula:
    """A formula, one of the classes below. key: what makes two of a class equal; parts: what it is
    made of, counted in its size; exponents of 1 are none. Raises TooLong."""

    # no abstract method: isinstance of such a class, called for each pattern, makes `diff` 8 % slower
    bound_text: Callable[[], tuple[str, int]]
    """The text without brackets, and how tightly it holds together. Of each kind of formula its own."""

    def __init__(self, key: object, parts: Sequence[Formula] = ()) -> None:
        self.key = key
        self.parts = tuple(parts)
        self._hash = hash((type(self).__name__, key))
        self.size: int = 1 + sum(part.size for part in parts)
        self.depth: int = 1 + max((part.depth for part in parts), default=0)
        if self.size > LARGEST or self.depth > _DEEPEST:
            raise TooLong

    def __eq__(self, other: object) -> bool:
        return self is other or (
            type(other) is type(self)
            and isinstance(other, Formula)
            and other._hash == self._hash
            and other.key == self.key
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return self.text()

    @kept_property
    def names(self) -> frozenset[str]:
        """The names in it: of a member that of its family too."""
        return frozenset().union(*(part.names for part in self.parts))

    @kept_property
    def cost(self) -> tuple[int, int]:
        """How long it is to read: the tokens of its text, and the operations among them."""
        text = self.text()
        return len(_TOKEN.findall(text)), len(_OPERATION.findall(text))

    @kept_property
    def _bound(self) -> tuple[str, int]:
        return self.bound_text()

    def like(self, key: object, parts: Sequence[Formula]) -> Self:
        """A formula as this one, with others that are as large in the place of its parts."""
        made = object.__new__(type(self))
        made.key, made.parts = key, tuple(parts)
        made._hash = hash((type(self).__name__, key))
        made.size, made.depth = self.size, self.depth
        return made

    @kept_property
    def calls(self) -> frozenset[str]:
        """The names of the operations in it."""
        return frozenset().union(*(part.calls for part in self.parts))

    def text(self, needed: int = 0) -> str:
        """The text, in brackets where it holds together less tightly than `needed`."""
        text, binding = self._bound
        return f"({text})" if binding < needed else text


class Symbol(Formula):
    """A name of the equations, or a constant: its key."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    @kept_property
    def names(self) -> frozenset[str]:
        return frozenset((self.name,))

    def bound_text(self) -> tuple[str, int]:
        return self.name, CALL


class _Base(Symbol):
    """The base of exp."""

    @kept_property
    def names(self) -> frozenset[str]:
        return frozenset()


class Call(Formula):
    """An operation of the table that is neither a sum nor a product nor a power."""

    def __init__(self, name: str, operands: Sequence[Formula]) -> None:
        super().__init__((name, *operands), operands)
        self.name = name
        self.operands = tuple(operands)

    @kept_property
    def calls(self) -> frozenset[str]:
        return super().calls | {self.name}

    def bound_text(self) -> tuple[str, int]:
        row = OPERATIONS[self.name]
        if row.name == "neg":
            return f"-{self.operands[0].text(PRODUCT)}", SUM
        if row.name == "copy":
            return self.operands[0].bound_text()
        if row.binding == CALL:
            operands = _unfolded(self) if row.folds else self.operands
            return f"{self.name}({', '.join(each.text() for each in operands)})", CALL
        if row.arity == 1:
            return f"{self.name} {self.operands[0].text(row.binding)}", row.binding
        left, right = self.operands
        if row.name == "/" and sign_of(left) < 0:  # -y/x, with the sign of the whole
            return f"{left.text(SUM)}/{right.text(PRODUCT + 1)}", SUM
        # A power binds to the right, everything else to the left; comparisons make no chains.
        first = row.name == "^" or row.binding == COMPARISON
        then = row.name != "^"
        sign = row.name if row.binding >= PRODUCT else f" {row.name} "
        sides = left.text(row.binding + first), right.text(row.binding + then)
        return sign.join(sides), row.binding


class Product(Formula):
    """coefficient times powers (base, exponent), by `normal.py`'s rules in normal form; without
    powers a number. decimal: whether the number is written as a decimal and not as a fraction."""

    def __init__(
        self,
        coefficient: Rational,
        powers: Iterable[tuple[Formula, Formula]] = (),
        decimal: bool = False,
    ) -> None:
        self.powers = tuple(powers)
        parts = [
            each
            for base, by in self.powers
            for each in ((base,) if value_of(by) == 1 else (base, by))
        ]
        whole = coefficient.denominator == 1  # int is quicker, and equal
        self.coefficient: Rational = int(coefficient) if whole else coefficient
        super().__init__((self.coefficient, frozenset(self.powers)), parts)
        self.decimal = decimal
        if not _is_double(self.coefficient):
            raise TooLong

    def bound_text(self) -> tuple[str, int]:
        """A fraction on one line."""
        above, below = _number(absolute(self.coefficient), self.decimal, bool(self.powers))
        powers = [(base, by, is_negative(by)) for base, by in _gathered(self.powers)]
        numerator = [above] if above else []
        numerator += [_power(base, by) for base, by, under in powers if not under]
        if powers and _is_kept(*powers[0]):  # x/y/y is (x/y)/y, and a number may stand before it
            numerator[1 if above else 0] = powers[0][0].text(PRODUCT)
        denominator = [below] if below else []
        denominator += [_power(base, _turned(by)) for base, by, under in powers if under]
        text = "*".join(numerator) or "1"
        text = text.replace("*1/", "/", 1) if text.startswith(f"{above}*1/") else text  # 2*1/x
        if denominator:
            bottom = "*".join(denominator)
            text += f"/({bottom})" if len(denominator) > 1 else f"/{bottom}"
        if self.coefficient < 0:
            return f"-{text}", SUM
        if denominator or len(numerator) > 1:
            return text, PRODUCT
        raised = any(by != ONE and base != EULER and by != HALF for base, by, _ in powers)
        return text, POWER if raised else POWER + 1


class Sum(Formula):
    """Terms, none of which is a Sum, in the order in which they are written."""

    def __init__(self, terms: Sequence[Formula]) -> None:
        super().__init__(frozenset(terms), terms)
        self.terms = tuple(terms)

    def bound_text(self) -> tuple[str, int]:
        pieces = [term.text(SUM) for term in self.terms]
        added = (at for at, each in enumerate(self.terms) if sign_of(each) > 0)
        text = pieces.pop(0 if falls(pieces) else next(added, 0))
        for piece in pieces:
            text += f" - {piece[1:]}" if piece[0] == "-" else f" + {piece}"
        return text, SUM


def in_order(found: Formula) -> list[str]:
    """The names in a formula, in the order in which they stand there; members by their families."""
    names = dict[str, None]()
    waiting = [found]
    while waiting:
        part = waiting.pop()
        for each in part.names - frozenset().union(*(each.names for each in part.parts)):
            names[each] = None
        waiting += reversed(part.parts)
    return [each for each in names if each in found.names]


def absolute(number: Rational) -> Rational:
    return -number if number < 0 else number


def sign_of(found: Formula) -> int:
    """The sign with which a formula is written: -1 for `-2*x`."""
    if isinstance(found, Call) and found.name == "/":
        return sign_of(found.operands[0])
    return -1 if isinstance(found, Product) and found.coefficient < 0 else 1


def is_number(found: Formula) -> bool:
    return isinstance(found, Product) and not found.powers


def value_of(found: Formula) -> Rational | None:
    """The number that a formula is; None of others."""
    return found.coefficient if isinstance(found, Product) and not found.powers else None


def is_negative(exponent: Formula) -> bool:
    """Whether a power with this exponent stands below the line: of numbers those below 0."""
    number = value_of(exponent)
    return number is not None and number < 0


def _turned(exponent: Formula) -> Formula:
    return (
        Product(-exponent.coefficient, (), exponent.decimal)
        if isinstance(exponent, Product)
        else exponent
    )


def _gathered(powers: Sequence[tuple[Formula, Formula]]) -> list[tuple[Formula, Formula]]:
    """Powers with the square roots of constants as one: `sqrt(2*pi)`."""
    for half in (HALF, MINUS_HALF):
        roots = [at for at, (base, by) in enumerate(powers) if by == half and is_constant(base)]
        if len(roots) > 1:
            coefficient: Rational = 1
            factors: list[tuple[Formula, Formula]] = []
            for base in (powers[at][0] for at in roots):
                if isinstance(base, Product):
                    coefficient *= base.coefficient
                    factors += base.powers
                else:
                    factors.append((base, ONE))
            inside = Product(coefficient, factors)
            rest = [each for at, each in enumerate(powers) if at not in roots[1:]]
            powers = [(inside, half) if each is powers[roots[0]] else each for each in rest]
    return [*powers]


def is_constant(found: Formula) -> bool:
    """Whether a formula is a number, pi, or the two multiplied."""
    if isinstance(found, Product):
        return all(base == PI and by == ONE for base, by in found.powers)
    return found == PI


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


def _is_kept(base: Formula, by: Formula, under: bool) -> bool:
    """Whether a factor is a value that is kept out of the normal form."""
    return isinstance(base, Call) and base.name == "copy" and by == ONE and not under


def _power(base: Formula, by: Formula) -> str:
    if base == EULER:
        return f"exp({by.text()})"
    if by == ONE:
        return base.text(PRODUCT + 1)
    if by == HALF:
        return f"sqrt({base.text()})"
    return f"{base.text(POWER + 1)}^{by.text(POWER + 1)}"


def _number(size: Rational, decimal: bool, factors: bool) -> tuple[str, str]:
    """What a coefficient that is not negative writes above the line and below it: `2` and `3` of 2/3;
    "" for 1. factors: whether others follow."""
    above, below = size.numerator, size.denominator
    if below == 1:
        if above == 1 and factors:
            return "", ""
        return _whole(above), ""
    plain = above == 1 and factors and (below == 2 or not decimal) and below <= 10**6
    if (
        not plain
        and (decimal or max(above, below) >= _DIGITS)
        and (_terminates(below) or max(above, below) >= _DIGITS)
    ):
        return _decimal(size), ""
    return ("" if above == 1 and factors else str(above)), str(below)


def _whole(number: int) -> str:
    return str(number) if number < _DIGITS else _decimal(Fraction(number))


def _decimal(number: Rational) -> str:
    return exact(float(number)).replace("e+", "e").replace("e-0", "e-")


def _is_double(number: Rational) -> bool:
    """Whether a double is next to a number, and not 0 or infinity."""
    if isinstance(number, int) and -_DIGITS < number < _DIGITS:
        return True
    bits = number.numerator.bit_length() - number.denominator.bit_length()
    return abs(bits) < 1000 or not number or (bits < 1030 and _beside(number) not in (0, inf))


def _beside(number: Rational) -> float:
    try:
        return abs(float(number))
    except OverflowError:
        return inf


def _terminates(below: int) -> bool:
    """Whether a fraction with this denominator has a decimal that ends."""
    for each in (2, 5):
        while below % each == 0:
            below //= each
    return below == 1


def written(found: Formula | None, longest: float = inf) -> str:
    """The formula as a text in the equation language; none of one that is longer."""
    text = "" if found is None else found.text()
    return text if len(text) <= longest else ""


def number(value: float) -> Formula:
    """A number as a formula, exactly as its text says: 0.1 is a tenth."""
    if not isfinite(value):
        return (
            Symbol("inf" if value == inf else "nan")
            if value != -inf
            else Product(-1, [(Symbol("inf"), ONE)])
        )
    if value == int(value):
        return Product(Fraction(int(value)))
    for below in (3, 6, 7, 9):  # ⅓, which has no decimals
        found = Fraction(round(value * below), below)
        if found.denominator == below and abs(found) < 1 and float(found) == value:
            return Product(found)
    return Product(Fraction(exact(value)), (), True)


ZERO, ONE, MINUS = Product(0), Product(1), Product(-1)
HALF, MINUS_HALF = Product(Fraction(1, 2)), Product(Fraction(-1, 2))
EULER, PI = _Base("e^"), Symbol("pi")
"""The base of exp, which is no name of the language, and the circle's pi."""
