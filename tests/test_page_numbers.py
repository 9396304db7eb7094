"""The numbers of a page, as JavaScript computes them in node and in a browser, against the command's and mpmath's.

What rounding alone leaves of a gradient of size 1 may differ: at a minimum `grad` has more digits, and a
page those of doubles.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import mpmath
import pytest

import backprop
from backprop.engine.writers.javascript.javascript_writer import FILES, helpers
from backprop.engine.writers.javascript.page_numbers import javascript_numbers
from backprop.errors import BackpropError
from backprop.gallery import examples
from backprop.graph import Columns, Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from browser import CHROMIUM, DRIVER
from in_node import NODE, Page, Runner, in_browser, pages, run
from odd_models import NEWER, random_model
from odd_points import POINTS
from page_points import DECIDED, FOUND
from sizes import size
from test_engines import contributions, interpreted, random_graph

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")

LINES, ROWS = 2_000, 0
"""Graphs of more steps are written as rows of numbers, others a line a step."""


@pytest.fixture(params=["node", "chromium"])
def by(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """What runs JavaScript."""
    if request.param == "node":
        return run
    if not (CHROMIUM and DRIVER):
        pytest.skip("there is no Chromium")
    path = tmp_path_factory.mktemp("numbers") / "numbers.html"
    return in_browser(request.getfixturevalue("driver"), path)


class Case(NamedTuple):
    """A page at a point, by names, and what `grad` says there."""

    text: str
    at: Mapping[str, float]
    page: Page
    nodes: Mapping[str, int]
    truth: Any

    def gradient(self, name: str) -> float | None:
        """What the page has; None if it leaves that open."""
        node = self.nodes[name]
        if node in self.page.open:
            assert math.isnan(self.page.gradients[node])
            return None
        return self.page.gradients[node]

    def is_plain(self, name: str, gradient: float) -> bool:
        """Whether what doubles give is this gradient, but for rounding, or nothing."""
        plain = self.page.plain[self.nodes[name]]
        return not math.isfinite(plain) or abs(plain - gradient) <= max(1e-7 * abs(gradient), 1e-15)


def cases(
    points: Iterable[tuple[str, Mapping[str, float]]],
    of: str | None = None,
    large: int = LINES,
    by: Runner = run,
) -> Iterator[Case]:
    """Pages of texts at points; without those where the output has no value."""
    asked, known = [], []
    for text, at in points:
        try:
            model = backprop.parse(text)
            graph = model.graph(model.output(of))
            truth = model.grad(at, of=of)
        except BackpropError:
            continue
        numbers = {model.names[name]: number for name, number in truth.data.items()}
        leaves = [n for n in graph.order if not graph.operands(n) and not graph.is_number(n)]
        asked.append((graph, [[numbers[leaf] for leaf in leaves]]))
        place = {node: at for at, node in enumerate(graph.order)}
        nodes = {name: place[node] for name, node in model.names.items() if node in place}
        known.append((text, at, nodes, truth))
    for (text, at, nodes, truth), (page,) in zip(known, pages(asked, large, by), strict=True):
        yield Case(text, at, page, nodes, truth)


def same(one: float, other: float, rounding: float = 0.0) -> bool:
    """Whether two numbers are the same to 1e-13, or both 0 but for what is below 1e-300."""
    if one == other or (math.isnan(one) and math.isnan(other)):
        return True
    size = max(abs(one), abs(other))
    return math.isfinite(size) and (
        abs(one - other) <= max(1e-13 * size, rounding) or size < 1e-300
    )


def differing(found: Iterable[Case]) -> tuple[list[str], int, list[tuple[str, str]]]:
    """What a page has otherwise than `grad`, how many gradients there are, and which are open."""
    wrong, count, left = [], 0, []
    for case in found:
        for name, gradient in case.truth.gradients.items():
            count += 1
            shown = case.gradient(name)
            if shown is None:
                left.append((case.text, name))
            elif not same(shown, gradient, rounding=1e-15):
                wrong.append(f"{case.text} at {case.at} by {name}: {shown!r}, not {gradient!r}")
            elif not case.is_plain(name, gradient):
                plain = case.page.plain[case.nodes[name]]
                wrong.append(
                    f"{case.text} at {case.at} by {name}: plain {plain!r}, not {gradient!r}"
                )
    return wrong, count, left


def of_row(name: str) -> tuple[Graph, list[int]]:
    """The graph of one operation, and its operands."""
    columns = Columns()
    inputs = [columns.input() for _ in OPERATIONS[name].operands]
    return Graph(columns, [columns.step(name, inputs)]), inputs


def test_the_classic_example() -> None:
    at = {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}
    (case,) = cases([("e = a*b; d = e + c; L = d*f", at)])
    assert {name: case.page.values[i] for name, i in case.nodes.items()} == case.truth.data
    assert {name: case.gradient(name) for name in case.nodes} == case.truth.gradients
    name = {i: name for name, i in case.nodes.items()}
    edges = [(name[tail], name[head], place) for tail, head, place in case.page.edges]
    assert edges == [
        ("a", "e", 0),
        ("b", "e", 1),
        ("e", "d", 0),
        ("c", "d", 1),
        ("d", "L", 0),
        ("f", "L", 1),
    ]
    assert case.page.slopes == [-3, 2, 1, 1, -2, 4]
    assert case.page.shares == [6, -4, -2, -2, -2, 4]


@pytest.mark.parametrize("large", [LINES, ROWS])
def test_every_row_of_the_table(large: int, by: Runner) -> None:
    """Values, slopes and gradients, at samples and corners; the sign of a 0, too."""
    points = {
        name: [*row.samples, *(at for at, _ in row.corners)] for name, row in OPERATIONS.items()
    }
    graphs = {name: of_row(name) for name in OPERATIONS}
    leaves = {
        name: [inputs.index(n) for n in graph.order if n in inputs]
        for name, (graph, inputs) in graphs.items()
    }
    asked = [
        (graphs[name][0], [[at[i] for i in leaves[name]] for at in points[name]]) for name in points
    ]
    found = pages(asked, large, by)
    looked_at = 0
    for (name, ats), shown in zip(points.items(), found, strict=True):
        graph, inputs = graphs[name]
        place = {node: at for at, node in enumerate(graph.order)}
        for at, page in zip(ats, shown, strict=True):
            value = functions.value(name)(*at)
            got = page.values[place[graph.output]]
            assert same(got, value), (name, at, got, value)
            assert math.isnan(value) or math.copysign(1, got) == math.copysign(1, value), (name, at)
            assert not page.open, (name, at)
            for number, slope_of in enumerate(functions.slopes(name)):
                slope = slope_of(*at, value)
                assert same(page.slopes[number], slope), (name, at, number, page.slopes, slope)
                assert same(page.gradients[place[inputs[number]]], slope), (name, at, number)
                looked_at += 1
    assert looked_at > 600


def _special(seed: int) -> Iterator[tuple[str, tuple[float, ...]]]:
    chance = random.Random(seed)
    for name in ("erf", "erfc", "gamma", "lgamma", "digamma", "polygamma"):
        near = [1.4616321449683622, -0.5040830082644554, -2.457024738220801, -7.5, 5e-324, -1e-18]
        near += [1e200, 1 - 2**-53, 1 + 2**-52, 2 + 2**-51, 1.0001]
        for _ in range(size(60, 2000)):
            near += [chance.uniform(-60, 60), chance.uniform(-4, 4), 1 + chance.gauss(0, 1e-9)]
            near += [
                chance.choice([-1, 1]) * 10 ** chance.uniform(-20, 12),
                2 + chance.gauss(0, 1e-12),
            ]
        for x in near:
            if x > 0 or not x.is_integer():
                order = (
                    (float(chance.choice([1, 1, 2, 3, 8, 40, 170])),) if name == "polygamma" else ()
                )
                yield name, (*order, x)


def test_special_functions(by: Runner) -> None:
    """Against mpmath at 50 digits, or, where that takes long, the table's own, which `test_operations`
    compares with mpmath; near their zeros, too."""
    points = list(_special(7))
    called = [f"{name}({', '.join(map(repr, at))})" for name, at in points]
    code = "\n".join(helpers({name for name, _ in points}))
    found = by(f"{code}\nreturn [{', '.join(called)}].map(String);")
    known = {
        "erf": mpmath.erf, "erfc": mpmath.erfc, "gamma": mpmath.gamma,
        "lgamma": lambda x: mpmath.re(mpmath.loggamma(x)), "digamma": mpmath.digamma,
    }  # fmt: skip
    with mpmath.workdps(50):
        for (name, at), text in zip(points, found, strict=True):
            quick = name in known and 1e-300 < abs(at[0]) < 100
            truth = known[name](mpmath.mpf(at[0])) if quick else functions.value(name)(*at)
            assert same(float(text.replace("Infinity", "inf")), float(truth)), (
                name,
                at,
                text,
                truth,
            )


@pytest.mark.parametrize(
    "name", ["normcdf", "gelu", "erfinv", "round", "mod", "^", "tanh", "sinc", "logsumexp"]
)
def test_other_functions_at_random(name: str, by: Runner) -> None:
    """Those of which a part is written for JavaScript, between their samples."""
    chance = random.Random(name)
    graph, inputs = of_row(name)
    width = 1 if name == "erfinv" else 30

    def point() -> list[float]:
        return [
            chance.choice(
                [chance.uniform(-width, width), chance.uniform(-1, 1), chance.randint(-9, 9) / 2]
            )
            for _ in inputs
        ]

    points = [each for each in (point() for _ in range(400)) if width > 1 or abs(each[0]) < 1]
    # Chromium's own exp differs in its last digit, which counts near the zero of the slope of gelu
    near = 0.0 if by is run else 2**-52
    for at, page in zip(points, pages([(graph, points)], by=by)[0], strict=True):
        value = functions.value(name)(*at)
        assert same(page.values[-1], value), (at, page.values, value)
        if math.isfinite(value):
            for slope, shown in zip(functions.slopes(name), page.slopes, strict=True):
                assert same(shown, slope(*at, value), rounding=near), (at, page.slopes)


def _of_points() -> dict[tuple[str, str], dict[str, float]]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for point in POINTS:
        model = backprop.parse(point.text)
        numbers = dict(part.strip().split("=") for part in point.at.split(","))
        found[point.text, point.at] = {
            name: float(numbers[given])
            for name in model.names
            if (given := name if name in numbers else name.partition("[")[0]) in numbers
        }
    return found


@pytest.mark.parametrize("large", [LINES, ROWS])
def test_odd_points(large: int, by: Runner) -> None:
    """Where the chain rule meets 0·∞, or what is too small or too large: as `grad` has it, or open."""
    points = [(text, at) for (text, _), at in _of_points().items()]
    wrong, count, left = differing(cases(points, large=large, by=by))
    assert not wrong, "\n".join(wrong)
    assert count > 700
    assert len(left) < 45


@pytest.mark.parametrize(("text", "at"), DECIDED)
def test_what_is_not_left_open(text: str, at: Mapping[str, float]) -> None:
    wrong, count, left = differing(cases([(text, at)]))
    assert count > 1
    assert not wrong
    assert not left


@pytest.mark.parametrize(
    ("text", "at", "name"),
    [
        ("y = expm1(x)/x", {"x": 1e-20}, "x"),  # grad has more digits
        ("y = sin(asin(x))", {"x": 1}, "x"),
        ("y = sqrt(abs(x))", {"x": 0}, "x"),  # -inf and inf
    ],
)
def test_what_is_left_open(text: str, at: Mapping[str, float], name: str) -> None:
    (case,) = cases([(text, at)])
    assert case.gradient(name) is None


def test_what_was_wrong_once(by: Runner) -> None:
    wrong, count, _ = differing(cases(FOUND, of="y", by=by))
    assert not wrong, "\n".join(wrong)
    assert count > 2 * len(FOUND)


@pytest.mark.parametrize("first", [0, NEWER])
@pytest.mark.parametrize("group", range(4))
def test_generated_odd_models(first: int, group: int) -> None:
    """Zeros, poles, corners, borders, under- and overflow, made by a generator."""
    generated(first, group, run)


@pytest.mark.parametrize("first", [0, NEWER])
def test_generated_odd_models_in_both(first: int, by: Runner) -> None:
    generated(first, 4, by)


def generated(first: int, group: int, by: Runner) -> None:
    large = LINES if group % 2 else ROWS
    count = 120
    models = [random_model(first + number) for number in range(group * count, (group + 1) * count)]
    wrong, looked_at, left = differing(
        cases([(each.text, each.values) for each in models], of="y", large=large, by=by)
    )
    assert not wrong, "\n".join(wrong)
    assert looked_at > count / 2
    assert len(left) < looked_at * (0.25 if first else 0.1)


def test_the_gallery() -> None:
    """`predator_prey` is large: rows of numbers."""
    found = [(each.text, dict[str, float]()) for each in examples() if each.name != "two_moons"]
    wrong, count, left = differing(cases(found))
    assert not wrong, "\n".join(wrong)
    assert count > 2000
    assert not left
    for case in cases(found[:8]):
        for name, node in case.nodes.items():
            assert same(case.page.values[node], case.truth.data[name])


@pytest.mark.parametrize("large", [LINES, ROWS])
def test_random_graphs(large: int, by: Runner) -> None:
    """Each gradient to 1e-13 of the sizes of what is added up to it."""
    graphs = [
        random_graph([1, 5, 30, 100, 250][seed % 5], seed, seed % 2 == 0)
        for seed in range(size(100, 300))
    ]
    asked = [
        (graph, [[numbers[n] for n in graph.order if n in numbers]]) for graph, numbers in graphs
    ]
    looked_at = left = 0
    for (graph, numbers), (page,) in zip(graphs, pages(asked, large, by), strict=True):
        data, gradients = interpreted(graph, numbers, sure=False)
        sizes = contributions(graph, data)
        for place, node in enumerate(graph.order):
            assert abs(page.values[place] - data[node]) <= 1e-13 * max(1, abs(data[node]))
            if not graph.is_number(node) and place not in page.open:
                assert abs(page.gradients[place] - gradients[node]) <= 1e-13 * sizes[node]
                looked_at += 1
        left += len(page.open)
    assert looked_at > 20_000
    assert left < 20


@pytest.mark.parametrize(
    ("text", "x", "unfit"),
    [
        ("y = 1/(1/x)", 0.0, ["1/x"]),
        ("y = relu(log(x))", -1.0, ["log(x)"]),
        ("y = if(x > 0, log(x), 3)", -1.0, []),
        ("y = if(x < 0, log(x), 3)", -1.0, ["log(x)", "y"]),
        ("y = if(x > 0 and log(x) > 0, 2*x, x)", -1.0, []),
        ("y = if(x < 0 or log(x) > 0, 2*x, x)", -1.0, []),
        ("y = if(x < 0 and log(x) > 0, 2*x, x)", -1.0, ["log(x)"]),
        ("y = if(x > 0 or log(x) > 0, 2*x, x)", -1.0, ["log(x)"]),
    ],
)
def test_what_has_no_value(text: str, x: float, unfit: list[str]) -> None:
    """Where `grad` says so, a page does, and shows no gradients."""
    model = backprop.parse(text)
    graph = model.graph("y")
    (page,), (other,) = (pages([(graph, [[x]])], large)[0] for large in (LINES, ROWS))
    assert page.unfit == other.unfit
    ops = {"1/x": "/", "log(x)": "log"}
    names = ["y" if i == len(graph.order) - 1 else graph.op(graph.order[i]) for i in page.unfit]
    assert names == [ops.get(each, each) for each in unfit]
    if unfit:
        with pytest.raises(BackpropError):
            model.grad({"x": x})
        assert all(map(math.isnan, page.gradients))
    else:
        assert (
            model.grad({"x": x}).gradients["x"]
            == page.gradients[graph.order.index(model.names["x"])]
        )


def test_shares_add_up_to_gradients() -> None:
    graph, numbers = random_graph(100, 5, True)
    (page,) = pages([(graph, [[numbers[n] for n in graph.order if n in numbers]])])[0]
    sums = [0.0] * len(graph.order)
    sums[-1] = 1.0
    for (tail, head, _), slope, share in zip(page.edges, page.slopes, page.shares, strict=True):
        if not graph.is_number(graph.order[tail]):
            assert share == page.gradients[head] * slope + 0.0
            sums[tail] += share
    for node, total, gradient in zip(graph.order, sums, page.gradients, strict=True):
        assert graph.is_number(node) or total == pytest.approx(gradient, rel=1e-12, abs=1e-14)


def test_a_page_has_the_helpers_that_it_needs_and_no_names() -> None:
    model = backprop.parse("secret = 3*other; y = secret^2 + tanh(other)")
    graph = model.graph(model.output())
    code = javascript_numbers(graph, [model.names["other"]])
    assert "secret" not in code
    assert "other" not in re.findall(r"[vgshx]\b.*", code)
    steps = ("turning", "isAlike", "behind", "byChain", "byValues", "wideExp")
    for name in ("erf", "polygamma", "longExp", "nearest", "times", *steps):
        assert f"function {name}" not in code
    assert len(code) < 20_000
    more = backprop.parse("y = sqrt(max(a, exp(a)))")
    code_of_more = javascript_numbers(more.graph("y"), [more.names["a"]])
    for name in steps:
        assert f"function {name}" in code_of_more
    assert not re.search(r"\beval\b|\bFunction\b|\bglobalThis\b|\bwindow\b|</", code)


def test_rows_are_the_lines() -> None:
    """Every number of both ways to write a page, and large graphs in reasonable sizes."""
    graph, numbers = random_graph(250, 3, False)
    point = [numbers[n] for n in graph.order if n in numbers]
    lines, rows = (pages([(graph, [point])], large)[0][0] for large in (LINES, ROWS))
    assert lines.edges == rows.edges
    assert lines.values == rows.values
    assert lines.gradients == rows.gradients
    assert lines.shares == rows.shares
    for one, other in zip(lines.slopes, rows.slopes, strict=True):
        assert one == other or (math.isnan(one) and math.isnan(other))
    large, _ = random_graph(30_000, 3, True)
    assert len(javascript_numbers(large, list(large.inputs))) < 40 * len(large.order)


def test_long_sums_and_chains() -> None:
    """Nothing recurses over a graph, neither here nor in what JavaScript reads."""
    text = "y = sum(sin(x*i) for i in 1..4000)"
    wrong, count, _ = differing(cases([(text, {"x": 0.3})]))
    assert not wrong
    assert count == 2
    chain = "x[0] = 0.3; x[t+1] = x[t] + 0.001*sin(x[t]) for t in 0..1999; L = x[2000]"
    wrong, count, _ = differing(cases([(chain, {})]))
    assert not wrong
    assert count > 2000


def test_the_files_are_in_the_package() -> None:
    folder = files("backprop.engine.writers.javascript")
    for name in (*FILES, "page_numbers.js", "page_lines.js"):
        assert (folder / name).is_file()
