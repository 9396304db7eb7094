"""The result of `Model.grad`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backprop import language
from backprop.evaluation import gradient as plain_gradient
from backprop.showing import Shown

if TYPE_CHECKING:
    from backprop.report import Table


class Gradient(Shown, plain_gradient.Gradient):
    """The result of `Model.grad`, which prints as a table, and is one in a notebook.

    output, value, data, gradients, warnings, notes: as in `backprop.evaluation.gradient.Gradient`:
    the output's name and value, values and derivatives by name, and what a person should know.
    """

    _of_model: language.Model | None = None

    def table(self) -> Table:
        """A row a name, with its role and equation where the Model is known; a copy has numbers only."""
        from backprop.report.gradient_report import gradient_report, gradient_table

        if self._of_model is None:
            return gradient_table(self)
        return gradient_report(self._of_model, [self], (), False, ()).table()

    def __reduce__(self) -> tuple[Any, ...]:
        return Gradient, tuple(self)
