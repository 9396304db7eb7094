"""Formulas that do not overflow before their value does: `(1/cosh(x))^2` for `1/cosh(x)^2`."""

from __future__ import annotations

from fractions import Fraction

from backprop.algebra.formula import ONE, Call, Formula, Product, Sum, value_of
from backprop.algebra.indexed import GatherFormula
from backprop.algebra.normal import power
from backprop.operations import OPERATIONS


def careful(found: Formula) -> Formula:
    """A formula with such powers below the line as one division after the other. Raises TooLong."""
    if isinstance(found, Sum):
        return Sum([careful(term) for term in found.terms])
    if isinstance(found, Call):
        return Call(found.name, [careful(each) for each in found.operands])
    if isinstance(found, GatherFormula):
        return GatherFormula(found.name, careful(found.body), found.clauses, found.condition)
    if not isinstance(found, Product) or not found.powers:
        return found
    kept, below = list[tuple[Formula, Formula]](), list[Formula]()
    for base, by in found.powers:
        exponent = value_of(by)
        square = OPERATIONS[base.name].square if isinstance(base, Call) else ""
        if square and exponent is not None and exponent < -1:
            whole = -int(exponent) if exponent.denominator == 1 else 0
            if square == "large" and whole:
                kept.append((Call("/", [ONE, careful(base)]), Product(whole)))
                continue
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
