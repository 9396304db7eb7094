"""Which members the rows of a table in memory name, for machine code."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.taken_members import places
from backprop.graph import in_order
from backprop.language.apart import NotApart
from backprop.loops.arrays import ArrayWriter
from backprop.names import family


class NamedByRows(NamedTuple):
    """An input of a row that takes its numbers from members. members: names. places: the number of the
    member of each row, and of copies of the last one up to a whole number of chunks. named: of each member
    whether a row names it."""

    name: str
    members: Sequence[str]
    places: NDArray[numpy.int32]
    named: Sequence[bool]


def named_by_rows(
    program: RowProgram, inside: Collection[int], source: HeldRows
) -> list[NamedByRows]:
    """The inputs of a row that take their numbers from members. inside: nodes of a row, of which some
    are. Raises NotApart where a row names a member that there is not, and where this is not the way."""
    taken = {node: each for node, each in program.of_row.taken.items() if node in inside}
    if not taken:
        return []
    names = {node: name for name, node in program.row.names.items() if node in taken}
    if any(family(name) for name in names.values()):
        raise NotApart("a row names several members of one kind")
    graph, size = program.row.columns, source.numbers.size
    needed = {
        *in_order([x for each in taken.values() for x in each.nodes if x >= 0], graph.operands)
    }
    columns = {name: node for name, node in program.of_row.of_columns.items() if node in needed}
    found = {node: numpy.zeros(-(-size // CHUNK) * CHUNK, dtype=numpy.int32) for node in taken}
    for block in source.blocks([*columns]):
        known = {node: block.columns[name] for name, node in columns.items()}
        here = places(ArrayWriter(), graph, [*taken.values()], known, block.rows)
        for all_places, some in zip(found.values(), here, strict=True):
            if (some < 0).any():
                raise NotApart("a row names a member that there is not")
            all_places[block.start : block.start + block.rows] = some
    for all_places in found.values():
        all_places[size:] = all_places[size - 1]
    every = list[NamedByRows]()
    for node, each in taken.items():
        named = numpy.zeros(len(each.members), dtype=bool)
        named[found[node]] = True
        every.append(NamedByRows(names[node], each.members, found[node], named.tolist()))
    return every
