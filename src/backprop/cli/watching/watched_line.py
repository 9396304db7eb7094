"""The command line that is run again and again, and the files that it reads."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from backprop.cli.help import ASKING, TAKING_LINES
from backprop.cli.named_paths import READ, NamedPath, named_paths
from backprop.cli.printing import no_output
from backprop.cli.watching.watched_files import is_beside
from backprop.errors import BadOption
from backprop.inputs import default_file
from backprop.options import fields
from backprop.places import STANDARD, identity, stream

_FOR_PEOPLE = (None, "table", "text")
"""Formats between whose results a line may stand."""

_STREAMS = ("out", "output"), ("err", "error")


class WatchedLine(NamedTuple):
    """A command line: its words, its command, and what it has for each option. served: whether its page
    goes to a browser."""

    words: list[str]
    command: Callable[..., None]
    written: Mapping[str, Any]
    served: bool

    def paths(self) -> list[str]:
        """The files that it reads, patterns, and what fits these now but for files of editors."""
        named = named_paths(self.command, self.written)
        values = ([each] if isinstance(each, str) else each for each in self.written.values())
        said = {*chain.from_iterable(each for each in values if isinstance(each, list))}
        paths = (each.path for each in named if each.use in READ)
        return [each for each in paths if each in said or not is_beside(each)]

    @property
    def name(self) -> str:
        """What is watched, in short."""
        paths = self.paths()
        return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"

    @property
    def is_for_people(self) -> bool:
        """Whether what it prints is read by a person, so that a line may stand between two results."""
        written = self.written
        return written.get("format") in _FOR_PEOPLE and written.get("output") != STANDARD


def watched_line(
    file: str | None,
    line: Sequence[str],
    serve: bool,
    read: Callable[[list[str]], tuple[Callable[..., None], Mapping[str, Any]]],
) -> WatchedLine:
    """The line of a command that is to read `file`, and of which `line` has the rest. read: what a line
    says. Raises BackpropError where there is nothing to watch, or nothing that could be read again."""
    usual = "page" if serve else "grad"
    named = bool(line) and not line[0].startswith("-")
    name, rest = (line[0], line[1:]) if named else (usual, line)
    words = [name, *([] if file is None else [file]), *rest]
    command, written = read(words)
    _check_command(name, command, written, serve)
    if written["file"] is None and not written["expressions"]:
        words.insert(1, default_file())  # else a run tells of standard input, which it has not
    found = WatchedLine(words, command, written, serve)
    if file is not None and written.get("expressions"):
        raise BadOption("equations both in a file and after -e", hints=["give one of the two"])
    paths = [each for each in named_paths(command, written) if each.use in READ]
    if not paths:
        hints = ["write the equations into a file, and name it: backprop watch eqs.txt"]
        raise BadOption("there is no file to watch: the equations stand after -e", hints=hints)
    for each in paths:
        _check_read_again(each)
    _check_no_circle(command, written, paths)
    _check_seen(command, written)
    if serve:
        _check_served(command, written)
        words += ["-o", STANDARD]  # if it stands there twice, the last counts
    return found


def _check_command(
    name: str, command: Callable[..., None], written: Mapping[str, Any], serve: bool
) -> None:
    """Raise BadOption for a command that reads no equations, waits for a person, or is none for a browser."""
    reads = any(each.option.path == "equations" for each in fields(command))
    hints = ["behind -- stands a command with its options, such as draw -o graph.svg"]
    if not reads or name in TAKING_LINES:
        raise BadOption(f"watch runs commands that read equations, and not {name}", hints=hints)
    if name in ASKING and not written.get("exam"):
        message = f"a {name} waits for answers, and watch runs a command that ends"
        raise BadOption(message, hints=[f"ask by itself: backprop {name} FILE"])
    if serve and name != "page":
        hints = ["leave --serve out, or write options of page behind --"]
        raise BadOption(f"--serve is of pages, and {name} makes none", hints=hints)


def _check_read_again(named: NamedPath) -> None:
    """Raise BadOption for what can be read once only."""
    path = named.path
    try:
        kind = os.stat(path).st_mode if path != STANDARD else stat.S_IFIFO
    except (OSError, ValueError):  # not there yet
        return
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or stream(path) is not None:
        message = f"{named.shown} can be read once only, and watch reads it again and again"
        raise BadOption(message, hints=["write it into a file, and name that"])


def _check_no_circle(
    command: Callable[..., None], written: Mapping[str, Any], read: Sequence[NamedPath]
) -> None:
    """Raise BadOption where a run would write what is watched, and so begin the next."""
    known = [(each, identity(each.path)) for each in read]
    streams = [NamedPath(f"/dev/std{name}", "written", f"standard {of}") for name, of in _STREAMS]
    for each in [*named_paths(command, written), *streams]:
        if each.use in READ or each.path == STANDARD:
            continue
        place = identity(each.path)
        for source, taken in known:
            if place & taken:
                message = (
                    f"{each.by} writes to {source.path}, which is watched: no run would be the last"
                )
                raise BadOption(message, hints=["write to another file"])


def _check_seen(command: Callable[..., None], written: Mapping[str, Any]) -> None:
    """Raise BackpropError where runs would print, and there is nothing to print to."""
    if sys.stdout is None:
        for each in fields(command):
            prints = written.get(each.name) == STANDARD or not (
                written.get(each.name) or each.option.usual
            )
            if "--output" in each.option.flags and prints:
                raise no_output()


def _check_served(command: Callable[..., None], written: Mapping[str, Any]) -> None:
    """Raise BadOption for a page that is to be written to a file."""
    usual = next(each.default for each in fields(command) if each.name == "output")
    if written["output"] not in (usual, STANDARD):
        message = f"the page goes to a browser, and not to {written['output']}"
        raise BadOption(message, hints=["leave -o out, or leave --serve out"])
