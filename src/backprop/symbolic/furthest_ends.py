"""How far linear formulas of indices reach, by the ends of ranges that depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

from backprop.algebra.formula import Formula, Sum, Symbol
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import RangeFormula
from backprop.algebra.normal import split


def furthest(found: Formula, clauses: Sequence[RangeFormula], way: int) -> Formula | None:
    """What a formula is at least (-1) or at most (1): of each range, from the last on, one end is put in.
    None of those that are not linear in an index."""
    for clause in reversed(clauses):
        terms = found.terms if isinstance(found, Sum) else (found,)
        own = [split(each) for each in terms if clause.name in each.names]
        if not own:
            continue
        is_linear = len(own) == 1 and own[0][2] == Symbol(clause.name)
        if not is_linear or clause.listed or len(clause.items) != 2:
            return None
        found = substituted(found, {clause.name: clause.items[own[0][0] * way > 0]})
    return found
