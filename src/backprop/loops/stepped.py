"""A recurrence whose times have few members in plain Python: a loop over time, step by step.

The values of all members are kept, and their gradients; what is between them is computed again on
the way back. A step takes some 50 ns; of arrays of few numbers it takes 2 µs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.engine import underflow
from backprop.loops.arrays import Spread, finite
from backprop.loops.domains import Reals
from backprop.loops.loop_code import LoopCode
from backprop.loops.moments import MOST_PHASES, Period, view
from backprop.loops.parts import Use
from backprop.loops.reaching import mark_times
from backprop.loops.recurrence import Recurrence, Slots, Timed


class Met(NamedTuple):
    """What was met on the way forward. finite: whether all values are that have a say. small: whether
    one may have been too small for a double. border: whether some step stands on one. labels: what is
    read that must have no slope, because an equality was met."""

    finite: bool
    small: bool
    border: bool
    labels: Sequence[Use]


class Stepped(Recurrence):
    """A recurrence that is gone through step by step. periods: its single steps."""

    def __init__(self, bodies: Sequence[Timed], backwards: bool, periods: Sequence[Period]) -> None:
        super().__init__(bodies, backwards)
        self.code = LoopCode(periods)
        self._forward = cache(self.code.forward)
        self._backward = cache(self.code.backward)
        self._reach = cache(self.code.reach)

    def forward(
        self,
        values: Mapping[str, Reals],
        rows: Mapping[int, Spread],
        more: float = 0.0,
        how: str = "",
    ) -> Met:
        """Compute all members from the `values` of others and the numbers of `rows`, into `values`.
        more: as of ArrayWriter. how: its `steps`."""
        run = self._forward(how or ("shifted" if more else ""))
        mark = underflow.functions()
        if mark:
            mark[0]()
        sound, small, border, *met = run(self._numbers(values, rows), more)
        small = small or bool(mark and mark[1]())
        sound = sound and all(finite(values[each.family][each.target]) for each in self.bodies)
        found = zip(met, self.code.labels.values(), strict=True)
        return Met(sound, small, border, [use for yes, uses in found if yes for use in uses])

    def backward(
        self,
        values: Mapping[str, Reals],
        rows: Mapping[int, Spread],
        gradients: Mapping[str, Reals],
        by_row: dict[int, Spread],
        reached: Mapping[str, NDArray[numpy.bool_]],
        more: float = 0.0,
        how: str = "",
    ) -> bool:
        """Add what the members bring to the gradients of what they read, and of rows; whether one may have
        been too small for a double. reached: the members that lead to the output."""
        run = self._backward(how or ("shifted" if more else ""))
        slopes = {row: numpy.full_like(_array(rows[row]), -0.0) for row in self.code.rows}
        numbers = self._numbers(values, rows)
        mark = underflow.functions()
        if mark:
            mark[0]()
        small = run(numbers, self._numbers(gradients, slopes), self._last(reached), more)
        small = small or bool(mark and mark[1]())
        for row, slope in slopes.items():
            found: Spread = float(slope[0]) if isinstance(rows[row], float) else slope
            by_row[row] = by_row[row] + found if row in by_row else found
        return small

    def mark(self, marks: Mapping[str, NDArray[numpy.bool_]], rows: set[int]) -> None:
        """Mark the members that marked ones read. rows: takes those that they need."""
        arrays: dict[str | int, NDArray[numpy.bool_]] = {x: marks[x] for x in self.code.families}
        arrays |= {row: numpy.zeros(1, dtype=bool) for row in self.code.rows}
        run = partial(self._reach(), [view(each) for each in arrays.values()])
        last = self._last(marks)
        for period in reversed(self.code.periods):
            if period.start < last:
                mark_times(period, min(period.stop, last), arrays, run)
        rows.update(row for row in self.code.rows if arrays[row][0])

    def _last(self, marks: Mapping[str, NDArray[numpy.bool_]]) -> int:
        """The number of the last time that has a marked member, and one more."""
        last = 0
        for start, _, slots in reversed(self.phases(MOST_PHASES) or []):
            for body, at in zip(self.bodies, slots, strict=True):
                if at is None:
                    continue
                asked = marks[body.family][body.target].reshape(body.first.size, -1)
                found = numpy.flatnonzero(asked[_index(at)].any(axis=1))
                if len(found):
                    last = max(last, start + int(found[-1]) + 1)
            if last:
                break
        return last

    def _numbers(self, values: Mapping[str, Reals], rows: Mapping[int, Spread]) -> list[Any]:
        found = [view(values[name]) for name in self.code.families]
        return found + [view(_array(rows[row])) for row in self.code.rows]


def _array(numbers: Spread) -> Reals:
    return numpy.ascontiguousarray(numpy.atleast_1d(numbers), dtype=float)


def _index(slots: Slots) -> Any:
    """These combinations as an index of an array."""
    if isinstance(slots, range):
        return slice(slots.start, slots.stop if slots.stop >= 0 else None, slots.step)
    return slots
