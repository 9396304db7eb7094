"""Second derivatives of an output over many rows of data in memory: by passes over blocks of rows, without
arrays of all steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient
from backprop.evaluation.sweep_plan import Entries
from backprop.language import Model
from backprop.language.apart import NotApart
from backprop.loops.loop_model import LoopModel
from backprop.loops.walks import Doubtful
from backprop.source import normal

if TYPE_CHECKING:
    from backprop.by_rows.rows_engine import OutputOverRows
    from backprop.evaluation.rows_bending import RowsBending, RowsBent

_MANY = 100_000
"""Of fewer rows arrays of all steps are made as soon."""


class BendingRows(NamedTuple):
    """An output over rows at x, the numbers of n inputs. bending: by these."""

    gradient: Gradient
    x: list[float]
    rows: OutputOverRows
    bending: RowsBending

    def at(self, x: Sequence[float], ways: Any = None) -> tuple[Any, Any]:
        """The second derivatives, (n, n), or these times directions, (w, n), and the gradient, (n,). Raises
        Doubtful."""
        found = self._sure(self.bending.at, x, None, ways)
        return found.products, found.gradient

    def sizes(self, x: Sequence[float]) -> tuple[Any, Any]:
        """The sizes of what is added up to both. Raises Doubtful."""
        found = self._sure(self.bending.sizes, x)
        return found.products, found.gradient

    def entries(self, diagonal: bool) -> tuple[Entries, Any]:
        """The second derivatives that are not 0, or those in the diagonal, and the size of what is added up
        to each. No sweeps of their own find them. Raises Doubtful."""
        (table, _), (sizes, _) = self.at(self.x), self.sizes(self.x)
        if diagonal:
            every = numpy.arange(len(table))
            own = table.diagonal().copy()
            return Entries(every, every, own, 0, len(table)), sizes.diagonal().copy()
        found = Entries.every(table / 2 + table.T / 2 + 0.0).some()._replace(sweeps=0)
        return found, (sizes / 2 + sizes.T / 2)[found.rows, found.columns]

    def _sure(self, run: Callable[..., RowsBent], x: Sequence[float], *more: Any) -> RowsBent:
        from backprop.by_rows.block_kernel import NotSure  # for data only
        from backprop.by_rows.threads import over_blocks

        try:
            with over_blocks() as mapped:
                return run(self.rows.given(x), self.rows.sources, mapped, *more)
        except (NotSure, OverflowError, ValueError, ZeroDivisionError) as error:
            raise Doubtful(str(error)) from None


def bending_rows(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str]
) -> BendingRows | None:
    """None of few rows, and where passes are not the way, or something is in doubt or on a border."""
    laid = model.laid
    if not (isinstance(model, LoopModel) and laid and names) or model.worked:
        return None
    if max((each.size for each in laid.tables), default=0) < _MANY:
        return None
    from backprop.by_rows.block_kernel import NotSure  # for data only
    from backprop.by_rows.chosen_members import chosen
    from backprop.by_rows.rows_engine import OutputOverRows
    from backprop.by_rows.threads import over_blocks
    from backprop.evaluation.rows_bending import RowsBending

    given = {normal(name): number for name, number in values.items()}
    x = [given[name] if name in given else model.default(name) for name in names]
    try:
        rows = OutputOverRows(model, output, names, given)
        if not (program := chosen(rows.program)):
            return None
        bending = RowsBending(program, names)
        with over_blocks() as mapped:
            found = rows.at(x, map_blocks=mapped)
    except (NotApart, NotSure, BackpropError):  # which is found out, and told, by all steps
        return None
    data = {**dict(zip(names, x, strict=True)), output: found.value}
    slopes = {name: found.gradients.get(name, 0.0) for name in names}
    gradient = Gradient(output, found.value, data, {**slopes, output: 1.0}, tuple(model.warnings))
    return BendingRows(gradient, x, rows, bending)
