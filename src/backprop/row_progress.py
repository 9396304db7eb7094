"""How far a pass over many rows is, on a terminal: a line that is gone when the pass is."""

from __future__ import annotations

import sys
from contextlib import suppress
from time import monotonic

from backprop.numbers import shown

_SILENT, _EACH = 2.0, 0.5
"""Seconds without a word, and between two."""


class RowProgress:
    """Takes how many rows there have been in a pass, again and again."""

    def __init__(self) -> None:
        self._begun = self._last = monotonic()
        self._shown = False
        self._visible = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, rows: int) -> None:
        """So many by now."""
        now = monotonic()
        if not self._visible or now - self._begun < _SILENT or now - self._last < _EACH:
            return
        self._last, self._shown = now, True
        rate = shown(rows / (now - self._begun) / 1e6, 2)
        self._write(f"\r{rows:,} rows, {rate} million a second\x1b[K")

    def end(self) -> None:
        """The pass is over."""
        if self._shown:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()
