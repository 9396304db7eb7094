"""Where a step stands on a border: of a choice, at a tie, at a corner or a jump."""

from collections.abc import Sequence
from typing import Any

import numpy

from backprop.loops.arrays import ArrayWriter, Spread
from backprop.operations import OPERATIONS
from backprop.row import AND, COMPARISON, NOT, OR, is_truth


def has_some(name: str) -> bool:
    """Whether an operation has borders."""
    row = OPERATIONS[name]
    return bool(is_truth(row) or row.chooses or row.corner or row.jump)


def met(name: str, operands: Sequence[Spread], still: Sequence[bool]) -> Any:
    """For which combinations an operation stands on a border. still: which operands do not move, or
    are true or false."""
    row = OPERATIONS[name]
    if row.binding == COMPARISON:
        return not all(still) and numpy.equal(operands[0], operands[1])
    if row.chooses or row.binding in (OR, AND, NOT):
        asked = operands[:1] if row.chooses else operands
        moving = [each for each, stays in zip(asked, still, strict=False) if not stays]
        found: Any = False
        for each in moving:
            found = found | numpy.equal(each, 0)
        return found
    text = row.corner or row.jump
    if not text or all(still):
        return False
    names = dict(zip(row.operands, operands, strict=True))
    return numpy.not_equal(ArrayWriter().text(text, names), 0)
