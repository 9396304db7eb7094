"""Starts where rounding hides the output, and not its slope: on plateaus there is no minimum, however little an
output still falls, and beside a large number there may be one elsewhere."""

from __future__ import annotations

import random

import pytest

import backprop
from sizes import size

TAILS = (
    "exp(-x)", "tanh(-x)", "erf(-x)", "erfc(x)", "1/(1+exp(x))", "log(1+exp(-x))", "1/cosh(x)", "atan(-x)",
    "1/(1+x^2)", "exp(-x^1.5)", "normcdf(-x)", "exp(-x)*(2+sin(x))", "x*exp(-x)", "1/x", "1/log(x+2)",
    "exp(-sqrt(x))", "softplus(-x)", "-x/sqrt(1+x^2)",
)  # fmt: skip
"""What falls on and on."""


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("tanh(x)", -20),
        ("tanh(x)", -50),
        ("tanh(x)", -200),
        ("erf(x)", -7),
        ("2 + exp(x)", -40),
        ("2 + exp(x)", -50),
        ("3 + (x-1)^2*exp(-x)", 40),
        ("3 + (x-1)^2*exp(-x)", 60),
        ("1e-8*(1e-6 + 0.01*1/cosh(x))", 408.422),
        ("1e10*(1e3 + 5*exp(-x)*(2+sin(x)))", 194.465),
    ],
)
@pytest.mark.parametrize("optimizer", ["auto", "newton", "lbfgs", "cg", "gd"])
def test_a_plateau_is_no_minimum(text: str, start: float, optimizer: str) -> None:
    found = backprop.parse(f"f = {text}").descend({"x": start}, optimizer=optimizer)
    # where the slope is 0, far out, the output is level to 300 digits
    assert found.stopped != "minimum", found.reason
    assert not found.converged or not any(found.gradients.values()), found.reason


def test_no_start_on_a_plateau_is_a_minimum() -> None:
    """Alone, beside a number, and beside another input; 300 digits of 1e12 may be level where exp(-x) is not."""
    for turn in range(size(40, 600)):
        chance = random.Random(turn)
        number = chance.choice(("", "1 + ", "3 + ", "1e3 + ", "1e-6 + ", "-2 + "))
        part = f"{chance.choice(('1', '5', '0.01'))}*{chance.choice(TAILS)}"
        more = chance.choice(("", "", " + (y-1)^2", " + 1e-3*(y-x)^2"))
        text = f"f = {chance.choice(('1', '1', '1e-8', '1e10'))}*({number}{part}{more})"
        start = {"x": round(10 ** chance.uniform(0.3, 2.0), 3)}
        if more:
            start["y"] = round(chance.uniform(-2, 2), 2)
        optimizer = chance.choice(("auto", "auto", "lbfgs", "bfgs", "cg", "newton"))
        found = backprop.parse(text).descend(start, optimizer=optimizer)
        assert found.stopped != "minimum", (text, start, found.reason)


@pytest.mark.parametrize("optimizer", ["auto", "newton", "lbfgs", "bfgs", "cg"])
def test_beside_a_large_number_the_slope_leads_to_the_lowest_point(optimizer: str) -> None:
    found = backprop.parse("f = 1e20 + (x-3)^2").descend({"x": 1}, optimizer=optimizer)
    assert found.parameters["x"] == pytest.approx(3, rel=1e-6)


@pytest.mark.parametrize("start", [3.0, 3.00000001, 2.9999])
@pytest.mark.parametrize("number", ["0", "5", "1e6"])
def test_a_start_at_the_minimum_is_one(number: str, start: float) -> None:
    found = backprop.parse(f"f = {number} + (x-3)^2").descend({"x": start})
    assert found.stopped == "minimum", found.reason
