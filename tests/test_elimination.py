"""Sweeps over what is left of a tape when steps are eliminated, against the interpreter's."""

from __future__ import annotations

import random

import numpy as np
import pytest

import backprop
from backprop.chain.derivatives import derivative_graph
from backprop.engine import tape_sweeps
from backprop.engine.elimination import Elimination
from backprop.engine.engines import TapeCode
from backprop.engine.tape_sweeps import TapeSweeps
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.graph import Graph
from backprop.syntax import functions
from backprop.values import Lookup, forward, tangents
from benchmarks.graphs import graph
from test_engines import random_graph

SIZES = Lookup(functions.sizes)


def _eliminated(code: TapeCode, count: int, outputs: list[int]) -> Elimination:
    return Elimination(code.tape, count, np.array(outputs))


@pytest.mark.parametrize("count", [1, 5, 16, 16 + 3])
@pytest.mark.parametrize(("steps", "local"), [(3, True), (40, False), (400, True), (3_000, False)])
def test_what_is_left_has_the_tangents_of_the_interpreter(
    steps: int, local: bool, count: int
) -> None:
    for seed in range(5):
        graph, numbers = random_graph(steps, seed, local)
        chance = random.Random(seed)
        some = chance.choices(graph.order, k=3)
        graph = Graph(graph.columns, [*some, graph.output, *list(numbers)[:1]])
        leaves, code = list(numbers), TapeCode(graph, list(numbers), {})
        arrays = code.own.made
        arrays.values[: len(leaves)] = list(numbers.values())
        arrays.forward()
        ways = np.array([[chance.uniform(-1, 1) for _ in leaves] for _ in range(count)])
        found = _eliminated(code, len(leaves), list(graph.outputs)).products(arrays, ways)
        assert found is not None
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


@pytest.mark.parametrize(("steps", "local"), [(40, False), (400, True), (3_000, False)])
def test_a_table_of_second_derivatives_has_all_of_them(steps: int, local: bool) -> None:
    for seed in range(5):
        graph, numbers = random_graph(steps, seed, local)
        leaves = list(numbers)
        slopes = derivative_graph(graph, leaves)
        code = TapeCode(slopes, leaves, {})
        arrays = code.own.made
        arrays.values[: len(leaves)] = list(numbers.values())
        assert arrays.forward()
        found = _eliminated(code, len(leaves), list(slopes.outputs)).table(arrays)
        data = slopes.columns.start()
        for leaf, number in numbers.items():
            data[leaf] = number
        forward(slopes, slopes.steps, data)
        ways = np.identity(len(leaves))
        seeds = {leaf: ways[:, at] for at, leaf in enumerate(leaves)}
        truth = tangents(slopes, slopes.steps, data, seeds)
        sizes = tangents(slopes, slopes.steps, data, seeds, SIZES)
        assert found is not None
        for at, output in enumerate(slopes.outputs):
            allowed = 1e-12 * np.asarray(sizes.get(output, 0.0))
            allowed += 1e-12 * np.array(
                [np.broadcast_to(sizes.get(each, 0.0), len(leaves))[at] for each in slopes.outputs]
            )
            assert (abs(found[:, at] - truth.get(output, 0.0)) <= allowed).all()


def test_inputs_in_layers_and_blocks() -> None:
    """Of 40 inputs a product of neighbours and a square of the first half: what is not reached is 0."""
    text = "y = sum(x[i]*x[i+1]*sin(x[i]) for i in 1..39) + sum(x[i] for i in 1..20)^3; x[i] = 0 for i in 1..40"
    model = backprop.parse(text)
    leaves = [model.names[f"x[{at}]"] for at in range(1, 41)]
    slopes = derivative_graph(model.graph("y"), leaves)
    code = TapeCode(slopes, leaves, {})
    arrays = code.own.made
    x = np.linspace(0.1, 2, 40)
    arrays.values[:40] = x
    assert arrays.forward()
    found = _eliminated(code, 40, list(slopes.outputs)).table(arrays)
    expected = np.zeros((40, 40))
    expected[:20, :20] = 6 * x[:20].sum()
    for at in range(39):
        expected[at, at] += x[at + 1] * (2 * np.cos(x[at]) - x[at] * np.sin(x[at]))
        mixed = np.sin(x[at]) + x[at] * np.cos(x[at])
        expected[at, at + 1] += mixed
        expected[at + 1, at] += mixed
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_products_too_small_for_a_double_are_left_to_the_tape() -> None:
    """Slopes of 1e-200, 1e-200 and 1e300 in a row are 1e-100, of which the first two would make 0."""
    model = backprop.parse("y = sin((x*1e-200)*1e-200); x = 1")
    leaves = [model.names["x"]]
    graph = model.graph("y")
    code = TapeCode(graph, leaves, {})
    arrays = code.own.made
    arrays.values[:1] = 1.0
    assert arrays.forward()
    assert _eliminated(code, 1, [graph.output]).products(arrays, np.array([[1e300]])) is None
    arrays.values[:1] = np.inf
    arrays.forward()
    assert _eliminated(code, 1, [graph.output]).products(arrays, np.ones((1, 1))) is None


@pytest.mark.parametrize("kind", ["layered", "anywhere", "chain"])
def test_deep_graphs_have_the_second_derivatives_of_the_tape(kind: str) -> None:
    """Thousands of steps, one after the other in a chain."""
    made = graph(kind, 4_000)
    model = backprop.parse(made.text())
    numbers = {f"x{at}": number for at, number in enumerate(made.inputs)}
    known = {name: numbers[name] for name in numbers if name in model.names}
    leaves, x = [model.names[name] for name in known], [*known.values()]
    second = SecondDerivatives(model.graph(model.output()), leaves, {}, "native")
    truth, sizes = second.matrix(x), second.sizes(x)
    code = second._tape.code
    few = _eliminated(code, len(leaves), list(second.graph.outputs))
    assert 2 * len(few.matrix.operands) < 2 * code.tape.size
    code.own.made.values[: len(x)] = x
    assert code.own.made.forward()
    for found in (
        few.table(code.own.made),
        few.products(code.own.made, np.identity(len(x))),
    ):
        assert (abs(found - truth) <= 1e-12 * np.maximum(sizes, sizes.T)).all()


def test_where_products_never_fit_into_doubles_the_tape_is_taken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tape_sweeps, "_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(tape_sweeps, "_MANY", 1)
    model = backprop.parse("y = (x + 2*z)*1e300*1e-200*1e-200; x = 1; z = 2")
    made = TapeSweeps(model.graph("y"), [model.names[name] for name in "xz"], {})
    for _ in range(tape_sweeps._FAILED + 5):
        found = made.products([1.0, 2.0], np.identity(2))
        assert found == pytest.approx(np.array([[1e-100], [2e-100]]), rel=1e-12, abs=0)
    assert made._failed == tape_sweeps._FAILED + 1


def test_many_hessians_are_those_of_the_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first comes from the tape, others from what is left of it; to the last digits they are the same."""
    rows = " + ".join(f"(tanh(w1*{at}+w2)*w3 + exp(w4*w{at % 9 + 5}/9))^2" for at in range(60))
    text = f"L = {rows}; " + "; ".join(f"w{at} = 0" for at in range(1, 14))
    model = backprop.parse(text)
    names = [f"w{at}" for at in range(1, 14)]
    leaves = [model.names[name] for name in names]
    x = [0.1 * at - 0.5 for at in range(13)]
    second = SecondDerivatives(model.graph("L"), leaves, {}, "native")
    first = second.at(x)
    assert second._tape._few is None
    monkeypatch.setattr(tape_sweeps, "_SECONDS", (0.0, 0.0))
    again = second.at(x)
    assert second._tape._few is not None
    assert again == pytest.approx(first, rel=1e-12, abs=1e-12 * abs(first).max())
    monkeypatch.setattr(tape_sweeps, "_MANY", 1)
    ways = np.cos(np.arange(26)).reshape(2, 13)
    assert second.products(x, ways) == pytest.approx(ways @ first, rel=1e-11)


def test_entries_of_a_sparse_matrix_take_no_sweep_when_steps_are_eliminated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three diagonals need none; in blocks of four a step stays that four inputs lead to."""
    monkeypatch.setattr(tape_sweeps, "_SECONDS", (0.0, 0.0))
    band = "sum(100*(x[i+1] - x[i]^2)^2 + exp(x[i]*x[i+1]) + (1 - x[i])^2 for i in 1..39)"
    blocks = "sum(exp(x[4*i-3]*x[4*i-2] + x[4*i-1]*x[4*i]) for i in 1..10)"
    for text, direct in [(band, True), (blocks, False)]:
        model = backprop.parse(f"L = {text}; x[i] = 0 for i in 1..40")
        leaves = [model.names[f"x[{at}]"] for at in range(1, 41)]
        x = np.linspace(-0.5, 0.8, 40).tolist()
        truth = SecondDerivatives(model.graph("L"), leaves, {}, "python").matrix(x)
        second = SecondDerivatives(model.graph("L"), leaves, {}, "native")
        for _ in range(3):
            assert second.matrix(x) == pytest.approx(truth, rel=1e-12, abs=1e-10)
        found = second.entries(x)
        assert found.values == pytest.approx(truth[found.rows, found.columns], rel=1e-12, abs=1e-10)
        assert (second._tape.entries(x, found.rows, found.columns) is not None) == direct
        assert second._tape.entries([np.inf, *x[1:]], found.rows, found.columns) is None
