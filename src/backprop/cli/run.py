"""One run: the command line read, its command called, errors made messages and exit statuses."""

import io
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from backprop.cli.help import COMMANDS, TAKING_EXPRESSIONS, TAKING_LINES
from backprop.cli.printing import Finished, complain, printing_ends, with_buffer
from backprop.errors import BackpropError, UsageFault
from backprop.files import reason
from backprop.options import fields

_NO_ROOM = re.compile("map segment|allocate memory")
"""What a system says that has no memory left for the code of a library."""

COMPLETION = "_BACKPROP_COMPLETE"
"""The environment variable by which a shell asks for completions."""


Called = Callable[[Callable[..., None], Mapping[str, Any], Sequence[str]], object]
RunsAgain = Callable[[Callable[[list[str]], Any], Callable[[], int]], None]
"""What a command gives back that has others run: it is told how a line is read, and how the one in
`sys.argv` is run."""


def command(name: str) -> Callable[..., None]:
    """The function of a command; only its module is imported."""
    found: Callable[..., None] = getattr(import_module(f"backprop.cli.{name}"), name)
    return found


def run() -> int:
    """Run the command line; return its exit status. Typer itself exits for usage errors."""
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        sys.stdout = with_buffer(sys.stdout)
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
        printing_ends()
        return 1
    except OSError as error:  # of a stream: files have their own errors
        complain([BackpropError(f"the results cannot be written: {reason(error)}")])
        printing_ends()
        return 1
    except (MemoryError, ImportError) as error:
        if isinstance(error, ImportError) and not _NO_ROOM.search(str(error)):
            raise
        complain([BackpropError("not enough memory for a graph of this size")])
        return 1
    return 0


def _call(words: list[str], called: Called | None = None) -> None:
    """Read the command line, quickly if it is a plain one, and call its command. called: what is done with
    the command and its options, where that is something else."""
    known, further = [*COMMANDS], list[str]()
    if COMPLETION in os.environ:
        from backprop.cli.watching.line_completion import complete_line

        complete_line(os.environ)
    if len(words) == 2 and words[0] == "help" and words[1] in COMMANDS:
        words = [words[1], "--help"]
    if words and words[0] in TAKING_LINES and "--" in words:
        at = words.index("--")
        words, further = words[:at], words[at + 1 :]

    def call_with(function: Callable[..., None], written: Mapping[str, Any]) -> None:
        if further:
            written = {**written, "line": [*written["line"], *further]}
        (called or _checked)(function, written, words)

    # on Windows Typer expands patterns of file names
    if words and words[0] in COMMANDS and COMPLETION not in os.environ and os.name != "nt":
        from backprop.cli.quick import read, with_values

        function = command(words[0])
        sys.argv[1:] = words = [words[0], *with_values(function, words[1:])]
        if words[0] in TAKING_EXPRESSIONS and any(each[0:1] == "-" for each in words):
            from backprop.cli.expressions import behind_dashes

            words = behind_dashes(words, function)
        written = read(function, words[1:])
        if written is not None:
            call_with(function, written)
            return
        known = [words[0]]
    from backprop.cli.app import UsageError, application

    try:
        status = application(map(command, known), call_with)(
            args=words if os.name != "nt" else None, prog_name="backprop", standalone_mode=False
        )
    except UsageError as error:
        if not words:
            error.show()  # the help
            sys.exit(2)
        from backprop.cli.mistakes import explained

        raise explained(words, error.format_message(), command) from None
    if status:
        sys.exit(status)


def _read(words: list[str]) -> tuple[Callable[..., None], Mapping[str, Any]]:
    """The command of a line, and what it has for each of its options. Raises BackpropError for one that
    makes no sense, and SystemExit for one that asks for help."""
    found = list[tuple[Callable[..., None], Mapping[str, Any]]]()
    _call(words, lambda function, written, _: found.append((function, written)))
    if not found:
        sys.exit(0)
    return found[0]


def _misread(words: Sequence[str]) -> BackpropError | None:
    """The error for words on this line that are not what they were meant to be, if there are any."""
    from backprop.cli.mistakes import misread

    return misread(words, fields(command(words[0]))) if words and words[0] in COMMANDS else None


def _checked(
    function: Callable[..., None], written: Mapping[str, Any], words: Sequence[str]
) -> None:
    """Call a command with what its command line says, if its files can be what it says."""
    from backprop.cli.collisions import LOST, check_paths
    from backprop.options import call

    try:
        check_paths(function, written)
        again: RunsAgain | None = call(function, written)
    except UsageFault as error:
        if LOST in error.message:  # whatever else is wrong, nothing is to be lost
            raise
        raise _misread(words) or error from None
    if again is not None:
        again(_read, run)
