"""Value and gradient of an output over many rows of data, many times: by machine code, a chunk of rows after
the other, on all processors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import sqrt
from sys import float_info
from typing import Any

import numpy

from backprop.by_rows.block_kernel import NotSure, Summed, passes
from backprop.by_rows.bordering import is_continuous
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.machine_rows import MachineRows
from backprop.by_rows.passing import SumsAndSlopes
from backprop.by_rows.program_over import program_over
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.threads import over_blocks
from backprop.engine.engines import Engine, Own
from backprop.errors import BackpropError, NoMachineCode
from backprop.language.apart import NotApart
from backprop.language.model import Model
from backprop.loops import edges
from backprop.loops.domains import Reals
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops

MANY_ROWS = 8 * CHUNK
"""Rows from which on this is worth while: a pass over fewer takes no longer than to add up what it finds."""


class OutputOverRows:
    """An output over the rows of tables in memory. names: the inputs that numbers are given for. values:
    those of others, in place of the file's. Raises NotApart, and what reading raises, where this is not the
    way."""

    def __init__(
        self, model: LoopModel, output: str, names: Sequence[str], values: Mapping[str, float]
    ) -> None:
        laid = model.laid
        if laid is None or max((each.size for each in laid.tables), default=0) < MANY_ROWS:
            raise NotApart("there are few rows")
        self.program, used = program_over(model, output)
        self.sources = [HeldRows(table, some) for table, some in used]
        every = [*self.program.once.names, *self.program.shared]
        known = {name for name in every if model.place(name) and not model.is_equation(name)}
        self._given = {name: model.default(name) for name in known} | dict(values)
        self.names = [*names]
        moving = {*names}
        self.fixed = {name: number for name, number in self._given.items() if name not in moving}

    def at(self, x: Any, **more: Any) -> SumsAndSlopes:
        """What passes find at numbers for `names`. Raises NotSure."""
        try:
            return self.program.value_and_gradient(self.given(x), self.sources, **more)
        except (OverflowError, ValueError, ZeroDivisionError) as error:
            raise NotSure(str(error)) from None

    def given(self, x: Any) -> dict[str, float]:
        """The numbers of all inputs, where `names` have these."""
        numbers = numpy.asarray(x, dtype=float).tolist()
        return {**self._given, **dict(zip(self.names, numbers, strict=True))}

    @property
    def size(self) -> int:
        """About how many steps there are, of all rows."""
        rows = max(each.count() for each in self.sources)
        return rows * len(self.program.row.columns) + len(self.program.once.columns)


class RowsEngine(Engine):
    """Both by passes over chunks of rows. make_plain: makes an engine that takes over where something is not
    sure. Raises NotApart, NotLoops where this is not the way, NoMachineCode."""

    def __init__(
        self, rows: OutputOverRows, make_plain: Callable[[], Any], threads: int = 0
    ) -> None:
        self.rows, self._make_plain, self._threads = rows, make_plain, threads
        self._made: dict[tuple[int, tuple[int, ...]], MachineRows] = {}
        for sums in (*rows.program.levels, rows.program.sums):
            for table, some in passes(sums, True):
                self.over(table, some)
        self._own = Own(lambda: None)

    @cached_property
    def plain(self) -> Any:
        """The engine that takes over."""
        return self._make_plain()

    @property
    def careful(self) -> Any:
        """What knows more of a point than its value and gradient."""
        return self.plain.careful

    @property
    def size(self) -> int:
        """About how many steps are computed at every point."""
        return self.rows.size

    @property
    def operations(self) -> set[str]:
        """Those of the steps that may stand on a border."""
        return self.rows.program.bordering

    @property
    def is_continuous(self) -> bool:
        """Whether no step that moves is a condition, or jumps."""
        return is_continuous(self.operations)

    def forward(self, x: Any) -> float | None:
        try:
            found = self.rows.at(x, over=self.over)
        except NotSure:
            self._own.made = None
            value: float | None = self.plain.forward(x)
            return value
        self._own.made = numpy.array([found.gradients.get(n, 0.0) for n in self.rows.names])
        return found.value

    def backward(self) -> Any:
        made: Reals | None = self._own.made
        return self.plain.backward() if made is None else made

    def rounding(self, x: Any) -> float | None:
        """As of `ArrayEngine`."""
        try:
            with over_blocks(self._threads) as mapped:
                found = self.rows.at(x, map_blocks=mapped, effects=True)
        except NotSure:
            known: float | None = self.careful.rounding(x)
            return known
        return float_info.epsilon * sqrt(found.effect)

    def at_border(self, x: Any) -> bool:
        """Whether some step that moves stands on a border there, or may do."""
        if not any(map(edges.has_some, self.operations)):
            return False
        try:
            with over_blocks(self._threads) as mapped:
                self.rows.at(x, map_blocks=mapped)
        except NotSure:
            return True
        return False

    def over(self, table: int, sums: Sequence[Summed]) -> Any:
        """A pass over the rows of a table, as of `RowProgram.value_and_gradient`."""
        some = table, tuple(each.term for each in sums)
        if some not in self._made:
            rows = self.rows
            source = rows.sources[table]
            self._made[some] = MachineRows(rows.program, sums, source, rows.fixed, self._threads)
        return self._made[some].over


def over_rows_of(
    model: Model,
    output: str,
    names: Sequence[str],
    values: Mapping[str, float],
    make_plain: Callable[[], Any],
    threads: int = 0,
) -> RowsEngine | None:
    """An engine by passes over rows where that is possible and worth while, else None."""
    if not isinstance(model, LoopModel) or model.laid is None:
        return None
    try:
        return RowsEngine(OutputOverRows(model, output, names, values), make_plain, threads)
    except (NotApart, NotLoops, NoMachineCode, BackpropError):
        return None


def found_over_rows(model: Model, output: str, values: Mapping[str, float]) -> SumsAndSlopes | None:
    """What passes over blocks of rows find at the numbers of the file, or at others; None where that is not
    the way, or something has to be looked at."""
    if not isinstance(model, LoopModel) or model.laid is None or model.worked:
        return None
    try:
        rows = OutputOverRows(model, output, [], values)
        with over_blocks() as mapped:
            return rows.at([], map_blocks=mapped)
    except (NotApart, NotSure, BackpropError):
        return None
