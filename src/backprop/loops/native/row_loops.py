"""Loops over the combinations of domains, the outermost over rows, several at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import chain

import numpy

from backprop.chain.walk import NOTHING, Operand
from backprop.loops.domains import Domain
from backprop.loops.native.adding import Adding

CHUNK = 32
"""So many tiles of rows, or times, are summed one after the other before their sum is added to others."""


class RowLoop:
    """A loop over rows, while it is written. head: where in the lines what comes before it belongs.
    valid: which lanes are no row a second time; "" for all. slots: of what is outside, by row. sums: slots
    of what a tile adds up, of all, and of what rounding takes from these. again: whether there are several
    chunks. tiles: of what the tiles of a
    chunk do, where a tile adds often."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.valid = ""
        self.again = False
        self.slots: dict[int, tuple[str, str, str]] = {}
        self.sums: list[tuple[str, str, str]] = []
        self.tiles: dict[str, str] = {}
        self.partials: dict[int, tuple[str, str, int, int]] = {}


class RowLoops(Adding):
    """Loops, one in the other. vector: of each domain of rows how many of them are run at once, and whether
    all are alike."""

    vector: dict[Domain, tuple[int, bool]]
    _rows: RowLoop | None = None
    _now: Domain

    @abstractmethod
    def _bring(self, row: int, share: Operand[str]) -> None:
        """Add to the gradient of a row."""

    def _inside(self, domain: Domain, inside: Callable[[], None], adds: bool) -> None:
        """A loop over the combinations of a domain that extend the one here, which `inside` writes. adds:
        whether it may add to sums outside."""
        if domain.depth == 1:
            self._row_loop(domain, inside)
            return
        parent = domain.parent
        assert parent is not None
        code, grid = self.code, self._grid(parent)
        if domain.each >= 0:
            count = str(domain.each)
            start = self._times(self._r[parent], domain.each)
        else:
            size = grid.size if grid.size >= 0 else parent.size
            counts = domain.first(size)
            tables = counts, numpy.cumsum(counts) - counts
            count, start = (
                code.load(
                    code.at(
                        self.arrays.table(numpy.ascontiguousarray(each)), self._r[parent], "i64"
                    ),
                    "i64",
                )
                for each in tables
            )

        def within(at: str) -> None:
            self._k[domain] = at
            self._r[domain] = self._whole_sum(start, at)
            inside()

        if adds:
            self._summing_loop(count, domain.most, within)
        else:
            self._loop("0", count, within)

    def _row_loop(self, domain: Domain, inside: Callable[[], None]) -> None:
        code, n = self.code, domain.size
        width, alike = self.vector[domain]
        outer, rows = self._rows, RowLoop(len(code.lines))
        self._rows, self.partials, self.added = rows, rows.partials, {}
        loops, self._loops = self._loops, []
        was, self._alike = self._alike, alike
        tiles = -(-n // width)

        def tile(at: str) -> None:
            code.width, self._valid = width, n if n < width else 0
            self._row = at
            rows.valid = ""
            if n <= width > 1:
                self._row = "0"
                rows.valid = self._mask() if self._valid else ""
            elif width > 1:
                first = self._times(at, width)
                self._row = code.emit(f"call i64 @llvm.umin.i64(i64 {first}, i64 {n - width})")
                if n % width:
                    lanes = ", ".join(f"i64 {lane}" for lane in range(width))
                    base = self._splat(self._row, "i64")
                    mine = code.emit(f"add {code.type('i64')} {base}, <{lanes}>")
                    begin = self._splat(first, "i64")
                    rows.valid = code.emit(f"icmp uge {code.type('i64')} {mine}, {begin}")
            self._k[domain], self._r[domain] = self._row, "0" if alike else self._row
            before = self._labels
            inside()
            if self._labels > before:
                self._end_tile(rows)
            code.width = 1
            self._end_turn(at, min(tiles, CHUNK))

        self._in_chunks(tiles, tile, rows, width)
        self._before(rows, width)
        self._rows, self._alike, self.partials, self._loops = outer, was, None, loops
        self._now = self.columns.whole
        self._after(rows, width)

    def _in_chunks(
        self,
        count: int,
        inside: Callable[[str], None],
        rows: RowLoop,
        width: int,
        down: bool = False,
    ) -> None:
        """A loop, after each CHUNK turns of which what these have summed up is added to the whole."""
        code, rows.again = self.code, count > CHUNK

        def chunk(at: str) -> None:
            first = self._times(at, CHUNK)
            end = code.emit(f"add i64 {first}, {CHUNK}")
            end = code.emit(f"call i64 @llvm.smin.i64(i64 {end}, i64 {count})")
            self._loop(first, end, inside, down)
            self._flush(rows, width)

        if rows.again:
            self._loop("0", str(-(-count // CHUNK)), chunk, down)
        else:
            self._loop("0", str(count), inside, down)
            self._flush(rows, width)

    def _end_tile(self, rows: RowLoop) -> None:
        """Add what the loops of one tile have summed up to what those before it have."""
        for inner, _, _ in rows.sums:
            rows.tiles[inner] = self._slot(None)
            self._move(inner, rows.tiles[inner])

    def _flush(self, rows: RowLoop, width: int) -> None:
        """Add what the lanes have summed up to what they had before."""
        code = self.code
        code.width = width
        for inner, whole, rest in rows.sums:
            self._move(rows.tiles.get(inner, inner), whole, rest)
        code.width = 1
        for number in self.partials or ():
            self._flush_partial(number, rows.again)
        if self._in_time:
            self._carry(self._in_time)

    def _before(self, rows: RowLoop, width: int) -> None:
        """What belongs before the loop: lanes begin with nothing."""
        self.code.width = width
        nothing = self.code.write(NOTHING)
        slots = filter(None, (*chain.from_iterable(rows.sums), *rows.tiles.values()))
        lines = [f"  store {self.code.double} {nothing}, ptr {slot}" for slot in slots]
        self.code.width = 1
        self.code.lines[rows.head : rows.head] = lines

    def _after(self, rows: RowLoop, width: int) -> None:
        """What rows bring to what is outside."""
        for row, slots in rows.slots.items():
            self._bring(row, self._total(slots, width))

    def across(self, slot: str, width: int, name: str = "+") -> Operand[str]:
        """All lanes of a slot together, two by two."""
        code = self.code
        code.width = width
        text = self._get(slot)
        while code.width > code.native:  # in the same order as single lanes
            halves: list[Operand[str]] = [*code.alternating(text)]
            code.width //= 2
            text = code.write(code.value(name, halves))
        width, double = code.width, code.double
        code.width = 1
        if width == 1:
            return text
        parts: list[Operand[str]] = [
            code.emit(f"extractelement {double} {text}, i32 {lane}") for lane in range(width)
        ]
        while len(parts) > 1:
            parts = [code.value(name, parts[at : at + 2]) for at in range(0, len(parts), 2)]
        return parts[0]

    def _masked(self, number: Operand[str], otherwise: float) -> Operand[str]:
        """A number where a lane is no row a second time."""
        if self._rows and self._rows.valid:
            return self.code.chosen(self._rows.valid, number, otherwise)
        return number

    def _row_sum(self) -> tuple[str, str, str]:
        """Slots for a sum over all rows: of a chunk, of all, and of what rounding takes from that."""
        assert self._rows
        rest = self._slot(None) if self._rows.again else ""
        slots = self._slot(None), self._slot(None), rest
        self._rows.sums.append(slots)
        return slots

    def _total(self, slots: tuple[str, str, str], width: int) -> Operand[str]:
        """The sum over all rows."""
        _, whole, rest = slots
        found = self.across(whole, width)
        return self.code.value("+", [found, self.across(rest, width)]) if rest else found
