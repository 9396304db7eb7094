"""Names that a person gives for many: `w*`, `w[*,1]`, and `w` for all members of a family."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from backprop.source import normal

_MEMBER = re.compile(r"(.+)\[(.*)\]")


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that are meant: the name itself, a family's members, or what fits a pattern."""
    pattern = re.sub(r"\s+", "", normal(pattern))
    special = any(sign in pattern for sign in ("*", "?", ".."))
    found = []
    for name in names:
        if name == pattern:
            return [name]
        if name.startswith(f"{pattern}[") or (
            special and glob(pattern).fullmatch(name) and _within(pattern, name)
        ):
            found.append(name)
    return found


def by_name(name: str) -> list[tuple[int, str]]:
    """A key that sorts names as people look for them: w2 before w10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def family(name: str) -> str:
    """The family of a member, "" for a name without indices."""
    return name[: name.index("[")] if name.endswith("]") and "[" in name[1:] else ""


def indices(name: str) -> tuple[int, ...]:
    """The indices of a member: (1, 2) of `w[1,2]`."""
    found = _MEMBER.fullmatch(name)
    return tuple(int(each) for each in found[2].split(",")) if found else ()


def spanned(names: Iterable[str]) -> str:
    """The least and the largest index of members, axis by axis: `1..2,1..16`."""
    columns = zip(*map(indices, names), strict=False)
    ends = [(min(column), max(column)) for column in columns]
    return ",".join(f"{low}..{high}" if low < high else f"{low}" for low, high in ends)


@cache
def glob(pattern: str) -> re.Pattern[str]:
    """A pattern in which `*` stands for any characters, `?` for one, and `1..3` for an index."""
    signs = {"*": ".*", "?": "."}
    pieces = re.split(r"(\*|\?|-?[0-9]*\.\.-?[0-9]*)", pattern)
    written = (
        "-?[0-9]+" if ".." in each else signs.get(each) or re.escape(each) for each in pieces
    )
    return re.compile("".join(written), re.S)


def _within(pattern: str, name: str) -> bool:
    """Whether the indices of a member lie in the ranges of `w[1..2,3]`."""
    asked = pattern.partition("[")[2].rstrip("]").split(",")
    for part, index in zip(asked, indices(name), strict=False):
        low, dots, high = part.partition("..")
        if dots and not int(low or index) <= index <= int(high or index):
            return False
    return True
