"""Runs of a command where a system copies no processes: each starts Python anew."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import NamedTuple, Protocol

_AFTER = 1.0
"""Seconds that a run has to end after it was asked, until it is ended by force."""

_APART = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""On Windows Ctrl-C goes to all processes of a window: watch answers, and ends its run."""


class RunEnd(NamedTuple):
    """How a run has ended. used: whether it has written results; lost: whether there were some that could
    not be written, since a disk is full."""

    status: int
    used: bool
    lost: bool


class LineRuns(Protocol):
    """Runs of one command line, one at a time. What is asked of them raises BackpropError where they were
    ended from outside."""

    def fileno(self) -> int:
        """Where `ended` has something to read."""
        ...

    def begin(self, streams: tuple[int, int]) -> None:
        """Begin a run, whose standard output and error are these."""
        ...

    def stop(self) -> None:
        """Have the run end, and soon by force."""
        ...

    def ended(self) -> RunEnd:
        """How a run ended that has."""
        ...

    def close(self) -> None:
        """End everything."""
        ...


class StartedRuns:
    """LineRuns of which each is a program of its own."""

    def __init__(self, words: Sequence[str]) -> None:
        self._line = [sys.executable, "-m", "backprop", *words]
        self._told, self._telling = socket.socketpair()
        self._run: subprocess.Popen[bytes] | None = None
        self._waits: Thread | None = None

    def fileno(self) -> int:
        """As LineRuns have it."""
        return self._told.fileno()

    def begin(self, streams: tuple[int, int]) -> None:
        """As LineRuns have it."""
        out, err = streams
        self._run = subprocess.Popen(
            self._line,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            creationflags=_APART,
            start_new_session=os.name != "nt",
        )
        self._waits = Thread(target=self._wait, args=[self._run], daemon=True)
        self._waits.start()

    def stop(self) -> None:
        """As LineRuns have it."""
        if self._run is not None:
            Thread(target=_end, args=[self._run], daemon=True).start()

    def ended(self) -> RunEnd:
        """As LineRuns have it; what it has written is not known."""
        self._told.recv(1)
        assert self._run is not None
        status = self._run.wait()
        return RunEnd(status if status >= 0 else 128 - status, False, False)

    def close(self) -> None:
        """As LineRuns have it."""
        if self._run is not None:
            _end(self._run)
        if self._waits is not None:
            self._waits.join(_AFTER)
        for each in (self._told, self._telling):
            each.close()

    def _wait(self, run: subprocess.Popen[bytes]) -> None:
        run.wait()
        with suppress(OSError):
            self._telling.send(b".")


def _end(run: subprocess.Popen[bytes]) -> None:
    run.terminate()
    try:
        run.wait(_AFTER)
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()
