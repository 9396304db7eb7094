"""How far a pass over many rows is, or what takes many sweeps: a line on a terminal, gone with its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from backprop.errors import TooLarge
from backprop.numbers import shown

_SILENT, _EACH = 2.0, 0.5
"""Seconds without a word, and between two."""


_KNOWN, _LONG, _TOO_LONG = 0.5, 10.0, 7200.0
"""Seconds after which it is known how long sweeps take, from which on that is said, and that are refused."""


class _Line:
    """A line on a terminal, written anew again and again."""

    def __init__(self) -> None:
        self.begun = self._last = monotonic()
        self._shown = False
        self._visible = sys.stderr is not None and sys.stderr.isatty()

    def is_due(self) -> bool:
        """Whether it is time to write it."""
        now = monotonic()
        if not self._visible or now - self.begun < _SILENT or now - self._last < _EACH:
            return False
        self._last = now
        return True

    def write(self, text: str) -> None:
        """Write it."""
        self._shown = True
        self._write(f"\r{text}\x1b[K")

    def end(self) -> None:
        """Take it away."""
        if self._shown:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


class RowProgress(_Line):
    """Takes how many rows there have been in a pass, again and again."""

    def __call__(self, rows: int) -> None:
        """So many by now."""
        if self.is_due():
            rate = shown(rows / (self._last - self.begun) / 1e6, 2)
            self.write(f"{rows:,} rows, {rate} million a second")


class SweepProgress(_Line):
    """Takes how many sweeps of so many have been made, again and again. tell: says once how long they take
    in all."""

    def __init__(self, sweeps: int, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._sweeps, self._tell, self._told = sweeps, tell, False
        self._first: tuple[int, float] | None = None
        """How many there were when, the first time: until then much is computed once."""

    def __call__(self, done: int) -> None:
        """So many by now. Raises TooLarge where all take hours."""
        first, begun = self._first = self._first or (done, monotonic())
        took = monotonic() - begun
        if done == first or took < _KNOWN:
            return
        whole = took * self._sweeps / (done - first)
        if not self._told:
            self._told = True
            sweeps = f"{self._sweeps:,} sweeps over the gradient take about {_time(whole)}"
            if whole > _TOO_LONG:
                hints = [
                    'take a product with a direction: --times "a=1"',
                    "or name some inputs: --wrt",
                ]
                raise TooLarge(sweeps, hints=hints)
            if whole > _LONG:
                self._tell(sweeps)
        if self.is_due():
            self.write(f"{100 * done // self._sweeps} % of the sweeps, {_time(whole - took)} left")


def _time(seconds: float) -> str:
    """`40 seconds`, `6 minutes`, `3 hours`."""
    units = (1.0, "seconds"), (60.0, "minutes"), (3600.0, "hours")
    size, unit = units[(seconds >= 100) + (seconds >= 6000)]
    return f"{round(seconds / size):,} {unit}"


@contextmanager
def watched(sweeps: int, tell: Callable[[str], None] | None) -> Iterator[Callable[[int], None]]:
    """What takes how many of so many sweeps have been made. tell: as of `SweepProgress`; None where there is
    nobody to be told."""
    if tell is None:
        yield lambda done: None
        return
    progress = SweepProgress(sweeps, tell)
    try:
        yield progress
    finally:
        progress.end()
