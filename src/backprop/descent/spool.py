"""Long columns of numbers of which only the last ones are in memory: the others wait in a file."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import IO, Any, TypeAlias, overload

_CELLS = 1 << 18
"""About how many numbers of all columns are in memory: 2 MiB."""

_LEAST = 64
"""A column has at least so many there, for the sake of speed."""

TypeCode = str
"""The type of the numbers, as `array` has it: "d" or "q"."""


class Spool:
    """Makes columns, all before the first number comes, whose pieces go to one file as they grow.

    folder: where the file is, which has no name and is gone when nobody looks at it any more;
    where it cannot be made, or grows no further, the pieces stay in memory.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._columns: list[SpooledColumn] = []
        self._file: IO[bytes] | None = None
        self._end = 0
        self._full = False
        self.piece = _CELLS
        """How many numbers a piece has."""

    def column(self, code: TypeCode) -> SpooledColumn:
        """A new column of numbers of this type."""
        self._columns.append(column := SpooledColumn(self, code))
        self.piece = max(_LEAST, _CELLS // len(self._columns))
        return column

    def grown(self) -> None:
        """Each column has a number more: put their pieces away when they are long enough."""
        if self._columns[0].waiting > self.piece:
            for column in self._columns:
                column.shorten()

    def put(self, piece: array[Any]) -> int | array[Any]:
        """Keep a piece; what `get` asks for to give it back."""
        if not self._full:
            try:
                if self._file is None:
                    import tempfile  # for long runs only
                    import weakref

                    self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  see below
                    weakref.finalize(self, self._file.close)
                begin = self._file.seek(self._end)
                self._file.write(piece.tobytes())
                self._file.flush()
                self._end = self._file.tell()
            except OSError:
                self._full = True
            else:
                return begin
        return piece

    def get(self, kept: int | array[Any], code: TypeCode, first: int, count: int) -> array[Any]:
        """So many numbers of a piece, from the first of them on. Raises OSError."""
        if not isinstance(kept, int):
            return kept[first : first + count]
        assert self._file is not None
        found = array(code)
        self._file.seek(kept + first * found.itemsize)
        found.frombytes(self._file.read(count * found.itemsize))
        return found


class SpooledColumn(Sequence[float]):
    """A column of a Spool. `append` and `pop` are those of an array, and as fast."""

    def __init__(self, spool: Spool, code: TypeCode) -> None:
        self._spool = spool
        self._code = code
        self._pieces: list[int | array[Any]] = []
        self._last: array[Any] = array(code)
        self.append, self.pop = self._last.append, self._last.pop

    @property
    def waiting(self) -> int:
        """How many numbers are in memory."""
        return len(self._last)

    def shorten(self) -> None:
        """Put a piece away, if there is more than that: the last number may be taken back."""
        if len(self._last) > self._spool.piece:
            self._pieces.append(self._spool.put(self._last[: self._spool.piece]))
            del self._last[: self._spool.piece]

    def tolist(self) -> list[float]:
        """All of it."""
        return list(self)

    def __len__(self) -> int:
        return len(self._pieces) * self._spool.piece + len(self._last)

    def __iter__(self) -> Iterator[float]:
        for kept in self._pieces:
            yield from self._spool.get(kept, self._code, 0, self._spool.piece)
        yield from self._last

    @overload
    def __getitem__(self, at: int) -> float: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[float]: ...
    def __getitem__(self, at: int | slice) -> float | Sequence[float]:
        places = range(len(self))[at]
        if isinstance(places, range):
            return array(self._code, map(self._at, places))
        return self._at(places)

    def _at(self, place: int) -> float:
        number, rest = divmod(place, self._spool.piece)
        cells, first = self._last, place - len(self._pieces) * self._spool.piece
        if number < len(self._pieces):
            cells, first = self._spool.get(self._pieces[number], self._code, rest, 1), 0
        found: float = cells[first]
        return found


GrowingColumn: TypeAlias = "array[Any] | SpooledColumn"
"""A column of a history."""
