"""What a program has in memory as a table: arrays, sequences, frames, as columns of pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import pyarrow

from backprop.data_bytes import said
from backprop.data_files import MEMORY, DataFile, FileTable, with_plain_names
from backprop.data_lines import TextForm
from backprop.errors import BadData

_NONE = ("<NA>", "NaT")
"""What a cell of pandas without anything in it is as a text."""

_FAILS = TypeError, ValueError, OverflowError, KeyError, pyarrow.ArrowException


def from_memory(data: Any) -> FileTable:
    """The table of a mapping of sequences, or of what speaks Arrow, as pandas does. Raises BadData."""
    try:
        columns = _table(data)
    except _FAILS as error:
        message = f"these are no columns: {said(error)}"
        hints = [
            "give a mapping of sequences with a number for each row, or a table of pyarrow, pandas or polars"
        ]
        raise BadData(message, where=MEMORY, hints=hints) from None
    return FileTable([DataFile(MEMORY, with_plain_names(columns, MEMORY), None, TextForm())])


def _table(data: Any) -> Any:
    if isinstance(data, Mapping):
        for name in data:
            if not isinstance(name, str):
                raise TypeError(f"the name of a column is a text, and {name!r} is none")
        return pyarrow.table({name: _column(each) for name, each in data.items()})
    try:
        return pyarrow.table(data)
    except _FAILS:  # perhaps of a column alone that no equation uses
        names = [*getattr(data, "columns", ())]
        if not names or len({*names}) < len(names) or not hasattr(data, "__getitem__"):
            raise
        return pyarrow.table({str(name): _column(data[name]) for name in names})


def _column(some: Any) -> Any:
    """A column; one of texts where pyarrow has no kind for it: its cells are told where they are used."""
    if isinstance(some, pyarrow.Array | pyarrow.ChunkedArray):
        return some
    numbers = _numbers(some)
    if numbers is not None:
        # not `pyarrow.array`, which imports pandas where that is installed: half a second
        memory = [None, pyarrow.py_buffer(numbers)]
        return pyarrow.Array.from_buffers(
            pyarrow.from_numpy_dtype(numbers.dtype), len(numbers), memory
        )
    try:
        return pyarrow.array(some)
    except _FAILS:
        if not isinstance(some, Sequence) and getattr(some, "ndim", 1) != 1:
            raise
        return pyarrow.array([*map(_text, some)], pyarrow.string())


def _numbers(some: Any) -> Any:
    """An array of numbers as they are in memory, None of what is none."""
    if isinstance(some, list | tuple):
        kinds = {*map(type, some)}
        if kinds == {int} and all(abs(each) < 1 << 63 for each in some):
            return numpy.array(some, dtype=numpy.int64)
        return numpy.array(some, dtype=float) if kinds == {float} else None
    if type(some) is not numpy.ndarray or some.ndim != 1 or some.dtype.kind not in "iuf":
        return None
    kind = some.dtype.newbyteorder("=") if some.dtype.itemsize <= 8 else numpy.dtype(float)
    return numpy.ascontiguousarray(some, dtype=kind)


def _text(cell: Any) -> str | None:
    text = "" if cell is None else str(cell)
    return None if cell is None or text in _NONE else text
