"""The lines that explain an update: the formula, the step size, then `a ← 2 − 0.001·6 = 1.994`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.descent.objective import Point
from backprop.descent.optimizers import ByName, Optimizer
from backprop.descent.problem import Problem
from backprop.numbers import printed

_MOST_PARAMETERS = 20
"""The most that are shown of one update."""


class ExplainedStep(NamedTuple):
    """An update with its numbers. number: of the step. x: before it. gradient: what the update saw, turned
    for maximising, and clipped: multiplied with `clip`. state: of the optimizer, before. k: its updates, this
    one among them. after: each new number. where: what to say of the gradient; found: of the step size;
    notes: lines of their own."""

    row: Optimizer
    options: ByName
    problem: Problem
    number: int
    x: Point
    gradient: Point
    clip: float
    state: Mapping[str, Sequence[float]]
    k: int
    lr: float
    after: Sequence[float]
    where: str = ""
    found: str = ""
    notes: Sequence[str] = ()

    def lines(self) -> list[str]:
        """The lines."""
        row, problem = self.row, self.problem
        lines = [f"step {self.number} by {row.name}: {'; '.join(row.formulas())}"]
        meaning = f"{'−' if problem.sign < 0 else ''}∂{problem.output}/∂x{self.where}"
        if self.clip != 1:
            meaning += f"·{printed(self.clip)}, clipped"
        lines.append(f"  g = {meaning}; lr = {printed(self.lr)}{self.found}")
        lines += [f"  {each}" for each in self.notes]
        for at, name in enumerate(problem.names[:_MOST_PARAMETERS]):
            memory = {key: column[at] for key, column in self.state.items()}
            own = {"x": self.x[at], "g": self.gradient[at], "k": float(self.k), "lr": self.lr}
            numbers = {**self.options, **own, **memory}
            lines += [f"  {line}" for line in row.written(numbers, name, self.after[at])]
        if len(problem.names) > _MOST_PARAMETERS:
            lines.append(f"  … and {len(problem.names) - _MOST_PARAMETERS} more parameters")
        return lines
