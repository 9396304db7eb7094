"""What must not be left half begun: signals that end programs wait for a moment."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def undisturbed() -> Iterator[None]:
    """What ends programs waits for the end of the block: files that are ready stand in their places then, and
    a program that was begun has a name by which it can be ended."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
