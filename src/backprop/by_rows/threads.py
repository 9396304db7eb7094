"""Blocks of rows by several threads, the parts in the order of the blocks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

from backprop.by_rows.forked import Copied, can_fork, over_copies

_AHEAD = 2
"""So many blocks a thread are handed over before the first part is taken."""


_allowed = [0]
"""How many threads a person allows; 0 for one a processor."""


def allow(threads: int) -> None:
    """Let passes over rows take so many threads from here on; 0 for one a processor."""
    _allowed[0] = threads


def cores() -> int:
    """How many threads passes over rows take: one for each processor that this process may use, if a person
    does not say otherwise."""
    if _allowed[0]:
        return _allowed[0]
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@contextmanager
def over_blocks(threads: int = 0, by_code: bool = False) -> Iterator[Callable[..., Iterable[Any]]]:
    """A `map` for blocks, in which few of them are there at a time. threads: 0 for one a processor. by_code:
    whether blocks are gone through by machine code, which threads do without waiting for one another."""
    count = threads or cores()
    if count == 1:
        yield map
        return
    with ThreadPoolExecutor(count) as pool:

        def mapped(function: Callable[[Any], Any], blocks: Iterable[Any]) -> Iterator[Any]:
            if isinstance(blocks, Sequence) and not by_code and can_fork():
                try:
                    yield from over_copies(function, blocks, count)
                    return
                except Copied as error:
                    blocks = islice(blocks, error.at, None)
            waiting = deque[Future[Any]]()
            coming = iter(blocks)
            try:
                first = [*islice(coming, 2)]
                if (
                    len(first) == 1
                ):  # another thread would take longer to begin than many have to do
                    yield function(first[0])
                    return
                for block in (*first, *islice(coming, count * _AHEAD - 2)):
                    waiting.append(pool.submit(function, block))
                while waiting:
                    yield waiting.popleft().result()
                    for block in islice(coming, 1):
                        waiting.append(pool.submit(function, block))
            finally:
                for each in waiting:
                    each.cancel()
                if close := getattr(coming, "close", None):
                    close()

        yield mapped


def over_tasks(function: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
    """A `map` for tasks that take their time, each of which leaves nothing behind but its result: by copies
    of the process, one a processor, where that is possible and worth while."""
    at, count = 0, cores()
    if count > 1 and can_fork():
        try:
            yield from over_copies(function, tasks, count, before=1)
            return
        except Copied as error:
            at = error.at
    yield from map(function, islice(tasks, at, None))
