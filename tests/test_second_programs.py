"""Second derivatives of compiled programs, against those of the model."""

from __future__ import annotations

import math
import pickle
from functools import partial

import numpy
import pytest

import backprop
from backprop.errors import BackpropError, BadOption, NotANumber
from odd_points import POINTS as ODD_POINTS

NETWORK = """
    h[k,j] = tanh(sum(w[j,i]*sin(k*i) for i in 1..2) + b[j]) for k in 1..12, j in 1..3
    L = mean((sigmoid(sum(v[j]*h[k,j] for j in 1..3)) - k/12)^2 for k in 1..12)"""
TEXTS = [
    ("L = (1 - x)^2 + 100*(y - x^2)^2", "L"),
    ("L = sum(x[i]*x[i+1]^2 + exp(x[i]/3) for i in 1..39); M = 2*x[1]", "L"),
    ("L = if(x > 1, x^3*y, y^2) + abs(y)*x + 3", "L"),
    ("const k = 3; L = k*x^2 + w[n]*x; n = 2; w[i] = i for i in 1..2", "L"),
    (NETWORK, "L"),
]


@pytest.mark.parametrize("engine", ["auto", "python", "native"])
@pytest.mark.parametrize(("text", "output"), TEXTS)
def test_they_are_those_of_the_model(text: str, output: str, engine: str) -> None:
    model = backprop.parse(text)
    program = backprop.compile(model, output, engine=engine)
    chance = numpy.random.default_rng(1)
    for _ in range(3):
        x, way = chance.normal(size=(2, len(program.inputs)))
        at = dict(zip(program.inputs, x.tolist(), strict=True))
        right = model.hessian(at, output, wrt=list(program.inputs)).matrix
        matrix = program.hessian(x)
        assert (matrix.shape, matrix.dtype) == ((len(x), len(x)), numpy.float64)
        assert matrix == pytest.approx(right, rel=1e-11, abs=1e-12)
        product = program.hessian_times(x, way)
        assert product == pytest.approx(right @ way, rel=1e-10, abs=1e-11)
        assert program(x)[0] == pytest.approx(model.grad(at, output).value)


@pytest.mark.parametrize("engine", ["python", "native"])
def test_on_a_border_each_is_looked_at(engine: str) -> None:
    program = backprop.compile(backprop.parse("L = x*abs(x) + y^2 + relu(x)^3"), engine=engine)
    assert program.inputs == ("x", "y")
    found = program.hessian([0, 2])
    assert numpy.isnan(found[0, 0])
    assert found[1].tolist() == [0, 2]
    assert program.hessian([1, 2]).tolist() == [[8, 0], [0, 2]]
    assert program.hessian_times([0, 2], [0, 1]).tolist() == [0, 2]
    assert numpy.isnan(program.hessian_times([0, 2], [1, 0])[0])


def test_what_is_not_finite() -> None:
    program = backprop.compile(backprop.parse("L = x^1.5*y + 1/z"))
    assert program.hessian([0, 2, 1])[0, 0] == numpy.inf
    with pytest.raises(backprop.errors.NotFinite):
        program.hessian([1, 1, 0])
    for wrong in ([1, 2], [[1, 2, 3]]):
        with pytest.raises(ValueError, match="3 numbers are needed"):
            program.hessian(wrong)
        with pytest.raises(ValueError, match="3 numbers are needed"):
            program.hessian_times([1, 2, 3], wrong)


def test_a_program_that_was_pickled_has_them() -> None:
    program = backprop.compile(backprop.parse("L = x^2*y"))
    program.hessian([1, 2])
    again = pickle.loads(pickle.dumps(program))
    assert again.hessian([1, 2]).tolist() == [[4, 2], [2, 0]]


POINTS = sorted({(each.text, each.at.replace(",", ";")) for each in ODD_POINTS})


def test_at_odd_points_they_are_those_of_the_model(request: pytest.FixtureRequest) -> None:
    """On borders, also of slopes (`x^y` at y = 0), where a value is none, and where one is too small;
    one in six points of the table, all with --whole."""
    each = 1 if request.config.getoption("--whole") else 6
    compared = 0
    texts = [
        *POINTS[::each],
        ("y = x^z", "x=1; z=0"),
        ("y = relu(x)^3 + abs(z)^3*x", "x=0; z=0"),
        ("y = log(x)*z", "x=-1; z=1"),
        ("y = floor(x) + round(z)", "x=0.2; z=2"),
        ("y = hypot(x*1e-200*1e-200*1e200*1e200, 1)", "x=1"),
        ("y = (exp(x)*1e300*1e100)^2", "x=-921"),
        ("y = exp(-x^2) + x*z", "x=40; z=2"),
    ]
    for text, at in texts:
        try:
            model = backprop.parse(f"{text}; {at}")
        except BackpropError:  # it has numbers of its own
            continue
        output = model.outputs[0]
        program = backprop.compile(model, output, engine="python")
        x = [model.default(name) for name in program.inputs]
        if None in x or any(map(math.isnan, x)):
            continue
        way = numpy.array([0.3, -0.7, 1.1, 0.9][: len(x)])
        if len(way) < len(x):
            continue
        compared += 1
        try:
            right = model.hessian(of=output, wrt=list(program.inputs)).matrix
        except BackpropError as error:
            for run in (
                program.hessian,
                program.hessian_sparse,
                partial(program.hessian_times, direction=way),
            ):
                with pytest.raises(type(error)):
                    run(x)
            continue
        sparse = numpy.zeros((len(x), len(x)))
        entries = program.hessian_sparse(x)
        sparse[entries.rows, entries.columns] = entries.values
        for found in (program.hessian(x), sparse):
            assert found == pytest.approx(right, rel=1e-9, abs=1e-11, nan_ok=True), (text, at)
        with numpy.errstate(all="ignore"):
            product = right @ way
        if numpy.isfinite(product).all():
            found = program.hessian_times(x, way)
            assert found == pytest.approx(product, rel=1e-9, abs=1e-11), (text, at)
    assert compared > 200 / each


def test_numbers_beyond_doubles_and_what_is_no_number_of_runs_are_said() -> None:
    model = backprop.parse("L = x^2*y")
    program = backprop.compile(model, hessian=True)
    for ask in (program, program.hessian, partial(program.hessian_times, [1, 2])):
        with pytest.raises(NotANumber, match="too large for a double"):
            ask([10**400, 1])
    for runs in ("many", None, math.nan):
        with pytest.raises(BadOption, match="runs is a number of evaluations, not"):
            backprop.compile(model, runs=runs)  # type: ignore[call-overload]
    assert backprop.compile(model, runs=numpy.int64(3)).inputs == ("x", "y")


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("L = leaky_relu(0, x)*x + x^3", 3.0),
        ("L = leaky_relu(derivative(0.5, x), x^2) + max(x^2, 0)", 2.0),
        ("L = if(1 < 1, x, x^2) + abs(0)*x + floor(2)*x^2", 6.0),
    ],
)
@pytest.mark.parametrize("engine", ["python", "native", "auto"])
def test_numbers_at_corners_are_no_borders(text: str, second: float, engine: str) -> None:
    """By hand, at 0.5. A corner of numbers alone, which nothing leads across, was the graph of all borders."""
    program = backprop.compile(backprop.parse(text), hessian=True, engine=engine)  # type: ignore[arg-type]
    assert program([0.5])[2] == pytest.approx(numpy.array([[second]]), rel=1e-14)
