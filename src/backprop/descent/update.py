"""The update of a row of the table: its equations as a function, and written out for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, nan
from typing import Any

from backprop.descent.optimizers import Numbers, Optimizer
from backprop.numbers import printed
from backprop.syntax import functions, parser
from backprop.syntax.notation import typographic
from backprop.syntax.parser import Statement


def equations(row: Optimizer) -> Iterator[tuple[str, Statement]]:
    """What each equation of an update defines, and the equation."""
    for statement in parser.equations(row.update, row.name):
        yield statement.tokens.texts[statement.shape.target], statement


def compiled(row: Optimizer, options: Numbers) -> Callable[..., tuple[float, ...]]:
    """The update of one parameter as a function: x, g, k, lr, the state → the new x, the new state."""
    scope: dict[str, Any] = {"inf": inf, "nan": nan}
    names = functions.written(options)
    lines = []
    for target, statement in equations(row):
        code = functions.python(statement, scope, names)
        names[target] = f"{target.rstrip(chr(39))}_new"
        lines.append(f"    {names[target]} = {code}")
    after = ", ".join(names.get(f"{name}'", name) for name in ("x", *row.state))
    head = f"def update({', '.join(('x', 'g', 'k', 'lr', *row.state))}):"
    exec("\n".join([head, *lines, f"    return ({after},)"]), scope)
    update: Callable[..., tuple[float, ...]] = scope["update"]
    return update


def formulas(row: Optimizer) -> list[str]:
    """The update as lines of mathematics: `x' = x − lr·g`."""
    return [f"{target} = {typographic(statement)}" for target, statement in equations(row)]


def written(row: Optimizer, numbers: Numbers, name: str) -> tuple[list[str], float]:
    """The update of the parameter `name` with its numbers, `a ← 2 − 0.001·6 = 1.994`, and its result.

    numbers: x, g, k, lr, the state before the step, and the options. A line an equation; those
    before the last are what the optimizer keeps or needs: `m' = 0.9·0 + (1 − 0.9)·6 = 0.6`.
    """
    known = dict(numbers)
    lines = []
    for target, statement in equations(row):
        filled = typographic(statement, {key: printed(number) for key, number in known.items()})
        known[target] = functions.evaluated(statement, known)
        left = f"{name} ←" if target == "x'" else f"{target} ="
        result = printed(known[target])
        lines.append(f"{left} {filled}" + (f" = {result}" if filled != result else ""))
    return lines, known["x'"]
