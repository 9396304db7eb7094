"""What names lead to, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def led_to_by(first: Iterable[str], more: Callable[[str], Iterable[str]]) -> set[str]:
    """What some names lead to, on any way; of themselves those that others lead to. more: of each name what
    it leads to directly."""
    found, open_ = set[str](), [*first]
    while open_:
        new = {*more(open_.pop())} - found
        found |= new
        open_ += new
    return found
