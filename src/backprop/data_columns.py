"""Columns of pyarrow as arrays of NumPy, by their memory: `to_numpy` imports pandas, where that is installed,
which takes longer than to read a million rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy
import pyarrow
from numpy.typing import NDArray

from backprop.loops.domains import Reals, Wholes

_KINDS = {
    "double": numpy.float64, "float": numpy.float32, "halffloat": numpy.float16,
    "int8": numpy.int8, "int16": numpy.int16, "int32": numpy.int32, "int64": numpy.int64,
    "uint8": numpy.uint8, "uint16": numpy.uint16, "uint32": numpy.uint32, "uint64": numpy.uint64,
}  # fmt: skip
"""What numbers are in memory, by what pyarrow calls them."""


def has_numbers(column: Any) -> bool:
    """Whether the memory of a column has its numbers."""
    return str(column.type) in _KINDS


def doubles(column: Any) -> Reals:
    """The numbers of a column that has some, nan for missing ones. Of one piece of doubles it is the memory
    of that, which is not to be written to."""
    kind = _KINDS[str(column.type)]
    chunks = [each for each in column.chunks if len(each)]
    if len(chunks) == 1 and kind is numpy.float64 and not chunks[0].null_count:
        return _memory(chunks[0], kind)
    found, at = numpy.empty(len(column)), 0
    for each in chunks:
        part = found[at : at + len(each)]
        part[:] = _memory(each, kind)
        if each.null_count:
            part[missing_of(each)] = numpy.nan
        at += len(each)
    return found


def piece_of(numbers: Reals) -> Any:
    """Doubles as a piece of a column: their memory, which is not to be written to any more."""
    whole = [None, pyarrow.py_buffer(numpy.ascontiguousarray(numbers, dtype=float))]
    return pyarrow.Array.from_buffers(pyarrow.float64(), len(numbers), whole)


def text_of(text: str) -> Any:
    """A text to compare columns with."""
    data = text.encode()
    offsets = numpy.array([0, len(data)], dtype=numpy.int32)
    return pyarrow.StringArray.from_buffers(1, pyarrow.py_buffer(offsets), pyarrow.py_buffer(data))[
        0
    ]


def codes_of(columns: Iterable[Any]) -> tuple[Wholes, list[str]]:
    """Which text stands in each row of columns of texts below one another, -1 where none does; and these
    texts, each once, in the order of the rows."""
    chunks = [chunk for each in columns for chunk in each.chunks if len(chunk)]
    if not chunks:
        return numpy.zeros(0, dtype=numpy.int64), []
    found = pyarrow.chunked_array(chunks, pyarrow.string()).combine_chunks().dictionary_encode()
    if isinstance(found, pyarrow.ChunkedArray):  # of texts that take more than 2 GiB
        found = found.unify_dictionaries().combine_chunks()
    codes = numpy.full(len(found), -1, dtype=numpy.int64)
    there = ~missing_in(pyarrow.chunked_array([found.indices]))
    codes[there] = _memory(found.indices, numpy.int32)[there]
    return codes, found.dictionary.to_pylist()


def missing_in(column: Any) -> NDArray[numpy.bool_]:
    """Which cells of a column have nothing in them."""
    found = numpy.zeros(len(column), dtype=bool)
    if not column.null_count:
        return found
    at = 0
    for each in column.chunks:
        found[at : at + len(each)] = missing_of(each)
        at += len(each)
    return found


def missing_of(piece: Any) -> NDArray[numpy.bool_]:
    """Which cells of a piece of a column have nothing in them."""
    if str(piece.type) == "null":
        return numpy.ones(len(piece), dtype=bool)
    bits = piece.buffers()[0]
    if bits is None or not piece.null_count:
        return numpy.zeros(len(piece), dtype=bool)
    return ~_bits(bits, piece)


def truths(column: Any) -> NDArray[numpy.bool_]:
    """Those of a column of truth values, or of a piece of one: what is missing is not true."""
    pieces = getattr(column, "chunks", [column])
    some = [_bits(each.buffers()[1], each) & ~missing_of(each) for each in pieces if len(each)]
    return numpy.concatenate(some) if some else numpy.zeros(0, dtype=bool)


def plain_table(columns: Any, names: Sequence[str]) -> Any:
    """A table with cells that everything in pyarrow takes, and with other names of its columns."""
    if names == columns.column_names and all(map(_is_plain, columns.columns)):
        return columns
    return pyarrow.table([*map(_with_plain_cells, columns.columns)], names=names)


def _is_plain(column: Any) -> bool:
    return bool(_with_plain_cells(column[:0]).type == column.type)


def _with_plain_cells(column: Any) -> Any:
    """A column with cells of the kind that everything in pyarrow takes: polars has views of texts, pandas
    types of its own."""
    views = pyarrow.string_view()
    if isinstance(column.type, pyarrow.BaseExtensionType):
        pieces = [each.storage for each in column.chunks]
        return _with_plain_cells(pyarrow.chunked_array(pieces, column.type.storage_type))
    if pyarrow.types.is_run_end_encoded(column.type):
        from pyarrow import compute  # which takes 60 ms

        return _with_plain_cells(compute.run_end_decode(column))
    if column.type == views:
        return column.cast(pyarrow.string())
    if not pyarrow.types.is_dictionary(column.type) or column.type.value_type != views:
        return column
    parts = [
        pyarrow.DictionaryArray.from_arrays(each.indices, each.dictionary.cast(pyarrow.string()))
        for each in column.chunks
    ]
    return pyarrow.chunked_array(parts) if parts else column.cast(pyarrow.string())


def _memory(piece: Any, kind: Any) -> NDArray[Any]:
    return numpy.frombuffer(piece.buffers()[1], kind, len(piece), piece.offset * kind().itemsize)


def _bits(bits: Any, piece: Any) -> NDArray[numpy.bool_]:
    begin = piece.offset // 8
    some = numpy.frombuffer(bits, numpy.uint8)[begin:]
    count = piece.offset - 8 * begin + len(piece)
    unpacked = numpy.unpackbits(some, count=count, bitorder="little")
    return unpacked[piece.offset - 8 * begin :].astype(bool)
