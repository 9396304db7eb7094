"""The coefficients of a matrix that is made of the slopes on a tape: which products, and what numbers."""

from __future__ import annotations

import ctypes
from itertools import pairwise
from sys import float_info

import numpy as np
from numpy.typing import NDArray

from backprop.engine.engines import Own
from backprop.engine.native import sweeps
from backprop.engine.native.loops import LEAVES, MIXED, kinds, known_slopes
from backprop.engine.native.machine import library
from backprop.engine.tape import Arrays, Doubles, Indices, Keys, Tape
from backprop.engine.triangle import Mask
from backprop.operations import OPERATIONS

ZERO, ONE = 0, 1
"""The numbers of these coefficients."""

_CONSTANTS = 2**16
"""Coefficients that are the same at every point have numbers below this."""

_MOST = _CONSTANTS // 2
"""After so many of them a number of the equations, and a product of two, is computed at each point."""


class Coefficients:
    """Coefficients by number: constants first, then the values on a tape, the slopes by the first operands,
    those by the second, and what is computed of these: a product and a sum each."""

    def __init__(self, tape: Tape) -> None:
        self._size = tape.size
        self._constants = {0.0: ZERO, 1.0: ONE}
        self._first = self._next = _CONSTANTS + 3 * tape.size
        self._parts = [np.zeros((3, 0), np.int64)]
        kind_at = np.full(tape.size, -1, np.int16)
        for kind, begin, count in tape.segments.tolist():
            if kind != LEAVES:
                own = tape.codes[begin : begin + count] if kind == MIXED else kind
                kind_at[begin : begin + count] = own
        self.steps: Mask = kind_at >= 0
        """Which places of the tape are those of steps."""
        self.slopes = self._slopes(tape, kind_at)
        """Those of the steps by their first operands, and by their second, in two rows."""

    def _slopes(self, tape: Tape, kind_at: NDArray[np.int16]) -> Keys:
        """What is a constant, the value of an operand or that of the step itself is known as that."""
        leaves = np.full(tape.size, -1, np.int64)  # which constant a place is
        distinct, place = np.unique(tape.numbers, return_inverse=True)
        numbers = [self._constant(each) for each in distinct[:_MOST].tolist()]
        numbers += [-1] * (len(distinct) - len(numbers))
        leaves[len(tape.inputs) :][: len(place)] = np.array(numbers, np.int64)[place]
        found = np.full((2, tape.size), ZERO)
        for number in np.unique(kind_at[self.steps]).tolist():
            at, (name, order, _) = np.flatnonzero(kind_at == number), kinds()[number]
            row = OPERATIONS[name]
            for which, slope in enumerate(known_slopes(number)):
                text = row.slopes[order[which]] if which < len(order) else ""
                if slope is not None:
                    found[which, at] = self._constant(slope)
                elif text == "out":
                    found[which, at] = _CONSTANTS + at
                elif text in row.operands:
                    operand = (tape.a, tape.b, tape.c)[order.index(row.operands.index(text))][at]
                    known = leaves[operand]
                    found[which, at] = np.where(known >= 0, known, _CONSTANTS + operand)
                else:
                    found[which, at] = _CONSTANTS + (which + 1) * tape.size + at
        return found

    def _constant(self, value: float) -> int:
        return self._constants.setdefault(value, len(self._constants))

    def _new(self, one: Keys, other: Keys, more: Keys) -> Keys:
        """The numbers of `one*other + more`, side by side."""
        self._parts.append(np.stack([one, other, more]))
        self._next += len(one)
        return np.arange(self._next - len(one), self._next)

    def times(self, one: Keys, other: Keys) -> Keys:
        """Those of products."""
        found = np.where(one == ONE, other, one)
        made = (one != ONE) & (other != ONE)
        found[made] = self._new(one[made], other[made], np.full(np.count_nonzero(made), ZERO))
        return found

    def in_rows(self, nodes: Keys, by: Keys, before: Keys, of: Keys) -> Keys:
        """Those of all nodes, some of which are new: its own, `by`, times that of a node before, in this
        order or in `of`, which has those of all others."""
        found = of.copy()
        found[nodes] = np.arange(self._next, self._next + len(nodes))
        self._new(by, found[before], np.full(len(nodes), ZERO))
        return found

    def summed(self, by: Keys, again: Mask) -> Keys:
        """Those of sums so far: where `again` holds each is added to the one before."""
        more, total = np.flatnonzero(again), by.copy()
        total[more] = np.arange(self._next, self._next + len(more))
        self._new(by[more], np.full(len(more), ONE), total[more - 1])
        return total

    def lay_out(self, by: Keys) -> None:
        """Make those ready that are asked for."""
        parts, by = self._without_constants(np.concatenate(self._parts, axis=1), by)
        parts, by = _fused(parts, by, self._first)
        taken = np.zeros(self._first, np.bool_)
        for each in (*parts, by):
            taken[each[each < self._first]] = True
        taken[ZERO] = True
        given = np.flatnonzero(taken)
        compact = np.arange(self._first + parts.shape[1], dtype=np.int32)
        compact[given] = np.arange(len(given))
        compact[self._first :] = np.arange(len(given), len(given) + parts.shape[1])
        self._own_parts = np.ascontiguousarray(compact[parts].T)
        self.by: Indices = compact[by]
        """Where those are that are asked for, among all; the first of all is 0."""
        constants = given[given < _CONSTANTS]
        self._given = np.array(list(self._constants))[constants]
        ends = np.searchsorted(given, _CONSTANTS + self._size * np.arange(4)).tolist()
        self._taken = [
            (given[first:last] - _CONSTANTS - at * self._size, slice(first, last))
            for at, (first, last) in enumerate(pairwise(ends))
        ]
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        kernels = library("sweeps", sweeps.text)
        arguments = number, pointer, pointer, number
        self._own = Own(lambda: np.empty(len(given) + parts.shape[1]))
        self._multiply = kernels.function("products", ctypes.c_int, *arguments)

    def _without_constants(self, parts: Keys, by: Keys) -> tuple[Keys, Keys]:
        """The parts, and the coefficients asked for, where what is made of constants is a constant."""
        number = np.arange(self._first + parts.shape[1])
        left = np.ones(parts.shape[1], np.bool_)
        while len(self._constants) < _MOST:
            found = np.flatnonzero(left & (parts < _CONSTANTS).all(axis=0))
            if not len(found):
                break
            left[found] = False
            one, other, more = np.array(list(self._constants))[parts[:, found]]
            with np.errstate(all="ignore"):
                product = one * other
                total = product + more
            fits = (abs(product) >= float_info.min) | (one == 0) | (other == 0)
            fits &= abs(total) <= float_info.max
            values, which = np.unique(total[fits], return_inverse=True)
            constants = np.array([self._constant(each) for each in values.tolist()], np.int64)
            number[self._first + found[fits]] = constants[which]
            parts, by = number[parts], number[by]
        return parts, by

    def numbers(self, arrays: Arrays, which: Indices) -> Doubles | None:
        """Some of all, after `Arrays.forward`; None where one is not finite, or a product too small for a
        double. which: where they are."""
        parts, first = self._own_parts, self._taken[-1][1].stop
        numbers: Doubles = self._own.made
        numbers[: len(self._given)] = self._given
        for of, (places, where) in zip(
            (arrays.values, arrays.p, arrays.q), self._taken, strict=True
        ):
            of.take(places, out=numbers[where], mode="clip")  # others are copied first
        lost = self._multiply(len(parts), parts.ctypes.data, numbers.ctypes.data, first)
        found: Doubles = numbers.take(which)
        return None if lost or not np.isfinite(found).all() else found


def _fused(parts: Keys, by: Keys, first: int) -> tuple[Keys, Keys]:
    """The parts that lead to those asked for, a product that one sum uses in one with it."""
    uses = np.bincount(np.concatenate([parts.ravel(), by]), minlength=first + parts.shape[1])[
        first:
    ]
    sums = np.flatnonzero((parts[1] == ONE) & (parts[0] >= first))
    of = parts[0][sums] - first
    fit = (parts[2][of] == ZERO) & (uses[of] == 1)
    parts = parts.copy()
    parts[:2, sums[fit]] = parts[:2, of[fit]]
    leads = uses > 0
    leads[of[fit]] = False
    number = np.concatenate([np.arange(first), first - 1 + np.cumsum(leads)])
    return number[parts[:, leads]], number[by]
