"""Rows of data of which something is not finite: they are found by halves, and left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy
from numpy.typing import NDArray

from backprop.errors import BadData, ChooseOutput, NotFinite, TooLarge
from backprop.evaluation.directions import along
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.several import inputs_of
from backprop.language import Model
from backprop.language.laid import Data
from backprop.language.some_rows import SomeRows
from backprop.loops.worth import MANY
from backprop.names import family

Reading = Callable[[Sequence[Data], float], tuple[Model, Mapping[str, float]]]
"""A Model over tables, of loops from so many steps on, and the numbers of its inputs."""

_MOST = 1000
"""Bad rows that are left out: of more the equations are wrong, or the numbers to begin with."""


def good_tables(
    read: Reading, tables: Sequence[Data], of: Sequence[str], tell: Callable[[str], object]
) -> Sequence[Data]:
    """The tables without the rows of which, each by itself or with others, the outputs have no finite value.

    tell: is told how many these are. Raises TooLarge for more than a thousand, BadData if no row is left.
    """
    model, _ = read(tables, MANY)
    laid = model.laid
    if laid is None or not laid.tables:
        return tables
    found = [*tables]
    for used in laid.tables:
        at = [*laid.data].index(laid.source_of(used))
        looking = _Looking(read, found, at, of)
        every = numpy.arange(used.size)
        bad = looking.bad(every)
        if len(bad) == used.size:
            message = "there is nothing to compute with: something has no finite value in each row"
            raise BadData(message, where=used.name, hints=["see why: leave --skip-bad-rows out"])
        if len(bad):
            found[at] = SomeRows(tables[at], numpy.delete(every, bad))
            rows = f"{len(bad):,} of {used.size:,} rows left out"
            first = used.place(int(bad[0]))
            tell(f"{used.name}: {rows}: something has no finite value (the first is {first})")
    return found


class _Looking:
    """Looks at some rows of a table alone. at: which one it is."""

    def __init__(self, read: Reading, tables: Sequence[Data], at: int, of: Sequence[str]) -> None:
        self._read, self._tables, self._at, self._of = read, tables, at, of

    def bad(self, rows: NDArray[numpy.int64]) -> NDArray[numpy.int64]:
        """Those without a value among these."""
        found, left = list[int](), [rows]
        while left:
            some = left.pop()
            if self._is_finite(some):
                continue
            if len(some) == 1:
                found.append(int(some[0]))
                if len(found) > _MOST:
                    message = f"more than {_MOST:,} rows have no finite value"
                    hints = ["look at one of them: leave --skip-bad-rows out"]
                    raise TooLarge(message, hints=hints)
                continue
            half = len(some) // 2
            left += [some[half:], some[:half]]
        return numpy.array(sorted(found), dtype=numpy.int64)

    def _is_finite(self, rows: NDArray[numpy.int64]) -> bool:
        """Whether all outputs of these rows have values."""
        tables = [*self._tables]
        tables[self._at] = SomeRows(tables[self._at], rows)
        model, numbers = self._read(tables, MANY)
        try:
            try:
                outputs: Sequence[str | None] = model.meant_outputs(self._of) or [None]
                for output in outputs:
                    evaluate(model, numbers, output)
            except ChooseOutput:
                self._of_columns(model, numbers)
        except NotFinite:
            return False
        return True

    def _of_columns(self, model: Model, numbers: Mapping[str, float]) -> None:
        """Compute the columns that are asked for, by themselves all. Raises NotFinite, ChooseOutput."""
        laid = model.laid
        asked = (
            self._of or [each for each in laid.families if each not in laid.columns] if laid else ()
        )
        members = [name for name in model.names if family(name) in asked]
        inputs = [name for name in inputs_of(model, members) if name in model.names]
        if not members or not inputs:
            raise ChooseOutput(
                "there is no output whose rows could be looked at", hints=["name it: --of"]
            )
        along(model, numbers, members, {inputs[0]: 1.0})
