"""A Program on many points at once, and one that has second derivatives: what single calls say."""

from __future__ import annotations

import pickle
import time

import numpy
import pytest

import backprop
from backprop.errors import NotFinite
from odd_models import random_model

ENGINES = ["python", "native"]


def same(found: object, expected: object) -> bool:
    return numpy.array_equal(numpy.asarray(found), numpy.asarray(expected), equal_nan=True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "text",
    [
        "L = sin(x)*y + exp(-x^2)*z + log(1 + y^2)",
        "L = if(x > 0, sqrt(x), x^2)*y + abs(z)",
        "L = (x*1e-200)*(y*1e-200) + z",  # too small for a double on the way
        "L = gamma(2 + x^2) + polygamma(1, 2 + y^2)*z",  # which call Python back
        "s[i] = tanh(x*i) + y*z for i in 1..80; L = mean(s[i]^2 for i in 1..80)",  # a tape
    ],
)
def test_rows_are_single_calls(text: str, engine: str) -> None:
    program = backprop.compile(backprop.parse(text), engine=engine)
    x = numpy.random.default_rng(0).normal(size=(40, 3))
    x[3] = 0.0
    values, gradients = program(x)
    assert (values.shape, gradients.shape) == ((40,), (40, 3))
    for row, value, gradient in zip(x, values, gradients, strict=True):
        one, slopes = program(row)
        assert value == one
        assert same(gradient, slopes)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_odd_models_are_single_calls(engine: str) -> None:
    for seed in range(30 if engine == "python" else 8):
        made = random_model(seed)
        program = backprop.compile(backprop.parse(made.text), "y", engine=engine)
        at = [made.values.get(name, 1.0) for name in program.inputs]
        rows = numpy.array([at, [0.5] * len(at), at]).reshape(3, len(at))
        try:
            singles = [program(row) for row in rows]
        except NotFinite:
            with pytest.raises(NotFinite):
                program(rows)
            continue
        values, gradients = program(rows)
        assert same(values, [value for value, _ in singles])
        assert same(gradients, [slopes for _, slopes in singles])


@pytest.mark.parametrize("engine", ENGINES)
def test_shapes(engine: str) -> None:
    program = backprop.compile(backprop.parse("L = a*b"), engine=engine)
    values, gradients = program(numpy.zeros((0, 2)))
    assert (values.shape, gradients.shape) == ((0,), (0, 2))
    turned = numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).T  # not in one piece
    assert program(turned)[0].tolist() == [4, 10, 18]
    for wrong in ([1, 2, 3], [[1, 2, 3]], [[[1, 2]]], 3):
        with pytest.raises(ValueError, match="2 numbers are needed"):
            program(wrong)
    none = backprop.compile(backprop.parse("const c = 2; L = c^2"), engine=engine)
    if not none.inputs:
        assert none(numpy.zeros((3, 0)))[0].tolist() == [4, 4, 4]


def test_numbers_by_name_are_told_the_order() -> None:
    program = backprop.compile(backprop.parse("L = a*b"))
    numbers = {"a": 2.0, "b": 3.0}
    for take in (program, program.hessian):
        with pytest.raises(TypeError, match="in the order of its inputs, a, b; numbers by name"):
            take(numbers)  # type: ignore[operator]
    assert program([numbers[name] for name in program.inputs])[0] == 6


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_says_which_row_it_is_of(engine: str) -> None:
    program = backprop.compile(backprop.parse("L = log(x)"), engine=engine)
    with pytest.raises(NotFinite) as caught:
        program([[1.0], [2.0], [-1.0]])
    assert "this is row 2 of the numbers given, from 0 on" in caught.value.hints


def test_machine_code_goes_through_rows_by_itself() -> None:
    program = backprop.compile(backprop.parse("L = sin(x)*y + exp(-x^2)"), engine="native")
    x = numpy.random.default_rng(1).normal(size=(20_000, 2))
    program(x[:10])

    def taken(run: int) -> float:
        start = time.perf_counter()
        if run:
            program(x)
        else:
            for row in x[:2000]:
                program(row)
        return time.perf_counter() - start

    assert min(taken(1) for _ in range(3)) < min(taken(0) for _ in range(3))


@pytest.mark.parametrize("engine", ENGINES)
def test_second_derivatives(engine: str) -> None:
    model = backprop.parse("L = (1 - x)^2 + 100*(y - x^2)^2 + abs(z)*x")
    program = backprop.compile(model, hessian=True, engine=engine)
    rows = numpy.array([[1.0, 2.0, -3.0], [0.5, -1.0, 2.0], [1.0, 1.0, 0.0]])
    values, gradients, matrices = program(rows)
    assert (values.shape, gradients.shape, matrices.shape) == ((3,), (3, 3), (3, 3, 3))
    for row, value, gradient, matrix in zip(rows, values, gradients, matrices, strict=True):
        found = model.hessian(dict(zip(program.inputs, row, strict=True)), wrt=program.inputs)
        one = program(row)
        assert same(one[2], matrix)
        assert (value, one[0]) == (pytest.approx(found.value), value)
        assert gradient == pytest.approx(found.gradient)
        assert matrix == pytest.approx(found.matrix, nan_ok=True)
    again = pickle.loads(pickle.dumps(program))
    assert same(again(rows)[2], matrices)
