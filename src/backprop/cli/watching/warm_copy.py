"""A process that has loaded what a command needs, and is copied for each run of it.

To start Python and load the libraries takes longer than most runs. The copy is made while the program has no
other thread, and every run is a copy of that: whatever becomes of a run, the program and the next run are as
they were. The process ends, and ends its run, when nobody holds the other end of its socket any more.
"""

from __future__ import annotations

import gc
import io
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl
from importlib import import_module
from typing import Any, NoReturn

from backprop.cli.printing import with_buffer
from backprop.cli.watching.started_runs import RunEnd
from backprop.errors import BackpropError

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
]
"""What a terminal, or a person, sends to all processes of a program: the first of them answers."""

_OFTEN = 0.2
"""Seconds between two looks at a run that was asked to end."""

_AFTER = 1.0
"""Seconds that a run has to end after it was asked, until it is asked again, and then is ended."""

_THREADED = ("pyarrow",)
"""Libraries that begin threads when they are loaded: a copy would not have them."""

_RUN, _STOP = b"r", b"s"
_ENDED, _USED, _LOST, _NAMES = b"e", b"u", b"l", b"n"


class WarmCopy:
    """LineRuns of which each is a copy of one process."""

    def __init__(self, words: Sequence[str], run: Callable[[], int]) -> None:
        # where a standard stream was closed, nothing else is to have its number
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
        self._control, other = socket.socketpair()
        handlers = {each: signal.getsignal(each) for each in _SIGNALS}
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # else a copy would write it again
        # one that comes before the copy ignores them would end it with a traceback
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self.process = os.fork()
        if self.process == 0:
            try:
                self._control.close()
                for each in _SIGNALS:
                    signal.signal(each, signal.SIG_IGN)
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
                _Copied(other, words, run, handlers).serve()
            finally:
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        other.close()

    def fileno(self) -> int:
        """As LineRuns have it."""
        return self._control.fileno()

    def begin(self, streams: tuple[int, int]) -> None:
        """As LineRuns have it."""
        try:
            socket.send_fds(self._control, [_RUN], streams)
        except OSError:
            raise _gone() from None

    def stop(self) -> None:
        """As LineRuns have it: as Ctrl-C does it."""
        try:
            self._control.send(_STOP)
        except OSError:
            raise _gone() from None

    def ended(self) -> RunEnd:
        """As LineRuns have it."""
        found = b""
        with suppress(OSError):
            found = self._control.recv(4, socket.MSG_WAITALL)
        if len(found) < 4:
            raise _gone()
        return RunEnd(found[1], bool(found[2]), bool(found[3]))

    def close(self) -> None:
        """As LineRuns have it: end the process, and its run."""
        self._control.close()
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)


def _gone() -> BackpropError:
    """The error where the copy is no more: nothing that a run does can end it."""
    message = "the process that runs the command was ended from outside"
    return BackpropError(message, hints=["start watch again"])


class _Copied:
    """What the copy does: it waits for what it is told, and for its run."""

    def __init__(
        self, control: socket.socket, words: Sequence[str], run: Callable[[], int], handlers: Any
    ) -> None:
        self._control, self._words, self._run, self._handlers = control, words, run, handlers
        self._process = 0
        self._asked = 0
        """How often the run was asked to end."""
        self._again = 0.0
        self._said, self._saying = os.pipe()
        self._alive, self._living = os.pipe()
        """Nothing is written there: its writing end is closed when this process ends."""
        self._heard = bytearray()

    def serve(self) -> NoReturn:
        """Wait until nobody is there any more."""
        gc.freeze()  # what is there stays, and is not looked through by each run
        ended, ending = os.pipe()
        os.set_blocking(ending, False)
        signal.set_wakeup_fd(ending)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # else nothing would come there
        while True:
            wait = _OFTEN if self._asked else None
            control = self._control.fileno()
            ready, _, _ = select.select([control, self._said, ended], [], [], wait)
            if ended in ready:
                os.read(ended, 1 << 16)
            if self._said in ready:
                self._heard += os.read(self._said, 1 << 16)
            if self._process:
                self._look()
            if control in ready and not self._obey():
                self._finish()

    def _obey(self) -> bool:
        """Do what is asked; False where nobody asks any more."""
        try:
            asked, streams, _, _ = socket.recv_fds(self._control, 1, 2)
        except OSError:
            return False
        if asked == _RUN:
            self._begin(streams)
        elif asked == _STOP and self._process:
            self._ask()
        return bool(asked)

    def _begin(self, streams: Sequence[int]) -> None:
        self._asked = 0
        self._heard.clear()
        ready, readying = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            status = 1
            try:
                status = self._be(streams, readying)
            finally:
                os._exit(status)
        os.close(readying)
        os.read(ready, 1)  # from here on it can be asked to end
        for each in (ready, *streams):
            os.close(each)

    def _be(self, streams: Sequence[int], ready: int) -> int:
        """The run."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()  # a group of its own, which ends as a whole; no terminal sends it signals
        os.close(self._living)
        _end_with(self._alive)
        for sign, handler in self._handlers.items():
            if handler is not None:
                signal.signal(sign, handler)
        os.close(ready)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, each in enumerate((nothing, *streams)):
            os.dup2(each, number)
        for each in {nothing, *streams} - {0, 1, 2}:
            os.close(each)
        self._control.close()
        before = {*sys.modules}
        if sys.stdout is not None:
            noted = _Noted(lambda what: os.write(self._saying, what))
            sys.stdout = with_buffer(sys.stdout, noted)
        sys.argv[1:] = self._words
        try:
            status = self._run()
        except KeyboardInterrupt:
            status = 130
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
            status = 1
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(Exception):
                stream.flush()
        import atexit

        atexit._run_exitfuncs()
        names = "\n".join(each for each in sys.modules if each not in before)
        os.write(self._saying, _NAMES + names.encode("utf-8", "replace"))
        return status

    def _ask(self) -> None:
        """Ask the run to end: as Ctrl-C does, again, and then by force."""
        self._asked += 1
        self._again = time.monotonic() + _AFTER
        with suppress(OSError):
            os.killpg(self._process, signal.SIGINT if self._asked < 3 else signal.SIGKILL)

    def _look(self) -> None:
        """Tell of the run if it has ended."""
        status = self._status()
        if status is None:
            return
        while select.select([self._said], [], [], 0)[0]:
            self._heard += os.read(self._said, 1 << 16)
        said, _, names = bytes(self._heard).partition(_NAMES)
        with suppress(OSError):
            self._control.send(_ENDED + bytes([status & 0xFF, _USED in said, _LOST in said]))
        self._load(names.decode("utf-8", "replace").split("\n") if status == 0 else [])

    def _finish(self) -> NoReturn:
        """End the run, which may have a file to write to its end, and this process."""
        if self._process:
            self._ask()
            while self._status() is None:
                time.sleep(0.005)
        os._exit(0)

    def _status(self) -> int | None:
        """The exit status of the run, as a shell has it, where it has ended; else it is asked again."""
        ended, code = os.waitpid(self._process, os.WNOHANG)
        if not ended:
            if self._asked and time.monotonic() > self._again:
                self._ask()
            return None
        with suppress(OSError):  # what it has begun
            os.killpg(self._process, signal.SIGKILL)
        self._process = self._asked = 0
        status = os.waitstatus_to_exitcode(code)
        return status if status >= 0 else 128 - status

    def _load(self, names: Sequence[str]) -> None:
        """Load what a run has loaded, so that the next one has it."""
        absent = {each: None for each in _THREADED if each not in sys.modules}
        sys.modules.update(absent)  # type: ignore[arg-type]
        try:
            for name in names:
                if name not in sys.modules and name.split(".")[0] not in _THREADED:
                    with suppress(Exception):
                        import_module(name)
        finally:
            for each in absent:
                del sys.modules[each]
        gc.freeze()


def _end_with(alive: int) -> None:
    """Have this process end when nobody holds the writing end of a pipe any more, even one that was killed
    and could end nothing itself: the system sends a signal, which ends who does not handle it."""
    with suppress(OSError):
        fcntl(alive, F_SETOWN, os.getpid())
        fcntl(alive, F_SETFL, fcntl(alive, F_GETFL) | os.O_ASYNC)
    if sys.platform != "linux":  # elsewhere it is passed over
        signal.signal(signal.SIGIO, lambda *_: os._exit(1))
    if select.select([alive], [], [], 0)[0]:  # before there was anything to send a signal for
        os._exit(1)


class _Noted(io.FileIO):
    """Standard output that says when it is written to first, and when that is not possible."""

    def __init__(self, say: Callable[[bytes], object]) -> None:
        super().__init__(1, "w", closefd=False)
        self._say = say
        self._said = b""

    def write(self, data: Any) -> int:
        """As any file."""
        try:
            number = super().write(data)
        except OSError:
            self._tell(_LOST)
            raise
        self._tell(_USED)
        return number

    def _tell(self, what: bytes) -> None:
        if what not in self._said:
            self._said += what
            self._say(what)
