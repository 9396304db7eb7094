"""The one table of all comparisons, printed when the run ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

HEAD = ("what", "against", "backprop", "peer", "ratio", "limit", "memory: backprop, peer")


@dataclass
class Table:
    """Rows of text by title. `ratio` is backprop's time by the peer's, below 1 where it is faster."""

    sections: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def add(
        self,
        section: str,
        what: str,
        against: str,
        ours: str = "",
        theirs: str = "",
        ratio: float | None = None,
        limit: float | None = None,
        memory: tuple[float | None, float | None] = (None, None),
        most: float | None = None,
    ) -> None:
        """limit: of the ratio. memory: bytes, of backprop and of the peer. most: their limit."""
        shown = [_bytes(size) for size in memory]
        allowed = _bytes(most) if limit is None else f"{limit:.3g}"
        row = (
            what,
            against,
            ours,
            theirs,
            "" if ratio is None else f"{ratio:.3g}",
            f"<= {allowed}" if allowed else "",
            ", ".join(shown) if any(shown) else "",
        )
        self.sections.setdefault(section, []).append(row)

    def lines(self) -> list[str]:
        """The table, its columns as wide as they must be."""
        rows = [HEAD, *(row for rows in self.sections.values() for row in rows)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
        lines = [
            "ratio: backprop's time by the peer's, the median over turns; memory: the peak, or what is held"
        ]
        for title, body in sorted(self.sections.items()):
            lines += [
                "",
                title,
                _line(HEAD, widths),
                _line(["-" * width for width in widths], widths),
            ]
            lines += [_line(row, widths) for row in body]
        return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.ljust(width) if at in (0, 1, 6) else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _bytes(size: float | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size:,.0f} B"


def nanoseconds(seconds: float) -> str:
    """A time in nanoseconds, with three digits at least."""
    return f"{seconds * 1e9:.3g} ns" if seconds < 1e-7 else f"{seconds * 1e9:,.0f} ns"


def duration(seconds: float) -> str:
    """A time with three digits and a unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
