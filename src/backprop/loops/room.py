"""How much memory loops may take: it is counted before anything is made."""

from __future__ import annotations

from backprop.errors import Label, TooLarge
from backprop.memory import available
from backprop.numbers import shown
from backprop.source import Span

COMBINATION = 60
"""Bytes for a combination of indices, as measured: a member's value and gradient, what the file gives it,
whose it is, and where it stands in the file."""

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
    refused: the error that was raised, if one was."""

    def __init__(self) -> None:
        self.free = float(available())
        self.closed = False
        self.refused: TooLarge | None = None
        self._taken = 0.0

    def take(self, combinations: float, span: Span) -> None:
        """Count combinations that are about to be made. Raises TooLarge for more than memory holds."""
        if self.closed:
            return
        self._taken += combinations
        if self._taken * COMBINATION > self.free:
            what = f"{self._taken:,.0f} combinations of indices"
            self.refused = too_large(what, self._taken * COMBINATION, self.free, span)
            raise self.refused
