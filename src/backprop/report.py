"""What a command has to say, as plain data; `backprop.reports` turns it into text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from backprop.engine import Gradient
from backprop.errors import InfiniteSlope
from backprop.language import Model


@dataclass(frozen=True, slots=True)
class Row:
    """One name of the equations.

    role: `input`, `intermediate`, `output`, or `not used` for a name that leads to no output.
    equation: its right side on one line, "" if there is none. data: its value, None if it could
    not be computed. gradients: of each output by it, None where the output does not depend on it.
    """

    name: str
    role: str
    equation: str
    data: float | None
    gradients: tuple[float | None, ...]


@dataclass(frozen=True)
class GradientReport:
    """What `backprop grad` has to say: a result for each output, and a row for each name."""

    results: tuple[Gradient, ...]
    rows: tuple[Row, ...]


def gradient_report(
    model: Model, results: Sequence[Gradient], wrt: Sequence[str] = ()
) -> GradientReport:
    """The report on `results`; with `wrt`, on these names and the outputs only."""
    outputs = {result.output for result in results}
    asked = set(wrt)
    rows = []
    for name, value in model.values.items():
        if asked and name not in asked and name not in outputs:
            continue
        gradients = tuple(
            result.gradients.get(name, 0.0 if name in asked else None) for result in results
        )
        if name in outputs:
            role = "output"
        elif not any(name in result.gradients for result in results):
            role = "not used"
        else:
            role = "intermediate" if value.op else "input"
        equation = model.text(value)
        data = next((result.data[name] for result in results if name in result.data), None)
        rows.append(Row(name, role, equation, data, gradients))
    if asked:
        results = [
            _only(result, [name for name in model.values if name in asked]) for result in results
        ]
    return GradientReport(tuple(results), tuple(rows))


def _only(result: Gradient, names: Sequence[str]) -> Gradient:
    gradients = {name: result.gradients.get(name, 0.0) for name in names}
    warnings = result.warnings
    if all(map(isfinite, gradients.values())):  # of slopes that nobody asked for, say nothing
        warnings = tuple(each for each in warnings if not isinstance(each, InfiniteSlope))
    return Gradient(result.output, result.value, result.data, gradients, warnings)
