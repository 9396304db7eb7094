"""Whole numbers of texts that no double is: looked for where a column has numbers of that size."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy
import pyarrow
from pyarrow import csv as arrow_csv

from backprop.data_columns import truths
from backprop.data_lines import TextForm, lines_above, unpacked
from backprop.loops.domains import Reals

EXACT = 2.0**53
"""Up to here all whole numbers are doubles."""

_HEAD = 1 << 16
"""Bytes in which the first line is that has something in it."""

_WHOLE = r"^\s*[+-]?[0-9]{16,}\s*$"


def has_beyond(numbers: Reals) -> bool:
    """Whether some number is so large that whole numbers beside it are none. numbers: nan where there is
    none."""
    if not len(numbers):
        return False
    return bool(numpy.fmax.reduce(numbers) >= EXACT or numpy.fmin.reduce(numbers) <= -EXACT)


def first_rounded(whole: Any, numbers: Reals) -> tuple[int, int] | None:
    """The first place in a column of whole numbers where one is another as a double, and that number."""
    for at in numpy.flatnonzero(numpy.abs(numbers) >= EXACT).tolist():
        number = whole[at].as_py()
        if number != int(numbers[at]):
            return at, number
    return None


def rounded_in(
    text: bytes | str, form: TextForm, names: Sequence[str], column: str
) -> tuple[int, int] | None:
    """The first row, counted from 0, in which a column has a whole number that is another one as a double,
    and that number. text: that, or the path of a file that is not in memory, which is read again, once.
    names: of all columns."""
    if isinstance(text, str):
        try:
            found = os.stat(text)
        except OSError:
            return None
        written = found.st_size, found.st_mtime_ns, found.st_ino
        return _of_file(text, written, form, tuple(names), column)
    return _first(text, form, names, column)


@lru_cache(256)
def _of_file(
    path: str, written: tuple[int, ...], form: TextForm, names: tuple[str, ...], column: str
) -> tuple[int, int] | None:
    """As `rounded_in`, once for a file as it was written."""
    return _first(path, form, names, column)


def _first(
    text: bytes | str, form: TextForm, names: Sequence[str], column: str
) -> tuple[int, int] | None:
    from pyarrow import compute  # which takes 60 ms

    parsing = arrow_csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=True)
    converting = arrow_csv.ConvertOptions(
        column_types={column: pyarrow.string()}, include_columns=[column]
    )
    before = 0
    try:
        with io.BytesIO(text) if isinstance(text, bytes) else unpacked(text) as file:
            reading = arrow_csv.ReadOptions(
                column_names=names,
                skip_rows=lines_above(file.read(_HEAD)),
                skip_rows_after_names=int(form.header),
                block_size=1 << 24,
            )
            file.seek(0)
            for batch in arrow_csv.open_csv(file, reading, parsing, converting):
                cells = batch.column(0)
                whole = compute.match_substring_regex(cells, _WHOLE)
                places = numpy.flatnonzero(truths(whole))
                for at, cell in zip(places.tolist(), chain(cells.filter(whole)), strict=True):
                    number = int(cell.as_py())
                    if abs(number) < 1 << 1023 and int(float(number)) != number:
                        return before + at, number
                before += batch.num_rows
    except (pyarrow.ArrowException, OSError, EOFError, zlib.error):
        return None  # which is said where all of it is read
    return None
