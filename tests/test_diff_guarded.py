"""Steps of derivatives where an intermediate has no value, in a branch that is not taken: the numbers of `grad`."""

from __future__ import annotations

import random

import pytest

import backprop as library
from backprop.errors import BackpropError

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
_OUT = ["if(x > 0, v, y)", "if(x <= 0, y^2, v*y)", "y*if(x > 0, v, 0) + if(x > 0.5, u, 0)", "if(x > 0, v + u, x)", "if(x > 0, u, 0)*y + if(not x <= 0, v, 1)"]  # fmt: skip


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
        text = f"u = {chance.choice(_PARTIAL)}; v = {chance.choice(_ON)}; L = {chance.choice(_OUT)}"
        for x in (-0.7, 0.8, 1.3):
            compared += compare(text, {"x": x, "y": chance.uniform(0.5, 2)}, order)
    assert compared > 3 * many


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("u = sqrt(x); L = if(x > 0, u, 0)", ["u = sqrt(x)", "dL_du = if(x > 0, 1, 0)", "dL_dx = if(x > 0, dL_du/(2*u), 0)"]),
        ("h = exp(x); L = if(x < 0, 3, h*y)", ["dL_dx = if(x < 0, 0, h*dL_dh)"]),
        ("u = sin(x); L = if(x > 0, u, y)", ["dL_dx = cos(x)*dL_du"]),  # which has one everywhere
        ("u = sqrt(x + 2); v = u*y; L = if(x > 0, v, y) + u", ["dL_dx = dL_du/(2*u)"]),  # u is needed anyway
    ],
)  # fmt: skip
def test_conditions_stand_where_they_are_needed(text: str, lines: list[str]) -> None:
    written = str(library.parse(text).diff(of="L", shape="steps")).splitlines()
    assert {*lines} <= {*written}, written
