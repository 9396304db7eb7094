"""What a fit says of the rows of a table: the columns that its model statements read, and those that they
make."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.errors import BackpropError, BadData, BadOption
from backprop.evaluation.gradient import evaluate
from backprop.fit.found_fit import FoundFit
from backprop.fit.predictions import Predicted, predicted, values_of
from backprop.fit_columns import ColumnCells, ReadColumns, any_column, read_by
from backprop.fit_texts import error_of_x, error_text
from backprop.fitted import Fitting
from backprop.inputs import Opened
from backprop.language.model_texts import ModelText, model_texts, with_models
from backprop.language.modelled import RESIDUALS
from backprop.loops.domains import Reals
from backprop.names import did_you_mean
from backprop.numbers import listed
from backprop.report import SCHEMA, Cell, Column, Table

_MADE = ("fit", "residual", "curve_low", "curve_high", "data_low", "data_high")
"""The columns that are made."""

_STATEMENT = "statement"
"""The column that says which of several statements a row is of."""


class StatementRows(NamedTuple):
    """Rows with what one model statement says of them. columns: of the table by name; each of n cells. sigma:
    the errors of the data, shape (n,), where these were given; sigma_x: those of a column on the right.
    lacks: a column of these errors that there is not, so that nobody knows where further data lie."""

    read: ReadColumns
    columns: Mapping[str, ColumnCells]
    found: Predicted
    sigma: Reals | None = None
    sigma_x: tuple[str, Reals] | None = None
    lacks: str = ""

    @property
    def model(self) -> ModelText:
        return self.read.model


class FittedRows(NamedTuple):
    """Rows with what each model statement says of them, one statement after the other. left_out: sentences,
    one for each statement of which nothing is said."""

    each: Sequence[StatementRows]
    level: float
    left_out: Sequence[str] = ()
    several: bool = False

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return ()

    def records(self) -> list[Column]:
        """A row for each of the table; of several statements the first column says which it is of."""
        names = dict.fromkeys(name for each in self.each for name in each.columns)
        made, cells = dict[str, str](), dict[str, list[Cell]]()
        for name in (_STATEMENT, *_MADE):
            made[name] = name if name not in names else f"{name}_"
        blocks = [self._block(each, made) for each in self.each]
        order = [made[_STATEMENT], *names, *(made[name] for name in _MADE)]
        for name in order:
            if any(name in block for block in blocks):
                cells[name] = [
                    cell
                    for block, each in zip(blocks, self.each, strict=True)
                    for cell in block.get(name, [None] * len(each.found.fitted))
                ]
        return [
            Column(name, some, "text" if any(isinstance(cell, str) for cell in some) else "number")
            for name, some in cells.items()
        ]

    def _block(self, rows: StatementRows, made: Mapping[str, str]) -> dict[str, Sequence[Cell]]:
        """The columns of one statement."""
        found = rows.found
        block: dict[str, Sequence[Cell]] = dict(rows.columns)
        if self.several:
            block[made[_STATEMENT]] = [rows.model.whole] * len(found.fitted)
        parts = found.fitted, found.residual, found.low, found.high, found.least, found.most
        for name, part in zip(_MADE, parts, strict=True):
            if part is not None and not (rows.lacks and name.startswith("data_")):
                block[made[name]] = part.tolist()
        return block

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object a row, without what a statement does not have."""
        columns = self.records()
        for cells in zip(*(each.cells for each in columns), strict=True):
            titles = [column.title for column in columns]
            some = {n: c for n, c in zip(titles, cells, strict=True) if c is not None}
            yield {"schema": SCHEMA, **some}

    def table(self) -> Table:
        return Table(self.records(), heads=[(each.model.whole,) for each in self.each])


def fitted_rows(
    fitting: Fitting, found: FoundFit, level: float, grid: Opened | None = None
) -> FittedRows:
    """What a fit says of the rows of its own tables, or of another one. grid: the equations with that.
    Raises BadOption for fits that have none, BadData for rows of which something is not finite."""
    models = model_texts(fitting.opened.source)
    if fitting.output != RESIDUALS or not models:
        hints = ["write the model as a statement: y ~ …"]
        raise BadOption("only a model statement says something of single rows", hints=hints)
    if not grid and not fitting.asked.rows.in_memory:
        hints = ["let it have more, as --memory 8G", "or predict other rows: --at grid.csv"]
        raise BadOption("predictions are of rows in memory, and this table is larger", hints=hints)
    left_out, asked = list[str](), list[ReadColumns]()
    there = {name for table in grid.tables for name in table.names} if grid else {*""}
    for model in models:
        read = read_by(fitting.opened, model, fitting.options["sigma"])
        if grid and (lacks := _lacking(read, there)):
            left_out.append(f"{_names_of(grid)}: no column {lacks}: {model.whole} is left out")
            hints = did_you_mean(lacks, there) or [f"there are {listed(sorted(there), 8)}"]
            message = f"there is no column {lacks}, which the model has"
            missing = BadData(message, where=_names_of(grid), hints=hints)
        else:
            asked.append(read)
    if not asked:
        raise missing
    if grid and fitting.grouped:
        fitting.grouped.look_at(grid)
    if grid and any(hasattr(table, "heads") for table in grid.tables):
        hints = ["let it have more, as --memory 8G", "or take fewer rows at a time"]
        raise BadOption("--at is for rows in memory, and this table is larger", hints=hints)
    rows = [rows_of(fitting, found, level, each, grid) for each in asked]
    for lacks in dict.fromkeys(each.lacks for each in rows if each.lacks and grid):
        left_out.append(
            f"{_names_of(grid or fitting.opened)}: no column {lacks}: no band of further data"
        )
    return FittedRows(rows, level, left_out, len(models) > 1)


def rows_of(
    fitting: Fitting, found: FoundFit, level: float, read: ReadColumns, grid: Opened | None
) -> StatementRows:
    """What one statement says. read: of the tables that were fitted."""
    options, model = fitting.options, read.model
    mine, tables = fitting.opened, grid or fitting.opened

    def text(left: str, right: str) -> Opened:
        def make(other: ModelText) -> str:
            return f"{left} ~ {right}{model.rest}" if other.place == model.place else ""

        return tables._replace(source=with_models(mine.source, make))

    def values(left: str, right: str, slopes: bool = True) -> Reals | None:
        equations, _ = fitting.read(text(left, right))
        return values_of(equations, fitting.names, found.x, fitting.known, slopes)

    lacks = ""
    error = error_text(mine, options, model, fitting.known)
    if grid:
        there = {name for table in grid.tables for name in table.names}
        lacks = _lacking(read_by(mine, model._replace(right=error)), there)
        error = "" if lacks else error
        read = read_by(text("0", model.right), model._replace(left="0"), error)
        read = read if read.table else any_column(grid, model)
        read = read._replace(model=model)
    nothing = read.nothing()
    right = values("0", f"-({model.right}){nothing}")
    if right is None:
        equations, _ = fitting.read(text("0", f"-({model.right})"))
        numbers = dict(zip(fitting.names, found.x.tolist(), strict=True))
        evaluate(equations, {**fitting.known, **numbers}, RESIDUALS, restores=False)
        raise BadData("the model has no finite value in some row", where=_names_of(tables))
    weighed = bool(options["sigma"] or options["sigma_x"])
    sigma = numpy.full(right.shape[1], numpy.nan if weighed else 1.0)
    if error:
        weights = values("0", f"-({error}){nothing}", slopes=False)
        sigma = sigma * numpy.nan if weights is None else weights[-1]
    if options["poisson"]:  # of counts, as large as their mean
        sigma = numpy.sqrt(numpy.maximum(right[-1], 0.0))
    made = predicted(right, found.statistics, level, sigma)
    left = None if grid else values(f"({model.left})", f"0*({model.right}){nothing}", slopes=False)
    if left is not None:
        made = made._replace(residual=left[-1] - made.fitted)
    bars = sigma if error or options["poisson"] else None
    if options["sigma_x"] and not grid:
        own = options["sigma"] and values("0", f"-({options['sigma']}){nothing}", slopes=False)
        bars = None if isinstance(own, str) or own is None else own[-1]
    x, of_x = error_of_x(mine, options, model, fitting.known) if not grid else ("", "")
    wide = values("0", f"-({of_x}){nothing}", slopes=False) if x else None
    bars_x = None if wide is None else (x, wide[-1])
    wanted = [*dict.fromkeys([*read.left, *read.right])]
    return StatementRows(read, read.of(wanted, right.shape[1]), made, bars, bars_x, lacks)


def _lacking(read: ReadColumns, there: Container[str]) -> str:
    """A column on the right side that another table does not have; "" if it has all."""
    return next((name for name in read.right if name not in there), "")


def _names_of(opened: Opened) -> str:
    return ", ".join(table.name for table in opened.tables) or "<data>"
