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
    cells: list[Cell] = []
    for name, members in rows:
        if len(members) == 1:
            cells.append(column.cells[members[0]])
        elif column.kind == "name":
            cells.append(name)
        elif column.kind == "number":
            numbers = [cell for at in members if isinstance(cell := column.cells[at], float)]
            if bound:
                cells.append(f"≤ {shown(max(map(abs, numbers)), 6)}" if numbers else None)
            else:
                cells.append(f"{len(members)} values")
        else:
            different = len({column.cells[at] for at in members}) > 1
            cells.append("" if different else column.cells[members[0]])
    return column._replace(cells=cells)
