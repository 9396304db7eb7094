"""What is worth keeping from one run to the next: machine code.

Kept in the user's cache folder of the platform, a file an item, each behind the checksum of its
content. What is kept is only ever a shortcut: where the folder is missing, read-only, somebody
else's or open to others, and where a file is broken, `load` says None and `store` does nothing.
Machine code that others could have written must never run, so the folder and the file must belong
to the user, and nobody else may be able to write to them or to replace a folder above them.
"""

import os
import stat
import sys
from contextlib import suppress
from functools import cache

VARIABLE = "BACKPROP_CACHE"
"""Environment: `off` keeps nothing and reads nothing; a path is the folder to use."""

_OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_CHECKSUM = 32
_MOST_LINKS = 40
_MOST_FILES = 300
"""Of a few dozen kilobytes each; beyond that the older half is removed."""


def load(name: str) -> bytes | None:
    """The content kept under `name`; None if there is none that can be trusted."""
    place = folder()
    if place is None:
        return None
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        with open(os.open(os.path.join(place, name), flags), "rb") as file:
            if not _is_own(os.fstat(file.fileno()), stat.S_IFREG):
                return None
            data = file.read()
    except OSError:
        return None
    content = data[_CHECKSUM:]
    return content if data[:_CHECKSUM] == checksum(content) else None


def store(name: str, content: bytes) -> None:
    """Keep `content` under `name` for later runs, whole or not at all; never raises OSError."""
    place = folder(make=True)
    if place is None:
        return
    path = os.path.join(place, name)
    new = f"{path}.{os.getpid()}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(new, flags, 0o600), "wb") as file:
            file.write(checksum(content) + content)
        os.replace(new, path)
        _forget(place)
    except OSError:
        with suppress(OSError):
            os.unlink(new)


def _forget(place: str) -> None:
    """Remove the oldest files of a folder that holds too many."""
    with os.scandir(place) as found:
        files = [(entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in found]
    if len(files) > _MOST_FILES:
        for _, path in sorted(files)[: len(files) - _MOST_FILES // 2]:
            with suppress(OSError):
                os.unlink(path)


def checksum(*contents: bytes) -> bytes:
    """SHA-256 of the contents, one after the other."""
    from hashlib import sha256  # for who keeps something only: it loads OpenSSL

    return sha256(b"".join(contents)).digest()


def folder(make: bool = False) -> str | None:
    """The folder, if it can be trusted; make: create it if it is missing."""
    with suppress(OSError, ValueError):  # the current folder, too, may be there no more
        place = _place(os.environ.get(VARIABLE, ""))
        if place and make:
            _make(place)
        if place and _is_own(os.lstat(place), stat.S_IFDIR) and _is_trusted(place):
            return place
    return None


def is_foreign(place: str) -> bool:
    """Whether a folder, or what there is above it, is another user's, such as the home of the person
    who works as root: what root made there would be in their way."""
    if sys.platform == "win32":
        return False
    try:
        place = os.path.abspath(os.path.expanduser(place))
        while not os.path.exists(place):
            place = os.path.dirname(place)
        return os.stat(place).st_uid not in (0, os.geteuid())
    except OSError:  # the current folder, in which it would be, is there no more
        return True


def _make(place: str) -> None:
    """Make a folder, and those above it that are missing, for the user alone, whatever the umask;
    nothing where what is there already cannot be trusted."""
    missing = []
    while not os.path.lexists(place):
        missing.append(place)
        place = os.path.dirname(place)
    if missing and _is_trusted(os.path.join(place, ".")):
        for each in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(each, 0o700)


@cache
def _place(given: str) -> str | None:
    """Where the folder is, whether it exists or not."""
    if given.lower() == "off" or sys.platform == "win32":
        return None  # of a folder on Windows nothing tells who may write to it
    if given:
        return os.path.abspath(given)
    from platformdirs import user_cache_dir

    return os.path.abspath(user_cache_dir("backprop", appauthor=False))


def _is_trusted(path: str) -> bool:
    """Whether nobody else can change what a path leads to.

    It is followed from the root on, name by name: every folder in which a name is looked up, those
    of links included, must be the user's or root's and closed to others; so must be every link.
    """
    waiting = path.split(os.sep)[::-1]
    at, links = os.sep, 0
    while waiting:
        name = waiting.pop()
        if not name:
            continue
        if not _is_closed(os.lstat(at)):
            return False
        if name in (".", ".."):
            at = at if name == "." else os.path.dirname(at)
            continue
        at = os.path.join(at, name)
        found = os.lstat(at)
        if found.st_uid not in (0, os.geteuid()):
            return False
        if stat.S_ISLNK(found.st_mode):
            links += 1
            target = os.readlink(at)
            if links > _MOST_LINKS:
                return False
            at = os.sep if os.path.isabs(target) else os.path.dirname(at)
            waiting += target.split(os.sep)[::-1]
    return True


def _is_closed(found: os.stat_result) -> bool:
    """Whether only the user, and root, can take the place of what stands in a folder."""
    # in a sticky folder such as /tmp others can add files, but not rename or remove ours
    open_to_others = found.st_mode & _OPEN_TO_OTHERS and not found.st_mode & stat.S_ISVTX
    return not open_to_others and found.st_uid in (0, os.geteuid())


def _is_own(found: os.stat_result, kind: int) -> bool:
    """Whether it is of this kind, the user's, and closed to others."""
    private = found.st_uid == os.geteuid() and not found.st_mode & _OPEN_TO_OTHERS
    return private and stat.S_IFMT(found.st_mode) == kind
