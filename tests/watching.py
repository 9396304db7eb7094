"""A `backprop watch` that runs, as a person or a script would have it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSCTTY, TIOCSWINSZ
from types import TracebackType

from running import interruptible

PATIENCE = 60.0
"""Seconds after which something that is waited for is taken to never come."""

HIDDEN = """
import os, select, sys
del os.fork, os.openpty, select.poll
sys.modules.update(dict.fromkeys(["fcntl", "termios", "pty"]))
"""
"""A `sitecustomize.py` that takes away what Windows has not."""


def until(happened: Callable[[], object], what: str) -> None:
    """Wait for something."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def children(process: int) -> list[int]:
    """The processes that another has begun and not yet buried."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                stat = (each / "stat").read_text()
            except OSError:  # it has ended in the meantime
                continue
            if int(stat.rpartition(")")[2].split()[1]) == process:
                found.append(int(each.name))
    return found


def is_alive(process: int) -> bool:
    """Whether a process goes on; one that nobody has buried does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _of_terminal() -> None:
    """In a new process: be the one to which its terminal sends signals."""
    interruptible()
    ioctl(0, TIOCSCTTY, 0)


class Watching:
    """A watch of some words, with pipes, or in a terminal of some columns. folder: where it runs. beside: has
    libraries in the place of those that are installed."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        columns: int = 0,
        terminal: str = "xterm",
        beside: Path | None = None,
    ) -> None:
        command = [sys.executable, "-m", "backprop", "watch", *words]
        self.text = self.errors = ""
        """What it has printed."""
        self._mark = 0
        self._names: dict[int, str] = {}
        environment = {**os.environ, "PYTHONUNBUFFERED": "", "TERM": terminal}
        for each in ("COLUMNS", "LINES"):  # of the terminal of the tests, as readline has it
            environment.pop(each, None)
        if beside is not None:
            environment["PYTHONPATH"] = str(beside)
        if columns:
            self.terminal, own = pty.openpty()
            ioctl(own, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            # else Ctrl-C drops what is on its way to the screen, a line that is cleared at once among it
            settings = termios.tcgetattr(own)
            settings[3] |= termios.NOFLSH
            termios.tcsetattr(own, termios.TCSANOW, settings)
            self._names[self.terminal] = "text"
            streams = own, own, own
        else:
            (out, write_out), (err, write_err) = os.pipe(), os.pipe()
            self._names |= {out: "text", err: "errors"}
            streams = os.open(os.devnull, os.O_RDONLY), write_out, write_err
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=streams[0], stdout=streams[1], stderr=streams[2],
            env=environment, start_new_session=True, preexec_fn=_of_terminal if columns else interruptible,
        )  # fmt: skip
        for each in {*streams}:
            os.close(each)

    def __enter__(self) -> Watching:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for each in [*self._names]:
            self._close(each)

    def _close(self, number: int) -> None:
        del self._names[number]
        os.close(number)

    def read(self, seconds: float = 0.0) -> bool:
        """Read what there is; whether there was something."""
        ready, _, _ = select.select([*self._names], [], [], seconds)
        for each in ready:
            try:
                found = os.read(each, 1 << 16)
            except OSError:  # of a terminal whose other end is closed
                found = b""
            if not found:
                self._close(each)
                continue
            name = self._names[each]
            setattr(self, name, getattr(self, name) + found.decode("utf-8", "replace"))
        return bool(ready)

    def upto(self, wanted: str, of: str = "text") -> str:
        """Wait for a text (a pattern); all that came since the last one that was waited for in `text`."""
        end = time.monotonic() + PATIENCE
        while True:
            some = getattr(self, of)
            start = self._mark if of == "text" else 0
            if found := re.compile(wanted, re.S).search(some, start):
                if of == "text":
                    self._mark = found.end()
                return str(some[start : found.end()])
            assert time.monotonic() < end, f"{wanted!r} is not in {some[start:]!r}, {self.errors!r}"
            assert self.read(0.5) or self.process.poll() is None, (
                wanted,
                some[start:],
                self.errors,
            )

    def when(self, happened: Callable[[], object], what: str) -> None:
        """Wait for something, and read meanwhile."""
        until(lambda: (self.read(), happened())[1], what)

    def end(self, number: int = signal.SIGINT) -> int:
        """Send it a signal; its exit status."""
        self.process.send_signal(number)
        return self.status()

    def status(self) -> int:
        """Wait for its end."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end
            if self._names:
                self.read(0.02)
            else:
                time.sleep(0.02)
        while self._names:  # nobody holds the other ends any more
            assert time.monotonic() < end
            self.read(0.05)
        return int(self.process.returncode)
