"""Second derivatives of loops, against those of the same text unrolled."""

from __future__ import annotations

import random
from math import isnan

import numpy
import pytest

from backprop.chain.derivatives import derivative_graph
from backprop.language.reading import read_carefully
from backprop.loops.many import NotLoops
from backprop.loops.ready import needed
from backprop.loops.second import Curvature, LoopCurvature
from backprop.loops.walks import Doubtful
from backprop.loops.worth import read_model
from backprop.source import Source
from backprop.syntax import functions
from backprop.values import Lookup, forward, tangents
from indexed_models import random_indexed

SIZES = Lookup(functions.sizes)
MOST = 60
"""Inputs of a model."""


def looped(text: str, values: dict[str, float]) -> tuple[LoopCurvature, list[str], list[float]]:
    """Second derivatives by loops, by which names, and the numbers of these."""
    model = read_model(Source("<text>", text), many=0)
    if not model.loops:
        raise NotLoops("it is unrolled")
    output = model.output()
    leading = model.leading(output)
    names = [each for each in model.inputs if each in leading and each not in model.constants]
    names = names[:MOST]
    if not names:
        raise NotLoops("nothing moves")
    made = LoopCurvature(needed(model, output, names, values))
    return made, names, [values[each] if each in values else model.default(each) for each in names]


def agrees(
    text: str,
    values: dict[str, float],
    names: list[str],
    found: Curvature,
    vectors: list[list[float]],
) -> None:
    """Assert that the gradient and the products are those of the unrolled graph."""
    model = read_carefully(Source("<text>", text))
    leaves = [model.names[name] for name in names]
    slopes = derivative_graph(model.graph(model.output()), leaves)
    data = slopes.columns.start()
    for node in (each for each in slopes.order if slopes.columns.first[each] == -1):
        name = slopes.label(node)
        data[node] = values[name] if name in values else model.default(name)
    forward(slopes, slopes.steps, data)
    expected = [data[each] for each in slopes.outputs]
    assert found.gradient.tolist() == pytest.approx(
        expected, rel=1e-11, abs=1e-12 * max(map(abs, expected))
    )
    for vector, product in zip(vectors, found.products.tolist(), strict=True):
        ways = dict(zip(leaves, vector, strict=True))
        truth = tangents(slopes, slopes.steps, data, ways)
        sizes = tangents(slopes, slopes.steps, data, {at: abs(x) for at, x in ways.items()}, SIZES)
        for output, each in zip(slopes.outputs, product, strict=True):
            if isnan(truth.get(output, 0.0)):  # 0*inf there, of which the graph does not say more
                continue
            assert abs(each - truth.get(output, 0.0)) <= 1e-13 * sizes.get(output, 0.0) + 1e-300


def test_random_models_have_the_curvature_that_they_have_unrolled(
    request: pytest.FixtureRequest,
) -> None:
    looked = 0
    for number in range(1000 if request.config.getoption("--whole") else 60):
        text, values = random_indexed(number)
        chance = random.Random(number)
        try:
            made, names, point = looped(text, values)
            vectors = [[chance.uniform(-1, 1) for _ in names] for _ in range(2)]
            found = made.at(numpy.array(point), numpy.array(vectors).reshape(2, len(names)))
        except (NotLoops, Doubtful):
            continue
        if names:
            agrees(text, values, names, found, vectors)
            looked += 1
    assert looked > 5  # others have recurrences, or stand on borders


GATHERED = [
    "L = sum(x[i]^3*x[i+1] for i in 1..3)", "L = prod(x[i] for i in 1..4)^2", "L = logsumexp(2*x[i] for i in 1..4)",
    "L = max(x[i]^2 for i in 1..4)*x[1]", "L = min(sin(x[i]) for i in 1..4)^2", "L = mean(x[i]*x[j] for i in 1..4, j in 1..4)^2",
    "L = norm(x[*])*x[2]", "L = sum(h[i]^2 for i in 1..4); h[i] = exp(x[i]*x[1]) for i in 1..4",
    "L = sum(x[k[i]]^4 for i in 1..4); k[1] = 2; k[2] = 2; k[3] = 1; k[4] = 4", "L = sum(x[j]*x[i]^2 for i in 1..4, j in 1..i)",
    "L = sum(if(i > 2, x[i]^3, sqrt(x[i])) for i in 1..4)*x[3]", "f(a[*], i) = a[i]*sum(a[*]); L = sum(f(x[*], i)^2 for i in 1..4)",
]  # fmt: skip


@pytest.mark.parametrize("text", GATHERED)
def test_every_gather_is_derived_twice(text: str) -> None:
    text += "; x[1] = 0.5; x[2] = 1.25; x[3] = 0.75; x[4] = 2"
    made, names, point = looped(text, {})
    axes = numpy.identity(len(names))
    found = made.at(numpy.array(point), axes)
    agrees(text, {}, names, found, axes.tolist())
    assert numpy.allclose(found.products, found.products.T, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "text",
    ["L = max(x[i] for i in 1..2)^2", "L = sum(abs(x[i] - 1) for i in 1..2)", "L = prod(x[i] - 1 for i in 1..2)*x[1]"],
)  # fmt: skip
def test_ties_corners_and_factors_of_0_are_left_to_the_graph(text: str) -> None:
    made, _, point = looped(text + "; x[1] = 1; x[2] = 1", {})
    with pytest.raises(Doubtful):
        made.at(numpy.array(point), numpy.identity(2))


def test_a_product_takes_a_few_gradients_whatever_the_size() -> None:
    """Sizes of the new rows are those of the equations."""
    text = "L = sum((x[i]*a + b)^4 for i in 1..{0}); a = 2; b = 1; x[i] = i/{0} for i in 1..{0}"
    for count in (10, 100_000):
        model = read_model(Source("<text>", text.format(count)), many=0)
        made = LoopCurvature(needed(model, "L", ["a", "b"], {}))
        rows = sum(len(stage.part.steps) for stage in made.program)
        assert rows < 80
        found = made.at(numpy.array([2.0, 1.0]), numpy.identity(2))
        x = numpy.arange(1, count + 1) / count
        inner = 12 * (2 * x + 1) ** 2
        expected = [[(inner * x * x).sum(), (inner * x).sum()], [(inner * x).sum(), inner.sum()]]
        assert numpy.allclose(found.products, expected, rtol=1e-12)


def test_where_a_slope_is_that_of_a_point_alone_its_derivative_is_in_doubt() -> None:
    """`x^y` has the slope 0 by `x` at `y = 0`, and there that grows by `1/x` with `y`."""
    text = "L = sum((a + i)^b*i for i in 1..30); a = 1; b = {}"
    made, _, point = looped(text.format(0), {})
    with pytest.raises(Doubtful):
        made.at(numpy.array(point), numpy.identity(2))
    made, names, point = looped(text.format(0.5), {})
    found = made.at(numpy.array(point), numpy.identity(2))
    agrees(text.format(0.5), {}, names, found, numpy.identity(2).tolist())
    made, names, point = looped("L = sum((a*i)^2*i + (a + i)^(i - 1) for i in 1..9); a = 0", {})
    found = made.at(numpy.array(point), numpy.identity(1))
    exact = sum(2 * i**3 + (i - 1) * (i - 2) * i ** (i - 3.0) for i in range(1, 10))
    assert found.products.tolist() == [[pytest.approx(exact, rel=1e-13)]]


def test_where_nothing_moves_there_is_nothing_to_compute() -> None:
    model = read_model(
        Source("<text>", "L = sum(x[i] for i in 1..9); x[i] = i for i in 1..9"), many=0
    )
    found = LoopCurvature(needed(model, "L", [], {})).at(numpy.zeros(0), numpy.zeros((2, 0)))
    assert found.value == 45
    assert (found.gradient.shape, found.products.shape) == ((0,), (2, 0))
