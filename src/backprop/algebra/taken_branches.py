"""Choices inside a choice on the same condition, which that has decided: `if(x > 0, 2*x, 1)` for
`if(x > 0, if(x > 0, x, 1) + x, 1)`."""

from __future__ import annotations

from backprop.algebra.formula import Call, Formula
from backprop.algebra.from_text import rebuilt
from backprop.algebra.indexed import GatherFormula
from backprop.algebra.normal import choice


def with_branches_taken(found: Formula) -> Formula:
    """A choice whose branches have none on its own condition."""
    if not isinstance(found, Call) or found.name != "if":
        return found
    condition, *branches = found.operands
    if not any("if" in each.calls for each in branches):
        return found
    return choice(condition, *(_taken(each, condition, at) for at, each in enumerate(branches)))


def _taken(found: Formula, condition: Formula, at: int) -> Formula:
    """A formula where a condition is known: the branch with that number is taken."""
    if "if" not in found.calls:
        return found
    if isinstance(found, Call) and found.name == "if" and found.operands[0] == condition:
        return _taken(found.operands[1 + at], condition, at)
    if isinstance(found, GatherFormula) and found.bound & condition.names:
        return found  # its index is another one than that of the condition
    return rebuilt(found, lambda part: _taken(part, condition, at))
