"""Blocks of rows in memory by several processes, which are copies of this one.

NumPy's calls with a block are short, and between two of them a thread waits for Python's lock: two threads
take as long as one. A copy of the process has a lock of its own, and the same rows without a copy of these.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, NamedTuple

_WORTH = 0.02
"""Seconds of work from which on copies are made: one takes a few thousandths."""

_BEFORE = 5
"""So many blocks are gone through before the time of one is known."""

_PARTS = 40
"""So many parts a process: who comes late has one of them still to do."""

_MOST_BYTES = 50_000
"""Of results that take more, to hand them over takes longer than to make them."""


def can_fork() -> bool:
    """Whether a copy of this process is one: it has but the thread that asks."""
    alone = threading.active_count() == 1 and threading.current_thread() is threading.main_thread()
    return alone and sys.platform == "linux" and hasattr(os, "fork")


class _RowsCopy(NamedTuple):
    """A process, and where it writes what it has found."""

    process: int
    read: int


class _PartDone(NamedTuple):
    """The results of some blocks that come one after the other, and what was raised behind these."""

    found: list[Any]
    raised: Exception | None


class Copied(Exception):
    """Something else has to be done with the blocks from `at` on."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def over_copies(
    function: Callable[[Any], Any], blocks: Sequence[Any], count: int, before: int = _BEFORE
) -> Iterator[Any]:
    """`map(function, blocks)` by so many processes, this one among them. before: so many of the blocks are
    gone through before the time of one is known. Raises Copied where that is not the way."""
    total = len(blocks)
    for at in range(min(before, total)):
        begun = perf_counter()
        found = function(blocks[at])
        took = perf_counter() - begun
        yield found
    if total <= before:
        return
    if took * (total - before) < _WORTH or _bytes(found) > _MOST_BYTES:
        raise Copied(before)
    yield from _SharedBlocks(function, blocks, count, before).results()


def _bytes(found: Any) -> int:
    try:
        return len(pickle.dumps(found))
    except (pickle.PicklingError, TypeError, AttributeError):
        return _MOST_BYTES + 1


class _SharedBlocks:
    """Blocks that several processes share: in parts, whose numbers wait in a pipe, so that who has less to do
    otherwise takes more of them."""

    def __init__(
        self, function: Callable[[Any], Any], blocks: Sequence[Any], count: int, before: int
    ) -> None:
        self._function, self._blocks, self._count = function, blocks, count
        left = len(blocks) - before
        parts = min(_PARTS * count, left, 255)
        self._ends = [before + left * at // parts for at in range(parts + 1)]

    def results(self) -> Iterator[Any]:
        """Those of all blocks but the first ones."""
        ended()
        copies = list[_RowsCopy]()
        self._numbers, write = os.pipe()
        try:
            os.write(write, bytes(range(len(self._ends) - 1)))
            os.close(write)  # so that who finds none there knows that there are no more
            copies += [each for each in map(self._copied, range(1, self._count)) if each]
            done = dict(self._work())
            for each in copies:
                done |= _read(each)
            for part in range(len(self._ends) - 1):
                found, raised = done.get(part) or self._part(part)
                yield from found
                if raised is not None:
                    raise raised
        finally:
            os.close(self._numbers)
            for each in copies:
                _end(each)

    def _work(self) -> Iterator[tuple[int, _PartDone]]:
        """Do parts until none waits, or one goes wrong: then those behind it need not be done."""
        while number := os.read(self._numbers, 1):
            part = self._part(number[0])
            yield number[0], part
            if part.raised is not None:
                while os.read(self._numbers, 256):
                    pass

    def _part(self, part: int) -> _PartDone:
        found = list[Any]()
        try:
            for at in range(self._ends[part], self._ends[part + 1]):
                found.append(self._function(self._blocks[at]))
        except Exception as error:
            return _PartDone(found, error)
        return _PartDone(found, None)

    def _copied(self, _: int) -> _RowsCopy | None:
        """A copy that is at work; None where there can be none."""
        read, write = os.pipe()
        try:
            with (
                warnings.catch_warnings()
            ):  # others' threads wait for work, and have no part in this
                warnings.simplefilter("ignore", DeprecationWarning)
                process = os.fork()
        except OSError:
            os.close(read)
            os.close(write)
            return None
        if process:
            os.close(write)
            return _RowsCopy(process, read)
        try:
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, signal.SIG_DFL)
            with open(write, "wb", 1 << 24) as found:  # which waits there until all is done
                for done in self._work():
                    pickle.dump(done, found)
        finally:
            os._exit(0)  # nothing of what the process itself would do at its end
        raise AssertionError


def _read(copy: _RowsCopy) -> dict[int, _PartDone]:
    """What a copy has found: of all its parts, if it has not come to an end before."""
    found = dict[int, _PartDone]()
    with (
        open(copy.read, "rb", closefd=False) as results,
        suppress(EOFError, pickle.UnpicklingError),
    ):
        while True:
            part, done = pickle.load(results)
            found[part] = done
    return found


def _end(copy: _RowsCopy) -> None:
    """See to it that a copy ends. It takes some thousandths of a second to give back its memory: nobody waits
    for that."""
    os.close(copy.read)
    with suppress(ProcessLookupError):
        os.kill(copy.process, signal.SIGKILL)
    _ending.append(copy.process)
    if len(_ending) == 1:
        atexit.register(ended)


_ending: list[int] = []
"""Copies that have done their work, and may not have ended yet."""


def ended() -> None:
    """Wait until none of them is left."""
    while _ending:
        with suppress(ChildProcessError):
            os.waitpid(_ending.pop(), 0)
    atexit.unregister(ended)
