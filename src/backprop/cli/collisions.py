"""No output onto a file that is read, or onto another output: looked at before any work is done."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from glob import glob
from typing import Any, NamedTuple

from backprop.errors import BadOption, CannotWrite
from backprop.files import check_writable
from backprop.inputs import default_file
from backprop.options import PathUse, fields
from backprop.places import STANDARD, identity, stream

_READ = ("equations", "read")


LOST = "is read and would be lost"
"""What is said of a file that is read and written."""


class _Named(NamedTuple):
    """A path on a command line. by: the option that names it, as a message calls it."""

    path: str
    use: PathUse
    by: str

    @property
    def shown(self) -> str:
        """The path, as a message calls it."""
        if self.path != STANDARD:
            return self.path
        return "standard input" if self.use in _READ else "standard output"


def check_paths(command: Callable[..., None], written: Mapping[str, Any]) -> None:
    """Raise BadOption or CannotWrite where this command line would write onto what it reads, or
    twice to one place, read standard input twice, or where it cannot write.

    written: what it has for each option of the command, whose declarations say which are paths.
    """
    named = _named(command, written)
    outputs = [each for each in named if each.use not in _READ]
    read = [each for each in named if each.use in _READ]
    if len(read) > 1 and sum(each.path == STANDARD or stream(each.path) == 0 for each in read) > 1:
        raise BadOption("standard input can be read once only", hints=["use '-' once"])
    if any(each.path == STANDARD for each in outputs) or not _reports(command, written):
        report = []
    else:
        report = [_Named(STANDARD, "written", "the report")]
    check_outputs([*report, *outputs], read, written.get("force"))


def check_copies(paths: Sequence[str]) -> None:
    """Raise as `check_paths` for files that a command writes, all of the same kind."""
    check_outputs([_Named(path, "written", path) for path in paths])


def check_outputs(
    outputs: Sequence[_Named], read: Sequence[_Named] = (), force: bool | None = None
) -> None:
    """Raise BadOption or CannotWrite where one of these outputs cannot be, or loses something."""
    if not outputs:
        return
    sources = [(each, identity(each.path)) for each in read]
    before: list[tuple[_Named, frozenset[Any]]] = []
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


def _named(command: Callable[..., None], written: Mapping[str, Any]) -> list[_Named]:
    """The paths of a command line, that of the equations among them where it has none."""
    found: list[_Named] = []
    for name, _, _, option in fields(command):
        if option.path in ("", "folder"):
            continue
        value = written[name]
        given = [value] if isinstance(value, str) else value or []
        if option.usual and not given and not _has_folder(command, written):
            format = written.get("format") or ""
            given = [f"{os.path.splitext(option.usual)[0]}.{format}" if format else option.usual]
        if option.path == "equations" and not given and not written.get("expressions"):
            given = [default_file()]
        by = next(reversed(option.flags), option.form)
        if by == "--data":  # of which patterns name files, too
            meant = (path for each in given for path in glob(each, recursive=True))
            given = [*given, *(path for path in meant if path not in given)]
        found += [_Named(path, option.path, by) for path in given]
    return found


def _has_folder(command: Callable[..., None], written: Mapping[str, Any]) -> bool:
    """Whether a folder is named for what is written."""
    return any(written[name] for name, _, _, option in fields(command) if option.path == "folder")


def _reports(command: Callable[..., None], written: Mapping[str, Any]) -> bool:
    """Whether a report goes to standard output because no file is named for it."""
    asked = [each for each in fields(command) if "--output" in each.option.flags]
    reports = asked and not asked[0].option.usual
    return bool(reports) and written[asked[0].name] is None and sys.stdout is not None


def _check_state(state: _Named) -> None:
    """Raise BadOption for the path of a state that is no file."""
    path = state.path
    if path == STANDARD or stream(path) is not None:
        message = f"{state.by} {path} would be read and written at once"
        raise BadOption(message, hints=["name a file"])
    if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):
        raise BadOption(f"{path} cannot keep a state", hints=["name a file"])
