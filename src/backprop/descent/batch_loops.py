"""The compiled loops of a descent by minibatches, for the sizes that its batches have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy

from backprop.descent.course import Run
from backprop.descent.loop import Task
from backprop.descent.minibatch_rows import AHEAD, RowsOutput
from backprop.descent.objective import Point
from backprop.errors import NoMachineCode, NotFinite, TooLarge
from backprop.language.laid import RowNumbers
from backprop.loops.many import NotLoops

if TYPE_CHECKING:
    from backprop.descent.minibatch_loop import MinibatchLoop, RowMajor

_SAME = 1e-9
"""How far machine code may be from the equations of a batch by themselves, relative to the larger one."""


class Tried(Protocol):
    """A run that can try a loop. values: the numbers of inputs that were given. point: those where it is."""

    run: Run
    values: Mapping[str, float]

    @property
    def point(self) -> Mapping[str, float]: ...

    def tried(self, loop: MinibatchLoop) -> tuple[float, Point] | None:
        """Output and gradient of the next batch of a loop, None where it leaves that to others."""


class BatchLoops:
    """The compiled loops of the two sizes of batches, as far as there are any."""

    def __init__(self, of: Tried, task: Task, engine: str, rows: RowsOutput) -> None:
        self._of, self._task, self._engine, self._rows = of, task, engine, rows
        self._made: dict[int, MinibatchLoop | None] = {}
        self._numbers: RowMajor | None = None
        self._laid: RowNumbers | None = None
        """What `_numbers` is of."""

    def look_at_rows(self) -> None:
        """Let all loops take the rows that are there now."""
        table = self._rows.table
        if self._laid is table:
            return
        self._laid, self._numbers = table, None
        loops = [each for each in self._made.values() if each]
        if loops:
            from backprop.descent.minibatch_loop import RowMajor

            for each in loops:
                each.free_rows()
            self._numbers = RowMajor(table.numbers)
            for each in loops:
                each.take_rows(self._numbers)

    def of(self, size: int) -> MinibatchLoop | None:
        """The loop of batches of so many rows; None where each is looked at by itself."""
        if size not in self._made:
            self._made[size] = self._new(size) if self._engine != "python" else None
        return self._made[size]

    def _new(self, size: int) -> MinibatchLoop | None:
        from backprop.descent.minibatch_loop import MinibatchLoop, RowMajor
        from backprop.loops.loop_model import LoopModel
        from backprop.loops.ready import needed

        rows, problem = self._rows, self._of.run.problem
        model = rows.of(numpy.arange(size))
        tell = getattr(rows.model, "tell", None)
        try:
            if not isinstance(model, LoopModel):
                raise NotLoops("the equations are no loops over rows")
            if self._numbers is None:
                self._numbers = RowMajor(rows.table.numbers)
            asked = needed(model, rows.output, problem.names, self._of.values)
            loop = MinibatchLoop(asked, self._task, self._numbers, size)
        except (NotLoops, TooLarge) as error:
            why = error.reason if isinstance(error, NotLoops) else error.message
            if tell:
                tell(f"each batch is read by itself: {why}")
            return None
        except NoMachineCode:
            if self._engine == "native":
                raise
            return None
        return loop if self._agrees(loop, size) else None

    def _agrees(self, loop: MinibatchLoop, size: int) -> bool:
        """Whether a loop says of other rows than it was made with what their equations say."""
        of, count = self._of, self._rows.table.size
        places = numpy.arange(count)[::-1][:size]
        order = numpy.concatenate([places, numpy.zeros(AHEAD, dtype=numpy.int64)])
        loop.take(order, 0)
        found = of.tried(loop)
        try:
            value, slopes = self._rows.both(places, of.point)
        except NotFinite:
            return True
        if not found:
            return True  # the loop leaves these rows to the equations, too
        largest = max(map(abs, slopes))
        off = [abs(one - other) for one, other in zip(found[1], slopes, strict=True)]
        near = abs(found[0] - value) <= _SAME * max(abs(value), largest, _SAME)
        return near and max(off) <= _SAME * max(largest, abs(value), _SAME)
