"""The sizes of all that is added up to second derivatives over rows: their rounding is a few units in the
last place of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from backprop.by_rows.bent_rows import RowBends, RowPoint, SumBends
from backprop.by_rows.block_kernel import BlockKernel, RowBlock, Seeds
from backprop.by_rows.block_writer import BlockWalk, BlockWriter
from backprop.by_rows.reductions import Totals, by_chunks
from backprop.by_rows.row_program import RowProgram
from backprop.graph import depending, in_order
from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals


def sizes_of_bends(
    program: RowProgram, bends: RowBends, at: Sequence[SumBends], point: RowPoint
) -> list[SumBends]:
    """The sizes of what is added up to the slopes and the matrix of each sum. at: these themselves. Raises
    NotSure."""
    found = list[SumBends]()
    for number, each in enumerate(program.sums):
        if not bends.reads[number]:  # it stays where it is
            found.append(at[number])
            continue
        kernel = _SizesKernel(program, bends, number, point)
        totals = Totals(numpy.zeros(kernel.many))
        source = point.sources[each.table]
        for part in point.map_blocks(kernel.sizes, source.blocks(kernel.columns)):
            totals.add(part)
        count, numbers = len(bends.reads[number]), totals.value()
        state = point.states.get(each.total, numpy.zeros(0))
        slopes = numpy.abs(at[number].slopes)
        both = abs(each.reduction.both(state)) * numpy.outer(slopes, slopes)
        found.append(SumBends(numbers[:count], numbers[count:].reshape(count, count) + both))
    return found


class _SizesKernel(BlockKernel):
    """What the rows of a block bring to the sizes of one sum."""

    def __init__(self, program: RowProgram, bends: RowBends, number: int, point: RowPoint) -> None:
        each = program.sums[number]
        super().__init__(program.of_row, [each], Seeds({}, point.states), point.shared, False)
        self._columns, self._outputs = bends.columns, bends.slopes[number]
        self._sum, self._state = each, point.states.get(each.total, numpy.zeros(0))
        nodes = in_order([each.term, *self._outputs], self._columns.operands)
        self._all = [node for node in nodes if self._columns.is_step(node)]
        self._by = [*bends.reads[number]]
        self._leaves_by = [program.shared[name] for name in self._by]
        self._numbers_known = {
            x: self._columns.constant(x) for x in nodes if self._columns.is_number(x)
        }
        self._behind = [
            [step for step in self._all if step in moving]
            for moving in (depending(self._columns, [leaf], self._all) for leaf in self._leaves_by)
        ]
        count = len(self._by)
        self.many = count + count * count

    def sizes(self, block: RowBlock) -> Reals:
        """They, of each chunk: shape (chunks, many)."""
        writer = BlockWriter()
        known: dict[int, Spread] = {**self._shared, **self._numbers_known}
        for name, node in self._leaves.items():
            known[node] = block.columns[name]
        with writer.watched():
            walk = BlockWalk(writer, self._columns, self._all, known)
            walk.forward()
            rows = walk.found[self._sum.term], block.rows, block.start
            slope = numpy.abs(self._sum.reduction.slopes(self._state, *rows))
            own = numpy.abs(self._sum.reduction.own(self._state, *rows))
            moving = {*self._leaves_by, *(step for some in self._behind for step in some)}
            slopes: dict[int, list[tuple[int, Any]]] = {
                step: [(to, numpy.abs(share)) for to, share in walk.shares(step, 1.0, moving)]
                for step in self._all
                if step in moving
            }
            gradients, table = list[Any](), list[Any]()
            for leaf, behind in zip(self._leaves_by, self._behind, strict=True):
                found: dict[int, Any] = {leaf: 1.0}
                for step in behind:
                    found[step] = sum(
                        (share * found[to] for to, share in slopes[step] if to in found), 0.0
                    )
                gradients.append(slope * found.get(self._sum.term, 0.0))
                table += [
                    slope * found.get(output, 0.0)
                    + own
                    * numpy.abs(walk.found[self._outputs[len(gradients) - 1]] * walk.found[output])
                    for output in self._outputs
                ]
        return numpy.stack([by_chunks(each, block.rows) for each in (*gradients, *table)], axis=1)
