"""The triangle of rows, for least squares: what is left of a matrix with a row for each row of data.

Of the matrix A = [J r], derivatives of residuals and these, all that Gauss and Newton's method needs is the
triangle R with R'R = A'A: J'J, J'r and r'r, with the digits that these products have lost. It is found by
Householder's reflections of some rows onto what is there of those before (Golub, Van Loan: Matrix
Computations, 4th edition, 5.1 and 5.2.2), so that rows may come in any number of parts: the triangle of one
part and that of the next are reduced in the same way.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy

from backprop.by_rows.reductions import CHUNK, Totals
from backprop.errors import NoMachineCode
from backprop.loops.domains import Reals
from backprop.loops.native.memory_pages import aligned

BLOCK = 256
"""Rows that are reflected at once: those of a few columns stay in the processor's nearest cache."""

_PART = 1024
"""Rows that LAPACK reflects at once."""

SMALL, _LARGE = 1e-140, 1e140
"""Squares of numbers between these are far from the ends of doubles."""

TRIANGLE = """
define internal fastcc double @dot(ptr %a, ptr %b) {
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %s = phi <32 x double> [zeroinitializer, %entry], [%s1, %loop]
  %i1 = add i64 %i, 32
  %a.at = getelementptr double, ptr %a, i64 %i
  %b.at = getelementptr double, ptr %b, i64 %i
  %x = load <32 x double>, ptr %a.at, align 64
  %y = load <32 x double>, ptr %b.at, align 64
  %p = fmul contract <32 x double> %x, %y
  %s1 = fadd contract <32 x double> %s, %p
  %more = icmp slt i64 %i1, BLOCK
  br i1 %more, label %loop, label %done
done:
  %sum = call reassoc double @llvm.vector.reduce.fadd.v32f64(double 0.0, <32 x double> %s1)
  ret double %sum
}
declare double @llvm.vector.reduce.fadd.v32f64(double, <32 x double>)
declare double @llvm.sqrt.f64(double)
declare double @llvm.copysign.f64(double, double)

define internal fastcc void @add(ptr %a, ptr %b, double %factor) {
entry:
  %f0 = insertelement <32 x double> poison, double %factor, i32 0
  %f = shufflevector <32 x double> %f0, <32 x double> poison, <32 x i32> zeroinitializer
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %i1 = add i64 %i, 32
  %a.at = getelementptr double, ptr %a, i64 %i
  %b.at = getelementptr double, ptr %b, i64 %i
  %x = load <32 x double>, ptr %a.at, align 64
  %y = load <32 x double>, ptr %b.at, align 64
  %p = fmul contract <32 x double> %y, %f
  %z = fadd contract <32 x double> %x, %p
  store <32 x double> %z, ptr %a.at, align 64
  %more = icmp slt i64 %i1, BLOCK
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal fastcc void @take(ptr %to, ptr %from, i64 %count) {
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %next]
  %on = icmp slt i64 %i, BLOCK
  br i1 %on, label %body, label %done
body:
  %i1 = add i64 %i, 1
  %there = icmp slt i64 %i, %count
  br i1 %there, label %read, label %next
read:
  %from.at = getelementptr double, ptr %from, i64 %i
  %number = load double, ptr %from.at, align 8
  br label %next
next:
  %x = phi double [0.0, %body], [%number, %read]
  %to.at = getelementptr double, ptr %to, i64 %i
  store double %x, ptr %to.at, align 8
  br label %loop
done:
  ret void
}

define void @onto(ptr %r, i64 %w, ptr %columns, i64 %apart, i64 %rows, ptr %room) {
entry:
  br label %head
head:
  %begin = phi i64 [0, %entry], [%begin1, %k.done]
  %on = icmp slt i64 %begin, %rows
  br i1 %on, label %block, label %done
block:
  %begin1 = add i64 %begin, BLOCK
  %left = sub i64 %rows, %begin
  br label %c.head
c.head:
  %c = phi i64 [0, %block], [%c1, %c.body]
  %c.on = icmp slt i64 %c, %w
  br i1 %c.on, label %c.body, label %k.head
c.body:
  %c1 = add i64 %c, 1
  %c.far = mul i64 %c, %apart
  %c.first = add i64 %c.far, %begin
  %c.from = getelementptr double, ptr %columns, i64 %c.first
  %c.place = mul i64 %c, BLOCK
  %c.to = getelementptr double, ptr %room, i64 %c.place
  call fastcc void @take(ptr %c.to, ptr %c.from, i64 %left)
  br label %c.head
k.head:
  %k = phi i64 [0, %c.head], [%k1, %k.next]
  %k.on = icmp slt i64 %k, %w
  br i1 %k.on, label %k.body, label %k.done
k.body:
  %k1 = add i64 %k, 1
  %k.place = mul i64 %k, BLOCK
  %v = getelementptr double, ptr %room, i64 %k.place
  %sigma = call fastcc double @dot(ptr %v, ptr %v)
  %zero = fcmp oeq double %sigma, 0.0
  br i1 %zero, label %k.next, label %reflect
reflect:
  %row = mul i64 %k, %w
  %r.row = getelementptr double, ptr %r, i64 %row
  %kk.at = getelementptr double, ptr %r.row, i64 %k
  %kk = load double, ptr %kk.at, align 8
  %kk2 = fmul double %kk, %kk
  %all = fadd double %kk2, %sigma
  %norm = call double @llvm.sqrt.f64(double %all)
  %signed = call double @llvm.copysign.f64(double %norm, double %kk)
  %first = fadd double %kk, %signed
  %new = fneg double %signed
  store double %new, ptr %kk.at, align 8
  %whole = fmul double %signed, %first
  br label %j.head
j.head:
  %j = phi i64 [%k1, %reflect], [%j1, %j.body]
  %j.on = icmp slt i64 %j, %w
  br i1 %j.on, label %j.body, label %k.next
j.body:
  %j1 = add i64 %j, 1
  %j.place = mul i64 %j, BLOCK
  %u = getelementptr double, ptr %room, i64 %j.place
  %kj.at = getelementptr double, ptr %r.row, i64 %j
  %kj = load double, ptr %kj.at, align 8
  %along = call fastcc double @dot(ptr %v, ptr %u)
  %above = fmul double %first, %kj
  %both = fadd double %above, %along
  %share = fdiv double %both, %whole
  %less = fmul double %share, %first
  %kj1 = fsub double %kj, %less
  store double %kj1, ptr %kj.at, align 8
  %factor = fneg double %share
  call fastcc void @add(ptr %u, ptr %v, double %factor)
  br label %j.head
k.next:
  br label %k.head
k.done:
  br label %head
done:
  ret void
}
""".replace("BLOCK", str(BLOCK))
"""`onto(r, w, columns, apart, rows, room)`: reflects rows onto the triangle r, shape (w, w). columns: so many
numbers each, that begin `apart` numbers from one another. room: for w blocks of rows."""


@cache
def _compiled() -> Callable[..., None] | None:
    """`onto`; None where there is no machine code."""
    from backprop.engine.native.machine import library  # with a compiler

    try:
        made = library(TRIANGLE, lambda: TRIANGLE, wide=True)
    except NoMachineCode:
        return None
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    found: Callable[..., None] = made.function(
        "onto", None, pointer, whole, pointer, whole, whole, pointer
    )
    return found


def reduced(triangle: Reals, columns: Reals, by_code: bool = True) -> Reals:
    """The triangle of the rows of one, shape (width, width), and further rows, shape (width, rows). Its
    diagonal is 0 or more."""
    onto = _compiled() if by_code else None
    if onto is None or not _is_inside(columns):
        return upright(_by_library(triangle, columns))
    width, rows = columns.shape
    found, given = triangle.copy(), numpy.ascontiguousarray(columns)
    room = aligned(width * BLOCK)
    onto(found.ctypes.data, width, given.ctypes.data, rows, rows, room.ctypes.data)
    return upright(found)


def _is_inside(columns: Reals) -> bool:
    """Whether the squares of all numbers are far from the ends of doubles."""
    sizes = numpy.abs(columns).max(axis=1, initial=0.0)
    inside = numpy.isfinite(sizes) & (sizes < _LARGE) & ((sizes > SMALL) | (sizes == 0))
    return bool(inside.all())


def _by_library(triangle: Reals, columns: Reals) -> Reals:
    """As `reduced`, by LAPACK, of some rows at a time: of more a column does not stay in the cache."""
    width, rows = columns.shape
    found = numpy.zeros((width, width))
    if not (numpy.isfinite(triangle).all() and numpy.isfinite(columns).all()):
        found.fill(numpy.nan)
        return found
    parts, whole = [triangle], rows - rows % _PART
    if rows >= 2 * _PART and width < _PART:
        some = columns[:, :whole].reshape(width, -1, _PART).transpose(1, 2, 0)
        parts += [*numpy.linalg.qr(some, mode="r")]
        columns = columns[:, whole:]
    made = numpy.linalg.qr(numpy.concatenate([*parts, columns.T]), mode="r")
    found[: len(made)] = made
    return found


def upright(triangle: Reals) -> Reals:
    """A triangle of the same rows whose diagonal is 0 or more."""
    signs = numpy.where(numpy.diagonal(triangle) < 0, -1.0, 1.0)
    return triangle * signs[:, None]


class Triangles:
    """The triangle of all rows, chunk by chunk, merged as `Totals` merges. width: of a row. by_code: whether
    machine code may do it."""

    def __init__(self, width: int, by_code: bool = True) -> None:
        self._width, self._by_code = width, by_code
        self.zero = numpy.zeros((width, width))
        self._totals = Totals(self.zero, self.merged)

    def parts(self, columns: Reals) -> Reals:
        """The triangles of chunks of some rows, shape (width, rows): shape (chunks, width, width)."""
        starts = range(0, columns.shape[1], CHUNK)
        some = (columns[:, at : at + CHUNK] for at in starts)
        found = [reduced(self.zero, each, self._by_code) for each in some]
        return numpy.array(found).reshape(-1, self._width, self._width)

    def merged(self, one: Reals, other: Reals) -> Reals:
        """The triangle of the rows of both."""
        return reduced(one, other.T, self._by_code)

    def merged_all(self, some: Reals, others: Reals) -> Reals:
        """The triangles of the rows of both, several at once: shape (count, width, width)."""
        onto = _compiled() if self._by_code else None
        if onto is None:
            pairs = zip(some, others, strict=True)
            return numpy.array([self.merged(one, other) for one, other in pairs])
        found, width = some.copy(), self._width
        columns = numpy.ascontiguousarray(others.transpose(0, 2, 1))
        room = aligned(width * BLOCK)
        far = 8 * width * width
        first, second = found.ctypes.data, columns.ctypes.data
        for at in range(len(found)):
            where = first + far * at, width, second + far * at, width, width, room.ctypes.data
            onto(*where)
        return found

    def add(self, parts: Reals) -> None:
        """The triangles of the chunks that come next."""
        self._totals.add(parts)

    def merge(self, other: Triangles) -> None:
        """That of the rows behind these."""
        self._totals.merge(other._totals)

    def value(self) -> Reals:
        """That of all rows, shape (width, width)."""
        return self._totals.value()
