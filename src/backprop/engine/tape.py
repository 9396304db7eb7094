"""A graph laid out in arrays, to be run by the kernels of `engine.native`.

Steps are taken in windows of the walk's order, small enough for the cache. In a window they are
sorted by level (one more than that of their operands) and then by operation, so that like operations
stand side by side and none of them waits for another. A window in which nearly every step waits for the
one before stays in order.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.engine.native import kernels
from backprop.engine.native.loops import MIXED, kinds
from backprop.engine.native.machine import lanes, library, passed_on
from backprop.memory import without_collector
from backprop.values import NUMBER, Value

Doubles = NDArray[np.float64]
Integers = NDArray[np.int32]

WINDOW = 1 << 15
"""Steps in a window: their values, slopes and gradients are about 1 MiB."""

_LEVEL_BITS, _KIND_BITS = 16, 7
"""Of a sort key: a window has no more levels than steps, and there are less than 128 kinds."""

_LEAST_RUN = 3.0
"""Where runs of like operations are shorter than this on average, a window stays in order."""


class Kernels:
    """The compiled kernels of this machine for the kinds of steps in use."""

    def __init__(self, used: frozenset[int]) -> None:
        self.library = library(f"kernels {sorted(used)}", lambda: kernels.text(used))
        pointer, size, flag = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
        function = self.library.function
        self.forward = function("forward", flag, pointer)
        self.backward = function("backward", flag, pointer, flag)
        self.levels = function("levels", None, *[pointer] * 4, size, size)


@lru_cache(maxsize=32)
def ready(used: frozenset[int]) -> Kernels:
    """The kernels for these kinds, compiled once; loaded from the user's cache in later runs."""
    return Kernels(used)


class Steps(NamedTuple):
    """The steps of a graph in order: kinds, and operands as numbers of steps (leaves: negative)."""

    kinds: NDArray[np.int16]
    a: Integers
    b: Integers
    c: Integers


class Tape:
    """A graph ready to run.

    order: operands first, as `in_order` has it. root: the output; by default the last. first: inputs
    whose places are to lead all others. values, gradients: a number a place. First come the leaves
    (`leaves`, those that take gradients before the numbers of the equations), then the steps;
    `place_of` has the place of each step.
    """

    @without_collector
    def __init__(
        self, order: Sequence[Value], root: Value | None = None, first: Sequence[Value] = ()
    ) -> None:
        width = lanes()[0]
        ahead = set(first)
        leaves = [value for value in order if not value.prev and value not in ahead]
        inputs = [*first, *(value for value in leaves if value.op != NUMBER)]
        leaves = inputs + [value for value in leaves if value.op == NUMBER]
        steps = [value for value in order if value.prev]
        number: dict[Value, int] = dict(zip(steps, count()))
        number.update(zip(leaves, count(-1, -1)))
        read = _read(steps, number, none=-1 - len(leaves))
        self._run = ready(frozenset(np.flatnonzero(np.bincount(read.kinds)).tolist()))
        # leaf -1 stands at 0, -2 at 1, …; behind them is a place for what nobody reads
        base = -(-(len(leaves) + 1) // width) * width
        place_of, segments, size = self._lay_out(read, base, width)
        self.segments: NDArray[np.int64] = segments
        self.size = size
        # negative numbers count from the end of a table, as Python's do
        table = np.concatenate([place_of, np.arange(len(leaves), -1, -1, dtype=np.int32)])
        self.a, self.b = (self._operands(each, table, place_of) for each in (read.a, read.b))
        self.c = self.a if read.c is read.a else self._operands(read.c, table, place_of)
        self.codes = np.zeros(size if (segments[:, 0] == MIXED).any() else 0, np.int16)
        if len(self.codes):
            self.codes[place_of] = read.kinds
        self._pad()
        self.values: Doubles = _aligned(size)
        self.slopes_a: Doubles = _aligned(size)
        self.slopes_b: Doubles = _aligned(size)
        self.gradients: Doubles = _aligned(size)
        self.place_of = place_of
        self.leaves = leaves
        self.load()
        last = root if root is not None else order[-1]
        at = number[last]
        self.root = int(place_of[at]) if at >= 0 else -1 - at
        fields: dict[str, int | NDArray[Any]] = {
            "segments": self.segments, "count": len(segments), "v": self.values,
            "p": self.slopes_a, "q": self.slopes_b, "a": self.a, "b": self.b, "c": self.c,
            "codes": self.codes, "g": self.gradients, "size": size, "root": self.root, "inputs": len(inputs),
        }  # fmt: skip
        numbers = [
            each if isinstance(each, int) else each.ctypes.data
            for each in (fields[name] for name in kernels.FIELDS)
        ]
        self._fields = np.array(numbers, np.int64)
        self.address = int(self._fields.ctypes.data)
        self._forward, self._backward = self._run.forward, self._run.backward
        self.functions = tuple(map(self._run.library.address, ("forward", "backward")))

    def load(self) -> None:
        """Take the numbers of the leaves from their Values."""
        self.values[: len(self.leaves)] = [value.data for value in self.leaves]

    def forward(self) -> bool:
        """Compute every step; whether all are finite."""
        bad = self._forward(self.address)
        passed_on()
        return not bad

    def backward(self) -> bool:
        """Compute every gradient; whether all are finite."""
        return not (self._backward(self.address, 0) and self._backward(self.address, 1))

    def store(self, order: Sequence[Value], gradients: bool = False) -> None:
        """Give the Values of the graph their numbers, or their gradients."""
        steps = [value for value in order if value.prev]
        if not gradients:
            for value, number in zip(steps, self.values[self.place_of].tolist(), strict=True):
                value.data = number
            return
        for value, number in zip(steps, self.gradients[self.place_of].tolist(), strict=True):
            value.grad = number
        for value, number in zip(self.leaves, self.gradients[: len(self.leaves)].tolist()):  # noqa: B905  leaves come first
            value.grad = number if value.op != NUMBER else 0.0

    def _lay_out(
        self, read: Steps, base: int, width: int
    ) -> tuple[Integers, NDArray[np.int64], int]:
        """The place of each step, the segments, and how many places there are."""
        total = len(read.kinds)
        self.is_serial = not total
        if not total:
            return np.zeros(0, np.int32), np.zeros((0, 3), np.int64), base
        level = np.empty(total, np.int32)
        self._run.levels(
            read.a.ctypes.data, read.b.ctypes.data, read.c.ctypes.data, level.ctypes.data,
            total, WINDOW,
        )  # fmt: skip
        # one number a step, in the order of window, level, kind and step: numpy sorts these fastest
        bits = total.bit_length()
        step = np.arange(total, dtype=np.int64)
        window = step // WINDOW
        key = (((window << _LEVEL_BITS) | level) << _KIND_BITS) | read.kinds
        by, key, begins = _sorted(key, step, bits)
        runs = np.bincount(key[begins] >> (_LEVEL_BITS + _KIND_BITS))
        sizes = np.full(len(runs), WINDOW)
        sizes[-1] = total - WINDOW * (len(runs) - 1)
        in_order = sizes < _LEAST_RUN * runs  # of windows of short runs
        self.is_serial = bool(in_order.mean() > 0.5)
        if in_order.any():
            first = window << (_LEVEL_BITS + _KIND_BITS)
            key = np.where(
                in_order[window],
                first,
                ((window << _LEVEL_BITS | level) << _KIND_BITS) | read.kinds,
            )
            by, key, begins = _sorted(key, step, bits)
        lengths = np.diff(np.r_[begins, total])
        padded = -(-lengths // width) * width
        firsts = base + np.r_[0, np.cumsum(padded)[:-1]]
        kinds = key[begins] & ((1 << _KIND_BITS) - 1)
        place_of = np.empty(total, np.int32)
        place_of[by] = step + np.repeat(firsts - begins, lengths)
        ran = np.where(kinds == MIXED, lengths, padded)
        self._short = np.flatnonzero(ran > lengths)
        self._real_ends = firsts + lengths
        segments = np.stack([kinds, firsts, ran], axis=1).astype(np.int64)
        size = int(firsts[-1] + padded[-1])
        return place_of, segments, size

    def _operands(self, numbers: Integers, table: Integers, place_of: Integers) -> Integers:
        """Operands as places, in the order of the places of their steps."""
        places = np.zeros(self.size, np.int32)
        places[place_of] = table[numbers]
        return places

    def _pad(self) -> None:
        """Lanes that are left over repeat the last step of their segment."""
        if not len(self.segments):
            return
        short = self._short
        ends = self.segments[short, 1] + self.segments[short, 2]
        begins = self._real_ends[short]
        spare = ends - begins
        to = (
            np.repeat(begins, spare)
            + np.arange(spare.sum())
            - np.repeat(np.cumsum(spare) - spare, spare)
        )
        of = np.repeat(begins - 1, spare)
        for array in (self.a, self.b, *([] if self.c is self.a else [self.c])):
            array[to] = array[of]
        del self._short, self._real_ends


def _sorted(
    key: NDArray[np.int64], step: NDArray[np.int64], bits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The steps in the order of their keys, the keys so sorted, and where each key begins."""
    both = np.sort(key << bits | step)
    key = both >> bits
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    return both & ((1 << bits) - 1), key, begins


def _read(steps: Sequence[Value], number: dict[Value, int], none: int) -> Steps:
    """Kinds and operands of steps. none: the number of no operand."""
    known = kinds()
    plain = {kind.name: at for at, kind in enumerate(known) if not kind.known}
    # a graph has millions of steps: these loops are those of C
    prevs = list(map(attrgetter("prev"), steps))
    index = number.__getitem__
    codes = np.fromiter(map(plain.__getitem__, map(attrgetter("op"), steps)), np.int16, len(steps))
    a = np.fromiter(map(index, map(itemgetter(0), prevs)), np.int32, len(steps))
    b = np.fromiter(map(index, map(itemgetter(-1), prevs)), np.int32, len(steps))
    b[np.array([len(kind.order) == 1 for kind in known])[codes]] = none
    for name in {kind.name for kind in known if kind.known}:
        for at in np.flatnonzero(codes == plain[name]).tolist():
            for code, kind in enumerate(known):
                if kind.name == name and kind.known:
                    ((place, exponent),) = kind.known
                    operand = steps[at].prev[place]
                    if operand.op == NUMBER and operand.data == exponent:
                        codes[at] = code
    choices = np.flatnonzero(codes == plain["if"]).tolist()
    c = np.full(len(steps), none, np.int32) if choices else a
    for at in choices:
        condition, x, y = prevs[at]
        a[at], b[at], c[at] = number[x], number[y], number[condition]
    return Steps(codes, a, b, c)


def _aligned(size: int) -> Doubles:
    """Zeros that begin at a cache line."""
    raw = np.zeros(size + 8, np.float64)
    skip = -(raw.ctypes.data // 8) % 8
    return raw[skip : skip + size]
