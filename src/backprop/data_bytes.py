"""The bytes of files of data: as far as memory holds them, unpacked, and errors in words."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from glob import glob, has_magic
from typing import IO, Any

from backprop.errors import BadData, CannotRead
from backprop.files import reason
from backprop.memory import available
from backprop.numbers import shortened, shown
from backprop.places import STANDARD

_PIECE = 1 << 24
"""Bytes that are read at a time."""

_DEVICE = 1 << 28
"""The most that is read of a device, which may have no end."""

_ARROW, _PARQUET = (".arrow", ".arrows", ".feather", ".ipc"), (".parquet", ".pq")
_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"FEA1": "arrow", b"\xff\xff\xff\xff": "stream"}


def bytes_of(path: str) -> tuple[str, bytes]:
    """What a file is called, and all that it has, unpacked. path: - is standard input. Raises CannotRead,
    BadData."""
    name = "<stdin>" if path == STANDARD else path or "''"
    try:
        if path == STANDARD:
            if sys.stdin is None:
                raise CannotRead("there is no standard input", hints=["name a file"])
            data = _all_of(sys.stdin.buffer, name)
        else:
            with open(path, "rb") as file:
                data = _all_of(file, name)
        if data[:2] == b"\x1f\x8b":
            data = _all_of(gzip.GzipFile(fileobj=io.BytesIO(data)), name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise badly_packed(name, error) from None
    except (OSError, ValueError) as error:
        message, hints = f"{name} cannot be read: {said(error)}", list[str]()
        if isinstance(error, IsADirectoryError):
            message = f"{name} is a directory, not a file"
            hints = [f"for all files in it: --data '{path}/*'"]
        elif isinstance(error, FileNotFoundError):
            message, hints = f"there is no file {name}", ["check the path"]
        raise CannotRead(message, hints=hints) from None
    return name, data


def _all_of(file: IO[bytes] | Any, name: str) -> bytes:
    """All that a file has, as far as memory holds it with the columns made of it. Raises CannotRead."""
    most, pieces, size = available() / 4, list[bytes](), 0
    if isinstance(file, io.BufferedReader) and stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
        most = min(most, _DEVICE)
    if isinstance(file, io.BufferedReader):  # at once: joining pieces takes as long as reading them
        known = os.fstat(file.fileno()).st_size
        if 0 < known <= most:
            pieces.append(file.read(known))
            size = len(pieces[0])
    while size <= most and (piece := file.read(_PIECE)):
        pieces.append(piece)
        size += len(piece)
    if size > most:
        message = (
            f"{name} has more than {shown(most / 1e9, 2)} GB, which memory does not hold as a table"
        )
        hints = ["let it be read in batches: --memory 100M", "or give fewer rows or columns"]
        if name == "<stdin>" or not os.path.isfile(name):
            hints = [
                "a pipe can be read once only: write it into a file, to be read pass after pass"
            ]
        raise CannotRead(message, hints=hints)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def said(error: Exception) -> str:
    """What an error of reading says, in a line."""
    if isinstance(error, OSError) and error.strerror:
        return reason(error)
    return shortened(str(error).splitlines()[0] if str(error) else type(error).__name__, 100)


def expanded(paths: Sequence[str]) -> Iterator[str]:
    """The files that paths and patterns mean. Raises CannotRead."""
    for path in paths:
        if path == STANDARD or os.path.exists(path) or not has_magic(path):
            yield path
            continue
        found = sorted(glob(path, recursive=True))
        if not found:
            raise CannotRead(f"no file is like {path}", hints=["check the pattern after --data"])
        yield from found


def kind_of(path: str, head: bytes, name: str) -> str:
    """What kind of file begins so: `text`, `parquet`, `arrow` or `stream`. Raises BadData for one that is not
    what its path says."""
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "text")
    plain = path.removesuffix(".gz")
    if plain.endswith((*_PARQUET, *_ARROW)) and kind == "text":
        message = f"{name} is no {'Parquet' if plain.endswith(_PARQUET) else 'Arrow'} file"
        raise BadData(message, where=name, hints=["copy it again; a text is called .csv or .tsv"])
    return kind


def is_parquet(path: str) -> bool:
    """Whether a path is of a file of Parquet that is not packed otherwise, and that memory holds."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > available() / 4:
            return False
        with open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    except (OSError, ValueError):
        return False  # which is said where all of it is read


def badly_packed(name: str, error: Exception) -> BadData:
    """The error for a file that cannot be unpacked."""
    if isinstance(error, EOFError):
        message = f"{name} ends in the middle of its compressed data"
        return BadData(message, where=name, hints=["it may be cut off: copy it again"])
    message = f"{name} cannot be unpacked: {said(error)}"
    return BadData(message, where=name, hints=["it may be damaged: copy it again"])


def cut_off(name: str, kind: str, error: Exception) -> BadData:
    """The error for a file of a kind that is not read as one."""
    what = "Parquet" if kind == "parquet" else "Arrow"
    message = f"{name} cannot be read as {what}: {said(error)}"
    return BadData(message, where=name, hints=["it may be cut off: copy it again"])
