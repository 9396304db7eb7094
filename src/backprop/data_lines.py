"""Tables as texts, line by line: where a row stands, and what is wrong with what is no table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple

from backprop.errors import BadData
from backprop.language.headers import is_number

WRITE_AS = ["write it as CSV, TSV, Parquet or Arrow"]
"""What to do with another file."""

_PACKED = {
    b"BZh": "this is packed by bzip2",
    b"\xfd7zXZ": "this is packed by xz",
    b"(\xb5/\xfd": "this is packed by zstd",
}

_OTHERS = {
    b"PK\x03\x04": "this is a spreadsheet or an archive",
    b"\xd0\xcf\x11\xe0": "this is a spreadsheet of an old kind",
    b"%PDF": "this is a PDF",
    b"{": "this looks like JSON",
    b"[": "this looks like JSON",
    b"<": "this looks like a page of the web",
}
"""How files begin that people take for tables."""

_EMPTY = re.compile(rb"(?:\r?\n)+")

_QUOTED = re.compile(r'"[^"]*"?')

_BINARY = 4
"""So many bytes are there where more than one letter is looked at."""

_FAR = 2_000_000
"""Of more rows lines of files that are not in memory are not counted."""

_LONGEST = 1 << 30
"""The longest cell of a text."""

MISSING = ("", "NA", "N/A", "#N/A", "null", "NULL", "None")
"""What stands in a cell that has no number."""


class TextForm(NamedTuple):
    """How files of text are read. delimiter: "" for what the name of the file says, or its first line.
    decimal: what stands before the digits of a fraction. header: whether the first line has names."""

    delimiter: str = ""
    decimal: str = "."
    header: bool = True


def line_of(text: bytes | str, form: TextForm, row: int) -> int:
    """The line in which a row begins, counted from 0; 0 where that takes long to find. text: that, or the
    path of a file that is not in memory."""
    if isinstance(text, bytes):
        found = islice(_rows(io.BytesIO(text), form), row + form.header, None)
        return next(found, (0, []))[0]
    if row > _FAR:
        return 0
    try:
        with unpacked(text) as file:
            found = islice(_rows(file, form, "replace"), row + form.header, None)
            return next(found, (0, []))[0]
    except (OSError, EOFError, csv.Error):
        return 0


def unpacked(path: str) -> IO[bytes]:
    """A file, read as what it has packed if that is so."""
    import gzip  # for these files only

    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else open(path, "rb")  # type: ignore[return-value]


def _rows(
    file: IO[bytes], form: TextForm, errors: str = "strict"
) -> Iterator[tuple[int, list[str]]]:
    """The rows of a text that are not empty, each with its line; the first one may be of names."""
    reader = cells_of(file, form, errors)
    line = 1
    for cells in reader:
        if cells:
            yield line, cells
        line = reader.line_num + 1


def cells_of(file: IO[bytes], form: TextForm, errors: str = "replace") -> Any:
    """The reader of a text that gives the cells of each row."""
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST))
    text = io.TextIOWrapper(file, "utf-8-sig", errors, newline="")
    return csv.reader(text, delimiter=form.delimiter)


def unlike_table(name: str, data: bytes, form: TextForm, why: str) -> BadData:
    """The error for a text that is no table: for the first row with more or fewer cells than the first one,
    or else for what a reader says."""
    if other := other_kind(name, data):
        return other
    due = 0
    try:
        for line, cells in _rows(io.BytesIO(data), form):
            due = due or len(cells)
            if len(cells) != due:
                return ragged(f"{name}:{line}", cells, due, form)
    except csv.Error as error:
        why = str(error)
    return BadData(f"this cannot be read as a table: {why}", where=name, hints=WRITE_AS)


def other_kind(name: str, data: bytes) -> BadData | None:
    """The error for a file that begins as some do that are no tables."""
    for begin, what in _PACKED.items():
        if data.startswith(begin):
            return BadData(what, where=name, hints=["unpack it, or pack it by gzip"])
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    for begin, what in _OTHERS.items():
        if start.startswith(begin):
            return BadData(f"{what}, and no table", where=name, hints=WRITE_AS)
    return None


def ragged(where: str, row: Sequence[str], due: int, form: TextForm) -> BadData:
    """The error for a row of cells, where so many were due."""
    cells = len(row)
    message = f"{cells} cell{'s' if cells != 1 else ''}, where the first line has {due}"
    hints = ["write a cell for each column, an empty one where there is no number"]
    if open_ := [cell for cell in row if "\n" in cell]:
        hints = cell_hints(open_[-1], True)
    elif due == 1:
        hints = ["the first line has the names of the columns: take out what stands above it"]
    elif cells > due and form.delimiter == "," and form.decimal == ".":
        hints.append("if numbers have a decimal comma: --delimiter ';' --decimal ,")
    return BadData(message, where=where, hints=hints)


def check_utf8(name: str, data: bytes, is_whole: bool = True) -> None:
    """Raise BadData for a text that is no UTF-8. is_whole: whether it is all, or may end within a letter."""
    binary = (*_PACKED, *(each for each in _OTHERS if len(each) == _BINARY))
    if data.startswith(binary) and (other := other_kind(name, data)):
        raise other
    try:
        if not data.isascii():
            codecs.getincrementaldecoder("utf-8")().decode(data, is_whole)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02X} is no UTF-8"
        raise BadData(message, where=f"{name}:{line}", hints=["save the file as UTF-8"]) from None


def cell_hints(cell: str, is_text: bool, decimal: str = ".") -> list[str]:
    """What to do about a cell that is no number. is_text: whether it stands in a file of text. decimal: as of
    TextForm."""
    bare = cell.strip()
    whole, comma, part = bare.partition(",")
    if "\n" in cell:
        return ['a quote, ", opens this cell, and is closed on another line or never']
    if decimal != "." and is_number(bare):
        return [f"its decimal sign is ., and --decimal says {decimal}"]
    if is_text and comma and is_number(f"{whole}.{part}"):
        found = ["if it has a decimal comma: --decimal ,"]
        if len(part) == 3:
            found.append("if the comma is one of thousands, write the number without it")
        return found
    if bare.lower() in ("true", "false", "yes", "no"):
        return ["write 1 and 0"]
    if bare[-1:] == "%" and is_number(bare[:-1]):
        return ["write the number without its %"]
    return ["write a number, or nothing at all and leave such rows out: --skip-missing"]


def lines_above(data: bytes) -> int:
    """How many empty lines stand above the first one."""
    found = _EMPTY.match(data)
    return found[0].count(b"\n") if found else 0


def delimiter_of(path: str, data: bytes) -> str:
    """What stands between cells: what occurs most often in the first line."""
    if path.endswith((".tsv", ".tab")):
        return "\t"
    end = data.find(b"\n")
    first = data[: end if end >= 0 else len(data)]  # of which alone a copy is made
    line = first.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    bare = _QUOTED.sub("", line)
    return max(",\t;|", key=(bare if any(each in bare for each in ",\t;|") else line).count)
