"""What `backprop grad` has to say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient, only_by
from backprop.evaluation.leaves import default
from backprop.language import Model
from backprop.names import family
from backprop.report import SCHEMA, Cell, Column, Table, declared, folded, groups, limits

_WRITTEN = {"equation": "{} = {}", "bounds": "{} in {}"}
"""How what a file says of a name stands in a row for programs, by the column's title."""

EMPHASIS = {"output": "strong", "not used": "faint", "differentiated": "faint"}


class GradientReport(NamedTuple):
    """What `backprop grad` has to say: a result for each output, and a row for each name.

    columns: name, role (`input`, `constant`, `intermediate`, `output`, `differentiated` for a name
    of which derivatives stand in equations, or `not used` for one that leads to no output), equation
    (its right side on one line, "" if there is none), data, None if it could not be computed, and what
    the file says of inputs: uncertainty, bounds. gradients: of each output by the names, None where
    it does not depend on one. rows: of the table, as `groups` has them. declared: what the JSON has
    of the file. laid: the families over rows of data. elsewhere: the note on values that the file
    writes behind equations, and that are
    others at this point.
    """

    results: Sequence[Gradient]
    columns: list[Column]
    gradients: list[list[float | None]]
    rows: list[tuple[str, list[int]]]
    declared: Mapping[str, Any]
    elsewhere: Sequence[BackpropError] = ()
    laid: Collection[str] = ()

    @property
    def warnings(self) -> list[BackpropError]:
        """Those of all results, each once."""
        warnings = [each for result in self.results for each in result.warnings]
        return [*{str(each): each for each in warnings}.values()]

    @property
    def notes(self) -> list[BackpropError]:
        """Those of all results, each once, and the one on values of the file."""
        notes = [each for result in self.results for each in result.notes]
        return [*{str(each): each for each in notes}.values(), *self.elsewhere]

    def table(self) -> Table:
        """Columns name, role, equation, data, and the gradient of each output."""
        laid = self.laid
        columns = [folded(column, self.rows, laid) for column in self.columns]
        for result, cells in zip(self.results, self.gradients, strict=True):
            title = "grad" if len(self.results) == 1 else f"∂{result.output}"
            gradients = Column(title, cells, of=result.output, sizes=True)
            columns.append(folded(gradients, self.rows))
        roles = [str(self.columns[1].cells[members[0]]) for _, members in self.rows]
        emphasis = [EMPHASIS.get(role, "") for role in roles]
        heads = [(f"{result.output} = ", result.value) for result in self.results]
        return Table(columns, emphasis, heads)

    def records(self) -> list[Column]:
        """One row for each output and name: output, name, role, equation, data, grad. Equations are
        whole, `d = -b*c`: a spreadsheet would compute what begins with a sign."""
        times = len(self.results)
        names = self.columns[0].cells

        def whole(column: Column) -> Sequence[Cell]:
            form = _WRITTEN.get(column.title)
            if form is None:
                return column.cells
            both = zip(names, column.cells, strict=True)
            return [form.format(name, cell) if cell else cell for name, cell in both]

        outputs = [each.output for each in self.results for _ in self.columns[0].cells]
        return [
            Column("output", outputs, "name"),
            *(each._replace(cells=[*whole(each)] * times) for each in self.columns),
            Column("grad", [*chain(*self.gradients)]),
        ]

    def objects(self) -> Iterator[dict[str, Any]]:
        """An object for each output; the README has its shape."""
        for result in self.results:
            names = ("output", "value", "data", "gradients")
            notes = {"notes": [*map(str, result.notes)]} if result.notes else {}
            yield {
                "schema": SCHEMA,
                **{name: getattr(result, name) for name in names},
                **self.declared,
                **notes,
            }


def gradient_report(
    model: Model, results: Sequence[Gradient], wrt: Sequence[str], whole: bool, only: Sequence[str]
) -> GradientReport:
    """The report on `results`; with `wrt`, on these names and the outputs only. whole: the table
    has every member of a large family. only: it has these names, if any."""
    outputs = {result.output for result in results}
    reached = {name for result in results for name in result.gradients}
    asked, chosen = set(wrt), set(only)
    constants = {*model.constants, *model.fixed}
    listed = [name for name in model.names if not asked or name in asked or name in outputs]
    names = [name for name in listed if name in chosen] if only else listed

    def role(name: str) -> str:
        if name in outputs:
            return "output"
        if laid and family(name) in laid.columns:
            return "column"
        if name in constants:  # those of ranges and indices among them
            return "constant"
        if name not in reached:
            return "differentiated" if model.is_differentiated(name) else "not used"
        return "intermediate" if model.is_equation(name) else "input"

    laid = model.laid
    rows = groups(names, whole, laid.families if laid else ())
    if only:
        rows = [(name, [at]) for at, name in enumerate(names)]
    equations = [model.text_of(name) for name in names]
    for _, [at, *others] in rows:
        if not others:
            equations[at] = model.instance_of(names[at])
    data = [
        next((result.data[name] for result in results if name in result.data), None)
        for name in names
    ]
    for at, name in enumerate(names):
        if name in model.defaults and data[at] != default(model, name):
            equations[at] = ""  # another number counted
    columns = [
        Column("name", names, "name"),
        Column("role", [*map(role, names)], "text"),
        Column("equation", equations, "equation"),
        Column("data", data),
    ]
    if not model.uncertainties.keys().isdisjoint(listed):
        uncertainties = [model.uncertainties.get(name) for name in names]
        columns.append(Column("uncertainty", uncertainties))
    if not model.bounds.keys().isdisjoint(listed):
        columns.append(limits(names, model.bounds))
    gradients = [
        [result.gradients.get(name, 0.0 if name in asked else None) for name in names]
        for result in results
    ]
    if asked:
        kept = [name for name in listed if name in asked]
        results = [only_by(result, kept) for result in results]
    over = laid.families if laid else ()
    return GradientReport(results, columns, gradients, rows, declared(model), laid=over)


def gradient_table(found: Gradient) -> Table:
    """The numbers of a gradient alone: columns name, data, grad."""
    names = [*found.gradients]
    columns = [
        Column("name", names, "name"),
        Column("data", [found.data[name] for name in names]),
        Column("grad", [*found.gradients.values()], sizes=True),
    ]
    rows = groups(names)
    return Table(
        [folded(column, rows) for column in columns], heads=[(f"{found.output} = ", found.value)]
    )
