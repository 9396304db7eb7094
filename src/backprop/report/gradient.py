"""What `backprop grad` has to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

from backprop.errors import BackpropError, InfiniteSlope
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.report.folding import folded, groups
from backprop.report.rows import SCHEMA, Column, Table

_EMPHASIS = {"output": "strong", "not used": "faint"}


class Row(NamedTuple):
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


class GradientReport(NamedTuple):
    """What `backprop grad` has to say: a result for each output, and a row for each name.

    whole: whether the table has a row for every member of a large family. only: the names that it
    shows, if not all.
    """

    results: tuple[Gradient, ...]
    rows: tuple[Row, ...]
    whole: bool = False
    only: frozenset[str] = frozenset()

    @property
    def warnings(self) -> list[BackpropError]:
        """Those of all results, each once."""
        warnings = [each for result in self.results for each in result.warnings]
        return [*{str(each): each for each in warnings}.values()]

    def table(self) -> Table:
        """Columns name, role, equation, data, and the gradient of each output."""
        rows = [row for row in self.rows if row.name in self.only] if self.only else self.rows
        shown = groups([row.name for row in rows], self.whole or bool(self.only))
        single = len(self.results) == 1
        columns = [folded(column, shown) for column in _columns(rows)]
        for at, result in enumerate(self.results):
            title = "grad" if single else f"∂{result.output}"
            column = Column(title, [row.gradients[at] for row in rows], of=result.output)
            columns.append(folded(column, shown, bound=True))
        return Table(
            columns,
            [_EMPHASIS.get(rows[members[0]].role, "") for _, members in shown],
            heads=[(f"{result.output} = ", result.value) for result in self.results],
        )

    def records(self) -> list[Column]:
        """One row for each output and name: output, name, role, equation, data, grad."""
        times = len(self.results)
        return [
            Column("output", [each.output for each in self.results for _ in self.rows], "name"),
            *_columns(self.rows * times),
            Column("grad", [row.gradients[at] for at in range(times) for row in self.rows]),
        ]

    def objects(self) -> Iterator[dict[str, Any]]:
        """An object for each output; the README has its shape."""
        for result in self.results:
            names = ("output", "value", "data", "gradients")
            yield {"schema": SCHEMA, **{name: getattr(result, name) for name in names}}


def _columns(rows: Sequence[Row]) -> list[Column]:
    return [
        Column("name", [row.name for row in rows], "name"),
        Column("role", [row.role for row in rows], "text"),
        Column("equation", [row.equation for row in rows], "equation"),
        Column("data", [row.data for row in rows]),
    ]


def gradient_report(
    model: Model,
    results: Sequence[Gradient],
    wrt: Sequence[str] = (),
    whole: bool = False,
    only: Sequence[str] = (),
) -> GradientReport:
    """The report on `results`; with `wrt`, on these names and the outputs only.

    whole, only: what the table shows.
    """
    outputs = {result.output for result in results}
    asked = set(wrt)
    rows = []
    for name, node in model.names.items():
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
            role = "intermediate" if model.is_equation(name) else "input"
        data = next((result.data[name] for result in results if name in result.data), None)
        rows.append(Row(name, role, model.text(node), data, gradients))
    if asked:
        names = [name for name in model.names if name in asked]
        results = [_only(result, names) for result in results]
    return GradientReport(tuple(results), tuple(rows), whole, frozenset(only))


def _only(result: Gradient, names: Sequence[str]) -> Gradient:
    gradients = {name: result.gradients.get(name, 0.0) for name in names}
    warnings = result.warnings
    if all(map(isfinite, gradients.values())):  # of slopes that nobody asked for, say nothing
        warnings = tuple(each for each in warnings if not isinstance(each, InfiniteSlope))
    return result._replace(gradients=gradients, warnings=warnings)
