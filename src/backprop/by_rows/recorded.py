"""What NumPy is asked for with a block of rows, written down once and repeated for other blocks.

To go through a graph in Python takes as long as what NumPy does with a block. So it is gone through once with
arrays that write down what is done with them; what comes out is a function of straight lines of NumPy, whose
results lie in a few arrays that are used again and again. Where the graph is gone through by what numbers are
(whether one is too small, say), the function looks whether they are so again; where not, it gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from threading import Lock, local
from typing import Any, NamedTuple

import numpy
from numpy.lib.mixins import NDArrayOperatorsMixin

from backprop.loops.domains import Reals

_BEFORE = 3
"""So many blocks are gone through before one is recorded: fewer are not worth it."""

_TRIES = 3


class NotRecorded(Exception):
    """Something was asked for that is not written down."""


class _AskedLine(NamedTuple):
    """What was asked for. args, keywords: with `Recorded` where these stand. out: the result. view: whether
    that is memory of the first argument."""

    function: Any
    args: tuple[Any, ...]
    keywords: Mapping[str, Any]
    out: Recorded
    view: bool = False


class _LookAgain(NamedTuple):
    """What numbers were found to be. was: true or false."""

    of: Recorded
    was: bool


class Recording:
    """Lines that are written down. size: how many numbers full arrays have."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.lines: list[_AskedLine | _LookAgain] = []
        self._same: dict[tuple[Any, ...], Recorded] = {}

    def array(self, numbers: Reals) -> Recorded:
        """An array that is given."""
        return Recorded(self, numbers)

    def asked(
        self, function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any], view: bool = False
    ) -> Any:
        """The result of a call, which is written down."""
        if function is numpy.multiply and len(args) == 2 and not keywords:
            for one, other in (args, args[::-1]):
                if isinstance(one, Recorded) and isinstance(other, float) and other == 1.0:
                    return one
        key = (function, *map(_key, args)) if not keywords and not view else ()
        if key and key in self._same:
            return self._same[key]
        found = function(*_plain(args), **keywords)
        if not isinstance(found, numpy.ndarray | numpy.generic):
            raise NotRecorded(function)
        out = Recorded(self, found)
        self.lines.append(_AskedLine(function, args, keywords, out, view))
        if key:
            self._same[key] = out
        return out


class Recorded(NDArrayOperatorsMixin):
    """An array that writes down what is done with it. numbers: what it has in the block that this is done
    with."""

    __hash__ = object.__hash__  # == compares numbers

    def __init__(self, recording: Recording, numbers: Any) -> None:
        self.recording, self.numbers = recording, numbers

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **keywords: Any) -> Any:
        if "out" in keywords:
            raise NotRecorded("out")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self.recording.asked(function, args, keywords)

    def __array_function__(self, function: Any, kinds: Any, args: Any, keywords: Any) -> Any:
        if function in (numpy.ndim, numpy.shape, numpy.size):
            return function(self.numbers)
        return self.recording.asked(function, args, keywords, function is numpy.broadcast_to)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotRecorded("an array")

    def __float__(self) -> float:
        raise NotRecorded("a number")

    def __iter__(self) -> Any:
        raise NotRecorded("one by one")

    def __bool__(self) -> bool:
        was = bool(self.numbers)
        self.recording.lines.append(_LookAgain(self, was))
        return was

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Recorded):
            raise NotRecorded("some of them")
        return self.recording.asked(_item, (self, key), {}, True)

    @property
    def ndim(self) -> int:
        """As of an array."""
        return int(self.numbers.ndim)

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return tuple(self.numbers.shape)

    def reshape(self, *shape: int) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.ndarray.reshape, (self, *shape), {}, True)

    def astype(self, kind: Any) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.ndarray.astype, (self, kind), {})

    def min(self) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.minimum.reduce, (self,), {})

    def max(self) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.maximum.reduce, (self,), {})

    def sum(self) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.add.reduce, (self,), {})

    def any(self) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.logical_or.reduce, (self,), {"axis": None})

    def all(self) -> Any:
        """As of an array."""
        return self.recording.asked(numpy.logical_and.reduce, (self,), {"axis": None})


def holds(function: Callable[..., bool], *given: Any) -> bool:
    """Whether something is so of arrays, which is written down as one look."""
    for each in given:
        if isinstance(each, Recorded):
            return bool(each.recording.asked(_truth, (function, *given), {}))
    return function(*given)


def _truth(function: Callable[..., bool], *given: Any) -> numpy.bool_:
    return numpy.bool_(function(*given))


def _item(numbers: Any, key: Any) -> Any:
    return numbers[key]


def _plain(given: Any) -> Any:
    """With the numbers of what is written down."""
    if isinstance(given, Recorded):
        return given.numbers
    if isinstance(given, list | tuple):
        return type(given)(map(_plain, given))
    return given


def _key(given: Any) -> Any:
    """What says whether two arguments are the same."""
    if isinstance(given, float):
        return given.hex()
    return (
        id(given) if isinstance(given, Recorded | numpy.ndarray) or callable(given) else repr(given)
    )


class RepeatedLines(NamedTuple):
    """What was written down, as a function. call: of columns, and of `rooms` arrays of so many numbers as a
    block has rows."""

    call: Callable[[Sequence[Reals], Sequence[Reals]], Sequence[Any] | None]
    rooms: int


def repeated(
    recording: Recording, given: Sequence[Recorded], results: Sequence[Any]
) -> RepeatedLines:
    """The function that finds results again. given: the arrays that they are of."""
    lines = _needed(recording.lines, results)
    return _Written(recording.size, given, lines, results).made()


def _inside(given: Any) -> list[Recorded]:
    """What is written down in an argument."""
    if isinstance(given, Recorded):
        return [given]
    if isinstance(given, list | tuple):
        return [each for some in given for each in _inside(some)]
    return []


def _needed(
    lines: Sequence[_AskedLine | _LookAgain], results: Sequence[Any]
) -> list[_AskedLine | _LookAgain]:
    """The lines that lead to results, or to a look."""
    wanted, kept = {*_inside(results)}, list[_AskedLine | _LookAgain]()
    for line in reversed(lines):
        if isinstance(line, _LookAgain):
            wanted.add(line.of)
        elif line.out in wanted:
            wanted |= {*_inside(line.args)}
        else:
            continue
        kept.append(line)
    return kept[::-1]


class _Written:
    """A function that is being written. Its arrays are called a0, a1, …, the rooms r0, r1, …"""

    def __init__(
        self,
        size: int,
        given: Sequence[Recorded],
        lines: Sequence[_AskedLine | _LookAgain],
        results: Sequence[Any],
    ) -> None:
        self._size, self._given, self._lines, self._results = size, given, lines, results
        self._names = {each: f"a{at}" for at, each in enumerate(given)}
        self._scope: dict[str, Any] = {}
        self._called: dict[int, str] = {}
        self._owner: dict[Recorded, Recorded] = {}
        """Of views whose memory they are."""
        self._rooms: dict[Recorded, int] = {}
        self._free: list[int] = []
        self._count = 0

    def made(self) -> RepeatedLines:
        """The function."""
        last = self._last_uses()
        body = list[str]()
        for at, line in enumerate(self._lines):
            if isinstance(line, _LookAgain):
                test = self._names[line.of]
                body.append(f"if {'not ' if line.was else ''}{test}: return None")
            else:
                body.append(self._assigned(line, last[at]))
            for each in last[at]:
                if each in self._rooms:
                    self._free.append(self._rooms.pop(each))
        arrays = ", ".join(self._names[each] for each in self._given)
        rooms = ", ".join(f"r{at}" for at in range(self._count))
        head = [f"[{arrays}] = columns", f"[{rooms}] = rooms"]
        end = f"return [{', '.join(map(self._text, self._results))}]"
        text = "\n    ".join(["def call(columns, rooms):", *head, *body, end])
        exec(text, self._scope)
        return RepeatedLines(self._scope["call"], self._count)

    def _last_uses(self) -> list[set[Recorded]]:
        """Of each line what is not used behind it."""
        used: dict[Recorded, int] = {}
        for at, line in enumerate(self._lines):
            inside = [line.of] if isinstance(line, _LookAgain) else _inside(line.args)
            if not isinstance(line, _LookAgain):
                if line.view:
                    self._owner[line.out] = self._owner.get(inside[0], inside[0])
                used[line.out] = at
            for each in inside:
                used[each] = used[self._owner.get(each, each)] = at
        for each in _inside(self._results):
            used[each] = used[self._owner.get(each, each)] = len(self._lines)
        found = [set[Recorded]() for _ in range(len(self._lines) + 1)]
        for each, at in used.items():
            found[at].add(each)
        return found

    def _assigned(self, line: _AskedLine, dying: Container[Recorded]) -> str:
        """The text of a call. dying: what is not used behind it."""
        parts = [self._text(each) for each in line.args]
        parts += [f"{name}={self._text(each)}" for name, each in line.keywords.items()]
        if self._is_full(line):
            room = self._room_of(line, dying)
            parts.append(f"r{room}")
            self._rooms[line.out] = room
        self._names[line.out] = name = f"a{len(self._names)}"
        return f"{name} = {self._constant(line.function)}({', '.join(parts)})"

    def _is_full(self, line: _AskedLine) -> bool:
        """Whether a call makes a number for each row, and can be told where."""
        numbers = line.out.numbers
        return (
            isinstance(line.function, numpy.ufunc)
            and not line.keywords
            and numbers.dtype == numpy.float64
            and numbers.shape == (self._size,)
        )

    def _room_of(self, line: _AskedLine, dying: Container[Recorded]) -> int:
        """A room for the result: that of an argument, if that has had its time."""
        for each in _inside(line.args):
            if each in dying and each in self._rooms:
                return self._rooms.pop(each)
        if self._free:
            return self._free.pop()
        self._count += 1
        return self._count - 1

    def _text(self, given: Any) -> str:
        if isinstance(given, Recorded):
            return self._names[given]
        if isinstance(given, list | tuple) and _inside(given):
            return f"[{', '.join(map(self._text, given))}]"
        return self._constant(given)

    def _constant(self, given: Any) -> str:
        """The name of what is the same for all blocks."""
        if id(given) not in self._called:
            self._called[id(given)] = name = f"c{len(self._called)}"
            self._scope[name] = given
        return self._called[id(given)]


class Again:
    """What is computed of blocks of the same size, from some block on by repeating. compute: what is to be
    repeated, of columns, in their order. It raises NotRecorded for a block by which that can't be."""

    def __init__(self, compute: Callable[[Sequence[Any], int], Sequence[Any]]) -> None:
        self._compute = compute
        self._seen, self._tries = 0, _TRIES
        self._size = 0
        self._found: RepeatedLines | None = None
        self._making, self._own = Lock(), local()

    def __call__(self, columns: Sequence[Reals], rows: int) -> Sequence[Any] | None:
        """The result of a block; None where it has to be computed."""
        if self._found is None:
            self._seen += 1
            if self._seen <= _BEFORE or not self._tries or not self._making.acquire(blocking=False):
                return None
            try:
                self._make(columns, rows)
            finally:
                self._making.release()
        if self._found is None or rows != self._size:
            return None
        rooms = getattr(self._own, "rooms", None)
        if rooms is None:
            self._own.rooms = rooms = [numpy.empty(rows) for _ in range(self._found.rooms)]
        marks = list[object]()
        with numpy.errstate(all="ignore", under="call", call=lambda *_: marks.append(_)):
            result = self._found.call(columns, rooms)
        return None if marks else result

    def _make(self, columns: Sequence[Reals], rows: int) -> None:
        """Record what is computed of a block."""
        if self._found is not None:
            return
        recording = Recording(rows)
        given = [recording.array(each) for each in columns]
        try:
            results = self._compute(given, rows)
        except (NotRecorded, TypeError, AttributeError):
            self._tries -= 1
            return
        self._size = rows
        self._found = repeated(recording, given, results)
