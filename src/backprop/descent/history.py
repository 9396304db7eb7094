"""The steps of a run as they are told of and kept."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backprop.descent.objective import Point
from backprop.descent.spool import GrowingColumn, Spool


class Step(NamedTuple):
    """What a callback is told after each step.

    number: counted from 1 (0 is the start), through resumed runs. value: the output.
    gradient_norm: Euclidean, without what pushes against a bound. step_length: Euclidean. lr: the
    step size, 0 at the start and where the method has none. parameters: by name.
    """

    number: int
    value: float
    gradient_norm: float
    step_length: float
    lr: float
    parameters: dict[str, float]


Callback = Callable[[Step], object]
"""Called with every step; the run stops when it returns True."""


ToldBetween = Callable[[Any, dict[str, float]], object]
"""Called between epochs with the State, and the parameters that would be kept if the run ended there."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best step of a run: its number, the output and the parameters there."""

    step: int
    value: float
    parameters: dict[str, float] = field(repr=False)


class History:
    """Every step, or every so many: one column each, all of the same length, and one for each of
    these parameters. spool: makes the columns, which otherwise are arrays."""

    def __init__(self, names: Sequence[str], spool: Spool | None) -> None:
        column: Callable[[str], GrowingColumn] = spool.column if spool else array
        self.steps = column("q")
        self.values, self.gradient_norms = column("d"), column("d")
        self.step_lengths, self.lrs = column("d"), column("d")
        self.parameters = {name: column("d") for name in names}
        numbers = self.values, self.gradient_norms, self.step_lengths, self.lrs
        self._columns = [self.steps, *numbers, *self.parameters.values()]
        self.newest = -1
        """The number of the last step that was kept."""
        self._spool = spool

    def keep(self, step: Step) -> None:
        """Add a step as a row, wholly or not at all; in place of the last row, if that is the same
        step."""
        if self.newest == step.number:
            for column in self._columns:
                column.pop()
        count = len(self.steps)
        try:
            cells = *step[:-1], *step.parameters.values()
            for column, cell in zip(self._columns, cells, strict=True):
                column.append(cell)
        except MemoryError:
            self.newest = -1
            for column in self._columns:
                if len(column) > count:
                    column.pop()
            raise
        self.newest = step.number
        if self._spool is not None:
            self._spool.grown()


class Steps(NamedTuple):
    """Steps that a method has taken: where the last one led, and what came on the way.

    values: the output at each, as a person sees it. before: the value before the last. still: how
    many of the last steps moved nothing. best: of these steps the number, from 1, value and point
    of the lowest, None if a step before them was lower.
    """

    x: Point
    value: float
    gradient: Point
    lr: float
    length: float
    values: array[float]
    before: float
    still: int
    best: tuple[int, float, Point] | None
