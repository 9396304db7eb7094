"""How terms are put together where they are single steps, and how many steps that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy

from backprop.graph import Columns, N, by_two, in_order, joined
from backprop.language.arguments import SHARED
from backprop.loops.rows import ArrayColumns, Gathered, Lift
from backprop.operations import OPERATIONS, Gather

CHAINS: Mapping[str, numpy.ufunc] = MappingProxyType(
    {"+": numpy.add, "*": numpy.multiply, "min": numpy.minimum, "max": numpy.maximum}
)
"""What puts terms together one after the other."""


def arguments_in(columns: ArrayColumns, gathered: int) -> list[int]:
    """What the terms of a gather in a function of the file use of the arguments that were computed for the
    call: rows that are made once, before any term, operands first."""
    caller = columns.callers.get(gathered)
    if caller is None:
        return []

    home = columns.homes[gathered]

    def within(row: int) -> bool:
        if columns.homes[row].depth > home.depth:
            return True
        place = columns.callers.get(row)
        while place is not None:
            if place == caller:
                return True
            place = place[1] if isinstance(place, tuple) else None
        return False

    def made(row: int) -> bool:
        special = columns.specials.get(row)
        return isinstance(special, Gathered) or (special is None and columns.is_step(row))

    def needs(row: int) -> Sequence[int]:
        if made(row) and not within(row):
            return ()
        special = columns.specials.get(row)
        if isinstance(special, Gathered | Lift):
            return (special.row,)
        return columns.operands(row)

    return [row for row in in_order([gathered], needs) if made(row) and not within(row)]


def apart(gather: Gather, columns: Columns, term: int) -> bool:
    """Whether terms are one of the two parts that softmax has of its sum. term: the row of each."""
    find, take, _ = OPERATIONS[SHARED].around
    below = gather.name == SHARED and columns.is_step(term) and columns.op(term) == take
    return gather.joined_by == find or below


def together(
    gather: Gather,
    columns: Columns,
    term: int,
    nodes: Sequence[N],
    step: Callable[[str, Sequence[N]], N],
) -> N:
    """Terms put together as where they are unrolled. term: the row of each."""
    join = by_two if apart(gather, columns, term) else joined
    return join(gather.joined_by, nodes, step)


def moves(op: str, named: Sequence[bool]) -> bool:
    """Whether something is derived by an operand. named: which operands are no numbers."""
    return any(each and derives(op, at) for at, each in enumerate(named))


def derives(op: str, at: int) -> bool:
    """Whether an operation is derived by its operand at this position, if that is no number."""
    row = OPERATIONS[op]
    return not row.written or row.slopes[at] == "1"


@cache
def steps_of(gather: Gather, count: int, named: bool, by_pairs: bool) -> tuple[int, int]:
    """How many operations put so many terms together, and how many of these are derived by something.
    named: whether the terms are no numbers. by_pairs: whether they are one of the parts of softmax."""
    if not count and gather.empty is not None:
        return 0, 0
    every = moving = 0

    def step(op: str, parts: Sequence[bool]) -> bool:
        nonlocal every, moving
        every += 1
        moving += moves(op, parts)
        return True

    if gather.name == "norm" and count == 1:
        total = step("abs", [named])
    elif by_pairs:
        total = by_two(gather.joined_by, [named] * count, step)
    elif gather.joined_by in CHAINS and count > 1:
        total, every, moving = True, count - 1, count - 1 - (not named)
    else:
        total = joined(gather.joined_by, [named] * count, step)
    if gather.divided:
        step("/", (total, False))
    return every, moving
