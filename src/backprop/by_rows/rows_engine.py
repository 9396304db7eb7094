"""Value and gradient of an output over many rows of data, many times: by machine code, a chunk of rows after
the other, on all processors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from backprop.by_rows.block_kernel import NotSure, Summed
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.machine_rows import MachineRows
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.row_program import RowProgram
from backprop.engine.engines import Engine, Own
from backprop.errors import BackpropError
from backprop.language.apart import NotApart, apart
from backprop.language.laid import data_of
from backprop.language.model import Model
from backprop.loops.domains import Reals
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.syntax.parser import read

MANY_ROWS = 8 * CHUNK
"""Rows from which on this is worth while: a pass over fewer takes no longer than to add up what it finds."""


class RowsEngine(Engine):
    """Both by passes over chunks of rows. plain: an engine that takes over where something is not sure.
    Raises NotApart, NotLoops where this is not the way."""

    def __init__(
        self,
        model: LoopModel,
        output: str,
        names: Sequence[str],
        values: Mapping[str, float],
        plain: Any,
        threads: int = 0,
    ) -> None:
        self._plain, self._names = plain, [*names]
        statements, errors = read(model.source)
        if errors or model.laid is None:
            raise NotApart("there are no tables")
        tables = data_of(model.laid)
        parts = apart(statements, tables, model.source)
        self._program = RowProgram(parts, output, model.seed, model.sizes)
        words = {text for each in statements for text in each.tokens.texts}
        used = [(table, [name for name in table.names if name in words]) for table in tables]
        self._sources = [HeldRows(table, some) for table, some in used if some]
        if max((each.count() for each in self._sources), default=0) < MANY_ROWS:
            raise NotApart("there are few rows")
        every = [*self._program.once.names, *self._program.shared]
        known = {name for name in every if model.place(name) and not model.is_equation(name)}
        self._given = {name: model.default(name) for name in known} | dict(values)
        moving = {*names}
        self._fixed = {name: number for name, number in self._given.items() if name not in moving}
        self._threads = threads
        self._made: dict[tuple[int, tuple[int, ...]], MachineRows] = {}
        self._over(self._program.levels[0][0].table, self._program.levels[0])  # where it cannot be
        self._own = Own(lambda: None)

    @property
    def careful(self) -> Any:
        """What knows more of a point than its value and gradient."""
        return self._plain.careful

    @property
    def size(self) -> int:
        """About how many steps are computed at every point."""
        found: int = self._plain.size
        return found

    def forward(self, x: Any) -> float | None:
        numbers = numpy.asarray(x, dtype=float).tolist()
        given = {**self._given, **dict(zip(self._names, numbers, strict=True))}
        try:
            found = self._program.value_and_gradient(given, self._sources, over=self._over)
        except (NotSure, OverflowError, ValueError):
            self._own.made = None
            value: float | None = self._plain.forward(x)
            return value
        self._own.made = numpy.array([found.gradients.get(name, 0.0) for name in self._names])
        return found.value

    def backward(self) -> Any:
        made: Reals | None = self._own.made
        return self._plain.backward() if made is None else made

    def _over(self, table: int, sums: Sequence[Summed]) -> Any:
        """A pass over the rows of a table."""
        some = tuple(each.term for each in sums if each.table == table)
        if (table, some) not in self._made:
            mine = [each for each in sums if each.table == table]
            made = MachineRows(
                self._program, mine, self._sources[table], self._fixed, self._threads
            )
            self._made[table, some] = made
        return self._made[table, some].over


def over_rows_of(
    model: Model,
    output: str,
    names: Sequence[str],
    values: Mapping[str, float],
    plain: Any,
    threads: int = 0,
) -> Any:
    """An engine by passes over rows where that is possible and worth while, else `plain`."""
    if not isinstance(model, LoopModel) or model.laid is None:
        return plain
    try:
        return RowsEngine(model, output, names, values, plain, threads)
    except (NotApart, NotLoops, BackpropError):
        return plain
