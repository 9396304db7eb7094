"""The chain rule on formulas: the derivative of a formula by one of its names, from the table's slopes.

It goes forward, from the names to the formula, so that the factors of a product and the terms of a sum
keep their order: `2*x*sin(x) + x^2*cos(x)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop.algebra.formula import (
    EULER,
    HALF,
    MINUS,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Sum,
    Symbol,
    TooLong,
    is_negative,
    number,
    sign_of,
    value_of,
)
from backprop.algebra.indexed import MemberFormula
from backprop.algebra.multiplied import with_square
from backprop.algebra.normal import choice, operation, plus, power, times
from backprop.algebra.ordering import in_order_of
from backprop.algebra.textbooks import as_squares, keep_given, with_ratios
from backprop.algebra.tidy import Simplified, simplified
from backprop.operations import OPERATIONS
from backprop.row import Operation
from backprop.symbolic.far_out import can_be_lost, furthest, held, losses
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula

NO_NAMES: Mapping[Formula, Symbol] = {}


class Chain:
    """Derivatives of formulas by a name.

    textbook: slopes as textbooks write them, which may cancel far out. named: what has a name, and so
    stands by it in its own slopes, `1 - h^2` of h = tanh(z). far: formulas that have values as far out as
    the chain rule itself. held: as the chain rule itself has them.
    """

    def __init__(
        self,
        by: str,
        textbook: bool = False,
        named: Mapping[Formula, Symbol] = NO_NAMES,
        far: bool = False,
        held: bool = False,
    ) -> None:
        self._by = by
        self._textbook = textbook
        self._named = named
        self._far = far
        self._held = held
        self.is_lost = False
        """Whether a textbook's formula has no value somewhere far out where the chain rule has one."""
        self._known: dict[Formula, Formula] = {}
        self._simple: Simplified = {}

    def derivative(self, found: Formula, literal: Formula | None = None) -> Formula:
        """The derivative, simplified. literal: the formula as it is computed, where that is another one.
        Raises TooLong."""
        keep_given(found, self._simple)
        made = with_ratios(simplified(self._of(found), self._simple), found)
        made = in_order_of(found, made)
        if self._textbook:
            made = as_squares(made)
        if not self._far or not (literal or can_be_lost(made)):
            return made
        try:
            chain = Chain(self._by, self._textbook, self._named, held=True)
            itself = chain.derivative(literal or found)
            if self._textbook:
                self.is_lost = self.is_lost or losses(made, itself) > 0
                return made
            other = Chain(self._by, named=self._named).derivative(literal) if literal else made
            return furthest(made, itself, other)
        except TooLong:
            return made

    def _of(self, found: Formula) -> Formula:
        if self._by not in found.names:
            return ZERO
        if found not in self._known:
            self._known[found] = self._made(found)
        return self._known[found]

    def _made(self, found: Formula) -> Formula:
        if isinstance(found, Symbol):
            return ONE
        if isinstance(found, Sum):
            return plus(*map(self._of, found.terms))
        if isinstance(found, Call):
            if OPERATIONS[found.name].chooses:
                condition, *branches = found.operands
                return choice(condition, *map(self._of, branches))
            return self._through(found.name, found.operands, found)
        assert isinstance(found, Product)
        return self._of_product(found)

    def _of_product(self, found: Product) -> Formula:
        front = Product(found.coefficient, (), found.decimal)
        powers = [power(base, by) for base, by in found.powers]
        moves = [self._by in each.names for each in powers]
        under = [at for at, (_, by) in enumerate(found.powers) if moves[at] and is_negative(by)]
        terms = []
        for at, moving in enumerate(moves):
            if moving:
                if self._held and at in under:
                    base, by = found.powers[at]
                    light, heavy = _parted(self._of(base))
                    whole = held(
                        times(MINUS, by, found) if sign_of(found) > 0 else times(by, found)
                    )
                    sign = MINUS if sign_of(found) > 0 else ONE
                    terms.append(times(sign, light, whole, power(base, MINUS), heavy))
                    continue
                inner = self._of_power(*found.powers[at])
                others = powers[:at], powers[at + 1 :]
                named = isinstance(found.powers[at][0], Symbol | MemberFormula)
                if at in under and not named:  # x*(a*x + b)/(c*x + d)^2: the inside is not last
                    light, heavy = _parted(inner)
                    terms.append(times(front, light, *others[0], *others[1], heavy))
                else:
                    light, heavy = _parted(inner)
                    at = 1 + max(
                        (i for i, each in enumerate(others[0]) if _is_name(each)), default=-1
                    )
                    before = *others[0][:at], light, *others[0][at:]  # a*t*exp(-t)*cos(w*t)
                    terms.append(times(front, *before, heavy, *others[1]))
        whole = plus(*terms)
        if len(under) == 1 and sum(moves) > 1 and not self._held:
            return self._shorter_quotient(found, under[0], whole)
        return whole

    def _shorter_quotient(self, found: Product, under: int, whole: Formula) -> Formula:
        """The quotient rule, one line over all, where that is shorter than a term for each."""
        base, by = found.powers[under]
        above = times(
            Product(found.coefficient, (), found.decimal),
            *(power(*each) for at, each in enumerate(found.powers) if at != under),
        )
        light, heavy = _parted(self._of(base))
        top = plus(times(self._of(above), base), times(by, light, above, heavy))
        top = with_square(simplified(top, self._simple))
        if not isinstance(base, Symbol) and _has_factor(top, base):
            return whole  # a line over cosh(x)^4 with cosh(x)^2 above it overflows early
        quotient = times(top, power(base, plus(by, Product(-1))))
        one, other = simplified(quotient, self._simple), simplified(whole, self._simple)
        if one == other:
            return other
        return one if one.cost < other.cost else whole

    def _of_power(self, base: Formula, by: Formula) -> Formula:
        if by == ONE:
            return self._of(base)
        whole = power(base, by)
        if base == EULER:
            return self._through("exp", [by], whole)
        if by == HALF:
            return self._through("sqrt", [base], whole)
        return self._through("^", [base, by], whole)

    def _through(self, name: str, operands: Sequence[Formula], out: Formula) -> Formula:
        """The sum over the operands of an operation of its slope times what is inside."""
        row = OPERATIONS[name]
        own = self._named.get(out, out)
        if name == "^":  # a power is joined with others, where that loses no digits
            moving = value_of(operands[1]) is None and value_of(operands[0]) is None
            careful = not self._textbook and moving
            own = Call("copy", [out]) if careful else out
        known = dict(zip(row.operands, operands, strict=True), out=own)
        if self._held:
            known = {each: held(value, sums=True) for each, value in known.items()}
        terms = []
        for text, operand in zip(self._texts(row), operands, strict=True):
            if self._by in operand.names:
                light, heavy = _parted(self._of(operand))
                terms.append(times(light, _slope(text, known), heavy))
        return plus(*terms)

    def _texts(self, row: Operation) -> Sequence[str]:
        return row.for_people(self._textbook)


def _parted(found: Formula) -> tuple[Formula, Formula]:
    """A derivative of what is inside: a number and names, which stand in front, and the rest."""
    if not isinstance(found, Product):
        return (found, ONE) if isinstance(found, Symbol | MemberFormula) else (ONE, found)
    light = [
        each
        for each in found.powers
        if isinstance(each[0], Symbol | MemberFormula) and each[0] != EULER
    ]
    heavy = [each for each in found.powers if each not in light]
    return times(Product(found.coefficient, light, found.decimal)), times(Product(1, heavy))


def _is_name(found: Formula) -> bool:
    """Whether a factor is a name or a power of one."""
    if isinstance(found, Product) and len(found.powers) == 1:
        found = found.powers[0][0]
    return isinstance(found, Symbol | MemberFormula) and found != EULER


def _has_factor(found: Formula, base: Formula) -> bool:
    """Whether a power of a formula is a factor of a sum's terms."""
    for term in found.terms if isinstance(found, Sum) else (found,):
        factors = [each for each, _ in term.powers] if isinstance(term, Product) else [term]
        if base in factors:
            return True
    return False


def _slope(text: str, known: Mapping[str, Formula]) -> Formula:
    """A slope of the table with formulas in the place of its operands. The table's own 0.5 is 1/2."""

    def name(word: str) -> Formula:
        return known.get(word) or Symbol(word)

    def exactly(word: str) -> Formula:
        found = number(float(word))
        return Product(found.coefficient) if isinstance(found, Product) and len(word) < 5 else found

    return fold(formula(text), exactly, name, operation)
