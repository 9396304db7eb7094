"""Derivatives along directions, of graphs laid out on a tape, against the interpreter's."""

from __future__ import annotations

import random

import numpy as np
import pytest

import backprop
from backprop.engine.engines import TapeCode
from backprop.graph import Graph
from backprop.syntax import functions
from backprop.values import Lookup, forward, tangents
from test_engines import random_graph

SIZES = Lookup(functions.sizes)


@pytest.mark.parametrize("count", [1, 3, 8, 8 + 2])
@pytest.mark.parametrize(("steps", "local"), [(3, True), (40, False), (400, True), (3_000, False)])
def test_tangents_on_a_tape_are_those_of_the_interpreter(
    steps: int, local: bool, count: int
) -> None:
    for seed in range(5):
        graph, numbers = random_graph(steps, seed, local)
        chance = random.Random(seed)
        graph = Graph(graph.columns, [*chance.choices(graph.order, k=3), graph.output])
        leaves, code = list(numbers), TapeCode(graph, list(numbers), {})
        arrays = code.own.made
        arrays.values[: len(leaves)] = list(numbers.values())
        arrays.forward()
        ways = np.zeros((count, len(code.tape.inputs)))
        ways[:, : len(leaves)] = [[chance.uniform(-1, 1) for _ in leaves] for _ in range(count)]
        found = arrays.tangents(ways, np.array(graph.outputs))
        data = graph.columns.start()
        for leaf, number in numbers.items():
            data[leaf] = number
        forward(graph, graph.steps, data)
        seeds = {leaf: ways[:, at] for at, leaf in enumerate(leaves)}
        truth = tangents(graph, graph.steps, data, seeds)
        sizes = tangents(graph, graph.steps, data, {at: abs(x) for at, x in seeds.items()}, SIZES)
        for at, output in enumerate(graph.outputs):
            allowed = 1e-13 * np.asarray(sizes.get(output, 0.0))
            assert (abs(found[:, at] - truth.get(output, 0.0)) <= allowed).all()
        same = arrays.tangents(abs(ways), np.array(graph.outputs), sizes=True)
        for at, output in enumerate(graph.outputs):
            assert same[:, at] == pytest.approx(
                np.broadcast_to(sizes.get(output, 0.0), count), rel=1e-12
            )
        for way, expected, size in zip(ways, found, same, strict=True):
            alone = arrays.along(way, np.array(graph.outputs))
            assert alone is not None
            assert (abs(alone - expected) <= 1e-13 * size).all()


def test_along_a_direction_what_is_not_finite_is_said_and_branches_are_told_apart() -> None:
    model = backprop.parse("y = if(x > 1, x^3, if(z > x, z*x, 1/x)); z = 5; x = 2")
    code = TapeCode(model.graph("y"), [model.names["x"], model.names["z"]], {})
    arrays, output = code.own.made, np.array([model.names["y"]])
    for x, z, expected in [(2.0, 5.0, 12), (0.5, 5.0, 5 + 2 * 0.5), (0.5, 0.25, -4)]:
        arrays.values[:2] = x, z
        found = arrays.along(np.array([1.0, 2.0]), output)
        assert found is not None
        assert found[0] == pytest.approx(expected, rel=1e-13)
    arrays.values[:2] = 0.0, -1.0
    assert arrays.along(np.array([1.0, 0.0]), output) is None


def test_a_branch_that_is_not_taken_has_no_tangent() -> None:
    model = backprop.parse("y = if(x > 1, x^3, if(z > x, z*x, 1/x)); z = 5; x = 2")
    leaves = [model.names["x"], model.names["z"]]
    code = TapeCode(model.graph("y"), leaves, {})
    arrays = code.own.made
    for x, z, expected in [(2.0, 5.0, [12, 0]), (0.5, 5.0, [5, 0.5]), (0.5, 0.25, [-4, 0])]:
        arrays.values[:2] = x, z
        assert arrays.forward()
        found = arrays.tangents(np.identity(2), np.array([model.names["y"]]))
        assert found[:, 0] == pytest.approx(expected, rel=1e-13)
