"""The derivatives of several outputs along a direction, of the first order and of higher ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.errors import BackpropError, InfiniteSlope
from backprop.evaluation.forward_sweeps import fill_forward
from backprop.evaluation.sure_outputs import Outputs, by_itself, once
from backprop.evaluation.taylor import derivatives_along
from backprop.language import Model
from backprop.memory import without_collector


class Directional(NamedTuple):
    """How some outputs change where the inputs move as `x + t*v`.

    outputs: their names. along: the direction v, by input. values: what the outputs are worth
    (float64, shape (outputs,)). derivatives: a row for each output, its derivatives by t at t = 0,
    from the first on (float64, shape (outputs, order)): derivatives, not Taylor coefficients, which
    are these by k!; nan where the chain rule does not say them. warnings, notes: as `Gradient`
    has them, of all outputs.
    """

    outputs: Sequence[str]
    along: Mapping[str, float]
    values: NDArray[np.float64]
    derivatives: NDArray[np.float64]
    warnings: Sequence[BackpropError] = ()
    notes: Sequence[BackpropError] = ()


@without_collector
def along(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    direction: Mapping[str, float],
    order: int = 1,
    engine: str = "auto",
) -> Directional:
    """The derivatives of some outputs along a direction, by a single sweep from the front. The first is
    what the gradients say that `Model.grad` has. direction: a number for each input that moves.
    engine: of the first, if loops over arrays do not compute it; higher ones are the interpreter's.
    Raises as `Model.grad`."""
    if model.loops and (looped := _by_loops(model, values, of, direction, order)):
        return looped
    point = Outputs.of(model, values, of)
    rows = [model.names[name] for name in of]
    way = {model.names[name]: number for name, number in direction.items() if number}
    numbers, found = np.zeros(len(rows)), np.full((len(rows), order), np.nan)
    warnings, notes = point.warnings, list[BackpropError]()
    sure = point.sure
    if point.data is not None:
        numbers[:] = [point.data[row] for row in rows]
        if order > 1:
            found[:] = derivatives_along(point.graph, way, point.data, order)
        first = np.zeros((len(rows), 1))
        sure = fill_forward(point, rows, [way], first, engine)
        found[:, :1] = np.where(np.isnan(found[:, :1]), first, found[:, :1])
    moving = [name for name, number in direction.items() if number]
    for at, name in enumerate(of):
        if not sure[at]:
            result = by_itself(point, model, values, name, moving)
            numbers[at] = result.value
            shares = [each * direction[by] for by, each in result.gradients.items() if each]
            found[at, 0] = sum(shares)
            warnings += result.warnings
            notes += result.notes
        if unknown := np.flatnonzero(np.isnan(found[at, 1:])).tolist():
            warnings.append(_unknown(name, unknown[0] + 2, model))
    return Directional(
        tuple(of), dict(direction), numbers, found + 0.0, once(warnings), once(notes)
    )


def _by_loops(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    direction: Mapping[str, float],
    order: int,
) -> Directional | None:
    """The derivatives of outputs of a Model of loops; None for others, and where something is in doubt."""
    from backprop.evaluation.looped_series import along_by_loops

    found = along_by_loops(model, values, of, direction, order)
    if found is None:
        return None
    numbers, derivatives = found
    return Directional(tuple(of), dict(direction), numbers, derivatives + 0.0, once(model.warnings))


def _unknown(name: str, order: int, model: Model) -> InfiniteSlope:
    """The warning for an output whose derivatives are not known from an order on."""
    message = (
        f"the derivatives of {name} along this direction are not known from order {order} on:"
        " the chain rule does not decide them at this point"
    )
    return InfiniteSlope(message, where=model.source.name)
