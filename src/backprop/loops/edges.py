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


def condition(name: str, still: Sequence[bool]) -> str:
    """The condition, as text in the language, under which an operation stands on a border; "" if it
    never does. still: which operands do not move, or are true or false."""
    row = OPERATIONS[name]
    if row.binding == COMPARISON:
        return "" if all(still) else "{} == {}".format(*row.operands)
    if row.chooses or row.binding in (OR, AND, NOT):
        asked = row.operands[:1] if row.chooses else row.operands
        moving = [each for each, stays in zip(asked, still, strict=False) if not stays]
        return " or ".join(f"{each} == 0" for each in moving)
    return "" if all(still) else row.corner or row.jump


def met(name: str, operands: Sequence[Spread], still: Sequence[bool]) -> Any:
    """For which combinations an operation stands on a border. still: as of `condition`."""
    text = condition(name, still)
    if not text:
        return False
    names = dict(zip(OPERATIONS[name].operands, operands, strict=True))
    return numpy.not_equal(ArrayWriter().text(text, names), 0)
