"""The derivatives of many members of loops that can be other than 0: by few sweeps over arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy

from backprop.engine.sparsity import coloured
from backprop.evaluation.gradient import refuse
from backprop.language import Model
from backprop.loops.along_plan import AlongPlan
from backprop.loops.bending_pairs import members_by_leaves
from backprop.loops.domains import Reals, Wholes
from backprop.loops.file_numbers import lacking
from backprop.loops.line_series import derivatives_of
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.second import stages
from backprop.loops.walks import Doubtful
from backprop.source import normal

_LEAST = 1000
"""Of fewer outputs or inputs single steps take no time."""

_SWEEPS = 200
"""The most sweeps that are made."""

_FEW = 8
"""Of so many outputs is looked for steps without a value."""


class LoopedEntries(NamedTuple):
    """The values of outputs, and of each derivative the places of its output and of its input, and the
    number. sweeps: how many found them."""

    values: Reals
    rows: Wholes
    columns: Wholes
    derivatives: Reals
    sweeps: int


def entries_by_loops(
    model: Model, values: Mapping[str, float], of: Sequence[str], wrt: Sequence[str]
) -> LoopedEntries | None:
    """Those of the derivatives of outputs by inputs that can be other than 0; None of few, where the
    structure does not save sweeps, and where something is in doubt. Raises as `Model.grad`."""
    if not isinstance(model, LoopModel) or min(len(of), len(wrt)) < _LEAST:
        return None
    for name in of[:_FEW]:
        refuse(model, values, name)
    if not model.loops:  # which the error may have unrolled
        return None
    plan = model.plan
    try:
        asked = [(family.name, places) for family, places, _ in plan.places_of(of)]
        leaves = [(family.name, places) for family, places, _ in plan.places_of(wrt)]
        program = stages(plan)
        written = {write.family for stage in program for write in stage.writes}
        if not written.isdisjoint(name for name, _ in leaves):
            return None  # by what is computed
        numbers = model.numbers({normal(name): number for name, number in values.items()})
        sizes = {name: len(each) for name, each in numbers.items()}
        found = members_by_leaves(program, asked, leaves, sizes)
        if found is None:
            return None
        rows, columns = found
        ends = numpy.searchsorted(rows, numpy.arange(len(of) + 1)).tolist()
        every = columns.tolist()
        pattern = [every[ends[row] : ends[row + 1]] for row in range(len(of))]
        colouring = coloured(pattern, len(wrt))
        if colouring.alone or not 0 < colouring.size <= _SWEEPS:
            return None
        colours = numpy.array(colouring.colours)
        line = AlongPlan(plan, [name for name, _ in leaves], [name for name, _ in asked], 1)
        if any(lacking(numbers[name], plan.inputs_of(name)) for name in line.needed):
            return None
        cuts = numpy.cumsum([len(places) for _, places in leaves])[:-1]
        derivatives, made = numpy.zeros(len(rows)), numpy.zeros(0)
        for colour in range(colouring.size):
            parts = numpy.split((colours == colour) * 1.0, cuts)
            ways = [
                (name, places, part.tolist())
                for (name, places), part in zip(leaves, parts, strict=True)
            ]
            made, moved = derivatives_of(line, line.numbers(numbers, ways), asked)
            mine = colours[columns] == colour
            derivatives[mine] = moved[rows[mine], 0]
    except (NotLoops, Doubtful, TypeError, ValueError, OverflowError):
        return None
    return LoopedEntries(made, rows, columns, derivatives, colouring.size)
