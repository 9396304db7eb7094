"""Files read and written: whole or not at all, and never a traceback."""

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from os import PathLike

from backprop.errors import CannotRead, CannotWrite, NotText
from backprop.source import Source, Span

MOST_BYTES = 1 << 30
"""The largest file that is read: 1 GiB."""

STDIN = "-"

_STREAM = re.compile(r"/dev/(stdout|stderr)|/(?:dev|proc/self)/fd/([0-9]+)")
"""Files that are open streams: to replace them would take them away from who opened them."""


def read_source(path: str | PathLike[str]) -> Source:
    """The text of a UTF-8 file, or of standard input for `-`. Raises CannotRead, NotText."""
    from_stdin = os.fspath(path) == STDIN
    name = "<stdin>" if from_stdin else os.fspath(path)
    try:
        if from_stdin and sys.stdin is None:
            raise CannotRead("there is no standard input", hints=["name a file"])
        with nullcontext(sys.stdin.buffer) if from_stdin else open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        message, hints = f"{name} cannot be read: {_reason(error)}", []
        if isinstance(error, IsADirectoryError):
            message, hints = f"{name} is a directory, not a file", ["name a file in it"]
        elif isinstance(error, FileNotFoundError):
            message, hints = f"there is no file {name}", ["check the path; a text goes after -e"]
        raise CannotRead(message, hints=hints) from None
    if len(data) > MOST_BYTES:
        raise CannotRead(f"{name} is larger than 1 GiB, the most that is read")
    return decode(data, name)


def decode(data: bytes, name: str) -> Source:
    """Bytes as text; a byte-order mark is dropped. Raises NotText at the first bad byte."""
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        # The good bytes before, and a mark where the bad one is, so that its line can be shown.
        good = error.object[: error.start].decode("utf-8", "replace")
        rest = re.split(rb"[\r\n]", error.object[error.start : error.start + 200], maxsplit=1)[0]
        source = Source(name, good + rest.decode("utf-8", "replace"))
        bad = error.start + 1 + 3 * data.startswith(b"\xef\xbb\xbf")
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        hint = f"{'this looks like UTF-16: ' if utf16 else ''}save the file as UTF-8"
        raise NotText(
            f"byte 0x{error.object[error.start]:02X} (number {bad} of the file) is no UTF-8",
            Span(source, len(good), len(good) + 1),
            hints=[hint],
        ) from None


def write_whole(path: str | PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all; links are followed. Raises CannotWrite.

    A new file beside the target takes its place by renaming. What is no plain file (a device, a
    pipe) cannot be replaced and is written to directly.
    """
    import tempfile  # with pathlib 5 ms: only for who writes
    from pathlib import Path

    target = Path(os.path.realpath(path))
    with _writing(path):
        if not os.fspath(path):
            raise ValueError("its name is empty")
        stream = _STREAM.fullmatch(os.fspath(path))
        number = stream and int(stream[2] or {"stdout": 1, "stderr": 2}[stream[1]])
        exists = target.exists()
        if number is not None or (exists and not stat.S_ISREG(target.stat().st_mode)):
            with open(target if number is None else os.dup(number), "wb") as file:
                file.write(data)
            return
        mode = stat.S_IMODE(target.stat().st_mode) if exists else 0o666 & ~_umask()
        if exists and not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        handle, temporary = tempfile.mkstemp(prefix=".backprop-", dir=target.parent)
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, mode)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise


def check_writable(path: str | PathLike[str]) -> None:
    """Raise CannotWrite where `write_whole` would, before any work is done. Changes nothing."""
    import tempfile
    from pathlib import Path

    target = Path(os.path.realpath(path))
    with _writing(path):
        if not os.fspath(path):
            raise ValueError("the name of a file is empty")
        if _STREAM.fullmatch(os.fspath(path)):
            return
        if target.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        if not target.parent.is_dir():
            raise FileNotFoundError(2, f"There is no folder {os.path.dirname(path)}")
        exists = target.exists()
        plain = not exists or stat.S_ISREG(target.stat().st_mode)
        closed = plain and not os.access(target.parent, os.W_OK | os.X_OK)
        if closed or (exists and not os.access(target, os.W_OK)):
            raise PermissionError(13, "Permission denied")
        if plain:  # a folder may be writable by its mode, and lie on a disk that is not
            tempfile.TemporaryFile(dir=target.parent).close()


@contextmanager
def _writing(path: str | PathLike[str]) -> Iterator[None]:
    """What goes wrong inside is a CannotWrite."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise CannotWrite(
            f"{os.fspath(path)} cannot be written: {_reason(error)}",
            hints=["nothing was changed; choose another place"],
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error: OSError | ValueError) -> str:
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
