"""Fits of rows of which a column on the right side has errors, too: the effective variance of a residual,

    w^2 = s_y^2 + (df/dx)^2*s_x^2,

with the slope of the model in each row at the parameters of the solve before. Weights are held within a solve
and computed again until parameters settle (J. Orear, "Least squares when both variables have uncertainties",
American Journal of Physics 50, 1982)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy

from backprop.errors import BadData, NeedsData
from backprop.fit.fit_rows import EachResidual, FitRows
from backprop.loops.domains import Reals

FindWidths = Callable[[Sequence[float]], Reals | None]
"""Finds the errors w of n residuals at P parameters, shape (n,); None where something is not finite."""

_SETTLED = 1e-12
"""Parameters that move by less, in parts of themselves, have settled; so have those after so many solves."""

_ROUNDS = 200


class WeighedRows(FitRows):
    """Rows in memory, each residual in parts of its own error. plain: the residuals themselves. widths: finds
    their errors."""

    def __init__(self, plain: FitRows, widths: FindWidths) -> None:
        self.plain, self._widths = plain, widths
        self.names, self.mean = plain.names, plain.mean
        self._errors: Reals | None = None

    @property
    def in_memory(self) -> bool:
        return True

    def settle(self, x: Reals, again: Callable[[Reals], Reals | None]) -> Reals:
        """Hold the errors that the parameters of their own fit make. x: parameters of least squares. again:
        those of a fit from there; None where it fails. Raises BadData for residuals without an error,
        NeedsData for errors that do not settle."""
        for _ in range(_ROUNDS):
            self._hold(x)
            found = again(x)
            if found is None:
                break
            moved = numpy.abs(found - x) > _SETTLED * (numpy.abs(found) + numpy.abs(x))
            x = found
            if not moved.any():
                return x
        hints = ["fit with --sigma alone", "or begin near: --set, or other --bounds"]
        raise NeedsData("the errors of x and the parameters do not settle", hints=hints)

    def _hold(self, x: Reals) -> None:
        errors = self._widths(x.tolist())
        each = self.plain.each(x.tolist(), slopes=False)
        if errors is None or each is None or not numpy.isfinite(errors).all():
            hints = ["begin somewhere else: --set"]
            raise NeedsData("the slope of the model by x is not finite in some row", hints=hints)
        if not (errors > 0).all():
            place = self.plain.place(each.where, int(numpy.argmin(errors)))
            message = f"a residual has no error at {place}, where the model does not move with x"
            raise BadData(message, hints=["give the error of the left side as well: --sigma"])
        self._errors = errors

    def triangle(self, x: Sequence[float]) -> Reals | None:
        each = self.each(x)
        if each is None:
            return None
        width = len(each.columns)
        found = numpy.zeros((width, width))
        made = numpy.linalg.qr(each.columns.T, mode="r")
        found[: len(made)] = made
        return found

    def each(self, x: Sequence[float], slopes: bool = True) -> EachResidual | None:
        found = self.plain.each(x, slopes)
        if found is None or not numpy.isfinite(found.columns).all():
            return None
        self.count = found.columns.shape[1]
        errors = 1.0 if self._errors is None else self._errors
        return found._replace(columns=found.columns / errors)

    def cells(self) -> list[Reals]:
        return self.plain.cells()

    def place(self, where: Sequence[tuple[int, int]], row: int) -> str:
        return self.plain.place(where, row)

    def give(self, name: str, number: float) -> None:
        self.plain.give(name, number)
