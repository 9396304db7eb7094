"""Files of Parquet: read as a whole, and written piece by piece."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow

from backprop.data_columns import piece_of
from backprop.loops.domains import Reals

_BUFFER = 1 << 20
"""Bytes of a column that are read at a time."""


def of_parquet(file: Any) -> Any:
    """All of the columns of a file, a path or a stream. Raises what pyarrow does."""
    from pyarrow import parquet  # for these files only

    with parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as opened:
        columns = opened.read()
    pyarrow.default_memory_pool().release_unused()  # several times what the columns take
    return columns


def as_parquet(parts: Iterable[Mapping[str, Reals]]) -> Iterator[bytes]:
    """Columns as a file of Parquet, piece by piece. parts: rows below one another."""
    from pyarrow import parquet

    out, writer = _Pieces(), None
    for columns in parts:
        pieces = [*map(piece_of, columns.values())]
        table = pyarrow.Table.from_arrays(pieces, names=[*columns])
        if writer is None:
            writer = parquet.ParquetWriter(pyarrow.PythonFile(out, "w"), table.schema)
        writer.write_table(table)
        yield out.taken()
    if writer is not None:
        writer.close()
    yield out.taken()


class _Pieces(io.RawIOBase):
    """Keeps what is written until somebody takes it."""

    def __init__(self) -> None:
        self._kept, self._before = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept += data
        return len(data)

    def tell(self) -> int:
        return self._before + len(self._kept)

    def taken(self) -> bytes:
        """What was written since."""
        found = bytes(self._kept)
        self._before += len(found)
        self._kept.clear()
        return found
