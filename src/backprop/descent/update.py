"""The formulas of the tables as Python functions, and an update written out with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan
from typing import Any

from backprop.descent.optimizers import Optimizer, Schedule
from backprop.numbers import printed
from backprop.syntax import functions
from backprop.syntax.notation import typographic
from backprop.syntax.parser import equations

Update = Callable[..., tuple[float, ...]]
"""x, g, k, lr and the state → the new x and the new state."""


def compiled(row: Optimizer, options: Mapping[str, float]) -> Update:
    """The update of one parameter as one Python function."""
    scope: dict[str, Any] = {"inf": inf, "nan": nan}
    names = functions.written(options)
    lines = []
    for statement in equations(row.update, row.name):
        target = statement.tokens.texts[statement.shape.target]
        code = functions.python(statement, scope, names)
        names[target] = f"{target.rstrip(chr(39))}_new"
        lines.append(f"    {names[target]} = {code}")
    after = ", ".join(names.get(f"{name}'", name) for name in ("x", *row.state))
    head = f"def update({', '.join(('x', 'g', 'k', 'lr', *row.state))}):"
    exec("\n".join([head, *lines, f"    return ({after},)"]), scope)
    update: Update = scope["update"]
    return update


def factor(row: Schedule, options: Mapping[str, float]) -> Callable[[float], float]:
    """What lr is multiplied with, as a function of the step, which counts from 0."""
    return functions.compiled(row.factor, ("k",), options)


def formulas(row: Optimizer) -> list[str]:
    """The update as lines of mathematics: `x' = x − lr·g`."""
    lines = []
    for statement in equations(row.update, row.name):
        tokens, shape = statement
        lines.append(f"{tokens.texts[shape.target]} = {typographic(statement)}")
    return lines


def written(row: Optimizer, numbers: Mapping[str, float], name: str) -> tuple[list[str], float]:
    """The update of the parameter `name` with its numbers, `a ← 2 − 0.001·6 = 1.994`, and its result.

    numbers: x, g, k, lr, the state before the step, and the options. A line an equation; those
    before the last are what the optimizer keeps or needs: `m' = 0.9·0 + (1 − 0.9)·6 = 0.6`.
    """
    known = dict(numbers)
    lines = []
    for statement in equations(row.update, row.name):
        target = statement.tokens.texts[statement.shape.target]
        filled = typographic(statement, {key: printed(number) for key, number in known.items()})
        known[target] = functions.evaluated(statement, known)
        left = f"{name} ←" if target == "x'" else f"{target} ="
        result = printed(known[target])
        lines.append(f"{left} {filled}" + (f" = {result}" if filled != result else ""))
    return lines, known["x'"]
