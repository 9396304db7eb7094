"""Gradients of what all slices of a loop read, added up a few slices at a time.

A sum of n numbers one after the other is rounded n times. Here few are, and what rounding takes from the sum
of these is added up as well (Knuth's two-sum).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Affine, Places, count_of, distinct, once, plain, whole
from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals, Wholes
from backprop.loops.parts import Block
from backprop.loops.scattered import FEW

_OFTEN = 4
"""A family of whose members each is read so often, by all slices, is worth sums of its own."""

_HOT = 4 * FEW
"""So are single members of a larger one that are read so often."""

Often = Mapping[str, tuple[slice | Wholes, float]]
"""Of families which of their members have sums of their own, and how many of these a slice reads, about."""


def two_sum(total: Any, more: Any, rest: Any) -> tuple[Any, Any]:
    """The sum with more, and what rounding has taken so far. What no gradient has arrived at stays so."""
    after = total + more
    taken = after - total
    return after, rest - (((after - taken) - total) + (taken - more))


class SliceSums:
    """The sums of a way back through slices. gradients, by_row: of families and of rows computed elsewhere,
    to which all is added in the end. often: the members with sums of their own, none of which the slices
    compute. by_row: those of the slices since the last sum."""

    def __init__(
        self,
        gradients: dict[str, Reals],
        by_row: dict[int, Spread],
        often: Often | None,
    ) -> None:
        self._gradients, self._rows = gradients, by_row
        self.by_row = by_row
        self._idle = often is None
        if often is None:
            return
        self._places = {name: places for name, (places, _) in often.items()}
        self._whole = {name: gradients[name][at].copy() for name, at in self._places.items()}
        self._rests = {name: numpy.full_like(each, -0.0) for name, each in self._whole.items()}
        each = [FEW * len(self._whole[name]) / reads for name, (_, reads) in often.items()]
        self._few = self._left = int(max([FEW, *each]))
        self._row_rests: dict[int, Spread] = {}
        self._begin()

    def _begin(self) -> None:
        self.by_row = {}
        for name, places in self._places.items():
            self._gradients[name][places] = -0.0

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
        for name, total in self._whole.items():
            more, rest = self._gradients[name][self._places[name]], self._rests[name]
            total[:], rest[:] = two_sum(total, more, rest)
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
        for name, total in self._whole.items():
            self._gradients[name][self._places[name]] = total + self._rests[name]
        self._idle, self.by_row = True, self._rows


def often_read(bodies: Sequence[Block], families: Mapping[str, int], slices: int) -> Often | None:
    """What bodies read often of some families; None where there are few slices. families: how many members
    each has."""
    if slices < _OFTEN * _OFTEN:
        return None
    reads: dict[str, int] = {}
    for body in bodies:
        for use in body.uses:
            if use.family in families:
                size = count_of(use.places)
                reads[use.family] = reads.get(use.family, 0) + size
    found: dict[str, tuple[slice | Wholes, float]] = {
        name: (slice(None), size / slices)
        for name, size in reads.items()
        if size >= _OFTEN * families[name]
    }
    few = len(bodies) <= FEW
    for name in reads.keys() - found.keys():
        uses = [use.places for body in bodies for use in body.uses if use.family == name]
        members, total = _hot(uses, families[name], few)
        if len(members):
            found[name] = members, total / slices
    return found


def _hot(uses: Sequence[Places], size: int, few: bool) -> tuple[Wholes, float]:
    """The members of a family of so many that are read often at some places, and how often all of these are.
    few: whether there are few uses, of many slices each, of which those that read each member once have no
    say; otherwise each is of one slice, which adds up by itself what it brings to a member."""
    counts: NDArray[Any] = numpy.zeros(0, dtype=numpy.int32)
    for places in uses:
        at, times = places, 1
        if few and isinstance(places, Affine):
            narrowed = places.narrowed()
            at, times = plain(narrowed), len(places) // max(1, len(narrowed))
        if few and times == 1 and (isinstance(places, slice) or distinct(places)):
            continue
        if not len(counts):
            counts = numpy.zeros(size + 1, dtype=numpy.int32)
        if isinstance(at, slice) or not few:
            counts[once(at)] += times  # of places that come again the last one alone
        else:
            numpy.add.at(counts, whole(at), times)
    members = numpy.flatnonzero(counts >= _HOT)
    return members, float(counts[members].sum())
