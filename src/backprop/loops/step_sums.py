"""Sums of gradients in generated Python whose rounding does not grow with how many steps there are: what it
takes is added up as well (Knuth's two-sum)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy

from backprop.loops.moments import Leaf, Period, view
from backprop.loops.scattered import FEW

_SOME = 32
"""Gradients of so many times are added one after the other."""


def parts(times: range) -> Iterator[range]:
    """A few times at a time."""
    return (times[at : at + _SOME] for at in range(0, len(times), _SOME))


def two_sum(total: str, more: str, rest: str) -> list[str]:
    """Lines that add to a sum, and what that takes from it to `rest`. What no gradient has arrived at stays
    so."""
    return [
        f"before = {total}",
        f"{total} = after = before + {more}",
        "taken = after - before",
        f"{rest} -= (after - taken - before) + (taken - {more})",
    ]


def often_read(periods: Sequence[Period], own: Collection[str]) -> set[str | int]:
    """What has members that many steps read one after the other."""
    found: set[str | int] = set()
    for start, stop, moments in periods:
        for moment in moments:
            for leaf in moment.leaves.values():
                if _reads(leaf, stop - start, own) > FEW:
                    found.add(leaf.source)
    return found


def _reads(leaf: Leaf, times: int, own: Collection[str]) -> int:
    """How often a step that is gone through so many times reads the member that it reads most often; 0 of
    what it reads at all times, and does not compute, which is added up by itself."""
    if leaf.at.table is not None:
        return int(numpy.bincount(numpy.asarray(leaf.at.table, dtype=numpy.int64)).max(initial=0))
    if leaf.at.by:
        return 1
    return times if leaf.source in own else 0


def no_rests(slopes: Any) -> Any:
    """Room for what rounding takes."""
    return view(numpy.full(len(slopes), -0.0))


def end_sums(slopes: Any, rests: Any) -> None:
    """Add what rounding has taken."""
    numpy.asarray(slopes)[...] += numpy.asarray(rests)
