"""An update: its formulas as a function, what is kept of one, and that written out with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, isfinite, nan
from typing import Any, NamedTuple

from backprop.descent.optimizers import Numbers, Optimizer
from backprop.descent.problem import Point, Problem
from backprop.numbers import printed
from backprop.syntax import functions, parser
from backprop.syntax.notation import typographic
from backprop.syntax.parser import Statement

Memory = dict[str, list[float]]
"""For each name of an optimizer's state its number for each parameter."""

_MOST_PARAMETERS, _MOST_TRIALS = 20, 8
"""The most that are shown of one update."""


class Trial(NamedTuple):
    """A step size that a line search tried, and the output there (nan: none)."""

    lr: float
    value: float


class Update(NamedTuple):
    """One update of all parameters, and where it leads."""

    lr: float
    x: Point
    after: list[tuple[float, ...]]
    """For each parameter its number, not yet moved into the bounds, and its state."""


class Explained(NamedTuple):
    """One update, kept with everything that went into it, for `--explain-step`.

    gradient: what the update saw, turned for maximising, and clipped: multiplied with `clip`.
    """

    number: int
    k: int
    x: Point
    gradient: Point
    clip: float
    state: Memory
    update: Update
    trials: list[Trial]


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


def explanation(row: Optimizer, options: Numbers, kept: Explained, problem: Problem) -> list[str]:
    """The lines that explain an update: the formula, the step size, then `a ← 2 − 0.001·6 = 1.994`."""
    lr, after, _ = kept.update
    lines = [f"step {kept.number} by {row.name}: {'; '.join(formulas(row))}"]
    meaning = f"{'−' if problem.sign < 0 else ''}∂{problem.output}/∂x"
    if kept.clip != 1:
        meaning += f"·{printed(kept.clip)}, clipped"
    lines.append(f"  g = {meaning}; lr = {printed(lr)}{_searched(kept, problem.output)}")
    if kept.k == 1 < kept.number and row.state:
        lines.append("  its memory begins anew here, because it led uphill")
    for at, name in enumerate(problem.names[:_MOST_PARAMETERS]):
        memory = {key: column[at] for key, column in kept.state.items()}
        own = {"x": kept.x[at], "g": kept.gradient[at], "k": float(kept.k), "lr": lr}
        update, computed = written(row, {**options, **own, **memory}, name)
        lines += [f"  {line}" for line in update]
        if abs(computed - after[at]) > 1e-9 * max(1.0, abs(computed)):
            lines.append(f"  {name} ← {printed(after[at])}, its bound")
    if len(problem.names) > _MOST_PARAMETERS:
        lines.append(f"  … and {len(problem.names) - _MOST_PARAMETERS} more parameters")
    return lines


def _searched(kept: Explained, output: str) -> str:
    """What a line search tried before it found its step size."""
    if not kept.trials:
        return ""
    *failed, last = kept.trials
    found = f", found by line search: {output} = {printed(last.value)} there"
    shown = [
        f"lr {printed(lr)} → {printed(value) if isfinite(value) else 'no value'}"
        for lr, value in failed[:_MOST_TRIALS]
    ]
    more = ", …" if len(failed) > _MOST_TRIALS else ""
    return f"{found}, too little fall before ({'; '.join(shown)}{more})" if shown else found
