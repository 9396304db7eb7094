"""What is said once of tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from backprop.source import Source, one_line
from backprop.syntax.parser import read


class Telling(Protocol):
    """A table. told: what was said of it."""

    name: str
    names: Collection[str]
    told: set[str]


def tell_given_way(
    tables: Sequence[Telling], source: Source, tell: Callable[[str], object]
) -> None:
    """Say once of each constant with a number in the equations that a column takes its place."""
    for tokens, shape in read(source)[0]:
        name = tokens.texts[shape.target] if shape.form == "equation" else ""
        if not name or shape.kinds[0] != "CONST":
            continue
        for table in tables:
            if name in table.names and name not in table.told:
                table.told.add(name)
                text = one_line(tokens.whole.text)
                tell(f"{table.name}: the column {name} takes the place of {text}")
