"""One run: the command line read, its command called, errors made messages and exit statuses."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module

from backprop.cli.printing import Finished, complain
from backprop.errors import BackpropError

COMMANDS: Sequence[str] = ("grad", "explain", "check", "descend", "draw", "example")
"""Each is a function in a module of its name, in the order of the help."""

COMPLETION = "_BACKPROP_COMPLETE"
"""The environment variable by which a shell asks for completions."""


def command(name: str) -> Callable[..., None]:
    """The function of a command; only its module is imported."""
    found: Callable[..., None] = getattr(import_module(f"backprop.cli.{name}"), name)
    return found


def run() -> int:
    """Run the command line; return its exit status. Typer itself exits for usage errors."""
    try:
        _call(sys.argv[1:])
    except SystemExit as stop:
        if stop.code == 130:  # Typer has met Ctrl-C, without a word
            raise KeyboardInterrupt from None
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except Finished as end:
        return end.status
    except BackpropError as error:
        complain(error.all)
        return error.status
    except BrokenPipeError:
        return _without_stdout()
    except OSError as error:  # of a stream: files have their own errors
        reason = (error.strerror or str(error)).lower()
        complain([BackpropError(f"the results cannot be written: {reason}")])
        return _without_stdout()
    except MemoryError:
        complain([BackpropError("not enough memory for a graph of this size")])
        return 1
    return 0


def _call(words: list[str]) -> None:
    """Read the command line, quickly if it is a plain one, and call its command."""
    known = [*COMMANDS]
    # on Windows Typer expands patterns of file names
    if words and words[0] in COMMANDS and COMPLETION not in os.environ and os.name != "nt":
        from backprop.cli.quick import read
        from backprop.options import call

        function = command(words[0])
        written = read(function, words[1:])
        if written is not None:
            call(function, written)
            return
        known = [words[0]]
    from backprop.cli.app import application

    application(map(command, known))(prog_name="backprop")


def _without_stdout() -> int:
    """Standard output is gone: do not let Python try again, and complain, when it exits."""
    with suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
    return 1
