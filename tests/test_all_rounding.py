"""Second derivatives that rounding has made: every command leaves the same ones open, and says so; and those
that doubles lose on the way, since they are too small there."""

from __future__ import annotations

import json
from math import isnan, nan

import mpmath
import pytest

from backprop import parse
from running import backprop as run

GROWTH = """
    const N = {steps}; const h = 0.1
    r = 0.5; K = 10; y0 = 0.1
    y[1] = y0
    y[t+1] = y[t] + h*r*y[t]*(1 - y[t]/K) for t in 1..N
    end = y[N+1]
"""
"""Grows to K, so that all slopes but the one by K are below 1e-28, and what is shown of some is rounding."""


def matrix_of(steps: int) -> tuple[list[list[float]], str]:
    """The second derivatives, nan where they are left open, and what is said of them."""
    ran = run("hessian", "-e", GROWTH.format(steps=steps), "--format", "json")
    assert ran.status == 0
    assert "all rounding" in ran.err
    found = json.loads(ran.out)
    rows = [[nan if each is None else float(each) for each in row] for row in found["hessian"]]
    return rows, found["verdict"]


def test_what_takes_long_to_be_looked_at_is_no_corner() -> None:
    matrix, verdict = matrix_of(1500)
    assert isnan(matrix[1][1])
    assert verdict == "cannot tell: rounding"


def test_every_form_leaves_the_same_open() -> None:
    matrix, verdict = matrix_of(10_000)
    assert isnan(matrix[1][1])
    assert verdict == "cannot tell: rounding"
    for options, open_ones in [
        (["--diagonal"], [isnan(matrix[i][i]) for i in range(3)]),
        (["--times", "K=1"], [isnan(matrix[i][1]) for i in range(3)]),
    ]:
        ran = run("hessian", "-e", GROWTH.format(steps=10_000), "--format", "csv", *options)
        numbers = [line.split(",")[-1] for line in ran.out.splitlines()[-3:]]
        assert [each == "nan" for each in numbers] == open_ones


def test_derivatives_along_a_line_that_are_all_rounding_are_left_open() -> None:
    """By 60 digits the second is -1e-58, and doubles had -1.4e-13, the tenth -7e-5."""
    ran = run(
        "jacobian",
        "-e",
        GROWTH.format(steps=5000),
        "--along",
        "r=1",
        "--order",
        "3",
        "--format",
        "json",
    )
    assert ran.status == 0
    assert "all rounding" in ran.err
    assert "nan" in ran.out


TOO_SMALL = [
    ("((x*1e-150)^2*1e300*y)", 1.0, 2),  # data is too small on the way
    ("x^3*1e-140*y*1e60", 1e-80, 3),  # what a sweep multiplies is
]


@pytest.mark.parametrize(("text", "factor", "power"), TOO_SMALL)
@pytest.mark.parametrize("terms", [5, 600])
def test_what_is_too_small_on_the_way_is_in_second_derivatives(
    text: str, factor: float, power: int, terms: int
) -> None:
    """Of large graphs, too, whose gradients are not computed with more digits: the half of a number was
    shown, since the one triangle had lost it, or 0."""
    model = parse(f"L = {text}*mean(z*i for i in 1..{terms}); x = 1e-100; y = 2; z = 1")
    with mpmath.workdps(30):
        x, mean = mpmath.mpf(1e-100), mpmath.mpf(terms + 1) / 2
        times = factor * mean
        bend = power * (power - 1) * x ** (power - 2) * 2 * times
        slope, own = power * x ** (power - 1) * times, x**power * times
        right = [[bend, slope, 2 * slope], [slope, 0, own], [2 * slope, own, 0]]
        true = [[float(each) for each in row] for row in right]
    found = model.hessian(of="L")
    assert found.inputs == ("x", "y", "z")
    for row, rights in zip(found.matrix.tolist(), true, strict=True):
        assert row == pytest.approx(rights, rel=1e-12, abs=0)
    assert model.hessian_times({"x": 1}, of="L").numbers == pytest.approx(true[0], rel=1e-12, abs=0)
    assert model.hessian_diagonal(of="L").numbers.tolist() == pytest.approx(
        [true[0][0], 0, 0], rel=1e-12, abs=0
    )
