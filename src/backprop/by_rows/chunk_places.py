"""What a thread computes chunks of rows in, and where their columns stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy

from backprop.by_rows.named_by_rows import NamedByRows
from backprop.loops.domains import Reals
from backprop.loops.native.at_point import NestPoint
from backprop.loops.native.nest_engine import NestEngine


class ChunkColumn(NamedTuple):
    """Where a column stands. base: the address of its first chunk, stride: how far
    the next one is; last: an array with the last chunk, if
    that is not whole."""

    name: str
    base: int
    stride: int
    last: Reals


class ChunkPlace:
    """What a thread computes in."""

    room: Reals

    def __init__(
        self,
        engine: NestEngine,
        slots: Sequence[tuple[int, ChunkColumn]],
        parts: Sequence[str],
        inputs: int,
        taken: Sequence[NamedByRows],
    ) -> None:
        self.point = point = NestPoint(engine)
        memory = point.memory
        table = memory.address
        self.columns = numpy.zeros((len(slots) + 1, 3), dtype=numpy.int64)
        self.last = numpy.zeros((len(slots) + 1, 3), dtype=numpy.int64)
        self.columns[0, 0] = self.last[0, 0] = len(slots)
        for row, (slot, column) in enumerate(slots, 1):
            self.columns[row] = table + 8 * slot, column.base, column.stride
            self.last[row] = table + 8 * slot, column.last.ctypes.data, 0
        places = [memory.values[part].ctypes.data for part in parts]
        places += [point.gradient.ctypes.data + 8 * at for at in range(inputs)]
        self.takes = numpy.array([len(places), *places], dtype=numpy.int64)
        self.taken = numpy.zeros((len(taken) + 1, 6), dtype=numpy.int64)
        begin = 0
        for row, each in enumerate(taken, 1):
            offset, size = 8 * engine.whole[each.name].start, len(each.members)
            values, slopes = (a.ctypes.data + offset for a in (point.x, point.gradient))
            found = each.places.ctypes.data, begin, values, slopes, len(places) + begin, size
            self.taken[row] = found
            begin += size
        self.taken[0, :2] = len(taken), len(places) + begin
        arrays = point.x, point.gradient, point.fills, point.moves, self.columns, self.last
        every = *arrays, self.takes, self.taken
        self.all = numpy.array([point.table, *(each.ctypes.data for each in every)])
        """The addresses, as of `work`."""
