"""Derivatives as graphs, against the interpreter's and against high precision."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

import mpmath
import pytest
from mpmath import mpf

import backprop
from backprop.chain.derivatives import derivative_graph, tangent_graph
from backprop.engine.engines import StraightCode
from backprop.graph import Columns, Graph
from backprop.syntax import functions
from backprop.values import Lookup, backward, forward, tangents
from test_engines import contributions, interpreted, random_graph

SIZES = Lookup(functions.sizes)

PRECISE: Mapping[str, Callable[..., mpf]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "^": lambda x, y: x**y,
    "neg": lambda x: -x,
    "min": min,
    "max": max,
    "if": lambda c, x, y: x if c else y,
    "<": lambda x, y: mpf(x < y),
    ">=": lambda x, y: mpf(x >= y),
    "abs": abs,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "relu": lambda x: x if x > 0 else mpf(0),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "log1p": lambda x: mpmath.log(1 + x),
}


def precisely(graph: Graph, numbers: Mapping[int, mpf]) -> mpf:
    """The output in mpmath's arithmetic; constants that the table rounds aside."""
    found = dict(numbers)
    for node in graph.order:
        if graph.is_number(node):
            found[node] = mpf(graph.constant(node))
        elif graph.is_step(node):
            function = PRECISE.get(graph.op(node)) or getattr(mpmath, graph.op(node))
            found[node] = function(*[found[each] for each in graph.operands(node)])
    return found[graph.output]


def values(graph: Graph, numbers: Mapping[int, float]) -> list[float]:
    """What the outputs of a graph are worth."""
    data = graph.columns.start()
    for leaf, number in numbers.items():
        data[leaf] = number
    forward(graph, graph.steps, data)
    return [data[output] for output in graph.outputs]


def of_text(text: str) -> tuple[Graph, dict[str, int]]:
    model = backprop.parse(text)
    return model.graph(model.output()), dict(model.names)


def at(names: Mapping[str, int], **numbers: float) -> dict[int, float]:
    return {names[name]: number for name, number in numbers.items()}


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("steps", [1, 5, 30, 250, 5_000])
def test_the_gradient_as_a_graph_is_the_gradient(steps: int, local: bool) -> None:
    for seed in range(8 if steps < 1000 else 1):
        graph, numbers = random_graph(steps, seed, local)
        data, gradients = interpreted(graph, numbers)
        sizes = contributions(graph, data)
        slopes = derivative_graph(graph, list(numbers))
        for leaf, found in zip(numbers, values(slopes, numbers), strict=True):
            assert abs(found - gradients[leaf]) <= 1e-13 * sizes[leaf]


@pytest.mark.parametrize("seed", range(6))
def test_second_derivatives_at_high_precision(seed: int) -> None:
    """Against differences of the function in 80 digits."""
    graph, numbers = random_graph(25, seed, local=False)
    gradient = derivative_graph(graph, list(numbers))
    step = mpf(10) ** -20
    with mpmath.workdps(80):
        point = {leaf: mpf(number) for leaf, number in numbers.items()}

        def moved(*by: tuple[int, int]) -> mpf:
            there = dict(point)
            for leaf, sign in by:
                there[leaf] += sign * step
            return precisely(graph, there)

        for one, slope in zip(numbers, gradient.outputs, strict=True):
            row = derivative_graph(Graph(gradient.columns, [slope]), list(numbers))
            for other, found in zip(numbers, values(row, numbers), strict=True):
                corners = [i * j * moved((one, i), (other, j)) for i in (-1, 1) for j in (-1, 1)]
                expected = float(mpmath.fsum(corners) / (4 * step * step))
                assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 5, 30, 250, 5_000])
def test_the_tangent_as_a_graph_is_that_of_the_interpreter(steps: int) -> None:
    """Along a direction that is an input, of a function and of its gradient; and along an axis."""
    for seed in range(8 if steps < 1000 else 1):
        graph, numbers = random_graph(steps, seed, seed % 2 == 0)
        ways = {leaf: (-1) ** at * (1 + at % 7) / 4 for at, leaf in enumerate(numbers)}
        for each in (graph, derivative_graph(graph, list(numbers))):
            data = each.columns.start()
            for leaf, number in numbers.items():
                data[leaf] = number
            forward(each, each.steps, data)
            truth = tangents(each, each.steps, data, ways)
            sizes = tangents(
                each, each.steps, data, {leaf: abs(way) for leaf, way in ways.items()}, SIZES
            )
            along, inputs = tangent_graph(each, dict.fromkeys(numbers))
            given = dict(zip(inputs, ways.values(), strict=True))
            fixed, none = tangent_graph(each, ways)
            assert not none
            for found in (values(along, numbers | given), values(fixed, numbers)):
                for output, one in zip(each.outputs, found, strict=True):
                    assert abs(one - truth.get(output, 0.0)) <= 1e-13 * sizes.get(output, 0.0)


def test_the_hessian_of_a_textbook() -> None:
    """Rosenbrock's function: 1200*x^2 - 400*y + 2, -400*x, 200."""
    graph, names = of_text("L = (1 - x)^2 + 100*(y - x^2)^2")
    wrt = [names["x"], names["y"]]
    gradient = derivative_graph(graph, wrt)
    for x, y in [(-1.2, 1.0), (1.0, 1.0), (0.0, 0.0), (3.5, -2.0)]:
        point = at(names, x=x, y=y)
        assert values(gradient, point) == pytest.approx(
            [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], rel=1e-14
        )
        rows = [
            values(derivative_graph(Graph(gradient.columns, [each]), wrt), point)
            for each in gradient.outputs
        ]
        hessian = [1200 * x * x - 400 * y + 2, -400 * x, -400 * x, 200]
        assert [*rows[0], *rows[1]] == pytest.approx(hessian, rel=1e-13)


def test_derivatives_of_derivatives() -> None:
    graph, names = of_text("L = exp(2*x)*x^5")
    x = names["x"]
    for order in range(1, 6):
        graph = derivative_graph(graph, [x])
        (found,) = values(graph, {x: 0.7})
        expected = mpmath.diff(lambda t: mpmath.exp(2 * t) * t**5, mpf(0.7), order)
        assert found == pytest.approx(float(expected), rel=1e-11)


def test_several_outputs_and_seeds() -> None:
    graph, names = of_text("u = a*b; v = sin(a) + u; L = u*v")
    both = Graph(graph.columns, [names["u"], names["v"]])
    wrt = [names["a"], names["b"]]
    seeds = {names["u"]: 2.0, names["v"]: -3.0}
    a, b = 0.7, -1.3
    found = values(derivative_graph(both, wrt, seeds), at(names, a=a, b=b))
    assert found == pytest.approx([2 * b - 3 * (math.cos(a) + b), 2 * a - 3 * a], rel=1e-15)
    data = both.columns.start()
    for leaf, number in at(names, a=a, b=b).items():
        data[leaf] = number
    forward(both, both.steps, data)
    gradients = [0.0] * len(data)
    for node, seed in seeds.items():
        gradients[node] = seed
    backward(both, both.steps, data, gradients)
    assert found == pytest.approx([gradients[each] for each in wrt], rel=1e-15)


def test_equal_steps_are_one_and_numbers_are_computed() -> None:
    columns = Columns()
    x = columns.input()
    graph = Graph(columns, [columns.step("exp", [columns.step("*", [columns.number(3.0), x])])])
    slope = derivative_graph(graph, [x])
    assert len(slope.steps) == len(graph.steps) + 1  # exp(3*x)*3: one product
    square = Graph(columns, [columns.step("^", [x, columns.number(2.0)])])
    twice = derivative_graph(square, [x])
    assert [twice.op(step) for step in twice.steps] == ["*"]  # 2*x, and not 2*x^1
    line = Graph(columns, [columns.step("*", [columns.number(3.0), x])])
    before = len(columns)
    known = derivative_graph(line, [x])
    assert len(columns) == before
    assert known.columns.is_number(known.output)
    assert known.columns.constant(known.output) == 3
    assert not known.steps
    assert known.columns is not columns


@pytest.mark.parametrize(
    ("text", "x", "first", "second"),
    [
        ("L = if(x > 0, sqrt(x), 0) + (x - 1)^2", -1.0, -4.0, 2.0),
        ("L = if(x > 0, sqrt(x), 0) + (x - 1)^2", 1.0, 0.5, 1.75),
        ("L = if(x > 0, log(x)*x, 0)^2 + x^3", 0.0, 0.0, 0.0),
        ("s = sqrt(x); L = if(x > 0, s, 0) + if(x > 0, 2*s, 0) + x^2", 0.0, 0.0, 2.0),
        ("s = sqrt(x); L = if(x > 0, s, 0) + if(x > 1, 2*s, 0) + x^2", 0.0, 0.0, 2.0),
        ("L = relu(x)*x", 2.0, 4.0, 2.0),
        ("L = relu(sqrt(x^2) - 5) + x^2", 0.0, 0.0, 2.0),
        ("L = max(x, 1)^2", 3.0, 6.0, 2.0),
        ("L = if(x > 1, if(x > 2, log(x - 2), 0), 0) + x", 2.0, 1.0, 0.0),
        ("L = if(not x > 1, x^3, 1/0)", 0.5, 0.75, 3.0),
    ],
)
def test_a_branch_that_is_not_taken_has_no_say(
    text: str, x: float, first: float, second: float
) -> None:
    graph, names = of_text(text)
    slope = derivative_graph(graph, [names["x"]])
    assert values(slope, at(names, x=x)) == pytest.approx([first], rel=1e-15)
    curvature = derivative_graph(slope, [names["x"]])
    assert values(curvature, at(names, x=x)) == pytest.approx([second], rel=1e-14)
    for function, expected in ((graph, first), (slope, second)):  # forward
        tangent, _ = tangent_graph(function, {names["x"]: 1.0})
        assert values(tangent, at(names, x=x)) == pytest.approx([expected], rel=1e-14)


def test_long_chains_of_choices() -> None:
    """Nothing recurses, and a derivative takes a few steps for each of the graph."""
    text = "x[t+1] = if(x[t] > 0.5, x[t] - 0.25, relu(x[t]) + 0.25*x[t]) for t in 0..3000; x[0] = 1; L = x[3001]"
    graph, names = of_text(text)
    slope = derivative_graph(graph, [names["x[0]"]])
    assert len(slope.columns) < 25 * len(graph.columns)
    point = at(names, **{"x[0]": 0.3})
    _, gradients = interpreted(graph, point)
    assert values(slope, point) == pytest.approx([gradients[names["x[0]"]]], rel=1e-12)


def test_a_derivative_can_be_compiled() -> None:
    graph, names = of_text("L = sin(a*b) + a^3/b")
    a, b = names["a"], names["b"]
    slope = derivative_graph(graph, [a])
    rng = random.Random(7)
    code = StraightCode(slope, [a, b], {})
    for _ in range(10):
        x = [rng.uniform(0.5, 2), rng.uniform(0.5, 2)]
        found = code.run(x)
        assert found is not None
        assert found[0] == pytest.approx(
            math.cos(x[0] * x[1]) * x[1] + 3 * x[0] ** 2 / x[1], rel=1e-14
        )
        by_a = -math.sin(x[0] * x[1]) * x[1] ** 2 + 6 * x[0] / x[1]
        assert found[1][0] == pytest.approx(by_a, rel=1e-13)
