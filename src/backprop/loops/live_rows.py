"""Which combinations of the rows of a program lead to its output: of a family that many read in part only the
members that are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy

from backprop.engine.sparsity import sloping_at
from backprop.loops.affine import numbered
from backprop.loops.affine import whole as wholes
from backprop.loops.derived import Stage
from backprop.loops.parts import Block
from backprop.loops.rows import Gathered, Lift
from backprop.loops.zero_members import Holds

Live = dict[int, Holds]
"""Of rows for which of their combinations they lead to the output, those that do for any."""


def slopes_of(part: Block, step: int) -> list[int]:
    """The operands by which a step has a slope."""
    columns = part.columns
    operands = columns.operands(step)
    if step in columns.specials:
        return [*operands]
    return [operands[at] for at in sloping_at(columns, step)]


def live_rows(program: Sequence[Stage], output: str, sizes: Mapping[str, int]) -> list[Live]:
    """Those of each stage. output: the family of the output. sizes: of families. Of the members of a
    recurrence, which need one another, all lead there if one does."""
    found, families = list[Live](), dict[str, Holds]()

    def of(family: str) -> Holds:
        if family not in families:
            families[family] = numpy.zeros(sizes[family] + 1, dtype=bool)
        return families[family]

    if output in sizes:
        of(output)[:] = True
    for stage in reversed(program):
        part, columns, live = stage.part, stage.part.columns, Live()
        for write in stage.writes:
            if write.family in families:
                marks = families[write.family][wholes(numbered(write.places))]
                if stage.run and marks.any():
                    marks = numpy.ones_like(marks)
                _mark(live, write.row, numpy.broadcast_to(marks, columns.homes[write.row].size))
        for step in reversed(part.steps):
            if step in live:
                for operand in slopes_of(part, step):
                    _mark(live, operand, _below(part, step, operand, live[step]))
        for use in part.uses:
            if use.row in live:
                of(use.family)[wholes(numbered(use.places))[live[use.row]]] = True
        found.append(live)
    return found[::-1]


def _mark(live: Live, row: int, marks: Holds) -> None:
    if row not in live:
        if marks.any():
            live[row] = marks
    elif live[row] is not marks and not live[row].all():
        live[row] = live[row] | marks


def _below(part: Block, step: int, operand: int, marks: Holds) -> Holds:
    """For which combinations of an operand those of a step need it."""
    columns, special = part.columns, part.columns.specials.get(step)
    if isinstance(special, Gathered):
        through: Holds = marks[part.domains[step].up]
        return through
    size = columns.homes[operand].size
    if isinstance(special, Lift):
        at = part.ups[step].places
        found = numpy.zeros(part.ups[step].size, dtype=bool)
        found[numpy.zeros(at, numpy.int64) if isinstance(at, int) else wholes(at)[marks]] = True
        return found
    if size != len(marks):  # one number for all
        return numpy.full(size, marks.any())
    return marks
