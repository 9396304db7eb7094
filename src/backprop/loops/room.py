"""How much memory loops may take: it is counted before anything is made."""

from __future__ import annotations

from math import inf

from backprop.errors import Label, TooLarge
from backprop.memory import available
from backprop.numbers import shown
from backprop.source import Span

MEMBER = 30
"""Bytes of a member, as measured: its value and gradient, what the file gives it, whose it is, and whether it
leads to the output."""

UNEVENLY = 100
"""Bytes of a combination whose indices go on unevenly, as measured: as arrays, with what is read there."""

NAMED = 280
"""Bytes more of a member that has bounds, as measured: its name is made, and kept."""

CONDITION = 100
"""Bytes more of a combination that a condition is for, as measured."""

EVENLY = 8
"""Bytes of a combination of a sum whose indices go on evenly: as one array of them has. Those that are gone
through some at a time, and machine code, have none."""

SMALLER = "take smaller ranges"


def size(amount: float) -> str:
    """Bytes in words: 80 GB."""
    units = iter(("kB", "MB", "GB", "TB"))
    unit = next(units)
    amount /= 1000
    while amount >= 1000 and (larger := next(units, "")):
        amount, unit = amount / 1000, larger
    return f"{amount:,.0f} {unit}" if amount >= 10 else f"{shown(amount, 2)} {unit}"


def too_large(what: str, needed: float, free: float, span: Span) -> TooLarge:
    """The error for what needs more memory than is free. what: a plural."""
    message = f"{what} need about {size(needed)} of memory, and {size(free)} are free"
    return TooLarge(message, Label(span, "too many"), hints=[SMALLER])


class Room:
    """Counts the combinations of indices of a text. closed: while what has been counted is read again.
    refused: the error that was raised, if one was. needed: bytes, of all
    that has been counted."""

    def __init__(self) -> None:
        self.free = float(available())
        self.closed = False
        self.refused: TooLarge | None = None
        self._taken = self.needed = 0.0

    def end(self) -> None:
        """All has been counted: what machine code is made of is read again."""
        self.free = inf

    def take(self, combinations: float, span: Span, taken: int, evenly: bool) -> None:
        """Count combinations that are about to be made, that take so many bytes each, or at
        least those of a member where their indices go on unevenly. Raises TooLarge for more than memory
        holds."""
        if self.closed:
            return
        self._taken += combinations
        self.needed += combinations * (taken if evenly else max(taken, UNEVENLY))
        if self.needed > self.free:
            what = f"{self._taken:,.0f} combinations of indices"
            self.refused = too_large(what, self.needed, self.free, span)
            raise self.refused
