"""Second and third derivatives against differences of values at hundreds of bits: every operation of the
table, the functions of Moré, Garbow and Hillstrom, random graphs, the gallery."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import isfinite
from typing import Any

import numpy
import pytest

import backprop
from backprop import gallery
from backprop.chain.derivatives import derivative_graph
from backprop.engine import tape_sweeps
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.graph import Columns, Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import Lookup, forward, tangents
from odd_points import POINTS
from standard_functions import STANDARD_FUNCTIONS
from test_engines import random_graph
from truth import mp, truth

BITS = 500
"""Of the values; steps are 2^-120."""

ENTRIES = 24
"""The most second derivatives of one function that are looked at."""

SLOPED = [
    name
    for name, row in OPERATIONS.items()
    if functions.has_slopes(name) and (row.called or not name.isidentifier())
]
SIZES = Lookup(functions.sizes)


class Truth:
    """The output of a graph in mpmath's arithmetic: nothing of backprop's own but the graph."""

    def __init__(self, graph: Graph, point: dict[int, float]) -> None:
        self.graph, self.point = graph, point
        self.base = {node: mp.mpf(number) for node, number in point.items()}
        self.functions = {graph.op(step): truth(graph.op(step)) for step in graph.steps}
        for node in graph.order:
            if graph.is_number(node):
                self.base[node] = mp.mpf(graph.constant(node))

    def value(self, moved: dict[int, Any]) -> Any:
        found = {**self.base, **moved}
        for step in self.graph.steps:
            operands = [found[each] for each in self.graph.operands(step)]
            found[step] = self.functions[self.graph.op(step)](*operands)
        return found[self.graph.output]

    def second(self, one: int, other: int, bits: int = BITS, fine: int = 120) -> float:
        """The second derivative by two inputs. fine: steps are 2^-fine."""
        with mp.workprec(bits):
            steps = {
                node: mp.ldexp(min(abs(self.base[node]) or mp.mpf(1), mp.mpf(1)), -fine)
                for node in (one, other)
            }

            def at(*moves: tuple[int, int]) -> Any:
                there: dict[int, Any] = {}
                for node, sign in moves:
                    there[node] = there.get(node, self.base[node]) + sign * steps[node]
                return self.value(there)

            if one == other:
                total = at((one, 1)) - 2 * at() + at((one, -1))
                return float(mp.re(total / steps[one] ** 2))
            signs = [(i, j) for i in (1, -1) for j in (1, -1)]
            parts = mp.fsum([i * j * at((one, i), (other, j)) for i, j in signs])
            return float(mp.re(parts / (4 * steps[one] * steps[other])))


def compare(graph: Graph, point: dict[int, float], matrix: Any, rounding: float, seed: int) -> None:
    """Some entries of a matrix of second derivatives with the truth. rounding: how far they may be off,
    relative to 1 and the sizes of what is added up to them."""
    leaves = list(point)
    second = SecondDerivatives(graph, leaves, {}, "python")
    sizes = second.sizes([*point.values()])
    known = Truth(graph, point)
    pairs = [*combinations_with_replacement(range(len(leaves)), 2)]
    if len(pairs) > ENTRIES:
        own = [(at, at) for at in range(len(leaves))][: ENTRIES // 2]
        pairs = own + random.Random(seed).sample(pairs, ENTRIES - len(own))
    for one, other in pairs:
        true = known.second(leaves[one], leaves[other])
        allowed = rounding * (1 + sizes[one, other] + sizes[other, one])
        assert abs(matrix[one, other] - true) <= allowed, (one, other, matrix[one, other], true)
        assert matrix[one, other] == matrix[other, one]


@pytest.mark.parametrize("name", [name for name in SLOPED if name not in ("if", "polygamma")])
def test_second_derivatives_of_every_operation(name: str) -> None:
    """To 1e-12 of themselves, whatever cancels: what rounding spoils is computed with more digits."""
    row = OPERATIONS[name]
    form = "-x" if name == "neg" else row.form
    model = backprop.parse(f"result_ = {form}")
    graph = model.graph("result_")
    for sample in row.samples:
        if all(number == 0 or 1e-20 < abs(number) < 1e20 for number in sample):
            at = dict(zip(row.operands, sample, strict=True))
            found = model.hessian(at, wrt=list(row.operands)).matrix
            point = {model.names[each]: number for each, number in at.items()}
            known = Truth(graph, point)
            moving = [place for place, slope in enumerate(row.slopes) if slope != "0"]
            for one, other in combinations_with_replacement(moving, 2):
                leaves = [model.names[row.operands[place]] for place in (one, other)]
                true = known.second(leaves[0], leaves[1])
                assert found[one, other] == pytest.approx(true, rel=1e-12, abs=1e-25), (
                    sample,
                    one,
                    other,
                )


@pytest.mark.parametrize("name", [name for name in SLOPED if name not in ("if", "polygamma")])
def test_machine_code_for_second_derivatives_of_every_operation(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What elimination leaves, and a product with a direction, of the operation inside others."""
    monkeypatch.setattr(tape_sweeps, "_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(tape_sweeps, "_MANY", 1)
    row = OPERATIONS[name]
    form = "-x" if name == "neg" else row.form
    model = backprop.parse(f"result_ = ({form})*(1 + ({form})/(3 + w)); w = 0.5")
    graph, looked = model.graph("result_"), 0
    for sample in row.samples:
        numbers = [*sample, 0.5]
        if any(not 1e-3 < abs(number) < 1e3 for number in numbers):
            continue
        moving = [
            each for each, slope in zip(row.operands, row.slopes, strict=True) if slope != "0"
        ]
        point = {model.names[each]: numbers[at] for at, each in enumerate((*row.operands, "w"))}
        leaves = [model.names[each] for each in (*moving, "w")]
        fixed = {node: number for node, number in point.items() if node not in leaves}
        second = SecondDerivatives(graph, leaves, fixed, "native")
        table = second.matrix([point[node] for node in leaves])
        if not numpy.isfinite(table).all():
            continue
        assert second._tape
        assert second._tape._few
        looked += 1
        known, sizes = Truth(graph, point), second.sizes([point[node] for node in leaves])
        right = [[known.second(one, other) for other in leaves] for one in leaves]
        allowed = 1e-11 * (1 + sizes + sizes.T)
        assert (abs(table - numpy.array(right)) <= allowed).all(), (sample, table, right)
        way = numpy.cos(numpy.arange(len(leaves)))[None, :]
        along = second.products([point[node] for node in leaves], way)[0]
        assert (abs(along - numpy.array(right) @ way[0]) <= allowed.sum(axis=1)).all()
    assert looked


def test_by_an_order_there_is_no_second_derivative() -> None:
    found = backprop.parse("L = polygamma(n, x)").hessian(n=1, x=0.5, wrt="n, x")
    assert numpy.isnan(found.matrix).tolist() == [[True, True], [True, False]]
    assert found.matrix[1, 1] == pytest.approx(float(mp.psi(3, mp.mpf(0.5))), rel=1e-12)


@pytest.mark.parametrize("name", SLOPED)
def test_third_derivatives_of_every_operation(name: str) -> None:
    """The graph of a gradient's gradient, derived again."""
    row = OPERATIONS[name]
    columns = Columns()
    inputs = [columns.input() for _ in row.operands]
    moving = [place for place, slope in enumerate(row.slopes) if slope != "0"]
    if name == "polygamma":
        moving = [1]
    graphs = {(): Graph(columns, [columns.step(name, inputs)])}
    for order in (1, 2, 3):
        for ways in combinations_with_replacement(moving, order):
            slopes = derivative_graph(graphs[ways[:-1]], inputs)
            graphs[ways] = Graph(slopes.columns, [slopes.outputs[ways[-1]]])
    samples = [
        sample
        for sample in row.samples
        if all(number == 0 or 1e-9 < abs(number) < 1e3 for number in sample)
    ]
    for sample in samples[:4]:
        for ways in combinations_with_replacement(moving, 3):
            graph, before = graphs[ways], graphs[ways[:-1]]
            data = graph.columns.start()
            for leaf, number in zip(inputs, sample, strict=True):
                data[leaf] = number
            forward(graph, [*before.steps, *graph.steps], data)
            orders = tuple(ways.count(place) for place in range(row.arity))
            with mp.workprec(BITS):
                point = [*map(mp.mpf, sample)]
                true = _third(truth(name), point, orders)
            sizes = tangents(before, before.steps, data, {inputs[ways[-1]]: 1.0}, SIZES)
            allowed = 1e-12 * (1 + abs(true) + sizes.get(before.output, 0.0))
            assert abs(data[graph.output] - true) <= allowed, (
                sample,
                ways,
                data[graph.output],
                true,
            )


def _third(function: Any, point: Sequence[Any], orders: Sequence[int]) -> float:
    """A derivative of the third order, by central differences, one variable after the other."""

    def derived(place: int, left: Sequence[Any]) -> Any:
        if place == len(orders):
            return function(*left)
        order, here = orders[place], left[place]
        if not order:
            return derived(place + 1, left)
        step = mp.ldexp(min(abs(here) or mp.mpf(1), mp.mpf(1)), -80)
        weights = {
            1: {-1: -0.5, 1: 0.5},
            2: {-1: 1, 0: -2, 1: 1},
            3: {-2: -0.5, -1: 1, 1: -1, 2: 0.5},
        }
        parts = [
            weight * derived(place + 1, [*left[:place], here + times * step, *left[place + 1 :]])
            for times, weight in weights[order].items()
        ]
        return mp.fsum(parts) / step**order

    return float(mp.re(derived(0, point)))


@pytest.mark.parametrize("function", STANDARD_FUNCTIONS, ids=lambda each: each.name)
def test_second_derivatives_of_standard_functions(function: Any) -> None:
    """Those of Moré, Garbow and Hillstrom among them, at their starting points and beside them."""
    model = backprop.parse(function.equations)
    graph = model.graph("f")
    chance = random.Random(function.name)
    start = function.start
    beside = {name: number + chance.uniform(-0.2, 0.2) for name, number in start.items()}
    for point in (start, beside):
        found = model.hessian(point, of="f", wrt=list(start))
        at = {model.names[name]: number for name, number in point.items()}
        compare(graph, at, found.matrix, 1e-12, 0)


def test_second_derivatives_of_random_graphs(request: pytest.FixtureRequest) -> None:
    for seed in range(300 if request.config.getoption("--whole") else 12):
        graph, numbers = random_graph(5 + seed % 40, seed, seed % 2 == 0)
        second = SecondDerivatives(graph, list(numbers), {}, "python")
        table = second.matrix([*numbers.values()])
        matrix = table / 2 + table.T / 2
        compare(graph, numbers, matrix, 1e-12, seed)


@pytest.mark.parametrize("example", gallery.examples(), ids=lambda each: each.name)
def test_second_derivatives_of_the_gallery(example: gallery.Example) -> None:
    model = backprop.parse(example.text)
    for output in model.outputs[:2]:
        graph = model.graph(output)
        if len(graph.steps) > 400:
            continue
        found = model.hessian(of=output)
        if found.notes:  # on a border of a choice
            continue
        at = {
            model.names[name]: model.hessian(of=output).found.gradient.data[name]
            for name in found.inputs
        }
        others = {
            model.names[name]: found.found.gradient.data[name]
            for name in (*model.inputs, *model.fixed)
            if model.names[name] in graph and name not in found.inputs
        }
        known = Truth(graph, {**at, **others})
        leaves = list(at)
        pairs = [*combinations_with_replacement(range(len(leaves)), 2)]
        for one, other in random.Random(1).sample(pairs, min(len(pairs), 20)):
            true = known.second(leaves[one], leaves[other])
            assert found.matrix[one, other] == pytest.approx(true, rel=1e-11, abs=1e-12), (
                one,
                other,
            )


def _sides(known: Truth, node: int) -> list[float]:
    """The second derivatives beside a point by values there alone, on the sides where there are values."""
    found: list[float] = []
    with mp.workprec(1200):
        start = known.base[node]
        for side in (1, -1):
            step = side * mp.ldexp(min(abs(start) or mp.mpf(1), mp.mpf(1)), -160)
            try:
                values = [known.value({node: start + times * step}) for times in (1, 2, 3)]
            except (ValueError, ZeroDivisionError, OverflowError, TypeError):  # a complex number
                continue
            if not any(isinstance(each, mp.mpc) or not mp.isfinite(each) for each in values):
                found.append(float((values[0] - 2 * values[1] + values[2]) / step**2))
    return found


def test_where_a_gradient_is_easily_wrong_no_second_derivative_is(
    request: pytest.FixtureRequest,
) -> None:
    """At each point of the table a number is what the values beside it say on both sides; else it is nan.
    One in three points, all with --whole."""
    finite, each = 0, 1 if request.config.getoption("--whole") else 3
    for point in POINTS[1 % each :: each]:
        at = {
            part.split("=")[0].strip(): float(part.split("=")[1])
            for part in point.at.split(",")
            if part
        }
        if any(0 < abs(number) < 1e-100 for number in at.values()):
            continue  # differences tell nothing there
        model = backprop.parse(point.text)
        try:
            found = model.hessian(at)
        except backprop.BackpropError:
            continue
        if point.by in found.inputs:
            place = found.inputs.index(point.by)
            number = float(found.matrix[place, place])
            graph = model.graph(model.output())
            data = found.found.gradient.data
            inputs = {
                model.names[each]: data[each] for each in model.inputs if model.names[each] in graph
            }
            if isfinite(number) and model.names[point.by] in inputs:
                finite += 1
                for beside in _sides(Truth(graph, inputs), model.names[point.by]):
                    assert number == pytest.approx(beside, rel=1e-6, abs=1e-6), str(point)
    assert finite > 180 / each


@pytest.mark.parametrize(
    ("text", "at"),
    [  # of which doubles lose all digits, or one triangle of the matrix
        ("z*acos(x)", {"x": 1e-160, "z": 1.25}),
        ("relu(y) - x/x - 2/y*tanh(x)", {"x": 5e-324, "y": 1e-8}),
        ("log1p(x)*sigmoid(z)", {"x": 1.75, "z": 1e-160}),
        ("sigmoid(log(x))", {"x": 5e-324}),
        ("erf(gelu(x))*(2.5/expm1(y))", {"x": -0.5, "y": 700.0}),
        ("tanh(y)/x*atan2(x, abs(z))", {"x": 0.25, "y": -0.75, "z": 1e100}),
        ("mod(softplus(x), sigmoid(y)*1.5)", {"x": -1.5, "y": 1e-300}),
    ],
)
def test_second_derivatives_near_the_ends_of_doubles(text: str, at: dict[str, float]) -> None:
    model = backprop.parse(f"L = {text}")
    found = model.hessian(at)
    nodes = [model.names[name] for name in found.inputs]
    graph = Graph(model.columns, [model.names["L"]])
    right = Truth(graph, {model.names[name]: number for name, number in at.items()})
    for place, (one, other) in enumerate(combinations_with_replacement(range(len(nodes)), 2)):
        true = right.second(nodes[one], nodes[other], bits=6000, fine=1100)
        assert found.matrix[one][other] == pytest.approx(true, rel=1e-12, abs=1e-307), place
        assert found.matrix[one][other] == found.matrix[other][one]
