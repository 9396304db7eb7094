"""What `Model.fit` answers with: the report of a fit that can be asked about rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from backprop.fitted import Fitting
from backprop.report.fit_report import FitReport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backprop.fit_pictures import FitPicture


class FitPlot(NamedTuple):
    """The picture of a fit: data, curve, bands and residuals. A notebook shows it."""

    picture: FitPicture

    def save(self, path: str | Path, transparent: bool = False, width: int | None = None) -> None:
        """Write it as .svg, .png or .pdf. width: in pixels, 96 an inch. Raises BadOption for another ending,
        OSError for a file that cannot be written."""
        Path(path).write_bytes(self._written(str(path), transparent, width))

    def _written(self, path: str, transparent: bool = False, width: int | None = None) -> bytes:
        from backprop.reports import FIT_PLOTS

        kind = FIT_PLOTS.of_file(path, f"{path}: its ending says no format")
        return FIT_PLOTS.writer(kind)(self.picture, kind, transparent, width)

    def _repr_svg_(self) -> str:
        return self._written("fit.svg").decode()


class Fit(FitReport):
    """The result of `Model.fit`: parameters, errors, what there is to say, and the model over rows."""

    _fitting: Fitting

    @classmethod
    def of(cls, fitting: Fitting) -> Fit:
        """Run a fit."""
        found = cls(*fitting.run())
        found._fitting = fitting
        return found

    def predict(self, data: Any = None) -> dict[str, NDArray[Any]]:
        """What the model says of n rows, by column, each of shape (n,): the columns that it reads, `fit`,
        `residual` (of the rows that were fitted), `curve_low` and `curve_high`, between which the curve
        lies at the fit's `level`, `data_low` and `data_high` for another observation. Of several model
        statements the rows of one stand below those of the other, the column `statement` says which a row is
        of, and columns that one does not read are nan there, or "" of texts.

        data: other rows, as of `parse`; without it those that were fitted. Raises BadOption for what is no
        fit of model statements, BadData for rows without a column of the model or without a value.
        """
        import numpy as np

        from backprop.data_tables import given_tables
        from backprop.predicting import fitted_rows

        grid = None
        if data is not None:
            opened = self._fitting.opened
            grid = opened._replace(tables=given_tables(data, opened.source))  # type: ignore[arg-type]
        rows = fitted_rows(self._fitting, self.found, self.level, grid)
        return {
            each.title: np.array([cell or "" for cell in each.cells])
            if each.kind == "text"
            else np.array(each.cells, float)
            for each in rows.records()
        }

    def plot(self) -> FitPlot:
        """The picture of the fit, which has `save("fit.svg")`. Raises as `predict`."""
        from backprop.fit_pictures import picture_of

        return FitPlot(picture_of(self._fitting, self.found, self.level))
