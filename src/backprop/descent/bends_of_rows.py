"""How an output over rows of data bends, by passes over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.passing import RowSource
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import over_blocks
from backprop.descent.objective import Bends
from backprop.evaluation.rows_bending import RowsBending, RowsBent


class BendsOfRows(Bends):
    """The second derivatives of a program's output by n inputs. names: of these. given: the numbers of all
    inputs where these have some. over: as of `RowProgram.value_and_gradient`; None for blocks alone. Raises
    NotApart where this is not the way."""

    def __init__(
        self,
        program: RowProgram,
        names: Sequence[str],
        given: Callable[[Sequence[float]], Mapping[str, float]],
        sources: Sequence[RowSource],
        over: Any = None,
    ) -> None:
        self._bending = RowsBending(program, names)
        self._given, self._sources, self._over = given, sources, over

    def bent(self, x: Sequence[float], ways: Any = None) -> RowsBent:
        """The second derivatives times directions, (w, n), or the matrix. Raises NotSure."""
        return self._asked(self._bending.at, x, ways)

    def sizes_of(self, x: Sequence[float]) -> RowsBent:
        """The sizes of all that is added up to the matrix, and to the gradient. Raises NotSure."""
        return self._asked(self._bending.sizes, x)

    def at(self, x: Sequence[float], sizes: Sequence[float] = ()) -> Any:
        try:
            return self.bent(x).products
        except NotSure:
            return None

    def times(self, x: Sequence[float], vector: Any) -> Any:
        try:
            return self.bent(x, numpy.array(vector)[None]).products[0]
        except NotSure:
            return None

    def entries(self, x: Sequence[float]) -> None:
        return None

    def sizes(self, x: Sequence[float]) -> Any:
        try:
            return self.sizes_of(x).products
        except NotSure:
            return numpy.full((len(x), len(x)), numpy.inf)

    def _asked(self, method: Callable[..., RowsBent], x: Sequence[float], *more: Any) -> RowsBent:
        """What passes find. Raises NotSure."""
        with over_blocks() as mapped:
            try:
                return method(self._given(x), self._sources, mapped, self._over, *more)
            except (OverflowError, ValueError, ZeroDivisionError) as error:
                raise NotSure(str(error)) from None
