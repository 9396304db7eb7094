"""Jacobians against mpmath's differences of values at 60 digits: standard functions, random graphs, the
gallery. Both modes, to 1e-12 times one and the condition: the sizes of all that is added up."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import backprop
from backprop import gallery
from backprop.evaluation.several import jacobian
from backprop.graph import Graph
from backprop.language import Model
from backprop.source import Source
from standard_functions import STANDARD_FUNCTIONS
from test_engines import contributions, interpreted, random_graph
from truth import mp, truth

STEP = mp.mpf(10) ** -20


def assert_true(
    model: Model, values: Mapping[str, float], of: Sequence[str], wrt: Sequence[str]
) -> None:
    """Both modes are as near to the differences as rounding lets them be, and to one another."""
    found = [jacobian(model, values, of, wrt, mode).jacobian for mode in ("forward", "reverse")]
    for row, name in enumerate(of):
        graph = Graph(model.columns, [model.names[name]])
        point = {node: number_of(model, node, values) for node in graph.inputs}
        data, _ = interpreted(graph, point)
        sizes = contributions(graph, data)
        for column, by in enumerate(wrt):
            leaf = model.names[by]
            true = difference(graph, point, leaf) if leaf in point else 0.0
            for table in found:
                off = abs(table[row, column] - true)
                assert off <= 1e-12 * (abs(true) + sizes[leaf]) + 1e-50, (name, by)


def number_of(model: Model, node: int, values: Mapping[str, float]) -> float:
    name = model.labels[node]
    return values[name] if name in values else model.default(name)


def difference(graph: Graph, point: Mapping[int, float], leaf: int) -> float:
    with mp.workdps(80):
        there = {node: mp.mpf(number) for node, number in point.items()}
        sides = []
        for sign in (1, -1):
            there[leaf] = mp.mpf(point[leaf]) + sign * STEP
            sides.append(precisely(graph, there))
        return float((sides[0] - sides[1]) / (2 * STEP))


def precisely(graph: Graph, numbers: Mapping[int, Any]) -> Any:
    """The output in mpmath's arithmetic."""
    found = dict(numbers)
    for node in graph.order:
        if graph.is_number(node):
            found[node] = mp.mpf(graph.constant(node))
        elif graph.is_step(node):
            found[node] = truth(graph.op(node))(*[found[each] for each in graph.operands(node)])
    return found[graph.output]


VECTORS = [each for each in STANDARD_FUNCTIONS if "\nr1 = " in each.equations]


@pytest.mark.parametrize("function", VECTORS, ids=lambda each: each.name)
def test_the_residuals_of_standard_functions(
    function: object, request: pytest.FixtureRequest
) -> None:
    """Those of Moré, Garbow and Hillstrom, at the starting point and near it; of many some, but with --whole."""
    equations, start = function.equations, function.start  # type: ignore[attr-defined]
    model = backprop.parse(equations)
    of = [name for name in model.names if name[0] == "r" and name[1:].isdigit()]
    if not request.config.getoption("--whole"):
        of = of[:: max(1, len(of) // 6)]
    wrt = [*start][:8]
    chance = random.Random(1)
    near = {name: number + chance.uniform(-0.1, 0.1) for name, number in start.items()}
    for point in (start, near):
        assert_true(model, point, of, wrt)


def test_random_graphs(request: pytest.FixtureRequest) -> None:
    whole = request.config.getoption("--whole")
    for seed in range(300 if whole else 12):
        graph, numbers = random_graph(20 + seed % 40, seed, seed % 2 == 0)
        inputs = {f"x{at}": leaf for at, leaf in enumerate(numbers)}
        outputs = {f"y{at}": step for at, step in enumerate(graph.steps[-1::-7][:4])}
        model = Model(Source("<random>", ""), graph.columns, {**inputs, **outputs})
        values = {name: numbers[leaf] for name, leaf in inputs.items()}
        assert_true(model, values, [*outputs], [*inputs])


@pytest.mark.parametrize("name", [each.name for each in gallery.examples()])
def test_the_gallery(name: str) -> None:
    model = backprop.parse(next(each.text for each in gallery.examples() if each.name == name))
    many = len(model.columns) > 2000
    equations = [name for name in model.names if model.is_equation(name)]
    equations = equations[-1:] if many else equations
    of = [name for name in equations if not model.grad(of=name).notes]  # nor on a border
    of = [of[-1]] if many else [*of[:: max(1, len(of) // 4)], of[-1]]
    assert_true(model, {}, list(dict.fromkeys(of)), model.inputs[: 2 if many else 6])
