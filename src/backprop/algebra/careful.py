"""Formulas that do not overflow before their value does: `1/cosh(x)/cosh(x)` for `1/cosh(x)^2`."""

from __future__ import annotations

from fractions import Fraction

from backprop.algebra.formula import Call, Formula, Product, Sum, value_of
from backprop.algebra.normal import power

_LARGE = frozenset({"cosh", "sinh", "hypot"})
"""Functions whose squares are beyond doubles where what they stand in is not; `hypot` also below."""


def careful(found: Formula) -> Formula:
    """A formula with such powers below the line as one division after the other. Raises TooLong."""
    if isinstance(found, Sum):
        return Sum([careful(term) for term in found.terms])
    if isinstance(found, Call):
        return Call(found.name, [careful(each) for each in found.operands])
    if not isinstance(found, Product) or not found.powers:
        return found
    kept, below = list[tuple[Formula, Formula]](), list[Formula]()
    for base, by in found.powers:
        exponent = value_of(by)
        if (
            isinstance(base, Call)
            and base.name in _LARGE
            and exponent is not None
            and exponent < -1
        ):
            whole = -int(exponent) if exponent.denominator == 1 else 0
            below += [careful(base)] * whole
            rest = exponent + whole
            kept += [(careful(base), Product(rest))] if rest else []
        else:
            kept.append((careful(base), careful(by)))
    made: Formula = Product(found.coefficient, kept, found.decimal)
    if len(kept) == 1 and kept[0][1] == Product(1) and found.coefficient == Fraction(1):
        made = power(*kept[0])
    for each in below:
        made = Call("/", [made, each])
    return made
