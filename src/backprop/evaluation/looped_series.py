"""Derivatives of members of loops along a direction, of any order, by loops: nothing is unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy import float64
from numpy.typing import NDArray

from backprop.evaluation.gradient import refuse
from backprop.language import Model
from backprop.loops.along_plan import AlongPlan
from backprop.loops.file_numbers import lacking
from backprop.loops.line_series import derivatives_of
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.walks import Doubtful
from backprop.source import normal

_FEW = 8
"""Of so many outputs is looked for steps without a value."""


def along_by_loops(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    direction: Mapping[str, float],
    order: int,
) -> tuple[NDArray[float64], NDArray[float64]] | None:
    """The values of outputs, shape (outputs,), and their derivatives along a direction up to an order, shape
    (outputs, order); None where something is in doubt. direction: by names. Raises as `Model.grad`."""
    if not isinstance(model, LoopModel) or not any(direction.values()):
        return None
    for name in of[:_FEW]:
        refuse(model, values, name)
    if not model.loops:  # which the error may have unrolled
        return None
    given = {normal(name): number for name, number in values.items()}
    plan = model.plan
    try:
        numbers = model.numbers(given)
        moving = [*plan.places_of([name for name in direction if direction[name]])]
        asked = [(family.name, places) for family, places, _ in plan.places_of(of)]
        line = AlongPlan(
            plan, [family.name for family, _, _ in moving], [name for name, _ in asked], order
        )
        if any(lacking(numbers[name], plan.inputs_of(name)) for name in line.needed):
            return None
        ways = [
            (family.name, places, [direction[name] for name in names])
            for family, places, names in moving
        ]
        return derivatives_of(line, line.numbers(numbers, ways), asked)
    except (NotLoops, Doubtful, TypeError, ValueError, OverflowError):
        return None
