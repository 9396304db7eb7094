"""No output onto a file that is read, or onto another output: looked at before any work is done."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.cli.named_paths import READ, NamedPath, named_paths
from backprop.errors import BadOption, CannotWrite
from backprop.files import check_writable
from backprop.options import fields
from backprop.places import STANDARD, identity, stream

LOST = "is read and would be lost"
"""What is said of a file that is read and written."""


def check_paths(command: Callable[..., None], written: Mapping[str, Any]) -> None:
    """Raise BadOption or CannotWrite where this command line would write onto what it reads, or
    twice to one place, read standard input twice, or where it cannot write.

    written: what it has for each option of the command, whose declarations say which are paths.
    """
    named = named_paths(command, written)
    outputs = [each for each in named if each.use not in READ]
    read = [each for each in named if each.use in READ]
    if len(read) > 1 and sum(each.path == STANDARD or stream(each.path) == 0 for each in read) > 1:
        raise BadOption("standard input can be read once only", hints=["use '-' once"])
    if any(each.path == STANDARD for each in outputs) or not _reports(command, written):
        report = []
    else:
        report = [NamedPath(STANDARD, "written", "the report")]
    check_outputs([*report, *outputs], read, written.get("force"))


def check_copies(paths: Sequence[str]) -> None:
    """Raise as `check_paths` for files that a command writes, all of the same kind."""
    check_outputs([NamedPath(path, "written", path) for path in paths])


def check_outputs(
    outputs: Sequence[NamedPath], read: Sequence[NamedPath] = (), force: bool | None = None
) -> None:
    """Raise BadOption or CannotWrite where one of these outputs cannot be, or loses something."""
    if not outputs:
        return
    sources = [(each, identity(each.path)) for each in read]
    before: list[tuple[NamedPath, frozenset[Any]]] = []
    for each in outputs:
        if each.use == "state":
            _check_state(each)
        place = identity(each.path, standard=1)
        for other, taken in before:
            if place & taken:
                message = f"{each.shown} is to be two files at once: {other.by} and {each.by}"
                raise BadOption(message, hints=["give each its name"])
        for source, known in sources:
            # equations with new numbers may stand there: in the place of measured numbers they may not
            is_own = source.use == "equations" or source.path == STANDARD
            if place & known and not (each.use == "saved" and is_own):
                same = each.path == source.path
                which = source.shown if same else f"{each.shown} is {source.shown}, which"
                message = f"{which} {LOST}: {each.by} writes there"
                raise BadOption(message, hints=["write to another file"])
        before.append((each, place))
        if each.path != STANDARD:
            check_writable(each.path)
        if each.use == "new" and not force and os.path.isfile(each.path):
            hints = [f"nothing was changed; give {each.by} another name, or overwrite: --force"]
            raise CannotWrite(f"{each.path} exists already", hints=hints)


def _reports(command: Callable[..., None], written: Mapping[str, Any]) -> bool:
    """Whether a report goes to standard output because no file is named for it."""
    asked = [each for each in fields(command) if "--output" in each.option.flags]
    reports = asked and not asked[0].option.usual
    return bool(reports) and written[asked[0].name] is None and sys.stdout is not None


def _check_state(state: NamedPath) -> None:
    """Raise BadOption for the path of a state that is no file."""
    path = state.path
    if path == STANDARD or stream(path) is not None:
        message = f"{state.by} {path} would be read and written at once"
        raise BadOption(message, hints=["name a file"])
    if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):
        raise BadOption(f"{path} cannot keep a state", hints=["name a file"])
