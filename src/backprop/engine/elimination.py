"""Steps eliminated from a tape, so that sweeps along many directions have less to do.

The tangents of a tape are a system of equations with a triangular matrix, `t = p*t[a] + q*t[b]` for
each step. A step that one other uses, or that uses one other, need not have a row of its own: its
coefficient times that of its neighbour stands in the row of the neighbour (vertex elimination: Griewank,
Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 9), and coefficients of one operand are added
up. Which products those are is found once; they are computed once at a point, whatever the number of
directions; the rows that are left are swept.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.engine.coefficients import ONE, ZERO, Coefficients
from backprop.engine.native import sweeps
from backprop.engine.tape import Arrays, Doubles, Indices, Keys, Tape
from backprop.engine.triangle import Mask, Triangle

_ROUNDS = 6
"""The most rounds of eliminating: each takes some of what the last has left."""

_LEFT = 0.97
"""A round that leaves more than this was the last."""

_USES = 8
"""A step of one operand stays, if more steps than these use it: each takes a product."""

_MOST_MARKS = 2**26
"""The most marks of what blocks of directions need: bytes."""


class _Entries(NamedTuple):
    """The entries of the matrix: at (user, operand) stands coefficient number `by`."""

    user: Keys
    operand: Keys
    by: Keys

    def which(self, mask: Mask | Keys) -> _Entries:
        return _Entries(self.user[mask], self.operand[mask], self.by[mask])


class Elimination:
    """What is left of a tape where only the derivatives of some outputs, rows of its graph, by its first
    inputs are asked for, `count` of them, along many directions."""

    def __init__(self, tape: Tape, count: int, outputs: Keys) -> None:
        self.count = count
        self._by = Coefficients(tape)
        # an output is a row of its own, behind those of the tape: the step that it is may go
        self._size = tape.size + len(outputs)
        own = np.arange(tape.size, self._size)
        steps = np.concatenate([self._by.steps, np.ones(len(outputs), np.bool_)])
        stays = ~steps
        stays[own] = True
        by, used = self._by.slopes.ravel(), self._by.slopes.ravel() != ZERO
        user = np.tile(np.arange(tape.size), 2)[used]
        operand = np.concatenate([tape.a, tape.b])[used]
        entries = _Entries(
            np.concatenate([user, own]),
            np.concatenate([operand, tape.places[outputs]]).astype(np.int64),
            np.concatenate([by[used], np.full(len(outputs), ONE)]),
        )
        for _ in range(_ROUNDS):
            before = len(entries.user)
            entries = self._round(entries, stays, steps)
            if len(entries.user) > _LEFT * before:
                break
        self._lay_out(self._merged(self._led(entries, stays, steps)), own, steps)

    def _round(self, entries: _Entries, stays: Mask, steps: Mask) -> _Entries:
        """Entries with some steps eliminated: those that one other uses, or that use one other, and small
        ones."""
        entries = self._merged(self._led(entries, stays, steps))
        uses = np.bincount(entries.operand, minlength=self._size)
        entries = self._merged(self._folded(entries, (uses == 1) & ~stays, by_user=False))
        uses, own = (
            np.bincount(each, minlength=self._size) for each in (entries.operand, entries.user)
        )
        entries = self._folded(entries, (own == 1) & (uses <= _USES) & ~stays, by_user=True)
        return self._joined(self._merged(entries), stays)

    def _joined(self, entries: _Entries, stays: Mask) -> _Entries:
        """Entries in order, without steps of which there are as few as two users and two operands: each of
        those has a product with each of these."""
        user, operand, by = entries
        uses, own = (np.bincount(each, minlength=self._size) for each in (operand, user))
        chosen = (own <= 2) & (uses <= 2) & (own > 0) & (uses > 0) & ~stays
        chosen[user[chosen[operand]]] = False  # they come with the next round
        starts = np.searchsorted(user, np.arange(self._size))
        using = np.flatnonzero(chosen[operand])
        times = own[operand[using]]
        each = np.repeat(using, times)
        within = np.arange(len(each)) - np.repeat(np.cumsum(times) - times, times)
        led = starts[operand[each]] + within
        rest = ~(chosen[operand] | chosen[user])
        more = user[each], operand[led], self._by.times(by[each], by[led])
        return _Entries(
            *(np.concatenate([one[rest], two]) for one, two in zip(entries, more, strict=True))
        )

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
        total = self._by.summed(by, again)
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
        beyond, same, own = nodes.copy(), nodes.copy(), np.full(self._size, ONE)
        beyond[steps], own[steps] = beside, by
        alike = (by == ONE) & chosen[beside]  # then the coefficient is that of the other step
        same[steps[alike]] = beside[alike]
        same = _ends(same)
        # others are a product: of steps in a row each has that of the one before in it
        follows = (by != ONE) & (own[same[beside]] != ONE)
        order = np.argsort(steps[follows] if by_user else -steps[follows])
        inner, before = steps[follows][order], same[beside[follows]][order]
        factors = self._by.in_rows(inner, own[inner], before, own)
        user, operand, by = entries.which(~alone)
        far = operand if by_user else user
        by = self._by.times(by, factors[same[far]])
        far = _ends(beyond)[far]
        return _Entries(user, far, by) if by_user else _Entries(far, operand, by)

    def _lay_out(self, entries: _Entries, outputs: Keys, steps: Mask) -> None:
        """Number the rows that are left, behind the inputs."""
        count, size = self.count, self._size
        left = np.zeros(size, np.bool_)
        for each in (entries.user, entries.operand, outputs):
            left[each] = True
        rows = np.flatnonzero(left & steps)
        # what does not move is an empty row, the last
        at = np.full(size, count + len(rows), np.int32)
        at[:count] = np.arange(count)
        at[rows] = np.arange(count, count + len(rows))
        self.matrix = Triangle(at[entries.user] - count, at[entries.operand], count, len(rows) + 1)
        self._outputs = at[outputs]
        self._by.lay_out(entries.by)

    def places(self, rows: Keys, columns: Keys) -> Indices | None:
        """For entries of the matrix of all outputs, by row and column, where their numbers are, for
        `numbers`. None where that is not all: something has to be swept."""
        matrix, count = self.matrix, self.count
        if (matrix.operands >= count).any():
            return None
        key = matrix.users.astype(np.int64) * count + matrix.operands
        wanted = (self._outputs[rows] - count).astype(np.int64) * count + columns
        found = np.searchsorted(key, wanted)
        there = np.append(key, -1)[found] == wanted
        inside = np.zeros(len(key), np.bool_)
        inside[found[there]] = True
        return np.append(self._by.by, 0)[np.where(there, found, -1)] if inside.all() else None

    def numbers(self, arrays: Arrays, places: Indices) -> Doubles | None:
        """Those at some places, after `Arrays.forward`; None as for `products`."""
        return self._by.numbers(arrays, places)

    def products(self, arrays: Arrays, ways: Doubles) -> Doubles | None:
        """The derivatives of the outputs along directions, (ways, outputs), after `Arrays.forward`; None
        where the tape must say them. ways: by the first inputs, (ways, count)."""
        by = self._by.numbers(arrays, self._by.by)
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
        by = self._by.numbers(arrays, self._by.by)
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
