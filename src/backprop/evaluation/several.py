"""Several outputs of a Model, and their derivatives by several names: what `grad` says of each output,
found by fewer sweeps.

Nothing in doubt is decided here: an output with a border, 0·∞ or lost digits on its way is `gradient`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.engine.choosing import tape_pays
from backprop.engine.sparsity import Colouring, coloured, jacobian_pattern
from backprop.errors import BackpropError, NoMachineCode, TooLarge
from backprop.evaluation.borders import met_within
from backprop.evaluation.gradient import by_loops, only_by, refuse, settled
from backprop.evaluation.shaken import HINT, MOST, ShakenSlopes, changed, doubted
from backprop.evaluation.shaken_rows import few_digits
from backprop.evaluation.sure_outputs import Outputs, by_itself, once
from backprop.graph import Graph, depending
from backprop.language import Model
from backprop.memory import without_collector
from backprop.values import SURE_SLOPES, ByNode, tangents

MODES = ("forward", "reverse")

_ROOM = 2**24
"""The most numbers that are kept for a sweep from the front."""

_AT_ONCE = 128
"""The most inputs of one sweep from the front."""


_LEAST = 16
"""From so many inputs and outputs on, structure may save sweeps."""

_FEW = 8
"""The most outputs of a Model of loops that arrays compute one by one, sooner than it is unrolled."""

_SMALL = 50_000
"""Outputs times steps up to which nothing is worth a thought."""

_SWEEP = 3e-6
"""Seconds that a sweep back takes in Python for a step."""

_FASTER = 500
"""How much faster it is in machine code, which goes through all steps."""

_MOST = 40_000_000
"""The most derivatives that a matrix keeps: 320 MB."""


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


class JacobianEntries(NamedTuple):
    """Those of the derivatives that can be other than 0, as the structure of the equations has it.

    rows, columns, derivatives: of each the place of its output, that of its input, and the number (arrays
    of one length): `scipy.sparse.coo_array((derivatives, (rows, columns)))`. The others as in
    `Jacobian`.
    """

    outputs: Sequence[str]
    inputs: Sequence[str]
    values: NDArray[np.float64]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    derivatives: NDArray[np.float64]
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
    constants = set(model.constants)
    if len(outputs) <= _FEW:
        leading = set[str]().union(*map(model.leading, outputs))
    else:
        leading = {model.labels.get(node, "") for node in model.graph(*outputs).inputs}
    return [name for name in model.inputs if name in leading and name not in constants]


@without_collector
def jacobian(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    wrt: Sequence[str],
    mode: str | None = None,
) -> Jacobian:
    """The derivatives of each output by each name. mode: one of MODES, None for the one with fewer
    sweeps. Raises as `Model.grad`, and TooLarge."""
    if len(of) * len(wrt) > _MOST:
        message = f"a matrix of {len(of):,} by {len(wrt):,} derivatives is too large to be kept"
        hints = ["ask for those that can be other than 0: --sparse", "or for a part: --of, --wrt"]
        raise TooLarge(message, hints=hints, where=model.source.name)
    found = entries(model, values, of, wrt, mode, _LEAST)
    table = np.zeros((len(of), len(wrt)))
    table[found.rows, found.columns] = found.derivatives
    head, said = (found.outputs, found.inputs, found.values), (found.warnings, found.notes)
    return Jacobian(*head, table, found.mode, found.sweeps, *said)


@without_collector
def entries(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    wrt: Sequence[str],
    mode: str | None = None,
    least: int = 1,
) -> JacobianEntries:
    """The derivatives that can be other than 0. mode: as of `jacobian`. least: from so many inputs and
    outputs on it is looked for those; otherwise all count. Raises as `Model.grad`."""
    if mode != "forward" and least > 1 and (looped := _by_loops(model, values, of, wrt)):
        return looped
    for name in of[:_FEW]:
        refuse(model, values, name)
    point = Outputs.of(model, values, of)
    rows, by = [model.names[name] for name in of], [model.names[name] for name in wrt]
    plan = _planned(point.graph, rows, by, least)
    on, back = plan.colours.size + len(plan.colours.alone), len(rows)
    mode = mode or ("forward" if on < back else "reverse")
    numbers = np.zeros(len(rows))
    warnings, notes = point.warnings, list[BackpropError]()
    sure, found = point.sure, [np.zeros(len(columns)) for columns in plan.pattern]
    if point.data is not None:
        numbers[:] = [point.data[row] for row in rows]
        if mode == "forward":
            sure = _fill_coloured(point, rows, by, plan, found)
        own = {*plan.colours.alone} if mode == "forward" else {*range(len(rows))}
        back_from = _ways_back(point, [rows[at] for at in own if point.sure[at]], by)
        for at, row in enumerate(rows):
            if at in own or not sure[at]:
                gradients, sure[at] = back_from(row)
                found[at][:] = [gradients.get(by[place], 0.0) for place in plan.pattern[at]]
    for at, name in enumerate(of):
        if not sure[at]:
            names = [wrt[place] for place in plan.pattern[at]]
            result = by_itself(point, model, values, name, names)
            numbers[at] = result.value
            found[at][:] = [*result.gradients.values()]
            warnings += result.warnings
            notes += result.notes
    sizes = [len(columns) for columns in plan.pattern]
    return JacobianEntries(
        tuple(of),
        tuple(wrt),
        numbers,
        np.repeat(np.arange(len(rows)), sizes),
        np.fromiter(chain.from_iterable(plan.pattern), np.intp, sum(sizes)),
        np.concatenate([*found, np.zeros(0)]) + 0.0,  # which makes a 0 of -0.0
        mode,
        on if mode == "forward" else back,
        once(warnings),
        once(notes),
    )


class _Structure(NamedTuple):
    """For each output the places of the inputs that it can have a derivative by; and how few sweeps from
    the front find them: see `engine.sparsity`."""

    pattern: Sequence[Sequence[int]]
    colours: Colouring


def _planned(graph: Graph, rows: Sequence[int], by: Sequence[int], least: int) -> _Structure:
    """Where the structure of the graph saves sweeps, by that; else a sweep for each input."""
    pattern = jacobian_pattern(graph, by) if min(len(rows), len(by)) >= least else None
    if pattern:
        return _Structure(pattern, coloured(pattern, len(by)))
    whole = range(len(by))
    return _Structure([whole] * len(rows), Colouring((), whole, len(by)))


def _fill_coloured(
    point: Outputs,
    rows: Sequence[int],
    by: Sequence[int],
    plan: _Structure,
    found: Sequence[NDArray[np.float64]],
) -> list[bool]:
    """Fill in the rows of the outputs by a sweep for each colour; which of them are sure, of those that have
    no sweep of their own."""
    ways: list[dict[int, float]] = [{} for _ in range(plan.colours.size)]
    for node, colour in zip(by, plan.colours.colours, strict=True):
        if colour >= 0:
            ways[colour][node] = 1.0
    own = set(plan.colours.alone)
    others = [at for at in range(len(rows)) if at not in own]
    mixed = np.zeros((len(others), len(ways)))
    fitting = point._replace(sure=[point.sure[at] for at in others])
    sure = [*point.sure]
    for at, row, each in zip(
        others, mixed, fill_forward(fitting, [rows[at] for at in others], ways, mixed), strict=True
    ):
        sure[at] = each
        found[at][:] = row[[plan.colours.colours[place] for place in plan.pattern[at]]]
    return sure


def _by_loops(
    model: Model, values: Mapping[str, float], of: Sequence[str], wrt: Sequence[str]
) -> JacobianEntries | None:
    """All derivatives of few outputs of a Model of loops, one after the other by arrays; None for others,
    and where something is in doubt."""
    results = []
    for name in of if model.loops and len(of) <= _FEW else ():
        found = by_loops(model, values, name)
        if found is None:
            return None
        results.append(only_by(found, wrt))
    if not results:
        return None
    table = np.array([[each.gradients[name] for name in wrt] for each in results])
    rows, columns = np.indices(table.shape)
    return JacobianEntries(
        tuple(of),
        tuple(wrt),
        np.array([each.value for each in results]),
        rows.ravel(),
        columns.ravel(),
        table.ravel(),
        "reverse",
        len(of),
        once([warning for each in results for warning in each.warnings]),
    )


def _ways_back(
    point: Outputs, rows: Sequence[int], by: Sequence[int]
) -> Callable[[int], tuple[Mapping[int, float], bool]]:
    """What sweeps back from an output, to `by`: a tape from large ones, the interpreter otherwise."""
    graph, total = point.graph, len(point.graph.steps)
    sizes = {}
    if len(rows) * total > _SMALL:
        sizes = {row: len(Graph(graph.columns, [row]).steps) for row in rows}
    large = {row for row, size in sizes.items() if size > max(MOST, total // _FASTER)}
    seconds = _SWEEP * sum(sizes[row] for row in large)
    if not large or not tape_pays("auto", False, total, seconds):
        return lambda row: _back(point, row)
    from backprop.engine.tape import Arrays, Tape

    data = point.data
    assert data is not None
    try:
        arrays = Arrays(Tape(graph.columns, graph.order, rows[-1]), dict(enumerate(data)))
        nodes = [node for node in by if arrays.tape.places[node] >= 0]
        places = arrays.tape.places[nodes]
        finite = arrays.forward()
    except NoMachineCode:
        return lambda row: _back(point, row)
    swept = dict[int, NDArray[np.float64]]()
    for row in filter(large.__contains__, rows if finite else ()):
        if row not in swept and arrays.backward(row):
            swept[row] = arrays.gradients[places]
    table = np.array([*swept.values()]).reshape(len(swept), len(nodes))
    moves = dict(zip(swept, few_digits(graph, data, [*swept], nodes, table), strict=True))

    def by_tape(row: int) -> tuple[Mapping[int, float], bool]:
        if row not in swept:
            return _back(point, row)
        return dict(zip(nodes, swept[row].tolist(), strict=True)), not moves[row]

    return by_tape


def _back(point: Outputs, row: int) -> tuple[Mapping[int, float], bool]:
    """The derivatives of an output by what leads to it, by a sweep back, and whether they are sure."""
    assert point.data is not None
    own = Graph(point.graph.columns, [row], point.graph.labels)
    here = {node: point.data[node] for node in own.order}
    gradients: dict[int, float] = dict.fromkeys(own.order, 0.0)
    sure = (
        all(map(isfinite, here.values()))
        and not met_within(own, here)
        and settled(own, here, gradients) is None
        and not doubted(own, here, gradients)
    )
    return gradients, sure


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
