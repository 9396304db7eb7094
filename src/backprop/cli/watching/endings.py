"""Signals that end a program, where it is ready to be ended."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from backprop.cli.printing import Finished

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Endings:
    """Has signals wait until the program waits or writes: everything else takes a moment, and threads and
    files that are half begun are not left behind so."""

    def __init__(self) -> None:
        self._came = 0
        self._ready = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Endings:
        for each in _SIGNALS:
            found = signal.getsignal(each)
            if found is not signal.SIG_IGN:  # as of a job in the background
                with suppress(ValueError):  # only the main thread may
                    self._before[each] = signal.signal(each, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Here a signal ends the program: it raises Finished, with the status that a shell has for it."""
        self._ready = True
        try:
            if self._came:
                self._end()
            yield
        finally:
            self._ready = False

    def _take(self, number: int, _: object) -> None:
        if not self._came:
            self._came = number
            if self._ready:
                self._end()

    def _end(self) -> None:
        self._ready = False
        raise Finished(128 + self._came)
