"""Files as they are on disk, and what tells that they have changed.

Notices of the system come at once, but not from every disk: a network's has none of what others write.
So a notice, of whatever file, only says that it is time to look; and now and then one looks anyway.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

_STEP = 20
"""Milliseconds between two looks of watchfiles at what the system has told."""

_MOST_LINKS = 40

_BESIDE = re.compile(
    r"4913|#.*#|\.#.*|.*~|\..*\.sw[a-z]|\.goutputstream.*|.*\.(?:tmp|bak|swp|part)"
)
"""Files that editors and other programs have beside the one that is written."""

FilesSeen = Mapping[str, tuple[int, ...] | None]
"""What is known of each file: which one it is, its size, when it was written, and when anything of it
changed; None for one that is not there."""


def is_beside(path: str) -> bool:
    """Whether a file is one of those that an editor has for itself, while it writes or as a backup."""
    return _BESIDE.fullmatch(os.path.basename(path)) is not None


def look(paths: Iterable[str]) -> FilesSeen:
    """How files are now, without reading them."""
    found = dict[str, tuple[int, ...] | None]()
    for path in paths:
        try:
            has = os.stat(path)
        except (OSError, ValueError):
            found[path] = None
        else:
            # what is in a folder is not what it is; the last: a program may put the time of writing back,
            # and who may read a file changes without one
            inside = (has.st_size, has.st_mtime_ns, has.st_ctime_ns)
            found[path] = (has.st_dev, has.st_ino, *(() if stat.S_ISDIR(has.st_mode) else inside))
    return found


class Folder(NamedTuple):
    """A folder, and which one it is: another may have its name later."""

    path: str
    device: int
    number: int


def folders(paths: Iterable[str]) -> frozenset[Folder]:
    """Where something happens if one of these files, or a link that leads to it, becomes another one."""
    found = set[Folder]()
    for path in {each for one in paths for each in _on_the_way(one)}:
        with suppress(OSError, ValueError):
            has = os.stat(path)
            found.add(Folder(path, has.st_dev, has.st_ino))
    return frozenset(found)


def _on_the_way(path: str) -> set[str]:
    """The folder of each link on the way to a file, and the folder in which it is, or the last on the way
    that there is."""
    found, links = set[str](), 0
    try:
        # `..` behind a link is above where that leads: it is not to be cut away
        rest = os.path.join(os.getcwd(), path).split(os.sep)[::-1]
    except (OSError, ValueError):  # the current folder is gone
        return found
    at = os.path.abspath(os.sep) if os.name != "nt" else rest.pop() + os.sep
    while rest and links < _MOST_LINKS:
        name = rest.pop()
        if name in ("", os.curdir):
            continue
        if name == os.pardir:
            at = os.path.dirname(at)
            continue
        one = os.path.join(at, name)
        if os.path.islink(one):
            found.add(at)
            links += 1
            with suppress(OSError):
                to = os.readlink(one)
                rest += to.split(os.sep)[::-1]
                at = os.path.abspath(os.sep) if os.path.isabs(to) else at
        elif rest and os.path.isdir(one):
            at = one
        else:
            found.add(at)
            break
    return found


class Notices:
    """Calls `wake`, in a thread, whenever the system tells of something in some folders."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._folders = frozenset[Folder]()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failed = False
        """Whether the system has no notices for these folders."""

    def follow(self, some: frozenset[Folder]) -> bool:
        """FilesSeen at these folders from now on; False where it does so already."""
        if some == self._folders:
            return False
        self.close()
        self._folders, self._stop, self.failed = some, threading.Event(), False
        if some:
            self._thread = threading.Thread(
                target=self._tell, args=[[each.path for each in some], self._stop], daemon=True
            )
            self._thread.start()
        return True

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def _tell(self, some: list[str], stop: threading.Event) -> None:
        try:
            from watchfiles import watch

            for _ in watch(
                *some,
                watch_filter=None,
                debounce=_STEP,
                step=_STEP,
                stop_event=stop,
                rust_timeout=0,
                raise_interrupt=False,
                recursive=False,
                ignore_permission_denied=True,
            ):
                self._wake()
        except Exception:  # too many folders are watched already, or one of these is gone
            self.failed = not stop.is_set()
            self._wake()
