"""Which members of families the rows of tables name that memory does not hold: `alpha[county]`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from backprop.by_rows.row_models import read_part
from backprop.by_rows.taken_members import Taken, all_taken, places
from backprop.data_streamed import StreamHead
from backprop.errors import BackpropError
from backprop.graph import Columns, in_order
from backprop.language.apart import NotApart, apart
from backprop.language.laid import Data
from backprop.language.sizes import NO_SIZES
from backprop.language.text_columns import statements_over
from backprop.loops.arrays import ArrayWriter
from backprop.source import Source


def heads_naming_all(heads: Sequence[Data], source: Source) -> Sequence[Data]:
    """Heads of tables with a row for each member that a row names, so that equations over them depend on the
    members that they depend on over all rows. A row that names none is among them: who evaluates says so."""
    try:
        statements, tables, errors = statements_over(source, heads)
        if errors:
            return heads
        parts = apart(statements, tables, source)
        if not parts.taken:
            return heads
        text = "\n".join([parts.row.text, *(each.line for each in parts.taken)])
        row = read_part(Source(parts.row.name, text), 0, NO_SIZES)
        once = read_part(parts.once, 0, NO_SIZES)
        taken = [*all_taken(parts.taken, row.names, once.names)]
    except (NotApart, BackpropError):
        return heads
    graph, tables_of = row.columns, {each.name: each.table for each in parts.taken}
    found, names = [*heads], {node: name for name, node in row.names.items()}
    for at, head in enumerate(tables):
        some = [each for each in taken if _table_of(names[each.leaf], tables_of) == at]
        if some and isinstance(head, StreamHead):
            inside = {*in_order([x for each in some for x in each.nodes if x >= 0], graph.operands)}
            columns = {
                name: row.names[name]
                for name, table in parts.columns.items()
                if table == at and row.names.get(name) in inside
            }
            used = [name for name, table in parts.columns.items() if table == at]
            rows = _first_rows(head, used, graph, some, columns)
            found[at] = heads[at].heads(rows)  # type: ignore[attr-defined]
    return found


def _table_of(name: str, tables: dict[str, int]) -> int:
    return tables[name.partition("[")[0]]


def _first_rows(
    head: StreamHead,
    used: Sequence[str],
    graph: Columns,
    taken: Sequence[Taken],
    columns: dict[str, int],
) -> list[int]:
    """The first row of all, and the first one that names each member, or none. used: the columns that decide
    which rows there are."""
    rows, known = {0}, [set[int]() for _ in taken]
    for block in head.source(used).blocks([*columns]):
        given = {node: block.columns[name] for name, node in columns.items()}
        for seen, here in zip(
            known, places(ArrayWriter(), graph, taken, given, block.rows), strict=True
        ):
            members, firsts = numpy.unique(here, return_index=True)
            for member, first in zip(members.tolist(), firsts.tolist(), strict=True):
                if member not in seen:
                    seen.add(member)
                    rows.add(block.start + first)
    return sorted(rows)
