"""Which steps of equations over rows stand on borders that inputs move: what columns alone decide stays."""

from __future__ import annotations

from collections.abc import Iterable

from backprop.graph import Columns, in_order
from backprop.loops import edges
from backprop.operations import OPERATIONS
from backprop.row import is_truth


def bordering(columns: Columns, leaves: Iterable[int]) -> tuple[set[str], set[int]]:
    """The operations of the steps that may stand on a border, and leave it if these leaves move; and what
    moves with them."""
    found, moving = set[str](), {*leaves}
    for step in in_order([*range(len(columns))], columns.operands):
        if not columns.is_step(step) or moving.isdisjoint(columns.operands(step)):
            continue
        moving.add(step)
        still = [each not in moving for each in columns.operands(step)]
        if edges.condition(columns.op(step), still):
            found.add(columns.op(step))
    return found, moving


def is_continuous(operations: Iterable[str]) -> bool:
    """Whether none of these operations is a condition, or jumps."""
    rows = [OPERATIONS[name] for name in operations]
    return not any(row.jump or row.chooses or is_truth(row) for row in rows)
