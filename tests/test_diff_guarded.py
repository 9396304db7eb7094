"""Steps of derivatives where an intermediate has no value, in a branch that is not taken: the numbers of `grad`."""

from __future__ import annotations

import random

import pytest

import backprop as library
from backprop import derived_formulas
from backprop.errors import BackpropError
from backprop.indexed_derivatives import DiffRequest
from backprop.inputs import Inputs
from derived_again import compare_families, compare_second

_PARTIAL = [
    "sqrt(x)",
    "log(x)",
    "1/x",
    "x^0.3",
    "x^(-1.5)",
    "log(x)*y",
    "sqrt(x)/y",
    "asin(x - 1)",
    "y^x/x",
    "lgamma(x)*x^0.5",
]
_ON = ["2*u + y", "u*y", "sin(u)", "u^2", "exp(u)", "u/y", "sqrt(u^2 + 1)", "tanh(u*y)"]
_OUT = ["if(x > 0, v, y)", "if(x <= 0, y^2, v*y)", "y*if(x > 0, v, 0) + if(x > 0.5, u, 0)", "if(x > 0, v + u, x)", "if(x > 0, u, 0)*y + if(not x <= 0, v, 1)",
        "if(y > 1, if(x > 0, v, 0), 3)", "max(if(x > 0, v, 0), y)", "if(x > 0, if(y > 1, u, v), if(y < -1, u, x))", "w*if(x > 0, w, y)", "relu(if(x > 0, v - 1, x))", "if(x > 0 and y > 1, w, y)"]  # fmt: skip


def compare(text: str, point: dict[str, float], order: int = 1) -> int:
    """The derivatives by x and y step by step, beside those of `grad`, or of `hessian`."""
    model = library.parse(text)
    try:
        own = model.grad(point, of="L").gradients
    except BackpropError:
        return 0
    if order == 1:
        wanted = {f"dL_d{name}": own[name] for name in point if name in own}
    else:
        hessian = model.hessian(point, of="L")
        places = {name: at for at, name in enumerate(hessian.inputs)}
        wanted = {f"d2L_d{name}2": hessian.matrix[places[name]][places[name]] for name in places}
    again = library.parse(str(model.diff(of="L", shape="steps", order=order)))
    for label, number in wanted.items():
        if not again.is_equation(label):
            assert number == (again.default(label) if label in again.inputs else 0), (text, label)
            continue
        given = {name: value for name, value in point.items() if name in again.inputs}
        found = again.grad(given, of=label).value
        assert found == pytest.approx(number, rel=1e-12, abs=1e-14), (text, label, point)
    return len(wanted)


@pytest.mark.parametrize("order", [1, 2])
def test_steps_have_values_where_a_branch_is_not_taken(
    order: int, request: pytest.FixtureRequest
) -> None:
    chance, compared = random.Random(f"guarded {order}"), 0
    many = 300 if request.config.getoption("--whole") else 40
    for _ in range(many):
        text = f"u = {chance.choice(_PARTIAL)}; v = {chance.choice(_ON)}; w = if(x > 0, relu(v), 0)*y; L = {chance.choice(_OUT)}"
        for x in (-0.7, 0.8, 1.3):
            compared += compare(text, {"x": x, "y": chance.uniform(0.5, 2)}, order)
    assert compared > 3 * many


_MEMBERS = [
    "sqrt(x[i])",
    "log(x[i])*c",
    "1/x[i]",
    "x[i]^c",
    "asin(x[i] - 1)*c",
    "sqrt(x[i])/y",
    "log(x[i])*x[4 - i]",
]
_ON_MEMBERS = [
    "u[i]*y",
    "u[i]^2",
    "exp(u[i])",
    "sqrt(u[i]^2 + c)",
    "u[i]*x[1]",
    "tanh(u[i])",
    "u[i]*sum(u[k] for k in 1..3)",
]
_OUT_MEMBERS = [
    "sum(if(x[i] > 0, v[i], y) for i in 1..3)", "sum(if(x[i] > 0, v[i]*u[i], 0) for i in 1..3)*y", "mean(max(if(x[i] > 0, v[i], 0), y) for i in 1..3)",
    "sum(if(x[i] > t[j], v[i]*t[j], 0) for i in 1..3, j in 1..2)", "if(y > 1, if(x[2] > 0, v[2], 1), y) + x[1]", "sum(if(x[i] > 0, if(y > 1, v[i], u[i]), y) for i in 2..3)",
    "sum(if(x[i] > 0, v[i], 0) for i in 1..2) + x[3]*y", "if(x[1] > 0 and x[2] > 0 and x[3] > 0, sum(v[i]^2 for i in 1..3), y)", "if(y > 1, 0, y)*c + sum(relu(if(x[i] > 0, v[i], 0)) for i in 1..3)",
]  # fmt: skip


@pytest.mark.parametrize("order", [1, 2])
def test_steps_of_families_have_values_where_a_branch_is_not_taken(
    order: int, request: pytest.FixtureRequest
) -> None:
    chance, compared = random.Random(f"guarded families {order}"), 0
    many = 150 if request.config.getoption("--whole") else 20
    for _ in range(many):
        text = f"u[i] = {chance.choice(_MEMBERS)} for i in 1..3; v[i] = {chance.choice(_ON_MEMBERS)} for i in 1..3; L = {chance.choice(_OUT_MEMBERS)}"
        model = library.parse(text)
        for _ in range(3):
            point = {name: chance.choice((-0.7, 0.6, 1.3)) for name in model.inputs}
            point |= {
                name: chance.uniform(0.5, 2) for name in ("y", "c", "t[1]", "t[2]") if name in point
            }
            try:
                model.grad(point, of="L")
            except BackpropError:
                continue
            found = derived_formulas.diff(
                Inputs(expressions=[text], of=["L"]), DiffRequest(shape="steps", order=order)
            )
            compared += (compare_families if order == 1 else compare_second)(
                text, point, found, "L"
            )
    assert compared > 10 * many


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("u = sqrt(x); L = if(x > 0, u, 0)", ["u = sqrt(x)", "dL_du = if(x > 0, 1, 0)", "dL_dx = if(x > 0, dL_du/(2*u), 0)"]),
        ("h = exp(x); L = if(x < 0, 3, h*y)", ["dL_dx = if(x < 0, 0, h*dL_dh)"]),
        ("u = sin(x); L = if(x > 0, u, y)", ["dL_dx = cos(x)*dL_du"]),  # which has one everywhere
        ("u = sqrt(x); L = if(y > 0, if(x > 0, u, 0), 0)", ["dL_dx = if(y > 0, if(x > 0, dL_du/(2*u), 0), 0)"]),
        ("u = sqrt(x); v = relu(u); w = u*v; L = if(x > 0, w, y)", ["dL_dx = if(x > 0, dL_du/(2*u), 0)"]),  # said once
        ("a = exp(x*y); b = relu(a - 2); L = exp(b)", ["dL_db = L", "dL_da = if(a - 2 > 0, dL_db, 0)", "dL_dx = y*a*dL_da"]),  # b needs a
        ("u[i] = sqrt(x[i]) for i in 1..3; L = sum(if(x[i] > 0, u[i], 0) for i in 1..3)", ["dL_dx[i] = if(x[i] > 0, dL_du[i]/(2*u[i]), 0) for i in 1..3"]),
        ("u[i] = sqrt(x[i]) for i in 1..3; L = sum(if(x[i] > 0, u[i], 0) for i in 1..3) + u[1]", ["dL_dx[i] = if(i == 1 or x[i] > 0, dL_du[i]/(2*u[i]), 0) for i in 1..3"]),
        ("x[0] = 2; x[t+1] = a*sqrt(x[t] - 1) for t in 0..4; L = if(a > 3, x[5], 0)", ["dL_dx[t] = if(a > 3, a*dL_dx[t+1]/(2*sqrt(x[t] - 1)), 0) for t in 0..4"]),
        ("u = sqrt(x + 2); v = u*y; L = if(x > 0, v, y) + u", ["dL_dx = dL_du/(2*u)"]),  # u is needed anyway
    ],
)  # fmt: skip
def test_conditions_stand_where_they_are_needed(text: str, lines: list[str]) -> None:
    written = str(library.parse(text).diff(of="L", shape="steps")).splitlines()
    assert {*lines} <= {*written}, written
