"""The compiled loop of a descent by minibatches: pick the rows of a batch, its gradient, an update.

The rows stand one behind the other, all numbers of a row side by side: rows in any order cost one look
into memory each, where they would cost one for each column. Machine code that was made for the first
batch computes all of them: only the numbers in the place of its columns are others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy
from numpy.typing import NDArray

from backprop.descent.loop import Task
from backprop.descent.minibatch_rows import AHEAD
from backprop.descent.nest_loop import NestLoop, NestText
from backprop.engine.native.machine import library
from backprop.engine.writers.llvm import Operand
from backprop.loops.domains import Reals
from backprop.loops.many import NotLoops
from backprop.loops.native.at_point import AT_POINT
from backprop.loops.native.memory_pages import aligned, zeros
from backprop.loops.native.nest_engine import NestEngine, moved_by
from backprop.loops.ready import Needed

_LINE = 8
"""Doubles in a line of the cache."""

_AT_ONCE = 1024
"""Rows that are laid beside one another at once, which fit into the cache."""


class RowMajor:
    """Columns of numbers, row by row: `numbers` has `width` for each row, those of `names` first."""

    def __init__(self, columns: Mapping[str, Reals]) -> None:
        self.names = [*columns]
        count, used = len(next(iter(columns.values()))), len(columns)
        self.width = _width(used)
        self.numbers = _at_line(count * self.width).reshape(count, self.width)
        for first in range(0, count, _AT_ONCE):
            for at, column in enumerate(columns.values()):
                part = slice(first, first + _AT_ONCE)
                self.numbers[part, at] = column[part]


def _width(used: int) -> int:
    """Doubles for a row: so many that a row begins with a line of the cache, if that is little more."""
    wide = 1 << (used - 1).bit_length() if used < _LINE else -(-used // _LINE) * _LINE
    return wide if 4 * (wide - used) <= wide else used


def _at_line(count: int) -> Reals:
    found = zeros(count + _LINE)
    begin = -found.ctypes.data // 8 % _LINE
    return found[begin : begin + count]


def _gather(size: int, used: int, width: int, stride: int) -> str:
    """`gather(rows, order, block)`: column after column the numbers of the next rows of an order."""
    lines = [
        f"""  %line{at} = getelementptr double, ptr %next, i64 {at}
  call void @llvm.prefetch.p0(ptr %line{at}, i32 0, i32 3, i32 1)"""
        for at in range(0, used, _LINE)
    ]
    ahead = "\n".join(lines)
    return f"""
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
define internal void @gather(ptr noalias %rows, ptr noalias %order, ptr noalias %block) noinline {{
entry:
  br label %row
row:
  %r = phi i64 [0, %entry], [%r1, %row.end]
  %far = add i64 %r, {AHEAD}
  %far.at = getelementptr i64, ptr %order, i64 %far
  %far.row = load i64, ptr %far.at, align 8
  %far.place = mul i64 %far.row, {width}
  %next = getelementptr double, ptr %rows, i64 %far.place
{ahead}
  %row.at = getelementptr i64, ptr %order, i64 %r
  %which = load i64, ptr %row.at, align 8
  %place = mul i64 %which, {width}
  %from = getelementptr double, ptr %rows, i64 %place
  %to = getelementptr double, ptr %block, i64 %r
  br label %cell
cell:
  %c = phi i64 [0, %row], [%c1, %cell]
  %cell.at = getelementptr double, ptr %from, i64 %c
  %number = load double, ptr %cell.at, align 8
  %there = mul i64 %c, {stride}
  %to.at = getelementptr double, ptr %to, i64 %there
  store double %number, ptr %to.at, align 8
  %c1 = add i64 %c, 1
  %more = icmp slt i64 %c1, {used}
  br i1 %more, label %cell, label %row.end
row.end:
  %r1 = add i64 %r, 1
  %on = icmp slt i64 %r1, {size}
  br i1 %on, label %row, label %done
done:
  ret void
}}"""


class MinibatchText(NestText):
    """The text of such a loop: it stops before an update by what is not finite, or in doubt. It takes the
    addresses of rows, of the order of those to come, and of a block for those of a batch, too. layout:
    rows of a batch, numbers of a row that are used, their width, and that of a column of the block."""

    _TAKES = (*NestText._TAKES, "rows", "order", "block")

    def __init__(self, task: Task, layout: tuple[int, int, int, int]) -> None:
        super().__init__(task, unrolled=False)
        self._layout = layout

    @property
    def whole(self) -> str:
        body = self._function(self._TAKES, self._evaluate)
        return AT_POINT + _gather(*self._layout) + body

    def _function(
        self, needed: Sequence[str], evaluate: Callable[[], tuple[Operand, Sequence[Operand]]]
    ) -> str:
        self._begin()
        self._jump("head")
        self.label("head")
        more = self.emit(f"icmp slt i64 {self._done()}, %steps")
        self._branch(more, "stop", unless=True)
        first = self.emit(f"mul i64 {self._done()}, {self._layout[0]}")
        order = self.at("%order", first, "i64")
        self.lines.append(f"  call void @gather(ptr %rows, ptr {order}, ptr %block)")
        self._each(lambda at: self._copy(self.x, self.next_x, at))
        value, looked = evaluate()
        self._sums()
        looked = [*looked, self._cell_value("norm2"), self._cell_value("odd")]
        self._branch(self.emit(f"fcmp uno double {self.finite(looked)}, 0.0"), "stop")
        self._each(lambda at: self._copy(self.next_gradient, self.gradient, at))
        lr = self._step_size()
        self._update(lr)
        done = self._done()
        self.store(self._turned(value), self.at("%values", done))
        after = self.emit(f"add i64 {done}, 1")
        self.lines.append(f"  store i64 {after}, ptr %done, align 8")
        self._set_cell("last_lr", lr)

        def commit(at: str | int) -> None:
            self._copy(self.next_x, self.x, at)
            for array, following in zip(self.state, self.next_state, strict=True):
                self._copy(following, array, at)

        self._each(commit)
        self._jump("head")
        self.label("stop")
        return self._ended(needed)


class MinibatchLoop(NestLoop):
    """The loop of batches of one size. asked: of the rows of a batch, with the parameters as leaves.
    rows: all. Raises NoMachineCode, and NotLoops where it takes a Model of each batch by itself."""

    by = ()

    def __init__(self, asked: Needed, task: Task, rows: RowMajor, size: int) -> None:
        plan = asked.plan
        for name in rows.names:
            if name in plan.deciding:
                raise NotLoops(f"{name} decides what is read")
        moving = moved_by(plan, {name for name, _ in asked.leaves})
        # what is computed of columns alone is computed anew of each batch, as if they were inputs
        given = [name for name in rows.names if not moved_by(plan, {name}) - {name} <= moving]
        leaves = [*asked.leaves, *((name, numpy.arange(size)) for name in given)]
        engine = NestEngine(plan, asked.output, leaves, asked.numbers)
        stride = -(-(size + 1) // _LINE) * _LINE
        layout = size, len(rows.names), rows.width, stride
        made = library(
            f"descend {task} by batches {layout} of nests",
            lambda: MinibatchText(task, layout).whole,
            vectors=True,
        )
        self._ready(engine, task, made, MinibatchText._TAKES)
        self._rows: RowMajor | None = rows
        self._order = 0
        self._block = aligned(stride * len(rows.names))
        for number, name in enumerate(rows.names):
            self._at.memory.put(name, self._block[number * stride : number * stride + size + 1])

    def free_rows(self) -> None:
        """Forget the rows, before others are laid out."""
        self._rows = None

    def take_rows(self, rows: RowMajor) -> None:
        """Let the rows be others, of the same columns."""
        self._rows = rows

    def take(self, order: NDArray[numpy.int64], first: int) -> None:
        """Let the next batch begin at this place of an order."""
        self._order = order.ctypes.data + 8 * first

    def _besides(self) -> Sequence[int]:
        assert self._rows
        return [self._rows.numbers.ctypes.data, self._order, self._block.ctypes.data]
