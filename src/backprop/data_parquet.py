"""Columns as a file of Parquet, which is written piece by piece."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow

from backprop.data_columns import piece_of
from backprop.loops.domains import Reals


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
