"""Gradients of what all slices of a recurrence read, added up a few slices at a time.

A sum of n numbers one after the other is rounded n times, in turn with sums of √n of them 2·√n times.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt

import numpy

from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals
from backprop.loops.parts import Turn
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence

_OFTEN = 4
"""A family of whose members each is read so often, by all slices, is worth sums of its own."""


class SliceSums:
    """The sums of one run, on the way back through its slices. gradients, by_row: of families and of rows
    computed elsewhere, to which all is added in the end. by_row: those of the slices since the last sum."""

    def __init__(
        self,
        plan: Plan,
        run: Turn | Recurrence,
        gradients: dict[str, Reals],
        by_row: dict[int, Spread],
    ) -> None:
        self._gradients, self._rows = gradients, by_row
        self.by_row = by_row
        self._whole: Mapping[str, Reals] = {}
        self._few = self._left = 0
        if not isinstance(run, Recurrence) or run.count < _OFTEN * _OFTEN:
            return
        own = {body.family for body in run.bodies}
        uses = [use for body in run.bodies for use in body.part.uses if use.family not in own]
        often = [
            use.family
            for use in uses
            if plan.columns.homes[use.row].size >= _OFTEN * plan.families[use.family].size
        ]
        self._few = self._left = isqrt(len(run.turns))
        self._whole = {name: gradients[name] for name in often}
        self._begin()

    def _begin(self) -> None:
        self.by_row = {}
        for name, whole in self._whole.items():
            self._gradients[name] = numpy.full_like(whole, -0.0)

    def next(self) -> None:
        """One slice has been gone through."""
        self._left -= 1
        if not self._left:
            self.end()
            self._left = self._few
            self._begin()

    def end(self) -> None:
        """Add to the whole what there is."""
        if self.by_row is self._rows:
            return
        for name, whole in self._whole.items():
            whole += self._gradients[name]
            self._gradients[name] = whole
        for row, found in self.by_row.items():
            self._rows[row] = self._rows[row] + found if row in self._rows else found
        self.by_row = self._rows
