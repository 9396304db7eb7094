"""Several outputs of a Model, and their derivatives by several names: what `grad` says of each output,
found by fewer sweeps.

Nothing is decided here that is in doubt: an output with a border, a corner, 0·∞ or lost digits on its
way is asked of `gradient`, by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.engine.underflow import too_small
from backprop.errors import BackpropError
from backprop.evaluation.borders import met_within
from backprop.evaluation.gradient import gradient, only_by
from backprop.evaluation.leaves import by_rounding, inputs_at
from backprop.evaluation.shaken import HINT, ShakenSlopes, changed, doubted
from backprop.graph import Graph, depending
from backprop.language import Model
from backprop.memory import without_collector
from backprop.values import SURE_SLOPES, ByNode, backward, forward, tangents

MODES = ("forward", "reverse")

_ROOM = 2**24
"""The most numbers that are kept for a sweep from the front."""

_AT_ONCE = 128
"""The most inputs of one sweep from the front."""


class Jacobian(NamedTuple):
    """The derivatives of some outputs by some names at a point.

    outputs, inputs: their names. values: what the outputs are worth (float64, shape (outputs,)).
    jacobian: a row for each output, its derivatives by each input (float64, shape (outputs,
    inputs)); 0 where it does not depend on one, inf or nan where a slope is. mode: `forward` or
    `reverse`, how they were found; sweeps: how many there were. warnings, notes: as
    `Gradient` has them, of all outputs.
    """

    outputs: Sequence[str]
    inputs: Sequence[str]
    values: NDArray[np.float64]
    jacobian: NDArray[np.float64]
    mode: str
    sweeps: int
    warnings: Sequence[BackpropError] = ()
    notes: Sequence[BackpropError] = ()


def outputs_of(model: Model) -> list[str]:
    """The outputs of a file that names none: its goal, or all that nothing else uses. Raises
    ChooseOutput where there is none."""
    return [*model.outputs] if model.outputs and not model.goal else [model.output()]


def inputs_of(model: Model, outputs: Sequence[str]) -> list[str]:
    """The inputs that lead to some of these outputs, but for constants, in file order."""
    leading = {model.labels.get(node) for node in model.graph(*outputs).inputs}
    constants = set(model.constants)
    return [name for name in model.inputs if name in leading and name not in constants]


class Outputs(NamedTuple):
    """Some outputs of a Model at a point.

    graph: what leads to them. data: what its nodes are worth; None where inputs have no number.
    sure: of each output whether nothing on its way is in doubt so far: no border, no value that is
    not finite or too small. warnings: those of the Model.
    """

    graph: Graph
    data: list[float] | None
    sure: list[bool]
    warnings: list[BackpropError]

    @classmethod
    def of(cls, model: Model, values: Mapping[str, float], of: Sequence[str]) -> Outputs:
        """The outputs `of` at `values`. Raises UnknownName, NotAnInput, NotANumber, NotFinite."""
        graph = model.graph(*of)
        given, missing = inputs_at(model, values)
        warnings: list[BackpropError] = [*model.warnings, *by_rounding(model, values)]
        if not missing.isdisjoint(graph.order):
            return cls(graph, None, [False] * len(of), warnings)
        data = graph.columns.start()
        for node, number in given.items():
            data[node] = number
        forward(graph, graph.steps, data)
        doubtful = _doubtful(graph, data)
        return cls(graph, data, [model.names[name] not in doubtful for name in of], warnings)


@without_collector
def jacobian(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    wrt: Sequence[str],
    mode: str | None = None,
) -> Jacobian:
    """The derivatives of each output by each name. mode: one of MODES, None for the one with fewer
    sweeps. Raises as `Model.grad`."""
    point = Outputs.of(model, values, of)
    rows, by = [model.names[name] for name in of], [model.names[name] for name in wrt]
    mode = mode or ("forward" if len(by) < len(rows) else "reverse")
    numbers, found = np.zeros(len(rows)), np.zeros((len(rows), len(by)))
    warnings, notes = point.warnings, list[BackpropError]()
    sure = point.sure
    if point.data is not None:
        numbers[:] = [point.data[row] for row in rows]
        if mode == "forward":
            sure = fill_forward(point, rows, [{node: 1.0} for node in by], found)
        else:
            sure = _fill_reverse(point, rows, by, found)
    for at, name in enumerate(of):
        if not sure[at]:
            result = only_by(gradient(model, values, name), wrt)
            numbers[at] = result.value
            found[at] = [result.gradients[each] for each in wrt]
            warnings += result.warnings
            notes += result.notes
    return Jacobian(
        tuple(of),
        tuple(wrt),
        numbers,
        found + 0.0,  # which makes a 0 of -0.0
        mode,
        len(by if mode == "forward" else rows),
        once(warnings),
        once(notes),
    )


def once(said: Sequence[BackpropError]) -> tuple[BackpropError, ...]:
    """Each of these once, though several outputs have it."""
    return tuple({str(each): each for each in said}.values())


def _doubtful(graph: Graph, data: ByNode) -> set[int]:
    """The nodes with something on their way that is no matter of sums and products: a value that is
    not finite or too small, a border."""
    odd = [step for step in graph.order if not isfinite(data[step])]
    odd += too_small(graph, data) + met_within(graph, data)
    return depending(graph, odd, graph.steps) if odd else set()


def _fill_reverse(
    point: Outputs, rows: Sequence[int], by: Sequence[int], found: NDArray[np.float64]
) -> list[bool]:
    """Fill in the rows of the outputs that are sure so far, by a sweep back from each; which of them
    are sure."""
    graph, data, sure = point.graph, point.data, [*point.sure]
    assert data is not None
    for at, row in enumerate(rows):
        if sure[at]:
            own = Graph(graph.columns, [row], graph.labels)
            here = {node: data[node] for node in own.order}
            gradients: dict[int, float] = dict.fromkeys(own.order, 0.0)
            gradients[row] = 1.0
            sure[at] = (
                not backward(own, own.steps, here, gradients)
                and all(map(isfinite, gradients.values()))
                and not doubted(own, here, gradients)
            )
            found[at] = [gradients.get(node, 0.0) for node in by]
    return sure


def fill_forward(
    point: Outputs,
    rows: Sequence[int],
    ways: Sequence[Mapping[int, float]],
    found: NDArray[np.float64],
) -> list[bool]:
    """Fill in a column for each of some directions, by sweeps from some at once; the outputs that are
    sure: in whose rows nothing moves if everything is changed by a little more than rounding (see
    `shaken`). ways: how each node moves, of those that do."""
    graph, data = point.graph, point.data
    assert data is not None
    near, shaken, turning = changed(graph, data, 0)
    turned = depending(graph, turning, graph.steps) if turning else set()
    sure = np.array(point.sure, bool)
    for at, row in enumerate(rows):
        sure[at] &= row not in turned and abs(near[row] - data[row]) <= HINT * abs(data[row])
    with np.errstate(all="ignore"):
        try:
            with np.errstate(under="raise"):
                for columns, part in _swept(graph, data, rows, ways, SURE_SLOPES):
                    found[:, columns] = part
        except FloatingPointError:  # a share is too small for a double
            return [False] * len(rows)
        for columns, part in _swept(graph, shaken, rows, ways, ShakenSlopes()):
            apart = abs(part - found[:, columns])
            sure &= (apart <= HINT * abs(found[:, columns])).all(axis=1)
    sure &= np.isfinite(found).all(axis=1)
    return [*map(bool, sure)]


def _swept(
    graph: Graph,
    data: ByNode,
    rows: Sequence[int],
    ways: Sequence[Mapping[int, float]],
    slopes: Mapping[int, Any],
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """The derivatives of the outputs along some of the directions at once, and which these are."""
    size = min(_AT_ONCE, max(1, _ROOM // (len(graph.steps) + 1)))
    walked = graph.for_many_walks()
    for first in range(0, len(ways), size):
        some = ways[first : first + size]
        still = np.zeros(len(some))
        seeds: dict[int, NDArray[np.float64]] = {}
        for at, way in enumerate(some):
            for node, number in way.items():
                seeds.setdefault(node, still.copy())[at] = number
        moving = depending(walked, seeds, graph.steps)
        steps = [step for step in graph.steps if step in moving]
        tangent = tangents(walked, steps, data, seeds, slopes)
        columns = slice(first, first + len(some))
        yield columns, np.array([tangent.get(row, still) for row in rows])
