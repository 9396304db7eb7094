"""What looks on while a descent runs: the trace, the progress bar, Ctrl-C and its like."""

from __future__ import annotations

import signal
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from backprop.cli.printing import put
from backprop.descending import Descending
from backprop.reports.style import Style

if TYPE_CHECKING:
    from backprop.descent import Step


_MOST = 1 << 20
"""About how many characters of lines are in memory."""

_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The end of a batch job's time, and that of the terminal."""


class Lines:
    """Lines that are kept for later, many of them in a file that has no name."""

    def __init__(self) -> None:
        from backprop.descent.spool import Spool

        self._spool = Spool()
        self._pieces: list[tuple[Any, int]] = []
        """What the spool gives for each piece, and how many bytes it has."""
        self._last: list[str] = []
        self._size = 0

    def append(self, text: str) -> None:
        """Add a line at the end."""
        self._last.append(text)
        self._size += len(text)
        if self._size >= _MOST:
            piece = array("B", "".join(self._last).encode())
            self._pieces.append((self._spool.put(piece), len(piece)))
            self._last, self._size = [], 0

    def __iter__(self) -> Iterator[str]:
        for kept, size in self._pieces:
            yield self._spool.get(kept, "B", 0, size).tobytes().decode()
        yield from self._last


class Onlooker:
    """Called with every step; True ends the descent after it.

    to_stdout: whether the report, and so the trace, goes to standard output; otherwise the trace is
    kept in `lines`. every: each how many steps one is traced.
    """

    def __init__(
        self, prepared: Descending, style: Style, to_stdout: bool, every: int, trace: bool
    ) -> None:
        from backprop.reports.progress import Bar, Trace

        self._every = every
        self._to_stdout = to_stdout
        self._trace = Trace(prepared.output, prepared.free, style) if trace else None
        self._last: Step | None = None
        self._printed = -1
        self._interrupted = 0
        visible = sys.stderr is not None and sys.stderr.isatty() and not trace
        self._bar = Bar(prepared.output, prepared.options["steps"]) if visible else None
        self._broken: OSError | None = None
        self.lines = Lines()
        """What was not printed at once, because the report goes elsewhere."""

    def __call__(self, step: Step) -> bool:
        if self._trace is not None:
            first, self._last = self._last is None, step
            if first:
                self._put(self._trace.head())
            if first or step.number % self._every == 0:
                self._put(self._trace.row(step))
                self._printed = step.number
        if self._bar is not None:
            self._bar.update(step)
        return bool(self._interrupted) or self._broken is not None

    def is_interrupted(self) -> bool:
        """Whether the descent is to end now, in the middle of a step as well."""
        return bool(self._interrupted)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ctrl-C ends the descent at the last step; a second one ends the program."""
        try:
            with _handled([signal.SIGINT], self._interrupt):
                yield
        finally:
            if self._bar is not None:
                self._bar.close()
        if self._trace is not None and self._last is not None:
            if self._printed != self._last.number:
                self._put(self._trace.row(self._last))
            self._put("\n")

    def writing(self) -> AbstractContextManager[None]:
        """What ends programs ends the descent, but not the writing of what was found."""
        return _handled(_ENDS, self._interrupt)

    @property
    def status(self) -> int:
        """The exit status of a descent that a signal ended, as a shell has it: 130 after Ctrl-C."""
        return 128 + self._interrupted

    def after(self) -> None:
        """Raise what kept the trace from being written."""
        if self._broken is not None:
            raise self._broken

    def _interrupt(self, number: int, _: object) -> None:
        if self._interrupted and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._interrupted = self._interrupted or number

    def _put(self, text: str) -> None:
        if not self._to_stdout:
            self.lines.append(text)
        elif self._broken is None:
            try:
                put(text)
            except OSError as error:  # nobody reads any more: the run ends after this step
                self._broken = error


def ending() -> AbstractContextManager[None]:
    """What ends programs raises SystemExit, so that a program that this one waits for ends as well."""
    return _handled(_ENDS, _exit)


def _exit(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


@contextmanager
def _handled(numbers: Sequence[int], handler: Callable[..., None]) -> Iterator[None]:
    """Have these signals call `handler`, unless they are ignored as of a job in the background."""
    before = {each: signal.getsignal(each) for each in numbers}
    before = {each: found for each, found in before.items() if found is not signal.SIG_IGN}
    with suppress(ValueError):  # only the main thread may
        for each in before:
            signal.signal(each, handler)
    try:
        yield
    finally:
        with suppress(ValueError, TypeError):  # what was there may be no handler of Python's
            for each, found in before.items():
                signal.signal(each, found)
