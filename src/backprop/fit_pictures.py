"""What a picture of a fit shows: of each model statement data, curves and residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy

from backprop.errors import BackpropError
from backprop.fit.found_fit import FoundFit
from backprop.fit.predictions import Predicted
from backprop.fit_columns import ColumnCells
from backprop.fit_texts import error_of_x
from backprop.fitted import Fitting
from backprop.loops.domains import Reals, Wholes
from backprop.numbers import shown
from backprop.predicting import StatementRows, fitted_rows, rows_of

_ALONG, _MOST_ALONG, _LEAST_ALONG = 400, 8000, 60
"""Points of a curve, of all curves of a panel, and of one of many."""

_LONG = 60
"""Parameters in the title of a picture that are longer are left out."""


class FitCurve(NamedTuple):
    """What a model says along a column, of all rows or of a group. name: of the group, "" of all. rows: the
    numbers of its data, in the panel's. along, found: shape (m,)."""

    name: str
    rows: Wholes
    along: Reals
    found: Predicted


class FitPanel(NamedTuple):
    """One statement. left, right: what stands at the axes. x, observed, residual: of n rows, shape (n,).
    bars, bars_x: their errors, where these were given. by: the column of groups. curves: none where the model
    has several columns, or none: then x is what was fitted."""

    title: str
    label: str
    left: str
    right: str
    x: Reals
    observed: Reals
    residual: Reals
    bars: Reals | None = None
    bars_x: Reals | None = None
    by: str = ""
    curves: Sequence[FitCurve] = ()


class FitPicture(NamedTuple):
    """A panel for each statement. errors: how the errors of the data were given, "" if they were not."""

    panels: Sequence[FitPanel]
    level: float
    errors: str = ""

    @property
    def words(self) -> str:
        """All that stands in it."""
        panels = (" ".join([*each[:4], each.by]) for each in self.panels)
        groups = (curve.name for each in self.panels for curve in each.curves)
        return " ".join([*panels, *groups, self.errors])


def picture_of(fitting: Fitting, found: FoundFit, level: float) -> FitPicture:
    """The picture of a fit. Raises as `fitted_rows`."""
    rows = fitted_rows(fitting, found, level)
    numbers = ", ".join(f"{n} = {shown(x, 4)}" for n, x in zip(found.names, found.x, strict=True))
    one = len(rows.each) == 1 and len(numbers) <= _LONG
    panels = [
        _panel(fitting, found, level, each)._replace(
            title=f"{each.model.whole}: {numbers}" if one else each.model.whole
        )
        for each in rows.each
    ]
    options = fitting.options
    errors = "root of the mean" if options["poisson"] else options["sigma"]
    of_x = (error_of_x(fitting.opened, options, each.model, fitting.known) for each in rows.each)
    both = [errors, *dict.fromkeys(f"{x} ± {error}" for x, error in of_x if x)]
    return FitPicture(panels, level, ", ".join(filter(None, both)))


def _panel(fitting: Fitting, found: FoundFit, level: float, rows: StatementRows) -> FitPanel:
    """That of one statement."""
    model, made, read = rows.model, rows.found, rows.read
    residual = made.residual if made.residual is not None else made.fitted * 0
    observed = made.fitted + residual
    group = fitting.grouped.column if fitting.grouped else ""
    right = [name for name in read.right if name in rows.columns]
    texts = [name for name in right if name in read.texts]
    by = group if group in right else texts[0] if texts else ""
    along = [name for name in right if name not in texts and name != by]
    here = model.whole, f"{model.left} = fitted", model.left, "fitted", made.fitted
    plain = FitPanel(*here, observed, residual, rows.sigma)
    if len(along) != 1 or len(texts) > 1 or (texts and by not in texts):
        return plain
    x = numpy.asarray(rows.columns[along[0]], float)
    curves = _curves(fitting, found, level, rows, along[0], by)
    bars_x = rows.sigma_x if rows.sigma_x and rows.sigma_x[0] == along[0] else None
    return plain._replace(
        label=model.right, right=along[0], x=x, by=by, curves=curves,
        bars_x=bars_x and bars_x[1],
    )  # fmt: skip


def _curves(
    fitting: Fitting, found: FoundFit, level: float, rows: StatementRows, x: str, by: str
) -> list[FitCurve]:
    """One for all rows, or one for each group. x: the column along which they go; by: that of groups."""
    from backprop.data_tables import given_tables

    at = numpy.asarray(rows.columns[x], float)
    cells: ColumnCells = rows.columns[by] if by else [""] * len(at)
    places = dict[str | float, list[int]]()
    for row in range(len(at)):
        places.setdefault(cells[row], []).append(row)
    count = min(_ALONG, max(_MOST_ALONG // len(places), _LEAST_ALONG))
    parts = [_between(at[some], at, count) for some in places.values()]
    columns = {x: numpy.concatenate(parts)}
    if by:
        columns[by] = [cell for cell in places for _ in range(count)]  # type: ignore[assignment]
    grid = fitting.opened._replace(tables=given_tables(columns, fitting.opened.source))  # type: ignore[arg-type]
    try:
        whole = rows_of(fitting, found, level, rows.read, grid).found
    except BackpropError:  # a pole between the data
        order = [numpy.array(some)[numpy.argsort(at[some])] for some in places.values()]
        parts, pieces = [at[some] for some in order], [_some(rows.found, some) for some in order]
    else:
        pieces = [_some(whole, numpy.arange(count) + k * count) for k in range(len(places))]
    names = [cell if isinstance(cell, str) else shown(cell, 6) for cell in places]
    return [
        FitCurve(name, numpy.array(some), part, piece)
        for name, some, part, piece in zip(names, places.values(), parts, pieces, strict=True)
    ]


def _between(some: Reals, every: Reals, count: int) -> Reals:
    """Points along some numbers; along all, where some are one."""
    ends = some if float(some.min()) < float(some.max()) else every
    return numpy.linspace(float(ends.min()), float(ends.max()), count)


def _some(found: Predicted, rows: Wholes) -> Predicted:
    """What a model says of some rows."""
    return Predicted(*(None if part is None else part[rows] for part in found))  # type: ignore[arg-type]
