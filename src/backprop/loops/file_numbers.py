"""The numbers that a file gives members: none of them is kept twice, and none for what is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Places, count_of, once, some_of
from backprop.loops.arrays import ArrayWriter
from backprop.loops.chunked import Chunked, stages
from backprop.loops.domains import Reals, Wholes
from backprop.loops.many import NotLoops
from backprop.loops.parts import ArrayWalk, Block, Turn
from backprop.loops.rounded import moved

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


class Later:
    """The numbers of a family that are sure to be finite, and made when somebody asks for one of them.
    size: how many there are. places: of those that are made, nan of all others. pieces: makes them."""

    def __init__(self, size: int, places: Places, pieces: Callable[[], Iterator[Reals]]) -> None:
        self.size, self.places, self._pieces = size, places, pieces

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: Any) -> Any:
        return self._made[at]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Reals:
        return self._made.copy() if copy else self._made

    def copy(self) -> Reals:
        """All of them, as an array that may be written."""
        return self._made.copy()

    @cached_property
    def _made(self) -> Reals:
        found = entered(none(self.size), self.places, self._pieces())
        assert isinstance(found, numpy.ndarray)
        return found

    def lacks(self, which: NDArray[numpy.bool_]) -> bool:
        """Whether one of some places has no number."""
        return bool((which & ~self._there[: len(which)]).any())

    def without(self, places: Iterable[slice | Wholes]) -> bool:
        """Whether it has numbers for other places than these."""
        there = self._there
        for each in places:
            there[each] = False
        return bool(there.any())

    @property
    def _there(self) -> NDArray[numpy.bool_]:
        found = numpy.zeros(self.size, dtype=bool)
        found[once(self.places)] = True
        return found


FileNumbers = Reals | Few | Later
"""One number for each place of a family and one more, nan where there is none."""


def none(size: int) -> Reals:
    """No number for any of so many places."""
    return numpy.broadcast_to(numpy.nan, size)


def lacking(numbers: FileNumbers, which: NDArray[numpy.bool_]) -> bool:
    """Whether one of some places has no number. which: these, of all."""
    if isinstance(numbers, Later):
        return numbers.lacks(which)
    for start in range(0, len(which), PIECE):
        some = which[start : start + PIECE]
        if some.any() and numpy.isnan(numbers[start : start + len(some)][some]).any():
            return True
    return False


def entered(
    before: FileNumbers,
    places: Places,
    numbers: Reals | Sequence[float] | Iterator[Reals] | Callable[[], Iterator[Reals]],
) -> FileNumbers:
    """Numbers with others at these places. numbers: for each of the places, or piece by piece, or what makes
    pieces when they are asked for."""
    count, size = count_of(places), len(before)
    unknown = isinstance(before, numpy.ndarray) and not before.strides[0]
    if callable(numbers):
        if unknown and count * _SPARSE >= size:
            return Later(size, places, numbers)
        numbers = numbers()
    pieces = numbers if isinstance(numbers, Iterator) else iter([numpy.asarray(numbers)])
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


def numbers_of(
    of: Block,
    restore: Callable[[Wholes], Reals] | None = None,
    named: Callable[[int], str] | None = None,
) -> Iterator[Reals]:
    """The numbers of a part that reads nothing, for each combination of its root: piece by piece. restore:
    gives those of some combinations the digits that rounding takes. named: what one is the number of.
    Raises NotLoops for those that the unrolled text has to say something of."""
    columns = of.columns
    size = columns.homes[of.roots[0]].size
    (stage, *others) = stages(Turn(of, "all", slice(0, size)), {})
    blocks, start = [of], 0
    if isinstance(stage, Chunked) and not others and not stage.sums:
        blocks = (block for _, block in stage.chunks)  # type: ignore[assignment]
    for block in blocks:
        writer = ArrayWriter()
        walk = ArrayWalk.through(block, writer, {})
        with writer.watched():
            walk.forward()
        found = walk.found[of.roots[0]]
        if writer.small or not walk.is_finite():
            odd = numpy.flatnonzero(~numpy.isfinite(found))
            name = named(start + int(odd[0])) if named and len(odd) else "a number of the file"
            raise NotLoops(f"{name} is too large or too small for a double, or no number")
        lost = moved(walk)
        if lost is None or (lost.any() and restore is None):
            raise NotLoops("a number of the file is what rounding makes of it")
        if lost.any() and restore:
            (some,) = numpy.nonzero(lost)
            if isinstance(found, float):  # all are alike
                found = float(restore(start + some)[0])
            else:
                found = found.copy()
                found[some] = restore(start + some)
        yield numpy.broadcast_to(found, size) if isinstance(found, float) else found
        start += size if isinstance(found, float) else len(found)
