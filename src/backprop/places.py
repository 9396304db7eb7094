"""Which file a path leads to, however it is spelled: through links, with `./`, as `/dev/stdout`."""

import os
import re
import stat
import sys
import unicodedata
from collections.abc import Hashable

STANDARD = "-"
"""The path that means standard input or output."""

_OPEN_FILES = r"/dev/fd|/proc/(self|thread-self|[0-9]+)(/task/[0-9]+)?/fd"
"""Folders in which the open streams of a process stand by their numbers."""

_MOST_LINKS = 40

_CASELESS = ("darwin", "win32")


def stream(path: str) -> int | None:
    """The number of the open stream that a path such as `/dev/stdout` is; None for any other path.

    Such a path is never replaced by a new file: that would take the stream away from its owner.
    """
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(path)
        try:  # the folder by itself: what `/proc/self/fd/1` links to is the file that is open there
            folder = os.path.realpath(folder or ".")
        except (OSError, ValueError):  # the current folder is there no more
            return None
        if name.isdecimal() and (found := re.fullmatch(_OPEN_FILES, folder)):
            own = found[1] in (None, "self", "thread-self", str(os.getpid()))
            return int(name) if own else None
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    return None


def identity(path: str, standard: int = 0) -> frozenset[Hashable]:
    """What a path has in common with every other path to the same file, and with no other.

    standard: what `-` is, 0 or 1. Empty for devices such as `/dev/null` and for what is not open:
    several can read and write there.
    """
    try:
        number = standard if path == STANDARD else stream(path)
        if number is not None:
            known = _of(os.fstat(number)) if _is_open(number) else frozenset()
            return known | {("stream", number)}
        if os.path.exists(path):
            return _of(os.stat(path))
        folder, name = os.path.split(os.path.realpath(path))
        found = os.stat(folder)
        if sys.platform in _CASELESS:  # as their disks mostly are: `A.svg` would be `a.svg`
            name = unicodedata.normalize("NFD", name).casefold()
        return frozenset([(found.st_dev, found.st_ino, name)])
    except (OSError, ValueError):
        return frozenset([os.path.normpath(path)])


def _is_open(number: int) -> bool:
    """Whether a stream is open; a standard one that was closed may by now be a file of ours."""
    return number > 1 or (sys.stdin, sys.stdout)[number] is not None


def _of(found: os.stat_result) -> frozenset[Hashable]:
    device = stat.S_ISCHR(found.st_mode)
    return frozenset() if device else frozenset([(found.st_dev, found.st_ino)])
