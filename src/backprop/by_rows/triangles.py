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
from typing import Any

import numpy

from backprop.by_rows.reductions import CHUNK, Totals
from backprop.by_rows.reflections import TRIANGLE, room_of
from backprop.errors import NoMachineCode
from backprop.loops.domains import Reals
from backprop.loops.native.memory_pages import aligned

_PART = 1024
"""Rows that LAPACK reflects at once."""

SMALL, _LARGE = 1e-140, 1e140
"""Squares of numbers between these are far from the ends of doubles."""


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
    room = aligned(room_of(width))
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
        """The triangles of chunks of some rows, shape (width, rows), all finite: shape (chunks, width,
        width)."""
        rows, width = columns.shape[1], self._width
        if rows and not (self._by_code or rows % CHUNK) and width < _PART:
            parts = columns.reshape(width, -1, CHUNK // _PART, _PART).transpose(1, 2, 3, 0)
            each: Any = numpy.linalg.qr(parts, mode="r")
            every: Any = numpy.linalg.qr(each.reshape(len(each), -1, width), mode="r")
            signs = numpy.where(numpy.diagonal(every, axis1=1, axis2=2) < 0, -1.0, 1.0)
            made: Reals = every * signs[:, :, None]
            return made
        starts = range(0, rows, CHUNK)
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
        room = aligned(room_of(width))
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
