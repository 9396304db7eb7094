"""Members that rows name as choices among all: `alpha[county]` is alpha[1] where county is 1, and so on.

So each member is an input that all rows have in common, by which there are second derivatives as by others. A
row goes through all choices, which is worth it for few members.
"""

from __future__ import annotations

from collections.abc import Iterator

from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.taken_members import Taken
from backprop.names import indices
from backprop.source import Source

MOST = 200
"""Choices in all, of more a program keeps the members that rows name."""


def chosen(program: RowProgram) -> RowProgram | None:
    """A program of the same numbers in which rows name no members; the one itself if there are none, None
    where there would be too many choices. Rows that name a member that there is not are not looked for."""
    taken = program.of_row.taken
    if not taken:
        return program
    if sum(len(each.members) for each in taken.values()) > MOST:
        return None
    labels = {node: name for name, node in program.row.names.items()}
    lines = [f"{labels[leaf]} = {_choice(each, labels)}" for leaf, each in taken.items()]
    parts = program.apart
    text = Source(parts.row.name, "\n".join([parts.row.text, *lines]))
    still = program.of_row.still
    return RowProgram(
        parts._replace(row=text, taken=[]), program.output, program.seed, program.sizes, still
    )


def _choice(taken: Taken, labels: dict[int, str]) -> str:
    """The member of a row as an expression."""
    some = [*_conditions(taken, labels)]
    if not some:
        return "0"
    *others, (_, last) = some
    begun = "".join(f"if({condition}, {name}, " for condition, name in others)
    return begun + last + ")" * len(others)


def _conditions(taken: Taken, labels: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Each member that a row may name, with when it does."""
    for name in taken.members:
        places = [*zip(taken.nodes, taken.numbers, indices(name), strict=True)]
        if all(node >= 0 or number == index for node, number, index in places):
            when = [f"{labels[node]} == {index}" for node, _, index in places if node >= 0]
            yield " and ".join(when), name
