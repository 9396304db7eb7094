"""The numbers that a file gives members: none of them is kept twice, and none for what is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Places, count_of, once, some_of
from backprop.loops.arrays import ArrayWriter
from backprop.loops.chunked import Chunked, stages
from backprop.loops.domains import Reals, Wholes
from backprop.loops.many import NotLoops
from backprop.loops.parts import ArrayWalk, Block, Turn
from backprop.loops.rounded import moves

_SPARSE = 16
"""Of a family few numbers are known if they are less than one in so many."""

PIECE = 1 << 16
"""So many names, or numbers, are made at a time."""


class Few:
    """The numbers of a family of which few are known, nan of all others: as an array that is not made.
    size: how many there are."""

    def __init__(self, size: int, places: Wholes, numbers: Reals) -> None:
        order = numpy.argsort(places, kind="stable")
        self.size, self.places, self.numbers = size, places[order], numbers[order]

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            start, stop, _ = at.indices(self.size)
            found = numpy.full(max(stop - start, 0), numpy.nan)
            first, last = numpy.searchsorted(self.places, [start, stop])
            found[self.places[first:last] - start] = self.numbers[first:last]
            return found
        wanted = numpy.asarray(at)
        if wanted.dtype == bool:
            wanted = numpy.flatnonzero(wanted)
        wanted = numpy.where(wanted < 0, wanted + self.size, wanted)
        near = numpy.searchsorted(self.places, wanted).clip(max=len(self.places) - 1)
        return numpy.where(self.places[near] == wanted, self.numbers[near], numpy.nan)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Reals:
        return self.copy()

    def copy(self) -> Reals:
        """All of them, as an array that may be written."""
        found: Reals = self[: self.size]
        return found


FileNumbers = Reals | Few
"""One number for each place of a family and one more, nan where there is none."""


def none(size: int) -> Reals:
    """No number for any of so many places."""
    return numpy.broadcast_to(numpy.nan, size)


def lacking(numbers: FileNumbers, which: NDArray[numpy.bool_]) -> bool:
    """Whether one of some places has no number. which: these, of all."""
    for start in range(0, len(which), PIECE):
        some = which[start : start + PIECE]
        if some.any() and numpy.isnan(numbers[start : start + len(some)][some]).any():
            return True
    return False


def entered(
    before: FileNumbers, places: Places, numbers: Reals | Sequence[float] | Iterator[Reals]
) -> FileNumbers:
    """Numbers with others at these places. numbers: for each of the places, or piece by piece."""
    pieces = numbers if isinstance(numbers, Iterator) else iter([numpy.asarray(numbers)])
    count, size = count_of(places), len(before)
    unknown = not isinstance(before, Few) and not before.strides[0]
    if (unknown or isinstance(before, Few)) and count * _SPARSE < size:
        at = numpy.arange(size)[places] if isinstance(places, slice) else numpy.asarray(places)
        given = numpy.concatenate([*pieces])
        if isinstance(before, Few):
            kept = ~numpy.isin(before.places, at)
            at = numpy.concatenate([before.places[kept], at])
            given = numpy.concatenate([before.numbers[kept], given])
        if len(at) * _SPARSE < size:
            return Few(size, at, given)
        pieces = iter([given])
        places = at
        before = none(size)
    if isinstance(before, numpy.ndarray) and before.flags.writeable:
        found = before
    elif isinstance(places, slice) and isinstance(before, numpy.ndarray) and not before.strides[0]:
        found = numpy.empty(size)
        found[: places.start] = numpy.nan
        found[places.stop :] = numpy.nan
    else:
        found = before.copy()
    start = 0
    for piece in pieces:
        found[once(some_of(places, start, start + len(piece)))] = piece
        start += len(piece)
    return found


def numbers_of(of: Block) -> Iterator[Reals]:
    """The numbers of a part that reads nothing, for each combination of its root: piece by piece. Raises
    NotLoops for those that the unrolled text has to say something of."""
    columns = of.columns
    size = columns.homes[of.roots[0]].size
    (stage, *others) = stages(Turn(of, "all", slice(0, size)), {})
    blocks = [of]
    if isinstance(stage, Chunked) and not others and not stage.sums:
        blocks = (block for _, block in stage.chunks)  # type: ignore[assignment]
    for block in blocks:
        writer = ArrayWriter()
        walk = ArrayWalk.through(block, writer, {})
        with writer.watched():
            walk.forward()
        if writer.small or not walk.is_finite():
            raise NotLoops("a number of the file is too large or too small for a double")
        if moves(walk):
            raise NotLoops("a number of the file is what rounding makes of it")
        found = walk.found[of.roots[0]]
        yield numpy.broadcast_to(found, size) if isinstance(found, float) else found
