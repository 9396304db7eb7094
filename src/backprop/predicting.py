"""What a fit says of the rows of a table: the columns that the model has, and those that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy

from backprop.errors import BackpropError, BadData, BadOption
from backprop.fit.found_fit import FoundFit
from backprop.fit.predictions import Predicted, predicted, values_of
from backprop.fit_texts import words_in
from backprop.fitted import Fitting
from backprop.inputs import Opened
from backprop.language.model_texts import ModelText, model_texts, with_models
from backprop.language.modelled import RESIDUALS
from backprop.loops.domains import Reals
from backprop.names import did_you_mean
from backprop.numbers import listed, shown
from backprop.report import SCHEMA, Column, Table

_MADE = ("fit", "residual", "curve_low", "curve_high", "data_low", "data_high")
"""The columns that are made."""


class FittedRows(NamedTuple):
    """Rows with what a model says of them. columns: of the table by name; each of shape (n,)."""

    model: ModelText
    columns: Mapping[str, Reals]
    found: Predicted
    level: float

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return ()

    def records(self) -> list[Column]:
        """A row for each of the table."""
        names = {name: values.tolist() for name, values in self.columns.items()}
        found, made = self.found, dict[str, list[float]]()
        parts = found.fitted, found.residual, found.low, found.high, found.least, found.most
        for name, part in zip(_MADE, parts, strict=True):
            if part is not None:
                made[name if name not in names else f"{name}_"] = part.tolist()
        return [Column(name, numbers) for name, numbers in {**names, **made}.items()]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object a row."""
        columns = self.records()
        for cells in zip(*(each.cells for each in columns), strict=True):
            yield {"schema": SCHEMA, **dict(zip([c.title for c in columns], cells, strict=True))}

    def table(self) -> Table:
        return Table(self.records(), heads=[(self.model.whole,)])


class FitPicture(NamedTuple):
    """What a picture of a fit shows. x, observed, residual: of n rows, shape (n,). curve: what the
    model says along the x of `along`; None where the model has several columns, or none: then x is what
    was fitted. left, right: what stands at the axes."""

    title: str
    label: str
    left: str
    right: str
    x: Reals
    observed: Reals
    residual: Reals
    along: Reals
    curve: Predicted | None
    level: float


_ALONG = 400
"""Points of a curve."""


def picture_of(fitting: Fitting, found: FoundFit, level: float) -> FitPicture:
    """The picture of a fit. Raises as `fitted_rows`."""
    from backprop.data_tables import given_tables

    rows = fitted_rows(fitting, found, level)
    model, made = rows.model, rows.found
    residual = made.residual if made.residual is not None else made.fitted * 0
    right = [name for name in rows.columns if name in _words(model.right)]
    found_words = ", ".join(
        f"{n} = {shown(x, 4)}" for n, x in zip(found.names, found.x, strict=True)
    )
    title = model.whole if len(found_words) > _LONG else f"{model.whole}: {found_words}"
    if len(right) != 1 or fitting.grouped:
        at = made.fitted
        here = title, f"{model.left} = fitted", model.left, "fitted"
        return FitPicture(*here, at, at + residual, residual, at, None, level)
    x = rows.columns[right[0]]
    along = numpy.linspace(float(x.min()), float(x.max()), _ALONG)
    tables = given_tables({right[0]: along}, fitting.opened.source)
    grid = fitting.opened._replace(tables=tables)  # type: ignore[arg-type]
    plain_sigma = fitting._replace(options={**fitting.options, "sigma": ""})
    curve = fitted_rows(plain_sigma, found, level, grid).found
    if fitting.options["sigma"]:  # nobody knows the errors of data that there are not
        curve = curve._replace(least=curve.fitted * numpy.nan, most=curve.fitted * numpy.nan)
    here = title, model.right, model.left, right[0]
    return FitPicture(*here, x, made.fitted + residual, residual, along, curve, level)


_LONG = 60
"""Parameters in the title of a picture that are longer are left out."""


def fitted_rows(
    fitting: Fitting, found: FoundFit, level: float, grid: Opened | None = None
) -> FittedRows:
    """What a fit says of the rows of its own table, or of another one. grid: the equations with that.
    Raises BadOption for fits that have none, BadData for rows of which something is not finite."""
    mine, options = fitting.opened, fitting.options
    models = model_texts(mine.source)
    if fitting.output != RESIDUALS or not models:
        hints = ["write the model as a statement: y ~ …"]
        raise BadOption("only a model statement says something of single rows", hints=hints)
    if len(models) > 1:
        message = f"the model has {len(models)} statements, and predictions are of one"
        raise BadOption(message, hints=["fit it alone, with what the others say held by --freeze"])
    if not grid and not fitting.asked.rows.in_memory:
        hints = ["let it have more, as --memory 8G", "or predict other rows: --at grid.csv"]
        raise BadOption("predictions are of rows in memory, and this table is larger", hints=hints)
    (model,), tables = models, grid or mine
    if grid:
        _look_at_grid(mine, grid, model)
        if fitting.grouped:
            fitting.grouped.look_at(grid)

    def values(left: str, right: str) -> Reals | None:
        text = with_models(mine.source, lambda _: f"{left} ~ {right}")
        read, _ = fitting.read(tables._replace(source=text))
        return values_of(read, fitting.names, found.x, fitting.known)

    right = values("0", f"-({model.right})")
    if right is None:
        raise BadData("the model has no finite value in some row", where=_names_of(tables))
    sigma: Reals | float = 1.0
    if options["sigma"]:
        # 0 times the model: a number, too, is one for each row
        weights = values("0", f"-({options['sigma']}) - 0*({model.right})")
        sigma = numpy.nan if weights is None else weights[-1]
    if options["poisson"]:  # of counts, as large as their mean
        sigma = numpy.sqrt(numpy.maximum(right[-1], 0.0))
    made = predicted(right, found.statistics, level, sigma)
    left = None if grid else values(f"({model.left})", "0")
    if left is not None:
        made = made._replace(residual=left[-1] - made.fitted)
    return FittedRows(model, _columns(tables, model, right.shape[1]), made, level)


def _look_at_grid(mine: Opened, grid: Opened, model: ModelText) -> None:
    """Raise BadData for other rows without a column that the model has."""
    there = {name for table in grid.tables for name in table.names}
    for table in mine.tables:
        for name in _words(model.right):
            if name in table.names and name not in there:
                message = f"there is no column {name}, which the model has"
                hints = did_you_mean(name, there) or [f"there are {listed(sorted(there), 8)}"]
                raise BadData(message, where=_names_of(grid), hints=hints)


def _columns(opened: Opened, model: ModelText, rows: int) -> dict[str, Reals]:
    """The columns of a table that the model names."""
    for table in opened.tables:
        found = dict[str, Reals]()
        for name in _words(f"{model.left} {model.right}"):
            with suppress(BadData):  # a column of texts
                numbers = table.rows([name]) if name in table.names else None
                if numbers and numbers.size == rows:
                    found[name] = numpy.asarray(numbers.numbers[name], float)
        if found:
            return found
    return {}


def _words(text: str) -> list[str]:
    """The names in a text, each once."""
    return [*dict.fromkeys(words_in(text))]


def _names_of(opened: Opened) -> str:
    return ", ".join(table.name for table in opened.tables) or "<data>"
