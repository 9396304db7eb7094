"""Value and gradient of nests at one point, called from other machine code: `at_point`."""

from __future__ import annotations

import numpy

from backprop.chain.walk import NOTHING
from backprop.engine.native.kernels import FILL
from backprop.loops.domains import Wholes
from backprop.loops.native.nest_engine import Memory, NestEngine

AT_POINT = f"""{FILL}
define internal i32 @at_point(ptr %nests, ptr %table, double %scale,
    ptr %x, ptr %gradient, ptr %fills, ptr %moves, i32 %flush) noinline {{
entry:
  %filled = load i64, ptr %fills, align 8
  %moved = load i64, ptr %moves, align 8
  br label %fill.head
fill.head:
  %f = phi i64 [0, %entry], [%f1, %fill]
  %f1 = add i64 %f, 1
  %more.fill = icmp slt i64 %f, %filled
  br i1 %more.fill, label %fill, label %give.head
fill:
  %f.at = getelementptr [3 x i64], ptr %fills, i64 %f1
  %to = load ptr, ptr %f.at, align 8
  %size.at = getelementptr i64, ptr %f.at, i64 1
  %size = load i64, ptr %size.at, align 8
  %number.at = getelementptr i64, ptr %f.at, i64 2
  %number = load double, ptr %number.at, align 8
  call fastcc void @fill(ptr %to, i64 %size, double %number)
  br label %fill.head
give.head:
  %a = phi i64 [0, %fill.head], [%a1, %give]
  %a1 = add i64 %a, 1
  %more.give = icmp slt i64 %a, %moved
  br i1 %more.give, label %give, label %go
give:
  %a.at = getelementptr [3 x i64], ptr %moves, i64 %a1
  %a.x = load i64, ptr %a.at, align 8
  %given.at = getelementptr double, ptr %x, i64 %a.x
  %given = load double, ptr %given.at, align 8
  %value.at = getelementptr i64, ptr %a.at, i64 1
  %value = load ptr, ptr %value.at, align 8
  store double %given, ptr %value, align 8
  br label %give.head
go:
  %answer = call i32 %nests(ptr %table, double %scale, i32 %flush)
  br label %take.head
take.head:
  %b = phi i64 [0, %go], [%b1, %take]
  %b1 = add i64 %b, 1
  %more.take = icmp slt i64 %b, %moved
  br i1 %more.take, label %take, label %done
take:
  %b.at = getelementptr [3 x i64], ptr %moves, i64 %b1
  %b.x = load i64, ptr %b.at, align 8
  %slope.at = getelementptr i64, ptr %b.at, i64 2
  %from = load ptr, ptr %slope.at, align 8
  %slope = load double, ptr %from, align 8
  %taken = fadd double %slope, 0.0
  %taken.at = getelementptr double, ptr %gradient, i64 %b.x
  store double %taken, ptr %taken.at, align 8
  br label %take.head
done:
  ret i32 %answer
}}"""
"""`at_point(nests, table, scale, x, gradient, fills, moves, flush) -> the answer of nests`: writes the
gradient, times the scale. x: the numbers of the inputs. fills, moves: rows of three whole numbers, of which
the first says how many follow. fills: of each array that gradients are added up in its address, how many
numbers it has, and the bits of the one to begin with. moves: of each input that does not stand in the
table where it is given its place in x, and the addresses of its value and its slope. flush: as of `nests`."""


class NestPoint:
    """What `at_point` takes for an engine, at the same place for every call. x, gradient: arrays, from
    which numbers are read and to which slopes are written. output: the address of the value. memory: the
    arrays of all families."""

    def __init__(self, engine: NestEngine) -> None:
        self.memory = memory = Memory(engine)
        self.x, self.gradient = numpy.zeros(engine.size + 1), memory.gradient
        memory.given_at(self.x)
        self.table = memory.address
        self.fills = _fills(memory)
        self._nowhere = numpy.zeros(2)
        """A value that nobody reads, and a slope of 0."""
        self.moves = self._moves(engine)
        family, place = engine.place
        self.output = memory.values[family].ctypes.data + 8 * place

    def _moves(self, engine: NestEngine) -> Wholes:
        memory, nowhere = self.memory, self._nowhere.ctypes.data
        rows: list[Wholes] = []
        for some, name, places in engine.inputs:
            if name in engine.whole:
                continue
            at = numpy.arange(engine.to[name].size + 1)[places]
            found = numpy.empty((len(at), 3), dtype=numpy.int64)
            found[:, 0] = numpy.arange(some.start, some.stop)
            for column, arrays in ((1, memory.values), (2, memory.gradients)):
                if name in arrays:
                    found[:, column] = arrays[name].ctypes.data + 8 * at
                else:
                    found[:, column] = nowhere + 8 * (column - 1)
            rows.append(found)
        return _counted(numpy.concatenate([numpy.zeros((0, 3), dtype=numpy.int64), *rows]))


def _fills(memory: Memory) -> Wholes:
    arrays = [(memory.gradient, 0.0), *((each, NOTHING) for each in memory.summed)]
    bits = [numpy.array([number]).view(numpy.int64)[0] for _, number in arrays]
    rows = [(each.ctypes.data, len(each), bit) for (each, _), bit in zip(arrays, bits, strict=True)]
    return _counted(numpy.array(rows, dtype=numpy.int64))


def _counted(rows: Wholes) -> Wholes:
    """Rows behind one that says how many they are."""
    first = numpy.array([[len(rows), 0, 0]], dtype=numpy.int64)
    found: Wholes = numpy.concatenate([first, rows])
    return found
