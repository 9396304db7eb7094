"""The command line: options in, one call, one print, an exit status."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # of `typing`, during whose import nothing would catch Ctrl-C yet
if TYPE_CHECKING:
    from typing import Any, NoReturn

_stops: list[int] = []
"""Has a number for each Ctrl-C: libraries make other errors of it, or none."""


_OBJECTS = 200_000
"""After so many new objects Python looks for circles that nobody needs: after 700, as by itself, a command
that is over in a moment looks some hundred times, and finds none. NumPy and what reads tables make 60,000."""


_THREADS = "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"
"""How many threads NumPy's linear algebra takes: by itself as many as there are processors, which wait for
one another without rest. Where something else runs, too, or a container has fewer processors than there are,
the eigenvalues of 60 inputs take 50 ms so, and with one thread 0.2. A person's numbers stay."""


def main() -> NoReturn:
    """What the command `backprop` runs. Exit status: 0, 1, 2, 130 after Ctrl-C, or 128 more than the
    number of another signal that ended a descent."""
    _stops.clear()
    gc.set_threshold(_OBJECTS, 20, 20)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _met
    try:
        import signal

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _stop)
        from backprop.cli.run import run

        status = run()
    except KeyboardInterrupt:
        _end()
    except Exception:
        if _stops:
            _end()
        raise
    if _stops and status != 130:  # it came where nothing could be raised
        print("interrupted", file=sys.stderr, flush=True)
        status = 130
    sys.exit(status)


def command() -> NoReturn:
    """`main`, in a process of its own: that ends at once where tables were read. Threads of pyarrow may still
    give back what they read, for which they need an interpreter; one that ends lets them fail, aloud."""
    if not any(name in os.environ for name in _THREADS):  # before NumPy, which looks at them once
        os.environ[_THREADS[0]] = "1"
    status: Any = 0
    try:
        main()
    except SystemExit as stop:
        if "pyarrow" not in sys.modules:
            raise
        status = stop.code
    import atexit
    from contextlib import suppress

    atexit._run_exitfuncs()
    with suppress(Exception):
        sys.stdout.flush()
    with suppress(Exception):
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def _end() -> NoReturn:
    """End at once: libraries that were stopped while they were loaded cannot clear up."""
    print("interrupted", file=sys.stderr, flush=True)
    os._exit(130)


def _stop(number: int, _: object) -> None:
    _stops.append(number)
    raise KeyboardInterrupt


def _met(raised: Any) -> None:
    """Called with what Python meets where it has to go on, such as while it forgets a module: Ctrl-C
    comes again a moment later, when it can be obeyed. What it leaves behind is nothing to tell."""
    if raised.exc_type is KeyboardInterrupt:
        import _thread
        from contextlib import suppress

        with suppress(RuntimeError):  # the program ends already
            _thread.start_new_thread(_thread.interrupt_main, ())
    elif not _stops:
        sys.__unraisablehook__(raised)
