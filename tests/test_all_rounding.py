"""Second derivatives that rounding has made: every command leaves the same ones open, and says so."""

from __future__ import annotations

import json
from math import isnan, nan

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
