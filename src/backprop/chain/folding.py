"""What of an operation is known before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from backprop.chain.walk import Operand
from backprop.numerics import is_exact
from backprop.operations import OPERATIONS
from backprop.syntax import functions

T = TypeVar("T")


def known(name: str, operands: Sequence[Operand[T]]) -> Operand[T] | None:
    """The value of an operation of numbers alone, the branch of a choice whose condition is a number, and an
    operand that is the value, as of `x^1`; None of others.

        >>> known("+", [1.0, 2.0]), known("if", [0.0, "x", "y"]), known("+", [1.0, "x"])
        (3.0, 'y', None)
        >>> known("^", ["x", 1.0])
        'x'
    """
    row = OPERATIONS[name]
    numbers = [each for each in operands if isinstance(each, float)]
    if len(numbers) == len(operands):
        return float(functions.value(name)(*numbers)) if _is_exact(name, *numbers) else None
    if row.chooses and isinstance(operands[0], float):
        return operands[1] if operands[0] else operands[2]
    for operand, number, text in row.special:
        if operands[row.operands.index(operand)] == number and text in row.operands:
            return operands[row.operands.index(text)]
    return None


def _is_exact(name: str, *numbers: float) -> bool:
    """Whether a sum or product of numbers is none of rounding: where large terms go away, what is left may be
    made of the last digits of factors. What else is of numbers alone counts as a number of the equations.
    """
    match name:
        case "+":
            return is_exact(numbers[0], 1.0, numbers[1])
        case "-":
            return is_exact(numbers[0], -1.0, numbers[1])
        case "*":
            return is_exact(0.0, *numbers)
    return True
