"""Who sees what runs print: a terminal, on which the last good result stays, or whoever reads a pipe."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from backprop.cli.printing import printing_ends, put, style_for
from backprop.cli.watching.watched_line import WatchedLine
from backprop.reports.diagnostics import visible
from backprop.reports.style import cells_wide, written

SOON = 0.5
"""Seconds after which one sees what a run has printed so far."""

_MOST = 1 << 20
"""Bytes of a result that are kept until it has ended; of a longer one one sees what there is at once."""

_ABOVE = 1 << 16
"""Bytes of a result that stand above an error: more than a screen has room for."""

_CLEAR = "\x1b[H\x1b[J"
"""To the first line, and nothing below: what has left the screen upwards stays."""

_LINE = "\r\x1b[K"
_DIM, _END = "\x1b[2m", "\x1b[0m"


class Audience(Protocol):
    """Who sees the runs of a watched line."""

    def begin(self, again: bool) -> tuple[int, int]:
        """A run begins: its standard output and error. again: it is not the first."""
        ...

    def sent(self) -> None:
        """The run has its streams."""
        ...

    def reading(self) -> Iterable[int]:
        """What is to be read of a run."""
        ...

    def read(self, number: int) -> bool:
        """Read what there is; False where nothing more comes."""
        ...

    def tick(self) -> float | None:
        """Called now and then while a run goes on; in how many seconds again."""
        ...

    def end(self, status: int, used: bool) -> None:
        """A run has ended. used: whether it has written results."""
        ...

    def drop(self) -> None:
        """A run has ended of which nothing is to be seen: another one begins at once."""
        ...

    def close(self) -> None:
        """Nothing more is to be seen."""
        ...


def standard(stream: object, number: int) -> int:
    """A standard stream as a run has it: nothing, where there is none."""
    return number if stream is not None else os.open(os.devnull, os.O_WRONLY)


class Piped:
    """Runs print where this program does, one below the other, with a line between two."""

    def __init__(self, line: WatchedLine) -> None:
        self._line = line
        self._streams = standard(sys.stdout, 1), standard(sys.stderr, 2)

    def begin(self, again: bool) -> tuple[int, int]:
        """As an Audience has it."""
        if again and self._line.is_for_people and sys.stdout is not None:
            style = style_for(sys.stdout)
            sign = "--" if style.ascii else "──"
            put(f"\n{sign} {clock()} {visible(self._line.name)} {sign}\n")
        return self._streams

    def sent(self) -> None:
        """As an Audience has it."""

    def reading(self) -> Iterable[int]:
        """As an Audience has it."""
        return ()

    def read(self, number: int) -> bool:
        """As an Audience has it."""
        return False

    def tick(self) -> float | None:
        """As an Audience has it."""
        return None

    def end(self, status: int, used: bool) -> None:
        """As an Audience has it."""

    def drop(self) -> None:
        """As an Audience has it."""

    def close(self) -> None:
        """As an Audience has it."""


class Screen:
    """A terminal. Runs print to one of their own, which has its size; what they printed is shown when they
    have ended, or after a moment."""

    def __init__(self, line: WatchedLine) -> None:
        self._line = line
        self._read = self._written = -1
        self._began = self._said_at = 0.0
        self._live = False
        self._printed = bytearray()
        self._good: bytes | None = None
        self._good_at = ""
        self._fresh = True
        """Whether the screen still has what was there before."""
        self._status = False
        """Whether the last line says what is going on."""
        own = sys.stderr is not None and sys.stderr.isatty()
        self._errors = None if own else standard(sys.stderr, 2)

    def begin(self, again: bool) -> tuple[int, int]:
        """As an Audience has it."""
        self._release()
        self._read, self._written = _terminal()
        self._began, self._live = time.monotonic(), False
        self._printed.clear()
        return self._written, self._written if self._errors is None else self._errors

    def sent(self) -> None:
        """As an Audience has it."""
        os.close(self._written)

    def reading(self) -> Iterable[int]:
        """As an Audience has it."""
        return (self._read,) if self._read >= 0 else ()

    def read(self, number: int) -> bool:
        """As an Audience has it."""
        try:
            found = os.read(number, 1 << 16)
        except OSError:  # how a terminal says that nobody writes to it any more
            found = b""
        if not found:
            self._release()
            return False
        self._printed += found
        if self._live:
            self._write(found)
        elif len(self._printed) > _MOST:
            self._go_live()
        if len(self._printed) > 2 * _MOST:
            self._printed = self._printed[-_MOST:]
            del self._printed[: self._printed.find(b"\n") + 1]
        return True

    def tick(self) -> float | None:
        """As an Audience has it."""
        if self._live:
            return None
        left = self._began + SOON - time.monotonic()
        if left > 0:
            return left
        if self._printed:
            self._go_live()
        elif not self._status or self._began > self._said_at:
            self._say(f"running since {clock()}", "running")
        return SOON

    def end(self, status: int, used: bool) -> None:
        """As an Audience has it."""
        good, now = status == 0 or used, bytes(self._printed)
        if good:
            if not self._live:
                self._clear()
                self._write(now)
            self._good, self._good_at = _last_lines(now), clock()
            state = "" if status == 0 else f"; exit status {status}"
        else:
            self._clear()
            if self._good is not None:
                self._write(self._good)
                style = style_for(sys.stdout)
                sign = "^" if style.ascii else "↑"
                self._write(self._dim(f"\n{sign} of {self._good_at}\n\n").encode())
            self._write(now)
            state = "; an error" if status != 130 else "; interrupted"
        watched, last = f"{visible(self._line.name)} is watched, ", "Ctrl-C ends"
        begins = (
            f"{clock()}{state}; {watched}",
            f"{clock()}{state}; ",
            f"{state}; ".lstrip("; "),
            "",
        )
        self._say(*(begin + last for begin in begins))

    def drop(self) -> None:
        """As an Audience has it."""
        self._live = False

    def close(self) -> None:
        """As an Audience has it."""
        self._release()
        try:
            # a terminal that was stopped, with Ctrl-S, takes nothing; one that is busy does soon
            if self._status and select.select([], [sys.stdout.fileno()], [], 0.5)[1]:
                self._write(_LINE.encode())
        except (OSError, ValueError):  # its window was closed
            printing_ends()

    def _go_live(self) -> None:
        self._clear()
        self._write(bytes(self._printed))
        self._live = True

    def _release(self) -> None:
        if self._read >= 0:
            os.close(self._read)
            self._read = -1

    def _clear(self) -> None:
        if self._status:
            self._write(_LINE.encode())
            self._status = False
        if self._fresh:  # what a person had on the screen leaves it upwards
            self._write(b"\n" * os.get_terminal_size(sys.stdout.fileno()).lines)
            self._fresh = False
        self._write(_CLEAR.encode())

    def _say(self, *texts: str) -> None:
        """Write a last line, over what it says already: the first text for which there is room."""
        style = style_for(sys.stdout)
        room = (style.width or 80) - 1
        text = next((each for each in texts if cells_wide(each) <= room), texts[-1][:room])
        text = written(text, style)
        line = self._dim(text).encode(sys.stdout.encoding or "utf-8", "backslashreplace")
        if self._status:
            line = _LINE.encode() + line
        # first: a signal may come as soon as it is seen, and what ends the program takes it away again
        self._status, self._said_at = True, time.monotonic()
        self._put(line)

    def _dim(self, text: str) -> str:
        return f"{_DIM}{text}{_END}" if style_for(sys.stdout).color else text

    def _write(self, data: bytes) -> None:
        if data:
            if self._status and not data.startswith(_LINE.encode()):
                sys.stdout.buffer.write(_LINE.encode())
                self._status = False
            self._put(data)

    def _put(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _last_lines(text: bytes) -> bytes:
    """The end of a long text, from the beginning of a line."""
    return text if len(text) <= _ABOVE else text[text.find(b"\n", len(text) - _ABOVE) + 1 :]


def clock() -> str:
    """The time of day."""
    return time.strftime("%H:%M:%S")


def _terminal() -> tuple[int, int]:
    """A terminal as large as that of standard output: where it is read, and where it is written to. What is
    written arrives as it is."""
    import fcntl
    import termios

    read, write = os.openpty()
    settings = termios.tcgetattr(write)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(write, termios.TCSANOW, settings)
    with suppress(OSError):
        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(write, termios.TIOCSWINSZ, size)
    return read, write


def audience(line: WatchedLine) -> Audience:
    """Who sees the runs of a line in a terminal or a pipe."""
    terminal = sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    terminal = terminal and hasattr(os, "openpty")  # a run has a terminal of its own then
    return Screen(line) if terminal else Piped(line)
