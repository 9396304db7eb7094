"""What random formulas are made of: terms, families, loops, and index arithmetic with numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

At = dict[str, int]
"""One iteration of a nest: a whole number for each index variable."""


class Term(NamedTuple):
    """A text, between which numbers it is, and how tight it binds: 0 a sum, 1 a product, 2 closed."""

    text: str
    low: float
    high: float
    binds: int = 2

    def within(self, tight: int) -> str:
        return self.text if self.binds >= tight else f"({self.text})"


@dataclass
class Family:
    """A name with members, or the one member () of a scalar; which of them have been read.

    defined: by statements, so that `*` knows the members; of others `read` needs numbers.
    """

    name: str
    members: set[tuple[int, ...]]
    low: float
    high: float
    defined: bool = True
    read: set[tuple[int, ...]] = field(default_factory=set)

    @property
    def rank(self) -> int:
        return len(next(iter(self.members), (0,)))


class Loop(NamedTuple):
    """`name in text`; numbers: the texts of first, last and step, or of a list."""

    name: str
    text: str
    numbers: tuple[str, ...]

    def values(self, at: At, known: dict[str, Any]) -> list[int]:
        if self.text.startswith("["):
            return [int(each) for each in self.numbers]
        first, last, step = (whole(each, at, known) for each in self.numbers)
        return list(range(first, last + (1 if step > 0 else -1), step))


def whole(text: str, at: At, known: dict[str, Any]) -> Any:
    """What index arithmetic means, by Python's, which writes it alike."""
    return eval(_compiled(text), known, at)


@lru_cache(maxsize=1000)
def _compiled(text: str) -> CodeType:
    return compile(text.replace("if(", "choice(").replace("'", "_prime"), text, "eval")


def arithmetic() -> dict[str, Any]:
    """The functions of index arithmetic, to which constants and tables are added."""
    return {
        "mod": lambda x, y: x % y,
        "floor": math.floor,
        "clamp": lambda x, low, high: min(max(x, low), high),
        "choice": lambda condition, yes, no: yes if condition else no,
    }


def span(name: str, first: object, last: object, step: int = 1) -> Loop:
    """`name in first..last`, with the step unless it is 1."""
    text = f"{first}..{last}" + (f"..{step}" if step != 1 else "")
    return Loop(name, text, (str(first), str(last), str(step)))


def listed(name: str, numbers: Sequence[int]) -> Loop:
    return Loop(name, f"[{', '.join(map(str, numbers))}]", tuple(map(str, numbers)))


def ranges(loops: Sequence[Loop], condition: str = "") -> str:
    """What stands behind the body: ` for i in 1..3, j in 1..i if i != j`."""
    text = ", ".join(f"{loop.name} in {loop.text}" for loop in loops)
    return f" for {text}" + (f" if {condition}" if condition else "")


def chance_of(chance: random.Random, there: Any) -> Any:
    """One of them, the newer ones more often."""
    return there[-1] if len(there) > 1 and chance.random() < 0.3 else chance.choice(there)
