"""Formulas as Python functions: the values and slopes of the table of operations, and any other.

A formula is a text in the equation language; it becomes Python source, which is compiled when it is
first asked for. Every step of it is a function of `numerics`, which never raises: where there is no
value, the result is nan or inf.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from itertools import product
from math import inf, isfinite, nan
from sys import float_info
from types import MappingProxyType
from typing import Any

from backprop.operations import CONSTANTS, EQUALITIES, FUNCTIONS, OPERATIONS
from backprop.row import COMPARISON
from backprop.syntax.fold import fold
from backprop.syntax.parser import Statement, formula

Function = Callable[..., float]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_CONSTANTS = {name: repr(number) for name, number in CONSTANTS.items()}
TINY = float_info.min
"""Below the smallest normal double a number has lost digits, or is 0."""

LOST = 64 * 5e-324
"""What such a number is off by, at most: it is rounded to a multiple of 5e-324 (IEEE 754-2019, 3.4 and
7.5), and functions may be off by some of these."""

_NEVER_RAISE = (operator.add, operator.sub, operator.mul)
"""Python's own operators on floats that give a value for all: written as such, without a call."""


@cache
def value(name: str) -> Function:
    """The function of the operands that gives the value of the operation `name`."""
    row = OPERATIONS[name]
    if isinstance(row.value, str):
        return compiled(row.value, row.operands)
    return row.value


@cache
def slopes(name: str) -> tuple[Function, ...]:
    """The functions that give the slopes of the operation `name`, one for each operand. Each takes
    all operands and, last, the value."""
    row = OPERATIONS[name]
    return tuple(compiled(text, (*row.operands, "out")) for text in row.slopes)


@cache
def branches(name: str) -> tuple[Function, ...]:
    """The conditions in the slopes of the operation `name` that choose between branches, as x > 0
    in those of relu: functions of all operands and, last, the value. Not those of single points."""
    row, scope = OPERATIONS[name], dict[str, Any]({"inf": inf, "nan": nan})
    found: dict[str, None] = {}

    def apply(name: str, parts: list[tuple[str, bool]]) -> tuple[str, bool]:
        """Its code, and whether there is an equality in it."""
        codes, equal = zip(*parts, strict=True)
        if name == "if" and not equal[0]:
            found[codes[0]] = None
        return call(name, codes, scope), name in EQUALITIES or any(equal)

    for text in row.slopes:
        fold(
            formula(text),
            lambda text: (repr(float(text)), False),
            lambda name: (name, False),
            apply,
        )
    parameters = ", ".join((*row.operands, "out"))
    return tuple(eval(f"lambda {parameters}: {code}", scope) for code in found)


@cache
def sure_slopes(name: str) -> tuple[Function, ...]:
    """The slopes of the operation `name`, but nan where one is too small for a double, and has lost
    digits or all of them."""
    lossy = can_be_lost(name)
    return tuple(
        _sure(each) if lost else each for each, lost in zip(slopes(name), lossy, strict=True)
    )


def _sure(slope: Function) -> Function:
    def sure(*numbers: float) -> float:
        found = slope(*numbers)
        return nan if -TINY < found < TINY and (found or all(numbers)) else found

    return sure


@cache
def can_be_lost(name: str) -> tuple[bool, ...]:
    """For each slope of the operation, whether it can be too small for a double where neither the
    operands nor the value are: whether it multiplies, divides, or takes a power or an exponential,
    and not only in a condition, or in what jumps."""

    def apply(name: str, parts: list[bool]) -> bool:
        if OPERATIONS[name].chooses:
            return any(parts[1:])
        return has_slopes(name) and (can_vanish(name) or any(parts))

    return _of_slopes(name, apply)


@cache
def constant_slopes(name: str) -> tuple[float, ...]:
    """The slopes of an operation where they are the same everywhere, as those of a sum; () if they
    are not, or all 0."""
    texts = OPERATIONS[name].slopes
    return (
        tuple(map(float, texts)) if {"1", "-1"} & {*texts} and {*texts} <= {"0", "1", "-1"} else ()
    )


@cache
def sizes(name: str) -> tuple[Function, ...]:
    """The absolute values of these slopes; 0 where one is not finite."""
    return tuple(map(_size, slopes(name)))


def _size(slope: Function) -> Function:
    def size(*numbers: float) -> float:
        found = abs(slope(*numbers))
        return found if isfinite(found) else 0.0

    return size


@cache
def can_be_steep(name: str) -> bool:
    """Whether a slope of the operation can be infinite, or have no value, where its value is
    finite: where something in it has no value everywhere."""

    def apply(name: str, parts: list[bool]) -> bool:
        return bool(OPERATIONS[name].domain) or any(parts)

    return any(_of_slopes(name, apply))


def _of_slopes(name: str, apply: Callable[[str, list[bool]], bool]) -> tuple[bool, ...]:
    """Whether something is so of each slope of the operation. apply: whether it is of an operation,
    given whether it is of what that is made of; of numbers and names it is not."""
    return tuple(
        fold(formula(text), lambda number: False, lambda name: False, apply)
        for text in OPERATIONS[name].slopes
    )


@cache
def can_vanish(name: str) -> bool:
    """Whether the value of the operation can lose digits, or all of them, because it is too small for
    a double: a sum and a remainder cannot, nor what gives an operand back, or a 0 of its own."""
    row = OPERATIONS[name]
    if row.unrounded or row.says or not has_slopes(name):
        return False
    small = (1e-310, -1e-310, 2.0, -2.0)
    for at in product(small, repeat=row.arity):
        if 0 < abs(value(name)(*at)) < TINY and abs(value(name)(*at)) not in map(abs, at):
            return True
    numbers = () if row.corner else (800.0, -1e4, 1e-200, 1e200, 0.5)
    return any(value(name)(*at) == 0 for at in product(numbers, repeat=row.arity))


@cache
def has_slopes(name: str) -> bool:
    """Whether a slope of the operation can be other than 0: not of a comparison, or of what jumps."""
    return set(OPERATIONS[name].slopes) != {"0"}


@cache
def rounds_always(name: str) -> bool:
    """Whether the value of the operation is rounded even where it and the operands are whole, as far as
    is known: of a function, but for one that jumps or has a corner, as min(2, 3)."""
    row = OPERATIONS[name]
    return name in FUNCTIONS and not (row.jump or row.corner)


@cache
def slopes_stay_finite(name: str, known: tuple[float | None, ...] = ()) -> bool:
    """Whether the slopes of the operation are finite wherever its value is, as far as its corners, its
    samples and some odd numbers tell. known: of each operand its number, if that is always the same."""
    row = OPERATIONS[name]
    held = known or (None,) * row.arity
    odd = (0.0, 1.0, -1.0, 0.5, -2.0, 30.0, -700.0, 5e-324, -1e-300, 1e200, -1e200)
    points = {*row.samples, *(at for at, _ in row.corners), *product(odd, repeat=row.arity)}
    for point in points:
        at = [x if number is None else number for x, number in zip(point, held, strict=True)]
        found = value(name)(*at)
        moving = zip(slopes(name), held, strict=True) if isfinite(found) else ()
        if not all(isfinite(each(*at, found)) for each, number in moving if number is None):
            return False
    return True


@cache
def gives_back(name: str) -> bool:
    """Whether the value of the operation is always an operand, as that of max is, or one with the
    other sign, or 0: nothing is rounded."""
    numbers = (-1.37, -0.41, 0.0, 0.29, 0.73, 2.19)
    points = product(numbers, repeat=OPERATIONS[name].arity)
    found = {at: abs(value(name)(*at)) for at in points} if has_slopes(name) else {}
    kept = (each in (0, *map(abs, at)) for at, each in found.items() if each == each)
    return bool(found) and all(kept)


def kinks(name: str, operands: Sequence[float]) -> list[str]:
    """What an operation has at these numbers: `corner`, `jump`, mostly nothing."""
    return [kind for kind, condition in _conditions(name) if condition(*operands)]


@cache
def _conditions(name: str) -> list[tuple[str, Function]]:
    row = OPERATIONS[name]
    kinds = (("corner", row.corner), ("jump", row.jump))
    return [(kind, compiled(text, row.operands)) for kind, text in kinds if text]


def evaluated(statement: Statement, numbers: Mapping[str, float]) -> float:
    """The number of a formula, or of the right side of an equation, given those of its names."""
    known = {**CONSTANTS, **numbers}

    def apply(name: str, parts: list[float]) -> float:
        return reduce(value(name), parts) if OPERATIONS[name].folds else value(name)(*parts)

    return fold(statement, float, known.__getitem__, apply)


def compiled(
    text: str, parameters: tuple[str, ...], numbers: Mapping[str, float] = _NOTHING
) -> Function:
    """The formula `text` as a function of the names in `parameters`, in that order. numbers: those
    of the other names."""
    scope: dict[str, Any] = {"inf": inf, "nan": nan}
    code = python(formula(text), scope, written(numbers))
    function: Function = eval(f"lambda {', '.join(parameters)}: {code}", scope)
    return function


def python(statement: Statement, scope: dict[str, Any], names: Mapping[str, str] = _NOTHING) -> str:
    """The right side of a statement as Python source, an expression.

    scope: takes the functions that the source calls, under the names by which it calls them. names:
    what is written for a name of the formula, where that is neither a constant nor the name itself.
    """

    def apply(name: str, operands: Sequence[str]) -> str:
        if OPERATIONS[name].folds:
            return reduce(lambda one, other: call(name, (one, other), scope), operands)
        return call(name, operands, scope)

    return fold(
        statement,
        number=lambda text: repr(float(text)),
        name=lambda name: names.get(name) or _CONSTANTS.get(name, name),
        apply=apply,
    )


def written(numbers: Mapping[str, float]) -> dict[str, str]:
    """Numbers as Python writes them."""
    return {name: repr(float(number)) for name, number in numbers.items()}


def call(name: str, operands: Sequence[str], scope: dict[str, Any]) -> str:
    """The value of the operation `name` as Python source; what it calls is put into `scope`."""
    row = OPERATIONS[name]
    if row.chooses:  # Python's own choice, which computes only the branch that it takes
        condition, taken, other = operands
        return f"({taken} if {condition} else {other})"
    if row.value in _NEVER_RAISE:
        return f"({operands[0]} {name} {operands[1]})"
    if row.binding == COMPARISON:
        return f"(1.0 if {operands[0]} {name} {operands[1]} else 0.0)"
    if name == "neg":
        return f"(-{operands[0]})"
    function = f"f{list(OPERATIONS).index(name)}"
    scope[function] = value(name)
    return f"{function}({', '.join(operands)})"
