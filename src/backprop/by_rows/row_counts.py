"""How many rows there are, for inputs whose defaults say so: `k = count(x)`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from backprop.by_rows.passing import RowSource
from backprop.by_rows.row_program import RowProgram
from backprop.graph import in_order


def counted(
    program: RowProgram,
    given: Mapping[str, float],
    sources: Sequence[RowSource],
    asked: Collection[str],
) -> dict[str, float]:
    """Numbers for inputs, of those whose defaults count rows with all rows. given: as first rows have them.
    asked: the names that somebody gave a number. Raises NotSure."""
    once, counts = program.once, program.apart.counts
    some = [
        name
        for name in given
        if counts and name in once.names and name not in asked
        if any(
            once.labels.get(node, "") in counts
            for node in in_order([once.names[name]], once.columns.operands)
        )
    ]
    if not some:
        return {**given}
    others = {name: number for name, number in given.items() if name not in some}
    at = program.once_at(others, sources)
    return {**given, **{name: at.number(name) for name in some}}
