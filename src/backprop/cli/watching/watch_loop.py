"""The loop of `watch`: it waits for what changes, and has the command run again."""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress

from backprop.cli.printing import Finished
from backprop.cli.watching.endings import Endings
from backprop.cli.watching.screen import Audience, audience
from backprop.cli.watching.started_runs import LineRuns, StartedRuns
from backprop.cli.watching.watched_files import FilesSeen, Notices, folders, look
from backprop.cli.watching.watched_line import WatchedLine

_QUIET = 0.05
"""Seconds without a change after which a run begins: some programs write a file in several goes."""

_GONE = 0.4
"""Seconds without one where a file is not there: programs that write a new one may take a moment."""

_SELDOM, _OFTEN, _FIRST = 1.0, 0.25, 0.05
"""Seconds between two looks at the files: without a notice, where the system gives none, and just after
it was asked for notices."""

_PART = 0.05
"""Of the time, looks may take this part: a pattern may be of many folders."""


def keep(line: WatchedLine, run: Callable[[], int], port: int | None, browser: bool) -> None:
    """Run a line now and whenever what it reads has changed, until a signal comes, or nobody reads what is
    written. Raises Finished after a signal."""
    # a copy is made before any thread
    with closing(_runs(line, run)) as runs, Endings() as endings:
        sees: Audience
        if line.served:
            from backprop.cli.watching.served_page import Served

            sees = Served(line, port, browser)
        else:
            sees = audience(line)
        with closing(sees):
            _Loop(line, runs, sees, endings).go()


def _runs(line: WatchedLine, run: Callable[[], int]) -> LineRuns:
    """How the line is run."""
    if not hasattr(os, "fork"):
        return StartedRuns(line.words)
    from backprop.cli.watching.warm_copy import WarmCopy  # with what other systems do not have

    return WarmCopy(line.words, run)


def _ready(numbers: Collection[int], seconds: float) -> Collection[int]:
    """Which of these have something to read, at the latest after some time; standard output where nobody
    reads it any more, where that can be known."""
    if not hasattr(select, "poll"):  # Windows: of sockets only, and Ctrl-C waits until it ends
        return select.select(numbers, [], [], min(seconds, _OFTEN))[0]
    poll = select.poll()
    for each in numbers:
        poll.register(each, select.POLLIN)
    if sys.stdout is not None:
        poll.register(sys.stdout.fileno(), 0)
    return {number for number, _ in poll.poll(seconds * 1000 + 1)}


class _Loop:
    def __init__(self, line: WatchedLine, runs: LineRuns, sees: Audience, endings: Endings) -> None:
        self._line, self._line_runs, self._sees, self._endings = line, runs, sees, endings
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        self._notices = Notices(self._wake)
        self._runs = False
        self._outdated = False
        """Whether another run is to follow the one that goes on."""
        self._many = 0
        self._known: FilesSeen = {}
        """The files as the last run has them."""
        self._seen: FilesSeen = {}
        self._changed = 0.0
        """When they were first seen as they are now."""
        self._next = 0.0
        """When to look again."""
        self._pause = _FIRST

    def go(self) -> None:
        """Run, wait, and so on."""
        try:
            self._seen = look(self._line.paths())
            self._begin()
            self._follow()
            while True:
                self._wait()
        finally:
            self._notices.close()
            for each in (self._woken, self._waking):
                each.close()

    def _wake(self) -> None:
        with suppress(OSError):  # enough of them are there
            self._waking.send(b".")

    def _wait(self) -> None:
        """Until something comes, or it is time to look; then do what is to be done."""
        now = time.monotonic()
        until = self._next
        if self._seen != self._known:
            until = min(until, self._changed + self._quiet())
        left = max(0.0, until - now)
        if self._runs:
            with self._endings.ready():
                soon = self._sees.tick()
            left = left if soon is None else min(left, soon)
        woken, ended = self._woken.fileno(), self._line_runs.fileno()
        with self._endings.ready():
            ready = _ready([woken, ended, *self._sees.reading()], left)
        if sys.stdout is not None and sys.stdout.fileno() in ready:
            raise BrokenPipeError
        for each in self._sees.reading():
            if each in ready:
                with self._endings.ready():
                    self._sees.read(each)
        if ended in ready:
            self._end()
        if woken in ready:
            self._woken.recv(1 << 16)
            self._look(by_notice=True)
        elif time.monotonic() >= self._next:
            self._look(by_notice=False)
        if self._seen != self._known and time.monotonic() >= self._changed + self._quiet():
            self._look(by_notice=True)  # nothing tells that all notices have come
            if time.monotonic() >= self._changed + self._quiet():
                self._again()

    def _quiet(self) -> float:
        lost = any(has is None and self._known.get(path) for path, has in self._seen.items())
        return _GONE if lost else _QUIET

    def _look(self, by_notice: bool) -> None:
        begin = time.monotonic()
        found = look(self._line.paths())
        if found != self._seen:
            if not by_notice:  # the system has lost sight of a folder
                self._notices.follow(frozenset())
            self._seen, self._changed = found, begin
            self._follow()
        took = time.monotonic() - begin
        most = _OFTEN if self._notices.failed else _SELDOM
        self._pause = min(2 * self._pause, most)
        self._next = time.monotonic() + max(self._pause, took / _PART)

    def _follow(self) -> None:
        if self._notices.follow(folders(self._line.paths())):
            self._pause, self._next = _FIRST, time.monotonic() + _FIRST

    def _again(self) -> None:
        self._known = self._seen
        if self._runs:
            if not self._outdated:
                self._line_runs.stop()
            self._outdated = True
        else:
            self._begin()

    def _begin(self) -> None:
        self._known = self._seen
        self._runs, self._outdated = True, False
        with self._endings.ready():
            streams = self._sees.begin(self._many > 0)
        self._line_runs.begin(streams)
        self._sees.sent()
        self._many += 1

    def _end(self) -> None:
        status, used, lost = self._line_runs.ended()
        with self._endings.ready():
            for each in self._sees.reading():  # what has not been read yet
                while select.select([each], [], [], 0)[0] and self._sees.read(each):
                    pass
        self._runs = False
        if self._outdated:
            self._sees.drop()
            self._begin()
        else:
            with self._endings.ready():
                self._sees.end(status, used)
            if lost:  # the run has said why; the next one's would be lost as well
                raise Finished(1)
