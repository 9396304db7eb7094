"""What a row of several combinations needs that is one number for all of them, as the sum in
`x[i]*sum(x[j] for j in 1..n)`: derivatives go through it, for each combination by another member."""

from collections.abc import Container, Sequence

from backprop.graph import in_order
from backprop.loops.placement import Layout
from backprop.loops.read_within import ReadWithin
from backprop.loops.rows import ArrayColumns
from backprop.loops.taken_rows import made_with


def numbers_for_all(plan: Layout, of: int, moved: Container[str]) -> list[int]:
    """What a row of several combinations needs that is one number for all, and depends on what moves."""
    columns = plan.columns
    if columns.homes[of] is columns.whole:
        return []
    found = dict[int, None]()
    for row in in_order([of], columns.operands):
        if columns.homes[row] is not columns.whole:
            found |= dict.fromkeys(
                each
                for each in columns.operands(row)
                if columns.homes[each] is columns.whole and not columns.is_number(each)
            )
    return [
        row
        for row in found
        if any(
            each in plan.uses and plan.uses[each].family in moved
            for each in in_order([row], columns.operands)
        )
    ]


def made_apart(
    columns: ArrayColumns, of: int, outside: Sequence[int], equations: ReadWithin
) -> tuple[int, dict[int, int]]:
    """A row made again of numbers for all of its combinations that are several, and these. equations: in
    it, which are told."""
    home = columns.homes[of]
    lifted = {row: columns.lift(row, home) for row in outside}
    made = {**lifted}
    found = made_with(columns, of, made)
    equations.made_again(made)
    return found, lifted
