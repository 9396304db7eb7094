"""An output over rows at many points, all in the same passes: rows are read once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import nan
from typing import Any

import numpy

from backprop.by_rows.block_kernel import BlockKernel, BlockPart, NotSure, RowBlock, Summed, passes
from backprop.by_rows.passing import Passing, RowPasses, RowSource
from backprop.by_rows.reductions import Totals
from backprop.loops.domains import Reals

OverPoints = Callable[[int, Sequence[Summed], Sequence[Callable[[str], float]]], list[Reals | None]]
"""A pass over the rows of a table, with the numbers of inputs at each point: of each the states of all sums
together; None where that is not sure."""


def values_at(
    program: RowPasses,
    points: Sequence[Mapping[str, float]],
    sources: Sequence[RowSource],
    over: OverPoints | None = None,
    map_blocks: Callable[..., Iterable[Any]] = map,
) -> list[float]:
    """The output at points, each with numbers for all inputs; nan where it has no value, or one in doubt.
    sources, map_blocks: as of `RowProgram.value_and_gradient`. over: what passes over the rows of a table in
    the place of blocks."""
    by_blocks = _OverBlocks(program, sources, map_blocks)
    every = [_AtPoint(program, point, sources) for point in points]
    for level in program.levels:
        left = [each for each in every if each.is_ready(level)]
        if not left:
            break
        for table, some in passes(level, over is not None):
            found = (over or by_blocks)(table, some, [each.number for each in left])
            for each, states in zip(left, found, strict=True):
                each.take(some, states)
    return [each.value for each in every]


class _AtPoint(Passing):
    """The passes forward at one point."""

    def __init__(
        self, program: RowPasses, given: Mapping[str, float], sources: Sequence[RowSource]
    ) -> None:
        super().__init__(program, given, sources, map, False, None)
        self._has_value = True

    def is_ready(self, level: Sequence[Summed]) -> bool:
        """Whether there is a value, as yet; then all is computed that these sums need."""
        self._compute_if_sure(name for each in level for name in each.reads)
        return self._has_value

    def take(self, sums: Sequence[Summed], states: Reals | None) -> None:
        """Know these sums."""
        at = 0
        try:
            for each in sums if states is not None else ():
                reduction = each.reduction
                assert states is not None
                self._take(each.total, reduction.number(states[at : at + reduction.width]))
                at += reduction.width
        except NotSure:
            states = None
        self._has_value = self._has_value and states is not None

    @property
    def value(self) -> float:
        """That of the output."""
        output = self._program.output
        self._compute_if_sure([output])
        return float(self.number(output)) if self._has_value else nan

    def _compute_if_sure(self, names: Iterable[str]) -> None:
        try:
            if self._has_value:
                self._compute(names)
        except (NotSure, OverflowError, ValueError, ZeroDivisionError):
            self._has_value = False


class _OverBlocks:
    """Passes over blocks of rows, by NumPy."""

    def __init__(
        self,
        program: RowPasses,
        sources: Sequence[RowSource],
        map_blocks: Callable[..., Iterable[Any]],
    ) -> None:
        self._program, self._sources, self._map = program, sources, map_blocks

    def __call__(
        self, table: int, sums: Sequence[Summed], at: Sequence[Callable[[str], float]]
    ) -> list[Reals | None]:
        of_row = self._program.of_row
        # with effects no lines are recorded, of which each point would keep its own, with arrays
        kernels = [
            BlockKernel(of_row, sums, None, number, watched=False, sure=False, effects=True)
            for number in at
        ]
        merging = kernels[0].merging
        totals: list[Totals | None] = [Totals(merging.zero, merging) for _ in at]

        def parts(block: RowBlock) -> list[BlockPart | None]:
            return [
                _part(kernel, block) if total else None
                for kernel, total in zip(kernels, totals, strict=True)
            ]

        for some in self._map(parts, self._sources[table].blocks(kernels[0].columns)):
            for number, part in enumerate(some):
                total = totals[number]
                if part is None:
                    totals[number] = None
                elif total:
                    total.add(part.sums)
        return [each.value() if each else None for each in totals]


def _part(kernel: BlockKernel, block: RowBlock) -> BlockPart | None:
    try:
        return kernel(block)
    except (NotSure, OverflowError, ValueError, ZeroDivisionError):
        return None


class PointSums:
    """The states of sums at points, to which one piece of rows after the other is added."""

    def __init__(self, sums: Sequence[Summed], count: int) -> None:
        self._reduction = sums[0].reduction  # that of all, of several the sum: see `passes`
        zero = numpy.array(self._reduction.zero * len(sums))
        totals = (Totals(zero, self._reduction.merged) for _ in range(count))
        self._totals: list[Totals | None] = [*totals]

    @property
    def left(self) -> list[int]:
        """The points of which all is sure as yet."""
        return [at for at, each in enumerate(self._totals) if each]

    def add(self, at: int, chunks: Reals | None) -> None:
        """What is kept of the next chunks at a point; None where that is not sure."""
        total = self._totals[at]
        if chunks is None or total is None:
            self._totals[at] = None
        else:
            total.add(self._reduction.of_chunks(chunks))

    def states(self) -> list[Reals | None]:
        """Those of all rows."""
        return [each.value() if each else None for each in self._totals]
