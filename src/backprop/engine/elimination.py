"""Steps eliminated from a tape, so that sweeps along many directions have less to do.

The tangents of a tape are a system of equations with a triangular matrix, `t = p*t[a] + q*t[b]` for
each step. A step that one other uses, or that uses one other, need not have a row of its own: its
coefficient times that of its neighbour stands in the row of the neighbour (vertex elimination: Griewank,
Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 9), and coefficients of one operand are added
up. Which products those are is found once; they are computed once at a point, whatever the number of
directions; the rows that are left are swept.
"""

from __future__ import annotations

import ctypes
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.engine.native import sweeps
from backprop.engine.native.loops import LEAVES, known_slopes
from backprop.engine.native.machine import library
from backprop.engine.tape import Arrays, Doubles, Keys, Tape
from backprop.engine.triangle import Mask, Triangle

_ROUNDS = 6
"""The most rounds of eliminating: each takes some of what the last has left."""

_LEFT = 0.97
"""A round that leaves more than this was the last."""

_USES = 8
"""A step of one operand stays, if more steps than these use it: each takes a product."""

_ZERO, _ONE = 0, 1
"""Their numbers among the coefficients."""

_SECONDS = 4e-7, 0.02
"""What it takes to eliminate: for each place of a tape, and to begin with."""

_SWEEP = 3e-10
"""Seconds that a sweep of the tape takes for a place and a direction, of several at once."""

_MOST_MARKS = 2**26
"""The most marks of what blocks of directions need: bytes."""


def pays(tape: Tape, ways: int) -> bool:
    """Whether to eliminate takes less time than so many directions along a tape."""
    step, begin = _SECONDS
    return _SWEEP * tape.size * ways > step * tape.size + begin


class _Entries(NamedTuple):
    """The entries of the matrix: at (user, operand) stands coefficient number `by`."""

    user: Keys
    operand: Keys
    by: Keys

    def which(self, mask: Mask | Keys) -> _Entries:
        return _Entries(self.user[mask], self.operand[mask], self.by[mask])


class _Products:
    """The coefficients that are computed: a product and a sum each, of earlier ones."""

    def __init__(self, first: int) -> None:
        self.next = first
        self.parts: list[NDArray[np.int64]] = []

    def new(self, one: Keys, other: Keys, more: Keys) -> Keys:
        """The numbers of `one*other + more`, side by side."""
        self.parts.append(np.stack([one, other, more]))
        self.next += len(one)
        return np.arange(self.next - len(one), self.next)

    def times(self, one: Keys, other: Keys) -> Keys:
        """Those of products."""
        found = np.where(one == _ONE, other, one)
        made = np.flatnonzero((one != _ONE) & (other != _ONE))
        found[made] = self.new(one[made], other[made], np.zeros(len(made), np.int64))
        return found


class Elimination:
    """What is left of a tape where only the derivatives of some outputs, rows of its graph, by its first
    inputs are asked for, `count` of them, along many directions."""

    def __init__(self, tape: Tape, count: int, outputs: Keys) -> None:
        self._size, self.count = tape.size, count
        places = tape.places[outputs].astype(np.int64)
        steps, self._constants, by = _slopes(tape)
        stays = ~steps
        stays[places] = True
        self._products = _Products(len(self._constants) + 2 * tape.size)
        operand = np.concatenate([tape.a, tape.b]).astype(np.int64)
        used = by != _ZERO
        user = np.tile(np.arange(tape.size), 2)
        entries = _Entries(user[used], operand[used], by[used])
        for _ in range(_ROUNDS):
            before = len(entries.user)
            entries = self._round(entries, stays, steps)
            if len(entries.user) > _LEFT * before:
                break
        self._lay_out(self._merged(self._led(entries, stays, steps)), places, steps)

    def _round(self, entries: _Entries, stays: Mask, steps: Mask) -> _Entries:
        """Entries with some steps eliminated: those that one other uses, and those that use one other."""
        entries = self._merged(self._led(entries, stays, steps))
        uses = np.bincount(entries.operand, minlength=self._size)
        entries = self._merged(self._folded(entries, (uses == 1) & ~stays, by_user=False))
        uses, own = (
            np.bincount(each, minlength=self._size) for each in (entries.operand, entries.user)
        )
        return self._folded(entries, (own == 1) & (uses <= _USES) & ~stays, by_user=True)

    def _led(self, entries: _Entries, stays: Mask, steps: Mask) -> _Entries:
        """The entries without those of steps that no input leads to, or that lead nowhere."""
        moves, leads = np.zeros(self._size, np.bool_), stays.copy()
        moves[: self.count] = True
        moves[entries.user] = True
        leads[entries.operand] = True
        return entries.which(moves[entries.operand] & leads[entries.user])

    def _merged(self, entries: _Entries) -> _Entries:
        """The entries in order, one at each place: what stands at the same place is added up."""
        key = entries.user * self._size + entries.operand
        order = np.argsort(key, kind="stable")
        key, (user, operand, by) = key[order], entries.which(order)
        again = np.zeros(len(key), np.bool_)
        again[1:] = key[1:] == key[:-1]
        more = np.flatnonzero(again)
        total = by.copy()
        total[more] = np.arange(self._products.next, self._products.next + len(more))
        self._products.new(by[more], np.full(len(more), _ONE), total[more - 1])
        last = np.ones(len(key), np.bool_)
        last[:-1] = ~again[1:]
        return _Entries(user[last], operand[last], total[last])

    def _folded(self, entries: _Entries, chosen: Mask, by_user: bool) -> _Entries:
        """The entries without the chosen steps: each of these stands in one entry only, as its user or as its
        operand, whose other step takes its place in the rest, or the next one that is not chosen."""
        here, there = entries[:2] if by_user else entries[1::-1]
        alone = chosen[here]
        steps, beside, by = here[alone], there[alone], entries.by[alone]
        nodes = np.arange(self._size)
        beyond, same, own = nodes.copy(), nodes.copy(), np.full(self._size, _ONE)
        beyond[steps], own[steps] = beside, by
        alike = (by == _ONE) & chosen[beside]  # then the coefficient is that of the other step
        same[steps[alike]] = beside[alike]
        same = _ends(same)
        # others are a product: of steps in a row each has that of the one before in it
        follows = (by != _ONE) & (own[same[beside]] != _ONE)
        order = np.argsort(steps[follows] if by_user else -steps[follows])
        inner, before = steps[follows][order], same[beside[follows]][order]
        factors = own.copy()
        factors[inner] = np.arange(self._products.next, self._products.next + len(inner))
        self._products.new(own[inner], factors[before], np.full(len(inner), _ZERO))
        user, operand, by = entries.which(~alone)
        far = operand if by_user else user
        by = self._products.times(by, factors[same[far]])
        far = _ends(beyond)[far]
        return _Entries(user, far, by) if by_user else _Entries(far, operand, by)

    def _lay_out(self, entries: _Entries, places: Keys, steps: Mask) -> None:
        """Number the rows that are left, behind the inputs, and the coefficients that they need."""
        count, size, first = self.count, self._size, len(self._constants)
        left = np.zeros(size, np.bool_)
        for each in (entries.user, entries.operand, places):
            left[each] = True
        rows = np.flatnonzero(left & steps)
        at = np.full(
            size, count + len(rows), np.int32
        )  # what does not move is an empty row: the last
        at[:count] = np.arange(count)
        at[rows] = np.arange(count, count + len(rows))
        self.matrix = Triangle(at[entries.user] - count, at[entries.operand], count, len(rows) + 1)
        self._outputs = at[places]  # 32 bits each
        parts = np.concatenate([*self._products.parts, np.zeros((3, 0), np.int64)], axis=1)
        taken = np.zeros(first + 2 * size, np.bool_)
        for each in (*parts, entries.by):
            taken[each[each < len(taken)]] = True
        taken[:first] = False
        slopes = np.flatnonzero(taken)
        numbers = np.arange(len(taken) + parts.shape[1], dtype=np.int32)
        numbers[slopes] = np.arange(first, first + len(slopes))
        numbers[len(taken) :] -= len(taken) - first - len(slopes)
        self._slopes = slopes - first
        self._parts = np.ascontiguousarray(numbers[parts].T)
        self._by = numbers[entries.by]
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        kernels = library("sweeps", sweeps.text)
        self._multiply = kernels.function(
            "products", ctypes.c_int, number, pointer, pointer, number
        )

    def coefficients(self, arrays: Arrays) -> Doubles | None:
        """Those of the entries that are left, by the slopes on a tape; None where one is not finite, or a
        product too small for a double."""
        first, last = len(self._constants), len(self._constants) + len(self._slopes)
        by_first = np.searchsorted(self._slopes, self._size)
        numbers = np.empty(last + len(self._parts))
        numbers[:first] = self._constants
        numbers[first : first + by_first] = arrays.p[self._slopes[:by_first]]
        numbers[first + by_first : last] = arrays.q[self._slopes[by_first:] - self._size]
        lost = self._multiply(len(self._parts), self._parts.ctypes.data, numbers.ctypes.data, last)
        found = numbers[self._by]
        return None if lost or not np.isfinite(found).all() else found

    def products(self, arrays: Arrays, ways: Doubles) -> Doubles | None:
        """The derivatives of the outputs along directions, (ways, outputs), after `Arrays.forward`; None
        where the tape must say them. ways: by the first inputs, (ways, count)."""
        by = self.coefficients(arrays)
        if by is None:
            return None
        found = np.empty((len(ways), len(self._outputs)))
        most = sweeps.AT_ONCE[-1]
        for begin in range(0, len(ways), most):
            some = ways[begin : begin + most]
            at = self.matrix.sweep(by, some)
            found[begin : begin + most] = at[self._outputs, : len(some)].T
        return found

    def table(self, arrays: Arrays) -> Doubles | None:
        """The derivatives of the outputs by each of the first inputs, of which they are the gradient, so that
        these are symmetric: (count, count); None as for `products`."""
        by = self.coefficients(arrays)
        return None if by is None else self.matrix.table(by, self._outputs, self._needed)

    @cached_property
    def _needed(self) -> NDArray[np.uint8]:
        """What is to be done with each row for each block of directions that are those of inputs, (blocks,
        rows): of the outputs those from the block's first on are asked for."""
        count, most, matrix = self.count, sweeps.AT_ONCE[-1], self.matrix
        blocks = -(-count // most)
        if blocks * matrix.rows > _MOST_MARKS:
            return np.full((1, matrix.rows), sweeps.WHOLE, np.uint8).repeat(blocks, 0)
        own = np.arange(count)[:, None] // most
        reached = matrix.reached(own == np.arange(blocks))
        back = matrix.transposed(self._outputs)
        leads = back.reached(own >= np.arange(blocks))[::-1]
        return np.ascontiguousarray(
            np.where(leads, np.where(reached, sweeps.WHOLE, sweeps.NOUGHT), sweeps.SKIP).T, np.uint8
        )


def _ends(following: Keys) -> Keys:
    """For each node the one to which following leads in the end."""
    while True:
        further = following[following]
        if np.array_equal(further, following):
            return following
        following = further


def _slopes(tape: Tape) -> tuple[Mask, list[float], Keys]:
    """Which places of a tape are those of steps; the constants among their slopes; and the numbers of
    the slopes, by the first operands and then by the second ones: constants, slopes by the first, by the
    second. Of what is no step they are 0."""
    constants = {0.0: _ZERO, 1.0: _ONE}
    segments = [each for each in tape.segments.tolist() if each[0] != LEAVES]
    known = {kind: known_slopes(kind) for kind, _, _ in segments}
    for both in known.values():
        for slope in both:
            if slope is not None:
                constants.setdefault(slope, len(constants))
    steps = np.zeros(tape.size, np.bool_)
    by = np.zeros((2, tape.size), np.int64)
    for kind, begin, count in segments:
        steps[begin : begin + count] = True
        for at, slope in enumerate(known[kind]):
            first = len(constants) + at * tape.size + begin
            by[at, begin : begin + count] = (
                np.arange(first, first + count) if slope is None else constants[slope]
            )
    return steps, list(constants), by.ravel()
