"""Names of single rows of tables that memory does not hold: `x[3]`, of which one row is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backprop.errors import BadOption, UnknownName
from backprop.language import Model
from backprop.names import family, meant, unknown_name
from backprop.numbers import listed
from backprop.source import normal

if TYPE_CHECKING:
    from backprop.by_rows.passing import SumsAndSlopes
    from backprop.by_rows.row_program import RowProgram
    from backprop.data_streamed import StreamedRows

_MEMBER = re.compile(r"([^\W\d][\w']*)\[((?:-?\d+,)*\d+)\]")


class RowMember(NamedTuple):
    """A name of one row. row: its number, from 1 on."""

    name: str
    row: int


class AskedNames(NamedTuple):
    """What is asked for, in order: names that all rows have in common, and of single rows; besides, of what
    has rows the names of the first one; and which of the former are single rows."""

    names: list[str]
    with_rows: list[str]
    members: list[RowMember]


def asked_names(model: Model, texts: Sequence[str]) -> AskedNames:
    """What names and patterns mean. model: of the first rows. Raises UnknownName."""
    assert model.laid
    families, found = model.laid.families, AskedNames([], [], [])
    for text in texts:
        member = _MEMBER.fullmatch(re.sub(r"\s+", "", normal(text)))
        if member and member[1] in families:
            found.names.append(member[0])
            found.members.append(RowMember(member[0], int(member[2].rpartition(",")[2])))
            continue
        try:
            names = meant([text], model.names, "these equations")
        except UnknownName as error:
            known = [name for name in model.names if family(name) not in families]
            raise unknown_name(text, [*known, *families], "these equations") from error
        for name in names:
            (found.with_rows if family(name) in families else found.names).append(name)
    names, with_rows = (list(dict.fromkeys(each)) for each in found[:2])
    return AskedNames(names, with_rows, list(dict.fromkeys(found.members)))


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
    sources: Sequence[StreamedRows],
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
