"""Where results and complaints go: standard output, standard error, files; the options for it."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Annotated, Any, TextIO

from backprop.errors import BackpropError, CannotWrite, raise_first
from backprop.files import write_whole
from backprop.names import unknown_choice
from backprop.numbers import either
from backprop.options import Option, all_option, digits_option
from backprop.places import STANDARD
from backprop.report import Report
from backprop.reports import TABLES, Formats, ending
from backprop.reports.diagnostics import render, visible
from backprop.reports.style import Style


class Finished(Exception):
    """A command has said all there is to say; the program ends with this status."""

    def __init__(self, status: int) -> None:
        self.status = status


def width_option(default: str, *needs: str) -> Option:
    """The option --width of a picture; a plot has another default than a graph. needs: the option of
    which it says more."""
    help = f"Pixels from left to right, 96 an inch; the height follows. Default: {default}."
    return Option("--width N", help, min=100, max=8000, needs=needs)


def format_option(table: Formats[Any]) -> Option:
    """The option --format."""
    names = table.names
    help = f"{either(names)}. Default: by the ending of -o, or {names[0]}."
    return Option("--format NAME", help, offers=names)


Format = Annotated[str | None, format_option(TABLES)]
_TO_FILE = "Write to a file, whole or not at all, instead of standard output."
Output = Annotated[str | None, Option("-o, --output FILE", _TO_FILE, path="written")]
Digits = Annotated[int | None, digits_option("10 in tables and documents, all in JSON and CSV")]


def transparent_option(*needs: str) -> Option:
    """The option --transparent. needs: the option of which it says more."""
    return Option("--transparent", "No background in the picture.", needs=needs)


Whole = Annotated[bool, all_option("Every member of a large family has a row of its own.")]


def chosen_format(name: str | None, output: str | None, formats: Formats[Any] = TABLES) -> str:
    """The format asked for, or what the output file's ending says, or the first. Raises BadOption."""
    names, endings = formats.names, formats.endings
    if name is not None:
        if name not in names:
            raise unknown_choice("format", name, names)
        return name
    if output is None or ending(output) == "":  # `-` has none
        return names[0]
    hints = [f"say it: --format {'|'.join(names)}", f"or use one of {', '.join(endings)}"]
    return formats.of_file(output, f"the ending of {output} says no format", hints)


class Results:
    """Several results of one command: what goes wrong with one does not keep the others away."""

    def __init__(self) -> None:
        self._errors: list[BackpropError] = []
        self._others: list[Exception] = []

    @contextmanager
    def each(self) -> Iterator[None]:
        """What is raised inside, where one result is written, waits for `end`."""
        try:
            yield
        except BackpropError as error:
            self._errors += error.all
        except MemoryError:
            self._errors.append(BackpropError("not enough memory for one of the results"))
        except Exception as error:
            self._others.append(error)

    def end(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._others:  # a stream that is closed or full, or a mistake of ours
            complain(self._errors)
            raise self._others[0]
        raise_first(self._errors)


def deliver(
    report: Report,
    format: str,
    output: str | None,
    digits: int | None,
    before: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Print a report, or write it to a file; the warnings go to standard error. before, stream: as
    for `send`."""
    try:
        write = TABLES.writer(format)
        send(lambda style: write(report, style), output, digits, before, stream)
    finally:
        complain(report.warnings, "warning")


def send(
    text: Callable[[Style], str],
    output: str | None,
    digits: int | None,
    before: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Write a text to a file, or print it if there is none, with the numbers and tables for there.

    before: pieces of text that stand before it. stream: where it is printed, by default standard
    output; if one is named, also where the file cannot be written after all.
    """
    send_pieces(lambda style: [text(style)], output, digits, before, stream)


def send_pieces(
    pieces: Callable[[Style], Iterable[str]],
    output: str | None,
    digits: int | None,
    before: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """As `send`, of a text that is longer than one wants in memory."""

    def show() -> None:
        for piece in chain(before, pieces(style_for(stream or sys.stdout, digits))):
            put(piece, stream)

    if output is None or output == STANDARD:
        show()
        return
    try:
        write(output, map(str.encode, chain(before, pieces(Style(digits)))))
    except CannotWrite as error:
        if stream is not None:
            show()
            error.hints = ("it is printed instead", *error.hints)
        raise


def write(path: str, data: bytes | Iterable[bytes]) -> None:
    """Write a file whole or not at all, and say so if that is possible. Raises CannotWrite."""
    names = write_whole(path, data)
    if names:
        others = "name (a hard link)" if names == 2 else f"{names - 1} names (hard links)"
        also = f" and its other {others}" if names > 1 else ""
        tell(f"wrote {path}", also)


def tell(text: str, more: str = "") -> None:
    """Say something on standard error; where that is impossible, be silent. more: without what is shown in
    another way in a terminal."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(visible(text) + more + "\n")
            sys.stderr.flush()


def style_for(stream: TextIO | None, digits: int | None = None) -> Style:
    """How numbers and tables look on a stream; None: in a file."""
    if stream is None:
        return Style(digits)
    encoding = getattr(stream, "encoding", None) or ""
    style = Style(digits, ascii=not encoding.lower().startswith("utf"))
    if not stream.isatty():
        return style
    from shutil import get_terminal_size  # for a terminal only: 2 ms

    dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
    return style._replace(width=get_terminal_size().columns, color=not dumb)


def no_output() -> BackpropError:
    """The error where standard output was closed."""
    return BackpropError("there is no standard output", hints=["write to a file: > results.txt"])


def put(text: str, stream: TextIO | None = None) -> None:
    """Write to standard output, or another stream, and flush: a full disk is noticed here."""
    stream = stream or sys.stdout
    if stream is None:
        raise no_output()
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def with_buffer(stream: Any, raw: io.RawIOBase | None = None) -> TextIO:
    """A stream like one that has no buffer, as standard output with PYTHONUNBUFFERED: of such a one Python
    passes over that a disk has taken only a part of a text. raw: what it writes to, if not to the same."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw or io.FileIO(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        newline="\n",
        line_buffering=True,
    )


def printing_ends() -> None:
    """Standard output is gone: do not let Python try again, and complain, when it exits."""
    with suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())


def complain(errors: Iterable[BackpropError], kind: str = "error") -> None:
    """Write errors or warnings to standard error; where that is impossible, be silent."""
    errors = list(errors)
    if not errors or sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(render(errors, kind, style_for(sys.stderr)))
        sys.stderr.flush()
