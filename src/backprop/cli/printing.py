"""Standard output and standard error: where results and complaints go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from backprop.errors import BackpropError, BadOption
from backprop.files import write_whole
from backprop.report import Report
from backprop.reports import FORMATS, writer
from backprop.reports.diagnostics import render
from backprop.reports.numbers import Style
from backprop.suggest import did_you_mean


def chosen_format(name: str | None, output: str | None) -> str:
    """The format of a report: the one asked for, or what the output file's ending says."""
    endings = {own: format for format, (_, own) in FORMATS.items()}
    return chosen(name, output, endings, "table")


def chosen(name: str | None, output: str | None, endings: Mapping[str, str], plain: str) -> str:
    """The format asked for, or the one that the ending of the output file says. Raises BadOption.

    endings: the formats by their endings. plain: the format where nothing says another.
    """
    formats = list(endings.values())
    if name is None and output in (None, "-"):
        return plain
    if name is None:
        from pathlib import PurePath

        ending = PurePath(output).suffix.lower() if output else ""
        ending = {".markdown": ".md", ".htm": ".html"}.get(ending, ending)
        if ending == "":
            return plain
        if ending not in endings:
            raise BadOption(
                f"the ending of {output} says no format",
                hints=[
                    f"say it: --format {'|'.join(formats)}",
                    f"or use one of {', '.join(endings)}",
                ],
            )
        return endings[ending]
    if name not in formats:
        hints = [*did_you_mean(name, formats), f"the formats are {', '.join(formats)}"]
        raise BadOption(f"there is no format {name!r}", hints=hints)
    return name


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
    return writer(format)(report, style)


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
