"""Residuals of rows in memory, with their derivatives, reduced to triangles by machine code.

A parameter is, of a chunk, a number for each row, all the same: then the gradient of the sum of the chunk's
residuals has a column of their derivatives. Times a number that is 1 for each row the gradient by that is
the column of the residuals themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy

from backprop.by_rows.block_kernel import NotSure, Summed
from backprop.by_rows.chunk_places import ChunkPlace
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.machine_batches import Pieces, piece_rows
from backprop.by_rows.machine_rows import MachineRows
from backprop.by_rows.reductions import CHUNK, Totals, together
from backprop.by_rows.reflections import room_of
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.triangles import SMALL, Triangles, upright
from backprop.language.apart import NotApart
from backprop.loops.domains import Reals
from backprop.loops.native.memory_pages import aligned
from backprop.loops.native.nest_engine import NOT_FINITE
from backprop.names import family
from backprop.source import Source
from backprop.syntax.parser import read

_TOGETHER = 8
"""So many chunks become one triangle, counted from the first: as many as a block has, of which pieces of
streamed tables are made."""


class MachineResiduals(MachineRows):
    """Residuals of one table, one a row. term: the residual. names: of what all rows have in common, by which
    derivatives are asked for. Raises what MachineRows raises."""

    def __init__(
        self,
        program: RowProgram,
        term: Summed,
        source: HeldRows,
        names: Sequence[str],
        threads: int = 0,
    ) -> None:
        if any(map(family, names)):
            raise NotApart("members of a family are asked for")
        self._asked = self._by_row = [*names]
        super().__init__(program, [term], source, {}, threads)
        if self._taken:
            raise NotApart("rows name members")
        places = [self._engine.whole[name].start for name in self._by_row]
        if places != [*range(places[0], places[0] + CHUNK * len(places), CHUNK)]:
            raise NotApart("parameters are not laid out one after the other")
        self._begin, self._wide = places[0], len(places)
        self._width = self._wide**2

    def _equations(
        self, sums: Sequence[Summed], free: Iterator[str]
    ) -> tuple[list[str], str, list[str], list[str]]:
        one, part = next(free), next(free)
        self._by_row = [*self._asked, one]
        # what stands behind the last row is not reduced
        return [f"{part} = sum({one}*{sums[0].name})"], part, [], [part]

    def _text_of(self, program: RowProgram) -> str:
        """Without the equations of parameters, which are given."""
        row = program.apart.row
        statements, errors = read(Source(row.name, row.text))
        if errors:
            raise NotApart("there are texts")
        kept = list[str]()
        for each in statements:
            target = each.shape.form == "equation" and each.tokens.texts[each.shape.target]
            if target not in self._asked:
                kept.append(each.tokens.whole.text)
        return "\n".join(kept)

    def _given(self, x: Sequence[float]) -> tuple[Reals, Reals]:
        found = numpy.zeros(self._engine.size)
        count = len(self._names)
        found[:count] = x[:count]
        for name, number in zip(self._by_row, [*x[count:], 1.0], strict=True):
            found[self._engine.whole[name]] = number
        return found, numpy.zeros(0)

    def _place(self) -> ChunkPlace:
        place = super()._place()
        place.room = aligned(room_of(self._wide))
        columns = place.point.gradient.ctypes.data + 8 * self._begin
        place.taken[0, 1:] = self._width, self._wide, columns, place.room.ctypes.data, _TOGETHER
        place.columns[0, 1] = CHUNK
        place.last[0, 1] = self._size % CHUNK or CHUNK
        place.takes[0] = 0
        return place

    def triangle(self, shared: Callable[[str], float]) -> Reals:
        """The triangle of all rows, shape (names + 1, names + 1). Raises NotSure."""
        x = [shared(name) for name in (*self._names, *self._asked)]
        return self._sure(together(self._of_chunks(x), Triangles(self._wide).merged_all))

    def _of_chunks(self, x: Sequence[float]) -> Reals:
        """Those of the chunks that are laid out, some of them together, shape (count, names + 1, names +
        1)."""
        out = numpy.empty((-(-self._chunks // _TOGETHER), self._width))
        answers = numpy.empty(self._chunks, dtype=numpy.int32)
        self._all(False, x, 1.0, int(self._engine.made.flushes), out, answers)
        if (answers & NOT_FINITE).any() or not numpy.isfinite(out).all():
            raise NotSure("a row is not finite")
        return out.reshape(-1, self._wide, self._wide)

    def _shares(self) -> Iterator[tuple[int, int]]:
        """Chunks in parts, no triangle in two of them."""
        ends = dict.fromkeys(-(-end // _TOGETHER) * _TOGETHER for _, end in super()._shares())
        yield from pairwise([0, *(min(each, self._chunks) for each in ends)])

    def _sure(self, found: Reals) -> Reals:
        if (numpy.sqrt(numpy.square(found).sum(axis=0)) < SMALL).any():
            raise NotSure("something is too small")
        return upright(found)


class ResidualBatches(MachineResiduals):
    """As `MachineResiduals`, of rows that are read at each pass. Raises NotApart for no rows, too."""

    def __init__(
        self,
        program: RowProgram,
        term: Summed,
        source: Pieces,
        names: Sequence[str],
        threads: int = 0,
    ) -> None:
        self._pieces, self._of_program = source, program
        first = next(iter(source.pieces(source.names)), None)
        if first is None:
            raise NotApart("there are no rows")
        super().__init__(program, term, piece_rows(source, first), names, threads)

    def triangle(self, shared: Callable[[str], float]) -> Reals:
        x = [shared(name) for name in (*self._names, *self._asked)]
        merge = Triangles(self._wide).merged_all
        totals = Totals(
            numpy.zeros((self._wide, self._wide)),
            lambda one, other: merge(one[None], other[None])[0],
        )
        for piece in self._pieces.pieces(self._pieces.names):
            self._lay(self._of_program, piece_rows(self._pieces, piece))
            self._shared_columns()
            self._forget()  # where the last piece stood
            totals.add(self._of_chunks(x))
        return self._sure(totals.value())
