"""Descents of many inputs of which each meets few others: what gradients lead to in thousands of steps."""

import numpy
import pytest

import backprop
from backprop.descent.banded_newton import band
from backprop.descent.begin import begin
from backprop.descent.choices import parameters
from backprop.descent.problem import Problem
from backprop.loops.worth import read_model
from backprop.source import Source

CONVEX = {
    "bends of all sizes": "x[i] = 0.5 for i in 1..600; f = sum(1.02^i*(x[i]-1)^2 for i in 1..600)",
    "a chain": "x[i] = 0.5 for i in 1..3000; f = sum((x[i+1]-x[i]-0.1)^2 for i in 1..2999)",
    "pairs": "x[i] = 0.1*i for i in 1..400; f = sum((x[i]*x[i+1]-1)^2 for i in 1..399)",
    "smoothing": "y[i] = sin(i) for i in 1..500; const y; x[i] = 0 for i in 1..500\n"
    "f = sum((x[i]-y[i])^2 for i in 1..500) + 1000*sum((x[i+1]-2*x[i]+x[i-1])^2 for i in 2..499)",
    "a grid": "u[i,j] = 0 for i in 0..13, j in 0..13; f = sum((u[i+1,j]-u[i,j])^2 + (u[i,j+1]-u[i,j])^2 + u[i,j]^4 - u[i,j]"
    " for i in 0..12, j in 0..12)",
}  # fmt: skip


@pytest.mark.parametrize("many", [0, 1e9])
@pytest.mark.parametrize("name", CONVEX)
def test_the_default_needs_few_steps(name: str, many: float) -> None:
    from backprop.descent import minimize

    found, _ = minimize.descend(minimize.Errand(read_model(Source("", CONVEX[name]), many=many)))
    assert found.optimizer == "newton"
    assert found.steps < 60
    assert found.stopped.startswith("minimum"), found.reason
    if name in ("bends of all sizes", "a chain", "pairs"):
        assert found.value < 1e-15 * found.start_value
    if name == "smoothing":  # linear: by least squares
        rows = numpy.eye(500)
        second = (rows[:-2] - 2 * rows[1:-1] + rows[2:]) * 1000**0.5
        data = numpy.concatenate([numpy.sin(numpy.arange(1, 501)), numpy.zeros(498)])
        right = numpy.linalg.lstsq(numpy.vstack([rows, second]), data, rcond=None)[0]
        assert [found.parameters[f"x[{at + 1}]"] for at in range(500)] == pytest.approx(
            right, abs=1e-7
        )


def test_a_valley_of_a_thousand_inputs_is_gone_through_to_its_end() -> None:
    text = "n = 300; x[i] = -1.2 for i in 1..n; f = sum(100*(x[i+1]-x[i]^2)^2 + (1-x[i])^2 for i in 1..n-1)"
    found = backprop.parse(text).descend()
    assert found.stopped == "minimum"
    assert found.value < 1e-20


def test_bounds_hold_and_the_rest_is_lowest() -> None:
    """Each of a chain is pulled to 1 and may be 0.5 at most, but for the last: by hand."""
    text = "x[i] = 0 in ..0.5 for i in 1..200; x[201] = 0; f = sum((x[i]-1)^2 for i in 1..201) + (x[200]-x[201])^2"
    found = backprop.parse(text).descend()
    assert found.stopped == "minimum at bounds", found.reason
    assert found.parameters["x[7]"] == found.parameters["x[200]"] == 0.5
    assert found.parameters["x[201]"] == pytest.approx(0.75, abs=1e-9)


def test_a_chain_that_bends_down_is_left() -> None:
    text = "x[i] = 0.001*sin(i) for i in 1..150; f = sum((x[i]^2-1)^2 + 0.1*(x[i+1]-x[i])^2 for i in 1..149) + x[150]^2"
    found = backprop.parse(text).descend(optimizer="newton")
    assert found.converged
    again = backprop.parse(text).descend(found.parameters, optimizer="bfgs")
    assert again.value >= found.value - 1e-9


@pytest.mark.parametrize("many", [0, 1e9])
def test_where_all_meet_there_is_no_band(many: float) -> None:
    text = "x[i] = 0.5 for i in 1..150; f = log(sum(exp(x[i]) for i in 1..150)) + sum(x[i]^2 for i in 1..150)"
    model = read_model(Source("", text), many=many)
    output = model.output(None)
    problem, _ = begin(model, {}, output, parameters(model, output), "python", 1)
    assert band(Problem(problem, {})) is None
