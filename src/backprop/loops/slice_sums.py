"""Gradients of what all slices of a loop read, added up a few slices at a time.

A sum of n numbers one after the other is rounded n times. Here few are, and what rounding takes from the sum
of these is added up as well (Knuth's two-sum).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy

from backprop.loops.affine import count_of
from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals
from backprop.loops.parts import Block
from backprop.loops.scattered import FEW

_OFTEN = 4
"""A family of whose members each is read so often, by all slices, is worth sums of its own."""


def two_sum(total: Any, more: Any, rest: Any) -> tuple[Any, Any]:
    """The sum with more, and what rounding has taken so far. What no gradient has arrived at stays so."""
    after = total + more
    taken = after - total
    return after, rest - (((after - taken) - total) + (taken - more))


class SliceSums:
    """The sums of a way back through slices. gradients, by_row: of families and of rows computed elsewhere,
    to which all is added in the end. often: the families with sums of their own, none of which the slices
    compute, with how many of their members a slice reads, about. by_row: those of the slices since the last
    sum."""

    def __init__(
        self,
        gradients: dict[str, Reals],
        by_row: dict[int, Spread],
        often: Mapping[str, float] | None,
    ) -> None:
        self._gradients, self._rows = gradients, by_row
        self.by_row = by_row
        self._idle = often is None
        if often is None:
            return
        each = [FEW * len(gradients[name]) / reads for name, reads in often.items()]
        self._few = self._left = int(max([FEW, *each]))
        self._whole = {name: gradients[name] for name in often}
        self._rests = {name: numpy.full_like(gradients[name], -0.0) for name in often}
        self._row_rests: dict[int, Spread] = {}
        self._begin()

    def _begin(self) -> None:
        self.by_row = {}
        for name, whole in self._whole.items():
            self._gradients[name] = numpy.full_like(whole, -0.0)

    def next(self) -> None:
        """One slice has been gone through."""
        if self._idle:
            return
        self._left -= 1
        if not self._left:
            self._add()
            self._left = self._few
            self._begin()

    def _add(self) -> None:
        """Add to the whole what there is."""
        for name, whole in self._whole.items():
            more, rest = self._gradients[name], self._rests[name]
            whole[:], rest[:] = two_sum(whole, more, rest)
        self._add_rows()

    def _add_rows(self) -> None:
        for row, found in self.by_row.items():
            if row in self._rows:
                rest = self._row_rests.get(row, -0.0)
                self._rows[row], self._row_rests[row] = two_sum(self._rows[row], found, rest)
            else:
                self._rows[row] = found

    def settle(self) -> None:
        """Add to the rows computed elsewhere what there is, as somebody needs their gradients."""
        if self._idle:
            return
        self._add_rows()
        for row, rest in self._row_rests.items():
            self._rows[row] = self._rows[row] + rest
        self._row_rests, self.by_row = {}, {}

    def end(self) -> None:
        """Add to the whole what there is, and what rounding has taken."""
        if self._idle:
            return
        self._add()
        self.by_row = {}
        self.settle()
        for name, whole in self._whole.items():
            whole += self._rests[name]
            self._gradients[name] = whole
        self._idle, self.by_row = True, self._rows


def often_read(
    bodies: Iterable[Block], families: Mapping[str, int], slices: int
) -> dict[str, float] | None:
    """Of some families those that bodies read often, with how many of their members a slice reads; None where
    there are few slices. families: how many members each has."""
    if slices < _OFTEN * _OFTEN:
        return None
    reads: dict[str, int] = {}
    for body in bodies:
        for use in body.uses:
            if use.family in families:
                size = count_of(use.places)
                reads[use.family] = reads.get(use.family, 0) + size
    return {name: size / slices for name, size in reads.items() if size >= _OFTEN * families[name]}
