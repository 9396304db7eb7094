"""The formulas of the table of operations as Python functions.

Values and slopes stand in the table as text in the equation language. Here the text becomes Python
source, once for each operation that a graph really has. Every step of it is a total function of
`numerics`: an evaluation never raises.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import inf, nan
from types import MappingProxyType
from typing import Any

from backprop.operations import CONSTANTS, OPERATIONS
from backprop.syntax.fold import fold
from backprop.syntax.parser import Statement, formula

Function = Callable[..., float]

CONSTANT_NAMES: Mapping[str, str] = MappingProxyType(
    {name: repr(number) for name, number in CONSTANTS.items()}
)
"""What stands for the names of constants."""

_NEVER_RAISE = (operator.add, operator.sub, operator.mul)
"""Operations that are Python's own operators on floats: written as such, without a call."""


@cache
def value(name: str) -> Function:
    """The value of the operation `name` as a function of its operands."""
    row = OPERATIONS[name]
    if isinstance(row.value, str):
        return compiled(row.value, row.operands)
    return row.value


@cache
def slopes(name: str) -> tuple[Function, ...]:
    """The partial derivatives of `name`, each a function of the operands and, last, the value."""
    row = OPERATIONS[name]
    return tuple(compiled(text, (*row.operands, "out")) for text in row.slopes)


def compiled(text: str, parameters: tuple[str, ...]) -> Function:
    """A formula as a Python function of its names, in this order."""
    scope: dict[str, Any] = {"inf": inf, "nan": nan}
    code = python(formula(text), scope)
    function: Function = eval(f"lambda {', '.join(parameters)}: {code}", scope)
    return function


def python(
    statement: Statement, scope: dict[str, Any], names: Mapping[str, str] = CONSTANT_NAMES
) -> str:
    """The right side of a statement as Python source.

    names: what stands for a name of the formula, where that is not the name itself. The functions
    that the source calls are put into `scope`.
    """
    return fold(
        statement,
        number=lambda text: repr(float(text)),
        name=lambda name: names.get(name, name),
        apply=lambda name, operands: call(name, operands, scope),
    )


def call(name: str, operands: Sequence[str], scope: dict[str, Any]) -> str:
    """The value of the operation `name` as Python source; what it calls is put into `scope`."""
    if name == "if":  # Python's own choice, which computes only the branch that it takes
        condition, taken, other = operands
        return f"({taken} if {condition} else {other})"
    if OPERATIONS[name].value in _NEVER_RAISE:
        return f"({operands[0]} {name} {operands[1]})"
    function = f"f{list(OPERATIONS).index(name)}"
    scope[function] = value(name)
    return f"{function}({', '.join(operands)})"
