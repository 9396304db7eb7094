"""How far gradients of loops are from those of the same text unrolled."""

from __future__ import annotations

from functools import cache
from sys import float_info

import pytest

from backprop.evaluation.gradient import Evaluation, Gradient, evaluate
from backprop.evaluation.indeterminate import exact_numbers
from backprop.graph import Graph
from backprop.language import Model
from backprop.language.reading import read_carefully
from backprop.loops import sequence
from backprop.loops.many import NotLoops
from backprop.loops.worth import read_model
from backprop.source import Source
from backprop.values import ByNode, derivatives, summed_sizes

_STEP = 2.0**-24
"""How far an input is moved, relative to it: the numbers that then change have many more digits."""


def apart(found: Gradient, right: Evaluation) -> float:
    """How far gradients are from those of the unrolled graph, at most, in units of the last place
    times 1 and the condition number: the sizes that are added up to a gradient, relative to it. Where
    that is much: without what the unrolled graph itself is off, its distance from gradients of many
    digits, as of a sum of hundreds, and with what the rounding of each value does to the gradient."""
    graph, (data, gradients), _ = right
    sizes = summed_sizes(graph, data)
    nodes = {name: node for node, name in graph.labels.items()}
    exact = cache(lambda: exact_numbers(graph, data)[1])
    units = [0.0]
    for name, slope in found.gradients.items():
        node = nodes[name]
        size = abs(gradients[node]) + sizes[node]
        off = abs(slope - gradients[node])
        if off > 4 * _unit(size):
            off -= abs(gradients[node] - float(exact()[node]))
        if off > 4 * _unit(size):
            size += by_rounding(graph, data, node)
        units.append(off / _unit(size))
    return max(units)


def _unit(size: float) -> float:
    return float_info.epsilon * size or float_info.min


def loops_agree(looped: Model, right: Gradient) -> None:
    """Assert that all values and gradients of loops are those of the unrolled text, by arrays and by machine
    code. looped: a LoopModel."""
    for engine in ("auto", "native"):
        looped.engine = engine
        try:
            found = looped.swept({}, right.output, False)  # type: ignore[attr-defined]
        except NotLoops:
            continue
        if found is None:
            continue
        for name, value in right.data.items():
            of, at = looped.kind(name)  # type: ignore[attr-defined]
            assert found.values[of.name][at] == pytest.approx(value, rel=1e-12, abs=1e-15), name
        for name, slope in right.gradients.items():
            of, at = looped.kind(name)  # type: ignore[attr-defined]
            assert found.gradients[of.name][at] == pytest.approx(slope, rel=1e-11, abs=1e-14), name


def text_agrees(monkeypatch: pytest.MonkeyPatch, text: str, output: str, steps: int) -> None:
    """Assert that a text read as loops says what the same text does with a row of its own for every member: the
    warnings, all values and all gradients of an output. steps: so many of a recurrence are single ones, 0 for
    slices of arrays alone."""
    monkeypatch.setattr(sequence, "STEPS", steps)
    monkeypatch.setattr(sequence, "THIN", 0)
    source = Source("<text>", text)
    whole = read_carefully(source)
    right = evaluate(whole, {}, output).gradient
    looped = read_model(source, many=0)
    said, right_said = ([each.message for each in model.warnings] for model in (looped, whole))
    assert said == right_said
    if looped.loops:
        loops_agree(looped, right)


def without_idle(found: Gradient, right: Gradient) -> Gradient:
    """Gradients without those that are 0 of what the unrolled graph does not lead through: loops compute for
    all members what some need, and what is 0 for one may read another."""
    idle = {
        name
        for name in found.gradients.keys() - right.gradients.keys()
        if not found.gradients[name]
    }
    kept = {name: slope for name, slope in found.gradients.items() if name not in idle}
    return found._replace(gradients=kept)


def by_rounding(graph: Graph, data: ByNode, node: int) -> float:
    """How far the derivative of the output by a node moves if each value on the way is rounded, in units
    of the last place at most.

    If a step has the value f(…) + ε, the derivative by x moves by ε times the second derivative of the
    output by x and the step, which is the derivative by x of the step's adjoint: a difference of adjoints
    of many digits. What leads to x, if that is computed, moves the derivative as far as it moves x.
    """
    held = graph.holding([node]) if node in graph.steps else graph
    moved = [*data]
    moved[node] += abs(data[node]) * _STEP or _STEP
    far, near = (exact_numbers(held, each)[1] for each in (moved, data))

    def slope(of: int) -> float:
        return float(far[of] - near[of]) / (moved[node] - data[node]) if of in near else 0.0

    total = sum(_size(graph, data, each) * abs(slope(each)) for each in held.steps)
    if held is not graph:
        own = Graph(graph.columns, [node])
        adjoints = derivatives(own, data)
        rounding = sum(_size(graph, data, each) * abs(adjoints[each]) for each in own.steps)
        total += abs(slope(node)) * rounding
    return total


def _size(graph: Graph, data: ByNode, step: int) -> float:
    """What a step is rounded like: a sum as the numbers are that are added, in whatever order."""
    if graph.op(step) in ("+", "-", "neg"):
        return sum(abs(data[each]) for each in graph.operands(step))
    return abs(data[step])
