"""Derivatives as formulas that people read: `2*a*x + b`, where the interpreter has the number 7.

`partials` takes an equation at a point and gives, for each name that it uses, the formula of the
derivative by it: the chain rule, with the slopes of the table. Of an `if`, in the equation or in a
slope, only the branch taken at that point is written.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

from backprop.engine.equations import steps_of
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.syntax import functions
from backprop.syntax.algebra import (
    ONE,
    ZERO,
    Call,
    Formula,
    Symbol,
    TooLong,
    number,
    operation,
    plus,
    times,
)
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula
from backprop.values import NUMBER, Value

_Pair = tuple[Formula | None, float]
"""A formula, None if it is too long, and its number."""


def partials(
    value: Value, names: Mapping[Value, str], taken: Container[str] = ()
) -> dict[Value, Formula | None]:
    """The derivatives of an equation by each Value that it uses, at the Values' `data`.

    names: what the Values are called that the equation may use. taken: names of the file that are
    no constants any more. None: the formula is too long.
    """
    steps = steps_of(value)
    texts = _formulas(steps, names, taken)

    def of(operand: Value) -> Formula | None:
        return texts[operand] if operand in texts else _leaf(operand, names, taken)

    inside: dict[Value, Formula | None] = {value: ONE}
    found: dict[Value, Formula | None] = {}
    for step in reversed(steps):
        factor = inside.get(step, ZERO)
        for operand, slope in zip(step.prev, OPERATIONS[step.op].slopes, strict=True):
            if operand.op == NUMBER:
                continue
            into = found if operand.label or not operand.prev else inside
            before = into.get(operand, ZERO)
            into[operand] = None
            if factor is None or before is None:
                continue
            try:
                local = _slope(step, slope, of, texts[step], taken)
                into[operand] = plus(before, times(factor, local))
            except TooLong:
                pass
    return found


def of_equation(
    value: Value, names: Mapping[Value, str], taken: Container[str] = ()
) -> Formula | None:
    """The equation of a Value as a formula: what it computes from the names that it uses."""
    return _formulas(steps_of(value), names, taken)[value]


def one_step(
    value: Value, names: Mapping[Value, str], taken: Container[str] = ()
) -> tuple[Formula, list[Formula | None]]:
    """A single operation as it is, `x/x` and not 1, and its slopes by each operand."""
    operands = [_leaf(operand, names, taken) for operand in value.prev]
    raw = operands[0] if value.op == "copy" else Call(value.op, tuple(operands))

    def of(operand: Value) -> Formula:
        return _leaf(operand, names, taken)

    out = _taken(value, operands)
    texts = OPERATIONS[value.op].slopes
    return raw, [_slope(value, text, of, out, taken) for text in texts]


def _formulas(
    steps: Sequence[Value], names: Mapping[Value, str], taken: Container[str]
) -> dict[Value, Formula | None]:
    """Each step of an equation as a formula of the names that the equation uses."""
    texts: dict[Value, Formula | None] = {}
    for step in steps:
        operands = [
            texts[each] if each in texts else _leaf(each, names, taken) for each in step.prev
        ]
        try:
            texts[step] = _taken(step, operands)
        except TooLong:
            texts[step] = None
    return texts


def _leaf(operand: Value, names: Mapping[Value, str], taken: Container[str]) -> Formula:
    """A name, a number, or a constant by its name where no equation has taken that."""
    if operand.op != NUMBER:
        return Symbol(names[operand])
    for name, known in CONSTANTS.items():
        if operand.data == known and name not in taken:
            return Symbol(name)
    return number(operand.data)


def _taken(step: Value, operands: Sequence[Formula | None]) -> Formula:
    """The formula of a step; of an `if` the branch that is taken. Raises TooLong."""
    says = OPERATIONS[step.op].says
    if says is not None and step.op == "if":
        found = operands[says(*(operand.data for operand in step.prev))[1]]
        if found is None:
            raise TooLong
        return found
    return operation(step.op, [_known(operand) for operand in operands])


def _known(found: Formula | None) -> Formula:
    if found is None:
        raise TooLong
    return found


def _slope(
    step: Value,
    text: str,
    of: Callable[[Value], Formula | None],
    out: Formula | None,
    taken: Container[str],
) -> Formula:
    """A slope of the table with formulas for its operands; conditions are decided by the numbers.

    Raises TooLong where it needs a formula that is too long.
    """
    known: dict[str, _Pair] = {
        # the file's own pi is not the circle's
        name: (number(value) if name in taken else Symbol(name), value)
        for name, value in CONSTANTS.items()
    }
    for name, operand in zip(OPERATIONS[step.op].operands, step.prev, strict=True):
        known[name] = of(operand), operand.data
    known["out"] = out, step.data

    def apply(name: str, parts: list[_Pair]) -> _Pair:
        if name == "if":
            return parts[1] if parts[0][1] else parts[2]
        result = functions.value(name)(*(value for _, value in parts))
        operands = [found for found, _ in parts if found is not None]
        return operation(name, operands) if len(operands) == len(parts) else None, result

    found, _ = fold(
        formula(text), lambda text: (number(float(text)), float(text)), known.__getitem__, apply
    )
    return _known(found)
