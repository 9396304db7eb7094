"""Several outputs of a Model, and their derivatives by several names: what `grad` says of each output,
found by fewer sweeps.

Nothing in doubt is decided here: an output with a border, 0·∞ or lost digits on its way is `gradient`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.engine.choosing import tape_pays
from backprop.engine.sparsity import Colouring, coloured, jacobian_pattern
from backprop.errors import BackpropError, NoMachineCode, TooLarge
from backprop.evaluation.borders import met_within
from backprop.evaluation.forward_sweeps import fill_forward
from backprop.evaluation.gradient import by_loops, only_by, refuse, settled
from backprop.evaluation.shaken import MOST, doubted
from backprop.evaluation.shaken_rows import few_digits
from backprop.evaluation.sure_outputs import Outputs, by_itself, once
from backprop.graph import Graph
from backprop.language import Model
from backprop.memory import without_collector

MODES = ("forward", "reverse")

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
    if model.loops:
        from backprop.evaluation.forward_loops import inputs_of_loops  # for loops only

        return inputs_of_loops(model, outputs)
    if len(outputs) <= _FEW:
        leading = set[str]().union(*map(model.leading, outputs))
    else:
        leading = {model.labels.get(node, "") for node in model.graph(*outputs).inputs}
    return [name for name in model.inputs if name in leading and name not in model.held]


@without_collector
def jacobian(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    wrt: Sequence[str],
    mode: str | None = None,
    engine: str = "auto",
) -> Jacobian:
    """The derivatives of each output by each name. mode: one of MODES, None for the one with fewer
    sweeps. engine: how they are computed, if not by loops over arrays. Raises as `Model.grad`, and
    TooLarge."""
    if len(of) * len(wrt) > _MOST:
        message = f"a matrix of {len(of):,} by {len(wrt):,} derivatives is too large to be kept"
        hints = ["ask for those that can be other than 0: --sparse", "or for a part: --of, --wrt"]
        raise TooLarge(message, hints=hints, where=model.source.name)
    found = entries(model, values, of, wrt, mode, engine, _LEAST)
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
    engine: str = "auto",
    least: int = 1,
) -> JacobianEntries:
    """The derivatives that can be other than 0. mode, engine: as of `jacobian`. least: from so many inputs
    and outputs on it is looked for those; otherwise all count. Raises as `Model.grad`."""
    if mode != "forward" and least > 1 and (looped := _by_loops(model, values, of, wrt)):
        return looped
    if model.loops and mode != "reverse" and len(of) > _FEW and least > 1:
        from backprop.evaluation.forward_loops import forward_by_loops  # for loops only

        if swept := forward_by_loops(model, values, of, wrt, mode):
            return _whole(of, wrt, *swept, "forward", len(wrt))
    if model.loops and mode != "reverse":
        from backprop.evaluation.looped_entries import entries_by_loops

        if by_arrays := entries_by_loops(model, values, of, wrt):
            numbers, rows_at, columns_at, some, sweeps = by_arrays
            head, places = (tuple(of), tuple(wrt), numbers), (rows_at, columns_at, some + 0.0)
            return JacobianEntries(*head, *places, "forward", sweeps, once(model.warnings))
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
            sure = _fill_coloured(point, rows, by, plan, found, engine)
        own = {*plan.colours.alone} if mode == "forward" else {*range(len(rows))}
        back_from = _ways_back(point, [rows[at] for at in own if point.sure[at]], by, engine)
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
    engine: str,
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
    filled = fill_forward(fitting, [rows[at] for at in others], ways, mixed, engine)
    for at, row, each in zip(others, mixed, filled, strict=True):
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
        found = by_loops(model, values, name, wrt=wrt, alone=True)
        if found is None:
            return None
        results.append(only_by(found, wrt))
    if not results:
        return None
    table = np.array([[each.gradients[name] for name in wrt] for each in results])
    numbers = np.array([each.value for each in results])
    warnings = once([warning for each in results for warning in each.warnings])
    return _whole(of, wrt, numbers, table, "reverse", len(of), warnings)


def _whole(
    of: Sequence[str],
    wrt: Sequence[str],
    numbers: NDArray[np.float64],
    table: NDArray[np.float64],
    mode: str,
    sweeps: int,
    warnings: Sequence[BackpropError] = (),
) -> JacobianEntries:
    """All derivatives of a matrix."""
    rows, columns = np.indices(table.shape)
    found = rows.ravel(), columns.ravel(), table.ravel()
    return JacobianEntries(tuple(of), tuple(wrt), numbers, *found, mode, sweeps, warnings)


def _ways_back(
    point: Outputs, rows: Sequence[int], by: Sequence[int], engine: str
) -> Callable[[int], tuple[Mapping[int, float], bool]]:
    """What sweeps back from an output, to `by`: a tape from large ones, the interpreter otherwise, where
    the engine leaves that open."""
    graph, total = point.graph, len(point.graph.steps)
    sizes, every = {}, engine == "native"
    if every or len(rows) * total > _SMALL:
        sizes = {row: len(Graph(graph.columns, [row]).steps) for row in rows}
    large = {row for row, size in sizes.items() if size > max(MOST, total // _FASTER)}
    seconds = _SWEEP * sum(sizes[row] for row in large)
    if not (every or large) or not tape_pays(engine, False, total, seconds):
        return lambda row: _back(point, row)
    from backprop.engine.tape import Arrays, Tape

    data = point.data
    assert data is not None
    try:
        arrays = Arrays(Tape(graph.columns, graph.order, graph.output), dict(enumerate(data)))
        nodes = [node for node in by if arrays.tape.places[node] >= 0]
        places = arrays.tape.places[nodes]
        finite = arrays.forward()
    except NoMachineCode:
        if every:
            raise
        return lambda row: _back(point, row)
    swept = dict[int, NDArray[np.float64]]()
    for row in (sizes if every else large) if finite else ():
        if arrays.backward(row):
            swept[row] = arrays.gradients[places]
    looked = [row for row in swept if row in large]
    table = np.array([swept[row] for row in looked]).reshape(len(looked), len(nodes))
    moves = dict(zip(looked, few_digits(graph, data, looked, nodes, table), strict=True))

    def by_tape(row: int) -> tuple[Mapping[int, float], bool]:
        if row not in swept:
            return _back(point, row)
        sure = not moves[row] if row in large else _back(point, row)[1]
        return dict(zip(nodes, swept[row].tolist(), strict=True)), sure

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
