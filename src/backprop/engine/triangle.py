"""A sparse triangular matrix that is swept along many directions at once."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from backprop.engine.engines import Own
from backprop.engine.native import sweeps
from backprop.engine.native.machine import library
from backprop.engine.tape import Doubles, Indices, aligned

Mask = NDArray[np.bool_]


class Triangle:
    """Rows that are sums of rows before them, the first of which are given.

    users, operands: of each entry the row and, counted from the first given one, the row that it is about.
    """

    def __init__(self, users: Indices, operands: Indices, count: int, rows: int) -> None:
        self.count, self.rows = count, rows
        self.users, self.operands = users, np.ascontiguousarray(operands, np.int32)
        self._starts = np.searchsorted(users, np.arange(rows + 1)).astype(np.int32)
        self._all = np.full(rows, sweeps.WHOLE, np.uint8)
        self._own = Own(lambda: dict[int, Doubles]())
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        kernels = library("sweeps", sweeps.text)
        self._sweep = {
            width: kernels.function(f"sweep{width}", None, number, *[pointer] * 5, number)
            for width in sweeps.AT_ONCE
        }
        self._table = kernels.function("table", None, *[number] * 3, *[pointer] * 7)

    def sweep(self, by: Doubles, ways: Doubles, marks: NDArray[np.uint8] | None = None) -> Doubles:
        """All rows, for some directions at once, (count + rows, directions or a few more); the next call in
        this thread changes them. by: the coefficients of the entries. ways: the given rows, (directions,
        count). marks: what is to be done with each row."""
        found = self._place(next(each for each in sweeps.AT_ONCE if each >= len(ways)))
        width = found.shape[1]
        found[: self.count, : len(ways)] = ways.T
        found[: self.count, len(ways) :] = 0.0
        marks = self._all if marks is None else marks
        read = (self._starts, self.operands, by, marks, found)
        self._sweep[width](self.rows, *[each.ctypes.data for each in read], self.count)
        return found

    def _place(self, width: int) -> Doubles:
        """Where this thread has all rows for so many directions at once."""
        kept: dict[int, Doubles] = self._own.made
        if width not in kept:
            kept[width] = aligned((self.count + self.rows) * width).reshape(-1, width)
        return kept[width]

    def table(self, by: Doubles, outputs: Indices, marks: NDArray[np.uint8]) -> Doubles:
        """The derivatives of rows by the given ones, which are as many, (rows, given); symmetric, so that
        one triangle is computed. marks: what is to be done with each row for each block of given ones."""
        count, most = self.count, sweeps.AT_ONCE[-1]
        found = np.empty((count, len(marks) * most))
        read = (self._starts, self.operands, by, marks, self._place(most), outputs, found)
        addresses = [each.ctypes.data for each in read]
        self._table(len(marks), count, self.rows, *addresses)
        for begin in range(0, count, most):
            end = begin + most
            found[begin:end, end:count] = found[end:, begin:end].T[: count - begin]
        table: Doubles = found[:, :count]
        return table

    def reached(self, given: Mask) -> Mask:
        """Which rows each of some sets of given rows leads to, (rows, sets). given: (count, sets)."""
        found = np.zeros((self.rows, given.shape[1]), np.bool_)
        ones, most = np.ones(len(self.operands)), sweeps.AT_ONCE[-1]
        for begin in range(0, given.shape[1], most):
            some = given[:, begin : begin + most].T.astype(float)
            found[:, begin : begin + most] = self.sweep(ones, some)[self.count :, : len(some)] > 0
        return found

    def transposed(self, outputs: Indices) -> Triangle:
        """The rows in reverse, each of them the sum of those that it is in; given are outputs."""
        count, last = len(outputs), self.rows - 1
        inner = self.operands >= self.count
        ends = outputs >= self.count
        users = np.concatenate([self.operands[inner], outputs[ends]]) - self.count
        operands = np.concatenate([count + last - self.users[inner], np.flatnonzero(ends)])
        order = np.argsort(-users, kind="stable")
        return Triangle((last - users)[order], operands[order], count, self.rows)
