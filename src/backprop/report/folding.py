"""Large families as one row of a table: `w[1..2,1..16]`, 32 values, |grad| ≤ 0.031."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from backprop.numbers import shown
from backprop.patterns import family, spanned
from backprop.report.rows import Cell, Column

FOLDED = 12
"""Families with more members than this, one after the other, are folded."""


def groups(names: Sequence[str], whole: bool = False) -> list[tuple[str, list[int]]]:
    """The rows of a table: what each is called, and the numbers of the names that it stands for."""
    found: list[tuple[str, list[int]]] = []

    def kind(at: int) -> tuple[str, int]:
        """The family of a name, and how many indices it has."""
        name = family(names[at])
        return name, names[at].count(",") if name else 0

    for (name, _), run in groupby(range(len(names)), key=kind):
        members = list(run)
        if name and len(members) > FOLDED and not whole:
            found.append((f"{name}[{spanned([names[at] for at in members])}]", members))
        else:
            found += [(names[at], [at]) for at in members]
    return found


def folded(column: Column, rows: Sequence[tuple[str, list[int]]], bound: bool = False) -> Column:
    """A column with one cell a row. bound: of numbers their largest size is what to say."""

    def cell(name: str, members: Sequence[int]) -> Cell:
        first, *others = (column.cells[at] for at in members)
        if not others:
            return first
        if column.kind == "name":
            return name
        if column.kind != "number":
            return first if others.count(first) == len(others) else ""
        if not bound:
            return f"{len(members)} values"
        sizes = [abs(each) for each in (first, *others) if isinstance(each, float)]
        return f"≤ {shown(max(sizes), 6)}" if sizes else None

    return column._replace(cells=[cell(*row) for row in rows])
