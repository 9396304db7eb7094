"""Names of single rows of many, `x[3]`, of which that row is looked at and no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from backprop.errors import BadOption
from backprop.language.row_members import RowMember
from backprop.names import family, unknown_name
from backprop.numbers import listed

if TYPE_CHECKING:
    from backprop.by_rows.held_rows import HeldRows
    from backprop.by_rows.passing import SumsAndSlopes
    from backprop.by_rows.row_program import RowProgram
    from backprop.data_streamed import StreamedRows


def refuse_all_rows(names: Sequence[str], what: str, hints: Sequence[str]) -> None:
    """Raise BadOption for names that have rows. what: there is none of these."""
    if names:
        found = listed(list(dict.fromkeys(name.partition("[")[0] for name in names)))
        verb = "has" if "," not in found and " and " not in found else "have"
        message = f"{found} {verb} a number in every row, and {what}"
        raise BadOption(message, hints=[*hints, "or let tables have more: --memory 8G"])


def of_members(
    program: RowProgram,
    passed: SumsAndSlopes,
    sources: Sequence[HeldRows | StreamedRows],
    members: Iterable[RowMember],
) -> dict[str, tuple[float, float]]:
    """Of each member its number, and the gradient by it. passed: by blocks. Raises BadOption, UnknownName."""
    from backprop.streamed_explaining import OneRow, rows_of

    sizes, found = [each.count() for each in sources], dict[str, tuple[float, float]]()
    by_row: dict[int, list[str]] = {}
    for name, row in members:
        by_row.setdefault(row, []).append(name)
    for row, names in by_row.items():
        tables = {name: _table(program, name) for name in names}
        for name, table in tables.items():
            if not 1 <= row <= sizes[table]:
                hints = [f"there are rows 1 to {sizes[table]:,}"]
                raise BadOption(f"there is no {name}", hints=hints)
        known = OneRow(program, passed, row, rows_of(sources, sizes, row)).named()
        for name in names:
            if name not in known:
                raise unknown_name(name, known, "this row")
            found[name] = known[name]
    return found


def _table(program: RowProgram, name: str) -> int:
    """The number of the table that a name has the rows of."""
    parts = program.apart
    return {**parts.columns, **parts.families}[family(name)]
