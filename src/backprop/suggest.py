"""Did-you-mean: the nearest of the names that exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from backprop.errors import BadOption, Label, UnknownName
from backprop.numbers import listed
from backprop.patterns import matching
from backprop.source import Span

_MOST = 2000
"""Nearness costs a comparison a name: of larger files only the first names are compared."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that `name` was probably meant to be, or None."""
    from difflib import get_close_matches  # for a mistake only: 3 ms

    known = list(islice(names, _MOST))
    same = [other for other in known if other.casefold() == name.casefold() and other != name]
    near = same or get_close_matches(name, known, n=1, cutoff=0.6)
    return near[0] if near else None


def did_you_mean(name: str, names: Iterable[str]) -> list[str]:
    """A hint, or none."""
    near = nearest(name, names)
    return [f"did you mean {near!r}?"] if near else []


def unknown_choice(kind: str, given: str, known: Iterable[str]) -> BadOption:
    """The error for a choice that there is not. kind: what one is called."""
    known = list(known)
    hints = [*did_you_mean(given, known), f"there are {', '.join(known)}"]
    return BadOption(f"there is no {kind} {given!r}", hints=hints)


def unknown_name(
    name: str, names: Iterable[str], owner: str, span: Span | None = None, near: bool = True
) -> UnknownName:
    """The error for a name that `owner` (these equations) does not have."""
    hints = did_you_mean(name, names) if near else []
    if not hints:
        hints = [f"the names are: {listed([*islice(names, 11)], 10)}"]
    labels = [Label(span)] if span else []
    return UnknownName(f"there is no {name!r} in {owner}", *labels, hints=hints)


def meant(patterns: Iterable[str], names: Collection[str], owner: str) -> list[str]:
    """Those of the names of `owner` that are meant by names, families and patterns. Raises UnknownName."""
    found: list[str] = []
    for pattern in patterns:
        fitting = matching(pattern, names)
        if not fitting:
            raise unknown_name(pattern, names, owner)
        found += fitting
    return found
