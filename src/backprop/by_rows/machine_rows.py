"""What is gathered over rows, and its gradients, by machine code: chunks of rows by several threads.

The text of a row, with what gathers one chunk of rows behind it, is a text over arrays, of which there is
machine code (`loops.native`). It is made for one chunk, and goes through all of them: only the addresses of
its columns are others. Of the last chunk, what has no row is the last row once more, with a factor of 0.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, pairwise
from sys import float_info, maxsize
from threading import local
from time import perf_counter
from typing import Any

import numpy

from backprop.by_rows.awake import share
from backprop.by_rows.block_kernel import NotSure, RowSums, Summed
from backprop.by_rows.chunk_loop import ROWS
from backprop.by_rows.chunk_places import ChunkColumn, ChunkPlace
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.named_by_rows import named_by_rows
from backprop.by_rows.reductions import CHUNK, doubtful, together
from backprop.by_rows.row_gathers import adds
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import cores
from backprop.engine.native.machine import library
from backprop.engine.underflow import SCALE
from backprop.graph import in_order
from backprop.language.apart import NotApart
from backprop.language.laid import RowNumbers
from backprop.loops.domains import Reals
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.native.memory_pages import aligned
from backprop.loops.native.nest_engine import NOT_FINITE, TOO_SMALL, VANISHED, NestEngine, moved_by
from backprop.loops.ready import needed
from backprop.loops.worth import read_model
from backprop.source import Source

_SHARE = 2 * CHUNK
"""Rows from which on a thread of its own is worth while, about: 0.1 ms."""

_MOST = 20_000_000
"""So many numbers at most are kept of all chunks."""

_WORTH, _LONG = 0.001, 200_000_000
"""Others take a part where the pass before took so many seconds; in the first one where it is that many rows
times steps: about 20 ms."""

_RESTS = 31
"""So many passes at most are made by one thread before others are asked again."""

_PARTS = 8
"""Parts of the rows a thread."""


class _ChunkRows:
    """One chunk as a table."""

    def __init__(self, name: str, columns: Mapping[str, Reals]) -> None:
        self.name, self.names, self._columns = name, [*columns], columns

    def rows(self, names: Sequence[str]) -> RowNumbers:
        """Some of its columns."""
        return RowNumbers(self.name, CHUNK, {n: self._columns[n] for n in names}, str)

    def with_texts(self, compared: Mapping[str, Any]) -> _ChunkRows:
        """Itself: texts are compared where all rows are."""
        return self


class MachineRows:
    """Sums of one table, all in one pass, or one thing that is gathered otherwise. fixed: the inputs that
    stay, with their numbers. Raises NotApart and NotLoops where this is not the way, NoMachineCode."""

    _by_row: Sequence[str] = ()
    """Names that are given a number for each row of a chunk."""

    def __init__(
        self,
        program: RowProgram,
        sums: Sequence[Summed],
        source: HeldRows,
        fixed: Mapping[str, float],
        threads: int = 0,
    ) -> None:
        self._sums, self._threads = sums, threads or cores()
        inside = {*in_order([each.term for each in sums], program.row.columns.operands)}
        shared = {name for name, node in program.shared.items() if node in inside}
        shared -= {*fixed, *self._by_row}
        self._names = [name for name in program.shared if name in shared]
        """The inputs whose numbers are given at each point."""
        words = {*program.row.names, *source.names}
        free = (f"chunk{number}" for number in count() if f"chunk{number}" not in words)
        self._keep = next(free)
        lines, output, weights, parts = self._equations(sums, free)
        self._inside = inside
        text = "\n".join([self._text_of(program), *lines])
        model = self._read(program, text, source)
        self._engine = self._made(model, output, [*self._names, *weights], fixed)
        self._weights, self._parts = weights, parts
        self._shared_columns()
        self._library = library(ROWS, lambda: ROWS, wide=True)
        pointer = ctypes.c_void_p
        self._work = self._library.function("work", None, pointer, pointer)
        self._forget()
        self._took = -1.0
        """Seconds of the last pass of one thread."""
        self._rest = self._left = 0
        """So many passes by one thread follow where those of several take longer, and are left of these."""
        self._steps = sum(map(program.row.columns.is_step, inside))
        self._by = [*self._names, *(name for each in self._taken for name in each.members)]
        """The names by which there are slopes, some of them several times."""
        self._width = len(self._parts) + len(self._by)
        if self._chunks * self._width > _MOST:
            raise NotApart("rows name many members")
        self._last: tuple[list[float], Reals] | None = None

    def _equations(
        self, sums: Sequence[Summed], free: Iterator[str]
    ) -> tuple[list[str], str, list[str], list[str]]:
        """Equations of a chunk, the name of what is differentiated, inputs that are weights of sums in it,
        and the names of what is kept."""
        weights = [next(free) for _ in sums] if len(sums) > 1 else []
        made = [each.reduction.text(each.name, self._keep, free.__next__) for each in sums]
        lines = [line for each in made for line in each.lines]
        output = made[0].part
        if weights:
            assert all(adds(each.gather) for each in sums)
            output = next(free)
            terms = (f"{one}*{each.part}" for one, each in zip(weights, made, strict=True))
            lines.append(f"{output} = {' + '.join(terms)}")
        return lines, output, weights, [name for each in made for name in each.kept]

    def _text_of(self, program: RowProgram) -> str:
        """The equations of a row."""
        return program.apart.row.text

    def _read(self, program: RowProgram, text: str, source: HeldRows) -> LoopModel:
        first = self._lay(program, source)
        table = _ChunkRows(source.name, first)
        of = Source(program.apart.row.name, text)
        model = read_model(of, program.seed, maxsize, 0, sizes=program.sizes, tables=[table])
        if not isinstance(model, LoopModel):
            raise NotApart("a chunk is no loop")
        return model

    def _lay(self, program: RowProgram, source: HeldRows) -> dict[str, Reals]:
        """Take the rows of a source: the first chunk of each column."""
        self._taken = named_by_rows(program, self._inside, source)
        self._size = source.numbers.size
        self._chunks = -(-self._size // CHUNK)
        rest = self._size % CHUNK
        used = [name for name in source.names if name in program.of_row.of_columns]
        self._columns = list[ChunkColumn]()
        first = dict[str, Reals]()
        for name in used:
            numbers = numpy.ascontiguousarray(source.numbers.numbers[name], dtype=float)
            last = aligned(CHUNK + 8)
            if rest:
                last[:rest] = numbers[self._size - rest :]
                last[rest:] = numbers[-1]
            first[name] = numbers[:CHUNK] if self._size >= CHUNK else last[:CHUNK]
            self._columns.append(ChunkColumn(name, numbers.ctypes.data, 8 * CHUNK, last))
        self._held = source  # whose numbers are read
        self._ones, last = numpy.ones(CHUNK + 8), numpy.ones(CHUNK + 8)
        last[rest:] = 0.0
        self._columns.append(ChunkColumn(self._keep, self._ones.ctypes.data, 0, last))
        first[self._keep] = self._ones[:CHUNK]
        first |= {name: numpy.ones(CHUNK) for name in self._alone()}
        return first

    def _made(
        self, model: LoopModel, output: str, names: Sequence[str], fixed: Mapping[str, float]
    ) -> NestEngine:
        known = {name: number for name, number in fixed.items() if name in model.names}
        asked = needed(model, output, names, known)
        moving = moved_by(asked.plan, {name for name, _ in asked.leaves})
        leaves = [*asked.leaves]
        for column in self._columns:
            if column.name in asked.plan.deciding:
                raise NotLoops(f"{column.name} decides what is read")
            # what is computed of columns alone is computed anew of each chunk, as if they were inputs
            if not moved_by(asked.plan, {column.name}) - {column.name} <= moving:
                leaves.append((column.name, numpy.arange(CHUNK)))
        leaves += [(name, numpy.arange(CHUNK)) for name in self._alone()]
        made = NestEngine(asked.plan, asked.output, leaves, asked.numbers, fuses=True)
        if not {*self._alone()} <= made.whole.keys():
            raise NotLoops("what has a number of its own for each row is not given as a whole")
        return made

    def _alone(self) -> list[str]:
        """The names that have a number of their own for each row of a chunk, and are no columns."""
        return [*(each.name for each in self._taken), *self._by_row]

    def _shared_columns(self) -> None:
        """Of each column the number of its place in the table of addresses."""
        names, families = [*self._engine.made.arrays.names], self._engine.families
        self._slots: list[tuple[int, ChunkColumn]] = []
        for column in self._columns:
            pointer = f"%v{families.index(column.name)}" if column.name in families else ""
            if pointer in names:
                self._slots.append((names.index(pointer), column))

    def over(self, shared: Callable[[str], float], seeds: Mapping[str, float] | None) -> RowSums:
        """What is made of all rows, and with seeds, by the totals' names, what comes to the inputs that rows
        have in common. Raises NotSure."""
        x = [shared(name) for name in self._names]
        ones = dict.fromkeys([each.total for each in self._sums], 1.0)
        weights = [(seeds or ones)[each.total] for each in self._sums] if self._weights else []
        numbers = [*x, *weights, *(shared(name) for name in self._by[len(self._names) :])]
        last, self._last = self._last, None
        if last is None or last[0] != numbers:
            made = self._found(numbers)
            if made is None:
                raise NotSure("a row is not finite")
            last = numbers, made
        found, count = last[1], len(self._parts)
        is_sum = adds(self._sums[0].gather)
        if seeds is None and not is_sum:
            self._last = last  # which is asked for once more, with seeds
        if is_sum:
            merged = together(found)
            totals, slopes = merged[:count].tolist(), merged[count:].tolist()
        else:
            reduction = self._sums[0].reduction
            states = reduction.of_chunks(found[:, :count])
            state = together(states, reduction.merged)
            totals = [reduction.number(state)]
            shares = reduction.weights(states, state)[:, None] * found[:, count:]
            slopes = together(shares).tolist()
        sums = dict(zip([each.total for each in self._sums], totals, strict=True))
        if seeds is None:
            return RowSums(sums, {}, {})
        seed = 1.0 if self._weights else seeds[self._sums[0].total]
        by = dict[str, float]()
        for name, slope, is_named in zip(self._by, slopes, self._named(), strict=True):
            if is_named:
                by[name] = by.get(name, 0.0) + seed * slope
        return RowSums(sums, by, {})

    def _named(self) -> Sequence[bool]:
        """Of each name by which there are slopes whether rows have a use for it: of members whether one
        names it."""
        found = [True] * len(self._names)
        for each in self._taken:
            found += each.named
        return found

    def _found(self, x: Sequence[float]) -> Reals | None:
        """What is kept of each chunk of all rows; None where that is not sure."""
        return self._passed(x, int(self._engine.made.flushes))

    def _passed(self, x: Sequence[float], flush: int) -> Reals | None:
        """As `_found`, of the rows that are laid out. x: the numbers of inputs, weights, and members."""
        out = numpy.empty((self._chunks, self._width))
        answers = numpy.empty(self._chunks, dtype=numpy.int32)
        self._all(False, x, 1.0, flush, out, answers)
        if (answers & NOT_FINITE).any() or not numpy.isfinite(out).all():
            return None
        odd = (answers & (VANISHED | TOO_SMALL)) != 0
        if not odd.any():
            return out
        if self._engine.code(True).module.arrays.names != self._engine.made.arrays.names:
            return None
        exact, other = (numpy.empty_like(out) for _ in range(2))
        some = [(at, at + 1) for at in numpy.flatnonzero(odd).tolist()]
        self._all(False, x, 1.0, 0, exact, answers, some)
        self._all(True, x, SCALE, 0, other, answers, some)
        other[:, len(self._parts) :] /= SCALE
        doubt = doubtful(exact[odd], other[odd])
        if (doubt > float_info.epsilon * numpy.abs(out).max(axis=0)).any():
            return None
        out[odd] = exact[odd]
        return out

    def _all(
        self,
        shifted: bool,
        x: Sequence[float],
        scale: float,
        flush: int,
        out: Reals,
        answers: Any,
        some: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Go through all chunks, or some. x: as of `_passed`."""
        pairs = numpy.array([*some] or [*self._shares()], dtype=numpy.int64)
        given, members = self._given(x)
        job = numpy.zeros(12, dtype=numpy.int64)
        arrays = out, answers, members, given
        job[1:4] = len(pairs), pairs.ctypes.data, self._engine.code(shifted).address
        job[4] = numpy.float64(scale).view(numpy.int64)
        job[5] = flush
        job[6:10] = [each.ctypes.data for each in arrays]
        job[10:] = len(given), self._chunks - 1 if self._size % CHUNK else self._chunks
        own = self._own_place()
        begun = perf_counter()
        if len(pairs) > 1 and self._is_shared():
            while len(self._helpers) < self._threads - 1:
                self._helpers.append(self._place())
            places = [each.all.ctypes.data for each in (own, *self._helpers)]
            if share(self._library.address("work"), job.ctypes.data, places):
                self._judge(perf_counter() - begun)
                return
        self._work(job.ctypes.data, own.all.ctypes.data)
        if not some:
            self._took = perf_counter() - begun

    def _judge(self, took: float) -> None:
        """Look whether a pass of several threads paid. Where processors have other work it does not: then
        some passes are made by one, and more of them each time."""
        if 0 < self._took < took:
            self._rest = self._left = min(2 * self._rest + 1, _RESTS)
        else:
            self._rest //= 2

    def _given(self, x: Sequence[float]) -> tuple[Reals, Reals]:
        """The numbers that a thread's begin with, and those of members."""
        alone = len(self._names) + len(self._weights)
        return numpy.array(x[:alone]), numpy.array(x[alone:])

    def _is_shared(self) -> bool:
        """Whether others take a part: from some time of work on that is known of the pass before."""
        if self._left:
            self._left -= 1
            return False
        once = self._took < 0
        long = self._size * self._steps >= _LONG if once else self._took >= _WORTH
        return self._threads > 1 and long

    def _shares(self) -> Iterator[tuple[int, int]]:
        """Chunks in parts, several for each thread: who has done one takes the next, as processors may have
        other work, too."""
        most = max(1, self._size // _SHARE)
        ways = min(_PARTS * self._threads if self._threads > 1 else 1, most, self._chunks)
        ends = [self._chunks * at // ways for at in range(ways + 1)]
        yield from pairwise(ends)

    def _own_place(self) -> ChunkPlace:
        """That of the thread that asks."""
        place: ChunkPlace | None = getattr(self._own, "place", None)
        if place is None:
            self._own.place = place = self._place()
        return place

    def _place(self) -> ChunkPlace:
        return ChunkPlace(self._engine, self._slots, self._parts, len(self._names), self._taken)

    def _forget(self) -> None:
        """Forget where columns stood."""
        self._own, self._helpers = local(), list[ChunkPlace]()
