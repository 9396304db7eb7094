"""What of an operation is known before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import TypeVar

from backprop.chain.walk import Operand
from backprop.numerics import is_exact
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.row import COMPARISON
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
        found = float(functions.value(name)(*numbers))
        return found if _is_exact(name, numbers, found) else None
    if row.chooses and isinstance(operands[0], float):
        return operands[1] if operands[0] else operands[2]
    for operand, number, text in row.special:
        if operands[row.operands.index(operand)] == number and text in row.operands:
            return operands[row.operands.index(text)]
    return None


def constant(name: str, value: Callable[[str, Sequence[Operand[T]]], Operand[T]]) -> Operand[T]:
    """What a constant of the table's formulas is in graphs: the circle's pi, which no double is, a step."""
    return value("acos", [-1.0]) if name == "pi" else CONSTANTS[name]


_EXACT = {row.name for row in OPERATIONS.values() if row.binding == COMPARISON or row.says} | {
    *(
        "neg",
        "copy",
        "not",
        "abs",
        "sign",
        "floor",
        "ceil",
        "round",
        "min",
        "max",
        "pivot",
        "relu",
        "mod",
        "clamp",
    )
}
"""Operations whose value is never rounded."""

_PLAIN = {0.0, 0.5, 1.0}
"""Functions of 0 and 1 that are one of these are these: exp(0), log(1), sigmoid(0)."""


def _is_exact(name: str, numbers: Sequence[float], found: float) -> bool:
    """Whether the value of an operation of numbers is none of rounding, which would stay where everything
    else goes away: `log2(x)/log(x)` has no slope only if 1/log(2) is as much in one as in the other."""
    if name in _EXACT or not isfinite(found):
        return True
    match name, numbers:
        case "+", (x, y):
            return is_exact(x, 1.0, y)
        case "-", (x, y):
            return is_exact(x, -1.0, y)
        case "*", (x, y):
            return is_exact(0.0, x, y)
        case "/", (x, y):
            return is_exact(-x, found, y) and found * y == x
        case "^", (x, y):
            return y == 2.0 and is_exact(0.0, x, x)
    return found in _PLAIN and {*numbers} <= {0.0, 1.0}
