"""The derivatives of many members of loops by few inputs: a sweep forward from each input, by arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy

from backprop.evaluation.looped_series import along_by_loops
from backprop.language import Model
from backprop.loops.domains import Reals, Wholes
from backprop.loops.loop_model import LoopModel

_SWEEPS = 200
"""The most inputs that are swept from, where nobody asks for this mode."""


def inputs_of_loops(model: Model, outputs: Sequence[str]) -> list[str]:
    """The inputs of a Model of loops that lead to some of these outputs, but for constants."""
    assert isinstance(model, LoopModel)
    plan = model.plan
    asked: dict[str, list[Wholes]] = {}
    for family, places, _ in plan.places_of(outputs):
        asked.setdefault(family.name, []).append(numpy.arange(family.size)[places])
    leads = plan.leads({name: numpy.concatenate(some) for name, some in asked.items()})
    found = list[str]()
    for name in model.inputs:
        of, at = model.kind(name)
        if leads[of.name][at] and name not in model.held:
            found.append(name)
    return found


def forward_by_loops(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    wrt: Sequence[str],
    mode: str | None,
) -> tuple[Reals, Reals] | None:
    """The values of outputs, shape (outputs,), and their derivatives by few inputs, shape (outputs, inputs);
    None where there are more inputs than outputs, and where something is in doubt. mode: that is asked for,
    if any. Raises as `Model.grad`."""
    if not wrt or (mode is None and len(wrt) > min(_SWEEPS, len(of))):
        return None
    columns = list[Reals]()
    numbers: Reals = numpy.zeros(0)
    for name in wrt:
        found = along_by_loops(model, values, of, {name: 1.0}, 1)
        if found is None:
            return None
        numbers = found[0]
        columns.append(found[1][:, 0])
    return numbers, numpy.stack(columns, axis=1)
