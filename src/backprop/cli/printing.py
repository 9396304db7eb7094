"""Standard output and standard error: where results and complaints go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from backprop.errors import BackpropError, BadOption
from backprop.files import write_whole
from backprop.report import Report
from backprop.reports import TABLES, Formats, ending
from backprop.reports.diagnostics import render
from backprop.reports.numbers import Style
from backprop.suggest import did_you_mean


def chosen_format(name: str | None, output: str | None, formats: Formats[Any] = TABLES) -> str:
    """The format asked for, or what the output file's ending says, or the first. Raises BadOption."""
    if name is not None:
        if name not in formats.names:
            hints = [
                *did_you_mean(name, formats.names),
                f"the formats are {', '.join(formats.names)}",
            ]
            raise BadOption(f"there is no format {name!r}", hints=hints)
        return name
    if output is None or ending(output) == "":  # `-` has none
        return formats.names[0]
    found = formats.of_file(output)
    if found is None:
        raise BadOption(
            f"the ending of {output} says no format",
            hints=[
                f"say it: --format {'|'.join(formats.names)}",
                f"or use one of {', '.join(formats.endings)}",
            ],
        )
    return found


def deliver(
    report: Report, format: str, output: str | None, digits: int | None, before: str = ""
) -> None:
    """Print a report, or write it to a file; the warnings go to standard error.

    before: text that stands before it.
    """
    if output is not None and output != "-":
        write_whole(output, (before + text_of(report, format, Style(digits))).encode())
    else:
        put(before + text_of(report, format, style_for(sys.stdout, digits)))
    complain(report.warnings, "warning")


def text_of(report: Report, format: str, style: Style) -> str:
    """A report in a format."""
    return TABLES.writer(format)(report, style)


def style_for(stream: TextIO | None, digits: int | None) -> Style:
    """How numbers and tables look on a stream; None: in a file."""
    if stream is None:
        return Style(digits)
    width, color = _terminal(stream)
    return Style(digits, width, color, ascii=not _knows_unicode(stream))


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
    try:
        width, color = _terminal(sys.stderr)
        sys.stderr.write(render(errors, kind, color, width))
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def _knows_unicode(stream: TextIO | None) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().startswith("utf")


def _terminal(stream: TextIO | None) -> tuple[int | None, bool]:
    """The width of a terminal (None: it is none) and whether it shows colours."""
    if stream is None or not stream.isatty():
        return None, False
    from shutil import get_terminal_size  # for a terminal only: 2 ms

    dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
    return get_terminal_size().columns, not dumb
