"""Derivatives of any order along a line, against mpmath's Taylor coefficients at hundreds of bits."""

from __future__ import annotations

import json
import math
from typing import Any

import mpmath
import pytest

import backprop
from backprop.errors import NotAnInput, NotFinite
from backprop.evaluation.shaken import MOST
from backprop.evaluation.taylor import Series, derivatives_along
from backprop.graph import Columns, Graph
from backprop.operations import OPERATIONS
from backprop.row import Operation
from backprop.syntax import functions
from odd_points import NO_VALUE, POINTS, Point
from running import backprop as run
from test_engines import interpreted, random_graph
from test_odd_points import _numbers
from truth import BITS, mp, truth

ORDER = 10

STILL = {"polygamma": 0, "if": 0, "below": 1, "above": 0}
"""Operands along which there is no derivative: an order, a condition, a pivot that cancels."""

SAMPLES = [(row, at) for row in OPERATIONS.values() for at in row.samples]


def truly(
    row: Operation, at: tuple[float, ...], way: tuple[float, ...], order: int
) -> tuple[list[Any], Any]:
    """The derivatives of an operation along a line, as mpmath's differences have them, and how far they
    may be off."""
    function = truth(row.name)

    def along(t: Any) -> Any:
        return function(*(mp.mpf(x) + t * mp.mpf(v) for x, v in zip(at, way, strict=True)))

    bits = 200 if row.name in BITS else 1000
    with mp.workprec(bits):
        coefficients = mp.taylor(along, 0, order, chop=False)
        found = [math.factorial(k) * each for k, each in enumerate(coefficients)]
        return found[1:], math.factorial(order) * max(map(abs, found)) * mp.mpf(2) ** (60 - bits)


def of_row(row: Operation, at: tuple[float, ...]) -> tuple[Graph, list[float]]:
    """An operation as a graph of one step, and its numbers."""
    columns = Columns()
    inputs = [columns.input() for _ in at]
    graph = Graph(columns, [columns.step(row.name, inputs)])
    return graph, [*at, functions.value(row.name)(*at)]


def ways(row: Operation, at: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Along each operand, and along all at once, as far as it is large: then nothing overflows early."""
    sizes = [
        0.0 if STILL.get(row.name) == place else number or 1.0 for place, number in enumerate(at)
    ]
    found = [
        tuple(size * (place == only) for place, size in enumerate(sizes)) for only in range(len(at))
    ]
    return [way for way in dict.fromkeys([*found, tuple(sizes)]) if any(way)]


def _name(item: object) -> str:
    return item.name if isinstance(item, Operation) else str(item).replace(" ", "")


@pytest.mark.parametrize(("row", "at"), SAMPLES, ids=_name)
@pytest.mark.one_in(2)
def test_every_operation_to_order_ten(
    row: Operation, at: tuple[float, ...], request: pytest.FixtureRequest
) -> None:
    """To order ten with --whole, else to six, and to four where mpmath takes seconds."""
    whole = request.config.getoption("--whole")
    order = ORDER if whole else 4 if row.name in BITS else 6
    for way in ways(row, at):
        graph, data = of_row(row, at)
        found = derivatives_along(graph, dict(enumerate(way)), data, order)[0]
        right, off = truly(row, at, way, order)
        for k, (got, true) in enumerate(zip(found, right, strict=True), 1):
            near = abs(mp.mpf(got) - true) <= 1e-14 * abs(true) + off
            assert near or got == float(true), (way, k, got, true)


@pytest.mark.parametrize(
    ("text", "at", "way", "right"),
    [
        ("x^4", {"x": 0}, {"x": 1}, [0, 0, 0, 24, 0]),
        ("x^4", {"x": 1}, {"x": 2}, [8, 48, 192, 384, 0]),
        ("if(x > 0, sqrt(x), x^2)", {"x": -1}, {"x": 1}, [-2, 2, 0, 0, 0]),
        ("sinc(x)", {"x": 0}, {"x": 1}, [0, -1 / 3, 0, 1 / 5, 0]),
        ("(1 - cos(x))/x^2", {"x": 1e-30}, {"x": 1}, [-1e-30 / 12, -1 / 12, 1e-30 / 30, 1 / 30, -1e-30 / 56]),
        ("expm1(x)/x", {"x": 1e-20}, {"x": 1}, [1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]),
        # the table's slope by x is that of x^0 alone, which is 0: values say it
        ("x^y", {"x": 1, "y": 0}, {"x": 1, "y": 1}, [0, 2, -3, 20, -90]),
        ("cbrt(x)^6", {"x": 0}, {"x": 1}, [0, 2, 0, 0, 0]),
        ("floor(x)*x^2 + abs(x)", {"x": 2.5}, {"x": 1}, [11, 4, 0, 0, 0]),
        ("x*y*z", {"x": 1, "y": 2, "z": 3}, {"x": 1, "y": 0, "z": 0}, [6, 0, 0, 0, 0]),
        ("exp(-x)*1e-200", {"x": 200}, {"x": 1}, [-1.3838965267367375e-287, 1.3838965267367375e-287, -1.3838965267367375e-287, 1.3838965267367375e-287, -1.3838965267367375e-287]),
    ],
)  # fmt: skip
def test_known_derivatives(
    text: str, at: dict[str, float], way: dict[str, float], right: list[float]
) -> None:
    found = backprop.parse(f"L = {text}").along(way, at, order=5).derivatives[0]
    assert found.tolist() == pytest.approx(right, rel=1e-15, abs=0)


@pytest.mark.parametrize("seed", range(2))
def test_large_graphs_in_doubles(seed: int) -> None:
    """Against the same arithmetic with many digits, within what a change of the inputs by 1e-12 does."""
    graph, numbers = random_graph(MOST + 100, seed, seed % 2 == 0)
    data, _ = interpreted(graph, numbers)
    along = {leaf: (-1) ** at * (1 + at % 3) / 4 for at, leaf in enumerate(numbers)}
    found = derivatives_along(graph, along, data, 4)[0]
    exact = Series(graph, along, data, 4, 60).derivatives(graph.output, 4)
    moved, _ = interpreted(graph, {leaf: x * (1 + 1e-9) for leaf, x in numbers.items()})
    near = Series(graph, along, moved, 4, 60).derivatives(graph.output, 4)
    for got, true, other in zip(found, exact, near, strict=True):
        assert abs(got - true) <= 1e-12 * abs(true) + 1e-3 * abs(other - true)


def test_what_is_linear_in_the_steps_stays_linear() -> None:
    """A chain of 20,000 steps to order four: no recursion, and few steps more than there are."""
    model = backprop.parse("x[t+1] = sin(x[t]) + 0.1 for t in 0..9999; x[0] = 0.5; output x[10000]")
    found = model.along({"x[0]": 1}, order=4)
    assert abs(found.derivatives[0][0]) < 1
    graph = model.graph("x[10000]")
    series = Series(
        graph, {model.names["x[0]"]: 1.0}, interpreted(graph, {model.names["x[0]"]: 0.5})[0], 4
    )
    assert len(series.found) < 4 * len(graph.order)


TEXT = "r = 10*(y - x^2); s = 1 - x; x = -1.2; y = 1"


def test_the_json_of_a_direction_is_a_promise() -> None:
    ran = run("jacobian", "-e", TEXT, "--along", "x=1, y=0.5", "--order", "2", "--format", "json")
    assert json.loads(ran.out) == {
        "schema": 1,
        "outputs": ["r", "s"],
        "along": {"x": 1.0, "y": 0.5},
        "order": 2,
        "values": [pytest.approx(-4.4), pytest.approx(2.2)],
        "derivatives": [[29.0, -20.0], [-1.0, 0.0]],
        "data": {"x": -1.2, "y": 1.0},
    }


@pytest.mark.parametrize("point", [each for each in POINTS if each.kind != NO_VALUE], ids=str)
@pytest.mark.one_in(2)
def test_at_odd_points_the_first_is_the_gradient_times_the_direction(point: Point) -> None:
    model = backprop.parse(point.text)
    numbers = dict(_numbers(model, point.at))
    if point.by not in model.inputs:
        with pytest.raises(NotAnInput):
            model.along({point.by: 2.0}, numbers)
        return
    gradient = model.grad(numbers)
    for order in (1, 3):
        found = model.along({point.by: 2.0}, numbers, of=gradient.output, order=order)
        right = 2 * gradient.gradients[point.by]
        assert found.derivatives[0][0] == pytest.approx(right, rel=1e-14, abs=1e-300, nan_ok=True)
        said = {str(each) for each in gradient.notes}
        mine = {str(each) for each in found.notes}
        assert {each for each in mine if "along this direction" not in each} <= said
        assert order == 3 or mine <= said


def test_what_is_not_known_is_told() -> None:
    ran = run("jacobian", "-e", "y = sqrt(x)^4; x = 0", "--along", "x=1", "--order", "3")
    assert "the derivatives of y along this direction are not known from order 3 on" in ran.err
    assert ran.out.splitlines()[-1].split() == ["y", "0", "0", "2", "nan"]


def test_a_direction_in_python_is_looked_at() -> None:
    model = backprop.parse(TEXT)
    for wrong in ({}, {"x": 0.0}, {"q": 1}, {"r": 1}, {"x": float("nan")}):
        with pytest.raises(backprop.BackpropError):
            model.along(wrong)
    with pytest.raises(backprop.BackpropError, match="at most 10"):
        model.along({"x": 1}, order=11)
    with pytest.raises(backprop.BackpropError, match="whole number"):
        model.along({"x": 1}, order="two")  # type: ignore[arg-type]
    with pytest.raises(backprop.BackpropError, match="takes a whole number, not True"):
        model.along({"x": 1}, order=True)
    assert "d^2/dt^2" in str(model.along({"x": 1}, order=2))


def test_digits_that_rounding_takes_are_found_in_larger_graphs_too() -> None:
    """A graph of more than 500 steps; (1 - cos(x))/x^2 is 1/2 - x^2/24 + x^4/720."""
    text = "s = (1 - cos(x))/x^2; z[0] = x; z[i+1] = z[i]*1.0001 for i in 0..700; y = s + 0*z[701]"
    found = backprop.parse(text).along({"x": 1}, x=1e-5, of="y", order=4)
    assert found.derivatives[0, 1:].tolist() == pytest.approx(
        [-1 / 12, 1e-5 / 30, 1 / 30], rel=1e-9
    )
    moved = backprop.parse(text).along({"x": 1}, x=0.5, of="z[701]", order=3)
    assert moved.derivatives[0].tolist() == pytest.approx([1.0001**701, 0, 0], rel=1e-12)


@pytest.mark.parametrize(
    ("text", "at", "sides"),
    [
        (
            "y = relu(x)^2",
            0,
            "order 2 along this direction is about 0 before this point and 2 behind",
        ),
        (
            "y = max(x, x^2)",
            1,
            "order 2 along this direction is about 0 before this point and 2 behind",
        ),
        (
            "y = x*abs(x)",
            0,
            "order 2 along this direction is about -2 before this point and 2 behind",
        ),
        (
            "y = x^2*relu(x)",
            0,
            "order 3 along this direction is about 0 before this point and 6 behind",
        ),
        ("y = relu(x)", 0, ""),
        ("y = abs(x)^4", 0, ""),
        ("y = if(x >= 2, x^2, x^2)", 2, ""),
    ],
)
def test_higher_orders_at_corners_are_told_from_both_sides(
    text: str, at: float, sides: str
) -> None:
    found = backprop.parse(text).along({"x": 1}, order=3, x=at)
    said = [str(each) for each in found.notes if "along this direction" in str(each)]
    assert len(said) == bool(sides)
    assert all(sides in each for each in said)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("selu(x*x)", [0, 2 * 1.0507009873554805, 0, None]),
        ("atanh(relu(x*x))", [0, 2, 0, 0]),
        ("relu(1 - cos(x))", [0, 1, 0, -1]),
        ("abs(x^2)*exp(x)", [0, 2, 6, 12]),
        ("max(x^2, -x^2)", [0, 2, 0, 0]),
        ("if(x > 0, sin(x), x - x^3/6)", [1, 0, -1, 0]),
        ("if(x == 0, 0, x^3)", [0, 0, 6, 0]),
        ("elu(x^2, 3) + x", [1, 2, 0, 0]),
    ],
)
def test_on_a_border_both_sides_say_what_higher_derivatives_are(
    text: str, right: list[float | None]
) -> None:
    found = backprop.parse(f"L = {text}; x = 0").along({"x": 1}, order=4)
    for one, other in zip(found.derivatives[0], right, strict=True):
        assert other is None or one == pytest.approx(other, rel=1e-8, abs=1e-8)
    assert not found.notes


@pytest.mark.parametrize("count", [1, 60])
def test_where_slopes_change_their_formula_is_no_border(count: int) -> None:
    """Slopes of powers and of sinc have a formula each for small and for large operands."""
    model = backprop.parse(
        f"""x[i] = 1 for i in 1..{count}; y[i] = 0.5 for i in 1..{count}
        L = sum((x[i] + 1)^y[i] + sinc(x[i]) + sinc(-x[i]) for i in 1..{count})"""
    )
    with mpmath.workdps(60):
        by_y = mpmath.sqrt(2) * mpmath.log(2) ** 2
        by_x = -mpmath.sqrt(2) / 16 + 2 * mpmath.diff(lambda x: mpmath.sin(x) / x, 1, 2)
    diagonal = model.hessian_diagonal()
    assert diagonal.numbers[:count] == pytest.approx(float(by_x), rel=1e-13)
    assert diagonal.numbers[count:] == pytest.approx(float(by_y), rel=1e-13)
    assert not diagonal.notes
    assert not diagonal.warnings


@pytest.mark.parametrize(
    ("text", "x", "right"),
    [
        ("mod(1, x)", -1e200, [1, 0, 0, 0]),  # 1 + x
        ("mod(1, x)", -1e17, [1, 0, 0, 0]),
        ("sigmoid(log(x))", 5e-324, [1, -2, 6, -24]),  # x/(1 + x)
        ("x*sigmoid(log(x))", 1e-200, [2e-200, 2, -6, 24]),  # x^2/(1 + x)
        ("sqrt(x^2)*x", 1e-300, [2e-300, 2, 0, 0]),
        ("(1 + x)^3 - 1", 1e-150, [3, 6, 6, 0]),
    ],
)
def test_numbers_far_apart_are_not_lost_beside_each_other(
    text: str, x: float, right: list[float]
) -> None:
    found = backprop.parse(f"y = {text}").along({"x": 1}, x=x, order=4).derivatives[0]
    assert found.tolist() == pytest.approx(right, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("text", "way", "second"),
    [
        ("sqrt(x)^4", {"x": 1}, 2.0),
        ("sqrt(x)^4 + y^2", {"x": 1, "y": 2}, 10.0),
        ("sqrt(x)^2", {"x": 3}, 0.0),
        ("x*sqrt(x)", {"x": 1}, math.inf),
        ("x*sqrt(x) + y^2", {"x": 0, "y": 1}, 2.0),
        ("y/x", {"x": 1}, None),
    ],
)
def test_where_slopes_are_infinite_values_say_the_second(
    text: str, way: dict[str, float], second: float | None
) -> None:
    """On the way is 0·∞: what `hessian` says there, times the direction on both sides."""
    model = backprop.parse(f"L = {text} + 0*y; x = 0; y = 0")
    if second is None:
        with pytest.raises(NotFinite):
            model.along(way, of="L", order=2)
        return
    assert model.along(way, of="L", order=2).derivatives[0, 1] == pytest.approx(second, rel=1e-12)


def test_derivatives_beyond_doubles_have_a_warning() -> None:
    """One, for the first of them; where the slope itself is infinite that one has it."""
    found = backprop.parse("f = x^3; g = x").along({"x": 1e200}, {"x": 1}, order=4)
    assert found.derivatives[0].tolist() == [3e200, math.inf, math.inf, 0.0]
    (warning,) = found.warnings
    assert str(warning).endswith("the derivative of f of order 2 along this direction is inf")
    whole = backprop.parse("y = sqrt(x)").along({"x": 1}, {"x": 0}, order=2)
    assert whole.derivatives[0].tolist() == [math.inf, -math.inf]
    assert len(whole.warnings) == 1
