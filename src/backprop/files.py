"""Files read and written: whole or not at all, and never a traceback."""

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from os import PathLike
from typing import NamedTuple

from backprop.errors import CannotRead, CannotWrite, NotText
from backprop.places import STANDARD, stream
from backprop.source import Source, Span

MOST_BYTES = 1 << 30
"""The largest file that is read: 1 GiB."""

_PIECE = 1 << 18


_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".arrow", ".feather", ".ipc")


def read_source(path: str | PathLike[str], otherwise: str = "") -> Source:
    """The text of a UTF-8 file, or of standard input for `-`. otherwise: what to do with a text that
    is no path, for the hint. Raises CannotRead, NotText."""
    from_stdin = os.fspath(path) == STANDARD
    name = "<stdin>" if from_stdin else os.fspath(path) or "''"
    try:
        if from_stdin and sys.stdin is None:
            raise CannotRead("there is no standard input", hints=["name a file"])
        with nullcontext(sys.stdin.buffer) if from_stdin else open(path, "rb") as file:
            data = bytearray()  # in pieces: to ask for the most would take so much memory at once
            while len(data) <= MOST_BYTES and (piece := file.read(_PIECE)):
                data += piece
    except (OSError, ValueError) as error:
        message, hints = f"{name} cannot be read: {reason(error)}", []
        if isinstance(error, IsADirectoryError):
            message, hints = f"{name} is a directory, not a file", ["name a file in it"]
        elif isinstance(error, FileNotFoundError):
            message = f"there is no file {name}"
            hints = ["; ".join(filter(None, ["check the path", otherwise]))]
        raise CannotRead(message, hints=hints) from None
    if len(data) > MOST_BYTES:
        raise CannotRead(f"{name} is larger than 1 GiB, the most that is read")
    return decode(data, name)


def decode(data: bytes | bytearray, name: str, option: str = "") -> Source:
    """Bytes as text; a byte-order mark is dropped. option: as a Source has it. Raises NotText at the
    first bad byte."""
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    zeros = [data[start:200:2].count(0) for start in (0, 1)]
    if len(data) > 3 and not marked and max(zeros) > 0.8 * len(data[:200:2]) and not min(zeros):
        message = "this is UTF-16 and no UTF-8: every other byte is 0"
        raise NotText(message, where=name, hints=["save the file as UTF-8"])
    try:
        return Source(name, data.decode("utf-8-sig"), option)
    except UnicodeDecodeError as error:
        # The good bytes before, and a mark where the bad one is, so that its line can be shown.
        good = error.object[: error.start].decode("utf-8", "replace")
        rest = re.split(rb"[\r\n]", error.object[error.start : error.start + 200], maxsplit=1)[0]
        source = Source(name, good + rest.decode("utf-8", "replace"))
        bad = error.start + 1 + 3 * data.startswith(b"\xef\xbb\xbf")
        what, hint = ("text", "write it in") if option else ("file", "save the file as")
        hint = f"{'this looks like UTF-16: ' if marked else ''}{hint} UTF-8"
        raise NotText(
            f"byte 0x{error.object[error.start]:02X} (number {bad} of the {what}) is no UTF-8",
            Span(source, len(good), len(good) + 1),
            hints=[hint],
        ) from None


def typed(text: str, option: str) -> Source:
    """A text that stands behind an option. Raises NotText: its bytes may be no UTF-8 either."""
    name = f"<{option}>"
    if text.isascii():
        return Source(name, text, option)
    # Python keeps such a byte as half of a surrogate pair; other halves are of Python's own texts
    for errors in ("strict", "surrogateescape"):
        with suppress(UnicodeEncodeError):
            return decode(text.encode("utf-8", errors), name, option)
    return decode(text.encode("utf-8", "surrogatepass"), name, option)


def write_whole(path: str | PathLike[str], data: bytes | Iterable[bytes]) -> int:
    """Write a file whole or not at all; links are followed. data: all of it, or piece by piece.

    Returns how many names the file has: 1, or more where it has hard links. 0: it is no file, but
    a stream, a device or a pipe, which is written to directly. Otherwise a new file beside the
    target takes its place, with its owner and its mode; where the target has more names, all of
    them keep it, and what is new is copied into it. Raises CannotWrite.
    """
    pieces = (data,) if isinstance(data, bytes) else data
    with _writing(path, "choose another place"):
        target = _target(path)
        if target.plain:
            _put_in_place(target, pieces)
        else:
            where = target.path if target.number is None else os.dup(target.number)
            with open(where, "wb") as file:
                file.writelines(pieces)
        return target.names if target.plain else 0


def check_writable(path: str | PathLike[str]) -> None:
    """Raise CannotWrite where `write_whole` would, before any work is done. Changes nothing."""
    import tempfile  # with its imports 5 ms: only for who writes

    with _writing(path, "nothing was changed; choose another place"):
        target = _target(path)
        if target.plain:  # a folder may be writable by its mode, and lie on a disk that is not
            tempfile.TemporaryFile(dir=os.path.dirname(target.path)).close()


class _Target(NamedTuple):
    """Where a path leads: the path with its links followed, the stream that it is, what is there."""

    path: str
    number: int | None = None
    found: os.stat_result | None = None

    @property
    def plain(self) -> bool:
        """Whether it is a file, or nothing yet, and so can be replaced."""
        return self.number is None and (self.found is None or stat.S_ISREG(self.found.st_mode))

    @property
    def names(self) -> int:
        """How many names a file has: more than one are hard links."""
        return self.found.st_nlink if self.found else 1


def _target(path: str | PathLike[str]) -> _Target:
    """Where a path leads. Raises OSError or ValueError where that cannot be written."""
    written = os.fspath(path)
    if not written:
        raise ValueError("the name of a file is empty")
    if (number := stream(written)) is not None:
        if not _is_open_for_writing(number):
            raise PermissionError(13, "It is open for reading only")
        return _Target(written, number)
    real = os.path.realpath(written)
    folder = os.path.dirname(real)
    if os.path.isdir(real) or os.path.basename(written) in ("", ".", ".."):
        raise IsADirectoryError(21, "Is a directory")
    if not os.path.isdir(above := os.path.dirname(written) or "."):
        raise FileNotFoundError(2, f"There is no folder {above}")
    if not os.path.isdir(folder):
        raise FileNotFoundError(2, f"There is no folder {folder}, to which it links")
    try:
        found = os.stat(real)
    except FileNotFoundError:
        found = None
    if found and not os.path.exists(written):  # `real` is without a `missing/..` of a link
        raise FileNotFoundError(2, "It links to where a folder is missing")
    target = _Target(real, None, found)
    closed = target.plain and not os.access(folder, os.W_OK | os.X_OK)
    if closed or (found and not os.access(real, os.W_OK)):
        raise PermissionError(13, "Permission denied")
    return target


def _is_open_for_writing(number: int) -> bool:
    if sys.platform == "win32":
        return True
    from fcntl import F_GETFL, fcntl

    return fcntl(number, F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def _put_in_place(target: _Target, pieces: Iterable[bytes]) -> None:
    """Write a new file beside a plain one, or beside nothing, and put it there."""
    import tempfile

    folder = os.path.dirname(target.path)
    handle, temporary = tempfile.mkstemp(prefix=".backprop-", dir=folder)
    try:
        with open(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            alike = _made_like(file.fileno(), temporary, target.path, target.found)
        if target.names > 1 or not (alike and _moved(temporary, target)):
            _copy_over(temporary, target.path)
    except _HalfCopied:
        raise  # all there is stands in the new file
    except BaseException:
        _remove(temporary)
        raise
    _remove(temporary)


class _HalfCopied(OSError):
    """A copy stopped after it had begun."""


def _remove(path: str) -> None:
    with suppress(OSError):  # what was moved is there no more
        os.unlink(path)


def _moved(new: str, target: _Target) -> bool:
    """Put a new file in the place of the target. False if what is there cannot be replaced, such as
    a file that is mounted by itself into a container."""
    try:
        os.replace(new, target.path)
    except OSError:
        if target.found is None:
            raise
        return False
    return True


def _made_like(handle: int, new: str, old: str, found: os.stat_result | None) -> bool:
    """Give a new file, which is open, the owner and the mode of the one that was found, or the
    customary mode. False if this user cannot give it the owner."""
    own = os.fstat(handle)
    mode = 0o666 & ~_umask()
    if found is not None:
        mode = stat.S_IMODE(found.st_mode)
        _copy_attributes(old, handle)
        if (found.st_uid, found.st_gid) != (own.st_uid, own.st_gid):
            try:
                os.fchown(handle, found.st_uid, found.st_gid)
            except OSError:
                return False
    # by its handle where that can be: in somebody else's folder the path may be another file by now
    os.chmod(handle if os.chmod in os.supports_fd else new, mode)
    return True


def _copy_attributes(old: str, handle: int) -> None:
    """Give an open file what else the system keeps of another: its list of who may use it, if any.

    By the mode alone the group would be given what that list allows to somebody.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(old):
                with suppress(OSError):
                    os.setxattr(handle, name, os.getxattr(old, name))


def _copy_over(new: str, old: str) -> None:
    """The content of one file into another one that is there, which keeps its owner and its names.
    Raises _HalfCopied where that stops on the way: then the new file is to be kept."""
    from shutil import copyfileobj

    with open(new, "rb") as source, open(old, "r+b") as file:
        size, before = (os.fstat(each.fileno()).st_size for each in (source, file))
        if size and hasattr(os, "posix_fallocate"):
            try:  # a full disk is noticed before any change
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError:
                file.truncate(before)
                raise
        os.fsync(source.fileno())  # from here on it is the only whole one
        try:
            copyfileobj(source, file)
            file.truncate()
            file.flush()
        except (OSError, KeyboardInterrupt) as error:
            said = reason(error) if isinstance(error, OSError) else "stopped"
            raise _HalfCopied(5, f"{said}; what it was to be is in {new}") from None


@contextmanager
def _writing(path: str | PathLike[str], hint: str) -> Iterator[None]:
    """What goes wrong inside is a CannotWrite with this hint."""
    try:
        yield
    except (OSError, ValueError, MemoryError) as error:
        message = f"{os.fspath(path)} cannot be written: {reason(error)}"
        raise CannotWrite(message, hints=[hint]) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason(error: OSError | ValueError | MemoryError) -> str:
    """What the system says, as the end of a sentence: only its first letter is made small, because
    there may be a path in it."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    said = (isinstance(error, OSError) and error.strerror) or str(error)
    return said[:1].lower() + said[1:]


def is_table(path: str) -> bool:
    """Whether a path is that of a table of numbers, by its ending."""
    return path.removesuffix(".gz").endswith(_TABLES)
