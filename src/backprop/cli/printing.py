"""Where results and complaints go: standard output, standard error, files; the options for it."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Annotated, Any, TextIO

from backprop.errors import BackpropError, BadOption
from backprop.files import check_writable, write_whole
from backprop.names import did_you_mean
from backprop.numbers import either
from backprop.options import Option
from backprop.report import Report
from backprop.reports import TABLES, Formats, ending
from backprop.reports.diagnostics import render
from backprop.reports.numbers import Style


class Finished(Exception):
    """A command has said all there is to say; the program ends with this status."""

    def __init__(self, status: int) -> None:
        self.status = status


def digits_option(default: str) -> Option:
    """The option --digits; a picture has another default than a table."""
    return Option("--digits N", f"Significant digits. Default: {default}.", min=1, max=17)


def format_option(table: Formats[Any]) -> Option:
    """The option --format."""
    names = table.names
    help = f"{either(names)}. Default: by the ending of -o, or {names[0]}."
    return Option("--format NAME", help)


Format = Annotated[str | None, format_option(TABLES)]
_TO_FILE = "Write to a file, whole or not at all, instead of standard output."
Output = Annotated[str | None, Option("-o, --output FILE", _TO_FILE)]
Digits = Annotated[int | None, digits_option("10 in tables and documents, all in JSON and CSV")]
Whole = Annotated[bool, Option("--all", "Every member of a large family has a row of its own.")]


def chosen_format(name: str | None, output: str | None, formats: Formats[Any] = TABLES) -> str:
    """The format asked for, or what the output file's ending says, or the first. Raises BadOption."""
    names, endings = formats.names, formats.endings
    if name is not None:
        if name not in names:
            hints = [*did_you_mean(name, names), f"the formats are {', '.join(names)}"]
            raise BadOption(f"there is no format {name!r}", hints=hints)
        return name
    if output is None or ending(output) == "":  # `-` has none
        return names[0]
    hints = [f"say it: --format {'|'.join(names)}", f"or use one of {', '.join(endings)}"]
    return formats.of_file(output, f"the ending of {output} says no format", hints)


def check_files(
    written: Sequence[str | None], read: Sequence[str | None] = (), kept: str | None = None
) -> None:
    """Raise BadOption or CannotWrite, before any work is done, where a file cannot be written.

    written, read: paths, `-` or None among them. kept: the one that may replace a file read.
    """
    sources = {os.path.realpath(path) for path in read if path not in (None, "-")}
    taken: set[str] = set()
    for path in written:
        if path is None or path == "-":
            continue
        real = os.path.realpath(path)
        if real in taken:
            raise BadOption(f"{path} is to be two files at once", hints=["give each its name"])
        if real in sources and path != kept:
            hints = ["write to another file"]
            raise BadOption(f"{path} is read and would be lost", hints=hints)
        taken.add(real)
        check_writable(path)


def deliver(
    report: Report, format: str, output: str | None, digits: int | None, before: str = ""
) -> None:
    """Print a report, or write it to a file; the warnings go to standard error.

    before: text that stands before it.
    """
    send(lambda style: before + text_of(report, format, style), output, digits)
    complain(report.warnings, "warning")


def send(text: Callable[[Style], str], output: str | None, digits: int | None) -> None:
    """Write a text to a file, or print it if there is none, with the numbers and tables for there."""
    if output is None or output == "-":
        put(text(style_for(sys.stdout, digits)))
    else:
        write_whole(output, text(Style(digits)).encode())


def text_of(report: Report, format: str, style: Style) -> str:
    """A report in a format."""
    return TABLES.writer(format)(report, style)


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


def put(text: str) -> None:
    """Write to standard output and flush, so that a full disk is noticed here."""
    if sys.stdout is None:
        raise BackpropError("there is no standard output", hints=["write to a file with -o"])
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def complain(errors: Iterable[BackpropError], kind: str = "error") -> None:
    """Write errors or warnings to standard error; where that is impossible, be silent."""
    errors = list(errors)
    if not errors or sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(render(errors, kind, style_for(sys.stderr)))
        sys.stderr.flush()
