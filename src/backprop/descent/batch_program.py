"""Output and gradient of a batch of rows by NumPy: the equations are read once, and not for each batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from backprop.by_rows.block_kernel import NotSure, RowBlock
from backprop.by_rows.held_rows import BLOCK
from backprop.by_rows.program_over import program_over
from backprop.by_rows.row_counts import counted
from backprop.evaluation.leaves import default
from backprop.language import Model
from backprop.language.laid import RowNumbers
from backprop.loops.domains import Wholes


class BatchProgram:
    """names: the inputs that gradients are by. Raises NotApart, and what reading raises, where this is not
    the way."""

    def __init__(self, model: Model, output: str, names: Sequence[str]) -> None:
        self._program = program_over(model, output).program
        self._names = names
        every = dict.fromkeys([*self._program.once.names, *self._program.shared])
        known = [name for name in every if name in model.names and name in model.defaults]
        self._given = {name: default(model, name) for name in known if not model.is_equation(name)}

    def both(
        self, table: RowNumbers, places: Wholes, values: Mapping[str, float]
    ) -> tuple[float, list[float]] | None:
        """Both, of these rows; None where something has to be looked at. values: of inputs, in place of the
        file's."""
        rows, given = _Batch(table, places), {**self._given, **values}
        try:
            given = counted(self._program, given, [rows], values)
            found = self._program.value_and_gradient(given, [rows])
        except (NotSure, OverflowError, ValueError, ZeroDivisionError):
            return None
        return found.value, [found.gradients.get(name, 0.0) for name in self._names]


class _Batch:
    """Some rows of a table. places: which."""

    def __init__(self, table: RowNumbers, places: Wholes) -> None:
        self._table, self._places = table, places

    def count(self) -> int:
        return len(self._places)

    def blocks(self, names: Sequence[str]) -> Iterator[RowBlock]:
        for start in range(0, len(self._places), BLOCK):
            some = self._places[start : start + BLOCK]
            columns = {name: self._table.numbers[name][some] for name in names}
            yield RowBlock(columns, len(some), start)
