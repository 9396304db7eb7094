"""Gradients of which rounding leaves too few digits: computed again with many, and said.

Which these are, `shaken` finds.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

from backprop.errors import Cancelled
from backprop.evaluation.borders import jumps, met_within
from backprop.evaluation.indeterminate import exact_numbers, slopes_by_values
from backprop.evaluation.shaken import JUMPS, Doubted
from backprop.evaluation.sides import AGREED
from backprop.graph import Graph, depending
from backprop.language.model import Model
from backprop.numbers import few, shown
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import ByNode

_SAID = 1e-9
"""What differs by less is put right without a word: at every minimum gradients are rounding."""

_BY_VALUES = 20
"""The most nodes for which values are asked, because the chain rule does not decide."""


LARGE = 20_000
"""Graphs of more steps are not computed again: that takes 0.15 ms a step."""


class Lost(NamedTuple):
    """What rounding has taken, by node: values with what they would be, and gradients that have been
    computed again with what they were; of those that it matters for. jumping: whether it may have
    decided a choice or a jump."""

    values: dict[int, float]
    gradients: dict[int, float]
    jumping: bool


def restored(
    graph: Graph, data: ByNode, gradients: ByNode, doubted: Doubted, settled: bool
) -> Lost:
    """Put the finite gradients right of which rounding leaves less than nine digits. data: what the
    nodes are worth, which stays. doubted: what `shaken` has found. settled: whether the gradients are
    of more digits already, so that what stands on a border in doubles alone did not count there."""
    lost = Lost({}, {}, False)
    met = met_within(graph, data)
    exact_values, exact_gradients, jumped = exact_numbers(graph, data, () if settled else met)
    moving = depending(graph, graph.inputs, graph.steps) if met else set[int]()
    if any(_has_jumped(graph, step, exact_values, data) for step in moving.intersection(met)):
        return lost  # of which `other_side` says what more digits make of it
    slope = slopes_by_values(graph, data)
    left = (node for node in graph.order if node in graph.labels and node not in exact_gradients)
    exact_gradients |= {node: slope(node)[0] for node in islice(left, _BY_VALUES)}
    for node in filter(graph.labels.__contains__, doubted.values):
        right = float(exact_values(node))
        if _differ(right, data[node]) and abs(right - data[node]) > _SAID:
            lost.values[node] = right
    for node in exact_gradients:  # what has become 0 does not move
        right = float(exact_gradients[node])
        if isfinite(gradients[node]) and _differ(right, gradients[node]):
            if abs(right - gradients[node]) > _SAID:
                lost.gradients[node] = gradients[node]
            gradients[node] = right
    near = any(JUMPS[graph.ops[step]] for step in doubted.turning - {*met})
    return lost._replace(jumping=near or not {*met}.issuperset(jumped))


def _has_jumped(graph: Graph, step: int, value: Callable[[int], Any], data: ByNode) -> bool:
    """Whether a step that jumps where it stands, and has slopes, as mod does, is on the other side
    with more digits."""
    row = OPERATIONS[graph.op(step)]
    jumping = row.jump and functions.has_slopes(row.name)
    return bool(jumping) and jumps(graph, step, data, value(step))


def _differ(right: float, known: float) -> bool:
    most = AGREED * abs(right) + functions.TINY if isfinite(right) else 0.0
    return abs(right - known) > most  # not where there is none


def notes(model: Model, graph: Graph, data: ByNode, lost: Lost) -> Iterator[Cancelled]:
    """A note on the named gradients, and one on the named values, of which rounding leaves too
    little."""
    output, labels = model.labels[graph.output], graph.labels
    if was := {labels[node]: lost.gradients[node] for node in lost.gradients if node in labels}:
        named = _listed({f"∂{output}/∂{name}": number for name, number in was.items()})
        many = "they are" if len(was) > 1 else "it is"
        message = f"in doubles rounding would make {named}: {many} computed with more digits"
        note = Cancelled(message, where=model.source.name)
        note.leads = frozenset(was)
        yield note
    if lost.values:
        had = _listed({labels[node]: data[node] for node in lost.values})
        right = few([*map(shown, lost.values.values())])
        they = "they are" if len(lost.values) > 1 else "it is"
        message = f"in doubles rounding makes {had}: with more digits {they} {right}"
        note = Cancelled(message, where=model.source.name)
        note.leads = frozenset(labels[node] for node in lost.values)
        yield note


def left(model: Model, graph: Graph, gradients: ByNode, doubted: Doubted) -> list[Cancelled]:
    """A warning for the named gradients of a graph too large to be computed again."""
    labels = graph.labels
    names = [node for node in doubted.gradients if node in labels and abs(gradients[node]) > _SAID]
    if doubted.turning or not names:
        return []
    output = labels[graph.output]
    named = _listed({f"∂{output}/∂{labels[node]}": gradients[node] for node in names})
    message = f"rounding leaves few digits, or none, of {named}: as they are in doubles"
    hint = f"of up to {LARGE:,} steps they are computed with more digits, and this takes {len(graph.steps):,}"
    warning = Cancelled(message, where=model.source.name, hints=[hint])
    warning.leads = frozenset(labels[node] for node in names)
    return [warning]


def _listed(numbers: Mapping[str, float]) -> str:
    return few([f"{name} {shown(number + 0.0)}" for name, number in numbers.items()])
