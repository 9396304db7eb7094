"""Many members of a family as one argument: `w[1,*]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from backprop.language.arguments import Members
from backprop.syntax.parser import Statement


class NotLoops(Exception):
    """What a text says cannot be read as loops over arrays, or is wrong.

    reason: in words that stand after "since". statement: the one that it is about, if it is known.
    """

    statement: Statement | None = None

    @property
    def reason(self) -> str:
        return str(self.args[0])


@contextmanager
def about(statement: Statement) -> Iterator[None]:
    """Say of which statement that is true what cannot be read inside."""
    try:
        yield
    except NotLoops as error:
        error.statement = error.statement or statement
        raise


End = tuple[int, int | None]
"""A number, or 0 and a row."""


class Slot(NamedTuple):
    """What stands at one position of `w[1,*]`: a row, or, where it is open, its ends, if it has any."""

    low: int | None
    high: int | None
    is_open: bool = True


class Variable(NamedTuple):
    """The variable of a clause: the row of its numbers."""

    node: int


class Many(Members):
    """Members of a family: its name, and what stands at each position."""

    __slots__ = ()

    def __new__(cls, family: str, pattern: tuple[Slot, ...]) -> Many:
        return super().__new__(cls, family, pattern)  # type: ignore[arg-type]

    @property
    def family(self) -> str:
        return self.text

    @property
    def pattern(self) -> tuple[Slot, ...]:
        return self[1]  # type: ignore[return-value]

    def ends(self) -> list[int]:
        """The rows in its indices."""
        found = [end for each in self.pattern for end in (each.low, each.high)]
        return [row for row in found if row is not None]

    def filled(self, rows: Sequence[int]) -> list[int]:
        """The indices of the members, where those left open are these rows."""
        given = iter(rows)
        found = [next(given, None) if each.is_open else each.low for each in self.pattern]
        if None in found or next(given, None) is not None:
            raise NotLoops("a family is read with another number of indices")
        return [row for row in found if row is not None]

    def narrowed(self, pattern: Sequence[Slot]) -> Many:
        """Those whose open indices are narrowed down."""
        given = iter(pattern)
        found = [next(given, None) if each.is_open else each for each in self.pattern]
        limited = any(
            each.is_open and (each.low, each.high) != (None, None) for each in self.pattern
        )
        if None in found or next(given, None) is not None or limited:
            raise NotLoops("a family is read with another number of indices")
        return Many(self.family, tuple(each for each in found if each is not None))


def open_extents(many: Many, extents: Sequence[tuple[int, int]]) -> list[tuple[End, End]]:
    """For each open index the least and the largest number: of the family, or a row that says. extents: of
    the family's indices."""
    if len(extents) != len(many.pattern):
        raise NotLoops("a family is read with another number of indices")
    found: list[tuple[End, End]] = []
    for (low, high), asked in zip(extents, many.pattern, strict=True):
        if asked.is_open:
            least = (low, None) if asked.low is None else (0, asked.low)
            most = (high, None) if asked.high is None else (0, asked.high)
            found.append((least, most))
    return found
