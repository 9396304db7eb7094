"""Choices that the bounds of inputs decide are none in derivatives: `n*x^(n - 1)` where `n = 2 in 1..5`."""

from __future__ import annotations

import random

import pytest

import backprop as library
from backprop.errors import BackpropError
from derived_again import EPSILON


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = 2 in 1..5; n = 2 in 1..4; L = x^n", ["dL_dx = n*x^(n - 1)", "dL_dn = x^n*log(x)"]),
        ("x = 2; n = 2 in 1..4; L = a*x^n", ["dL_dx = a*n*x^(n - 1)", "dL_dn = if(x == 0 and n > 0, 0, a*x^n*log(x))"]),
        ("r = 0.05 in 0..1; t = 3 in 1..30; L = P*(1 + r)^t", ["dL_dr = P*t*(1 + r)^(t - 1)", "dL_dt = P*(1 + r)^t*log(1 + r)"]),
        ("r = 0.05 in 0..1; L = P*if(r > 2, r^2, 3*r)", ["dL_dr = 3*P"]), ("r = 0.05 in ..1; L = if(r > 1, r^2, 3*r)", ["dL_dr = 3"]),
        ("r = 0.05 in ..1; L = if(r >= 1, r^2, 3*r)", ["dL_dr = if(r >= 1, 2*r, 3)"]), ("x = 1 in 0..; L = if(2*x + 1 > 0 and y > 0, x*y, y)", ["dL_dx = if(2*x + 1 > 0 and y > 0, y, 0)"]),
    ],
)  # fmt: skip
def test_what_bounds_decide_is_not_asked(text: str, lines: list[str]) -> None:
    written = str(library.parse(text).diff(of="L")).splitlines()
    assert {*lines} <= {*written}, written


@pytest.mark.parametrize("shape", ["nested", "steps"])
@pytest.mark.parametrize("order", [1, 2])
def test_numbers_within_bounds_are_those_of_grad(shape: str, order: int) -> None:
    chance, compared = random.Random(f"bounds {shape} {order}"), 0
    for _ in range(40):
        lows = {name: chance.choice((-1, 0, 0.25, 1)) for name in "xyn"}
        bounds = {name: (low, low + chance.choice((0.5, 2))) for name, low in lows.items()}
        inputs = "; ".join(
            f"{name} = {low} in {low}..{high}" for name, (low, high) in bounds.items()
        )
        u = chance.choice(
            [
                "x^n",
                "if(x > 1, x^2, y)",
                "relu(x - y)",
                "max(x, 2*y)",
                "(1 + x)^y",
                "abs(x)^n",
                "clamp(x, 0, 1)*y",
            ]
        )
        text = f"{inputs}; u = {u}; L = {chance.choice(['u', 'u*y', 'if(u > n, u, x)', 'u^2 + n', 'if(n - 2*x < 1, u, y*x)'])}"
        model = library.parse(text)
        again = library.parse(str(model.diff(of="L", shape=shape, order=order)))
        for _ in range(4):
            point = {name: chance.uniform(*ends) for name, ends in bounds.items()}
            try:
                own = model.grad(point, of="L").gradients if order == 1 else None
                second = model.hessian(point, of="L") if order == 2 else None
            except BackpropError:
                continue
            for at, name in enumerate(second.inputs if second else point):
                label = f"d2L_d{name}2" if second else f"dL_d{name}"
                if label not in again.names:
                    continue
                wanted = second.matrix[at][at] if second else own[name]
                given = {one: number for one, number in point.items() if one in again.inputs}
                found = (
                    again.grad(given, of=label).value
                    if again.is_equation(label)
                    else again.default(label)
                )
                assert found == pytest.approx(wanted, rel=500 * EPSILON, abs=1e-15), (
                    text,
                    label,
                    point,
                )
                compared += 1
    assert compared > 150
