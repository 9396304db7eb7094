"""Which files a command line names, and what is done with each, as the options declare it."""

import os
from collections.abc import Callable, Mapping
from glob import glob
from typing import Any, NamedTuple

from backprop.inputs import default_file
from backprop.options import PathUse, fields
from backprop.places import STANDARD

READ: tuple[PathUse, ...] = ("equations", "read", "tables")
"""What is done with a file that is read and stays as it is."""


class NamedPath(NamedTuple):
    """A path on a command line. by: the option that names it, as a message calls it."""

    path: str
    use: PathUse
    by: str

    @property
    def shown(self) -> str:
        """The path, as a message calls it."""
        if self.path != STANDARD:
            return self.path
        return "standard input" if self.use in READ else "standard output"


def named_paths(command: Callable[..., Any], written: Mapping[str, Any]) -> list[NamedPath]:
    """The paths of a command line, that of the equations among them where it has none. written: what it
    has for each option of the command. Of a pattern: itself, and what fits it now."""
    found: list[NamedPath] = []
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
        if option.path == "tables":  # of which patterns name some, too
            meant = (path for each in given for path in glob(each, recursive=True))
            given = [*given, *(path for path in meant if path not in given)]
        found += [NamedPath(path, option.path, by) for path in given]
    return found


def _has_folder(command: Callable[..., Any], written: Mapping[str, Any]) -> bool:
    """Whether a folder is named for what is written."""
    return any(written[name] for name, _, _, option in fields(command) if option.path == "folder")
