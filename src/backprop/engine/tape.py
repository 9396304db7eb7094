"""A graph laid out in arrays, to be run by the kernels of `engine.native`.

Steps are taken in windows of their order, small enough for the cache. In a window they are sorted
by level (one more than that of their operands) and then by operation, so that like operations stand
side by side and none of them waits for another. A window in which nearly every step waits for the
one before stays in order.
"""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backprop.engine.native import kernels, tangents
from backprop.engine.native.loops import LEAVES, MIXED, is_wide, kinds, known_slopes
from backprop.engine.native.machine import lanes, library
from backprop.engine.underflow import LARGE, SCALE
from backprop.graph import CODES, NAMES, Columns
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula

Doubles = NDArray[np.float64]
Indices = NDArray[np.int32]
Keys = NDArray[np.int64]

WINDOW = 1 << 15
"""Steps in a window: their values, slopes and gradients are about 1 MiB."""

_KIND_BITS, _CODE_BITS = 7, 7 + 16
"""Of a sort key: there are less than 128 kinds, and a window has no more levels than steps."""

_ROOT = kernels.FIELDS.index("root")

_LEAST_RUN = 3.0
"""Where runs of like operations are shorter than this on average, a window stays in order."""


class Tape:
    """A graph laid out, ready to run on the numbers of an `Arrays`.

    rows: those that lead to `root`, the output, operands first. first: inputs whose places are to
    lead all others. Each row has a place in the arrays. Leaves come first, those that take
    gradients before the numbers of the equations, then a place for what nobody reads; last steps.
    """

    def __init__(
        self, columns: Columns, rows: Sequence[int] | Indices, root: int, first: Sequence[int] = ()
    ) -> None:
        columns, rows = _narrowed(columns, rows)
        rows = np.asarray(rows, np.int32)
        width = lanes()[0]
        firsts, seconds = (
            np.frombuffer(each, np.int32) for each in (columns.first, columns.second)
        )
        is_step = firsts[rows] >= 0
        steps, leaves = rows[is_step], rows[~is_step]
        is_number = firsts[leaves] < -1
        inputs = leaves[~is_number]
        ahead = np.array(first, np.int32)
        self.inputs = np.concatenate([ahead, inputs[~np.isin(inputs, ahead)]])
        numbers = leaves[is_number]
        self.numbers: Doubles = np.frombuffer(columns.constants)[-2 - firsts[numbers]]
        leaves = np.concatenate([self.inputs, numbers])
        kinds, operands = _read(columns, steps, firsts, seconds)
        self._used = used = frozenset(np.flatnonzero(np.bincount(kinds)).tolist())
        self._library = library(f"kernels {sorted(used)}", lambda: kernels.text(used))
        self.forward, self.backward, self.backward_with_care = (
            self._library.function(name, ctypes.c_int, ctypes.c_void_p)
            for name in ("forward", "backward", "backward_with_care")
        )
        # of the tables that rows point into the last entry is for -1, which is no row
        number = np.full(len(columns) + 1, -1, np.int32)
        number[steps] = np.arange(len(steps), dtype=np.int32)
        step_at, self.segments = self._lay_out(kinds, [number[each] for each in operands], width)
        base = -(-(len(leaves) + 1) // width) * width
        self.segments[:, 1] += base
        if len(self.inputs):
            looked_at = np.array([[LEAVES, 0, len(self.inputs)]])
            self.segments = np.concatenate([looked_at, self.segments])
        self.size = size = base + len(step_at)
        self.places = place = number  # which is not needed any more
        place[leaves] = np.arange(len(leaves), dtype=np.int32)
        # of a step that is there several times the last assignment counts: its first place
        place[steps[step_at[::-1]]] = np.arange(size - 1, base - 1, -1, dtype=np.int32)
        place[-1] = len(leaves)
        placed = [np.zeros(size, np.int32) for _ in operands]
        for array, rows_of in zip(placed, operands, strict=True):
            array[base:] = place[rows_of[step_at]]
        self.a, self.b = placed[:2]
        self.c = placed[-1]  # `b` again where there is no condition: nobody reads it
        self.codes = np.zeros(size if (self.segments[:, 0] == MIXED).any() else 0, np.int16)
        if len(self.codes):
            self.codes[base:] = kinds[step_at]
        self.root = int(place[root])
        self.functions = tuple(map(self._library.address, ("forward", "backward")))

    @cached_property
    def along(self) -> Any:
        """The function that computes values, and tangents where gradients stand."""
        used = self._used
        made = library(f"along {sorted(used)}", lambda: tangents.single(used))
        return made.function("along", ctypes.c_int, ctypes.c_void_p)

    def run(self, data: list[float], gradients: list[float]) -> bool:
        """Compute the graph once: `data` has the numbers of the inputs, and takes those of all
        rows; `gradients` takes the derivatives of the output by them. Whether they are sure."""
        arrays = Arrays(self, {int(leaf): data[leaf] for leaf in self.inputs})
        arrays.forward()
        sure = arrays.backward()
        arrays.gradients[len(self.inputs) :][: len(self.numbers)] = 0.0
        rows = np.flatnonzero(self.places[: len(data)] >= 0)
        for found, into in ((arrays.values, data), (arrays.gradients, gradients)):
            whole = np.array(into)
            whole[rows] = found[self.places[rows]]
            into[:] = whole.tolist()
        return sure

    def _lay_out(
        self, kinds: NDArray[np.int16], operands: Sequence[Indices], width: int
    ) -> tuple[Keys, Keys]:
        """The step at each place behind the leaves, and the segments, which count places from there.

        operands: as numbers of steps, -1 for what is none. Lanes that are left over at the end of a
        segment repeat its last step.
        """
        total = len(kinds)
        self.is_serial = not total
        if not total:
            return np.zeros(0, np.int64), np.zeros((0, 3), np.int64)
        level = np.empty(total, np.int32)
        pointer, size = ctypes.c_void_p, ctypes.c_int64
        self._library.function("levels", None, *[pointer] * 4, size, size)(
            *(each.ctypes.data for each in (*operands[:2], operands[-1])), level.ctypes.data,
            total, WINDOW,
        )  # fmt: skip
        window = np.arange(total) // WINDOW
        code = level.astype(np.int64) << _KIND_BITS | kinds
        by, key, begins = _sorted(window << _CODE_BITS | code)
        runs = np.bincount(key[begins] >> _CODE_BITS)
        in_order = np.bincount(window) < _LEAST_RUN * runs  # of windows of short runs
        self.is_serial = bool(in_order.mean() > 0.5)
        if in_order.any():
            code[in_order[window]] = MIXED
            by, key, begins = _sorted(window << _CODE_BITS | code)
        found = key[begins] & ((1 << _KIND_BITS) - 1)
        ends = np.r_[begins[1:], total]
        lengths = ends - begins
        padded = -(-lengths // width) * width
        times = np.ones(total, np.int64)
        times[ends - 1] += padded - lengths
        ran = np.where(found == MIXED, lengths, padded)
        return np.repeat(by, times), np.stack([found, np.cumsum(padded) - padded, ran], axis=1)


class Arrays:
    """The numbers of a tape: values, slopes and gradients by place.

    fixed: the numbers of inputs, by row; those of others are 0 until they are set in `values`.
    """

    def __init__(self, tape: Tape, fixed: Mapping[int, float]) -> None:
        self.tape = tape
        self.values, self.gradients, self.p, self.q = (aligned(tape.size) for _ in range(4))
        count = len(tape.inputs)
        self.values[:count] = [fixed.get(leaf, 0.0) for leaf in tape.inputs.tolist()]
        self.values[count:][: len(tape.numbers)] = tape.numbers
        fields = {**vars(tape), **vars(self), "count": len(tape.segments), "seed": _bits(1.0)}
        described = [fields[name] for name in kernels.FIELDS]
        numbers = [each if isinstance(each, int) else each.ctypes.data for each in described]
        self._fields = np.array(numbers, np.int64)
        self.address = int(self._fields.ctypes.data)
        self._has_constants = self._loses = False
        self._tangents: dict[int, Doubles] = {}
        """For so many tangents at once those of all places."""

    def forward(self) -> bool:
        """Compute every step; whether all are finite."""
        found = self.tape.forward(self.address)
        self._loses = found >= 2  # whether a value or a slope is too small for a double
        return not found & 1

    def backward(self, output: int | None = None) -> bool:
        """Compute every gradient; whether all are finite, and none became too small. output: the row
        whose gradients these are, from now on; by default the one of before, at first the root."""
        if output is not None:
            self._fields[_ROOT] = self.tape.places[output]
        return self._backward() and not self._loses

    def tangents(self, ways: Doubles, outputs: Keys, sizes: bool = False) -> Doubles:
        """The derivatives of outputs, rows of the graph, along directions, after `forward`: (ways, outputs).

        ways: the directions by the tape's inputs, (ways, inputs). No branch that is not taken has a
        say, unless something in it is not finite: then what comes out is not. sizes: with the sizes of
        slopes in their place.
        """
        tape = self.tape
        count, places = len(tape.inputs), tape.places.take(outputs)
        found = np.empty((len(ways), len(outputs)))
        arguments = [ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_void_p] * 5]
        most = tangents.AT_ONCE[-1]
        for first in range(0, len(ways), most):
            some = ways[first : first + most]
            width = next(each for each in tangents.AT_ONCE if each >= len(some))
            if width not in self._tangents:
                self._tangents[width] = aligned(tape.size * width).reshape(tape.size, width)
            at = self._tangents[width]
            at[:count, : len(some)] = some.T
            at[:count, len(some) :] = 0.0
            arrays = [each.ctypes.data for each in (self.p, self.q, tape.a, tape.b, at)]
            text = partial(tangents.several, width, sizes)
            made = library(f"{'sizes' if sizes else 'tangents'} {width}", text)
            sweep = made.function("tangents", None, *arguments)
            sweep(tape.segments.ctypes.data, len(tape.segments), *arrays)
            found[first : first + len(some)] = at.take(places, axis=0)[:, : len(some)].T
        return found

    def along(self, way: Doubles, outputs: Keys) -> Doubles | None:
        """Compute every step; the derivatives of outputs along one direction, (outputs,); None where a step
        is not finite. way: as those of `tangents`. Slopes and gradients are not what they were."""
        tape = self.tape
        self.gradients[: len(tape.inputs)] = way
        self.gradients[len(tape.inputs) :][: len(tape.numbers) + 1] = 0.0
        if tape.along(self.address):
            return None
        found: Doubles = self.gradients.take(tape.places.take(outputs))
        return found

    def _enter_constants(self) -> None:
        """Enter the slopes that a kind of step has always."""
        if not self._has_constants:
            for kind, begin, count in self.tape.segments.tolist():
                for array, slope in zip((self.p, self.q), known_slopes(kind), strict=True):
                    if slope is not None:
                        array[begin : begin + count] = slope
            self._has_constants = True

    def _backward(self) -> bool:
        tape = self.tape
        if not tape.backward(self.address):
            return True
        self._enter_constants()  # which the careful loop reads like all others
        if not tape.backward_with_care(self.address):
            self.gradients[: len(tape.inputs)] += 0.0  # NOTHING is 0 for the reader
            return True
        self._fields[-1] = _bits(SCALE)
        bad = tape.backward_with_care(self.address)
        self._fields[-1] = _bits(1.0)
        if bad and not (tape.size > LARGE and np.isfinite(self.gradients).all()):
            tape.backward_with_care(self.address)  # something else is not as it should be
            return False
        self.gradients *= 1 / SCALE
        self.gradients[: len(tape.inputs)] += 0.0
        return True


def _narrowed(
    columns: Columns, rows: Sequence[int] | Indices
) -> tuple[Columns, Sequence[int] | Indices]:
    """Rows of a graph in columns without wide steps: each is a copy of what its formula says in
    other steps."""
    wide = {CODES[row.name] for row in OPERATIONS.values() if is_wide(row)}
    if wide.isdisjoint(columns.ops):
        return columns, rows
    narrow = columns.copy()
    found: list[int] = []

    def step(name: str, parts: list[int]) -> int:
        if all(map(narrow.is_number, parts)):
            return narrow.number(functions.value(name)(*map(narrow.constant, parts)))
        return narrow.step(name, parts)

    for node in map(int, rows):
        if columns.ops[node] in wide:
            row, before = OPERATIONS[columns.op(node)], len(narrow)
            names = dict(zip(row.operands, columns.operands(node), strict=True))
            root = fold(
                formula(str(row.value)),
                lambda text: narrow.number(float(text)),
                names.__getitem__,
                step,
            )
            found += range(before, len(narrow))
            narrow.ops[node], narrow.first[node], narrow.second[node] = CODES["copy"], root, -1
            del narrow.more[node]
        found.append(node)
    return narrow, found


def _sorted(key: Keys) -> tuple[Keys, Keys, Keys]:
    """The steps in the order of their keys, the keys so sorted, and where each key begins."""
    # one number a step, which has its own number behind the key: numpy sorts these fastest
    bits = len(key).bit_length()
    both = np.sort(key << bits | np.arange(len(key)))
    key = both >> bits
    return both & ((1 << bits) - 1), key, np.flatnonzero(np.diff(key, prepend=-1))


def _read(
    columns: Columns, steps: Indices, first: Indices, second: Indices
) -> tuple[NDArray[np.int16], list[Indices]]:
    """The kind of each of the steps, and the rows of its operands `a`, `b` and, where there is one, `c`."""
    known = kinds()
    plain = {kind.name: at for at, kind in enumerate(known) if not kind.known}
    codes = np.array([plain.get(name, 0) for name in NAMES], np.int16)
    found = codes[np.frombuffer(columns.ops, np.uint8)[steps]]
    operands = [first[steps], second[steps]]
    for number, kind in enumerate(known):
        for place, value in kind.known:
            at = np.flatnonzero(found == plain[kind.name])
            at = at[first[operands[place][at]] < -1]  # a number of the equations
            constant = np.frombuffer(columns.constants)[-2 - first[operands[place][at]]]
            found[at[constant == value]] = number
    wide = np.flatnonzero(np.array([len(kind.order) == 3 for kind in known])[found])
    if len(wide):
        third = np.full(len(steps), -1, np.int32)
        third[wide] = [columns.more[row][0] for row in steps[wide].tolist()]
        columns_of = [*operands, third]
        operands = [each.copy() for each in columns_of]
        for number in np.unique(found[wide]):
            at = np.flatnonzero(found == number)
            for into, place in zip(operands, known[number].order, strict=True):
                into[at] = columns_of[place][at]
    return found, operands


def _bits(number: float) -> int:
    return int(np.float64(number).view(np.int64))


def aligned(size: int) -> Doubles:
    """Zeros that begin at a cache line."""
    raw = np.zeros(size + 8, np.float64)
    skip = -(raw.ctypes.data // 8) % 8
    return raw[skip : skip + size]
